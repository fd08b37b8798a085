"""Is a student's answer right, and if not, which usual error explains it?

An answer is named by what it is about (`dC/dW1`), or as a question of the homework (`gradient dC/dW1`, `step W3`, `choice dC/dx`,
or its number on the sheet). How it is judged is a matter of its kind (`questions.kinds`); `key` knows what the homework asks and
how near a number has to be, so that the sheet, its answer key and the judgement follow one rule.

The student's input is untrusted: it is read by `grading.reading`, bounded, and never evaluated as code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..calculus.steps import Derivation, Step
from ..errors import SpecError
from ..grading import judge as judging
from ..grading.targets import Sheet, sheet_of
from ..grading.verdicts import EARNED, Verdict, as_data, line, said, total
from ..numbers import draw
from ..numbers.evaluate import Array
from ..numbers.worked_pass import Pass
from ..spec import Spec
from .key import HomeworkKey, general, near
from .questions.kind import Item, Reply
from .sheet import Shared

__all__ = ["Grader", "Verdict", "as_data", "grade", "judge", "line", "total"]


def judge(
    source: Spec | Derivation,
    target: str | Step,
    answer: Any,
    values: Mapping[str, Array] | None = None,
    tolerance: float | None = None,
    earlier: Sequence[Verdict] = (),
) -> Verdict:
    """The verdict on one answer. Never raises for what a student wrote.

    target: `dC/dW1`, `delta1`, `dz1/dW1`, `dz1`, `a1`, a question such as `shape W1`, or a step of the derivation. answer: a
    formula, a number, nested lists of numbers, or texts of them. values: the numbers of the sheet, by key; without them an answer
    in numbers cannot be judged. tolerance: how far each number may be off, absolutely. earlier: the verdicts on this student's
    other answers.
    """
    return _judge(sheet_of(source, values), target, answer, tolerance, earlier)


def grade(
    source: Spec | Derivation,
    answers: Mapping[str, Any],
    values: Mapping[str, Array] | None = None,
    targets: Mapping[str, str | Step] | None = None,
    tolerances: Mapping[str, float] | None = None,
    language: str | None = None,
) -> tuple[Verdict, ...]:
    """The verdicts on all answers of one student, in their order; what follows from an earlier error is seen.

    targets: what a question is about, where the answers are named otherwise; tolerances: by question as well. A Spec brings its
    own worked numbers and its homework; `Grader` does the same for the numbers of a variant.
    """
    if isinstance(source, Spec) and values is None:
        return Grader(source, language).grade(answers, targets=targets, tolerances=tolerances)
    return _all(sheet_of(source, values, language=language), None, answers, targets or {}, tolerances or {})


class Grader:
    """All that the answers of a class to one spec are judged by: derived once, with the numbers of each variant.

    language: of what is said, instead of the spec's. Raises SpecError where the homework cannot be asked or the language has no
    words.
    """

    def __init__(self, spec: Spec, language: str | None = None) -> None:
        self.spec = spec
        self.language = language
        self.first = sheet_of(spec, language=language)
        self.voice = self.first.voice
        self._shared = Shared()
        self._sheet = lru_cache(maxsize=2)(self._with_numbers)  # one student's, as a rule; not those of the whole class
        self._key = lru_cache(maxsize=2)(self._with_key)

    def grade(
        self,
        answers: Mapping[str, Any],
        variant: tuple[int, int] | None = None,
        whole: bool = False,
        targets: Mapping[str, str | Step] | None = None,
        tolerances: Mapping[str, float] | None = None,
    ) -> tuple[Verdict, ...]:
        """The verdicts on one student's answers, in their order.

        variant: seed and attempt of the student's numbers; without it those of the sheet itself. whole: the answers are all that
        was handed in, so that a question of the homework without one is listed at the end; where no answer names a question of
        the homework, nothing is.
        """
        sheet = self._sheet(variant)
        named = [name for name in answers if name not in (targets or {})]
        needed = whole or any(sheet.question(name) is None for name in named)
        key = self._key(variant) if needed else None
        found = _all(sheet, key, answers, targets or {}, tolerances or {})
        return (*found, *_unanswered(key, answers, found)) if key is not None and whole else found

    def _numbers(self, variant: tuple[int, int] | None) -> Pass | None:
        if variant is None:
            return draw.work(self.spec, self.first.derivation)
        return draw.draw(self.spec, self.first.derivation, *variant)

    def _with_numbers(self, variant: tuple[int, int] | None) -> Sheet:
        return self.first.with_numbers(self._numbers(variant))

    def _with_key(self, variant: tuple[int, int] | None) -> HomeworkKey:
        return HomeworkKey(self.spec, self._sheet(variant), variant[0] if variant else 0, self._shared)


# --- all answers of a student -------------------------------------------------------------------------------------------------


def _all(
    sheet: Sheet,
    key: HomeworkKey | None,
    answers: Mapping[str, Any],
    targets: Mapping[str, str | Step],
    tolerances: Mapping[str, float],
) -> tuple[Verdict, ...]:
    """In the order of the derivation, so that what follows from an earlier answer is seen; given back in the student's order."""
    items = {name: _item_of(sheet, key, name) for name in answers if name not in targets}
    seen: dict[str, str] = {}
    for name, item in items.items():
        if item is not None and seen.setdefault(item.id, name) != name:
            both = f"`{seen[item.id][:60]}` and `{name[:60]}`"
            raise SpecError(f"{both} are answers to the same question", hint="keep one of the two")
    order = [*sheet.derivation.system.defines(), *(f"bar {k}" for k in sheet.derivation.gradients)]

    def rank(name: str) -> tuple[int, int]:
        item = items.get(name)
        if item is not None and item.kind.after:
            return 1, 0
        question = sheet.question(targets.get(name, name)) if item is None else None
        about = item.key if item is not None else question.key if question is not None else ""
        return 0, order.index(about) if about in order else -1

    judged: dict[str, Verdict] = {}
    for name in sorted(answers, key=rank):
        earlier, limit, item = tuple(judged.values()), tolerances.get(name), items.get(name)
        if item is None:
            judged[name] = _judge(sheet, targets.get(name, name), answers[name], limit, earlier, name, key)
        else:
            judged[name] = _answered(sheet, item, answers[name], limit, earlier, name)
    return tuple(judged[name] for name in answers)


def _item_of(sheet: Sheet, key: HomeworkKey | None, name: str) -> Item | None:
    """The question of the homework that a name means; None where it names a quantity, or nothing."""
    if sheet.question(name) is not None:
        return None
    return key.find(name) if key is not None else general(sheet, name)


def _unanswered(key: HomeworkKey, answers: Mapping[str, Any], found: Sequence[Verdict]) -> tuple[Verdict, ...]:
    answered = {item.id for item in (_item_of(key.sheet, key, name) for name in answers) if item is not None and item.number}
    if not answered:
        return ()
    missing = (item for item in key.items.values() if item.id not in answered)
    return tuple(_with_points(item, said(key.sheet.voice, Verdict(item.id), "empty", words="missing")) for item in missing)


# --- one answer ---------------------------------------------------------------------------------------------------------------


def _judge(
    sheet: Sheet,
    target: str | Step,
    answer: Any,
    tolerance: float | None,
    earlier: Sequence[Verdict],
    name: str | None = None,
    key: HomeworkKey | None = None,
) -> Verdict:
    """An answer about a quantity, whether the homework asks for it or not."""
    asked = sheet.question(target)
    label = name or (target if isinstance(target, str) else asked.name if asked else "")
    item = general(sheet, target) if asked is None and isinstance(target, str) else None
    if item is not None:
        return _answered(sheet, item, answer, tolerance, earlier, label)
    about, written = _about(label, answer)
    if asked is None:
        guess = near(label, sheet, key.items if key is not None else ())
        if guess is None:
            return said(sheet.voice, about, "no_such_question", target=label[:60])
        return said(sheet.voice, about, "no_such_question", words="misspelt", target=label[:60], near=guess)
    if _is_empty(written):
        return said(sheet.voice, replace(about, key=asked.key, answer=""), "empty")
    return judging.judged(sheet, asked, about, written, tolerance, earlier)


def _answered(sheet: Sheet, item: Item, answer: Any, tolerance: float | None, earlier: Sequence[Verdict], label: str) -> Verdict:
    about, written = _about(label, answer)
    if _is_empty(written):
        return _with_points(item, said(sheet.voice, replace(about, answer=""), "empty"))
    limit = item.tolerance if tolerance is None else tolerance
    return _with_points(item, item.kind.judge(sheet, item, Reply(about, written, limit, earlier)))


def _with_points(item: Item, verdict: Verdict) -> Verdict:
    """The verdict with what it earns: all points, or none, unless a part of them is there already."""
    if item.points is None:
        return replace(verdict, points=None, out_of=None)
    earned = item.points if verdict.kind in EARNED else verdict.points or 0
    return replace(verdict, points=None if verdict.kind == "in_words" else earned, out_of=item.points)


def _about(label: str, answer: Any) -> tuple[Verdict, Any]:
    written = answer.strip() if isinstance(answer, str) else answer
    return Verdict(label[:200], answer=_shown(written)), written


def _shown(written: Any) -> str:
    if isinstance(written, Mapping):
        return "; ".join(f"{k}: {v}" if str(k) else str(v) for k, v in list(written.items())[:40])[:200]
    return str(written)[:200]


def _is_empty(written: Any) -> bool:
    if isinstance(written, Mapping):
        return all(_is_empty(v) for v in written.values())
    return written is None or (isinstance(written, str) and not written.strip()) or (isinstance(written, list) and not written)
