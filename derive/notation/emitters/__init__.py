"""The tree of mathematics in signs: LaTeX, MathML, plain text, spoken words. One file each."""
