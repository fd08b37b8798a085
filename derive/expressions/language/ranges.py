"""How many values an index takes.

A plain index runs over the whole axis in which it stands. An affine one, x[2*i + p], takes as many values as fit: the largest
number that never leaves the axis.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ...errors import EquationError
from ..nodes import Index
from .grammar import Source, chain, is_whole
from .operations import described

T = TypeVar("T")


@dataclass(frozen=True)
class Affine(Generic[T]):
    """constant + Σ factor · index, the indices in the order in which they were written."""

    parts: dict[T, int]
    constant: int


@dataclass(eq=False)
class Slot:
    """One index of an equation: free, or bound by one sum. Two sums may bind one letter: those are two slots."""

    letter: str
    size: int | None
    because: str
    first: ast.expr | None = None

    @property
    def index(self) -> Index:
        assert self.size is not None
        return Index(self.letter, self.size)

    def declare(self, size: int) -> None:
        self.size, self.because = size, f"{self.letter} is declared with {size} values"


@dataclass(frozen=True)
class Use:
    """An index expression in its place: on this axis of this entry."""

    node: ast.Subscript
    name: str
    axis: int
    shape: tuple[int, ...]
    form: Affine[Slot]

    @property
    def length(self) -> int:
        return self.shape[self.axis]

    @property
    def plain(self) -> Slot | None:
        """The index, where it stands alone."""
        return next(iter(self.form.parts)) if self.form.constant == 0 and [*self.form.parts.values()] == [1] else None

    def reach(self) -> tuple[int, int]:
        """The smallest and the largest value that the index expression takes."""
        ends = [factor * ((slot.size or 1) - 1) for slot, factor in self.form.parts.items()]
        return self.form.constant + sum(e for e in ends if e < 0), self.form.constant + sum(e for e in ends if e > 0)

    def fitting(self, unknown: Slot) -> int:
        """How many values `unknown` can take at most, all other indices being known (an unknown one counts as 0 so far)."""
        factor = self.form.parts[unknown]
        low, high = self.reach()
        room = self.length - 1 - high if factor > 0 else low
        return room // abs(factor) + 1


def affine(source: Source, node: ast.expr, find: Callable[[ast.Name], T]) -> Affine[T]:
    """Read an index expression such as 2*i + p - 1; `find` says what a letter means."""
    parts: dict[T, int] = {}
    constant = 0

    def collect(node: ast.expr, factor: int) -> None:
        nonlocal constant
        match node:
            case ast.Name():
                index = find(node)
                parts[index] = parts.get(index, 0) + factor
            case ast.Constant():
                number = source.number(node)
                if not is_whole(number):
                    raise source.error(f"the index `{source.of(node)}` is not a whole number", node)
                constant += factor * int(number)
            case ast.UnaryOp(op=sign, operand=operand):
                collect(operand, -factor if isinstance(sign, ast.USub) else factor)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                for link, operand in chain(node, ast.Add, ast.Sub):
                    collect(operand, -factor if isinstance(link, ast.Sub) else factor)
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                a, b = affine(source, left, find), affine(source, right, find)
                if a.parts and b.parts:
                    raise _not_affine(source, node)
                number, other = (b.constant, left) if a.parts else (a.constant, right)
                collect(other, factor * number)
            case _:
                raise _not_affine(source, node)

    collect(node, 1)
    return Affine({index: factor for index, factor in parts.items() if factor}, constant)


def _not_affine(source: Source, node: ast.expr) -> EquationError:
    return source.error(f"`{source.of(node)}` cannot be an index", node, "an index is a letter, a number, or like 2*i + p - 1")


def solve(source: Source, slots: Iterable[Slot], uses: list[Use]) -> None:
    """Give every slot its size, and make sure that no index leaves its axis."""
    # In x[i+1] - x[i], the plain index does not run over all of x: it is one of the affine ones.
    shifted = {(use.name, use.axis, slot) for use in uses if use.plain is None for slot in use.form.parts}
    for use in uses:
        slot = use.plain
        if slot is not None and (use.name, use.axis, slot) not in shifted:
            _unify(source, slot, use)
    unknown = [slot for slot in dict.fromkeys(slots) if slot.size is None]
    while unknown:
        solved = next((slot for slot in unknown if _fit(source, slot, uses)), None)
        if solved is None:
            slot = unknown[0]
            raise source.error(f"the size of index {slot.letter} cannot be inferred", slot.first or 1, "declare it under `sizes`")
        unknown.remove(solved)
    for use in uses:
        low, high = use.reach()
        if low < 0 or high >= use.length:
            there = f"{use.name}[{_at(use, low if low < 0 else high)}]"
            message = f"{source.of(use.node)} reaches {there}, but" if use.form.parts else f"there is no {there}:"
            hint = f"indices count from 0: here up to {use.length - 1}"
            raise source.error(f"{message} {described(use.name, use.shape)}", use.node, hint)


def _unify(source: Source, slot: Slot, use: Use) -> None:
    here = described(source.of(use.node), use.shape)
    if slot.size is None:
        values = "1 value" if use.length == 1 else f"{use.length} values"
        slot.size, slot.because = use.length, f"{here}, so {slot.letter} has {values}"
    elif slot.size != use.length:
        raise source.error(f"{slot.because}, but {here}", use.node)


def _fit(source: Source, slot: Slot, uses: list[Use]) -> bool:
    """Solve for a slot where it is the only unknown; whether that gave its size."""
    fitting = [
        (use.fitting(slot), use)
        for use in uses
        if slot in use.form.parts and all(other.size is not None for other in use.form.parts if other is not slot)
    ]
    if not fitting:
        return False
    most, use = min(fitting, key=lambda pair: pair[0])
    if most < 1:
        raise source.error(f"{source.of(use.node)} does not fit: {described(use.name, use.shape)}", use.node)
    slot.size, slot.because = most, f"{source.of(use.node)} leaves {slot.letter} {most} values"
    return True


def _at(use: Use, value: int) -> str:
    return ",".join(str(value) if axis == use.axis else "…" for axis in range(len(use.shape)))
