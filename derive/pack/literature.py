"""A user's BibTeX file: its entries as plain text, for our own template to set.

Read by bibtexparser; what is LaTeX in it becomes the text that it would print, through pylatexenc, so that none of it reaches TeX
as a command.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import NameParts, SeparateCoAuthors, SplitNameParts
from bibtexparser.model import Entry, Field
from pylatexenc.latex2text import LatexNodes2Text

from ..errors import DeriveError, Place, SpecError
from ..spec.reading import read
from ..writers.latex.escape import escape

MAX_ENTRIES = 5000

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what is wrong is said by us
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Work:
    """One entry, as text. `whole`: it is a book and not a part of something; `within`: the journal, the proceedings."""

    key: str
    people: tuple[str, ...] = ()
    edited: bool = False
    title: str = ""
    whole: bool = False
    within: str = ""
    publisher: str = ""
    year: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""
    note: str = ""
    address: str = ""
    sorted_by: tuple[str, ...] = ()


WHOLE = ("book", "booklet", "manual", "proceedings", "phdthesis", "mastersthesis", "thesis", "techreport", "report")
WITHIN = ("journal", "journaltitle", "booktitle", "series", "howpublished")
PUBLISHER = ("publisher", "school", "institution", "organization")


def load(path: Path) -> dict[str, Work]:
    """The entries of a .bib file by their keys. Raises SpecError, with the line."""
    try:
        library = parse_string(read(path), append_middleware=[SeparateCoAuthors(), SplitNameParts()])
    except (RecursionError, ValueError, LookupError) as error:
        raise SpecError("this is not a BibTeX file", place=Place(str(path))) from error
    for failed in library.failed_blocks:
        place = Place(str(path), (failed.start_line or 0) + 1)
        again = "Duplicate" in type(failed).__name__
        message = "an entry above has this key already" if again else "this entry cannot be read"
        raise SpecError(message, place=place, hint="" if again else "look for a brace, a quote or a comma that is missing")
    if len(library.entries) > MAX_ENTRIES:
        raise SpecError(f"there are more than {MAX_ENTRIES:,} entries", place=Place(str(path)))
    return {entry.key: _work(entry, path) for entry in library.entries}


def _work(entry: Entry, path: Path) -> Work:
    place = Place(str(path), (entry.start_line or 0) + 1)
    fields: Mapping[str, Field] = {field.key.lower(): field for field in entry.fields}

    def text(*names: str) -> str:
        for name in names:
            if name in fields and (said := _plain(str(fields[name].value), place)):
                return said
        return ""

    who = "author" if "author" in fields else "editor"
    parts = fields[who].value if who in fields else []
    people = tuple(_person(p, place) for p in parts if isinstance(p, NameParts))
    year = text("year") or text("date")[:4]
    address = _address(fields)
    kind = entry.entry_type.lower()
    work = Work(
        key=entry.key,
        people=people,
        edited=who == "editor" and bool(people),
        title=text("title"),
        whole=kind in WHOLE,
        within=text(*WITHIN),
        publisher=text(*PUBLISHER),
        year=year,
        volume=text("volume"),
        number=text("number", "issue"),
        pages=re.sub(r"\s*[-–]+\s*", "–", text("pages")),
        note=text("note"),
        address=address,
        sorted_by=(*(" ".join(_plain(w, place) for w in p.last).casefold() for p in parts if isinstance(p, NameParts)), year),
    )
    for said in (*work.people, work.title, work.within, work.publisher, work.note, work.volume, work.number, work.pages, address):
        try:
            escape(said)
        except DeriveError as error:
            raise error.at(place) from None
    return work


def _person(parts: NameParts, place: Place) -> str:
    return " ".join(_plain(word, place) for word in (*parts.first, *parts.von, *parts.last, *parts.jr))


def _address(fields: Mapping[str, Field]) -> str:
    """Where it is to be found, as it stands in the file: a % in it is no comment."""
    for name in ("doi", "url", "eprint"):
        if name in fields and (found := "".join(str(fields[name].value).split()).replace("\\", "")):
            return f"https://doi.org/{found}" if name == "doi" and "://" not in found else found
    return ""


def _plain(latex: str, place: Place) -> str:
    try:
        return " ".join(LatexNodes2Text().latex_to_text(latex).split())
    except (RecursionError, ValueError, LookupError, TypeError) as error:
        raise SpecError("the LaTeX in this entry cannot be read", place=place, hint="write its letters as they are") from error
