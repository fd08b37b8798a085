"""The questions of a sheet's homework as whoever judges sees them: what is right for each, how near, and its points.

A question is named as in the answer key (`gradient dC/dW1`), by its number on the sheet, or in any other spelling of what it is
about (`gradient dC/dW.1`). Of a partial derivative there are two: the derivative itself, and `held dz/dw`, what is held constant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..calculus.steps import Step
from ..document.model import Task
from ..expressions.nodes import Entry
from ..expressions.system import cotangent, is_cotangent, primal
from ..grading.targets import Sheet
from ..notation.spellings import named_by, partial_key
from ..spec import Spec
from ..spec.homework import KINDS
from . import sheet as questions
from .questions import asking

HELD = "held"
GENERAL = ("differential", "partial", HELD, "gradient", "value", "shape", "step")
"""Kinds that can be judged of any quantity, whether the homework asks for it or not."""


@dataclass(frozen=True)
class Item:
    """A question: its id, its number on the sheet (0: it is not on it), its kind and what it is about.

    key: the quantity: of a tensor, `bar key`, `d key` or `partial z w`. step: what holds the answer, where it is a line. marks:
    the points of its parts. right: what is right, where it is neither a formula nor a number. tolerance: of each number.
    """

    id: str
    number: int
    kind: str
    target: str
    key: str
    step: Step | None = None
    marks: tuple[int, ...] = ()
    right: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float | None = None

    @property
    def points(self) -> int | None:
        return sum(self.marks) if self.number else None


class HomeworkKey:
    """All questions of the homework of a spec, with the sheet's numbers. seed: of what is drawn besides numbers."""

    def __init__(self, spec: Spec, sheet: Sheet, seed: int = 0, shared: questions.Shared | None = None) -> None:
        self.sheet = sheet
        derivation = sheet.derivation
        variant = questions.Variant(sheet.numbers, seed=seed)
        whole = questions.homework(spec, derivation, (), derivation.asked, variant, shared)
        tasks = [b for section in whole.sections for b in section.blocks if isinstance(b, Task)]
        keys = iter(questions.keys(spec, derivation, sheet.numbers) if sheet.numbers is not None else ())
        self.items: dict[str, Item] = {}
        for task, wanted in zip(tasks, asking.wanted(spec, derivation), strict=True):
            item = _item(sheet, task, wanted)
            if item.kind in ("value", "step"):
                item = replace(item, tolerance=next(keys).tolerance)
            for one in _parts(item, task):
                self.items[one.id] = one

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
        other = general(self.sheet, plain)
        if other is not None:
            same = [item for item in self.items.values() if (item.kind, item.key) == (other.kind, other.key)]
            return same[0] if same else other
        lowered = {item.id.casefold(): item for item in self.items.values()}
        if plain.casefold() in lowered:
            return lowered[plain.casefold()]
        kind, _, target = plain.partition(" ")
        key = named_by(target, self.sheet.words) if kind.lower() in KINDS else None
        same = [i for i in self.items.values() if i.kind == kind.lower() and key is not None and _about(i.key) == _about(key)]
        return same[0] if same else None


def near(name: str, sheet: Sheet, ids: Iterable[str]) -> str | None:
    """What was probably meant by a name that nothing has."""
    known = [*ids, *(sheet.words.spelling(key) for key in sheet.words.keys.values())]
    found = difflib.get_close_matches(" ".join(name.split())[:60], known, n=1, cutoff=0.7)
    return found[0] if found else None


def general(sheet: Sheet, name: str) -> Item | None:
    """The question `kind quantity` about any quantity of the sheet: `shape W1`, `held dz/dw`, `gradient dC/dW.1`."""
    kind, _, target = " ".join(name.split()).partition(" ")
    kind = kind.lower()
    key = named_by(target, sheet.words) if target else None
    if kind not in GENERAL or key is None:
        return None
    derivation = sheet.derivation
    tensor = primal(key)
    spelt = sheet.words.spelling(key)
    if kind in ("partial", HELD):
        steps = [s for s in derivation.of("partial") if key in _keys_of(s, derivation.system.objective)]
        item = Item(f"{kind} {spelt}", 0, kind, spelt, key, steps[-1] if steps else None)
        right = _held(item) if steps else {}
        return replace(item, right=right) if steps and (right or kind == "partial") else None
    if kind in ("gradient", "shape", "step"):
        if tensor not in (derivation.parameter_gradients if kind == "step" else derivation.gradients):
            return None
        key = cotangent(tensor) if kind == "gradient" else tensor
    elif kind == "differential":
        key = f"d {key.removeprefix('d ')}"
        if not derivation.of("differential", key.removeprefix("d ")):
            return None
    elif key not in derivation.system.tensors and not is_cotangent(key):
        return None
    spelt = sheet.words.spelling(key)
    asked = sheet.question(spelt)
    item = Item(f"{kind} {spelt}", 0, kind, spelt, key, asked.step if asked else None)
    if kind == "step" and sheet.numbers is not None and sheet.numbers.after:
        return replace(item, tolerance=questions.tolerance(sheet.numbers, sheet.by_hand(), tensor, after=True))
    return item


def _keys_of(step: Step, objective: str | None) -> tuple[str, ...]:
    """The keys by which a partial may be asked for; one of the cost is a cotangent, too."""
    lhs = step.result.lhs
    return (partial_key(lhs), *((cotangent(lhs.by.key),) if lhs.of.key == objective else ()))


def _item(sheet: Sheet, task: Task, wanted: asking.Wanted) -> Item:
    key = wanted.key
    if wanted.kind in ("differential", "partial"):
        key = named_by(wanted.target, sheet.words) or ""
    elif wanted.kind in ("gradient", "find_error"):
        key = cotangent(wanted.key)
    step = wanted.step if wanted.kind not in ("value", "shape", "step") else None
    item = Item(task.id, task.number, wanted.kind, wanted.target, key, step, tuple(m.points for m in task.marks) or (0,))
    if wanted.kind == "ask":
        return replace(item, right={"answer": wanted.ask.answer, "words": wanted.ask.solution})
    if wanted.kind == "choice":
        return replace(item, right=_about_of(task, "choice_answer"))
    if wanted.kind == "find_error":
        about = _about_of(task, "error_answer")
        return replace(item, right=about, step=sheet.derivation.of("gradient", str(about["key"]))[-1])
    return item


def _about_of(task: Task, key: str) -> Mapping[str, Any]:
    """What the solution speaks of."""
    return next(block.about for block in task.solution if getattr(block, "key", None) == key)


def _parts(item: Item, task: Task) -> Iterable[Item]:
    """A partial derivative is two questions: the points for what is held constant belong to the other one."""
    if item.kind != "partial":
        yield item
        return
    held = sum(m.points for m in task.marks if m.key == "mark_held")
    yield replace(item, marks=(sum(item.marks) - held,))
    if _held(item):
        yield replace(item, id=item.id.replace("partial ", f"{HELD} ", 1), kind=HELD, marks=(held,), right=_held(item))


def _held(item: Item) -> Mapping[str, Any]:
    """The keys that are held constant in a partial, and the one that moves."""
    assert item.step is not None
    lhs = item.step.result.lhs
    held = dict.fromkeys(entry.key for entry in lhs.held if isinstance(entry, Entry))
    return {"held": tuple(held), "by": lhs.by.key} if held else {}


def _about(key: str) -> str:
    return primal(key).removeprefix("d ")
