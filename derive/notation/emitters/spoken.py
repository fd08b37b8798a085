"""The tree of mathematics in words, for those who hear it: "delta of layer 2 times the transpose of a of layer 1".

Signs that screen readers read for their looks, z⁽²⁾ as a power and ⊤ as a tack, are said for what they mean. Words are those of a
language, one short pattern for each form; brackets are said where the table asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...expressions.system import Equation, is_cotangent, primal
from .. import mathematics as m
from ..array_expressions import ArrayEquation
from ..formula import Walk
from ..glyphs import Glyph, Symbols, named
from ..mathematics import Tree
from .latex import MANY_HELD
from .letters import Piece, pieces
from .precedence import BINDING, SCALAR_FACTOR

LOOSE = "hadamard"
"""A quotient in words ends where the next word of its kind begins; in a product it gets brackets."""


@dataclass(frozen=True)
class Said:
    """Words, and how tightly they hold together."""

    words: str
    binding: int


class Printer:
    """Says either kind of expression, or a tree, with the names of one system. words: the patterns of a language."""

    def __init__(self, symbols: Symbols, words: Mapping[str, str]) -> None:
        self.symbols = symbols
        self.words = words
        self.walk = Walk(symbols.system)

    def equation(self, equation: Equation | ArrayEquation) -> str:
        """A whole line."""
        line = self.walk.line(equation)
        said = self._pattern("equals", self._said(line.left).words, self._said(line.right).words)
        for between in line.ranges:
            said = self._pattern("for", said, self._condition(between))
        if line.each:
            said = self._pattern("each", said, self._list(i.name for i in line.each))
        return said

    def text(self, item: Any) -> str:
        """Any expression."""
        return self._said(self.walk.tree(item)).words

    def _pattern(self, key: str, *parts: str) -> str:
        return self.words[key].format(*parts)

    def _within(self, tree: Tree, place: str) -> str:
        """The words of a part in a place that asks for at least that binding."""
        said = self._said(tree)
        return said.words if said.binding >= BINDING[place] else self._pattern("brackets", said.words)

    def _said(self, tree: Tree) -> Said:
        match tree:
            case m.Symbol():
                return _atom(self._name(tree))
            case m.Slope():
                return Said(self._pattern("slope", self._cost, self._name(tree.by)), BINDING["power"])
            case m.Change():
                return _atom(self._pattern("change", self._said(tree.of).words))
            case m.Letter():
                return _atom(self._glyph(named(tree.name)))
            case m.Numeral():
                return self._numeral(tree)
            case m.Figure():
                return _atom(tree.written)
            case m.Constant():
                return _atom(tree.name)
            case m.Sum():
                return self._sum(tree)
            case m.Minus():
                return Said(self._pattern("minus", self._within(tree.of, "total")), BINDING["sign"])
            case m.Total():
                return self._total(tree)
            case m.Product():
                return self._product(tree)
            case m.Power():
                return self._power(tree)
            case m.Root():
                return Said(self._pattern("root", self._within(tree.of, "power")), BINDING["power"])
            case m.Call():
                return self._call(tree)
            case m.Indicator():
                return Said(self._pattern("indicator", self._condition(tree.of)), BINDING["sum"])
            case m.Cases():
                then, other = self._said(tree.then).words, self._said(tree.other).words
                return Said(self._pattern("cases", then, self._condition(tree.condition), other), BINDING["sum"])
            case m.Maximum():
                return Said(self._pattern("maximum", *self._both(tree.left, tree.right)), BINDING["product"])
            case m.Absolute():
                return Said(self._pattern("absolute", self._within(tree.of, "power")), BINDING["power"])
            case m.Partial():
                return self._partial(tree)
            case m.Second():
                three = (self._said(t).words for t in (tree.of, tree.by, tree.then))
                return Said(self._pattern("second", *three), BINDING["power"])
        return self._array(tree)

    def _array(self, tree: Tree) -> Said:
        match tree:
            case m.Ones():
                return _atom(self.words["ones"])
            case m.Identity():
                return _atom(self.words["identity"])
            case m.Transpose():
                return Said(self._pattern("transpose", self._within(tree.of, "atom")), BINDING["power"])
            case m.MatrixProduct():
                return self._joined("times", [self._within(f, "product") for f in tree.factors], "product")
            case m.ScalarProduct():
                return self._joined("times", [self._within(f, SCALAR_FACTOR) for f in tree.factors], "product")
            case m.Entrywise():
                out = self._within(tree.first, "product")
                for divides, other in zip(tree.divides, tree.others, strict=True):
                    out = self._pattern("entrywise_over" if divides else "entrywise_times", out, self._within(other, "power"))
                return Said(out, BINDING["hadamard"])
            case m.Scaled():
                loosest = "total" if isinstance(tree.of, m.Total) else "product"
                return self._joined("times", [self._within(tree.factor, "product"), self._within(tree.of, loosest)], "product")
            case m.SquaredNorm():
                return Said(self._pattern("norm", self._within(tree.of, "power")), BINDING["power"])
            case m.Inner():
                return Said(self._pattern("inner", *self._both(tree.left, tree.right)), BINDING["product"])
        raise TypeError(type(tree).__name__)

    # --- names ----------------------------------------------------------------------------------------------------------------

    def _name(self, symbol: m.Symbol) -> str:
        signal = is_cotangent(symbol.key)
        glyph = self.symbols.written(symbol.key, symbol.matrix)
        said = self._glyph(glyph)
        tensor = self.symbols.system.tensors.get(primal(symbol.key) if signal else symbol.key)
        if glyph.above:
            layer = tensor is not None and tensor.layer is not None
            said = self._pattern("layer" if layer else "above", said, self._pieces(glyph.above.strip("()")))
        if symbol.slots:
            places = [self.words["dot"] if at is None else self._within(at, "atom") for at in symbol.slots]
            said = self._pattern("at", said, ", ".join(places))
        return said

    @property
    def _cost(self) -> str:
        objective = self.symbols.system.objective
        return self._pieces(self.symbols.signs.cost) if objective is None else self._name(m.Symbol(objective))

    def _glyph(self, glyph: Glyph) -> str:
        """A letter with its subscript; what stands above it is said by who knows what it is."""
        letter = self._pieces(glyph.letter)
        if glyph.letter in self._in_both_cases and glyph.letter.isupper():
            letter = self._pattern("capital", letter)
        return f"{letter} {self._pieces(glyph.below)}" if glyph.below else letter

    @cached_property
    def _in_both_cases(self) -> frozenset[str]:
        """Letters that stand on the sheet both as small and as capital ones, for two things."""
        letters = {key: self.symbols.glyph(key).letter for key in self.symbols.system.tensors if not is_cotangent(key)}
        found = set(letters.values())
        return frozenset(s for s in found if s.isalpha() and s.swapcase() in found)

    def _pieces(self, latex: str) -> str:
        return " ".join(self._piece(p) for p in pieces(latex) if p.text not in ("(", ")", ","))

    def _piece(self, piece: Piece) -> str:
        said = piece.name or {"−": self.words["minus_sign"], "+": self.words["plus_sign"]}.get(piece.text, piece.text)
        for accent in piece.accents:
            said = self._pattern("dot_accent" if accent == "dot" else accent, said)
        for _ in range(piece.primes):
            said = self._pattern("prime", said)
        return said

    def _partial(self, partial: m.Partial) -> Said:
        said = self._pattern("partial", self._said(partial.of).words, self._said(partial.by).words)
        held = list(dict.fromkeys(self._said(e).words for e in partial.held))
        if not held:
            return Said(said, BINDING["power"])
        shown = [*held[:2], self.words["more"], held[-1]] if len(held) > MANY_HELD else held
        return Said(self._pattern("held", said, self._list(shown)), BINDING["sum"])

    def _list(self, parts: Iterable[str]) -> str:
        """a, b and c."""
        *most, last = parts
        return self._pattern("and", ", ".join(most), last) if most else last

    # --- arithmetic -----------------------------------------------------------------------------------------------------------

    def _joined(self, sign: str, parts: Sequence[str], binding: str) -> Said:
        out = parts[0]
        for part in parts[1:]:
            out = self._pattern(sign, out, part)
        return Said(out, BINDING[binding])

    def _both(self, *parts: Tree) -> tuple[str, ...]:
        """Two parts of "… and …", each in brackets where it has an "and" or a sign of its own."""
        return tuple(self._within(p, "power") for p in parts)

    def _numeral(self, numeral: m.Numeral) -> Said:
        value = abs(numeral.value)
        if numeral.written or value.denominator == 1:
            said = _atom(numeral.written or str(value))
        else:
            said = Said(self._pattern("over", str(value.numerator), str(value.denominator)), BINDING[LOOSE])
        negative = numeral.value < 0 and not numeral.written
        return Said(self._pattern("minus", said.words), BINDING["sign"]) if negative else said

    def _sum(self, found: m.Sum) -> Said:
        out = ""
        for place, term in enumerate(found.terms):
            minus = isinstance(term, m.Minus)
            bare = term.of if isinstance(term, m.Minus) else term
            said = self._within(bare, "total")
            if isinstance(bare, m.Total) and place < len(found.terms) - 1:
                said = self._pattern("ended", said)  # what follows is not summed
            if not place:
                out = self._pattern("minus", said) if minus else said
            else:
                out = self._pattern("less" if minus else "plus", out, said)
        return Said(out, BINDING["sum"])

    def _total(self, total: m.Total) -> Said:
        conditions, body = m.conditions(total)
        said = self._within(body, "total")
        if conditions:
            letters = self._list(self._said(i).words for over in total.over for i in over.letters)
            claims = self._list(map(self._condition, conditions))
            return Said(self._pattern("sum", self._pattern("where", letters, claims), said), BINDING["total"])
        for over in reversed(total.over):
            letters = self._list(self._said(i).words for i in over.letters)
            if over.last is not None:
                letters = self._pattern("from", letters, str(over.first), str(over.last))
            said = self._pattern("sum", letters, said)
        return Said(said, BINDING["total"])

    def _product(self, product: m.Product) -> Said:
        above, below, behind = m.laid_out(product)
        if not below:
            return self._side_by_side(above)
        top = self._side_by_side(above) if above else _atom("1")
        bottom = self._side_by_side(below)
        parts = [t.words if t.binding >= BINDING[p] else self._pattern("brackets", t.words)
                 for t, p in ((top, "product"), (bottom, "power"))]  # fmt: skip
        fraction = self._pattern("over", *parts)
        if not behind:
            return Said(fraction, BINDING[LOOSE])
        rest = self._side_by_side(behind)
        return Said(self._pattern("times", fraction, rest.words), min(rest.binding, BINDING["product"]))

    def _side_by_side(self, factors: Sequence[Tree]) -> Said:
        if len(factors) == 1:
            return self._said(factors[0])
        total = isinstance(factors[-1], m.Total)
        parts = [self._within(f, "product") for f in factors[:-1]]
        return self._joined(
            "times", [*parts, self._within(factors[-1], "total" if total else "product")], "total" if total else "product"
        )

    def _power(self, power: m.Power) -> Said:
        base = self._within(power.base, "atom")
        kind = "entrywise_power" if power.entrywise else "power"
        if power.exponent == m.Numeral(m.ONE.value * 2):
            return Said(self._pattern("entrywise_square" if power.entrywise else "square", base), BINDING["power"])
        return Said(self._pattern(kind, base, self._within(power.exponent, "power")), BINDING["power"])

    # --- functions and conditions ---------------------------------------------------------------------------------------------

    def _call(self, call: m.Call) -> Said:
        if m.is_raised_e(call) and self.symbols.signs.exponential:
            return Said(self._pattern("power", "e", self._within(call.argument, "power")), BINDING["power"])
        name = call.function
        if call.own:
            latex = self.symbols.function(call.function)
            word = latex.startswith((r"\operatorname", r"\tanh"))
            name = latex.removeprefix(r"\operatorname").strip("\\{}") if word else self._pieces(latex)
        for _ in range(call.order):
            name = self._pattern("prime", name)
        if call.along is not None and self.symbols.signs.directions:
            name = self._pattern(("columns", "rows")[call.along], name)
        return Said(self._pattern("of", name, self._within(call.argument, "atom")), BINDING["power"])

    def _condition(self, claim: m.Condition) -> str:
        match claim:
            case m.Between():
                return self._pattern("between", self._said(claim.at).words, str(claim.first), str(claim.last))
            case m.Equal():
                key = "equals"
            case m.Greater():
                key = "greater"
            case m.Less():
                key = "smaller"
        return self._pattern(key, self._said(claim.left).words, self._said(claim.right).words)


def _atom(words: str) -> Said:
    return Said(words, BINDING["atom"])
