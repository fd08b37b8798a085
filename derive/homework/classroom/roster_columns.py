"""Which column of a roster is what: by the names in its header, as registrars and course platforms give them, or by its cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ...errors import Place, SpecError
from ...spec.fields import short
from .csv_rows import Row

_HEADERS = """
id: studentid studentnumber studentno studentnr matriculationnumber matriculationno matriculation matrikelnummer matrikelnr
id: matrnr matnr mtknr mtrnr matrikel matrikelno registrationnumber registrationno idnumber idnummer idnr sisuserid sisid
id: orgdefinedid universityid uniid studentidnumber enrolmentnumber enrollmentnumber rollnumber rollno indexnumber
id: numéroétudiant numeroetudiant numérodétudiant matricule matricola numerodimatricola númerodematrícula numerodematricula
id: matrícula matricula nummerstudent studentnummer studienummer studienr numeralbumu nralbumu osobníčíslo öğrencino
id: öğrencinumarası studentnumbernumber 学号 學號 学籍番号 학번 номерстуденческого id personid userid username user login
id: loginid sisloginid kennung benutzername benutzerkennung nutzername anmeldename identifiant usuario gebruikersnaam
id: nummer number numéro numero número nr no lfdnr
name: name fullname studentname student displayname sortablename sortname vollständigername namevorname nachnamevorname
name: vornamenachname teilnehmer teilnehmerin studierende studierender studierendername names nomcomplet nometprénom nomprénom
name: nombrecompleto nombreyapellidos nomecompleto nomeecognome nom nombre nome naam volledigenaam namn navn 姓名 氏名 이름 성명
name: фио
first: firstname first givenname givennames forename forenames vorname vornamen rufname firstnameofstudent prénom prenom
first: voornaam förnamn fornavn imię imie jméno keresztnév 名 имя
last: lastname last surname familyname nachname familienname zuname familynameofstudent nomdefamille apellido apellidos cognome
last: apelido sobrenome achternaam efternamn etternavn efternavn nazwisko příjmení vezetéknév soyad soyadı 姓 фамилия
email: email emailaddress mail mailaddress emailadresse mailadresse emailadres adressemail adresseemail adresseélectronique
email: courriel correo correoelectrónico direccióndecorreo indirizzoemail epost eposta studentemail
"""
HEADERS = [
    (what, called)
    for line in _HEADERS.split("\n")
    if line
    for what, _, names in [line.partition(":")]
    for called in names.split()
]
"""What a column is called, without spaces and punctuation; where several are identifiers, the earlier name counts."""

HEADER_WORDS = {"name", "names", "number", "no", "nr", "id", "code", "login", "user", "mail", "email", "first", "last", "person"}
HEADER_STEMS = ("nummer", "number", "numéro", "student", "matrik", "matric", "kennung", "benutzer", "username", "vorname")
"""What a header is made of that has none of the names above."""

LOOKED_AT = 6
"""A header may stand below a title, within so many rows."""

Columns = dict[str, int]


def _key(cell: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", cell).casefold() if c.isalnum())


def header(cells: Sequence[str]) -> dict[str, list[int]]:
    """Which columns may be what, by the names in a header, the likeliest first; empty where it is none."""
    keys = [_key(c) for c in cells]
    out: dict[str, list[int]] = {}
    for what, called in HEADERS:
        if called in keys:
            out.setdefault(what, []).append(keys.index(called))
    return out


def columns(rows: list[Row], name: str) -> tuple[Columns, list[Row]]:
    """Which column is what, and the rows below the header. Raises SpecError where a header is not understood."""
    for place, (_, cells) in enumerate(rows[:LOOKED_AT]):
        found = header(cells)
        if found and (place == 0 or ("id" in found and len(found) > 1)):
            return _chosen(found, rows[place], rows[place + 1 :], name), rows[place + 1 :]
    return _unnamed(rows, name), rows


def _chosen(found: dict[str, list[int]], head: Row, below: Sequence[Row], name: str) -> Columns:
    """One column for each, an identifier that is there: platforms export columns for numbers that nobody has."""
    out = {what: places[0] for what, places in found.items()}
    ids = [*found.get("id", ()), *found.get("email", ())]
    if not ids:
        line, cells = head
        raise SpecError(
            f"no column of the header is an ID: {_listed(cells)}",
            place=Place(name, line),
            hint="name one of them `ID` (or `Matrikelnummer`, `Student number`, …)",
        )
    filled = [c for c in ids if any(c < len(cells) and cells[c].strip() for _, cells in below)]
    out["id"] = (filled or ids)[0]
    if "first" in out and "last" not in out and "name" in out:
        out["last"] = out.pop("name")  # `Name;Vorname`
    return out


def _unnamed(rows: list[Row], name: str) -> Columns:
    """By what is in the columns: one in which every cell has a digit is the ID."""
    line, head = rows[0]
    width = max(len(cells) for _, cells in rows)
    table = [[cells[c].strip() if c < len(cells) else "" for _, cells in rows] for c in range(width)]
    numbers = [c for c in table if all(re.search(r"\d", v) and "@" not in v for v in c)]
    if _like_header(head, table, bool(numbers)):
        raise SpecError(
            f"this looks like a header, but none of its names is known: {_listed(head)}",
            place=Place(name, line),
            hint="name a column `ID`, and one `Name`, or `Last name` and `First name`",
        )
    place = table.index(numbers[0]) if numbers else 0
    rest = [c for c in range(width) if c != place and not any("@" in v for v in table[c])]
    return {"id": place} | dict(zip(("name",) if len(rest) == 1 else ("last", "first"), rest, strict=False))


def _like_header(head: Sequence[str], table: Sequence[Sequence[str]], numbered: bool) -> bool:
    """Whether the first row is of another kind than those below, or is made of the words that headers are made of."""
    for column in table:
        first, *below = column
        if first and below and "@" not in first and all("@" in v for v in below):
            return True
        if first and below and not numbered and not re.search(r"\d", first) and all(re.search(r"\d", v) for v in below):
            return True
    if numbered:
        return False
    words = {w for cell in head for w in re.findall(r"[^\W\d_]+", cell.casefold())}
    return bool(words & HEADER_WORDS) or any(stem in word for stem in HEADER_STEMS for word in words)


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(f"`{short(c.strip())}`" for c in cells[:12] if c.strip())
