"""Is a student's answer right, and if not, which usual error explains it?

A formula is compared with the right one at many random points of the forward pass, so an answer in terms of a is the same as one
in terms of sigmoid(z); between single numbers SymPy decides besides, where the expression is small. An answer in numbers is right
where each of its numbers is within half a unit of its last written digit, which may be no more than 2 % of the number asked for,
and a thousandth of that number besides; whole numbers and fractions are taken as exact. (So 0.3 is not accepted for 0.28, but
asked for more digits, and 0 is never accepted for a small number.) An answer key may give an absolute tolerance instead.

A wrong answer is explained, in this order: by a mal-rule at this very line (`mistakes`); by the student's own earlier answers,
from which this one follows; by a mal-rule at a cotangent above, from which all that follows is right.

The student's input is untrusted: it is read by `answers` and `written_numbers`, bounded, and never evaluated as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from . import equivalence, evaluate, worked
from .answers import Formula, names, read_formula, same_form, split_answer
from .asked import Question, Sheet, sheet_of
from .errors import EquationError
from .evaluate import Array, Values
from .mistakes import followed, mistakes, value_at
from .mistakes.lifting import named
from .spec import Spec
from .steps import Derivation, Step
from .system import cotangent, is_cotangent, primal
from .tensor import Differential
from .verdicts import Verdict, as_data, line, said
from .written_numbers import Numbers, read_numbers

__all__ = ["Verdict", "accepted", "as_data", "grade", "judge", "line"]

RELATIVE = 1e-3
COARSE = 0.02
SAME = 1e-8
"""Formulas are the same where they agree to this part of the largest entry, at every point."""

LEAST_POINTS = 3
"""At so many random points a formula must have a value."""

SEARCHED = 60
"""So many cotangents above a line are searched for the error that explains it."""

GOES_ON = ("wrong", "unexplained", "follows", "earlier")
"""Kinds of verdicts on answers from which a student may have worked on."""

Arrays = tuple[Array, ...]


def judge(
    source: Spec | Derivation,
    target: str | Step,
    answer: Any,
    values: Mapping[str, Array] | None = None,
    tolerance: float | None = None,
    earlier: Sequence[Verdict] = (),
) -> Verdict:
    """The verdict on one answer. Never raises for what a student wrote.

    target: `dC/dW1`, `delta1`, `dz1/dW1`, `dz1`, `a1`, or a step of the derivation. answer: a formula, a number, nested lists of
    numbers, or texts of them. values: the numbers of the sheet, by key; without them an answer in numbers cannot be judged.
    tolerance: how far each number may be off, absolutely. earlier: the verdicts on this student's other answers.
    """
    return _judge(sheet_of(source, values), target, answer, tolerance, earlier)


def grade(
    source: Spec | Derivation,
    answers: Mapping[str, Any],
    values: Mapping[str, Array] | None = None,
    targets: Mapping[str, str | Step] | None = None,
    tolerances: Mapping[str, float] | None = None,
) -> tuple[Verdict, ...]:
    """The verdicts on all answers of one student, in their order; what follows from an earlier error is seen.

    targets: what a question is about, where the answers are named by questions; tolerances: by question as well. A Spec brings
    its own worked numbers.
    """
    sheet = sheet_of(source, values)
    if values is None and isinstance(source, Spec):
        found = worked.work(source, sheet.derivation)
        sheet = sheet_of(sheet.derivation, found.values if found else None).speaking(sheet.words)
    known = targets or {}
    order = list(sheet.derivation.gradients)

    def rank(name: str) -> int:
        question = sheet.question(known.get(name, name))
        about = primal(question.key) if question is not None else ""
        return order.index(about) if about in order else -1

    judged: dict[str, Verdict] = {}
    for name in sorted(answers, key=rank):
        limit = (tolerances or {}).get(name)
        judged[name] = _judge(sheet, known.get(name, name), answers[name], limit, tuple(judged.values()), name)
    return tuple(judged[name] for name in answers)


def _judge(
    sheet: Sheet, target: str | Step, answer: Any, tolerance: float | None, earlier: Sequence[Verdict], name: str | None = None
) -> Verdict:
    asked = sheet.question(target)
    label = name or (target if isinstance(target, str) else asked.name if asked else "")
    written = answer.strip() if isinstance(answer, str) else answer
    about = Verdict(label[:200], answer=str(written)[:200])
    if asked is None:
        return said(about, "no_such_question", target=label[:60])
    about = replace(about, key=asked.key)
    if written is None or written == "" or written == []:
        return said(replace(about, answer=""), "empty")
    numbers = read_numbers(_right_side(written))
    if numbers is not None and (sheet.values is not None or numbers.value.shape != ()):
        return _in_numbers(sheet, asked, about, numbers, tolerance, earlier)
    try:
        formula = read_formula(str(written), sheet.words, asked.key, asked.axes)
    except EquationError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return said(about, "not_understood", column=error.column, message=error.message + hint)
    circle = next((key for key in sorted(names(formula.expr)) if sheet.leads_back(key, asked)), None)
    if circle is not None:
        return said(about, "circular", name=sheet.words.spelling(circle))
    return _as_formula(sheet, asked, about, formula, earlier)


def _right_side(written: Any) -> Any:
    sides = split_answer(written) if isinstance(written, str) else None
    return written if sides is None else sides[1]


# --- formulas -----------------------------------------------------------------------------------------------------------------


def _as_formula(sheet: Sheet, asked: Question, about: Verdict, formula: Formula, earlier: Sequence[Verdict]) -> Verdict:
    if formula.shape != asked.shape:
        return said(about, "shape", found=_shape(formula.shape), wanted=_shape(asked.shape))
    try:
        with np.errstate(all="ignore"):
            found = {
                world: tuple(np.asarray(evaluate.evaluate(formula.expr, v, formula.axes)) for v in at)
                for world, at in sheet.worlds.items()
            }
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError) as error:
        return said(about, "not_understood", message=type(error).__name__)
    about = replace(about, found=found, how="points")
    right = tuple(value_at(asked.right, v) for v in sheet.worlds["points"])
    if _agree(found["points"], right):
        exact = equivalence.same(formula.expr, asked.right.rhs, sheet.derivation)
        if exact is not False:
            about = replace(about, how="symbols" if exact else "points")
            return said(about, "right" if same_form(formula.expr, asked.right.rhs) else "equivalent")
    return _explained(sheet, asked, about, "points", _agree, earlier) or said(about, "unexplained")


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


def _in_numbers(
    sheet: Sheet, asked: Question, about: Verdict, numbers: Numbers, tolerance: float | None, earlier: Sequence[Verdict]
) -> Verdict:
    if sheet.values is None or isinstance(asked.right.lhs, Differential):
        return said(about, "no_values")
    with np.errstate(all="ignore"):
        right = value_at(asked.right, sheet.worlds["numbers"][0])
    value, half = numbers.value, numbers.half
    if value.shape != right.shape:
        if [n for n in value.shape if n != 1] != [n for n in right.shape if n != 1]:
            return said(about, "shape", found=_shape(value.shape), wanted=_shape(right.shape))
        value, half = value.reshape(right.shape), half.reshape(right.shape)
    about = replace(about, found={"numbers": (value,)}, how="numbers")

    def near(mine: Arrays, others: Arrays) -> bool:
        return bool(np.all(np.abs(mine[0] - others[0]) <= accepted(others[0], half, tolerance)))

    if near((value,), (right,)):
        return said(about, "right")
    explained = _explained(sheet, asked, about, "numbers", near, earlier)
    if explained is not None:
        return explained
    if tolerance is None and np.all(np.abs(value - right) <= np.maximum(half, accepted(right, half))):
        return said(about, "coarse")
    return said(about, "unexplained")


def accepted(right: Array, half: Array, tolerance: float | None = None) -> Array:
    """How far each number may be off: half a unit of its last digit, at most 2 % of what is right, and a thousandth of that."""
    if tolerance is not None:
        return np.full(right.shape, tolerance)
    each = np.maximum(np.abs(right), 1e-3 * float(np.max(np.abs(right), initial=0.0)))
    return np.minimum(half, COARSE * each) + RELATIVE * each + 1e-12


# --- why it is wrong ----------------------------------------------------------------------------------------------------------


def _explained(
    sheet: Sheet, asked: Question, about: Verdict, world: str, agree: Callable[[Arrays, Arrays], bool], earlier: Sequence[Verdict]
) -> Verdict | None:
    """The first explanation of a wrong answer; None where there is none."""
    mine, at = about.found[world], sheet.worlds[world]
    with np.errstate(all="ignore"):
        for kind, rule, where, values in _explanations(sheet, asked, world, at, earlier):
            if agree(mine, values):
                return said(about, kind, rule, sheet.words.spelling(where) if where else "")
    return None


def _explanations(
    sheet: Sheet, asked: Question, world: str, at: tuple[Values, ...], earlier: Sequence[Verdict]
) -> Iterator[tuple[str, str | None, str, Arrays]]:
    """The kind of a verdict, a mal-rule, the key at which it was followed, and the values that come of it."""
    derivation = sheet.derivation
    for mistake in mistakes(derivation, asked.step) if asked.step else ():
        yield "wrong", mistake.rule, "", tuple(value_at(mistake.wrong, v) for v in at)
    if not is_cotangent(asked.key):
        return
    about = primal(asked.key)
    wrong = {primal(v.key): v.found[world] for v in earlier if is_cotangent(v.key) and world in v.found and v.kind in GOES_ON}
    if wrong:
        yield "follows", None, "", tuple(_carried(derivation, about, v, wrong, n) for n, v in enumerate(at))
    for key in sheet.above(about)[:SEARCHED]:
        for mistake in mistakes(derivation, derivation.of("gradient", key)[-1]):
            yield "earlier", mistake.rule, cotangent(key), tuple(followed(derivation, mistake, v)[asked.key] for v in at)


def _carried(derivation: Derivation, about: str, values: Values, wrong: Mapping[str, Arrays], number: int) -> Array:
    """The cotangent of `about` for someone who has these wrong cotangents and works on correctly from them."""
    out = dict(values)
    for key in derivation.gradients:
        if key == about:
            break
        out[cotangent(key)] = wrong[key][number] if key in wrong else value_at(named(derivation, key), out)
    return value_at(named(derivation, about), out)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if shape else "1"
