"""Sheet + format -> text, through the templates.

Everything that a template prints is escaped for TeX unless it is marked as TeX already, and only this module and the printers it
calls mark anything: expressions through `notation`, pictures and tables through PyLaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from ...checks.readback import reading
from ...document.model import Figure, Line, Lines, Sheet, Task, Text
from ...expressions.nodes import Entry
from ...network.catalogue import losses, malrules, rules
from ...resources import folder
from ...spec.languages import ENGLISH
from ...spec.theme import Look
from .. import alt_text
from ..templating import Macros, environment, explained, macros, safe, tidy
from ..words import Words
from . import figures as pictures
from . import pages, tables
from .escape import escape
from .formulas import POINT, with_left_sides
from .value_lines import ValueLines

STYLE = "derive-sheets.sty"


@dataclass
class Known:
    """Blocks that stand on many sheets of one look, and the texts that they have become."""

    blocks: dict[int, Any] = field(default_factory=dict)
    texts: dict[Any, tuple[Markup, frozenset[str], bool]] = field(default_factory=dict)

    def keep(self, blocks: Iterable[Any]) -> None:
        """These blocks will come again; they are held, so that what is known of one is not taken for another's."""
        self.blocks |= {id(block): block for block in blocks}


def latex(sheet: Sheet, fragment: bool = False, known: Known | None = None) -> str:
    """The sheet as LaTeX: a whole document, or its body alone.

    known: what sheets of one spec and one look have in common is written out once.
    """
    writer = Writer(sheet, known or Known())
    with explained(writer.own):
        text = environment(writer.own).get_template("fragment.tex" if fragment else "document.tex").render(writer.all_tools())
    return read_back(tidy(text), sheet)


READ = "@@lines read back@@"
"""Stands on a page until its lines have been read."""


def read_back(text: str, sheet: Sheet) -> str:
    """The text with the number of its lines that were read back. Raises CheckFailed where one cannot be, or is false."""
    if sheet.derivation is None:
        return text
    blocks = [(s.key, b) for s in sheet.sections for b in s.blocks if isinstance(b, Lines)]
    parts = {key: (b.derivation, b.symbols) for key, b in blocks if b.derivation is not None and b.symbols is not None}
    folders = (folder() / "words", sheet.look.templates)
    count = reading.of(sheet.derivation, sheet.symbols).page(text, folders, parts)
    return text.replace(READ, str(count))


def style(look: Look | None = None) -> dict[str, str | bytes]:
    """The files that a sheet needs beside it: the style, with the commands of the pictures, and the logo of its theme."""
    text, pictures = ((folder() / "latex" / name).read_text("utf-8") for name in (STYLE, "pictures.sty"))
    return {STYLE: text.replace("%%PICTURES%%", pictures.strip()), **(look.files if look else {})}


MACROS = ("blocks", "questions")
"""The files of macros: a template calls `blocks.lines`."""


class Writer:
    """The functions that the templates call, for one sheet."""

    def __init__(self, sheet: Sheet, known: Known) -> None:
        self.sheet = sheet
        self.known = known
        self.formulas = ValueLines(sheet)
        self.taught: set[str] = set()
        self.heads = False
        self.own = sheet.look.templates

    def all_tools(self) -> dict[str, Any]:
        """The functions, the words and the macros of blocks: all that a template sees."""
        tools: dict[str, Any] = {"sheet": self.sheet, **self.tools()}
        tools |= {name: Macros([]) for name in MACROS}  # they call each other
        self.prose = tools["prose"] = tools["homework"] = Words(self.sheet.look.language, self.own, tools)
        self.formulas.decimal = self.prose.language["decimal"]
        for name in MACROS:
            tools[name].add(macros(self.own, f"{name}.tex", tools))
        self.blocks = tools["blocks"]
        return tools

    def tools(self) -> dict[str, Any]:
        formulas = self.formulas
        return {
            "m": formulas.math,
            "cells": formulas.cells,
            "rule": self.rule,
            "figure": self.figure,
            "raw_text": Markup,
            "words": self.words,
            "table": self.table,
            "shape": formulas.shape,
            "text": self.text,
            "value": formulas.value,
            "number": formulas.number,
            "sentence": formulas.sentence,
            "start_section": self.start_section,
            "about": lambda n: self.formulas.number(n) if n.exact else self.prose.find("roughly", (self.formulas.number(n),)),
            "title": self.title,
            "look": self.sheet.look,
            "running": pages.running,
            "changed": self.changed,
            "strip": pages.strip,
            "margins": lambda: pages.margins(self.sheet.look),
            "room": lambda height, power: pages.room(self.sheet.look, height, power),
            "answer_room": lambda height: pages.answer_room(self.sheet.look, height),
            "take_heads": self.take_heads,
            "layer": formulas.layer,
            "block": self.block,
            "kind": lambda block: type(block).__name__,
            "by_twos": formulas.by_twos,
            "zeros": formulas.zeros,
            "whole": formulas.whole_equation,
            "hint": self.hint,
            "together": self.together,
            "reason": self.reason,
            "gap_number": formulas.gap_number,
            "held_cell": formulas.held_cell,
            "with_left_sides": with_left_sides,
            "inline": formulas.inline,
            "malrule": self.malrule,
            "raw": lambda item: Markup(self.formulas.math(item)[1:-1]),
            "count": self.count,
            "read_back": lambda: Markup(READ),
            "given_rows": self.given_rows,
            "gradient_rows": self.gradient_rows,
            "size_rows": self.size_rows,
            "explore_head": lambda block: [Markup(rf"\(\displaystyle {self.formulas.math(c)[1:-1]}\)") for c in block.rows[0]],
            "explore_rows": lambda block: [[self.formulas.math(c) for c in row] for row in block.rows[1:]],
        }

    def block(self, block: Any) -> Markup:
        """One block of a section. Its text depends on which rules have been explained already, and on the heads of columns."""
        shared = id(block) in self.known.blocks
        key = (id(block), self.sheet.edition, frozenset(self.taught), self.heads)
        if shared and key in self.known.texts:
            text, taught, self.heads = self.known.texts[key]
            self.taught |= taught
            return text
        text = self.blocks.block(block, self.prose, self.blocks)
        if shared:
            self.known.texts[key] = (text, frozenset(self.taught), self.heads)
        return text

    def count(self, n: int) -> str:
        """A small number in words."""
        known = self.prose.table("counts")
        return str(known[n]) if n < len(known) else str(n)

    def title(self, group: str, name: str) -> str:
        """What a record of the catalogue is called."""
        return self.prose.record(group, name, "title", losses()[name].title)

    def changed(self) -> dict[str, str]:
        """The words inside formulas that are not those of the style file, which are English."""
        ours: dict[str, str] = Words(ENGLISH, None, {}).table("fixed")
        return {key: word for key, word in self.prose.table("fixed").items() if word != ours.get(key)}

    def start_section(self) -> Markup:
        """Column heads stand once in each section."""
        self.heads = len(self.sheet.views) > 1
        return Markup("")

    def take_heads(self) -> bool:
        taken, self.heads = self.heads, False
        return taken

    def rule(self, keys: tuple[str, ...]) -> Markup:
        """The names of the rules; the first time that a rule is used, in the reader's words too."""
        known = rules()
        shown = []
        for key in dict.fromkeys(keys):
            record = known[key]
            title = escape(self.prose.record("rules", key, "title", record.title))
            if key in self.taught:
                shown.append(rf"\dsrule{{{title}}}")
            else:
                self.taught.add(key)
                shown.append(rf"\dsrule{{{title}}}: {escape(self.prose.record('rules', key, 'say', record.say))}")
        return Markup("; ".join(shown) if any(": " in s for s in shown) else ", ".join(shown))

    def record(self, group: str, key: str, record: Any) -> tuple[Markup, Markup]:
        """Title and text of a rule, in the language."""
        title, say = (self.prose.record(group, key, field, getattr(record, field)) for field in ("title", "say"))
        return safe(title), safe(say)

    def reason(self, line: Line, words: Any) -> Markup:
        """The rules of a line, or the question for them."""
        return safe(words.label("which_rule")) if "rule" in line.asks else self.rule(line.rules)

    def together(self, sheet: Sheet) -> bool:
        """Whether some point of the marking scheme stands for several steps."""
        marks = (mark for s in sheet.sections for block in s.blocks if isinstance(block, Task) for mark in block.marks)
        return any(mark.key == "mark_together" for mark in marks)

    def hint(self, keys: tuple[str, ...]) -> Markup:
        """The rules of the next step, in the reader's words."""
        records = (self.record("rules", key, rules()[key]) for key in dict.fromkeys(keys))
        return Markup("; ".join(f"{say} ({title})" for title, say in records))

    def malrule(self, key: str) -> dict[str, Markup]:
        """What a usual error is called, what the student believes, how it shows, and what to say to the student."""
        record = malrules()[key]
        fields = ("title", "belief", "shows", "say")
        return {f: safe(self.prose.record("malrules", key, f, getattr(record, f))) for f in fields}

    def given_rows(self, block: Any, prose: Any) -> list[list[Any]]:
        return [
            [self.formulas.math(e), prose.role(role, each), self.formulas.shape(shape)] for e, role, shape, each in block.rows
        ]

    def size_rows(self, block: Any) -> list[list[Any]]:
        return [
            [self.formulas.math(e), self.formulas.inline(Entry.of(lhs.key)), self.formulas.math(size)]
            for e, lhs, size in block.rows
        ]

    def gradient_rows(self, block: Any) -> list[list[Any]]:
        return [
            [
                self.formulas.math(e, general) + self.formulas.layers(layers),
                self.formulas.shape(shape),
                self.formulas.gradient(found, general),
                self.formulas.shape(shape),
            ]
            for e, shape, found, general, layers in block.rows
        ]

    def figure(self, figure: Figure) -> Markup:
        """A picture as TikZ."""
        drawn = pictures.draw(figure, self.sheet, self.formulas.printer(), self.prose.table("picture"))
        return Markup(re.sub(r"\$[^$]*\$", lambda formula: str(self.formulas.tex(formula[0])), drawn))

    def words(self, figure: Figure, prose: Any) -> Markup:
        """What a picture shows, in words: plain text, for those who cannot see it."""
        said = prose.alt(figure.kind, alt_text.described(figure, self.sheet))
        plain = alt_text.plain(Markup(said).unescape())
        return Markup(POINT.sub(self.prose.language["decimal"], plain))

    def table(self, header: list[Any], rows: list[list[Any]], align: str = "") -> Markup:
        """A booktabs table of cells that are TeX already."""
        return Markup(tables.table([str(safe(h)) for h in header], [[str(safe(c)) for c in row] for row in rows], align))

    def text(self, text: Text) -> Markup:
        """The user's own words."""
        parts = (Markup(escape(part)) if isinstance(part, str) else self.formulas.inline(part) for part in text.parts)
        return Markup("").join(parts)
