"""Mathematics in the texts of a book: read with the names of the chapter's sheets first, then with those of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..document import pipeline, user_text
from ..document.model import Sheet
from ..errors import EquationError
from ..expressions.system import System
from ..notation import register, typed
from ..spec.theme import Look
from ..writers.latex.writer import Known, Writer
from ..writers.words import Words
from .sheets import Member

MANY = 40
"""So many sheets are asked for a name; each has to be read for it."""


class Maths:
    """Sets formulas. The systems that they speak of are built when the first formula asks for them."""

    def __init__(self, members: Sequence[Member], look: Look) -> None:
        self._members = members
        self._look = look
        self._built: dict[str, tuple[System, Sheet]] = {}

    def latex(self, code: str, chapter: int, words: Words) -> str | None:
        """The LaTeX of a formula as it was typed, or None where it is none.

        The first sheet that knows all of its names says what they are: numbers, or vectors whose products are entry by entry.
        Raises SpecError for what is meant as an equation and cannot be read.
        """
        if "`" in code or not code.strip():
            return None
        best: tuple[typed.Typed, Sheet] | None = None
        for member in sorted(self._members, key=lambda m: (m.chapter != chapter, m.chapter, m.place))[:MANY]:
            system, stub = self._system(member)
            try:
                found = typed.read(code, typed.ranks(system))
            except EquationError as error:
                if typed.is_meant(code):
                    raise user_text.unreadable(code, error) from None
                return None
            whole = all(name in found.ranks for name in found.names())
            if best is None or whole:
                best = (found, stub)
            if whole:
                break
        if best is None or not _is_mathematics(best[0]):
            return None
        writer = Writer(replace(best[1], look=replace(self._look, language=words.code)), Known())
        writer.all_tools()
        return str(writer.formulas.math(best[0]))

    def _system(self, member: Member) -> tuple[System, Sheet]:
        if member.name not in self._built:
            spec = member.wanted.spec()
            system = pipeline.system(spec)
            symbols = register.symbols(system, spec.labels, spec.glyphs)
            self._built[member.name] = (system, Sheet(spec.title, (), symbols, pipeline.views(spec), look=self._look))
        return self._built[member.name]


def _is_mathematics(found: typed.Typed) -> bool:
    """Whether a formula is one, and not words: an equation, or signs and names of a sheet."""
    signs = (name in found.ranks or typed.is_letter(name) for name in found.names())
    return "=" in found.text or user_text.is_function(found.text) or all(signs)
