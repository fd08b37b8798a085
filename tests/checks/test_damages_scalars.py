"""Damages to the printer of indexed scalars: each is seen by the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damages import Damage, equations, parameters, put, require_seen, rewritten
from pytest import MonkeyPatch
from sympy import Add, Expr

from derive.expressions.nodes import Delta, Differential, Elementwise, Entry, Total, Within
from derive.notation.printers import latex_scalars
from derive.notation.printers.latex_scalars import ScalarPrinter, Text
from derive.notation.printers.precedence import BINDING

PRODUCT = equations("C = sum(u[i]*(v[i] + w[i]), i)", parameters="{u: 3, v: 3, w: 3}")
QUOTIENT = equations("C = sum(u[i]/v[i]**2, i)", parameters="{u: 3, v: 3}")
SUMS = equations("C = sum(u[i], i) - sum(v[i] + u[i]*v[i], i)", parameters="{u: 3, v: 3}")
POWER = equations("C = sum((u[i] + v[i])**2, i)", parameters="{u: 3, v: 3}")
LINE = equations("z[j] = sum(W[j,k]*x[k], k) + b[j]", "C = 1/2*sum(z[j]**2, j)", inputs="{x: 2}", parameters="{W: [2, 2], b: 2}")
SIGMOID = equations("a[j] = sigmoid(v[j] + b[j])", "C = sum(a[j]*v[j], j)", parameters="{v: 3, b: 3}")
TANH = equations("C = sum(tanh(w[i] + v[i])*v[i], i)", parameters="{w: 3, v: 3}")
TANH_SQUARED = equations("C = sum(tanh(w[i])**2, i)", parameters="{w: 3}")
DIAGONAL = equations("C = sum(W[i,i]*x[i]**2, i)", inputs="{x: 2}", parameters="{W: [2, 2]}")
MINUS = equations("C = sum(u[i] - v[i]*u[i], i)", parameters="{u: 3, v: 3}")
DIFFERENCE = equations("C = sum((u[i] - v[i])**2, i)", parameters="{u: 3, v: 3}")
FORM = equations("C = sum(W[i,j]*u[i]*v[j], i, j)", parameters="{W: [2, 3], u: 2, v: 3}")
SHIFTED = equations("z[i] = sum(w[p]*x[i+p+1], p)", "C = sum(z[i]**2, i)", inputs="{x: 5}", parameters="{w: 3}")
NUMBERED = equations("C = x[0]*w[1]**2 + sum(w[i]*x[i], i)", inputs="{x: 3}", parameters="{w: 3}")
PART = equations("C = sum(x[i]*x[i+1], i)", inputs="{x: 4}")
DIFFERENCES = equations("y[i] = x[i+1] - x[i]", "C = sum(y[i]**2, i)", inputs="{x: 4}", count_from="1")
STRIDE = equations("z[i] = sum(w[p]*x[2*i+p], p)", "C = sum(z[i]**2, i)", inputs="{x: 5}", parameters="{w: 3}")
SOFTMAX = equations("p[j] = exp(z[j])/sum(exp(z[k]), k)", "C = sum(y[j]*p[j], j)", parameters="{z: 3}", targets="{y: 3}")
ROOT = equations("C = sqrt(sum(x[i]**2, i))", inputs="{x: 3}")
LOGARITHM = equations("C = sum(log(x[i])*exp(-x[i]), i)", inputs="{x: 3}")
NORMED = equations("a[j] = u[j]/(1 + v[j])", "C = sum(a[j]**3, j)", parameters="{u: 3, v: 3}")
BRANCHES = equations("C = sum(where(x[i] > w[i], x[i]*w[i], 3*w[i]), i)", inputs="{x: 3}", parameters="{w: 3}")
LARGER = equations("C = sum(max(x[i], w[i]**2), i)", inputs="{x: 3}", parameters="{w: 3}")
SIZE = equations("C = sum(abs(x[i] + w[i]), i)", inputs="{x: 3}", parameters="{w: 3}")
RELU = equations("C = sum(relu(x[i])*w[i], i)", inputs="{x: 3}", parameters="{w: 3}")
NEURON = """
title: damaged
view: scalar
equations: [z = w*x + b, a = sigmoid(z), C = (a - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {x: scalar}
targets: {y: scalar}
explore: {parameter: w, given: b}
"""


def within(*places: str) -> Any:
    """No brackets around what stands in these places."""
    return put(Text, "within", lambda true, self, place: self.latex if place in places else true(self, place))


def of(kind: type | tuple[type, ...], change: Any) -> Any:
    """What is printed of one kind of expression; `change` gets the printer, the expression and the true piece of text."""

    def changed(true: Any, self: ScalarPrinter, expr: Expr) -> Text:
        found: Text = true(self, expr)
        return replace(found, latex=change(self, expr, found.latex)) if isinstance(expr, kind) else found

    return put(ScalarPrinter, "_scalar", changed)


def under_one_index(true: Any, self: ScalarPrinter, expr: Total) -> Text:
    return true(self, Total(expr.body, expr.indices[0]))


def upside_down(found: str) -> str:
    if not found.startswith(r"\frac{"):
        return found
    depth, at = 0, 5
    while True:
        depth += {"{": 1, "}": -1}.get(found[at], 0)
        at += 1
        if not depth:
            break
    end, depth = at, 0
    while True:
        depth += {"{": 1, "}": -1}.get(found[end], 0)
        end += 1
        if not depth:
            break
    return rf"\frac{found[at:end]}{found[5:at]}{found[end:]}"


def turned_upside_down(true: Any, self: ScalarPrinter, expr: Expr) -> Text:
    found: Text = true(self, expr)
    return replace(found, latex=upside_down(found.latex))


def without_brackets(true: Any, self: ScalarPrinter, expr: Any) -> Text:
    found = self.text(expr.base).latex
    return Text(f"{found}^{{{self.exponent(expr.exp)}}}", BINDING["power"]) if isinstance(expr.base, Add) else true(self, expr)


def shorter(true: Any, self: ScalarPrinter, expr: Any) -> str:
    return true(self, expr.func(expr.of, expr.by, *expr.held[:-1]) if len(expr.held) > 1 else expr)


def with_itself(true: Any, self: ScalarPrinter, expr: Any) -> str:
    return true(self, expr.func(expr.of, expr.by, Entry.of(expr.by.key), *expr.held[1:]) if expr.held else expr)


DAMAGES = [
    # brackets
    Damage("a bracket is lost around a sum in a product", within("product"), PRODUCT),
    Damage("a bracket is lost around a sum that is squared", put(ScalarPrinter, "_power", without_brackets), POWER),
    Damage("a bracket is lost around the argument of tanh", rewritten(ScalarPrinter, "bracketed", r"^\((.*)\)$", r" \1"), TANH),
    Damage("a bracket is lost around a sum below a sum sign", within("total"), SUMS),
    Damage("a product of brackets loses the first closing one", rewritten(latex_scalars, "brackets", r"\)$", ""), PRODUCT),
    Damage(
        "a square is put on the argument instead of on the function",
        rewritten(ScalarPrinter, "_power", r"\\tanh\^\{2\}\((.*)\)", r"\\tanh(\1^{2})"),
        TANH_SQUARED,
    ),
    # signs
    Damage("a minus is lost", put(ScalarPrinter, "_signed", lambda true, *args, **more: (False, true(*args, **more)[1])), MINUS),
    Damage("a plus becomes a minus", rewritten(latex_scalars, "joined", r"\+", "-"), POWER),
    Damage(
        "the minus in front of a sum sign is lost",
        rewritten(ScalarPrinter, "_total", r"(\\sum_\{\w+\}) \(?-", r"\1 "),
        equations("C = w*sum(-u[i]*w, i)", parameters="{u: 3, w: scalar}"),
    ),
    Damage("the minus in an exponent is lost", rewritten(ScalarPrinter, "_call", r"e\^\{-", "e^{"), LOGARITHM),
    # indices
    Damage("an index pair is turned", put(ScalarPrinter, "indices", lambda true, self, found: true(self, found[::-1])), LINE),
    Damage(
        "an index pair is turned on the left alone",
        put(
            ScalarPrinter,
            "_partial",
            lambda true, self, e: true(self, e.func(e.of, Entry.of(e.by.key, *e.by.indices[::-1]), *e.held)),
        ),
        LINE,
    ),
    Damage("a shifted index loses its shift", rewritten(ScalarPrinter, "indices", r"[+-]1", ""), SHIFTED),
    Damage("an index is shifted where it stands alone", rewritten(ScalarPrinter, "indices", r"^i$", "i-1"), PRODUCT),
    Damage("the stride of an index is lost", rewritten(ScalarPrinter, "indices", "2", ""), STRIDE),
    Damage(
        "a numbered entry is the one before",
        put(ScalarPrinter, "indices", lambda true, self, found: true(self, [i - 1 if i.is_Integer else i for i in found])),
        NUMBERED,
    ),
    Damage("all indices get one letter", rewritten(latex_scalars, "index_name", ".*", "i"), FORM),
    Damage("a sum loses its second index", put(ScalarPrinter, "_total", under_one_index), FORM),
    Damage("a sum sign is lost", rewritten(ScalarPrinter, "_total", r"\\sum_\{[\w,]*\} ", ""), PRODUCT),
    Damage("a sum runs over the free index", rewritten(ScalarPrinter, "_total", r"\\sum_\{k\}", r"\\sum_{j}"), LINE),
    Damage("the indices of a factor are lost", rewritten(ScalarPrinter, "indices", r"^jk$", "j"), LINE),
    # conditions
    Damage(
        "a condition on an index is dropped",
        of(Within, lambda self, e, latex: "1"),
        equations("y[i] = x[i+1]**2*w", "C = sum(y[i]**3, i)", inputs="{x: 4}", parameters="{w: scalar}"),
    ),
    Damage(
        "a condition under a sum is dropped", rewritten(ScalarPrinter, "_total", r"\\substack\{(\w+)\\\\.*?\}", r"\1"), STRIDE
    ),
    Damage(
        "a condition reaches one place too far",
        rewritten(ScalarPrinter, "condition", r"\d+$", lambda m: str(int(m[0]) + 1)),
        STRIDE,
    ),
    Damage("a condition begins one place too late", rewritten(ScalarPrinter, "condition", r"^0", "1"), STRIDE),
    Damage("Kronecker's delta is dropped", of(Delta, lambda self, e, latex: "1"), DIAGONAL),
    Damage(
        "Kronecker's delta compares an index with itself",
        of(Delta, lambda self, e, latex: rf"[\,{e.args[0]}={e.args[0]}\,]"),
        DIAGONAL,
    ),
    Damage(
        "Kronecker's delta compares places in the wrong order",
        rewritten(ScalarPrinter, "_scalar", r"^\[\\,(\w)=(\d)\\,\]$", r"[\\,\1=\2+1\\,]"),
        NUMBERED,
    ),
    Damage(
        "a sum over a part of an axis loses its ends",
        rewritten(ScalarPrinter, "_total", r"\\sum_\{i=0\}\^\{2\}", r"\\sum_{i}"),
        PART,
    ),
    Damage(
        "a sum over a part of an axis ends one place too late",
        rewritten(ScalarPrinter, "_total", r"\\sum_\{i=0\}\^\{2\}", r"\\sum_{i=0}^{3}"),
        PART,
    ),
    Damage(
        "a sum over a part of an axis begins one place too late",
        rewritten(ScalarPrinter, "_total", r"\\sum_\{i=0\}", r"\\sum_{i=1}"),
        PART,
    ),
    Damage("the range behind a line ends one place too late", rewritten(ScalarPrinter, "range", r"3$", "4"), DIFFERENCES),
    Damage(
        "entries are counted from 0 where the sheet counts from 1",
        put(ScalarPrinter, "place", lambda true, self, at: true(self, at - 1 if at.is_Integer else at)),
        NUMBERED.replace("view: index", "view: index\ncount_from: 1"),
    ),
    # factors, fractions, powers
    Damage("a fraction stands upside down", put(ScalarPrinter, "_product", turned_upside_down), QUOTIENT),
    Damage(
        "a number's fraction stands upside down",
        rewritten(ScalarPrinter, "_number", r"\\frac\{(\d)\}\{(\d)\}", r"\\frac{\2}{\1}"),
        equations("C = sum((x[i] + 2/3)**2, i)", inputs="{x: 3}"),
    ),
    Damage("the number in front is lost", rewritten(ScalarPrinter, "_side_by_side", r"^\d+", ""), POWER),
    Damage(
        "the last factor is lost",
        put(
            ScalarPrinter,
            "_side_by_side",
            lambda true, self, parts, **more: true(self, parts[:-1] if len(parts) > 1 else parts, **more),
        ),
        PRODUCT,
    ),
    Damage("a product is printed as a sum", rewritten(ScalarPrinter, "_side_by_side", r"\\,", " + "), PRODUCT),
    Damage("the power in a denominator is lost", rewritten(ScalarPrinter, "_product", r"\^\{2\}\}$", "}"), QUOTIENT),
    Damage("a denominator is lost", rewritten(ScalarPrinter, "_product", r"^\\frac\{(.*)\}\{[^{}]*(_\{\w\})?\}$", r"\1"), NORMED),
    Damage("an exponent is one too high", put(ScalarPrinter, "exponent", lambda true, self, e: true(self, e + 1)), POWER),
    Damage("an exponent becomes an index", rewritten(ScalarPrinter, "_power", r"\^\{3\}$", "_{3}"), NORMED),
    Damage("a root is lost", rewritten(ScalarPrinter, "_power", r"\\sqrt", ""), ROOT),
    Damage(
        "one over a root is the root",
        rewritten(ScalarPrinter, "_product", r"\\frac\{(.*)\}\{\\sqrt\{(.*)\}\}$", r"\1\\,\\sqrt{\2}"),
        equations("C = sum(w[i]/sqrt(x[i]), i)", inputs="{x: 3}", parameters="{w: 3}"),
    ),
    # functions
    Damage("a prime is lost", put(ScalarPrinter, "function", lambda true, self, name, order=0: true(self, name, 0)), SIGMOID),
    Damage(
        "a prime too many", put(ScalarPrinter, "function", lambda true, self, name, order=0: true(self, name, order * 2)), SIGMOID
    ),
    Damage(
        "the sigmoid is printed as tanh",
        rewritten(ScalarPrinter, "function", r"\\sigma", r"\\tanh"),
        SIGMOID,
    ),
    Damage("the logarithm is printed as the exponential", rewritten(ScalarPrinter, "_call", r"\\log", r"\\exp"), LOGARITHM),
    Damage("a function is left out", of(Elementwise, lambda self, e, latex: self.bracketed(e.argument)), SIGMOID),
    Damage(
        "the two of a maximum are one",
        rewritten(ScalarPrinter, "_where", r"\\max\\left\((.*?),\\,(.*)\\right\)", r"\\max\\left(\1,\\,\1\\right)"),
        LARGER,
    ),
    Damage("a maximum is a minimum", rewritten(ScalarPrinter, "_where", r"\\max", r"\\min"), RELU),
    Damage(
        "the sign inside max(0, u) is lost on the way",
        rewritten(ScalarPrinter, "_where", r"\\max\\left\(0,\\,", r"\\max\\left(0,\\,-"),
        RELU,
    ),
    Damage("the bars of an absolute value are lost", rewritten(ScalarPrinter, "_where", r"\\left\|(.*)\\right\|", r"(\1)"), SIZE),
    Damage(
        "the branches of a case are swapped",
        rewritten(ScalarPrinter, "_where", r"\\begin\{cases\}(.*?) & (.*?)\\\\ (.*?) & ", r"\\begin{cases}\3 & \2\\\\ \1 & "),
        BRANCHES,
    ),
    Damage("the condition of a case is turned", rewritten(ScalarPrinter, "comparison", ">", "<"), BRANCHES),
    Damage(
        "a case loses its second branch",
        rewritten(ScalarPrinter, "_where", r"\\\\ .* & \\dsotherwise", r"\\\\ 0 & \\dsotherwise"),
        BRANCHES,
    ),
    # changes and partials
    Damage("the d of a change is lost", of(Differential, lambda self, e, latex: self.entry(e.entry)), PRODUCT),
    Damage("the d of one quantity is lost", rewritten(ScalarPrinter, "_scalar", r"^\\mathrm\{d\}(v.*)$", r"\1"), PRODUCT),
    Damage(
        "a partial is upside down",
        put(ScalarPrinter, "_partial", lambda true, self, e: true(self, e.func(e.by, e.of, *e.held))),
        LINE,
    ),
    Damage("one quantity fewer is held constant", put(ScalarPrinter, "_partial", shorter), LINE),
    Damage("what moves is held constant", put(ScalarPrinter, "_partial", with_itself), LINE),
    Damage(
        "nothing is held constant",
        put(ScalarPrinter, "_partial", lambda true, self, e: true(self, e.func(e.of, e.by))),
        LINE,
    ),
    Damage(
        "the derivative of the cost is printed as the derivative of another",
        rewritten(ScalarPrinter, "entry", r"\\partial C", r"\\partial z"),
        LINE,
    ),
    Damage(
        "the derivative of the cost by a quantity is printed as the quantity",
        rewritten(ScalarPrinter, "entry", r"\\frac\{\\partial C\}\{\\partial (.*)\}", r"\1"),
        LINE,
    ),
    Damage(
        "a second derivative is by one quantity twice",
        rewritten(ScalarPrinter, "_scalar", r"\\partial b\\,\\partial w", r"\\partial w\\,\\partial w"),
        NEURON,
    ),
]


@pytest.mark.parametrize("damage", parameters(DAMAGES))
def test_the_build_sees_a_damage_to_the_printer_of_scalars(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
