"""The value of a quantity or a derivative, with the numbers of the sheet."""

from __future__ import annotations

from dataclasses import replace

from ....calculus.steps import Derivation
from ....document.context import Context
from ....document.model import Values
from ....document.sections import numbers
from ....expressions.nodes import Entry
from ....expressions.system import cotangent, is_cotangent, primal
from ....expressions.traversal import entries
from ....grading import judge as judging
from ....grading.targets import Sheet
from ....grading.verdicts import Verdict, said
from ..kind import Done, Item, Kind, Reply, Solved, Steps, Wanted
from ..marking import usual_errors
from ..paths import derivatives, way_down
from ..showing import objective, with_formula, worked


def _computed(derivation: Derivation) -> Steps:
    return {**{s.about: s for s in derivation.of("forward")}, **derivatives(derivation)}


def _needed(derivation: Derivation, key: str, done: Done) -> list[str]:
    """What has to be computed, in order, itself the last; without the values that earlier questions asked for."""
    if is_cotangent(key):
        known = {primal(k) for k in done.values if is_cotangent(k)}
        found = [cotangent(k) for k in dict.fromkeys([*way_down(derivation, primal(key), known), primal(key)])]
    else:
        defines = derivation.system.defines()
        above, ahead = {key}, [key]
        while ahead:
            for entry in entries(defines[ahead.pop()].rhs):
                if entry.key in defines and entry.key not in above:
                    above.add(entry.key)
                    ahead.append(entry.key)
        found = [k for k in defines if k in above]
    return [k for k in found if k not in done.values or k == key]


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    found, key, back = worked(context, wanted), wanted.key, is_cotangent(wanted.key)
    keys = _needed(context.derivation, key, done)
    scalar = all(t.shape == () for t in context.system.tensors.values())
    equations = {cotangent(k): e for k, e in context.derivation.gradients.items()} if back else context.system.defines()
    rows = []
    for k in keys:
        row = numbers.gradient_value(context, primal(k), found, scalar) if back else numbers.value(context, k, found, scalar)
        rows.append(with_formula(context, row, equations[k]))
    return Solved(
        {"what": Entry.of(key), "style": found.style or "", "backward": back, **objective(context)},
        (Values(tuple(rows)),),
        [("mark_value", {"what": Entry.of(k)}) for k in keys],
        errors=usual_errors(context, context.derivation, wanted.step) if back and wanted.about not in done.gradients else (),
    )


def _note(derivation: Derivation, wanted: Wanted, done: Done, number: int) -> None:
    for key in _needed(derivation, wanted.key, done):
        done.values.setdefault(key, number)


def _judge(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    asked = sheet.question(item.target)
    assert asked is not None
    about = replace(reply.about, key=asked.key)
    if sheet.values is None:
        return said(sheet.voice, about, "no_values")
    found, about = judging.numbers_from(sheet, about, reply.written, asked.shape, asked.key)
    return about if found is None else judging.in_numbers(sheet, asked, about, found, reply.tolerance, reply.earlier)


KIND = Kind(name="value", targets=_computed, general=_computed, solve=_solve, note=_note, judge=_judge, numeric=True)
