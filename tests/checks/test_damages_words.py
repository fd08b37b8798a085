"""Damages to what a page says of many layers at once, and to its words with mathematics: each is seen by the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damages import Change, Damage, equations, nothing, parameters, put, require_seen, said
from pytest import MonkeyPatch

from derive.document import repeated_layers
from derive.expressions.nodes import Entry
from derive.expressions.system import cotangent
from derive.writers.latex import formulas

DEEP = """
title: damaged
view: matrix
network:
  input: {x: 2}
  layers: [dense: {units: 2, activation: tanh, repeat: 5}]
  loss: half_squared_error
"""
MIXED = """
title: damaged
view: matrix
network:
  input: {x: 2}
  layers: [dense: {units: 2, activation: tanh}, dense: {units: 2, activation: sigmoid, repeat: 4}, dense: {units: 2}]
  loss: half_squared_error
"""
DEEP_IN_INDICES = DEEP.replace("view: matrix", "view: index\nlabels: relative")
LINE = equations("z[j] = sum(W[j,k]*x[k], k) + b[j]", "C = 1/2*sum(z[j]**2, j)", inputs="{x: 2}", parameters="{W: [2, 2], b: 2}")
NEURON = """
title: damaged
view: scalar
equations: [z = w*x + b, a = sigmoid(z), C = (a - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {x: scalar}
targets: {y: scalar}
explore: {parameter: w, given: b}
"""
SHARED = """
title: damaged
view: matrix
network:
  input: {x: 2}
  layers: [dense: {name: f, units: 2, activation: tanh}, dense: {units: 2, activation: tanh}, dense: {units: 2, share: f}]
  loss: half_squared_error
"""
ARRAYS = equations("z = W @ x + b", "C = sum(z**2)", view="matrix", inputs="{x: 2}", parameters="{W: [2, 2], b: 2}")


def runs(change: Any) -> Change:
    """The runs of layers, changed one by one."""
    return put(repeated_layers, "_runs", lambda true, *args: tuple(change(r) if r.many else r for r in true(*args)))


LAYERS = [
    Damage("the range of layers is one too long", runs(lambda r: replace(r, last=r.last + 1)), DEEP, stage="sheet"),
    Damage("the range of layers begins one too early", runs(lambda r: replace(r, first=r.first - 1)), MIXED, stage="sheet"),
    Damage(
        "the layer below is written as the one above",
        runs(lambda r: replace(r, general={n: {r"\ell-1": r"\ell+1"}.get(g, g) for n, g in r.general.items()})),
        DEEP,
        stage="sheet",
    ),
    Damage(
        "the layer above is written as the one below",
        runs(lambda r: replace(r, general={n: {r"\ell+1": r"\ell-1"}.get(g, g) for n, g in r.general.items()})),
        DEEP,
        stage="sheet",
    ),
    Damage(
        "the layer itself is written as the one below",
        runs(lambda r: replace(r, general={n: {r"\ell": r"\ell-1"}.get(g, g) for n, g in r.general.items()})),
        DEEP,
        stage="sheet",
    ),
    Damage(
        "the layer above keeps its number",
        runs(lambda r: replace(r, general={n: g for n, g in r.general.items() if g != r"\ell+1"})),
        DEEP,
        stage="sheet",
    ),
    Damage(
        "the first layer stands for all",
        runs(lambda r: replace(r, general={r.first: r"\ell", r.first - 1: r"\ell-1", r.first + 1: r"\ell+1"})),
        DEEP,
        stage="sheet",
    ),
    Damage(
        "a run goes on over a layer with another activation",
        put(
            repeated_layers,
            "_runs",
            lambda true, *args: tuple(replace(r, last=6) if r.many else r for r in true(*args) if r.first < 6),
        ),
        MIXED,
        stage="sheet",
    ),
    Damage(
        "a run begins with a layer that reads another quantity",
        put(
            repeated_layers,
            "_runs",
            lambda true, *args: tuple(replace(r, first=1) if r.many else r for r in true(*args) if r.first != 1),
        ),
        MIXED,
        stage="sheet",
    ),
    Damage(
        "a row of the table is for a layer more",
        put(formulas.Formulas, "layers", lambda true, self, numbers: true(self, (*numbers, numbers[-1] + 1) if numbers else ())),
        DEEP,
        unseen="the layers of a row of the table are not read",
    ),
    Damage("the input is not said to stand for layer 0", said("for_layers", input=None), DEEP, stage="sheet"),
    Damage("layer 0 is said of another quantity", said("for_layers", zero=lambda a: Entry.of("b.2")), DEEP, stage="sheet"),
    Damage(
        "a range of layers is one too long in a sentence", said("for_layers", last=lambda a: a["last"] + 1), DEEP, stage="sheet"
    ),
    Damage(
        "the layers that go down begin one too low",
        said("layer", first=lambda a: a["first"] - (a["first"] != a["last"])),
        MIXED,
        stage="sheet",
    ),
    Damage(
        "the layers are said with their labels from the top",
        runs(lambda r: replace(r, general={n: {r"\ell": "L"}.get(g, g) for n, g in r.general.items()})),
        DEEP_IN_INDICES,
        stage="sheet",
    ),
]

WORDS = [
    Damage(
        "the line of the question is that of another quantity",
        said("question", line=lambda a: replace(a["line"], lhs=a["objective"])),
        NEURON,
        stage="sheet",
    ),
    Damage(
        "the partial of the question is that by the given",
        said("question", partial=lambda a: replace(a["partial"], lhs=a["partial"].lhs.func(a["partial"].lhs.of, a["given"]))),
        NEURON,
        stage="sheet",
    ),
    Damage(
        "the partial that was not dropped is upside down",
        said(
            "not_dropped",
            partial=lambda a: replace(a["partial"], lhs=a["partial"].lhs.func(a["partial"].lhs.by, a["partial"].lhs.of)),
        ),
        NEURON,
        stage="sheet",
    ),
    Damage(
        "the partial that was not dropped holds what moves",
        said(
            "not_dropped",
            partial=lambda a: replace(
                a["partial"], lhs=a["partial"].lhs.func(a["partial"].lhs.of, a["partial"].lhs.by, a["parameter"])
            ),
        ),
        NEURON,
        stage="sheet",
    ),
    Damage(
        "the gradient by the given is that by the parameter",
        said("not_dropped", given_gradient=lambda a: replace(a["given_gradient"], lhs=Entry.of(cotangent("w")))),
        NEURON,
        stage="sheet",
    ),
    Damage("a sentence names the pre-activation of no layer", said("partials", of=lambda a: Entry.of("q")), LINE, stage="sheet"),
    Damage(
        "the inner product is said without its sum",
        nothing,
        ARRAYS,
        words=(("words/en.tex", (r"((* macro sign_inner() *))$\langle A, B\rangle = A_{ij} B_{ij}$((* endmacro *))")),),
        unseen="what the words of a template say with formulas of their own is not evaluated",
    ),
    Damage(
        "a derivative by a vector is said without its transpose",
        nothing,
        ARRAYS,
        words=(
            (
                "words/en.tex",
                (
                    r"((* macro say_substitution(a) *))For a vector this means $\mathrm{d}((( raw(a.objective) ))) = "
                    r"(\partial ((( raw(a.objective) )))/\partial v)\,\mathrm{d}v$.((* endmacro *))"
                ),
            ),
        ),
        unseen="what the words of a template say with formulas of their own is not evaluated",
    ),
    Damage(
        "a layer is said to use the parameters of another",
        said("shared", owner=2),
        SHARED,
        stage="sheet",
        unseen="a claim in words alone is not read",
    ),
    Damage(
        "the change of a weight is said to be applied to another quantity",
        said("in_words", below=lambda a: a["bias"]),
        ARRAYS,
        stage="sheet",
        unseen="a claim in words alone is not read",
    ),
]

DAMAGES = [*LAYERS, *WORDS]


@pytest.mark.parametrize("damage", parameters(LAYERS))
def test_the_build_sees_a_damage_to_lines_for_many_layers(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)


@pytest.mark.parametrize("damage", parameters(WORDS))
def test_the_build_sees_a_damage_to_words_with_mathematics(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
