"""The partial derivative of a line, and what is held constant in it: two answers, judged one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ....calculus.steps import Derivation, Step
from ....document.context import Context
from ....document.model import Lines, Partials, Prose, Task
from ....document.sections import differentials
from ....expressions.nodes import Entry
from ....expressions.system import cotangent
from ....grading.targets import Sheet
from ....grading.verdicts import Verdict, said
from ....notation.spellings import named_by, partial_key
from ..judging import MOST, formula
from ..kind import Done, Gradable, Item, Kind, Parts, Reply, Solved, Steps, Wanted
from ..marking import usual_errors


def _partials(derivation: Derivation) -> dict[str, Step]:
    """One of the cost is a derivative of the cost."""
    found = {}
    for step in derivation.of("partial"):
        lhs = step.result.lhs
        of_the_cost = lhs.of.key == derivation.system.objective and lhs.by.key in derivation.gradients
        found[cotangent(lhs.by.key) if of_the_cost else partial_key(lhs)] = step
    return found


def _select(targets: Steps, key: str | None, by: str | None) -> Sequence[str]:
    """Of `z`, by `w`."""
    sides = {quantity: step.result.lhs for quantity, step in targets.items() if step is not None}
    return [q for q, lhs in sides.items() if key in (None, lhs.of.key) and by in (None, lhs.by.key)]


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    step = wanted.step
    assert step is not None
    lhs = step.result.lhs
    rows = differentials.partials(context, wanted.about, {})
    found = [r for r in (rows.rows if rows else ()) if r.partial.lhs == lhs]
    solution = Partials(tuple(found)) if found else Lines((context.line(step, {}),))
    held = [Entry.of(h.key) for h in dict.fromkeys(Entry.of(e.key) for e in lhs.held)]
    others = Entry.of(lhs.by.key) if lhs.by.indices else None  # the other entries wait as well
    parts: Parts = [*[("mark_held", {"held": held, "others": others})] * bool(held), ("mark_result", {"what": lhs})]
    return Solved(
        {"of": lhs.of, "by": lhs.by, "held": held},
        (solution, *([Prose("other_entries", {"what": others})] if others else [])),
        parts,
        errors=usual_errors(context, context.derivation, step),
        hint=("partial",),
    )


def held_in(step: Step | None) -> tuple[str, ...]:
    """The keys that are held constant in a partial."""
    assert step is not None
    return tuple(dict.fromkeys(entry.key for entry in step.result.lhs.held if isinstance(entry, Entry)))


def _judge_held(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    """The names of what is held constant, with commas or in a list; that an index or another entry is held is not asked."""
    assert item.step is not None
    wanted, by, written = held_in(item.step), item.step.result.lhs.by.key, reply.written
    and_ = re.escape(sheet.voice.word("and"))
    parts = written if isinstance(written, list | tuple) else re.split(rf"[,;&\n]|\b(?:and|{and_})\b", str(written)[:MOST])
    found: dict[str, str] = {}
    for part in parts[:60]:
        name = _assigned(str(part)[:MOST])
        key = named_by(name, sheet.words) if name else None
        if key is None:
            if not name:
                continue
            return said(sheet.voice, reply.about, "no_names")
        found[key.removeprefix("d ")] = name
    if not found:
        return said(sheet.voice, reply.about, "no_names")
    if by in found:
        return said(sheet.voice, reply.about, "held_moves", name=sheet.words.spelling(by))
    foreign = [key for key in found if key not in wanted]
    if foreign:
        return said(sheet.voice, reply.about, "held_foreign", name=found[foreign[0]][:40])
    return said(sheet.voice, reply.about, "right" if set(found) == set(wanted) else "held_missing")


def _assigned(part: str) -> str:
    """`db = 0` names b, and so does `b`; indices do not matter."""
    return re.sub(r"\[[^\]]*\]", "", part.partition("=")[0]).strip(" .{}\t\r\"'")


HELD = Gradable(name="held", judge=_judge_held, general=lambda d: {key: s for key, s in _partials(d).items() if held_in(s)})


def _items(item: Item, wanted: Wanted, task: Task) -> Sequence[Item]:
    """The points for what is held constant belong to a question of its own."""
    points = sum(m.points for m in task.marks if m.key == "mark_held")
    held = replace(item, id=f"{HELD.name}{item.id.removeprefix(item.kind.name)}", kind=HELD, marks=(points,))
    return replace(item, marks=(sum(item.marks) - points,)), *([held] if held_in(item.step) else [])


KIND = Kind(
    name="partial", targets=_partials, general=_partials, select=_select, solve=_solve, judge=formula, parts=(HELD,), items=_items
)
