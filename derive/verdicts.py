"""What is said of an answer: a kind, the usual error that explains it, and words for the student from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .catalogue import malrules, verdicts
from .evaluate import Array


@dataclass(frozen=True)
class Verdict:
    """What is said of one answer.

    kind: a key of verdicts.yaml. rule: the mal-rule that explains a wrong answer, a key of malrules.yaml, or None.
    feedback: what to say to the student. where: the quantity at which the error was made, where it is not the one asked for.
    column: the place in the answer that cannot be understood, counted from 1. how: numbers, points or symbols.
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
    key: str = field(default="", repr=False)
    found: Mapping[str, tuple[Array, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the answer is right."""
        return self.kind in ("right", "equivalent")

    @property
    def title(self) -> str:
        return verdicts()[self.kind].title


def said(about: Verdict, kind: str, rule: str | None = None, where: str = "", column: int | None = None, **words: str) -> Verdict:
    """The verdict of a kind on the answer `about`; `words` are put into what is said."""
    if rule is not None:
        words |= {"error": malrules()[rule].title, "advice": malrules()[rule].say}
    feedback = verdicts()[kind].say.format(where=where, **words)
    return replace(about, kind=kind, rule=rule, where=where, column=column, feedback=feedback)


def line(verdict: Verdict) -> str:
    """A verdict in one line."""
    place = f" [{verdict.column}]" if verdict.column is not None else ""
    return f"{verdict.target}: {verdict.title}{place}{': ' if verdict.feedback else ''}{verdict.feedback}"


def as_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict for machines."""
    return {
        "question": verdict.target,
        "answer": verdict.answer,
        "verdict": verdict.kind,
        "right": verdict.ok,
        "rule": verdict.rule,
        "where": verdict.where or None,
        "column": verdict.column,
        "feedback": verdict.feedback,
        "compared": verdict.how or None,
    }
