"""Equations between indexed scalars: their nodes, the walks over them, the system they make, and their language."""
