"""The tree of mathematics in LaTeX. Whether brackets are needed is decided by the table `precedence.BINDING` alone.

`\\allowbreak` stands before each sign at the outermost level, so that a long line breaks there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...expressions.system import Equation, System, is_cotangent, primal
from .. import mathematics as m
from ..array_expressions import ArrayEquation
from ..formula import Walk
from ..glyphs import Symbols, named
from ..mathematics import Tree
from .precedence import BESIDE_CIRCLE, BINDING, SCALAR_FACTOR, SCRIPTED

BREAK, NESTED_BREAK = r"\allowbreak ", r" \penalty500"
"""A line may break here; and here, inside a bracket, where it cannot break outside one."""

DOT = r"\cdot "
"""An axis on which no label stands."""

MANY_HELD = 4
"""Where more quantities than this are held constant, the first two and the last are named."""

CALLED = {name: rf"\{name}" for name in ("exp", "log", "sin", "cos", "tanh")}
"""Functions that are no word of the sheet's own; others are written upright."""

WITH_POWER = (r"\tanh", r"\sin", r"\cos")
"""tanh²(z) and not tanh(z)²."""

DIRECTIONS = {0: r"_{\downarrow}", 1: r"_{\rightarrow}"}
"""Along what a softmax acts, where a sheet has both: down each column, or along each row."""


@dataclass(frozen=True)
class Text:
    """A piece of LaTeX, and how tightly it holds together. tall: brackets around it grow; raised: something in it stands high."""

    latex: str
    binding: int
    tall: bool = False
    raised: bool = False

    def within(self, place: str) -> str:
        """The piece as it stands in a place that asks for at least that binding."""
        return self.latex if self.binding >= BINDING[place] else self.bracketed()

    def bracketed(self) -> str:
        """In brackets that fit: plain ones, or growing ones around what is high."""
        return rf"\left({self.latex}\right)" if self.tall else f"({self.latex})"


def text(latex: str, binding: str, *parts: Text, tall: bool = False, raised: bool = False) -> Text:
    """A piece made of others: what is in it makes it tall."""
    return Text(latex, BINDING[binding], tall or any(p.tall for p in parts), raised or any(p.raised for p in parts))


def unbroken(latex: str) -> str:
    """The same without places for line breaks."""
    return latex.replace(BREAK, "").replace(NESTED_BREAK, "")


USUAL = Symbols(System({}, ()))
"""The usual signs of functions, where there is no system."""


class Printer:
    """Prints either kind of expression, or a tree, with the glyphs of one system, or without one in the names' own letters.

    on_one_line: derivatives of the cost are written ∂C/∂w, as in a sentence.
    """

    def __init__(self, symbols: Symbols | None, on_one_line: bool = False) -> None:
        self.symbols = symbols
        self.on_one_line = on_one_line
        self.walk = Walk(symbols.system if symbols is not None else None)

    # --- what callers want ----------------------------------------------------------------------------------------------------

    def equation(self, equation: Equation | ArrayEquation) -> tuple[str, str]:
        """Left-hand side and right-hand side."""
        line = self.walk.line(equation)
        return self.side(line.left), self.side(line.right) + self._ranges(line.ranges)

    def range_note(self, equation: Any) -> str:
        """What goes behind an equation whose free indices stand for a part of an axis."""
        return self._ranges(self.walk.line(equation).ranges)

    def spelt_out(self, lhs: Any) -> str:
        """What the short name of a cotangent stands for: ∂C/∂z for δ."""
        name = self.tree(lhs)
        assert isinstance(name, m.Symbol)
        return self.text(m.Slope(replace(name, key=primal(name.key)))).latex

    def side(self, item: Any) -> str:
        """One side, with places for line breaks before its outermost signs."""
        return self.sided(self.tree(item)).latex

    def tree(self, item: Any) -> Tree:
        """An expression as a tree, or the tree itself."""
        return self.walk.tree(item)

    def sided(self, tree: Tree) -> Text:
        """One side as a piece."""
        if isinstance(tree, m.Sum):
            return self._sum(tree, f" {BREAK}")
        return self.text(tree)

    def text(self, item: Any) -> Text:
        """Any expression, as it stands within others."""
        return self._text(self.tree(item))

    def function(self, name: str, order: int = 0) -> str:
        """The glyph of a catalogue function, with primes."""
        return self.signs.function(name) + "'" * order

    @property
    def signs(self) -> Symbols:
        """The glyphs of the system; without one, the usual signs of functions."""
        return self.symbols if self.symbols is not None else USUAL

    def _text(self, tree: Tree) -> Text:
        match tree:
            case m.Symbol():
                return self.symbol(tree)
            case m.Slope():
                return self._slope(tree)
            case m.Change():
                of = self._text(tree.of)
                binding = of.binding if m.symbol_of(tree.of).array else BINDING["atom"]
                return replace(of, latex=rf"\mathrm{{d}}{of.latex}", binding=binding)
            case m.Letter():
                return text(named(tree.name).latex(), "atom")
            case m.Numeral():
                return self._numeral(tree)
            case m.Figure():
                return self._figure(tree)
            case m.Constant():
                return text(rf"\{tree.name}", "atom")
            case m.Sum():
                return self._sum(tree, f"{NESTED_BREAK} ")
            case m.Minus():
                of = self._text(tree.of)
                return text("-" + of.within("total"), "sign", of)
            case m.Total():
                return self._total(tree)
            case m.Product():
                return self._product(tree)
            case m.Power():
                return self._power(tree)
            case m.Root():
                of = self._text(tree.of)
                return text(rf"\sqrt{{{of.latex}}}", "atom", of, tall=True)
            case m.Call():
                return self._call(tree)
            case m.Indicator():
                claim = self._condition(tree.of)
                return text(rf"[\,{claim.latex}\,]", "atom", claim)
            case m.Cases():
                return self._cases(tree)
            case m.Maximum():
                left, right = self._text(tree.left), self._text(tree.right)
                return text(rf"\max\left({left.latex},\,{right.latex}\right)", "atom", left, right, tall=True)
            case m.Absolute():
                of = self._text(tree.of)
                return text(rf"\left|{of.latex}\right|", "atom", of, tall=True)
            case m.Partial():
                return self._partial(tree)
            case m.Second():
                whole, first, then = (self._text(t).latex for t in (tree.of, tree.by, tree.then))
                return text(rf"\frac{{\partial^2 {whole}}}{{\partial {then}\,\partial {first}}}", "atom", tall=True, raised=True)
        return self._array(tree)

    def _array(self, tree: Tree) -> Text:
        match tree:
            case m.Ones():
                return text(r"\mathbf{1}", "atom")
            case m.Identity():
                identity = self.signs.signs.identity
                return text(identity if len(identity) == 1 else rf"\mathrm{{{identity}}}", "atom")
            case m.Transpose():
                of = self._text(tree.of)
                return text(rf"{of.within(SCRIPTED)}^{{\top}}", "power", of, raised=True)
            case m.MatrixProduct() | m.ScalarProduct():
                parts = [self._text(f) for f in tree.factors]
                place = SCALAR_FACTOR if isinstance(tree, m.ScalarProduct) else "product"
                return text(r"\,".join(p.within(place) for p in parts), "product", *parts)
            case m.Entrywise():
                return self._entrywise(tree)
            case m.Scaled():
                return self._scaled(tree)
            case m.SquaredNorm():
                of = self.sided(tree.of)
                return text(rf"\lVert {unbroken(of.latex)} \rVert^{{2}}", "power", of, raised=True)
            case m.Inner():
                left, right = self.sided(tree.left), self.sided(tree.right)
                shown = rf"\left\langle {left.latex},\, {right.latex} \right\rangle"
                return text(shown, "atom", left, right, tall=True)
        raise TypeError(type(tree).__name__)

    # --- names ----------------------------------------------------------------------------------------------------------------

    def symbol(self, symbol: m.Symbol) -> Text:
        """A tensor, or one entry of it: its letter, its layer above, its indices below."""
        latex = self._name(symbol)
        raised = "^" in latex
        high = symbol.array and (raised or self.is_raised(symbol))
        return text(latex, "power" if high else "atom", raised=raised)

    def _name(self, symbol: m.Symbol) -> str:
        below = self._below(symbol)
        if self.symbols is None:
            return named(symbol.key.split(".")[0]).latex(below)
        return self.symbols.written(symbol.key, symbol.matrix).latex(below)

    def _slope(self, slope: m.Slope) -> Text:
        binding = "power" if slope.by.array else "atom"
        if self.symbols is None:
            below = self._below(slope.by)
            return text(rf"\bar{{{named(slope.by.key.split('.')[0]).letter}}}_{{{below}}}", binding)
        cost, by = self.symbols.cost(), self._name(slope.by)
        if self.on_one_line:
            return text(rf"\partial {cost}/\partial {by}", binding, raised="^" in cost + by)
        return text(rf"\frac{{\partial {cost}}}{{\partial {by}}}", binding, tall=True, raised="^" in cost + by)

    def _below(self, symbol: m.Symbol) -> str:
        """jk where all are single letters, else separated by commas; a dot for an axis without a letter."""
        shown = [DOT if at is None else self.place(at).replace(" ", "") for at in symbol.slots]
        close = all(len(s) == 1 or s == DOT for s in shown) and not (symbol.dotted and len(shown) > 2)
        return ("" if close else ",").join(shown).strip()

    def place(self, at: Tree) -> str:
        """Where on an axis something stands."""
        return unbroken(self._text(at).latex)

    def is_raised(self, name: Tree) -> bool:
        """Whether it is a name whose letter is also written with something above it, which is no power."""
        key = name.key if isinstance(name, m.Symbol) else ""
        return bool(key) and not is_cotangent(key) and self.symbols is not None and self.symbols.is_raised(key)

    def _partial(self, partial: m.Partial) -> Text:
        of, by = self._text(partial.of), self._text(partial.by)
        if self.on_one_line and not partial.held:
            return text(rf"\partial {of.latex}/\partial {by.latex}", "atom", of, by)
        fraction = rf"\frac{{\partial {of.latex}}}{{\partial {by.latex}}}"
        held = [self._text(e) for e in partial.held]
        names = list(dict.fromkeys(e.latex for e in held))
        if len(names) > MANY_HELD:
            names = [*names[:2], r"\dots", names[-1]]
        below = r",\,".join(names)
        return text(rf"\left.{fraction}\right|_{{{below}}}" if names else fraction, "atom", of, by, *held, tall=True)

    # --- arithmetic -----------------------------------------------------------------------------------------------------------

    def _numeral(self, numeral: m.Numeral) -> Text:
        value = numeral.value
        if value.denominator != 1 and not numeral.written:
            return text(rf"\frac{{{value.numerator}}}{{{value.denominator}}}", "atom", tall=True)
        return text(numeral.written or str(value), "sign" if value < 0 else "atom", raised="^" in numeral.written)

    def _figure(self, figure: m.Figure) -> Text:
        binding = "product" if figure.fraction else "atom"  # the square of 1/3 is not 1²/3
        return text(figure.written, binding, tall=figure.fraction, raised="^" in figure.written)

    def _sum(self, found: m.Sum, between: str) -> Text:
        out = ""
        parts = []
        for place, term in enumerate(found.terms):
            minus = isinstance(term, m.Minus)
            parts.append(self._text(term.of if isinstance(term, m.Minus) else term))
            sign = "-" if minus else "+" if place else ""
            out += f"{between}{sign} {parts[-1].within('total')}" if place else f"{sign}{parts[-1].within('total')}"
        return text(out, "sum", *parts)

    def _total(self, total: m.Total) -> Text:
        conditions, body = m.conditions(total)
        sums = " ".join(map(self._over, total.over))
        if conditions:
            under = [",".join(self.place(i) for over in total.over for i in over.letters)]
            under += [self._condition(c).latex for c in conditions]
            sums = r"\sum_{\substack{" + r"\\".join(under) + "}}"
        inner = self._text(body)
        return text(f"{sums} {inner.within('total')}", "total", inner, tall=True, raised="^" in sums)

    def _over(self, over: m.Over) -> str:
        """The sign of a sum: over whole axes, or with its ends."""
        shown = ",".join(map(self.place, over.letters))
        return rf"\sum_{{{shown}}}" if over.last is None else rf"\sum_{{{shown}={over.first}}}^{{{over.last}}}"

    def _product(self, product: m.Product) -> Text:
        above, below, behind = m.laid_out(product)
        if not below:
            return self._side_by_side(above)
        top = self._side_by_side(above) if len(above) > 1 else self._text(above[0]) if above else text("1", "atom")
        bottom = self._side_by_side(below) if len(below) > 1 else self._text(below[0])
        fraction = text(rf"\frac{{{top.latex}}}{{{bottom.latex}}}", "product", top, bottom, tall=True)
        if not behind:
            return replace(fraction, binding=BINDING["power"]) if above == () else fraction
        rest = self._side_by_side(behind)
        return Text(rf"{fraction.latex}\,{rest.latex}", rest.binding, True, fraction.raised or rest.raised)

    def _side_by_side(self, factors: Sequence[Tree]) -> Text:
        parts = [self._text(f) for f in factors]
        last = factors[-1]
        shown = [p.within("product") for p in parts[:-1]]
        shown.append(parts[-1].within("total" if isinstance(last, m.Total) else "product"))
        out = shown[0]
        for before, piece in zip(factors, shown[1:], strict=False):
            out += self._between(before, piece) + piece
        return text(out, "total" if isinstance(last, m.Total) else "product", *parts)

    def _between(self, before: Tree, piece: str) -> str:
        """What stands between a factor and the next."""
        return "" if isinstance(before, m.Numeral) and not piece[0].isdigit() else r"\,"

    def _power(self, power: m.Power) -> Text:
        base, exponent = power.base, self._exponent(power.exponent)
        if power.entrywise:
            shown = self._text(base)
            return text(rf"{shown.within(SCRIPTED)}^{{\odot {exponent}}}", "power", shown, raised=True)
        if isinstance(base, m.Call) and base.own and not base.array:
            name = self.function(base.function, base.order)
            if name.startswith(WITH_POWER):
                argument = self.sided(base.argument)
                return text(f"{name}^{{{exponent}}}{_bracketed(argument, base.argument)}", "power", argument, raised=True)
            shown = self._text(base)
            return text(f"{shown.latex}^{{{exponent}}}", "power", shown, raised=True)
        shown = self._text(base)
        bare = shown.binding >= BINDING["atom"] and not (shown.raised or self.is_raised(base) or isinstance(base, m.Slope))
        return text(f"{shown.latex if bare else shown.bracketed()}^{{{exponent}}}", "power", shown, raised=True)

    def _exponent(self, exponent: Tree) -> str:
        """An exponent; a fraction on one line."""
        if isinstance(exponent, m.Numeral) and exponent.value.denominator != 1 and not exponent.written:
            return f"{exponent.value.numerator}/{exponent.value.denominator}"
        return self._text(exponent).latex

    # --- functions and conditions ---------------------------------------------------------------------------------------------

    def _call(self, call: m.Call) -> Text:
        if m.is_raised_e(call) and self.signs.signs.exponential:
            inner = self._text(call.argument)
            return text(rf"e^{{{inner.latex}}}", "power", inner, raised=True)
        argument = self.sided(call.argument)
        if call.own:
            return text(self.function(call.function, call.order) + _bracketed(argument, call.argument), "power", argument)
        name = CALLED.get(call.function, rf"\operatorname{{{call.function}}}")
        if call.along is not None and self.signs.signs.directions:
            name += DIRECTIONS[call.along]
        if isinstance(call.argument, m.Symbol | m.Figure) and not call.array and call.function != "exp" and not argument.tall:
            return text(f"{name} {argument.latex}", "product", argument)
        return text(name + _bracketed(argument, call.argument), "power", argument)

    def _cases(self, cases: m.Cases) -> Text:
        then, other, claim = self.sided(cases.then), self.sided(cases.other), self._condition(cases.condition)
        shown = rf"\begin{{cases}}{then.latex} & {claim.latex}\\ {other.latex} & \dsotherwise\end{{cases}}"
        return text(shown, "sum", then, other, claim, tall=True)

    def _condition(self, claim: m.Condition) -> Text:
        match claim:
            case m.Between():
                at = self.place(claim.at)
                return text(rf"{claim.first} \le {at} \le {claim.last}", "sum", raised="^" in at)
            case m.Equal():
                return text(f"{self.place(claim.left)}={self.place(claim.right)}", "sum")
        left, right = self.sided(claim.left), self.sided(claim.right)
        return text(f"{left.latex} {'>' if isinstance(claim, m.Greater) else '<'} {right.latex}", "sum", left, right)

    def _ranges(self, ranges: Iterable[m.Between]) -> str:
        shown = r",\; ".join(self._condition(r).latex for r in ranges)
        return rf" \quad \allowbreak ({shown})" if shown else ""

    # --- arrays ---------------------------------------------------------------------------------------------------------------

    def _entrywise(self, found: m.Entrywise) -> Text:
        parts = [self._text(t) for t in (found.first, *found.others)]
        out = parts[0].within(BESIDE_CIRCLE)
        for divides, part in zip(found.divides, parts[1:], strict=True):
            out += rf" \{'oslash' if divides else 'odot'} {part.within(BESIDE_CIRCLE)}"
        return text(out.replace(BREAK, ""), "hadamard", *parts)

    def _scaled(self, found: m.Scaled) -> Text:
        factor, of = self._text(found.factor), self._text(found.of)
        whole = isinstance(found.factor, m.Numeral) and found.factor.value.denominator == 1
        loosest = "total" if isinstance(found.of, m.Total) else "hadamard"
        return text(factor.within("product") + ("" if whole else r"\,") + of.within(loosest), "hadamard", factor, of)


def _bracketed(shown: Text, argument: Tree) -> str:
    """An argument in brackets."""
    if isinstance(argument, m.Figure) and shown.latex.startswith("("):
        return shown.latex
    return replace(shown, latex=unbroken(shown.latex)).bracketed()


def plain(equation: Equation | ArrayEquation, symbols: Symbols | None = None) -> str:
    """An equation on one line, for notebooks and messages."""
    lhs, rhs = Printer(symbols).equation(equation)
    return unbroken(f"{lhs} = {rhs}")


__all__ = ["MANY_HELD", "Printer", "Text", "plain", "text", "unbroken"]
