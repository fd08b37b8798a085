"""Substitute downward: what arrives at each value, what it is made of, and what is read off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .notation import latex, views
from .sheet import Block, Figure, Line, Lines, Prose, Section
from .steps import Step
from .system import Equation, lhs_of
from .tensor import Entry
from .walk import entries

if TYPE_CHECKING:
    from .compose import _Composer


def substitution(composer: _Composer) -> Section:
    blocks: list[Block] = [
        Prose(
            "substitution",
            {
                "objective": composer.objective(),
                "own": not composer.system.blocks,
                "seeds": [Entry.of(s) for s in composer.derivation.seeds],
                "arrays": any(v in ("matrix", "batch") for v in composer.views),
                "batch": "batch" in composer.views,
                "cost": Entry.of(composer.symbols.signs.cost),
                "signals": any(t.signal for t in composer.system.tensors.values()),
            },
        )
    ]
    runs = composer.backward_runs
    if not any(r.many for r in runs) and len(composer.system.equations) <= 16:
        blocks.append(Figure("graph", (composer.derivation, composer.system.equations, {}), "graph"))
    for many in (r for r in runs if r.many):
        layer = tuple(composer.system.equations[i] for i in many.representative.equations)
        blocks += [composer.for_layers(many), Figure("graph", (composer.derivation, layer, many.general), "graph_layer")]
    parameters = last_uses(composer)
    for run, keys in reversed(composer.parts(runs)):
        general = run.general if run else {}
        if run is not None:
            blocks.append(Prose("layer", composer.about_layers(run)))
        for key in reversed(keys):
            lines = downward(composer, key, parameters.get(key, ()), general)
            if lines:
                blocks.append(Lines(lines))
    inputs = [k for k in composer.derivation.gradients if composer.system.tensors[k].role == "input"]
    if inputs:
        blocks.append(Prose("bottom", {"inputs": [Entry.of(k) for k in inputs]}))
        blocks.append(Lines(tuple(line for key in inputs for line in gradient_lines(composer, key, {}))))
    return Section("substitution", tuple(blocks))


def last_uses(composer: _Composer) -> dict[str, tuple[str, ...]]:
    """For each defined key the parameters of which it is the first user: going down, there their gradient is complete."""
    out: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for equation in composer.system.equations:
        for entry in entries(equation.rhs):
            if composer.system.tensors[entry.key].role == "parameter" and entry.key not in seen:
                seen.add(entry.key)
                out[lhs_of(equation).key] = (*out.get(lhs_of(equation).key, ()), entry.key)
    return out


def downward(composer: _Composer, key: str, parameters: Sequence[str], general: Mapping[int, str]) -> tuple[Line, ...]:
    """What arrives at a value, what it is made of, and what is read off."""
    lines = list(gradient_lines(composer, key, general)) if key in composer.derivation.gradients else []
    for step in composer.derivation.of("substitute", key):
        rules = ("substitute",) if key != composer.system.objective else ("total",)
        lines.append(Line(composer.forms(step.result), rules, general=general))
        lines += arranged(composer, step, general)
    for parameter in parameters:
        lines += gradient_lines(composer, parameter, general)
    return tuple(lines)


def arranged(composer: _Composer, step: Step, general: Mapping[int, str]) -> list[Line]:
    """The same with the changes last, where the views do not have them there already."""
    found = composer.derivation.of("arranged", step.about)[0].result
    printer = latex.Printer(composer.symbols)

    def printed(equation: Equation) -> list[tuple[str, str]]:
        return [printer.equation(views.shown(equation, view, composer.system)) for view in composer.views]

    if printed(found) == printed(step.result):
        return []
    return [Line(composer.forms(found), ("arrange",), continues=len(composer.views) == 1, general=general)]


def gradient_lines(composer: _Composer, key: str, general: Mapping[int, str]) -> tuple[Line, ...]:
    steps = composer.derivation.of("gradient", key)
    lines = [replace(composer.line(step, general), continues=place > 0) for place, step in enumerate(steps)]
    if composer.system.tensors[key].signal and not composer.named_signal:
        composer.named_signal = True  # δ = ∂C/∂z, said once
        lines[0] = replace(lines[0], names=True, rules=("name_signal_first", *lines[0].rules))
    return tuple(lines)
