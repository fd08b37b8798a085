"""Numbers to plain text, for bench.py: aligned tables, spreads, ratios, growth exponents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        return "  ".join([f"{first.strip():<{widths[0]}}", *others])

    print(f"\n{title}\n\n{line(head)}\n{'-' * len(line(head))}")
    for row in rows:
        print(line(row), flush=True)
    print(flush=True)


def seconds(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def spread(values: Sequence[float]) -> str:
    """The median, and half the range in percent of it; one value alone as it is."""
    middle = median(values)
    if len(values) == 1:
        return seconds(middle)
    return f"{seconds(middle)} ±{50 * (max(values) - min(values)) / middle:3.0f} %"


def ratio(value: float, to: float) -> str:
    found = value / to
    return f"{found:.2f}" if found < 10 else f"{found:,.0f}"


def share(part: float) -> str:
    return f"{100 * part:.1f} %"


def upper(depths: Sequence[int]) -> Sequence[int]:
    """The upper half of the depths, where what is constant no longer counts."""
    return depths[len(depths) // 2 :]


def exponent(values: Mapping[int, float]) -> str:
    """The slope of log(value) against log(size), by least squares."""
    if len(values) < 2:
        return "—"
    points = [(math.log(n), math.log(v)) for n, v in values.items()]
    x0, y0 = (sum(p[axis] for p in points) / len(points) for axis in (0, 1))
    return f"{sum((x - x0) * (y - y0) for x, y in points) / sum((x - x0) ** 2 for x, _ in points):.2f}"
