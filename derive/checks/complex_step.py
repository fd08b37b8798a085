"""What the forward program alone says of derivatives: the references that every check compares with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sympy import Expr

from ..calculus.steps import Derivation
from ..expressions.nodes import Differential, Entry, Index
from ..expressions.system import Equation, cotangent
from ..expressions.traversal import entries
from ..numbers import evaluate
from ..numbers.evaluate import Array, Values

LEAST_GAIN = 0.05
"""A line whose value hardly changes is still taken to pass on this part of what arrives, when sizes are judged."""


@dataclass
class Reference:
    """The forward program of a derivation at one point, differentiated by complex steps.

    values: the forward values, and the cotangents that have been checked so far. sizes: how large each cotangent would be if
    nothing cancelled.
    """

    derivation: Derivation
    rng: np.random.Generator
    values: Values
    sizes: dict[str, float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.equations = self.derivation.system.defines()
        self.users: dict[str, list[Equation]] = {}
        for equation in self.derivation.system.equations:
            for key in dict.fromkeys(e.key for e in entries(equation.rhs)):
                self.users.setdefault(key, []).append(equation)

    def directions(self, equation: Equation, only: set[str] | None) -> dict[str, Array]:
        """Random changes of everything on the right that may change; zero for what is held."""
        tensors = self.derivation.system.tensors
        out = {}
        for key in dict.fromkeys(e.key for e in entries(equation.rhs)):
            moves = tensors[key].role not in ("target", "constant") and (only is None or key in only)
            shape = tensors[key].shape
            out[key] = self.rng.normal(size=shape) if moves else np.zeros(shape)
        return out

    def slope(self, equation: Equation, directions: Mapping[str, Array]) -> Array:
        """The change of the left-hand side along `directions`, by a complex step of the forward equation."""
        tilted = evaluate.tilt({k: self.values[k] for k in directions} | self._others(equation, directions), directions)
        lhs = entry_of(equation.lhs)
        return evaluate.tilted(evaluate.evaluate(equation.rhs, tilted, plain(lhs.indices)))

    def _others(self, equation: Equation, directions: Mapping[str, Array]) -> Values:
        return {e.key: self.values[e.key] for e in entries(equation.rhs) if e.key not in directions}

    def pulled(self, key: str, direction: Array) -> float:
        """<∂C/∂key, direction>, from the forward equations that use `key` and the cotangents above, checked before.

        On the way it measures how large the result would be if nothing cancelled: the cotangents above, times what each
        equation makes of a change. Against that a result is judged which is zero because its terms cancel.
        """
        out = size = 0.0
        length = float(np.linalg.norm(direction)) or 1.0
        for equation in self.users.get(key, ()):
            above = entry_of(equation.lhs).key
            if above == self.derivation.system.objective:
                seed, large = np.asarray(1.0), 1.0
            elif cotangent(above) in self.values:
                seed, large = self.values[cotangent(above)], self.sizes.get(above, 1.0)
            else:
                continue
            slope = self.slope(equation, {key: direction})
            out += float(np.sum(seed * slope))
            size += large * max(float(np.linalg.norm(slope)) / length, LEAST_GAIN)
        self.sizes[key] = size
        return out

    def scale(self, key: str) -> float:
        """The size against which a cotangent is measured."""
        own = float(np.linalg.norm(self.values.get(cotangent(key), np.asarray(0.0))))
        return max(own, 1e-4 * (self.sizes.get(key) or 1.0))

    def whole_slope(self, key: str) -> Array:
        """∂C/∂key for a single number, by a complex step of the whole forward pass."""
        system = self.derivation.system
        given = {k: v for k, v in self.values.items() if k in system.tensors}
        assert system.objective is not None
        return evaluate.tilted(evaluate.run(system, evaluate.tilt(given, {key: np.asarray(1.0)}))[system.objective])


def entry_of(expr: Expr) -> Entry:
    found = expr.entry if isinstance(expr, Differential) else expr
    assert isinstance(found, Entry)
    return found


def plain(indices: Sequence[Expr]) -> tuple[Index, ...]:
    return tuple(i for i in indices if isinstance(i, Index))
