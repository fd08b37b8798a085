"""Sheet + format -> text, through the templates.

Everything that a template prints is escaped for TeX unless it is marked as TeX already, and only this module and the printers it
calls mark anything: expressions through `notation`, pictures and tables through PyLaTeX.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from . import descriptions, pictures, tables
from .catalogue import losses, malrules, rules
from .drawing import text_width
from .escape import escape
from .figures import FIGURE_PREAMBLE
from .looks import Look, Strip
from .notation import views
from .notation.arrays import ArrayEquation
from .notation.latex import Printer
from .notation.latex_scalars import MANY_HELD, unbroken
from .notation.numeric import NumberPrinter
from .sheet import Figure, Held, Line, Number, Sheet, Text, Value
from .system import Equation, cotangent
from .templating import Macros, environment, explained, folder, macros, safe
from .tensor import Entry, Partial
from .words import ENGLISH, Words

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
    writer = _Writer(sheet, known or Known())
    with explained(writer.own):
        text = environment(writer.own).get_template("fragment.tex" if fragment else "document.tex").render(writer.all_tools())
    return re.sub(r"\n\s*\n(?:\s*\n)*", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"


def style(look: Look | None = None) -> dict[str, str | bytes]:
    """The files that a sheet needs beside it: the style, with what the pictures want, and the logo of its theme."""
    text = (folder() / "latex" / STYLE).read_text("utf-8")
    return {STYLE: text.replace("%%FIGURES%%", FIGURE_PREAMBLE.strip()), **(look.files if look else {})}


MOST_ROOM = 190
"""The most millimetres that a room for an answer may have: it must go on one page."""

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


MACROS = ("blocks", "questions")
"""The files of macros: a template calls `blocks.lines`."""

_POINT = re.compile(r"(?<=\d)\.(?=\d)")


class _Writer:
    """The functions that the templates call, for one sheet."""

    def __init__(self, sheet: Sheet, known: Known) -> None:
        self.sheet = sheet
        self.known = known
        self.taught: set[str] = set()
        self.heads = False
        self.own = sheet.look.templates
        self.language = sheet.look.language

    def all_tools(self) -> dict[str, Any]:
        """The functions, the words and the macros of blocks: all that a template sees."""
        tools: dict[str, Any] = {"sheet": self.sheet, **self.tools()}
        tools |= {name: Macros([]) for name in MACROS}  # they call each other
        self.prose = tools["prose"] = tools["homework"] = Words(self.language, self.own, tools)
        for name in MACROS:
            tools[name].add(macros(self.own, f"{name}.tex", tools))
        self.blocks = tools["blocks"]
        return tools

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
            "about": lambda n: self.number(n) if n.exact else self.prose.find("roughly", (self.number(n),)),
            "title": self.title,
            "look": self.sheet.look,
            "running": self.running,
            "changed": self.changed,
            "strip": self.strip,
            "margins": self.margins,
            "room": self.room,
            "take_heads": self.take_heads,
            "layer": self.layer,
            "block": self.block,
            "kind": lambda block: type(block).__name__,
            "by_twos": self.by_twos,
            "zeros": self.zeros,
            "whole": self.whole_equation,
            "hint": self.hint,
            "reason": self.reason,
            "gap_number": self.gap_number,
            "held_cell": self.held_cell,
            "inline": self.inline,
            "malrule": self.malrule,
            "raw": lambda item: Markup(self.math(item)[1:-1]),
            "count": self.count,
            "given_rows": self.given_rows,
            "gradient_rows": self.gradient_rows,
            "size_rows": self.size_rows,
            "explore_head": lambda block: [Markup(rf"\(\displaystyle {self.math(c)[1:-1]}\)") for c in block.rows[0]],
            "explore_rows": lambda block: [[self.math(c) for c in row] for row in block.rows[1:]],
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

    def tex(self, latex: str) -> Markup:
        """A formula, or a text with formulas, as TeX; numbers get the decimal mark of the language."""
        mark = self.prose.language["decimal"]
        return Markup(latex if mark == "." else _POINT.sub("{,}", latex))

    def count(self, n: int) -> str:
        """A small number in words."""
        known = self.prose.table("counts")
        return str(known[n]) if n < len(known) else str(n)

    def title(self, group: str, name: str) -> str:
        """What a record of the catalogue is called."""
        return self.prose.record(group, name, "title", losses()[name].title)

    def strip(self, texts: Strip, stands: str, even: bool) -> Markup:
        """Head or foot of a page, mirrored on even ones; a text of several lines stands at its top (t) or bottom (b)."""
        asked = [texts.left, texts.centre, texts.right]
        shown = [
            rf"\dsedge{{{stands}}}{{\ragged{ragged}}}{{{self.running(text)}}}"
            if re.sub(r"\{(pages?|logo)\}", "", text)
            else self.running(text)
            for text, ragged in zip(reversed(asked) if even else asked, ("right", "right", "left"), strict=True)
        ]
        return Markup(rf"\footnotesize {shown[0]}\hfil{shown[1]}{chr(92) + 'hfil' if shown[1] else ''}{shown[2]}")

    def room(self, height: int, power: float) -> int:
        """A room of so many millimetres at eleven points, for larger letters: text that runs on grows with the square."""
        size = self.sheet.look.size
        return height if size <= 11 else min(max(MOST_ROOM, height), math.ceil(height * (size / 11) ** power))

    def margins(self) -> Markup:
        """The options of the package geometry."""
        look = self.sheet.look
        m = look.theme.margins
        if m.top == m.inner == m.outer:
            options = [f"margin={m.top}mm", f"bottom={m.bottom}mm"]
        else:
            options = [f"top={m.top}mm", f"bottom={m.bottom}mm", f"inner={m.inner}mm", f"outer={m.outer}mm"]
        logo = look.theme.logo.height if look.theme.logo else 0
        if look.shows("header", "logo"):
            options += [f"headheight={logo + 1}mm", "headsep=6mm", "includehead"]
        elif look.has_head:
            options += [f"headheight={round(1.5 * look.size)}pt"]
        if look.shows("footer", "logo"):
            options += [f"footskip={logo + 6}mm", "includefoot"]
        return Markup(",".join(options))

    def running(self, text: str) -> Markup:
        """A text for head or foot; what stands in braces is put in by TeX."""
        parts = re.split(r"\{(\w+)\}", text)
        shown = [rf"\dsput{part}{{}}" if place % 2 else escape(part) for place, part in enumerate(parts)]
        return Markup("".join(shown))

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

    def layer(self, number: int) -> Markup:
        """A layer's number in words of the sheet's labels: 2, or L-1."""
        return Markup(f"${self.sheet.symbols.layer(number).strip('()')}$")

    def printer(self, general: Mapping[int, str] | None = None, symbols: Any = None) -> Printer:
        found = symbols or self.sheet.symbols
        return Printer(replace(found, general=dict(general)) if general else found)

    def math(self, item: Any, general: Mapping[int, str] | None = None) -> Markup:
        """Anything mathematical, inline."""
        if isinstance(item, Number):
            return self.number(item)
        if isinstance(item, str):
            raise TypeError("a text is not mathematics")
        printer = self.printer(general)
        if isinstance(item, Equation | ArrayEquation):
            lhs, rhs = printer.equation(item)
            return self.tex(f"${unbroken(f'{lhs} = {rhs}')}$")
        if isinstance(item, Entry) and not item.indices:
            return Markup(f"${self.whole(item, general)}$")
        return self.tex(f"${unbroken(printer.side(item))}$")

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
            if line.blank is not None:
                rhs = rf"\dsblank{{{line.blank}}}"
            lhs = f"{self.gap_number(line)}{lhs}"
            out.append({"view": form.view, "lhs": self.tex(lhs), "rhs": self.tex(rhs)})
        return out

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

    def gap_number(self, item: Line | Held) -> Markup:
        """The number of the gap that this fills, before it."""
        return Markup("" if item.number is None else rf"\dsgap{{{item.number}}}")

    def held_cell(self, row: Held, shown: Any) -> Markup:
        """One cell of a partial; a gap where it is blank."""
        if row.blank is None:
            return self.whole_equation(shown, row.general)
        lhs, _ = self.printer(row.general).equation(shown)
        if "held" in row.asks and isinstance(shown.lhs, Partial):  # what is held is asked for: the subscript must not tell
            lhs = self.printer(row.general).side(Partial(shown.lhs.of, shown.lhs.by))
        return Markup(rf"{lhs} \allowbreak = \dsblank{{{row.blank}}}")

    def inline(self, item: Any) -> Markup:
        """Like `math`, with derivatives on one line: ∂C/∂w."""
        found = self.math(item)
        return Markup(f"${pictures.flat(found[1:-1])}$")

    def hint(self, keys: tuple[str, ...]) -> Markup:
        """The rules of the next step, in the reader's words."""
        return Markup("; ".join(": ".join(self.record("rules", key, rules()[key])) for key in dict.fromkeys(keys)))

    def malrule(self, key: str) -> dict[str, Markup]:
        """What a usual error is called, and what to say to the student."""
        title, say = self.record("malrules", key, malrules()[key])
        return {"title": title, "say": say}

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
        column = COLUMN * 11 / self.sheet.look.size
        if any(_longest(text) > column for text in shown):  # too long for a column: one below the other
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
        return self.tex(rf"{lhs} \allowbreak = {rhs}")

    def given_rows(self, block: Any, prose: Any) -> list[list[Any]]:
        return [[self.math(e), prose.role(role, each), self.shape(shape)] for e, role, shape, each in block.rows]

    def gradient(self, found: Equation, general: Mapping[int, str]) -> Markup:
        """∂C/∂w on one line, for a table."""
        assert isinstance(found.lhs, Entry)
        printer = self.printer(general)
        shown = views.shown(found, self.sheet.views[0], self.sheet.symbols.system)
        lhs, rhs = printer.equation(shown)
        on_one_line = re.sub(r"\\frac\{(\\partial [^{}]*)\}\{(\\partial (?:[^{}]|\{[^{}]*\})*)\}", r"\1/\2", unbroken(rhs))
        return self.tex(f"${pictures.flat(lhs)} = {on_one_line}$")

    def size_rows(self, block: Any) -> list[list[Any]]:
        return [[self.math(e), Markup(f"${pictures.flat(self.whole(lhs))}$"), self.math(size)] for e, lhs, size in block.rows]

    def gradient_rows(self, block: Any) -> list[list[Any]]:
        return [
            [self.math(e, general), self.shape(shape), self.gradient(found, general), self.shape(shape)]
            for e, shape, found, general in block.rows
        ]

    def figure(self, figure: Figure) -> Markup:
        """A picture as TikZ."""
        drawn = pictures.draw(figure, self.sheet, self.printer(), self.prose.table("picture"))
        return Markup(re.sub(r"\$[^$]*\$", lambda formula: str(self.tex(formula[0])), drawn))

    def words(self, figure: Figure, prose: Any) -> Markup:
        """What a picture shows, in words: plain text, for those who cannot see it."""
        said = prose.alt(figure.kind, descriptions.described(figure, self.sheet))
        plain = descriptions.plain(Markup(said).unescape())
        return Markup(_POINT.sub(self.prose.language["decimal"], plain))

    def table(self, header: list[Any], rows: list[list[Any]], align: str = "") -> Markup:
        """A booktabs table of cells that are TeX already."""
        return Markup(tables.table([str(safe(h)) for h in header], [[str(safe(c)) for c in row] for row in rows], align))

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
        return self.tex(f"${number.text}$")

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
            return self.tex(rf"{parts[0]} = {shown}")  # the formula is the number already
        if value.step is not None:
            return self.tex(self.stepped(parts[0], value, shown, exact))
        out += rf" \allowbreak {'=' if exact and relation == '=' else chr(92) + 'approx'} {shown}"
        return self.tex(out)

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
