"""Expressions -> LaTeX.

One printer for both kinds of expression: indexed scalars and arrays. Whether brackets are needed is decided by the table
`BINDING` alone. `\\allowbreak` stands before each sign at the outermost level, so that a long line breaks there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Add, Expr, Mul, Pow, S

from ..tensor import (
    Delta,
    Differential,
    Elementwise,
    Entry,
    Equation,
    Index,
    Partial,
    Second,
    Total,
    Where,
    Within,
    add,
    free_indices,
    is_cotangent,
    mul,
    neg,
    nodes,
    power,
    primal,
    terms,
)
from . import arrays
from .arrays import ArrayEquation, Node
from .symbols import Symbols, named

BINDING = {"sum": 10, "total": 20, "product": 30, "hadamard": 25, "sign": 15, "power": 60, "atom": 100}
"""How tightly each form holds together; a part that binds more loosely than its place asks for gets brackets."""


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


class Printer:
    """Prints with the glyphs of one system."""

    def __init__(self, symbols: Symbols | None) -> None:
        self.symbols = symbols

    # --- what callers want ----------------------------------------------------------------------------------------------

    def equation(self, equation: Equation | ArrayEquation) -> tuple[str, str]:
        """Left-hand side and right-hand side."""
        return self.side(equation.lhs), self.side(equation.rhs)

    def side(self, side: Any) -> str:
        """One side, with places for line breaks before its outermost signs."""
        parts = self.signed(side)
        out = ""
        for place, (minus, text) in enumerate(parts):
            if place == 0:
                out = ("-" if minus else "") + text
            else:
                out += rf" \allowbreak {'-' if minus else '+'} {text}"
        return out or "0"

    def signed(self, side: Any) -> list[tuple[bool, str]]:
        """The terms of a side, each with its sign."""
        found: Sequence[Any] = side.args if isinstance(side, arrays.Sum) else terms(side) if isinstance(side, Expr) else (side,)
        return [self._signed(term, alone=len(found) == 1) for term in found]

    def _signed(self, term: Any, alone: bool = False) -> tuple[bool, str]:
        minus, bare = _sign(term)
        text = self.text(bare)
        if alone and not minus:
            return False, text.latex
        return minus, text.within("total")

    def text(self, item: Any) -> Text:
        """Any expression."""
        return self._array(item) if isinstance(item, Node) else self._scalar(item)

    # --- indexed scalars --------------------------------------------------------------------------------------------------

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
            return Text(_joined([self._signed(t) for t in expr.args]), BINDING["sum"])
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
        if isinstance(expr, Delta):
            left, right = (self.text(a).latex for a in expr.args)
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
        shown = [unbroken(self.text(i).latex).replace(" ", "") for i in indices]
        return ("" if all(len(s) == 1 for s in shown) else ",").join(shown)

    def condition(self, expr: Within) -> str:
        """0 ≤ q - 2i ≤ 2: where the index stays inside its bounds."""
        return rf"0 \le {self.text(expr.args[0]).latex} \le {int(expr.args[1]) - 1}"

    def _number(self, expr: Expr) -> Text:
        if expr.is_Rational and not expr.is_Integer:
            return Text(rf"\frac{{{expr.p}}}{{{expr.q}}}", BINDING["atom"])
        return Text(sympy.latex(expr), BINDING["atom"] if not expr.is_negative else BINDING["sign"])

    def _total(self, expr: Total) -> Text:
        under = ",".join(index_name(i) for i in expr.indices)
        body = expr.body
        conditions = []
        if isinstance(body, Mul):
            conditions = [f for f in body.args if isinstance(f, Within) and any(i in expr.indices for i in free_indices(f))]
            body = mul(*(f for f in body.args if f not in conditions))
        if conditions:
            under = r"\substack{" + r"\\".join([under, *(self.condition(c) for c in conditions)]) + "}"
        minus, bare = _sign(body)
        inner = self.text(bare)
        latex = rf"\sum_{{{under}}} {'(' if minus else ''}{'-' if minus else ''}{inner.within('total')}{')' if minus else ''}"
        return Text(latex, BINDING["total"])

    def _product(self, expr: Mul) -> Text:
        minus, bare = _sign(expr)
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
            behind = [f for f in above if isinstance(f, Where) or _high(f) or self._fractured(f)]
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
        shown = self.text(exponent).latex
        if isinstance(base, Elementwise) and self.function(base.name, base.order).startswith((r"\tanh", r"\sin", r"\cos")):
            return Text(f"{self.function(base.name, base.order)}^{{{shown}}}{self.bracketed(base.argument)}", BINDING["power"])
        text = self.text(base)
        if isinstance(base, Elementwise):
            return Text(f"{text.latex}^{{{shown}}}", BINDING["power"])
        if text.binding < BINDING["atom"] or "^" in text.latex or (isinstance(base, Entry) and r"\frac" in text.latex):
            return Text(rf"{brackets(text.latex)}^{{{shown}}}", BINDING["power"])
        return Text(f"{text.latex}^{{{shown}}}", BINDING["power"])

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
        left = [t for t in terms(condition) if not _sign(t)[0]]
        right = [_sign(t)[1] for t in terms(condition) if _sign(t)[0]]
        if not left:
            return rf"{self.side(add(*right))} < 0"
        return rf"{self.side(add(*left))} > {self.side(add(*right)) if right else '0'}"

    def _partial(self, expr: Partial) -> str:
        fraction = rf"\frac{{\partial {self.entry(expr.of)}}}{{\partial {self.entry(expr.by)}}}"
        if not expr.held:
            return fraction
        held = ",\\,".join(dict.fromkeys(self.whole(e) for e in expr.held))
        return rf"\left.{fraction}\right|_{{{held}}}"

    def whole(self, entry: Entry) -> str:
        """A tensor's name without its indices."""
        return self.entry(Entry.of(entry.key))

    def function(self, name: str, order: int = 0) -> str:
        """The glyph of a catalogue function, with primes."""
        from ..catalogue import function

        glyph = function(name).record.glyph
        shown = (
            named(glyph).letter
            if len(glyph) == 1 or (named(glyph).letter.startswith("\\") and "mathit" not in named(glyph).letter)
            else ""
        )
        if not shown:
            shown = r"\tanh" if glyph == "tanh" else rf"\operatorname{{{glyph}}}"
        return shown + "'" * order

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
            if r"\frac" not in inner.latex and r"\sum" not in inner.latex:
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

    # --- arrays -----------------------------------------------------------------------------------------------------------

    def _array(self, node: Node) -> Text:
        match node:
            case arrays.Name():
                return Text(self.array_name(node), BINDING["atom"] if not self._fraction(node) else BINDING["atom"])
            case arrays.Scalar():
                return self._scalar(node.expr)
            case arrays.Ones():
                return Text(r"\mathbf{1}", BINDING["atom"])
            case arrays.Identity():
                return Text("I", BINDING["atom"])
            case arrays.Transpose():
                inner = self.text(node.of)
                simple = isinstance(node.of, arrays.Name | arrays.Ones) and "^" not in inner.latex and not self._fraction(node.of)
                body = inner.latex if simple else brackets(inner.latex)
                return Text(rf"{body}^{{\top}}", BINDING["power"])
            case arrays.Times():
                shown = [
                    brackets(self.text(a).latex) if isinstance(a, arrays.Product) else self.text(a).within("product")
                    for a in node.args
                ]
                return Text(r"\,".join(shown), BINDING["product"])
            case arrays.Product():
                return Text(r"\,".join(self.text(a).within("product") for a in node.args), BINDING["product"])
            case arrays.Hadamard():
                return self._hadamard(node)
            case arrays.Sum():
                return Text(_joined([self._signed(t) for t in node.args]), BINDING["sum"])
            case arrays.Scaled():
                return self._scaled(node)
            case arrays.Map():
                return self._map(node)
            case arrays.Softmax():
                return Text(rf"\operatorname{{softmax}}{self.bracketed(node.of)}", BINDING["power"])
            case arrays.SquaredNorm():
                return Text(rf"\lVert {unbroken(self.side(node.of))} \rVert^{{2}}", BINDING["power"])
            case arrays.Positive():
                inside = node.of
                claim = self.comparison(inside.expr) if isinstance(inside, arrays.Scalar) else rf"{self.side(inside)} > 0"
                return Text(rf"[\,{claim}\,]", BINDING["atom"])
            case arrays.Diagonal():
                return Text(rf"\operatorname{{diag}}{self.bracketed(node.of)}", BINDING["power"])
            case arrays.Inner():
                return Text(rf"\left\langle {self.side(node.left)},\, {self.side(node.right)} \right\rangle", BINDING["atom"])
            case arrays.LabelTotal():
                under = ",".join(index_name(i) for i in node.over)
                return Text(rf"\sum_{{{under}}} {self.text(node.of).within('total')}", BINDING["total"])
        raise TypeError(type(node).__name__)

    def _fraction(self, node: Any) -> bool:
        return (
            isinstance(node, arrays.Name)
            and is_cotangent(node.key)
            and (self.symbols is None or not self.symbols.is_signal(node.key))
        )

    def array_name(self, node: arrays.Name) -> str:
        """A tensor as an array; labels stand below it."""
        assert self.symbols is not None, "arrays are printed with the glyphs of a system"
        labels = self.indices([i for _, i in sorted(node.labels, key=lambda p: p[0])])
        matrix = len(node.axes) == 2
        key = node.key
        if is_cotangent(key):
            if self.symbols.is_signal(key):
                return self.symbols.signal(key, matrix).latex(labels)
            below = self.symbols.glyph(primal(key), matrix).latex(labels)
            return rf"\frac{{\partial {self.symbols.cost()}}}{{\partial {below}}}"
        shown = self.symbols.glyph(key, matrix).latex(labels)
        return rf"\mathrm{{d}}{shown}" if node.change else shown

    def _hadamard(self, node: arrays.Hadamard) -> Text:
        out = ""
        for place, arg in enumerate(node.args):
            divided = isinstance(arg, arrays.Map) and isinstance(arg.function, Pow) and arg.function.exp == -1
            inner = arg.of if divided and isinstance(arg, arrays.Map) else arg
            loose = isinstance(inner, arrays.Product | arrays.Sum | arrays.Scaled | arrays.Times | arrays.LabelTotal)
            shown = brackets(self.side(inner)) if loose else self.text(inner).latex
            if place == 0:
                out = rf"\mathbf{{1}} \oslash {shown}" if divided else shown
            else:
                out += rf" {chr(92)}{'oslash' if divided else 'odot'} {shown}"
        return Text(out.replace(r"\allowbreak ", ""), BINDING["hadamard"])

    def _scaled(self, node: arrays.Scaled) -> Text:
        minus, factor = _sign(node.factor)
        shown = self.text(factor)
        body = self.text(node.of)
        loosest = "total" if isinstance(node.of, arrays.LabelTotal) else "hadamard"
        inner = body.latex if body.binding >= BINDING[loosest] else brackets(body.latex)
        if factor == 1:
            return Text("-" + body.within("total"), BINDING["sign"])
        space = "" if factor.is_Integer else r"\,"
        return Text(("-" if minus else "") + shown.within("product") + space + inner, BINDING["sign" if minus else "hadamard"])

    def _map(self, node: arrays.Map) -> Text:
        function = node.function
        if isinstance(function, Elementwise):
            return Text(self.function(function.name, function.order) + self.bracketed(node.of), BINDING["power"])
        if isinstance(function, Pow):
            scalar = not node.axes
            shown = self.text(function.exp).latex
            inner = self.text(node.of)
            if scalar and function.exp.is_negative:
                below = (
                    self.side(node.of)
                    if function.exp == -1
                    else self.text(arrays.Map((), power(function.base, -function.exp), node.of)).latex
                )
                return Text(rf"\frac{{1}}{{{below}}}", BINDING["product"])
            if scalar and function.exp == sympy.Rational(1, 2):
                return Text(rf"\sqrt{{{self.side(node.of)}}}", BINDING["atom"])
            simple = inner.binding == BINDING["atom"] and "^" not in inner.latex and not self._fraction(node.of)
            base = inner.latex if simple else brackets(inner.latex)
            if function.exp == -1:
                return Text(rf"\mathbf{{1}} \oslash {base}", BINDING["hadamard"])
            return Text(rf"{base}^{{{'' if scalar else chr(92) + 'odot '}{shown}}}", BINDING["power"])
        names = {sympy.exp: r"\exp", sympy.log: r"\log", sympy.sin: r"\sin", sympy.cos: r"\cos", sympy.erf: r"\operatorname{erf}"}
        return Text(names[function.func] + self.bracketed(node.of), BINDING["power"])


def _high(expr: Expr) -> bool:
    return isinstance(expr, Total) or (isinstance(expr, Add) and any(isinstance(n, Total) for n in nodes(expr)))


def _sign(term: Any) -> tuple[bool, Any]:
    """Whether a term has a minus sign, and the term without it."""
    if isinstance(term, arrays.Scaled):
        minus, factor = _sign(term.factor)
        return (True, arrays.scaled(factor, term.of)) if minus else (False, term)
    if isinstance(term, arrays.Scalar):
        minus, expr = _sign(term.expr)
        return minus, arrays.Scalar((), expr)
    if isinstance(term, arrays.Node):
        return False, term
    if term.is_Number and term.is_negative:
        return True, -term
    if isinstance(term, Mul) and term.args[0].is_Number and term.args[0].is_negative:
        return True, mul(-term.args[0], *term.args[1:])
    if isinstance(term, Total):
        minus, body = _sign(term.body)
        if minus:
            return True, Total(body, *term.indices)
    return False, term


def _joined(parts: Sequence[tuple[bool, str]]) -> str:
    out = ""
    for place, (minus, text) in enumerate(parts):
        sign = "-" if minus else "" if place == 0 else "+"
        out += f"{NESTED_BREAK} {sign} {text}" if place else f"{sign}{text}"
    return out


def index_name(index: Index) -> str:
    """An index letter; a fresh one may carry a number."""
    return index.name if len(index.name) == 1 else f"{index.name[0]}_{{{index.name[1:]}}}"


def plain(equation: Equation | ArrayEquation, symbols: Symbols | None = None) -> str:
    """An equation on one line, for notebooks and messages."""
    lhs, rhs = Printer(symbols).equation(equation)
    return unbroken(f"{lhs} = {rhs}")


def unbroken(latex: str) -> str:
    """The same without places for line breaks."""
    return latex.replace(r"\allowbreak ", "").replace(NESTED_BREAK, "")
