"""A whole class: numbers of their own for every student, homework and solutions as PDF, the answer key, and a manifest.

    NAME/homework/ID.pdf     NAME/solutions/ID.pdf
    NAME/homework.pdf        NAME/solutions.pdf       all of them, for the printer
    NAME/answers.csv         NAME/answers.json        every number that is asked for, with its tolerance
    NAME/manifest.json                                who has what: seed, pages, hash of each file

The network is differentiated and checked once; a student's sheet has other numbers, another hidden error and another order of
answers. What is there already and was made from the same text is not made again, so an interrupted run goes on where it was.

Memory does not grow with the class: numbers lie on a shelf, what is done in the journal, both on disk; sheets are written as far
ahead as TeX has work; and the files for all are put together piece by piece. Of a student, a few names and places are in memory.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ... import typeset
from ...calculus.steps import Derivation
from ...checks import verify
from ...document import compose, pipeline
from ...document.model import Edition
from ...errors import DeriveError
from ...numbers import draw as worked
from ...numbers import random_stream
from ...numbers.draw import Pass
from ...spec import Spec
from ...spec.theme import look
from ...typeset import Job, Result, writing_whole
from ...typeset.output import make_folder, sweep
from ...typeset.pdf.merge import joined
from ...writers.latex import writer
from .. import sheet as questions
from ..sheet import Key
from . import lint, roster, variants
from .key_files import Answers, write_answers, write_object
from .progress_journal import Done, Journal, file_hash
from .roster import Student
from .variants import Variant

EDITIONS: tuple[Edition, ...] = ("homework", "solutions")

PATTERNS = 256
"""For so many patterns of units that are on or off it is remembered which answers are equal by the formulas."""

Say = Callable[[DeriveError | str], None]


@dataclass(frozen=True)
class Handout:
    """One PDF to be: whose, which edition, where, and the hash of the text that it is set from."""

    student: str
    edition: Edition
    path: Path
    made_from: str


@dataclass
class Assignment:
    """What is made for a class from one spec."""

    spec: Spec
    text: str
    students: tuple[Student, ...]
    folder: Path
    fixed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    derivation: Derivation = field(init=False)
    variants: Mapping[str, Variant] = field(init=False)
    warnings: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.derivation = pipeline.derive(self.spec)
        self.checks = pipeline.check(self.derivation)
        verify.require(self.checks)
        self.name = compose.name_of(self.spec)
        self.shared = questions.Shared()

    # --- numbers ------------------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Numbers for everybody, and in `warnings` what speaks against all numbers. Raises SpecError where there are too few."""
        salt = self.spec.homework.salt if self.spec.homework else ""
        wanted = {s.id: random_stream.seed(salt, self.name, "", s.id) for s in self.students}
        told: list[str] = []
        self.variants = variants.assign(self.spec, self.derivation, wanted, self._judge(), self.fixed or None, warn=told.append)
        place = self.spec.place("values") or self.spec.place("title")
        self.warnings = tuple(f"{place}: warning: {warning}" if place else f"warning: {warning}" for warning in told)

    def _judge(self) -> Callable[[str, Pass], Sequence[lint.Complaint]]:
        spec, derivation = self.spec, self.derivation
        answers = partial(questions.gradient_answers, spec, derivation)
        wrong = partial(questions.wrong_answers, spec, derivation)
        same: dict[tuple[bool, ...], Any] = {}

        def alike(found: Pass) -> Any:
            """Answers that are equal by the formulas, and so no accident of these numbers."""
            pattern = worked.pattern(derivation, found)
            if pattern not in same:
                if len(same) >= PATTERNS:
                    del same[next(iter(same))]
                near = [worked.nearby(spec, derivation, found, which) for which in range(2)]
                same[pattern] = lint.alike([answers(p) for p in near], [wrong(p) for p in near])
            return same[pattern]

        return lambda student, found: lint.one(derivation, student, found, answers(found), wrong(found), lambda: alike(found))

    def require_questions(self) -> None:
        """Refuse what is wrong with the questions themselves, once and before anything is made."""
        questions.homework(self.spec, self.derivation, self.checks, self.derivation.asked, questions.Variant(self._any()))

    def _any(self) -> Pass:
        return next(iter(self.variants.values())).found

    # --- sheets -------------------------------------------------------------------------------------------------------------

    def stamp(self, student: str) -> str:
        """What is printed on sheet and key, and lets this variant be built again."""
        return self._stamp(self.variants[student]).whole

    def _stamp(self, variant: Variant) -> random_stream.Stamp:
        return random_stream.stamp(variant.seed, variant.attempt, self.text)

    def texts(self, student: Student) -> dict[Edition, str]:
        """The LaTeX of one student's sheets."""
        variant = self.variants[student.id]
        numbers = questions.Variant(variant.found, student.printed, self._stamp(variant).whole, variant.seed)
        whole = questions.homework(self.spec, self.derivation, self.checks, self.derivation.asked, numbers, self.shared)
        editions = {which: questions.edition(whole, which, self.shared) for which in EDITIONS}
        return {which: writer.latex(sheet, known=self.shared.texts) for which, sheet in editions.items()}

    def keys(self, student: str) -> tuple[Key, ...]:
        return self._keys(self.variants[student])

    def _keys(self, variant: Variant) -> tuple[Key, ...]:
        return questions.keys(self.spec, self.derivation, variant.found)

    def answers(self) -> Iterator[Answers]:
        """What is asked of everybody in numbers, student by student."""
        for student in self.students:
            variant = self.variants[student.id]
            yield Answers(student, self._stamp(variant).code, variant.found.style, self._keys(variant))

    def handouts(self, style: Mapping[str, str | bytes]) -> Iterator[tuple[Handout, str | DeriveError]]:
        """Every PDF to be, with its text or with what is wrong with it, student by student."""
        for student in self.students:
            texts: Mapping[Edition, str | DeriveError]
            try:
                texts = self.texts(student)
            except DeriveError as error:  # a name in a script that the font lacks, say
                texts = dict.fromkeys(EDITIONS, error.bare())
            for which, text in texts.items():
                path = self.folder / file_of(student, which)
                made_from = _hash(text, *(s for s in style.values() if isinstance(s, str))) if isinstance(text, str) else ""
                yield Handout(student.id, which, path, made_from), text


def file_of(student: Student, which: Edition) -> str:
    """Where a student's PDF is, from the folder of the class."""
    return f"{which}/{roster.file_name(student)}.pdf"


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


# --- making it ----------------------------------------------------------------------------------------------------------------


def build(
    assignment: Assignment,
    say: Say,
    progress: Callable[[int], None] = lambda done: None,
    executor: Executor | None = None,
    processes: int | None = None,
) -> dict[str, DeriveError]:
    """Make what is missing. The errors of the students whose sheets could not be set, by file."""
    folder = assignment.folder
    assignment.require_questions()
    for warning in assignment.warnings:
        say(warning)
    for student in assignment.students:
        if student.note:
            say(f"{student.id}: {student.note}")
    for part in (folder, *(folder / which for which in EDITIONS)):
        make_folder(part)
        sweep(part)
    style = writer.style(look(assignment.spec))
    journal = Journal(folder)
    failed: dict[str, DeriveError] = {}
    waiting: deque[Handout] = deque()

    def jobs() -> Iterator[Job]:
        for handout, text in assignment.handouts(style):
            file = handout.path.relative_to(folder).as_posix()
            if isinstance(text, DeriveError):
                failed[file] = text
                say(type(text)(f"{file}: {text.message}", hint=text.hint))
                progress(1)
                continue
            done = journal.get(file)
            if done and done.made_from == handout.made_from and done.holds(handout.path):
                progress(1)
                continue
            waiting.append(handout)
            yield Job(text, handout.path, style)

    for result in typeset.batch(jobs(), executor=executor, processes=processes):  # in the order of the jobs
        handout = waiting.popleft()
        file = handout.path.relative_to(folder).as_posix()
        progress(1)
        if result.error is not None:
            failed[file] = result.error
            say(result.error)
            continue
        journal.note(file, Done(handout.made_from, file_hash(handout.path), result.pages))
        _warn(say, result, file)
    _finish(assignment, journal, failed)
    return failed


def _warn(say: Say, result: Result, file: str) -> None:
    if result.overfull:
        say(f"{file}: {result.overfull[0]}")


def _finish(assignment: Assignment, journal: Journal, failed: Mapping[str, DeriveError]) -> None:
    """What stands beside the sheets; the manifest last, since it says that all the rest is there."""
    folder = assignment.folder
    write_answers(folder, assignment.answers())
    pages = {}
    for which in EDITIONS:
        files = (file_of(student, which) for student in assignment.students)
        pages[f"{which}.pdf"] = joined((folder / file for file in files if file not in failed), folder / f"{which}.pdf")
    with writing_whole(folder / "manifest.json") as file:
        write_object(file, _manifest(assignment, journal, failed, {name: count for name, count in pages.items() if count}))


def _manifest(
    assignment: Assignment, journal: Journal, failed: Mapping[str, DeriveError], pages: Mapping[str, int]
) -> Iterator[tuple[str, Any]]:
    """Who has what. No times and no paths of this machine, so that the same class gives the same bytes."""
    yield "spec", {"title": assignment.spec.title, "sheet": assignment.name, "hash": random_stream.spec_hash(assignment.text)}
    yield "version", random_stream.version()
    yield "all", {name: {"pages": count} for name, count in pages.items()}
    yield "students", _students(assignment, journal, failed)
    yield "failed", {file: str(error) for file, error in sorted(failed.items())}


def _students(assignment: Assignment, journal: Journal, failed: Mapping[str, DeriveError]) -> Iterator[dict[str, Any]]:
    first = dict.fromkeys(EDITIONS, 1)
    for student in assignment.students:
        entry: dict[str, Any] = {"id": student.id, "name": student.name}
        entry["variant"] = assignment.stamp(student.id).split()[0]
        if student.note:
            entry["note"] = student.note
        for which in EDITIONS:
            file = file_of(student, which)
            done = None if file in failed else journal.get(file)
            if done is not None:
                entry[which] = {"file": file, "pages": done.pages, "sha256": done.sha256, "page_in_all": first[which]}
                first[which] += done.pages + done.pages % 2
        yield entry
