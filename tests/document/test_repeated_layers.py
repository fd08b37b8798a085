"""A line for a general ℓ is true, by its letters, for every ℓ that it names."""

from __future__ import annotations

import re
from itertools import permutations

import pytest
from specs import dense

from derive import api
from derive.calculus.steps import Derivation
from derive.document import repeated_layers
from derive.document.repeated_layers import Run
from derive.expressions.views import View
from derive.network import catalogue
from derive.notation import views
from derive.notation.emitters.latex import Printer, unbroken
from derive.notation.glyphs import Labels, Symbols
from derive.notation.index_letters import differentiated

ACTIVATIONS = ("identity", "tanh", "sigmoid", "relu", "softmax", "unspecified")
VIEWS: tuple[View, ...] = ("index", "matrix")


def derivation(text: str) -> Derivation:
    return differentiated(api.system(api.loads(text)))


def printed(found: Derivation, number: int, sections: tuple[str, ...], symbols: Symbols, view: View) -> list[str]:
    """The lines about a layer."""
    block = found.system.blocks[number - 1]
    about = {found.system.equations[i].lhs.key for i in block.equations} | set(block.parameters)
    out = []
    for step in found.steps:
        if step.about in about and step.section in sections:
            lhs, rhs = Printer(symbols).equation(views.shown(step.result, view, found.system))
            out.append(unbroken(f"{lhs} = {rhs}"))
    return sorted(out)


def put_in(line: str, number: int, labels: Labels, depth: int) -> str:
    """The line with ℓ replaced by a number, as a reader does."""

    def layer(found: re.Match[str]) -> str:
        n = number + int(found[1] or 0)
        if labels == "absolute":
            return str(n)
        return {0: "L"}.get(depth - n, f"L-{depth - n}")

    return re.sub(r"\\ell([+-]\d+)?", layer, line)


def untrue(found: Derivation, run: Run, sections: tuple[str, ...], labels: Labels, view: View) -> list[str]:
    """Lines of a run that are not those of each of its layers; in the first an input may have another name, as the text says."""
    general = Symbols(found.system, labels, general=run.general)
    depth, below = found.system.depth, {}
    if run.stands_for is not None:
        shown, given = (found.system.tensors[key].base for key in run.stands_for)
        below = {given: f"{shown}^{{{'(0)' if labels == 'absolute' else f'L-{depth}'}}}"}
    wrong = []
    for number in range(run.first, run.last + 1):
        wanted = printed(found, number, sections, Symbols(found.system, labels, below if number == 1 else {}), view)
        lines = printed(found, run.representative.number, sections, general, view)
        lines = sorted(put_in(line, number, labels, depth) for line in lines)
        wrong += [a for a, b in zip(lines, wanted, strict=True) if a != b]
    return wrong


def many(found: Derivation) -> list[tuple[Run, tuple[str, ...]]]:
    return [
        *((r, repeated_layers.FORWARD) for r in repeated_layers.forward_runs(found) if r.many),
        *((r, repeated_layers.BACKWARD) for r in repeated_layers.backward_runs(found) if r.many),
    ]


@pytest.mark.parametrize(("below", "above"), list(permutations(ACTIVATIONS, 2)), ids="-".join)
def test_a_run_begins_where_its_lines_are_true(below: str, above: str) -> None:
    found = derivation(dense((3, below), *[(3, above)] * 6, loss="half_squared_error"))
    runs = many(found)
    assert runs
    for run, sections in runs:
        for view in VIEWS:
            for labels in ("absolute", "relative"):
                assert not untrue(found, run, sections, labels, view)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(3, 3, 3, 3, 3), (5, 8, 6, 4, 2)], ids=str)
def test_a_run_at_the_bottom_says_what_stands_for_the_layer_below(activation: str, widths: tuple[int, ...]) -> None:
    found = derivation(dense(*[(n, activation) for n in widths], loss="half_squared_error", width=3))
    first = repeated_layers.forward_runs(found)[0]
    assert (first.first, first.last) == (1, 4 if activation == "softmax" else 5)  # the probabilities at the top have no number
    assert first.stands_for == (found.system.blocks[0].gives, "x")
    for run, sections in many(found):
        for view in VIEWS:
            assert not untrue(found, run, sections, "absolute", view)


def test_an_identity_reads_the_pre_activation_only_above_another_identity() -> None:
    found = derivation(dense((3, "tanh"), *[(3, "identity")] * 5, loss="half_squared_error"))
    assert [(r.first, r.last) for r in repeated_layers.forward_runs(found)] == [(1, 1), (2, 2), (3, 6)]
    assert all(r.stands_for is None for r in repeated_layers.forward_runs(found))
    tex = api.tex(api.sheet(api.loads(dense((3, "tanh"), *[(3, "identity")] * 5, loss="half_squared_error"))))
    assert r"$\ell = 3, \dots, 6$" in tex and r"$\ell = 2" not in tex


RESTING = dense((4, "sigmoid"), *[(4, "tanh")] * 5, (4, "relu"), *[(4, "softplus")] * 5, loss="half_squared_error")

SHARED = """
title: a parameter far above
network:
  input: {x: 3}
  layers:
    - dense: {name: f, units: 3, activation: tanh}
    - dense: {units: 3, activation: tanh, repeat: 5}
    - dense: {units: 3, activation: tanh, share: f}
  loss: half_squared_error
"""

ADDED = """
title: adds
network:
  input: {x: 3}
  layers:
    - dense: {name: f, units: 3, activation: tanh}
    - add: {name: r, from: [f, x]}
    - dense: {units: 3, activation: tanh, repeat: 5}
  loss: half_squared_error
"""

SKIPS = """
title: sums of the two layers below
network:
  input: {x: 3}
  layers:
    - dense: {name: a1, units: 3}
    - dense: {name: a2, units: 3}
    - add: {name: a3, from: [a2, a1]}
    - add: {name: a4, from: [a3, a2]}
    - add: {name: a5, from: [a4, a3]}
    - add: {name: a6, from: [a5, a4]}
    - add: {name: a7, from: [a6, a5]}
    - add: {name: a8, from: [a7, a6]}
  loss: half_squared_error
"""

DECAY = """
title: weight decay on one layer
network:
  input: {x: 3}
  layers:
    - dense: {units: 3, activation: tanh, repeat: 6}
  loss: half_squared_error
parameters: {lam: scalar}
equations:
  - J = C + lam*sum(W3[j,k]**2, j, k)
"""


@pytest.mark.parametrize("text", [SHARED, ADDED, SKIPS], ids=["shared", "added", "skips"])
def test_what_is_shared_or_skipped_is_no_part_of_a_run_that_says_otherwise(text: str) -> None:
    found = derivation(text)
    for run, sections in many(found):
        for view in VIEWS:
            assert not untrue(found, run, sections, "absolute", view)


def test_a_layer_whose_weights_are_used_again_goes_down_alone() -> None:
    found = derivation(SHARED)
    assert all(r.representative.number != 1 for r in repeated_layers.backward_runs(found) if r.many)
    assert [(r.first, r.last) for r in repeated_layers.backward_runs(found) if r.many] == [(2, 5)]


def test_the_summary_says_the_shape_of_every_layer() -> None:
    text = (
        dense((5, "relu"), (8, "relu"), (6, "relu"), (4, "relu"), (2, "identity"), loss="half_squared_error") + "view: matrix\n"
    )
    tex = api.tex(api.sheet(api.loads(text)))
    table = tex[tex.rindex(r"\begin{dstable}") :]
    rows = re.findall(r"W\^\{\((\\ell|\d)\)\}\$(?:,\\enspace \$\\ell = (\d)\$)?&\$(\d) \\times (\d)\$", table)
    assert rows == [(r"\ell", *"153"), (r"\ell", *"285"), (r"\ell", *"368"), (r"\ell", *"446"), ("5", "", *"24")]
    alike = dense(*[(3, "relu")] * 5, loss="half_squared_error") + "view: matrix\n"
    assert r"$W^{(\ell)}$,\enspace $\ell = 1,\,\dots,\,4$&$3 \times 3$" in api.tex(api.sheet(api.loads(alike)))


def test_no_result_of_a_run_names_one_of_its_layers() -> None:
    for text in (dense(*[(3, "relu")] * 5, (2, "identity"), loss="half_squared_error"), RESTING):
        tex = api.tex(api.sheet(api.loads(text + "view: matrix\n")))
        for part in tex.split(r"\ell = ")[1:]:
            boxed = re.findall(r"\\dsresult.*", part.split(r"\begin{dstable}")[0])
            assert all(not re.search(r"\(\d\)", line) for line in boxed if r"\ell" in line)


def test_every_activation_of_the_catalogue_may_stand_below_a_run() -> None:
    for name in catalogue.functions():
        found = derivation(dense((2, name), *[(2, "tanh")] * 5, loss="half_squared_error"))
        for run, sections in many(found):
            assert not untrue(found, run, sections, "absolute", "index")
