"""The roster: who gets a variant. A CSV as registrars and spreadsheets export it, or a number of variants without names."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import Place, SpecError
from .fields import short

MAX_BYTES = 10_000_000
MAX_STUDENTS = 20_000
MAX_ID = 64
MAX_NAME = 200

DELIMITERS = "\t;,|"
"""In the order in which they are preferred: a tab or a semicolon is hardly ever part of a name."""

_HEADERS = """
id: studentid studentnumber studentno studentnr matriculationnumber matriculationno matriculation matrikelnummer matrikelnr
id: matrnr matnr mtknr mtrnr matrikel registrationnumber idnumber sisuserid sisid orgdefinedid universityid uniid id personid
id: userid username login loginid sisloginid kennung benutzername benutzerkennung nummer number nr
name: name fullname studentname student displayname sortablename vollständigername namevorname nachnamevorname
first: firstname first givenname givennames forename forenames vorname vornamen rufname
last: lastname last surname familyname nachname familienname zuname
email: email emailaddress mail mailaddress emailadresse mailadresse
"""
HEADERS = [
    (what, called)
    for line in _HEADERS.split("\n")
    if line
    for what, _, names in [line.partition(":")]
    for called in names.split()
]
"""What a column is called, without spaces and punctuation; where several are identifiers, the earlier name counts."""

RESERVED = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))}


@dataclass(frozen=True)
class Student:
    """One of the roster. line: where in the file, from 1; 0 for a variant without a name."""

    id: str
    name: str
    line: int


def numbered(count: int) -> tuple[Student, ...]:
    """Variants without a roster: 001, 002, …"""
    if not 1 <= count <= MAX_STUDENTS:
        raise SpecError(f"1 to {MAX_STUDENTS:,} variants can be made, not {count:,}")
    width = max(3, len(str(count)))
    return tuple(Student(f"{n:0{width}}", "", 0) for n in range(1, count + 1))


def read(path: Path, encoding: str | None = None) -> tuple[Student, ...]:
    """The students of a CSV. Raises SpecError with the line of what is wrong.

    Columns are found by their headers (English or German), or without a header by what is in them. encoding: where the file is
    neither Unicode nor Western European.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror or error}", place=Place(str(path))) from None
    return parse(data, str(path), encoding)


def parse(data: bytes, name: str = "<roster>", encoding: str | None = None) -> tuple[Student, ...]:
    """The students of a CSV's bytes."""
    if len(data) > MAX_BYTES:
        raise SpecError(f"a roster has at most {MAX_BYTES // 1_000_000} MB", place=Place(name))
    rows = _rows(decoded(data, name, encoding), name)
    if not rows:
        raise SpecError("the roster is empty", place=Place(name), hint="a line for each student: `4711, Ada Lovelace`")
    columns, rows = _columns(rows, name)
    if not rows:
        raise SpecError("the roster has a header, but no students", place=Place(name))
    if len(rows) > MAX_STUDENTS:
        raise SpecError(f"a roster has at most {MAX_STUDENTS:,} students", place=Place(name, rows[MAX_STUDENTS][0]))
    students = tuple(_student(line, cells, columns, name) for line, cells in rows)
    _require_different(students, name)
    return students


# --- bytes to text ----------------------------------------------------------------------------------------------------------


def decoded(data: bytes, name: str = "<roster>", encoding: str | None = None) -> str:
    """The text of a file, by a rule that can be told in one sentence.

    A byte order mark says it; zero bytes mean UTF-16; what is valid UTF-8 is UTF-8; all else is Windows-1252. Nothing is guessed
    from the frequency of letters: a list of names is too short for that.
    """
    if encoding is None:
        encoding = _encoding(data)
    try:
        return data.decode(encoding).removeprefix("\N{BYTE ORDER MARK}")
    except LookupError:
        raise SpecError(f"`{short(encoding)}` is not an encoding", hint="such as utf-8, cp1250 or iso-8859-15") from None
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = data[:start].count(b"\n") + 1
        hint = "save the file as UTF-8, or say which encoding it has"
        raise SpecError(f"this is not text in {encoding}", place=Place(name, line), hint=hint) from None


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:2000]
    if b"\0" in head:
        return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


# --- text to rows -----------------------------------------------------------------------------------------------------------

Row = tuple[int, list[str]]


def _rows(text: str, name: str) -> list[Row]:
    """The rows that are not blank, each with the line in which it begins."""
    first, _, _ = text.partition("\n")
    said = re.fullmatch(r'"?sep=(.)"?\s*', first.rstrip("\r"), re.IGNORECASE)  # Excel's own way to name the delimiter
    if said:
        return _split(text, said[1], name)[1:]
    found = {d: _split(text, d, name) for d in DELIMITERS if d in text}
    if not found:
        return _split(text, ",", name)
    return max(found.values(), key=_regularity)  # of equals the first


def _split(text: str, delimiter: str, name: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if any(c.strip() for c in cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise SpecError(f"this is not a CSV: {error}", place=Place(name, reader.line_num)) from None
    return rows


def _regularity(rows: Sequence[Row]) -> tuple[bool, float]:
    """How well a delimiter fits: a known header, how many rows have as many cells as most have, and more than one of them."""
    if not rows:
        return False, 0.0
    counts = Counter(len(cells) for _, cells in rows)
    columns, often = max(counts.items(), key=lambda c: (c[1], c[0]))
    known = len(rows[0][1]) > 1 and bool(_header(rows[0][1]))
    return known, often / len(rows) if columns > 1 else 0.0


# --- rows to students -------------------------------------------------------------------------------------------------------

Columns = dict[str, int]


def _key(cell: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", cell).casefold() if c.isalnum())


def _header(cells: Sequence[str]) -> Columns:
    """Which column is what, by the names in a header; empty where it is none."""
    keys = [_key(c) for c in cells]
    out: Columns = {}
    for what, called in HEADERS:
        if what not in out and called in keys:
            out[what] = keys.index(called)
    return out


def _columns(rows: list[Row], name: str) -> tuple[Columns, list[Row]]:
    line, head = rows[0]
    found = _header(head)
    if found:
        if "id" not in found and "email" in found:
            found["id"] = found["email"]
        if "id" not in found:
            raise SpecError(
                f"no column of the header is an ID: {', '.join(f'`{short(c.strip())}`' for c in head if c.strip())}",
                place=Place(name, line),
                hint="name one of them `ID` (or `Matrikelnummer`, `Student number`, …)",
            )
        if "first" in found and "last" not in found and "name" in found:
            found["last"] = found.pop("name")  # `Name;Vorname`
        return found, rows[1:]
    width = max(len(cells) for _, cells in rows)
    columns = [[cells[c].strip() if c < len(cells) else "" for _, cells in rows] for c in range(width)]
    numbers = [c for c in columns if all(re.search(r"\d", v) and "@" not in v for v in c)]
    most = [c for c in columns if len(c) > 2 and not re.search(r"\d", c[0]) and all(re.search(r"\d", v) for v in c[1:])]
    if not numbers and most:
        raise SpecError(
            f"this looks like a header, but none of its names is known: {', '.join(f'`{short(c.strip())}`' for c in head)}",
            place=Place(name, line),
            hint="name a column `ID`, and one `Name`, or `Last name` and `First name`",
        )
    place = columns.index(numbers[0]) if numbers else 0
    rest = [c for c in range(width) if c != place and not any("@" in v for v in columns[c])]
    return {"id": place} | dict(zip(("name",) if len(rest) == 1 else ("last", "first"), rest, strict=False)), rows


def _student(line: int, cells: Sequence[str], columns: Columns, name: str) -> Student:
    place = Place(name, line)

    def cell(what: str) -> str:
        at = columns.get(what)
        return _clean(cells[at] if at is not None and at < len(cells) else "", place)

    found = cell("id")
    if excel := re.fullmatch(r'="?([^"]*)"?', found):  # Excel's way to keep leading zeros
        found = excel[1].strip()
    found = found.removeprefix("'")
    if not found:
        raise SpecError("the ID is empty", place=place, hint="every student needs one: the numbers follow from it")
    if len(found) > MAX_ID:
        raise SpecError(f"the ID `{short(found)}` has {len(found)} characters", place=place, hint=f"at most {MAX_ID} are allowed")
    if re.fullmatch(r"\d(?:[.,]\d+)?E\+\d+", found):
        hint = "format the column as text, and export it again"
        raise SpecError(f"the ID `{found}` was damaged by a spreadsheet", place=place, hint=hint)
    if not any(c.isalnum() for c in found):
        raise SpecError(f"the ID `{short(found)}` has neither a letter nor a digit", place=place)
    full = cell("name") or " ".join(p for p in (cell("first"), cell("last")) if p)
    if len(full) > MAX_NAME:
        raise SpecError(
            f"the name `{short(full)}` has {len(full)} characters", place=place, hint=f"at most {MAX_NAME} are allowed"
        )
    return Student(found, full, line)


def _clean(text: str, place: Place) -> str:
    """One line of text in composed characters; what cannot be seen, or turns the direction of writing, is refused."""
    text = unicodedata.normalize("NFC", text.replace("\t", " ")).strip()
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            seen = unicodedata.name(char, f"U+{ord(char):04X}").lower()
            what = (
                "a line break (is a quotation mark missing?)" if char in "\r\n\u2028\u2029" else f"an invisible character, {seen}"
            )
            raise SpecError(f"`{short(''.join(c for c in text if c.isprintable()))}` contains {what}", place=place)
    return " ".join(text.split())


def _require_different(students: Sequence[Student], name: str) -> None:
    seen: dict[str, Student] = {}
    for student in students:
        file = unicodedata.normalize("NFKC", file_name(student)).casefold()
        other = seen.setdefault(file, student)
        if other is student:
            continue
        place = Place(name, student.line)
        if other.id == student.id:
            raise SpecError(f"the ID `{short(student.id)}` stands in line {other.line} already", place=place)
        message = f"the IDs `{short(other.id)}` (line {other.line}) and `{short(student.id)}` would have the same file name"
        raise SpecError(message, place=place, hint="they differ in case or punctuation alone")


# --- what is made of a student ----------------------------------------------------------------------------------------------


def file_name(student: Student) -> str:
    """A student's ID as the name of a file, without ending: letters, digits, `-`, `_`, and dots inside. Safe on every system."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in unicodedata.normalize("NFC", student.id))
    name = name.strip(".") or "_"
    if name.startswith("-") or name.partition(".")[0].casefold() in RESERVED:
        name = "_" + name
    return name


def cell(value: str | int | float) -> str:
    """A cell of a CSV that we write. Text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> cell("=1+1"), cell(-0.5)
    ("'=1+1", '-0.5')
    """
    if not isinstance(value, str):
        return repr(value)
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(value) else value


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?(/\d+)?", text) is not None
