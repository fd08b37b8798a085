"""A file of answers -> who answered what: YAML, JSON or CSV, of a bounded size.

dC/dw: 2*(a - y)*x                       YAML or JSON: a question and its answer; or a list of `question` and `answer`
question;answer                          CSV: two columns, or with a header the columns of the answer key of a class:
id,name,variant,question,entry,value     then one file can hold the answers of all students, an entry of an array in each row
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import Place, SpecError
from ...spec.nodes import Node
from ...spec.reading import compose, read
from .csv_rows import decoded, rows

MOST = 50_000
"""So many answers can be in one file."""

MAX_BYTES = 10_000_000
"""Of a table; a YAML file may have as much as a spec."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "target", "frage", "aufgabe"),
    "answer": ("answer", "value", "antwort", "wert"),
    "entry": ("entry", "eintrag"),
    "id": ("id", "student", "student number", "matrikelnummer"),
    "name": ("name",),
    "variant": ("variant", "variante"),
}
"""Headers by what stands below them, the one that decides first."""

HINT = "write `dC/dw: 2*(a - y)*x`, one a line"


@dataclass
class HandedIn:
    """The answers of one student by question, each with its place in the file; of an array given entry by entry a mapping."""

    student: str = ""
    name: str = ""
    variant: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, question: str, answer: Any, place: Place, entry: str = "") -> None:
        """Raises SpecError where that has been answered already."""
        question = " ".join(question.split())
        if not question:
            raise SpecError("an answer without its question", place=place, hint=HINT)
        known = self.answers.setdefault(question, {})
        if entry in known:
            what = f"`{question[:60]}`" + (f", entry {entry[:20]}," if entry else "")
            raise SpecError(f"{what} is answered twice", place=place, hint="keep one of the two")
        known[entry] = answer
        self.places.setdefault(question, place)

    def simple(self) -> HandedIn:
        """An answer that has no entry is not a mapping."""
        for question, entries in self.answers.items():
            if list(entries) == [""]:
                self.answers[question] = entries[""]
        return self


def answers_in(path: Path) -> Mapping[str, Any]:
    """The answers of a file that holds those of one student, by question. Raises SpecError, with the place."""
    found = handed_in(path)
    if len(found) > 1:
        raise SpecError(f"the file holds the answers of {len(found)} students", place=Place(str(path)))
    return found[0].answers


def handed_in(path: Path) -> tuple[HandedIn, ...]:
    """What each student of a file answered. Raises SpecError, with the place."""
    found = _table(path) if path.suffix.lower() in (".csv", ".tsv", ".txt") else _tree(read(path), str(path))
    if sum(len(one.answers) for one in found) > MOST:
        raise SpecError(f"the file has more than {MOST:,} answers", place=Place(str(path)))
    if not any(one.answers for one in found):
        raise SpecError("there are no answers", place=Place(str(path)), hint=HINT)
    return tuple(one.simple() for one in found)


# --- YAML and JSON ------------------------------------------------------------------------------------------------------------


def _tree(text: str, name: str) -> list[HandedIn]:
    if not text.strip():
        raise SpecError("there are no answers", place=Place(name), hint=HINT)
    root = compose(text, name, "file")
    students = root.value if isinstance(root.value, dict) else {}
    if students and all(isinstance(node.value, dict) and _has_answers(node) for node in students.values()):
        return [_of_student(node, name, student) for student, node in students.items()]
    return [_of_student(root, name, "")]


def _has_answers(node: Node) -> bool:
    inner = node.child("answers")
    return inner is not None and isinstance(inner.value, dict | list)


def _of_student(node: Node, name: str, student: str) -> HandedIn:
    found = HandedIn(student)
    if _has_answers(node):
        for part in ("name", "variant"):
            child = node.child(part)
            setattr(found, part, "" if child is None or child.value is None else str(child.value)[:200])
        inner = node.child("answers")
        assert inner is not None
        node = inner
    if isinstance(node.value, dict):
        for question, child in node.value.items():
            found.add(question, _answer(child), node.keys[question])
    elif isinstance(node.value, list):
        for child in node.value:
            question, answer, entry = _pair(child)
            found.add(question, answer, child.place, entry)
    else:
        raise SpecError("these are not answers", place=node.place or Place(name), hint=HINT)
    return found


def _answer(node: Node) -> Any:
    """What is answered; a mapping with a `value` is one of the answer key."""
    plain = node.plain()
    return plain["value"] if isinstance(plain, dict) and "value" in plain else plain


def _pair(node: Node) -> tuple[str, Any, str]:
    item = node.plain()
    if isinstance(item, dict):
        cells = {what: next((item[head] for head in heads if head in item), None) for what, heads in COLUMNS.items()}
        question = cells["question"] if cells["question"] is not None else cells["id"] or cells["name"]
        if isinstance(question, str | int) and any(head in item for head in COLUMNS["answer"]):
            return str(question), cells["answer"], "" if cells["entry"] is None else str(cells["entry"])
    raise SpecError("an answer of a list has a `question` and an `answer`", place=node.place)


# --- tables -------------------------------------------------------------------------------------------------------------------


def _table(path: Path) -> list[HandedIn]:
    name = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"the file cannot be read: {error.strerror or error}", place=Place(name)) from None
    if len(data) > MAX_BYTES:
        raise SpecError(f"the file is larger than {MAX_BYTES // 1_000_000} MB", place=Place(name))
    found = rows(decoded(data, name), name, lambda cells: _columns(cells) is not None)
    if not found:
        raise SpecError("there are no answers", place=Place(name), hint="a row is a question and its answer")
    columns = _columns(found[0][1])
    if columns is not None:
        found = found[1:]
    students: dict[str, HandedIn] = {}
    for line, cells in found:
        _row(cells, columns or PLAIN, Place(name, line), students)
    return list(students.values())


def _columns(cells: Sequence[str]) -> Mapping[str, int] | None:
    """Which column is what, where this is a header."""
    plain = [cell.strip().casefold() for cell in cells]
    found = {}
    for what, heads in COLUMNS.items():
        place = next((plain.index(head) for head in heads if head in plain), None)
        if place is not None:
            found[what] = place
    if "answer" not in found or len(plain) < 2:
        return None
    if "question" not in found:
        question = found.pop("id", found.pop("name", None))
        return None if question is None else {**found, "question": question, "width": len(plain)}
    return {**found, "width": len(plain)}


PLAIN = {"question": 0, "answer": 1, "width": 2}


def _row(cells: list[str], columns: Mapping[str, int], place: Place, students: dict[str, HandedIn]) -> None:
    if len(cells) > columns["width"]:  # a comma in the last cell, which nobody has put in quotes
        more = [cell for cell in cells[columns["width"] :] if cell.strip()]
        if more and columns["answer"] != columns["width"] - 1:
            hint = "put a cell with a comma in it into quotation marks"
            raise SpecError(f"the row has {len(cells)} cells, but there are {columns['width']} columns", place=place, hint=hint)
        cells = [*cells[: columns["width"] - 1], ", ".join(cells[columns["width"] - 1 :])] if more else cells

    def cell(what: str) -> str:
        at = columns.get(what)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    if columns["answer"] >= len(cells):
        raise SpecError(f"row {place.line} has no answer", place=place, hint="a row is a question and its answer")
    student = cell("id").removeprefix("'")
    mine = students.setdefault(student, HandedIn(student, cell("name"), cell("variant")))
    if cell("variant") and mine.variant and cell("variant") != mine.variant:
        raise SpecError(f"`{student[:40]}` has two variants, {mine.variant[:40]} and {cell('variant')[:40]}", place=place)
    mine.add(cell("question"), cell("answer"), place, cell("entry"))
