"""Whether two readings of one line, each in its own signs, are the same tree: then they need not be worked out twice."""

from __future__ import annotations

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
    if isinstance(one, tree.Call) and isinstance(other, tree.Call):
        if _function(one, first) != _function(other, then) or (one.order, one.along) != (other.order, other.along):
            return False
    elif isinstance(one, tree.Total) and isinstance(other, tree.Total):
        if one.letters != other.letters or one.bounds != other.bounds:
            return False
    elif isinstance(one, tree.Relation) and isinstance(other, tree.Relation):
        signs = [tuple(ALIKE.get(sign, sign) for sign in r.signs) for r in (one, other)]
        if signs[0] != signs[1] or one.ranges != other.ranges:
            return False
    elif isinstance(one, tree.Entrywise) and isinstance(other, tree.Entrywise):
        if [sign for sign, _ in one.rest] != [sign for sign, _ in other.rest]:
            return False
    elif _plain(one) != _plain(other):
        return False
    parts, others = one.children, other.children
    return len(parts) == len(others) and all(same(a, first, b, then) for a, b in zip(parts, others, strict=True))


def _same_name(one: Name, first: Letters, other: Name, then: Letters) -> bool:
    a, b = first.meaning(one), then.meaning(other)
    if a is None or b is None:
        return a is b and (one.letter.removeprefix("\\"), one.below, one.above) == (other.letter, other.below, other.above)
    return (a.sign.key, a.indices, a.power, a.sign.matrix) == (b.sign.key, b.indices, b.power, b.sign.matrix)


def _function(call: tree.Call, known: Letters) -> tuple[str, ...]:
    return known.signs.functions.get(call.name) or (call.name.removeprefix("\\"),)


def _plain(found: Tree) -> object:
    """What a tree has beside the trees in it."""
    if isinstance(found, tree.Derivative):
        return len(found.by), None if found.held is None else tuple(name is None for name in found.held)
    if isinstance(found, tree.Cases):
        return tuple(condition is None for _, condition in found.rows)
    return getattr(found, "value", None), getattr(found, "entrywise", None)
