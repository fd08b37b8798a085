"""Over many networks: what an oracle computes is right, what a mal-rule gives is wrong, and is called by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from answers import sayable, spoken
from autograd import grad as autograd
from derivations import NAMES, derivation_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_misconceptions import OWN, network

from derive import api
from derive.calculus.steps import Derivation
from derive.errors import SpecError
from derive.expressions.nodes import Partial
from derive.expressions.system import cotangent
from derive.homework.classroom import roster
from derive.homework.classroom.assignment import Assignment
from derive.homework.grader import Grader, judge
from derive.mistakes import SECTIONS, Mistake, followed, mistakes
from derive.network.catalogue import malrules
from derive.notation.spellings import partial_key, vocabulary

# --- formulas: each mal-rule in every network that it applies to --------------------------------------------------------------

NETWORKS = [n for n in (*NAMES, *OWN) if n != "heads"]


def _asked(found: Derivation, mistake: Mistake) -> str | None:
    """The name by which a student answers, where the line is what that name asks for."""
    step, lhs = mistake.step, mistake.step.result.lhs
    words = vocabulary(found)
    if step.section == "gradient":
        return words.spelling(cotangent(step.about)) if step == found.of("gradient", step.about)[-1] else None
    if isinstance(lhs, Partial):
        key = partial_key(lhs)
        return words.spelling(key) if key in words.keys.values() else None
    return words.spelling(f"d {step.about}") if step == found.of("differential", step.about)[-1] else None


def judged() -> Mapping[str, list[tuple[str, str, Any]]]:
    """For each mal-rule the network, the answer and the verdict, one for each network and kind of line."""
    out: dict[str, list[tuple[str, str, Any]]] = {rule: [] for rule in malrules()}
    for name in NETWORKS:
        found = network(name) if name in OWN else derivation_of(name)
        seen: set[tuple[str, str]] = set()
        for step in found.steps:
            for mistake in mistakes(found, step) if step.section in SECTIONS else ():
                target = _asked(found, mistake)
                if target is None or (mistake.rule, step.section) in seen or not sayable(mistake.wrong.rhs):
                    continue
                seen.add((mistake.rule, step.section))
                answer = spoken(mistake.wrong.rhs, found)
                out[mistake.rule].append((f"{name}: {target}", answer, judge(found, step, answer)))
    return out


def test_each_malrule_is_called_by_its_name_wherever_it_applies() -> None:
    """In formulas, in each of these networks; and every one of them applies somewhere."""
    found = judged()
    named: dict[str, set[str]] = {}
    for rule, answers in found.items():
        for where, answer, verdict in answers:
            assert not verdict.ok, (rule, where, answer)
            if verdict.kind != "not_understood":  # a window of a convolution cannot be typed without its sum, say
                assert (verdict.kind, verdict.rule) == ("wrong", rule), (where, answer, verdict)
                assert malrules()[rule].say in verdict.feedback
                named.setdefault(rule, set()).add(where.partition(":")[0])
    unread = sum(v.kind == "not_understood" for answers in found.values() for _, _, v in answers)
    assert unread <= 8 and sum(map(len, found.values())) > 500
    assert set(named) == {rule for rule, record in malrules().items() if record.on != ("step",)}
    everywhere = set.union(*named.values())
    assert everywhere >= {"mlp", "classifier", "mini-batch", "residual", "tied", "softmax and squares", "rnn", "batch-norm"}


# --- numbers: the key of a class against autograd -----------------------------------------------------------------------------

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
    "tanh": anp.tanh,
    "relu": lambda z: anp.maximum(z, 0),
}


def _softmax(z: Any) -> Any:
    raised = anp.exp(z)
    return raised / anp.sum(raised, axis=-1, keepdims=True)


Cost = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


KINDS = ("squares", "softmax", "softmax and squares", "batch", "batch softmax", "shared", "residual")


@st.composite
def classes(draw: st.DrawFn, kind: str) -> tuple[str, Cost]:
    """A spec whose numbers are drawn, and its cost written by hand: of the parameters and of all given values."""
    name = draw(st.sampled_from(sorted(ACTIVATIONS)))
    f = ACTIVATIONS[name]
    wide, middle, out = draw(st.integers(2, 3)), draw(st.integers(2, 3)), draw(st.integers(2, 3))
    if kind in ("shared", "residual"):
        again = "tanh(W @ h + b)" if kind == "shared" else f"h + {name}(W @ h + b)"
        text = f"""\
            title: Random
            view: matrix
            numbers: decimals
            inputs: {{x: {wide}}}
            targets: {{y: {wide}}}
            parameters: {{W: [{wide}, {wide}], b: {wide}}}
            equations: ['h = {name}(W @ x + b)', 'g = {again}', 'C = 1/2*sum((g[j] - y[j])**2, j)']
            homework: {{questions: [value: C, value: dC/dW, value: dC/db, step: W]}}
            """

        def shared(p: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
            h = f(p["W"] @ given["x"] + p["b"])
            g = anp.tanh(p["W"] @ h + p["b"]) if kind == "shared" else h + f(p["W"] @ h + p["b"])
            return 0.5 * anp.sum((g - given["y"]) ** 2)

        return dedent(text), shared
    batch = kind.startswith("batch")
    last, loss = ("softmax", "cross_entropy") if kind in ("softmax", "batch softmax") else ("identity", "half_squared_error")
    if kind == "softmax and squares":
        last, loss = "softmax", "squared_error"
    text = f"""\
        title: Random
        view: {"batch" if batch else "matrix"}
        numbers: decimals
        {"examples: 3" if batch else ""}
        network:
          input: {{x: {wide}}}
          layers:
            - dense: {{units: {middle}, activation: {name}}}
            - dense: {{units: {out}, activation: {last}}}
          loss: {loss}
        homework: {{questions: [value: C, value: dC/dW.2, value: dC/db.2, value: dC/dW.1, value: dC/db.1, step: W.2]}}
        """

    def cost(p: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        x, y = np.atleast_2d(given["x"]), np.atleast_2d(given["y"])
        z = anp.dot(f(anp.dot(x, p["W.1"].T) + p["b.1"]), p["W.2"].T) + p["b.2"]
        if loss == "cross_entropy":
            return -anp.sum(y * anp.log(_softmax(z))) / len(x)
        if loss == "squared_error":
            return anp.sum((_softmax(z) - y) ** 2) / len(x)
        return 0.5 * anp.sum((z - y) ** 2) / len(x)

    return dedent(text), cost


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_the_key_is_autograds_and_no_malrule_scores(kind: str, data: st.DataObject) -> None:
    text, cost = data.draw(classes(kind))
    spec = api.loads(text)
    found = Assignment(spec, text, roster.numbered(2), Path("nowhere"))
    try:
        found.draw()
    except SpecError:  # the linter left too few variants; it says so
        assume(False)
    grader = Grader(spec)
    derivation = found.derivation
    parameters = [t.key for t in derivation.system.parameters]
    for student, variant in found.variants.items():
        given_values = {k: np.asarray(v, dtype=float) for k, v in variant.found.values.items()}
        own = {k: given_values[k] for k in parameters}
        oracle = autograd(lambda p, at=given_values: cost(p, at))(own)
        rate = variant.found.rate
        code = (variant.seed, variant.attempt)
        keys = {k.key if k.question.startswith("value") else f"after {k.key}": k for k in found.keys(student)}
        right: dict[str, Any] = {}
        for key, entry in keys.items():
            if key == "C":
                wanted = cost(own, given_values)
            elif key.startswith("after "):
                wanted = own[key[6:]] - rate * oracle[key[6:]]
            else:
                wanted = oracle[key.removeprefix("bar ")]
            np.testing.assert_allclose(entry.value, wanted, rtol=1e-8, atol=1e-11)
            right[entry.question] = np.asarray(wanted).tolist()
        assert all(v.ok for v in grader.grade(right, code)), kind
        for key in parameters:
            one = keys.get(cotangent(key))
            assert one is not None
            for mistake in mistakes(derivation, derivation.of("gradient", key)[-1]):
                wrong = followed(derivation, mistake, variant.found.values)[cotangent(key)]
                if np.allclose(wrong, oracle[key], rtol=1e-6, atol=1e-9):  # where this ReLU is on it makes no difference
                    continue
                (verdict,) = grader.grade({one.question: wrong.tolist()}, code)
                assert not verdict.ok, (kind, key, mistake.rule)
                assert verdict.rule is not None and verdict.kind in ("wrong", "earlier"), (kind, key, mistake.rule, verdict)
                assert malrules()[verdict.rule].say in verdict.feedback


def test_the_oracle_can_fail() -> None:
    """Another sigmoid is not ours, and a number 2 % off is not right."""
    text = "title: x\nnumbers: decimals\n"
    text += "network: {input: {x: 2}, layers: [dense: {units: 2, activation: tanh}], loss: squared_error}\n"
    text += "homework: {questions: [value: dC/dW.1]}\n"
    spec = api.loads(text)
    (verdict,) = Grader(spec).grade({"value dC/dW1": [[1, 2], [3, 4]]})
    assert not verdict.ok
    sheet = Grader(spec).first.with_numbers(Grader(spec)._numbers(None))
    assert sheet.values is not None
    right = sheet.values["bar W.1"]
    assert Grader(spec).grade({"value dC/dW1": right.tolist()})[0].ok
    assert not Grader(spec).grade({"value dC/dW1": (right * 1.02).tolist()})[0].ok
