"""Worked-solution sheets: how neural networks are differentiated, checked by the machine."""
