"""The beginner's question, its answer, and what depends on what: for a spec that explores a pair of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sympy import Expr

from ...calculus import chain_rule as chain
from ...errors import SpecError, did_you_mean
from ...expressions.nodes import Entry, Partial
from ...expressions.system import Equation, System, cotangent
from ...numbers import draw, evaluate
from ...spec import Spec
from ..context import Context
from ..model import Block, Callout, Figure, Form, Line, Lines, Prose, Section, Table


def asked_about(spec: Spec, system: System) -> tuple[str, str] | None:
    """The keys of the pair that the spec explores, of which the second influences the value of the first's gradient."""
    wanted = spec.explore
    if wanted is None:
        return None
    keys = []
    for which, name in (("parameter", wanted.parameter), ("given", wanted.given)):
        known = {k: t for k, t in system.tensors.items() if t.role in ("parameter", "input")}
        found = [k for k, t in known.items() if name in (k, t.base)]
        place = spec.place("explore", which)
        if len(found) != 1:
            names = {n for k, t in known.items() for n in (k, t.base)}
            raise SpecError(
                f"`{name}` is not one parameter or input of this network", place=place, hint=did_you_mean(name, names)
            )
        keys.append(found[0])
    if not chain.is_scalar(system) or system.objective is None:
        raise SpecError(
            "`explore` draws the cost against one number, so it needs a network of single neurons with a cost",
            place=spec.place("explore"),
        )
    return keys[0], keys[1]


def question(context: Context) -> Section | None:
    """The beginner's question, and its answer in short."""
    pair = asked_about(context.spec, context.system)
    if pair is None:
        return None
    key, given = pair
    step = next(s for s in context.derivation.steps if s.section == "partial" and s.result.lhs.by.key == key)
    line = context.system.defines()[step.about]
    about = {
        "line": line,
        "partial": Equation(Partial(step.result.lhs.of, step.result.lhs.by), step.result.rhs),
        "parameter": Entry.of(key),
        "given": Entry.of(given),
        "value": Entry.of(step.about),
        "objective": context.objective(),
    }
    return Section("question", (Prose("question", about),))


def explore(context: Context) -> Section | None:
    """∂C/∂w does not differentiate b, and yet its value depends on b: the second derivative, two numbers, a picture."""
    pair = asked_about(context.spec, context.system)
    if pair is None or context.worked is None:
        return None
    key, given = pair
    derivation = context.derivation
    steps = [*derivation.of("written_out"), *derivation.of("second")]
    view = context.views[0]
    lines = [Line((Form(view, s.result),), s.rules) for s in steps]
    first = derivation.gradients[key]
    gradient = (Line((Form(view, first),), ("read_off",)), Line((Form(view, steps[0].result),), ("inline",), continues=True))
    partial = next(s for s in derivation.steps if s.section == "partial" and s.result.lhs.by.key == key)
    about = {
        "parameter": Entry.of(key),
        "given": Entry.of(given),
        "value": partial.result.lhs.of,
        "partial": partial.result,
        "partial_rhs": partial.result.rhs,
        "gradient": first.lhs,
        "objective": context.objective(),
        "given_gradient": derivation.gradients[given],
    }
    curvatures = [chain.curvature(name, context.symbols.signs.argument) for name in context.functions_used()]
    rows, picture = _compared(context, key, given, partial.about)
    blocks: list[Block] = [
        Prose("not_dropped", about),
        Prose("depends", about),
        Lines(gradient),
        Prose("depends_second", about),
        Prose("with_curvature"),
        Lines(tuple(Line((Form(view, curved),)) for curved in curvatures)),
        Lines(tuple(lines[1:])),
        Prose("depends_numbers", {**about, "curvature": draw.number(_at(context, steps[-1].result.rhs))}),
        Table("explore", rows),
        Figure("plot", picture, "plot", about),
        Callout("moral", about),
    ]
    return Section("explore", tuple(blocks))


def _at(context: Context, expr: Expr) -> Any:
    assert context.worked is not None
    return evaluate.evaluate(expr, context.worked.values, ())


def _compared(context: Context, key: str, given: str, line: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The gradient at two values of `given`, and the cost as a function of `key` for both."""
    assert context.worked is not None and context.system.objective is not None
    system, derivation = context.system, context.derivation
    objective = context.system.objective
    start = {k: v for k, v in context.worked.values.items() if k in system.tensors}
    at, here = float(start[key]), float(start[given])
    rows: list[tuple[Any, ...]] = []
    curves = []
    local = next(s for s in derivation.of("partial", line) if s.result.lhs.by.key == key)
    for value, style in ((here, "solid"), (here + 2.0 if here <= 0.5 else here - 2.0, "dashed")):
        point = evaluate.run(system, {**start, given: np.asarray(value)})
        for equation in derivation.gradients.values():
            point[equation.lhs.key] = evaluate.evaluate(equation.rhs, point, ())
        slope_here = float(point[cotangent(key)])
        cost = float(point[objective])
        found = context.worked if not rows else None  # the first point is that of the worked pass
        numbers = {
            quantity: draw.number(point[quantity]) if found is None else found.number(quantity)
            for quantity in (given, line, objective, cotangent(key))
        }
        slope = evaluate.evaluate(local.result.rhs, point, ())
        rows.append((numbers[given], numbers[line], draw.number(slope), numbers[objective], numbers[cotangent(key)]))
        across = np.linspace(at - 4, at + 4, 97)
        heights = [
            float(evaluate.run(system, {**start, given: np.asarray(value), key: np.asarray(w)})[objective]) for w in across
        ]
        points = tuple((float(w), h) for w, h in zip(across, heights, strict=True))
        curves.append((Entry.of(given), numbers[given], points, style, (at, cost, slope_here), numbers[cotangent(key)]))
    partial = Partial(local.result.lhs.of, local.result.lhs.by)
    headers = (Entry.of(given), Entry.of(line), partial, context.objective(), Entry.of(cotangent(key)))
    picture = {"curves": curves, "x": Entry.of(key), "y": context.objective(), "mark": at}
    return (headers, *rows), picture
