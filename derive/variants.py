"""To each student numbers of their own: drawn again until nothing speaks against them and nobody else has them.

What a student gets does not depend on the order of the roster. Most variants do not depend on the others at all: a student's
attempts 0, 1, 2, … follow from the student's seed, and the first that is accepted is taken. Where two want the same numbers, the
one with the smaller seed has them (a serial dictatorship, in the order of the seeds), and the other's next attempt counts. So a
student who comes or goes changes at most those with a larger seed who wanted just these numbers.

For this, of the numbers that are taken only their hashes are in memory; the variants themselves lie on a shelf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from . import worked
from .errors import SpecError
from .lint import Complaint
from .shelf import Shelf
from .spec import Spec
from .steps import Derivation
from .worked import Pass

ATTEMPTS = 60
"""How many variants are drawn for a student before it is said that there are not enough."""

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
) -> Mapping[str, Variant]:
    """A variant for every student of `seeds`, in their order.

    judge: what speaks against a student's numbers (`lint.one`); nothing accepts them. fixed: students whose seed and attempt are
    given, and are taken as they are. Raises SpecError where there are too few different numbers, or none that the judge accepts.
    """
    system = derivation.system
    fixed = fixed or {}
    taken: set[str] = set()
    out: Shelf[Variant] = Shelf()
    for student in sorted(fixed):
        seed, attempt = fixed[student]
        found = worked.draw(spec, derivation, seed, attempt)
        out.put(student, Variant(student, seed, attempt, found))
        taken.add(found.signature(system))
    rejected: Counter[str] = Counter()
    for student in sorted((s for s in seeds if s not in fixed), key=lambda s: (seeds[s], s)):
        variant = _first(spec, derivation, student, seeds[student], judge, taken, rejected, attempts)
        if variant is None:
            raise _refusal(spec, student, taken, rejected, attempts, len({*seeds, *fixed}))
        out.put(student, variant)
        taken.add(variant.found.signature(system))
    out.arrange((*seeds, *(s for s in fixed if s not in seeds)))
    return out


def _first(
    spec: Spec,
    derivation: Derivation,
    student: str,
    seed: int,
    judge: Judge,
    taken: Collection[str],
    rejected: Counter[str],
    attempts: int,
) -> Variant | None:
    """The student's first attempt that is accepted and not taken. `rejected` counts what speaks against the others."""
    system = derivation.system
    rejected.clear()
    for attempt in range(attempts):
        found = worked.draw(spec, derivation, seed, attempt)
        if found.signature(system) in taken:
            rejected[TAKEN] += 1
        elif complaints := judge(student, found):
            rejected.update({f"{c.question}: {c.say}" if c.question else c.say for c in complaints})
        else:
            return Variant(student, seed, attempt, found)
        if all(t.key in found.given for t in system.of_role("input", "target", "parameter")):
            break  # nothing is drawn: another attempt has the same numbers
    return None


def _refusal(spec: Spec, student: str, taken: Collection[str], rejected: Counter[str], attempts: int, needed: int) -> SpecError:
    place = spec.place("values") if spec.values else spec.place("numbers")
    count = f"{len(taken)} variant{'s were' if len(taken) != 1 else ' was'} found, and {needed} are needed"
    if 4 * rejected[TAKEN] >= rejected.total() > 0:
        hint = "leave more of `values` open, or ask for `numbers: decimals` or `fractions`, of which there are more"
        return SpecError(f"there are too few different numbers: {count}", place=place, hint=hint)
    reason = ", ".join(say for say, _ in rejected.most_common(2))
    return SpecError(
        f"no numbers are good enough for {student}: {attempts} variants were drawn and refused, mostly since {reason}",
        place=place,
        hint="give other `values`, ask for another kind of `numbers`, or ask other questions",
    )
