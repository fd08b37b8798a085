"""What a student wrote as a formula, read: an expression in the equation language, with the names of `vocabulary`.

A name becomes a plain one, the text goes through the parser of the language and nothing else, and what comes back is bounded
before a number is put in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

from sympy import Expr, Mul

from .errors import EquationError
from .language import is_index_form, parse_equation, parse_expression
from .tensor import Differential, Elementwise, Entry, Index, Total
from .vocabulary import Vocabulary, flattened, named_by
from .walk import factors, free_indices, nodes, size, transform

MAX_TEXT = 1_000
MAX_NODES = 3_000
MAX_CELLS = 2_000_000
"""The number of values that any part of an answer may take, over all its indices."""

MAX_OPERANDS = 24
MAX_POWER = 64
"""The largest exponent of an answer, and the largest product of nested ones."""

SIGNS = dict.fromkeys("·⋅×⊙∘", "*") | dict.fromkeys("−–", "-") | dict.fromkeys("ᵀ⊤", ".T") | {"²": "**2"}


# --- text ---------------------------------------------------------------------------------------------------------------------

WORD = r"[^\W\dᵀ²][^\Wᵀ²]*"
RAISED = r"(?:\^\{?\(?L(?:-\d+)?\)?\}?|\^\{?\(\d+\)\}?)?"
TOKEN = re.compile(
    rf"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    rf"|(?P<transpose>\.T\b)"
    rf"|(?P<quotient>[d∂]{WORD}{RAISED}\s*/\s*[d∂]{WORD}{RAISED})"
    rf"|(?P<word>∂?{WORD}{RAISED}['′’]?)"
    rf"|(?P<other>.)",
    re.DOTALL,
)


@dataclass(frozen=True)
class _Plain:
    """An answer in plain names, and where in the student's text each of its characters comes from."""

    text: str
    places: tuple[int, ...]

    def column(self, column: int | None, shift: int = 0) -> int | None:
        if column is None or not self.places:
            return None
        return self.places[max(0, min(column - 1 - shift, len(self.places) - 1))] + 1


def _in_plain_names(text: str, words: Vocabulary) -> _Plain:
    out: list[str] = []
    places: list[int] = []

    def put(piece: str, place: int) -> None:
        out.append(piece)
        places.extend([place] * len(piece))

    brackets = 0
    for found in TOKEN.finditer(text):
        piece, start = found[0], found.start()
        if found["other"] is not None:
            brackets += {"[": 1, "]": -1}.get(piece, 0)
            put(SIGNS.get(piece, piece), start)
        elif found["number"] is not None or found["transpose"] is not None or brackets > 0:
            for offset, character in enumerate(piece):
                put(SIGNS.get(character, character), start + offset)
        elif found["quotient"] is not None and flattened(piece) in words.plain:
            put(words.plain[flattened(piece)], start)
        elif found["quotient"] is not None:
            above, below = piece.split("/", 1)
            put(_word(above.strip(), words), start)
            put("/", start + len(above))
            put(_word(below.strip(), words), start + len(above) + 1)
        else:
            put(_word(piece, words), start)
    return _with_outer("".join(out), places, words)


ROW = re.compile(rf"\s*@\s*({WORD})\.T\b")


def _with_outer(text: str, places: list[int], words: Vocabulary) -> _Plain:
    """δ aᵀ of two vectors, `delta @ a.T`, as the language writes it: outer(delta, a)."""
    for found in reversed(list(ROW.finditer(text))):
        start = _operand(text, found.start())
        if len(words.shapes.get(found[1], ())) != 1 or start is None:
            continue
        at = places[found.start()]
        pieces: list[tuple[str, list[int]]] = [
            (text[:start], places[:start]),
            ("outer(", [at] * 6),
            (text[start : found.start()], places[start : found.start()]),
            (", ", [at] * 2),
            (found[1], places[found.start(1) : found.end(1)]),
            (")", [at]),
            (text[found.end() :], places[found.end() :]),
        ]
        text = "".join(piece for piece, _ in pieces)
        places = [place for _, part in pieces for place in part]
    return _Plain(text, tuple(places))


def _operand(text: str, end: int) -> int | None:
    """Where the name, the call or the bracket begins that ends at `end`."""
    start = end
    if text[:end].endswith(")"):
        depth = 0
        while start > 0:
            start -= 1
            depth += {")": 1, "(": -1}.get(text[start], 0)
            if depth == 0:
                break
        else:
            return None
    name = re.search(rf"(?:{WORD})?$", text[:start])
    return None if name is None or name.start() == end else name.start()


def _word(piece: str, words: Vocabulary) -> str:
    raised = flattened(piece)
    if raised in words.functions:
        return words.functions[raised]
    if raised in words.plain:
        return words.plain[raised]
    return piece


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
    plain = _in_plain_names(right, words)
    try:
        return _parsed(plain, words, axes)
    except EquationError as error:
        column = plain.column(error.column, 0)
        raise EquationError(
            error.message, text=text, column=None if column is None else column + start, hint=error.hint
        ) from None


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
    letters = list(dict.fromkeys(letters))
    if not letters:
        return axes
    if len(letters) != len(axes) or not all(re.fullmatch(WORD, letter) for letter in letters):
        raise EquationError("the indices on the left are not those of this quantity", text=text, column=left.find("[") + 1)
    return tuple(Index(letter, axis.size) for letter, axis in zip(letters, axes, strict=True))


def _parsed(plain: _Plain, words: Vocabulary, axes: tuple[Index, ...]) -> Formula:
    names = dict.fromkeys(words.functions.values())
    head = "answer_ = "
    try:
        if is_index_form(head + plain.text):
            expr = parse_expression(plain.text, words.shapes, names, {a.name: a.size for a in axes})
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
