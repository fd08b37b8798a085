"""The same expression with its numbers put in: 0.5 · 2 + (-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Expr

from ...expressions.nodes import Entry
from ...notation.glyphs import Symbols
from ...notation.printers.latex import Printer
from ...notation.printers.latex_scalars import Text, brackets
from ...notation.printers.precedence import BINDING
from ...numbers.rounding import Number


class NumberPrinter(Printer):
    """Prints each scalar entry as its number, and each product with a dot."""

    def __init__(self, symbols: Symbols, numbers: Mapping[str, Number]) -> None:
        super().__init__(symbols)
        self.numbers = numbers

    def entry(self, entry: Entry) -> str:
        text = self.numbers[entry.key].text
        return brackets(text) if text.startswith("-") or r"\cdot" in text else text

    def _scalar(self, expr: Expr) -> Text:
        found = super()._scalar(expr)
        if isinstance(expr, Entry) and found.latex.startswith(r"\frac"):
            return Text(found.latex, BINDING["product"])  # the square of 1/3 is not 1²/3
        return found

    def _side_by_side(self, parts: Sequence[Expr], first: bool = True) -> str:
        return r" \cdot ".join(self.text(part).within("product") for part in parts)
