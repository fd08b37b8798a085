"""The same expression with its numbers put in: 0.5 · 2 + (-1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...expressions.system import cotangent
from ...notation import mathematics as m
from ...notation.emitters.latex import Printer, Text, text
from ...notation.glyphs import Symbols
from ...notation.mathematics import Tree
from ...numbers.rounding import Number


class NumberPrinter(Printer):
    """Prints each scalar entry as its number, and each product with a dot."""

    def __init__(self, symbols: Symbols, numbers: Mapping[str, Number]) -> None:
        super().__init__(symbols)
        self.numbers = numbers

    def tree(self, item: Any) -> Tree:
        found = super().tree(item)
        return self._put_in(found) or m.transformed(found, self._put_in)

    def _put_in(self, tree: Tree) -> Tree | None:
        if isinstance(tree, m.Symbol | m.Slope):
            written = self.numbers[tree.key if isinstance(tree, m.Symbol) else cotangent(tree.by.key)].text
            return m.Figure(written, fraction=r"\frac" in written)
        return None

    def _figure(self, figure: m.Figure) -> Text:
        shown = super()._figure(figure)
        signed = figure.written.startswith("-") or r"\cdot" in figure.written
        return text(shown.bracketed(), "atom", shown) if signed else shown

    def _between(self, before: Tree, piece: str) -> str:
        return r" \cdot "
