"""Printed numbers and displayed arithmetic, read back: the readers read what is printed, and nothing else."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive import api
from derive.checks.readback import arithmetic, numbers
from derive.checks.readback.numbers import Unreadable
from derive.errors import CheckFailed
from derive.numbers import exact_program, rounding
from derive.spec.models import Style
from derive.writers.latex import value_lines

FUNCTIONS: arithmetic.Functions = {
    r"\sigma": lambda u, order: exact_program.elementwise("sigmoid", order)(u),
    r"\operatorname{ReLU}": lambda u, order: exact_program.elementwise("relu", order)(u),
}


@pytest.mark.parametrize(
    ("latex", "mark", "value", "unit"),
    [
        ("2", ".", Fraction(2), None),
        ("-0.5", ".", Fraction(-1, 2), None),
        ("(-0.5)", ".", Fraction(-1, 2), None),
        ("0.6225", ".", Fraction(6225, 10000), Fraction(1, 10**4)),
        ("0{,}62246", "{,}", Fraction(62246, 10**5), Fraction(1, 10**5)),
        (r"-\frac{7}{3}", ".", Fraction(-7, 3), None),
        (r"1.2 \cdot 10^{-6}", ".", Fraction(12, 10**7), Fraction(1, 10**9)),
        (r"(-1.2345 \cdot 10^{8})", ".", Fraction(-123450000), Fraction(10**4)),
    ],
)
def test_a_number_is_read_as_a_fraction_with_the_unit_of_its_last_place(
    latex: str, mark: str, value: Fraction, unit: Fraction | None
) -> None:
    assert numbers.read_number(latex, mark) == numbers.Printed(value, unit)


@pytest.mark.parametrize(
    "latex", ["", "x", "1.", ".5", "1{,}5", "--1", "(1", "1)", r"\frac{1}{0}", "1 2", "1e5", r"\frac{1.5}{2}"]
)
def test_what_is_no_number_is_not_read(latex: str) -> None:
    with pytest.raises(Unreadable):
        numbers.read_number(latex)


@given(
    st.floats(min_value=-1e9, max_value=1e9, allow_subnormal=False), st.sampled_from(["integers", "fractions", "decimals", None])
)
def test_what_the_printer_prints_stands_for_its_number(value: float, style: Style | None) -> None:
    number = rounding.number(value, style=style)
    found = numbers.require_number(number.text, value, "a number")
    assert not found.stands_for(value + 2 * float(found.unit or Fraction(1, 100)))
    longer = rounding.number(value, style=style, digits=7)
    assert numbers.read_number(longer.text).stands_for(value)


@given(st.fractions(max_denominator=10**5, min_value=-1000, max_value=1000), st.sampled_from(["integers", "fractions", None]))
def test_a_fraction_is_said_to_be_exact_where_it_is(value: Fraction, style: Style | None) -> None:
    number = rounding.number(value, style=style)
    assert number.exact == (numbers.read_number(number.text).value == value)
    numbers.require_number(number.text, value, "a number", claims_exact=number.exact)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 1), (1, 3), (3, 1), (2, 3), (2, 3, 2), (2, 2, 1, 2)])
@pytest.mark.parametrize("style", ["fractions", None])
def test_arrays_are_read_with_their_shape_and_places(shape: tuple[int, ...], style: Style | None) -> None:
    values = np.empty(shape, dtype=object)
    for n, place in enumerate(np.ndindex(*shape)):
        values[place] = Fraction((-1) ** n * (n + 1), 3 if n % 2 else 2)
    latex, exactly = value_lines._array(rounding.array(values, style))
    found = numbers.require_array(latex, values, "an array", claims_exact=exactly)
    assert found.shape == shape
    for place in np.ndindex(*shape):
        other = values.copy()
        other[place] += Fraction(1, 1000)
        with pytest.raises(CheckFailed, match="an array"):
            numbers.require_array(latex, other, "an array")


def test_an_array_of_another_shape_is_refused_though_its_numbers_are_right() -> None:
    values = np.array([[1, 2], [3, 4]], dtype=object)
    latex, _ = value_lines._array(rounding.array(values))
    for other in (values.reshape(4), values.reshape(1, 4), values.T):
        with pytest.raises(CheckFailed):
            numbers.require_array(latex, other, "W")
    for text in (r"\begin{pmatrix}1 & 2\\3\end{pmatrix}", r"\begin{pmatrix}1 & 2\end{pmatrix}^{T}", r"\left[1,\ 2"):
        with pytest.raises(Unreadable):
            numbers.read_array(text)


@pytest.mark.parametrize(
    ("latex", "value"),
    [
        (r"2 \cdot (0.62246 - 0)", Fraction(124492, 10**5)),
        (r"(-0.5) \cdot 2 + 0", Fraction(-1)),
        (r"-0.5^{2}", Fraction(-1, 4)),
        (r"(-0.5)^{2}", Fraction(1, 4)),
        (r"\frac{1}{2}\,(3 - 1)^{2}", Fraction(2)),
        (r"\frac{1}{2} \cdot \left(\frac{1}{3} + \frac{2}{3}\right)", Fraction(1, 2)),
        (r"\sqrt{\frac{9}{4}}", Fraction(3, 2)),
        (r"4^{1/2}", Fraction(2)),
        (r"\sigma'(0) \cdot \sigma(0)", Fraction(1, 8)),
        (r"\tanh^{2}(0)", Fraction(0)),
        (r"\operatorname{ReLU}(-3) + \operatorname{ReLU}'\left(\frac{1}{2}\right)", Fraction(1)),
        (r"e^{0} + \exp\left(0\right) + \log 1", Fraction(2)),
        (r"\max\left(0,\,-1.5\right) + \left|-2 \cdot 3\right|", Fraction(6)),
        (r"\begin{cases}\log (-1) & -1 > 0\\ 5 & \dsotherwise\end{cases} \cdot [\,2 < 3\,]", Fraction(5)),
        (r"1 - 0.5 \cdot (1.2 \cdot 10^{-1})", Fraction(94, 100)),
        (r"0.5 \penalty500 - 1 \allowbreak + 2", Fraction(3, 2)),
    ],
)
def test_arithmetic_is_worked_out_as_it_stands(latex: str, value: Fraction) -> None:
    assert arithmetic.evaluate(latex, FUNCTIONS) == value


def test_functions_are_worked_out_by_their_signs() -> None:
    found = arithmetic.evaluate(r"\sigma(0{,}5) + \sin 0{,}3 + \operatorname{erf}(1) - \pi", FUNCTIONS, "{,}")
    assert found == pytest.approx(1 / (1 + math.exp(-0.5)) + math.sin(0.3) + math.erf(1) - math.pi)


@pytest.mark.parametrize(
    "latex",
    [
        "",
        "1 +",
        r"0.5 \cdot -1",
        "1 2",
        "(1",
        "1)",
        "x + 1",
        "1.5.2",
        "1,5",
        r"\sigma",
        r"\tau(1)",
        r"\frac{1}{0}",
        r"\log (-1)",
        r"\sqrt{-1}",
        r"\begin{cases}1 & 2 > 3\end{cases}",
        r"\begin{cases}1 & 2 = 3\\ 5 & \dsotherwise\end{cases}",
        r"\exp'(1)",
        "1__import__",
    ],
)
def test_what_is_no_arithmetic_is_not_worked_out(latex: str) -> None:
    with pytest.raises(Unreadable):
        arithmetic.evaluate(latex, FUNCTIONS)


def test_a_chain_is_parted_at_its_outermost_relations() -> None:
    latex = r"\frac{\partial C}{\partial a} \allowbreak = 2(a - y) \allowbreak \approx 2 \cdot (0.5 - 0) \allowbreak \approx 1"
    parts = [("", r"\frac{\partial C}{\partial a}"), ("=", "2(a - y)"), (r"\approx", r"2 \cdot (0.5 - 0)"), (r"\approx", "1")]
    assert arithmetic.chain(latex) == parts
    assert [r for r, _ in arithmetic.chain(r"w \leftarrow 1 - 2 = [\,i=j\,]")] == ["", r"\leftarrow", "="]


def test_numbers_are_put_in_with_the_digits_that_their_line_needs() -> None:
    """2 · 0.6225 is 1.2450, and twice the activation itself is 1.2449."""
    text = api.tex(api.sheet(api.load(api.examples()["single-neuron"])))
    assert r"\approx 2 \cdot (0.62246 - 0) \allowbreak \approx 1.2449" in text
    assert r"\approx (0.6225 - 0)^{2} \allowbreak \approx 0.3875" in text  # and no more than that
    assert r"\approx 0.29256 \cdot 1.5 \allowbreak \approx 0.4388" in text


CANCELS = """
title: t
view: scalar
equations: [p = exp(x), q = exp(x + h), C = (q - p)/h]
parameters: {x: scalar, h: scalar}
values: {x: 1, h: 0.0001}
"""


def test_a_short_result_of_rounded_numbers_is_right_to_four_places() -> None:
    """1/3 is put in, and 0.9 comes out: with no number of digits exactly."""
    equations = "['w = max(x - 9, 1/3)', 'p = -2*k*w/(1 + w**2)', 'C = p**2']"
    spec = api.loads(f"title: t\nequations: {equations}\nvalues: {{x: 1, k: 1.5}}\nview: scalar\n")
    line = r"\approx -\frac{2 \cdot 1.5 \cdot 0.33333}{1 + 0.33333^{2}} \allowbreak \approx -0.9}"
    assert line in api.tex(api.sheet(spec))


def test_where_nearly_equal_numbers_are_subtracted_they_have_many_digits() -> None:
    text = api.tex(api.sheet(api.loads(CANCELS)))
    assert r"\approx \frac{2.71855367 - 2.71828183}{(1 \cdot 10^{-4})} \allowbreak \approx 2.7184" in text


def test_the_checks_name_the_place() -> None:
    with pytest.raises(CheckFailed, match=r"the value of dC/dW.1\[1, 2\] is printed as 0.25 and is 0.125"):
        numbers.require_array(
            r"\begin{pmatrix}1 & 0.25\end{pmatrix}", np.array([[1, Fraction(1, 8)]], dtype=object), "the value of dC/dW.1"
        )
    with pytest.raises(CheckFailed, match="a number to be printed is inf"):
        numbers.require_number("1", math.inf, "the cost")


@pytest.mark.parametrize(
    ("text", "value"), [("0.25", 0.25), ("-1/3", Fraction(-1, 3)), ("1.2e-6", 1.2e-6), ("1.2 · 10^-6", 1.2e-6)]
)
def test_a_number_in_the_key_or_in_words_is_read_as_well(text: str, value: float) -> None:
    assert numbers.require_plain(text, value, "a number") == text
    with pytest.raises(CheckFailed):
        numbers.require_plain(text, value * 2, "a number")


PLAIN = {
    "a power of e": "equations: [p = exp(w*x), q = exp(3) + p, C = (q - w)**2]",
    "a parameter in the line of the cost": "equations: [p = w*x, C = p**2 + w]",
    "nothing to put in": "equations: [p = sigmoid(1/2), C = (w*x - p)**2]",
}


@pytest.mark.parametrize("name", list(PLAIN))
@pytest.mark.parametrize("kind", ["", "numbers: fractions\n"])
def test_lines_with_numbers_are_read_by_both_readers(name: str, kind: str) -> None:
    text = api.tex(
        api.sheet(api.loads(f"title: t\nview: scalar\nparameters: {{w: scalar}}\ninputs: {{x: scalar}}\n{kind}{PLAIN[name]}\n"))
    )
    assert r"\dsvalue" in text and r"\sigma\left(\frac{1}{2}\right) \allowbreak = \sigma" not in text
