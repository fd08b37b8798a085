"""A system for a mini-batch: what has an example in it is averaged, what has none is counted once, and N is never a number."""

from __future__ import annotations

import numpy as np
import pytest
from specs import built, derived

from derive import api
from derive.checks import verify
from derive.expressions.nodes import Entry, Example, Index
from derive.expressions.system import COUNT, System, cotangent
from derive.expressions.traversal import nodes
from derive.network.batching import for_examples, with_examples
from derive.numbers import evaluate

HEAD = """
title: t
inputs: {x: 3}
targets: {y: 2}
parameters: {W: [2, 3], b: 2, lam: scalar}
equations:
  - z = W @ x + b
"""
DECAY = {
    "a line of its own": ["R = lam/2*sum(W[j,k]**2, j, k)", "L = 1/2*sum((z[j] - y[j])**2, j)", "J = L + R"],
    "in the cost's own line": ["J = lam*sum(W[j,k]**2, j, k) + sum((z[j] - y[j])**2, j) + 3"],
    "in front": ["L = sum((z[j] - y[j])**2, j)", "J = lam*sum(b[j]**2, j) - L"],
    "under a factor": ["R = lam*sum(W[j,k]**2, j, k)", "L = sum((z[j] - y[j])**2, j)", "J = 2*(L + R)"],
    "under a function": ["R = lam*sum(W[j,k]**2, j, k)", "L = sum((z[j] - y[j])**2, j)", "J = log(1 + L + R**2)"],
    "inside every entry": ["a[j] = z[j] + lam", "J = sum(a[j]**2 + b[j]**2, j)"],
    "each entry alike": ["J = sum(z[j] + y[j]*b[j], j)"],
    "read by a later line": ["L = sum(z[j]**2, j) + lam**2", "M = L**2"],
    "the same for all": ["R = sum(b[j]**2, j)", "J = sum(z[j]*R, j) + R"],
}


def spec_of(lines: list[str]) -> str:
    return HEAD + "".join(f"  - {line}\n" for line in lines)


def mean_over_examples(one: System, many: System, values: dict[str, np.ndarray], last: bool) -> float:
    costs = []
    for n in range(many.examples or 0):
        single = {k: np.take(v, n, -1 if last else 0) if many.tensors[k].batch is not None else v for k, v in values.items()}
        costs.append(float(evaluate.run(one, single)[one.objective or ""]))
    return float(np.mean(costs))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", DECAY)
def test_the_cost_is_the_mean_of_the_examples_costs_wherever_a_term_has_no_example(name: str, last: bool) -> None:
    text = spec_of(DECAY[name])
    one, many = built(text), built(text, examples=4, last=last)
    rng = np.random.default_rng(1)
    given = {t.key: rng.normal(size=t.shape) for t in many.of_role("input", "parameter", "target")}
    cost = float(evaluate.run(many, given | {COUNT: np.asarray(4.0)})[many.objective or ""])
    assert cost == pytest.approx(mean_over_examples(one, many, given, last))


def test_what_has_no_example_in_it_gets_no_index() -> None:
    found = built(spec_of(DECAY["a line of its own"]), examples=4)
    assert found.tensors["R"].batch is None and found.tensors["R"].shape == ()
    assert found.tensors["L"].batch == 0
    assert "J each" not in found.tensors, "one example's cost is called L already"
    decay = next(e for e in found.equations if e.lhs == Entry.of("R"))
    assert not any(isinstance(n, Example) for n in nodes(decay.rhs))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", DECAY)
def test_the_number_of_examples_stands_in_no_formula(name: str, last: bool) -> None:
    """What is derived for 4 examples holds for 7: there it is compared with the forward pass alone."""
    found = derived(spec_of(DECAY[name]), examples=4, last=last)
    assert [c for c in verify.check(found, ("index", "matrix", "batch")) if not c.ok] == []
    larger = with_examples(found.system, 7)
    rng = np.random.default_rng(2)
    values = verify.random_point(larger, rng)
    given = {k: v for k, v in values.items() if larger.tensors[k].role in ("input", "parameter", "target", "constant")}
    for key, equation in found.gradients.items():
        assert isinstance(equation.lhs, Entry)
        lhs = for_examples(equation.lhs, 7)
        axes = [i for i in lhs.args[1:] if isinstance(i, Index)]
        values[cotangent(key)] = evaluate.evaluate(for_examples(equation.rhs, 7), values, axes)
    for key in given:
        if key in found.gradients:
            direction = rng.normal(size=given[key].shape)
            moved = evaluate.run(larger, evaluate.tilt(given, {key: direction}))[larger.objective or ""]
            assert np.sum(values[cotangent(key)] * direction) == pytest.approx(float(evaluate.tilted(moved)), rel=1e-9), key


def test_weight_decay_is_printed_without_the_number_of_examples() -> None:
    text = spec_of(DECAY["a line of its own"]) + "view: batch\nexamples: 4\n"
    shown = api.show(api.derive(api.loads(text)))
    assert "∂J/∂W = λ W + (∂J/∂z)ᵀ x" in shown
    assert "4" not in shown


def test_a_bias_that_every_example_has_alike_is_counted_and_the_count_cancels() -> None:
    found = derived(spec_of(["J = sum(z)"]), examples=4)
    assert "4" not in api.show(found)
    assert found.gradients["b"].rhs == 1


def test_without_an_example_there_is_no_batch() -> None:
    text = "title: t\nparameters: {w: 3}\nview: batch\nequations: ['J = sum(w[i]**2, i)']\n"
    found = api.system(api.loads(text))
    assert found.examples is None and COUNT not in found.tensors


@pytest.mark.parametrize(("language", "said"), [("en", "added to it once"), ("de", "kommt einmal hinzu")])
def test_the_average_of_a_cost_with_weight_decay_says_what_is_counted_once(language: str, said: str) -> None:
    head = "title: t\nnetwork:\n  input: {x: 1}\n  layers:\n    - dense: {units: 1, activation: sigmoid}\n  loss: squared_error\n"
    tail = "parameters: {lam: scalar, u: scalar}\nequations: ['J = C + lam*u**2']\n"
    for equations, wanted in ((tail, True), ("", False)):
        found = api.loads(f"{head}{equations}average: true\nview: scalar\nlanguage: {language}\n")
        text = api.tex(api.sheets(found)[""])
        assert (said in text) == wanted
