"""Functions of one number, entry by entry: those of the catalogue, their derivatives, and expressions in the entry u.

They take real numbers, or complex ones with a tiny imaginary part (`evaluate`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Add, Expr, Mul, Pow

from ..expressions.nodes import Elementwise, Entry, Where

Array = NDArray[Any]


NOTHING = 1e-50
"""Smaller than this are only the products of two imaginary steps, which is what a 0 may become under them."""


def where(condition: Array, then: Array, other: Array) -> Array:
    """`then` where the condition is positive, the other elsewhere."""
    return np.where(np.real(condition) > (NOTHING if np.iscomplexobj(condition) else 0), then, other)


def power(base: Array, exponent: Expr) -> Array:
    """A power with a plain number as its exponent."""
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


FUNCTIONS: dict[Any, Any] = {
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
    from ..network.catalogue import function

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
        return lambda u: where(condition(u), then(u), other(u))
    if isinstance(expr, Add):
        summands = [entrywise(a) for a in expr.args]
        return lambda u: sum(f(u) for f in summands)
    if isinstance(expr, Mul):
        multiplied = [entrywise(a) for a in expr.args]
        return lambda u: math.prod(f(u) for f in multiplied)
    if isinstance(expr, Pow):
        base, exponent = entrywise(expr.base), expr.exp
        return lambda u: power(base(u), exponent)
    function, argument = FUNCTIONS[expr.func], entrywise(expr.args[0])
    return lambda u: function(argument(u))
