"""How an equation is written: views of one derivation, never a second derivation.

arrays       the expressions of the matrix view: products, Hadamard products, transposes; they evaluate to numbers
contraction  a product of factors with indices -> one array
matrix       indexed scalars -> arrays, by contraction
symbols      keys -> glyphs, with layer numbers
latex        either kind of expression -> LaTeX
"""
