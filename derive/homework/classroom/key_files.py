"""What stands beside the sheets of a class, the answer key and the manifest: written entry by entry, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ...checks.readback import numbers
from ...numbers import rounding
from ...spec.models import Style
from ...typeset import writing_whole
from ..sheet import Key
from . import roster
from .roster import Student

COLUMNS = ("id", "name", "variant", "question", "quantity", "entry", "value", "tolerance")


@dataclass(frozen=True)
class Answers:
    """What is asked of one student in numbers; variant: its code, style: the kind of numbers."""

    student: Student
    variant: str
    style: Style | None
    keys: tuple[Key, ...]

    def rows(self) -> Iterator[list[str]]:
        """A line of the table for each number."""
        for key in self.keys:
            for place in np.ndindex(*key.value.shape):
                entry = ",".join(str(i + 1) for i in place)
                cells = [self.student.id, self.student.name, self.variant, key.question, key.name, entry]
                right = key.value[place]
                written = numbers.require_plain(rounding.plain(right, self.style), right, f"`{key.question}` in the key")
                yield [*map(roster.cell, cells), written, rounding.plain(key.tolerance)]

    def tree(self) -> dict[str, Any]:
        answers = {k.question: {"quantity": k.name, "value": k.value.tolist(), "tolerance": k.tolerance} for k in self.keys}
        return {"name": self.student.name, "variant": self.variant, "answers": answers}


def write_answers(folder: Path, everybody: Iterable[Answers]) -> None:
    """The key: answers.csv, a table with one number a line, and answers.json, the same as a tree."""
    with writing_whole(folder / "answers.csv") as rows, writing_whole(folder / "answers.json") as tree:
        text = io.TextIOWrapper(rows, "utf-8-sig", newline="")  # with a mark, for spreadsheets
        table = csv.writer(text, lineterminator="\r\n")
        table.writerow(COLUMNS)

        def members() -> Iterator[tuple[str, Any]]:
            for one in everybody:
                table.writerows(one.rows())
                if one.keys:
                    yield one.student.id, one.tree()

        try:
            write_object(tree, members())
        finally:
            text.detach()  # what is written goes on to the file, which is not this text's to close


def write_object(file: IO[bytes], members: Iterable[tuple[str, Any]]) -> None:
    """A JSON object as `json.dumps` with an indentation of 1 writes it, member by member; an iterator becomes a list."""

    def write(*texts: str) -> None:
        file.write("".join(texts).encode("utf-8"))

    before = "{\n "
    for name, value in members:
        write(before, _json(name, 1), ": ")
        if isinstance(value, Iterator):
            between = "[\n  "
            for item in value:
                write(between, _json(item, 2))
                between = ",\n  "
            write("[]" if between[0] == "[" else "\n ]")
        else:
            write(_json(value, 1))
        before = ",\n "
    write("{}\n" if before[0] == "{" else "\n}\n")


def _json(value: Any, depth: int) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1).replace("\n", "\n" + " " * depth)
