"""The picture of a computation graph, as TikZ text: values forward, cotangents backward. Labels are ready LaTeX."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Literal

from .layered_layout import Edge, Item, Layout, lay_out, longest_path, longest_path_ranks
from .tikz import MAX_WIDTH, Picture, text_width


@dataclass(frozen=True)
class GraphNode:
    """One value of the computation graph. With a `backward` label, its cotangent flows back to it along its edges."""

    key: str
    label: str
    kind: Literal["parameter", "input", "target", "value", "cost"]
    backward: str = ""


MOST_COLUMNS = 9
MOST_ROWS = 4
LEAST_GAP, NICE_GAP = 0.85, 1.35  # between columns
PAIR = 0.06  # half the distance between an arrow forward and its companion backward
LEAN = 0.07
PORT = 0.24  # between the arrows that come into one node


def computation_graph(nodes: Sequence[GraphNode], edges: Sequence[tuple[str, str]]) -> str:
    """Values forward along solid arrows, cotangents backward along dashed ones, each cotangent's name below its node.

    A wide graph goes on in further rows, where what comes from an earlier row is drawn again, in grey; of very many rows, the
    first and the last are drawn.
    """
    by_key = {node.key: node for node in nodes}
    edges = list(dict.fromkeys(edges))
    sorter: TopologicalSorter[str] = TopologicalSorter({node.key: [] for node in nodes})
    for start, end in edges:
        sorter.add(end, start)
    keys = list(sorter.static_order())
    rows = _rows(keys, edges, by_key)
    picture, floor = Picture(), 0.0
    dots = len(rows) > MOST_ROWS
    if dots:
        half = MOST_ROWS // 2
        rows = [*rows[:half], *rows[-half:]]
    gap = min(NICE_GAP, *((MAX_WIDTH - sum(row.widths)) / max(len(row.widths) - 1, 1) for row in rows))
    for number, row in enumerate(rows):
        if dots and number == MOST_ROWS // 2:
            picture.text((sum(row.widths) / 2 + gap * (len(row.widths) - 1) / 2, floor - 0.1), r"$\vdots$")
            floor -= 0.75
        top = max(row.layout.heights[item] + row.extents[item[0]][0] for item in row.real)
        base = floor - top
        _draw_row(picture, row, base, gap, by_key)
        floor = base + min(row.layout.heights[item] - row.extents[item[0]][1] for item in row.real) - 0.45
    return picture.dumps()


@dataclass(frozen=True)
class _Row:
    layout: Layout
    widths: tuple[float, ...]
    """Of the columns."""
    extents: dict[str, tuple[float, float]]
    real: tuple[Item, ...]
    again: frozenset[str]
    """Nodes that an earlier row has drawn already."""


def _rows(keys: Sequence[str], edges: Collection[Edge], nodes: dict[str, GraphNode]) -> list[_Row]:
    """As few rows as fit the page, and those as even as can be."""
    ranks = longest_path_ranks(keys, edges)
    last = max(ranks.values(), default=0)
    best: list[_Row] = []
    for count in range(MOST_COLUMNS - 1, 0, -1):
        firsts = range(1, max(last, 1) + 1, count)
        if best and len(firsts) > len(best):
            break
        rows = _cut(keys, edges, nodes, ranks, firsts, count)
        if all(sum(row.widths) + LEAST_GAP * (len(row.widths) - 1) <= MAX_WIDTH for row in rows):
            best = rows
    return best or rows


def _cut(
    keys: Sequence[str],
    edges: Collection[Edge],
    nodes: dict[str, GraphNode],
    ranks: dict[str, int],
    firsts: Sequence[int],
    count: int,
) -> list[_Row]:
    sources = set(keys) - {end for _, end in edges}
    drawn: set[str] = set()
    rows = []
    for first in firsts:
        computed = {key for key in keys if key not in sources and first <= ranks[key] < first + count}
        local = [edge for edge in edges if edge[1] in computed]
        lonely = {key for key in sources if first == 1 and not any(key == start for start, _ in edges)}
        present = [key for key in keys if key in computed | lonely or any(key == start for start, _ in local)]
        rows.append(_row(present, local, nodes, ranks, computed, frozenset(drawn & set(present))))
        drawn |= set(present)
    return rows


def _row(
    keys: Sequence[str],
    edges: Collection[Edge],
    nodes: dict[str, GraphNode],
    ranks: dict[str, int],
    computed: set[str],
    again: frozenset[str],
) -> _Row:
    local = {key: rank for key, rank in ranks.items() if key in computed}
    for key in keys:
        if key not in local:
            local[key] = min((ranks[end] for start, end in edges if start == key), default=1) - 1
    incoming = {key: sum(end == key for _, end in edges) for key in keys}
    extents = {}
    for key in keys:
        half = max(0.31, incoming[key] * PORT / 2 + 0.12)
        extents[key] = (half, half + (0.5 if nodes[key].backward else 0.0))
    end = max(keys, key=lambda key: (local[key], nodes[key].kind == "cost"))
    spine = longest_path(local, edges, end, [key for key in keys if nodes[key].kind in ("input", "value")])
    layout = lay_out(keys, edges, local, spine, extents)
    widths = tuple(max([_room(nodes[key]) for key, rank in column if local[key] == rank] or [0.4]) for column in layout.columns)
    real = tuple(item for column in layout.columns for item in column if local[item[0]] == item[1])
    return _Row(layout, widths, extents, real, again)


def _width(node: GraphNode) -> float:
    return max(0.72, text_width(node.label) + 0.3)


def _room(node: GraphNode) -> float:
    return max(_width(node), text_width(node.backward) * 0.9)


def _draw_row(picture: Picture, row: _Row, base: float, gap: float, nodes: dict[str, GraphNode]) -> None:
    first = row.layout.columns[0][0][1]
    middles = [sum(row.widths[:place]) + gap * place + width / 2 for place, width in enumerate(row.widths)]
    half_widths = [width / 2 for width in row.widths]

    def at(item: Item) -> tuple[float, float]:
        return middles[item[1] - first], base + row.layout.heights[item]

    def rim(item: Item) -> float:
        return _width(nodes[item[0]]) / 2 if item in row.real else half_widths[item[1] - first]

    ports = _ports(row)
    lanes = dict.fromkeys(item for column in row.layout.columns for item in column if item not in row.real)
    for back in (True, False):
        shift = -PAIR if back else PAIR
        for start, end in row.layout.segments:
            twofold = bool(nodes[start[0]].backward)
            if back and not twofold:
                continue
            off = shift if twofold else 0.0
            (x1, y1), (x2, y2) = at(start), at(end)
            y2 += ports.get((start, end), 0.0)
            points = [(x1 + rim(start), y1 + off), (x1 + half_widths[start[1] - first], y1 + off)]
            points += [(x2 - half_widths[end[1] - first], y2 + off), (x2 - rim(end), y2 + off)]
            pen = ("back" if start in row.real else "back lane") if back else ("edge" if end in row.real else "lane")
            distinct = [point for place, point in enumerate(points) if not place or abs(point[0] - points[place - 1][0]) > 1e-6]
            side = 0.0 if not twofold else LEAN if back == (y2 > y1) else -LEAN
            picture.curve(distinct, pen, side)
        for lane in lanes:
            off = shift if nodes[lane[0]].backward else 0.0
            if nodes[lane[0]].backward or not back:
                x, y = at(lane)
                half = half_widths[lane[1] - first]
                picture.line([(x - half, y + off), (x + half, y + off)], "back lane" if back else "lane")
    for item in row.real:
        _draw_node(picture, nodes[item[0]], at(item), row.extents[item[0]][0], item[0] in row.again)


def _ports(row: _Row) -> dict[tuple[Item, Item], float]:
    """Where each arrow comes into its node: in the order of their sources, one from the level straight in at the middle."""
    incoming: dict[Item, list[Item]] = {}
    for start, end in row.layout.segments:
        if end in row.real:
            incoming.setdefault(end, []).append(start)
    ports = {}
    for end, starts in incoming.items():
        heights = row.layout.heights
        starts.sort(key=lambda item: -heights[item])
        level = [place for place, item in enumerate(starts) if abs(heights[item] - heights[end]) < 0.02]
        middle = level[0] if level else (len(starts) - 1) / 2
        room = row.extents[end[0]][0] - 0.13
        spacing = min(PORT, room / max(middle, len(starts) - 1 - middle, 0.5))
        for place, start in enumerate(starts):
            ports[start, end] = (middle - place) * spacing
    return ports


def _draw_node(picture: Picture, node: GraphNode, at: tuple[float, float], half: float, again: bool) -> None:
    style, size = f"again {node.kind}" if again else node.kind, (_width(node), 2 * half)
    if node.kind == "cost":
        picture.twofold(at, size, style, node.label)
    else:
        picture.shape(at, size, style, node.label)
    if node.backward:
        picture.text((at[0], at[1] - half - 0.1), node.backward, "north", "cotangent")
