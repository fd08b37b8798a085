"""What is said of an answer: a kind, the usual error that explains it, and words for the student in the language of the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..network.catalogue import malrules, verdicts
from ..numbers.evaluate import Array
from ..spec.languages import ENGLISH
from ..writers.words import Words

RIGHT = ("right", "equivalent")
EARNED = (*RIGHT, "follows")
"""Kinds of answers that earn all their points: what follows correctly from an earlier error does."""


class Voice:
    """The words of a language for what is said here: of the catalogue, and of the table `grading` of `templates/words`."""

    def __init__(self, language: str = ENGLISH, own: Path | None = None) -> None:
        self._words = Words(language, own, {})

    def verdict(self, kind: str) -> tuple[str, str]:
        """What stands in front, and the sentence."""
        return self._record("verdicts", kind, verdicts()[kind])

    def malrule(self, rule: str) -> tuple[str, str]:
        """What a usual error is called, and the advice."""
        return self._record("malrules", rule, malrules()[rule])

    def _record(self, group: str, key: str, record: Any) -> tuple[str, str]:
        title, say = (self._words.record(group, key, part, getattr(record, part)) for part in ("title", "say"))
        return title, say

    def word(self, key: str, **put_in: Any) -> str:
        """A row of the table `grading`."""
        return str(self._words.find("grading", (key,))).format(**put_in)

    def label(self, key: str) -> str:
        """A label of the sheet itself."""
        return str(self._words.find("label", (key,)))


@lru_cache(maxsize=8)
def voice(language: str = ENGLISH, own: Path | None = None) -> Voice:
    """The voice of a language; `own` is a teacher's folder of templates. Raises SpecError where the language has no words."""
    return Voice(language, own)


@dataclass(frozen=True)
class Verdict:
    """What is said of one answer.

    kind: a key of verdicts.yaml, and title what it is called. rule: the mal-rule that explains a wrong answer, a key of
    malrules.yaml, or None. feedback: what to say to the student. where: the quantity at which the error was made, where it is not
    the one asked for. column: the place in the answer that cannot be understood, counted from 1. how: numbers, points or symbols.
    points, out_of: what it earns of what, where the question stands on the sheet; points is None where a person has to say.
    entries: of an answer given number by number, which of them are right. place: file and line that the answer stands in.
    key, found: for going on: what was asked for, and the answer's own values at the random points and at the sheet's numbers.
    """

    target: str
    kind: str = "empty"
    rule: str | None = None
    feedback: str = ""
    where: str = ""
    column: int | None = None
    how: str = ""
    answer: str = ""
    title: str = ""
    points: int | None = None
    out_of: int | None = None
    entries: Mapping[str, bool] = field(default_factory=dict)
    place: str = ""
    student: str = ""
    key: str = field(default="", repr=False)
    found: Mapping[str, tuple[Array, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the answer is right."""
        return self.kind in RIGHT


def said(
    voice: Voice,
    about: Verdict,
    kind: str,
    rule: str | None = None,
    where: str = "",
    column: int | None = None,
    words: str | None = None,
    **put_in: Any,
) -> Verdict:
    """The verdict of a kind on the answer `about`, said as the record `words` says it, else that of the kind."""
    if rule is not None:
        error, advice = voice.malrule(rule)
        put_in |= {"error": error, "advice": advice}
    title, say = voice.verdict(words or kind)
    feedback = say.format(where=where, **put_in)
    return replace(about, kind=kind, rule=rule, where=where, column=column, title=title, feedback=feedback)


def line(verdict: Verdict) -> str:
    """A verdict in one line."""
    inside = "" if verdict.column is None else f" [{verdict.column}]"
    points = f" ({'?' if verdict.points is None else verdict.points}/{verdict.out_of})" if verdict.out_of is not None else ""
    place = f"{verdict.place}: " if verdict.place and verdict.title and verdict.kind in UNREAD else ""
    feedback = f": {verdict.feedback}" if verdict.feedback else ""
    return f"{place}{verdict.target}: {verdict.title}{inside}{points}{feedback}"


UNREAD = (
    "no_value",
    "not_understood",
    "no_such_question",
    "no_such_entry",
    "no_letter",
    "no_shape",
    "no_names",
    "no_line",
    "number_wanted",
)
"""Kinds of answers that could not be judged: there the place in the file is said."""


def total(voice: Voice, found: tuple[Verdict, ...]) -> str:
    """The sum of the points in one line; nothing where no question has points."""
    asked = [v for v in found if v.out_of is not None]
    if not asked:
        return ""
    earned = sum(v.points or 0 for v in asked)
    out = voice.word("points", earned=earned, total=sum(v.out_of or 0 for v in asked))
    waiting = sum(v.out_of or 0 for v in asked if v.points is None)
    return f"{out}; {voice.word('open', count=waiting)}" if waiting else out


def as_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict for machines."""
    return {
        "student": verdict.student or None,
        "question": verdict.target,
        "answer": verdict.answer,
        "verdict": verdict.kind,
        "right": verdict.ok,
        "points": verdict.points,
        "out_of": verdict.out_of,
        "rule": verdict.rule,
        "where": verdict.where or None,
        "column": verdict.column,
        "entries": dict(verdict.entries) or None,
        "place": verdict.place or None,
        "feedback": verdict.feedback,
        "compared": verdict.how or None,
    }
