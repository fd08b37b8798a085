"""Expressions as text: LaTeX, Unicode and ASCII."""
