"""The last section of a sheet: the worked pass in numbers, one step of descent, and what was checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ...checks.comparison import Way
from ...expressions.nodes import Entry, Total
from ...expressions.system import Equation, Tensor, cotangent, lhs_of
from ...expressions.traversal import entries, nodes
from ...expressions.views import VIEWS
from ...notation import views
from ...notation.array_expressions import ArrayEquation
from ...numbers import draw
from ...numbers.rounding import Number
from ...numbers.worked_pass import AFTER
from ..context import Context
from ..model import Block, Callout, Prose, Section, Table, Value, Values

NUMBERS = 40
"""A tensor with more entries than this is not printed in numbers."""


def numbers(context: Context) -> Section:
    blocks: list[Block] = []
    if context.worked is not None:
        blocks += _worked_pass(context)
    own = [c for c in context.checks if c.way is not Way.SHARED]
    worst = max((c.error for c in context.checks), default=0.0)
    blocks.append(
        Callout(
            "checked",
            {
                "count": len(own),
                "shared": len(context.checks) - len(own),
                "below": _power_of_ten_above(worst),
                "views": context.views,
                "symbolic": sum(1 for c in context.checks if c.way is Way.SYMBOLS),
            },
        )
    )
    return Section("numbers", tuple(blocks))


def _power_of_ten_above(error: float) -> int:
    """The exponent of a power of ten that no error reached; not below -12, since less is chance."""
    return max(-12, math.floor(math.log10(error)) + 1) if error > 0 else -12


def _worked_pass(context: Context) -> list[Block]:
    found = context.worked
    assert found is not None
    system = context.system
    small = all(t.shape == () or _entries(t) <= NUMBERS for t in system.tensors.values()) and len(system.equations) <= 16
    open_ = [t for t in context.given() if t.key not in found.given]
    scalar = all(t.shape == () for t in system.tensors.values())
    about = {"given": bool(found.given), "open": bool(open_), "all": small, "put_in": small and scalar}
    blocks: list[Block] = [Prose("numbers", about)]
    if small:
        layout: Literal["lines", "columns"] = "columns" if scalar else "lines"
        blocks.append(Values(tuple(value(context, t.key, found, scalar=False) for t in context.given()), "running"))
        blocks.append(Prose("numbers_forward"))
        blocks.append(Values(tuple(value(context, lhs_of(e).key, found, scalar) for e in system.equations), layout))
        blocks.append(Prose("numbers_backward", {"seeds": [Entry.of(s) for s in context.derivation.seeds]}))
        keys = [k for k in context.derivation.gradients if system.tensors[k].role in ("intermediate", "parameter")]
        blocks.append(Values(tuple(gradient_value(context, k, found, scalar) for k in keys), layout))
    elif system.blocks and len(system.blocks) > 8:
        rows = _sizes(context, found)
        shrinks = rows[-1][3] < rows[0][3] if rows else True
        blocks.append(Prose("sizes", {"shrinks": shrinks, "signals": any(t.signal for t in system.tensors.values())}))
        blocks.append(Table("sizes", tuple(r[:3] for r in rows)))
    if system.objective is not None:
        after, before = found.after[system.objective], found.values[system.objective]
        told: dict[str, object] = {
            "rate": found.rate_number(),
            "before": found.number(system.objective),
            "after": found.number(system.objective, after=True),
            "objective": context.objective(),
            "own": not context.system.blocks,
            "flat": not any(np.any(found.values.get(cotangent(t.key), 0)) for t in system.parameters),
            "lower": float(after) < float(before),
        }
        moved = [stepped(context, t, found) for t in system.parameters if small and t.key in context.derivation.gradients]
        blocks.append(Prose("step", told))
        if moved:
            blocks.append(Values(tuple(moved), "running"))
        blocks.append(Prose("step_cost", told))
    return blocks


def value(context: Context, key: str, found: draw.Pass, scalar: bool) -> Value:
    equation = context.system.defines().get(key)
    whole = equation is None or (VIEWS[context.views[0]].indexed and bool(context.system.tensors[key].shape))
    shown: views.Shown = Equation(Entry.of(key), Entry.of(key))
    if equation is not None and not whole:
        shown = views.shown(equation, context.views[0], context.system)
    numbers = None
    if scalar and equation is not None and not any(isinstance(n, Total) for n in nodes(equation.rhs)):
        numbers = {e.key: found.number(e.key) for e in entries(equation.rhs)}
    return _worth(key, shown, found.array(key), numbers)


def _worth(key: str, shown: views.Shown, array: Any, numbers: Mapping[str, Number] | None) -> Value:
    """A quantity with its value; a formula for its entries stands before it, since an entry is not worth the whole array."""
    entries_alone = shown.labels if isinstance(shown, ArrayEquation) else getattr(shown.lhs, "indices", ())
    if not entries_alone:
        return Value(shown, array, numbers, of=key)
    return Value(Equation(Entry.of(key), Entry.of(key)), array, numbers, formula=shown, of=key)


def stepped(context: Context, tensor: Tensor, found: draw.Pass) -> Value:
    """A parameter after the step."""
    lhs = context.derivation.gradients[tensor.key].lhs
    assert isinstance(lhs, Entry)
    shown = Equation(Entry.of(tensor.key), Entry.of(tensor.key))
    step: tuple[Number, ...] = (found.rate_number(),)
    if tensor.shape == ():
        step = (found.number(tensor.key), found.rate_number(), found.number(lhs.key))
    return Value(shown, found.array(tensor.key, after=True), step=step, of=f"{AFTER}{tensor.key}")


def gradient_value(context: Context, key: str, found: draw.Pass, scalar: bool) -> Value:
    equation = context.derivation.gradients[key]
    lhs = equation.lhs
    assert isinstance(lhs, Entry)
    whole = VIEWS[context.views[0]].indexed and bool(lhs.indices)
    shown: views.Shown = Equation(Entry.of(lhs.key), Entry.of(lhs.key))
    if not whole:
        shown = views.shown(equation, context.views[0], context.system)
    numbers = None
    if scalar:
        numbers = {e.key: found.number(e.key) for e in entries(equation.rhs)}
    return _worth(lhs.key, shown, found.array(lhs.key), numbers)


def _sizes(context: Context, found: draw.Pass) -> list[tuple[Entry, Entry, Number, float]]:
    """The size of the gradient in some layers, from the top to the bottom: what becomes of it on the way down."""
    depth = context.system.depth
    chosen = sorted({1, depth, *(round(depth * f / 4) for f in (1, 2, 3))}, reverse=True)
    rows: list[tuple[Entry, Entry, Number, float]] = []
    for block in context.system.blocks:
        if block.number in chosen and block.parameters:
            key = block.parameters[0]
            lhs = context.derivation.gradients[key].lhs
            assert isinstance(lhs, Entry)
            norm = float(np.sqrt(np.mean(found.values[lhs.key] ** 2)))
            rows.append((Entry.of(key), Entry.of(lhs.key), draw.number(norm), norm))
    return rows[::-1]


def _entries(tensor: Tensor) -> int:
    count = 1
    for n in tensor.shape:
        count *= n
    return count
