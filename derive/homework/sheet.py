"""The homework sheet of a spec, and its editions: one sheet with all there is, from which each edition leaves something out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..calculus.steps import Derivation
from ..checks.verify import Check
from ..document.compose import headed, with_notation
from ..document.context import Context, context
from ..document.model import Edition, Lines, Prose, Section, Sheet, Task, Values
from ..document.sections import differentials, network
from ..document.sections import numbers as arithmetic
from ..document.sections.forward import forward as forward_section
from ..errors import SpecError
from ..expressions.nodes import Entry
from ..expressions.system import cotangent, is_cotangent, primal
from ..expressions.views import View
from ..mistakes import followed, mistakes
from ..numbers import draw
from ..numbers.draw import Pass
from ..numbers.evaluate import Array
from ..spec import Spec
from ..spec.homework import Homework
from ..writers.latex.writer import Known
from .classroom.lint import Answer
from .questions import asking, room, solving
from .questions.kind import Done, Wanted
from .questions.own import own_text
from .questions.showing import shown


@dataclass(frozen=True)
class Variant:
    """Whose sheet it is and which numbers it has; stamp: from what they can be drawn again."""

    numbers: Pass | None = None
    student: tuple[str, str] | None = None
    stamp: str = ""
    seed: int = 0


@dataclass
class Shared:
    """What the sheets of a class have in common: blocks without numbers, and the text they become (see `writer.latex`)."""

    sections: tuple[Section, ...] = ()
    tasks: dict[int, Task] = field(default_factory=dict)
    editions: dict[tuple[int, Edition], Task] = field(default_factory=dict)
    texts: Known = field(default_factory=Known)


@dataclass(frozen=True)
class Key:
    """A number that is asked for: the question's id, the quantity's name as a student writes it, its key, value and tolerance.

    after: it is the one after a step of gradient descent.
    """

    question: str
    name: str
    key: str
    value: Array
    tolerance: float
    after: bool = False


def homework(
    spec: Spec,
    derivation: Derivation,
    checks: Sequence[Check],
    asked: Sequence[View],
    variant: Variant | None = None,
    shared: Shared | None = None,
) -> Sheet:
    """The sheet with questions, solutions and marks, in one: `edition` makes of it what is handed out.

    shared: what sheets of the same spec with other numbers have in common; it is filled by the first of them.
    """
    variant = variant or Variant()
    shared = shared or Shared()
    about = context(spec, derivation, checks, tuple(asked)[:1], variant.numbers)  # students write in one notation
    settings = spec.homework or Homework()
    wanted = asking.wanted(spec, derivation)
    tasks = _tasks(about, settings, wanted, variant, shared)
    if not shared.sections:
        shared.sections = _given(about, wanted)
        shared.texts.keep(block for section in shared.sections for block in section.blocks)
    sections = list(shared.sections)
    numbers = about.worked
    if numbers is not None and any(one.kind.numeric for one in wanted):
        rows = tuple(arithmetic.value(about, t.key, numbers, scalar=False) for t in about.given())
        rate = {"rate": numbers.rate_number(), "step": any(one.kind.after for one in wanted)}
        sections.append(Section("givens", (Prose("given_numbers", rate), Values(rows, "running", room.givens(rows)))))
    words: list[Any] = [own_text(about, p, spec.place("homework", "text")) for p in _paragraphs(settings.text)]
    sections.append(Section("questions", (*words, *tasks)))
    points = sum(t.points for t in tasks)
    whole = headed(about, sections)
    return replace(whole, edition="marking", student=variant.student, stamp=variant.stamp, points=points)


def _given(context: Context, wanted: Sequence[Wanted]) -> tuple[Section, ...]:
    """What is there to work with: the network, the forward pass, the slopes, and what every sign in a question means."""
    derivation = context.derivation
    forward = forward_section(context)
    blocks = [*forward.blocks, *differentials.slopes(context)]
    signals = [k for k in derivation.gradients if derivation.system.tensors[k].signal]
    if signals and len(derivation.system.equations) <= MANY_EQUATIONS:
        of = {"signals": [Entry.of(cotangent(k)) for k in signals], "of": [Entry.of(k) for k in signals]}
        blocks.append(Prose("signals", {**of, "objective": context.objective(), "own": not context.system.blocks}))
    forward = Section(forward.key, tuple(blocks))
    steps = [step for one in wanted for step in one.kind.shows(derivation, one)]
    lines = [shown(context, equation) for s in steps for equation in (s.result, *(m.wrong for m in mistakes(derivation, s)))]
    return with_notation(context, network.network(context), (forward, Section("", (Lines(tuple(lines)),)))), forward


MANY_EQUATIONS = 40
"""In a deeper network the error signals are not listed one by one."""


def _paragraphs(text: str | None) -> list[str]:
    return [p for p in re.split(r"\n\s*\n", text or "") if p.strip()]


def _tasks(context: Context, settings: Homework, wanted: Sequence[Wanted], variant: Variant, shared: Shared) -> list[Task]:
    done = Done()
    tasks: dict[str, Task] = {}
    explained: dict[str, int] = {}
    for number, one in enumerate(wanted, start=1):
        task = shared.tasks.get(number)
        if task is None:
            task = solving.task(context, settings, one, done, number, variant.seed)
            name = task.id
            while name in tasks:
                name += "+"
            task = replace(task, id=name, errors=tuple(replace(e, explained=explained.get(e.rule)) for e in task.errors))
        if not (one.kind.numeric or one.kind.drawn):  # another seed changes nothing in it
            shared.tasks[number] = task
        tasks[task.id] = task
        for error in task.errors:
            explained.setdefault(error.rule, number)
        one.kind.note(context.derivation, one, done, number)
    return list(tasks.values())


HIDDEN: Mapping[Edition, Mapping[str, Any]] = {
    "homework": {"solution": (), "marks": (), "errors": ()},
    "solutions": {"marks": (), "errors": ()},
    "marking": {},
}
"""What each edition leaves out of a task; so that no template can print what must not be seen."""


def edition(sheet: Sheet, which: str, shared: Shared | None = None) -> Sheet:
    """The sheet as one edition of it: `homework`, `solutions` or `marking`."""
    name = next((e for e in HIDDEN if e == which), None)
    if name is None:
        raise SpecError(f"`{which}` is not an edition of a homework", hint=f"there are {', '.join(HIDDEN)}")
    common = shared or Shared()

    def shown(block: Any) -> Any:
        if not isinstance(block, Task):
            return block
        if common.tasks.get(block.number) is not block:
            return replace(block, **HIDDEN[name])
        if (block.number, name) not in common.editions:
            common.editions[block.number, name] = replace(block, **HIDDEN[name])
            common.texts.keep([common.editions[block.number, name]])
        return common.editions[block.number, name]

    sections = tuple(replace(s, blocks=tuple(map(shown, s.blocks))) for s in sheet.sections)
    return replace(sheet, sections=sections, edition=name)


# --- the numbers asked for ----------------------------------------------------------------------------------------------------


def keys(spec: Spec, derivation: Derivation, found: Pass) -> tuple[Key, ...]:
    """Every number that the homework asks for, with its tolerance."""
    by_hand = draw.by_hand(derivation, found)
    out = []
    for number, one in enumerate(asking.wanted(spec, derivation), start=1):
        if one.kind.numeric:
            after = one.kind.after
            value = np.asarray(found.best(one.key, after), dtype=float)
            out.append(Key(one.id(number), one.target, one.key, value, tolerance(found, by_hand, one.key, after), after))
    return tuple(out)


def tolerance(found: Pass, by_hand: Pass, key: str, after: bool = False) -> float:
    """How far an answer may be off in any of its numbers; after: of a new value, after one step of descent."""
    value, hand = (np.asarray(p.best(key, after), dtype=float) for p in (found, by_hand))
    least = draw.tolerance(value, hand)
    return min(least, _step_tolerance(found, key)) if after else least


def _step_tolerance(found: Pass, key: str) -> float:
    """A quarter of the largest change: no step at all, or one in the other direction, is further off than three of these."""
    moved = np.asarray(found.best(key, after=True), dtype=float) - np.asarray(found.best(key), dtype=float)
    return float(np.max(np.abs(moved), initial=0.0)) / 4


def gradient_answers(spec: Spec, derivation: Derivation, found: Pass) -> dict[str, Answer]:
    """For the linter: the numbers asked for, and every gradient that the questions are about, as if its number were asked."""
    by_hand = draw.by_hand(derivation, found)
    out: dict[str, Answer] = {}
    for key in _about(spec, derivation):
        value, hand = (np.asarray(p.best(key), dtype=float) for p in (found, by_hand))
        out[key] = Answer(value, draw.tolerance(value, hand), hand)
    for one in keys(spec, derivation, found):
        if one.after:
            out[one.question] = Answer(one.value, one.tolerance, np.asarray(by_hand.best(one.key, after=True), dtype=float))
    return out


def _about(spec: Spec, derivation: Derivation) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in asking.wanted(spec, derivation):
        if one.kind.distinct and one.step is not None and isinstance(one.step.result.lhs, Entry):
            found[one.step.result.lhs.key] = None
    return tuple(found)


def wrong_answers(spec: Spec, derivation: Derivation, found: Pass) -> dict[str, dict[str, Array]]:
    """For the linter: what each mal-rule gives for each of these numbers."""
    out: dict[str, dict[str, Array]] = {}
    for key in _about(spec, derivation):
        if not is_cotangent(key):
            continue
        steps = derivation.of("gradient", primal(key))
        mine = out.setdefault(key, {})
        for place, mistake in enumerate(mistakes(derivation, steps[-1]) if steps else ()):
            mine[f"{mistake.rule} {place}"] = followed(derivation, mistake, found.values)[key]
    return out
