"""Damages to the printer of arrays: each is seen by the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damages import Change, Damage, emitted, equations, instead, parameters, put, require_seen, rewritten
from pytest import MonkeyPatch

from derive.notation import mathematics as m
from derive.notation.emitters.latex import Printer, Text


def matrices(*lines: str, view: str = "matrix", **given: str) -> str:
    """A spec in the matrix view."""
    return equations(*lines, view=view, **given)


LINE = matrices("z = W @ x + b", "C = 1/2*sum((z - y)**2)", inputs="{x: 2}", targets="{y: 2}", parameters="{W: [2, 2], b: 2}")
MLP = matrices("z = W @ x", "a = tanh(z)", "s = V @ a", "C = sum(s**2)", inputs="{x: 2}", parameters="{W: [2, 2], V: [2, 2]}")
TWO = matrices("M = A @ B", "C = sum(M**2)", parameters="{A: [2, 2], B: [2, 2]}")
TURNED = matrices("M = A @ B.T", "C = sum(M**2)", parameters="{A: [2, 2], B: [2, 2]}")
ENTRYWISE = matrices("z = p*q", "C = sum(z**2)", parameters="{p: 3, q: 3}")
DIVIDED = matrices("z = p/q", "C = sum(z**2)", parameters="{p: 3, q: 3}")
DIVIDED_TWICE = matrices("a = p/(q*r)", "C = sum(a*y)", parameters="{p: 2, q: 2, r: 2}", targets="{y: 2}")
TIMED = matrices("z = (V @ p)*q", "C = sum(z**2)", parameters="{V: [2, 2], p: 2, q: 2}")
BRACKET = matrices("z = W @ (p + q)", "C = sum(z**2)", parameters="{W: [2, 2], p: 2, q: 2}")
SOFTMAX = matrices(
    "z = W @ x", "p = softmax(z)", "C = -sum(y*log(p))", inputs="{x: 2}", parameters="{W: [3, 2]}", targets="{y: 3}"
)
DIAGONAL = matrices("M[i,k] = sum(A[i,j]*v[j]*B[j,k], j)", "C = sum(M**2)", parameters="{A: [2, 2], B: [2, 2], v: 2}")
NORM = matrices("C = norm(x)", inputs="{x: 3}")
HINGE = matrices("C = sum(where(x > w, x*w, 0))", inputs="{x: 3}", parameters="{w: 3}")
AVERAGE = matrices("m = mean(x[i], i)", "z = x - m", "C = sum(z**3)", inputs="{x: 4}")
SCALED = matrices("z = k*W @ x", "C = sum(z**2)/2", inputs="{x: 2}", parameters="{W: [2, 2], k: scalar}")
POWERS = matrices("z = x**3 + 2*x", "C = sum(z**2)", inputs="{x: 3}")
BATCH = matrices("z = W @ x + b", "C = sum(z**2)", view="batch", examples="3", inputs="{x: 2}", parameters="{W: [2, 2], b: 2}")
LABELLED = matrices(
    "z = W @ x + b", "C = sum(z**2)", view="matrix", examples="3", inputs="{x: 2}", parameters="{W: [2, 2], b: 2}"
)

NETWORK = """
title: damaged
view: batch
network: {input: {x: 2}, layers: [dense: {units: 2, activation: tanh}], loss: half_squared_error}
"""


def of(kind: Any, change: Any) -> Change:
    """What is printed of one kind of tree; `change` gets the printer, the tree and the true piece of LaTeX."""
    return emitted(Printer, kind, change)


def other(kind: Any, change: Any) -> Change:
    """Another tree is printed for each of one kind."""
    return instead(Printer, kind, change)


def each(name: str, change: Any) -> Change:
    """A symbol is printed otherwise where its key is `name`."""
    return other(m.Symbol, lambda s: change(s) if s.key == name else s)


def between(sign: str) -> Any:
    """Arrays with this sign between them."""
    return lambda self, node, latex: sign.join(self.text(a).within("product") for a in node.factors)


DAMAGES = [
    # transposes
    Damage("a transpose is lost", of(m.Transpose, lambda self, node, latex: self.text(node.of).latex), LINE),
    Damage(
        "a transpose is lost where the matrices are square",
        of(m.Transpose, lambda self, node, latex: self.text(node.of).latex),
        TURNED,
    ),
    Damage(
        "a matrix is transposed in a product",
        of(m.MatrixProduct, lambda self, node, latex: latex.replace("W", r"W^{\top}")),
        LINE,
    ),
    Damage(
        "the other factor of an outer product is transposed",
        other(
            m.MatrixProduct,
            lambda node: replace(
                node,
                factors=tuple(a.of if isinstance(a, m.Transpose) else m.Transpose(a) for a in node.factors),
            ),
        ),
        LINE,
    ),
    # products
    Damage("an entrywise product is printed for a matrix product", of(m.MatrixProduct, between(r" \odot ")), TWO),
    Damage(
        "a matrix product is printed for an entrywise product", rewritten(Printer, "_entrywise", r" \\odot ", r"\\,"), ENTRYWISE
    ),
    Damage(
        "the factors of a matrix product change places",
        other(m.MatrixProduct, lambda node: replace(node, factors=node.factors[::-1])),
        TWO,
    ),
    Damage(
        "a matrix product loses its last factor",
        other(m.MatrixProduct, lambda node: replace(node, factors=node.factors[:-1])),
        TWO,
    ),
    Damage("an entrywise product is printed for a division", rewritten(Printer, "_entrywise", r"\\oslash", r"\\odot"), DIVIDED),
    Damage("a division is printed for an entrywise product", rewritten(Printer, "_entrywise", r"\\odot", r"\\oslash"), ENTRYWISE),
    Damage(
        "an entrywise product loses its first factor",
        other(m.Entrywise, lambda node: node.others[0]),
        MLP,
    ),
    Damage(
        "the bracket below a division is lost",
        rewritten(Printer, "_entrywise", r"\\oslash \((.*?)\)$", r"\\oslash \1"),
        DIVIDED_TWICE,
    ),
    Damage(
        "the bracket around a product beside an entrywise one is lost",
        rewritten(Printer, "_entrywise", r"^\((V\\,p)\)", r"\1"),
        TIMED,
    ),
    Damage(
        "the bracket around a sum in a product is lost",
        put(Text, "within", lambda true, self, place: self.latex if place == "product" else true(self, place)),
        BRACKET,
    ),
    # signs of their own
    Damage("diag is lost", of(m.Call, lambda self, node, latex: latex.removeprefix(r"\operatorname{diag}")), DIAGONAL),
    Damage(
        "a diagonal matrix is printed as the identity",
        other(m.Call, lambda node: m.Identity() if node.function == "diag" else node),
        DIAGONAL,
    ),
    Damage(
        "an inner product is printed with its left side twice",
        other(m.Inner, lambda node: replace(node, right=node.left)),
        LINE,
    ),
    Damage(
        "an inner product is printed as a product",
        of(m.Inner, lambda self, node, latex: rf"{self.side(node.left)}\,{self.side(node.right)}"),
        LINE,
    ),
    Damage(
        "the ones are lost in a product",
        other(
            m.MatrixProduct,
            lambda node: replace(
                node,
                factors=tuple(a for a in node.factors if not isinstance(a.of if isinstance(a, m.Transpose) else a, m.Ones)),
            ),
        ),
        AVERAGE,
    ),
    Damage(
        "the row of ones is a column",
        other(
            m.MatrixProduct,
            lambda node: replace(
                node,
                factors=tuple(a.of if isinstance(a, m.Transpose) and isinstance(a.of, m.Ones) else a for a in node.factors),
            ),
        ),
        BATCH,
    ),
    Damage("the column of ones is lost beside a number", rewritten(Printer, "_scaled", r"\\,?\\mathbf\{1\}$", ""), AVERAGE),
    Damage("the column of ones is the identity", of(m.Ones, lambda self, node, latex: "I"), AVERAGE),
    Damage(
        "the square of a norm is lost",
        of(m.SquaredNorm, lambda self, node, latex: latex.removesuffix("^{2}")),
        LINE,
    ),
    Damage(
        "the bars of a norm are lost",
        of(m.SquaredNorm, lambda self, node, latex: rf"({self.side(node.of)})^{{2}}"),
        LINE,
    ),
    Damage("the root of a sum of squares is lost", other(m.Root, lambda node: node.of), NORM),
    Damage("softmax is lost", of(m.Call, lambda self, node, latex: latex.removeprefix(r"\operatorname{softmax}")), SOFTMAX),
    Damage(
        "softmax is printed as exp",
        of(m.Call, lambda self, node, latex: latex.replace(r"\operatorname{softmax}", r"\exp")),
        SOFTMAX,
    ),
    Damage(
        "the sign of a condition is turned",
        of(m.Indicator, lambda self, node, latex: latex.replace(">", "<")),
        HINGE,
    ),
    Damage("a condition is lost", of(m.Indicator, lambda self, node, latex: r"\mathbf{1}"), HINGE),
    # numbers, powers, functions
    Damage("the number in front is lost", rewritten(Printer, "_scaled", r"^-?(\\frac\{1\}\{2\}\\,|2)", ""), LINE),
    Damage("the scalar in front is lost", rewritten(Printer, "_scaled", r"k\\,", ""), SCALED),
    Damage(
        "the minus in front is lost",
        other(m.Minus, lambda node: node.of),
        SOFTMAX,
    ),
    Damage("a minus in a sum is lost", rewritten(Printer, "_sum", r" - ", " + "), LINE),
    Damage(
        "a sum loses its last term",
        put(Printer, "_sum", lambda true, self, found, *more: true(self, replace(found, terms=found.terms[:2]), *more)),
        BATCH,
    ),
    Damage("an entrywise power is printed as a power", other(m.Power, lambda node: replace(node, entrywise=False)), POWERS),
    Damage("the power of an entry is lost", other(m.Power, lambda node: node.base), POWERS),
    Damage(
        "one divided by is lost",
        rewritten(Printer, "_entrywise", r"\\mathbf\{1\} \\oslash ", ""),
        matrices("z = 1/x", "C = sum(z**2)", inputs="{x: 3}"),
    ),
    Damage("a function is left out", rewritten(Printer, "_call", r"^\\tanh", ""), MLP),
    Damage("a prime is lost", put(Printer, "function", lambda true, self, name, order=0: true(self, name, 0)), MLP),
    # names
    Damage("the d of a change is lost", other(m.Change, lambda node: node.of), LINE),
    Damage(
        "the d stands before what does not change",
        of(m.Symbol, lambda self, s, latex: rf"\mathrm{{d}}{latex}" if s.key == "x" else latex),
        LINE,
    ),
    Damage("the label of a training example is lost", other(m.Symbol, lambda s: replace(s, slots=())), LABELLED),
    Damage(
        "the sum over the training examples is lost",
        of(m.Total, lambda self, node, latex: self.text(node.body).within("total")),
        LABELLED,
    ),
    Damage("the average over the training examples is a sum", rewritten(Printer, "_product", r"\\frac\{1\}\{N\}", "1"), BATCH),
    Damage("the average is printed with the number of examples", rewritten(Printer, "symbol", "^N$", "3"), BATCH),
    Damage(
        "the derivative by a matrix is that by another",
        other(m.Slope, lambda node: m.Slope(replace(node.by, key="B")) if node.by.key == "A" else node),
        TWO,
    ),
    Damage("the error signal is that of another line", each("bar z", lambda s: replace(s, key="bar s")), MLP),
    Damage("a small letter is printed for a matrix", other(m.Symbol, lambda s: replace(s, matrix=False)), NETWORK),
]


@pytest.mark.parametrize("damage", parameters(DAMAGES))
def test_the_build_sees_a_damage_to_the_printer_of_arrays(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
