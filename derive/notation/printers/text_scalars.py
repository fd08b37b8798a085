"""Names and indexed scalars -> plain text for a terminal, in Unicode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    neg,
    power,
)
from ...expressions.system import COUNT, System, is_cotangent, primal
from ...expressions.traversal import terms
from .. import array_expressions, places
from ..glyphs import UNICODE_GREEK, Labels, Signs
from .precedence import BINDING, compared, positive_terms_first, sign

ABOVE = str.maketrans("0123456789-L", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ")
LETTERS = {spelt: letter for letter, spelt in UNICODE_GREEK.items()} | {"eps": "ε", "lam": "λ", "ell": "ℓ"}
COMBINING = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "vec": "\u20d7"}
CALLS = {sympy.exp: "exp", sympy.log: "log", sympy.sin: "sin", sympy.cos: "cos", sympy.erf: "erf", sympy.tanh: "tanh"}


@dataclass(frozen=True)
class Text:
    """A piece of text, and how tightly it holds together."""

    text: str
    binding: int

    def within(self, place: str) -> str:
        """The piece as it stands in a place that asks for at least that binding."""
        return self.text if self.binding >= BINDING[place] else f"({self.text})"


@lru_cache(maxsize=1024)
def spelt(name: str) -> str:
    """A name with its Greek letters and accents: theta as θ, x_hat as x̂; all else as it was written."""
    base, *rest = [part for part in name.split("_") if part] or [name]
    shown = LETTERS.get(base, base)
    below = []
    for part in rest:
        if part in COMBINING:
            shown += COMBINING[part]
        elif part == "prime":
            shown += "′"
        else:
            below.append(LETTERS.get(part, part))
    return "_".join([shown, *below])


class ScalarPrinter:
    """Prints names and indexed scalars with the names of one system."""

    HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹ᴸ"
    """What a name with a layer's number has in it: it needs brackets before something else stands high behind it."""

    def __init__(self, system: System, labels: Labels = "absolute", signs: Signs | None = None) -> None:
        self.system = system
        self.labels = labels
        self.signs = signs or Signs()
        self.depth = system.depth

    def text(self, item: Any) -> Text:
        """Any expression."""
        return self._scalar(item)

    # --- names ------------------------------------------------------------------------------------------------------------

    def name(self, key: str, matrix: bool = False) -> str:
        """A tensor's name with its layer number above; that of a cotangent is δ or ∂C/∂…."""
        if not is_cotangent(key):
            if key in self.signs.letters or key == COUNT:
                return self.spelt(self.signs.letters.get(key, "N"))
            tensor = self.system.tensors[key]
            base = tensor.base
            if tensor.cased and base not in self.signs.typed:
                base = (base[0].upper() if matrix else base[0].lower()) + base[1:]
            shown = base if base in self.signs.as_typed else self.spelt(base)
            return shown + self._above(tensor.layer)
        tensor = self.system.tensors[primal(key)]
        if not tensor.signal:
            cost = self.signs.cost if self.system.objective is None else self.name(self.system.objective)
            return self.quotient(cost, self.name(primal(key), matrix))
        own = "" if tensor.cased or tensor.base == "z" else f"_{self.spelt(tensor.base)}"
        return ("Δ" if matrix else "δ") + own + self._above(tensor.layer)

    def spelt(self, name: str) -> str:
        """A function's name, or that of a tensor without its layer, as it is shown."""
        return spelt(name)

    def _above(self, layer: int | None) -> str:
        if layer is None:
            return ""
        below = self.depth - layer
        relative = "L" if below == 0 else f"L-{below}"
        return (relative if self.labels == "relative" else str(layer)).translate(ABOVE)

    def entry(self, entry: Entry) -> str:
        """One entry of a tensor, its indices behind it."""
        return self.name(entry.key) + self._indices(entry.indices)

    def _indices(self, indices: Sequence[Expr | None]) -> str:
        shown = ("·" if i is None else self._place(i).replace(" ", "") for i in indices)
        return f"[{','.join(shown)}]" if indices else ""

    def _place(self, at: Expr) -> str:
        shown = places.counted(at, self.system.first_index)
        return self.text(positive_terms_first(shown) if sign(terms(shown)[0] if terms(shown) else shown)[0] else shown).text

    def _range(self, index: Index) -> str:
        """0 ≤ k ≤ 3: which places an index takes."""
        first = self.system.first_index
        return f"{first} ≤ {self.text(index).text} ≤ {places.last(index, first)}"

    def _sums(self, expr: Total) -> str:
        """The signs of sums: one for the indices that run over whole axes, one with its ends for each of the others."""
        first = self.system.first_index
        partly = places.partly(expr.indices, expr.body, self.system)
        out = []
        for part, together in groupby(expr.indices, lambda i: i in partly):
            names = [(self.text(i).text, i) for i in together]
            if part:
                out += [f"Σ_{{{name}={first}}}^{{{places.last(i, first)}}}" for name, i in names]
            else:
                out.append(f"Σ_{','.join(name for name, _ in names)}")
        return " ".join(out)

    def function(self, name: str, order: int) -> str:
        """A catalogue function, with primes."""
        return self.spelt(self.signs.function(name)) + "′" * order

    def quotient(self, above: str, below: str) -> str:
        """A partial derivative."""
        return f"∂{above}/∂{below}"

    def changed(self, name: str) -> str:
        """The change of what is called `name`."""
        return f"d({name})" if self.signs.apart else f"d{name}"

    # --- indexed scalars --------------------------------------------------------------------------------------------------

    def _scalar(self, expr: Expr) -> Text:
        if isinstance(expr, Entry):
            return Text(self.entry(expr), BINDING["hadamard" if "/" in self.name(expr.key) else "atom"])
        if isinstance(expr, Differential):
            return Text(self.changed(self.entry(expr.entry)), BINDING["atom"])
        if isinstance(expr, Index):
            return Text(expr.name, BINDING["atom"])
        if expr.is_Number:
            return _number(expr)
        if isinstance(expr, Add):
            return self._sum(expr.args)
        minus, bare = sign(expr)
        if minus:
            return Text("−" + self.text(bare).within("total"), BINDING["sign"])
        if isinstance(expr, Total):
            expr = places.narrowed(expr)
            body = self.text(expr.body)
            return Text(f"{self._sums(expr)} {body.within('total')}", BINDING["total"])
        if isinstance(expr, Mul):
            return self._product(expr.args)
        if isinstance(expr, Pow):
            return self._power(self._base(expr.base), expr.exp)
        if isinstance(expr, Elementwise):
            return self._call(self.function(expr.name, expr.order), expr.argument)
        if isinstance(expr, Where):
            return self._where(expr)
        if isinstance(expr, Pairing):
            return self.text(expr.written_out())
        if isinstance(expr, Delta):
            return Text(f"[{' = '.join(map(self._place, expr.args))}]", BINDING["atom"])
        if isinstance(expr, Within):
            first = self.system.first_index
            return Text(f"[{first} ≤ {self._place(expr.args[0])} ≤ {int(expr.args[1]) - 1 + first}]", BINDING["atom"])
        if isinstance(expr, Partial):
            held = ", ".join(dict.fromkeys(self.name(e.key) for e in expr.held))
            shown = self.quotient(self.entry(expr.of), self.entry(expr.by))
            return Text(f"{shown} ({held} held)" if held else shown, BINDING["hadamard"])
        if isinstance(expr, Second):
            of, by, then = (self.entry(a) for a in expr.args)
            return Text(f"∂²{of}/(∂{then} ∂{by})", BINDING["hadamard"])
        if expr is sympy.pi:
            return Text("π", BINDING["atom"])
        return self._call(CALLS.get(expr.func, expr.func.__name__), expr.args[0])

    def _sum(self, parts: Sequence[Any]) -> Text:
        out = ""
        for place, (minus, bare) in enumerate(map(sign, parts)):
            text = self.text(bare).within("total")
            out += f" {'−' if minus else '+'} {text}" if place else f"{'−' if minus else ''}{text}"
        return Text(out, BINDING["sum"])

    def _product(self, parts: Sequence[Expr]) -> Text:
        numbers = [f for f in parts if f.is_Number]  # one at most, in front
        rest = [f for f in parts if not f.is_Number]
        under = [f for f in rest if isinstance(f, Pow) and f.exp.is_number and f.exp.is_negative]
        above = [self.text(f) for f in rest if f not in under]
        below = [self.text(power(f.base, -f.exp)) for f in under]
        if not below:
            return side_by_side([*map(_number, numbers), *above])
        for value in numbers:
            above = [*([_number(S(value.p))] if value.p != 1 else []), *above]
            below = [*([_number(S(value.q))] if value.q != 1 else []), *below]
        top = side_by_side(above) if above else Text("1", BINDING["atom"])
        bottom = side_by_side(below)
        return Text(f"{top.within('product')}/{bottom.within('power')}", BINDING["hadamard"])

    def _base(self, base: Any) -> Text:
        """The base of a power, in brackets where its name could be read as one that has a layer's number above it."""
        shown = self.text(base)
        name = isinstance(base, Entry | array_expressions.Name) and not is_cotangent(base.key) and self.is_raised(base.key)
        return Text(f"({shown.text})", BINDING["atom"]) if name else shown

    def is_raised(self, key: str) -> bool:
        """Whether what a tensor is called is also the name of layers, and has a number above it there."""
        tensor = self.system.tensors.get(key)
        return tensor is not None and tensor.layer is None and self.spelt(tensor.base) in self.signs.layered

    def _power(self, base: Text, exponent: Expr) -> Text:
        if exponent == sympy.Rational(1, 2):
            return Text("√" + base.within("atom"), BINDING["power"])
        if exponent.is_number and exponent.is_negative:
            bottom = self._power(base, -exponent) if exponent != -1 else base
            return Text(f"1/{bottom.within('power')}", BINDING["hadamard"])
        # a name that carries a layer number, z², needs brackets before it is squared
        raised = bool(set(base.text) & {*self.HIGH, "′"}) and not base.text.endswith(")")
        bare = f"({base.text})" if raised else base.within("atom")
        if exponent.is_Integer:
            return Text(bare + str(int(exponent)).translate(ABOVE), BINDING["power"])
        return Text(f"{bare}^{self.text(exponent).within('atom')}", BINDING["power"])

    def _call(self, name: str, argument: Any) -> Text:
        return Text(f"{name}({self.text(argument).text})", BINDING["atom"])

    def _where(self, expr: Where) -> Text:
        condition, then, other = expr.args
        shown = [self.text(a).text for a in (then, other)]
        if other is S.Zero and then == condition:
            return Text(f"max(0, {shown[0]})", BINDING["atom"])
        if other == neg(then) and condition == then:
            return Text(f"|{shown[0]}|", BINDING["atom"])
        if condition == add(then, neg(other)):
            return Text(f"max({shown[0]}, {shown[1]})", BINDING["atom"])
        return Text(f"({shown[0]} if {self.comparison(condition)}, else {shown[1]})", BINDING["atom"])

    def comparison(self, condition: Expr) -> str:
        """u > v."""
        left, right = compared(condition)
        if left is S.Zero:
            return f"{self.text(right).text} < 0"
        return f"{self.text(left).text} > {self.text(right).text}"


def side_by_side(parts: Sequence[Text]) -> Text:
    if len(parts) == 1:
        return parts[0]
    last = len(parts) - 1
    shown = [p.within("total" if place == last and p.binding == BINDING["total"] else "product") for place, p in enumerate(parts)]
    return Text(" ".join(shown), BINDING["total"] if parts[-1].binding == BINDING["total"] else BINDING["product"])


def _number(value: Expr) -> Text:
    if value.is_Rational and not value.is_Integer:
        return Text(f"{value.p}/{value.q}".replace("-", "−"), BINDING["product" if value.is_positive else "sign"])
    return Text(str(value).replace("-", "−"), BINDING["atom" if not value.is_negative else "sign"])
