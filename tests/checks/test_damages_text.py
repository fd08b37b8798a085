"""Damages to plain text, in a terminal and behind the formulas of a PDF, and to names and glyphs: each is seen by the build."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damages import Change, Damage, emitted, equations, instead, parameters, put, require_seen, rewritten
from pytest import MonkeyPatch

from derive.notation import glyphs
from derive.notation import mathematics as m
from derive.notation.emitters import ascii
from derive.notation.emitters.plain_text import Printer, Text
from derive.notation.glyphs import Glyph, Symbols
from derive.writers import text
from derive.writers.latex import formulas

BOTH: Any = ("terminal", "page")


def matrices(*lines: str, view: str = "matrix", **given: str) -> str:
    """A spec in the matrix view."""
    return equations(*lines, view=view, **given)


PRODUCT = equations("C = sum(u[i]*(v[i] + w[i]), i)", parameters="{u: 3, v: 3, w: 3}")
QUOTIENT = equations("C = sum(x[i]/(v[i]*w[i]), i)", parameters="{x: 3, v: 3, w: 3}")
POWER = equations("C = sum((u[i] - v[i])**2, i)", parameters="{u: 3, v: 3}")
LINE = equations("z[j] = sum(W[j,k]*x[k], k) + b[j]", "C = 1/2*sum(z[j]**2, j)", inputs="{x: 2}", parameters="{W: [2, 2], b: 2}")
SIGMOID = equations("a[j] = sigmoid(v[j] + b[j])", "C = sum(a[j]*v[j], j)", parameters="{v: 3, b: 3}")
FORM = equations("C = sum(W[i,j]*u[i]*v[j], i, j)", parameters="{W: [2, 3], u: 2, v: 3}")
STRIDE = equations("z[i] = sum(w[p]*x[2*i+p], p)", "C = sum(z[i]**2, i)", inputs="{x: 5}", parameters="{w: 3}")
PART = equations("C = sum(x[i]*x[i+1], i)", inputs="{x: 4}")
DIAGONAL = equations("C = sum(W[i,i]*x[i]**2, i)", inputs="{x: 2}", parameters="{W: [2, 2]}")
NUMBERED = equations("C = x[0]*w[1]**2 + sum(w[i]*x[i], i)", inputs="{x: 3}", parameters="{w: 3}")
BRANCHES = equations("C = sum(where(x[i] > w[i], x[i]*w[i], 3*w[i]), i)", inputs="{x: 3}", parameters="{w: 3}")
LARGER = equations("C = sum(max(x[i], w[i]**2), i)", inputs="{x: 3}", parameters="{w: 3}")
SIZE = equations("C = sum(abs(x[i] + w[i]), i)", inputs="{x: 3}", parameters="{w: 3}")
ROOT = equations("C = sum(sqrt(x[i] + 2*x[i]**2), i)", inputs="{x: 3}")
SQUARED_NAME = """
title: damaged
view: index
network: {input: {x: 2}, layers: [dense: {units: 2}], loss: half_squared_error}
equations: ["J = C + sum(z[j]**2, j)"]
"""
ARRAYS = matrices("z = W @ x + b", "C = 1/2*sum((z - y)**2)", inputs="{x: 2}", targets="{y: 2}", parameters="{W: [2, 2], b: 2}")
TWO = matrices("M = A @ B", "C = sum(M**2)", parameters="{A: [2, 2], B: [2, 2]}")
ENTRYWISE = matrices("z = p*q", "C = y @ z", parameters="{p: 3, q: 3}", targets="{y: 3}")
DIVIDED = matrices("z = p/q", "C = y @ z", parameters="{p: 3, q: 3}", targets="{y: 3}")
WEIGHTED = matrices("M[i,k] = sum(A[i,j]*v[j]*B[j,k], j)", "C = sum(M**2)", parameters="{A: [2, 2], B: [2, 2], v: 2}")
SOFTMAX = matrices("p = softmax(z)", "C = y @ p", parameters="{z: 3}", targets="{y: 3}")
TWO_LAYERS = """
title: damaged
view: index
network: {input: {x: 2}, layers: [dense: {units: 2, activation: tanh}, dense: {units: 2}], loss: half_squared_error}
"""
IN_ARRAYS = TWO_LAYERS.replace("view: index", "view: matrix")
RELATIVE = TWO_LAYERS.replace("view: index", "view: index\nlabels: relative")
SQUARED = """
title: damaged
view: scalar
network: {input: {x: 1}, layers: [dense: {units: 1, activation: tanh}, dense: {units: 1}], loss: squared_error}
"""
NAMES = equations(
    "s = w_q*x_hat + w_k*x",
    "C = s**2",
    inputs="{x: scalar, x_hat: scalar}",
    parameters="{w_q: scalar, w_k: scalar}",
    view="scalar",
)
NUMBERS = equations("s = w1*x + w2*x**2", "C = s**2", inputs="{x: scalar}", parameters="{w1: scalar, w2: scalar}", view="scalar")
SIGNALS = equations(
    "q = w*x + b",
    "a = sigmoid(q)",
    "s = v*a",
    "p = tanh(s)",
    "C = p**2",
    inputs="{x: scalar}",
    parameters="{w: scalar, b: scalar, v: scalar}",
    view="scalar",
)
GREEK = equations(
    "s = alpha*x + beta*x**2", "C = s**2", inputs="{x: scalar}", parameters="{alpha: scalar, beta: scalar}", view="scalar"
)
LIFTED = equations(
    "z = v*x + w",
    "C = z**2",
    inputs="{x: scalar}",
    parameters="{v: scalar, w: scalar}",
    view="scalar",
    glyphs='{v: "q^{L}", w: "q^{L-1}"}',
)


def within(*places: str) -> Change:
    """No brackets around what stands in these places."""
    return put(Text, "within", lambda true, self, place: self.text if place in places else true(self, place))


def of(kind: Any, change: Any) -> Change:
    """What is written of one kind of tree; `change` gets the printer, the tree and the true text."""
    return emitted(Printer, kind, change)


def other(kind: Any, change: Any) -> Change:
    """Another tree is written for each of one kind."""
    return instead(Printer, kind, change)


def numbered_before(at: m.Tree | None) -> m.Tree | None:
    return m.Numeral(at.value - 1) if isinstance(at, m.Numeral) else at


def spelt(sign: str, otherwise: str) -> Change:
    """A sign of the terminal spelt otherwise in ASCII."""
    return lambda patch: patch.setitem(ascii.SIGNS, sign, otherwise)


def glyph(**parts: Any) -> Change:
    """The glyphs of all tensors, with something else in a part of them."""
    return put(Symbols, "glyph", lambda true, *args, **more: replace(true(*args, **more), **parts))


TEXT = [
    Damage("a bracket is lost around a sum in a product", within("product"), PRODUCT, BOTH),
    Damage("a bracket is lost around a denominator", within("power"), QUOTIENT, BOTH),
    Damage("a bracket is lost around a sum that is squared", within("atom"), POWER, BOTH),
    Damage(
        "a bracket is lost around a name with a layer before it is squared",
        rewritten(Printer, "_power", r"^\((C.*|z.*)\)", r"\1"),
        SQUARED_NAME,
        BOTH,
    ),
    Damage("a minus is lost", rewritten(Printer, "_sum", " − ", " + "), POWER, BOTH),
    Damage(
        "the minus in front is lost",
        other(m.Minus, lambda minus: minus.of),
        equations("C = -sum(y[i]*w[i]**2, i)", targets="{y: 3}", parameters="{w: 3}"),
        BOTH,
    ),
    Damage("an index pair is turned", other(m.Symbol, lambda s: replace(s, slots=s.slots[::-1])), LINE, BOTH),
    Damage(
        "a numbered entry is the one before",
        other(m.Symbol, lambda s: replace(s, slots=tuple(map(numbered_before, s.slots)))),
        NUMBERED,
        BOTH,
    ),
    Damage("a sum loses its second index", of(m.Total, lambda self, e, shown: re.sub(r"^Σ_i,j", "Σ_i", shown)), FORM, BOTH),
    Damage("a sum sign is lost", of(m.Total, lambda self, e, shown: re.sub(r"^Σ_\S+ ", "", shown)), LINE, BOTH),
    Damage(
        "a sum over a part of an axis loses its ends",
        of(m.Total, lambda self, e, shown: re.sub(r"^Σ_\{i=0\}\^\{2\}", "Σ_i", shown)),
        PART,
        BOTH,
    ),
    Damage(
        "a sum over a part of an axis ends one place too late",
        of(m.Total, lambda self, e, shown: shown.replace("^{2}", "^{3}")),
        PART,
        BOTH,
    ),
    Damage("a condition is dropped", of(m.Indicator, lambda self, e, shown: "1"), STRIDE, BOTH),
    Damage(
        "a condition reaches one place too far",
        of(m.Indicator, lambda self, e, shown: shown.replace("≤ 2]", "≤ 3]")),
        STRIDE,
        BOTH,
    ),
    Damage("Kronecker's delta is dropped", of(m.Indicator, lambda self, e, shown: "1"), DIAGONAL, BOTH),
    Damage("a fraction stands upside down", rewritten(Printer, "_product", "^([^/]*)/(.*)$", r"\2/\1"), QUOTIENT, BOTH),
    Damage("a root is lost", other(m.Root, lambda root: root.of), ROOT, BOTH),
    Damage("an exponent is lost", rewritten(Printer, "_power", "²$", ""), POWER, BOTH),
    Damage("a prime is lost", put(Printer, "function", lambda true, self, name, order: true(self, name, 0)), SIGMOID, BOTH),
    Damage("a function is that of another", rewritten(Printer, "function", "^(σ|sigma)$", "tanh"), SIGMOID, BOTH),
    Damage(
        "the branches of a case are swapped",
        rewritten(Printer, "_text", r"^\((.*) if (.*), else (.*)\)$", r"(\3 if \2, else \1)"),
        BRANCHES,
        BOTH,
    ),
    Damage("the condition of a case is turned", rewritten(Printer, "_condition", ">", "<"), BRANCHES, BOTH),
    Damage("the two of a maximum are one", other(m.Maximum, lambda e: replace(e, right=e.left)), LARGER, BOTH),
    Damage("the d of a change is lost", other(m.Change, lambda change: change.of), PRODUCT, BOTH),
    Damage("one quantity fewer is held constant", rewritten(Printer, "_text", r", \w+ held\)", " held)"), LINE, BOTH),
    Damage("what moves is held constant", rewritten(Printer, "_text", r"/([∂d])(W\S*) \(b, ", r"/\1\2 (W, "), LINE, BOTH),
    Damage("a transpose is lost", other(m.Transpose, lambda e: e.of), ARRAYS, BOTH),
    Damage(
        "the factors of a matrix product change places",
        other(m.MatrixProduct, lambda e: replace(e, factors=e.factors[::-1])),
        TWO,
        BOTH,
    ),
    Damage(
        "a matrix product is written for an entrywise product",
        of(m.Entrywise, lambda self, e, shown: shown.replace(" ⊙ ", " ")),
        ENTRYWISE,
        BOTH,
    ),
    Damage(
        "an entrywise product is written for a division",
        of(m.Entrywise, lambda self, e, shown: shown.replace("⊘", "⊙")),
        DIVIDED,
        BOTH,
    ),
    Damage("the number in front is lost", rewritten(Printer, "_scaled", "^1/2 ", ""), ARRAYS, BOTH),
    Damage("the bars of a norm are lost", of(m.SquaredNorm, lambda self, e, shown: f"({shown[1:-2]})²"), ARRAYS, BOTH),
    Damage("diag is lost", of(m.Call, lambda self, e, shown: shown.removeprefix("diag")), WEIGHTED, BOTH),
    Damage("softmax is lost", of(m.Call, lambda self, e, shown: shown.removeprefix("softmax")), SOFTMAX, BOTH),
    Damage(
        "an inner product is written with its left side twice",
        other(m.Inner, lambda e: replace(e, right=e.left)),
        ARRAYS,
        ("terminal",),
    ),
    Damage("the number of a layer is lost", put(Printer, "_above", lambda true, self, layer: ""), TWO_LAYERS, ("terminal",)),
    Damage(
        "the number of a layer is one too low",
        put(Printer, "_above", lambda true, self, layer: true(self, layer and layer - 1)),
        TWO_LAYERS,
        ("terminal",),
    ),
    Damage("the top layer is called the one below", rewritten(Printer, "_above", "^ᴸ$", "ᴸ⁻¹"), RELATIVE, ("terminal",)),
    Damage("a quantity fewer is set to zero in the terminal", rewritten(text, "_held", r", d\S+ = 0$", ""), LINE, ("terminal",)),
    Damage(
        "the equals sign of a line is lost in the terminal",
        put(text, "_lines", lambda true, *args: [(line.replace("C = ", "C "), rules) for line, rules in true(*args)]),
        PRODUCT,
        ("terminal",),
    ),
    Damage(
        "the right-hand side of a line is missing in the terminal",
        put(Printer, "equation", lambda true, self, found: [re.sub("^v$", "", side) for side in true(self, found)]),
        SIGNALS,
        ("terminal",),
    ),
    Damage(
        "a letter stands on one side only in the terminal",
        put(
            Printer, "equation", lambda true, self, found: (true(self, found)[0].replace("∂w[i]", "∂w[z]"), true(self, found)[1])
        ),
        SIZE,
        ("terminal",),
    ),
    Damage(
        "a condition asks for more in the terminal",
        rewritten(Printer, "_condition", "> 0", "> 5"),
        SIZE,
        ("terminal",),
    ),
    Damage("what moves is set to zero in the terminal", rewritten(text, "_held", "db = 0", "dW = 0"), LINE, ("terminal",)),
]

ASCII = [
    Damage("a dot is lost before a times", spelt("⊙", "*"), ENTRYWISE),
    Damage("entrywise signs are spelt alike", spelt("⊘", ".*"), DIVIDED),
    Damage("a transpose is not spelt", spelt("ᵀ", ""), ARRAYS),
    Damage("a prime is not spelt", spelt("′", ""), SIGMOID),
    Damage("a minus is not spelt", spelt("−", "+"), POWER),
    Damage("a root is spelt as nothing", spelt("√", ""), ROOT),
    Damage("a bound is spelt as a strict one", spelt("≤", "<"), STRIDE),
    Damage("a partial derivative loses its lower sign", rewritten(ascii.Printer, "quotient", r"/d", "/"), LINE),
    Damage("the sign of a sum is lost", spelt("Σ_", ""), LINE),
    Damage("a power is not lowered as a power", put(ascii, "plain", lambda true, shown: true(shown).replace("^2", "2")), POWER),
    Damage("a subscript is not read", rewritten(ascii, "_read", r"_\w+", ""), NAMES),
    Damage("an accent is not read", rewritten(ascii, "_bare", r"^hat\((.*)\)$", r"\1"), NAMES),
    Damage("a layer is not read", rewritten(ascii, "_read", r"\^\(\d\)", ""), TWO_LAYERS),
    Damage("the error signal is that of the layer above", rewritten(ascii, "_read", r"^delta\^\(1\)", "delta^(2)"), TWO_LAYERS),
    Damage(
        "the text behind a line that continues another is another one",
        other(m.Inner, lambda e: replace(e, right=e.left)),
        ARRAYS,
    ),
    Damage(
        "the text behind a formula has no left-hand side",
        put(
            formulas.Formulas,
            "_said",
            lambda true, self, shown, *args, **more: tuple(
                type(p)(p.replace("{C = ", "{ = ")) for p in true(self, shown, *args, **more)
            ),
        ),
        LINE,
        unseen="a text without a left-hand side is parsed, not compared",
    ),
    Damage(
        "the text behind a formula says another line that is true",
        put(
            formulas.Formulas,
            "_said",
            lambda true, self, shown, *args, **more: tuple(
                type(p)(p.replace("dC/dW^(1) = delta^(1) x^T", "dC/db^(1) = delta^(1)")) for p in true(self, shown, *args, **more)
            ),
        ),
        IN_ARRAYS,
    ),
    Damage(
        "the text behind a formula has its sides changed with another",
        put(
            formulas.Formulas,
            "_said",
            lambda true, self, shown, *args, **more: tuple(
                type(p)(p.replace("w^(2)", "w^(1)")) for p in true(self, shown, *args, **more)
            ),
        ),
        TWO_LAYERS,
    ),
    Damage(
        "the text behind a line that continues another says only its last term",
        put(
            formulas.Formulas,
            "_said",
            lambda true, self, shown, *args, **more: tuple(
                type(p)(re.sub(r"\{= .* [+-] ", "{= ", p)) for p in true(self, shown, *args, **more)
            ),
        ),
        equations("p[j] = softmax(z[j], j)", "C = sum(y[j]*p[j], j)", parameters="{z: 3}", targets="{y: 3}"),
    ),
]

GLYPHS = [
    Damage(
        "the number of a layer is one too low",
        put(Symbols, "layer", lambda true, self, number: true(self, number - 1)),
        TWO_LAYERS,
    ),
    Damage(
        "the number of a layer counts from the top where it is absolute",
        put(Symbols, "layer", lambda true, self, number: true(self, self.system.depth + 1 - number)),
        TWO_LAYERS,
    ),
    Damage(
        "the top layer is called the one below",
        put(Symbols, "layer", lambda true, self, number: true(self, number - 1)),
        RELATIVE,
    ),
    Damage("all layers below the top have one number", rewritten(Symbols, "layer", r"^L-\d$", "L"), RELATIVE),
    Damage("a layer's number is lost", put(Symbols, "layer", lambda true, self, number: ""), TWO_LAYERS),
    Damage(
        "a layer's number is lost from the error signal",
        put(Symbols, "signal", lambda true, *args: replace(true(*args), above="")),
        TWO_LAYERS,
    ),
    Damage("a subscript of a name is lost", glyph(below=""), NAMES),
    Damage("the number of a name is lost", glyph(below=""), NUMBERS),
    Damage(
        "an accent is lost from a name",
        put(glyphs, "named", lambda true, name, **more: true(name.replace("_hat", ""), **more)),
        NAMES,
    ),
    Damage(
        "two Greek letters are one",
        put(glyphs, "word", lambda true, name, base=False: true(name.replace("beta", "alpha"), base)),
        GREEK,
    ),
    Damage("the letter of an own error signal is lost", put(Symbols, "signal", lambda true, *args: Glyph(r"\delta")), SIGNALS),
    Damage(
        "a glyph of the spec's own loses what stands above",
        put(glyphs, "parsed", lambda true, shown: replace(true(shown), above="")),
        LIFTED,
    ),
    Damage("a power is put on a name that has something above", rewritten(Glyph, "latex", r"\^\{L\}", "^{2}"), LIFTED),
    Damage("the cost is another quantity", put(Symbols, "cost", lambda true, self: "a"), SQUARED),
    Damage(
        "a small delta is printed for the error signals of a batch",
        rewritten(Glyph, "latex", r"^\\Delta", r"\\delta"),
        TWO_LAYERS.replace("view: index", "view: batch"),
    ),
    Damage(
        "a small letter is printed for a matrix",
        put(Symbols, "glyph", lambda true, self, key, matrix=False, entry=False: true(self, key, False, entry)),
        IN_ARRAYS,
        unseen="the table of glyphs is what the reader goes by: with another one, the page says the same in other letters",
    ),
    Damage("an index is printed above the name", rewritten(Glyph, "latex", r"_\{(\w+)\}\^\{(.*)\}", r"^{\1}_{\2}"), TWO_LAYERS),
    Damage(
        "the name of a layer's activation is that of its pre-activation",
        put(Symbols, "glyph", lambda true, self, key, *args, **more: true(self, key.replace("a.1", "z.1"), *args, **more)),
        TWO_LAYERS,
    ),
]

DAMAGES = [*TEXT, *ASCII, *GLYPHS]


@pytest.mark.parametrize("damage", parameters(TEXT))
def test_the_build_sees_a_damage_to_plain_text(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)


@pytest.mark.parametrize("damage", parameters(ASCII))
def test_the_build_sees_a_damage_to_the_text_behind_formulas(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)


@pytest.mark.parametrize("damage", parameters(GLYPHS))
def test_the_build_sees_a_damage_to_names(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
