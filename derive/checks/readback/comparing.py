"""A line's sides, compared."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from . import tree, values
from .evaluation import Evaluation
from .letters import Scope
from .tokens import Unreadable
from .values import Value

TOLERANCE = 1e-7
"""Relative to the larger side of a line."""

SECOND = 1e-4
"""For second derivatives, whose reference is a difference."""


@dataclass
class Told:
    """What a page has said so far: the layers that ℓ stands for; that layer 0 stands for the input; along what softmax acts.

    asked: a name of layer 0 has been written, and what it stands for comes next. part: the section. row: the name that begins the
    row of a table, and where.
    """

    layers: tuple[int, ...] | None = None
    zero: str | None = None
    asked: bool = False
    part: str = ""
    row: tuple[str, int] | None = None
    rows: bool | None = None


@dataclass(frozen=True)
class Outcome:
    """What a line came to: its sides, None for what is not a value, and whether it states anything."""

    sides: list[Value | None]
    states: bool
    scope: Scope | None


def compare(claim: tree.Relation, reader: Evaluation, told: Told, numbers: bool = True) -> Outcome:
    """What the sides of a line come to, which must agree. Raises Unreadable where they do not.

    numbers: whether a number alone on a side is a value of the other side. A softmax that says nothing of rows and columns acts
    on a page everywhere along the same.
    """
    usual = told.rows is not False
    problem = Unreadable("nothing reads it")
    for rows in (usual, not usual):
        reader.rows, reader.uses_rows, reader.matrix = rows, False, False
        outcome, off, tolerance = apart(claim, reader, numbers)
        if off <= tolerance:
            told.rows = rows if reader.matrix else told.rows
            return outcome
        problem = Unreadable(f"its sides differ by {off:.1e}")
        if not reader.uses_rows or (reader.matrix and told.rows is not None):
            break
    raise problem


def require_same(one: Outcome, other: Outcome) -> None:
    """Refuse two ways of writing a line that do not begin and end with the same."""
    for a, b in ((one.sides[0], other.sides[0]), (one.sides[-1], other.sides[-1])):
        if a is not None and b is not None and not values.difference(a, b) <= TOLERANCE:
            raise Unreadable("the text behind it says something else")


def apart(claim: tree.Relation, reader: Evaluation, numbers: bool) -> tuple[Outcome, float, float]:
    """The outcome, how far the sides are apart, and how far they may be."""
    sides = reader.sides(claim, numbers)
    stated = [pair for pair, sign in zip(pairwise(sides), claim.signs, strict=True) if sign == "="]
    pairs = [(a, b) for a, b in stated if a is not None and b is not None]
    if any(a == b for a, b in pairwise(claim.sides)):
        raise Unreadable("both of its sides are the same")
    left = claim.sides[0]
    if pairs and not isinstance(left, tree.Call):
        known = reader.letters_of(left)
        for alone in (x for side in claim.sides[1:] for x in reader.letters_of(side) if x not in known):
            raise Unreadable(f"`{alone}` stands on one side only")
    second = any(len(n.by) > 1 for n in tree.every(tree.Derivative, claim))
    outcome = Outcome(sides, bool(pairs), reader.scope)
    return outcome, max((values.difference(a, b, reader.largest) for a, b in pairs), default=0.0), SECOND if second else TOLERANCE
