"""Mathematics as TeX: what a sheet holds as expressions, in its notation and with the decimal mark of its language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from ...checks.readback import numbers
from ...document.model import Held, Line, Sheet
from ...expressions.nodes import Entry, Partial
from ...expressions.system import Equation
from ...notation import typed, views
from ...notation.array_expressions import ArrayEquation
from ...notation.emitters import ascii
from ...notation.emitters.latex import MANY_HELD, Printer, unbroken
from . import figures
from .tikz import text_width

POINT = re.compile(r"(?<=\d)\.(?=\d)")
"""The point of a decimal number."""

NOTHING = Markup("")

SAYABLE = re.compile(r"[ !-\"$&-\[\]-z|]+")
"""Text that means nothing to TeX but braces, comments and the like, and to a PDF nothing but brackets."""


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


BY_HAND = 1.6
"""How much wider than print handwriting is."""


def _gap(number: int, hidden: str) -> str:
    """A gap as wide as what belongs in it."""
    return rf"\dsblank{{{number}}}{{{max(20, round(10 * BY_HAND * text_width(f'${hidden}$')))}}}"


class Formulas:
    """The formulas of one sheet, marked as TeX; numbers get the decimal mark `decimal`, that of the language."""

    def __init__(self, sheet: Sheet, decimal: str = ".") -> None:
        self.sheet = sheet
        self.decimal = decimal

    def layer(self, number: int) -> Markup:
        """A layer's number in words of the sheet's labels: 2, or L-1."""
        return Markup(f"${self.sheet.symbols.layer(number).strip('()')}$")

    def printer(self, general: Mapping[int, str] | None = None, symbols: Any = None, on_one_line: bool = False) -> Printer:
        found = symbols or self.sheet.symbols
        return Printer(replace(found, general=dict(general)) if general else found, on_one_line)

    def math(self, item: Any, general: Mapping[int, str] | None = None, on_one_line: bool = False) -> Markup:
        """Anything mathematical, in a sentence."""
        if isinstance(item, str):
            raise TypeError("a text is not mathematics")
        printer = self.printer(general, on_one_line=on_one_line)
        if isinstance(item, typed.Typed):
            return self.as_typed(item, on_one_line)
        if isinstance(item, Equation | ArrayEquation):
            lhs, rhs = printer.equation(item)
            return self.tex(f"${unbroken(f'{lhs} = {rhs}')}$")
        if isinstance(item, Entry) and not item.indices:
            return Markup(f"${figures.name(item.key, self.sheet, printer)}$")
        return self.tex(f"${unbroken(printer.side(item))}$")

    def as_typed(self, item: typed.Typed, on_one_line: bool = False) -> Markup:
        """What the user typed in a text, marked as theirs."""
        return self.tex(rf"\dstyped{{{typed.Printer(self.sheet.symbols, item, on_one_line).latex()}}}")

    def whole(self, entry: Entry, general: Mapping[int, str] | None = None) -> str:
        """A tensor as a whole: a capital where it is a matrix in this view."""
        return figures.name(entry.key, self.sheet, self.printer(general))

    def cells(self, line: Line, symbols: Any = None) -> list[dict[str, Any]]:
        """Left-hand and right-hand side of a line in each view."""
        printer = self.printer(line.general, symbols)
        out = []
        for form in line.forms:
            lhs, rhs = printer.equation(form.shown)
            if line.names:
                lhs = rf"{lhs} = {printer.spelt_out(form.shown.lhs)}"
            if line.blank is not None:
                rhs = _gap(line.blank, rhs)
            lhs = f"{self.gap_number(line)}{lhs}"
            # what is left blank must not be in the PDF either
            hidden = line.blank is not None
            said, end = (NOTHING, NOTHING) if hidden else self._said(form.shown, line.general, symbols, not line.continues)
            out.append({"view": form.view, "lhs": self.tex(lhs), "rhs": self.tex(rhs), "said": said, "end": end})
        return out

    def _said(self, shown: Any, general: Mapping[int, str], symbols: Any = None, whole: bool = True) -> tuple[Markup, Markup]:
        """What goes before and behind an equation, or its right-hand side, so that the PDF has it as plain text."""
        found = symbols or self.sheet.symbols
        lhs, rhs = ascii.Printer(replace(found, general={**found.general, **general})).equation(shown)
        text = f"{lhs} = {rhs}" if whole else f"= {rhs}"
        if not SAYABLE.fullmatch(text) or text.count("(") != text.count(")"):
            return NOTHING, NOTHING
        return Markup(rf"\dssaid{{{text}}}"), Markup(r"\dsend")

    def gap_number(self, item: Line | Held) -> Markup:
        """The number of the gap that this fills, before it."""
        return Markup("" if item.number is None else rf"\dsgap{{{item.number}}}")

    def held_cell(self, row: Held, shown: Any) -> Markup:
        """One cell of a partial; a gap where it is blank."""
        if row.blank is None:
            said, end = self._said(shown, row.general)
            return Markup(f"{said}{self.whole_equation(shown, row.general)}{end}")
        lhs, rhs = self.printer(row.general).equation(shown)
        if "held" in row.asks and isinstance(shown.lhs, Partial):  # what is held is asked for: the subscript must not tell
            lhs = self.printer(row.general).side(Partial(shown.lhs.of, shown.lhs.by))
        return Markup(rf"{lhs} \allowbreak = {_gap(row.blank, rhs)}")

    def inline(self, item: Any) -> Markup:
        """Like `math`, with derivatives on one line: ∂C/∂w."""
        return self.math(item, on_one_line=True)

    def by_twos(self, cells: list[dict[str, Any]], asked: tuple[str, ...]) -> list[tuple[Markup, Markup]]:
        """The cells in the places of their views, two in a row; what a view has no form for is left empty."""
        whole = {c["view"]: Markup(rf"{c['lhs']} \allowbreak = {c['rhs']}") for c in cells}
        said = {whole[c["view"]]: Markup(f"{c['said']}{whole[c['view']]}{c['end']}") for c in cells}
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
        shown = [said.get(text, text) for text in shown]
        return [(shown[i], shown[i + 1]) for i in range(0, len(shown), 2)]

    def zeros(self, row: Any) -> Markup:
        """dw = 0, db = 0."""
        printer = self.printer(row.general)
        shown = [rf"\mathrm{{d}}{figures.name(z.entry.key, self.sheet, printer)} = 0" for z in row.zero]
        if len(shown) > MANY_HELD:
            shown = [*shown[:2], r"\dots", shown[-1]]
        return Markup(r",\ \allowbreak ".join(shown))

    def whole_equation(self, shown: Any, general: Mapping[int, str]) -> Markup:
        lhs, rhs = self.printer(general).equation(shown)
        return self.tex(rf"{lhs} \allowbreak = {rhs}")

    def gradient(self, found: Equation, general: Mapping[int, str]) -> Markup:
        """∂C/∂w on one line, for a table."""
        assert isinstance(found.lhs, Entry)
        shown = views.shown(found, self.sheet.views[0], self.sheet.symbols.system)
        lhs, rhs = self.printer(general, on_one_line=True).equation(shown)
        return self.tex(f"${lhs} = {unbroken(rhs)}$")

    def tex(self, latex: str) -> Markup:
        """A formula, or a text with formulas, as TeX; numbers get the decimal mark of the language."""
        return Markup(latex if self.decimal == "." else POINT.sub("{,}", latex))

    def shape(self, shape: tuple[int, ...]) -> Markup:
        """4 × 3; a single number has the shape of a number."""
        if not shape:
            return Markup(r"\dsscalar{}")
        shown = r" \times ".join(map(str, shape))
        numbers.require_shape(shown, shape)
        return Markup(f"${shown}$")

    def layers(self, which: tuple[int, ...]) -> Markup:
        """For which layers a row stands: ℓ = 1, …, 4, 6."""
        if not which:
            return NOTHING
        steps = [n - place for place, n in enumerate(which)]
        spans = [[n for n, step in zip(which, steps, strict=True) if step == start] for start in dict.fromkeys(steps)]
        shown = [piece for span in spans for piece in ([*span[:1], r"\dots", *span[-1:]] if len(span) > 2 else span)]
        return Markup(r",\enspace $\ell = " + r",\,".join(map(str, shown)) + "$")

    def sentence(self, items: list[Any], general: Mapping[int, str] | None = None) -> Markup:
        """a, b and c."""
        shown = [self.math(i, general) for i in items]
        if len(shown) < 2:
            return Markup("".join(shown))
        return Markup(", ").join(shown[:-1]) + Markup(r"\dsand{}") + shown[-1]


def with_left_sides(lines: Sequence[Line]) -> list[Line]:
    """The lines, each with a left-hand side of its own where that of the line above is in another form: ∂C/∂z_j below ∂C/∂z."""
    out: list[Line] = []
    for line in lines:
        alike = bool(out) and all(a.shown.lhs == b.shown.lhs for a, b in zip(line.forms, out[-1].forms, strict=False))
        out.append(replace(line, continues=line.continues and alike))
    return out
