"""Formulas in words: nothing is said for its looks, and two formulas are never said alike."""

from __future__ import annotations

import re

import pytest
import specs
from derivations import NAMES, derivation_of

from derive.calculus.steps import Derivation
from derive.errors import ViewError
from derive.expressions.views import View
from derive.notation import register, views
from derive.notation.contraction import NoMatrixForm
from derive.notation.emitters import plain_text
from derive.notation.emitters.spoken import Printer
from derive.writers.words import Words

FEW = [n for n in NAMES if n != "deep"]
ENGLISH, GERMAN = (dict(Words(code, None, {}).table("speech")) for code in ("en", "de"))


def spoken(name: str, key: str, view: View, words: dict[str, str] = ENGLISH) -> str:
    """The gradient of a quantity, or the line that defines it."""
    derivation = derivation_of(name)
    found = derivation.gradients[key.removeprefix("bar ")] if key.startswith("bar ") else derivation.system.defines()[key]
    return Printer(register.symbols(derivation), words).equation(views.shown(found, view, derivation.system))


@pytest.mark.parametrize(
    ("name", "key", "view", "said"),
    [
        ("mlp", "z.1", "matrix", "z of layer 1 equals W of layer 1 times x plus b of layer 1"),
        (
            "mlp",
            "z.1",
            "index",
            "z of layer 1 at j equals the sum over k of w of layer 1 at j, k times x at k end of sum plus b of layer 1 at j",
        ),
        ("mlp", "bar x", "matrix", "the derivative of C by x equals the transpose of W of layer 1 times delta of layer 1"),
        (
            "mlp",
            "bar W.1",
            "matrix",
            "the derivative of C by W of layer 1 equals delta of layer 1 times the transpose of x",
        ),
        (
            "classifier",
            "bar z.1",
            "index",
            "delta of layer 1 at j equals open bracket the sum over k of delta of layer 2 at k times w of layer 2 at k, j"
            " close bracket times tanh prime of z of layer 1 at j",
        ),
        ("convolution", "a", "index", "a at i equals tanh of z at i"),
        (
            "convolution",
            "z",
            "index",
            "z at i equals the sum over p of w at p times x at open bracket 2 times i plus p close bracket end of sum plus b",
        ),
        (
            "attention",
            "S",
            "matrix",
            "S equals open bracket 1 over the square root of 2 close bracket times Q times the transpose of K",
        ),
    ],
)
def test_a_line_is_said_for_what_it_means(name: str, key: str, view: View, said: str) -> None:
    assert spoken(name, key, view) == said


def test_german_says_it_in_german() -> None:
    said = spoken("mlp", "bar W.1", "matrix", GERMAN)
    assert said == "die Ableitung von C nach W der Schicht 1 gleich delta der Schicht 1 mal die Transponierte von x"


def lines(derivation: Derivation) -> dict[str, str]:
    """What is shown in a terminal, and how it is said."""
    symbols = register.symbols(derivation)
    shown, said = plain_text.Printer(derivation.system, signs=symbols.signs), Printer(symbols, ENGLISH)
    found = {}
    for equation in (*derivation.system.equations, *(s.result for s in derivation.steps)):
        for view in ("index", "matrix", "batch"):
            try:
                line = views.shown(equation, view, derivation.system)
            except (ViewError, NoMatrixForm):
                continue
            found[" = ".join(shown.equation(line))] = said.equation(line)
    return found


@pytest.mark.parametrize("name", FEW)
def test_two_lines_are_never_said_alike_and_no_sign_is_left(name: str) -> None:
    found = lines(derivation_of(name))
    assert len(found) > 5
    # a terminal tells a matrix from its entry by a capital alone, which a voice does not say where there is one letter only
    assert len({s.casefold() for s in found}) == len(set(found.values()))
    for said in found.values():
        assert re.fullmatch(r"[\w ,.]+", said), said


def test_small_and_capital_letters_of_two_things_are_told_apart() -> None:
    derivation = specs.derived("title: t\nview: scalar\nparameters: {w: scalar, W: scalar}\nequations: [z = w*W, C = z**2]\n")
    said = Printer(register.symbols(derivation), ENGLISH)
    assert said.equation(derivation.system.equations[0]) == "z equals w times capital W"


def test_every_language_has_every_pattern_with_the_same_parts() -> None:
    assert ENGLISH.keys() == GERMAN.keys()
    assert all(ENGLISH[key].count("{}") == GERMAN[key].count("{}") for key in ENGLISH)


def test_brackets_are_said_where_they_are_needed() -> None:
    derivation = specs.derived(
        "title: t\nview: scalar\nparameters: {a: scalar, b: scalar, c: scalar}\nequations: [z = a*(b + c)/(b*c), C = z**2]\n"
    )
    said = Printer(register.symbols(derivation), ENGLISH)
    assert said.equation(derivation.system.equations[0]) == (
        "z equals a times open bracket b plus c close bracket over open bracket b times c close bracket"
    )
