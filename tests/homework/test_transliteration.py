"""Everybody has a name on the sheet."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive import typeset
from derive.homework.classroom.transliteration import LONGEST, in_latin
from derive.writers.latex.escape import escape, in_text_fonts


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Zoë Ångström-Müller", "Zoë Ångström-Müller"),
        ("Nguyễn Thị Hậu", "Nguyễn Thị Hậu"),
        ("Thảo", "Thao"),
        ("王小明", "Wang Xiao Ming"),
        ("김민준", "Gim Min Jun"),
        ("Ольга Чехова", "Ol'ga Chekhova"),
        ("Γιώργος", "Giorgos"),
        ("Müller 王", "Müller Wang"),
        ("محمد", "Mhmd"),
        ("नरेन्द्र", "Nrendr"),
        ("דוד", "Dvd"),
        ("Ada 🎉", "Ada"),
        ("🎉", ""),
        ("Z\u0337\u0327\u0313algo", "Zalgo"),
    ],
)
def test_a_name_in_any_script_can_be_read(name: str, printed: str) -> None:
    assert in_latin(name) == printed


@given(st.text(max_size=200))
def test_every_name_can_be_printed(name: str) -> None:
    printed = in_latin(name)
    escape(printed)
    assert all(in_text_fonts(c) for c in unicodedata.normalize("NFC", printed))
    assert len(printed) <= max(LONGEST, len(unicodedata.normalize("NFC", name)))


def test_accents_stand_on_their_letters(tmp_path: Path) -> None:
    letters = [chr(c) for c in range(0x1E00, 0x1F00) if in_text_fonts(chr(c))]
    assert {"ễ", "ậ", "ợ"} & set(letters) == {"ễ", "ậ"}
    body = " ".join(map(escape, letters))
    preamble = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{lmodern}\tracinglostchars=3"
    typeset.typeset(rf"{preamble}\begin{{document}}{body}\end{{document}}", tmp_path / "a.pdf")
