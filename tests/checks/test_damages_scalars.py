"""Damages to the printer of indexed scalars: each is seen by the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damages import Change, Damage, emitted, equations, instead, parameters, put, require_seen, rewritten
from pytest import MonkeyPatch

from derive.notation import mathematics as m
from derive.notation.emitters import latex
from derive.notation.emitters.latex import Printer, Text
from derive.notation.formula import Walk

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


def of(kind: Any, change: Any) -> Change:
    """What is printed of one kind of tree; `change` gets the printer, the tree and the true piece of LaTeX."""
    return emitted(Printer, kind, change)


def other(kind: Any, change: Any) -> Change:
    """Another tree is printed for each of one kind."""
    return instead(Printer, kind, change)


def under_one_letter(total: m.Total) -> m.Total:
    return replace(total, over=(m.Over(total.over[0].letters[:1]),))


def numbered_before(at: m.Tree | None) -> m.Tree | None:
    return m.Numeral(at.value - 1) if isinstance(at, m.Numeral) else at


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


def without_brackets(self: Printer, power: m.Power, latex: str) -> str:
    base = self.text(power.base).latex
    return f"{base}^{{{self.text(power.exponent).latex}}}" if isinstance(power.base, m.Sum) else latex


def with_itself(partial: m.Partial) -> m.Partial:
    assert isinstance(partial.by, m.Symbol)
    by = replace(partial.by, slots=())
    return replace(partial, held=(by, *partial.held[1:])) if partial.held else partial


DAMAGES = [
    # brackets
    Damage("a bracket is lost around a sum in a product", within("product"), PRODUCT),
    Damage("a bracket is lost around a sum that is squared", of(m.Power, without_brackets), POWER),
    Damage("a bracket is lost around the argument of tanh", rewritten(latex, "_bracketed", r"^\((.*)\)$", r" \1"), TANH),
    Damage("a bracket is lost around a sum below a sum sign", within("total"), SUMS),
    Damage("a product of brackets loses the first closing one", rewritten(Text, "bracketed", r"\)$", ""), PRODUCT),
    Damage(
        "a square is put on the argument instead of on the function",
        rewritten(Printer, "_power", r"\\tanh\^\{2\}\((.*)\)", r"\\tanh(\1^{2})"),
        TANH_SQUARED,
    ),
    # signs
    Damage("a minus is lost", rewritten(Printer, "_sum", " - ", " + "), MINUS),
    Damage("a plus becomes a minus", rewritten(Printer, "_sum", r"\+", "-"), POWER),
    Damage(
        "the minus in front of a sum sign is lost",
        other(m.Minus, lambda minus: minus.of if isinstance(minus.of, m.Total) else minus),
        equations("C = w*sum(-u[i]*w, i)", parameters="{u: 3, w: scalar}"),
    ),
    Damage("the minus in an exponent is lost", rewritten(Printer, "_call", r"e\^\{-", "e^{"), LOGARITHM),
    # indices
    Damage("an index pair is turned", other(m.Symbol, lambda s: replace(s, slots=s.slots[::-1])), LINE),
    Damage(
        "an index pair is turned on the left alone",
        other(m.Partial, lambda p: replace(p, by=replace(p.by, slots=p.by.slots[::-1]))),
        LINE,
    ),
    Damage("a shifted index loses its shift", rewritten(Printer, "_below", r"[+-]1", ""), SHIFTED),
    Damage("an index is shifted where it stands alone", rewritten(Printer, "_below", r"^i$", "i-1"), PRODUCT),
    Damage("the stride of an index is lost", rewritten(Printer, "_below", "2", ""), STRIDE),
    Damage(
        "a numbered entry is the one before",
        other(m.Symbol, lambda s: replace(s, slots=tuple(map(numbered_before, s.slots)))),
        NUMBERED,
    ),
    Damage("all indices get one letter", of(m.Letter, lambda self, letter, latex: "i"), FORM),
    Damage("a sum loses its second index", other(m.Total, under_one_letter), FORM),
    Damage("a sum sign is lost", rewritten(Printer, "_total", r"\\sum_\{[\w,]*\} ", ""), PRODUCT),
    Damage("a sum runs over the free index", rewritten(Printer, "_total", r"\\sum_\{k\}", r"\\sum_{j}"), LINE),
    Damage("the indices of a factor are lost", rewritten(Printer, "_below", r"^jk$", "j"), LINE),
    # conditions
    Damage(
        "a condition on an index is dropped",
        of(m.Indicator, lambda self, e, latex: "1"),
        equations("y[i] = x[i+1]**2*w", "C = sum(y[i]**3, i)", inputs="{x: 4}", parameters="{w: scalar}"),
    ),
    Damage("a condition under a sum is dropped", rewritten(Printer, "_total", r"\\substack\{(\w+)\\\\.*?\}", r"\1"), STRIDE),
    Damage(
        "a condition reaches one place too far",
        rewritten(Printer, "_condition", r"\d+$", lambda m: str(int(m[0]) + 1)),
        STRIDE,
    ),
    Damage("a condition begins one place too late", rewritten(Printer, "_condition", r"^0", "1"), STRIDE),
    Damage("Kronecker's delta is dropped", of(m.Indicator, lambda self, e, latex: "1"), DIAGONAL),
    Damage(
        "Kronecker's delta compares an index with itself",
        other(m.Indicator, lambda e: m.Indicator(m.Equal(e.of.left, e.of.left))),
        DIAGONAL,
    ),
    Damage(
        "Kronecker's delta compares places in the wrong order",
        rewritten(Printer, "_text", r"^\[\\,(\w)=(\d)\\,\]$", r"[\\,\1=\2+1\\,]"),
        NUMBERED,
    ),
    Damage(
        "a sum over a part of an axis loses its ends",
        rewritten(Printer, "_total", r"\\sum_\{i=0\}\^\{2\}", r"\\sum_{i}"),
        PART,
    ),
    Damage(
        "a sum over a part of an axis ends one place too late",
        rewritten(Printer, "_total", r"\\sum_\{i=0\}\^\{2\}", r"\\sum_{i=0}^{3}"),
        PART,
    ),
    Damage(
        "a sum over a part of an axis begins one place too late",
        rewritten(Printer, "_total", r"\\sum_\{i=0\}", r"\\sum_{i=1}"),
        PART,
    ),
    Damage("the range behind a line ends one place too late", rewritten(Printer, "_ranges", r"3\)$", "4)"), DIFFERENCES),
    Damage(
        "entries are counted from 0 where the sheet counts from 1",
        put(Walk, "place", lambda true, self, at: true(self, at - 1 if at.is_Integer else at)),
        NUMBERED.replace("view: index", "view: index\ncount_from: 1"),
    ),
    # factors, fractions, powers
    Damage("a fraction stands upside down", of(m.Product, lambda self, product, latex: upside_down(latex)), QUOTIENT),
    Damage(
        "a number's fraction stands upside down",
        rewritten(Printer, "_numeral", r"\\frac\{(\d)\}\{(\d)\}", r"\\frac{\2}{\1}"),
        equations("C = sum((x[i] + 2/3)**2, i)", inputs="{x: 3}"),
    ),
    Damage("the number in front is lost", rewritten(Printer, "_side_by_side", r"^\d+", ""), POWER),
    Damage(
        "the last factor is lost",
        put(
            Printer,
            "_side_by_side",
            lambda true, self, parts, **more: true(self, parts[:-1] if len(parts) > 1 else parts, **more),
        ),
        PRODUCT,
    ),
    Damage("a product is printed as a sum", rewritten(Printer, "_side_by_side", r"\\,", " + "), PRODUCT),
    Damage("the power in a denominator is lost", rewritten(Printer, "_product", r"\^\{2\}\}$", "}"), QUOTIENT),
    Damage("a denominator is lost", rewritten(Printer, "_product", r"^\\frac\{(.*)\}\{[^{}]*(_\{\w\})?\}$", r"\1"), NORMED),
    Damage("an exponent is one too high", other(m.Power, lambda p: replace(p, exponent=m.Numeral(p.exponent.value + 1))), POWER),
    Damage("an exponent becomes an index", rewritten(Printer, "_power", r"\^\{3\}$", "_{3}"), NORMED),
    Damage("a root is lost", other(m.Root, lambda root: root.of), ROOT),
    Damage(
        "one over a root is the root",
        rewritten(Printer, "_product", r"\\frac\{(.*)\}\{\\sqrt\{(.*)\}\}$", r"\1\\,\\sqrt{\2}"),
        equations("C = sum(w[i]/sqrt(x[i]), i)", inputs="{x: 3}", parameters="{w: 3}"),
    ),
    # functions
    Damage("a prime is lost", put(Printer, "function", lambda true, self, name, order=0: true(self, name, 0)), SIGMOID),
    Damage("a prime too many", put(Printer, "function", lambda true, self, name, order=0: true(self, name, order * 2)), SIGMOID),
    Damage(
        "the sigmoid is printed as tanh",
        rewritten(Printer, "function", r"\\sigma", r"\\tanh"),
        SIGMOID,
    ),
    Damage("the logarithm is printed as the exponential", rewritten(Printer, "_call", r"\\log", r"\\exp"), LOGARITHM),
    Damage("a function is left out", other(m.Call, lambda call: call.argument), SIGMOID),
    Damage(
        "the two of a maximum are one",
        rewritten(Printer, "_text", r"^\\max\\left\((.*?),\\,(.*)\\right\)", r"\\max\\left(\1,\\,\1\\right)"),
        LARGER,
    ),
    Damage("a maximum is a minimum", of(m.Maximum, lambda self, e, latex: latex.replace(r"\max", r"\min", 1)), RELU),
    Damage(
        "the sign inside max(0, u) is lost on the way",
        rewritten(Printer, "_text", r"^\\max\\left\(0,\\,", r"\\max\\left(0,\\,-"),
        RELU,
    ),
    Damage("the bars of an absolute value are lost", other(m.Absolute, lambda e: e.of), SIZE),
    Damage(
        "the branches of a case are swapped",
        rewritten(Printer, "_cases", r"\\begin\{cases\}(.*?) & (.*?)\\\\ (.*?) & ", r"\\begin{cases}\3 & \2\\\\ \1 & "),
        BRANCHES,
    ),
    Damage("the condition of a case is turned", rewritten(Printer, "_condition", ">", "<"), BRANCHES),
    Damage(
        "a case loses its second branch",
        rewritten(Printer, "_cases", r"\\\\ .* & \\dsotherwise", r"\\\\ 0 & \\dsotherwise"),
        BRANCHES,
    ),
    # changes and partials
    Damage("the d of a change is lost", other(m.Change, lambda change: change.of), PRODUCT),
    Damage("the d of one quantity is lost", rewritten(Printer, "_text", r"^\\mathrm\{d\}(v[^ ]*)$", r"\1"), PRODUCT),
    Damage(
        "a partial is upside down",
        other(m.Partial, lambda p: m.Partial(p.by, p.of, p.held)),
        LINE,
    ),
    Damage(
        "one quantity fewer is held constant",
        other(m.Partial, lambda p: replace(p, held=p.held[:-1] if len(p.held) > 1 else p.held)),
        LINE,
    ),
    Damage("what moves is held constant", other(m.Partial, with_itself), LINE),
    Damage(
        "nothing is held constant",
        other(m.Partial, lambda p: m.Partial(p.of, p.by)),
        LINE,
    ),
    Damage(
        "the derivative of the cost is printed as the derivative of another",
        rewritten(Printer, "_slope", r"\\partial C", r"\\partial z"),
        LINE,
    ),
    Damage(
        "the derivative of the cost by a quantity is printed as the quantity",
        other(m.Slope, lambda slope: slope.by),
        LINE,
    ),
    Damage(
        "a second derivative is by one quantity twice",
        other(m.Second, lambda e: replace(e, then=e.by)),
        NEURON,
    ),
]


@pytest.mark.parametrize("damage", parameters(DAMAGES))
def test_the_build_sees_a_damage_to_the_printer_of_scalars(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
