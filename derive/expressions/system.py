"""Tensors, the equations between their entries, and systems of equations: a forward program as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from sympy import Expr

from .nodes import Entry, Index
from .traversal import nodes

Role = Literal["input", "target", "parameter", "constant", "intermediate", "objective", "cotangent"]

COUNT = "N examples"
"""The key of the number of training examples, which a mini-batch writes as the letter N."""

HELD: frozenset[Role] = frozenset({"target", "constant"})
"""Roles whose differential is zero: data that no one changes."""


@dataclass(frozen=True)
class Tensor:
    """A named array of scalars.

    key: unique in its system, `base` alone or `base.layer`.
    base: the name as written, `W` or `h_prev`; `layer` its number (the input is layer 0), or None for a name without one.
    cased: the name belongs to a catalogue layer, so w[j,k] is an entry of the matrix W; a user's own name stays as it is.
    signal: its cotangent is written δ, as the textbooks write that of a pre-activation.
    batch: axis that runs over the training examples, or None.
    """

    key: str
    shape: tuple[int, ...]
    role: Role
    base: str
    layer: int | None = None
    cased: bool = False
    signal: bool = False
    batch: int | None = None


@dataclass(frozen=True)
class Equation:
    """lhs = rhs, for every value of the free indices of lhs."""

    lhs: Expr
    rhs: Expr


@dataclass(frozen=True)
class Fact:
    """A sum that is known: `pattern` equals `value`, because of `reason` (a key of the rule book)."""

    pattern: Expr
    value: Expr
    reason: str


@dataclass(frozen=True)
class Block:
    """One layer as it stands in a system: which equations it is, and what it reads and gives.

    shape_free: two blocks of equal `kind` and equal `reads` (relative to their own number) differ in sizes and labels alone.
    """

    number: int
    kind: str
    title: str
    equations: tuple[int, ...]
    reads: tuple[str, ...]
    gives: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class System:
    """A forward program: equations in the order in which they are evaluated, and what each name is.

    glyphs: how the author writes a name, where that is another way than its own letters. count_from: the number of the first
    place on an axis, where the author says it.
    """

    tensors: Mapping[str, Tensor]
    equations: tuple[Equation, ...]
    objective: str | None = None
    blocks: tuple[Block, ...] = ()
    facts: tuple[Fact, ...] = ()
    examples: int | None = None
    remarks: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    glyphs: Mapping[str, str] = field(default_factory=dict)
    count_from: Literal[0, 1] | None = None

    @cached_property
    def depth(self) -> int:
        """The number of layers, L."""
        return max((b.number for b in self.blocks), default=0)

    @cached_property
    def first_index(self) -> int:
        """What a reader counts places from: the author's choice; else 0 where an equation names places (x[0], x[i+p]), or 1."""
        if self.count_from is not None:
            return self.count_from
        places = (i for e in self.equations for n in nodes(e.rhs) if isinstance(n, Entry) for i in n.indices)
        return 0 if any(not isinstance(i, Index) for i in places) else 1

    def of_role(self, *roles: Role) -> tuple[Tensor, ...]:
        return tuple(t for t in self.tensors.values() if t.role in roles)

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        return self.of_role("parameter")

    def defines(self) -> dict[str, Equation]:
        """Each defined key with its equation."""
        return {lhs_of(e).key: e for e in self.equations}


def lhs_of(equation: Equation) -> Entry:
    """The entry that an equation of a system defines."""
    assert isinstance(equation.lhs, Entry)
    return equation.lhs


def cotangent(key: str) -> str:
    """The key of ∂C/∂`key`."""
    return f"bar {key}"


def is_cotangent(key: str) -> bool:
    return key.startswith("bar ")


def primal(key: str) -> str:
    """The key of which `key` is the cotangent."""
    return key.removeprefix("bar ")
