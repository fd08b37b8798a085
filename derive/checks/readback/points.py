"""Several points of one derivation at once: what is drawn at each of them is stacked, with an axis for the points in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...expressions.system import System
from ...numbers.evaluate import Array
from .values import Value
from .world import World


class Stacked(dict[str, Array]):
    """By key, what `drawn` is at each point; stacked when it is asked for, since a page reads some quantities of many.

    views: as lines have them, along their letters.
    """

    def __init__(self, drawn: list[Mapping[str, Array]]) -> None:
        super().__init__()
        self.drawn = drawn
        self.views: dict[object, Value] = {}

    def __missing__(self, key: str) -> Array:
        found = self[key] = np.stack([np.asarray(each[key]) for each in self.drawn])
        return found

    def __contains__(self, key: object) -> bool:
        return key in self.drawn[0]


Spans = tuple[tuple[str, int | None], ...]
"""Letters of indices, each with how many entries its axis has."""


@dataclass
class Points:
    """Where a line is evaluated, all at once. spans: by what a name stands for."""

    worlds: tuple[World, ...]
    columns: dict[tuple[str, str, tuple[int, ...]], Array] = field(default_factory=dict)
    spans: dict[object, Spans] = field(default_factory=dict)
    alone: dict[tuple[str, frozenset[str]], Stacked] = field(default_factory=dict)

    @cached_property
    def values(self) -> Stacked:
        return Stacked([world.values for world in self.worlds])

    @cached_property
    def changes(self) -> Stacked:
        return Stacked([world.changes for world in self.worlds])

    def __len__(self) -> int:
        return len(self.worlds)

    @property
    def one(self) -> World:
        """One of the points, for what is the same at all of them."""
        return self.worlds[0]

    @property
    def system(self) -> System:
        return self.one.derivation.system

    def depends(self, key: str, by: str) -> bool:
        """Whether at some point the value of the line of `key` is another one for some other values of `by`."""
        return any(world.depends(key, by) for world in self.worlds)

    def held(self, key: str, zero: frozenset[str]) -> Stacked:
        """Changes of what the line of `key` reads, random but for those that are zero, and that of `key` itself."""
        if (key, zero) not in self.alone:
            self.alone[key, zero] = Stacked([world.held(key, zero) for world in self.worlds])
        return self.alone[key, zero]

    def column(self, key: str, by: str, place: tuple[int, ...]) -> Array:
        """∂key/∂by[place] for every entry of `key`, by its own line alone."""
        mark = (key, by, place)
        if mark not in self.columns:
            self.columns[mark] = self.each(lambda world: world.column(key, by, place))
        return self.columns[mark]

    def second(self, key: str, first: str, then: str) -> Array:
        """∂²key/∂then ∂first for single numbers."""
        return self.each(lambda world: np.asarray(world.second(key, first, then)))

    def each(self, found: Callable[[World], Array]) -> Array:
        return np.stack([found(world) for world in self.worlds])
