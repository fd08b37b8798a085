"""How what a student wrote is read: formulas, names, numbers."""
