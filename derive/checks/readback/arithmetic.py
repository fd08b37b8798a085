"""Displayed arithmetic, read and worked out once more with the printed numbers, as someone with a pocket calculator does.

The grammar is that of lines with numbers put in: sums, products with a dot, fractions, powers, roots, bars, brackets, cases, and
functions by their signs. Rational numbers stay exact. Nothing of SymPy's is used, nor of what prints; a table `functions` says
which sign stands for which function of the catalogue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ...numbers.rounding import DIGITS
from .numbers import NOISE, Printed, Unreadable, read_number

Real = Fraction | float
Functions = Mapping[str, Callable[[Any, int], Any]]
"""A sign such as `\\sigma` with its function of a number and an order of derivative."""

RELATIONS = {"=", r"\approx", r"\leftarrow"}

_OPEN = re.compile(r"\\left(?![a-zA-Z|])|\\right(?![a-zA-Z|])|\\allowbreak|\\penalty500|\\quad|\\,|\s+")
_SIGNS = (
    r"\\left\||\\right\||\\operatorname\{[^{}]*\}|\\mathit\{[^{}]*\}|\\begin\{cases\}|\\end\{cases\}|\\\\|\\[a-zA-Z]+"
    r"|[-+/()\[\]{}^,&<>'a-zA-Z]"
)
_TOKEN = {mark: re.compile(rf"(\d+(?:{re.escape(mark)}\d+)?)|({_SIGNS})") for mark in (".", "{,}")}


def chain(latex: str) -> list[tuple[str, str]]:
    """The parts of a chain of relations, each with the relation before it; the first has none."""
    parts, depth = [("", "")], 0
    for piece in re.split(r"(\\begin\{[a-z]+\}|\\end\{[a-z]+\}|\\approx|\\leftarrow|[{}()\[\]=])", latex):
        if piece in RELATIONS and depth == 0:
            parts.append((piece, ""))
            continue
        depth += 1 if piece.startswith(r"\begin") or piece in ("{", "(", "[") else 0
        depth -= 1 if piece.startswith(r"\end") or piece in ("}", ")", "]") else 0
        parts[-1] = (parts[-1][0], parts[-1][1] + piece)
    return [(relation, re.sub(r"\\allowbreak|\\penalty500", "", text).strip()) for relation, text in parts]


def literals(latex: str, mark: str = ".") -> list[Printed]:
    """The numbers that stand in a piece of arithmetic, in each way in which a reader may take them: a minus before all, or behind
    a bracket, with its number or without; a fraction and a power of ten as one number or as two."""
    number = rf"\d+(?:{re.escape(mark)}\d+)?(?: \\cdot 10\^\{{-?\d+\}})?|\\frac\{{\d+\}}\{{\d+\}}"
    signed = re.findall(rf"(?:(?:(?<=\()|^)-)?(?:{number})", latex.strip())
    parts = re.findall(rf"\d+(?:{re.escape(mark)}\d+)?", latex)
    return [read_number(text, mark) for text in dict.fromkeys([*signed, *(s.removeprefix("-") for s in signed), *parts])]


def evaluate(latex: str, functions: Functions, mark: str = ".") -> Real:
    """What a piece of arithmetic comes to. Raises Unreadable where it is none or has no value."""
    reader = _Reader(_tokens(latex, mark), functions, mark)
    value = reader.sum()
    if reader.place != len(reader.tokens):
        raise Unreadable(f"`{reader.tokens[reader.place]}` is not expected in `{latex}`")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"`{latex}` has no value")
    return value


def _tokens(latex: str, mark: str) -> list[str]:
    tokens: list[str] = []
    place = 0
    while place < len(latex):
        blank = _OPEN.match(latex, place)
        if blank:
            place = blank.end()
            continue
        found = _TOKEN[mark].match(latex, place)
        if found is None:
            raise Unreadable(f"`{latex[place : place + 12]}` cannot be read")
        tokens.append(found[0])
        place = found.end()
    return tokens


def _worked(function: Callable[..., Any], *arguments: Any) -> Real:
    """The value of a function; not a number where it has none, as in a case that does not hold."""
    try:
        found: Real = function(*arguments)
    except (ArithmeticError, ValueError):
        return math.nan
    return Fraction(found) if isinstance(found, int) else found


def _power(base: Real, exponent: Real) -> Real:
    """A power; of a rational number by a whole one exactly."""
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1 and abs(exponent) < 200:
        return Fraction(base ** int(exponent))
    return math.pow(base, exponent)


def _root(value: Real) -> Real:
    if isinstance(value, Fraction) and value >= 0:
        over, under = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if (over * over, under * under) == (value.numerator, value.denominator):
            return Fraction(over, under)
    return math.sqrt(value)


def _divided(over: Real, under: Real) -> Real:
    return over / under


def _exp(value: Real) -> Real:
    return math.exp(value) if value else Fraction(1)


NAMED: dict[str, Callable[[Any], Real]] = {
    r"\exp": _exp,
    r"\log": lambda u: math.log(u) if u != 1 else Fraction(0),
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\tanh": math.tanh,
    r"\operatorname{erf}": math.erf,
}
"""Functions that are called by their own names; a sign of the catalogue goes before them."""

_STARTS = {"(", r"\left|", "[", r"\frac", r"\sqrt", r"\max", r"\begin{cases}", r"\pi", "e", *NAMED}


class _Reader:
    """One piece of arithmetic, worked out while it is read."""

    def __init__(self, tokens: Sequence[str], functions: Functions, mark: str) -> None:
        self.tokens = tokens
        self.functions = functions
        self.mark = mark
        self.place = 0

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        found = self.next
        if not found or (wanted and found != wanted):
            raise Unreadable(f"`{wanted or 'something'}` is missing before `{found or 'the end'}`")
        self.place += 1
        return found

    def sum(self) -> Real:
        minus = self.next == "-"
        if minus:
            self.take()
        total = -self.product() if minus else self.product()
        while self.next in ("+", "-"):
            total = total + self.product() if self.take() == "+" else total - self.product()
        return total

    def product(self) -> Real:
        """Factors with dots, or side by side: never two numbers, which would be read as one."""
        value = self.factor()
        while True:
            before = self.tokens[self.place - 1]
            if self.next == r"\cdot":
                self.take()
                value = value * self.factor()
            elif self.next == "/":
                self.take()
                value = _worked(_divided, value, self.factor())
            elif self.starts() and not (before[0].isdigit() and self.next[0].isdigit()):
                value = value * self.factor()
            else:
                return value

    def starts(self) -> bool:
        return bool(self.next) and (self.next[0].isdigit() or self.next in _STARTS or self.next in self.functions)

    def factor(self) -> Real:
        value = self.base()
        if self.next == "^":
            value = _worked(_power, value, self.script())
        return value

    def script(self) -> Real:
        self.take("^")
        return self.braced()

    def braced(self) -> Real:
        return self.between("{", "}")

    def between(self, left: str, right: str) -> Real:
        self.take(left)
        value = self.sum()
        self.take(right)
        return value

    def base(self) -> Real:
        token = self.take()
        if token[0].isdigit():
            return read_number(token, self.mark).value
        if token in self.functions or token in NAMED:
            return self.called(token)
        self.place -= 1
        match token:
            case "(":
                return self.between("(", ")")
            case r"\left|":
                inside = self.between(r"\left|", r"\right|")
                return -inside if inside < 0 else inside
            case "[":
                return self.truth()
            case r"\begin{cases}":
                return self.cases()
        self.place += 1
        match token:
            case r"\frac":
                return _worked(_divided, self.braced(), self.braced())
            case r"\sqrt":
                return _worked(_root, self.braced())
            case "e":
                return _worked(_exp, self.script())
            case r"\pi":
                return math.pi
            case r"\max":
                self.take("(")
                first = self.sum()
                self.take(",")
                second = self.sum()
                self.take(")")
                return first if first > second else second
        raise Unreadable(f"`{token}` is not known in arithmetic")

    def called(self, sign: str) -> Real:
        """A function with primes and a power between its sign and its argument; an argument that is a number needs no bracket."""
        order = 0
        while self.next == "'":
            self.take()
            order += 1
        exponent = self.script() if self.next == "^" else None
        if self.next == "(" or self.next[:1].isdigit():
            argument = self.between("(", ")") if self.next == "(" else self.base()
        else:
            raise Unreadable(f"`{sign}` has no argument")
        known = self.functions.get(sign)
        if known is None and order:
            raise Unreadable(f"`{sign}` has no slope of its own sign")
        value = _worked(known, argument, order) if known is not None else _worked(NAMED[sign], argument)
        return value if exponent is None else _worked(_power, value, exponent)

    def cases(self) -> Real:
        """The first case whose condition holds."""
        self.take(r"\begin{cases}")
        chosen: Real | None = None
        while True:
            value = self.sum()
            self.take("&")
            holds = True
            if self.next == r"\dsotherwise":
                self.take()
            else:
                holds = self.condition()
            if holds and chosen is None:
                chosen = value
            if self.next != r"\\":
                break
            self.take()
        self.take(r"\end{cases}")
        if chosen is None:
            raise Unreadable("no case holds")
        return chosen

    def truth(self) -> Real:
        self.take("[")
        found = self.condition()
        self.take("]")
        return Fraction(int(found))

    def condition(self) -> bool:
        left = self.sum()
        relation = self.take()
        right = self.sum()
        if relation not in ("<", ">"):
            raise Unreadable(f"`{relation}` does not compare")
        return bool(left > right if relation == ">" else left < right)


def agrees(found: Real, printed: Printed, rounded: bool = False) -> bool:
    """Whether what was worked out, rounded to the printed place, is what is printed.

    rounded: with rounded numbers nothing comes exactly to a number such as 0.9, but to as many places as numbers are rounded to.
    """
    value = Fraction(found)
    unit = printed.unit if printed.unit is not None else Fraction(int(rounded), 10**DIGITS)
    noise = NOISE * max(Fraction(1), abs(value)) if isinstance(found, float) else Fraction(0)
    return abs(value - printed.value) <= unit / 2 + noise


__all__ = ["Functions", "agrees", "chain", "evaluate", "literals"]
