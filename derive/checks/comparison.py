"""A displayed equation against a reference: both of its sides to numbers, in the view in which it is shown, and how far off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import numpy as np
from sympy import Expr

from ..calculus.steps import Step
from ..expressions.nodes import Partial
from ..expressions.system import Equation
from ..notation import array_expressions
from ..notation.views import Shown
from ..numbers import evaluate
from ..numbers.evaluate import Array, Values
from . import array_values
from .complex_step import plain

TOLERANCE = 1e-8
"""Relative to the largest entry of the reference. Complex steps err by some 1e-15; what is wrong errs by far more than this."""


class Way(Enum):
    """How an equation was checked: by its numbers, by its symbols, or on another one that is the same but for its names."""

    NUMBERS = auto()
    SYMBOLS = auto()
    SHARED = auto()


@dataclass(frozen=True)
class Check:
    """One displayed equation: what it is, in which view, how it was checked (in words, and the way), by how much it was off."""

    what: str
    view: str
    how: str
    error: float
    tolerance: float = TOLERANCE
    section: str = ""
    about: str = ""
    way: Way = Way.NUMBERS

    @property
    def ok(self) -> bool:
        return bool(self.error <= self.tolerance)


def title(step: Step) -> str:
    """What the equation of a step is, with the names of its rules."""
    names = {
        "forward": "the forward equation of",
        "differential": "the differential of",
        "held": "the differential, others held constant, of",
        "partial": "the partial derivative of",
        "substitute": "the substitution for",
        "arranged": "the substitution, changes last, for",
        "gradient": "the derivative of the cost by",
        "total": "the total differential of",
        "product": "the chain rule's product for",
        "written_out": "the gradient, written out, of",
        "second": "the second derivative by",
    }
    lhs = step.result.lhs
    by = f" by {lhs.by.key}" if isinstance(lhs, Partial) else ""
    return f"{names[step.section]} {step.about}{by} ({', '.join(step.rules)})"


# --- views to numbers ---------------------------------------------------------------------------------------------------------


def sides(shown: Shown, axes: Sequence[Expr], values: Values) -> tuple[Array, Array]:
    """The right-hand side and the left-hand side of a shown equation as arrays over `axes`.

    KeyError where one names what has no value; ValueError or IndexError where shapes do not fit.
    """
    return _array(shown, axes, values), _array(_left(shown), axes, values)


def _array(shown: Shown, axes: Sequence[Expr], values: Values) -> Array:
    """The right-hand side."""
    if isinstance(shown, Equation):
        return evaluate.evaluate(shown.rhs, values, plain(axes))
    inside = [a for a in axes if a not in shown.labels]
    shape = [i.size for i in shown.labels]
    out = np.empty([*shape, *(i.size for i in plain(inside))])
    for place in np.ndindex(*shape):
        found = array_values.evaluate(shown.rhs, values, dict(zip(shown.labels, place, strict=True)))
        wanted = out[place].shape
        if found.shape != wanted + (1,) * (2 - len(wanted)):
            raise ValueError(f"the right-hand side has shape {found.shape}, the left {wanted}")
        out[place] = found.reshape(wanted)
    order = [*shown.labels, *inside]
    return out.transpose([order.index(a) for a in axes])


def _left(shown: Shown) -> Shown:
    """The equation of the left-hand side with itself."""
    if isinstance(shown, Equation):
        return Equation(shown.lhs, shown.lhs)
    return array_expressions.ArrayEquation(shown.lhs, shown.lhs, shown.labels)


def relative_error(value: Any, reference: Any) -> float:
    """The largest difference, relative to the largest entry of either; absolute where both are below 1/1000.

    For single lines at points of order one; cotangents, which may be tiny in a deep network, have a scale of their own.
    """
    value, reference = np.asarray(value), np.asarray(reference)
    if value.shape != reference.shape:
        return float("inf")
    if not value.size:
        return 0.0
    scale = max(float(np.max(np.abs(reference))), float(np.max(np.abs(value))), 1e-3)
    difference = float(np.max(np.abs(value - reference))) / scale
    return difference if np.isfinite(difference) else float("inf")
