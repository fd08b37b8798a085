"""The questions of a sheet's homework as whoever judges sees them: what is right for each, how near, and its points.

A question is named as in the answer key (`gradient dC/dW1`), by its number on the sheet, or in any other spelling of what it is
about (`gradient dC/dW.1`). Of a partial derivative there are two: the derivative itself, and `held dz/dw`, what is held constant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from ..document.model import Task
from ..grading.targets import Sheet
from ..notation.spellings import named_by
from ..spec import Spec
from . import sheet as questions
from .questions import asking
from .questions.kind import Gradable, Item
from .questions.kinds import GRADABLE


class HomeworkKey:
    """All questions of the homework of a spec, with the sheet's numbers. seed: of what is drawn besides numbers."""

    def __init__(self, spec: Spec, sheet: Sheet, seed: int = 0, shared: questions.Shared | None = None) -> None:
        self.sheet = sheet
        derivation = sheet.derivation
        variant = questions.Variant(sheet.numbers, seed=seed)
        whole = questions.homework(spec, derivation, (), derivation.asked, variant, shared)
        tasks = [b for section in whole.sections for b in section.blocks if isinstance(b, Task)]
        self.items: dict[str, Item] = {}
        for task, wanted in zip(tasks, asking.wanted(spec, derivation), strict=True):
            marks = tuple(m.points for m in task.marks) or (0,)
            kind, limit = wanted.kind, _tolerance(sheet, wanted.kind, wanted.key)
            item = Item(task.id, task.number, kind, wanted.target, wanted.key, wanted.step, marks, tolerance=limit)
            self.items |= {one.id: one for one in kind.items(item, wanted, task)}

    def find(self, name: str) -> Item | None:
        """The question that a name stands for, on the sheet or about any quantity; None where there is none."""
        plain = " ".join(name.split())
        if plain in self.items:
            return self.items[plain]
        word = re.escape(self.sheet.voice.label("question"))
        number = re.fullmatch(rf"(?:(?:{word}|question|q)\s*)?\(?(\d{{1,3}})[.)]?", plain, re.I)
        if number:
            found = [item for item in self.items.values() if item.number == int(number[1])]
            return found[0] if found else None
        meant = _meant(self.sheet, plain)
        same = [item for item in self.items.values() if (item.kind, item.key) == meant]
        lowered = {item.id.casefold(): item for item in self.items.values()}
        return same[0] if same else general(self.sheet, plain) or lowered.get(plain.casefold())


def near(name: str, sheet: Sheet, ids: Iterable[str]) -> str | None:
    """What was probably meant by a name that nothing has."""
    known = [*ids, *(sheet.words.spelling(key) for key in sheet.words.keys.values())]
    found = difflib.get_close_matches(" ".join(name.split())[:60], known, n=1, cutoff=0.7)
    return found[0] if found else None


def general(sheet: Sheet, name: str) -> Item | None:
    """The question `kind quantity` about any quantity of the sheet: `shape W1`, `held dz/dw`, `gradient dC/dW.1`."""
    kind, key = _meant(sheet, name) or (None, "")
    steps = kind.general(sheet.derivation) if kind is not None else {}
    if kind is None or key not in steps:
        return None
    spelt = sheet.words.spelling(key)
    return Item(f"{kind.name} {spelt}", 0, kind, spelt, key, steps[key], tolerance=_tolerance(sheet, kind, key))


def _tolerance(sheet: Sheet, kind: Gradable, key: str) -> float | None:
    """How near a number has to be: that of a question, as the answer key says, or of any quantity."""
    numbers = sheet.numbers
    if numbers is None or not kind.numeric or (kind.after and not numbers.after):
        return None
    return questions.tolerance(numbers, sheet.by_hand(), key, kind.after)


def _meant(sheet: Sheet, name: str) -> tuple[Gradable, str] | None:
    """The kind and the quantity in `kind quantity`."""
    word, _, target = " ".join(name.split()).partition(" ")
    kind, key = GRADABLE.get(word.lower()), named_by(target, sheet.words)
    return (kind, kind.quantity(key)) if kind is not None and key is not None else None
