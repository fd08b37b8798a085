"""Expressions to numbers.

A value is an array whose axes carry indices (`Labelled`), so that sums and products line up by index and never by position. The
forward program is run here on real numbers, or on complex ones with a tiny imaginary part: that is the complex-step derivative
(Squire and Trapp, SIAM Review 40(1), 1998), which has no rounding error to speak of and uses no derivative of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Add, Expr, Mul, Pow

from ..expressions.nodes import Delta, Differential, Elementwise, Entry, Example, Index, Pairing, Total, Where, Within
from ..expressions.system import Equation, System
from ..expressions.traversal import factors
from .entrywise import FUNCTIONS, apply, power, where
from .entrywise import Array as Array

Values = dict[str, Array]

STEP = 1e-30
"""The imaginary step. Its square is below the smallest number that matters, so nothing is lost."""


@dataclass(frozen=True)
class Labelled:
    """An array with one index an axis."""

    array: Array
    axes: tuple[Index, ...]

    def along(self, axes: Sequence[Index]) -> Array:
        """The array with its axes in the order `axes`, of length 1 where it does not depend on one."""
        if self.axes == axes:
            return self.array
        order, shape = _arrangement(self.axes, tuple(axes))
        return self.array.transpose(order).reshape(shape)


def evaluate(expr: Expr, values: Mapping[str, Array], axes: Sequence[Index] = ()) -> Array:
    """`expr` as an array with the axes `axes` (its free indices); `values` holds the tensors by key.

    The change of a tensor z stands under the key `d z`.
    """
    found = _value(expr, values)
    return _filled(found.along(axes), axes)


def run(system: System, values: Mapping[str, Array], equations: Iterable[Equation] | None = None) -> Values:
    """The forward pass: every defined tensor from the given ones."""
    out: Values = dict(values)
    for equation in system.equations if equations is None else equations:
        lhs = equation.lhs
        assert isinstance(lhs, Entry)
        out[lhs.key] = evaluate(equation.rhs, out, lhs.indices)
    return out


def tilt(values: Mapping[str, Array], directions: Mapping[str, Array]) -> Values:
    """The values moved along `directions` by the imaginary step."""
    out = dict(values)
    for key, direction in directions.items():
        out[key] = values[key] + 1j * STEP * direction
    return out


def tilted(array: Array) -> Array:
    """The derivative that a complex-step evaluation carries in its imaginary part."""
    return np.imag(array) / STEP


# --- the walk -----------------------------------------------------------------------------------------------------------------


def _value(expr: Expr, values: Mapping[str, Array]) -> Labelled:
    kind = type(expr)
    walk = _WALKS.get(kind)
    if walk is not None:
        return walk(expr, values)
    if expr.is_Number or expr.is_NumberSymbol:
        return _number(expr)
    inner = _value(expr.args[0], values)
    return Labelled(FUNCTIONS[kind](inner.array), inner.axes)


def _add(expr: Expr, values: Mapping[str, Array]) -> Labelled:
    parts = [_value(term, values) for term in expr.args]
    axes = _union(parts)
    out = parts[0].along(axes)
    for part in parts[1:]:
        out = out + part.along(axes)
    return Labelled(_filled(out, axes), axes)


def _pow(expr: Expr, values: Mapping[str, Array]) -> Labelled:
    base = _value(expr.base, values)
    if expr.exp.is_Number:
        return Labelled(power(base.array, expr.exp), base.axes)
    return _together(np.power, [base, _value(expr.exp, values)])


def _elementwise(expr: Elementwise, values: Mapping[str, Array]) -> Labelled:
    inner = _value(expr.argument, values)
    return Labelled(apply(expr.name, expr.order, inner.array), inner.axes)


def _within(expr: Expr, values: Mapping[str, Array]) -> Labelled:
    inside = _value(expr.args[0], values)
    return Labelled(((inside.array >= 0) & (inside.array < int(expr.args[1]))).astype(float), inside.axes)


def _same(a: Array, b: Array) -> Array:
    return (a == b).astype(float)


_WALKS: dict[type, Callable[[Any, Mapping[str, Array]], Labelled]] = {
    Entry: lambda e, values: _entry(e.key, e.indices, values),
    Differential: lambda e, values: _entry(f"d {e.entry.key}", e.entry.indices, values),
    Index: lambda e, values: Labelled(np.arange(e.size), (e,)),
    Example: lambda e, values: Labelled(np.arange(e.size), (e,)),
    Add: _add,
    Mul: lambda e, values: _contract([_value(f, values) for f in e.args], ()),
    Pow: _pow,
    Total: lambda e, values: _total(e, values),
    Pairing: lambda e, values: _value(e.written_out(), values),
    Elementwise: _elementwise,
    Where: lambda e, values: _together(where, [_value(a, values) for a in e.args]),
    Delta: lambda e, values: _together(_same, [_value(a, values) for a in e.args]),
    Within: _within,
}


def _filled(array: Array, axes: Sequence[Index]) -> Array:
    shape = tuple([a.size for a in axes])
    return array if array.shape == shape else np.broadcast_to(array, shape)


def _entry(key: str, indices: tuple[Any, ...], values: Mapping[str, Array]) -> Labelled:
    array = values[key]
    if _is_whole(indices, array.shape):
        return Labelled(array, indices)
    places = [_value(i, values) for i in indices]
    axes = _union(places)
    # a place outside the tensor is reached only under a `Within` that is 0 there: any entry serves
    picks = tuple(np.clip(p.along(axes), 0, n - 1) for p, n in zip(places, array.shape, strict=True))
    return Labelled(_filled(array[picks], axes), axes)


def _total(expr: Total, values: Mapping[str, Array]) -> Labelled:
    if isinstance(expr.body, Add):
        parts = [_value(part, values) for part in _parted(expr)]
        axes = _union(parts)
        return Labelled(_filled(np.asarray(sum(p.along(axes) for p in parts)), axes), axes)
    return _contract([_value(f, values) for f in factors(expr.body)], expr.indices)


def _contract(parts: list[Labelled], bound: tuple[Index, ...]) -> Labelled:
    """The product of `parts`, summed over `bound`."""
    if not bound:
        if len(parts) == 1:
            return parts[0]
        axes = _union(parts)
        out = parts[0].along(axes)
        for part in parts[1:]:
            out = out * part.along(axes)
        return Labelled(_filled(out, axes), axes)
    axes, names, kept, times, optimize = _contraction(tuple([p.axes for p in parts]), bound)
    operands: list[Any] = []
    for part, numbers in zip(parts, names, strict=True):
        operands += [part.array, numbers]
    return Labelled(np.einsum(*operands, kept, optimize=optimize) * times, axes)


def _together(function: Any, parts: list[Labelled]) -> Labelled:
    axes = _union(parts)
    return Labelled(np.broadcast_to(function(*(p.along(axes) for p in parts)), [a.size for a in axes]), axes)


def _union(parts: Sequence[Labelled]) -> tuple[Index, ...]:
    first = parts[0].axes
    if all(p.axes == first for p in parts):
        return first
    return _joined(tuple([p.axes for p in parts]))


# What depends on indices alone, and comes again at every point and in every layer.


@lru_cache(maxsize=4096)
def _joined(axes: tuple[tuple[Index, ...], ...]) -> tuple[Index, ...]:
    return tuple(dict.fromkeys(a for each in axes for a in each))


@lru_cache(maxsize=4096)
def _arrangement(have: tuple[Index, ...], wanted: tuple[Index, ...]) -> tuple[list[int], list[int]]:
    """How to transpose an array, and its shape then, of length 1 where it does not depend on an index."""
    return [have.index(a) for a in wanted if a in have], [a.size if a in have else 1 for a in wanted]


@lru_cache(maxsize=4096)
def _is_whole(indices: tuple[Any, ...], shape: tuple[int, ...]) -> bool:
    """Whether these indices run through an array of this shape, each along its own axis."""
    fits = all(isinstance(i, Index) and i.size == n for i, n in zip(indices, shape, strict=True))
    return fits and len(set(indices)) == len(indices)


@lru_cache(maxsize=4096)
def _contraction(
    parts: tuple[tuple[Index, ...], ...], bound: tuple[Index, ...]
) -> tuple[tuple[Index, ...], list[list[int]], list[int], int, bool]:
    """For a sum over `bound`: the axes of the result; the axes of each part, and of the result, as numbers; how many times each
    term is counted, since no part depends on an index; and whether the order of multiplying matters.
    """
    axes = tuple(a for a in _joined(parts) if a not in bound)
    missing = math.prod(b.size for b in bound if not any(b in each for each in parts))
    names = {a: n for n, a in enumerate(dict.fromkeys([*axes, *(a for each in parts for a in each)]))}
    large = len(parts) > 2 or math.prod(a.size for a in names) > 50_000
    return axes, [[names[a] for a in each] for each in parts], [names[a] for a in axes], missing, large


@lru_cache(maxsize=4096)
def _parted(expr: Total) -> tuple[Expr, ...]:
    """A sum over indices of several terms as the sums over each of them."""
    return tuple(Total(term, *expr.indices) for term in expr.body.args)


@lru_cache(maxsize=4096)
def _number(expr: Expr) -> Labelled:
    return Labelled(np.asarray(int(expr) if expr.is_Integer else float(expr)), ())
