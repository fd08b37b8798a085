"""Printed numbers, read back from their LaTeX as exact fractions, and compared with the exact pass.

A number is right where it lies within half a unit of its last printed place of what it stands for. One with fewer digits than the
sheet prints of what is rounded claims to be exact, and must be. Arrays have their shape, and each number stands in its place.

The exact pass is worked here once more (`reference`), from the numbers that are handed out alone, so that no slip on the way from
a pass to a page can change both sides. Nothing here is shared with what prints numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...calculus.steps import Derivation
from ...errors import CheckFailed
from ...expressions.system import cotangent, lhs_of
from ...numbers import evaluate
from ...numbers import exact_program as exact
from ...numbers.evaluate import Array
from ...numbers.exact_numbers import as_exact
from ...numbers.exact_program import Program, Slots
from ...numbers.worked_pass import AFTER, RATE

PLACES = 4
"""Of what is rounded at least so many decimals are printed, or digits where it is a power of ten."""

NOISE = Fraction(1, 10**12)
"""So far from an exact number may be what was computed with rounding."""

DEFECT = "this is a defect of the printing, not of your spec: please report it with the spec"


class Unreadable(ValueError):
    """A string that a reader of numbers cannot read."""


@dataclass(frozen=True)
class Printed:
    """A number as a reader takes it. unit: of its last printed place; None where it claims to be exact."""

    value: Fraction
    unit: Fraction | None

    def stands_for(self, meant: Any, scale: Fraction = Fraction(0)) -> bool:
        """Whether it is what is meant, rounded in its last place. scale: of what noise is small against, if more than itself."""
        right = fraction(meant)
        noise = 0 if isinstance(meant, int | Fraction) else NOISE * max(scale, abs(right))
        return abs(self.value - right) <= (self.unit or 0) / 2 + noise


def fraction(value: Any) -> Fraction:
    """A number exactly as it is in memory. Raises CheckFailed where it is none."""
    try:
        return Fraction(value)
    except (ValueError, OverflowError, TypeError):
        raise CheckFailed(f"a number to be printed is {value}; nothing was printed", hint=DEFECT) from None


# --- reading ------------------------------------------------------------------------------------------------------------------

_DECIMAL = r"(?P<whole>\d+)(?:{mark}(?P<decimals>\d+))?"
_NUMBER = {
    mark: re.compile(
        rf"\(?(?P<sign>-?)(?:{_DECIMAL.format(mark=re.escape(mark))}(?: \\cdot 10\^\{{(?P<power>-?\d+)\}})?"
        r"|\\frac\{(?P<over>\d+)\}\{(?P<under>\d+)\})\)?"
    )
    for mark in (".", "{,}")
}
_PMATRIX = re.compile(r"\\begin\{pmatrix\}((?:(?!\\begin\{pmatrix\}).)*?)\\end\{pmatrix\}(\^\{\\top\})?")
_ROW_END = re.compile(r"\\\\(?:\[3pt\])?")


def read_number(latex: str, mark: str = ".") -> Printed:
    """A number in LaTeX, its decimal mark as the language has it. Raises Unreadable."""
    text = latex.strip()
    found = _NUMBER[mark].fullmatch(text)
    if found is None or text.startswith("(") != text.endswith(")"):
        raise Unreadable(f"`{latex}` is no number")
    sign = -1 if found["sign"] else 1
    if found["over"]:
        if int(found["under"]) == 0:
            raise Unreadable(f"`{latex}` divides by zero")
        return Printed(Fraction(sign * int(found["over"]), int(found["under"])), None)
    decimals = found["decimals"] or ""
    value = Fraction(sign * int(found["whole"] + decimals), 10 ** len(decimals))
    if found["power"] is None:
        return Printed(value, Fraction(1, 10 ** len(decimals)) if len(decimals) >= PLACES else None)
    power = Fraction(10) ** int(found["power"])
    return Printed(value * power, power / 10 ** max(len(decimals), PLACES - 1))


def read_array(latex: str, mark: str = ".") -> Array:
    """A printed array of `Printed`: a number, a transposed row for a vector, rows for a matrix, brackets around several of these.

    A matrix with one entry and a vector with one entry are printed alike, and read as a matrix. Raises Unreadable.
    """
    text = latex.strip()
    if text.startswith(r"\left["):
        if not text.endswith(r"\right]"):
            raise Unreadable(f"the bracket of `{latex}` is not closed")
        parts = [read_array(part, mark) for part in _parts(text[len(r"\left[") : -len(r"\right]")])]
        if len({part.shape for part in parts}) != 1:
            raise Unreadable("the parts of an array differ in shape")
        return np.stack(parts)
    found = _PMATRIX.fullmatch(text)
    if found is None:
        out = np.empty((), dtype=object)
        out[()] = read_number(text, mark)
        return out
    rows = [[read_number(cell, mark) for cell in row.split("&")] for row in _ROW_END.split(found[1])]
    if len({len(row) for row in rows}) != 1:
        raise Unreadable("the rows of a matrix differ in length")
    out = np.empty((len(rows), len(rows[0])), dtype=object)
    for place in np.ndindex(*out.shape):
        out[place] = rows[place[0]][place[1]]
    if found[2]:
        if len(rows) != 1 or len(rows[0]) < 2:
            raise Unreadable("what is transposed is not a row of several numbers")
        return out[0]
    return out


def _parts(text: str) -> list[str]:
    """What stands between the outermost commas."""
    parts, depth = [""], 0
    for piece in re.split(r"(\\left\[|\\right\]|,\\ )", text):
        depth += {r"\left[": 1, r"\right]": -1}.get(piece, 0)
        if piece == r",\ " and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


_PLAIN = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:(?:e| · 10\^)(-?\d+))?|(-?\d+)/(\d+)")


def read_plain(text: str) -> Printed:
    """A number as it stands in a table of answers or is spoken: 0.25, 1/3, 1.2e-6, 1.2 · 10^-6. Raises Unreadable."""
    found = _PLAIN.fullmatch(text)
    if found is None or found[6] == "0":
        raise Unreadable(f"`{text}` is no number")
    if found[5]:
        return Printed(Fraction(int(found[5]), int(found[6])), None)
    power = f" \\cdot 10^{{{found[4]}}}" if found[4] else ""
    return read_number(f"{found[1]}{found[2]}{'.' + found[3] if found[3] else ''}{power}")


# --- comparing ----------------------------------------------------------------------------------------------------------------


def require_number(latex: str, meant: Any, what: str, mark: str = ".", claims_exact: bool = False) -> Printed:
    """The number that a string stands for, which must be what is meant. Raises CheckFailed, naming `what`."""
    try:
        found = read_number(latex, mark)
    except Unreadable as error:
        raise CheckFailed(f"{what} cannot be read: {error}; nothing was printed", hint=DEFECT) from None
    if not found.stands_for(meant):
        raise CheckFailed(f"{what} is printed as `{latex}` and is {_short(meant)}; nothing was printed", hint=DEFECT)
    if claims_exact and not _is_exactly(found, meant):
        raise CheckFailed(f"{what} is printed as if it were exactly `{latex}`; nothing was printed", hint=DEFECT)
    return found


def require_plain(text: str, meant: Any, what: str) -> str:
    """The text of a number without TeX, which must be what is meant. Raises CheckFailed, naming `what`."""
    try:
        right = read_plain(text).stands_for(meant)
    except Unreadable:
        right = False
    if not right:
        raise CheckFailed(f"{what} is written as `{text}` and is {_short(meant)}; nothing was written", hint=DEFECT)
    return text


def require_shape(latex: str, shape: tuple[int, ...]) -> None:
    """A printed shape, 4 × 3, which must be the one that is meant. Raises CheckFailed."""
    if latex.split(r" \times ") != [str(n) for n in shape]:
        raise CheckFailed(f"the shape {shape} is printed as `{latex}`; nothing was printed", hint=DEFECT)


def require_array(latex: str, meant: Array, what: str, mark: str = ".", claims_exact: bool = False) -> Array:
    """The numbers that a printed array stands for: of the shape that is meant, and each in its place. Raises CheckFailed."""
    try:
        found = read_array(latex, mark)
    except Unreadable as error:
        raise CheckFailed(f"{what} cannot be read: {error}; nothing was printed", hint=DEFECT) from None
    if found.shape == (1, 1) and meant.shape == (1,):
        found = found.reshape(1)
    if found.shape != meant.shape:
        raise CheckFailed(
            f"{what} is printed with the shape {found.shape} and has the shape {meant.shape}; nothing was printed", hint=DEFECT
        )
    scale = max([Fraction(1), *(abs(fraction(m)) for m in meant.flat)])
    for place in np.ndindex(*meant.shape):
        one, right = found[place], meant[place]
        assert isinstance(one, Printed)
        where = f"{what}{[i + 1 for i in place] if place else ''}"
        said = _short(one.value)
        if not one.stands_for(right, scale):
            raise CheckFailed(f"{where} is printed as {said} and is {_short(right)}; nothing was printed", hint=DEFECT)
        if claims_exact and not _is_exactly(one, right):
            raise CheckFailed(f"{where} is printed as if it were exactly {said}; nothing was printed", hint=DEFECT)
    return found


def _is_exactly(found: Printed, meant: Any) -> bool:
    """Whether a number is printed with all its digits. What is rounded in an exact pass has more than any that are printed; of a
    pass that could not be worked exactly, in NumPy's numbers, that is not known."""
    if isinstance(meant, int | Fraction):
        return bool(found.value == meant)
    return found.value == 0 or isinstance(meant, np.floating)


def _short(meant: Any) -> str:
    return f"{float(meant):.10g}"


# --- what is meant ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """The exact pass: each tensor and cotangent by its key, what they are after the step, and the learning rate."""

    values: Mapping[str, Array]

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __getitem__(self, key: str) -> Array:
        return self.values[key]

    def single(self, key: str) -> Any:
        """A single number."""
        return self.values[key].reshape(())[()]


def reference(derivation: Derivation, given: Mapping[str, Array], rate: Any) -> Reference:
    """The pass from the given numbers, by key, and the step with the rate."""
    program = exact.compiled(derivation)
    start = {key: _each(array, as_exact) if program else array.astype(float) for key, array in given.items()}
    pace = as_exact(rate) if program else float(rate)
    before = _run(derivation, program, start, backward=True)
    values = dict(before)
    if derivation.system.objective is not None:
        moved = {
            key: np.asarray(array - pace * before[cotangent(key)], dtype=object if program else float)
            if key in derivation.parameter_gradients
            else array
            for key, array in start.items()
        }
        values |= {AFTER + key: array for key, array in _run(derivation, program, moved, backward=False).items()}
    single = np.empty((), dtype=object)
    single[()] = as_exact(rate)
    return Reference({**values, RATE: single})


def _run(derivation: Derivation, program: Program | None, start: Mapping[str, Array], backward: bool) -> dict[str, Array]:
    keys = [*derivation.system.tensors, *((lhs_of(e).key for e in derivation.gradients.values()) if backward else ())]
    keys += [cotangent(s) for s in derivation.seeds] if backward else []
    if program is not None:
        slots: Slots = program.start(start)
        if exact.run(program.forward, slots) and (not backward or exact.run(program.backward, slots)):
            return {key: program.array(slots, key) for key in keys}
    with np.errstate(all="ignore"):  # too large for single numbers, or beyond their range
        floats = evaluate.run(derivation.system, {key: array.astype(float) for key, array in start.items()})
        if backward:
            floats |= {cotangent(s): np.ones(derivation.system.tensors[s].shape) for s in derivation.seeds}
            for equation in derivation.gradients.values():
                lhs = lhs_of(equation)
                floats[lhs.key] = evaluate.evaluate(equation.rhs, floats, lhs.indices)
    return {key: np.asarray(floats[key], dtype=float) for key in keys}


def _each(array: Array, made: Callable[[Any], Any]) -> Array:
    out = np.empty(array.shape, dtype=object)
    for place, value in np.ndenumerate(array):
        out[place] = made(value)
    return out
