"""The last section of a sheet: the worked pass in numbers, one step of descent, and what was checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...expressions.nodes import Entry, Total
from ...expressions.system import Equation, Tensor, cotangent, lhs_of
from ...expressions.traversal import entries, nodes
from ...notation import views
from ...notation.array_expressions import ArrayEquation
from ...numbers import draw
from ...numbers.rounding import Number
from ...numbers.worked_pass import AFTER
from ..model import Block, Callout, Prose, Section, Table, Value, Values

if TYPE_CHECKING:
    from ..context import _Composer

NUMBERS = 40
"""A tensor with more entries than this is not printed in numbers."""


def numbers(composer: _Composer) -> Section:
    blocks: list[Block] = []
    if composer.pass_ is not None:
        blocks += _worked_pass(composer)
    own = [c for c in composer.checks if not c.how.startswith("the same formula")]
    worst = max((c.error for c in composer.checks), default=0.0)
    blocks.append(
        Callout(
            "checked",
            {
                "count": len(own),
                "shared": len(composer.checks) - len(own),
                "below": _power_of_ten_above(worst),
                "views": composer.views,
                "symbolic": sum(1 for c in composer.checks if c.how.startswith("symbolically")),
            },
        )
    )
    return Section("numbers", tuple(blocks))


def _power_of_ten_above(error: float) -> int:
    """The exponent of a power of ten that no error reached; not below -12, since less is chance."""
    return max(-12, math.floor(math.log10(error)) + 1) if error > 0 else -12


def _worked_pass(composer: _Composer) -> list[Block]:
    found = composer.pass_
    assert found is not None
    system = composer.system
    small = all(t.shape == () or _entries(t) <= NUMBERS for t in system.tensors.values()) and len(system.equations) <= 16
    open_ = [t for t in composer.given() if t.key not in found.given]
    scalar = all(t.shape == () for t in system.tensors.values())
    about = {"given": bool(found.given), "open": bool(open_), "all": small, "put_in": small and scalar}
    blocks: list[Block] = [Prose("numbers", about)]
    if small:
        layout: Literal["lines", "columns"] = "columns" if scalar else "lines"
        blocks.append(Values(tuple(_value(composer, t.key, found, scalar=False) for t in composer.given()), "running"))
        blocks.append(Prose("numbers_forward"))
        blocks.append(Values(tuple(_value(composer, lhs_of(e).key, found, scalar) for e in system.equations), layout))
        blocks.append(Prose("numbers_backward", {"seeds": [Entry.of(s) for s in composer.derivation.seeds]}))
        keys = [k for k in composer.derivation.gradients if system.tensors[k].role in ("intermediate", "parameter")]
        blocks.append(Values(tuple(_gradient_value(composer, k, found, scalar) for k in keys), layout))
    elif system.blocks and len(system.blocks) > 8:
        rows = _sizes(composer, found)
        shrinks = rows[-1][3] < rows[0][3] if rows else True
        blocks.append(Prose("sizes", {"shrinks": shrinks, "signals": any(t.signal for t in system.tensors.values())}))
        blocks.append(Table("sizes", tuple(r[:3] for r in rows)))
    if system.objective is not None:
        after, before = found.after[system.objective], found.values[system.objective]
        told: dict[str, object] = {
            "rate": found.rate_number(),
            "before": found.number(system.objective),
            "after": found.number(system.objective, after=True),
            "objective": composer.objective(),
            "own": not composer.system.blocks,
            "flat": not any(np.any(found.values.get(cotangent(t.key), 0)) for t in system.parameters),
            "lower": float(after) < float(before),
        }
        stepped = [_stepped(composer, t, found) for t in system.parameters if small and t.key in composer.derivation.gradients]
        blocks.append(Prose("step", told))
        if stepped:
            blocks.append(Values(tuple(stepped), "running"))
        blocks.append(Prose("step_cost", told))
    return blocks


def _value(composer: _Composer, key: str, found: draw.Pass, scalar: bool) -> Value:
    equation = composer.system.defines().get(key)
    whole = equation is None or (composer.views[0] == "index" and bool(composer.system.tensors[key].shape))
    shown: views.Shown = Equation(Entry.of(key), Entry.of(key))
    if equation is not None and not whole:
        shown = views.shown(equation, composer.views[0], composer.system)
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


def _stepped(composer: _Composer, tensor: Tensor, found: draw.Pass) -> Value:
    """A parameter after the step."""
    lhs = composer.derivation.gradients[tensor.key].lhs
    assert isinstance(lhs, Entry)
    shown = Equation(Entry.of(tensor.key), Entry.of(tensor.key))
    step: tuple[Number, ...] = (found.rate_number(),)
    if tensor.shape == ():
        step = (found.number(tensor.key), found.rate_number(), found.number(lhs.key))
    return Value(shown, found.array(tensor.key, after=True), step=step, of=f"{AFTER}{tensor.key}")


def _gradient_value(composer: _Composer, key: str, found: draw.Pass, scalar: bool) -> Value:
    equation = composer.derivation.gradients[key]
    lhs = equation.lhs
    assert isinstance(lhs, Entry)
    whole = composer.views[0] == "index" and bool(lhs.indices)
    shown: views.Shown = Equation(Entry.of(lhs.key), Entry.of(lhs.key))
    if not whole:
        shown = views.shown(equation, composer.views[0], composer.system)
    numbers = None
    if scalar:
        numbers = {e.key: found.number(e.key) for e in entries(equation.rhs)}
    return _worth(lhs.key, shown, found.array(lhs.key), numbers)


def _sizes(composer: _Composer, found: draw.Pass) -> list[tuple[Entry, Entry, Number, float]]:
    """The size of the gradient in some layers, from the top to the bottom: what becomes of it on the way down."""
    depth = composer.system.depth
    chosen = sorted({1, depth, *(round(depth * f / 4) for f in (1, 2, 3))}, reverse=True)
    rows: list[tuple[Entry, Entry, Number, float]] = []
    for block in composer.system.blocks:
        if block.number in chosen and block.parameters:
            key = block.parameters[0]
            lhs = composer.derivation.gradients[key].lhs
            assert isinstance(lhs, Entry)
            norm = float(np.sqrt(np.mean(found.values[lhs.key] ** 2)))
            rows.append((Entry.of(key), Entry.of(lhs.key), draw.number(norm), norm))
    return rows[::-1]


def _entries(tensor: Tensor) -> int:
    count = 1
    for n in tensor.shape:
        count *= n
    return count
