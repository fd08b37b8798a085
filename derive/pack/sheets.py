"""A spec to what the book needs of it: the bodies of its editions, the rules that they name, its signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..document.model import Sheet
from ..errors import DeriveError
from ..homework import editions
from ..network.catalogue import rules
from ..spec import Spec, loads
from ..spec.fields import Steps
from ..spec.theme import Look
from ..writers.latex import writer
from ..writers.latex.escape import escape
from ..writers.words import Words
from .models import SheetEntry
from .notation_table import Sign, signs

USED = r"\dsrule{"


@dataclass(frozen=True)
class Derived:
    """What a book holds of one spec, as plain data. `bodies`: LaTeX by edition; `rules`: the rules that each of them names."""

    title: str
    subtitle: str
    bodies: Mapping[str, str]
    rules: Mapping[str, tuple[str, ...]]
    signs: tuple[Sign, ...]


@dataclass(frozen=True)
class Wanted:
    """A sheet that is asked for: its id, its spec's file and text, how it looks, the editions, and how it is written."""

    name: str
    path: Path
    text: str
    look: Look
    own_language: bool
    editions: tuple[str, ...]
    notation: Mapping[str, Any] = field(default_factory=dict)

    def spec(self) -> Spec:
        """Its spec, with the look of the book: what the spec says about that is for a sheet alone."""
        found = loads(self.text, str(self.path))
        plain = {"theme": None, "paper": None, "size": None, "sides": None}
        language = {} if self.own_language else {"language": self.look.language}
        return found.model_copy(update={**plain, **language, **self.notation}).with_own(None, self.look.templates)


@dataclass(frozen=True)
class Member:
    """A sheet in the book: its entry in the pack, with its path there; its chapter, and its place in that, both from 1."""

    entry: SheetEntry
    path: Steps
    chapter: int
    place: int
    wanted: Wanted
    derived: Derived
    edition: str
    solved: str | None

    @property
    def name(self) -> str:
        """Its id."""
        return self.entry.name

    @property
    def number(self) -> str:
        """The number of its section, 1.2."""
        return f"{self.chapter}.{self.place}"

    @property
    def title(self) -> str:
        """Its heading."""
        return self.entry.title or self.derived.title


def derive(wanted: Wanted) -> Derived:
    """Derive, check and write out the sheets of one spec. Raises DeriveError."""
    found = wanted.spec()
    for line in ("title", "subtitle"):
        try:
            escape(str(getattr(found, line) or ""))
        except DeriveError as error:
            raise error.at(found.place(line)) from None
    made = editions.sheets(found, wanted.editions)
    sheets = {which: _looking(made["" if which == "worked" else f"-{which}"], wanted) for which in wanted.editions}
    known = titles(found.language, wanted.look.templates)
    bodies, used = {}, {}
    for which, sheet in sheets.items():
        bodies[which], used[which] = marked(writer.latex(sheet, fragment=True), known)
    return Derived(found.title, found.subtitle or "", bodies, used, signs(next(iter(sheets.values()))))


def _looking(sheet: Sheet, wanted: Wanted) -> Sheet:
    return replace(sheet, look=replace(wanted.look, language=sheet.look.language), name=wanted.name)


def titles(language: str, own: Path | None) -> dict[str, str]:
    """What each rule is called in a language, by its key."""
    words = Words(language, own, {})
    return {key: words.record("rules", key, "title", record.title) for key, record in rules().items()}


def marked(body: str, known: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    r"""The body with a mark before each name of a rule, from which the index gets its pages; and the rules that it names.

    Rules that are called the same are one rule to a reader.
    """
    keys: dict[str, str] = {}
    for key, title in known.items():
        keys.setdefault(f"{USED}{escape(title)}}}", key)
    used: dict[str, None] = {}
    for shown, key in keys.items():
        if shown in body:
            used[key] = None
            body = body.replace(shown, rf"\dsuses{{{key.replace('_', '-')}}}{shown}")
    return body, tuple(used)


def all_rules(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The rules of several sheets, in the order of the rule book."""
    used = {key for keys in found for key in keys}
    return tuple(key for key in rules() if key in used)
