"""The linter of variants: each kind of bad variant is found, and good ones pass."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive import api
from derive.calculus.steps import Derivation
from derive.homework.classroom import lint
from derive.homework.classroom.lint import Answer
from derive.numbers import draw, rounding
from derive.numbers.draw import Pass
from derive.spec import Spec

NEURON = """
title: t
view: scalar
equations: [z = w*a_prev + b, a = sigmoid(z), C = (a - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {a_prev: scalar}
targets: {y: scalar}
"""
KEYS = {"dw": "bar w", "db": "bar b", "dz": "bar z", "z": "z"}


@lru_cache(maxsize=4)
def case(text: str = NEURON) -> tuple[Spec, Derivation]:
    spec = api.loads(text)
    return spec, api.derive(spec)


def answers(found: Pass) -> dict[str, Answer]:
    by_hand = draw.by_hand(case()[1], found)
    out = {}
    for question, key in KEYS.items():
        value = found.values[key]
        out[question] = Answer(value, draw.tolerance(value, by_hand.values[key]), by_hand.values[key])
    return out


def wrong(found: Pass) -> dict[str, dict[str, Any]]:
    """Some of what students answer: b disappears, w for a, the factor 2 lost, and one error that changes nothing."""
    v = found.values
    return {
        "db": {"disappears": np.zeros(()), "as if by w": v["bar w"]},
        "dw": {"w for a": v["bar z"] * v["w"], "half": v["bar w"] / 2, "the sum the other way round": v["bar w"] + 0},
    }


def same(found: Pass) -> lint.Alike:
    spec, derivation = case()
    moved = [draw.nearby(spec, derivation, found, which) for which in range(3)]
    return lint.alike([answers(m) for m in moved], [wrong(m) for m in moved])


def drawn(given: Mapping[str, float] | None = None, seed: int = 1) -> Pass:
    spec, derivation = case()
    return draw.draw(spec, derivation, seed, given=given)


def complaints(found: Pass) -> set[tuple[str, str]]:
    alike = same(found)
    return {(c.question, c.what) for c in lint.one(case()[1], "s", found, answers(found), wrong(found), alike)}


def test_what_is_equal_by_the_formulas_is_no_mistake() -> None:
    assert same(drawn()) == {("db", "dz"), ("dw", "the sum the other way round")}


@given(st.integers(0, 2**48 - 1))
def test_what_the_linter_passes_tells_right_from_wrong(seed: int) -> None:
    """The point of it: after the linter no usual error, and no answer to another question, scores."""
    found = drawn(seed=seed)
    right, alike = answers(found), same(found)
    if lint.one(case()[1], "s", found, right, wrong(found), alike):
        return
    for question, rules in wrong(found).items():
        for rule, value in rules.items():
            assert (question, rule) in alike or not lint.accepted(right[question], value)
    assert not lint.accepted(right["db"], right["dw"].value) and not lint.accepted(right["dw"], right["db"].value)
    assert all(lint.accepted(a, a.value) and lint.accepted(a, rounding.printed(a.value)) for a in right.values())


def test_most_draws_pass() -> None:
    assert sum(not complaints(drawn(seed=seed)) for seed in range(40)) >= 30


def test_swapped_gradients_are_found() -> None:
    """With a = 1 the derivatives by w and by b are the same number: as many variants of other generators have it."""
    found = drawn({"a_prev": 1.0, "w": 0.5, "b": 0.3, "y": 0.9})
    assert {("dw", "swapped"), ("db", "near")} <= complaints(found)
    assert ("", "degenerate") not in complaints(found)  # the values were given, and so are the author's own
    nearly = drawn({"a_prev": 1.01, "w": 0.5, "b": 0.3, "y": 0.9})
    assert ("dw", "swapped") in complaints(nearly)


def test_an_error_that_happens_to_be_right_is_found() -> None:
    found = drawn({"a_prev": 0.5, "w": 0.5, "b": 0.3, "y": 0.1})
    assert ("dw", "near") in complaints(found)


def test_degenerate_numbers_are_found() -> None:
    derivation = case()[1]
    found = drawn({"a_prev": 2.0, "w": 3.0, "b": 0.3, "y": 0.0})
    said = [c.say for c in lint.one(derivation, "s", found, {}, {})]
    assert any("saturated" in s for s in said)
    assert all(c.student == "s" and c.what == "degenerate" for c in lint.one(derivation, "s", found, {}, {}))


def test_duplicates_are_found_whoever_comes_first() -> None:
    derivation = case()[1]
    one, other = drawn(seed=1), drawn(seed=2)
    for passes in ({"b": one, "a": one, "c": other}, {"c": other, "a": one, "b": one}):
        found = lint.duplicates(derivation, passes)
        assert [(c.student, c.what, c.say) for c in found] == [("b", "duplicate", "has the same numbers as a")]
    found = lint.lint(derivation, {"b": one, "a": one}, {}, {})
    assert [c.what for c in found] == ["duplicate"]


@pytest.mark.parametrize("off", [0.9, 1.1, -1.1])
def test_honest_rounding_must_score(off: float) -> None:
    answer = Answer(np.array([2.0, 3.0]), 0.01, np.array([2.0, 3.0 + off * 0.01]))
    found = lint.one(case()[1], "s", drawn(), {"q": answer}, {})
    assert [c.what for c in found] == ([] if off < 1 and off > 0 else ["rounding"])


@pytest.mark.parametrize(("distance", "what"), [(2.9, ["near"]), (3.1, [])])
def test_three_tolerances(distance: float, what: list[str]) -> None:
    right = {"q": Answer(np.array([2.0, 3.0]), 0.01)}
    other = {"q": {"rule": np.array([2.0, 3.0 - 0.01 * distance])}}
    assert [c.what for c in lint.one(case()[1], "s", drawn(), right, other)] == what


def test_shapes_and_things_that_are_no_numbers() -> None:
    answer = Answer(np.array([[1.0, 2.0]]), 0.1)
    assert not lint.accepted(answer, np.array([[1.0], [2.0]]))
    assert not lint.accepted(answer, np.array([[1.0, np.nan]]))
    assert lint.accepted(Answer(np.array([1.0]), 0.1), np.array(1.05))
    for bad in (Answer(np.array(np.nan), 0.1), Answer(np.array(1.0), 0.0), Answer(np.array(1.0), float("nan"))):
        assert [c.what for c in lint.one(case()[1], "s", drawn(), {"q": bad}, {})] == ["degenerate"]


def test_what_is_alike_is_asked_for_only_where_two_answers_are_equal() -> None:
    derivation = case()[1]
    asked: list[int] = []

    def alike() -> set[tuple[str, str]]:
        asked.append(1)
        return {("b", "a")}

    one, other = Answer(np.array(1.0), 0.01), Answer(np.array(2.0), 0.01)
    assert lint.one(derivation, "s", drawn(), {"a": one, "b": other}, {}, alike) == () and not asked
    assert lint.one(derivation, "s", drawn(), {"a": one, "b": one}, {}, alike) == () and asked == [1]
    assert [c.what for c in lint.one(derivation, "s", drawn(), {"a": one, "b": one}, {})] == ["swapped"]


def test_complaints_name_quantities_and_errors_as_a_reader_does() -> None:
    found = drawn()
    one, other = Answer(np.array(2.0), 0.01), Answer(np.array(2.02), 0.01)
    wrong = {"bar w": {"factor_forgotten 1": np.array(2.0), "a rule of one's own": np.array(2.01)}}
    near, own, swapped = lint.one(case()[1], "s", found, {"bar w": one, "bar b": other}, wrong)
    assert near.say == "the error “the waiting factor is forgotten” comes to the same (tolerance 0.01)"
    assert own.say == "the error “a rule of one's own” is only 0.01 off (tolerance 0.01)"
    assert swapped.say == "the answer to `dC/db` is only 0.02 off"
    assert len({near.cause, own.cause, swapped.cause}) == 3
