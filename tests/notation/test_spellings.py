"""The names that an answer may use: whatever the sheet prints and whatever a spec takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from derivations import EXAMPLES, derivation_of

from derive import api
from derive.calculus.steps import Derivation
from derive.errors import EquationError
from derive.expressions.nodes import Entry, Index
from derive.expressions.system import COUNT, cotangent
from derive.grading.reading.formulas import read_formula
from derive.grading.targets import sheet_of
from derive.homework.grader import judge
from derive.notation.emitters import plain_text as text
from derive.notation.emitters.latex import Printer
from derive.notation.glyphs import Labels, Symbols
from derive.notation.spellings import named_by, vocabulary

NAMES = [n for n in (*EXAMPLES, "layer-norm", "batch-norm", "attention", "rnn", "convolution", "quotient") if n != "deep"]


def keys(found: Derivation) -> Iterator[str]:
    for tensor in found.system.tensors.values():
        if tensor.key != COUNT:
            yield tensor.key
            if tensor.key in found.gradients:
                yield cotangent(tensor.key)


@pytest.mark.parametrize("labels", ["absolute", "relative"])
@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_terminal_is_read(name: str, labels: Labels) -> None:
    found = derivation_of(name)
    words, printer = vocabulary(found), text.Printer(found.system, labels)
    for key in keys(found):
        for matrix in {False, len(found.system.tensors[key.removeprefix("bar ")].shape) == 2}:
            shown = printer.name(key, matrix)
            known = named_by(shown, words)
            assert known == key or _same_name(found, known, key), (shown, known, key)


def _same_name(found: Derivation, known: str | None, key: str) -> bool:
    """A name that stands for two quantities, as c does for the costs of the examples beside C."""
    printer = text.Printer(found.system)
    return known is not None and printer.name(known).casefold() == printer.name(key).casefold()


@pytest.mark.parametrize("labels", ["absolute", "relative"])
@pytest.mark.parametrize("name", NAMES)
def test_every_entry_of_the_sheet_is_read(name: str, labels: Labels) -> None:
    """w_{jk}^{(1)} as on paper, and w¹[j,k] as in a terminal."""
    found = derivation_of(name)
    words = vocabulary(found)
    paper, terminal = Printer(Symbols(found.system, labels)), text.Printer(found.system, labels)
    read = 0
    for key in keys(found):
        shape = found.system.tensors[key.removeprefix("bar ")].shape
        indices = tuple(Index("jkmpq"[n], size) for n, size in enumerate(shape))
        entry = Entry.of(key, *indices)
        shown = re.sub(r"\\frac\{\\partial (\w+)\}\{\\partial (.*)\}$", r"∂\1/∂\2", paper.text(entry).latex)
        shown = re.sub(r"\\math(?:rm|it)\{(\w+)\}", r"\1", shown).replace("\\", "")
        for spelling in (shown, terminal.entry(entry)):
            if "{n}" in spelling or "{x}" in spelling or "hat" in spelling or "var" in spelling:
                continue
            formula = read_formula(spelling, words, "nothing", indices)
            assert formula.expr == entry or _same_name(found, formula.expr.key, key), (spelling, formula.expr)
            read += 1
    assert read > 5


def test_the_names_of_a_spec_are_read() -> None:
    """`of: W.1` stands in the homework of a spec, so dC/dW.1 does in an answer."""
    found = derivation_of("mlp")
    for answer in ("outer(delta.1, x)", "dC/dW.1 = delta.1 @ x.T", "δ¹ @ xᵀ", "delta_j^(1) * x_k", "dC/dw_jk^(1) = δ_j^(1)*x_k"):
        verdict = judge(found, "dC/dW.1", answer)
        assert verdict.ok, (answer, verdict)
    assert judge(found, "dz.1", "dW.1 @ x + W.1 @ dx + db.1").ok
    assert judge(found, "gradient W.1", "outer(delta1, x)").ok
    assert not judge(found, "dC/dW.1", "delta.2 @ x.T").ok


def test_partials_are_named_with_their_indices() -> None:
    words = vocabulary(derivation_of("mlp"))
    for name in ("∂z_j^(1)/∂w_jk^(1)", "dz1[j]/dW1[j,k]", "∂z¹[j]/∂w¹[j,k]", "dz.1/dW.1"):
        assert named_by(name, words) == "partial z.1 W.1", name
    for nothing in ("dC/da_foo", "W1_foo", "dz_foo/dW1", "dz1/dW1/dx", "x_jk"):
        assert named_by(nothing, words) is None, nothing


def test_a_raised_number_is_a_layer_or_a_power() -> None:
    assert judge(derivation_of("single-neuron"), "C", "(a − y)²").ok
    assert judge(derivation_of("single-neuron"), "C", "a² - 2*a*y + y²").ok
    assert judge(derivation_of("mlp"), "dz³", "dW³ @ a² + W³ @ da² + db³").ok
    assert not judge(derivation_of("mlp"), "dz³", "dW³ @ a¹ + W³ @ da¹ + db³").ok


def test_a_sign_of_the_spec_is_read() -> None:
    spec = api.loads(
        "title: x\nview: scalar\nglyphs: {w: 'theta', b: 'beta_{0}'}\nequations: ['z = w*a + b', 'C = (z - 1/2)**2']\n"
        "parameters: {w: scalar, b: scalar}\ninputs: {a: scalar}\n"
    )
    sheet = sheet_of(spec)
    assert named_by("dC/dtheta", sheet.words) == named_by("∂C/∂θ", sheet.words) == "bar w"
    assert named_by("beta_{0}", sheet.words) == "b"
    assert judge(spec, "dz", "a*dtheta + theta*da + dbeta_{0}").ok
    layered = api.loads(
        "title: x\nview: matrix\nglyphs: {W: Theta}\nnetwork: {input: {x: 2}, layers: [dense: {units: 2}], loss: squared_error}\n"
    )
    assert named_by("Θ^(1)", sheet_of(layered).words) == "W.1"


def test_places_count_as_on_the_sheet() -> None:
    """The first is 1, as in `n = 1, …, N`; where an equation of the spec names places, as they do there."""
    found = derivation_of("mlp")
    words = vocabulary(found)
    assert read_formula("a1[1]", words, "", ()).expr == Entry.of("a.1", 0)
    assert read_formula("x_2", words, "", ()).expr == Entry.of("x", 1)
    assert read_formula("w_12^(1)", words, "", ()).expr == Entry.of("W.1", 0, 1)
    with pytest.raises(EquationError, match="the first one is 1") as caught:
        read_formula("2*a1[0]", words, "", ())
    assert caught.value.column == 6
    own = api.derive(api.loads("title: x\ninputs: {x: 3}\nparameters: {w: scalar}\nequations: ['C = w*x[0] + w*x[2]']\n"))
    assert own.system.first_index == 0
    assert read_formula("x[0]", vocabulary(own), "", ()).expr == Entry.of("x", 0)
    assert judge(own, "dC/dw", "x[0] + x[2]").ok
