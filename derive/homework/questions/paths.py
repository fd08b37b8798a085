"""The ways from the cost down to a quantity: which derivatives are found on them, and by which lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ...calculus.steps import Derivation, Step
from ...expressions.system import System, cotangent, lhs_of
from ...expressions.traversal import entries

LINES = 6
"""So many lines at most among which an error is to be found."""


def derivatives(derivation: Derivation) -> dict[str, Step]:
    """Every derivative of the cost, with its last line."""
    return {cotangent(k): steps[-1] for k in derivation.gradients if (steps := derivation.of("gradient", k))}


def of_parameters(derivation: Derivation) -> dict[str, Step]:
    """Every parameter that the cost depends on, with the last line of its gradient."""
    found = derivatives(derivation)
    return {t.key: found[cotangent(t.key)] for t in derivation.system.parameters if cotangent(t.key) in found}


def lines_down(derivation: Derivation, about: str, known: Collection[str]) -> list[Step]:
    """The last gradient lines on the way down to `about`, and its own; without what is known, which would be told here."""
    keys = [k for k in way_down(derivation, about) if k not in known]
    steps = [derivation.of("gradient", k)[-1] for k in (*keys, about)]
    return [s for s in steps if s.rules][-LINES:]


def way_down(derivation: Derivation, about: str, known: Iterable[str] = ()) -> tuple[str, ...]:
    """The cotangents on the way from the cost down to `about`, from the top; those behind a known one are not needed."""
    found: set[str] = set()
    ahead = [about]
    while ahead:
        key = ahead.pop()
        for user in _users(derivation.system, key):
            if user not in found and user in derivation.gradients:
                found.add(user)
                if user not in known:
                    ahead.append(user)
    return tuple(k for k in derivation.gradients if k in found)


def _users(system: System, key: str) -> tuple[str, ...]:
    """The quantities that are computed from this one directly."""
    return tuple(lhs_of(e).key for e in system.equations if any(n.key == key for n in entries(e.rhs)))
