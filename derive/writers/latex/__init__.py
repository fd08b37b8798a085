"""A sheet as LaTeX."""
