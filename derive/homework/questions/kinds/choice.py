"""The right line among lines that are wrong for a reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ....document.context import Context
from ....document.model import Labelled, Line, Prose, Task
from ....expressions.nodes import Entry
from ....expressions.system import cotangent, primal
from ....grading.targets import Sheet
from ....grading.verdicts import Verdict, said
from ....numbers import random_stream
from ..judging import MOST, told_of
from ..kind import Done, Item, Kind, Reply, Solved, Wanted
from ..marking import usual_errors
from ..paths import derivatives
from ..showing import shown

MANY = 20
"""So many usual errors are drawn from."""


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    step = wanted.step
    assert step is not None
    errors = usual_errors(context, context.derivation, step, MANY)
    drawn = random_stream.words("choice", str(seed), wanted.target)
    right = shown(context, step.result)
    wrong = sorted(errors, key=lambda e: next(drawn))[:3]
    rows: list[tuple[int, Line, str]] = [(next(drawn), right, ""), *((next(drawn), e.line, e.rule) for e in wrong if e.line)]
    rows.sort(key=lambda r: r[0])
    letters = [(chr(ord("A") + n), line, rule) for n, (_, line, rule) in enumerate(rows)]
    answer = next(letter for letter, _, rule in letters if not rule)
    about = {"what": Entry.of(wanted.key), "answer": answer, "wrong": [(a, rule) for a, _, rule in letters if rule]}
    return Solved(
        about,
        (Prose("choice_answer", about),),
        [("mark_choice", about)],
        given=(Labelled(tuple((letter, line) for letter, line, _ in letters), boxes=True),),
    )


def _items(item: Item, wanted: Wanted, task: Task) -> Sequence[Item]:
    return (replace(item, right=told_of(task, "choice_answer")),)


def _judge(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    """A letter. A wrong one is a line that is wrong for a reason, and the reason is said."""
    wrong = {str(letter): str(rule) for letter, rule in item.right["wrong"]}
    letters = sorted([item.right["answer"], *wrong])
    found = re.fullmatch(r"[^\w]*([A-Za-z])[^\w]*", str(reply.written)[:MOST])
    letter = found[1].upper() if found else ""
    if letter not in letters:
        return said(sheet.voice, reply.about, "no_letter", letters=", ".join(letters))
    if letter == item.right["answer"]:
        return said(sheet.voice, reply.about, "right")
    return said(sheet.voice, reply.about, "wrong", wrong[letter], words="choice", letter=letter)


KIND = Kind(
    name="choice",
    targets=derivatives,
    quantity=lambda key: cotangent(primal(key)),
    solve=_solve,
    drawn=True,
    space="blank",  # the reasons below it are printed and never written
    items=_items,
    judge=_judge,
)
