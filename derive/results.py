"""The results of a sheet: every gradient in a frame, and the summary with the shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from . import groups
from .groups import Run
from .sheet import Block, Line, Lines, Prose, Section, Table
from .system import Equation, is_cotangent, primal
from .tensor import Entry
from .walk import entries

if TYPE_CHECKING:
    from .compose import _Composer


def gradients(composer: _Composer) -> Section:
    seeds = [Entry.of(s) for s in composer.derivation.seeds]
    cost = Entry.of(composer.symbols.signs.cost)
    blocks: list[Block] = [Prose("gradients", {"seeds": seeds, "objective": composer.objective(), "cost": cost})]
    found = composer.derivation.parameter_gradients or composer.derivation.gradients
    runs = groups.backward_runs(composer.system)
    keys = list(found)
    general: dict[str, Mapping[int, str]] = {}
    if any(r.many for r in runs):
        keys = []
        for run in runs:
            for key in run.representative.parameters:
                if key in found:
                    keys.append(key)
                    general[key] = run.general
    signals = [k for k in composer.derivation.gradients if composer.system.tensors[k].signal and _shown_signal(composer, k, runs)]
    results = [(k, composer.derivation.gradients[k], _labels_of(composer, k, runs)) for k in signals]
    results += [(k, found[k], general.get(k, {})) for k in keys]
    results += [(k, composer.derivation.gradients[k], {}) for k in _mentioned(composer, [e for _, e, _ in results])]
    results.sort(key=lambda r: -(composer.system.tensors[r[0]].layer or 0))  # from the top down, as they were found
    blocks.append(Lines(tuple(Line(composer.forms(e), result=True, general=g) for _, e, g in results)))
    rows = [(Entry.of(k), composer.system.tensors[k].shape, found[k], general.get(k, {})) for k in keys]
    blocks.append(Table("gradients", tuple(rows)))
    return Section("gradients", tuple(blocks))


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


def _shown_signal(composer: _Composer, key: str, runs: Sequence[Run]) -> bool:
    number = composer.system.tensors[key].layer
    return number is None or any(r.representative.number == number for r in runs)


def _labels_of(composer: _Composer, key: str, runs: Sequence[Run]) -> Mapping[int, str]:
    number = composer.system.tensors[key].layer
    return next((r.general for r in runs if r.representative.number == number), {})
