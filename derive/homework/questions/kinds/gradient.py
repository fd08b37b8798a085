"""A derivative of the cost, from the top down to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ....calculus.steps import Derivation
from ....document.context import Context
from ....document.model import Line, Lines, Prose
from ....document.sections import substitution
from ....expressions.nodes import Entry
from ....expressions.system import cotangent, primal
from ..judging import formula
from ..kind import Done, Kind, Parts, Solved, Wanted
from ..marking import usual_errors
from ..paths import derivatives, way_down
from ..showing import objective


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    derivation, key = context.derivation, wanted.about
    path = way_down(derivation, key, done.gradients)
    known = [k for k in path if k in done.gradients]
    lines: list[Line] = []
    named = substitution.first_signal(context, [k for k in (*path, key) if k not in known])
    if not known and context.system.objective is not None:
        lines += substitution.downward(context, context.system.objective, (), {}, named)
    for k in path:
        if k not in known:
            lines += substitution.downward(context, k, (), {}, named)
        else:  # written out once, its last form is enough
            again = list(_substituted(context, k))
            lines += [replace(n, continues=False) for n in again[-1:]] if k in done.lines else again
    final = substitution.gradient_lines(context, key, {}, named)
    blocks: list[Any] = []
    if known:
        blocks.append(Prose("from_earlier", {"known": [(Entry.of(cotangent(k)), done.gradients[k]) for k in known]}))
    blocks.append(Lines((*lines, *final)))
    what = Entry.of(wanted.key)
    parts: Parts = [("mark_cotangent", {"what": Entry.of(cotangent(k))}) for k in path if k not in done.gradients]
    return Solved(
        {"what": what, "by": Entry.of(key), **objective(context)},
        tuple(blocks),
        [*parts, ("mark_result", {"what": what})],
        errors=usual_errors(context, derivation, wanted.step),
        hint=(lines or list(final))[0].rules,
    )


def _substituted(context: Context, key: str) -> Iterator[Line]:
    """The line in which the change of `key` is replaced by what it is made of."""
    for step in context.derivation.of("substitute", key):
        rules = ("substitute",) if key != context.system.objective else ("total",)
        yield Line(context.forms(step.result), rules)
        yield from substitution.arranged(context, step, {})


def _note(derivation: Derivation, wanted: Wanted, done: Done, number: int) -> None:
    path = way_down(derivation, wanted.about, done.gradients)
    done.lines |= set(path)
    for key in (*path, wanted.about):
        done.gradients.setdefault(key, number)


KIND = Kind(
    name="gradient",
    targets=lambda derivation: {key: step for key, step in derivatives(derivation).items() if step.rules},  # others are given
    general=derivatives,
    quantity=lambda key: cotangent(primal(key)),
    solve=_solve,
    note=_note,
    judge=formula,
)
