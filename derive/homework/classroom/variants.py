"""To each student numbers of their own: drawn again until nothing speaks against them and nobody else has them.

What a student gets does not depend on the order of the roster. Most variants do not depend on the others at all: a student's
attempts 0, 1, 2, … follow from the student's seed, and the first that is accepted is taken. Where two want the same numbers, the
one with the smaller seed has them (a serial dictatorship, in the order of the seeds), and the other's next attempt counts. So a
student who comes or goes changes at most those with a larger seed who wanted just these numbers.

What speaks against whatever is drawn is no defect of the numbers: a gradient that vanishes in a hundred layers is a property of
the network, an error that scores with the numbers that a spec gives is one of these. It is told and held against nobody. Where a
spec gives all numbers, everybody has them.

For this, of the numbers that are taken only their hashes are in memory; the variants themselves lie on a shelf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ...calculus.steps import Derivation
from ...errors import SpecError
from ...numbers import acceptance, draw
from ...numbers import random_stream as streams
from ...numbers.draw import Pass
from ...spec import Spec
from .disk_mapping import Shelf
from .lint import Complaint

ATTEMPTS = 60
"""How many variants are drawn for a student before it is said that there are not enough."""

PROBES = 8
"""What speaks against each of so many draws speaks against all."""

MOST_TOLD = 3
"""So many reasons are told, and of the others their number."""

TAKEN = "taken"

Judge = Callable[[str, Pass], Sequence[Complaint]]


@dataclass(frozen=True)
class Variant:
    """One student's numbers, and what they were drawn from."""

    student: str
    seed: int
    attempt: int
    found: Pass


def assign(
    spec: Spec,
    derivation: Derivation,
    seeds: Mapping[str, int],
    judge: Judge,
    fixed: Mapping[str, tuple[int, int]] | None = None,
    attempts: int = ATTEMPTS,
    warn: Callable[[str], None] = lambda warning: None,
) -> Mapping[str, Variant]:
    """A variant for every student of `seeds`, in their order.

    judge: what speaks against a student's numbers (`lint.one`); nothing accepts them. fixed: students whose seed and attempt are
    given, and are taken as they are. warn: is told what speaks against whatever numbers there are. Raises SpecError where there
    are too few different numbers, or none that the judge accepts.
    """
    system = derivation.system
    fixed = fixed or {}
    taken: set[str] = set()
    out: Shelf[Variant] = Shelf()
    for student in sorted(fixed):
        seed, attempt = fixed[student]
        found = draw.draw(spec, derivation, seed, attempt)
        out.put(student, Variant(student, seed, attempt, found))
        taken.add(found.signature(system))
    search = _Search(spec, derivation, judge, attempts)
    for student in sorted((s for s in seeds if s not in fixed), key=lambda s: (seeds[s], s)):
        variant = search.first(student, seeds[student], taken)
        if variant is None:
            raise _refusal(spec, student, taken, search.rejected, search.drawn, len({*seeds, *fixed}))
        out.put(student, variant)
        taken.add(variant.found.signature(system))
    out.arrange((*seeds, *(s for s in fixed if s not in seeds)))
    for warning in search.warnings(len({*seeds, *fixed})):
        warn(warning)
    return out


@dataclass
class _Search:
    """The search for numbers, student by student.

    rejected: what spoke against the last student's numbers, and how often. always: the causes that speak against all numbers,
    each in words; None as long as nothing had to be asked. same: nothing is drawn, so that all have the same numbers.
    """

    spec: Spec
    derivation: Derivation
    judge: Judge
    attempts: int
    rejected: Counter[str] = field(default_factory=Counter)
    always: dict[str, str] | None = None
    drawn: int = 0
    same: bool = False

    def first(self, student: str, seed: int, taken: Collection[str]) -> Variant | None:
        """The student's first attempt that is accepted and not taken."""
        system = self.derivation.system
        self.rejected.clear()
        for attempt in range(self.attempts):
            self.drawn = attempt + 1
            found = draw.draw(self.spec, self.derivation, seed, attempt)
            self.same = all(t.key in found.given for t in system.of_role("input", "target", "parameter"))
            if found.signature(system) in taken and not self.same:
                self.rejected[TAKEN] += 1
                continue
            complaints = self.judge(student, found)
            if all(c.cause in self.unavoidable() for c in complaints):
                return Variant(student, seed, attempt, found)
            self.rejected.update({said(c, self.derivation) for c in complaints})
            if self.same:
                break
        return None

    def unavoidable(self) -> Mapping[str, str]:
        """The causes that speak against whatever numbers are drawn, looked for once and only where something was refused."""
        if self.always is None:
            for probe in range(1 if self.same else PROBES):
                found = draw.draw(self.spec, self.derivation, streams.seed("", "", "", f"probe {probe}"))
                causes = {c.cause: said(c, self.derivation) for c in reversed(self.judge("", found)) if c.cause}
                self.always = causes if self.always is None else {c: s for c, s in self.always.items() if c in causes}
                if not self.always:
                    break
        return self.always or {}

    def warnings(self, students: int) -> list[str]:
        """What a teacher should know of the numbers before they are handed out."""
        out = []
        if self.same and students > 1:
            out.append("the spec gives all numbers, so everybody has the same; with some of `values` left out, all get others")
        reasons = list(dict.fromkeys((self.always or {}).values()))
        if reasons:
            more = f"; {len(reasons) - MOST_TOLD} more of this kind" if len(reasons) > MOST_TOLD else ""
            start = "with the numbers given here" if self.same else "whatever numbers are drawn, there is this or the like"
            out.append(f"{start}: {'; '.join(reasons[:MOST_TOLD])}{more}")
        return out


def said(complaint: Complaint, derivation: Derivation) -> str:
    """A complaint in a message, with the question that it is about."""
    return f"{acceptance.name(complaint.question, derivation.system)}: {complaint.say}" if complaint.question else complaint.say


def _refusal(spec: Spec, student: str, taken: Collection[str], rejected: Counter[str], drawn: int, needed: int) -> SpecError:
    place = spec.place("values") if spec.values else spec.place("numbers")
    count = f"{len(taken)} variant{'s were' if len(taken) != 1 else ' was'} found, and {needed} are needed"
    if 4 * rejected[TAKEN] >= rejected.total() > 0:
        hint = "leave more of `values` open, or ask for `numbers: decimals` or `fractions`, of which there are more"
        return SpecError(f"there are too few different numbers: {count}", place=place, hint=hint)
    reason = ", ".join(say for say, _ in rejected.most_common(2))
    tried = f"{drawn} variant{'s were' if drawn != 1 else ' was'} drawn and refused"
    return SpecError(
        f"no numbers are good enough for {student}: {tried}, mostly since {reason}",
        place=place,
        hint="give other `values`, ask for another kind of `numbers`, or ask other questions",
    )
