"""A plot of curves with tangents: axes with round numbers, labels at the curves' ends, no legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .tikz import MAX_WIDTH, Picture, Point, spread, text_width

WIDTH, HEIGHT = 9.0, 5.2  # of the axes, in centimetres
LABEL_HEIGHT = 0.42
TANGENT = 0.95  # half its length


@dataclass(frozen=True)
class Curve:
    """A curve through points in order of x. `tangent_at` is x, y and the slope there; its label says the slope unless given."""

    points: tuple[Point, ...]
    label: str
    style: Literal["solid", "dashed"] = "solid"
    tangent_at: tuple[float, float, float] | None = None
    tangent_label: str = ""


@dataclass(frozen=True)
class Mark:
    """A thin vertical line at x, named above the plot."""

    x: float
    label: str = ""


@dataclass(frozen=True)
class _Scale:
    """From numbers to centimetres, along one axis."""

    low: float
    high: float
    length: float

    def __call__(self, number: float) -> float:
        return (number - self.low) / (self.high - self.low) * self.length


def plot(curves: Sequence[Curve], xlabel: str, ylabel: str, marks: Sequence[Mark] = ()) -> str:
    """The curves over common axes. Points that are not finite are left out."""
    lines = [[point for point in curve.points if math.isfinite(point[0]) and math.isfinite(point[1])] for curve in curves]
    places = [point for line in lines for point in line] or [(0.0, 0.0)]
    spots = [curve.tangent_at for curve in curves if curve.tangent_at]
    xs = [x for x, _ in places] + [x for x, _, _ in spots] + [mark.x for mark in marks]
    ys = [y for _, y in places] + [y for _, y, _ in spots]
    xticks, yticks = ticks(min(xs), max(xs)), ticks(min(ys), max(ys))
    margin = max(text_width(_number(y, yticks)) for y in yticks) + 0.35
    beside = max((text_width(curve.label) for curve in curves), default=0.0) + 0.3
    across = _Scale(xticks[0], xticks[-1], min(WIDTH, MAX_WIDTH - margin - beside))
    up = _Scale(yticks[0], yticks[-1], HEIGHT)
    picture = Picture()
    _axes(picture, across, up, xticks, yticks, xlabel, ylabel)
    for mark in marks:
        picture.line([(across(mark.x), 0), (across(mark.x), HEIGHT + 0.12)], "mark")
    heads = _apart([across(mark.x) for mark in marks], [text_width(mark.label) + 0.2 for mark in marks])
    for mark, x in zip(marks, heads, strict=True):
        if mark.label:
            picture.text((x, HEIGHT + 0.18), mark.label, "south")
    drawn = [[(across(x), up(y)) for x, y in line] for line in lines]
    for curve, line in zip(curves, drawn, strict=True):
        if len(line) > 1:
            picture.line(line, curve.style)
    _end_labels(picture, curves, drawn)
    _tangents(picture, curves, drawn, across, up, [across(mark.x) for mark in marks])
    return picture.dumps()


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers, at most so many steps, from at or below `low` to at or above `high`."""
    if not high - low > max(1e-9 * max(abs(low), abs(high)), 1e-30):
        low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power, 20 * power) if _steps(low, high, step) <= most)
    first = math.floor(low / step + 1e-9)
    return [round((first + count) * step, 3 - math.floor(math.log10(step))) for count in range(_steps(low, high, step) + 1)]


def _steps(low: float, high: float, step: float) -> int:
    return math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9)


def _number(value: float, scale: Sequence[float]) -> str:
    """With as many decimals as the scale's step needs, and no more; thousands of millions as a power of ten."""
    step = scale[1] - scale[0]
    largest = max(map(abs, scale))
    if largest >= 1e6 or largest < 1e-4:
        power = math.floor(math.log10(largest))
        inner = [number / 10**power for number in scale]
        return rf"${_number(value / 10**power, inner)[1:-1]}\cdot10^{{{power}}}$" if value else "$0$"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"${value:.{decimals}f}$" if value else "$0$"


def _axes(
    picture: Picture, across: _Scale, up: _Scale, xticks: Sequence[float], yticks: Sequence[float], xlabel: str, ylabel: str
) -> None:
    upright = [[(across(x), 0.0), (across(x), HEIGHT)] for x in xticks]
    level = [[(0.0, up(y)), (across.length, up(y))] for y in yticks]
    picture.lines(upright + level, "grid")
    for x in xticks:
        picture.text((across(x), -0.16), _number(x, xticks), "north", "tick")
    for y in yticks:
        picture.text((-0.16, up(y)), _number(y, yticks), "east", "tick")
    picture.line([(0, HEIGHT), (0, 0), (across.length, 0)], "axis")
    picture.text((across.length / 2, -0.62), xlabel, "north")
    picture.text((0, HEIGHT + 0.3), ylabel, "south east")


def _apart(wishes: Sequence[float], sizes: Sequence[float], least: float = -math.inf) -> list[float]:
    """The places nearest to the wishes where things of these sizes do not touch."""
    order = sorted(range(len(wishes)), key=wishes.__getitem__)
    gaps = [(sizes[one] + sizes[two]) / 2 for one, two in pairwise(order)]
    placed = spread([wishes[place] for place in order], gaps)
    for place, wish in enumerate(placed):
        placed[place] = max(wish, placed[place - 1] + gaps[place - 1] if place else least)
    return [place for _, place in sorted(zip(order, placed, strict=True))]


def _end_labels(picture: Picture, curves: Sequence[Curve], drawn: Sequence[Sequence[Point]]) -> None:
    ends = [(curve, line[-1]) for curve, line in zip(curves, drawn, strict=True) if line]
    right = max((x for _, (x, _) in ends), default=0.0)
    # Not below the axis, where its numbers are.
    heights = _apart([y for _, (_, y) in ends], [LABEL_HEIGHT] * len(ends), least=0.2)
    for (curve, _), y in zip(ends, heights, strict=True):
        picture.text((right + 0.159, y), curve.label, "west", curve.style)


def _tangents(
    picture: Picture,
    curves: Sequence[Curve],
    drawn: Sequence[Sequence[Point]],
    across: _Scale,
    up: _Scale,
    marks: Sequence[float],
) -> None:
    """A short line along each slope, a dot, and the slope's name where it hides nothing."""
    ink = [point for line in drawn for point in _dense(line)]
    ink += [(x, HEIGHT * part / 40) for x in marks for part in range(41)]
    spots = []
    for curve in curves:
        if curve.tangent_at is None:
            continue
        x, y, slope = curve.tangent_at
        at = (across(x), up(y))
        run, rise = across.length / (across.high - across.low), slope * up.length / (up.high - up.low)
        length = math.hypot(run, rise)
        u, v = run / length, rise / length
        ends = [(at[0] + u * reach, at[1] + v * reach) for reach in (-_reach(at, (-u, -v), across), _reach(at, (u, v), across))]
        ink += _dense(ends)
        spots.append((curve, at, ends, curve.tangent_label or f"slope ${slope:.3g}$"))
    for curve, at, ends, _ in spots:
        picture.line(ends, f"{curve.style} tangent")
        picture.shape(at, (0.17, 0.17), f"{curve.style} dot")
    for curve, at, _, label in spots:
        box = (text_width(label) * 0.9, 0.36)
        spot = _free_spot(at, box, ink, across.length)
        picture.text(spot, label, style=f"{curve.style} slope")
        ink += [(spot[0] + box[0] * (i / 8 - 0.5), spot[1] + box[1] * (j / 2 - 0.5)) for i in range(9) for j in range(3)]


def _reach(at: Point, direction: Point, across: _Scale) -> float:
    """How far a tangent goes before it would leave the axes."""
    reach = TANGENT
    for place, step, length in zip(at, direction, (across.length, HEIGHT), strict=True):
        if abs(step) > 1e-9:
            reach = min(reach, max(0.0, ((length if step > 0 else 0.0) - place) / step))
    return reach


def _dense(line: Sequence[Point], step: float = 0.08) -> list[Point]:
    """Points all along the line."""
    points = list(line[:1])
    for (x1, y1), (x2, y2) in pairwise(line):
        count = math.ceil(math.dist((x1, y1), (x2, y2)) / step) or 1
        points += [(x1 + (x2 - x1) * part / count, y1 + (y2 - y1) * part / count) for part in range(1, count + 1)]
    return points


def _free_spot(at: Point, box: Point, ink: Sequence[Point], width: float) -> Point:
    """The nearest place around the point for a box of this size that hides the least."""
    half_width, half_height = box[0] / 2 + 0.06, box[1] / 2 + 0.04

    def cost(spot: Point) -> float:
        hidden = sum(abs(x - spot[0]) < half_width and abs(y - spot[1]) < half_height for x, y in ink)
        outside = max(
            0.0, half_width - spot[0], spot[0] + half_width - width, half_height - spot[1], spot[1] + half_height - HEIGHT
        )
        return 10 * hidden + 1000 * outside + math.dist(spot, at)

    around = [(math.cos(turn * math.pi / 12), math.sin(turn * math.pi / 12)) for turn in range(24)]
    spots = [
        (at[0] + u * (half_width + far), at[1] + v * (half_height + far)) for far in (0.15, 0.3, 0.5, 0.8, 1.2) for u, v in around
    ]
    return min(spots, key=cost)
