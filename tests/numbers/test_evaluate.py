"""Expressions to numbers: sums and products line up by index, and the complex step has all digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import specs
import sympy
from numpy.typing import NDArray
from specs import built
from sympy import S

from derive.expressions.language import parse_equation
from derive.expressions.nodes import Delta, Differential, Elementwise, Entry, Index, Total, Where, Within, add, mul, power, total
from derive.network import catalogue
from derive.numbers import entrywise, evaluate

P, J, K = Index("p", 2), Index("j", 3), Index("k", 4)
RNG = np.random.default_rng(1)
VALUES: dict[str, NDArray[Any]] = {
    "W": RNG.normal(size=(3, 4)),
    "M": RNG.normal(size=(3, 3)),
    "T": RNG.normal(size=(2, 3, 4)),
    "x": RNG.normal(size=4),
    "y": RNG.normal(size=3),
    "u": RNG.normal(size=9),
    "s": np.asarray(1.7),
    "d x": RNG.normal(size=4),
}
SHAPES = {k: v.shape for k, v in VALUES.items() if " " not in k}
W, M, T, X, Y, U, s = (VALUES[k] for k in ("W", "M", "T", "x", "y", "u", "s"))

LINES: list[tuple[str, Any]] = [
    ("z[j] = sum(W[j,k]*x[k], k)", W @ X),
    ("z[k] = sum(y[j]*W[j,k], j)", Y @ W),
    ("z[k,j] = W[j,k]", W.T),
    ("z[j,k] = y[j]*x[k]", np.outer(Y, X)),
    ("z[k,j] = y[j] + x[k]", X[:, None] + Y[None, :]),
    ("z = sum(W[j,k]*y[j]*x[k], j, k)", Y @ W @ X),
    ("z[i] = sum(T[i,j,k]*W[j,k], j, k)", np.einsum("ijk,jk->i", T, W)),
    ("z[k,i] = sum(T[i,j,k], j)", T.sum(axis=1).T),
    ("z[j] = M[j,j]", np.diag(M)),
    ("z = sum(M[j,j], j)", np.trace(M)),
    ("z[j] = M[j,0] + M[2,j]", M[:, 0] + M[2]),
    ("z[j] = u[2*j+1]", U[1:6:2][:3]),
    ("z[j] = sum(x[p]*u[j+p], p)", np.asarray([X @ U[j : j + 4] for j in range(3)])),
    ("z[j] = u[8-j]", U[:-4:-1]),
    ("z[j] = exp(y[j])/sum(exp(y[m]), m)", np.exp(Y) / np.exp(Y).sum()),
    ("z[j] = where(y[j] > 0, y[j], 2*y[j])", np.where(Y > 0, Y, 2 * Y)),
    ("z[j] = max(y[j], 0)", np.maximum(Y, 0)),
    ("z[j] = abs(y[j])**3", np.abs(Y) ** 3),
    ("z[j] = 1/(1 + y[j]**2)", 1 / (1 + Y**2)),
    ("z[j] = y[j]**(-2)", Y**-2.0),
    ("z[j] = sqrt(y[j]**2 + 1)", np.sqrt(Y**2 + 1)),
    ("z = pi*s", math.pi * s),
    ("z = mean(x[k], k)", X.mean()),
    ("z = norm(x)", np.linalg.norm(X)),
    ("z = logsumexp(x)", np.log(np.exp(X).sum())),
    ("z = W @ x + y", W @ X + Y),
    ("z = W.T @ y", W.T @ Y),
    ("z = outer(y, x)*W", np.outer(Y, X) * W),
]


@pytest.mark.parametrize(("text", "wanted"), LINES, ids=[text for text, _ in LINES])
def test_lines(text: str, wanted: Any) -> None:
    sizes = {"j": 3} if "u[" in text else {"k": 4}
    found, shape = parse_equation(text, SHAPES, (), sizes)
    lhs = found.lhs
    assert isinstance(lhs, Entry)
    value = evaluate.evaluate(found.rhs, VALUES, lhs.indices)
    assert value.shape == shape == np.shape(wanted)
    np.testing.assert_allclose(value, wanted, rtol=1e-13)


def test_axes_are_in_the_order_that_is_asked_for() -> None:
    entry = Entry.of("T", P, J, K)
    assert evaluate.evaluate(entry, VALUES, (K, P, J)).shape == (4, 2, 3)
    np.testing.assert_array_equal(evaluate.evaluate(entry, VALUES, (K, P, J)), T.transpose(2, 0, 1))


def test_what_does_not_depend_on_an_index_is_the_same_for_each_of_its_values() -> None:
    np.testing.assert_array_equal(evaluate.evaluate(Entry.of("y", J), VALUES, (J, K)), np.repeat(Y[:, None], 4, axis=1))
    assert evaluate.evaluate(S.One, {}, (J,)).tolist() == [1, 1, 1]


def test_an_index_that_is_asked_for_by_no_one_is_an_error() -> None:
    with pytest.raises(ValueError):
        evaluate.evaluate(Entry.of("W", J, K), VALUES, (J,))


def test_a_sum_over_an_index_that_its_body_lacks_counts() -> None:
    assert evaluate.evaluate(Total(Entry.of("s"), K), VALUES) == pytest.approx(4 * s)
    both = Total(add(Entry.of("s"), Entry.of("x", K)), K, J)
    np.testing.assert_allclose(evaluate.evaluate(both, VALUES), 3 * (4 * s + X.sum()))


def test_deltas_and_bounds() -> None:
    assert evaluate.evaluate(Delta(J, sympy.Integer(1)), {}, (J,)).tolist() == [0, 1, 0]
    np.testing.assert_array_equal(evaluate.evaluate(Delta(J, K), {}, (J, K)), np.eye(3, 4))
    shifted = add(K, mul(-1, S.One))
    assert evaluate.evaluate(Within(shifted, sympy.Integer(2)), {}, (K,)).tolist() == [0, 1, 1, 0]


def test_a_place_outside_the_tensor_counts_for_nothing_under_its_bound() -> None:
    place = add(K, mul(-1, J))
    inside = mul(Entry.of("y", place), Within(place, sympy.Integer(3)))
    wanted = [[Y[k - j] if 0 <= k - j < 3 else 0.0 for k in range(4)] for j in range(3)]
    np.testing.assert_array_equal(evaluate.evaluate(inside, VALUES, (J, K)), wanted)


def test_at_the_kink_the_second_branch_holds() -> None:
    branch = Where(Entry.of("a"), S.One, S.Zero)
    assert [float(evaluate.evaluate(branch, {"a": np.asarray(v)})) for v in (-1.0, 0.0, 1.0)] == [0, 0, 1]
    assert float(evaluate.evaluate(Elementwise.of("relu", Entry.of("a"), 1), {"a": np.asarray(0.0)})) == 0


def test_at_the_kink_a_step_stays_where_it_begins() -> None:
    """(w + ih)(x - ih) is 0 at w = 0, but for a real part h², which is no reason to take the other branch."""
    values = {"w": np.asarray(0.0), "x": np.asarray(0.0)}
    w, x = Entry.of("w"), Entry.of("x")
    line = add(Elementwise.of("relu", mul(w, x)), Where(mul(w, x), w, mul(2, x)))
    for signs in ((1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)):
        step = evaluate.tilt(values, {"w": np.asarray(signs[0]), "x": np.asarray(signs[1])})
        assert evaluate.tilted(evaluate.evaluate(line, step, ())) == 2.0 * signs[1]


def test_a_change_has_a_key_of_its_own() -> None:
    np.testing.assert_array_equal(evaluate.evaluate(Differential(Entry.of("x", K)), VALUES, (K,)), VALUES["d x"])


# --- the complex step ---------------------------------------------------------------------------------------------------------

SLOPES: dict[str, Any] = {
    "exp(a[i])": lambda a: np.exp(a),
    "log(a[i])": lambda a: 1 / a,
    "sqrt(a[i])": lambda a: 0.5 / np.sqrt(a),
    "sin(a[i])": lambda a: np.cos(a),
    "cos(a[i])": lambda a: -np.sin(a),
    "a[i]**3": lambda a: 3 * a**2,
    "a[i]**(-2)": lambda a: -2 * a**-3.0,
    "a[i]**(3/2)": lambda a: 1.5 * np.sqrt(a),
    "max(a[i], 1)": lambda a: np.where(a > 1, 1.0, 0.0),
    "abs(1 - a[i])": lambda a: np.where(a > 1, 1.0, -1.0),
    "sigmoid(a[i])": lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    "tanh(a[i])": lambda a: 1 / np.cosh(a) ** 2,
}


@pytest.mark.parametrize("text", SLOPES)
def test_the_complex_step_has_all_digits(text: str) -> None:
    points = np.linspace(0.05, 6.0, 41)
    found, _ = parse_equation(f"z[i] = {text}", {"a": (41,)}, set(catalogue.functions()))
    tilted = evaluate.tilt({"a": points}, {"a": np.ones(41)})
    lhs = found.lhs
    assert isinstance(lhs, Entry)
    slope = evaluate.tilted(evaluate.evaluate(found.rhs, tilted, lhs.indices))
    np.testing.assert_allclose(slope, SLOPES[text](points), rtol=1e-12)


def test_the_error_function() -> None:
    points = np.linspace(-7, 7, 141)
    np.testing.assert_allclose(entrywise.erf(points), [math.erf(p) for p in points], rtol=1e-15)
    slope = evaluate.tilted(entrywise.erf(points + 1j * evaluate.STEP))
    wanted = 2 / math.sqrt(math.pi) * np.exp(-(points**2))
    assert np.max(np.abs(slope - wanted)) < 1e-12


@pytest.mark.parametrize("name", sorted(catalogue.functions()))
@pytest.mark.parametrize("order", [0, 1, 2])
def test_catalogue_functions_keep_the_shape_and_agree_with_the_step(name: str, order: int) -> None:
    points = np.asarray([[-2.1, -0.7, -0.1], [0.1, 0.8, 2.3]])
    value = entrywise.apply(name, order, points)
    assert value.shape == points.shape
    if order:
        below = entrywise.apply(name, order - 1, points + 1j * evaluate.STEP)
        np.testing.assert_allclose(value, evaluate.tilted(below) if np.iscomplexobj(below) else 0.0, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("name", "wanted"), [("sigmoid", (0, 1)), ("tanh", (-1, 1)), ("silu", (0, 1000)), ("elu", (-1, 1000))])
def test_a_large_argument_gives_a_number(name: str, wanted: tuple[float, float]) -> None:
    """Of ±1000, though the exponential overflows on the way."""
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(entrywise.apply(name, 0, np.asarray([-1000.0, 1000.0])), wanted, atol=1e-12)


# --- the whole forward pass ---------------------------------------------------------------------------------------------------


def test_the_forward_pass_runs_in_order_and_leaves_its_input_alone() -> None:
    system = built(specs.CLASSIFIER)
    rng = np.random.default_rng(0)
    given = {t.key: rng.normal(size=t.shape) for t in system.of_role("input", "parameter", "target")}
    before = {k: v.copy() for k, v in given.items()}
    out = evaluate.run(system, given)
    hidden = np.tanh(given["W.1"] @ given["x"] + given["b.1"])
    logits = given["W.2"] @ hidden + given["b.2"]
    np.testing.assert_allclose(out["p.2"], np.exp(logits) / np.exp(logits).sum(), rtol=1e-13)
    assert all(np.array_equal(given[k], before[k]) for k in given) and set(given) == set(before)
    assert set(out) == set(system.tensors)


def test_a_long_sum_and_a_deep_expression_are_evaluated() -> None:
    x = Entry.of("s")
    assert float(evaluate.evaluate(add(*[x] * 3000), VALUES)) == pytest.approx(3000 * float(s))
    assert float(evaluate.evaluate(total(mul(x, power(x, -1)), Index("k", 100_000)), VALUES)) == pytest.approx(100_000)
