"""All gradient lines down to a parameter, one of them wrong by a mal-rule: which, and how should it read?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .... import mistakes
from ....calculus.steps import Derivation, Step
from ....document.context import Context
from ....document.model import Labelled, Lines, Prose, Task
from ....errors import SpecError
from ....expressions.nodes import Entry
from ....expressions.system import cotangent, primal
from ....grading.targets import Sheet
from ....grading.verdicts import Verdict, said
from ....numbers import random_stream
from ..judging import formula, told_of
from ..kind import Done, Item, Kind, Reply, Solved, Steps, Wanted
from ..paths import derivatives, lines_down, of_parameters, way_down
from ..showing import shown


def _down_to(derivation: Derivation) -> Steps:
    """Parameters; where there are none, whatever has a derivative that is not given."""
    found = {cotangent(k): s for k, s in of_parameters(derivation).items()} or derivatives(derivation)
    return {k: s for k, s in found.items() if s.rules}


def _shows(derivation: Derivation, wanted: Wanted) -> Sequence[Step]:
    above = [s for key in way_down(derivation, wanted.about) for s in derivation.of("gradient", key)]
    return (wanted.step, *above) if wanted.step is not None else above


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    derivation = context.derivation
    steps = lines_down(derivation, wanted.about, done.gradients)
    found = [(n, m) for n, s in enumerate(steps) for m in mistakes.mistakes(derivation, s)]
    if wanted.ask.mistake is not None:
        found = [(n, m) for n, m in found if m.rule == wanted.ask.mistake]
    if not found:
        rules = sorted({m.rule for s in steps for m in mistakes.mistakes(derivation, s)})
        raise SpecError(
            f"the mal-rule `{wanted.ask.mistake or 'any'}` changes no line of this derivation",
            place=context.spec.place("homework", "questions", wanted.place),
            hint=f"these do: {', '.join(rules)}" if rules else "",
        )
    at, chosen = found[next(random_stream.words("find_error", str(seed), wanted.target)) % len(found)]
    rows = [shown(context, chosen.wrong if n == at else s.result) for n, s in enumerate(steps)]
    line = {"line": at + 1, "key": steps[at].about, "count": len(steps)}
    about = {"what": Entry.of(wanted.key), "rule": chosen.rule, **line}
    reasons = (Prose("error_reason"),) * 2
    return Solved(
        about,
        (Prose("error_answer", about), Lines((shown(context, steps[at].result),)), Prose("error_reason", about)),
        [("mark_found", about), ("mark_corrected", about)],
        given=(Labelled(tuple((f"({n + 1})", row) for n, row in enumerate(rows))),),
        others=tuple((Prose("error_answer"), Lines((shown(context, s.result),)), *reasons) for s in steps),
    )


def _items(item: Item, wanted: Wanted, task: Task) -> Sequence[Item]:
    return (replace(item, right=told_of(task, "error_answer")),)


def _judge(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    """The number of the wrong line and how it should read: `2: dC/dw = …`, or a mapping of `line` and `correction`."""
    line, correction = _line_of(sheet, reply.written)
    about, right, count = reply.about, int(item.right["line"]), item.right["count"]
    alone = count == 1
    if line is None and not (alone and correction):
        return said(sheet.voice, about, "no_line", name=sheet.words.spelling(item.key))
    if line is not None and line != right:
        if not 1 <= line <= count:
            return said(sheet.voice, about, "no_line", name=sheet.words.spelling(item.key))
        return said(sheet.voice, about, "line_is_right", line=line)
    seen = item.marks[0] if len(item.marks) > 1 and not alone else 0
    if not correction:
        return replace(said(sheet.voice, about, "line_found", line=right), points=seen)
    step = sheet.derivation.of("gradient", item.right["key"])[-1]
    verdict = formula(sheet, replace(item, step=step), Reply(about, correction, None, ()))
    if verdict.ok:
        return said(sheet.voice, about, "right")
    if verdict.kind == "not_understood":
        return replace(verdict, points=seen)
    advice = verdict.feedback if verdict.rule or verdict.kind == "shape" else ""
    found = said(sheet.voice, about, "correction_wrong", line=right)
    return replace(found, rule=verdict.rule, points=seen, feedback=f"{found.feedback} {advice}".rstrip())


def _line_of(sheet: Sheet, written: Any) -> tuple[int | None, str]:
    if isinstance(written, Mapping):
        cells = {str(k).strip().casefold(): v for k, v in written.items()}
        number = next((cells[name] for name in ("line", sheet.voice.word("line"), "1") if name in cells), None)
        rest = next((v for name, v in cells.items() if name in ("correction", "2", sheet.voice.word("correction"))), "")
        found = re.fullmatch(r"\(?(\d{1,3})\)?", str(number).strip())
        return (int(found[1]) if found else None), "" if rest is None else str(rest).strip()
    text = str(written).strip()
    word = re.escape(sheet.voice.word("line"))
    found = re.match(rf"(?:(?:line|{word})\s*)?\(?(\d{{1,3}})\)?(?:\s*[:;,.]\s*|\s+|$)", text, re.I)
    if found:
        return int(found[1]), text[found.end() :].strip()
    return None, text if "=" in text else ""


KIND = Kind(
    name="find_error",
    targets=_down_to,
    quantity=lambda key: cotangent(primal(key)),
    solve=_solve,
    drawn=True,
    shows=_shows,
    items=_items,
    judge=_judge,
)
