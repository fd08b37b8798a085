"""Whether two readings of one line, each in its own signs, are the same tree: then they need not be worked out twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import tree
from .letters import Letters
from .tree import Name, Tree

ALIKE = {"≤": r"\le", "<=": r"\le"}


def same(one: Tree, first: Letters, other: Tree, then: Letters) -> bool:
    """Whether both are built alike of the same quantities. Raises Unreadable where a name may be two.

    False says nothing: what is written otherwise (e^u and exp(u), x² as a name with something above it) may still be equal.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, Name) and isinstance(other, Name):
        return _same_name(one, first, other, then)
    beside = BESIDE.get(type(one))
    if beside is not None and beside(one, first) != beside(other, then):
        return False
    parts, others = one.children, other.children
    return len(parts) == len(others) and all(same(a, first, b, then) for a, b in zip(parts, others, strict=True))


def _same_name(one: Name, first: Letters, other: Name, then: Letters) -> bool:
    a, b = first.meaning(one), then.meaning(other)
    if a is None or b is None:
        return a is b and (one.letter.removeprefix("\\"), one.below, one.above) == (other.letter, other.below, other.above)
    return a.sign.key == b.sign.key and a.indices == b.indices and a.power == b.power and a.sign.matrix == b.sign.matrix


def _called(call: tree.Call, known: Letters) -> object:
    return known.signs.functions.get(call.name) or (call.name.removeprefix("\\"),), call.order, call.along


def _held(found: tree.Derivative, known: Letters) -> object:
    return len(found.by), None if found.held is None else tuple(name is None for name in found.held)


BESIDE: Mapping[type[Tree], Callable[[Any, Letters], object]] = {
    tree.Number: lambda found, known: found.value,
    tree.Power: lambda found, known: found.entrywise,
    tree.Call: _called,
    tree.Derivative: _held,
    tree.Total: lambda found, known: (found.letters, found.bounds),
    tree.Entrywise: lambda found, known: [sign for sign, _ in found.rest],
    tree.Relation: lambda found, known: ([ALIKE.get(sign, sign) for sign in found.signs], found.ranges),
    tree.Cases: lambda found, known: [condition is None for _, condition in found.rows],
}
"""What a tree has beside the trees in it."""
