"""What is said of answers: right ones in any form, wrong ones with their reason, and none that only looks right."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from answers import sayable, spoken
from autograd import grad as autograd
from click.testing import CliRunner
from derivations import derivation_of
from effort import at_most
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import ACTIVATIONS
from specs import dense
from strategies import networks

from derive import api, network, spec
from derive.calculus.steps import Derivation
from derive.cli import command
from derive.errors import SpecError
from derive.expressions.nodes import Partial
from derive.expressions.system import cotangent
from derive.grading.reading.numbers import place_of, read_numbers
from derive.grading.targets import sheet_of
from derive.homework import grader
from derive.homework.classroom.answer_files import answers_in
from derive.homework.grader import Verdict, judge
from derive.mistakes import SECTIONS, mistakes, points, value_at
from derive.network.catalogue import malrules, verdicts
from derive.notation.index_letters import differentiated
from derive.numbers.evaluate import Values, run


@lru_cache(maxsize=16)
def the_spec(name: str) -> spec.Spec:
    return api.load(api.examples()[name])


def said(name: str, target: str, answer: Any, **more: Any) -> Verdict:
    source = the_spec(name) if "values" not in more else derivation_of(name)
    return judge(source, target, answer, **more)


# --- right in any form --------------------------------------------------------------------------------------------------------

RIGHT = [
    ("single-neuron", "dC/dw", "2*(a - y)*a*(1 - a)*a_prev"),
    ("single-neuron", "dC/dw", "a_prev*delta"),
    ("single-neuron", "dC/dw", "δ·a_prev"),
    ("single-neuron", "dC/dw", "dC_dw = 2*(sigmoid(w*a_prev + b) - y)*sigmoid(z)*(1 - sigmoid(z))*a_prev"),
    ("single-neuron", "dC/dw", "dC/da * da/dz * dz/dw"),
    ("single-neuron", "∂C/∂w", "2 * (a − y) * σ′(z) * a^{L-1}"),
    ("single-neuron", "delta", "2*(a-y)*sigmoid'(z)"),
    ("single-neuron", "delta", "2*(a-y)*dsigmoid(z)"),
    ("single-neuron", "delta", "-2*(y-a)*sigmoid_prime(w*a_prev+b)"),
    ("single-neuron", "dC/db", "dC/da*da/dz"),
    ("single-neuron", "dz/db", "1"),
    ("single-neuron", "dz", "dz = w*da_prev + db + a_prev*dw"),
    ("single-neuron", "da", "a*(1-a)*dz"),
    ("single-neuron", "C", "(y - a)**2"),
    ("chain", "delta^(L-1)", "delta^L * w^L * a^(L-1) * (1 - a^(L-1))"),
    ("chain", "dC/dw2", "delta_2*a1"),
    ("chain", "dC/dW^(2)", "delta^(2)*a^(1)"),
    ("single-neuron", "dC/dw", "dC/dw = dC/da*da/dz*dz/dw = 2*(a - y)*sigmoid'(z)*a_prev = delta*a_prev"),
    ("mlp", "dC/dW2", "outer(delta2, a1)"),
    ("mlp", "dC/dW2", "delta2 @ a1.T"),
    ("mlp", "dC/dW2", "δ^(2) a^(1)ᵀ".replace(" ", " @ ")),
    ("mlp", "dC/dW2", "((W3.T @ (z3 - y))*relu'(z2)) @ a1.T"),
    ("mlp", "dC/dW3", "dC/dW3 = (z3 - y) @ a2.T + 0*delta3 @ a2.T"),
    ("mlp", "dC/dW2", "dC/dW2[j,k] = delta2[j]*a1[k]"),
    ("mlp", "dC/dW2", "dC/dW2[p,q] = a1[q]*delta2[p]"),
    ("mlp", "delta2", "(W3.T @ delta3) * relu'(z2)"),
    ("mlp", "delta2", "W3ᵀ @ (z3 - y) ⊙ relu′(z2)"),
    ("mlp", "delta2", "delta2[j] = sum(W3[k,j]*delta3[k], k)*where(z2[j] > 0, 1, 0)"),
    ("mlp", "delta3", "z3 - y"),
    ("mlp", "dz1/dW1", "x[k]"),
    ("mlp", "dz2", "dW2 @ a1 + W2 @ da1 + db2"),
    ("classifier", "delta2", "p - y"),
    ("classifier", "delta2", "softmax(z2) - y"),
    ("classifier", "dC/dW1", "outer((W2.T @ (p - y))*(1 - a1**2), x)"),
    ("mini-batch", "dC/dW2", "Delta2.T @ A1"),
    ("mini-batch", "dC/db2", "Δ2.T @ ones"),
    ("mini-batch", "dC/db2", "sum(delta2[n,j], n)"),
    ("mini-batch", "delta2", "(P - Y)/N"),
    ("mini-batch", "dz1", "sum(dW1[j,k]*x[n,k], k) + db1[j] + sum(W1[j,k]*dx[n,k], k)"),
    ("mini-batch", "dz1", "dz1[m,j] = sum(dW1[j,k]*x[m,k], k) + db1[j] + sum(W1[j,k]*dx[m,k], k)"),
    ("mini-batch", "dC/dW1", "sum(dC/dz1[m,j]*x[m,k], m)"),
    ("residual", "dC/dW1", "outer(delta1, x) + outer(delta2, a1)"),
    ("own-layer", "dC/dmu", "-sum(dC_dn*gamma)"),
    ("own-layer", "dC/dμ", "-sum(dC/dn[j]*γ[j], j)"),
]


@pytest.mark.parametrize("name, target, answer", RIGHT)
def test_right(name: str, target: str, answer: str) -> None:
    verdict = said(name, target, answer)
    assert verdict.ok, verdict


def test_the_form_of_the_sheet_is_told_from_another_one() -> None:
    assert said("single-neuron", "dC/dw", "a_prev*delta").kind == "right"
    assert said("single-neuron", "dC/dw", "delta*a_prev*1.0").ok
    assert said("single-neuron", "dC/dw", "2*(a - y)*a*(1 - a)*a_prev").kind == "equivalent"
    assert said("mlp", "delta2", "delta2[i] = sum(W3[m,i]*delta3[m], m)*relu'(z2[i])").kind in ("right", "equivalent")


def test_single_numbers_are_decided_by_symbols() -> None:
    assert said("single-neuron", "dC/dw", "2*(a - y)*a*(1 - a)*a_prev").how == "symbols"
    tiny = said("single-neuron", "dC/da", "2*(a - y) + 1e-14*w")
    assert not tiny.ok, "at random points this cannot be told apart, but it is not the same"
    assert said("mlp", "delta3", "z3 - y").how == "points"


# --- wrong, and why -----------------------------------------------------------------------------------------------------------

WRONG = [
    ("single-neuron", "dC/db", "0", "bias_disappears"),
    ("single-neuron", "dC/dw", "dC/dw = delta*dz/dw = delta*w", "itself"),
    ("single-neuron", "dC/dw", "dC/dw = delta*w = delta*a_prev", "itself"),
    ("single-neuron", "dz/dw", "a_prev + b", "bias_stays"),
    ("single-neuron", "dz/dw", "a_prev + 1", "bias_one"),
    ("single-neuron", "dz/dw", "w", "itself"),
    ("single-neuron", "dC/dw", "delta*w", "itself"),
    ("single-neuron", "dC/dw", "delta", "factor_forgotten"),
    ("single-neuron", "dC/dw", "delta*a", "wrong_activation"),
    ("single-neuron", "delta", "2*(a - y)", "slope_forgotten"),
    ("single-neuron", "delta", "2*(a - y)*sigmoid(z)", "value_for_slope"),
    ("single-neuron", "delta", "2*(a - y)*sigmoid'(a)", "slope_at_output"),
    ("single-neuron", "delta", "2*(a - y)*z*(1 - z)", "slope_from_input"),
    ("single-neuron", "delta", "2*(y - a)*a*(1-a)", "sign"),
    ("single-neuron", "dC/da", "a - y", "two_lost"),
    ("single-neuron", "dz", "dw*da_prev + db", "product_of_changes"),
    ("mlp", "dC/dx", "W1 @ delta1", "transpose_forgotten"),
    ("mlp", "dC/dW1", "outer(x, delta1)", "outer_reversed"),
    ("mlp", "delta2", "W3.T @ delta3", "slope_one"),
    ("mlp", "dC/dW1", "outer(delta1, a1)", "wrong_activation"),
    ("classifier", "delta2", "(p - y)*p*(1 - p)", "slope_twice"),
    ("mini-batch", "delta2", "P - Y", "count_lost"),
    ("residual", "dC/dW1", "outer(delta2, a1)", "shared_path"),
    ("residual", "dC/da1", "dC_dr3", "other_path"),
]


@pytest.mark.parametrize("name, target, answer, rule", WRONG)
def test_wrong(name: str, target: str, answer: str, rule: str) -> None:
    verdict = said(name, target, answer)
    assert (verdict.kind, verdict.rule) == ("wrong", rule), verdict
    assert malrules()[rule].say in verdict.feedback


def test_nothing_is_made_up() -> None:
    verdict = said("single-neuron", "dC/dw", "delta*a_prev*17 + 3")
    assert (verdict.kind, verdict.rule) == ("unexplained", None)
    assert said("mlp", "dC/dW2", "delta2").kind == "shape"
    assert said("mlp", "dC/dW1", "dC/dW1").kind == "circular"
    assert said("single-neuron", "delta", "dC/db").kind == "circular"
    assert said("single-neuron", "dC/dnothing", "1").kind == "no_such_question"
    assert said("single-neuron", "dC/db", "").kind == said("single-neuron", "dC/db", None).kind == "empty"


def test_what_follows_from_an_earlier_error_is_right_from_there_on() -> None:
    answers = {
        "dC/dw": "(a - y)*a*(1 - a)*a_prev",
        "delta": "(a - y)*a*(1 - a)",
        "dC/db": "2*(a - y)*a*(1 - a)",
        "dC/da_prev": "(a - y)*a*(1 - a)*a_prev",
    }
    by_w, delta, by_b, by_a = grader.grade(derivation_of("single-neuron"), answers)
    assert (delta.kind, delta.rule) == ("wrong", "two_lost")
    assert by_w.kind == "follows" and not by_w.ok
    assert by_b.ok
    assert not by_a.ok and by_a.kind != "follows"


def test_an_error_above_is_found_without_being_shown() -> None:
    verdict = said("single-neuron", "dC/dw", "(a - y)*a*(1 - a)*a_prev")
    assert (verdict.kind, verdict.rule, verdict.where) == ("earlier", "two_lost", "delta")
    assert "delta" in verdict.feedback


# --- numbers ------------------------------------------------------------------------------------------------------------------

GIVEN: Values = {k: np.asarray(v) for k, v in {"a_prev": 1.5, "w": 1.0, "b": -1.0, "y": 0.0}.items()}


def single() -> tuple[Derivation, Values]:
    found = derivation_of("single-neuron")
    return found, run(found.system, GIVEN)


@pytest.mark.parametrize(
    "answer, kind",
    [
        ("0.4388", "right"),
        ("0.439", "right"),
        (0.4388, "right"),
        ("dC/dw = 0.4388", "right"),
        ("0,4388", "right"),
        ("0.44", "right"),
        ("0.4", "coarse"),
        ("0.45", "unexplained"),
        ("0", "unexplained"),
        ("0.2926", "wrong"),
        ("0.8", "unexplained"),
        ("4.388e-1", "right"),
    ],
)
def test_numbers(answer: Any, kind: str) -> None:
    """∂C/∂w = 2 · 0.62246 · 0.23500 · 1.5 = 0.43885."""
    found, values = single()
    assert judge(found, "dC/dw", answer, values).kind == kind


def test_a_wrong_number_is_explained() -> None:
    found, values = single()
    assert judge(found, "dC/dw", "0.2926", values).rule == "itself", "w is 1, so w and 1 for a cannot be told apart"
    assert judge(found, "dC/db", 0, values).rule == "bias_disappears"
    assert judge(found, "delta", "1.245", values).rule == "slope_forgotten"
    assert judge(found, "dC/dw", "1.867", values).where == "delta"


def test_a_tolerance_of_the_key_takes_the_place_of_the_rule() -> None:
    found, values = single()
    assert judge(found, "dC/dw", "0.45", values, tolerance=0.02).kind == "right"
    assert judge(found, "dC/dw", "0.4388", values, tolerance=1e-6).kind != "right"


def test_arrays_of_numbers() -> None:
    found = derivation_of("mlp")
    values = run(found.system, {k: np.asarray(v, dtype=float) for k, v in _mlp_values().items()})
    right = np.outer(np.asarray([1.0, 2.0]) * 3, [1.0, 0.0, 2.0])
    del right
    full = judge(found, "dC/dW3", [[6.0, 0.0]], values)
    wanted = value_at(found.gradients["W.3"], _complete(found, values))
    assert judge(found, "dC/dW3", wanted.tolist(), values).ok
    assert judge(found, "dC/dW3", str(wanted.round(4).tolist()), values).ok
    assert judge(found, "dC/dW3", (-wanted).tolist(), values).kind in ("wrong", "earlier")
    assert judge(found, "dC/dW3", [[1, 2, 3]], values).kind == "shape"
    assert full.kind in ("right", "unexplained", "wrong", "earlier")


def _mlp_values() -> Mapping[str, Any]:
    rng = np.random.default_rng(5)
    found = derivation_of("mlp")
    return {t.key: rng.integers(1, 4, size=t.shape) for t in found.system.of_role("input", "parameter", "target")}


def _complete(found: Derivation, values: Values) -> Values:
    out = dict(values)
    for key, equation in found.gradients.items():
        out[cotangent(key)] = value_at(equation, out)
    return out


def test_a_number_without_numbers_on_the_sheet() -> None:
    assert said("mlp", "dC/db1", "[1, 2, 3]").kind == "no_values"
    assert said("single-neuron", "dC/dw", "0.4388").kind == "unexplained"


@pytest.mark.parametrize(
    "text, value, half",
    [
        ("3", 3, 0),
        ("-1/3", -1 / 3, 0),
        ("0.50", 0.5, 0.005),
        ("1.2e3", 1200, 50),
        ("[1, [2]]", None, None),
        ("[[1, 2], [3, 4.0]]", [[1, 2], [3, 4]], [[0, 0], [0, 0.05]]),
        ("1/0", None, None),
        ("nan", None, None),
        ("1e999", None, None),
        ("[" * 50, None, None),
        ("[1, 2", None, None),
        ("[1] [2]", None, None),
        ("[]", None, None),
        ([], None, None),
        (True, None, None),
        ({"a": 1}, None, None),
        (float("inf"), None, None),
        (10**400, None, None),
    ],
)
def test_how_numbers_are_read(text: Any, value: Any, half: Any) -> None:
    found = read_numbers(text)
    if value is None:
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx(np.asarray(value)) and found.half == pytest.approx(np.asarray(half))


@pytest.mark.parametrize(
    "text, shape, value",
    [
        ("[0,5; 1]", (2,), [0.5, 1]),
        ("[1, 2; 3, 4]", (2, 2), [[1, 2], [3, 4]]),
        ("[1;2]", (2,), [1, 2]),
        ("[1;2]", (2, 1), [[1], [2]]),
        ("[0,5;0,25]", (2,), [0.5, 0.25]),
        ("[0,5;0,25]", (2, 2), [[0, 5], [0, 25]]),
        ("[[0,5; 1]; [2; 3]]", (2, 2), [[0.5, 1], [2, 3]]),
        ("0,5", (), 0.5),
        ("٣", (), 3),
    ],
)
def test_what_a_comma_means_follows_from_what_is_asked(text: str, shape: tuple[int, ...], value: Any) -> None:
    found = read_numbers(text, shape)
    assert found is not None and found.value.shape == shape
    assert found.value == pytest.approx(np.asarray(value))


@pytest.mark.parametrize(
    "entry, shape, place",
    [
        ("1,2", (3, 4), (0, 1)),
        ("[3, 4]", (3, 4), (2, 3)),
        ("2", (2,), (1,)),
        ("", (), ()),
        ("0,1", (3, 4), None),
        ("4,1", (3, 4), None),
        ("1", (3, 4), None),
        ("1,2", (3,), None),
        ("-1", (3,), None),
        ("a", (3,), None),
        ("1" * 9000, (3,), None),
        ("²", (3,), None),
    ],
)
def test_how_places_are_read(entry: str, shape: tuple[int, ...], place: tuple[int, ...] | None) -> None:
    assert place_of(entry, shape) == place


# --- hostile input ------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0]",
    "open('/etc/passwd').read()",
    "(lambda: 1)()",
    "[x for x in (1,2)]",
    "w if w else b",
    "a_prev; import os",
    "9**9**9**9",
    "w**999999999",
    "((w**50)**50)**50",
    "1e999999999*w",
    "9" * 900,
    "(" * 500 + "w" + ")" * 500,
    "-" * 900 + "w",
    "w" + "+w" * 450,
    "w" * 5_000,
    "exp(" * 55 + "w" + ")" * 55,
    "sigmoid(" * 55 + "w" + ")" * 55,
    "tanh'(" * 50 + "w" + ")" * 50,
    "max(w, " * 40 + "b" + ")" * 40,
    "w @ b",
    "dC/dw = dC/db = 1",
    "=",
    "dC/dw =",
    "w[0]",
    "w[j]",
    "sum(w, j)",
    "sum(sum(w))",
    "\x00w",
    "w\u202e",
    "w" + "\u0301" * 400,
    "$w$ \\input{/etc/passwd}",
    "{w}",
    "{0.__class__}",
    "%s%n",
    "log(-1)",
    "1/0",
    "w/(b - b)",
    "0**-1",
    "bar w",
    "d w",
    "dC_dw",
    "'" * 300,
    "^" * 300,
    "d∂" * 300,
    "dC/d" * 200,
    "L-1",
    "a^(99999999999)",
    "a^(L-" + "9" * 200 + ")",
]


@pytest.mark.parametrize("answer", HOSTILE)
def test_hostile_answers_are_refused_quickly(answer: str) -> None:
    found, values = single()
    with at_most(200):
        for at in (None, values):
            verdict = judge(found, "dC/dw", answer, at)
            assert not verdict.ok
            assert verdict.kind in verdicts()
            assert len(verdict.answer) <= 200
            grader.line(verdict)


SHAPELESS = [
    "W2 @ " * 150 + "delta2",
    "W3.T @ " * 140 + "delta3",
    "outer(" * 50 + "x" + ")" * 50,
    "(W1 @ x) * " * 60 + "W2",
    "W_{" * 300,
    "w_jk^(1)*" * 100 + "x_k",
    "W.1" * 300,
    "δ" * 1000,
    "a¹" * 400,
    "W1[1,k]*" * 110 + "1",
    "W1[j,k]*x[k]*b1[m]*b2[p]*a2[q]*z3[r]",
]


@pytest.mark.parametrize("answer", SHAPELESS)
def test_what_is_searched_for_in_shapes_that_do_not_fit_is_bounded(answer: str) -> None:
    found = {name: derivation_of(name) for name in ("mlp", "mini-batch")}
    with at_most(200):
        for name, target in (("mlp", "delta2"), ("mini-batch", "dC/dW2")):
            assert not judge(found[name], target, answer).ok


WIDE = "W3.T @ W3 @ W3.T @ W3 @ W3.T @ W3 @ W3.T @ W3 @ W3.T @ W3 @ W3.T @ W3 @ W3.T @ W3 @ W3.T @ W3 @ W3.T @ delta3"


@pytest.mark.parametrize(
    "answer",
    [
        WIDE,
        "sum(exp(x[i]+x[j]+x[k]+x[m]+x[p]+x[q]+x[r]+x[s]+x[t]+x[u]+x[v]+x[h]), i,j,k,m,p,q,r,s,t,u,v,h)*z2[0]",
        "softmax(" * 25 + "z2" + ")" * 25,
        "sum(outer(outer(x,x) @ x, x))*z2",
        "norm(" * 30 + "z2" + ")" * 30,
    ],
)
def test_large_answers_are_bounded(answer: str) -> None:
    found = derivation_of("mlp")
    with at_most(400):
        assert not judge(found, "delta2", answer).ok


def test_hostile_targets_and_steps() -> None:
    found, _ = single()
    for target in ("", "=", "[" * 100, "dC/d", "x" * 10_000, "partial z w", "bar w", "{x}", "\x00"):
        assert judge(found, target, "1").kind in ("no_such_question",), target


@given(text=st.text(max_size=60) | st.text("abwyz_dC/()[]*+-^'=.0123456789 δσ", max_size=60))
@settings(max_examples=150)
def test_any_text_gets_a_verdict(text: str) -> None:
    found, values = single()
    for target in ("dC/dw", "dz"):
        assert judge(found, target, text, values).kind in verdicts()


# --- no mal-rule answer is accepted ------------------------------------------------------------------------------------------


@given(text=networks())
@settings(max_examples=25)
def test_no_formula_of_a_malrule_is_accepted(text: str) -> None:
    found = differentiated(network.build(spec.loads(text)))
    at_stake = 0
    for step in found.steps:
        if step.section not in SECTIONS or isinstance(step.result.lhs, Partial):
            continue
        if step.section == "gradient" and step != found.of("gradient", step.about)[-1]:
            continue
        if sayable(step.result.rhs):
            verdict = judge(found, step, spoken(step.result.rhs, found))
            assert verdict.ok or verdict.kind == "not_understood", (verdict, step.result)
        for mistake in mistakes(found, step)[:6]:
            if sayable(mistake.wrong.rhs):
                verdict = judge(found, step, spoken(mistake.wrong.rhs, found))
                assert not verdict.ok, (mistake, verdict)
                assert verdict.kind == "not_understood" or verdict.rule == mistake.rule, (mistake, verdict)
                at_stake += verdict.kind == "wrong"
    assert at_stake > 0


SMOOTH = ("identity", "sigmoid", "tanh", "softplus", "relu")


@st.composite
def stacks(draw: st.DrawFn) -> tuple[int, list[tuple[int, str]]]:
    layers = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(SMOOTH)), min_size=1, max_size=3))
    return draw(st.integers(1, 3)), layers


@given(stack=stacks(), seed=st.integers(0, 10_000))
@settings(max_examples=25)
def test_numbers_of_an_independent_oracle_are_right_and_those_of_malrules_wrong(stack: Any, seed: int) -> None:
    """The key is HIPS autograd's, which knows nothing of the derivation."""
    width, layers = stack
    found = differentiated(network.build(spec.loads(dense(*layers, loss="half_squared_error", width=width))))
    rng = np.random.default_rng(seed)
    given_values = {t.key: rng.normal(size=t.shape) for t in found.system.of_role("input", "parameter", "target")}

    def cost(parameters: Mapping[str, Any]) -> Any:
        a = given_values["x"]
        for number, (_, activation) in enumerate(layers, 1):
            a = ACTIVATIONS[activation](anp.dot(parameters[f"W.{number}"], a) + parameters[f"b.{number}"])
        return 0.5 * anp.sum((a - given_values["y"]) ** 2)

    parameters = {t.key: given_values[t.key] for t in found.system.parameters}
    oracle = autograd(cost)(parameters)
    values = run(found.system, given_values)
    sheet = sheet_of(found, values)
    numbers = sheet.worlds["numbers"][0]
    for key, wanted in oracle.items():
        target = f"dC/d{key.replace('.', '')}"
        written = _written(wanted)
        assume(np.all(np.abs(wanted) > 1e-6))
        verdict = judge(found, target, written, values)
        assert verdict.ok, (verdict, wanted)
        for mistake in mistakes(found, found.of("gradient", key)[-1]):
            wrong = value_at(mistake.wrong, numbers)
            if np.max(np.abs(wrong - wanted)) > 5e-3 * np.max(np.abs(wanted)):
                assert not judge(found, target, _written(wrong), values).ok, (mistake, wrong, wanted)


def _written(numbers: Any) -> Any:
    """With six digits, as texts."""
    return [_written(n) for n in numbers] if numbers.ndim else f"{numbers:.6g}"


# --- files and the command ----------------------------------------------------------------------------------------------------

FILES = {
    "a.yaml": "dC/dw: 2*(a - y)*a*(1 - a)*a_prev\ndC/db: 0\n",
    "list.yaml": "- {question: dC/dw, answer: 2*(a - y)*a*(1 - a)*a_prev}\n- {target: dC/db, answer: 0}\n",
    "a.json": '{"answers": {"dC/dw": "2*(a - y)*a*(1 - a)*a_prev", "dC/db": 0}}',
    "a.csv": "question,answer\ndC/dw,2*(a - y)*a*(1 - a)*a_prev\ndC/db,0\n",
    "b.csv": "\ufeffdC/dw;2*(a - y)*a*(1 - a)*a_prev\ndC/db;0\n",
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_answers(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], encoding="utf-8")
    done = CliRunner().invoke(command, ["grade", "single-neuron", str(path)])
    assert done.exit_code == 0, done.output
    first, second = done.output.splitlines()
    assert first == "dC/dw: right: another form of the same."
    assert second.startswith("dC/db: wrong: the bias disappears. The bias is a parameter of its own")


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("a.yaml", "", "there are no answers"),
        ("a.yaml", "3\n", "these are not answers"),
        ("a.yaml", "a: &x [*x]\n", None),
        ("a.yaml", "a: 1\na: 2\n", None),
        ("a.yaml", "- 3\n", "an answer of a list has"),
        ("a.csv", "dC/dw\n", "row 1 has no answer"),
        ("a.csv", "dC/dw,1\ndC/dw,2\n", "answered twice"),
        ("a.json", "{" * 3000, None),
        ("a.yaml", "x" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_files_that_are_refused(name: str, text: str, message: str | None, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=message):
        answers_in(path)


def test_the_command_for_machines() -> None:
    done = CliRunner().invoke(command, ["grade", "single-neuron", "--json", "-a", "dC/db = 0", "-a", "dC/dw = 2*("])
    assert done.exit_code == 0
    first, second = json.loads(done.output)
    assert (first["verdict"], first["rule"], first["right"]) == ("wrong", "bias_disappears", False)
    assert second["verdict"] == "not_understood" and second["column"] == 11


def test_the_command_without_answers() -> None:
    assert CliRunner().invoke(command, ["grade", "single-neuron"]).exit_code == 2
    assert CliRunner().invoke(command, ["grade", "single-neuron", "-a", "0.3"]).exit_code == 2
    assert CliRunner().invoke(command, ["grade", "single-neuron", "-a", "dC/db = 0", "-a", "dC/db = 1"]).exit_code == 2


PUT_IN = {"where", "found", "wanted", "message", "target", "near", "name", "error", "advice", "letter", "letters", "line"}
PUT_IN |= {"count", "all", "places"}


def test_the_words_are_records() -> None:
    for record in verdicts().values():
        assert record.title
        assert set(re.findall(r"\{(.*?)\}", record.say)) <= PUT_IN
    assert points(derivation_of("mlp")) is points(derivation_of("mlp"))
