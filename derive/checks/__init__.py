"""Whether what was derived and what is printed is true."""
