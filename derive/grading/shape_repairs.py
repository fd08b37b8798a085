"""An answer whose shapes do not fit, and the one change that makes it right: so a forgotten transpose has its name here, too.

Where the layers are of different widths, W δ for Wᵀ δ is no wrong value but none at all. So the answer is changed as the mal-rule
says, backwards, and read again; what is right then was wrong for that reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from ..errors import EquationError
from ..expressions.system import is_cotangent, primal
from ..mistakes import value_at
from ..network.catalogue import malrules
from ..notation.spellings import Vocabulary
from ..numbers import evaluate
from ..numbers.evaluate import Array
from .reading.formulas import MAX_TEXT, Formula, parsed, split_answer
from .reading.names import in_plain_names
from .targets import Question, Sheet

MOST = 80
"""So many changes at most are tried."""

Agree = Callable[[tuple[Array, ...], tuple[Array, ...]], bool]


def reason(sheet: Sheet, asked: Question, written: str, agree: Agree) -> str | None:
    """The mal-rule by which an answer in matrix form came to shapes that do not fit; None where no single change explains it."""
    if asked.step is None or asked.step.section not in ("partial", "gradient") or len(asked.shape) > 2:
        return None
    sides = split_answer(written)
    try:
        text = in_plain_names((written if sides is None else sides[1])[:MAX_TEXT], sheet.words).text
    except EquationError:
        return None
    if "[" in text:
        return None
    right = tuple(value_at(asked.right, at) for at in sheet.worlds["points"])
    for rule, changed, turned in islice(_changes(sheet.words, text, len(asked.shape)), MOST):
        formula = _read(changed, sheet.words, asked) if asked.step.section in malrules()[rule].on else None
        shape = asked.shape[::-1] if turned else asked.shape
        if formula is None or formula.shape != shape:
            continue
        with np.errstate(all="ignore"):
            found = tuple(np.asarray(evaluate.evaluate(formula.expr, at, formula.axes)) for at in sheet.worlds["points"])
        if agree(tuple(v.T if turned else v for v in found), right):
            return rule
    return None


def _read(text: str, words: Vocabulary, asked: Question) -> Formula | None:
    try:
        return parsed(text, words, asked.axes)
    except EquationError:
        return None


def _changes(words: Vocabulary, text: str, axes: int) -> Iterator[tuple[str, str, bool]]:
    """A mal-rule, the text with its error taken back, and whether the value is to be turned besides."""
    if axes == 2:
        yield "outer_reversed", text, True
    names = [m for m in re.finditer(r"\b[A-Za-z_]\w*", text) if m[0] in words.keys]
    parameters = {t.key for t in words.derivation.system.parameters}
    for found in names:
        if len(words.shapes.get(found[0], ())) == 2 and words.keys[found[0]] in parameters:
            behind = text[found.end() :]
            turned = behind.removeprefix(".T") if behind.startswith(".T") else ".T" + behind
            yield "transpose_forgotten", text[: found.end()] + turned, False
    for found in names:
        for rule, other in _others(words, found[0]):
            yield rule, text[: found.start()] + other + text[found.end() :], False


def _others(words: Vocabulary, name: str) -> Iterator[tuple[str, str]]:
    """Names that may have been meant by one of another layer, the nearest first."""
    tensors = words.derivation.system.tensors
    key = words.keys[name]
    tensor = tensors.get(primal(key))
    if tensor is None:
        return
    if is_cotangent(key):
        rule, kin = "wrong_signal", [k for k, t in tensors.items() if t.signal and tensor.signal]
    elif tensor.role == "parameter":
        rule, kin = "wrong_weight", [k for k, t in tensors.items() if t.role == "parameter" and t.base == tensor.base]
    else:
        rule, kin = "wrong_activation", [k for k, t in tensors.items() if t.role in ("input", "intermediate") and not t.signal]
    spelt = {known: plain for plain, known in words.keys.items()}
    level = tensor.layer or 0
    for other in sorted(kin, key=lambda k: abs((tensors[k].layer or 0) - level)):
        plain = spelt.get(f"bar {other}" if is_cotangent(key) else other)
        if plain is not None and plain != name:
            yield rule, plain
