"""Bytes to rows: a table of text as registrars and spreadsheets export it, whatever its encoding and its delimiter."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence

from ...errors import Place, SpecError
from ...spec.fields import short

DELIMITERS = "\t;,|"
"""In the order in which they are preferred: a tab or a semicolon is hardly ever part of a name."""

OTHER_FILES = {
    b"PK\x03\x04": "a workbook of a spreadsheet",
    b"\xd0\xcf\x11\xe0": "an old workbook of a spreadsheet",
    b"%PDF-": "a PDF",
    b"{\\rtf": "a document of a word processor",
}
"""How files begin that are handed in for a CSV."""

Row = tuple[int, list[str]]
"""The line in which a row begins, and its cells."""


def rows(text: str, name: str, is_header: Callable[[Sequence[str]], bool]) -> list[Row]:
    """The rows that are not blank. is_header: the delimiter by which the first row becomes one is preferred."""
    first, _, _ = text.partition("\n")
    said = re.fullmatch(r'"?sep=(.)"?\s*', first.rstrip("\r"), re.IGNORECASE)  # Excel's own way to name the delimiter
    if said:
        return _split(text, said[1], name)[1:]
    found = {d: _split(text, d, name) for d in DELIMITERS if d in text}
    if not found:
        return _split(text, ",", name)
    return max(found.values(), key=lambda some: _regularity(some, is_header))  # of equals the first


def _split(text: str, delimiter: str, name: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    found: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if any(c.strip() for c in cells):
                found.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        what, hint = f"this is not a CSV: {error}", ""
        if "limit" in str(error):
            what, hint = f"a cell has more than {csv.field_size_limit():,} characters", "is a quotation mark missing?"
        raise SpecError(what, place=Place(name, line), hint=hint) from None
    return found


def _regularity(some: Sequence[Row], is_header: Callable[[Sequence[str]], bool]) -> tuple[bool, float]:
    """How well a delimiter fits: a known header, how many rows have as many cells as most have, and more than one of them."""
    if not some:
        return False, 0.0
    counts = Counter(len(cells) for _, cells in some)
    columns, often = max(counts.items(), key=lambda c: (c[1], c[0]))
    known = any(len(cells) > 1 and is_header(cells) for _, cells in some[:1])
    return known, often / len(some) if columns > 1 else 0.0


# --- bytes to text ----------------------------------------------------------------------------------------------------------


def decoded(data: bytes, name: str = "<roster>", encoding: str | None = None) -> str:
    """The text of a file, by a rule that can be told in one sentence.

    A byte order mark says it; zero bytes at every other place mean UTF-16; what is valid UTF-8 is UTF-8; all else is
    Windows-1252. Nothing is guessed from the frequency of letters: a list of names is too short for that. Raises SpecError with
    the line where this is no text.
    """
    for start, what in OTHER_FILES.items():
        if data.startswith(start):
            raise SpecError(f"this is {what}, not a CSV", place=Place(name), hint="export it as CSV, in UTF-8")
    if encoding is None:
        encoding = _encoding(data)
    try:
        text = data.decode(encoding).removeprefix("\N{BYTE ORDER MARK}")
    except LookupError:
        raise SpecError(f"`{short(encoding)}` is not an encoding", hint="such as utf-8, cp1250 or iso-8859-15") from None
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = data[:at].count(b"\n") + 1
        hint = "save the file as UTF-8, or say which encoding it has"
        raise SpecError(f"this is not text in {encoding}", place=Place(name, line), hint=hint) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise SpecError("this is not text: it has a zero byte", place=Place(name, line), hint="export it as CSV, in UTF-8")
    return text


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:2000]
    odd, even = head[1::2].count(0), head[0::2].count(0)
    if max(odd, even) > len(head) // 8 and min(odd, even) == 0:  # a Latin letter has one
        return "utf-16-le" if odd else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
