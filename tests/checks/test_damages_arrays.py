"""Damages to the printer of arrays: each is seen by the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damages import Change, Damage, equations, parameters, put, require_seen, rewritten
from pytest import MonkeyPatch

from derive.notation import array_expressions
from derive.notation.array_expressions import Node
from derive.notation.printers.latex import Printer
from derive.notation.printers.latex_scalars import Text


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


def of(kind: type[Node] | tuple[type[Node], ...], change: Any) -> Change:
    """What is printed of one kind of array; `change` gets the printer, the node and the true piece of LaTeX."""

    def changed(true: Any, self: Printer, node: Node) -> Text:
        found: Text = true(self, node)
        return replace(found, latex=change(self, node, found.latex)) if isinstance(node, kind) else found

    return put(Printer, "_array", changed)


def instead(kind: type[Node], change: Any) -> Change:
    """Another array is printed for each of one kind; `change` gets the node."""

    def changed(true: Any, self: Printer, node: Node) -> Text:
        return true(self, change(node) if isinstance(node, kind) else node)

    return put(Printer, "_array", changed)


def between(sign: str) -> Any:
    """Arrays with this sign between them."""
    return lambda self, node, latex: sign.join(self.text(a).within("product") for a in node.args)


DAMAGES = [
    # transposes
    Damage("a transpose is lost", of(array_expressions.Transpose, lambda self, node, latex: self.text(node.of).latex), LINE),
    Damage(
        "a transpose is lost where the matrices are square",
        of(array_expressions.Transpose, lambda self, node, latex: self.text(node.of).latex),
        TURNED,
    ),
    Damage(
        "a matrix is transposed in a product",
        of(array_expressions.Product, lambda self, node, latex: latex.replace("W", r"W^{\top}")),
        LINE,
    ),
    Damage(
        "the other factor of an outer product is transposed",
        instead(
            array_expressions.Product,
            lambda node: replace(
                node,
                args=tuple(
                    a.of if isinstance(a, array_expressions.Transpose) else array_expressions.Transpose(a.axes, a)
                    for a in node.args
                ),
            ),
        ),
        LINE,
    ),
    # products
    Damage("an entrywise product is printed for a matrix product", of(array_expressions.Product, between(r" \odot ")), TWO),
    Damage(
        "a matrix product is printed for an entrywise product", rewritten(Printer, "_hadamard", r" \\odot ", r"\\,"), ENTRYWISE
    ),
    Damage(
        "the factors of a matrix product change places",
        instead(array_expressions.Product, lambda node: replace(node, args=node.args[::-1])),
        TWO,
    ),
    Damage(
        "a matrix product loses its last factor",
        instead(array_expressions.Product, lambda node: replace(node, args=node.args[:-1])),
        TWO,
    ),
    Damage("an entrywise product is printed for a division", rewritten(Printer, "_hadamard", r"\\oslash", r"\\odot"), DIVIDED),
    Damage("a division is printed for an entrywise product", rewritten(Printer, "_hadamard", r"\\odot", r"\\oslash"), ENTRYWISE),
    Damage(
        "an entrywise product loses its first factor",
        instead(array_expressions.Hadamard, lambda node: replace(node, args=node.args[1:])),
        MLP,
    ),
    Damage(
        "the bracket below a division is lost",
        rewritten(Printer, "_hadamard", r"\\oslash \((.*?)\)$", r"\\oslash \1"),
        DIVIDED_TWICE,
    ),
    Damage(
        "the bracket around a product beside an entrywise one is lost",
        rewritten(Printer, "_hadamard", r"^\((V\\,p)\)", r"\1"),
        TIMED,
    ),
    Damage(
        "the bracket around a sum in a product is lost",
        put(Text, "within", lambda true, self, place: self.latex if place == "product" else true(self, place)),
        BRACKET,
    ),
    # signs of their own
    Damage("diag is lost", of(array_expressions.Diagonal, lambda self, node, latex: self.bracketed(node.of)), DIAGONAL),
    Damage(
        "a diagonal matrix is printed as the identity", of(array_expressions.Diagonal, lambda self, node, latex: "I"), DIAGONAL
    ),
    Damage(
        "an inner product is printed with its left side twice",
        instead(array_expressions.Inner, lambda node: replace(node, right=node.left)),
        LINE,
    ),
    Damage(
        "an inner product is printed as a product",
        of(array_expressions.Inner, lambda self, node, latex: rf"{self.side(node.left)}\,{self.side(node.right)}"),
        LINE,
    ),
    Damage(
        "the ones are lost in a product",
        instead(
            array_expressions.Product,
            lambda node: replace(
                node,
                args=tuple(
                    a
                    for a in node.args
                    if not isinstance(a.of if isinstance(a, array_expressions.Transpose) else a, array_expressions.Ones)
                ),
            ),
        ),
        AVERAGE,
    ),
    Damage(
        "the row of ones is a column",
        instead(
            array_expressions.Product,
            lambda node: replace(
                node,
                args=tuple(
                    a.of if isinstance(a, array_expressions.Transpose) and isinstance(a.of, array_expressions.Ones) else a
                    for a in node.args
                ),
            ),
        ),
        BATCH,
    ),
    Damage("the column of ones is lost beside a number", rewritten(Printer, "_scaled", r"\\,?\\mathbf\{1\}$", ""), AVERAGE),
    Damage("the column of ones is the identity", of(array_expressions.Ones, lambda self, node, latex: "I"), AVERAGE),
    Damage(
        "the square of a norm is lost",
        of(array_expressions.SquaredNorm, lambda self, node, latex: latex.removesuffix("^{2}")),
        LINE,
    ),
    Damage(
        "the bars of a norm are lost",
        of(array_expressions.SquaredNorm, lambda self, node, latex: rf"({self.side(node.of)})^{{2}}"),
        LINE,
    ),
    Damage("the root of a sum of squares is lost", rewritten(Printer, "_map", r"\\sqrt", ""), NORM),
    Damage("softmax is lost", of(array_expressions.Softmax, lambda self, node, latex: self.bracketed(node.of)), SOFTMAX),
    Damage(
        "softmax is printed as exp",
        of(array_expressions.Softmax, lambda self, node, latex: r"\exp" + self.bracketed(node.of)),
        SOFTMAX,
    ),
    Damage(
        "the sign of a condition is turned",
        of(array_expressions.Positive, lambda self, node, latex: latex.replace(">", "<")),
        HINGE,
    ),
    Damage("a condition is lost", of(array_expressions.Positive, lambda self, node, latex: r"\mathbf{1}"), HINGE),
    # numbers, powers, functions
    Damage("the number in front is lost", rewritten(Printer, "_scaled", r"^-?(\\frac\{1\}\{2\}\\,|2)", ""), LINE),
    Damage("the scalar in front is lost", rewritten(Printer, "_scaled", r"k\\,", ""), SCALED),
    Damage(
        "the minus in front is lost",
        put(Printer, "_signed", lambda true, *args, **more: (False, true(*args, **more)[1])),
        SOFTMAX,
    ),
    Damage("a minus in a sum is lost", rewritten(Printer, "_array", r" - ", " + "), LINE),
    Damage("a sum loses its last term", put(Printer, "summands", lambda true, self, side: list(true(self, side))[:2]), BATCH),
    Damage("an entrywise power is printed as a power", rewritten(Printer, "_map", r"\\odot ", ""), POWERS),
    Damage("the power of an entry is lost", rewritten(Printer, "_map", r"\^\{\\odot 3\}", ""), POWERS),
    Damage(
        "one divided by is lost",
        rewritten(Printer, "_map", r"\\mathbf\{1\} \\oslash ", ""),
        matrices("z = 1/x", "C = sum(z**2)", inputs="{x: 3}"),
    ),
    Damage("a function is left out", rewritten(Printer, "_map", r"^\\tanh", ""), MLP),
    Damage("a prime is lost", put(Printer, "function", lambda true, self, name, order=0: true(self, name, 0)), MLP),
    # names
    Damage("the d of a change is lost", rewritten(Printer, "array_name", r"\\mathrm\{d\}", ""), LINE),
    Damage(
        "the d stands before what does not change",
        put(
            Printer,
            "array_name",
            lambda true, self, node: true(self, replace(node, change=True)) if node.key == "x" else true(self, node),
        ),
        LINE,
    ),
    Damage(
        "the label of a training example is lost",
        put(Printer, "array_name", lambda true, self, node: true(self, replace(node, labels=()))),
        LABELLED,
    ),
    Damage(
        "the sum over the training examples is lost",
        of(array_expressions.LabelTotal, lambda self, node, latex: self.text(node.of).within("total")),
        LABELLED,
    ),
    Damage("the average over the training examples is a sum", rewritten(Printer, "_scalar", r"\\frac\{1\}\{N\}", "1"), BATCH),
    Damage("the average is printed with the number of examples", rewritten(Printer, "entry", "^N$", "3"), BATCH),
    Damage(
        "the derivative by a matrix is that by another",
        put(
            Printer,
            "array_name",
            lambda true, self, node: true(self, replace(node, key="bar B") if node.key == "bar A" else node),
        ),
        TWO,
    ),
    Damage(
        "the error signal is that of another line",
        put(
            Printer,
            "array_name",
            lambda true, self, node: true(self, replace(node, key="bar s") if node.key == "bar z" else node),
        ),
        MLP,
    ),
    Damage(
        "a small letter is printed for a matrix",
        put(Printer, "array_name", lambda true, self, node: true(self, replace(node, axes=node.axes[:1]))),
        NETWORK,
    ),
]


@pytest.mark.parametrize("damage", parameters(DAMAGES))
def test_the_build_sees_a_damage_to_the_printer_of_arrays(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
