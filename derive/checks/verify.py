"""Derivation -> Checks: every displayed equation, in the view in which it is shown, against the forward program alone.

The reference is never a formula of ours. A differential, a partial and a cotangent are compared with the complex-step derivative
of the forward equations at random points; a form in matrices is evaluated with matrix products and compared with the same
reference. Each cotangent is checked against the equations that use its tensor (the dot-product test: <z̄, dz> on both sides), so
the work is linear in the number of equations; and each parameter's gradient once more against the whole forward pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sympy import Expr, Pow

from ..calculus.steps import Derivation
from ..errors import CheckFailed, DeriveError
from ..expressions.nodes import Entry, Total
from ..expressions.system import Equation, System, lhs_of
from ..expressions.traversal import free_indices, nodes
from ..expressions.views import View
from ..notation.views import Shown
from ..numbers import evaluate
from ..numbers.evaluate import Values
from .comparison import Check
from .step_checks import Point

POINTS = 2
"""Random points at which everything is checked; one for a system of more than `MANY` equations, and each formula once."""

MANY = 100


def check(derivation: Derivation, shown_in: Sequence[View] = ("index",), seed: int = 20) -> tuple[Check, ...]:
    """Check every step in every view asked for. Never raises for a wrong equation: the checks say so."""
    checks: list[Check] = []
    large = len(derivation.system.equations) > MANY
    forms: dict[tuple[Equation, View], Shown] = {}
    for point in range(1 if large else POINTS):
        rng = np.random.default_rng([seed, point])
        values = random_point(derivation.system, rng)
        checks += Point(derivation, rng, values, tuple(shown_in), large, forms).checks()
    return _worst(checks)


def require(checks: Sequence[Check]) -> None:
    """Stop where a check failed, naming the step."""
    for found in checks:
        if not found.ok:
            raise CheckFailed(
                f"{found.what} is wrong in the {found.view} view: off by {found.error:.1e} ({found.how}); nothing was printed",
                hint="this is a defect of the derivation, not of your spec: please report it with the spec",
            )


def _worst(checks: Sequence[Check]) -> tuple[Check, ...]:
    found: dict[tuple[str, str, str], Check] = {}
    for one in checks:
        mark = (one.what, one.view, one.how)
        if mark not in found or _rank(one) > _rank(found[mark]):
            found[mark] = one
    return tuple(found.values())


def _rank(found: Check) -> float:
    return found.error if np.isfinite(found.error) else float("inf")


# --- a point ------------------------------------------------------------------------------------------------------------------


def random_point(system: System, rng: np.random.Generator, negative: float | None = None, scale: float = 1.0) -> Values:
    """Random values for all that is given, at which the forward pass is defined and has a slope, and the forward pass itself.

    negative: which share of the numbers is negative; with few of them most units of a deep ReLU network are on, which else is a
    matter of luck. scale: how large they are.
    """
    level: str | None = None
    for attempt in range(24):
        values: Values = {}
        for tensor in system.tensors.values():
            if tensor.role not in ("intermediate", "objective"):
                width = max(1, tensor.shape[-1] if len(tensor.shape) > 1 else 1)
                spread = scale / np.sqrt(width)
                if negative is not None:  # sums of many numbers of one sign grow from layer to layer
                    spread = 0.9 / width if len(tensor.shape) > 1 else 0.3
                drawn = rng.normal(size=tensor.shape)
                if attempt % 2 or negative is not None:
                    drawn = 0.3 + np.abs(drawn)  # logarithms and roots want positive numbers
                if attempt % 2 == 0 and negative:
                    drawn = np.where(rng.random(tensor.shape) < negative, -drawn, drawn)
                values[tensor.key] = np.asarray(drawn * spread)
        values |= {key: np.asarray(value) for key, value in system.constants.items()}
        for fact in system.facts:
            _meet(fact.pattern, system, values)
        with np.errstate(all="ignore"):
            out = evaluate.run(system, values)
            if all(np.all(np.isfinite(v)) for v in out.values()):
                level = next((lhs_of(e).key for e in system.equations if _at_a_root_of_nothing(e, out)), None)
                if level is None:
                    return out
    if level is not None:
        raise DeriveError(
            f"`{level}` has no derivative at any of the random points that were tried",
            hint="its equation takes the root or the norm of something that is 0 whatever the numbers",
        )
    bad = next((k for k, v in out.items() if k in system.defines() and not np.all(np.isfinite(v))), "the forward pass")
    raise DeriveError(
        f"`{bad}` is not a number at any of the random points that were tried",
        hint="its equation divides by zero, overflows, or takes the root or logarithm of a negative number; "
        "a loss on probabilities wants them to come from an activation such as sigmoid or softmax",
    )


def _at_a_root_of_nothing(equation: Equation, values: Values) -> bool:
    """Whether an equation takes a root of 0 here: it has a value, and no slope."""
    roots = (n for n in nodes(equation.rhs) if isinstance(n, Pow) and n.exp.is_number and not n.exp.is_Integer)
    return any(np.any(evaluate.evaluate(n.base, values, tuple(free_indices(n.base))) == 0) for n in roots)


def _meet(pattern: Expr, system: System, values: Values) -> None:
    """Make a given tensor positive with the known sum 1, where a fact says that its sum is 1."""
    assert isinstance(pattern, Total)
    entry = pattern.body
    if isinstance(entry, Entry) and entry.key in values:
        axis = entry.indices.index(pattern.indices[0])
        positive = np.abs(values[entry.key]) + 0.1
        values[entry.key] = positive / positive.sum(axis=axis, keepdims=True)


__all__ = ["Check", "check", "random_point", "require"]
