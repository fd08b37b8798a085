"""A plot, read back from its TikZ: the numbers at its axes say where things are, and the curves are there."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Protocol

from ...errors import CheckFailed
from .numbers import DEFECT, Unreadable, read_number

CLOSE = 0.011
"""In centimetres: places are drawn with three decimals, and numbers at an axis may be rounded."""

_TICK = re.compile(r"\\dstext\{tick\}\{(north|east)\}\((-?[\d.]+),(-?[\d.]+)\)\{\$([^$]*)\$\}")
_PATH = re.compile(r"\\dspath\{(solid|dashed|mark)\}\{([^{}]*)\}")
_POINT = re.compile(r"\((-?[\d.]+),(-?[\d.]+)\)")


class Drawn(Protocol):
    """A curve: its points in order, and its pen."""

    @property
    def points(self) -> Sequence[tuple[float, float]]: ...
    @property
    def style(self) -> str: ...


class Marked(Protocol):
    """A vertical line at x."""

    @property
    def x(self) -> float: ...


def require_plot(drawn: str, curves: Sequence[Drawn], marks: Sequence[Marked]) -> None:
    """Each curve starts, goes and ends, and each mark stands, where the numbers at the axes say. Raises CheckFailed."""
    ticks = _TICK.findall(drawn)
    across = _Axis([(float(x), _number(text)) for side, x, _, text in ticks if side == "north"])
    up = _Axis([(float(y), _number(text)) for side, _, y, text in ticks if side == "east"])
    paths = [(pen, [(float(x), float(y)) for x, y in _POINT.findall(places)]) for pen, places in _PATH.findall(drawn)]
    lines = [path for pen, path in paths if pen != "mark"]
    finite = [[p for p in curve.points if math.isfinite(p[0]) and math.isfinite(p[1])] for curve in curves]
    wanted = [points for points in finite if len(points) > 1]
    if len(lines) != len(wanted):
        _fail(f"{len(lines)} curves are drawn, and there are {len(wanted)}")
    for line, points in zip(lines, wanted, strict=True):
        if len(line) != len(points):
            _fail("a curve has not all its points")
        for place in (0, len(points) // 3, len(points) // 2, len(points) - 1):
            if not (across.shows(line[place][0], points[place][0]) and up.shows(line[place][1], points[place][1])):
                _fail(f"a curve is not where the axes say: ({points[place][0]:.6g}, {points[place][1]:.6g})")
    standing = [path[0][0] for pen, path in paths if pen == "mark"]
    if len(standing) != len(marks) or not all(across.shows(x, mark.x) for x, mark in zip(standing, marks, strict=True)):
        _fail("a mark does not stand where the axis says")


class _Axis:
    """The scale that the numbers at an axis tell a reader: places in centimetres, with their numbers."""

    def __init__(self, ticks: Sequence[tuple[float, float]]) -> None:
        if len(ticks) < 2 or ticks[0][1] == ticks[-1][1]:
            _fail("an axis has no scale")
        (self.low, self.first), (high, last) = ticks[0], ticks[-1]
        self.length = (high - self.low) / (last - self.first)
        for place, number in ticks:
            if not self.shows(place, number):
                _fail(f"the number {number:.6g} does not stand at its place at an axis")

    def shows(self, place: float, number: float) -> bool:
        return abs(self.low + (number - self.first) * self.length - place) <= CLOSE


def _number(text: str) -> float:
    try:
        return float(read_number(text.replace(r"\cdot10", r" \cdot 10")).value)
    except Unreadable as error:
        _fail(f"a number at an axis cannot be read: {error}")
        raise


def _fail(what: str) -> None:
    raise CheckFailed(f"the plot is drawn wrongly: {what}; nothing was printed", hint=DEFECT)
