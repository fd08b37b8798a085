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

from derive.notation import array_values, arrays
from derive.notation.arrays import Node
from derive.notation.ascii import Printer as Ascii
from derive.notation.latex import Printer as Latex
from derive.notation.latex import unbroken
from derive.notation.symbols import Symbols
from derive.notation.text import Printer as Unicode
from derive.system import System, Tensor
from derive.tensor import Entry, Index, add, mul, power

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
    "ascii": lambda n: from_ascii(Ascii(Symbols(SYSTEM)).equation(arrays.ArrayEquation(n, n))[0]),
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
        return [arrays.Scalar((), S), arrays.Scalar((), add(S, T)), arrays.Scalar((), mul(-2, S))]
    if shape == "column":
        keys = ["x", "y", "a.1", "bar x", "bar a.1"]
        return [
            *(arrays.Name((J,), k) for k in keys),
            arrays.Name((J,), "x", True),
            arrays.Name((J,), "a.1", True),
            arrays.Ones((J,)),
        ]
    keys = ["A", "B", "W.1", "bar A", "bar W.1"]
    labelled: list[Node] = [arrays.Name(AXES, "T", False, ((0, H),))]
    return [*(arrays.Name(AXES, k) for k in keys), arrays.Name(AXES, "W.1", True), *labelled, arrays.ones(AXES)]


POWERS: list[Expr] = [Pow(U, e, evaluate=False) for e in (Integer(-1), Integer(2), Integer(-2))]


def grown(draw: Random, shape: str, depth: int) -> Node:
    """An array of a shape, nodes inside nodes as they come: no builder has put them in order."""
    if depth == 0 or draw.random() < 0.1:
        return draw.choice(names(shape))
    axes: arrays.Axes = {"scalar": (), "column": (J,), "matrix": AXES}[shape]

    def inside(of: str = shape) -> Node:
        return grown(draw, of, depth - 1)

    def row() -> Node:
        return arrays.Transpose((J,), inside("column"))

    def mapped(function: Expr) -> Node:
        return arrays.Map(axes, function, inside())

    found: list[Callable[[], Node]] = [
        lambda: arrays.Sum(axes, tuple(inside() for _ in range(draw.choice((2, 3))))),
        lambda: arrays.scaled(draw.choice(FACTORS), inside()),
        lambda: arrays.LabelTotal(axes, (H,), inside()),
        lambda: arrays.Times(axes, (inside("scalar"), inside())),
    ]
    if shape == "scalar":
        found += [
            lambda: arrays.SquaredNorm((), inside(draw.choice(("column", "matrix")))),
            lambda: arrays.Inner((), inside("matrix"), inside("matrix")),
            lambda: arrays.Product((), (row(), inside("column"))),
        ]
        return draw.choice(found)()
    found += [
        lambda: arrays.Hadamard(axes, tuple(inside() for _ in range(draw.choice((2, 3))))),
        lambda: arrays.Hadamard(axes, (inside(), mapped(POWERS[0]))),
        lambda: mapped(POWERS[0]),
        lambda: mapped(draw.choice([exp(U, evaluate=False), *POWERS])),
    ]
    if shape == "column":
        found += [lambda: arrays.Product(axes, (inside("matrix"), inside()))]
    else:
        found += [
            lambda: arrays.Transpose(axes, inside()),
            lambda: arrays.Product(axes, (inside(), inside())),
            lambda: arrays.Product(axes, (inside("column"), row())),
            lambda: arrays.Product(axes, (arrays.Diagonal((J, J), inside("column")), inside())),
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


P, Q, R = (arrays.Name((J,), k) for k in "xyz")
A, B = (arrays.Name(AXES, k) for k in "AB")
OVER = POWERS[0]


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        (arrays.hadamard([P, arrays.Map((J,), OVER, arrays.hadamard([Q, R]))]), "x ⊘ (y ⊙ z)"),
        (arrays.hadamard([P, arrays.Map((J,), OVER, Q), arrays.Map((J,), OVER, R)]), "x ⊘ y ⊘ z"),
        (arrays.hadamard([P, arrays.Map((J,), OVER, arrays.Product((J,), (A, Q)))]), "x ⊘ (A y)"),
        (arrays.hadamard([P, arrays.Map((J,), OVER, arrays.hadamard([Q, arrays.Map((J,), OVER, R)]))]), "x ⊘ (y ⊘ z)"),
        (arrays.hadamard([P, arrays.Map((J,), OVER, arrays.Product((J,), (A, arrays.Diagonal((J, J), Q))))]), "x ⊘ (A diag(y))"),
        (arrays.Map((J,), OVER, P), "𝟏 ⊘ x"),
        (arrays.Map(AXES, OVER, A), "(𝟏 𝟏ᵀ) ⊘ A"),
        (arrays.hadamard([arrays.Map(AXES, OVER, A), arrays.Map(AXES, OVER, B)]), "(𝟏 𝟏ᵀ) ⊘ A ⊘ B"),
        (arrays.Map(AXES, POWERS[1], A), "A^⊙2"),
    ],
)
def test_quotients_have_the_brackets_that_they_need(node: Node, wanted: str) -> None:
    assert Unicode(SYSTEM).text(node).text == wanted
    shown = from_latex(unbroken(Latex(Symbols(SYSTEM)).side(node)))
    assert shown.replace("  ", " ").replace("{", "").replace("}", "") == wanted.replace("^⊙2", "^⊙(2)")
