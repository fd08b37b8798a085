"""A formula, or numbers, against what is right, and the explanation of what is wrong.

A formula is compared with the right one at many random points of the forward pass, so an answer in terms of a is the same as one
in terms of sigmoid(z); between single numbers SymPy decides besides, where the expression is small. Numbers are right where each
is within the tolerance of the answer key (`rounding.tolerance`).

A wrong answer is explained, in this order: by a mal-rule at this very line (`mistakes`); by the student's own earlier answers,
from which this one follows; by a mal-rule at a cotangent above, from which all that follows is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..checks import equivalence
from ..errors import EquationError
from ..expressions.nodes import Differential
from ..expressions.system import cotangent
from ..mistakes import mistakes, value_at
from ..mistakes.descent import wrong_steps
from ..numbers import evaluate, rounding
from ..numbers.evaluate import Array
from . import shape_repairs
from .explanations import GOES_ON, Arrays, Found, explanations_of
from .reading.formulas import Formula, names, read_formula, read_unsummed, same_form, split_answer
from .reading.numbers import Numbers, place_of, read_numbers
from .targets import Question, Sheet
from .verdicts import Verdict, said

SAME = 1e-8
"""Formulas are the same where they agree to this part of the largest entry, at every point."""

LEAST_POINTS = 3
"""At so many random points a formula must have a value."""

SHOWN_ENTRIES = 6

MOST_FORMS = 6
"""So many equals signs at most: dC/dw = dC/da * da/dw = …, where each form has to be right."""

UNSUMMED = ("one_path", "one_example")
"""The mal-rules by which a sum is forgotten."""


def judged(
    sheet: Sheet, asked: Question, about: Verdict, written: Any, tolerance: float | None, earlier: Sequence[Verdict]
) -> Verdict:
    """The verdict on an answer to a question for a quantity: a formula or numbers. Never raises for what a student wrote."""
    about = replace(about, key=asked.key)
    if isinstance(written, str) and 1 < written.count("=") <= MOST_FORMS:
        left, *forms = written.split("=")
        each = [judged(sheet, asked, about, f"{left} = {form}", tolerance, earlier) for form in forms]
        return next((v for v in each if not v.ok), each[-1])
    if isinstance(written, Mapping):
        return _entry_by_entry(sheet, asked, about, written, tolerance, earlier)
    numbers = read_numbers(right_side(written), asked.shape)
    one_for_all = numbers is not None and numbers.value.shape == () and asked.shape != ()
    if numbers is not None and not one_for_all and (sheet.values is not None or numbers.value.shape != ()):
        return in_numbers(sheet, asked, about, numbers, tolerance, earlier)
    try:
        formula = read_formula(str(written), sheet.words, asked.key, asked.axes)
    except EquationError as error:
        found = _unsummed(sheet, asked, about, str(written)) or _misshapen(sheet, asked, about, str(written))
        return found or not_understood(sheet, about, error)
    circle = next((key for key in sorted(names(formula.expr)) if sheet.leads_back(key, asked)), None)
    if circle is not None:
        return said(sheet.voice, about, "circular", name=sheet.words.spelling(circle))
    if formula.shape != asked.shape or one_for_all:
        if formula.shape == () or one_for_all:
            verdict = _as_formula(sheet, asked, about, replace(formula, axes=asked.axes, shape=asked.shape), ())
            if verdict.ok or verdict.rule is not None:
                return verdict
            formula = replace(formula, axes=(), shape=())
        found = _misshapen(sheet, asked, about, str(written))
        has, wanted = _shape(sheet, formula.shape), _shape(sheet, asked.shape)
        return found or said(sheet.voice, about, "shape", found=has, wanted=wanted)
    return _as_formula(sheet, asked, about, formula, earlier)


def _misshapen(sheet: Sheet, asked: Question, about: Verdict, written: str) -> Verdict | None:
    """The verdict on a formula whose shapes do not fit, where that is because of a usual error."""
    rule = shape_repairs.reason(sheet, asked, written, _agree)
    return said(sheet.voice, about, "wrong", rule) if rule is not None else None


def _unsummed(sheet: Sheet, asked: Question, about: Verdict, written: str) -> Verdict | None:
    """The verdict on a formula with an index too many, where that is because a sum was forgotten."""
    formula = read_unsummed(written, sheet.words, asked.key, asked.axes)
    verdict = _as_formula(sheet, asked, about, formula, ()) if formula is not None else None
    return verdict if verdict is not None and verdict.rule in UNSUMMED else None


def not_understood(sheet: Sheet, about: Verdict, error: EquationError) -> Verdict:
    hint = f" ({error.hint})" if error.hint else ""
    return said(sheet.voice, about, "not_understood", column=error.column, message=error.message + hint)


def right_side(written: Any) -> Any:
    sides = split_answer(written) if isinstance(written, str) else None
    return written if sides is None else sides[1]


# --- formulas -----------------------------------------------------------------------------------------------------------------


def _as_formula(sheet: Sheet, asked: Question, about: Verdict, formula: Formula, earlier: Sequence[Verdict]) -> Verdict:
    voice = sheet.voice
    try:
        with np.errstate(all="ignore"):
            found = {
                world: tuple(np.asarray(evaluate.evaluate(formula.expr, v, formula.axes)) for v in at)
                for world, at in sheet.worlds.items()
            }
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError):
        return said(voice, about, "no_value")
    if not any(np.all(np.isfinite(v)) for v in found["points"]):
        return said(voice, about, "no_value")
    about = replace(about, found=found, how="points")
    right = tuple(value_at(asked.right, v) for v in sheet.worlds["points"])
    if _agree(found["points"], right):
        exact = equivalence.same(formula.expr, asked.right.rhs, sheet.derivation)
        if exact is not False:
            about = replace(about, how="symbols" if exact else "points")
            return said(voice, about, "right" if same_form(formula.expr, asked.right.rhs) else "equivalent")
    return _explained(sheet, asked, about, "points", _agree, earlier) or said(voice, about, "unexplained")


def _agree(mine: Arrays, others: Arrays) -> bool:
    """Whether two formulas have the same values wherever both have one."""
    compared = 0
    for a, b in zip(mine, others, strict=True):
        if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
            continue
        compared += 1
        scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)), 1e-12)
        if a.shape != b.shape or float(np.max(np.abs(a - b), initial=0.0)) > SAME * scale:
            return False
    return compared >= min(LEAST_POINTS, len(mine))


# --- numbers ------------------------------------------------------------------------------------------------------------------


def worked_out(sheet: Sheet, written: Any, key: str) -> Numbers | None:
    """A single number, or arithmetic with numbers alone, worked out; None for anything else."""
    found = read_numbers(right_side(written), ())
    if found is not None or not isinstance(written, str):
        return found
    try:
        formula = read_formula(written, sheet.words, key, ())
        if names(formula.expr) or formula.shape != ():
            return None
        with np.errstate(all="ignore"):
            value = np.asarray(evaluate.evaluate(formula.expr, {}, ()), dtype=float)
    except (EquationError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError):
        return None
    return Numbers(value, np.zeros(())) if np.isfinite(value) else None


def in_numbers(
    sheet: Sheet, asked: Question, about: Verdict, numbers: Numbers, tolerance: float | None, earlier: Sequence[Verdict]
) -> Verdict:
    """The verdict on numbers; one that is not there is not a number (nan)."""
    if sheet.values is None or isinstance(asked.right.lhs, Differential):
        return said(sheet.voice, about, "no_values")
    with np.errstate(all="ignore"):
        right = value_at(asked.right, sheet.worlds["numbers"][0])

    def explanations() -> Iterator[Found]:
        return explanations_of(sheet, asked, "numbers", sheet.worlds["numbers"], earlier)

    limit = sheet.tolerance(asked.key, right) if tolerance is None else tolerance
    return _compared(sheet, about, numbers, right, limit, explanations)


def stepped(sheet: Sheet, key: str, about: Verdict, written: Any, tolerance: float, earlier: Sequence[Verdict]) -> Verdict:
    """The verdict on the new value of a parameter after one step of descent."""
    found = sheet.numbers
    if found is None or key not in found.after:
        return said(sheet.voice, about, "no_values")
    old, right = (np.asarray(found.best(key, after), dtype=float) for after in (False, True))
    slope = np.asarray(found.best(cotangent(key)), dtype=float)
    tensor = sheet.derivation.system.tensors[key]
    about = replace(about, key=f"after {key}")
    numbers, about = numbers_from(sheet, about, written, tensor.shape, key)
    if numbers is None:
        return about
    rate = float(found.rate)

    def explanations() -> Iterator[Found]:
        for rule, value in wrong_steps(old, rate, slope):
            yield "wrong", rule, "", (value,)
        for verdict in earlier:
            if verdict.key == cotangent(key) and "numbers" in verdict.found and verdict.kind in GOES_ON:
                yield "follows", None, "", (old - rate * verdict.found["numbers"][0],)
        steps = sheet.derivation.of("gradient", key)
        for mistake in mistakes(sheet.derivation, steps[-1]) if steps else ():
            wrong = value_at(mistake.wrong, sheet.worlds["numbers"][0])
            yield "earlier", mistake.rule, cotangent(key), (old - rate * wrong,)

    return _compared(sheet, about, numbers, right, tolerance, explanations, tolerance)


def _compared(
    sheet: Sheet,
    about: Verdict,
    numbers: Numbers,
    right: Array,
    limit: float,
    explanations: Callable[[], Iterator[Found]],
    reach: float | None = None,
) -> Verdict:
    """limit: how near is right. reach: how near to what a usual error gives; else what the rule says for that number."""
    value, half = numbers.value, numbers.half
    if value.shape != right.shape:
        if [n for n in value.shape if n != 1] != [n for n in right.shape if n != 1]:
            return said(sheet.voice, about, "shape", found=_shape(sheet, value.shape), wanted=_shape(sheet, right.shape))
        value, half = value.reshape(right.shape), half.reshape(right.shape)
    about = replace(about, found={"numbers": (value,)}, how="numbers")
    given = ~np.isnan(value)
    near = np.abs(value - right) <= limit
    if about.entries:
        about = replace(about, entries={_place(p): bool(near[p]) for p in np.ndindex(*right.shape) if given[p]})
    if np.all(near):
        return said(sheet.voice, about, "right")
    with np.errstate(all="ignore"):
        for kind, rule, where, (wrong,) in explanations() if np.any(given) else ():
            within = max(limit, rounding.tolerance(wrong[np.isfinite(wrong)])) if reach is None else reach
            if wrong.shape == right.shape and np.all((np.abs(value - wrong) <= within)[given]) and _apart(wrong, right, limit):
                return said(sheet.voice, about, kind, rule, sheet.words.spelling(where) if where else "")
        if np.all(np.abs(value - right) <= np.maximum(half, limit)):
            return said(sheet.voice, about, "coarse")
    if np.any(near):
        off = [place for place in np.ndindex(*right.shape) if not near[place]]
        places = ", ".join(sheet.voice.word("place", entry=_place(p)) for p in off[:SHOWN_ENTRIES])
        more = f" {sheet.voice.word('more', count=len(off) - SHOWN_ENTRIES)}" if len(off) > SHOWN_ENTRIES else ""
        return said(sheet.voice, about, "some_entries", count=int(np.sum(near)), all=near.size, places=places + more)
    return said(sheet.voice, about, "unexplained")


def _apart(wrong: Array, right: Array, limit: float) -> bool:
    return not np.all(np.abs(wrong - right) <= limit)


def _place(place: tuple[int, ...]) -> str:
    return ",".join(str(n + 1) for n in place)


# --- numbers with their places ------------------------------------------------------------------------------------------------


def numbers_from(sheet: Sheet, about: Verdict, written: Any, shape: tuple[int, ...], key: str) -> tuple[Numbers | None, Verdict]:
    """The numbers of an answer of that shape, whole or entry by entry (from 1); or None, and what is wrong with it."""
    if not isinstance(written, Mapping):
        found = read_numbers(right_side(written), shape)
        found = worked_out(sheet, written, key) if found is None else found
        return found, about if found is not None else said(sheet.voice, about, "number_wanted")
    value, half = np.full(shape, np.nan), np.zeros(shape)
    for entry, one in written.items():
        place = place_of(str(entry), shape)
        if place is None:
            return None, said(sheet.voice, about, "no_such_entry", name=str(entry)[:20] or "()", wanted=_shape(sheet, shape))
        if one is None or (isinstance(one, str) and not one.strip()):
            continue
        number = worked_out(sheet, one, key)
        if number is None or number.value.shape != ():
            return None, said(sheet.voice, about, "number_wanted")
        value[place], half[place] = number.value, number.half
    if np.all(np.isnan(value)):
        return None, said(sheet.voice, about, "empty")
    return Numbers(value, half), replace(about, entries=dict.fromkeys(map(str, written), False))


def _entry_by_entry(
    sheet: Sheet, asked: Question, about: Verdict, written: Mapping[Any, Any], tolerance: float | None, earlier: Sequence[Verdict]
) -> Verdict:
    numbers, about = numbers_from(sheet, about, written, asked.shape, asked.key)
    return about if numbers is None else in_numbers(sheet, asked, about, numbers, tolerance, earlier)


# --- why it is wrong ----------------------------------------------------------------------------------------------------------


def _explained(
    sheet: Sheet, asked: Question, about: Verdict, world: str, agree: Callable[[Arrays, Arrays], bool], earlier: Sequence[Verdict]
) -> Verdict | None:
    """The first explanation of a wrong answer; None where there is none."""
    mine, at = about.found[world], sheet.worlds[world]
    with np.errstate(all="ignore"):
        for kind, rule, where, values in explanations_of(sheet, asked, world, at, earlier):
            if agree(mine, values):
                return said(sheet.voice, about, kind, rule, sheet.words.spelling(where) if where else "")
    return None


def _shape(sheet: Sheet, shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if shape else sheet.voice.word("scalar")
