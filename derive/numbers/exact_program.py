"""A pass on single numbers, as exact as they are: whole numbers and fractions stay so, and only a root or an exponential rounds.

The equations of a system and of its gradients are unrolled into their entries once (`compiled`), each entry a function of the
numbers before it; then a pass costs microseconds, and runs on `int` and `Fraction` where the equations are rational, on `float`
from there on where they are not. Nothing here is shared with `evaluate`, which works on whole arrays of floats: the worked
numbers are computed both ways and must agree.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import product
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import sympy
from sympy import Add, Expr, Mul, Pow

from ..calculus.steps import Derivation, tensor_of
from ..expressions.nodes import Delta, Elementwise, Entry, Index, Pairing, Total, Where, Within
from ..expressions.system import Equation, cotangent, lhs_of
from .evaluate import Array
from .exact_numbers import bounded, constant, power

Slots = list[Any]
Node = Callable[[Slots], Any]

LIMIT = 40_000
"""A system that unrolls into more operations than this is not worked number by number: nobody would read them."""


class TooLarge(Exception):
    """The system has too many entries to be unrolled."""


@dataclass(frozen=True)
class Line:
    """One entry of one equation: where its value goes, and how it is found."""

    slot: int
    value: Node


@dataclass(frozen=True)
class Program:
    """The pass forward and back, entry by entry.

    places: the slots of each tensor, in the order of its entries. ones: the slots of cotangents that are given from outside.
    arguments: each function that the forward pass applies, by name, with its argument.
    """

    places: Mapping[str, range]
    shapes: Mapping[str, tuple[int, ...]]
    forward: tuple[Line, ...]
    backward: tuple[Line, ...]
    ones: tuple[int, ...]
    arguments: tuple[tuple[str, Node], ...]
    length: int

    def start(self, given: Mapping[str, Array]) -> Slots:
        """Slots with the given numbers in their places."""
        slots: Slots = [0] * self.length
        for key, array in given.items():
            if key in self.places:
                for slot, value in zip(self.places[key], array.flat, strict=True):
                    slots[slot] = value
        for slot in self.ones:
            slots[slot] = 1
        return slots

    def array(self, slots: Slots, key: str) -> Array:
        """The tensor of a key, as an array of exact numbers."""
        out = np.empty(self.shapes[key], dtype=object)
        for place, slot in zip(np.ndindex(out.shape), self.places[key], strict=True):
            out[place] = slots[slot]
        return out


def run(lines: Sequence[Line], slots: Slots, after: Callable[[Any, int], Any] | None = None) -> bool:
    """Fill in the slots, line by line; False where a value does not exist. after: what becomes of a number once it is found."""
    try:
        for line in lines:
            value = bounded(line.value(slots))
            slots[line.slot] = value if after is None else after(value, line.slot)
    except (ArithmeticError, ValueError):  # a division by zero, a logarithm of nothing, an exponential out of range
        return False
    return True


T = TypeVar("T")


def once(function: Callable[[Derivation], T]) -> Callable[[Derivation], T]:
    """Remember what `function` found for a derivation as long as that lives; nothing is kept in the derivation itself."""
    kept: dict[int, tuple[Any, T]] = {}

    @wraps(function)
    def remembered(derivation: Derivation) -> T:
        mark = id(derivation)
        known = kept.get(mark)
        if known is None or known[0]() is not derivation:
            known = kept[mark] = (weakref.ref(derivation, lambda _: kept.pop(mark, None)), function(derivation))
        return known[1]

    return remembered


@once
def compiled(derivation: Derivation) -> Program | None:
    """The program of a derivation, put together once; None where it is too large."""
    try:
        return _program(derivation)
    except TooLarge:
        return None


def _program(derivation: Derivation) -> Program:
    system = derivation.system
    keys = [*system.tensors, *(lhs_of(e).key for e in derivation.gradients.values()), *map(cotangent, derivation.seeds)]
    shapes = {key: tensor_of(system, key).shape for key in keys}
    places: dict[str, range] = {}
    length = 0
    for key, shape in shapes.items():
        places[key] = range(length, length + math.prod(shape))
        length += math.prod(shape)
        if length > LIMIT:
            raise TooLarge
    if sum(map(_operations, (*system.equations, *derivation.gradients.values()))) > LIMIT:
        raise TooLarge
    unroll = _Unroll(places, shapes)
    forward = tuple(line for e in system.equations for line in unroll.lines(e))
    arguments = tuple(unroll.arguments)
    return Program(
        places,
        shapes,
        forward,
        tuple(line for e in derivation.gradients.values() for line in unroll.lines(e)),
        tuple(slot for s in derivation.seeds for slot in places[cotangent(s)]),
        arguments,
        length,
    )


def _operations(equation: Equation) -> int:
    """At least so many operations an equation unrolls into."""

    def count(expr: Expr) -> int:
        if isinstance(expr, Total):
            return math.prod(i.size for i in expr.indices) * count(expr.body)
        parts = expr.args[2:] if isinstance(expr, Elementwise) else () if isinstance(expr, Entry | Index) else expr.args
        return 1 + sum(map(count, parts))

    return math.prod(i.size for i in lhs_of(equation).indices) * count(equation.rhs)


class _Unroll:
    """Expressions to functions of the slots. What does not depend on them is a number at once."""

    def __init__(self, places: Mapping[str, range], shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.places = places
        self.shapes = shapes
        self.made = 0
        self.arguments: list[tuple[str, Node]] = []

    def lines(self, equation: Equation) -> Iterator[Line]:
        lhs = lhs_of(equation)
        for values in product(*(range(i.size) for i in lhs.indices)):
            at = dict(zip(lhs.indices, values, strict=True))
            yield Line(self.slot(lhs, at), _as_node(self.node(equation.rhs, at)))

    def slot(self, entry: Entry, at: Mapping[Index, int]) -> int:
        number = 0
        for index, length in zip(entry.indices, self.shapes[entry.key], strict=True):
            found = self.node(index, at)
            # a place outside the tensor is reached only under a `Within` that is 0 there: any entry serves
            number = number * length + min(max(int(found), 0), length - 1)
        return self.places[entry.key][number]

    def node(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        """A function of the slots, or a number."""
        self.made += 1
        if self.made > LIMIT:
            raise TooLarge
        if isinstance(expr, Entry):
            return itemgetter(self.slot(expr, at))
        if isinstance(expr, Index):
            return at[expr]
        if expr.is_Number or expr.is_NumberSymbol:
            return constant(expr)
        if isinstance(expr, Pairing):
            return self.node(expr.written_out(), at)
        if isinstance(expr, Total):
            bound = expr.indices
            runs = product(*(range(b.size) for b in bound))
            return _sum([self.node(expr.body, {**at, **dict(zip(bound, values, strict=True))}) for values in runs])
        if isinstance(expr, Add):
            return _sum([self.node(term, at) for term in expr.args])
        if isinstance(expr, Mul):
            return _product([self.node(factor, at) for factor in expr.args])
        parts = [self.node(a, at) for a in (expr.args[2:] if isinstance(expr, Elementwise) else expr.args)]
        if isinstance(expr, Within):
            return int(0 <= parts[0] < parts[1])
        if isinstance(expr, Delta):
            return int(parts[0] == parts[1])
        if isinstance(expr, Elementwise) and expr.order == 0:
            self.arguments.append((expr.name, _as_node(parts[0])))
        return _called(_function(expr), parts)


def _as_node(found: Any) -> Node:
    return found if callable(found) else lambda _: found


def _sum(parts: list[Any]) -> Any:
    fixed = sum(p for p in parts if not callable(p))
    moving = [p for p in parts if callable(p)]
    if not moving:
        return fixed
    if len(moving) == 1 and not fixed:
        return moving[0]
    if not fixed:  # as `evaluate` adds, from the left
        first, rest = moving[0], moving[1:]
        return lambda s: sum((f(s) for f in rest), first(s))
    return lambda s: sum((f(s) for f in moving), fixed)


def _product(parts: list[Any]) -> Any:
    fixed = math.prod(p for p in parts if not callable(p))
    moving = [p for p in parts if callable(p)]
    if not moving or (fixed == 0 and not isinstance(fixed, float)):
        return fixed
    if len(moving) == 1:
        only = moving[0]
        return only if isinstance(fixed, int) and fixed == 1 else lambda s: fixed * only(s)
    if len(moving) == 2 and isinstance(fixed, int) and fixed == 1:
        left, right = moving
        return lambda s: left(s) * right(s)
    return lambda s: math.prod((f(s) for f in moving), start=fixed)


def _called(function: Callable[..., Any], parts: list[Any]) -> Any:
    if not any(map(callable, parts)):
        return function(*parts)
    nodes = [_as_node(p) for p in parts]
    if len(nodes) == 1:
        only = nodes[0]
        return lambda s: function(only(s))
    return lambda s: function(*(n(s) for n in nodes))


def _function(expr: Expr) -> Callable[..., Any]:
    if isinstance(expr, Elementwise):
        return elementwise(expr.name, expr.order)
    if isinstance(expr, Where):
        return _where
    if isinstance(expr, Pow):
        return power
    return _FUNCTIONS[expr.func]


def _where(condition: Any, then: Any, other: Any) -> Any:
    return then if condition > 0 else other


_FUNCTIONS: dict[Any, Callable[[Any], Any]] = {
    sympy.exp: lambda u: math.exp(u) if u else 1,
    sympy.log: lambda u: math.log(u) if u != 1 else 0,
    sympy.sin: lambda u: math.sin(u) if u else 0,
    sympy.cos: lambda u: math.cos(u) if u else 1,
    sympy.tanh: lambda u: math.tanh(u) if u else 0,
    sympy.erf: lambda u: math.erf(u) if u else 0,
}

_MADE: dict[tuple[str, int], Callable[[Any], Any]] = {}


def elementwise(name: str, order: int) -> Callable[[Any], Any]:
    """A catalogue function, or its derivative, of one number."""
    if (name, order) not in _MADE:
        from ..network.catalogue import function

        body = _entrywise(function(name).derivative(order))
        _MADE[name, order] = lambda u: body([u])
    return _MADE[name, order]


def _entrywise(expr: Expr) -> Node:
    """An expression in the single entry u."""
    unroll = _Unroll({"u": range(1)}, {"u": ()})
    found = unroll.node(expr, {})
    return _as_node(found)
