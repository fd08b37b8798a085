"""Mathematics as TeX: what a sheet holds as expressions, in its notation and with the decimal mark of its language."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from markupsafe import Markup

from . import exact, nice, pictures, rounding
from .drawing import text_width
from .errors import CheckFailed
from .notation import ascii, typed, views
from .notation.arrays import ArrayEquation
from .notation.latex import Printer
from .notation.latex_scalars import MANY_HELD, unbroken
from .notation.numeric import NumberPrinter
from .readback import arithmetic, numbers
from .sheet import Held, Line, Number, Sheet, Value
from .system import Equation, cotangent
from .tensor import Elementwise, Entry, Partial
from .walk import nodes

POINT = re.compile(r"(?<=\d)\.(?=\d)")
"""The point of a decimal number."""

NOTHING = Markup("")

SAYABLE = re.compile(r"[ !-\"$&-\[\]-z|]+")
"""Text that means nothing to TeX but braces, comments and the like, and to a PDF nothing but brackets."""

MOST_DIGITS = 16
"""With so many digits a number is put in at most: where nearly equal ones are subtracted, more are needed than elsewhere."""

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
        if isinstance(item, typed.Typed):
            return self.as_typed(item)
        if isinstance(item, Equation | ArrayEquation):
            lhs, rhs = printer.equation(item)
            return self.tex(f"${unbroken(f'{lhs} = {rhs}')}$")
        if isinstance(item, Entry) and not item.indices:
            return Markup(f"${self.whole(item, general)}$")
        return self.tex(f"${unbroken(printer.side(item))}$")

    def as_typed(self, item: typed.Typed, on_one_line: bool = False) -> Markup:
        """What the user typed in a text, marked as theirs."""
        latex = typed.Printer(self.sheet.symbols, item).latex()
        return self.tex(rf"\dstyped{{{pictures.flat(latex) if on_one_line else latex}}}")

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
        if isinstance(item, typed.Typed):
            return self.as_typed(item, on_one_line=True)
        found = self.math(item)
        return Markup(f"${pictures.flat(found[1:-1])}$")

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
        shown = [rf"\mathrm{{d}}{pictures.name(z.entry.key, self.sheet, printer)} = 0" for z in row.zero]
        if len(shown) > MANY_HELD:
            shown = [*shown[:2], r"\dots", shown[-1]]
        return Markup(r",\ \allowbreak ".join(shown))

    def whole_equation(self, shown: Any, general: Mapping[int, str]) -> Markup:
        lhs, rhs = self.printer(general).equation(shown)
        return self.tex(rf"{lhs} \allowbreak = {rhs}")

    def gradient(self, found: Equation, general: Mapping[int, str]) -> Markup:
        """∂C/∂w on one line, for a table."""
        assert isinstance(found.lhs, Entry)
        printer = self.printer(general)
        shown = views.shown(found, self.sheet.views[0], self.sheet.symbols.system)
        lhs, rhs = printer.equation(shown)
        on_one_line = re.sub(r"\\frac\{(\\partial [^{}]*)\}\{(\\partial (?:[^{}]|\{[^{}]*\})*)\}", r"\1/\2", unbroken(rhs))
        return self.tex(f"${pictures.flat(lhs)} = {on_one_line}$")

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

    def number(self, number: Number) -> Markup:
        shown = self.tex(f"${number.text}$")
        self._read(str(shown[1:-1]), number)
        return shown

    def value(self, value: Value) -> Markup:
        """z = w a + b = 2 · 1 + 3 = 5, as one inline formula with places to break; read back before it is handed on."""
        line, note = self._value(value)
        shown = self.tex(line)
        self._read_value(str(shown), value)
        return shown + self.tex(note)

    def _value(self, value: Value) -> tuple[str, str]:
        """The line, and for which entries it holds."""
        printer = self.printer()
        note = ""
        if isinstance(value.shown, Equation) and value.shown.lhs == value.shown.rhs:
            entry = value.shown.lhs
            parts = [self.whole(entry)]
        else:
            parts = [printer.side(value.shown.lhs), unbroken(printer.side(value.shown.rhs))]
            note = unbroken(printer.range_note(value.shown))  # behind the numbers
        relation = "="
        out = parts[0]
        if value.formula is not None:
            lhs, rhs = printer.equation(value.formula)
            out = rf"{lhs} = {unbroken(rhs)},\quad \allowbreak {out}"
        for part in parts[1:]:
            out += rf" \allowbreak = {part}"
        shown, exact = _array(value.array)
        if value.numbers is not None and isinstance(value.shown, Equation):
            relation = "=" if all(n.exact for n in value.numbers.values()) else r"\approx"
            put_in = unbroken(self._put_in(value, value.shown, shown)) if _worked_out(value) else shown
            if put_in != shown:  # a minus before a number is that number
                out += rf" \allowbreak {relation} {put_in}"
        if len(parts) == 2 and parts[1] == shown:
            return rf"{parts[0]} = {shown}", note  # the formula is the number already
        if value.step is not None:
            return self.stepped(parts[0], value, shown, exact), ""
        return out + rf" \allowbreak {'=' if exact and relation == '=' else chr(92) + 'approx'} {shown}", note

    def _put_in(self, value: Value, equation: Equation, shown: str) -> str:
        """The right-hand side with its numbers put in, each with so many digits that one comes to the printed value with them."""
        known = value.numbers or {}
        return self._with_digits(shown, known, lambda found: NumberPrinter(self.sheet.symbols, found).side(equation.rhs))

    def _with_digits(self, shown: str, known: Mapping[str, Number], write: Callable[[Mapping[str, Number]], str]) -> str:
        """Arithmetic with the fewest digits with which it comes to the number `shown`, which is right in itself.

        2 · 0.6225 is 1.2450 where twice the number itself is 1.2449; then 2 · 0.62246 is written.
        """
        text = write(known)
        try:
            wanted = numbers.read_number(shown)
            rounded = not all(n.exact for n in known.values())
            for digits in range(rounding.DIGITS, MOST_DIGITS + 1):
                longer = {k: n if n.exact else rounding.number(n.value, digits=digits) for k, n in known.items()}
                text = write(longer)
                if arithmetic.agrees(arithmetic.evaluate(unbroken(text), self.functions), wanted, rounded):
                    break
        except numbers.Unreadable:
            return text  # it is said when the line is read back
        return text

    @cached_property
    def functions(self) -> arithmetic.Functions:
        """The functions of the network by their signs."""
        printer = self.printer()
        system = self.sheet.symbols.system
        used = dict.fromkeys(n.name for e in system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise))
        return {printer.function(name): partial(_called, name) for name in used}

    def stepped(self, name: str, value: Value, shown: str, exact: bool) -> str:
        """w becomes old - rate · gradient."""
        assert value.step is not None and isinstance(value.shown, Equation) and isinstance(value.shown.lhs, Entry)
        if len(value.step) == 1:
            gradient = pictures.flat(pictures.name(cotangent(value.shown.lhs.key), self.sheet, self.printer()))
            return rf"{name} - {value.step[0].text} \cdot {gradient} {'=' if exact else chr(92) + 'approx'} {shown}"

        def written(found: Mapping[str, Number]) -> str:
            rate, slope = (f"({n.text})" if n.text.startswith("-") else n.text for n in (found["rate"], found["slope"]))
            return rf"{found['old'].text} - {rate} \cdot {slope}"

        known = dict(zip(("old", "rate", "slope"), value.step, strict=True))
        relation = "=" if exact and all(n.exact for n in value.step) else r"\approx"
        return rf"{name} \leftarrow {self._with_digits(shown, known, written)} {relation} {shown}"

    # --- what is printed, read back -----------------------------------------------------------------------------------------

    def _read(self, text: str, number: Number) -> None:
        """A single number as it is printed, against what is meant."""
        reference = self.sheet.reference
        meant = number.value if reference is None or not number.of else reference.single(number.of)
        if meant is None:
            return  # a number without a source: nothing on a sheet is one
        what = f"the number {self._called(number.of)}" if number.of else "a number of the sheet"
        numbers.require_number(text, meant, what, self.mark, claims_exact=number.exact and bool(number.of))

    @property
    def mark(self) -> str:
        return "." if self.decimal == "." else "{,}"

    def _called(self, of: str) -> str:
        key = of.removeprefix(numbers.AFTER)
        return nice.name(key, self.sheet.symbols.system) + (" after the step" if key != of else "")

    def _read_value(self, text: str, value: Value) -> None:
        """A quantity's line as it is printed: its numbers, each relation, and the arithmetic between them."""
        reference = self.sheet.reference
        if reference is None or not value.of:
            return
        what = f"the value of {self._called(value.of)}"
        *before, (relation, last) = arithmetic.chain(text)
        meant = reference[value.of]
        found = numbers.require_array(last, meant, what, self.mark, claims_exact=relation == "=")
        if value.step is not None:
            self._read_step(text, value, what)
        if not (_worked_out(value) or (value.step is not None and len(value.step) > 1)):
            return
        single = meant.reshape(())[()]
        put_in = len(before) > 2 or value.step is not None  # else the number that would be put in is the result
        how, worked = before[-1] if put_in else (relation, last)
        try:
            result = arithmetic.evaluate(worked, self.functions, self.mark)
        except numbers.Unreadable as error:
            raise CheckFailed(f"{what} is worked out in a line that cannot be read: {error}", hint=numbers.DEFECT) from None
        if not arithmetic.agrees(result, found.item(), relation != "=" and isinstance(single, int | Fraction)):
            raise CheckFailed(
                f"{what} is worked out as `{worked}`, which is {float(result):.10g} and not {last}; nothing was printed",
                hint=numbers.DEFECT,
            )
        if how == "=" and not _equal(result, single):
            raise CheckFailed(f"{what} is not exactly `{worked}`, as is printed; nothing was printed", hint=numbers.DEFECT)
        stand = arithmetic.literals(worked, self.mark)
        for key in value.numbers or {}:
            operand = reference.single(key)
            if not any(one.stands_for(operand) for one in stand):
                raise CheckFailed(
                    f"{what} is worked out as `{worked}`, in which {self._called(key)} = {float(operand):.10g} is not put in; "
                    "nothing was printed",
                    hint=numbers.DEFECT,
                )

    def _read_step(self, text: str, value: Value, what: str) -> None:
        """The numbers of a step of descent: the old one, the rate, the slope."""
        assert value.step is not None and self.sheet.reference is not None
        step = re.search(r" - (\(?[^ ]+?(?: \\cdot 10\^\{-?\d+\})?\)?) \\cdot ", text)
        if step is None:
            raise CheckFailed(f"{what}: the learning rate cannot be read in `{text}`; nothing was printed", hint=numbers.DEFECT)
        numbers.require_number(step[1], self.sheet.reference.single(numbers.RATE), f"the learning rate before {what}", self.mark)

    def sentence(self, items: list[Any], general: Mapping[int, str] | None = None) -> Markup:
        """a, b and c."""
        shown = [self.math(i, general) for i in items]
        if len(shown) < 2:
            return Markup("".join(shown))
        return Markup(", ").join(shown[:-1]) + Markup(r"\dsand{}") + shown[-1]


def _worked_out(value: Value) -> bool:
    """Whether a line shows its right-hand side with numbers put in."""
    if not value.numbers or not isinstance(value.shown, Equation):
        return False
    return bool(value.shown.rhs.args) and not isinstance(value.shown.rhs, Entry)


def _called(name: str, argument: Any, order: int) -> Any:
    return exact.elementwise(name, order)(argument)


def _equal(result: Any, meant: Any) -> bool:
    """Whether arithmetic comes exactly to what is meant; but for the rounding of this machine, where a function is in it."""
    if isinstance(result, float) or isinstance(meant, float):
        return math.isclose(result, meant, rel_tol=1e-11, abs_tol=1e-13)
    return bool(result == meant)


def with_left_sides(lines: Sequence[Line]) -> list[Line]:
    """The lines, each with a left-hand side of its own where that of the line above is in another form: ∂C/∂z_j below ∂C/∂z."""
    out: list[Line] = []
    for line in lines:
        alike = bool(out) and all(a.shown.lhs == b.shown.lhs for a, b in zip(line.forms, out[-1].forms, strict=False))
        out.append(replace(line, continues=line.continues and alike))
    return out


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
