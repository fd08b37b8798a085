"""The checks cannot pass for nothing: whatever is wrong on a line is found, in each section and each view."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import specs
import sympy
from specs import dense, derived
from sympy import Expr, Rational, S

from derive import api
from derive.calculus import chain_rule
from derive.calculus.steps import Derivation, Step
from derive.checks import verify
from derive.checks.verify import Check
from derive.errors import CheckFailed, DeriveError
from derive.expressions.nodes import Delta, Differential, Entry, Partial, add, mul
from derive.expressions.system import Equation, cotangent
from derive.expressions.views import View
from derive.numbers import evaluate

CASES: dict[str, tuple[Derivation, tuple[View, ...]]] = {
    "classifier": (derived(specs.CLASSIFIER), ("index", "matrix")),
    "square": (derived(specs.MLP), ("index", "matrix")),
    "mini-batch": (derived(specs.CLASSIFIER, examples=4), ("index", "matrix", "batch")),
    "scalar": (chain_rule.extended(derived(specs.CHAIN, scalar=True)), ("scalar",)),
    "convolution": (derived(specs.CONVOLUTION), ("index", "matrix")),
    "heads": (derived(specs.HEADS), ("index", "matrix")),
}


def with_step(found: Derivation, place: int, result: Equation) -> Derivation:
    """The derivation with another result in one step."""
    step = replace(found.steps[place], result=result)
    return replace(found, steps=(*found.steps[:place], step, *found.steps[place + 1 :]))


def wrong(found: Derivation, views: Sequence[View]) -> list[Check]:
    return [c for c in verify.check(found, views) if not c.ok]


def about(step: Step, checks: Sequence[Check]) -> set[str]:
    """The views in which a step is among the checks."""
    return {c.view for c in checks if (c.section, c.about) == (step.section, step.about)}


IN_EVERY_VIEW = ("forward", "differential", "held", "substitute", "gradient")


def shown_in(step: Step, views: Sequence[View]) -> set[str]:
    """The views in which a step is checked: the rest has no matrices, and is checked once."""
    return set(views) if step.section in IN_EVERY_VIEW else set()


# --- what is right ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_step_is_checked_in_every_view_and_passes(name: str) -> None:
    found, views = CASES[name]
    checks = verify.check(found, views)
    assert all(c.ok for c in checks)
    verify.require(checks)
    for step in found.steps:
        seen = about(step, checks)
        assert seen and seen >= shown_in(step, views), step.section
    assert {c.about for c in checks if c.section == "gradient"} == set(found.gradients)


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_of_each_parameter_is_checked_once_more_through_the_whole_network(name: str) -> None:
    found, views = CASES[name]
    whole = " ".join(c.what for c in verify.check(found, views) if c.section == "whole")
    assert all(tensor.key in whole for tensor in found.system.parameters)


# --- what is wrong ------------------------------------------------------------------------------------------------------------


def a_millionth(rhs: Expr) -> Expr:
    return mul(Rational(1_000_001, 1_000_000), rhs)


def nothing(rhs: Expr) -> Expr:
    return S.Zero if rhs is not S.Zero else S.One


def minus(rhs: Expr) -> Expr:
    return mul(-1, rhs)


@pytest.mark.parametrize("damage", [a_millionth, nothing, minus])
@pytest.mark.parametrize("name", CASES)
def test_a_wrong_right_hand_side_is_found_in_every_section_and_view(name: str, damage: Callable[[Expr], Expr]) -> None:
    found, views = CASES[name]
    seen: set[str] = set()
    for place, step in enumerate(found.steps):
        if step.section in seen and (name, damage) != ("square", a_millionth):  # one of each kind; every step once
            continue
        seen.add(step.section)
        checks = wrong(with_step(found, place, Equation(step.result.lhs, damage(step.result.rhs))), views)
        caught = about(step, checks)
        assert caught and caught >= shown_in(step, views), (step.section, step.about, caught)
        with pytest.raises(CheckFailed, match=step.about.replace(".", r"\.")):
            verify.require(checks)


def test_a_lost_term_is_found_on_every_line() -> None:
    found, views = CASES["square"]
    for place, step in enumerate(found.steps):
        terms = step.result.rhs.args if isinstance(step.result.rhs, sympy.Add) else ()
        for lost in range(len(terms)):
            rest = add(*terms[:lost], *terms[lost + 1 :])
            assert wrong(with_step(found, place, Equation(step.result.lhs, rest)), views), (step.section, step.about, lost)


def test_one_wrong_entry_of_many_is_found() -> None:
    """An error in a single place of a large gradient does not drown among the right ones."""
    found = derived(dense((40, "tanh"), (30, "identity"), loss="half_squared_error", width=20))
    place = next(n for n, s in enumerate(found.steps) if (s.section, s.about) == ("gradient", "W.1"))
    step = found.steps[place]
    assert isinstance(step.result.lhs, Entry)
    j, k = step.result.lhs.indices
    spot = mul(Rational(1, 1000), Delta(j, sympy.Integer(7)), Delta(k, sympy.Integer(3)))
    damaged = with_step(found, place, Equation(step.result.lhs, add(step.result.rhs, spot)))
    assert about(step, wrong(damaged, ("index",))) == {"index"}


# The left-hand side is displayed, too.


def section(found: Derivation, name: str, key: str) -> list[tuple[int, Step]]:
    return [(n, s) for n, s in enumerate(found.steps) if (s.section, s.about) == (name, key)]


def test_a_differential_of_another_layer_is_found() -> None:
    """dz² = dW¹ x + …: right but for the name on the left, whose shape is the same."""
    found, views = CASES["square"]
    for place, step in section(found, "differential", "z.1") + section(found, "held", "z.1"):
        assert isinstance(step.result.lhs, Differential)
        other = Differential(Entry.of("z.2", *step.result.lhs.entry.indices))
        assert wrong(with_step(found, place, Equation(other, step.result.rhs)), views), step.section


def test_a_gradient_with_the_name_of_another_parameter_is_found() -> None:
    found, views = CASES["square"]
    for place, step in section(found, "gradient", "W.2"):
        assert isinstance(step.result.lhs, Entry)
        other = Entry.of(cotangent("W.1"), *step.result.lhs.indices)
        assert wrong(with_step(found, place, Equation(other, step.result.rhs)), views)


def test_a_transposed_left_hand_side_is_found() -> None:
    found, views = CASES["square"]
    for place, step in section(found, "gradient", "W.2"):
        assert isinstance(step.result.lhs, Entry)
        other = Entry.of(cotangent("W.2"), *reversed(step.result.lhs.indices))
        assert wrong(with_step(found, place, Equation(other, step.result.rhs)), views)


def test_a_partial_derivative_of_another_quantity_is_found() -> None:
    found, views = CASES["square"]
    for place, step in section(found, "partial", "z.1"):
        partial = step.result.lhs
        assert isinstance(partial, Partial)
        other = Partial(Entry.of("z.2", *partial.of.indices), partial.by, *partial.held)
        assert wrong(with_step(found, place, Equation(other, step.result.rhs)), views)


def test_a_partial_derivative_that_does_not_say_what_is_held_is_found() -> None:
    """What is held constant is what the sheets are about."""
    found, views = CASES["square"]
    for place, step in section(found, "partial", "z.1"):
        partial = step.result.lhs
        assert isinstance(partial, Partial)
        fewer = Partial(partial.of, partial.by, *partial.held[1:])
        assert wrong(with_step(found, place, Equation(fewer, step.result.rhs)), views)


# --- not a number -------------------------------------------------------------------------------------------------------------


LOG_OF_MINUS_ONE = sympy.log(S.NegativeOne, evaluate=False)


def test_not_a_number_is_a_failure() -> None:
    found, _ = CASES["square"]
    for place, step in enumerate(found.steps):
        damaged = with_step(found, place, Equation(step.result.lhs, mul(LOG_OF_MINUS_ONE, step.result.rhs)))
        checks = wrong(damaged, ("index",))
        assert about(step, checks) == {"index"}, step
        with pytest.raises(CheckFailed):
            verify.require(checks)


@pytest.mark.parametrize("error", [math.nan, math.inf, 1.0])
def test_an_error_that_is_no_small_number_fails(error: float) -> None:
    found = Check("the derivative of the cost by w", "index", "complex step", error)
    assert not found.ok
    with pytest.raises(CheckFailed, match="the derivative of the cost by w"):
        verify.require([found])


@pytest.mark.parametrize("errors", [(math.nan, 0.0), (0.0, math.nan), (1.0, 0.0), (0.0, 1.0)])
def test_of_several_points_the_worst_one_counts(errors: tuple[float, float]) -> None:
    (kept,) = verify._worst([Check("w", "index", "complex step", error) for error in errors])
    assert not kept.ok


def test_require_names_the_step_the_view_and_by_how_much() -> None:
    found, views = CASES["classifier"]
    place, step = section(found, "gradient", "W.2")[0]
    checks = wrong(with_step(found, place, Equation(step.result.lhs, mul(2, step.result.rhs))), views)
    with pytest.raises(CheckFailed) as refusal:
        verify.require(checks)
    message = str(refusal.value)
    what = r"the derivative of the cost by W\.2 \(read_off\) is wrong in the index view"
    assert re.search(what + r": off by \d\.\de[+-]\d\d", message)
    assert refusal.value.exit_code == 1


# --- random points ------------------------------------------------------------------------------------------------------------

DEFINED: dict[str, str] = {
    "a logarithm": "parameters: {w: 6}\nequations: ['C = sum(log(w[i]), i)']",
    "a root": "parameters: {w: 6}\nequations: ['C = sum(sqrt(w[i]), i)']",
    "a root of a logarithm": "parameters: {w: 2}\nequations: ['C = sum(sqrt(log(w[i])), i)']",
    "a power with a fraction": "parameters: {w: 4}\nequations: ['C = sum(w[i]**(3/2)/(1 + w[i]), i)']",
    "a logarithm of a matrix product": "parameters: {W: [3, 3], x: 3}\nequations: ['z = W @ x', 'C = sum(log(z))']",
    "a logarithm of what is below 1": "parameters: {w: 3}\nequations: ['C = sum(log(1 - w[i]), i)']",
}


@pytest.mark.parametrize("name", DEFINED)
def test_a_point_is_found_where_the_forward_pass_is_defined(name: str) -> None:
    found = derived(f"title: {name}\n{DEFINED[name]}")
    checks = verify.check(found, ("index", "matrix"))
    assert all(c.ok for c in checks)
    values = verify.random_point(found.system, np.random.default_rng(0))
    assert all(np.all(np.isfinite(v)) for v in values.values())


def test_where_there_is_no_such_point_it_says_so() -> None:
    found = derived("title: none\nparameters: {w: 2}\nequations: ['C = sum(log(-1 - w[i]**2), i)']")
    with pytest.raises(DeriveError, match="is not a number at any of the random points"):
        verify.check(found)


def test_targets_meet_the_facts_that_are_used() -> None:
    """Σ y = 1 is used, so it has to hold where it is checked."""
    for examples in (None, 4):
        system = derived(specs.CLASSIFIER, examples=examples).system
        values = verify.random_point(system, np.random.default_rng(3))
        assert np.allclose(values["y"].sum(axis=-1), 1)
        assert np.allclose(evaluate.run(system, values)["p.2"].sum(axis=-1), 1)


def test_both_sides_of_a_kink_are_tried_even_for_a_single_neuron() -> None:
    """A branch that no point enters would pass unseen."""
    for loss, inside in (("hinge", "C"), ("huber", "C")):
        found = derived(dense((1, "identity"), loss=loss, width=1), scalar=True)
        place, step = section(found, "differential", inside)[0]
        for branch in (1, 2):
            damaged = step.result.rhs.replace(
                lambda n: type(n).__name__ == "Where",
                lambda n, branch=branch: n.func(*(mul(2, a) if i == branch and a != 0 else a for i, a in enumerate(n.args))),
            )
            if damaged != step.result.rhs:
                assert wrong(with_step(found, place, Equation(step.result.lhs, damaged)), ("scalar",)), (loss, branch)


def test_the_points_are_the_same_every_time_and_differ_with_the_seed() -> None:
    found, views = CASES["classifier"]
    assert verify.check(found, views) == verify.check(found, views)
    assert [c.error for c in verify.check(found, views)] != [c.error for c in verify.check(found, views, seed=21)]


def test_a_tiny_gradient_is_checked_relative_to_its_size() -> None:
    """Twenty sigmoids deep the gradient is below 1e-10, and a factor in it is found all the same."""
    found = derived(dense(*[(2, "sigmoid")] * 20, loss="half_squared_error"))
    place, step = section(found, "gradient", "W.1")[0]
    damaged = with_step(found, place, Equation(step.result.lhs, mul(Rational(101, 100), step.result.rhs)))
    assert about(step, wrong(damaged, ("index",))) == {"index"}


VANISHING: dict[str, str] = {
    "the sum of a softmax": "parameters: {w: 3}\nequations: ['p = softmax(w)', 'C = 2*sum(p)**2']",
    "the sum of the deviations": "parameters: {w: 3}\nequations: ['m = mean(w)', 'd = w - m', 'C = sum(d)']",
    "what is taken away again": "parameters: {w: 3}\nequations: ['u = w - w', 'C = sum(u)']",
    "equal slopes under a softmax": dense((2, "identity"), (2, "softmax"), loss="huber", width=2).split("\n", 1)[1],
}


@pytest.mark.parametrize("name", VANISHING)
def test_a_gradient_that_vanishes_is_no_failure(name: str) -> None:
    """Where the terms cancel, what is left is rounding: relative to itself it is always wrong."""
    found = derived(f"title: {name}\n{VANISHING[name]}")
    assert [c for c in verify.check(found, ("index", "matrix")) if not c.ok] == []


def test_a_sum_over_an_index_that_is_free_on_neither_side_is_counted() -> None:
    """Σ_j of something without j is a factor: it may not be lost."""
    found = derived("title: count\nparameters: {b: scalar}\ninputs: {x: 5}\nequations: ['C = sum(x[i] + b, i)']")
    assert all(c.ok for c in verify.check(found, ("index", "matrix")))
    place, step = section(found, "gradient", "b")[0]
    assert wrong(with_step(found, place, Equation(step.result.lhs, S.One)), ("index",))


def test_a_wrong_second_derivative_of_an_activation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = api.derive(api.load(api.examples()["single-neuron"]))
    assert all(c.ok for c in api.check(found))
    true = chain_rule.curvature("sigmoid")
    monkeypatch.setattr(chain_rule, "curvature", lambda name: Equation(true.lhs, mul(-1, true.rhs)))
    assert any(not c.ok and c.section == "function" for c in api.check(found))


def test_a_wrong_slope_of_an_activation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = api.derive(api.load(api.examples()["chain"]))
    true = chain_rule.slope("sigmoid")
    monkeypatch.setattr(chain_rule, "slope", lambda name: Equation(true.lhs, mul(2, true.rhs)))
    assert any(not c.ok and c.section == "function" for c in api.check(found))


def test_a_cost_that_has_no_derivative_anywhere_is_the_specs_and_not_a_defect_of_ours() -> None:
    spec = api.loads("title: t\nview: matrix\nparameters: {k: 3}\nequations: [p = k - k, C = norm(p)]\n")
    with pytest.raises(DeriveError, match="`C` has no derivative at any of the random points") as error:
        api.check(api.derive(spec))
    assert not isinstance(error.value, CheckFailed) and "norm" in error.value.hint


def test_a_point_at_which_a_norm_has_no_slope_is_passed_over() -> None:
    """All three units are off at some points, and the norm of nothing has no slope."""
    spec = api.loads("title: t\nview: matrix\nparameters: {g: 1}\nequations: [p = relu(g), C = norm(p)]\n")
    verify.require(api.check(api.derive(spec)))
