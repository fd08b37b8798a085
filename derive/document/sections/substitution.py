"""Substitute downward: what arrives at each value, what it is made of, and what is read off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ...calculus.steps import Step
from ...expressions.nodes import Entry
from ...expressions.system import Equation, lhs_of
from ...expressions.traversal import entries
from ...expressions.views import VIEWS
from ...notation import views
from ...notation.emitters import latex
from ..context import Context
from ..model import Block, Figure, Line, Lines, Prose, Section


def substitution(context: Context) -> Section:
    blocks: list[Block] = [
        Prose(
            "substitution",
            {
                "objective": context.objective(),
                "own": not context.system.blocks,
                "seeds": [Entry.of(s) for s in context.derivation.seeds],
                "arrays": any(VIEWS[v].arrays for v in context.views),
                "batch": any(VIEWS[v].batched for v in context.views),
                "cost": Entry.of(context.symbols.signs.cost),
                "signals": any(t.signal for t in context.system.tensors.values()),
            },
        )
    ]
    runs = context.backward_runs
    if not any(r.many for r in runs) and len(context.system.equations) <= 16:
        blocks.append(Figure("graph", (context.derivation, context.system.equations, {}), "graph"))
    for many in (r for r in runs if r.many):
        layer = tuple(context.system.equations[i] for i in many.representative.equations)
        blocks += [context.for_layers(many), Figure("graph", (context.derivation, layer, many.general), "graph_layer")]
    parameters = last_uses(context)
    parts = context.parts(runs)[::-1]
    named = first_signal(context, [key for _, keys in parts for key in reversed(keys)])
    for run, keys in parts:
        general = run.general if run else {}
        if run is not None:
            blocks.append(Prose("layer", context.about_layers(run)))
        for key in reversed(keys):
            lines = downward(context, key, parameters.get(key, ()), general, named)
            if lines:
                blocks.append(Lines(lines))
    inputs = [k for k in context.derivation.gradients if context.system.tensors[k].role == "input"]
    if inputs:
        blocks.append(Prose("bottom", {"inputs": [Entry.of(k) for k in inputs]}))
        blocks.append(Lines(tuple(line for key in inputs for line in gradient_lines(context, key, {}))))
    return Section("substitution", tuple(blocks))


def last_uses(context: Context) -> dict[str, tuple[str, ...]]:
    """For each defined key the parameters of which it is the first user: going down, there their gradient is complete."""
    out: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for equation in context.system.equations:
        for entry in entries(equation.rhs):
            if context.system.tensors[entry.key].role == "parameter" and entry.key not in seen:
                seen.add(entry.key)
                out[lhs_of(equation).key] = (*out.get(lhs_of(equation).key, ()), entry.key)
    return out


def first_signal(context: Context, keys: Iterable[str]) -> str | None:
    """Of these keys, from the top down, the first whose derivative has a sign of its own: there that is said, δ = ∂C/∂z."""
    return next((k for k in keys if k in context.derivation.gradients and context.system.tensors[k].signal), None)


def downward(
    context: Context, key: str, parameters: Sequence[str], general: Mapping[int, str], named: str | None
) -> tuple[Line, ...]:
    """What arrives at a value, what it is made of, and what is read off. named: the key at which the sign of a signal is said."""
    lines = list(gradient_lines(context, key, general, named)) if key in context.derivation.gradients else []
    for step in context.derivation.of("substitute", key):
        rules = ("substitute",) if key != context.system.objective else ("total",)
        lines.append(Line(context.forms(step.result), rules, general=general))
        lines += arranged(context, step, general)
    for parameter in parameters:
        lines += gradient_lines(context, parameter, general)
    return tuple(lines)


def arranged(context: Context, step: Step, general: Mapping[int, str]) -> list[Line]:
    """The same with the changes last, where the views do not have them there already."""
    found = context.derivation.of("arranged", step.about)[0].result
    printer = latex.Printer(context.symbols)

    def printed(equation: Equation) -> list[tuple[str, str]]:
        return [printer.equation(views.shown(equation, view, context.system)) for view in context.views]

    if printed(found) == printed(step.result):
        return []
    return [Line(context.forms(found), ("arrange",), continues=len(context.views) == 1, general=general)]


def gradient_lines(context: Context, key: str, general: Mapping[int, str], named: str | None = None) -> tuple[Line, ...]:
    steps = context.derivation.of("gradient", key)
    lines = [replace(context.line(step, general), continues=place > 0) for place, step in enumerate(steps)]
    if key == named:
        lines[0] = replace(lines[0], names=True, rules=("name_signal_first", *lines[0].rules))
    return tuple(lines)
