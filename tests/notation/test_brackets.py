"""Printed arrays are read back by a small reader of signs and brackets, which knows nothing of the printers' table."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import SIZE, Array, from_ascii, from_latex, from_unicode, read
from sympy import Expr, Integer, Pow, Rational, exp

from derive.checks import array_values
from derive.expressions.nodes import Entry, Index, add, mul, power
from derive.expressions.system import System, Tensor
from derive.notation import array_expressions
from derive.notation.array_expressions import Node
from derive.notation.emitters.ascii import Printer as Ascii
from derive.notation.emitters.latex import Printer as Latex
from derive.notation.emitters.latex import unbroken
from derive.notation.emitters.plain_text import Printer as Unicode
from derive.notation.glyphs import Symbols

J, H = Index("j", SIZE), Index("h", SIZE)
AXES = (Index("i", SIZE), J)
U = Entry.of("u")
TENSORS = {
    **{k: Tensor(k, (), "parameter", k) for k in "st"},
    **{k: Tensor(k, (SIZE,), "parameter", k) for k in "xyz"},
    "a.1": Tensor("a.1", (SIZE,), "intermediate", "a", layer=1),
    **{k: Tensor(k, (SIZE, SIZE), "parameter", k) for k in "ABD"},
    "W.1": Tensor("W.1", (SIZE, SIZE), "parameter", "W", layer=1),
    "T": Tensor("T", (SIZE, SIZE, SIZE), "parameter", "T"),
    "C": Tensor("C", (), "objective", "C"),
}
SYSTEM = System(TENSORS, (), objective="C")


def values() -> dict[str, Array]:
    rng = np.random.default_rng(5)
    drawn = {k: np.asarray(rng.uniform(0.5, 1.5, t.shape)) for k, t in TENSORS.items()}
    return (
        drawn
        | {f"bar {k}": rng.uniform(0.5, 1.5, t.shape) for k, t in TENSORS.items()}
        | {f"d {k}": rng.uniform(0.5, 1.5, t.shape) for k, t in TENSORS.items()}
    )


VALUES = values()
NAMED = {re.sub(r"^bar ", "∂C/∂", re.sub(r"^d ", "d", key)).replace(".1", "(1)"): array for key, array in VALUES.items()}
"""The same by the names as they are read."""

SHOWN: dict[str, Callable[[Node], str]] = {
    "latex": lambda n: from_latex(unbroken(Latex(Symbols(SYSTEM)).side(n))),
    "text": lambda n: from_unicode(Unicode(SYSTEM).text(n).text),
    "ascii": lambda n: from_ascii(Ascii(Symbols(SYSTEM)).equation(array_expressions.ArrayEquation(n, n))[0]),
}

# --- any array ----------------------------------------------------------------------------------------------------------------

S, T = Entry.of("s"), Entry.of("t")
FACTORS = [
    Integer(-1),
    Integer(2),
    Rational(1, 2),
    Rational(-3, 2),
    S,
    mul(-1, S),
    power(S, -1),
    mul(2, power(add(S, T), -1)),
    add(S, T),
]


def names(shape: str) -> list[Node]:
    if shape == "scalar":
        return [
            array_expressions.Scalar((), S),
            array_expressions.Scalar((), add(S, T)),
            array_expressions.Scalar((), mul(-2, S)),
        ]
    if shape == "column":
        keys = ["x", "y", "a.1", "bar x", "bar a.1"]
        return [
            *(array_expressions.Name((J,), k) for k in keys),
            array_expressions.Name((J,), "x", True),
            array_expressions.Name((J,), "a.1", True),
            array_expressions.Ones((J,)),
        ]
    keys = ["A", "B", "W.1", "bar A", "bar W.1"]
    labelled: list[Node] = [array_expressions.Name(AXES, "T", False, ((0, H),))]
    return [
        *(array_expressions.Name(AXES, k) for k in keys),
        array_expressions.Name(AXES, "W.1", True),
        *labelled,
        array_expressions.ones(AXES),
    ]


POWERS: list[Expr] = [Pow(U, e, evaluate=False) for e in (Integer(-1), Integer(2), Integer(-2))]


def grown(draw: Random, shape: str, depth: int) -> Node:
    """An array of a shape, nodes inside nodes as they come: no builder has put them in order."""
    if depth == 0 or draw.random() < 0.1:
        return draw.choice(names(shape))
    axes: array_expressions.Axes = {"scalar": (), "column": (J,), "matrix": AXES}[shape]

    def inside(of: str = shape) -> Node:
        return grown(draw, of, depth - 1)

    def row() -> Node:
        return array_expressions.Transpose((J,), inside("column"))

    def mapped(function: Expr) -> Node:
        return array_expressions.Map(axes, function, inside())

    found: list[Callable[[], Node]] = [
        lambda: array_expressions.Sum(axes, tuple(inside() for _ in range(draw.choice((2, 3))))),
        lambda: array_expressions.scaled(draw.choice(FACTORS), inside()),
        lambda: array_expressions.LabelTotal(axes, (H,), inside()),
        lambda: array_expressions.Times(axes, (inside("scalar"), inside())),
    ]
    if shape == "scalar":
        found += [
            lambda: array_expressions.SquaredNorm((), inside(draw.choice(("column", "matrix")))),
            lambda: array_expressions.Inner((), inside("matrix"), inside("matrix")),
            lambda: array_expressions.Product((), (row(), inside("column"))),
        ]
        return draw.choice(found)()
    found += [
        lambda: array_expressions.Hadamard(axes, tuple(inside() for _ in range(draw.choice((2, 3))))),
        lambda: array_expressions.Hadamard(axes, (inside(), mapped(POWERS[0]))),
        lambda: mapped(POWERS[0]),
        lambda: mapped(draw.choice([exp(U, evaluate=False), *POWERS])),
    ]
    if shape == "column":
        found += [lambda: array_expressions.Product(axes, (inside("matrix"), inside()))]
    else:
        found += [
            lambda: array_expressions.Transpose(axes, inside()),
            lambda: array_expressions.Product(axes, (inside(), inside())),
            lambda: array_expressions.Product(axes, (inside("column"), row())),
            lambda: array_expressions.Product(axes, (array_expressions.Diagonal((J, J), inside("column")), inside())),
        ]
    return draw.choice(found)()


@pytest.mark.parametrize("printer", SHOWN)
@given(st.integers(0, 2**32), st.sampled_from(["scalar", "column", "matrix"]), st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_what_is_printed_reads_as_what_is_meant(printer: str, seed: int, shape: str, depth: int) -> None:
    node = grown(Random(seed), shape, depth)
    meant = array_values.evaluate(node, VALUES, {H: 0})
    text = SHOWN[printer](node)
    assert np.allclose(read(text, NAMED, {"h": 0}), meant, rtol=1e-9, equal_nan=True), text


P, Q, R = (array_expressions.Name((J,), k) for k in "xyz")
A, B = (array_expressions.Name(AXES, k) for k in "AB")
OVER = POWERS[0]


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        (array_expressions.hadamard([P, array_expressions.Map((J,), OVER, array_expressions.hadamard([Q, R]))]), "x ⊘ (y ⊙ z)"),
        (
            array_expressions.hadamard([P, array_expressions.Map((J,), OVER, Q), array_expressions.Map((J,), OVER, R)]),
            "x ⊘ y ⊘ z",
        ),
        (
            array_expressions.hadamard([P, array_expressions.Map((J,), OVER, array_expressions.Product((J,), (A, Q)))]),
            "x ⊘ (A y)",
        ),
        (
            array_expressions.hadamard(
                [P, array_expressions.Map((J,), OVER, array_expressions.hadamard([Q, array_expressions.Map((J,), OVER, R)]))]
            ),
            "x ⊘ (y ⊘ z)",
        ),
        (
            array_expressions.hadamard(
                [
                    P,
                    array_expressions.Map(
                        (J,), OVER, array_expressions.Product((J,), (A, array_expressions.Diagonal((J, J), Q)))
                    ),
                ]
            ),
            "x ⊘ (A diag(y))",
        ),
        (array_expressions.Map((J,), OVER, P), "𝟏 ⊘ x"),
        (array_expressions.Map(AXES, OVER, A), "(𝟏 𝟏ᵀ) ⊘ A"),
        (
            array_expressions.hadamard([array_expressions.Map(AXES, OVER, A), array_expressions.Map(AXES, OVER, B)]),
            "(𝟏 𝟏ᵀ) ⊘ A ⊘ B",
        ),
        (array_expressions.Map(AXES, POWERS[1], A), "A^⊙2"),
    ],
)
def test_quotients_have_the_brackets_that_they_need(node: Node, wanted: str) -> None:
    assert Unicode(SYSTEM).text(node).text == wanted
    shown = from_latex(unbroken(Latex(Symbols(SYSTEM)).side(node)))
    assert shown.replace("  ", " ").replace("{", "").replace("}", "") == wanted.replace("^⊙2", "^⊙(2)")
