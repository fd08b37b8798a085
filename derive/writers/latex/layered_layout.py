"""A layered layout for a directed acyclic graph: which column, in what order, at what height.

Every edge runs from one column to the next. A longer one passes through the columns between on a lane of its own, so that it
bends around the nodes there; all the long edges of one node share their lane, and branch from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .tikz import spread

Item = tuple[str, int]
"""A node's key and a column: the node itself in its own column, its lane in later ones."""

Edge = tuple[str, str]


@dataclass(frozen=True)
class Layout:
    """The columns from left to right, each from top to bottom; heights, upwards; the pieces of the edges."""

    columns: tuple[tuple[Item, ...], ...]
    heights: Mapping[Item, float]
    segments: tuple[tuple[Item, Item], ...]


def longest_path_ranks(keys: Sequence[str], edges: Collection[Edge]) -> dict[str, int]:
    """Each node one column after the last one that feeds it; a source just before the first that it feeds.

    `keys` must be in an order in which they can be computed.
    """
    feeds: dict[str, list[str]] = {key: [] for key in keys}
    fed_by: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in edges:
        feeds[start].append(end)
        fed_by[end].append(start)
    ranks: dict[str, int] = {}
    for key in keys:
        ranks[key] = max((ranks[source] + 1 for source in fed_by[key]), default=0)
    for key in keys:
        if not fed_by[key] and feeds[key]:
            ranks[key] = min(ranks[end] for end in feeds[key]) - 1
    return ranks


def longest_path(ranks: Mapping[str, int], edges: Collection[Edge], last: str, preferred: Collection[str] = ()) -> list[str]:
    """A chain of nodes in neighbouring columns that ends at `last`: the spine of the picture."""
    spine = [last]
    while before := [start for start, end in edges if end == spine[0] and ranks[start] == ranks[end] - 1]:
        spine.insert(0, next((key for key in before if key in preferred), before[0]))
    return spine


def lay_out(
    keys: Sequence[str],
    edges: Collection[Edge],
    ranks: Mapping[str, int],
    spine: Collection[str],
    extents: Mapping[str, tuple[float, float]],
    margin: float = 0.25,
) -> Layout:
    """Order and heights. `extents`: how far each node reaches above and below its own height."""
    segments = _segments(edges, ranks)
    starts = [_initial_columns(keys, ranks, spine, segments, around) for around in (True, False)]
    columns = min((_ordered(start, segments) for start in starts), key=lambda columns: _crossings(columns, segments))
    heights = _heights(columns, segments, spine, extents, margin)
    return Layout(tuple(map(tuple, columns)), heights, tuple(segments))


def _segments(edges: Iterable[Edge], ranks: Mapping[str, int]) -> list[tuple[Item, Item]]:
    found: dict[tuple[Item, Item], None] = {}
    for start, end in edges:
        for rank in range(ranks[start], ranks[end]):
            found[(start, rank), ((start if rank + 1 < ranks[end] else end), rank + 1)] = None
    return list(found)


def _initial_columns(
    keys: Sequence[str],
    ranks: Mapping[str, int],
    spine: Collection[str],
    segments: Sequence[tuple[Item, Item]],
    around: bool,
) -> list[list[Item]]:
    """The spine in the middle and around it, in turn above and below, the others; or else all in their own order."""
    first = min(ranks.values())
    columns: list[list[Item]] = [[] for _ in range(max(ranks.values()) - first + 1)]
    items = dict.fromkeys((key, ranks[key]) for key in sorted(keys, key=lambda key: around and key not in spine))
    items |= dict.fromkeys(end for _, end in segments)
    counts = [0] * len(columns)
    for item in items:
        column = item[1] - first
        if around and counts[column] % 2:
            columns[column].insert(0, item)
        else:
            columns[column].append(item)
        counts[column] += 1
    return columns


def _ordered(columns: list[list[Item]], segments: Sequence[tuple[Item, Item]]) -> list[list[Item]]:
    """Few crossings: sort by the mean place of the neighbours, then swap neighbours while that helps; the best try wins."""
    neighbours: dict[Item, list[Item]] = {item: [] for column in columns for item in column}
    for start, end in segments:
        neighbours[start].append(end)
        neighbours[end].append(start)
    best, fewest = [list(column) for column in columns], _crossings(columns, segments)
    for sweep in range(8):
        if not fewest:
            break
        for column in columns if sweep % 2 else columns[::-1]:
            place = {item: index - (len(other) - 1) / 2 for other in columns for index, item in enumerate(other)}
            mean = {item: sum(map(place.__getitem__, neighbours[item])) / max(len(neighbours[item]), 1) for item in column}
            column.sort(key=mean.__getitem__)
        _swap(columns, segments)
        if (crossings := _crossings(columns, segments)) < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _swap(columns: list[list[Item]], segments: Sequence[tuple[Item, Item]]) -> None:
    now, better = _crossings(columns, segments), True
    while better and now:
        better = False
        for column in columns:
            for index in range(len(column) - 1):
                column[index : index + 2] = column[index : index + 2][::-1]
                if (then := _crossings(columns, segments)) < now:
                    now, better = then, True
                else:
                    column[index : index + 2] = column[index : index + 2][::-1]


def _crossings(columns: Sequence[Sequence[Item]], segments: Sequence[tuple[Item, Item]]) -> int:
    place = {item: index for column in columns for index, item in enumerate(column)}
    by_rank: dict[int, list[tuple[int, int]]] = {}
    for start, end in segments:
        by_rank.setdefault(start[1], []).append((place[start], place[end]))
    return sum(
        (one[0] - two[0]) * (one[1] - two[1]) < 0
        for gap in by_rank.values()
        for index, one in enumerate(gap)
        for two in gap[:index]
    )


def _heights(
    columns: Sequence[Sequence[Item]],
    segments: Sequence[tuple[Item, Item]],
    spine: Collection[str],
    extents: Mapping[str, tuple[float, float]],
    margin: float,
) -> dict[Item, float]:
    """Everything near its neighbours and clear of the others; the spine on the level."""
    nodes = {key: min(rank for key_, rank in _all(columns) if key_ == key) for key, _ in _all(columns)}
    depth = dict.fromkeys(_all(columns), 0.0)  # downwards
    pulls: dict[Item, list[tuple[Item, float]]] = {item: [] for item in depth}
    for start, end in segments:
        weight = 3.0 if start[0] == end[0] else 1.0  # a lane would rather be straight
        pulls[start].append((end, weight))
        pulls[end].append((start, weight))

    def reach(item: Item) -> tuple[float, float]:
        return extents[item[0]] if nodes[item[0]] == item[1] else (0.08, 0.08)

    def on_spine(item: Item) -> bool:
        return item[0] in spine and nodes[item[0]] == item[1]

    def wish(item: Item) -> tuple[float, float]:
        """Where the item would be, and how much it matters."""
        if on_spine(item):
            return 0.0, 1e6
        if item in straight:
            return straight[item], 1e3
        total = sum(weight for _, weight in pulls[item])
        return (sum(depth[other] * weight for other, weight in pulls[item]) / total if total else depth[item]), 1.0

    straight: dict[Item, float] = {}
    lanes = [item for item in depth if nodes[item[0]] != item[1]]
    for sweep in range(24):
        for column in columns if sweep % 2 else columns[::-1]:
            wishes, weights = zip(*map(wish, column), strict=True) if column else ((), ())
            gaps = [reach(upper)[1] + margin + reach(lower)[0] for upper, lower in pairwise(column)]
            depth |= zip(column, spread(wishes, gaps, weights), strict=True)
        if sweep >= 12:
            straight = _straightened(lanes, depth)
    return {item: -value for item, value in depth.items()}


def _straightened(lanes: Sequence[Item], depth: Mapping[Item, float]) -> dict[Item, float]:
    """One height for all of a lane on one side of the spine: the outermost that some node on its way asks for."""
    sides: dict[tuple[str, bool], list[float]] = {}
    for item in lanes:
        sides.setdefault((item[0], depth[item] > 0), []).append(depth[item])
    return {item: max(sides[item[0], depth[item] > 0], key=abs) for item in lanes}


def _all(columns: Sequence[Sequence[Item]]) -> list[Item]:
    return [item for column in columns for item in column]
