"""Numbers as TeX: quantities with their values, the numbers put in, and what is printed of them, read back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from markupsafe import Markup

from ...checks.readback import arithmetic, numbers
from ...document.model import Value
from ...errors import CheckFailed
from ...expressions.nodes import Elementwise, Entry
from ...expressions.system import Equation, cotangent
from ...expressions.traversal import nodes
from ...notation.emitters.latex import unbroken
from ...numbers import acceptance, rounding
from ...numbers import exact_program as exact
from ...numbers.rounding import Number
from ...numbers.worked_pass import AFTER, RATE
from . import figures
from .formulas import Formulas
from .numbers_put_in import NumberPrinter

MOST_DIGITS = 16
"""With so many digits a number is put in at most: where nearly equal ones are subtracted, more are needed than elsewhere."""


class ValueLines(Formulas):
    """The formulas of a sheet, and its numbers: no number leaves that was not read back."""

    def math(self, item: Any, general: Mapping[int, str] | None = None, on_one_line: bool = False) -> Markup:
        return self.number(item) if isinstance(item, Number) else super().math(item, general, on_one_line)

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
            gradient = figures.name(cotangent(value.shown.lhs.key), self.sheet, self.printer(on_one_line=True))
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
        key = of.removeprefix(AFTER)
        return acceptance.name(key, self.sheet.symbols.system) + (" after the step" if key != of else "")

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
        numbers.require_number(step[1], self.sheet.reference.single(RATE), f"the learning rate before {what}", self.mark)


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
