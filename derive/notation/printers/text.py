"""Expressions -> plain text for a terminal, in Unicode.

    dz²[j] = Σ_k (dW²[j,k] a¹[k] + W²[j,k] da¹[k]) + db²[j]          δ¹ = (W²)ᵀ δ² ⊙ tanh′(z¹)

One printer for both kinds of expression, as in `latex`: indexed scalars are in `text_scalars`, arrays here. Whether brackets are
needed is decided by the same table. A name keeps its letter as it was written, its layer number stands above it, and its indices
in square brackets behind it.
"""

from __future__ import annotations

from typing import Any

from sympy import Pow

from ...expressions.nodes import Elementwise, power
from ...expressions.system import Equation
from ...expressions.traversal import factors
from .. import array_expressions, places
from ..array_expressions import ArrayEquation, Node
from .precedence import BESIDE_CIRCLE, BINDING, SCALAR_FACTOR, SCRIPTED, sign
from .text_scalars import CALLS, ScalarPrinter, Text, side_by_side


class Printer(ScalarPrinter):
    """Prints with the names of one system."""

    def equation(self, equation: Equation | ArrayEquation) -> tuple[str, str]:
        """Left-hand side and right-hand side."""
        right = self.text(equation.rhs).text
        if isinstance(equation, ArrayEquation) and equation.labels:
            right += f"   for each {', '.join(i.name for i in equation.labels)}"
        elif isinstance(equation, Equation):
            partly = places.free_and_partly((equation.lhs, equation.rhs), self.system)
            right += f"   ({', '.join(map(self._range, partly))})" if partly else ""
        return self.text(equation.lhs).text, right

    def text(self, item: Any) -> Text:
        """Any expression."""
        return self._array(item) if isinstance(item, Node) else self._scalar(item)

    def _array(self, node: Node) -> Text:
        match node:
            case array_expressions.Name():
                shown = self.name(node.key, len(node.axes) == 2)
                whole = f"{shown}{self._indices(node.slots())}"
                binding = "hadamard" if "/" in shown else "power" if set(shown) & {*self.HIGH} else "atom"
                return Text(self.changed(whole) if node.change else whole, BINDING[binding])
            case array_expressions.Scalar():
                return self._scalar(node.expr)
            case array_expressions.Zeros():
                return Text("0", BINDING["atom"])
            case array_expressions.Ones():
                return Text("𝟏", BINDING["atom"])
            case array_expressions.Identity():
                return Text(self.signs.identity, BINDING["atom"])
            case array_expressions.Transpose():
                return Text(self.text(node.of).within(SCRIPTED) + "ᵀ", BINDING["power"])
            case array_expressions.Product():
                return Text(" ".join(self.text(a).within("product") for a in node.args), BINDING["product"])
            case array_expressions.Times():
                return Text(" ".join(self.text(a).within(SCALAR_FACTOR) for a in node.args), BINDING["product"])
            case array_expressions.Hadamard():
                return self._hadamard(node)
            case array_expressions.Sum():
                return self._sum(node.args)
            case array_expressions.Scaled():
                return self._scaled(node)
            case array_expressions.Map():
                return self._map(node)
            case array_expressions.Softmax():
                along = ("_columns", "_rows")[node.along] if self.signs.directions and len(node.axes) == 2 else ""
                return self._applied(f"softmax{along}", node.of)
            case array_expressions.SquaredNorm():
                return Text(f"‖{self.text(node.of).text}‖²", BINDING["power"])
            case array_expressions.Positive():
                bare = node.of
                shown = (
                    self.comparison(bare.expr) if isinstance(bare, array_expressions.Scalar) else f"{self.text(bare).text} > 0"
                )
                return Text(f"[{shown}]", BINDING["atom"])
            case array_expressions.Diagonal():
                return self._applied("diag", node.of)
            case array_expressions.Inner():
                return Text(f"⟨{self.text(node.left).text}, {self.text(node.right).text}⟩", BINDING["atom"])
            case array_expressions.LabelTotal():
                return Text(f"Σ_{','.join(i.name for i in node.over)} {self.text(node.of).within('total')}", BINDING["total"])
        raise TypeError(type(node).__name__)

    def _hadamard(self, node: array_expressions.Hadamard) -> Text:
        out = ""
        for place, arg in enumerate(node.args):
            divided = isinstance(arg, array_expressions.Map) and array_expressions.divides(arg)
            text = self.text(arg.of if isinstance(arg, array_expressions.Map) and divided else arg).within(BESIDE_CIRCLE)
            out += f" {'⊘' if divided else '⊙'} {text}" if place else f"{self._ones(arg)} ⊘ {text}" if divided else text
        return Text(out, BINDING["hadamard"])

    def _ones(self, node: Node) -> str:
        """What a reciprocal is written over: ones in the shape of what is below."""
        return self.text(array_expressions.ones(node.axes)).within(BESIDE_CIRCLE)

    def _applied(self, name: str, argument: Node) -> Text:
        """A function of an array."""
        return Text(self._call(name, argument).text, BINDING["power"])

    def _scaled(self, node: array_expressions.Scaled) -> Text:
        minus, factor = sign(node.factor)
        body = self.text(node.of)
        loosest = "total" if isinstance(node.of, array_expressions.LabelTotal) else "hadamard"
        if factor == 1:
            return Text("−" + body.within("total"), BINDING["sign"])
        under = [f for f in factors(factor) if isinstance(f, Pow) and f.exp.is_number and f.exp.is_negative]
        if under:  # (x - μ 1)/√v, not (1/√v) (x - μ 1)
            top = side_by_side([*(self.text(f) for f in factors(factor) if f not in under and f != 1), body])
            bottom = side_by_side([self.text(power(f.base, -f.exp)) for f in under])
            text = f"{top.within('product')}/{bottom.within('power')}"
        else:
            front = self.text(factor)
            text = f"{front.text if factor.is_Rational else front.within('product')} {body.within(loosest)}"
        return Text(("−" if minus else "") + text, BINDING["sign" if minus else "hadamard"])

    def _map(self, node: array_expressions.Map) -> Text:
        function = node.function
        if isinstance(function, Elementwise):
            return self._applied(self.function(function.name, function.order), node.of)
        if not isinstance(function, Pow):
            return self._applied(CALLS[function.func], node.of)
        inner = self._base(node.of)
        if not node.axes:
            return self._power(inner, function.exp)
        if function.exp == -1:
            return Text(f"{self._ones(node)} ⊘ {inner.within(BESIDE_CIRCLE)}", BINDING["hadamard"])
        exponent = self.text(function.exp).within("atom")
        return Text(f"{inner.within(SCRIPTED)}^⊙{exponent}", BINDING["power"])
