"""Expressions -> LaTeX: indexed scalars (latex_scalars.py) and arrays.

`\\allowbreak` stands before each sign at the outermost level, so that a long line breaks there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from sympy import Expr, Pow

from ...expressions.nodes import Elementwise, Entry, power
from ...expressions.system import Equation, is_cotangent, primal
from ...expressions.traversal import terms
from .. import array_expressions
from ..array_expressions import ArrayEquation, Node
from ..glyphs import Symbols
from .latex_scalars import ScalarPrinter, Text, brackets, index_name, joined, unbroken
from .precedence import BESIDE_CIRCLE, BINDING, SCALAR_FACTOR, SCRIPTED, sign

DOT = r"\cdot "
"""An axis on which no label stands."""

DIRECTIONS = {0: r"_{\downarrow}", 1: r"_{\rightarrow}"}
"""Along what a softmax acts, where a sheet has both: down each column, or along each row."""


class Printer(ScalarPrinter):
    """Prints either kind of expression with the glyphs of one system."""

    def equation(self, equation: Equation | ArrayEquation) -> tuple[str, str]:
        """Left-hand side and right-hand side."""
        return self.side(equation.lhs), self.side(equation.rhs) + self.range_note(equation)

    def spelt_out(self, lhs: Any) -> str:
        """What the short name of a cotangent stands for: ∂C/∂z for δ."""
        assert self.symbols is not None
        entry = lhs if isinstance(lhs, Entry) else None
        if entry is None and isinstance(lhs, array_expressions.Scalar) and isinstance(lhs.expr, Entry):
            entry = lhs.expr
        if entry is not None:
            below = self.symbols.glyph(primal(entry.key)).latex(self.indices(entry.indices))
        else:
            assert isinstance(lhs, array_expressions.Name)
            labels = self.labels(lhs)
            below = self.symbols.glyph(primal(lhs.key), len(lhs.axes) == 2).latex(labels)
        return rf"\frac{{\partial {self.symbols.cost()}}}{{\partial {below}}}"

    def summands(self, side: Any) -> Sequence[Any]:
        """The terms of a sum of either kind."""
        return side.args if isinstance(side, array_expressions.Sum) else terms(side) if isinstance(side, Expr) else (side,)

    def text(self, item: Any) -> Text:
        """Any expression."""
        return self._array(item) if isinstance(item, Node) else self._scalar(item)

    def _array(self, node: Node) -> Text:
        match node:
            case array_expressions.Name():
                shown = self.array_name(node)
                high = "^" in shown or self._fraction(node) or self.is_raised(node)
                return Text(shown, BINDING["power" if high else "atom"])
            case array_expressions.Scalar():
                return self._scalar(node.expr)
            case array_expressions.Zeros():
                return Text("0", BINDING["atom"])
            case array_expressions.Ones():
                return Text(r"\mathbf{1}", BINDING["atom"])
            case array_expressions.Identity():
                identity = self.symbols_or_usual.signs.identity
                return Text(identity if len(identity) == 1 else rf"\mathrm{{{identity}}}", BINDING["atom"])
            case array_expressions.Transpose():
                return Text(rf"{self.text(node.of).within(SCRIPTED)}^{{\top}}", BINDING["power"])
            case array_expressions.Times():
                return Text(r"\,".join(self.text(a).within(SCALAR_FACTOR) for a in node.args), BINDING["product"])
            case array_expressions.Product():
                return Text(r"\,".join(self.text(a).within("product") for a in node.args), BINDING["product"])
            case array_expressions.Hadamard():
                return self._hadamard(node)
            case array_expressions.Sum():
                return Text(joined([self._signed(t) for t in node.args]), BINDING["sum"])
            case array_expressions.Scaled():
                return self._scaled(node)
            case array_expressions.Map():
                return self._map(node)
            case array_expressions.Softmax():
                told = self.symbols_or_usual.signs.directions and len(node.axes) == 2
                along = DIRECTIONS[node.along] if told else ""
                return Text(rf"\operatorname{{softmax}}{along}{self.bracketed(node.of)}", BINDING["power"])
            case array_expressions.SquaredNorm():
                return Text(rf"\lVert {unbroken(self.side(node.of))} \rVert^{{2}}", BINDING["power"])
            case array_expressions.Positive():
                inside = node.of
                claim = (
                    self.comparison(inside.expr) if isinstance(inside, array_expressions.Scalar) else rf"{self.side(inside)} > 0"
                )
                return Text(rf"[\,{claim}\,]", BINDING["atom"])
            case array_expressions.Diagonal():
                return Text(rf"\operatorname{{diag}}{self.bracketed(node.of)}", BINDING["power"])
            case array_expressions.Inner():
                return Text(rf"\left\langle {self.side(node.left)},\, {self.side(node.right)} \right\rangle", BINDING["atom"])
            case array_expressions.LabelTotal():
                under = ",".join(index_name(i) for i in node.over)
                return Text(rf"\sum_{{{under}}} {self.text(node.of).within('total')}", BINDING["total"])
        raise TypeError(type(node).__name__)

    def _fraction(self, node: Any) -> bool:
        return (
            isinstance(node, array_expressions.Name)
            and is_cotangent(node.key)
            and (self.symbols is None or not self.symbols.is_signal(node.key))
        )

    def labels(self, node: array_expressions.Name) -> str:
        """What stands below a tensor: n, or i· for its row i; with more than two axes i,·,· for its part i."""
        shown = [DOT if i is None else self.indices((i,)) for i in node.slots()]
        close = all(len(s) == 1 or s == DOT for s in shown) and not (node.dotted and len(shown) > 2)
        return ("" if close else ",").join(shown).strip()

    def array_name(self, node: array_expressions.Name) -> str:
        """A tensor as an array; labels stand below it."""
        assert self.symbols is not None, "arrays are printed with the glyphs of a system"
        labels = self.labels(node)
        matrix = len(node.axes) == 2
        key = node.key
        if is_cotangent(key):
            if self.symbols.is_signal(key):
                return self.symbols.signal(key, matrix).latex(labels)
            below = self.symbols.glyph(primal(key), matrix).latex(labels)
            return rf"\frac{{\partial {self.symbols.cost()}}}{{\partial {below}}}"
        shown = self.symbols.glyph(key, matrix).latex(labels)
        return rf"\mathrm{{d}}{shown}" if node.change else shown

    def _hadamard(self, node: array_expressions.Hadamard) -> Text:
        out = ""
        for place, arg in enumerate(node.args):
            divided = isinstance(arg, array_expressions.Map) and array_expressions.divides(arg)
            shown = self.text(arg.of if isinstance(arg, array_expressions.Map) and divided else arg).within(BESIDE_CIRCLE)
            if place == 0:
                out = rf"{self._ones(arg)} \oslash {shown}" if divided else shown
            else:
                out += rf" {chr(92)}{'oslash' if divided else 'odot'} {shown}"
        return Text(out.replace(r"\allowbreak ", ""), BINDING["hadamard"])

    def _ones(self, node: Node) -> str:
        """What a reciprocal is written over: ones in the shape of what is below."""
        return self.text(array_expressions.ones(node.axes)).within(BESIDE_CIRCLE)

    def _scaled(self, node: array_expressions.Scaled) -> Text:
        minus, factor = sign(node.factor)
        shown = self.text(factor)
        body = self.text(node.of)
        loosest = "total" if isinstance(node.of, array_expressions.LabelTotal) else "hadamard"
        inner = body.latex if body.binding >= BINDING[loosest] else brackets(body.latex)
        if factor == 1:
            return Text("-" + body.within("total"), BINDING["sign"])
        space = "" if factor.is_Integer else r"\,"
        return Text(("-" if minus else "") + shown.within("product") + space + inner, BINDING["sign" if minus else "hadamard"])

    def _map(self, node: array_expressions.Map) -> Text:
        function = node.function
        if isinstance(function, Elementwise):
            return Text(self.function(function.name, function.order) + self.bracketed(node.of), BINDING["power"])
        if isinstance(function, Pow):
            scalar = not node.axes
            shown = self.exponent(function.exp)
            inner = self.text(node.of)
            if scalar and function.exp.is_negative:
                below = (
                    self.side(node.of)
                    if function.exp == -1
                    else self.text(array_expressions.Map((), power(function.base, -function.exp), node.of)).latex
                )
                return Text(rf"\frac{{1}}{{{below}}}", BINDING["power"])  # its bar says where it ends
            if scalar and function.exp == sympy.Rational(1, 2):
                return Text(rf"\sqrt{{{self.side(node.of)}}}", BINDING["atom"])
            if function.exp == -1:
                return Text(rf"{self._ones(node)} \oslash {inner.within(BESIDE_CIRCLE)}", BINDING["hadamard"])
            return Text(rf"{inner.within(SCRIPTED)}^{{{'' if scalar else chr(92) + 'odot '}{shown}}}", BINDING["power"])
        names = {sympy.exp: r"\exp", sympy.log: r"\log", sympy.sin: r"\sin", sympy.cos: r"\cos", sympy.erf: r"\operatorname{erf}"}
        return Text(names[function.func] + self.bracketed(node.of), BINDING["power"])


def plain(equation: Equation | ArrayEquation, symbols: Symbols | None = None) -> str:
    """An equation on one line, for notebooks and messages."""
    lhs, rhs = Printer(symbols).equation(equation)
    return unbroken(f"{lhs} = {rhs}")


__all__ = ["Printer", "brackets", "plain", "unbroken"]
