"""How numbers are printed: one rule."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.numbers import rounding
from derive.numbers.rounding import Number
from derive.spec.models import Style


@pytest.mark.parametrize(
    ("value", "style", "latex", "plain", "exact"),
    [
        (Fraction(1, 3), "fractions", r"\frac{1}{3}", "1/3", True),
        (Fraction(-7, 2), "fractions", r"-\frac{7}{2}", "-7/2", True),
        (Fraction(6, 2), "fractions", "3", "3", True),
        (Fraction(12345, 10007), "fractions", "1.2336", "1.2336", False),
        (Fraction(1, 2), "integers", "0.5", "0.5", True),
        (Fraction(1, 3), "integers", r"\frac{1}{3}", "1/3", True),
        (Fraction(1, 3), "decimals", "0.3333", "0.3333", False),
        (Fraction(1, 3), None, "0.3333", "0.3333", False),
        (0.5, "fractions", "0.5", "0.5", True),
        (12, "integers", "12", "12", True),
        (Fraction(5, 100_000), "decimals", r"5 \cdot 10^{-5}", "5e-5", True),
        (99996e-9, "decimals", r"1 \cdot 10^{-4}", "1e-4", False),
        (123456789, "integers", r"1.235 \cdot 10^{8}", "1.235e8", False),
    ],
)
def test_a_number_in_its_style(value: float | Fraction, style: Style | None, latex: str, plain: str, exact: bool) -> None:
    assert rounding.number(value, style=style) == Number(latex, exact)
    assert rounding.plain(value, style) == plain


def test_a_half_is_rounded_away_from_zero() -> None:
    for text, expected in (("0.00125", "0.0013"), ("-0.00125", "-0.0013"), ("2.00005", "2.0001"), ("2.00015", "2.0002")):
        assert rounding.rounded(Fraction(text)) == rounding.rounded(float(text)) == Decimal(expected)


@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6), st.integers(0, 6))
def test_rounding_agrees_with_the_decimal_module(value: Fraction, places: int) -> None:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    assert rounding.half_away(value, places) == Fraction(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


@given(st.floats(min_value=-1e12, max_value=1e12, allow_subnormal=False), st.sampled_from(["integers", "fractions", "decimals"]))
def test_what_is_printed_is_what_a_reader_takes_from_it(value: float, style: Style) -> None:
    found = rounding.printed_number(value, style=style)
    assert Fraction(found.plain) == found.value
    assert Fraction(rounding.printed_number(found.value, style="decimals").plain) == found.value  # read again, nothing changes
    if found.value:
        assert abs(float(found.value) - value) <= max(5.001e-5, 5.001e-4 * abs(value))
    if not found.exact:
        assert float(found.value) != value


def test_an_array_is_read_as_it_is_printed() -> None:
    values = np.array([Fraction(1, 3), 2, Fraction(1, 7)], dtype=object)
    found = rounding.array(values, "fractions")
    assert isinstance(found, tuple)
    assert [n.text for n in found] == [r"\frac{1}{3}", "2", r"\frac{1}{7}"]
    assert rounding.printed(values, "fractions").tolist() == [1 / 3, 2.0, 1 / 7]
    assert rounding.printed(values, "decimals").tolist() == [0.3333, 2.0, 0.1429]
    assert rounding.printed(np.array([[0.25, 1e-17], [1 / 3, 1e-6]])).tolist() == [[0.25, 0.0], [0.3333, 1e-6]]


@pytest.mark.parametrize(
    "values, by_hand, wanted",
    [
        ([0.0], None, 1e-4),
        ([0.3], None, 0.0015),
        ([-200.0, 1.0], None, 1.0),
        ([0.01], None, 1e-4),
        ([0.0004], None, 2e-6),
        ([1.234e-7], None, 6.17e-10),
        ([1.0], [1.004], 0.008),
        ([0.0004], [0.00041], 2e-5),
        ([], None, 1e-4),
    ],
)
def test_how_far_an_answer_may_be_off(values: list[float], by_hand: list[float] | None, wanted: float) -> None:
    """Half a hundredth of the largest, one unit of its last printed digit at least: so 0 never stands for a small number."""
    assert rounding.tolerance(np.array(values), None if by_hand is None else np.array(by_hand)) == pytest.approx(wanted)
