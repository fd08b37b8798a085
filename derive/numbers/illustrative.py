"""The numbers of a sheet whose spec does not say what kind: small ones, chosen so that there is something to see."""

from __future__ import annotations

import numpy as np

from ..calculus.steps import Derivation
from ..expressions.system import System, Tensor, cotangent
from .evaluate import Array, Values
from .number_profile import kinked


def drawn(system: System, rng: np.random.Generator) -> Values:
    """Small numbers that a person can follow."""
    out: Values = {}
    for tensor in system.tensors.values():
        if tensor.role in ("intermediate", "objective"):
            continue
        out[tensor.key] = _target(system, tensor, rng) if tensor.role == "target" else _small(tensor, rng)
    return out


def _small(tensor: Tensor, rng: np.random.Generator) -> Array:
    if tensor.role == "parameter":
        wide = tensor.shape[-1] if len(tensor.shape) > 1 else 1
        choice = [-1.0, -0.5, 0.5, 1.0, 1.5] if wide <= 4 else [-0.5, -0.2, -0.1, 0.1, 0.2, 0.5]
        if len(tensor.shape) <= 1 and tensor.base[0] in "bB":
            choice = [-0.5, 0.0, 0.5]
    else:
        choice = [-1.0, 0.5, 1.0, 2.0]
    if int(np.prod(tensor.shape)) > 64:
        return np.asarray(np.round(rng.normal(size=tensor.shape) / np.sqrt(tensor.shape[-1]), 1))
    return np.asarray(rng.choice(choice, size=tensor.shape))


def _target(system: System, tensor: Tensor, rng: np.random.Generator) -> Array:
    kind = system.remarks.get("targets", "real")
    if kind == "one_hot":
        axis = next((a for a in range(len(tensor.shape)) if a != tensor.batch), None)
        if axis is None:  # one class only
            return np.ones(tensor.shape)
        chosen = rng.integers(tensor.shape[axis], size=[n for a, n in enumerate(tensor.shape) if a != axis])
        out = np.zeros(tensor.shape)
        np.put_along_axis(out, np.expand_dims(np.asarray(chosen), axis), 1.0, axis)
        return out
    if kind == "sign":
        return np.asarray(rng.choice([-1.0, 1.0], size=tensor.shape))
    return np.asarray(rng.choice([0.0, 1.0], size=tensor.shape))


def nice(derivation: Derivation, values: Values, after: Values) -> bool:
    """No dead unit, nothing saturated, nothing huge, and a step that pays."""
    system = derivation.system
    if system.objective is not None and not float(after[system.objective]) < 0.95 * float(values[system.objective]):
        return False
    parameters = [t for t in system.parameters if cotangent(t.key) in values]
    for tensor in parameters:
        gradient = values[cotangent(tensor.key)]
        if not np.any(np.abs(gradient) > 1e-3) or np.max(np.abs(gradient)) > 50:
            return False
        if np.mean(np.abs(gradient) > 1e-10) < (0.5 if kinked(system) else 0.95):  # a unit that learns nothing teaches little
            return False
        if gradient.ndim == 0 and not 0.02 < abs(float(gradient)) < 20:
            return False
    for key in kinked(system):
        value = values[key]
        if value.size > 1 and not (np.any(value > 0) and np.any(value < 0)):
            return False  # both branches of the activation should be seen at work
    for tensor in system.of_role("intermediate"):
        value = values[tensor.key]
        if value.size <= 64 and (np.max(np.abs(value)) > 20 or not np.any(value)):
            return False
        if tensor.signal and tensor.batch is None and value.ndim == 1 and np.any(value == 0):
            return False
    return True
