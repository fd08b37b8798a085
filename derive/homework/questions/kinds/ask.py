"""A question in the teacher's own words; an equation that is given as its answer is checked against the derivation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ....calculus.steps import Derivation
from ....document.context import Context
from ....document.model import Line, Lines, Task
from ....errors import DeriveError, SpecError
from ....expressions.system import Equation, cotangent
from ....grading.judge import judged
from ....grading.reading.formulas import read_formula, split_answer
from ....grading.targets import Sheet, sheet_of
from ....grading.verdicts import Verdict, said
from ..judging import formula
from ..kind import Done, Item, Kind, Reply, Solved, Steps, Wanted
from ..marking import usual_errors
from ..own import own_text, place_of
from ..paths import derivatives
from ..showing import shown


def _anything(derivation: Derivation) -> Steps:
    """With its differential or its derivative, where there is one."""
    lines = {s.about: s for s in derivation.of("differential")}
    found = derivatives(derivation)
    keys = list(derivation.system.tensors)
    return {**{k: lines.get(k) for k in keys}, **{cotangent(k): found.get(cotangent(k)) for k in keys}}


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    ask = wanted.ask
    blocks: list[Any] = []
    if ask.solution is not None:
        blocks.append(own_text(context, ask.solution, place_of(context, wanted)))
    if ask.answer is not None:
        blocks.append(Lines(tuple(_checked(context, wanted))))
    elif wanted.step is not None:
        blocks.append(Lines((context.line(wanted.step, {}),)))
    if not blocks:
        raise SpecError("a question of your own needs an answer", place=place_of(context, wanted))
    return Solved(
        {},
        tuple(blocks),
        [("mark_own", {})],
        errors=usual_errors(context, context.derivation, wanted.step),
        hint=wanted.step.rules if wanted.step else (),
    )


def _checked(context: Context, wanted: Wanted) -> Iterator[Line]:
    """The teacher's equation, and the derived one where that is written otherwise. Raises SpecError where it is wrong."""
    place = place_of(context, wanted)
    text = wanted.ask.answer or ""
    target, equals, _ = text.partition("=")
    if not equals:
        raise SpecError("an answer is an equation", place=place, hint="write `dC/dw = 2*(a - y)*x`")
    sheet = sheet_of(context.derivation, None)
    question = sheet.question(target.strip())
    if question is None:
        raise SpecError(f"the answer `{text}` is about nothing that is derived", place=place, hint="write `dC/dw = 2*(a - y)*x`")
    verdict = judged(sheet, question, Verdict(target.strip()), text, None, ())
    if not verdict.ok:
        said = verdict.feedback or verdict.title
        raise SpecError(f"the answer `{text}` is not what is derived", place=place, hint=said)
    try:
        found = read_formula(text, sheet.words, question.key, question.axes)
        yield shown(context, Equation(question.right.lhs, found.expr), ())
    except DeriveError:
        pass
    if verdict.kind != "right":
        yield replace(shown(context, question.right), rules=("equal",))


def _items(item: Item, wanted: Wanted, task: Task) -> Sequence[Item]:
    return (replace(item, right={"answer": wanted.ask.answer}),)


def _judge(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    """Its answer is an equation, or a person has to read it."""
    if item.step is not None:
        return formula(sheet, item, reply)
    sides = split_answer(str(item.right["answer"] or ""))
    asked = sheet.question(sides[0]) if sides is not None else None
    if asked is None:
        return said(sheet.voice, reply.about, "in_words")
    return judged(sheet, asked, reply.about, reply.written, reply.tolerance, reply.earlier)


KIND = Kind(name="ask", targets=_anything, solve=_solve, free=True, distinct=False, items=_items, judge=_judge)
