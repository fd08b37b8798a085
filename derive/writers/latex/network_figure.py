"""The picture of a network, as TikZ text; and the door to the other pictures. Labels are ready LaTeX: no maths is known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .graph_figure import GraphNode, computation_graph
from .tikz import MAX_WIDTH, Picture, text_width

__all__ = ["MAX_WIDTH", "Column", "GraphNode", "computation_graph", "network"]


@dataclass(frozen=True)
class Column:
    """One layer of the network picture. `reads`: the earlier columns that feed it; one that is not its neighbour goes by an arc.

    `units` labels the neurons; where there are too many to draw, they are the first ones and the last. `edge` stands over the
    arrows that come in, `bias` below the neuron, `caption` below all, `title` above.
    """

    title: str
    units: tuple[str, ...]
    size: int
    caption: str = ""
    reads: tuple[int, ...] = ()
    edges: Literal["full", "one-to-one", "none"] = "full"
    edge: str = ""
    bias: str = ""


CAPTION = 2.6  # where a longer one breaks
ALL_UNITS = 6  # up to so many neurons are all drawn
DOTS = None  # a slot, or a column, that stands for those left out


@dataclass(frozen=True)
class _Placed:
    column: Column | None
    index: int
    x: float
    width: float
    slots: tuple[str | None, ...]
    """The labels from top to bottom; DOTS between."""


def network(columns: Sequence[Column], cost: str | None = "$C$", target: str | None = "$y$", more: str = "({} more)") -> str:
    """The layers from left to right, neurons as circles, the cost at the end. `more` says how many columns were left out."""
    for limit in (6, 5, 4, 3):
        shown = _shown(len(columns), limit)
        placed, radius = _place(columns, shown, cost)
        if placed[-1].x + placed[-1].width / 2 <= MAX_WIDTH:
            break
    picture = Picture()
    pitch = 2 * radius + 0.24
    heights = {column.index: _slot_heights(column, pitch) for column in placed}
    top = max(max(ys) for ys in heights.values()) + radius
    drawn = {column.index: column for column in placed}
    for before, after in pairwise(placed):
        _connect(picture, before, after, heights, radius, top)
    for column in placed:
        for source in column.column.reads if column.column else ():
            if source in drawn and source != column.index - 1:
                reach = 0.3 + 0.12 * (column.x - drawn[source].x)
                start, end = drawn[source].x + 0.08, column.x - 0.08
                picture.arc((start, top + _head(drawn[source])), (end, top + _head(column)), reach, "edge")
    ends = [None, *placed[:-1]], [*placed[1:], None]
    bottom = min(min(ys) for ys in heights.values()) - radius
    for column in placed:
        bottom = min(bottom, _units(picture, column, heights[column.index], radius, top))
    if cost is not None and target is not None:
        x, y = placed[-1].x, -radius - 0.95
        picture.line([(x, y + 0.26), (x, -0.31)], "edge")
        picture.shape((x, y), (0.55, 0.55), "target", target)
    for column, left, right in zip(placed, *ends, strict=True):
        text = column.column.caption if column.column else more.format(len(columns) - len(shown) + 1)
        if text and column.index != len(columns):  # not the cost
            # Half-way to the neighbours, and not over the picture's edge.
            rooms = [abs(column.x - other.x) - 0.12 if other else column.width for other in (left, right)]
            if right and right.index == len(columns):  # the cost has no caption of its own
                rooms[1] = 2 * (right.x - right.width / 2 - column.x) - 0.2
            picture.note((column.x, bottom - 0.16), min(rooms), text)
    return picture.dumps()


def _shown(count: int, limit: int) -> list[int | None]:
    if count <= limit:
        return list(range(count))
    ends = 2 if limit >= 5 else 1
    return [*range(ends), DOTS, *range(count - ends, count)]


def _place(columns: Sequence[Column], shown: Sequence[int | None], cost: str | None) -> tuple[list[_Placed], float]:
    """Where the columns stand, and the radius of a neuron. As wide as is pleasant, or as narrow as it must be."""
    slots = {index: _slots(columns[index]) for index in shown if index is not None}
    labels = [label for column in slots.values() for label in column if label]
    radius = max(0.31, *(text_width(label) / 2 + 0.1 for label in labels)) if labels else 0.31
    wide = any(len(column) > 1 for column in slots.values())
    captions = {index: min(CAPTION, 0.9 * text_width(columns[index].caption)) for index in slots}
    widths = [0.7 if index is DOTS else max(2 * radius, text_width(columns[index].title)) for index in shown]
    widths[0] = max(widths[0], captions[0])
    if cost is None:
        widths[-1] = max(widths[-1], captions[len(columns) - 1])
    # Before each column but the first, room for the label on the arrows.
    need = [text_width(columns[index].edge) if index is not DOTS else 0.0 for index in shown][1:]
    if cost is not None:
        widths.append(max(0.62, text_width(cost) + 0.24))
        need.append(0.0)
    least = [max(0.6, label + 0.35) for label in need]
    widest = max(1.9 if wide else 1.15, max(need, default=0.0) + 0.7, max(captions.values()) + 0.15 - 2 * radius)
    nice = [min(widest, 1.6) if DOTS in pair else widest for pair in pairwise([*shown, len(columns)])][: len(need)]
    room = MAX_WIDTH - sum(widths)
    share = max(0.0, min(1.0, (room - sum(least)) / max(sum(nice) - sum(least), 0.01)))
    x, placed = widths[0] / 2, []
    # The cost's number is just past the last column's, and the dots' past that.
    numbers = [*(len(columns) + 1 if index is DOTS else index for index in shown), *([len(columns)] if cost is not None else [])]
    for position, number in enumerate(numbers):
        if position:
            gap = least[position - 1] + share * (nice[position - 1] - least[position - 1])
            x += (widths[position - 1] + widths[position]) / 2 + gap
        column = columns[number] if number < len(columns) else None
        inner: tuple[str | None, ...] = slots[number] if column else ((DOTS,) if number > len(columns) else (cost,))
        placed.append(_Placed(column, number, x, widths[position], inner))
    return placed, radius


def _slots(column: Column) -> tuple[str | None, ...]:
    padded = (*column.units, *[""] * column.size)
    if column.size <= ALL_UNITS:
        return padded[: column.size]
    last = column.units[-1] if len(column.units) > 3 else ""
    return (*padded[:3], DOTS, last)


def _slot_heights(placed: _Placed, pitch: float) -> list[float]:
    return [((len(placed.slots) - 1) / 2 - place) * pitch for place in range(len(placed.slots))]


def _head(placed: _Placed) -> float:
    return 0.55 if placed.column and placed.column.title else 0.08


def _connect(
    picture: Picture, left: _Placed, right: _Placed, all_heights: dict[int, list[float]], radius: float, top: float
) -> None:
    ends = [(y, slot is not DOTS) for y, slot in zip(all_heights[right.index], right.slots, strict=True)]
    starts = [(y, slot is not DOTS) for y, slot in zip(all_heights[left.index], left.slots, strict=True)]
    to_dots, from_dots = right.slots == (DOTS,), left.slots == (DOTS,)
    reach_left = 0.3 if from_dots else radius
    reach_right = 0.36 if to_dots else radius if right.column else right.width / 2
    how = right.column.edges if right.column else "full"
    if how == "none" or (right.column and not from_dots and right.index - 1 not in right.column.reads):
        return
    single = len(starts) == len(ends) == 1
    sparse = single or (right.column is None and not to_dots) or how == "one-to-one"
    lines = []
    for i, (y1, is_unit) in enumerate(starts):
        for j, (y2, is_end) in enumerate(ends):
            if (is_unit or from_dots) and (is_end or to_dots) and (how == "full" or len(starts) != len(ends) or i == j):
                # Lines end at the circles' rims, on the straight line between the centres.
                dx, dy = right.x - left.x, y2 - y1
                length = (dx * dx + dy * dy) ** 0.5
                u, v = dx / length, dy / length
                start = (left.x + reach_left * u, y1 + (0 if from_dots else reach_left * v))
                end = (right.x - reach_right * (1 if to_dots else u), y2 - (0 if to_dots else reach_right * v))
                if right.column is None and not to_dots:  # the cost's box: at its side
                    end = (right.x - reach_right, y2 - min(0.2, max(-0.2, dy * 0.12)))
                lines.append((start, end))
    if lines:
        picture.lines(
            lines, {(True, False): "edge", (True, True): "lane", (False, False): "weave"}.get((sparse, to_dots), "weave lane")
        )
    if right.column and right.column.edge:
        middle = (left.x + radius + right.x - radius) / 2
        picture.text((middle, 0.09 if single else top + 0.16), right.column.edge, "south")


def _units(picture: Picture, placed: _Placed, heights: Sequence[float], radius: float, top: float) -> float:
    """The neurons of a column with its title and bias; how far down it reaches."""
    for label, y in zip(placed.slots, heights, strict=True):
        if label is DOTS:
            picture.text((placed.x, y), r"$\cdots$" if len(heights) == 1 else r"$\vdots$")
        elif placed.column:
            picture.shape((placed.x, y), (2 * radius, 2 * radius), "unit", label)
        else:
            picture.twofold((placed.x, y), (placed.width, 0.62), "cost", label)
    low = heights[-1] - radius
    if placed.column and placed.column.title:
        picture.text((placed.x, top + 0.16), placed.column.title, "south")
    if placed.column and placed.column.bias:
        if len(heights) == 1:
            picture.line([(placed.x, low - 0.42), (placed.x, low)], "edge")
            low -= 0.36
        picture.text((placed.x, low - 0.12), placed.column.bias, "north")
        low -= 0.48
    return low
