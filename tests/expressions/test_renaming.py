"""In a deep network a formula is checked once; one layer that differs from its neighbours must still be found."""

from dataclasses import replace
from typing import Any

import pytest

from derive import network, spec
from derive.calculus.steps import Derivation, Step
from derive.checks import verify
from derive.checks.comparison import Way
from derive.expressions.nodes import Elementwise, Entry, Index, mul, total
from derive.expressions.renaming import Forms, structure
from derive.expressions.system import Equation
from derive.expressions.traversal import transform
from derive.notation import register
from derive.notation.index_letters import Alphabet, differentiated

TEXT = """
title: deep
network:
  input: {x: 3}
  layers:
    - dense: {units: 3, activation: tanh, repeat: 60}
  loss: half_squared_error
"""


@pytest.fixture(scope="module")
def deep() -> Derivation:
    return differentiated(network.build(spec.loads(TEXT)))


def damaged(found: Derivation, section: str, about: str, change: object) -> Derivation:
    """The derivation with the last step of that kind changed, in its steps and in its results."""
    steps = list(found.steps)
    place = max(i for i, s in enumerate(steps) if s.section == section and s.about == about)
    steps[place] = replace(steps[place], result=change(steps[place].result))  # type: ignore[operator]
    return replace(found, steps=tuple(steps))


def renamed(old: str, new: str) -> object:
    def change(equation: Equation) -> Equation:
        rhs = transform(equation.rhs, lambda n: Entry.of(new, *n.indices) if isinstance(n, Entry) and n.key == old else None)
        assert rhs != equation.rhs
        return Equation(equation.lhs, rhs)

    return change


def doubled(equation: Equation) -> Equation:
    return Equation(equation.lhs, mul(2, equation.rhs))


def test_the_sound_derivation_passes_in_every_view(deep: Derivation) -> None:
    checks = verify.check(deep, ("index", "matrix"))
    assert all(c.ok for c in checks)
    assert {c.about for c in checks} >= {s.about for s in deep.steps}, "every step of every layer has its check"
    assert any(c.way is Way.SHARED for c in checks)


@pytest.mark.parametrize(
    ("section", "about", "change"),
    [
        ("gradient", "W.37", renamed("a.36", "a.20")),
        ("gradient", "W.37", renamed("bar z.37", "bar z.36")),
        ("gradient", "W.37", doubled),
        ("gradient", "z.21", renamed("z.21", "z.22")),
        ("gradient", "z.21", renamed("W.22", "W.23")),
        ("gradient", "b.5", doubled),
        ("differential", "z.30", renamed("a.29", "a.28")),
        ("forward", "z.30", renamed("W.30", "W.31")),
        ("forward", "a.12", doubled),
        ("partial", "z.9", doubled),
        ("substitute", "z.40", renamed("W.40", "W.41")),
        ("held", "z.40", doubled),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_layer_that_differs_is_found(deep: Derivation, section: str, about: str, change: object) -> None:
    checks = verify.check(damaged(deep, section, about, change), ("index", "matrix"))
    assert any(not c.ok and c.about == about for c in checks)


def test_a_gradient_that_is_lost_low_down_is_found_by_the_whole_pass(deep: Derivation) -> None:
    wrong = dict(deep.gradients)
    steps = [s for s in deep.steps if not (s.section == "gradient" and s.about == "W.2")]
    del wrong["W.2"]
    assert any(
        not c.ok for c in verify.check(replace(deep, steps=tuple(steps), gradients={**wrong, "W.2": deep.gradients["W.2"]}))
    )


def test_structure_sees_which_tensors_are_the_same(deep: Derivation) -> None:
    def of(step: Step) -> object:
        return structure([step.result.lhs, step.result.rhs], deep.system)

    def gradient(key: str) -> Step:
        return deep.of("gradient", key)[-1]

    assert of(gradient("W.7")) == of(gradient("W.8"))
    assert of(gradient("W.7")) != of(gradient("W.1")), "the first layer reads the input"
    assert of(gradient("W.7")) != of(gradient("b.7"))


@pytest.mark.parametrize("activation", ["tanh", "softmax"])
def test_letters_of_lines_that_are_alike_are_found_clear_once(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[object] = []
    clear = Alphabet.clear

    def counted(self: Alphabet, sides: tuple[int, int], indices: Any) -> bool:
        decided.append(sides)
        return clear(self, sides, indices)

    monkeypatch.setattr(Alphabet, "clear", counted)
    numbers = []
    for layers in (8, 32):
        text = TEXT.replace("tanh, repeat: 60", f"{activation}, repeat: {layers}")
        differentiated(network.build(spec.loads(text)))
        numbers.append(len(decided))
        decided.clear()
    assert 0 < numbers[0] == numbers[1]


def test_the_signs_of_layers_that_are_alike_are_looked_at_once(deep: Derivation) -> None:
    system = deep.system
    assert len(register.one_of_each(system, {})) < 20 < len(system.tensors)
    assert len(register.one_of_each(system, {"x": "W^{(7)}"})) == len(system.tensors)


def test_forms_are_equal_where_only_names_of_tensors_differ() -> None:
    j, k, other = Index("j", 3), Index("k", 3), Index("k", 4)
    forms = Forms()
    here = [total(mul(Entry.of("W.1", j, k), Entry.of("x", k)), k), total(mul(Entry.of("W.7", j, k), Entry.of("a.6", k)), k)]
    assert forms.of(here[0]) == forms.of(here[1])
    apart = [total(mul(Entry.of("W.1", j, other), Entry.of("x", other)), other), Elementwise.of("tanh", here[0]), here[0].body]
    assert len({forms.of(e) for e in (*here, *apart, Elementwise.of("sigmoid", here[0]))}) == 5
    assert forms.indices == [j, k, other]
