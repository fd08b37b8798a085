"""The results of a sheet: every gradient in a frame, and the summary with the shapes."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from ...expressions.nodes import Entry
from ...expressions.system import Equation, is_cotangent, primal
from ...expressions.traversal import entries
from ..model import Block, Line, Lines, Prose, Section, Table
from ..repeated_layers import Run

if TYPE_CHECKING:
    from ..context import _Composer


def gradients(composer: _Composer) -> Section:
    """Every result, from the top down as it was found; those of a run of layers below the words that say for which they hold."""
    seeds = [Entry.of(s) for s in composer.derivation.seeds]
    cost = Entry.of(composer.symbols.signs.cost)
    blocks: list[Block] = [Prose("gradients", {"seeds": seeds, "objective": composer.objective(), "cost": cost})]
    derivation, system = composer.derivation, composer.system
    found = derivation.parameter_gradients or derivation.gradients
    runs = {n: run for run in composer.backward_runs for n in range(run.first, run.last + 1)}

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
    results |= dict.fromkeys(k for k in _mentioned(composer, [derivation.gradients[k] for k in results]) if shown(k))
    from_the_top = sorted(results, key=lambda k: -(system.tensors[k].layer or 0))
    for many, alike in groupby(from_the_top, key=lambda k: run if (run := run_of(k)) is not None and run.many else None):
        if many is not None:
            blocks.append(composer.for_layers(many))
        general = many.general if many is not None else {}
        lines = tuple(Line(composer.forms(derivation.gradients[k]), result=True, general=general) for k in alike)
        blocks.append(Lines(lines))
    rows = [row for key in keys for row in _rows(composer, key, run_of(key), found[key])]
    blocks.append(Table("gradients", tuple(rows)))
    return Section("gradients", tuple(blocks))


def _rows(composer: _Composer, key: str, run: Run | None, gradient: Equation) -> list[tuple[Any, ...]]:
    """A row of the summary; for a run of layers one for each shape that its parameters have, with the layers that have it."""
    tensors = composer.system.tensors
    if run is None or not run.many:
        return [(Entry.of(key), tensors[key].shape, gradient, {}, ())]
    tensor = tensors[key]
    layers: dict[tuple[int, ...], list[int]] = {}
    for other in tensors.values():
        if other.base == tensor.base and other.layer is not None and run.first <= other.layer <= run.last:
            layers.setdefault(other.shape, []).append(other.layer)
    return [(Entry.of(key), shape, gradient, run.general, tuple(numbers)) for shape, numbers in layers.items()]


def _mentioned(composer: _Composer, found: list[Equation]) -> list[str]:
    """The keys whose derivatives the results name, and that are not among the results."""
    if len(composer.system.equations) > 24:
        return []
    have = {primal(e.lhs.key) for e in found if isinstance(e.lhs, Entry)}
    missing: list[str] = []
    queue = list(found)
    while queue:
        for entry in entries(queue.pop(0).rhs):
            key = primal(entry.key)
            if is_cotangent(entry.key) and key not in have and key in composer.derivation.gradients:
                have.add(key)
                missing.append(key)
                queue.append(composer.derivation.gradients[key])
    return missing
