"""The usual errors at one step of gradient descent: in numbers, since there is no line of the derivation for it."""

from __future__ import annotations

from collections.abc import Iterator

from ..numbers.evaluate import Array

Wrong = tuple[str, Array]
"""A mal-rule's key, and the new value that it leads to."""


def wrong_steps(old: Array, rate: float, slope: Array) -> Iterator[Wrong]:
    """What may stand for `old` - `rate` · `slope`."""
    yield "uphill", old + rate * slope
    yield "rate_forgotten", old - slope
    yield "step_alone", -rate * slope
    yield "step_alone", rate * slope
    yield "gradient_alone", slope
