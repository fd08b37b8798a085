"""A pass with numbers, in floats and where possible exactly, and the two checks that it must pass before it is printed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..calculus.steps import Derivation
from ..errors import CheckFailed
from ..expressions.nodes import Entry
from ..expressions.system import System, cotangent, lhs_of
from ..spec import Spec
from ..spec.models import Style
from . import acceptance, evaluate, rounding
from .evaluate import Array, Values
from .given_values import FREE
from .rounding import Number, array, number

ROUNDING = 1e-14
"""By how much a slope that is 0 may be off, where the largest number of a pass is 1: a softmax of one entry is always 1."""

RATES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001)


AFTER = "after "
"""Before the key of a tensor: its value after the step of gradient descent."""

RATE = "rate"


@dataclass(frozen=True)
class Pass:
    """One pass with numbers: values and cotangents before, the rate, the parameters and the cost after one step.

    given: the tensors whose values the spec gives. exact, exact_after: the same numbers as they are exactly, where the pass was
    worked so. style: the kind of numbers. seed, attempt: what they were drawn from.
    """

    values: Values
    rate: float
    after: Values
    given: frozenset[str]
    exact: Mapping[str, Array] = field(default_factory=dict, repr=False)
    exact_after: Mapping[str, Array] = field(default_factory=dict, repr=False)
    exact_rate: Any = None
    style: Style | None = None
    seed: int | None = None
    attempt: int = 0

    def best(self, key: str, after: bool = False) -> Array:
        """A tensor as exactly as it is known."""
        known, floats = (self.exact_after, self.after) if after else (self.exact, self.values)
        return known[key] if key in known else floats[key]

    def number(self, key: str, after: bool = False) -> Number:
        """A single number for the sheet."""
        of = f"{AFTER}{key}" if after else key
        return number(self.best(key, after).reshape(())[()], style=self.style, worked=bool(self.exact), of=of)

    def array(self, key: str, after: bool = False) -> tuple[Any, ...] | Number:
        """A tensor for the sheet."""
        return array(self.best(key, after), self.style, worked=bool(self.exact))

    def rate_number(self) -> Number:
        return number(self.rate if self.exact_rate is None else self.exact_rate, style=self.style, of=RATE)

    def signature(self, system: System) -> str:
        """Equal for passes that hand out the same numbers."""
        handed = {k: [str(rounding.fraction(v)) for v in self.best(k).flat] for k in sorted(free(system))}
        return hashlib.sha256(json.dumps([handed, str(rounding.fraction(self.rate))]).encode()).hexdigest()[:16]


def free(system: System) -> list[str]:
    """The tensors that no equation defines."""
    return [t.key for t in system.tensors.values() if t.role not in FREE]


def in_floats(derivation: Derivation, found: Pass) -> Pass:
    """The pass with its numbers as floats besides."""
    values = {k: v.astype(float) for k, v in found.exact.items()}
    return replace(found, values=values, after={k: v.astype(float) for k, v in found.exact_after.items()})


def require_agreement(derivation: Derivation, found: Pass) -> None:
    """The exact numbers against those of `evaluate`, which works on whole arrays of floats and shares nothing with `exact`."""
    system = derivation.system
    with np.errstate(all="ignore"):
        start = {k: found.values[k] for k in free(system)}
        again = evaluate.run(system, start)
        again |= {cotangent(s): np.ones(system.tensors[s].shape) for s in derivation.seeds}
        for equation in derivation.gradients.values():
            lhs = lhs_of(equation)
            again[lhs.key] = evaluate.evaluate(equation.rhs, again, lhs.indices)
        pairs = [(k, found.values[k], v) for k, v in again.items()]
        if found.after:
            after = evaluate.run(system, {k: found.after[k] for k in free(system)})
            pairs += [(k, found.after[k], v) for k, v in after.items()]
    for key, ours, theirs in pairs:
        scale = max(1.0, float(np.max(np.abs(theirs), initial=0.0)))
        if np.isfinite(scale) and not np.all(np.abs(ours - theirs) <= 1e-9 * scale):
            raise CheckFailed(
                f"the worked number {acceptance.name(key, system)} is not the same in exact arithmetic and in floats"
            )


def require_slope(derivation: Derivation, found: Pass) -> None:
    """The printed gradients once more, at the printed numbers, against a complex step of the forward pass."""
    system = derivation.system
    if system.objective is None:
        return
    given = {k: v for k, v in found.values.items() if k in system.tensors}
    rng = np.random.default_rng(7)
    directions = {t.key: rng.normal(size=t.shape) for t in system.parameters if cotangent(t.key) in found.values}
    with np.errstate(all="ignore"):
        slope = float(evaluate.tilted(evaluate.run(system, evaluate.tilt(given, directions))[system.objective]))
    parts = [float(np.sum(found.values[cotangent(k)] * d)) for k, d in directions.items()]
    if not np.isfinite(slope):
        return  # numbers so large that a step from them overflows; the formulas were checked at others
    largest = max(1.0, *(float(np.max(np.abs(v), initial=0.0)) for v in found.values.values()))
    if not abs(sum(parts) - slope) <= max(1e-7 * max(abs(slope), *map(abs, parts), 0.0), ROUNDING * largest):
        raise CheckFailed("the worked gradients do not agree with the forward pass at the worked numbers; nothing was printed")


def in_floats_alone(
    spec: Spec, derivation: Derivation, start: Values, given: frozenset[str], rates: tuple[float, ...] = RATES
) -> Pass | None:
    """A pass in floats, with the first rate that lowers the cost, else the best; None where values or slopes are no numbers."""
    with np.errstate(all="ignore"):
        return _float_pass(spec, derivation, start, given, rates)


def _float_pass(
    spec: Spec, derivation: Derivation, start: Values, given: frozenset[str], rates: tuple[float, ...]
) -> Pass | None:
    system = derivation.system
    values = evaluate.run(system, start)
    if not all(np.all(np.isfinite(v)) for v in values.values()):
        return None
    for seed in derivation.seeds:
        values[cotangent(seed)] = np.ones(system.tensors[seed].shape)
    for equation in derivation.gradients.values():
        lhs = equation.lhs
        assert isinstance(lhs, Entry)
        values[lhs.key] = evaluate.evaluate(equation.rhs, values, lhs.indices)
    if not all(np.all(np.isfinite(v)) for v in values.values()):
        return None  # a norm at 0: it has a value there, and no slope
    if system.objective is None:
        return Pass(values, 0.0, {}, given)
    before = float(values[system.objective])
    fallback: Pass | None = None
    for rate in [float(spec.learning_rate)] if spec.learning_rate else rates:
        stepped = {
            t.key: start[t.key] - (rate * values[cotangent(t.key)] if t.role == "parameter" and cotangent(t.key) in values else 0)
            for t in system.tensors.values()
            if t.key in start
        }
        after = evaluate.run(system, stepped)
        if not all(np.all(np.isfinite(v)) for v in after.values()):
            continue
        found = Pass(values, rate, after, given)
        if float(after[system.objective]) < before:
            return found
        if fallback is None or after[system.objective] < fallback.after[system.objective]:
            fallback = found
    return fallback
