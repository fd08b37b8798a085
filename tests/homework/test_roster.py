"""Rosters as registrars and spreadsheets write them."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import SpecError
from derive.homework.classroom import roster
from derive.homework.classroom.roster import Student

PEOPLE = [("4711", "Ada Lovelace"), ("0815", "Jörg Müßig"), ("1234", "Zoë Åström")]


def students(text: str | bytes, encoding: str | None = None) -> list[tuple[str, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [(s.id, s.name) for s in roster.parse(data, "r.csv", encoding)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str, newline: str) -> None:
    rows = [("ID", "Name"), *PEOPLE]
    path = tmp_path / "roster.csv"
    path.write_bytes((newline.join(delimiter.join(r) for r in rows) + newline).encode(encoding))
    assert [(s.id, s.name) for s in roster.read(path)] == PEOPLE
    assert [s.line for s in roster.read(path)] == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Matrikelnummer;Nachname;Vorname\n4711;Lovelace;Ada\n", [("4711", "Ada Lovelace")]),
        ("Name;Vorname;Matr.-Nr.\nLovelace;Ada;4711\n", [("4711", "Ada Lovelace")]),
        ('Nr.;Name;Matrikel-Nr.\n1;"Lovelace, Ada";4711\n', [("4711", "Lovelace, Ada")]),
        ("First name,Surname,Email address,ID number\nAda,Lovelace,a@l.org,4711\n", [("4711", "Ada Lovelace")]),
        ('Student,ID,SIS User ID,Section\n"Lovelace, Ada",1,s4711,A\n', [("s4711", "Lovelace, Ada")]),
        ("email,name\nada@l.org,Ada\n", [("ada@l.org", "Ada")]),
        ("ID\n4711\n0815\n", [("4711", ""), ("0815", "")]),
        ("4711\n0815\n", [("4711", ""), ("0815", "")]),
        ("4711,Ada Lovelace\n0815,Jörg\n", [("4711", "Ada Lovelace"), ("0815", "Jörg")]),
        ("Ada Lovelace;4711\nJörg;0815\n", [("4711", "Ada Lovelace"), ("0815", "Jörg")]),
        ("4711;Lovelace;Ada;a@l.org\n0815;Müßig;Jörg;j@m.de\n", [("4711", "Ada Lovelace"), ("0815", "Jörg Müßig")]),
        ("ada\njoerg\n", [("ada", ""), ("joerg", "")]),
        ("sep=;\r\nID;Name\r\n4711;Ada, Countess\r\n", [("4711", "Ada, Countess")]),
        ("ID;Name\n4711;Lovelace, Ada\n0815;Müßig, Jörg\n", [("4711", "Lovelace, Ada"), ("0815", "Müßig, Jörg")]),
        ('ID,Name\n="00123",Ada\n\'0042,Jörg\n', [("00123", "Ada"), ("0042", "Jörg")]),
        ("\n\nID,Name\n\n4711,Ada\n , \n,,\n0815,Jörg\n\n", [("4711", "Ada"), ("0815", "Jörg")]),
        ('ID,Name\n4711,"Ada ""the first"" Lovelace"\n', [("4711", 'Ada "the first" Lovelace')]),
        ("ID,Name,Note\n4711,Ada\n", [("4711", "Ada")]),
        ("ID , Name \n 4711 ,  Ada \u00a0 Lovelace \n", [("4711", "Ada Lovelace")]),
        ("id,name\n4711,Jo\u0308rg\n", [("4711", "Jörg")]),
        ('ID,Name\n="0042","=""Ada"""\n=0815,Jörg\n', [("0042", "Ada"), ("0815", "Jörg")]),
        ("ID,Name\n4711,A\u200bd\u200ca\ufe0f\n", [("4711", "Ada")]),
        ("ID,Name\n4711,\u202eadA\u202c\n", [("4711", "adA")]),
    ],
)
def test_columns_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert students(text) == expected


def test_lines_are_those_of_the_file() -> None:
    found = roster.parse(b"sep=,\n\nID,Name\n1a,A\n\n2b,B\n")
    assert found == (Student("1a", "A", 4), Student("2b", "B", 6))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the roster is empty"),
        ("\n \n;;\n", "the roster is empty"),
        ("ID,Name\n", r"no students"),
        ("ID,Name\n4711,Ada\n0815,Jörg\n4711,Bob\n", r"r\.csv:4: the ID `4711` stands in line 2 already"),
        ("ID,Name\n4711,Ada\n,Jörg\n", r"r\.csv:3: the ID is empty"),
        ("ID,Name\nab1,Ada\nAB1,Jörg\n", r"r\.csv:3: the IDs `ab1` \(line 2\) and `AB1` would have the same file name"),
        ("ID,Name\na/1,Ada\na_1,Jörg\n", "would have the same file name"),
        ("ID,Name\n\uff11\uff12,Ada\n12,Jörg\n", "would have the same file name"),
        ("ID,Name\n47\u202e11,Ada\n", r"r\.csv:2: `4711` contains an invisible character, right-to-left override"),
        ("ID,Name\n47\u200b11,Ada\n", "invisible character, zero width space"),
        ("ID,Name\n=cmd|' /C calc'!A0,Ada\n", r"r\.csv:2: the ID `=cmd\|.*` is a formula"),
        ("ID,Name\n=A1,Ada\n", r"r\.csv:2: the ID `=A1` is a formula"),
        ("ID,Name\n4711,A\x1bda\n", r"invisible character, u\+001b"),
        ('ID,Name\n4711,"Ada\n0815,Jörg\n', r"r\.csv:2: .*is a quotation mark missing"),
        ("ID,Name\n4711," + "A" * 201 + "\n", "201 characters"),
        ("ID,Name\n" + "4" * 65 + ",Ada\n", "65 characters"),
        ("ID,Name\n1.23E+07,Ada\n", r"r\.csv:2: .*damaged by a spreadsheet"),
        ("ID,Name\n../..,Ada\n", "neither a letter nor a digit"),
        ("Name,Vorname\nLovelace,Ada\n", r"no column of the header is an ID: `Name`, `Vorname`"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        students(text)


def test_a_name_says_what_is_not_printed_as_it_stands() -> None:
    text = "ID,Name\n1a,Ada\n2b,Нина\n3c,\U0001f600\n4d,A\u200dda\nд5,Zoë\n6f,Z" + "\u0337" * 190 + "oe\n"
    found = roster.parse(text.encode())
    assert [s.printed for s in found] == [
        ("Ada", "1a"), ("Nina", "2b"), ("", "3c"), ("Ada", "4d"), ("Zoë", "d5"), ("Zoe", "6f"),
    ]  # fmt: skip
    assert [s.id for s in found] == ["1a", "2b", "3c", "4d", "д5", "6f"]
    assert found[0].note == ""
    assert "`Нина` is printed as `Nina`" in found[1].note
    assert "is left out" in found[2].note
    assert "invisible characters" in found[3].note
    assert "the ID is printed as `d5`" in found[4].note


def test_sizes_are_bounded() -> None:
    with pytest.raises(SpecError, match="10 MB"):
        roster.parse(b"a" * (roster.MAX_BYTES + 1))
    with pytest.raises(SpecError, match="20,000 students"):
        roster.parse("".join(f"{n}\n" for n in range(20_001)).encode())
    with pytest.raises(SpecError, match=r":1: a cell has more than 131,072 characters"):
        roster.parse(b'1,"' + b"a" * 200_000 + b'"\n')


def test_an_encoding_can_be_said_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    data = "ID,Name\n1,Łukasz Čapek\n".encode("cp1250")
    assert students(data, "cp1250") == [("1", "Łukasz Čapek")]
    with pytest.raises(SpecError, match=r"r\.csv:2: this is not text in cp1252"):
        students(b"ID,Name\n1,A\x81\n")
    with pytest.raises(SpecError, match="not an encoding"):
        students(data, "klingon")
    with pytest.raises(SpecError, match=r"missing\.csv: cannot be read"):
        roster.read(tmp_path / "missing.csv")


LETTERS = st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd")), min_size=1, max_size=12)
NAMES = st.text(st.characters(categories=("Lu", "Ll", "Zs", "Po", "Pd"), exclude_characters="\u1680"), max_size=20)


@given(
    st.dictionaries(st.integers(0, 10**9).map(str), NAMES, min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_the_csv_module_writes_is_read(people: dict[str, str], delimiter: str, encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([("Matrikelnummer", "Name"), *people.items()])
    expected = [(i, " ".join(unicodedata.normalize("NFC", n).split())) for i, n in people.items()]
    assert students(out.getvalue().encode(encoding)) == expected


@given(st.text(max_size=30))
def test_a_file_name_is_safe(text: str) -> None:
    name = roster.file_name(Student(text, "", 1))
    assert name and not set(name) & set('/\\:*?"<>|\0\n ') and name not in (".", "..")
    assert not name.startswith((".", "-")) and not name.endswith(".")
    assert Path(name).name == name


def test_reserved_names_are_avoided() -> None:
    names = [roster.file_name(Student(i, "", 1)) for i in ("con", "NUL.1", "s4711", "a/b", "-x", "Jörg", "a@b.de")]
    assert names == ["_con", "_NUL.1", "s4711", "a_b", "_-x", "Jörg", "a_b.de"]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = roster.parse(data)
    except SpecError:
        return
    assert all(s.id and s.line >= 1 for s in found) and len({s.id for s in found}) == len(found)


def test_numbered_variants() -> None:
    assert [s.id for s in roster.numbered(3)] == ["001", "002", "003"]
    assert roster.numbered(1200)[-1] == Student("1200", "", 0)
    for wrong in (0, -1, 20_001):
        with pytest.raises(SpecError, match="variants"):
            roster.numbered(wrong)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "+49"),
        ("-0.5", "-0.5"),
        ("-1/3", "-1/3"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("Ada;=1+1", "Ada;'=1+1"),
        ('Ada\t"@x', "Ada\t\"'@x"),
        ("＝1+1", "'＝1+1"),
        ("-1.5", "-1.5"),
        ("-1.5e-07", "-1.5e-07"),
        ("O'Neill-Smith, A", "O'Neill-Smith, A"),
        (-0.5, "-0.5"),
        (3, "3"),
    ],
)
def test_a_cell_is_no_formula(value: str | float, text: str) -> None:
    assert roster.cell(value) == text
