"""Trees to numbers.

A value is an array with an axis for the points at which a line is evaluated, one for each letter of an index on the line, and
behind them rows and columns: a number is 1 × 1, a vector n × 1. What is the same along a side of any length (a column of ones, a
zero) says so, and takes the length it meets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numbers.evaluate import Array
from .tokens import Unreadable

SMALL = 1e-3
"""What is smaller is not measured by its own size."""

NEXT_TO_NOTHING = 1e-9

ROUNDING = 1e-14
"""Relative to the largest term of a sum."""


@dataclass(frozen=True)
class Value:
    """array: over the points, the letters, rows and columns. any_rows, any_columns: the same along a side whose length is open.

    identity: a multiple of the identity matrix, of any size.
    """

    array: Array
    any_rows: bool = False
    any_columns: bool = False
    identity: bool = False

    @property
    def rows(self) -> int:
        return int(self.array.shape[-2])

    @property
    def columns(self) -> int:
        return int(self.array.shape[-1])

    @property
    def scalar(self) -> bool:
        return self.array.shape[-2:] == (1, 1) and not (self.any_rows or self.any_columns or self.identity)

    def of(self, array: Array) -> Value:
        """The same of another array."""
        return Value(array, self.any_rows, self.any_columns, self.identity)

    def filled(self, rows: int, columns: int) -> Array:
        """The array with its open sides at their lengths."""
        if self.identity:
            if rows != columns:
                raise Unreadable(f"the identity stands where {rows} × {columns} is wanted")
            return self.array * np.eye(rows)
        shape = (*self.array.shape[:-2], rows if self.any_rows else self.rows, columns if self.any_columns else self.columns)
        return np.broadcast_to(self.array, shape)


def number(value: float, rank: int) -> Value:
    """A number, the same at all points and for all letters, `rank` axes together."""
    return Value(np.array(float(value), ndmin=rank + 2))


def shape(value: Value) -> str:
    rows, columns = ("?" if free else str(n) for free, n in ((value.any_rows, value.rows), (value.any_columns, value.columns)))
    return f"{rows} × {columns}"


def together(values: list[Value], what: str) -> tuple[list[Array], bool, bool]:
    """Arrays of equal shape, and which of their sides are open; a number beside an array has no place there."""
    sides = values[0].array.shape[-2:]
    if all(v.array.shape[-2:] == sides and not (v.any_rows or v.any_columns or v.identity) for v in values):
        return [v.array for v in values], False, False
    if all(v.identity for v in values):
        raise Unreadable(f"{what} of identities")
    rows = {v.rows for v in values if not (v.any_rows or v.identity)}
    columns = {v.columns for v in values if not (v.any_columns or v.identity)}
    if len(rows) > 1 or len(columns) > 1:
        raise Unreadable(f"{what} of {' and '.join(dict.fromkeys(map(shape, values)))}")
    if any(v.identity for v in values):
        size = max(rows | columns, default=1)
        return [v.filled(size, size) for v in values], False, False
    open_rows, open_columns = not rows, not columns
    return [v.filled(max(rows, default=1), max(columns, default=1)) for v in values], open_rows, open_columns


def add(values: list[Value]) -> Value:
    if all(v.identity for v in values):
        return Value(sum((v.array for v in values[1:]), values[0].array), identity=True)
    arrays, rows, columns = together(values, "a sum")
    return Value(sum(arrays[1:], arrays[0]), rows, columns)


def entrywise(values: list[Value], signs: list[str]) -> Value:
    """Times (⊙) or divided by (⊘), from the left."""
    arrays, rows, columns = together(values, "an entrywise product")
    out = arrays[0]
    for sign, array in zip(signs, arrays[1:], strict=True):
        out = out * array if sign == "⊙" else out / array
    return Value(out, rows, columns)


def product(left: Value, right: Value) -> Value:
    """Two factors side by side: a number in front of an array, or a matrix product."""
    if right.scalar and left.any_columns and left.rows == 1:  # a row of ones before a column of one entry
        return Value(left.array * right.array)
    for one, other in ((left, right), (right, left)):
        if one.scalar:
            return other.of(one.array * other.array)
        if one.identity:
            return other.of(one.array * other.array)
    if left.any_columns and right.any_rows:
        raise Unreadable("a product of ones whose length nothing says")
    if left.any_columns or right.any_rows:
        n = right.rows if left.any_columns else left.columns
        a = np.broadcast_to(left.array, (*left.array.shape[:-1], n)) if left.any_columns else left.array
        b = np.broadcast_to(right.array, (*right.array.shape[:-2], n, right.columns)) if right.any_rows else right.array
        return Value(a @ b, left.any_rows, right.any_columns)
    if left.columns != right.rows:
        raise Unreadable(f"a product of {shape(left)} and {shape(right)}")
    return Value(left.array @ right.array, left.any_rows, right.any_columns)


def transposed(value: Value) -> Value:
    return Value(np.swapaxes(value.array, -1, -2), value.any_columns, value.any_rows, value.identity)


def total(value: Value) -> Value:
    """The sum of all entries."""
    if value.any_rows or value.any_columns:
        raise Unreadable("a sum over ones whose number nothing says")
    return Value(value.array.sum(axis=(-1, -2), keepdims=True))


def mapped(value: Value, function: Any) -> Value:
    """A function of each entry."""
    if value.identity:
        raise Unreadable("a function of the identity")
    return value.of(np.asarray(function(value.array)))


def softmax(value: Value, axis: int) -> Value:
    raised = np.exp(value.array - value.array.max(axis=axis, keepdims=True))
    return Value(raised / raised.sum(axis=axis, keepdims=True))


def diagonal(value: Value) -> Value:
    if value.columns != 1 or value.any_columns or (value.any_rows and value.rows > 1):
        raise Unreadable(f"diag of {shape(value)}")
    return Value(value.array * np.eye(value.rows))


def difference(left: Value, right: Value, largest: Array | float = 0.0) -> float:
    """How far two sides are apart at most at the worst point, relative to what is larger there, or to `SMALL`.

    largest: at each point, the largest of what was added; sides that differ by less than its rounding are equal.
    """
    multiples = left.identity and right.identity
    (a, b), _, _ = ([left.array, right.array], False, False) if multiples else together([left, right], "an equation")
    if not (a.size and b.size):
        return 0.0
    apart = abs(a - b)
    most = float(apart.max()) / SMALL
    if most <= NEXT_TO_NOTHING:  # whatever the sides are: so it is with almost all lines
        return most
    axes = tuple(range(1, a.ndim))
    scale = np.maximum(np.maximum(abs(a).max(axes), abs(b).max(axes)), SMALL)
    lost = ROUNDING * np.asarray(largest)
    off = float((np.where(apart.max(axes) <= lost, 0.0, apart.max(axes)) / scale).max())
    return off if math.isfinite(off) else math.inf


Letters = Mapping[str, Array]
