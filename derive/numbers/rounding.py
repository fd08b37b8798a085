"""How a number is printed: one rule for the sheet, the key and the check.

Exact where it is short; else four decimal places, rounded half away from zero, as people round. A number too small for them
(or very large) has four significant digits instead. Where a spec asks for fractions, what is a fraction is printed as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from ..spec.models import Style
from .evaluate import Array

DIGITS = 4
"""Decimal places that are printed; the same rule for every number on a sheet."""

LARGE = 10**7
LONGEST = 10_000
"""A fraction with a numerator or denominator from here on is printed as a rounded decimal number."""


@dataclass(frozen=True)
class Number:
    """A number as it is printed: its digits, and whether they are exact.

    value: the number that is meant, against which the digits are read back. of: where it is found in the sheet's `reference`.
    """

    text: str
    exact: bool
    value: Any = field(default=None, compare=False)
    of: str = ""


@dataclass(frozen=True)
class Printed:
    """A number as it is printed: in LaTeX, in plain text, whether it is exact, and the value that a reader takes from it."""

    latex: str
    plain: str
    exact: bool
    value: Fraction


def printed_number(
    value: Any, places: int | None = None, style: Style | None = None, digits: int = DIGITS, worked: bool = False
) -> Printed:
    """The rule. `places` fixes the number of decimals, for a column; `style` says whether fractions are printed as such.

    digits: more of them, for a number with which one goes on. worked: a float is the result of an exact pass, so that it is
    rounded even where it looks short: the sigmoid of 40 is not 1.
    """
    exact_in = fraction(value)
    if exact_in == 0:
        text = "0" if places is None else f"{0:.{places}f}"
        return Printed(text, text, True, exact_in)
    if isinstance(value, int | Fraction) and _as_fraction(exact_in, style):
        over, under = exact_in.numerator, exact_in.denominator
        latex = ("-" if over < 0 else "") + rf"\frac{{{abs(over)}}}{{{under}}}"
        return Printed(latex, f"{over}/{under}", True, exact_in)
    if abs(exact_in) >= LARGE or (places is None and abs(exact_in) < Fraction(5, 10**DIGITS)):
        return _scientific(value, exact_in, digits, worked)
    found = half_away(exact_in, digits)
    short = isinstance(value, float) and abs(float(found) - value) <= 1e-12 * max(1.0, abs(value))
    exact = short and not worked if isinstance(value, float) else found == exact_in
    if places is not None:
        found = half_away(exact_in, places)
        text = _decimal(found, places)
    else:
        text = _decimal(found, digits)
        text = text.rstrip("0").rstrip(".") if exact else text
    return Printed(text, text, exact, found)


def fraction(value: Any) -> Fraction:
    """The number itself, exactly; a float is the decimal number that it is written as."""
    if isinstance(value, int | Fraction):
        return Fraction(value)
    return Fraction(value) if isinstance(value, Decimal) else Fraction(repr(float(value)))


def half_away(value: Fraction, places: int) -> Fraction:
    """`value` rounded to decimal places, a half away from zero."""
    unit = Fraction(10) ** places
    scaled = abs(value) * unit
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (whole if value > 0 else -whole) / unit


def _decimal(value: Fraction, places: int) -> str:
    scaled = value * 10**places
    return f"{Decimal(scaled.numerator).scaleb(-places):f}"


def _as_fraction(value: Fraction, style: Style | None) -> bool:
    if value.denominator == 1 or max(abs(value.numerator), value.denominator) >= LONGEST:
        return False
    return style == "fractions" or (style == "integers" and half_away(value, DIGITS) != value)


def _scientific(value: Any, exact_in: Fraction, digits: int, worked: bool) -> Printed:
    exponent = len(str(abs(exact_in.numerator))) - len(str(exact_in.denominator))
    exponent -= abs(exact_in) < Fraction(10) ** exponent
    found = half_away(exact_in, digits - 1 - exponent)
    exponent += abs(found) >= Fraction(10) ** (exponent + 1)  # 9.9996 became 10
    mantissa = _decimal(found / Fraction(10) ** exponent, digits - 1).rstrip("0").rstrip(".")
    exact = float(found) == value and not worked if isinstance(value, float) else found == exact_in
    return Printed(rf"{mantissa} \cdot 10^{{{exponent}}}", f"{mantissa}e{exponent}", exact, found)


def rounded(value: Any, places: int | None = None) -> Decimal:
    """The decimal number that is printed for `value`."""
    found = printed_number(value, places).value
    return Decimal(found.numerator) / Decimal(found.denominator)


def number(
    value: Any, places: int | None = None, style: Style | None = None, digits: int = DIGITS, worked: bool = False, of: str = ""
) -> Number:
    """A number for a sheet. of: where it is found in the sheet's reference."""
    value = _plain_type(value)
    found = printed_number(value, places, style, digits, worked)
    return Number(found.latex, found.exact, value, of)


def plain(value: Any, style: Style | None = None) -> str:
    """A number for a table of answers: 1/3, -0.5, 0.1235, 1.234e-6."""
    return printed_number(value if isinstance(value, int | Fraction) else float(value), style=style).plain


def tolerance(values: Array, by_hand: Array | None = None) -> float:
    """How far an answer may be off in any of its numbers: one rule for the key and for whoever judges by it.

    Half a hundredth of the largest number, at least one unit of the last digit that is printed of it, and at least twice as much
    as honest rounding on the way is off (`by_hand`, from `draw.by_hand`).
    """
    right = np.asarray(values, dtype=float)
    largest = float(np.max(np.abs(right), initial=0.0))
    least = max(_last_digit(largest), 0.005 * largest)
    if by_hand is None:
        return least
    return max(least, 2 * float(np.max(np.abs(np.asarray(by_hand, dtype=float) - right), initial=0.0)))


def _last_digit(value: float) -> float:
    """One unit of the last digit that is printed of a number that is not short."""
    if not 0 < value < 5 / 10**DIGITS:
        return 10.0**-DIGITS
    return 10.0 ** (math.floor(math.log10(value)) + 1 - DIGITS)


def array(values: Array, style: Style | None = None, worked: bool = False) -> tuple[Any, ...] | Number:
    """An array of numbers as they are printed; what is zero but for rounding is printed as zero.

    In an array that is not exact all numbers have the same decimals; one too small for them is written out on its own.
    """
    return _nested(in_array(values, style, worked), values)


def printed(values: Array, style: Style | None = None) -> Array:
    """The numbers that a reader takes from the printed array."""
    out = np.empty(values.shape)
    for place, found in np.ndenumerate(in_array(values, style)):
        out[place] = float(found.value)
    return out


def in_array(values: Array, style: Style | None = None, worked: bool = False) -> Array:
    """An array of `Printed`."""
    out = np.empty(values.shape, dtype=object)
    if values.ndim == 0:
        out[()] = printed_number(_plain_type(values[()]), style=style, worked=worked)
        return out
    numbers = [_plain_type(v) for v in values.flat]
    least = 1e-13 * max([1.0, *(abs(float(v)) for v in numbers)])
    clean = [0.0 if isinstance(v, float) and abs(v) < least else v for v in numbers]
    places = None if all(printed_number(v, style=style, worked=worked).exact for v in clean) else DIGITS
    for place, value in zip(np.ndindex(out.shape), clean, strict=True):
        small = 0 < abs(value) < 5 * 10 ** -(DIGITS + 1)
        out[place] = printed_number(value, None if small or value == 0 else places, style, worked=worked)
    return out


def _plain_type(value: Any) -> Any:
    return value if isinstance(value, int | Fraction) else float(value)


def _nested(printed: Array, values: Array) -> tuple[Any, ...] | Number:
    if printed.ndim:
        rows = zip(printed, values, strict=True)
        return tuple(_nested(np.asarray(row, dtype=object), np.asarray(of, dtype=object)) for row, of in rows)
    alone: Any = printed[()]
    return Number(alone.latex, alone.exact, _plain_type(values[()]))
