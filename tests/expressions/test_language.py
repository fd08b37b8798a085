"""The equation language. Most tests are tables: what is written, and what it means or what is said about it."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sympy import Expr, Rational

from derive.errors import EquationError
from derive.expressions.language import MAX_TEXT, is_index_form, names_in, parse_equation, parse_expression, ranks_in
from derive.expressions.nodes import Elementwise, Entry, Index, Total, Where, add, mul
from derive.expressions.system import Equation
from derive.expressions.traversal import entries, free_indices, nodes

SHAPES: dict[str, tuple[int, ...]] = {
    "W": (4, 3),
    "U": (4, 2),
    "A": (3, 4),
    "B": (3, 4),
    "X": (5, 3),
    "x": (3,),
    "y": (4,),
    "b": (4,),
    "g": (4,),
    "h0": (2,),
    "Q": (2, 3),
    "K": (4, 3),
    "V": (4, 5),
    "D": (),
    "a": (),
    "w": (),
    "f": (3,),
    "long": (9,),
    "F": (2, 3, 2, 2),
    "P": (3, 5, 6),
}
FUNCTIONS = {"sigmoid", "tanh", "relu"}


def parse(text: str, **sizes: int) -> Equation:
    return parse_equation(text, SHAPES, FUNCTIONS, sizes)[0]


def error(text: str, **sizes: int) -> EquationError:
    with pytest.raises(EquationError) as caught:
        parse(text, **sizes)
    return caught.value


# --- an evaluator that shares nothing with the package's own -------------------------------------------------------------------

RANDOM = np.random.default_rng(7)
VALUES = {name: RANDOM.uniform(0.3, 1.5, shape) for name, shape in SHAPES.items()}


def number(expr: Any, at: Mapping[Index, int]) -> float:
    if isinstance(expr, Index):
        return at[expr]
    if isinstance(expr, Entry):
        return float(VALUES[expr.key][tuple(int(number(i, at)) for i in expr.indices)])
    if isinstance(expr, Total):
        ranges = [range(i.size) for i in expr.indices]
        return sum(number(expr.body, {**at, **dict(zip(expr.indices, p, strict=True))}) for p in itertools.product(*ranges))
    if isinstance(expr, Where):
        return number(expr.args[1] if number(expr.args[0], at) > 0 else expr.args[2], at)
    if isinstance(expr, Elementwise):
        return {"tanh": math.tanh}[expr.name](number(expr.argument, at))
    args = [number(arg, at) for arg in expr.args]
    if expr.is_Add:
        return sum(args)
    if expr.is_Mul:
        return math.prod(args)
    if expr.is_Pow:
        return float(args[0] ** args[1])
    functions: dict[Any, Callable[[float], float]] = {
        sympy.exp: math.exp,
        sympy.log: math.log,
        sympy.sin: math.sin,
        sympy.cos: math.cos,
        sympy.erf: math.erf,
    }
    return functions[expr.func](args[0]) if args else float(expr)


def array(equation: Equation, shape: tuple[int, ...]) -> Any:
    free = equation.lhs.indices
    return np.array([number(equation.rhs, dict(zip(free, place, strict=True))) for place in np.ndindex(*shape)]).reshape(shape)


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


v = VALUES
MEANINGS: list[tuple[str, Any]] = [
    # matrix form
    ("z = W @ x + b", v["W"] @ v["x"] + v["b"]),
    ("z = x @ A", v["x"] @ v["A"]),
    ("z = x.T @ A", v["x"] @ v["A"]),
    ("z = x.T @ A @ y", v["x"] @ v["A"] @ v["y"]),
    ("z = X @ W.T", v["X"] @ v["W"].T),
    ("z = W @ A @ W @ x", v["W"] @ v["A"] @ v["W"] @ v["x"]),
    ("z = tanh(W @ x + U @ h0 + b)", np.tanh(v["W"] @ v["x"] + v["U"] @ v["h0"] + v["b"])),
    ("z = softmax(Q @ K.T / sqrt(4)) @ V", softmax(v["Q"] @ v["K"].T / 2) @ v["V"]),
    ("z = softmax(x)", softmax(v["x"])),
    ("z = norm(x)", np.linalg.norm(v["x"])),
    ("z = norm(W)", np.linalg.norm(v["W"])),
    ("z = mean(X)", v["X"].mean()),
    ("z = sum(W @ x)", (v["W"] @ v["x"]).sum()),
    ("z = sum(W @ x * y)", (v["W"] @ v["x"] * v["y"]).sum()),
    ("z = sum(x*mean(x))", (v["x"] * v["x"].mean()).sum()),
    ("z = logsumexp(x)", np.log(np.exp(v["x"]).sum())),
    ("z = outer(x, y)", np.outer(v["x"], v["y"])),
    ("z = outer(x, y) @ y", np.outer(v["x"], v["y"]) @ v["y"]),
    ("z = y * b / g", v["y"] * v["b"] / v["g"]),
    ("z = -2*W @ x", -2 * v["W"] @ v["x"]),
    ("z = a*x - x/a + 1", v["a"] * v["x"] - v["x"] / v["a"] + 1),
    ("z = max(y, b) + min(y, b) + abs(y - b)", 2 * np.maximum(v["y"], v["b"])),
    ("z = where(y < b, y, 2*b)", np.where(v["y"] < v["b"], v["y"], 2 * v["b"])),
    ("z = (A - B)**2", (v["A"] - v["B"]) ** 2),
    ("z = w*a + 2**-a", v["w"] * v["a"] + 2.0 ** -v["a"]),
    ("z = a/w/D*pi - (a - w) - +D", v["a"] / v["w"] / v["D"] * np.pi - (v["a"] - v["w"]) - v["D"]),
    ("z = exp(sin(a)) + log(cos(a)) + erf(a)", math.exp(math.sin(v["a"])) + math.log(math.cos(v["a"])) + math.erf(v["a"])),
    # index form
    ("z[j] = sum(W[j,k] * x[k], k) + b[j]", v["W"] @ v["x"] + v["b"]),
    ("z = -sum(y[j]*log(b[j]), j)", -(v["y"] * np.log(v["b"])).sum()),
    ("z[t,s] = sum(Q[t,d]*K[s,d], d)/sqrt(D)", v["Q"] @ v["K"].T / np.sqrt(v["D"])),
    ("z[t,s] = softmax(sum(Q[t,d]*K[s,d], d), s)", softmax(v["Q"] @ v["K"].T)),
    ("z[t,s] = softmax(K[s,t], t)", softmax(v["K"]).T),
    ("z[i] = softmax(softmax(x[i], i), i)", softmax(softmax(v["x"]))),
    ("z[t,e] = sum(softmax(sum(Q[t,d]*K[s,d], d), s)*V[s,e], s)", softmax(v["Q"] @ v["K"].T) @ v["V"]),
    ("z[i] = sum(f[p]*long[2*i+p], p) + a", np.array([v["f"] @ v["long"][2 * i : 2 * i + 3] for i in range(4)]) + v["a"]),
    (
        "z[c,i,j] = sum(F[c,e,p,q] * P[e,i+p,j+q], e, p, q)",
        np.array([[[(f * v["P"][:, i : i + 2, j : j + 2]).sum() for j in range(5)] for i in range(4)] for f in v["F"]]),
    ),
    ("z[i] = long[i+1] - long[i]", np.diff(v["long"])),
    ("z[i] = long[8-i]", v["long"][::-1]),
    ("z[i] = long[2*(i+1) - 1]", v["long"][1::2]),
    ("z = W[0,2] + x[1]", v["W"][0, 2] + v["x"][1]),
    ("z = mean(W[i,j]**2, i, j)", (v["W"] ** 2).mean()),
    ("z[i] = norm(W[i,j], j) + logsumexp(W[i,j], j)", np.linalg.norm(v["W"], axis=1) + np.log(np.exp(v["W"]).sum(1))),
    ("z = sum(x[k], k)*sum(y[k], k)", v["x"].sum() * v["y"].sum()),
    ("z[j] = max(0, y[j] - 1) + min(1, y[j])", np.maximum(0, v["y"] - 1) + np.minimum(1, v["y"])),
]


@pytest.mark.parametrize(("text", "value"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_an_equation_means_what_numpy_computes(text: str, value: Any) -> None:
    equation, shape = parse_equation(text, SHAPES, FUNCTIONS)
    assert shape == np.shape(value)
    assert tuple(index.size for index in equation.lhs.indices) == shape
    assert set(free_indices(equation.rhs)) <= set(equation.lhs.indices)
    np.testing.assert_allclose(array(equation, shape), value, rtol=1e-12)


# --- how it is written: the order of terms, and the letters ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "index"),
    [
        ("z = W @ x + b", "z[j] = sum(W[j,k]*x[k], k) + b[j]"),
        ("z = b + W @ x", "z[j] = b[j] + sum(W[j,k]*x[k], k)"),
        ("z = x.T @ A @ y", "z = sum(x[j]*A[j,k]*y[k], j, k)"),
        ("z = x.T @ (A @ y)", "z = sum(x[j]*A[j,k]*y[k], j, k)"),
        ("z = W @ A @ y", "z[j] = sum(W[j,k]*A[k,m]*y[m], k, m)"),
        ("Y = X @ W.T", "Y[i,j] = sum(X[i,k]*W[j,k], k)"),
        ("h = tanh(W @ x + U @ h0 + b)", "h[j] = tanh(sum(W[j,k]*x[k], k) + sum(U[j,k]*h0[k], k) + b[j])"),
        ("p = softmax(Q @ K.T)", "p[i,j] = exp(sum(Q[i,k]*K[j,k], k)) * sum(exp(sum(Q[i,m]*K[k,m], m)), k)**(-1)"),
        ("q = norm(x)", "q = sqrt(sum(x[j]**2, j))"),
        ("q = mean(X)", "q = 1/15*sum(X[j,k], j, k)"),
        ("q = -2*W @ x", "q[j] = -2*sum(W[j,k]*x[k], k)"),
        ("q = sum(x*mean(x))", "q = 1/3*sum(x[j]*sum(x[k], k), j)"),
        ("M = outer(x, y)", "M[i,j] = x[i]*y[j]"),
        ("z = softmax(log(x))", "z[j] = exp(log(x[j])) * sum(exp(log(x[k])), k)**(-1)"),
    ],
)
def test_the_matrix_form_is_short_for_the_index_form(matrix: str, index: str) -> None:
    assert parse(matrix) == parse(index)


def test_terms_and_factors_stay_in_the_order_of_their_author() -> None:
    z, y, w, a = (Entry.of(name) for name in "zywa")
    shapes: dict[str, tuple[int, ...]] = {"y": (), "w": (), "a": ()}
    assert parse_equation("z = y + w*a*y - a", shapes)[0] == Equation(z, add(y, mul(w, a, y), mul(-1, a)))
    assert parse_equation("z = w*a/2 + 0.01", shapes)[0].rhs == add(mul(Rational(1, 2), w, a), Rational(1, 100))
    assert parse_equation("z = w*a", shapes)[0].rhs != parse_equation("z = a*w", shapes)[0].rhs


def test_nothing_is_rewritten() -> None:
    x = Entry.of("x", Index("j", 3))
    assert parse("z[j] = exp(log(x[j]))").rhs == sympy.exp(sympy.log(x, evaluate=False), evaluate=False)
    assert parse("z[j] = max(0, x[j])").rhs == Where(x, x, sympy.S.Zero)
    assert parse("z[j] = abs(x[j])").rhs == Where(x, x, mul(-1, x))
    assert parse("z[j] = sigmoid(x[j])").rhs == Elementwise.of("sigmoid", x)


def test_letters_of_tensors_are_not_used_for_indices() -> None:
    equation, _ = parse_equation("s = m.T @ k + j", {"m": (3,), "k": (3,), "j": ()})
    assert [i.name for n in nodes(equation.rhs) if isinstance(n, Total) for i in n.indices] == ["p"]
    equation, _ = parse_equation("u[t,s] = softmax(S[t,s], s)", {"S": (2, 3), "v": ()})
    assert [i.name for n in nodes(equation.rhs) if isinstance(n, Total) for i in n.indices] == ["h"]  # u is taken, v too


def test_letters_never_run_out() -> None:
    equation, _ = parse_equation("z = " + " @ ".join(["A"] * 30), {"A": (2, 2)})
    (total,) = [n for n in nodes(equation.rhs) if isinstance(n, Total)]
    assert len({i.name for i in total.indices}) == 29


def test_two_sums_may_bind_the_same_letter_with_different_sizes() -> None:
    rhs = parse("z = sum(x[k], k) + sum(y[k], k)").rhs
    assert [t.indices[0].size for t in rhs.args] == [3, 4]


def test_declared_sizes_make_room_for_broadcasting_and_for_free_windows() -> None:
    assert parse_equation("z[n] = a", SHAPES, sizes={"n": 5})[1] == (5,)
    assert parse_equation("z[i,p] = long[i+p]", SHAPES, sizes={"p": 3})[1] == (7, 3)
    assert parse_equation("z[i] = long[2*i]", SHAPES, sizes={"i": 2})[1] == (2,)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", Rational(12)),
        ("0.01", Rational(1, 100)),
        ("1e-3", Rational(1, 1000)),
        (".5", Rational(1, 2)),
        ("1/3", Rational(1, 3)),
        ("0.1 + 0.2", Rational(3, 10)),
        ("2**-3", Rational(1, 8)),
        ("(-8)**3", Rational(-512)),
        ("sqrt(9/4)", Rational(3, 2)),
        ("max(2, 3) - min(2, 3)", Rational(1)),
        ("where(1 > 2, 5, 6)", Rational(6)),
        ("pi", sympy.pi),
    ],
)
def test_numbers_are_exact(text: str, value: Expr) -> None:
    assert parse_expression(text, {}) == value


def test_expressions_of_the_catalogue() -> None:
    u, f = Entry.of("u"), Entry.of("f")
    assert parse_expression("f*(1 - f)", {"f": ()}) == mul(f, add(1, mul(-1, f)))
    assert entries(parse_expression("1/(1 + exp(-u))", {"u": ()})) == (u,)
    j = Index("j", 3)
    assert parse_expression("z[j]*2", {"z": (3,)}, indices={"j": 3}) == mul(2, Entry.of("z", j))
    for text, shapes in [("u = 1", {"u": ()}), ("z[j]", {"z": (3,)}), ("z @ z", {"z": (3,)}), ("", {})]:
        with pytest.raises(EquationError):
            parse_expression(text, shapes)  # type: ignore[arg-type]


def test_greek_names_line_breaks_and_composed_letters() -> None:
    assert parse_equation("θ = λ*x\n   + 1", {"λ": (), "x": ()})[0].lhs == Entry.of("θ")
    assert names_in("α\u0301 = α + 1") == ("\u03ac", ("α",))  # letter and accent, composed to one character


# --- what a text speaks of -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "defined", "used", "ranks"),
    [
        ("z[j] = sum(W[j,k]*x[k], k) + b[j]", "z", ("W", "x", "b"), {"z": 1, "W": 2, "x": 1, "b": 1}),
        ("S[t,s] = sum(Q[t,d]*K[s,d], d)/sqrt(D)", "S", ("Q", "K", "D"), {"S": 2, "Q": 2, "K": 2, "D": 0}),
        ("z = W @ tanh(x) + W @ pi", "z", ("W", "x"), {}),
        ("C = sum(x)/n", "C", ("x", "n"), {}),
        ("C = sum(x[i], i)/n", "C", ("x", "n"), {"C": 0, "x": 1, "n": 0}),
        ("z[i] = sum(w[p]*x[2*i+p], p) + b", "z", ("w", "x", "b"), {"z": 1, "w": 1, "x": 1, "b": 0}),
        ("z = z*w", "z", ("z", "w"), {}),
        ("a = 3", "a", (), {}),
    ],
)
def test_names_and_ranks(text: str, defined: str, used: tuple[str, ...], ranks: dict[str, int]) -> None:
    assert names_in(text) == (defined, used)
    assert ranks_in(text) == ranks
    assert is_index_form(text) == bool(ranks)


def test_one_name_with_two_ranks() -> None:
    with pytest.raises(EquationError, match="x is written with 1 index, and here with 2"):
        ranks_in("z[i] = x[i] + x[i,i]")


# --- errors --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        # shapes and indices
        ("z[j] = sum(W[j,k]*y[k], k)", 19, "W[j,k] has shape 4×3, so k has 3 values, but y[k] has 4 entries"),
        ("z[j] = x[j] + W[j,0]", 15, "x[j] has 3 entries, so j has 3 values, but W[j,0] has shape 4×3"),
        ("z[j] = W[j,k]*x[k]", 12, "index k is free on the right but not on the left\n  sum over it, or write z[j,k]"),
        ("z = x[k]", 7, "index k is free on the right but not on the left\n  sum over it, or write z[k]"),
        ("z[j] = a", 1, "index j stands on the left but not on the right\n  declare its size under `sizes`"),
        ("z[i,p] = long[i+p]", 15, "the size of index i cannot be inferred\n  declare it under `sizes`"),
        ("z[j] = sum(W[j,k,m]*x[k], k)", 12, "W has 2 axes, but is written with 3 indices"),
        ("z[j] = sum(W[j]*x[k], k)", 12, "W has 2 axes, but is written with 1 index"),
        ("z[j] = y[j] + b", 15, "b has 1 axis, but is written without indices\n  write b[i]"),
        ("z[x] = x[x]", 3, "`x` is an index here, but also the name of a tensor"),
        ("z[z] = x[z]", 3, "`z` is an index here, but also the name of a tensor"),
        ("z = sum(sum(x[k], k)*x[k], k)", 19, "index k is bound twice"),
        ("z = sum(x[k], k, k)", 18, "index k is bound twice"),
        ("z[k] = sum(x[k], k)", 18, "index k stands on the left, and is also summed over"),
        ("z = sum(x[k], m)", 15, "index m does not occur in `x[k]`"),
        ("z[i] = sum(x[i])", 8, "`sum` does not say over which index\n  name it: sum(x[i], k)"),
        ("z[i,i] = x[i]", 5, "index i stands twice on the left"),
        ("z[2*i] = x[i]", 3, "on the left, an index is a letter, not `2*i`"),
        ("z[i] = x[i*i]", 10, "`i*i` cannot be an index"),
        ("z[i] = x[i/2]", 10, "`i/2` cannot be an index"),
        ("z[i] = x[0.5*i]", 10, "the index `0.5` is not a whole number"),
        ("z[i] = long[i+7] + x[i]", 8, "long[i+7] reaches long[9], but long has 9 entries"),
        ("z[i] = x[i-1] + y[i]", 8, "x[i-1] reaches x[-1], but x has 3 entries"),
        ("z = x[3]", 5, "there is no x[3]: x has 3 entries\n  indices count from 0: here up to 2"),
        ("z[i] = x[i+5]", 8, "x[i+5] does not fit: x has 3 entries"),
        ("z[i] = x[i]*i", 13, "index i stands where a number should"),
        ("z[j] = W @ x + b[j]", 8, "`@` belongs to the matrix form"),
        ("z[j] = outer(x[j], x[j])", 8, "`outer` belongs to the matrix form"),
        # matrix form
        ("z = W @ y", 5, "W has shape 4×3, but y has 4 entries: `@` needs 3 and 4 to be equal\n  did you mean W.T @ y?"),
        ("z = X @ W", 5, "X has shape 5×3, but W has shape 4×3: `@` needs 3 and 4 to be equal\n  did you mean X @ W.T?"),
        ("z = x @ y", 5, "`@` needs 3 and 4 to be equal\n  for the outer product write outer(x, y)"),
        ("z = x @ x.T", 9, "`x.T` is a row, and stands on the right of `@`\n  for the outer product write outer(x, x)"),
        ("z = a @ x", 5, "`@` multiplies arrays, but a is a scalar\n  write * instead"),
        ("Z = X @ A + b", 13, "X @ A has shape 5×4, but b has 4 entries\n  write it in index form: Z[n,j] = … + b[j]"),
        ("z = W * x", 9, "W has shape 4×3, but x has 3 entries\n  for the matrix product write W @ x"),
        ("z = W + A", 9, "W has shape 4×3, but A has shape 3×4\n  entry by entry, only equal shapes go together"),
        ("z = x**x", 8, "the exponent `x` is not a scalar"),
        ("z = F @ x", 5, "F has 4 axes, and the matrix form has no more than 2"),
        ("z = softmax(a)", 5, "`softmax` needs a vector or a matrix, but a is a scalar"),
        ("z = outer(W, x)", 11, "`outer` multiplies two vectors, but W has shape 4×3"),
        # names
        ("z = W2 @ x", 5, "`W2` is used before it is defined"),
        ("z[j] = b0[j]", 8, "`b0` is used before it is defined\n  did you mean `b`?"),
        ("z = softmaxx(x)", 5, "unknown function `softmaxx`\n  did you mean `softmax`?"),
        ("z = sigmod(x)", 5, "unknown function `sigmod`\n  did you mean `sigmoid`?"),
        ("z = W(x)", 5, "`W` is not a function\n  if a product is meant, write W*(…) or W @ (…)"),
        ("z = exp*2", 5, "`exp` is a function\n  write exp(…)"),
        ("z = z + 1", 5, "`z` is defined by itself"),
        ("sum = x + 1", 1, "`sum` is a function, and cannot be defined"),
        ("z = exp(x, x)", 5, "`exp` takes 1 argument, but has 2 here"),
        ("z = max(x)", 5, "`max` takes 2 arguments, but has 1 here\n  write max(u, v)"),
        ("z = where(x, 1, 2)", 11, "`x` is not a comparison"),
        # numbers
        ("z = 1234567890123*a", 5, "the number 1234567890123 has more than 12 digits"),
        ("z = 1e400", 5, "the number 1e400 is beyond what an equation needs"),
        ("z = 0x1f", 5, "`0x1f` is not a number of the equation language"),
        ("z = 2j", 5, "`2j` is not a number of the equation language"),
        ("z = a/(1 - 1)", 8, "this divides by zero"),
        ("z = 0**-1", 5, "this divides by zero"),
        ("z = 0**a + b", 5, "`0**a` is a power of zero, which has no derivative by its exponent"),
        ("z = (1 - 1)**a", 5, "`(1 - 1)**a` is a power of zero, which has no derivative by its exponent"),
        ("z = sqrt(-2)", 5, "`sqrt(-2)` is not a real number"),
        ("z = log(0)", 5, "`log(0)` is not a real number"),
        ("z = 9**9**9", 8, "the exponent `9**9` is too large"),
        ("z = 9999999999**999", 5, "the value of `9999999999**999` has too many digits"),
        # what is no equation
        ("", None, "the equation is empty"),
        ("  \n ", None, "the equation is empty"),
        ("z", 1, "here is no `=`"),
        ("a + w", 1, "here is no `=`"),
        ("z == a", 3, "a single `=`, not `==`"),
        ("z = a = w", 5, "an equation has one `=`, but here are several"),
        ("z += a", 1, "this is not an equation"),
        ("z =", 3, "nothing stands on the right of `=`"),
        ("= a", 1, "nothing stands on the left of `=`"),
        ("z + 1 = a", 1, "on the left of `=` stands a name, and nothing else"),
        ("a, b = w", 1, "on the left of `=` stands a name, not `a, b`"),
        ("z = a +", 7, "nothing stands after the last `+`"),
        ("z = a w", 7, "the equation cannot be read from here on: `w`"),
        ("z = 2a", 5, "`2a` is neither a number nor a name\n  write the product as 2*a"),
        ("z = (a", 5, "`(` is never closed"),
        ("z = a)", 6, "`)` closes a bracket that was never opened"),
        ("z = W[j)", 8, "`[` in column 6 is closed by `)`"),
        # what Python has and this language has not
        ("z = lambda x: x", 5, "`lambda` is not part of the equation language"),
        ("z = a if w else D", 7, "`if` is not part of the equation language"),
        ("z = x.real", 5, "`x.real` is not part of the equation language\n  after a dot only T may stand"),
        ("z = a.__class__", 5, "`a.__class__` is not part of the equation language"),
        ("z = a; y = w", 6, "`;` is not part of the equation language\n  write one equation at a time"),
        ("z = 'a'", 5, "`'` is not part of the equation language"),
        ("z = a^2", 6, "`^` is not part of the equation language\n  for a power write **"),
        ("z = a²", 6, "`²` (U+00B2) is not part of the equation language\n  for a square write **2"),
        ("z = ϵ", 5, "`ϵ` (U+03F5) is not part of the equation language\n  write `ε` (U+03B5)"),
        ("z = ж", 5, "names are made of Latin and Greek letters"),
        ("z = a\u200b", 6, "U+200B is not part of the equation language"),
        ("z = a // 2", 5, "`a // 2` is not part of the equation language\n  for a fraction write /"),
        ("z = a >= 2", 5, "`a >= 2` is not part of the equation language"),
        ("z = a > 2", 5, "the comparison `a > 2` stands alone"),
        ("z = where(1 < a < 2, 1, 0)", 11, "`1 < a < 2` compares more than two things"),
        ("z = sum(x, axis=0)", 17, "`axis=` is not part of the equation language"),
        ("z = [a, w]", 5, "`[a, w]` is not part of the equation language"),
        ("z = (a, w)", 5, "`(a, w)` is not part of the equation language"),
        ("z[i] = x[i][i]", 8, "several indices stand in one bracket"),
        ("z = (W @ x)[i]", 5, "only a name can have indices"),
        ("z = 2(a)", 5, "if a product is meant, write 2*(…)"),
        ("z = exp(*x)", 9, "`*x` is not part of the equation language"),
        ("z = ...", 5, "`...` is not a number of the equation language"),
        ("z = __", 5, "`__` is not a name"),
        ("z = __import__(a)", 5, "unknown function `__import__`"),
        # the column counts characters, also behind Greek letters and spaces
        ("  z = exp(θθθ)", 11, "`θθθ` is used before it is defined"),
        ("θθθ = a + zz", 11, "`zz` is used before it is defined"),
    ],
)
def test_errors_say_what_and_where(text: str, column: int | None, message: str) -> None:
    caught = error(text)
    assert message in str(caught)
    assert caught.column == column


def test_a_declared_size_that_contradicts_a_shape() -> None:
    assert "k is declared with 5 values, but x[k] has 3 entries" in str(error("z = sum(x[k], k)", k=5))
    assert "long[2*i] reaches long[18]" in str(error("z[i] = long[2*i]", i=10))


def test_a_declared_shape_that_contradicts_the_right_hand_side() -> None:
    for text in ("y = x*2", "y[i] = x[i]*2"):
        with pytest.raises(EquationError, match=r"has 4 entries as declared, but the right-hand side has 3 entries"):
            parse_equation(text, SHAPES)


# --- limits --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "z = " + "(" * 61 + "a" + ")" * 61,
        "z = " + "-" * 1900 + "a",
        "z = " + "exp(" * 300 + "a" + ")" * 300,
        "z = " + "a**" * 600 + "a",
        "z = " + "W @ " * 400 + "x",
        "z = x" + ".T" * 900,
        "z[i] = x[" + "(" * 100 + "i" + ")" * 100 + "]",
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert "nested more than 60 deep" in str(error(text))


def test_long_sums_and_products_are_not_deep() -> None:
    assert len(parse("z = " + "+".join(["a"] * 900)).rhs.args) == 900
    assert len(parse("z[i] = " + "*".join(["x[i]"] * 300)).rhs.args) == 300
    assert parse("z[i] = long[i" + "+1-1" * 300 + "]").rhs == Entry.of("long", Index("i", 9))


@pytest.mark.parametrize(
    "text",
    [
        "z = " + "softmax(" * 50 + "x" + ")" * 50,
        "z = " + "abs(" * 50 + "a" + ")" * 50,
        "z[i] = " + "softmax(" * 50 + "x[i]" + ", i)" * 50,
    ],
)
def test_what_doubles_at_every_level_is_refused_in_time(text: str) -> None:
    assert "is too large when written out" in str(error(text))


def test_a_long_text_is_refused() -> None:
    assert "at most 2000" in str(error("z = a" + " " * MAX_TEXT))


WORDS = ["z", "=", "W", "x", "b", "[", "]", "(", ")", ",", "j", "k", "+", "-", "*", "/", "@", "**", ".T", "sum", "softmax", "exp"]
WORDS += [
    "where",
    "max",
    "norm",
    "mean",
    "outer",
    "<",
    ">",
    "2",
    "0",
    "0.5",
    "1e3",
    "pi",
    "θ",
    " ",
    "if",
    "lambda",
    ".",
    "'",
    "__",
    "\n",
]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(st.characters(), max_size=40).map(lambda s: "z = " + s),
        st.lists(st.sampled_from(WORDS), max_size=20).map("".join),
        st.lists(st.sampled_from(WORDS), max_size=12).map(lambda words: "z[j] = " + "".join(words)),
        st.lists(st.sampled_from(WORDS), max_size=12).map(lambda words: "z = W @ x + " + " ".join(words)),
    )
)
@example("z = __import__('os').system('true')")
@example("z = (lambda: 1)()")
@example("z = [c for c in ().__class__.__bases__]")
@example("z = f'{a}'")
@example("z = \x00")
@example("z = \ud800")
@example("z = \\")
@example("z = a # b")
@example("@a\nz = a")
@example("z = 1_000")
@example("z = 9**1000*9**1000*9**1000*9**1000*9**1000*9**1000*a")
@example("z[()] = a")
@example("z[i,] = x[i,]")
@example("z = x[()]")
@example("z = x[*i]")
def test_garbage_is_refused_and_nothing_else_happens(text: str) -> None:
    for read in (parse, names_in, ranks_in, is_index_form, lambda t: parse_expression(t, SHAPES)):
        try:
            read(text)
        except EquationError as refused:
            assert str(refused)
            assert refused.column is None or 1 <= refused.column <= len(text) + 1


@pytest.mark.parametrize("name", ["eval", "exec", "open", "print", "__import__", "getattr"])
def test_nothing_of_pythons_own_can_be_called(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    if name in ("eval", "exec", "print"):  # those that the test run itself can do without
        monkeypatch.setattr(builtins, name, called.append)
    assert f"unknown function `{name}`" in str(error(f"z = {name}(a)"))
    parse("z = tanh(W @ x + b)")
    parse("z[j] = sum(W[j,k]*x[k], k)")
    assert not called
