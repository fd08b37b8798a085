"""Layers that repeat: derived once for a general ℓ, and applied.

Consecutive layers form a run where their equations differ in numbers and sizes alone. What is printed for a run is the line of
one of them, its representative, with its number written as ℓ; every other layer of the run has been checked like it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from .system import Block, System

SHORTEST = 4
"""A run of fewer layers is printed layer by layer."""


@dataclass(frozen=True)
class Run:
    """The layers `first` … `last`; the lines of `representative` stand for them all, with the labels `general`."""

    first: int
    last: int
    representative: Block
    general: Mapping[int, str]

    @property
    def many(self) -> bool:
        """Whether it stands for more than one layer."""
        return self.last > self.first


def forward_runs(system: System) -> tuple[Run, ...]:
    """Runs of layers with equal equations that read from the layer just below."""
    return _runs(system, lambda block: _kind(system, block))


def backward_runs(system: System) -> tuple[Run, ...]:
    """Runs of layers that are also used in the same way: by one layer above, of one kind."""
    users: dict[str, list[Block]] = {}
    for block in system.blocks:
        for key in block.reads:
            users.setdefault(key, []).append(block)

    def kind(block: Block) -> Hashable:
        above = users.get(block.gives, [])
        return _kind(system, block), tuple((b.kind.split()[0], b.number - block.number) for b in above)

    return _runs(system, kind)


def _kind(system: System, block: Block) -> Hashable:
    below = tuple(block.number - _number(system, key) for key in block.reads)
    parameters = tuple(block.number - (system.tensors[key].layer or 0) for key in block.parameters)
    return block.kind, below, parameters


def _number(system: System, key: str) -> int:
    """The number of the layer that gives `key`; 0 for an input."""
    return next((b.number for b in _giving(system.blocks).get(key, ())), 0)


@lru_cache(maxsize=8)
def _giving(blocks: tuple[Block, ...]) -> dict[str, tuple[Block, ...]]:
    return {b.gives: (b,) for b in blocks}


def _runs(system: System, kind: Callable[[Block], Hashable]) -> tuple[Run, ...]:
    found = []
    for _, blocks in groupby(system.blocks, key=kind):
        alike = list(blocks)
        if len(alike) < SHORTEST:
            found += [Run(b.number, b.number, b, {}) for b in alike]
            continue
        middle = alike[1]  # the first one reads the input, which has a name of its own
        n = middle.number
        found.append(Run(alike[0].number, alike[-1].number, middle, {n: r"\ell", n - 1: r"\ell-1", n + 1: r"\ell+1"}))
    return tuple(found)
