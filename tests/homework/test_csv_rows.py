"""Bytes that are no table are refused in words."""

from __future__ import annotations

import pytest

from derive.errors import SpecError
from derive.homework.classroom import roster


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ID,Name\n1a,Ada\n2b,B\0ob\n", r"r\.csv:3: this is not text: it has a zero byte"),
        (b"\0\0\0\0", "zero byte"),
        (b"PK\x03\x04\x14\0\x06\0", "this is a workbook of a spreadsheet, not a CSV"),
        (b"%PDF-1.5\n", "this is a PDF, not a CSV"),
        (b"\xd0\xcf\x11\xe0\xa1", "old workbook"),
    ],
)
def test_what_is_no_text_is_said(data: bytes, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        roster.parse(data, "r.csv")
    assert "export it as CSV" in (caught.value.hint or "")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_few_chinese_names_are_no_zero_bytes(encoding: str) -> None:
    text = "学号,姓名\r\n4711,王小明\r\n4712,李华\r\n"
    assert [s.name for s in roster.parse(text.encode(encoding))] == ["王小明", "李华"]
