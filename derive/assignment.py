"""A whole class: numbers of their own for every student, homework and solutions as PDF, the answer key, and a manifest.

    NAME/homework/ID.pdf     NAME/solutions/ID.pdf
    NAME/homework.pdf        NAME/solutions.pdf       all of them, for the printer
    NAME/answers.csv         NAME/answers.json        every number that is asked for, with its tolerance
    NAME/manifest.json                                who has what: seed, pages, hash of each file

The network is differentiated and checked once; a student's sheet has other numbers, another hidden error and another order of
answers. What is there already and was made from the same text is not made again, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from . import api, lint, render, roster, rounding, seeds, typeset, variants, verify, worked
from .errors import DeriveError
from .joined import joined
from .looks import look
from .questions import homework as questions
from .questions.homework import Key
from .roster import Student
from .sheet import Edition
from .spec import Spec
from .steps import Derivation
from .typeset import Job, Result, write_whole
from .typeset.output import make_folder, sweep
from .variants import Variant
from .worked import Pass

EDITIONS: tuple[Edition, ...] = ("homework", "solutions")

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
    variants: dict[str, Variant] = field(init=False)

    def __post_init__(self) -> None:
        self.derivation = api.derive(self.spec)
        self.checks = api.check(self.derivation)
        verify.require(self.checks)
        self.name = api.sheet_name(self.spec)
        self.shared = questions.Shared()

    # --- numbers ------------------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Numbers for everybody. Raises SpecError where the linter leaves too few."""
        salt = self.spec.homework.salt if self.spec.homework else ""
        wanted = {s.id: seeds.seed(salt, self.name, "", s.id) for s in self.students}
        self.variants = variants.assign(self.spec, self.derivation, wanted, self._judge(), self.fixed or None)

    def _judge(self) -> Callable[[str, Pass], Sequence[lint.Complaint]]:
        spec, derivation = self.spec, self.derivation
        answers = partial(questions.gradient_answers, spec, derivation)
        wrong = partial(questions.wrong_answers, spec, derivation)
        same: dict[tuple[bool, ...], Any] = {}

        def alike(found: Pass) -> Any:
            """Answers that are equal by the formulas, and so no accident of these numbers."""
            pattern = worked.pattern(derivation, found)
            if pattern not in same:
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
        variant = self.variants[student]
        found = seeds.stamp(variant.seed, variant.attempt, self.text)
        return f"{found.code} {found.spec} {found.version}"

    def texts(self, student: Student) -> dict[Edition, str]:
        """The LaTeX of one student's sheets."""
        variant = self.variants[student.id]
        who = (student.name, student.id)
        numbers = questions.Variant(variant.found, who, self.stamp(student.id), variant.seed)
        whole = questions.homework(self.spec, self.derivation, self.checks, self.derivation.asked, numbers, self.shared)
        editions = {which: questions.edition(whole, which, self.shared) for which in EDITIONS}
        return {which: render.latex(sheet, known=self.shared.texts) for which, sheet in editions.items()}

    def keys(self, student: str) -> tuple[Key, ...]:
        return questions.keys(self.spec, self.derivation, self.variants[student].found)

    def handouts(self, style: Mapping[str, str | bytes]) -> Iterator[tuple[Handout, str | DeriveError]]:
        """Every PDF to be, with its text or with what is wrong with it, student by student."""
        for student in self.students:
            texts: Mapping[Edition, str | DeriveError]
            try:
                texts = self.texts(student)
            except DeriveError as error:  # a name in a script that the font lacks, say
                texts = dict.fromkeys(EDITIONS, error)
            for which, text in texts.items():
                path = self.folder / which / f"{roster.file_name(student)}.pdf"
                made_from = _hash(text, *(s for s in style.values() if isinstance(s, str))) if isinstance(text, str) else ""
                yield Handout(student.id, which, path, made_from), text


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- the journal: what is done --------------------------------------------------------------------------------------------------

JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class Done:
    """A PDF that is there: made from which text, its own hash, its pages."""

    made_from: str
    sha256: str
    pages: int


def _journal(folder: Path) -> dict[str, Done]:
    """What earlier runs have noted; a last line that was cut off does not count."""
    found: dict[str, Done] = {}
    path = folder / JOURNAL
    if path.is_file():
        for line in path.read_text("utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                found[entry["file"]] = Done(entry["made_from"], entry["sha256"], entry["pages"])
            except (ValueError, KeyError, TypeError):
                continue
    return found


def _is_there(path: Path, done: Done) -> bool:
    return path.is_file() and _file_hash(path) == done.sha256


def _note(folder: Path, file: str, done: Done) -> None:
    with (folder / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write(json.dumps({"file": file, **done.__dict__}) + "\n")


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
    for part in (folder, *(folder / which for which in EDITIONS)):
        make_folder(part)
        sweep(part)
    style = render.style(look(assignment.spec))
    known = _journal(folder)
    failed: dict[str, DeriveError] = {}
    made: dict[str, tuple[Handout, Done]] = {}
    waiting: list[Handout] = []

    def jobs() -> Iterator[Job]:
        for handout, text in assignment.handouts(style):
            file = handout.path.relative_to(folder).as_posix()
            if isinstance(text, DeriveError):
                failed[file] = text
                say(type(text)(f"{file}: {text.message}", hint=text.hint))
                progress(1)
                continue
            done = known.get(file)
            if done and done.made_from == handout.made_from and _is_there(handout.path, done):
                made[file] = (handout, done)
                progress(1)
                continue
            waiting.append(handout)
            yield Job(text, handout.path, style)

    for result in typeset.batch(jobs(), executor=executor, processes=processes):
        handout = waiting[result.job]
        file = handout.path.relative_to(folder).as_posix()
        progress(1)
        if result.error is not None:
            failed[file] = result.error
            say(result.error)
            continue
        done = Done(handout.made_from, _file_hash(handout.path), result.pages)
        made[file] = (handout, done)
        _note(folder, file, done)
        _warn(say, result, file)
    _finish(assignment, made, failed)
    return failed


def _warn(say: Say, result: Result, file: str) -> None:
    if result.overfull:
        say(f"{file}: {result.overfull[0]}")


def _finish(assignment: Assignment, made: Mapping[str, tuple[Handout, Done]], failed: Mapping[str, DeriveError]) -> None:
    """What stands beside the sheets; the manifest last, since it says that all the rest is there."""
    folder = assignment.folder
    rows, tree = _answers(assignment)
    write_whole(folder / "answers.csv", rows.encode("utf-8-sig"))  # with a mark, for spreadsheets
    write_whole(folder / "answers.json", _json(tree))
    combined = {}
    for which in EDITIONS:
        paths = [folder / file for file, (handout, _) in _in_order(assignment, made) if handout.edition == which]
        if paths:
            combined[f"{which}.pdf"] = joined(paths, folder / f"{which}.pdf")
    write_whole(folder / "manifest.json", _json(_manifest(assignment, made, failed, combined)))


def _in_order(assignment: Assignment, made: Mapping[str, tuple[Handout, Done]]) -> list[tuple[str, tuple[Handout, Done]]]:
    place = {s.id: n for n, s in enumerate(assignment.students)}
    return sorted(made.items(), key=lambda item: (place[item[1][0].student], item[0]))


def _manifest(
    assignment: Assignment,
    made: Mapping[str, tuple[Handout, Done]],
    failed: Mapping[str, DeriveError],
    combined: Mapping[str, int],
) -> dict[str, Any]:
    """Who has what. No times and no paths of this machine, so that the same class gives the same bytes."""
    files: dict[str, dict[str, Any]] = {}
    first = dict.fromkeys(EDITIONS, 1)
    for file, (handout, done) in _in_order(assignment, made):
        length = done.pages + done.pages % 2
        entry = {"file": file, "pages": done.pages, "sha256": done.sha256, "page_in_all": first[handout.edition]}
        files.setdefault(handout.student, {})[handout.edition] = entry
        first[handout.edition] += length
    return {
        "spec": {"title": assignment.spec.title, "sheet": assignment.name, "hash": seeds.spec_hash(assignment.text)},
        "version": seeds.version(),
        "all": {name: {"pages": pages} for name, pages in combined.items()},
        "students": [
            {
                "id": s.id,
                "name": s.name,
                "variant": seeds.stamp(assignment.variants[s.id].seed, assignment.variants[s.id].attempt, assignment.text).code,
                **files.get(s.id, {}),
            }
            for s in assignment.students
        ],
        "failed": {file: str(error) for file, error in sorted(failed.items())},
    }


def _answers(assignment: Assignment) -> tuple[str, dict[str, Any]]:
    """The key: a table with one number a line, and the same as a tree."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["id", "name", "variant", "question", "quantity", "entry", "value", "tolerance"])
    tree: dict[str, Any] = {}
    for student in assignment.students:
        code = assignment.stamp(student.id).split()[0]
        for key in assignment.keys(student.id):
            style = assignment.variants[student.id].found.style
            mine = tree.setdefault(student.id, {"name": student.name, "variant": code, "answers": {}})
            mine["answers"][key.question] = {"quantity": key.name, "value": key.value.tolist(), "tolerance": key.tolerance}
            for place in _places(key.value.shape):
                cells = [student.id, student.name, code, key.question, key.name, ",".join(str(i + 1) for i in place)]
                table.writerow([*map(roster.cell, cells), rounding.plain(key.value[place], style), rounding.plain(key.tolerance)])
    return out.getvalue(), tree


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return iter(np.ndindex(*shape))


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
