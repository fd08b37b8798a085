"""Which column is what, in the lists that platforms and registrars export."""

from __future__ import annotations

import pytest

from derive.errors import SpecError
from derive.homework.classroom import roster

EXPORTS = {
    "Moodle": (
        "First name,Surname,ID number,Institution,Department,Email address\nAda,Lovelace,4711,,,a@l.org\n",
        [("4711", "Ada Lovelace")],
    ),
    "Moodle without numbers": (
        "First name,Last name,ID number,Email address,Groups\nAda,Lovelace,,a@l.org,\nZoë,Åström,,z@l.org,\n",
        [("a@l.org", "Ada Lovelace"), ("z@l.org", "Zoë Åström")],
    ),
    "Moodle in German": (
        "Vorname;Nachname;ID-Nummer;E-Mail-Adresse\nAda;Lovelace;4711;a@l.org\n",
        [("4711", "Ada Lovelace")],
    ),
    "Canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (12)\n    Points Possible,,,,,10\n"
        '"Lovelace, Ada",12,s4711,ada,A,9\n"Student, Test",13,,x,A,\n',
        [("s4711", "Lovelace, Ada")],
    ),
    "Blackboard": (
        '"Last Name","First Name","Username","Student ID","Last Access","Availability"\n"Lovelace","Ada","al1","4711","","Yes"\n',
        [("4711", "Ada Lovelace")],
    ),
    "Brightspace": (
        "OrgDefinedId,Username,Last Name,First Name,Email\n4711,al1,Lovelace,Ada,a@l.org\n",
        [("4711", "Ada Lovelace")],
    ),
    "a registrar": ("mtknr;nachname;vorname;sem\n0815;Müßig;Jörg;3\n", [("0815", "Jörg Müßig")]),
    "a campus system": (
        "REGISTRATION_NUMBER;FAMILY_NAME_OF_STUDENT;FIRST_NAME_OF_STUDENT\n0815;Müßig;Jörg\n",
        [("0815", "Jörg Müßig")],
    ),
    "below a title": (
        "Teilnehmerliste Mathematik I;;\nStand: 24.11.;;\n\nMatrikelnummer;Name;Vorname\n0815;Müßig;Jörg\n",
        [("0815", "Jörg Müßig")],
    ),
    "French": ("Numéro étudiant;Nom;Prénom\n12;Lovelace;Ada\n", [("12", "Ada Lovelace")]),
    "Spanish": ("Número de matrícula,Nombre,Apellidos\n12,Ada,Lovelace\n", [("12", "Ada Lovelace")]),
    "Italian": ("Matricola,Cognome,Nome\n12,Lovelace,Ada\n", [("12", "Ada Lovelace")]),
    "Dutch": ("Studentnummer,Voornaam,Achternaam\n12,Ada,Lovelace\n", [("12", "Ada Lovelace")]),
    "Chinese": ("学号,姓名\n12,王小明\n", [("12", "王小明")]),
    "whole name and surname": ("ID,Name,Surname\n12,Ada Lovelace,Lovelace\n", [("12", "Ada Lovelace")]),
}


@pytest.mark.parametrize("platform", EXPORTS)
def test_an_export_is_understood(platform: str) -> None:
    text, expected = EXPORTS[platform]
    assert [(s.id, s.name) for s in roster.parse(text.encode())] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Kode;Navnefelt\n12;Ada\n13;Bob\n",
        "Kode;Navnefelt\n12;Ada\n",
        "Kürzel;Person\nada;Ada Lovelace\nbob;Bob\n",
        "Benutzerkürzel;Anrede\nada;Frau\nbob;Herr\n",
        "wer,wo\nada,a@l.org\nbob,b@l.org\n",
    ],
)
def test_a_header_without_a_known_name_is_no_student(text: str) -> None:
    with pytest.raises(SpecError, match=r"r\.csv:1: this looks like a header, but none of its names is known") as caught:
        roster.parse(text.encode(), "r.csv")
    assert "name a column `ID`" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["ada\nbob\n", "4711,Ada Student\n0815,Bob\n", "Ada Lovelace;4711\nJörg;0815\n", "ab1\nab2\n"])
def test_a_list_without_a_header_has_none(text: str) -> None:
    assert len(roster.parse(text.encode())) == 2
