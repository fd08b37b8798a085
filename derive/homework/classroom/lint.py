"""The linter of variants: it refuses numbers with which a wrong answer would count as right, or a right one as wrong.

It reads numbers only. What was asked, and what a usual error would give, comes as arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...calculus.steps import Derivation
from ...network.catalogue import malrules
from ...numbers import acceptance, draw
from ...numbers.draw import Pass
from ...numbers.evaluate import Array

APART = 3.0
"""A wrong answer must be further from the right one than this many tolerances."""

SAME = 1e-9


@dataclass(frozen=True)
class Answer:
    """The right answer to a question, and how far from it an answer may be in any of its numbers.

    by_hand: the answer that comes out for someone who goes on with rounded numbers (`draw.by_hand`).
    """

    value: Array
    tolerance: float
    by_hand: Array | None = None


@dataclass(frozen=True)
class Complaint:
    """Why a student's variant is refused.

    what: duplicate, degenerate, near (a usual error scores), swapped (the answer to another question scores), or rounding (honest
    rounding fails). question: its id, or nothing where the whole variant is meant. cause: equal for complaints about
    other numbers that have the same reason; nothing where a sheet cannot be made with such numbers at all.
    """

    student: str
    question: str
    what: str
    say: str
    cause: str = ""


Answers = Mapping[str, Answer]
Wrong = Mapping[str, Mapping[str, Array]]
Alike = frozenset[tuple[str, str]]


def lint(
    derivation: Derivation,
    passes: Mapping[str, Pass],
    answers: Mapping[str, Answers],
    wrong: Mapping[str, Wrong],
    alike: Collection[tuple[str, str]] = (),
) -> tuple[Complaint, ...]:
    """Everything that speaks against the variants of all students, by student. `alike`: see the function of that name."""
    found = [
        complaint
        for student, numbers in passes.items()
        for complaint in one(derivation, student, numbers, answers.get(student, {}), wrong.get(student, {}), alike)
    ]
    return (*duplicates(derivation, passes), *found)


def duplicates(derivation: Derivation, passes: Mapping[str, Pass]) -> tuple[Complaint, ...]:
    """The students who would get the numbers of another one."""
    by_numbers: dict[str, list[str]] = defaultdict(list)
    for student in sorted(passes):
        by_numbers[passes[student].signature(derivation.system)].append(student)
    return tuple(
        Complaint(student, "", "duplicate", f"has the same numbers as {same[0]}")
        for same in by_numbers.values()
        for student in same[1:]
    )


def one(
    derivation: Derivation,
    student: str,
    numbers: Pass,
    answers: Answers,
    wrong: Wrong,
    alike: Collection[tuple[str, str]] | Callable[[], Collection[tuple[str, str]]] = (),
) -> tuple[Complaint, ...]:
    """Everything that speaks against one student's variant, whatever the others have.

    alike: the pairs that are equal by the formulas, or what finds them: it is asked only where two answers are equal, so that it
    may well look at passes near this very variant, whose units are on and off as they are here.
    """
    out = [
        Complaint(student, "", "degenerate", fault.say, f"degenerate {fault.kind}")
        for fault in draw.degenerate(derivation, numbers)
    ]
    found = [
        (q, other, Complaint(student, q, what, say, "" if what == "degenerate" else f"{what} {q} {other}"))
        for q, other, what, say in _about(derivation, answers, wrong)
    ]
    if any(other for _, other, _ in found):
        known = frozenset(alike() if callable(alike) else alike)
        found = [f for f in found if not f[1] or not {(f[0], f[1]), (f[1], f[0])} & known]
    return tuple(out + [complaint for _, _, complaint in found])


def _about(derivation: Derivation, answers: Answers, wrong: Wrong) -> Iterator[tuple[str, str, str, str]]:
    """What is wrong with the answers: question, the question or error that it is mistaken for, what, and in words."""
    for question, answer in answers.items():
        value = _numbers(answer.value)
        if not (np.all(np.isfinite(value)) and 0 < answer.tolerance < np.inf):
            yield question, "", "degenerate", "the answer or its tolerance is not a number"
            continue
        if answer.by_hand is not None and not accepted(answer, answer.by_hand):
            yield question, "", "rounding", f"with rounded numbers one is off by {_off(answer, answer.by_hand):.2g}"
        for rule, other in wrong.get(question, {}).items():
            if accepted(answer, other, APART):
                error = f"the error “{_error(rule)}”"
                yield question, rule, "near", f"{error} {_distance(answer, other)} (tolerance {answer.tolerance:.2g})"
    for first, second in combinations(answers, 2):
        for asked, given in ((first, second), (second, first)):
            if accepted(answers[asked], answers[given].value, APART):
                known = f"the answer to `{acceptance.name(given, derivation.system)}`"
                yield asked, given, "swapped", f"{known} {_distance(answers[asked], answers[given].value)}"
                break


def _error(rule: str) -> str:
    """What a usual error is called: the title of its mal-rule; the same one may change a line in several places, `rule 2`."""
    record = malrules().get(rule.split(" ")[0])
    return record.title if record else rule


def accepted(answer: Answer, given: Array, tolerances: float = 1.0) -> bool:
    """Whether an array scores as the answer: of its shape, and within so many tolerances in each of its numbers.

    A single number and a vector with one entry have the same shape here, since on paper they are the same.
    """
    value, found = _numbers(answer.value), _numbers(given)
    if value.shape != found.shape and not value.size == found.size == 1:
        return False
    return bool(np.all(np.abs(value.ravel() - found.ravel()) <= tolerances * answer.tolerance))  # nan is not


def _distance(answer: Answer, given: Array) -> str:
    off = _off(answer, given)
    return f"is only {off:.2g} off" if off > SAME else "comes to the same"


def _off(answer: Answer, given: Array) -> float:
    return float(np.max(np.abs(_numbers(answer.value).ravel() - _numbers(given).ravel())))


def _numbers(values: Array) -> Array:
    return np.asarray(values, dtype=float)


def alike(answers: Sequence[Answers], wrong: Sequence[Wrong] = ()) -> Alike:
    """The pairs that are equal by the formulas and not by chance: two questions, or a question and an error that changes nothing.

    answers, wrong: at several passes, whose numbers are a little moved (`draw.nearby`). ∂C/∂b is δ in each of them; ∂C/∂w is
    ∂C/∂b where a happens to be 1, and is no longer when a moves.
    """
    if not answers:
        return frozenset()
    pairs = [p for p in combinations(answers[0], 2) if all(_equal(at[p[0]].value, at[p[1]].value) for at in answers)]
    if wrong:
        pairs += [
            (question, rule)
            for question, rules in wrong[0].items()
            for rule in rules
            if all(
                rule in w.get(question, {}) and _equal(a[question].value, w[question][rule])
                for a, w in zip(answers, wrong, strict=True)
            )
        ]
    return frozenset(pairs)


def _equal(one: Array, other: Array) -> bool:
    left, right = _numbers(one), _numbers(other)
    if left.shape != right.shape and not left.size == right.size == 1:
        return False
    scale = max(float(np.max(np.abs(left), initial=0.0)), float(np.max(np.abs(right), initial=0.0)))
    return bool(np.all(np.abs(left.ravel() - right.ravel()) <= SAME * scale))
