"""The worked numbers: nice ones, the pass forward and back, and one step of gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from . import evaluate
from .catalogue import function
from .errors import CheckFailed, SpecError
from .evaluate import Array, Values
from .sheet import Number
from .spec import Spec
from .steps import Derivation
from .system import System, Tensor, cotangent
from .tensor import Elementwise, Entry

RATES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001)
DIGITS = 4
"""Decimal places that are printed; the same rule for every number on a sheet."""


@dataclass(frozen=True)
class Pass:
    """One pass with numbers: values and cotangents before, the rate, the parameters and the cost after one step."""

    values: Values
    rate: float
    after: Values
    given: frozenset[str]


def work(spec: Spec, derivation: Derivation) -> Pass | None:
    """The worked pass; None where there is no cost to work with (its gradients need a cotangent from outside)."""
    system = derivation.system
    given = _given(spec, system)
    best: Pass | None = None
    for attempt in range(60 if len(system.equations) <= 40 else 1):
        rng = np.random.default_rng([spec.seed, attempt])
        start = _drawn(system, rng) | given | {k: np.asarray(float(v)) for k, v in system.constants.items()}
        with np.errstate(all="ignore"):
            found = _pass(spec, derivation, start, frozenset(given))
        if found is None:
            continue
        if best is None:
            best = found
        if _nice(derivation, found):
            best = found
            break
    if best is not None:
        _require_slope(derivation, best)
    else:
        raise SpecError("with these values the forward pass is not a number", place=spec.place("values"))
    return best


def _require_slope(derivation: Derivation, found: Pass) -> None:
    """The printed gradients once more, at the printed numbers, against a complex step of the forward pass."""
    system = derivation.system
    if system.objective is None:
        return
    given = {k: v for k, v in found.values.items() if k in system.tensors}
    rng = np.random.default_rng(7)
    directions = {t.key: rng.normal(size=t.shape) for t in system.parameters if cotangent(t.key) in found.values}
    with np.errstate(all="ignore"):
        slope = float(evaluate.tilted(evaluate.run(system, evaluate.tilt(given, directions))[system.objective]))
    parts = [float(np.sum(found.values[cotangent(k)] * d)) for k, d in directions.items()]
    if not np.isfinite(slope):
        return  # numbers so large that a step from them overflows; the formulas were checked at others
    if not abs(sum(parts) - slope) <= 1e-7 * max(1e-9, abs(slope), *map(abs, parts), 0.0):
        raise CheckFailed("the worked gradients do not agree with the forward pass at the worked numbers; nothing was printed")


def _given(spec: Spec, system: System) -> Values:
    out: Values = {}
    for name, value in spec.values.items():
        keys = [t.key for t in system.tensors.values() if name in _called(t) and t.role not in ("intermediate", "objective")]
        if len(keys) != 1:
            known = ", ".join(t.key for t in system.tensors.values() if t.role not in ("intermediate", "objective"))
            many = "several tensors are" if len(keys) > 1 else "no given tensor is"
            raise SpecError(f"{many} named `{name}`", place=spec.place("values", name), hint=f"given here: {known}")
        tensor = system.tensors[keys[0]]
        array = np.array(value, dtype=float)
        if array.size == 1 and int(np.prod(tensor.shape)) == 1:  # 2 for a vector with one entry
            array = array.reshape(tensor.shape)
        if array.shape != tensor.shape:
            raise SpecError(
                f"`{name}` has shape {_shape(tensor.shape)}, but its value has shape {_shape(array.shape)}",
                place=spec.place("values", name),
            )
        _allowed(spec, system, tensor, name, array)
        out[tensor.key] = array
    return out


def _allowed(spec: Spec, system: System, tensor: Tensor, name: str, array: Array) -> None:
    """Refuse a target that contradicts what the derivation uses: one that must add up to 1, or be a sign, or a bit."""
    place = spec.place("values", name)
    for fact in system.facts:
        body = fact.pattern.args[0]
        if isinstance(body, Entry) and body.key == tensor.key:
            axis = body.indices.index(fact.pattern.args[1])
            if not np.allclose(array.sum(axis=axis), float(fact.value)):
                raise SpecError(f"the entries of `{name}` must add up to {fact.value}: the derivation uses it", place=place)
    kinds = {"sign": (-1.0, 1.0), "bit": (0.0, 1.0)}
    kind = system.remarks.get("targets", "")
    if tensor.role == "target" and kind in kinds and not np.all(np.isin(array, kinds[kind])):
        low, high = (f"{v:.0f}" for v in kinds[kind])
        raise SpecError(f"with this loss each entry of `{name}` must be {low} or {high}", place=place)


def _called(tensor: Tensor) -> set[str]:
    """What a spec may call a tensor: W or W.2, and w where the sheet writes its entries so."""
    names = {tensor.key, tensor.base}
    return names | {n[0].lower() + n[1:] for n in names} if tensor.cased else names


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if shape else "() (one number)"


def _drawn(system: System, rng: np.random.Generator) -> Values:
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


def _pass(spec: Spec, derivation: Derivation, start: Values, given: frozenset[str]) -> Pass | None:
    system = derivation.system
    values = evaluate.run(system, start)
    if not all(np.all(np.isfinite(v)) for v in values.values()):
        return None
    for seed in derivation.seeds:
        values[cotangent(seed)] = np.ones(system.tensors[seed].shape)
    for equation in derivation.gradients.values():
        lhs = equation.lhs
        assert isinstance(lhs, Entry)
        values[lhs.key] = evaluate.evaluate(equation.rhs, values, lhs.indices)
    if system.objective is None:
        return Pass(values, 0.0, {}, given)
    before = float(values[system.objective])
    fallback: Pass | None = None
    for rate in [float(spec.learning_rate)] if spec.learning_rate else RATES:
        stepped = {
            t.key: start[t.key] - (rate * values[cotangent(t.key)] if t.role == "parameter" and cotangent(t.key) in values else 0)
            for t in system.tensors.values()
            if t.key in start
        }
        after = evaluate.run(system, stepped)
        found = Pass(values, rate, after, given)
        if float(after[system.objective]) < before:
            return found
        fallback = fallback or found
    return fallback


def _nice(derivation: Derivation, found: Pass) -> bool:
    """No dead unit, nothing saturated, nothing huge, and a step that pays."""
    system = derivation.system
    if system.objective is not None and not float(found.after[system.objective]) < 0.95 * float(found.values[system.objective]):
        return False
    parameters = [t for t in system.parameters if cotangent(t.key) in found.values]
    for tensor in parameters:
        gradient = found.values[cotangent(tensor.key)]
        if not np.any(np.abs(gradient) > 1e-3) or np.max(np.abs(gradient)) > 50:
            return False
        if np.mean(np.abs(gradient) > 1e-10) < (0.5 if _kinked(system) else 0.95):  # a unit that learns nothing teaches little
            return False
        if gradient.ndim == 0 and not 0.02 < abs(float(gradient)) < 20:
            return False
    for key in _kinked(system):
        value = found.values[key]
        if value.size > 1 and not (np.any(value > 0) and np.any(value < 0)):
            return False  # both branches of the activation should be seen at work
    for tensor in system.of_role("intermediate"):
        value = found.values[tensor.key]
        if value.size <= 64 and (np.max(np.abs(value)) > 20 or not np.any(value)):
            return False
        if tensor.signal and tensor.batch is None and value.ndim == 1 and np.any(value == 0):
            return False
    return True


def _kinked(system: System) -> list[str]:
    """The pre-activations whose activation has a kink."""
    found = [e.rhs for e in system.equations if isinstance(e.rhs, Elementwise) and isinstance(e.rhs.argument, Entry)]
    return [f.argument.key for f in found if isinstance(f.argument, Entry) and function(f.name).record.kink is not None]


def number(value: Any, places: int | None = None) -> Number:
    """A number as it is printed: short where it is exact, with four decimal places where it is not, rounded half away from zero.

    A small number is printed with four significant digits instead. `places` fixes the number of decimals, for a column.
    """
    value = float(value)
    if value == 0:
        return Number("0" if places is None else f"{0:.{places}f}", True)
    if abs(value) >= 1e7:
        return _scientific(value)
    exact_in = Decimal(repr(value))
    rounded = exact_in.quantize(Decimal(1).scaleb(-DIGITS), ROUND_HALF_UP)
    exact = abs(float(rounded) - value) <= 1e-12 * max(1.0, abs(value))
    if places is not None:
        return Number(f"{exact_in.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}", exact)
    if abs(value) < 5 * 10**-DIGITS:
        return _scientific(value)
    text = f"{rounded:f}"
    return Number(text.rstrip("0").rstrip(".") if exact else text, exact)


def _scientific(value: float) -> Number:
    mantissa, exponent = f"{value:.3e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return Number(rf"{mantissa} \cdot 10^{{{int(exponent)}}}", float(f"{mantissa}e{exponent}") == value)


def array(values: Array) -> tuple[Any, ...] | Number:
    """An array of numbers as they are printed; what is zero but for rounding is printed as zero.

    In an array that is not exact all numbers have the same decimals; one too small for them is written out on its own.
    """
    if values.ndim == 0:
        return number(values)
    scale = float(np.max(np.abs(values))) if values.size else 0.0
    clean = np.where(np.abs(values) < 1e-13 * max(1.0, scale), 0.0, values)
    places = None if all(number(v).exact for v in clean.flat) else DIGITS
    return _rows(clean, places)


def _rows(values: Array, places: int | None) -> tuple[Any, ...] | Number:
    if values.ndim:
        return tuple(_rows(v, places) for v in values)
    small = 0 < abs(float(values)) < 5 * 10 ** -(DIGITS + 1)
    return number(values, None if small or float(values) == 0 else places)
