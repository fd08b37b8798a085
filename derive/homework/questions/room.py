"""How much room an answer gets: it follows the length of the solution, by hand and not in print, and never its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ...document.model import Labelled, Lines, Partials, Prose, Table, Text, Value, Values
from ...notation.emitters.latex import Printer
from ...notation.mathematics import Total, has, has_fraction
from ...numbers.rounding import Number
from ...writers.latex.tikz import text_width

ROW = 9
"""Millimetres that a line of handwriting needs."""

WIDTH = 10.5
"""The width in cm of a formula beside its rule."""

LEAST = 23

REASONS = 16
"""For the reasons below a choice, which are printed and never written: three lines."""

LETTERS = 60
"""So many letters of a text stand on a line of handwriting."""


def height(blocks: Iterable[Any], printer: Printer) -> int:
    """The height in millimetres; it may be more than a page has."""
    total = sum(_height(block, printer) for block in blocks)
    return max(LEAST, math.ceil(total) + 9)


def _height(block: Any, printer: Printer) -> float:
    if isinstance(block, Lines):
        return sum(_formula(line.forms, printer) + 5 for line in block.lines)
    if isinstance(block, Partials):
        return 4 + sum(max(_formula(row.left, printer), ROW) + 5 for row in block.rows)
    if isinstance(block, Values):
        return sum(_value(v) + 2 for v in block.rows)
    if isinstance(block, Labelled):
        return sum(_formula(line.forms, printer) + 2 for _, line in block.rows)
    if isinstance(block, Table):
        return ROW * (1 + len(block.rows))
    if isinstance(block, Text):
        letters = sum(len(part) if isinstance(part, str) else 12 for part in block.parts)
        return ROW * (0.5 + max(1, math.ceil(letters / LETTERS)))
    if isinstance(block, Prose):
        return 1.5 * ROW
    return ROW


def _formula(forms: Iterable[Any], printer: Printer) -> float:
    """Lines of print for each view, a fraction a little higher."""
    total = 0.0
    for form in forms:
        lhs, rhs = printer.equation(form.shown)
        line = printer.walk.line(form.shown)
        rows = math.ceil(text_width(f"${lhs} = {rhs}$") / WIDTH)
        total += rows * (ROW if has_fraction(line) or has(line, Total) else 0.8 * ROW)
    return total


def _value(value: Value) -> float:
    """A matrix needs its rows; how many digits there are does not count."""
    rows = 1
    if not isinstance(value.array, Number) and value.array and not isinstance(value.array[0], Number):
        rows = len(value.array)
    return ROW + 5.0 * (rows - 1) + (ROW if value.numbers is not None else 0)


def givens(rows: Iterable[Value]) -> int:
    """The height of quantities that run on, in millimetres, by how many numbers each has and not by their digits."""
    lines: list[tuple[float, float]] = [(0.0, 0.0)]
    for value in rows:
        wide, high = _extent(value)
        used, highest = lines[-1]
        if used + wide > LINE:
            lines.append((wide, high))
        else:
            lines[-1] = (used + wide, max(highest, high))
    return math.ceil(sum(high + 3 for _, high in lines)) + 3


LINE = 15.0
"""The width of a line in cm."""


def _extent(value: Value) -> tuple[float, float]:
    """Width in cm and height in mm: a number takes 0.95 cm, a name with its sign and brackets 1.6 cm."""
    if isinstance(value.array, Number):
        return 2.4, 6.0
    if value.array and isinstance(value.array[0], Number):
        return 1.6 + 0.95 * len(value.array), 6.0
    rows = value.array or ((),)
    return 1.6 + 0.95 * max(len(r) if isinstance(r, tuple) else 1 for r in rows), 4.8 * len(rows) + 2
