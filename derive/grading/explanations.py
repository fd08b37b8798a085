"""What may explain a wrong answer: usual errors at its line or above it, and the student's own earlier answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..calculus.steps import Derivation
from ..expressions.system import cotangent, is_cotangent, lhs_of, primal
from ..mistakes import followed, mistakes, value_at
from ..mistakes.propagate import named
from ..numbers.evaluate import Array, Values
from .targets import Question, Sheet
from .verdicts import Verdict

SEARCHED = 60
"""So many cotangents above a line are searched for the error that explains it."""

GOES_ON = ("wrong", "unexplained", "some_entries", "follows", "earlier")
"""Kinds of verdicts on answers from which a student may have worked on."""

Arrays = tuple[Array, ...]

Found = tuple[str, str | None, str, Arrays]
"""The kind of a verdict, a mal-rule, the key at which it was followed, and the values that come of it."""


def explanations_of(
    sheet: Sheet, asked: Question, world: str, at: tuple[Values, ...], earlier: Sequence[Verdict]
) -> Iterator[Found]:
    """Everything that may explain a wrong answer, with the values that come of it, the nearest first."""
    derivation = sheet.derivation
    for mistake in mistakes(derivation, asked.step) if asked.step else ():
        yield "wrong", mistake.rule, "", tuple(value_at(mistake.wrong, v) for v in at)
    wrong = {v.key: v.found[world] for v in earlier if world in v.found and v.kind in GOES_ON and v.key != asked.key}
    if wrong and not asked.key.startswith(("d ", "partial ")):
        yield "follows", None, "", tuple(_carried(derivation, asked.key, v, wrong, n) for n, v in enumerate(at))
    if not is_cotangent(asked.key):
        return
    for key in sheet.above(primal(asked.key))[:SEARCHED]:
        for mistake in mistakes(derivation, derivation.of("gradient", key)[-1]):
            yield "earlier", mistake.rule, cotangent(key), tuple(followed(derivation, mistake, v)[asked.key] for v in at)


def _carried(derivation: Derivation, about: str, values: Values, wrong: Mapping[str, Arrays], number: int) -> Array:
    """The value of `about` for someone who has these wrong values and works on correctly from them."""
    out = dict(values)
    changed = False
    for equation in derivation.system.equations:
        key = lhs_of(equation).key
        if changed or key == about:
            out[key] = value_at(equation, out)
        if key == about:
            return out[key]
        if key in wrong:
            out[key], changed = wrong[key][number], True
    for key in derivation.gradients:
        if key == primal(about):
            break
        bar = cotangent(key)
        out[bar] = wrong[bar][number] if bar in wrong else value_at(named(derivation, key), out)
    return value_at(named(derivation, primal(about)), out)
