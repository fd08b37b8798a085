"""Sheet + format -> text, through the templates.

Everything that a template prints is escaped for TeX unless it is marked as TeX already, and only this module and the printers it
calls mark anything: expressions through `notation`, pictures and tables through PyLaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from . import descriptions, pictures, tables
from .catalogue import rules
from .drawing import text_width
from .escape import escape
from .figures import FIGURE_PREAMBLE
from .notation import views
from .notation.arrays import ArrayEquation
from .notation.latex import Printer
from .notation.latex_scalars import MANY_HELD, unbroken
from .notation.numeric import NumberPrinter
from .sheet import Figure, Line, Number, Sheet, Text, Value
from .system import Equation, cotangent
from .tensor import Entry

STYLE = "derive-sheets.sty"


def templates() -> Path:
    """The folder of the templates: inside an installed package, or beside it in the source tree."""
    here = Path(__file__).resolve().parent
    inside = here / "_templates"
    return inside if inside.is_dir() else here.parent / "templates"


def latex(sheet: Sheet, fragment: bool = False) -> str:
    """The sheet as LaTeX: a whole document, or its body alone."""
    writer = _Writer(sheet)
    name = "fragment.tex" if fragment else "document.tex"
    text = _environment().get_template(name).render(sheet=sheet, **writer.tools())
    return re.sub(r"\n\s*\n(?:\s*\n)*", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"


def style() -> dict[str, str]:
    """The files that a sheet needs beside it: the style, with what the pictures want."""
    text = (templates() / "latex" / STYLE).read_text("utf-8")
    return {STYLE: text.replace("%%FIGURES%%", FIGURE_PREAMBLE.strip())}


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates() / "latex"),
        block_start_string="((*",
        block_end_string="*))",
        variable_start_string="(((",
        variable_end_string=")))",
        comment_start_string="((=",
        comment_end_string="=))",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_safe,
        extensions=["jinja2.ext.do"],
    )
    return environment


def _safe(value: Any) -> Any:
    """What a template prints: TeX that is marked as such, or text, escaped."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(str(value)))


COLUMN = 7.2
"""The width in cm that a piece of a formula may have in one of two columns."""


def _longest(latex: str) -> float:
    """The estimated width in cm of the longest piece that cannot be broken; what stands between \\left and \\right cannot."""
    pieces, depth = [""], 0
    for token in re.split(r"(\\left(?![a-z])|\\right(?![a-z])|\\allowbreak|\\penalty500)", latex):
        depth += {r"\left": 1, r"\right": -1}.get(token, 0)
        if token in (r"\allowbreak", r"\penalty500") and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += "" if token in (r"\allowbreak", r"\penalty500") else token
    return max(text_width(f"${piece}$") for piece in pieces)


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class _Writer:
    """The functions that the templates call, for one sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.taught: set[str] = set()
        self.heads = False

    def tools(self) -> dict[str, Any]:
        return {
            "m": self.math,
            "cells": self.cells,
            "rule": self.rule,
            "figure": self.figure,
            "raw_text": Markup,
            "words": self.words,
            "table": self.table,
            "shape": self.shape,
            "text": self.text,
            "value": self.value,
            "number": self.number,
            "sentence": self.sentence,
            "start_section": self.start_section,
            "about": lambda n: Markup(("" if n.exact else "about ") + f"${n.text}$"),
            "take_heads": self.take_heads,
            "layer": self.layer,
            "kind": lambda block: type(block).__name__,
            "by_twos": self.by_twos,
            "zeros": self.zeros,
            "whole": self.whole_equation,
            "raw": lambda item: Markup(self.math(item)[1:-1]),
            "count": lambda n: _WORDS[n] if n < len(_WORDS) else str(n),
            "given_rows": self.given_rows,
            "gradient_rows": self.gradient_rows,
            "size_rows": self.size_rows,
            "explore_head": lambda block: [Markup(rf"\(\displaystyle {self.math(c)[1:-1]}\)") for c in block.rows[0]],
            "explore_rows": lambda block: [[self.math(c) for c in row] for row in block.rows[1:]],
        }

    def start_section(self) -> Markup:
        """Column heads stand once in each section."""
        self.heads = len(self.sheet.views) > 1
        return Markup("")

    def take_heads(self) -> bool:
        taken, self.heads = self.heads, False
        return taken

    def layer(self, number: int) -> Markup:
        """A layer's number in words of the sheet's labels: 2, or L-1."""
        return Markup(f"${self.sheet.symbols.layer(number).strip('()')}$")

    def printer(self, general: Mapping[int, str] | None = None, symbols: Any = None) -> Printer:
        found = symbols or self.sheet.symbols
        return Printer(replace(found, general=dict(general)) if general else found)

    def math(self, item: Any, general: Mapping[int, str] | None = None) -> Markup:
        """Anything mathematical, inline."""
        if isinstance(item, Number):
            return Markup(f"${item.text}$")
        printer = self.printer(general)
        if isinstance(item, Equation | ArrayEquation):
            lhs, rhs = printer.equation(item)
            return Markup(f"${unbroken(f'{lhs} = {rhs}')}$")
        if isinstance(item, Entry) and not item.indices:
            return Markup(f"${self.whole(item, general)}$")
        return Markup(f"${unbroken(printer.side(item))}$")

    def whole(self, entry: Entry, general: Mapping[int, str] | None = None) -> str:
        """A tensor as a whole: a capital where it is a matrix in this view."""
        return pictures.name(entry.key, self.sheet, self.printer(general))

    def cells(self, line: Line, symbols: Any = None) -> list[dict[str, Any]]:
        """Left-hand and right-hand side of a line in each view."""
        printer = self.printer(line.general, symbols)
        out = []
        for form in line.forms:
            lhs, rhs = printer.equation(form.shown)
            if line.names:
                lhs = rf"{lhs} = {printer.spelt_out(form.shown.lhs)}"
            out.append({"view": form.view, "lhs": Markup(lhs), "rhs": Markup(rhs)})
        return out

    def rule(self, keys: tuple[str, ...]) -> Markup:
        """The names of the rules; the first time that a rule is used, in the reader's words too."""
        known = rules()
        shown = []
        for key in dict.fromkeys(keys):
            record = known[key]
            title = escape(record.title)
            if key in self.taught:
                shown.append(rf"\dsrule{{{title}}}")
            else:
                self.taught.add(key)
                shown.append(rf"\dsrule{{{title}}}: {escape(record.say)}")
        return Markup("; ".join(shown) if any(": " in s for s in shown) else ", ".join(shown))

    def by_twos(self, cells: list[dict[str, Any]], asked: tuple[str, ...]) -> list[tuple[Markup, Markup]]:
        """The cells in the places of their views, two in a row; what a view has no form for is left empty."""
        whole = {c["view"]: Markup(rf"{c['lhs']} \allowbreak = {c['rhs']}") for c in cells}
        seen: set[str] = set()
        shown = []
        for view in asked:
            text = whole.get(view, Markup(""))
            if text not in seen:
                shown.append(text)
            seen.add(text)
        if any(_longest(text) > COLUMN for text in shown):  # too long for a column: one below the other
            shown = [piece for text in shown for piece in (text, Markup(""))]
        shown += [Markup("")] * (len(shown) % 2)
        return [(shown[i], shown[i + 1]) for i in range(0, len(shown), 2)]

    def zeros(self, row: Any) -> Markup:
        """dw = 0, db = 0."""
        printer = self.printer(row.general)
        shown = [rf"\mathrm{{d}}{pictures.name(z.entry.key, self.sheet, printer)} = 0" for z in row.zero]
        if len(shown) > MANY_HELD:
            shown = [*shown[:2], r"\dots", shown[-1]]
        return Markup(r",\ \allowbreak ".join(shown))

    def whole_equation(self, shown: Any, general: Mapping[int, str]) -> Markup:
        lhs, rhs = self.printer(general).equation(shown)
        return Markup(rf"{lhs} \allowbreak = {rhs}")

    def given_rows(self, block: Any, prose: Any) -> list[list[Any]]:
        return [[self.math(e), prose.role(role, each), self.shape(shape)] for e, role, shape, each in block.rows]

    def gradient(self, found: Equation, general: Mapping[int, str]) -> Markup:
        """∂C/∂w on one line, for a table."""
        assert isinstance(found.lhs, Entry)
        printer = self.printer(general)
        shown = views.shown(found, self.sheet.views[0], self.sheet.symbols.system)
        lhs, rhs = printer.equation(shown)
        on_one_line = re.sub(r"\\frac\{(\\partial [^{}]*)\}\{(\\partial (?:[^{}]|\{[^{}]*\})*)\}", r"\1/\2", unbroken(rhs))
        return Markup(f"${pictures.flat(lhs)} = {on_one_line}$")

    def size_rows(self, block: Any) -> list[list[Any]]:
        return [[self.math(e), Markup(f"${pictures.flat(self.whole(lhs))}$"), self.math(size)] for e, lhs, size in block.rows]

    def gradient_rows(self, block: Any) -> list[list[Any]]:
        return [
            [self.math(e, general), self.shape(shape), self.gradient(found, general), self.shape(shape)]
            for e, shape, found, general in block.rows
        ]

    def figure(self, figure: Figure) -> Markup:
        """A picture as TikZ."""
        return Markup(pictures.draw(figure, self.sheet, self.printer()))

    def words(self, figure: Figure, prose: Any) -> Markup:
        """What a picture shows, in words: plain text, for those who cannot see it."""
        said = prose.alt(figure.kind, descriptions.described(figure, self.sheet))
        return Markup(descriptions.plain(Markup(said).unescape()))

    def table(self, header: list[Any], rows: list[list[Any]], align: str = "") -> Markup:
        """A booktabs table of cells that are TeX already."""
        return Markup(tables.table([str(_safe(h)) for h in header], [[str(_safe(c)) for c in row] for row in rows], align))

    def shape(self, shape: tuple[int, ...]) -> Markup:
        """4 × 3; a single number has the shape of a number."""
        if not shape:
            return Markup(r"\dsscalar{}")
        if len(shape) == 1:
            return Markup(f"${shape[0]}$")
        return Markup("$" + r" \times ".join(map(str, shape)) + "$")

    def text(self, text: Text) -> Markup:
        """The user's own words."""
        return Markup("").join(Markup(escape(part)) if isinstance(part, str) else self.math(part) for part in text.parts)

    def number(self, number: Number) -> Markup:
        return Markup(f"${number.text}$")

    def value(self, value: Value) -> Markup:
        """z = w a + b = 2 · 1 + 3 = 5, as one inline formula with places to break."""
        printer = self.printer()
        if isinstance(value.shown, Equation) and value.shown.lhs == value.shown.rhs:
            entry = value.shown.lhs
            parts = [self.whole(entry)]
        else:
            lhs, rhs = printer.equation(value.shown)
            parts = [lhs, unbroken(rhs)]
        relation = "="
        out = parts[0]
        for part in parts[1:]:
            out += rf" \allowbreak = {part}"
        if value.numbers is not None and isinstance(value.shown, Equation):
            put_in = NumberPrinter(self.sheet.symbols, value.numbers).side(value.shown.rhs)
            relation = "=" if all(n.exact for n in value.numbers.values()) else r"\approx"
            if value.shown.rhs.args and not isinstance(value.shown.rhs, Entry):
                out += rf" \allowbreak {relation} {unbroken(put_in)}"
        shown, exact = _array(value.array)
        if len(parts) == 2 and parts[1] == shown:
            return Markup(rf"{parts[0]} = {shown}")  # the formula is the number already
        if value.step is not None:
            return Markup(self.stepped(parts[0], value, shown, exact))
        out += rf" \allowbreak {'=' if exact and relation == '=' else chr(92) + 'approx'} {shown}"
        return Markup(out)

    def stepped(self, name: str, value: Value, shown: str, exact: bool) -> str:
        """w becomes old - rate · gradient."""
        assert value.step is not None and isinstance(value.shown, Equation) and isinstance(value.shown.lhs, Entry)
        if len(value.step) == 1:
            gradient = pictures.flat(pictures.name(cotangent(value.shown.lhs.key), self.sheet, self.printer()))
            return rf"{name} - {value.step[0].text} \cdot {gradient} {'=' if exact else chr(92) + 'approx'} {shown}"
        old, *rest = value.step
        rate, slope = (f"({n.text})" if n.text.startswith("-") else n.text for n in rest)
        relation = "=" if exact and all(n.exact for n in value.step) else r"\approx"
        return rf"{name} \leftarrow {old.text} - {rate} \cdot {slope} {relation} {shown}"

    def sentence(self, items: list[Any], general: Mapping[int, str] | None = None) -> Markup:
        """a, b and c."""
        shown = [self.math(i, general) for i in items]
        if len(shown) < 2:
            return Markup("".join(shown))
        return Markup(", ").join(shown[:-1]) + Markup(r"\dsand{}") + shown[-1]


def _array(array: tuple[Any, ...] | Number) -> tuple[str, bool]:
    """An array of numbers in LaTeX, and whether all of it is exact. A vector is written as a row, transposed."""
    if isinstance(array, Number):
        return array.text, array.exact
    if all(isinstance(n, Number) for n in array):
        inside = " & ".join(n.text for n in array)
        body = rf"\begin{{pmatrix}}{inside}\end{{pmatrix}}"
        return body + (r"^{\top}" if len(array) > 1 else ""), all(n.exact for n in array)
    if all(isinstance(row, tuple) and all(isinstance(n, Number) for n in row) for row in array):
        high = any(r"\frac" in n.text for row in array for n in row)
        body = (r"\\[3pt]" if high else r"\\").join(" & ".join(n.text for n in row) for row in array)
        return rf"\begin{{pmatrix}}{body}\end{{pmatrix}}", all(n.exact for row in array for n in row)
    parts = [_array(part) for part in array]
    return r"\left[" + r",\ ".join(p for p, _ in parts) + r"\right]", all(e for _, e in parts)
