"""The same expression with its numbers put in: 0.5 · 2 + (-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Expr

from ..sheet import Number
from ..tensor import Entry
from .latex import Printer
from .symbols import Symbols


class NumberPrinter(Printer):
    """Prints each scalar entry as its number, and each product with a dot."""

    def __init__(self, symbols: Symbols, numbers: Mapping[str, Number]) -> None:
        super().__init__(symbols)
        self.numbers = numbers

    def entry(self, entry: Entry) -> str:
        text = self.numbers[entry.key].text
        return f"({text})" if text.startswith("-") or r"\cdot" in text else text

    def _side_by_side(self, parts: Sequence[Expr], first: bool = True) -> str:
        return r" \cdot ".join(self.text(part).within("product") for part in parts)
