"""The roster: who gets a variant. A CSV as registrars and spreadsheets export it, or a number of variants without names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import Place, SpecError
from ...spec.fields import short
from .csv_rows import decoded, rows
from .roster_columns import Columns, columns, header
from .transliteration import in_latin

MAX_BYTES = 10_000_000
MAX_STUDENTS = 20_000
MAX_ID = 64
MAX_NAME = 200

RESERVED = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))}


@dataclass(frozen=True)
class Student:
    """One of the roster. line: where in the file, from 1; 0 for a variant without a name.

    invisible: whether characters that cannot be seen were taken out of the name.
    """

    id: str
    name: str
    line: int
    invisible: bool = False

    @property
    def printed(self) -> tuple[str, str]:
        """Name and ID as the sheet's fonts have them."""
        return in_latin(self.name), in_latin(self.id) or " ".join(f"U+{ord(c):04X}" for c in self.id)

    @property
    def note(self) -> str:
        """What a sheet prints otherwise than the roster has it, in a sentence; empty where it prints the same."""
        name, number = self.printed
        said = []
        if name != self.name:
            how = f"is printed as `{name}`" if name else "is left out"
            said.append(f"the name `{short(self.name)}` {how}, since the sheet's fonts do not have all of it")
        if number != self.id:
            said.append(f"the ID is printed as `{number}`")
        if self.invisible:
            said.append("invisible characters are left out of the name")
        return "; ".join(said)


def numbered(count: int) -> tuple[Student, ...]:
    """Variants without a roster: 001, 002, …"""
    if not 1 <= count <= MAX_STUDENTS:
        raise SpecError(f"1 to {MAX_STUDENTS:,} variants can be made, not {count:,}")
    width = max(3, len(str(count)))
    return tuple(Student(f"{n:0{width}}", "", 0) for n in range(1, count + 1))


def read(path: Path, encoding: str | None = None) -> tuple[Student, ...]:
    """The students of a CSV. Raises SpecError with the line of what is wrong.

    Columns are found by their headers (see `roster_columns`), or without a header by what is in them. encoding: where the file is
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
    found = rows(decoded(data, name, encoding), name, lambda cells: bool(header(cells)))
    if not found:
        raise SpecError("the roster is empty", place=Place(name), hint="a line for each student: `4711, Ada Lovelace`")
    named, people = columns(found, name)
    people = [(line, [_unguarded(c) for c in cells]) for line, cells in people if not _platforms_own(cells, named)]
    if not people:
        raise SpecError("the roster has a header, but no students", place=Place(name))
    if len(people) > MAX_STUDENTS:
        raise SpecError(f"a roster has at most {MAX_STUDENTS:,} students", place=Place(name, people[MAX_STUDENTS][0]))
    students = tuple(_student(line, cells, named, name) for line, cells in people)
    _require_different(students, name)
    return students


# --- rows to students -------------------------------------------------------------------------------------------------------

NOT_STUDENTS = {"points possible", "student, test", "test student"}
"""Rows that a course platform adds to its list, without an ID."""


def _platforms_own(cells: Sequence[str], named: Columns) -> bool:
    at, of_id = named.get("name", named.get("last")), named["id"]
    has_id = of_id < len(cells) and cells[of_id].strip()
    return not has_id and at is not None and at < len(cells) and " ".join(cells[at].split()).casefold() in NOT_STUDENTS


def _unguarded(cell: str) -> str:
    """`="00123"` is how a spreadsheet is told to keep a text as it is: the text."""
    found = re.fullmatch(r'\s*="((?:[^"]|"")*)"\s*', cell)
    return found[1].replace('""', '"') if found else cell


def _student(line: int, cells: Sequence[str], columns: Columns, name: str) -> Student:
    place = Place(name, line)

    def cell(what: str) -> str:
        at = columns.get(what)
        return cells[at] if at is not None and at < len(cells) else ""

    found = _visible(cell("id"), place).removeprefix("'")
    if found.startswith("=") and found[1:].isdigit():
        found = found[1:]
    if not found:
        raise SpecError("the ID is empty", place=place, hint="every student needs one: the numbers follow from it")
    if len(found) > MAX_ID:
        raise SpecError(f"the ID `{short(found)}` has {len(found)} characters", place=place, hint=f"at most {MAX_ID} are allowed")
    if re.fullmatch(r"\d(?:[.,]\d+)?E\+\d+", found):
        hint = "format the column as text, and export it again"
        raise SpecError(f"the ID `{found}` was damaged by a spreadsheet", place=place, hint=hint)
    if found.startswith("="):
        hint = "a spreadsheet would compute it: export the values, and write an ID as text"
        raise SpecError(f"the ID `{short(found)}` is a formula", place=place, hint=hint)
    if not any(c.isalnum() for c in found):
        raise SpecError(f"the ID `{short(found)}` has neither a letter nor a digit", place=place)
    full = _full(*(cell(what) for what in ("name", "first", "last")))
    name = _visible("".join(c for c in full if not _is_invisible(c)), place)
    if len(name) > MAX_NAME:
        raise SpecError(
            f"the name `{short(name)}` has {len(name)} characters", place=place, hint=f"at most {MAX_NAME} are allowed"
        )
    return Student(found, name, line, any(map(_is_invisible, full)))


def _full(name: str, first: str, last: str) -> str:
    """A column `Name` holds the whole name, or beside one for the surname the first name."""
    if name.strip() and (first.strip() or last.strip().casefold() in name.casefold()):
        return name
    return " ".join(p for p in (name.strip() or first.strip(), last.strip()) if p)


def _is_invisible(char: str) -> bool:
    """What shapes letters and is not seen itself: joiners, marks of direction, variation selectors."""
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _visible(text: str, place: Place) -> str:
    """One line of text in composed characters; what cannot be seen, or turns the direction of writing, is refused."""
    text = unicodedata.normalize("NFC", text.replace("\t", " ")).strip()
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
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

    Some spreadsheets part at semicolons or tabs whatever the file says, so what follows these is looked at as well.

    >>> cell("=1+1"), cell("Ada;=1+1"), cell(-0.5)
    ("'=1+1", "Ada;'=1+1", '-0.5')
    """
    if not isinstance(value, str):
        return repr(value)
    return value if _is_number(value) else re.sub(rf"(^|[;,\t|\r\n])(\s*\"?)(?=[{FORMULA}])", r"\1\2'", value)


FORMULA = re.escape("=+-@\t\r＝＋－＠")
"""What a formula begins with."""


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?(/\d+)?", text, re.ASCII) is not None
