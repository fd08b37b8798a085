"""Questions, solutions and keys of a sheet; and a class that gets them."""
