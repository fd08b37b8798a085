"""The results of a sheet: every gradient in a frame, and the summary with the shapes."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from ...expressions.nodes import Entry
from ...expressions.system import Equation, is_cotangent, primal
from ...expressions.traversal import entries
from ..context import Context
from ..model import Block, Line, Lines, Prose, Section, Table
from ..repeated_layers import Run


def gradients(context: Context) -> Section:
    """Every result, from the top down as it was found; those of a run of layers below the words that say for which they hold."""
    seeds = [Entry.of(s) for s in context.derivation.seeds]
    cost = Entry.of(context.symbols.signs.cost)
    blocks: list[Block] = [Prose("gradients", {"seeds": seeds, "objective": context.objective(), "cost": cost})]
    derivation, system = context.derivation, context.system
    found = derivation.parameter_gradients or derivation.gradients
    runs = {n: run for run in context.backward_runs for n in range(run.first, run.last + 1)}

    def run_of(key: str) -> Run | None:
        """The run that a tensor's layer belongs to."""
        return runs.get(system.tensors[key].layer or 0)

    def shown(key: str) -> bool:
        """Whether the lines of a tensor's layer stand for themselves, or for their run."""
        run = run_of(key)
        return run is None or run.representative.number == system.tensors[key].layer

    keys = [k for k in found if shown(k)]
    signals = [k for k in derivation.gradients if system.tensors[k].signal and shown(k)]
    results = dict.fromkeys([*signals, *keys])
    results |= dict.fromkeys(k for k in _mentioned(context, [derivation.gradients[k] for k in results]) if shown(k))
    from_the_top = sorted(results, key=lambda k: -(system.tensors[k].layer or 0))
    for many, alike in groupby(from_the_top, key=lambda k: run if (run := run_of(k)) is not None and run.many else None):
        if many is not None:
            blocks.append(context.for_layers(many))
        general = many.general if many is not None else {}
        lines = tuple(Line(context.forms(derivation.gradients[k]), result=True, general=general) for k in alike)
        blocks.append(Lines(lines))
    rows = [row for key in keys for row in _rows(context, key, run_of(key), found[key])]
    blocks.append(Table("gradients", tuple(rows)))
    return Section("gradients", tuple(blocks))


def _rows(context: Context, key: str, run: Run | None, gradient: Equation) -> list[tuple[Any, ...]]:
    """A row of the summary; for a run of layers one for each shape that its parameters have, with the layers that have it."""
    tensors = context.system.tensors
    if run is None or not run.many:
        return [(Entry.of(key), tensors[key].shape, gradient, {}, ())]
    tensor = tensors[key]
    layers: dict[tuple[int, ...], list[int]] = {}
    for other in tensors.values():
        if other.base == tensor.base and other.layer is not None and run.first <= other.layer <= run.last:
            layers.setdefault(other.shape, []).append(other.layer)
    return [(Entry.of(key), shape, gradient, run.general, tuple(numbers)) for shape, numbers in layers.items()]


def _mentioned(context: Context, found: list[Equation]) -> list[str]:
    """The keys whose derivatives the results name, and that are not among the results."""
    if len(context.system.equations) > 24:
        return []
    have = {primal(e.lhs.key) for e in found if isinstance(e.lhs, Entry)}
    missing: list[str] = []
    queue = list(found)
    while queue:
        for entry in entries(queue.pop(0).rhs):
            key = primal(entry.key)
            if is_cotangent(entry.key) and key not in have and key in context.derivation.gradients:
                have.add(key)
                missing.append(key)
                queue.append(context.derivation.gradients[key])
    return missing
