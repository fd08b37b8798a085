"""The derived formulas against HIPS autograd, which shares no code with us: functions and losses are written here once more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from autograd.extend import defvjp, primitive
from numpy.typing import NDArray

from derive.calculus.steps import Derivation
from derive.checks import array_values
from derive.expressions.nodes import Entry, Index
from derive.expressions.system import Equation, System, cotangent
from derive.expressions.views import View
from derive.notation import array_expressions, views
from derive.numbers import evaluate

Array = NDArray[Any]


Values = dict[str, Array]


Forward = Callable[[Mapping[str, Any]], Any]


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


def side(shown: Equation | array_expressions.ArrayEquation, lhs: Entry, values: Mapping[str, Array]) -> Array:
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
