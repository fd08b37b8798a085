"""The numbers that a spec gives: each to its tensor, in its shape, and not against what the derivation uses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import SpecError
from ..expressions.nodes import Entry
from ..expressions.system import System, Tensor
from ..spec import Spec
from .evaluate import Array, Values
from .exact_numbers import as_exact

FREE = ("intermediate", "objective")


def given(spec: Spec, system: System) -> Values:
    """The values of a spec by tensor, as floats. Raises SpecError."""
    return {key: array.astype(float) for key, array in given_exactly(spec, system).items()}


def given_exactly(spec: Spec, system: System) -> Values:
    """The same as they are written: whole numbers and fractions."""
    out: Values = {}
    for name, value in spec.values.items():
        keys = [t.key for t in system.tensors.values() if name in _called(t) and t.role not in FREE]
        if len(keys) != 1:
            known = ", ".join(t.key for t in system.tensors.values() if t.role not in FREE)
            many = "several tensors are" if len(keys) > 1 else "no given tensor is"
            raise SpecError(f"{many} named `{name}`", place=spec.place("values", name), hint=f"given here: {known}")
        tensor = system.tensors[keys[0]]
        array = exactly(value)
        if array.size == 1 and int(np.prod(tensor.shape)) == 1:  # 2 for a vector with one entry
            array = array.reshape(tensor.shape)
        if array.shape != tensor.shape:
            raise SpecError(
                f"`{name}` has shape {_shape(tensor.shape)}, but its value has shape {_shape(array.shape)}",
                place=spec.place("values", name),
            )
        _allowed(spec, system, tensor, name, array.astype(float))
        out[tensor.key] = array
    return out


def exactly(value: Any) -> Array:
    """A number, nested lists of them or an array, as an array of exact numbers."""
    found = np.array(value, dtype=object)
    out = np.empty(found.shape, dtype=object)
    for place, number in np.ndenumerate(found):
        out[place] = as_exact(number)
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
