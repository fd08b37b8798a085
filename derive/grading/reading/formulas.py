"""What a student wrote as a formula, read: an expression in the equation language, with the names of `spellings`.

A name becomes a plain one, the text goes through the parser of the language and nothing else, and what comes back is bounded
before a number is put in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

from sympy import Expr, Mul, S

from ...errors import EquationError
from ...expressions.language import is_index_form, parse_equation, parse_expression
from ...expressions.nodes import Differential, Elementwise, Entry, Index, Total
from ...expressions.traversal import factors, free_indices, nodes, rename, size, transform
from ...notation.spellings import Vocabulary, entry_named, named_by
from .names import WORD, Plain, in_plain_names

MAX_TEXT = 1_000
MAX_NODES = 3_000
MAX_CELLS = 2_000_000
"""The number of values that any part of an answer may take, over all its indices."""

MAX_OPERANDS = 24
MAX_POWER = 64
"""The largest exponent of an answer, and the largest product of nested ones."""


# --- expressions --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Formula:
    """An answer as an expression over `axes`; of a single number for all entries, where the shape does not come from the text."""

    expr: Expr
    axes: tuple[Index, ...]
    shape: tuple[int, ...]


def read_formula(text: str, words: Vocabulary, target: str, axes: tuple[Index, ...]) -> Formula:
    """The formula that a text says for `target` (a key as in `Vocabulary.keys`), whose indices are `axes`.

    Raises EquationError, with the column in the student's own text.
    """
    if len(text) > MAX_TEXT:
        raise EquationError(f"the answer has {len(text)} characters; at most {MAX_TEXT} can be read", text=text[:MAX_TEXT])
    left, right, start = _sides(text)
    if left is not None:
        axes = _left_side(left, text, words, target, axes)
    plain: Plain | None = None
    try:
        plain = in_plain_names(right, words)
        return _parsed(plain, words, axes)
    except EquationError as error:
        column = plain.column(error.column, 0) if plain is not None else error.column
        hint = "sum over it: sum(…, k)" if "is free on the right" in error.message else error.hint
        raise EquationError(error.message, text=text, column=None if column is None else column + start, hint=hint) from None


def read_unsummed(text: str, words: Vocabulary, target: str, axes: tuple[Index, ...]) -> Formula | None:
    """The formula of someone who has forgotten to sum, with the first value of the index that is left over; or None.

    In ∂C/∂a_k = δ_j w_jk the j stands for nothing.
    """
    left, right, _ = _sides(text)
    try:
        axes = _left_side(left, text, words, target, axes) if left is not None else axes
        plain = in_plain_names(right, words).text
        subscripts = [s.strip() for part in re.findall(r"\[([^\[\]]*)\]", plain) for s in part.split(",")]
        own = [a.name for a in axes]
        letters = [s for s in dict.fromkeys(subscripts) if re.fullmatch(r"[A-Za-z]", s) and s not in own][:MAX_LETTERS]
        for letter in letters:
            try:
                head = f"answer_[{','.join([*own, letter])}] = "
                equation, shape = parse_equation(head + plain, words.shapes, dict.fromkeys(words.functions.values()))
            except EquationError:
                continue
            *found, extra = equation.lhs.indices
            if shape[:-1] == tuple(a.size for a in axes):
                return Formula(_bounded(_meant(rename(equation.rhs, {extra: S.Zero}), words)), tuple(found), shape[:-1])
    except EquationError:
        return None
    return None


MAX_LETTERS = 4


def _sides(text: str) -> tuple[str | None, str, int]:
    place = text.find("=")
    return (None, text, 0) if place < 0 else (text[:place], text[place + 1 :], place + 1)


def split_answer(text: str) -> tuple[str, str] | None:
    """The two sides of `dC/dw = …`; None where there is no `=`."""
    left, right, _ = _sides(text)
    return None if left is None else (left.strip(), right.strip())


def _left_side(left: str, text: str, words: Vocabulary, target: str, axes: tuple[Index, ...]) -> tuple[Index, ...]:
    if named_by(left, words) != target:
        raise EquationError("the left-hand side is not what is asked for", text=text, column=1, hint=words.spelling(target))
    letters = [letter.strip() for part in re.findall(r"\[([^\]]*)\]", left) for letter in part.split(",")]
    below = entry_named("".join(left.split()), words) if not letters else None
    letters = list(dict.fromkeys(below[1].split(",") if below is not None else letters))
    if not letters:
        return axes
    if len(letters) != len(axes) or not all(re.fullmatch(WORD, letter) for letter in letters):
        raise EquationError("the indices on the left are not those of this quantity", text=text, column=left.find("[") + 1)
    return tuple(type(axis)(letter, axis.size) for letter, axis in zip(letters, axes, strict=True))


def parsed(text: str, words: Vocabulary, axes: tuple[Index, ...]) -> Formula:
    """The formula that a text in plain names says. Raises EquationError."""
    return _parsed(Plain(text, ()), words, axes)


def _parsed(plain: Plain, words: Vocabulary, axes: tuple[Index, ...]) -> Formula:
    names = dict.fromkeys(words.functions.values())
    head = "answer_ = "
    try:
        if is_index_form(head + plain.text):
            expr = parse_expression(plain.text, words.shapes, names, {a.name: a.size for a in axes})
            expr = rename(expr, {Index(a.name, a.size): a for a in axes})  # the index of the examples is of its own kind
            own, found = axes, tuple(a.size for a in axes)
        else:
            equation, found = parse_equation(head + plain.text, words.shapes, names)
            expr, own = equation.rhs, tuple(i for i in equation.lhs.indices if isinstance(i, Index))
            if not found and expr.is_number:
                own, found = axes, tuple(a.size for a in axes)
    except EquationError as error:
        shift = len(head) if error.text.startswith(head) else 0
        column = None if error.column is None else max(1, error.column - shift)
        raise EquationError(error.message, text=plain.text, column=column, hint=error.hint) from None
    return Formula(_bounded(_meant(expr, words)), own, found)


def _meant(expr: Expr, words: Vocabulary) -> Expr:
    """Plain names as what they stand for."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Entry):
            key = words.keys[node.key]
            if key.startswith("d "):
                return Differential(Entry.of(key[2:], *node.indices))
            return Entry.of(key, *node.indices)
        if isinstance(node, Elementwise) and node.name.endswith("_prime"):
            return Elementwise.of(node.name.removesuffix("_prime"), transform(node.argument, rule), 1)
        return None

    return transform(expr, rule)


def names(expr: Expr) -> frozenset[str]:
    """The keys that an expression speaks of; a change as `d key`."""
    found = {n.key for n in nodes(expr) if isinstance(n, Entry)}
    return frozenset(found | {f"d {n.entry.key}" for n in nodes(expr) if isinstance(n, Differential)})


def _bounded(expr: Expr) -> Expr:
    """The expression, unless working it out would take more than an answer deserves."""
    too_large = EquationError("the answer is too large to be worked out", hint="a few terms are enough")
    if size(expr) > MAX_NODES or _power(expr) > MAX_POWER:
        raise too_large
    for node in dict.fromkeys(nodes(expr)):
        inside = free_indices(node) if isinstance(node, Expr) else ()
        if isinstance(node, Total):
            inside = (*inside, *node.indices)
            if len(factors(node.body)) > MAX_OPERANDS:
                raise too_large
        if prod(i.size for i in inside) > MAX_CELLS or len(inside) > MAX_OPERANDS:
            raise too_large
        if isinstance(node, Mul) and len(node.args) > 10 * MAX_OPERANDS:
            raise too_large
    return expr


def _power(expr: Expr) -> Any:
    """The largest exponent, those of nested powers multiplied."""
    inner = max((_power(arg) for arg in expr.args if isinstance(arg, Expr)), default=1)
    return inner * max(1, abs(expr.exp)) if expr.is_Pow and expr.exp.is_Number else inner


# --- is it the same form? -----------------------------------------------------------------------------------------------------


def same_form(first: Expr, second: Expr) -> bool:
    """Whether two expressions are the same but for the order of terms and factors and the letters of sums."""
    return _form(first) == _form(second)


@lru_cache(maxsize=4096)
def _form(expr: Expr) -> str:
    if isinstance(expr, Total):
        places = {i: f"#{n}.{i.size}" for n, i in enumerate(sorted(expr.indices, key=lambda i: (i.size, i.name)))}
        inner = _form(expr.body)
        for index, place in places.items():
            inner = re.sub(rf"\b{re.escape(index.name)}\b", place, inner)
        return f"sum({inner})"
    if not expr.args:
        return str(expr)
    if isinstance(expr, Entry):
        return str(expr)
    inside = [_form(a) if isinstance(a, Expr) else str(a) for a in expr.args]
    if expr.is_Add or expr.is_Mul:
        inside.sort()
    return f"{type(expr).__name__}({','.join(inside)})"
