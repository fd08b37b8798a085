"""A file of answers -> question and answer: YAML, JSON or CSV, of a bounded size."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import Place, SpecError
from .spec.reading import compose, read

MOST = 2_000
"""So many answers can be in one file."""

HEADS = ("question", "target", "id", "name")


def answers_in(path: Path) -> Mapping[str, Any]:
    """The answers of a file by question. Raises SpecError, with the place."""
    text = read(path)
    found = _table(text, str(path)) if path.suffix.lower() == ".csv" else _tree(text, str(path))
    out: dict[str, Any] = {}
    for question, answer in found:
        if question in out:
            raise SpecError(f"`{question[:60]}` is answered twice", place=Place(str(path)), hint="keep one of the two")
        out[question] = answer
    if len(out) > MOST:
        raise SpecError(f"the file has {len(out)} answers; at most {MOST} can be read", place=Place(str(path)))
    return out


def _tree(text: str, name: str) -> list[tuple[str, Any]]:
    if not text.strip():
        raise SpecError("there are no answers", place=Place(name), hint="write `dC/dw: 2*(a - y)*x`, one a line")
    content = compose(text, name).plain()
    if isinstance(content, dict) and isinstance(content.get("answers"), dict | list):
        content = content["answers"]
    if isinstance(content, dict):
        return [(str(question), answer) for question, answer in content.items()]
    if isinstance(content, list):
        return [_pair(item, name) for item in content]
    raise SpecError("these are not answers", place=Place(name), hint="write `dC/dw: 2*(a - y)*x`, one a line")


def _pair(item: Any, name: str) -> tuple[str, Any]:
    if isinstance(item, dict) and "answer" in item:
        for head in HEADS:
            if isinstance(item.get(head), str):
                return item[head], item["answer"]
    raise SpecError("an answer of a list has a `question` and an `answer`", place=Place(name))


def _table(text: str, name: str) -> list[tuple[str, Any]]:
    sign = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=sign) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise SpecError(f"this is not a CSV file: {error}", place=Place(name)) from None
    if rows and rows[0][0].strip().lower() in HEADS:
        rows = rows[1:]
    return list(_cells(rows, name))


def _cells(rows: list[list[str]], name: str) -> Iterable[tuple[str, Any]]:
    for number, row in enumerate(rows, 1):
        if len(row) < 2:
            raise SpecError(f"row {number} has no answer", place=Place(name), hint="a row is a question and its answer")
        yield row[0].strip(), row[1].strip()
