"""An answer that is a formula or numbers, compared with a line of the derivation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...document.model import Task
from ...grading.judge import judged
from ...grading.targets import Question, Sheet
from ...grading.verdicts import Verdict
from .kind import Item, Reply

MOST = 200
"""An answer that is neither formula nor number is not longer."""


def asked(sheet: Sheet, item: Item) -> Question:
    """What the answer is to be compared with."""
    found = sheet.question(item.step if item.step is not None else item.target)
    assert found is not None
    return found


def formula(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    return judged(sheet, asked(sheet, item), reply.about, reply.written, reply.tolerance, reply.earlier)


def told_of(task: Task, key: str) -> Mapping[str, Any]:
    """What a text of the solution speaks of."""
    return next(block.about for block in task.solution if getattr(block, "key", None) == key)
