"""Where a label stands: a tensor that is cut along different axes is written so that the cuts can be told apart."""

from __future__ import annotations

from itertools import permutations
from textwrap import dedent

import numpy as np
import pytest
from reading import SIZE, Array, from_latex, read
from specs import readable

from derive import api
from derive.calculus.steps import Derivation, Section
from derive.checks import array_values
from derive.expressions.system import COUNT, cotangent
from derive.expressions.views import View
from derive.notation import array_expressions, views
from derive.notation.emitters.latex import Printer, unbroken
from derive.notation.emitters.plain_text import Printer as Unicode
from derive.notation.glyphs import Symbols
from derive.notation.index_letters import differentiated

LABEL_COUNT = 3
"""Examples in a batch, as many as every axis has values."""


def derivation(text: str) -> tuple[Derivation, View]:
    spec = api.loads(dedent(text))
    return differentiated(api.system(spec)), api.views(spec)[0]


def values(found: Derivation) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    shapes = {k: t.shape for k, t in found.system.tensors.items()}
    drawn = {k: np.asarray(rng.uniform(0.5, 1.5, s)) for k, s in shapes.items()}
    drawn |= {front + k: np.asarray(rng.uniform(0.5, 1.5, s)) for front in ("d ", cotangent("")) for k, s in shapes.items()}
    return drawn | {COUNT: np.asarray(float(SIZE))}


def names(found: Derivation, drawn: dict[str, Array]) -> dict[str, Array]:
    """The values by the names that a reader sees."""
    printer = Unicode(found.system)
    out = {}
    for key in (k for k in found.system.tensors if k in drawn):
        for matrix in (False, True):
            out[printer.name(key, matrix)] = drawn[key]
            out["d" + printer.name(key, matrix)] = drawn[f"d {key}"] if key != COUNT else drawn[key]
            out[printer.name(cotangent(key), matrix)] = drawn[cotangent(key)]
    return out


def misread(text: str) -> tuple[list[str], int]:
    """The lines in arrays of a derivation that do not read as they are meant, and how many there are."""
    found, view = derivation(text)
    drawn = values(found)
    named = names(found, drawn)
    examples = {k: t.batch for k, t in found.system.tensors.items() if t.batch is not None}
    along = names(found, {front + k: np.asarray(a) for k, a in examples.items() for front in ("", "d ", cotangent(""))})
    wrong, count = [], 0
    for step in found.steps:
        shown = views.shown(step.result, view, found.system)
        if not isinstance(shown, array_expressions.ArrayEquation):
            continue
        count += 1
        plain, latex = Unicode(found.system), Printer(Symbols(found.system))
        for at in (dict.fromkeys(shown.labels, v) for v in range(SIZE)):
            for side in (shown.lhs, shown.rhs):
                meant = array_values.evaluate(side, drawn, at)
                for printed in (plain.text(side).text, from_latex(unbroken(latex.side(side)))):
                    got = read(printed, named, {i.name: v for i, v in at.items()}, {k: int(a) for k, a in along.items()})
                    if got.shape != meant.shape or not np.allclose(got, meant):
                        wrong.append(printed)
    return wrong, count


def spec(equations: list[str], view: str, parameters: str = "", inputs: str = "", more: str = "") -> str:
    lines = "".join(f'  - "{e}"\n' for e in equations)
    return f"title: t\ninputs: {{{inputs}}}\nparameters: {{{parameters}}}\nequations:\n{lines}view: {view}\n{more}"


@pytest.mark.parametrize("order", list(permutations("ijk")), ids="".join)
def test_a_tensor_cut_along_any_axis_reads_as_it_is_meant(order: tuple[str, ...]) -> None:
    entry = f"T[{','.join(order)}]"
    equations = [f"s[k] = sum({entry}*z[i]*z[j], i, j)", "C = sum(s[k]**2, k)"]
    wrong, count = misread(spec(equations, "matrix", "T: [3, 3, 3], z: 3"))
    assert not wrong and count > 12


@pytest.mark.parametrize("columns", [False, True], ids=["rows", "columns"])
@pytest.mark.parametrize(
    ("equations", "parameters"),
    [
        (["Z = B.T + B", "J = x @ Z @ x"], "B: [3, 3]"),
        (["Z = B.T + B + outer(x, x)", "J = x @ Z @ x"], "B: [3, 3]"),
        (["Z = W.T + A", "J = sum(Z*Z)*sum(x)"], "W: [3, 3], A: [3, 3]"),
        (["z = W @ x", "M = outer(z, z)", "J = sum(M*T)"], "W: [3, 3], T: [3, 3]"),
        (["z = W @ x", "M = outer(z, x)", "J = sum(M.T @ M)"], "W: [3, 3]"),
        (["G = W @ W.T", "z = G @ x", "J = sum(z*z)"], "W: [3, 3]"),
        (["M = outer(x, x)", "P = M / (M.T + T)", "J = sum(P)"], "T: [3, 3]"),
        (["M = outer(x, x) @ T", "P = 1/M", "J = sum(P)"], "T: [3, 3]"),
        (["s[i,k] = sum(T[i,j,k]*x[j], j)", "J = sum(s[i,k]*s[k,i], i, k)"], "T: [3, 3, 3]"),
    ],
)
def test_a_batch_reads_as_it_is_meant(equations: list[str], parameters: str, columns: bool) -> None:
    more = f"examples: {LABEL_COUNT}\n" + ("examples_in: columns\n" if columns else "")
    wrong, count = misread(spec(equations, "batch", parameters, "x: 3", more))
    assert not wrong and count > 6


def lines(text: str, section: Section, about: str) -> list[str]:
    found, view = derivation(text)
    out = []
    for step in found.of(section, about):
        lhs, rhs = Printer(Symbols(found.system)).equation(views.shown(step.result, view, found.system))
        out.append(readable(unbroken(f"{lhs} = {rhs}")))
    return out


def test_cuts_of_one_tensor_are_told_apart() -> None:
    text = spec(["s[k] = sum(T[i,j,k]*z[i]*z[j], i, j)", "C = sum(s[k]**2, k)"], "matrix", "T: [3, 3, 2], z: 3")
    found = lines(text, "gradient", "z")[-1].replace(r"\cdot ", "·").replace(r"\cdot", "·")
    assert found == "∂C/∂z_i = (∂C/∂s)ᵀ T_{i,·,·}ᵀ z + (∂C/∂s)ᵀ T_{·,i,·}ᵀ z"
    assert lines(text, "forward", "s") == ["s = Σ_i z_i T_iᵀ z"]  # where there is one cut, on the first axis, no dot is needed


def test_a_column_is_not_written_like_a_row() -> None:
    text = spec(["y = W[j,0]*x[j] + W[0,j]", "C = sum(y[j], j)"], "matrix", "W: [3, 3], x: 3").replace("y = ", "y[j] = ")
    found = lines(text, "forward", "y")[0].replace(r"\cdot ", "·").replace(r"\cdot", "·")
    assert found == "y = W_{·0} ⊙ x + W_{0·}"


def test_examples_in_columns_are_the_label() -> None:
    more = "examples_in: columns\n"
    text = spec(["Z = B.T + B + outer(x, x)", "J = x @ Z @ x"], "batch", "B: [2, 2]", "x: 2", more)
    assert lines(text, "forward", "Z") == ["Z_n = Bᵀ + B + x_n x_nᵀ"]
    assert lines(text, "gradient", "B")[-1] == "∂J/∂B = Σ_n (∂J/∂Z_n)ᵀ + Σ_n ∂J/∂Z_n"


def test_a_change_times_nothing_is_not_written() -> None:
    text = spec(["z = x + k", "w = x - k", "C = sum(z*w) + 0*sum(k)"], "matrix", "k: 3", "x: 3")
    for section in ("arranged", "substitute"):
        for about in ("C", "z", "w"):
            for line in lines(text, section, about):
                assert "(0)" not in line and r"\langle 0" not in line and "+ 0" not in line


def test_equal_terms_are_written_once() -> None:
    text = spec(["G = W + W.T", "C = sum(G*A)"], "matrix", "W: [3, 3], A: [3, 3]")
    assert lines(text, "gradient", "W")[-1] == "∂C/∂W = ∂C/∂G + (∂C/∂G)ᵀ"
    text = spec(["y = W @ x + W @ x", "C = sum(y)"], "matrix", "W: [3, 3]", "x: 3")
    assert lines(text, "forward", "y") == ["y = 2W x"]
