"""The errors that teachers know, typed by hand as students type them: each is called by its name, and none is right."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest
from derivations import derivation_of
from specs import dense

from derive import api
from derive.calculus.steps import Derivation
from derive.homework.grader import judge
from derive.network.catalogue import malrules

OWN = {
    "softmax and squares": dense((3, "softmax"), loss="squared_error", width=2),
    "deep sigmoid": dense((3, "sigmoid"), (3, "sigmoid"), (3, "sigmoid"), loss="half_squared_error", width=3),
    "tied": """\
title: tied
inputs: {x: 3}
parameters: {W: [3, 3], V: [3, 3], b: 3}
equations:
  - h = tanh(W @ x + b)
  - g = tanh(W @ h + b)
  - C = sum(g[j]**2, j)
""",
    "neuron with a half": """\
title: half
inputs: {a: scalar}
targets: {y: scalar}
parameters: {w: scalar, b: scalar}
equations: ['z = w*a + b', 'u = relu(z)', 'C = 1/2*(u - y)**2']
""",
    "gate": """\
title: gate
inputs: {x: scalar}
parameters: {v: scalar, w: scalar}
equations: ['g = sigmoid(v*x)', 'h = tanh(w*x)', 's = g*h', 'q = s/(1 + h**2)', 'e = exp(-q)', 'C = e**3']
""",
}


@lru_cache(maxsize=16)
def network(name: str) -> Derivation:
    return api.derive(api.loads(OWN[name])) if name in OWN else derivation_of(name)


TABLE = {
    "b disappears, so its derivative is 0": [
        ("single-neuron", "dC/db", "0", "bias_disappears"),
        ("single-neuron", "dz/db", "0", "bias_disappears"),
        ("single-neuron", "dz", "dw*a_prev + w*da_prev", "bias_disappears"),
        ("mlp", "dC/db2", "0", "bias_disappears"),
        ("mlp", "dz2", "dW2 @ a1 + W2 @ da1", "bias_disappears"),
        ("mini-batch", "dC/db2", "0", "bias_disappears"),
    ],
    "dz/dw = a + b": [
        ("single-neuron", "dz/dw", "a_prev + b", "bias_stays"),
        ("single-neuron", "dC/dw", "delta*(a_prev + b)", "bias_stays"),
        ("chain", "dz2/dw2", "a1 + b2", "bias_stays"),
    ],
    "dz/dw = a + 1": [
        ("single-neuron", "dz/dw", "a_prev + 1", "bias_one"),
        ("single-neuron", "dC/dw", "delta*(a_prev + 1)", "bias_one"),
    ],
    "w for a, a for w": [
        ("single-neuron", "dz/dw", "w", "itself"),
        ("single-neuron", "dC/dw", "2*(a - y)*sigmoid'(z)*w", "itself"),
        ("single-neuron", "dC/da_prev", "delta*a_prev", "itself"),
        ("neuron with a half", "dC/dw", "(u - y)*relu'(z)*w", "itself"),
    ],
    "the bias is treated like a weight": [
        ("single-neuron", "dC/db", "delta*a_prev", "bias_like_weight"),
        ("single-neuron", "dz/db", "a_prev", "bias_like_weight"),
    ],
    "sigma' forgotten": [
        ("single-neuron", "delta", "2*(a - y)", "slope_forgotten"),
        ("single-neuron", "da", "dz", "slope_forgotten"),
        ("mlp", "delta2", "W3.T @ delta3", "slope_one"),
        ("deep sigmoid", "delta2", "W3.T @ delta3", "slope_forgotten"),
        ("deep sigmoid", "delta3", "a3 - y", "slope_forgotten"),
        ("neuron with a half", "delta", "u - y", "slope_one"),
    ],
    "sigma for sigma'": [
        ("single-neuron", "delta", "2*(a - y)*a", "value_for_slope"),
        ("deep sigmoid", "delta2", "(W3.T @ delta3)*a2", "value_for_slope"),
        ("single-neuron", "delta", "2*(a - y)*z*(1 - z)", "slope_from_input"),
        ("single-neuron", "delta", "2*(a - y)*sigmoid'(a)", "slope_at_output"),
        ("single-neuron", "delta", "2*(a - y)*(1 - a**2)", "other_slope"),
    ],
    "the wrong layer": [
        ("chain", "dC/dw2", "delta2*a2", "wrong_activation"),
        ("mlp", "dC/dW2", "delta2 @ a2.T", "wrong_activation"),
        ("deep sigmoid", "dC/dW2", "outer(delta2, a2)", "wrong_activation"),
        ("deep sigmoid", "dC/dW2", "delta2 @ z1.T", "preactivation"),
        ("deep sigmoid", "dC/dW2", "delta3 @ a1.T", "wrong_signal"),
        ("mlp", "dC/dW2", "outer(delta3, a1)", "wrong_signal"),
        ("deep sigmoid", "delta2", "(W2.T @ delta3)*a2*(1 - a2)", "wrong_weight"),
        ("mlp", "delta2", "(W2.T @ delta3)*relu'(z2)", "wrong_weight"),
    ],
    "the transpose is forgotten": [
        ("mlp", "dC/da1", "W2 @ delta2", "transpose_forgotten"),
        ("mlp", "delta2", "(W3 @ delta3)*relu'(z2)", "transpose_forgotten"),
        ("deep sigmoid", "delta1", "(W2 @ delta2)*a1*(1 - a1)", "transpose_forgotten"),
        ("deep sigmoid", "delta1", "delta1[j] = sum(W2[j,k]*delta2[k], k)*sigmoid'(z1[j])", "transpose_forgotten"),
        ("mini-batch", "dC/dA1", "Delta2 @ W2.T", "transpose_forgotten"),
        ("mlp", "dC/dW2", "a1 @ delta2.T", "outer_reversed"),
        ("deep sigmoid", "dC/dW2", "outer(a1, delta2)", "outer_reversed"),
        ("mini-batch", "dC/dW1", "X.T @ Delta1", "outer_reversed"),
    ],
    "the sum over examples is forgotten": [
        ("mini-batch", "dC/dW2", "delta2[n,j]*a1[n,k]", "one_example"),
        ("mini-batch", "dC/db2", "delta2[n,j]", "one_example"),
        ("mini-batch", "dC/dW2", "dC/dW2[j,k] = delta2[1,j]*a1[1,k]", "one_example"),
    ],
    "the sum over j is forgotten": [
        ("mlp", "dC/da1", "W2[j,k]*delta2[j]", "one_path"),
        ("mlp", "dC/da1", "w_jk^(2) * δ_j^(2)", "one_path"),
        ("deep sigmoid", "delta1", "delta1[k] = W2[j,k]*delta2[j]*sigmoid'(z1[k])", "one_path"),
        ("mlp", "dC/da1", "W2[1,k]*delta2[1]", "one_path"),
    ],
    "the average became a sum": [
        ("mini-batch", "delta2", "P - Y", "count_lost"),
    ],
    "the factor 2 is lost": [
        ("single-neuron", "dC/da", "a - y", "two_lost"),
        ("single-neuron", "dC", "(a - y)*da", "two_lost"),
        ("single-neuron", "delta", "(a - y)*a*(1 - a)", "two_lost"),
        ("softmax and squares", "dC/dp", "p - y", "two_lost"),
        ("neuron with a half", "dC/du", "2*(u - y)", "constant_lost"),
        ("single-neuron", "dC/da", "2*(a - y)**2", "exponent_kept"),
    ],
    "the sign": [
        ("single-neuron", "dC/da", "2*(y - a)", "sign"),
        ("single-neuron", "delta", "2*(y - a)*sigmoid'(z)", "sign"),
        ("mlp", "delta3", "y - z3", "sign"),
        ("classifier", "delta2", "y - p", "sign"),
        ("mini-batch", "delta2", "(Y - P)/N", "sign"),
    ],
    "softmax taken entry by entry": [
        ("classifier", "delta2", "-y*(1 - p)", "softmax_diagonal"),
        ("classifier", "dp", "p*(1 - p)*dz2", "softmax_diagonal"),
        ("softmax and squares", "delta", "2*(p - y)*p*(1 - p)", "softmax_diagonal"),
        ("softmax and squares", "delta", "dC/dp*p*(1 - p)", "softmax_diagonal"),
        ("classifier", "delta2", "(p - y)*p*(1 - p)", "slope_twice"),
    ],
    "the other uses of a shared parameter are forgotten": [
        ("residual", "dC/dW1", "outer(delta1, x)", "shared_path"),
        ("residual", "dC/dW1", "delta2 @ a1.T", "shared_path"),
        ("residual", "dC/db1", "delta1", "shared_path"),
        ("tied", "dC/db", "dC/dg*(1 - g**2)", "shared_path"),
        ("residual", "dC/da1", "dC/dr3", "other_path"),
    ],
    "the product and the quotient rule": [
        ("single-neuron", "dz", "dw*da_prev + db", "product_of_changes"),
        ("gate", "ds", "dg*h", "one_factor_moves"),
        ("gate", "ds", "dg*dh", "product_of_changes"),
        ("gate", "dq", "ds/(1 + h**2) + s*2*h*dh/(1 + h**2)**2", "quotient_sign"),
        ("gate", "dq", "ds/(1 + h**2) - s*2*h*dh/(1 + h**2)", "quotient_square"),
        ("gate", "de", "q*exp(-q - 1)*dq", "exp_as_power"),
        ("gate", "de", "exp(-q)*dq", "inner_forgotten"),
    ],
    "the chain stops too early": [
        ("single-neuron", "dC/dw", "a_prev", "chain_stopped"),
        ("single-neuron", "dC/db", "1", "chain_stopped"),
    ],
    "the waiting factor is forgotten": [
        ("single-neuron", "dC/dw", "delta", "factor_forgotten"),
        ("chain", "delta1", "delta2*sigmoid'(z1)", "factor_forgotten"),
    ],
}
CASES = [(belief, *case) for belief, cases in TABLE.items() for case in cases]


@pytest.mark.parametrize("belief, name, target, answer, rule", CASES, ids=[f"{c[0]}: {c[2]} = {c[3]}" for c in CASES])
def test_it_is_called_by_its_name(belief: str, name: str, target: str, answer: str, rule: str) -> None:
    verdict = judge(network(name), target, answer)
    assert not verdict.ok, (belief, verdict)
    assert (verdict.kind, verdict.rule) == ("wrong", rule), (belief, verdict)
    assert verdict.feedback == f"{malrules()[rule].title}. {malrules()[rule].say}"


@pytest.mark.parametrize(
    "name, target, answer, rule, where",
    [
        ("single-neuron", "dC/dw", "2*(a - y)*a_prev", "slope_forgotten", "delta"),
        ("single-neuron", "dC/dw", "2*(y - a)*a*(1 - a)*a_prev", "sign", "delta"),
        ("mlp", "dC/dW2", "outer(W3.T @ (z3 - y), a1)", "slope_one", "delta2"),
        ("classifier", "dC/dW2", "outer(y - p, a1)", "sign", "delta2"),
        ("mini-batch", "dC/dW2", "(P - Y).T @ A1", "count_lost", "delta2"),
    ],
)
def test_an_error_further_up_is_found_in_what_follows(name: str, target: str, answer: str, rule: str, where: str) -> None:
    verdict = judge(network(name), target, answer)
    assert (verdict.kind, verdict.rule, verdict.where) == ("earlier", rule, where), verdict
    assert where in verdict.feedback and malrules()[rule].say in verdict.feedback


def test_the_table_has_what_teachers_name() -> None:
    named = {case[4] for case in CASES}
    assert named >= {
        "bias_disappears", "bias_stays", "bias_one", "itself", "slope_forgotten", "wrong_activation", "transpose_forgotten",
        "one_example", "one_path", "two_lost", "sign", "softmax_diagonal", "shared_path",
    }  # fmt: skip


@pytest.mark.parametrize("rule", malrules())
def test_the_advice_does_not_tell_the_answer(rule: str) -> None:
    """It is for someone who will try once more: kind, short, about the thing and not about the student."""
    record = malrules()[rule]
    assert not re.search(r"\b(you should|obviously|simply|just|of course|careless|wrong again)\b", record.say, re.IGNORECASE)
    assert not re.search(r"δ|delta|∂|=", record.say)
