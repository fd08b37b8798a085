"""The tree of mathematics in plain text, in the signs that Unicode has: for a terminal, and with other names for more.

    dz²[j] = Σ_k (dW²[j,k] a¹[k] + W²[j,k] da¹[k]) + db²[j]          δ¹ = (W²)ᵀ δ² ⊙ tanh′(z¹)

A name keeps its letter as it was written, its layer number stands above it, and its indices in square brackets behind it.
Whether brackets are needed is decided by the same table as in LaTeX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...expressions.system import Equation, System, is_cotangent
from .. import mathematics as m
from ..array_expressions import ArrayEquation
from ..formula import Walk
from ..glyphs import Labels, Signs
from ..mathematics import Tree
from .names import ABOVE, PlainNames
from .precedence import BESIDE_CIRCLE, BINDING, SCALAR_FACTOR, SCRIPTED


@dataclass(frozen=True)
class Text:
    """A piece of text, and how tightly it holds together."""

    text: str
    binding: int

    def within(self, place: str) -> str:
        """The piece as it stands in a place that asks for at least that binding."""
        return self.text if self.binding >= BINDING[place] else f"({self.text})"


class Printer(PlainNames):
    """Prints either kind of expression, or a tree, with the names of one system."""

    def __init__(self, system: System, labels: Labels = "absolute", signs: Signs | None = None) -> None:
        super().__init__(system, labels, signs)
        self.walk = Walk(system)

    def equation(self, equation: Equation | ArrayEquation) -> tuple[str, str]:
        """Left-hand side and right-hand side."""
        line = self.walk.line(equation)
        right = self._text(line.right).text
        if line.each:
            right += f"   for each {', '.join(i.name for i in line.each)}"
        if line.ranges:
            right += f"   ({', '.join(map(self._condition, line.ranges))})"
        return self._text(line.left).text, right

    def entry(self, entry: Any) -> str:
        """One entry of a tensor, its indices behind it."""
        return self.text(entry).text

    def text(self, item: Any) -> Text:
        """Any expression."""
        return self._text(self.walk.tree(item))

    def _text(self, tree: Tree) -> Text:
        match tree:
            case m.Symbol():
                return self._symbol(tree)
            case m.Slope():
                name = self.slope(tree.by.key, tree.by.matrix)
                return Text(name + self._indices(tree.by), BINDING["hadamard"])
            case m.Change():
                of = self._text(tree.of)
                return Text(self.changed(of.text), of.binding if m.symbol_of(tree.of).array else BINDING["atom"])
            case m.Letter():
                return Text(tree.name, BINDING["atom"])
            case m.Numeral():
                return _number(tree)
            case m.Figure():
                return Text(tree.written, BINDING["atom"])
            case m.Constant():
                return Text("π", BINDING["atom"])
            case m.Sum():
                return self._sum(tree)
            case m.Minus():
                return Text("−" + self._text(tree.of).within("total"), BINDING["sign"])
            case m.Total():
                return Text(f"{self._sums(tree)} {self._text(tree.body).within('total')}", BINDING["total"])
            case m.Product():
                return self._product(tree)
            case m.Power():
                return self._power(tree)
            case m.Root():
                return Text("√" + self._based(tree.of).within("atom"), BINDING["power"])
            case m.Call():
                return self._call(tree)
            case m.Indicator():
                return Text(f"[{self._condition(tree.of)}]", BINDING["atom"])
            case m.Cases():
                then, other = self._text(tree.then).text, self._text(tree.other).text
                return Text(f"({then} if {self._condition(tree.condition)}, else {other})", BINDING["atom"])
            case m.Maximum():
                return Text(f"max({self._text(tree.left).text}, {self._text(tree.right).text})", BINDING["atom"])
            case m.Absolute():
                return Text(f"|{self._text(tree.of).text}|", BINDING["atom"])
            case m.Partial():
                held = ", ".join(dict.fromkeys(self._text(e).text for e in tree.held))
                shown = self.quotient(self._text(tree.of).text, self._text(tree.by).text)
                return Text(f"{shown} ({held} held)" if held else shown, BINDING["hadamard"])
            case m.Second():
                whole, first, second = (self._text(t).text for t in (tree.of, tree.by, tree.then))
                return Text(f"∂²{whole}/(∂{second} ∂{first})", BINDING["hadamard"])
        return self._array(tree)

    def _array(self, tree: Tree) -> Text:
        match tree:
            case m.Ones():
                return Text("𝟏", BINDING["atom"])
            case m.Identity():
                return Text(self.signs.identity, BINDING["atom"])
            case m.Transpose():
                return Text(self._text(tree.of).within(SCRIPTED) + "ᵀ", BINDING["power"])
            case m.MatrixProduct() | m.ScalarProduct():
                place = SCALAR_FACTOR if isinstance(tree, m.ScalarProduct) else "product"
                return Text(" ".join(self._text(f).within(place) for f in tree.factors), BINDING["product"])
            case m.Entrywise():
                out = self._text(tree.first).within(BESIDE_CIRCLE)
                for divides, other in zip(tree.divides, tree.others, strict=True):
                    out += f" {'⊘' if divides else '⊙'} {self._text(other).within(BESIDE_CIRCLE)}"
                return Text(out, BINDING["hadamard"])
            case m.Scaled():
                return self._scaled(tree)
            case m.SquaredNorm():
                return Text(f"‖{self._text(tree.of).text}‖²", BINDING["power"])
            case m.Inner():
                return Text(f"⟨{self._text(tree.left).text}, {self._text(tree.right).text}⟩", BINDING["atom"])
        raise TypeError(type(tree).__name__)

    # --- names ----------------------------------------------------------------------------------------------------------------

    def _symbol(self, symbol: m.Symbol) -> Text:
        name = self.name(symbol.key, symbol.matrix)
        binding = "atom"
        if "/" in name:
            binding = "hadamard"
        elif symbol.array and set(name) & {*self.HIGH}:
            binding = "power"
        return Text(name + self._indices(symbol), BINDING[binding])

    def _indices(self, symbol: m.Symbol) -> str:
        shown = ("·" if at is None else self._text(at).text.replace(" ", "") for at in symbol.slots)
        return f"[{','.join(shown)}]" if symbol.slots else ""

    # --- arithmetic -----------------------------------------------------------------------------------------------------------

    def _sum(self, found: m.Sum) -> Text:
        out = ""
        for place, term in enumerate(found.terms):
            minus = isinstance(term, m.Minus)
            text = self._text(term.of if isinstance(term, m.Minus) else term).within("total")
            out += f" {'−' if minus else '+'} {text}" if place else f"{'−' if minus else ''}{text}"
        return Text(out, BINDING["sum"])

    def _sums(self, total: m.Total) -> str:
        """The signs of sums: one for the letters that run over whole axes, one with its ends for each of the others."""
        shown = [(",".join(i.name for i in over.letters), over) for over in total.over]
        return " ".join(f"Σ_{name}" if o.last is None else f"Σ_{{{name}={o.first}}}^{{{o.last}}}" for name, o in shown)

    def _product(self, product: m.Product) -> Text:
        number = product.number
        above = [self._text(f) for f in product.factors]
        below = [self._text(d) for d in product.divisors]
        if not below:
            return side_by_side([*([_number(m.Numeral(number))] if number != 1 else []), *above])
        if number.numerator != 1:
            above = [_number(m.Numeral(Fraction(number.numerator))), *above]
        if number.denominator != 1:
            below = [_number(m.Numeral(Fraction(number.denominator))), *below]
        return _quotient(above, below)

    def _based(self, base: Tree) -> Text:
        """The base of a power, in brackets where its name could be read as one that has a layer's number above it."""
        shown = self._text(base)
        if isinstance(base, m.Symbol) and not is_cotangent(base.key) and self.is_raised(base.key):
            return Text(f"({shown.text})", BINDING["atom"])
        return shown

    def _power(self, power: m.Power) -> Text:
        base, exponent = self._based(power.base), self._text(power.exponent)
        if power.entrywise:
            return Text(f"{base.within(SCRIPTED)}^⊙{exponent.within('atom')}", BINDING["power"])
        # a name that carries a layer number, z², needs brackets before it is squared
        raised = bool(set(base.text) & {*self.HIGH, "′"}) and not base.text.endswith(")")
        bare = f"({base.text})" if raised else base.within("atom")
        if isinstance(power.exponent, m.Numeral) and power.exponent.value.denominator == 1:
            return Text(bare + str(power.exponent.value).translate(ABOVE), BINDING["power"])
        return Text(f"{bare}^{exponent.within('atom')}", BINDING["power"])

    def _scaled(self, found: m.Scaled) -> Text:
        of = self._text(found.of)
        factor = found.factor
        if isinstance(factor, m.Product) and factor.divisors:  # (x - μ 1)/√v, not (1/√v) (x - μ 1)
            whole = m.Numeral(factor.number)
            above = [*([_number(whole)] if factor.number != 1 else []), *map(self._text, factor.factors), of]
            return _quotient(above, [self._text(d) for d in factor.divisors])
        front = self._text(factor)
        loosest = "total" if isinstance(found.of, m.Total) else "hadamard"
        shown = front.text if isinstance(factor, m.Numeral) else front.within("product")
        return Text(f"{shown} {of.within(loosest)}", BINDING["hadamard"])

    # --- functions and conditions ---------------------------------------------------------------------------------------------

    def _call(self, call: m.Call) -> Text:
        name = self.function(call.function, call.order) if call.own else call.function
        if call.along is not None and self.signs.directions:
            name += ("_columns", "_rows")[call.along]
        return Text(f"{name}({self._text(call.argument).text})", BINDING["power" if call.array else "atom"])

    def _condition(self, claim: m.Condition) -> str:
        match claim:
            case m.Between():
                return f"{claim.first} ≤ {self._text(claim.at).text} ≤ {claim.last}"
            case m.Equal():
                sign = "="
            case m.Greater():
                sign = ">"
            case m.Less():
                sign = "<"
        return f"{self._text(claim.left).text} {sign} {self._text(claim.right).text}"


def side_by_side(parts: Sequence[Text]) -> Text:
    if len(parts) == 1:
        return parts[0]
    last = len(parts) - 1
    shown = [p.within("total" if place == last and p.binding == BINDING["total"] else "product") for place, p in enumerate(parts)]
    return Text(" ".join(shown), BINDING["total"] if parts[-1].binding == BINDING["total"] else BINDING["product"])


def _quotient(above: Sequence[Text], below: Sequence[Text]) -> Text:
    top = side_by_side(above) if above else Text("1", BINDING["atom"])
    return Text(f"{top.within('product')}/{side_by_side(below).within('power')}", BINDING["hadamard"])


def _number(numeral: m.Numeral) -> Text:
    value = numeral.value
    shown = (numeral.written or str(value)).replace("-", "−")
    if value.denominator != 1 and not numeral.written:
        return Text(shown, BINDING["product" if value > 0 else "sign"])
    return Text(shown, BINDING["atom" if value >= 0 else "sign"])
