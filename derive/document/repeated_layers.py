"""Layers that repeat: derived once for a general ℓ, and applied.

Consecutive layers form a run where the lines that are printed for them are the same by their letters, each layer's number written
as ℓ: they differ in numbers and sizes alone. What is printed is the lines of one of them, its representative; every other layer
of the run has been checked like it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from sympy import Expr
from sympy.core.symbol import Str

from ..calculus.steps import Derivation, Section, Step
from ..expressions.nodes import Elementwise, Entry, Index, Total
from ..expressions.system import Block, System, is_cotangent, lhs_of, primal
from ..expressions.traversal import free_indices, nodes

SHORTEST = 4
"""A run of fewer layers is printed layer by layer."""

FORWARD: tuple[Section, ...] = ("forward", "differential", "held", "partial")
BACKWARD: tuple[Section, ...] = (*FORWARD, "substitute", "arranged", "gradient")


@dataclass(frozen=True)
class Run:
    """The layers `first` … `last`; the lines of `representative` stand for them all, with the labels `general`.

    stands_for: what the lines read below the first layer, and the input that it reads in its place; for a run that begins there.
    """

    first: int
    last: int
    representative: Block
    general: Mapping[int, str]
    stands_for: tuple[str, str] | None = None

    @property
    def many(self) -> bool:
        """Whether it stands for more than one layer."""
        return self.last > self.first


def forward_runs(derivation: Derivation) -> tuple[Run, ...]:
    """Runs of layers with equal lines of the forward pass, equal differentials and equal partial derivatives."""
    return _runs(derivation, FORWARD)


def backward_runs(derivation: Derivation) -> tuple[Run, ...]:
    """Those of them that have equal lines going down as well, and equal gradients."""
    return _runs(derivation, BACKWARD)


def _runs(derivation: Derivation, sections: tuple[Section, ...]) -> tuple[Run, ...]:
    system = derivation.system
    lines = {b.number: _Letters(system, b.number).of(b, _steps(derivation, b, sections)) for b in system.blocks}
    found: list[Run] = []
    for _, blocks in groupby(system.blocks, key=lambda b: lines[b.number]):
        alike = list(blocks)
        stands_for = None
        if found and not found[-1].many and alike[0].number == 2:
            stands_for = _at_the_bottom(derivation, sections, found[-1].representative, alike[0])
        if len(alike) + (stands_for is not None) < SHORTEST:
            found += [Run(b.number, b.number, b, {}) for b in alike]
            continue
        first = found.pop().first if stands_for is not None else alike[0].number
        middle = alike[1]
        letters = _Letters(system, middle.number)
        letters.of(middle, _steps(derivation, middle, BACKWARD))
        found.append(Run(first, alike[-1].number, middle, letters.general(), stands_for))
    return tuple(found)


def _at_the_bottom(
    derivation: Derivation, sections: tuple[Section, ...], lowest: Block, next_one: Block
) -> tuple[str, str] | None:
    """What the second layer reads from the first, and the input in its place in the first; None where more differs."""
    system = derivation.system
    pairs = [(a, b) for a, b in zip(next_one.reads, lowest.reads, strict=False) if system.tensors[b].role == "input"]
    if len(set(pairs)) != 1 or pairs[0][0] != lowest.gives:
        return None
    above, below = pairs[0]
    standing = _Letters(system, lowest.number, {below: (above, next_one.number)})
    here = standing.of(lowest, _steps(derivation, lowest, sections))
    there = _Letters(system, next_one.number).of(next_one, _steps(derivation, next_one, sections))
    return pairs[0] if here == there else None


def _steps(derivation: Derivation, block: Block, sections: tuple[Section, ...]) -> list[Step]:
    """The steps about a layer: about what its equations define, and about its parameters."""
    system = derivation.system
    own = [p for p in block.parameters if system.tensors[p].layer == block.number]
    about = [*(lhs_of(system.equations[i]).key for i in block.equations), *own]
    return [step for key in about for section in sections for step in derivation.of(section, key)]


class _Letters:
    """Lines as they are printed, the number of their layer written as ℓ.

    standing: an input by its key, and the key and the layer that reads it in whose place it stands.
    """

    def __init__(self, system: System, number: int, standing: Mapping[str, tuple[str, int]] | None = None) -> None:
        self.system = system
        self.number = number
        self.standing = standing or {}
        self.offsets = {0}

    def of(self, block: Block, steps: list[Step]) -> Hashable:
        lines = tuple((s.section, s.rules, tuple(self.expr(s.result.lhs)), tuple(self.expr(s.result.rhs))) for s in steps)
        return block.kind, len(block.reads), lines

    def general(self) -> dict[int, str]:
        """What a general line writes for the numbers of the layers that it names."""
        return {self.number + k: rf"\ell{k:+d}" if k else r"\ell" for k in sorted(self.offsets)}

    def expr(self, expr: Expr) -> Iterator[Hashable]:
        for node in nodes(expr):
            if isinstance(node, Entry):
                yield from self.entry(node)
            elif isinstance(node, Total):
                counted = [i.size for i in node.indices if i not in free_indices(node.body)]
                yield "sum", len(node.indices), *counted
            elif isinstance(node, Index):
                yield node.name
            elif isinstance(node, Elementwise):
                yield node.name, node.order
            elif node.args:
                yield node.func, len(node.args)
            elif not isinstance(node, Str):
                yield node

    def entry(self, entry: Entry) -> Iterator[Hashable]:
        key = primal(entry.key) if is_cotangent(entry.key) else entry.key
        shape = self.system.tensors[key].shape if key in self.system.tensors else ()
        shown, number = self.standing.get(key, (key, self.number))
        tensor = self.system.tensors.get(shown)
        if tensor is None:
            yield shown
        else:
            offset = None if tensor.layer is None else tensor.layer - number
            self.offsets |= set() if offset is None else {offset}
            yield tensor.base, offset, is_cotangent(entry.key), len(entry.indices)
        for index, size in zip(entry.indices, shape, strict=False):  # a part of an axis is said with its numbers
            if isinstance(index, Index) and index.size != size:
                yield index.size, size
