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
import sympy
from numpy.typing import NDArray
from sympy import Add, Expr, Mul, Pow

from .system import Equation, System
from .tensor import Delta, Differential, Elementwise, Entry, Index, Pairing, Total, Where, Within
from .walk import factors

Array = NDArray[Any]
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
        order = [self.axes.index(a) for a in axes if a in self.axes]
        shape = [a.size if a in self.axes else 1 for a in axes]
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
    return Labelled(_FUNCTIONS[kind](inner.array), inner.axes)


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
        return Labelled(_power(base.array, expr.exp), base.axes)
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
    Add: _add,
    Mul: lambda e, values: _contract([_value(f, values) for f in e.args], ()),
    Pow: _pow,
    Total: lambda e, values: _total(e, values),
    Pairing: lambda e, values: _value(e.written_out(), values),
    Elementwise: _elementwise,
    Where: lambda e, values: _together(_where, [_value(a, values) for a in e.args]),
    Delta: lambda e, values: _together(_same, [_value(a, values) for a in e.args]),
    Within: _within,
}


def _filled(array: Array, axes: Sequence[Index]) -> Array:
    shape = tuple(a.size for a in axes)
    return array if array.shape == shape else np.broadcast_to(array, shape)


def _entry(key: str, indices: Sequence[Expr], values: Mapping[str, Array]) -> Labelled:
    array = values[key]
    whole = all(isinstance(i, Index) and i.size == n for i, n in zip(indices, array.shape, strict=True))
    if whole and len(set(indices)) == len(indices):
        return Labelled(array, tuple(indices))
    places = [_value(i, values) for i in indices]
    axes = _union(places)
    # a place outside the tensor is reached only under a `Within` that is 0 there: any entry serves
    picks = tuple(np.clip(p.along(axes), 0, n - 1) for p, n in zip(places, array.shape, strict=True))
    return Labelled(_filled(array[picks], axes), axes)


def _total(expr: Total, values: Mapping[str, Array]) -> Labelled:
    bound = expr.indices
    body = expr.body
    if isinstance(body, Add):
        parts = [_value(Total(term, *bound), values) for term in body.args]
        axes = _union(parts)
        return Labelled(_filled(np.asarray(sum(p.along(axes) for p in parts)), axes), axes)
    return _contract([_value(f, values) for f in factors(body)], bound)


def _contract(parts: list[Labelled], bound: Sequence[Index]) -> Labelled:
    """The product of `parts`, summed over `bound`."""
    axes = tuple(a for a in _union(parts) if a not in bound)
    missing = [b.size for b in bound if not any(b in p.axes for p in parts)]
    if not bound:
        if len(parts) == 1:
            return parts[0]
        out = parts[0].along(axes)
        for part in parts[1:]:
            out = out * part.along(axes)
        return Labelled(_filled(out, axes), axes)
    names = {a: n for n, a in enumerate(dict.fromkeys([*axes, *(a for p in parts for a in p.axes)]))}
    operands: list[Any] = []
    for part in parts:
        operands += [part.array, [names[a] for a in part.axes]]
    out = np.einsum(*operands, [names[a] for a in axes], optimize=len(parts) > 2 or math.prod(a.size for a in names) > 50_000)
    return Labelled(out * math.prod(missing), axes)


def _together(function: Any, parts: list[Labelled]) -> Labelled:
    axes = _union(parts)
    return Labelled(np.broadcast_to(function(*(p.along(axes) for p in parts)), [a.size for a in axes]), axes)


def _union(parts: Iterable[Labelled]) -> tuple[Index, ...]:
    return tuple(dict.fromkeys(a for p in parts for a in p.axes))


@lru_cache(maxsize=4096)
def _number(expr: Expr) -> Labelled:
    return Labelled(np.asarray(int(expr) if expr.is_Integer else float(expr)), ())


def _where(condition: Array, then: Array, other: Array) -> Array:
    return np.where(np.real(condition) > 0, then, other)


def _power(base: Array, exponent: Expr) -> Array:
    if exponent.is_Integer:
        n = int(exponent)
        return 1.0 / base ** (-n) if n < 0 else base**n
    if exponent is sympy.S.Half:
        return np.sqrt(base)
    return base ** float(exponent)


@np.vectorize
def _erf(u: complex) -> complex:
    """The error function of a number or its complex step: Maclaurin's series near 0, Laplace's continued fraction far out.

    Abramowitz and Stegun, 7.1.5 and 7.1.14.
    """
    if u.imag == 0.0:
        return complex(math.erf(u.real))
    if abs(u.real) > 3.0:
        z = u if u.real > 0 else -u
        fraction = z
        for n in range(60, 0, -1):
            fraction = z + (n / 2) / fraction
        value = 1 - np.exp(-z * z) / (math.sqrt(math.pi) * fraction)
        return complex(value if u.real > 0 else -value)
    term = total = u
    for n in range(1, 120):
        term *= -u * u / n
        total += term / (2 * n + 1)
    return total * 2 / math.sqrt(math.pi)


def erf(u: Array) -> Array:
    """The error function, entry by entry."""
    out = _erf(np.asarray(u, dtype=complex))
    return out if np.iscomplexobj(u) else out.real


_FUNCTIONS: dict[Any, Any] = {
    sympy.exp: np.exp,
    sympy.log: np.log,
    sympy.sin: np.sin,
    sympy.cos: np.cos,
    sympy.tanh: np.tanh,
    sympy.erf: erf,
}


def apply(name: str, order: int, array: Array) -> Array:
    """A catalogue function, or its derivative of order `order`, at every entry."""
    return np.broadcast_to(_function(name, order)(array), array.shape)


Scalar = Callable[[Array], Any]


@lru_cache(maxsize=256)
def _function(name: str, order: int) -> Scalar:
    from .catalogue import function

    return entrywise(function(name).derivative(order))


@lru_cache(maxsize=1024)
def entrywise(expr: Expr) -> Scalar:
    """An expression in the entry u as a function of arrays, put together once from closures."""
    if isinstance(expr, Entry):
        return lambda u: u
    if expr.is_Number or expr.is_NumberSymbol:
        constant = int(expr) if expr.is_Integer else float(expr)
        return lambda u: constant
    if isinstance(expr, Elementwise):
        outer, inner = _function(expr.name, expr.order), entrywise(expr.argument)
        return lambda u: outer(inner(u))
    if isinstance(expr, Where):
        condition, then, other = (entrywise(a) for a in expr.args)
        return lambda u: _where(condition(u), then(u), other(u))
    if isinstance(expr, Add):
        summands = [entrywise(a) for a in expr.args]
        return lambda u: sum(f(u) for f in summands)
    if isinstance(expr, Mul):
        multiplied = [entrywise(a) for a in expr.args]
        return lambda u: math.prod(f(u) for f in multiplied)
    if isinstance(expr, Pow):
        base, exponent = entrywise(expr.base), expr.exp
        return lambda u: _power(base(u), exponent)
    function, argument = _FUNCTIONS[expr.func], entrywise(expr.args[0])
    return lambda u: function(argument(u))
