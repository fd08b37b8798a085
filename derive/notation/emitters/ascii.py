"""Expressions -> text of plain characters, which a PDF carries behind a formula for those who copy it, search it or hear it.

    dz^(2)[j] = sum_k (dw^(2)[j,k] a^(1)[k] + w^(2)[j,k] da^(1)[k]) + db^(2)[j]
    delta^(1) = ((W^(2))^T delta^(2)) .* tanh'(z^(1))

What a terminal shows, in signs that every reader has: Greek letters spelt, a layer's number in brackets as it is printed.
"""

from __future__ import annotations

import re

from ...expressions.system import Equation, is_cotangent, primal
from ..array_expressions import ArrayEquation
from ..glyphs import Glyph, Symbols
from .plain_text import Printer as Unicode

SIGNS = {
    "^⊙": ".^", "∂": "d", "Σ_": "sum_", "−": "-", "⊙": ".*", "⊘": "./", "𝟏": "ones", "‖": "||", "⟨": "<", "⟩": ">",
    "√": "sqrt ", "≤": "<=", "ᵀ": "^T", "·": ":", "′": "'", "δ": "delta", "Δ": "Delta", "π": "pi", "σ": "sigma",
}  # fmt: skip
"""What the printer for a terminal writes itself, beside digits that stand high."""

RANGE = re.compile(r"Σ_\{([^{}]*)\}\^\{([^{}]*)\}")
"""A sum with its ends. Braces cannot be carried."""

HIGH = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
LOW = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


class Printer(Unicode):
    """Prints with the glyphs of a sheet, in ASCII."""

    HIGH = "^"

    def __init__(self, symbols: Symbols) -> None:
        super().__init__(symbols.system, symbols.labels, symbols.signs)
        self.symbols = symbols

    def equation(self, equation: Equation | ArrayEquation) -> tuple[str, str]:
        """Left-hand side and right-hand side."""
        left, right = super().equation(equation)
        return plain(left), plain(right)

    def name(self, key: str, matrix: bool = False) -> str:
        """A tensor's name as its glyph is written; that of a cotangent is delta or dC/d…"""
        if not is_cotangent(key):
            return _read(self.symbols.glyph(key, matrix))
        if self.symbols.is_signal(key):
            return _read(self.symbols.signal(key, matrix))
        return self.slope(primal(key), matrix)

    def cost(self) -> str:
        """What is differentiated."""
        return _bare(self.symbols.cost()) if self.system.objective is None else self.name(self.system.objective)

    def quotient(self, above: str, below: str) -> str:
        """A partial derivative: dC/dz."""
        return f"{self.changed(above)}/{self.changed(below)}"

    def is_raised(self, key: str) -> bool:
        """Whether the glyph of a tensor is also written with something above it."""
        return self.symbols.is_raised(key)

    def spelt(self, name: str) -> str:
        """A function's name."""
        return name


def _read(glyph: Glyph) -> str:
    below = f"_{_bare(glyph.below)}" if glyph.below else ""
    above = f"^({_bare(glyph.above.replace(chr(92) + 'ell', 'l')).strip('()')})" if glyph.above else ""
    return f"{_bare(glyph.letter)}{below}{above}"


def _bare(latex: str) -> str:
    """LaTeX of a glyph without its signs: \\hat{x} as hat(x)."""
    upright = re.sub(r"\\(?:mathit|mathrm)\{(\\?\w+)\}", r"\1", latex)
    return upright.replace("\\", "").replace("{", "(").replace("}", ")")


def plain(text: str) -> str:
    """A text of the terminal's printer in ASCII."""
    text = RANGE.sub(r"sum_(\1)^(\2)", text)
    for sign, spelt in SIGNS.items():
        text = text.replace(sign, spelt)
    return HIGH.sub(lambda found: f"^{found[0].translate(LOW)}", text)
