"""MathML of the tree: read back by its signs it is what LaTeX says, and each quantity carries its key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from xml.etree import ElementTree as Xml

import pytest
from damages import Change, instead
from derivations import NAMES, derivation_of
from effort import calls
from pytest import MonkeyPatch

from derive.calculus.steps import Derivation
from derive.checks.readback import latex as reader
from derive.checks.readback import mathml as screen
from derive.checks.readback.spoken import Spoken
from derive.checks.readback.tokens import Unreadable
from derive.errors import ViewError
from derive.expressions.system import Equation, System
from derive.expressions.views import VIEWS
from derive.notation import mathematics as m
from derive.notation import register, views
from derive.notation.array_expressions import ArrayEquation
from derive.notation.contraction import NoMatrixForm
from derive.notation.emitters import mathml
from derive.notation.emitters.latex import Printer, unbroken
from derive.notation.glyphs import Symbols

MATHML = f"{{{mathml.NAMESPACE}}}"
FEW = [n for n in NAMES if n != "deep"]


def lines(derivation: Derivation) -> Iterator[Equation | ArrayEquation]:
    """Every line of a derivation in each view that has a form for it."""
    for equation in (*derivation.system.equations, *(s.result for s in derivation.steps)):
        for view in VIEWS:
            try:
                yield views.shown(equation, view, derivation.system)
            except (ViewError, NoMatrixForm):
                continue


def differing(derivation: Derivation) -> list[str]:
    """Lines that on a screen say something else than on a page."""
    symbols = register.symbols(derivation)
    drawn, printed = mathml.Printer(symbols), Printer(symbols)
    functions = frozenset(Spoken.of(derivation, symbols).written.called)
    found = []
    for line in lines(derivation):
        left, right = printed.equation(line)
        latex = unbroken(f"{left} = {right}")
        try:
            same = reader.read(screen.as_latex(drawn.math(line)), functions) == reader.read(latex, functions)
        except Unreadable:
            same = False
        found += [] if same else [latex]
    return found


@pytest.mark.parametrize("name", FEW)
def test_a_screen_says_what_a_page_says(name: str) -> None:
    derivation = derivation_of(name)
    assert sum(1 for _ in lines(derivation)) > 10
    assert not differing(derivation)


@pytest.mark.parametrize("name", FEW)
def test_every_quantity_carries_its_key(name: str) -> None:
    derivation = derivation_of(name)
    drawn = mathml.Printer(register.symbols(derivation))
    for line in lines(derivation):
        tree = drawn.walk.line(line)
        meant = {t.key for t in m.every(tree) if isinstance(t, m.Symbol)}
        meant |= {f"bar {t.by.key}" for t in m.every(tree) if isinstance(t, m.Slope)}
        root = Xml.fromstring(drawn.math(line))
        marked = {e.get("data-key") for e in root.iter() if e.get("data-key")}
        assert meant <= marked <= meant | {derivation.system.objective}


def test_a_layers_number_and_a_transpose_say_that_they_are_no_power() -> None:
    derivation = derivation_of("mlp")
    drawn = mathml.Printer(register.symbols(derivation))
    line = views.shown(derivation.gradients["a.1"], "matrix", derivation.system)
    root = Xml.fromstring(drawn.math(line))
    intents = [e.get("intent") for e in root.iter() if e.tag in (MATHML + "msup", MATHML + "msubsup")]
    assert intents.count("transpose($of)") == 1 and intents.count("layer($of,$layer)") == len(intents) - 1
    for scripted in (e for e in root.iter() if e.get("intent")):
        names = {part.get("arg") for part in scripted}
        assert {"of"} <= names and all(f"${name}" in str(scripted.get("intent")) for name in names if name)


@pytest.mark.parametrize(
    "damage",
    [
        instead(mathml.Printer, m.Transpose, lambda t: t.of),
        instead(mathml.Printer, m.Minus, lambda t: t.of),
        instead(mathml.Printer, m.Entrywise, lambda t: m.MatrixProduct((t.first, *t.others))),
        instead(mathml.Printer, m.Total, lambda t: t.body),
        instead(mathml.Printer, m.Change, lambda t: t.of),
        instead(mathml.Printer, m.Symbol, lambda t: m.Symbol(t.key, t.slots[::-1], t.array, t.matrix, t.dotted)),
    ],
)
def test_a_damage_is_seen(damage: Change, monkeypatch: MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        damage(patch)
        assert differing(derivation_of("classifier"))


def test_nothing_that_is_no_mathml_is_read() -> None:
    for text in ("<math><mi>x</mi>", "<math><script>x</script></math>"):
        with pytest.raises(Unreadable):
            screen.as_latex(text)


@pytest.mark.parametrize("printer", [Printer, mathml.Printer])
def test_functions_within_functions_are_written_once_each(printer: type[Printer] | type[mathml.Printer]) -> None:
    def nested(depth: int) -> m.Tree:
        tree: m.Tree = m.Letter("x")
        for _ in range(depth):
            tree = m.Call("tanh", tree)
        return tree

    few, many = (calls(partial(printer(Symbols(System({}, ()))).side, nested(depth))) for depth in (8, 16))
    assert many < 3 * few
