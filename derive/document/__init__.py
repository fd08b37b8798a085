"""A sheet as data, and the one way from a spec to it."""
