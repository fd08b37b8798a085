"""Key and manifest: entry by entry the same bytes as all at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import DeriveError, SpecError
from derive.homework.classroom.key_files import COLUMNS, Answers, write_answers, write_object
from derive.homework.classroom.roster import Student
from derive.homework.sheet import Key

WORDS = st.text(st.characters(codec="utf-8"), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
VALUES = st.recursive(LEAVES, lambda v: st.lists(v, max_size=3) | st.dictionaries(WORDS, v, max_size=3), max_leaves=8)


@given(whole=st.dictionaries(WORDS, VALUES | st.lists(VALUES, max_size=4), max_size=4))
def test_an_object_is_written_as_json_does_it(whole: dict[str, Any]) -> None:
    out = io.BytesIO()
    write_object(out, ((k, iter(v) if isinstance(v, list) else v) for k, v in whole.items()))
    assert out.getvalue().decode("utf-8") == json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def everybody(*students: Student) -> Iterator[Answers]:
    for n, student in enumerate(students):
        keys = (Key("value C", "C", "C", np.asarray(0.5 + n), 0.01), Key("value W", "W", "W", np.arange(4.0).reshape(2, 2), 0.1))
        yield Answers(student, f"00000000000{n}-0", "decimals", keys if student.name else ())


def test_table_and_tree_say_the_same(tmp_path: Path) -> None:
    write_answers(tmp_path, everybody(Student("1", "Zoë, A.", 2), Student("2", "", 3), Student("=3", '"B"', 4)))
    data = (tmp_path / "answers.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == data.count(b"\n") == 1 + 2 * 5
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    tree = json.loads((tmp_path / "answers.json").read_text("utf-8"))
    assert list(tree) == ["1", "=3"]  # who is asked for no number is not in it
    assert [r["entry"] for r in rows[:5]] == ["", "1,1", "1,2", "2,1", "2,2"]
    assert {r["id"] for r in rows} == {"1", "'=3"} and {r["name"] for r in rows} == {"Zoë, A.", '"B"'}
    for row in rows:
        value = np.asarray(tree[row["id"].removeprefix("'")]["answers"][row["question"]]["value"])
        place = tuple(int(i) - 1 for i in row["entry"].split(",") if i)
        assert float(row["value"]) == pytest.approx(float(value[place]))


def test_what_goes_wrong_on_the_way_leaves_the_earlier_files(tmp_path: Path) -> None:
    write_answers(tmp_path, everybody(Student("1", "A", 2)))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def broken() -> Iterator[Answers]:
        yield from everybody(Student("2", "B", 3))
        raise SpecError("no numbers")

    with pytest.raises(DeriveError, match="no numbers"):
        write_answers(tmp_path, broken())
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
