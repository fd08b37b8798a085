"""The derived formulas against HIPS autograd, which shares no code with us, and against what a textbook prints.

Each forward pass is written here once more, by hand, in autograd's NumPy. The formulas are then evaluated line by line in the
order of their derivation, in index notation and as matrices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
import specs
from autograd import grad
from autograd.extend import defvjp, primitive
from numpy.typing import NDArray
from specs import dense, derived, gradient, printed

from derive import catalogue, evaluate
from derive.notation import array_values, arrays, views
from derive.notation.views import View
from derive.steps import Derivation
from derive.system import Equation, System, cotangent
from derive.tensor import Entry, Index

Array = NDArray[Any]
Values = dict[str, Array]
Forward = Callable[[Mapping[str, Any]], Any]


# --- evaluating what was derived ----------------------------------------------------------------------------------------------


def given(system: System, seed: int = 7) -> Values:
    """Random numbers for all that the forward pass reads; a target is what its loss asks for."""
    rng = np.random.default_rng(seed)
    kind = system.remarks.get("targets", "real")
    values: Values = {}
    for tensor in system.of_role("input", "parameter", "target", "constant"):
        drawn = rng.normal(size=tensor.shape)
        if tensor.role == "constant":
            drawn = np.abs(drawn) + 0.1
        elif tensor.role == "target" and kind == "one_hot":
            axis = 1 if tensor.batch == 0 else 0
            places = drawn.argmax(axis=axis)
            drawn = np.moveaxis(np.eye(tensor.shape[axis])[places], -1, axis)
        elif tensor.role == "target" and kind == "bit":
            drawn = (drawn > 0).astype(float)
        elif tensor.role == "target" and kind == "sign":
            drawn = np.sign(drawn)
        values[tensor.key] = np.asarray(drawn)
    return values | {k: np.asarray(v) for k, v in system.constants.items()}


def side(shown: Equation | arrays.ArrayEquation, lhs: Entry, values: Mapping[str, Array]) -> Array:
    """The right-hand side of a shown equation, as an array over the indices of the left."""
    axes = tuple(i for i in lhs.indices if isinstance(i, Index))
    if isinstance(shown, Equation):
        return evaluate.evaluate(shown.rhs, values, axes)
    out = np.empty([i.size for i in axes])
    inside = [i for i in axes if i not in shown.labels]
    for place in np.ndindex(*(i.size for i in shown.labels)):
        at = dict(zip(shown.labels, place, strict=True))
        part = array_values.evaluate(shown.rhs, values, at)
        out[tuple(at.get(i, slice(None)) for i in axes)] = part.reshape([i.size for i in inside])
    return out


def formulas(found: Derivation, values: Values, seeds: Values, view: View) -> Values:
    """Every gradient by its formula, in the order of the derivation and in a view."""
    known = {**evaluate.run(found.system, values), **{cotangent(k): v for k, v in seeds.items()}}
    for key, equation in found.gradients.items():
        assert isinstance(equation.lhs, Entry)
        known[cotangent(key)] = side(views.shown(equation, view, found.system), equation.lhs, known)
    return {k: known[cotangent(k)] for k in found.gradients}


def agree(found: Derivation, forward: Forward, shown_in: tuple[View, ...] = ("index", "matrix")) -> None:
    """Cost and gradients are autograd's."""
    system = found.system
    values = given(system)
    rng = np.random.default_rng(11)
    seeds = {k: rng.normal(size=system.tensors[k].shape) for k in found.seeds}

    def cost(free: Mapping[str, Any]) -> Any:
        out = forward({**values, **free})
        return sum(anp.sum(seeds[k] * out[k]) for k in seeds) if seeds else out

    free = {t.key: values[t.key] for t in system.of_role("input", "parameter")}
    ours = evaluate.run(system, values)
    at_point = float(cost(free))
    mine = sum(float(np.sum(seeds[k] * ours[k])) for k in seeds) if seeds else float(ours[str(system.objective)])
    assert mine == pytest.approx(at_point, rel=1e-12)
    wanted = grad(cost)(free)
    for view in shown_in:
        derivatives = formulas(found, values, seeds, view)
        assert set(free) <= set(derivatives) | {k for k in free if not np.any(wanted[k])}
        for key in free.keys() & derivatives.keys():
            scale = max(float(np.max(np.abs(wanted[key]))), 1e-6)
            assert derivatives[key].shape == wanted[key].shape, (view, key)
            assert np.max(np.abs(derivatives[key] - wanted[key])) < 1e-11 * scale, (view, key)


# --- the catalogue's functions and losses, once more --------------------------------------------------------------------------


def softmax(z: Any, axis: int = -1) -> Any:
    raised = anp.exp(z - anp.max(z, axis=axis, keepdims=True))
    return raised / anp.sum(raised, axis=axis, keepdims=True)


def log_sum_exp(z: Any) -> Any:
    return anp.log(anp.sum(anp.exp(z)))


@primitive  # type: ignore[untyped-decorator]  # autograd has no types
def erf(z: Any) -> Any:
    return np.vectorize(math.erf)(z)


defvjp(erf, lambda out, z: lambda g: g * 2 / math.sqrt(math.pi) * anp.exp(-(z**2)))


def sigmoid(z: Any) -> Any:
    return 0.5 * (1 + anp.tanh(z / 2))


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "unspecified": lambda z: anp.sin(z) + 0.5 * z + 0.25 * anp.cos(2 * z),
    "sigmoid": sigmoid,
    "tanh": anp.tanh,
    "relu": lambda z: anp.maximum(z, 0.0),
    "leaky_relu": lambda z: anp.where(z > 0, z, 0.01 * z),
    "elu": lambda z: anp.where(z > 0, z, anp.expm1(anp.minimum(z, 0.0))),
    "softplus": lambda z: anp.logaddexp(0.0, z),
    "gelu": lambda z: 0.5 * z * (1 + erf(z / np.sqrt(2))),
    "silu": lambda z: z * sigmoid(z),
    "softmax": softmax,
}


def huber(a: Any, y: Any) -> Any:
    e = anp.abs(a - y)
    return anp.sum(anp.where(e < 1, 0.5 * e**2, e - 0.5))


LOSSES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "squared_error": ("tanh", lambda a, y: anp.sum((a - y) ** 2)),
    "half_squared_error": ("identity", lambda a, y: 0.5 * anp.sum((a - y) ** 2)),
    "mean_squared_error": ("identity", lambda a, y: anp.mean((a - y) ** 2)),
    "cross_entropy": ("softmax", lambda p, y: -anp.sum(y * anp.log(p))),
    "cross_entropy_logits": ("identity", lambda z, y: -anp.sum(y * anp.log(softmax(z)))),
    "binary_cross_entropy": ("sigmoid", lambda a, y: -anp.sum(anp.log(anp.where(y > 0.5, a, 1 - a)))),
    "hinge": ("identity", lambda a, y: anp.sum(anp.maximum(0.0, 1 - y * a))),
    "huber": ("identity", huber),
}
"""Each loss with the output activation that belongs to it."""


def two_layers(first: str, second: str, loss: str) -> Forward:
    def forward(v: Mapping[str, Any]) -> Any:
        hidden = ACTIVATIONS[first](v["W.1"] @ v["x"] + v["b.1"])
        return LOSSES[loss][1](ACTIVATIONS[second](v["W.2"] @ hidden + v["b.2"]), v["y"])

    return forward


def test_the_tables_here_cover_the_catalogue() -> None:
    assert set(ACTIVATIONS) == set(catalogue.activations())
    assert set(LOSSES) == set(catalogue.losses())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name: str) -> None:
    agree(derived(dense((4, name), (3, name), loss="squared_error")), two_layers(name, name, "squared_error"))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(loss: str) -> None:
    output = LOSSES[loss][0]
    agree(derived(dense((4, "tanh"), (3, output), loss=loss)), two_layers("tanh", output, loss))


def test_rows() -> None:
    """With the other convention the weights are transposed: z = x W + b."""

    def forward(v: Mapping[str, Any]) -> Any:
        hidden = anp.tanh(v["x"] @ v["W.1"] + v["b.1"])
        return 0.5 * anp.sum((hidden @ v["W.2"] + v["b.2"] - v["y"]) ** 2)

    agree(derived(dense((4, "tanh"), (2, "identity"), loss="half_squared_error", more="convention: row\n")), forward)


@pytest.mark.parametrize("loss", ["half_squared_error", "cross_entropy"])
@pytest.mark.parametrize("row", [False, True], ids=["column-vectors", "row-vectors"])
@pytest.mark.parametrize("last", [False, True], ids=["examples-in-rows", "examples-in-columns"])
def test_the_average_over_a_mini_batch(last: bool, row: bool, loss: str) -> None:
    output, of_one = LOSSES[loss]
    more = "convention: row\n" if row else ""
    found = derived(dense((4, "tanh"), (3, output), loss=loss, width=2, more=more), examples=5, last=last)

    def forward(v: Mapping[str, Any]) -> Any:
        total = 0.0
        for n in range(5):
            x, y = (v["x"][:, n], v["y"][:, n]) if last else (v["x"][n], v["y"][n])
            first, second = (v["W.1"].T, v["W.2"].T) if row else (v["W.1"], v["W.2"])
            total = total + of_one(ACTIVATIONS[output](second @ anp.tanh(first @ x + v["b.1"]) + v["b.2"]), y)
        return total / 5

    agree(found, forward, ("index", "matrix", "batch"))


def test_skip_connections_and_shared_weights() -> None:
    def forward(v: Mapping[str, Any]) -> Any:
        x = v["x"]
        r = anp.tanh(v["W.1"] @ x + v["b.1"]) + x
        s = anp.tanh(v["W.1"] @ r + v["b.1"]) + r + x
        return 0.5 * anp.sum((v["W.5"] @ s + v["b.5"] - v["y"]) ** 2)

    agree(derived(specs.RESIDUAL), forward)


def test_one_neuron_per_layer() -> None:
    def forward(v: Mapping[str, Any]) -> Any:
        a = v["x"]
        for layer in "123":
            a = sigmoid(v[f"W.{layer}"] * a + v[f"b.{layer}"])
        return (a - v["y"]) ** 2

    agree(derived(specs.CHAIN, scalar=True), forward, ("scalar",))


# --- nothing but equations ----------------------------------------------------------------------------------------------------


def layer_norm(v: Mapping[str, Any]) -> Any:
    x = v["x"]
    return {"y": v["gamma"] * (x - anp.mean(x)) / anp.sqrt(anp.var(x) + v["eps"]) + v["beta"]}


def batch_norm(v: Mapping[str, Any]) -> Any:
    x = v["X"]
    return {"Y": v["gamma"] * (x - anp.mean(x, axis=0)) / anp.sqrt(anp.var(x, axis=0) + v["eps"]) + v["beta"]}


def attend(q: Any, k: Any, v: Any) -> Any:
    return softmax(q @ k.T / np.sqrt(2), axis=1) @ v


def attention(v: Mapping[str, Any]) -> Any:
    return {"O": attend(v["X"] @ v["W_q"], v["X"] @ v["W_k"], v["X"] @ v["W_v"])}


def heads(v: Mapping[str, Any]) -> Any:
    out = 0.0
    for h in range(2):
        out = out + attend(v["X"] @ v["A"][h], v["X"] @ v["B"][h], v["X"] @ v["D"][h]) @ v["W"][h]
    return {"Y": out}


def convolution(v: Mapping[str, Any]) -> Any:
    z = [anp.dot(v["w"], v["x"][start : start + 3]) + v["b"] for start in (0, 2, 4, 6)]
    return anp.sum(anp.tanh(anp.stack(z)) ** 2)


def convolution_2d(v: Mapping[str, Any]) -> Any:
    cost = 0.0
    for c in range(3):
        for i in range(4):
            for j in range(3):
                z = anp.sum(v["W"][c] * v["x"][:, i : i + 2, j : j + 2]) + v["b"][c]
                cost = cost + anp.logaddexp(0.0, z) ** 2
    return cost


def rnn(v: Mapping[str, Any]) -> Any:
    h = v["h0"]
    for x in ("x1", "x2", "x3"):
        h = anp.tanh(v["W"] @ v[x] + v["U"] @ h + v["b"])
    return 0.5 * anp.sum((h - v["t"]) ** 2)


EQUATIONS: dict[str, Forward] = {
    "layer-norm": layer_norm,
    "batch-norm": batch_norm,
    "attention": attention,
    "attention-in-indices": lambda v: {"O": attend(v["Q"], v["K"], v["V"])},
    "heads": heads,
    "convolution": convolution,
    "convolution-2d": convolution_2d,
    "rnn": rnn,
    "bilinear": lambda v: v["x"] @ v["A"] @ v["y"],
    "norm": lambda v: anp.linalg.norm(v["x"]),
    "log-sum-exp": lambda v: log_sum_exp(v["x"]),
    "trace": lambda v: anp.dot(anp.diag(v["W"]), v["x"] ** 2),
    "first-entry": lambda v: v["x"][0] * v["w"][1] ** 2 + anp.dot(v["w"], v["x"]),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_equations_alone(name: str) -> None:
    agree(derived(specs.ALL[name]), EQUATIONS[name])


MORE: list[tuple[str, str, Forward]] = [
    (
        "parameters: {W: [3, 3]}\ninputs: {x: 3}\nequations: ['C = sum(W[i,j]*W[j,i]*x[i], i, j)']",
        "a tensor twice in one product, transposed",
        lambda v: anp.sum(v["W"] * v["W"].T * v["x"][:, None]),
    ),
    (
        "inputs: {x: 3}\nparameters: {A: [3, 3]}\nequations: ['q = x.T @ A @ x', 'C = q**2']",
        "a quadratic form",
        lambda v: (v["x"] @ v["A"] @ v["x"]) ** 2,
    ),
    (
        "parameters: {A: [3, 3]}\nequations: ['B = A @ A @ A', 'C = sum(B**2)']",
        "a matrix cubed",
        lambda v: anp.sum((v["A"] @ v["A"] @ v["A"]) ** 2),
    ),
    (
        "inputs: {u: 3, v: 3}\nequations: ['n[i,j] = (v[j] - u[j])/(2 + sum(u[k]*u[i], k)**2)', 'C = sum(n**2)']",
        "a quotient with a squared sum below",
        lambda v: anp.sum(((v["v"] - v["u"])[None, :] / (2 + (anp.sum(v["u"]) * v["u"])[:, None] ** 2)) ** 2),
    ),
    (
        "inputs: {x: 3}\nparameters: {w: 3}\nequations: ['p[i] = (1 + w[i]**2)**x[i]', 'C = sum(2**p[i], i)']",
        "an exponent that changes",
        lambda v: anp.sum(2 ** ((1 + v["w"] ** 2) ** v["x"])),
    ),
    (
        "parameters: {W: [3, 3]}\nequations: ['C = sum(W[i,i], i)**2']",
        "the square of a trace",
        lambda v: anp.trace(v["W"]) ** 2,
    ),
    (
        "inputs: {x: 4}\nequations: ['C = sum(x[3-i]*x[i]**2, i)']",
        "a reversed index",
        lambda v: anp.sum(v["x"][::-1] * v["x"] ** 2),
    ),
    (
        "inputs: {x: 6}\nparameters: {w: 3}\nequations: ['C = sum((w[i]*x[2*i] + x[2*i+1])**2, i)']",
        "even and odd places",
        lambda v: anp.sum((v["w"] * v["x"][::2] + v["x"][1::2]) ** 2),
    ),
    (
        "inputs: {x: 3}\nparameters: {W: [2, 3]}\n"
        "equations: ['z[i] = sum(W[i,k]*x[k], k)*sum(x[k]**2, k)', 'C = sum(z[k]**2, k)']",
        "one letter bound in two sums of one product",
        lambda v: anp.sum((v["W"] @ v["x"] * anp.sum(v["x"] ** 2)) ** 2),
    ),
    (
        "inputs: {x: 3}\nequations: ['r = norm(x)', 'u = x/r', 'C = sum(u**3)']",
        "a vector divided by its norm",
        lambda v: anp.sum((v["x"] / anp.sqrt(anp.sum(v["x"] ** 2))) ** 3),
    ),
    (
        "inputs: {x: 3}\nequations: ['C = sum(max(x[i], 1/2)*abs(x[i]) + min(x[i], 0)**2, i)']",
        "branches",
        lambda v: anp.sum(anp.maximum(v["x"], 0.5) * anp.abs(v["x"]) + anp.minimum(v["x"], 0.0) ** 2),
    ),
    (
        "inputs: {x: 3}\nequations: ['C = sum(sin(x[i])*exp(cos(x[i]))/(2 + x[i]**2), i)']",
        "functions within functions, over a quotient",
        lambda v: anp.sum(anp.sin(v["x"]) * anp.exp(anp.cos(v["x"])) / (2 + v["x"] ** 2)),
    ),
    (
        "inputs: {x: 3}\nparameters: {A: [3, 3]}\nequations: ['C = x.T @ A.T @ A @ x / (x.T @ x)']",
        "a Rayleigh quotient",
        lambda v: anp.sum((v["A"] @ v["x"]) ** 2) / anp.sum(v["x"] ** 2),
    ),
    (
        "inputs: {u: 3, v: 2}\nparameters: {A: [3, 2]}\nequations: ['B = A*outer(u, v) + A', 'C = sum(B**2)']",
        "an outer product",
        lambda v: anp.sum((v["A"] * anp.outer(v["u"], v["v"]) + v["A"]) ** 2),
    ),
    (
        "inputs: {x: 3}\nparameters: {W: [2, 3]}\nequations: ['m = mean(x)', 'z = W @ x * m', 'C = logsumexp(z) - m**2']",
        "a mean that is used twice",
        lambda v: log_sum_exp(v["W"] @ v["x"] * anp.mean(v["x"])) - anp.mean(v["x"]) ** 2,
    ),
]


@pytest.mark.parametrize(("text", "about", "forward"), MORE, ids=[about for _, about, _ in MORE])
def test_index_gymnastics(text: str, about: str, forward: Forward) -> None:
    agree(derived(f"title: {about}\n{text}"), forward)


# --- what a textbook prints ---------------------------------------------------------------------------------------------------


def test_softmax_with_cross_entropy_is_p_minus_y_because_the_targets_add_up_to_one() -> None:
    found = derived(specs.CLASSIFIER)
    last = found.of("gradient", "z.2")[-1]
    assert last.rules == ("sum_target",)
    assert printed(last.result, "matrix", found.system) == r"\delta^{(2)} = p - y"
    assert printed(last.result, "index", found.system) == r"\delta_{j}^{(2)} = p_{j} - y_{j}"


def test_cross_entropy_on_logits_is_p_minus_y_too() -> None:
    found = derived(dense((3, "identity"), loss="cross_entropy_logits"))
    assert gradient(found, "z.1", "matrix") == r"\delta^{(1)} = p - y"


def test_sigmoid_with_binary_cross_entropy_is_a_minus_y() -> None:
    found = derived(dense((2, "sigmoid"), loss="binary_cross_entropy"))
    assert gradient(found, "z.1", "matrix") == r"\delta^{(1)} = a^{(1)} - y"
    assert gradient(derived(dense((1, "sigmoid"), loss="binary_cross_entropy", width=1), scalar=True), "z.1", "scalar") == (
        r"\delta^{(1)} = a^{(1)} - y"
    )


TEXTBOOK: dict[str, dict[str, str]] = {
    "mlp": {
        "z.2": r"\delta^{(2)} = (a^{(2)} - y) \odot \sigma'(z^{(2)})",
        "z.1": r"\delta^{(1)} = ((W^{(2)})^{\top}\,\delta^{(2)}) \odot \sigma'(z^{(1)})",
        "W.2": r"\frac{\partial C}{\partial W^{(2)}} = \delta^{(2)}\,(a^{(1)})^{\top}",
        "W.1": r"\frac{\partial C}{\partial W^{(1)}} = \delta^{(1)}\,x^{\top}",
        "b.2": r"\frac{\partial C}{\partial b^{(2)}} = \delta^{(2)}",
    },
    "residual": {
        "W.1": r"\frac{\partial C}{\partial W^{(1)}} = \delta^{(3)}\,(r^{(2)})^{\top} + \delta^{(1)}\,x^{\top}",
        "b.1": r"\frac{\partial C}{\partial b^{(1)}} = \delta^{(3)} + \delta^{(1)}",
    },
    "attention": {
        "V": r"\frac{\partial C}{\partial V} = P^{\top}\,\frac{\partial C}{\partial O}",
        "P": r"\frac{\partial C}{\partial P} = \frac{\partial C}{\partial O}\,V^{\top}",
        "Q": r"\frac{\partial C}{\partial Q} = \frac{1}{\sqrt{2}}\,\frac{\partial C}{\partial S}\,K",
        "K": r"\frac{\partial C}{\partial K} = \frac{1}{\sqrt{2}}\,\left(\frac{\partial C}{\partial S}\right)^{\top}\,Q",
        "W_q": r"\frac{\partial C}{\partial W_{q}} = X^{\top}\,\frac{\partial C}{\partial Q}",
    },
    "bilinear": {
        "A": r"\frac{\partial C}{\partial A} = x\,y^{\top}",
        "x": r"\frac{\partial C}{\partial x} = A\,y",
        "y": r"\frac{\partial C}{\partial y} = A^{\top}\,x",
    },
    "layer-norm": {
        "gamma": r"\frac{\partial C}{\partial \gamma} = \frac{\partial C}{\partial y} \odot n",
        "beta": r"\frac{\partial C}{\partial \beta} = \frac{\partial C}{\partial y}",
    },
    "batch-norm": {
        "beta": r"\frac{\partial C}{\partial \beta} = \left(\frac{\partial C}{\partial Y}\right)^{\top}\,\mathbf{1}",
    },
    "norm": {"x": r"\frac{\partial C}{\partial x} = \frac{1}{C}\,x"},
    "log-sum-exp": {"x": r"\frac{\partial C}{\partial x} = \operatorname{softmax}(x)"},
    "rnn": {
        "h2": r"\frac{\partial C}{\partial h_{2}} = U^{\top}\,\left(\frac{\partial C}{\partial h_{3}} \odot "
        r"(\mathbf{1} - h_{3}^{\odot 2})\right)",
    },
    "trace": {"W": r"\frac{\partial C}{\partial W} = \operatorname{diag}(x^{\odot 2})"},
    "heads": {
        "W": r"\frac{\partial C}{\partial W_{h}} = O_{h}^{\top}\,\frac{\partial C}{\partial Y}",
        "V": r"\frac{\partial C}{\partial V_{h}} = P_{h}^{\top}\,\frac{\partial C}{\partial O_{h}}",
    },
}


@pytest.mark.parametrize(
    ("name", "key", "wanted"), [(name, key, text) for name, lines in TEXTBOOK.items() for key, text in lines.items()]
)
def test_the_matrix_view_prints_the_textbook_form(name: str, key: str, wanted: str) -> None:
    assert gradient(derived(specs.ALL[name]), key, "matrix") == wanted


OWN: list[tuple[str, str, str]] = [
    ("C = x.T @ x", "x", r"\frac{\partial C}{\partial x} = 2x"),
    ("C = sum(x[i]*x[i], i)", "x", r"\frac{\partial C}{\partial x} = 2x"),
    ("C = sum((x[i] - y[i])*(x[i] - y[i]), i)", "y", r"\frac{\partial C}{\partial y} = -2(x - y)"),
    ("C = sum((x - y)**2)", "y", r"\frac{\partial C}{\partial y} = -2(x - y)"),
    ("C = sum((x - y)**2)", "x", r"\frac{\partial C}{\partial x} = 2(x - y)"),
    ("C = x.T @ A @ x", "x", r"\frac{\partial C}{\partial x} = A\,x + A^{\top}\,x"),
    ("C = x.T @ A @ x", "A", r"\frac{\partial C}{\partial A} = x\,x^{\top}"),
    ("C = sum(A**2)", "A", r"\frac{\partial C}{\partial A} = 2A"),
    ("C = sum((A @ x - y)**2)", "A", r"\frac{\partial C}{\partial A} = 2(A\,x - y)\,x^{\top}"),
    ("C = sum((A @ x - y)**2)", "x", r"\frac{\partial C}{\partial x} = 2A^{\top}\,(A\,x - y)"),
    ("C = sum(x)", "x", r"\frac{\partial C}{\partial x} = \mathbf{1}"),
    ("C = mean(x)", "x", r"\frac{\partial C}{\partial x} = \frac{1}{3}\,\mathbf{1}"),
    ("C = sum(exp(x))", "x", r"\frac{\partial C}{\partial x} = \exp(x)"),
    ("C = sum(log(x))", "x", r"\frac{\partial C}{\partial x} = \mathbf{1} \oslash x"),
    ("C = sum(x*y)", "x", r"\frac{\partial C}{\partial x} = y"),
]


@pytest.mark.parametrize(("equation", "key", "wanted"), OWN)
def test_one_line_in_matrices(equation: str, key: str, wanted: str) -> None:
    found = derived(f"title: one line\ninputs: {{x: 3, y: 3}}\nparameters: {{A: [3, 3]}}\nequations: ['{equation}']")
    assert gradient(found, key, "matrix") == wanted


BATCH: dict[tuple[bool, bool], dict[str, str]] = {
    # (row vectors, examples in columns)
    (False, False): {
        "z.1": r"\Delta^{(1)} = (\Delta^{(2)}\,W^{(2)}) \odot \tanh'(Z^{(1)})",
        "W.2": r"\frac{\partial C}{\partial W^{(2)}} = (\Delta^{(2)})^{\top}\,A^{(1)}",
        "b.2": r"\frac{\partial C}{\partial b^{(2)}} = (\Delta^{(2)})^{\top}\,\mathbf{1}",
    },
    (True, False): {
        "z.1": r"\Delta^{(1)} = (\Delta^{(2)}\,(W^{(2)})^{\top}) \odot \tanh'(Z^{(1)})",
        "W.2": r"\frac{\partial C}{\partial W^{(2)}} = (A^{(1)})^{\top}\,\Delta^{(2)}",
        "b.2": r"\frac{\partial C}{\partial b^{(2)}} = (\Delta^{(2)})^{\top}\,\mathbf{1}",
    },
    (False, True): {
        "z.1": r"\Delta^{(1)} = ((W^{(2)})^{\top}\,\Delta^{(2)}) \odot \tanh'(Z^{(1)})",
        "W.2": r"\frac{\partial C}{\partial W^{(2)}} = \Delta^{(2)}\,(A^{(1)})^{\top}",
        "b.2": r"\frac{\partial C}{\partial b^{(2)}} = \Delta^{(2)}\,\mathbf{1}",
    },
}


@pytest.mark.parametrize(("row", "last"), BATCH)
def test_the_batch_view_prints_the_textbook_form(row: bool, last: bool) -> None:
    more = "convention: row\n" if row else ""
    found = derived(dense((4, "tanh"), (3, "softmax"), loss="cross_entropy", more=more), examples=5, last=last)
    assert {key: gradient(found, key, "batch") for key in BATCH[row, last]} == BATCH[row, last]
    assert gradient(found, "z.2", "batch") == r"\Delta^{(2)} = \frac{1}{N}\,(P - Y)"


def test_the_beginners_line_keeps_its_order() -> None:
    """dz = dw a + db + w da: the weight change on the old activation, the bias change, the weight on the activation change."""
    found = derived(specs.CHAIN, scalar=True)
    line = found.of("differential", "z.3")[-1].result
    assert printed(line, "scalar", found.system, "relative") == (
        r"\mathrm{d}z^{L} = \mathrm{d}w^{L}\,a^{L-1} + \mathrm{d}b^{L} + w^{L}\,\mathrm{d}a^{L-1}"
    )
    held = [printed(s.result, "scalar", found.system, "relative") for s in found.of("held", "z.3")]
    assert held == [
        r"\mathrm{d}z^{L} = \mathrm{d}w^{L}\,a^{L-1}",
        r"\mathrm{d}z^{L} = \mathrm{d}b^{L}",
        r"\mathrm{d}z^{L} = w^{L}\,\mathrm{d}a^{L-1}",
    ]


def test_several_neurons_feed_back_through_a_sum() -> None:
    found = derived(specs.MLP)
    assert gradient(found, "a.1", "index") == r"\frac{\partial C}{\partial a_{k}^{(1)}} = \sum_{j} \delta_{j}^{(2)}\,w_{jk}^{(2)}"
    assert gradient(found, "W.2", "index") == r"\frac{\partial C}{\partial w_{jk}^{(2)}} = \delta_{j}^{(2)}\,a_{k}^{(1)}"


def test_the_deviations_from_a_mean_add_up_to_zero() -> None:
    rules = [s.rules for s in derived(specs.LAYER_NORM).of("gradient", "mu")]
    assert rules[-1] == ("sum_deviation",)
