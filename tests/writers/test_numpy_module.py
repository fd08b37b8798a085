"""The generated NumPy modules: they are run, and agree with the forward program, with differences of it, and with autograd."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import autograd.numpy as anp
import drawn as drawn_systems
import numpy as np
import pytest
from autograd import grad
from drawn import array_systems, index_systems
from hypothesis import given as given_by
from hypothesis import reject
from numpy.typing import NDArray
from specs import ALL, BATCH_NORM, CHAIN, CLASSIFIER, dense, derived
from sympy import Rational

from derive import api
from derive.calculus.steps import Derivation
from derive.checks import verify
from derive.errors import SpecError
from derive.expressions.nodes import Entry, Index, Total, add, mul, power
from derive.expressions.system import COUNT, Equation, cotangent
from derive.expressions.traversal import free_indices
from derive.network.batching import with_examples
from derive.numbers import evaluate
from derive.writers.numpy import check
from derive.writers.numpy.arrays import Writer
from derive.writers.numpy.module import code

GOLDEN = Path(__file__).parent.parent / "golden" / "code-classifier.txt"

Array = NDArray[Any]
Values = dict[str, Array]
Case = tuple[str, dict[str, Any]]


def activated(name: str) -> str:
    """A network with one activation."""
    return dense((3, name), (2, "identity"), loss="squared_error")


SHARED = """
title: shared weights, relu and binary cross-entropy
network:
  input: {x: 3}
  layers:
    - dense: {units: 2, activation: relu, name: h}
    - dense: {units: 2, activation: relu, share: h, from: x, name: g}
    - add: {from: [h, g]}
    - dense: {units: 1, activation: sigmoid}
  loss: binary_cross_entropy
"""

ROWS = """
title: examples in rows, weights on the right
convention: row
network:
  input: {x: 3}
  layers:
    - dense: {units: 4, activation: sigmoid}
    - dense: {units: 2, bias: false}
  loss: mean_squared_error
"""

STRIDE = """
title: convolution with stride 3, padding and a reversed kernel
inputs: {x: 10}
parameters: {w: 4, v: 3}
equations:
  - z[i] = sum(w[p]*x[3*i+p], p)
  - y[i] = sum(v[p]*z[i-p+2], p)
  - C = sum(y[i]**2, i)
"""

COUNTING = """
title: sums over indices on which nothing depends, and index arrays that change in between
inputs: {x: [5, 3], u: 7, v: 7}
parameters: {W: [2, 2], b: 2, w: 3, D: [4, 4], R: [2, 3, 4], y: 5}
equations:
  - z[c,i,j] = sum(W[c,p]*x[i+p,j], p) + b[c]
  - f[i] = sum(w[p]*u[2*i+p], p)
  - g[i] = D[i,i]
  - h[i] = sum(w[p]*v[2*i+p], p)
  - q[k,i,j] = sum(R[i,j,k]**3 + y[m], m)
  - C = sum(z[c,i,j], c, i, j) + sum(f[i]*h[i], i) + sum(g[i]**2, i) + sum(q[k,i,j], k, i, j)
"""

QUADRATIC = """
title: products of matrices, a diagonal one among them
inputs: {x: 3}
parameters: {A: [3, 3], B: [3, 3], s: 3}
equations:
  - M[i,k] = sum(A[i,j]*s[j]*B[j,k], j)
  - N[i,j] = s[i]*M[j,i]
  - D = x.T @ M @ N @ x
  - E = sum(A[i,j]*M[j,k]*s[k], i, j, k) + sum(A[i,j]*N[j,k], i, j, k)**2
  - C = D + E + sum(M[i,j]*N[j,i], i, j)
"""

POWERS = """
title: quotients, powers, branches
inputs: {x: 4}
parameters: {w: 4, c: scalar}
equations:
  - e[i] = exp(x[i])/(1 + c**2) + sqrt(w[i]**2 + 2)
  - f[i] = where(e[i] > w[i], e[i]**3/3, abs(w[i]) - 2/3) + max(x[i], w[i])
  - C = log(sum(f[i]**2, i)) + sin(c)*cos(c) + pi*sum(w[i], i)/7
"""

NOTHING = """
title: a parameter without effect, and gradients that are plain numbers or other arrays
inputs: {x: 3}
parameters: {w: 3, b: 3, unused: [2, 2], c: scalar}
equations: ["C = sum(w[i]*x[i], i) + sum(b[i], i) + 2*c"]
"""

HOSTILE = """
title: names that would clash
network:
  input: {x: 3}
  layers:
    - dense: {units: 3, activation: tanh}
    - dense: {units: 3, activation: sigmoid}
parameters: {np: 3, forward: 3, gradients: 3, values: 3, known: 3, W2: 3, grad_x: 3, delta1: 3, math: 3, dtanh: 3, __debug__: 3,
             θ: 3, theta: 3, i: 3, u: 3, print: 3, dict: 3, erf_: 3, float: 3}
equations:
  - r[j] = a[j]*np[j] + forward[j]*gradients[j] + values[j]**2*known[j] + W2[j] + grad_x[j]*delta1[j] + math[j]*dtanh[j]
  - s[j] = r[j]*__debug__[j] + θ[j]*theta[j] + i[2 - j] + u[j] + print[j]*dict[j] + erf_[j]*float[j]
  - C = sum(s[j]**2, j)
"""

RANGES = """
title: indices that run over a part of an axis
inputs: {x: 5}
parameters: {b: scalar, A: [4, 3]}
equations:
  - y[i] = x[i]/x[i+3]
  - s[k] = sum(x[i]*x[i+k], i)
  - d = sum((x[i+1] - x[i])**2, i)
  - g[i] = log(2 + x[i]**2)/exp(x[2 + i])
  - R[i,j] = A[i,j]*A[i+1,j+1] + A[1,j]*b
  - e = sum(exp(x[i])*b + x[i+1], i) + sum(A[i,j+1]/exp(A[i,j]), i, j)
  - C = sum(y[i]**2, i) + sum(s[k]**2, k) + d + sum(g[i], i) + sum(R[i,j]**2, i, j) + e
"""

QUOTIENTS = """
title: quotients of vectors, among them what a textbook calls the divergence of two Gaussians
inputs: {x: 4}
parameters: {a: 4, b: 4, mu: 4, s: 4, W: [4, 3], c: 3}
targets: {m: 4, t: 4}
equations:
  - A = sum(1/x)
  - B = sum(a/b)
  - K = sum(log(t**2/s**2)/2 + (s**2 + (mu - m)**2)/(2*t**2) - 1/2)
  - q[j] = sum(W[i,j]/(1 + a[i]**2*c[j]**2), i)
  - C = A + B + K + sum(q[j]**2, j)
"""

ATTENTION_LINE = """
title: attention in one line
inputs: {X: [3, 4]}
parameters: {A: [4, 2], B: [4, 2], D: [4, 5]}
equations:
  - O = softmax((X @ A) @ (X @ B).T / sqrt(2)) @ (X @ D)
  - C = sum(O**2)
"""

TRANSFORMER = """
title: a transformer's block, normalised first
inputs: {X: [3, 4]}
parameters: {A: [4, 2], B: [4, 2], D: [4, 2], O: [2, 4], U: [4, 5], V: [5, 4], g: 4, h: 4}
constants: {eps: 0.01}
equations:
  - mu[t] = mean(X[t,i], i)
  - v[t] = mean((X[t,i] - mu[t])**2, i)
  - H[t,i] = g[i]*(X[t,i] - mu[t])/sqrt(v[t] + eps)
  - P = softmax((H @ A) @ (H @ B).T / sqrt(2))
  - Y = X + P @ H @ D @ O
  - w[t] = mean(Y[t,i]**2, i)
  - G[t,i] = h[i]*Y[t,i]/sqrt(w[t] + eps)
  - Z = Y + relu(G @ U) @ V
  - C = sum(Z**2)
"""

CONSTANT_SLOPE = """
title: cotangents that are plain numbers, of every shape that a batch has
inputs: {x: 3}
parameters: {b: 3, k: scalar, W: [2, 3]}
equations: ["z = x + b", "s[j] = sum(W[j,i]*z[i], i)", "r = sum(W*W)", "J = k*sum(z) + sum(s) + k*r"]
"""

BROADCAST = """
title: a quotient whose denominator lacks the examples in one factor
inputs: {x: 3}
parameters: {W: [2, 3], U: [2, 3], c: 2}
equations: ["z = W @ x", "w = U @ x", "a = z/(w*c)", "J = sum(a)"]
"""

SHIFTED_BATCH = """
title: a convolution, and an index over a part of an axis, for every example
inputs: {x: 7}
parameters: {w: 3, b: scalar}
equations:
  - z[i] = sum(w[p]*x[2*i+p], p) + b
  - d[i] = (x[i+1] - x[i])*exp(x[i])
  - C = sum(tanh(z[i]), i) + sum(d[i]**2, i) + sum(w[p]**2, p)
"""

CASES: dict[str, Case] = {
    **{name: (text, {}) for name, text in ALL.items()},
    "chain": (CHAIN, {"scalar": True}),
    "chain, average": (CHAIN, {"scalar": True, "examples": 5}),
    "chain of width 1": (CHAIN, {}),
    "mini-batch in rows": (CLASSIFIER, {"examples": 4}),
    "mini-batch in columns": (CLASSIFIER, {"examples": 4, "last": True}),
    "mini-batch, row convention": (ROWS, {"examples": 5}),
    "row convention": (ROWS, {}),
    "residual mini-batch": (ALL["residual"], {"examples": 4}),
    "shared": (SHARED, {}),
    "shared mini-batch": (SHARED, {"examples": 4}),
    "logits": (dense((3, "identity"), loss="cross_entropy_logits"), {}),
    "logits mini-batch": (dense((3, "identity"), loss="cross_entropy_logits"), {"examples": 4}),
    "hinge": (dense((2, "tanh"), loss="hinge"), {}),
    "huber": (dense((2, "identity"), loss="huber"), {}),
    "huber mini-batch": (dense((2, "identity"), loss="huber"), {"examples": 3, "last": True}),
    **{name: (activated(name), {}) for name in ("gelu", "elu", "leaky_relu", "silu", "softplus", "relu", "unspecified")},
    "gelu mini-batch": (activated("gelu"), {"examples": 3}),
    "stride": (STRIDE, {}),
    "counting": (COUNTING, {}),
    "quadratic": (QUADRATIC, {}),
    "powers": (POWERS, {}),
    "nothing": (NOTHING, {}),
    "hostile": (HOSTILE, {}),
    "ranges": (RANGES, {}),
    "ranges mini-batch": (RANGES, {"examples": 4}),
    "quotients": (QUOTIENTS, {}),
    "quotients mini-batch": (QUOTIENTS, {"examples": 4}),
    "attention in one line": (ATTENTION_LINE, {}),
    "transformer": (TRANSFORMER, {}),
    **{
        f"{name} {number} {side}": (text, {"examples": number, "last": side == "columns"})
        for name, text in (("constant slope", CONSTANT_SLOPE), ("broadcast", BROADCAST), ("shifted", SHIFTED_BATCH))
        for number in (3, 4)
        for side in ("rows", "columns")
    },
}


def derivation_of(name: str) -> Derivation:
    text, options = CASES[name]
    return derived(text, **options)


def run(text: str) -> dict[str, Callable[[Mapping[str, Array]], Values]]:
    """The names of a generated module. The text is our own output, run in the test alone."""
    space: dict[str, Any] = {"__name__": "generated"}
    exec(compile(text, "generated.py", "exec"), space)
    return space


def point(found: Derivation, seed: int = 3) -> tuple[Values, Values]:
    """Given values, among them the cotangents from outside, and the whole forward pass as `evaluate` has it."""
    rng = np.random.default_rng(seed)
    everything = verify.random_point(found.system, rng)
    seeds = {cotangent(k): rng.normal(size=found.system.tensors[k].shape) for k in found.seeds}
    given = found.system.of_role("input", "parameter", "target", "constant")
    return {t.key: everything[t.key] for t in given} | seeds, everything


@pytest.mark.parametrize("name", CASES)
def test_forward_gives_what_the_forward_program_gives(name: str) -> None:
    found = derivation_of(name)
    given, everything = point(found)
    out = run(code(found, name))["forward"](given)
    assert list(out) == [e.lhs.key for e in found.system.equations]
    for key, value in out.items():
        assert np.shape(value) == found.system.tensors[key].shape, key
        np.testing.assert_allclose(value, everything[key], rtol=1e-12, atol=1e-14, err_msg=key)


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_the_derivation_and_of_differences(name: str) -> None:
    found = derivation_of(name)
    given, everything = point(found)
    out = run(code(found, name))["gradients"](given)
    assert list(out) == [t.key for t in found.system.of_role("parameter", "input")]
    values = {**everything, **given}
    for key, equation in found.gradients.items():
        assert isinstance(equation.lhs, Entry)
        axes = [i for i in equation.lhs.indices if isinstance(i, Index)]
        values[cotangent(key)] = evaluate.evaluate(equation.rhs, values, axes)
    for key, value in out.items():
        assert isinstance(value, np.ndarray | np.floating)
        assert value.shape == found.system.tensors[key].shape, key
        if key in found.gradients:
            np.testing.assert_allclose(value, values[cotangent(key)], rtol=1e-9, atol=1e-12, err_msg=key)
        np.testing.assert_allclose(value, differences(found, given, key), rtol=1e-5, atol=1e-6, err_msg=key)


def differences(found: Derivation, given: Values, key: str, step: float = 1e-5) -> Array:
    """The gradient by central differences of the forward program alone."""

    def cost(array: Array) -> float:
        out = evaluate.run(found.system, {**given, key: array})
        if found.system.objective is not None:
            return float(out[found.system.objective])
        return sum(float(np.sum(given[cotangent(k)] * out[k])) for k in found.seeds)

    slopes = np.zeros(given[key].shape)
    for place in np.ndindex(*slopes.shape):
        change = np.zeros(slopes.shape)
        change[place] = step
        slopes[place] = (cost(given[key] + change) - cost(given[key] - change)) / (2 * step)
    return slopes


@pytest.mark.parametrize("name", ["classifier", "mini-batch in rows", "attention", "heads", "convolution-2d", "batch-norm"])
def test_gradients_are_those_of_autograd(name: str) -> None:
    """Autograd differentiates the generated forward pass; it knows nothing of how it came about."""
    found = derivation_of(name)
    given, _ = point(found)
    text = code(found)
    traced: dict[str, Any] = {"np": SimpleNamespace(**vars(anp), ogrid=np.ogrid)}
    exec(compile(text.replace("import numpy as np", "").replace("np.asarray(", "("), "traced.py", "exec"), traced)
    forward = traced["forward"]

    def cost(array: Any, key: str) -> Any:
        out = forward({**given, key: array})
        if found.system.objective is not None:
            return out[found.system.objective]
        return sum(anp.sum(given[cotangent(k)] * out[k]) for k in found.seeds)

    for key, value in run(text)["gradients"](given).items():
        np.testing.assert_allclose(value, grad(cost)(given[key], key), rtol=1e-9, atol=1e-12, err_msg=key)


def test_the_classifier_reads_like_this(rewrite_golden: bool) -> None:
    text = code(derived(CLASSIFIER), "A two-layer classifier")
    if rewrite_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_module_passes_ruff_and_stands_alone(tmp_path: Path) -> None:
    for number, name in enumerate(CASES):
        text = code(derivation_of(name), name)
        (tmp_path / f"module_{number}.py").write_text(text, encoding="utf-8")
        imported = {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}
        assert imported <= {"numpy", "math"}
        assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(ast.parse(text)))
        assert ("math" in imported) == ("math.erf" in text)
    # a matrix O or I is called what its author called it (E741)
    options = ["--isolated", "--no-cache", "--line-length=140", "--select=E4,E5,E7,E9,F,W,B,A001", "--ignore=E741"]
    command = [sys.executable, "-m", "ruff", "check", *options, "--output-format=json", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [(f["code"], f["message"]) for f in json.loads(found.stdout)] == []


def test_values_may_be_lists_and_numbers() -> None:
    found = derived(CLASSIFIER)
    given, _ = point(found)
    space = run(code(found))
    listed: Any = {key: value.tolist() for key, value in given.items()}
    for key, value in space["gradients"](listed).items():
        np.testing.assert_array_equal(value, space["gradients"](given)[key])


def test_a_constant_has_its_own_value_unless_given() -> None:
    found = derived(BATCH_NORM)
    given, _ = point(found)
    space = run(code(found))
    given["eps"] = np.asarray(0.01)
    without = {key: value for key, value in given.items() if key != "eps"}
    np.testing.assert_array_equal(space["forward"](without)["H"], space["forward"](given)["H"])
    assert np.any(space["forward"](without)["H"] != space["forward"]({**given, "eps": np.asarray(1.0)})["H"])


def test_a_mini_batch_may_have_another_size() -> None:
    found = derived(CLASSIFIER, examples=4)
    assert COUNT not in code(found)
    space = run(code(found))
    given, _ = point(found)
    twice = {k: np.concatenate([v, v]) if found.system.tensors[k].batch == 0 else v for k, v in given.items()}
    once, again = space["gradients"](given), space["gradients"](twice)
    np.testing.assert_allclose(again["W.1"], once["W.1"], rtol=1e-12)
    assert again["x"].shape == (8, 3)


BATCHES = [name for name, (_, options) in CASES.items() if "examples" in options]


def compared(found: Derivation, text: str, examples: int | None, seed: int = 5) -> None:
    """Compare what a module gives with the derivation and with complex steps of the forward program."""
    system = found.system if examples is None else with_examples(found.system, examples)
    wanted = check.point(found, system, np.random.default_rng(seed))
    space = run(text)
    with np.errstate(all="ignore"):
        given = {name: {k: np.asarray(v) for k, v in space[name](wanted.given).items()} for name in ("forward", "gradients")}
    check.compare(given, wanted)


@pytest.mark.parametrize("name", BATCHES)
def test_a_mini_batch_has_right_gradients_at_any_number_of_examples(name: str) -> None:
    found = derivation_of(name)
    text = code(found)
    for examples in (1, 4, 7):
        compared(found, text, examples)


def drawn(spec: str) -> Derivation:
    try:
        return api.derive(api.loads(spec))
    except SpecError:
        reject()  # an index that stands in no entry: not every drawn line is an equation


@given_by(spec=index_systems() | array_systems())
def test_any_equations(spec: str) -> None:
    found = drawn(spec)
    compared(found, code(found), None)


@given_by(spec=index_systems(examples=4) | array_systems(examples=4))
def test_any_equations_over_a_mini_batch(spec: str) -> None:
    found = drawn(spec)
    text = code(found)
    for examples in (4, 7):
        compared(found, text, examples)


@pytest.mark.parametrize("line", drawn_systems.RANGES)
def test_an_index_over_a_part_of_an_axis(line: str) -> None:
    left = line.split(" = ")[0]
    cost = f"sum({left}**2, {left[2:-1]})" if "[" in left else "g"
    shapes = "x: 5, a: 4, b: 3, v: 4, A: [4, 3], T: [4, 3, 2], r: 2, c: scalar"
    found = api.derive(api.loads(f"title: t\nparameters: {{{shapes}}}\nequations: ['{line}', 'C = {cost}']"))
    compared(found, code(found), None)


def test_what_lies_outside_an_index_is_never_read() -> None:
    """x[4] stands in no quotient: it may be 0."""
    spec = "title: t\nparameters: {x: 5, b: scalar}\nequations: ['C = sum(b/x[i] + log(x[i]) + x[i+1], i)']"
    x = np.array([1.0, 2.0, 4.0, 5.0, 0.0])
    with np.errstate(all="ignore"):
        out = run(code(api.derive(api.loads(spec))))["gradients"]({"x": x, "b": np.asarray(2.0)})
    np.testing.assert_allclose(out["x"], [-2 + 1, -0.5 + 0.5 + 1, -2 / 16 + 0.25 + 1, -2 / 25 + 0.2 + 1, 1.0])


def test_other_shapes_than_those_of_the_spec_are_refused() -> None:
    found = derived(CLASSIFIER, examples=4)
    given, _ = point(found)
    space = run(code(found))
    for change, message in (
        ({"W.1": np.ones((3, 4))}, r"'W.1' has the shape \(3, 4\), but this module is written for \(4, 3\)"),
        ({"b.2": np.ones((3, 1))}, r"'b.2' has the shape \(3, 1\)"),
        ({"x": np.ones(3)}, r"'x' has the shape \(3,\), but this module is written for \(None, 3\)"),
        ({"y": np.ones((5, 3))}, r"'y' has the shape \(5, 3\), but this module is written for \(4, 3\)"),
    ):
        for function in ("forward", "gradients"):
            with pytest.raises(ValueError, match=message):
                space[function]({**given, **change})
    with pytest.raises(ValueError, match="there is no value for 'x'"):
        space["forward"]({key: value for key, value in given.items() if key != "x"})


def test_the_number_of_examples_stands_nowhere_in_a_module() -> None:
    for name in BATCHES:
        text, options = CASES[name]
        eleven = code(derived(text, **{**options, "examples": 11}), name)
        assert eleven == code(derived(text, **{**options, "examples": 13}), name), name


def test_no_two_results_share_their_memory() -> None:
    for name in ("nothing", "residual", "layer-norm", "shared", "chain"):
        found = derivation_of(name)
        given, _ = point(found)
        out = run(code(found))["gradients"](given)
        arrays = [(k, v) for k, v in [*out.items(), *given.items()] if v.shape]
        for place, (key, value) in enumerate(arrays[: len(out)]):
            for other, array in arrays[place + 1 :]:
                assert not np.shares_memory(value, array), (name, key, other)
        for value in out.values():
            assert not value.shape or value.flags.writeable


def test_large_numbers_do_not_overflow_in_softmax() -> None:
    found = derived(CLASSIFIER)
    given, _ = point(found)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = run(code(found))["gradients"]({**given, "b.2": np.array([2000.0, 1999.0, 1990.0])})
    assert all(np.all(np.isfinite(v)) for v in out.values())


def test_a_title_is_text_and_nothing_else() -> None:
    for title in ('""" + open("x") + """', "ends with \\", 'a "', "new\nline \x00\x07", "ünïcode ∂C"):
        text = code(derived(CHAIN), title)
        tree = ast.parse(text)
        assert [type(node) for node in tree.body[:2]] == [ast.Expr, ast.Import]
        assert not any(isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "open" for n in ast.walk(tree))


def test_length_grows_linearly_with_depth() -> None:
    sizes = [len(code(derived(dense(*[(2, "tanh")] * depth, loss="squared_error", width=2)))) for depth in (8, 16, 32)]
    assert abs((sizes[2] - sizes[1]) - 2 * (sizes[1] - sizes[0])) < 0.1 * sizes[1]


class Plain:
    """Identifiers for keys that are identifiers."""

    def of(self, key: str) -> str:
        return key

    def letter(self, letter: str) -> str:
        return letter

    def fresh(self, wanted: str) -> str:
        return wanted


J, K = Index("j", 5), Index("k", 3)
a, b, c, W = Entry.of("a", J), Entry.of("b", J), Entry.of("c"), Entry.of("W", J, K)

WRITTEN = {
    "5 * c": Total(c, J),
    "a.sum() / c": Total(mul(a, power(c, -1)), J),
    "np.sum(a / b)": Total(mul(a, power(b, -1)), J),
    "c * (a @ b)": Total(mul(c, a, b), J),
    'np.einsum("j,j,jk->k", a, b, W, optimize=True)': Total(mul(a, b, W), J),
    "-(a @ b)": Total(mul(-1, a, b), J),
    "(c + 1)**2 / (2 * c)": mul(power(add(c, 1), 2), power(mul(2, c), -1)),
    "W * a[:, None]": mul(W, a),
    "a[:, None] - W": add(a, mul(-1, W)),
    "-(a - b)**3": mul(-1, power(add(a, mul(-1, b)), 3)),
    "2 * a / 3 + 0.5 * b": add(mul(Rational(2, 3), a), mul(Rational(1, 2), b)),
    "1 / np.sqrt(c)": power(c, Rational(-1, 2)),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_an_indexed_expression_is_written_like_this(text: str) -> None:
    expr = WRITTEN[text]
    lhs = Entry.of("z", *free_indices(expr))
    piece = Writer(Plain(), {}).right(Equation(lhs, expr), free_indices(expr))
    assert piece.text == text
