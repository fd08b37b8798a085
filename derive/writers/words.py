"""The words of a sheet in a language: `templates/words/<language>.tex`, a teacher's own before ours, entry by entry.

A language is a file; further files of it are named `<language>.<part>.tex`. An entry is a row of a table of short plain texts
(`heading`, `label`, …), or a macro for a text that speaks of something (`say_forward`, `alt_network`, …).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2.environment import TemplateModule
from jinja2.runtime import Macro

from ..errors import Place, SpecError, did_you_mean
from ..resources import folder
from ..spec.languages import ENGLISH, FOLDER, languages, places, require
from .templating import OURS, Macros, environment, explained

LANGUAGE = {"babel": r"[A-Za-z]+", "tag": r"[A-Za-z0-9-]{2,35}", "decimal": r"[.,]"}
"""What the table `language` must hold, and in which form."""
MANY = 6
"""Of so many missing entries each is named."""


def _files(code: str, own: Path | None) -> Iterator[tuple[str, Path]]:
    """Template names and files of a language, the one that decides first."""
    for place in places(own):
        ours = place == folder() / FOLDER
        for path in sorted([*place.glob(f"{code}.tex"), *place.glob(f"{code}.*.tex")]):
            yield (f"{OURS}/" if ours else "") + f"{FOLDER}/{path.name}", path


class Words(Macros):
    """Every word of a sheet in one language.

    `words.heading("network")` is the row `network` of the table `heading`; `words.say("forward", a)` is the macro `say_forward`
    called with `a`; `words.role("input", False)` is the macro `role`. What the language lacks comes from the language that it
    names as its fallback, else it is an error that names file and key.
    """

    def __init__(self, code: str, own: Path | None, tools: Mapping[str, Any]) -> None:
        require(code, own)
        made = environment(own)
        self._code, self._own = code, own
        files: list[Path] = []
        modules: list[TemplateModule] = []
        wanted: str | None = code
        self._codes: list[str] = []
        while wanted is not None:
            self._codes.append(wanted)
            first = len(modules)
            for name, path in _files(wanted, own):
                with explained(own):
                    modules.append(made.get_template(name).make_module({**tools, "prose": self}))
                files.append(path)
            wanted = _merged(modules[first:], "language").get("fallback")
            if wanted is not None and (wanted in self._codes or wanted not in languages(own)):
                hint = did_you_mean(str(wanted), {*languages(own)} - {*self._codes})
                raise SpecError(f"`{code}` cannot fall back to `{wanted}`", place=Place(str(files[first])), hint=hint)
        super().__init__(modules)
        self._file = files[0]
        self._language: Mapping[str, str] = self.table("language")
        for key, form in LANGUAGE.items():
            if not re.fullmatch(form, str(self._language.get(key, ""))):
                hint = "((* set language = {'babel': 'french', 'tag': 'fr', 'decimal': ','} *))"
                raise SpecError(f"`{code}` has no `language.{key}` of the right form", place=Place(str(files[0])), hint=hint)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Family(self, name)

    @property
    def code(self) -> str:
        """The language: en, de, …"""
        return self._code

    def table(self, name: str) -> Any:
        """A whole table: rows of all files, or the first list."""
        for module in self._modules:
            found = getattr(module, name, None)
            if isinstance(found, list | tuple):
                return found
        return _merged(self._modules, name)

    @property
    def language(self) -> Mapping[str, str]:
        """`babel`: its name there; `tag`: its code in PDF; `decimal`: the mark in numbers; `fallback`."""
        return self._language

    def find(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """The entry that is meant by `name(*arguments)`."""
        key = arguments[0] if arguments and isinstance(arguments[0], str) else None
        for module in self._modules:
            table = getattr(module, name, None)
            if key is not None and isinstance(table, Mapping) and key in table:
                return table[key]
            full = key if key is not None and key.startswith(f"{name}_") else f"{name}_{key}"
            if key is not None and isinstance(macro := getattr(module, full, None), Macro):
                return macro(*arguments[1:])
        for module in self._modules:
            if isinstance(macro := getattr(module, name, None), Macro):
                return macro(*arguments)
        row = f"{name}.{key}"
        raise self.missing(name if key is None else row if row in _english() or self.table(name) else f"{name}_{key}")

    def record(self, name: str, key: str, field: str, english: str) -> str:
        """A text of a record of the catalogue, which holds it in English."""
        row = _merged(self._modules, name).get(key)
        if isinstance(row, Mapping) and field in row:
            return str(row[field])
        if ENGLISH in self._codes:
            return english
        raise self.missing(f"{name}.{key}")

    def keys(self) -> set[str]:
        """Every entry: `heading.network`, `say_forward`."""
        found = set()
        for module in self._modules:
            for name, value in vars(module).items():
                if isinstance(value, Macro):
                    found.add(name)
                elif isinstance(value, Mapping):
                    found |= {f"{name}.{key}" for key in value}
                elif isinstance(value, list | tuple):
                    found.add(name)
        return found

    def missing(self, key: str) -> SpecError:
        """The error for an entry that is not there."""
        lacking = sorted(_english() - self.keys() - {key})
        more = f"; {len(lacking)} more are missing: {', '.join(lacking[:MANY])}{', …' if len(lacking) > MANY else ''}"
        return SpecError(
            f"the language `{self._code}` has no `{key}`{more if lacking else ''}",
            place=Place(str(self._file)),
            hint=f"translate that of {FOLDER}/{ENGLISH}.tex, or write 'fallback': '{ENGLISH}' into the table `language`",
        )


class _Family:
    """Entries of one name, by their keys."""

    def __init__(self, words: Words, name: str) -> None:
        self.words, self.name = words, name

    def __call__(self, *arguments: Any) -> Any:
        return self.words.find(self.name, arguments)


@lru_cache(maxsize=1)
def _english() -> frozenset[str]:
    return frozenset(Words(ENGLISH, None, {}).keys())


def _merged(modules: list[TemplateModule] | Any, name: str) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for module in reversed(modules):
        table = getattr(module, name, None)
        if isinstance(table, Mapping):
            rows |= table
    return rows
