"""What is printed, read back: formulas and numbers, by their letters as a student reads them, and compared with the forward pass.

Nothing here knows how an expression is printed; it shares with the printers the table of glyphs and nothing else. A line that
cannot be read stops the build like a line that is false.
"""
