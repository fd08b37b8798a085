"""Mathematics in the texts of a book: read with the names of the chapter's sheets first, then with those of the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import api, story
from ..catalogue import functions
from ..looks import Look
from ..notation import register
from ..render import Known, Writer
from ..sheet import Sheet
from ..system import System
from ..words import Words
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
        """The LaTeX of a formula, or None where it is none. The first sheet that knows all of its names decides how it looks."""
        if "`" in code or not code.strip():
            return None
        best: tuple[Any, Sheet] | None = None
        for member in sorted(self._members, key=lambda m: (m.chapter != chapter, m.chapter, m.place))[:MANY]:
            system, stub = self._system(member)
            item, *more = story.marked(f"`{code}`", system)
            if more or isinstance(item, str):
                continue
            known = {t.base for t in system.tensors.values()} | set(functions()) | {"sum"}
            whole = {re.sub(r"^d(?=\w)", "", name) for name in re.findall(r"[^\W\d]\w*", code)} <= known
            if best is None or whole:
                best = (item, stub)
            if whole:
                break
        if best is None:
            return None
        writer = Writer(replace(best[1], look=replace(self._look, language=words.code)), Known())
        writer.all_tools()
        return str(writer.formulas.math(best[0]))

    def _system(self, member: Member) -> tuple[System, Sheet]:
        if member.name not in self._built:
            spec = member.wanted.spec()
            system = api.system(spec)
            symbols = register.symbols(system, spec.labels, spec.glyphs)
            self._built[member.name] = (system, Sheet(spec.title, (), symbols, api.views(spec), look=self._look))
        return self._built[member.name]
