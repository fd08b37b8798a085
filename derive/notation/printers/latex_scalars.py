"""Indexed scalars -> LaTeX. Whether brackets are needed is decided by the table `precedence.BINDING` alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sympy
from sympy import Add, Expr, Mul, Pow, S

from ...expressions.nodes import (
    Delta,
    Differential,
    Elementwise,
    Entry,
    Index,
    Pairing,
    Partial,
    Second,
    Total,
    Where,
    Within,
    add,
    mul,
    neg,
    power,
)
from ...expressions.system import Equation, System, is_cotangent, primal
from ...expressions.traversal import free_indices, nodes, terms
from .. import array_expressions, places
from ..glyphs import Symbols, named
from .precedence import BINDING, compared, positive_terms_first, sign


@dataclass(frozen=True)
class Text:
    """A piece of LaTeX, and how tightly it holds together."""

    latex: str
    binding: int

    def within(self, place: str) -> str:
        """The piece as it stands in a place that asks for at least that binding."""
        return self.latex if self.binding >= BINDING[place] else brackets(self.latex)


def brackets(latex: str) -> str:
    """Brackets that fit: plain ones, or growing ones around what is high."""
    high = any(mark in latex for mark in (r"\frac", r"\sum", r"\begin", r"\sqrt", r"\left"))
    return rf"\left({latex}\right)" if high else f"({latex})"


NESTED_BREAK = r" \penalty500"
"""A line may break here, inside a bracket, where it cannot break outside one."""


def unbroken(latex: str) -> str:
    """The same without places for line breaks."""
    return latex.replace(r"\allowbreak ", "").replace(NESTED_BREAK, "")


MANY_HELD = 4
"""Where more quantities than this are held constant, the first two and the last are named."""


class ScalarPrinter:
    """Prints with the glyphs of one system, or without one in the names' own letters."""

    def __init__(self, symbols: Symbols | None) -> None:
        self.symbols = symbols

    def side(self, side: Any) -> str:
        """One side, with places for line breaks before its outermost signs."""
        out = ""
        for place, (minus, text) in enumerate(self.signed(side)):
            if place == 0:
                out = ("-" if minus else "") + text
            else:
                out += rf" \allowbreak {'-' if minus else '+'} {text}"
        return out or "0"

    def signed(self, side: Any) -> list[tuple[bool, str]]:
        """The terms of a side, each with its sign."""
        found = self.summands(side)
        return [self._signed(term, alone=len(found) == 1) for term in found]

    def summands(self, side: Any) -> Sequence[Any]:
        """The terms of a sum."""
        return terms(side)

    def _signed(self, term: Any, alone: bool = False) -> tuple[bool, str]:
        minus, bare = sign(term)
        text = self.text(bare)
        if alone and not minus:
            return False, text.latex
        return minus, text.within("total")

    def text(self, item: Any) -> Text:
        """Any expression."""
        return self._scalar(item)

    def _scalar(self, expr: Expr) -> Text:
        if isinstance(expr, Entry):
            return Text(self.entry(expr), BINDING["atom"])
        if isinstance(expr, Differential):
            return Text(rf"\mathrm{{d}}{self.entry(expr.entry)}", BINDING["atom"])
        if isinstance(expr, Index):
            return Text(index_name(expr), BINDING["atom"])
        if expr.is_Number:
            return self._number(expr)
        if isinstance(expr, Add):
            return Text(joined([self._signed(t) for t in expr.args]), BINDING["sum"])
        if isinstance(expr, Total):
            return self._total(expr)
        if isinstance(expr, Mul):
            return self._product(expr)
        if isinstance(expr, Pow):
            return self._power(expr)
        if isinstance(expr, Elementwise):
            return Text(self.function(expr.name, expr.order) + self.bracketed(expr.argument), BINDING["power"])
        if isinstance(expr, Where):
            return self._where(expr)
        if isinstance(expr, Pairing):
            return self.text(expr.written_out())
        if isinstance(expr, Delta):
            left, right = (self.place(a) for a in expr.args)
            return Text(rf"[\,{left}={right}\,]", BINDING["atom"])
        if isinstance(expr, Within):
            return Text(rf"[\,{self.condition(expr)}\,]", BINDING["atom"])
        if isinstance(expr, Partial):
            return Text(self._partial(expr), BINDING["atom"])
        if isinstance(expr, Second):
            of, first, then = (self.entry(a) for a in expr.args)
            return Text(rf"\frac{{\partial^2 {of}}}{{\partial {then}\,\partial {first}}}", BINDING["atom"])
        if expr is sympy.pi:
            return Text(r"\pi", BINDING["atom"])
        return self._call(expr)

    def entry(self, entry: Entry) -> str:
        """One entry of a tensor, its indices below it."""
        indices = self.indices(entry.indices)
        key = entry.key
        if self.symbols is None:
            shown = f"bar {primal(key)}" if is_cotangent(key) else key
            return (
                named(shown.replace("bar ", "").split(".")[0]).latex(indices)
                if not is_cotangent(key)
                else rf"\bar{{{named(primal(key).split('.')[0]).letter}}}_{{{indices}}}"
            )
        if not is_cotangent(key):
            return self.symbols.glyph(key, entry=True).latex(indices)
        if self.symbols.is_signal(key):
            return self.symbols.signal(key).latex(indices)
        below = self.symbols.glyph(primal(key), entry=True).latex(indices)
        return rf"\frac{{\partial {self.symbols.cost()}}}{{\partial {below}}}"

    def indices(self, indices: Sequence[Expr]) -> str:
        """jk where all are single letters, else separated by commas."""
        shown = [self.place(i).replace(" ", "") for i in indices]
        return ("" if all(len(s) == 1 for s in shown) else ",").join(shown)

    @property
    def system(self) -> System | None:
        """The system whose glyphs these are."""
        return self.symbols.system if self.symbols is not None else None

    @property
    def first(self) -> int:
        """The number of the first place on an axis."""
        return self.system.first_index if self.system is not None else 0

    def place(self, at: Expr) -> str:
        """Where on an axis something stands."""
        return unbroken(self.text(positive_terms_first(places.counted(at, self.first))).latex)

    def condition(self, expr: Within) -> str:
        """0 ≤ q - 2i ≤ 2: where the index stays inside its bounds."""
        return rf"{self.first} \le {self.place(expr.args[0])} \le {int(expr.args[1]) - 1 + self.first}"

    def range(self, index: Index) -> str:
        """0 ≤ k ≤ 3: which places an index takes."""
        return rf"{self.first} \le {index_name(index)} \le {places.last(index, self.first)}"

    def range_note(self, equation: Any) -> str:
        """What goes behind an equation whose free indices stand for a part of an axis."""
        if not isinstance(equation, Equation):
            return ""
        ranges = r",\; ".join(map(self.range, places.free_and_partly((equation.lhs, equation.rhs), self.system)))
        return rf" \quad \allowbreak ({ranges})" if ranges else ""

    def _number(self, expr: Expr) -> Text:
        if expr.is_Rational and not expr.is_Integer:
            return Text(rf"\frac{{{expr.p}}}{{{expr.q}}}", BINDING["atom"])
        return Text(sympy.latex(expr), BINDING["atom"] if not expr.is_negative else BINDING["sign"])

    def _total(self, expr: Total) -> Text:
        expr = places.narrowed(expr)
        body = expr.body
        partly = places.partly(expr.indices, body, self.system)
        conditions = []
        if isinstance(body, Mul):
            conditions = [f for f in body.args if isinstance(f, Within) and any(i in expr.indices for i in free_indices(f))]
            body = mul(*(f for f in body.args if f not in conditions))
        if conditions:
            under = [",".join(index_name(i) for i in expr.indices), *map(self.range, partly), *map(self.condition, conditions)]
            sums = r"\sum_{\substack{" + r"\\".join(under) + "}}"
        else:
            sums = " ".join(self._sums(expr.indices, partly))
        minus, bare = sign(body)
        inner = self.text(bare)
        latex = rf"{sums} {'(' if minus else ''}{'-' if minus else ''}{inner.within('total')}{')' if minus else ''}"
        return Text(latex, BINDING["total"])

    def _sums(self, indices: Sequence[Index], partly: Collection[Index]) -> Iterator[str]:
        """The signs of sums: one for the indices that run over whole axes, one with its ends for each of the others."""
        for part, together in groupby(indices, lambda i: i in partly):
            if part:
                yield from (rf"\sum_{{{index_name(i)}={self.first}}}^{{{places.last(i, self.first)}}}" for i in together)
            else:
                yield rf"\sum_{{{','.join(map(index_name, together))}}}"

    def _product(self, expr: Mul) -> Text:
        minus, bare = sign(expr)
        if minus:
            return Text("-" + self.text(bare).within("total"), BINDING["sign"])
        above: list[Expr] = []
        below: list[Expr] = []
        behind: list[Expr] = []
        for part in expr.args:
            if part.is_Rational:
                above += [S(part.p)] if part.p != 1 else []
                below += [S(part.q)] if part.q != 1 else []
            elif isinstance(part, Pow) and part.exp.is_number and part.exp.is_negative:
                below.append(power(part.base, -part.exp))
            else:
                above.append(part)
        if not below:
            ends = BINDING["total"] if isinstance(expr.args[-1], Total) else BINDING["product"]
            return Text(self._side_by_side(expr.args), ends)
        if all(b.is_Number for b in below) and (len(above) > 1 or any(_high(f) for f in above)):
            behind, above = [f for f in above if not f.is_Number], [f for f in above if f.is_Number]
        else:  # what is high or long stands behind the fraction
            plain = not any(free_indices(b) or isinstance(n, Total) for b in below for n in nodes(b))
            behind = [f for f in above if isinstance(f, Where) or (_high(f) and (plain or len(above) > 1)) or self._fractured(f)]
            above = [f for f in above if f not in behind]
        top = self._side_by_side(above) if len(above) > 1 else self.text(above[0]).latex if above else "1"
        bottom = self._side_by_side(below) if len(below) > 1 else self.text(below[0]).latex
        fraction = rf"\frac{{{top}}}{{{bottom}}}"
        if not behind:
            return Text(fraction, BINDING["product"])
        rest = self._side_by_side(behind, first=False)
        ends = BINDING["total"] if isinstance(behind[-1], Total) else BINDING["product"]
        return Text(rf"{fraction}\,{rest}", ends)

    def _fractured(self, expr: Expr) -> bool:
        """Whether a factor is itself written with a fraction, which has no place inside another."""
        return r"\frac" in self.text(expr).latex if isinstance(expr, Entry | Add) else False

    def _side_by_side(self, parts: Sequence[Expr], first: bool = True) -> str:
        shown: list[str] = []
        for place, part in enumerate(parts):
            text = self.text(part)
            last = place == len(parts) - 1
            shown.append(text.within("total") if last and isinstance(part, Total) else text.within("product"))
        out = shown[0]
        for before, piece in zip(parts, shown[1:], strict=False):
            out += ("" if before.is_Number and not piece[0].isdigit() else r"\,") + piece
        return out

    def _power(self, expr: Pow) -> Text:
        base, exponent = expr.base, expr.exp
        if exponent == sympy.Rational(1, 2):
            return Text(rf"\sqrt{{{self.text(base).latex}}}", BINDING["atom"])
        if exponent.is_number and exponent.is_negative:
            return Text(rf"\frac{{1}}{{{self.text(power(base, -exponent)).latex}}}", BINDING["product"])
        shown = self.exponent(exponent)
        if isinstance(base, Elementwise) and self.function(base.name, base.order).startswith((r"\tanh", r"\sin", r"\cos")):
            return Text(f"{self.function(base.name, base.order)}^{{{shown}}}{self.bracketed(base.argument)}", BINDING["power"])
        text = self.text(base)
        if isinstance(base, Elementwise):
            return Text(f"{text.latex}^{{{shown}}}", BINDING["power"])
        raised = "^" in text.latex or self.is_raised(base)
        if text.binding < BINDING["atom"] or raised or (isinstance(base, Entry) and r"\frac" in text.latex):
            return Text(rf"{brackets(text.latex)}^{{{shown}}}", BINDING["power"])
        return Text(f"{text.latex}^{{{shown}}}", BINDING["power"])

    def is_raised(self, name: Any) -> bool:
        """Whether it is a name whose letter is also written with something above it, which is no power."""
        key = name.key if isinstance(name, Entry | array_expressions.Name) else ""
        return bool(key) and not is_cotangent(key) and self.symbols is not None and self.symbols.is_raised(key)

    def exponent(self, exponent: Expr) -> str:
        """An exponent; a fraction on one line."""
        return f"{exponent.p}/{exponent.q}" if exponent.is_Rational and not exponent.is_Integer else self.text(exponent).latex

    def _where(self, expr: Where) -> Text:
        condition, then, other = expr.args
        if other is S.Zero and then == condition:
            return Text(rf"\max\left(0,\,{self.text(then).latex}\right)", BINDING["atom"])
        if other == neg(then) and condition == then:
            return Text(rf"\left|{self.text(then).latex}\right|", BINDING["atom"])
        if condition == add(then, neg(other)):
            return Text(rf"\max\left({self.text(then).latex},\,{self.text(other).latex}\right)", BINDING["atom"])
        return Text(
            rf"\begin{{cases}}{self.side(then)} & {self.comparison(condition)}\\ {self.side(other)} & \dsotherwise\end{{cases}}",
            BINDING["sum"],
        )

    def comparison(self, condition: Expr) -> str:
        """u > v from the condition u - v > 0."""
        left, right = compared(condition)
        return f"{self.side(right)} < {self.side(left)}" if left.is_Number else f"{self.side(left)} > {self.side(right)}"

    def _partial(self, expr: Partial) -> str:
        fraction = rf"\frac{{\partial {self.entry(expr.of)}}}{{\partial {self.entry(expr.by)}}}"
        if not expr.held:
            return fraction
        names = list(dict.fromkeys(self.whole(e) for e in expr.held))
        if len(names) > MANY_HELD:
            names = [*names[:2], r"\dots", names[-1]]
        held = ",\\,".join(names)
        return rf"\left.{fraction}\right|_{{{held}}}"

    def whole(self, entry: Entry) -> str:
        """A tensor's name without its indices."""
        return self.entry(Entry.of(entry.key))

    def function(self, name: str, order: int = 0) -> str:
        """The glyph of a catalogue function, with primes."""
        return self.symbols_or_usual.function(name) + "'" * order

    @property
    def symbols_or_usual(self) -> Symbols:
        """The glyphs of the system; without one, the usual signs of functions."""
        return self.symbols if self.symbols is not None else USUAL

    def bracketed(self, argument: Any) -> str:
        """An argument in brackets."""
        shown = unbroken(self.side(argument))
        if shown.startswith("(") and shown.endswith(")") and isinstance(argument, Entry):
            return shown
        return brackets(unbroken(self.side(argument)))

    def _call(self, expr: Expr) -> Text:
        argument = expr.args[0]
        if expr.func is sympy.exp:
            inner = self.text(argument)
            plain = self.symbols_or_usual.signs.exponential
            if plain and r"\frac" not in inner.latex and r"\sum" not in inner.latex:
                return Text(rf"e^{{{inner.latex}}}", BINDING["power"])
            return Text(r"\exp" + self.bracketed(argument), BINDING["power"])
        names = {
            sympy.log: r"\log",
            sympy.sin: r"\sin",
            sympy.cos: r"\cos",
            sympy.erf: r"\operatorname{erf}",
            sympy.tanh: r"\tanh",
        }
        name = names.get(expr.func, rf"\operatorname{{{expr.func.__name__}}}")
        if isinstance(argument, Entry) and r"\frac" not in self.entry(argument):
            return Text(rf"{name} {self.entry(argument)}", BINDING["product"])
        return Text(name + self.bracketed(argument), BINDING["power"])


USUAL = Symbols(System({}, ()))


def _high(expr: Expr) -> bool:
    return isinstance(expr, Total) or (isinstance(expr, Add) and any(isinstance(n, Total) for n in nodes(expr)))


def joined(parts: Sequence[tuple[bool, str]]) -> str:
    out = ""
    for place, (minus, text) in enumerate(parts):
        sign = "-" if minus else "" if place == 0 else "+"
        out += f"{NESTED_BREAK} {sign} {text}" if place else f"{sign}{text}"
    return out


def index_name(index: Index) -> str:
    """An index as a name is written: k, k_1, α."""
    return named(index.name).latex()
