"""One step of gradient descent: the new value of a parameter."""

from __future__ import annotations

from ....document.context import Context
from ....document.model import Values
from ....document.sections import numbers
from ....expressions.nodes import Entry
from ....expressions.system import cotangent, primal
from ....grading import judge as judging
from ....grading.targets import Sheet
from ....grading.verdicts import Verdict, said
from ..kind import Done, Item, Kind, Reply, Solved, Wanted
from ..marking import errors_of_a_step
from ..paths import of_parameters
from ..showing import objective, with_formula, worked


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    found, key = worked(context, wanted), wanted.key
    about = {"what": Entry.of(key), "rate": found.rate_number(), "by": Entry.of(cotangent(key)), **objective(context)}
    gradient = numbers.gradient_value(context, key, found, False)
    return Solved(
        about,
        (
            Values((with_formula(context, gradient, context.derivation.gradients[key]),)),
            Values((numbers.stepped(context, context.system.tensors[key], found),)),
        ),
        [("mark_rule", about), ("mark_value", {"what": Entry.of(key)})],
        errors=errors_of_a_step(context),
    )


def _judge(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    if reply.tolerance is None:
        return said(sheet.voice, reply.about, "no_values")
    return judging.stepped(sheet, item.key, reply.about, reply.written, reply.tolerance, reply.earlier)


KIND = Kind(
    name="step",
    targets=lambda derivation: of_parameters(derivation) if derivation.system.objective is not None else {},
    general=lambda derivation: dict.fromkeys(derivation.parameter_gradients),
    quantity=primal,
    solve=_solve,
    judge=_judge,
    numeric=True,
    after=True,
)
