"""What is done is known after any end, from what is on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from derive.homework.classroom.progress_journal import NAME, Done, Journal, file_hash

FIRST, SECOND = Done("text", "0" * 64, 3), Done("other text", "1" * 64, 4)


def test_the_latest_word_on_a_file_counts_now_and_in_another_run(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.get("a.pdf") is None
    for file, done in (("a.pdf", FIRST), ("ü.pdf", SECOND), ("a.pdf", SECOND)):
        journal.note(file, done)
        assert journal.get(file) == done
    for found in (journal, Journal(tmp_path)):
        assert found.get("a.pdf") == found.get("ü.pdf") == SECOND and found.get("b.pdf") is None


def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    Journal(tmp_path).note("a.pdf", FIRST)
    whole = (tmp_path / NAME).read_bytes()
    for length in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole + whole.replace(b"a.pdf", b"b.pdf")[:length])
        journal = Journal(tmp_path)
        assert journal.get("a.pdf") == FIRST
        assert (journal.get("b.pdf") is None) == (length < len(whole) - 1)  # without its end of line, it is still whole
        journal.note("c.pdf", SECOND)
        assert journal.get("c.pdf") == Journal(tmp_path).get("c.pdf") == SECOND
        assert Journal(tmp_path).get("a.pdf") == FIRST


def test_lines_that_are_no_entries_do_not_count(tmp_path: Path) -> None:
    lines = [b"\xff\xfe", b"[]", b"{}", b"3", json.dumps({"file": "a.pdf", "pages": 1}).encode()]
    (tmp_path / NAME).write_bytes(b"\n".join(lines) + b"\n")
    journal = Journal(tmp_path)
    assert journal.get("a.pdf") is None
    journal.note("a.pdf", FIRST)
    assert Journal(tmp_path).get("a.pdf") == FIRST


def test_two_runs_at_once_find_their_own_lines(tmp_path: Path) -> None:
    one, other = Journal(tmp_path), Journal(tmp_path)
    for n in range(5):
        one.note(f"{n}.pdf", FIRST)
        other.note(f"other-{n}.pdf", SECOND)
    assert [one.get(f"{n}.pdf") for n in range(5)] == [FIRST] * 5
    assert [other.get(f"other-{n}.pdf") for n in range(5)] == [SECOND] * 5


def test_a_file_that_has_changed_is_not_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"as it was")
    done = Done("text", file_hash(path), 1)
    assert done.sha256 == hashlib.sha256(b"as it was").hexdigest() and done.holds(path)
    path.write_bytes(b"another")
    assert not done.holds(path)
    path.unlink()
    assert not done.holds(path)
