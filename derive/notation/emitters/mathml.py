"""The tree of mathematics in MathML Core, for the screen.

Every quantity carries its key (`data-key`), so that a page can show where else it stands. Products have an invisible sign and
functions an invisible application, so that what is read aloud or copied is not one word; a layer's number and a transpose say
what they are (`intent`), since neither is a power. Brackets are decided by the same table as in LaTeX.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as Xml
from xml.etree.ElementTree import Element

from ...expressions.system import Equation, is_cotangent, primal
from .. import mathematics as m
from ..array_expressions import ArrayEquation
from ..formula import Walk
from ..glyphs import Glyph, Symbols, named
from ..mathematics import Tree
from .latex import MANY_HELD
from .letters import Piece, pieces
from .precedence import BESIDE_CIRCLE, BINDING, SCALAR_FACTOR, SCRIPTED

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
TIMES, APPLY = "\u2062", "\u2061"
ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~", "dot": "˙", "vec": "→"}
PRIMES = {0: "", 1: "′", 2: "″", 3: "‴"}
ARROWS = {0: "↓", 1: "→"}
"""Along what a softmax acts, where a sheet has both: down each column, or along each row."""


@dataclass(frozen=True)
class Drawn:
    """Elements side by side, and how tightly they hold together."""

    elements: tuple[Element, ...]
    binding: int
    raised: bool = False

    def within(self, place: str) -> tuple[Element, ...]:
        """The elements as they stand in a place that asks for at least that binding."""
        return self.elements if self.binding >= BINDING[place] else fenced("(", self.elements, ")")

    @property
    def one(self) -> Element:
        """As one element, where exactly one is asked for."""
        return row(self.elements)


def element(tag: str, *inside: Element | str, **attributes: str) -> Element:
    """An element with elements or a text in it; underscores in the names of attributes are hyphens."""
    made = Element(tag, {name.replace("_", "-"): value for name, value in attributes.items()})
    for part in inside:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made


def row(elements: Sequence[Element], **attributes: str) -> Element:
    """One element; a row where there are several."""
    return elements[0] if len(elements) == 1 and not attributes else element("mrow", *elements, **attributes)


def sign(text: str, **attributes: str) -> Element:
    return element("mo", text, **attributes)


def fenced(left: str, inside: Iterable[Element], right: str) -> tuple[Element, ...]:
    """In brackets, which grow with what is in them."""
    return (element("mrow", sign(left, fence="true", form="prefix"), *inside, sign(right, fence="true", form="postfix")),)


class Printer:
    """Draws either kind of expression, or a tree, with the glyphs of one system. otherwise: the word in the last of cases."""

    def __init__(self, symbols: Symbols, otherwise: str = "otherwise") -> None:
        self.symbols = symbols
        self.otherwise = otherwise
        self.walk = Walk(symbols.system)

    # --- what callers want ----------------------------------------------------------------------------------------------------

    def math(self, item: Any, block: bool = False) -> str:
        """A whole `<math>`, as text."""
        drawn = self.equation(item) if isinstance(item, Equation | ArrayEquation) else self.side(item)
        made = element("math", *drawn, xmlns=NAMESPACE, **({"display": "block"} if block else {}))
        return Xml.tostring(made, "unicode")

    def equation(self, equation: Equation | ArrayEquation) -> tuple[Element, ...]:
        """left = right, and behind it which places its letters take."""
        line = self.walk.line(equation)
        behind: list[Element] = []
        for place, between in enumerate(line.ranges):
            behind += [sign(",") if place else element("mspace", width="2em"), *self._condition(between)]
        return (*self.side(line.left), sign("="), *self.side(line.right), *behind)

    def side(self, item: Any) -> tuple[Element, ...]:
        """One side."""
        return self._text(self.walk.tree(item)).elements

    def _text(self, tree: Tree) -> Drawn:
        match tree:
            case m.Symbol():
                return self._symbol(tree)
            case m.Slope():
                return self._slope(tree)
            case m.Change():
                of = self._text(tree.of)
                binding = of.binding if m.symbol_of(tree.of).array else BINDING["atom"]
                return Drawn((element("mi", "d", mathvariant="normal"), *of.elements), binding, of.raised)
            case m.Letter():
                return drawn("atom", *self._scripted_letter(named(tree.name)))
            case m.Numeral():
                return _numeral(tree.value, tree.written)
            case m.Figure():
                return drawn("atom", element("mn", tree.written))
            case m.Constant():
                return drawn("atom", element("mi", "π"))
            case m.Sum():
                return self._sum(tree)
            case m.Minus():
                of = self._text(tree.of)
                return Drawn((sign("−", form="prefix"), *of.within("total")), BINDING["sign"], of.raised)
            case m.Total():
                return self._total(tree)
            case m.Product():
                return self._product(tree)
            case m.Power():
                return self._power(tree)
            case m.Root():
                return drawn("atom", element("msqrt", *self._text(tree.of).elements))
            case m.Call():
                return self._call(tree)
            case m.Indicator():
                return drawn("atom", *fenced("[", self._condition(tree.of), "]"))
            case m.Cases():
                return self._cases(tree)
            case m.Maximum():
                both = (*self.side(tree.left), sign(","), *self.side(tree.right))
                return drawn("atom", element("mi", "max"), sign(APPLY), *fenced("(", both, ")"))
            case m.Absolute():
                return drawn("atom", *fenced("|", self.side(tree.of), "|"))
            case m.Partial():
                return self._partial(tree)
            case m.Second():
                above = element("mrow", _power_of(sign("∂", rspace="0"), "2"), *self.side(tree.of))
                below = (sign("∂", rspace="0"), *self.side(tree.then), sign("∂", rspace="0"), *self.side(tree.by))
                return drawn("atom", element("mfrac", above, element("mrow", *below)))
        return self._array(tree)

    def _array(self, tree: Tree) -> Drawn:
        match tree:
            case m.Ones():
                return drawn("atom", element("mn", "𝟏"))
            case m.Identity():
                return drawn("atom", element("mi", self.symbols.signs.identity))
            case m.Transpose():
                of = row(self._text(tree.of).within(SCRIPTED))
                of.set("arg", "of")
                return Drawn((element("msup", of, sign("⊤"), intent="transpose($of)"),), BINDING["power"], True)
            case m.MatrixProduct() | m.ScalarProduct():
                place = SCALAR_FACTOR if isinstance(tree, m.ScalarProduct) else "product"
                return drawn("product", *_between(TIMES, [self._text(f).within(place) for f in tree.factors]))
            case m.Entrywise():
                found = [*self._text(tree.first).within(BESIDE_CIRCLE)]
                for divides, other in zip(tree.divides, tree.others, strict=True):
                    found += [sign("⊘" if divides else "⊙"), *self._text(other).within(BESIDE_CIRCLE)]
                return drawn("hadamard", *found)
            case m.Scaled():
                loosest = "total" if isinstance(tree.of, m.Total) else "hadamard"
                parts = [self._text(tree.factor).within("product"), self._text(tree.of).within(loosest)]
                return drawn("hadamard", *_between(TIMES, parts))
            case m.SquaredNorm():
                return drawn("power", _power_of(row(fenced("‖", self.side(tree.of), "‖")), "2"))
            case m.Inner():
                return drawn("atom", *fenced("⟨", (*self.side(tree.left), sign(","), *self.side(tree.right)), "⟩"))
        raise TypeError(type(tree).__name__)

    # --- names ----------------------------------------------------------------------------------------------------------------

    def _symbol(self, symbol: m.Symbol) -> Drawn:
        made = self._name(symbol)
        raised = made.tag in ("msup", "msubsup")
        return Drawn((made,), BINDING["power" if symbol.array and (raised or self.is_raised(symbol)) else "atom"], raised)

    def _name(self, symbol: m.Symbol) -> Element:
        return self._scripted(self.symbols.written(symbol.key, symbol.matrix), self._below(symbol), symbol.key)

    def _scripted(self, glyph: Glyph, below: Sequence[Element], key: str) -> Element:
        """A letter with what stands below and above it; a layer's number above says that it is one."""
        letter = row([_piece(p) for p in pieces(glyph.letter)])
        own = [_piece(p) for p in pieces(glyph.below)]
        under = [*own, *([sign(",", separator="true")] if own and below else []), *below]
        over = [_piece(p) for p in pieces(glyph.above)]
        parts = [letter, *([row(under)] if under else []), *([row(over)] if over else [])]
        if not under and not over:
            letter.set("data-key", key)
            return letter
        made = element("msubsup" if under and over else "msub" if under else "msup", *parts, data_key=key)
        tensor = self.symbols.system.tensors.get(primal(key) if is_cotangent(key) else key)
        if over and tensor is not None and tensor.layer is not None:
            letter.set("arg", "of")
            parts[-1].set("arg", "layer")
            made.set("intent", "layer($of,$layer)")
        return made

    def _slope(self, slope: m.Slope) -> Drawn:
        objective = self.symbols.system.objective
        above: Sequence[Element] = [_piece(p) for p in pieces(self.symbols.signs.cost)]
        if objective is not None:
            above = [self._name(m.Symbol(objective))]
        below = (sign("∂", rspace="0"), self._name(slope.by))
        made = element("mfrac", element("mrow", sign("∂", rspace="0"), *above), element("mrow", *below))
        made.set("data-key", f"bar {slope.by.key}")
        return drawn("power" if slope.by.array else "atom", made)

    def _below(self, symbol: m.Symbol) -> tuple[Element, ...]:
        """jk where all are single letters, else separated by commas; a dot for an axis without a letter."""
        shown = [(sign("·"),) if at is None else self._text(at).elements for at in symbol.slots]
        lone = all(at is None or (isinstance(at, m.Letter) and len(at.name) == 1) or _digit(at) for at in symbol.slots)
        close = lone and not (symbol.dotted and len(shown) > 2)
        return _between(TIMES if close else ",", shown)

    def _scripted_letter(self, glyph: Glyph) -> tuple[Element, ...]:
        """The letter of an index, which may have a number: k_1."""
        letter = row([_piece(p) for p in pieces(glyph.letter)])
        return (element("msub", letter, row([_piece(p) for p in pieces(glyph.below)])),) if glyph.below else (letter,)

    def is_raised(self, name: Tree) -> bool:
        """Whether it is a name whose letter is also written with something above it, which is no power."""
        return isinstance(name, m.Symbol) and not is_cotangent(name.key) and self.symbols.is_raised(name.key)

    def _partial(self, partial: m.Partial) -> Drawn:
        above = element("mrow", sign("∂", rspace="0"), *self.side(partial.of))
        below = element("mrow", sign("∂", rspace="0"), *self.side(partial.by))
        made = element("mfrac", above, below)
        names: list[tuple[Element, ...]] = [self.side(e) for e in partial.held]
        if len(names) > MANY_HELD:
            names = [*names[:2], (sign("…"),), names[-1]]
        if not names:
            return drawn("atom", made)
        bar = element("mrow", made, sign("|", stretchy="true", fence="true", form="postfix"))
        return drawn("atom", element("msub", bar, row(_between(",", names))))

    # --- arithmetic -----------------------------------------------------------------------------------------------------------

    def _sum(self, found: m.Sum) -> Drawn:
        out: list[Element] = []
        for place, term in enumerate(found.terms):
            minus = isinstance(term, m.Minus)
            if place or minus:
                out.append(sign("−" if minus else "+", form="infix" if place else "prefix"))
            out += self._text(term.of if isinstance(term, m.Minus) else term).within("total")
        return drawn("sum", *out)

    def _total(self, total: m.Total) -> Drawn:
        conditions, body = m.conditions(total)
        mark = sign("∑", movablelimits="false")
        inner = self._text(body).within("total")
        if conditions:
            letters = _between(",", [self.side(i) for over in total.over for i in over.letters])
            rows = [element("mtr", element("mtd", *said)) for said in (letters, *map(self._condition, conditions))]
            return drawn("total", element("munder", mark, element("mtable", *rows)), *inner)
        return drawn("total", *(self._over(over) for over in total.over), *inner)

    def _over(self, over: m.Over) -> Element:
        """The sign of a sum: over whole axes, or with its ends."""
        mark = sign("∑", movablelimits="false")
        letters = _between(",", [self.side(i) for i in over.letters])
        if over.last is None:
            return element("munder", mark, row(letters))
        first = element("mrow", *letters, sign("="), element("mn", str(over.first)))
        return element("munderover", mark, first, element("mn", str(over.last)))

    def _product(self, product: m.Product) -> Drawn:
        above, below, behind = m.laid_out(product)
        if not below:
            return self._side_by_side(above)
        top = (
            self._side_by_side(above) if len(above) > 1 else self._text(above[0]) if above else drawn("atom", element("mn", "1"))
        )
        bottom = self._side_by_side(below) if len(below) > 1 else self._text(below[0])
        fraction = element("mfrac", top.one, bottom.one)
        if not behind:
            return drawn("product" if above else "power", fraction)
        rest = self._side_by_side(behind)
        return replace(rest, elements=(fraction, sign(TIMES), *rest.elements))

    def _side_by_side(self, factors: Sequence[Tree]) -> Drawn:
        parts = [self._text(f) for f in factors]
        total = isinstance(factors[-1], m.Total)
        shown = [p.within("product") for p in parts[:-1]] + [parts[-1].within("total" if total else "product")]
        return Drawn(_between(TIMES, shown), BINDING["total" if total else "product"], any(p.raised for p in parts))

    def _power(self, power: m.Power) -> Drawn:
        base, shown = power.base, self._text(power.base)
        exponent = [*_exponent(power.exponent)] or [*self.side(power.exponent)]
        if power.entrywise:
            made = element("msup", row(shown.within(SCRIPTED)), element("mrow", sign("⊙"), *exponent))
            return Drawn((made,), BINDING["power"], True)
        if isinstance(base, m.Call) and base.own and not base.array:
            inside = fenced("(", self.side(base.argument), ")")
            return drawn("power", element("msup", self._function(base), row(exponent)), sign(APPLY), *inside)
        bare = shown.binding >= BINDING["atom"] and not (shown.raised or self.is_raised(base) or isinstance(base, m.Slope))
        within = shown.elements if bare else fenced("(", shown.elements, ")")
        return Drawn((element("msup", row(within), row(exponent)),), BINDING["power"], True)

    # --- functions and conditions ---------------------------------------------------------------------------------------------

    def _function(self, call: m.Call) -> Element:
        """The sign of a function, with its primes."""
        name = call.function
        if call.own:
            name = self.symbols.function(call.function).removeprefix(r"\operatorname{").removesuffix("}")
            if name.startswith("\\") and name != r"\tanh":
                name = pieces(name)[0].text
        shown = element("mi", name.removeprefix("\\"))
        primes = PRIMES.get(call.order) or "′" * call.order
        made = element("msup", shown, sign(primes, lspace="0")) if call.order else shown
        if call.along is not None and self.symbols.signs.directions:
            return element("msub", made, sign(ARROWS[call.along]))
        return made

    def _call(self, call: m.Call) -> Drawn:
        if m.is_raised_e(call) and self.symbols.signs.exponential:
            return Drawn((element("msup", element("mi", "e"), row(self.side(call.argument))),), BINDING["power"], True)
        return drawn("power", self._function(call), sign(APPLY), *fenced("(", self.side(call.argument), ")"))

    def _cases(self, cases: m.Cases) -> Drawn:
        rows = [
            element("mtr", element("mtd", *self.side(value)), element("mtd", *said))
            for value, said in (
                (cases.then, self._condition(cases.condition)),
                (cases.other, (element("mtext", self.otherwise),)),
            )
        ]
        brace = sign("{", fence="true", stretchy="true", form="prefix")
        return drawn("sum", element("mrow", brace, element("mtable", *rows, columnalign="left")))

    def _condition(self, claim: m.Condition) -> tuple[Element, ...]:
        match claim:
            case m.Between():
                first, last = element("mn", str(claim.first)), element("mn", str(claim.last))
                return (first, sign("≤"), *self.side(claim.at), sign("≤"), last)
            case m.Equal():
                between = "="
            case m.Greater():
                between = ">"
            case m.Less():
                between = "<"
        return (*self.side(claim.left), sign(between), *self.side(claim.right))


def drawn(binding: str, *elements: Element) -> Drawn:
    return Drawn(elements, BINDING[binding])


def _between(mark: str, parts: Sequence[Sequence[Element]]) -> tuple[Element, ...]:
    """The parts, with a sign between them."""
    out: list[Element] = []
    for place, part in enumerate(parts):
        out += [*([sign(mark)] if place else []), *part]
    return tuple(out)


def _numeral(value: Fraction, written: str = "") -> Drawn:
    if value.denominator != 1 and not written:
        return drawn("atom", element("mfrac", element("mn", str(value.numerator)), element("mn", str(value.denominator))))
    return drawn("atom", element("mn", written or str(value)))


def _digit(at: Tree) -> bool:
    return isinstance(at, m.Numeral) and len(str(at.value)) == 1


def _exponent(exponent: Tree) -> tuple[Element, ...]:
    """A number as an exponent, a fraction on one line; nothing for what is no number."""
    if not isinstance(exponent, m.Numeral):
        return ()
    value = abs(exponent.value)
    shown = [element("mn", str(value.numerator))]
    if value.denominator != 1:
        shown += [sign("/"), element("mn", str(value.denominator))]
    return (*([sign("−", form="prefix")] if exponent.value < 0 else []), *shown)


def _power_of(base: Element, exponent: str) -> Element:
    return element("msup", base, element("mn", exponent))


def _piece(piece: Piece) -> Element:
    """Characters of a glyph: a word in italics gets the letters that Unicode has for it."""
    if piece.style == "sign":
        return sign(piece.text)
    if piece.style == "number":
        made = element("mn", piece.text)
    else:
        word = piece.style == "italic" and len(piece.text) > 1
        made = element("mi", "".join(map(_italic, piece.text)) if word else piece.text)
        if piece.style == "upright" and len(piece.text) == 1:
            made.set("mathvariant", "normal")
    for accent in piece.accents:
        made = element("mover", made, sign(ACCENTS[accent], stretchy="false"), accent="true")
    return element("msup", made, sign(PRIMES.get(piece.primes) or "′" * piece.primes, lspace="0")) if piece.primes else made


def _italic(letter: str) -> str:
    if letter == "h":
        return "ℎ"
    if "a" <= letter <= "z":
        return chr(0x1D44E + ord(letter) - ord("a"))
    if "A" <= letter <= "Z":
        return chr(0x1D434 + ord(letter) - ord("A"))
    return letter
