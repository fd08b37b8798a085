"""Single numbers, as exact as they are: whole numbers and fractions stay so, and only a root or an exponential rounds."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from sympy import Expr

Real = int | Fraction | float

BITS = 512
"""A number of more is no longer kept exactly."""


def bounded(value: Any) -> Any:
    """A number with more digits than anyone could read goes on as a float."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise OverflowError
        return value
    return float(value) if value.numerator.bit_length() + value.denominator.bit_length() > BITS else value


def constant(expr: Expr) -> Real:
    """A number of SymPy's, exactly where it is rational; a decimal number is taken as it is written."""
    if expr.is_Integer:
        return int(expr)
    if expr.is_Rational:
        return Fraction(int(expr.p), int(expr.q))
    return Fraction(repr(float(expr))) if expr.is_Float else float(expr)


def power(base: Any, exponent: Any) -> Any:
    """base to the exponent; a power of a rational number that is rational stays so, the root of 9/4 too."""
    if isinstance(exponent, int):
        if not isinstance(base, float) and (base.numerator * base.denominator).bit_length() * abs(exponent) > BITS:
            base = float(base)
        if exponent >= 0:
            return base**exponent
        return 1 / base**-exponent if isinstance(base, float) else Fraction(1) / Fraction(base) ** -exponent
    if exponent == Fraction(1, 2):
        return _root(base)
    return math.pow(base, exponent)


def _root(base: Any) -> Any:
    if isinstance(base, int | Fraction) and base >= 0:
        over, under = math.isqrt(base.numerator), math.isqrt(base.denominator)
        if over * over == base.numerator and under * under == base.denominator:
            return Fraction(over, under)
    return math.sqrt(base)


def as_exact(value: Any) -> Any:
    """A number as it was meant: 0.1 is 1/10, the float next to 1/3 is 1/3, a whole number is an int."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else value
    if isinstance(value, int):
        return int(value)
    value = float(value)
    if value.is_integer():
        return int(value)
    written = Fraction(repr(value))
    simple = written.limit_denominator(1000)
    return simple if float(simple) == value else written
