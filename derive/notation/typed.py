"""Mathematics of a text -> LaTeX, as its author typed it: the same names, in the same order and the same form.

The tree of the equation language is printed as it was read; nothing is derived from it and no sheet's tensors are put in. A name
is bare where it was typed bare, and has a layer where one was typed: `W.1`. What a product of two names is, entry by entry or of
numbers, depends on what the names are in the sheet that the text speaks of.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import EquationError
from ..expressions.language.grammar import Source, chain, read_equation, read_expression, subscripts
from ..expressions.language.operations import BUILT_IN, OVER
from ..expressions.system import System
from ..network.catalogue import functions
from .emitters.latex import Text
from .emitters.latex import text as made
from .emitters.precedence import BESIDE_CIRCLE, BINDING, SCRIPTED
from .glyphs import ALIASES, GREEK, Glyph, Symbols, named, parsed

LAYER = re.compile(r"(?<![\w.])([^\W\d]\w*)\.(\d+)(?!\w)")
NUMBERED = re.compile(r"(\w+)__layer__(\d+)")
EQUATES = re.compile(r"\s*[^\W\d]\w*(\.\d+)?\s*(\[[^\]]*\])?\s*=(?!=)")
ONE_LINE = {"exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "max": r"\max", "min": r"\min"}


@dataclass(frozen=True)
class Typed:
    """A formula of a text, in the equation language. ranks: how many axes its names have, as far as a sheet tells.

    Make it with `read`, which refuses what is none.
    """

    text: str
    ranks: Mapping[str, int] = field(default_factory=dict, hash=False)

    def names(self) -> set[str]:
        """The names in it without their layers and without the d of a change; neither functions nor indices."""
        return {base for base, _, _ in map(self.taken_apart, _names(self.text))}

    def layers(self) -> set[int]:
        """The layers that are named in it."""
        return {layer for _, layer, _ in map(self.taken_apart, _names(self.text)) if layer is not None}

    def taken_apart(self, name: str) -> tuple[str, int | None, bool]:
        """A name as it was typed: what it is called, its layer, and whether it is the change of that."""
        numbered = NUMBERED.fullmatch(name)
        base, layer = (numbered[1], int(numbered[2])) if numbered else (name, None)
        rest = base.removeprefix("d")
        change = rest != base and base not in self.ranks and base not in GREEK and (rest in self.ranks or is_letter(rest))
        return (rest if change else base), layer, change


def ranks(system: System) -> dict[str, int]:
    """How many axes the names of a system have, for one training example; a matrix of the catalogue has a small letter too."""
    found: dict[str, int] = {}
    for tensor in system.tensors.values():
        rank = len(tensor.shape) - (tensor.batch is not None)
        found.setdefault(tensor.base, rank)
        if tensor.cased:
            found.setdefault(tensor.base[0].lower() + tensor.base[1:], 0 if rank == 2 else rank)
            found.setdefault(tensor.base[0].upper() + tensor.base[1:], 2)
    return found


def is_letter(name: str) -> bool:
    """Whether a name is a sign rather than a word: a letter, Latin or Greek, perhaps with a number or a subscript."""
    base = re.sub(r"\d+$", "", name.split("_")[0])
    return len(base) == 1 or base in GREEK or base in ALIASES


def read(text: str, ranks: Mapping[str, int]) -> Typed:
    """A formula as it was typed. Raises EquationError where it is none."""
    source, sides = _sides(text)
    for side in sides:
        for node in ast.walk(side):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in {*BUILT_IN, *functions()}:
                raise source.error(f"unknown function `{node.func.id}`", node)
            if isinstance(node, ast.Call):
                _check_arguments(source, node)
    return Typed(text, dict(ranks))


def is_meant(text: str) -> bool:
    """Whether a text that cannot be read was meant as an equation: a name, `=`, and something."""
    return EQUATES.match(text) is not None


def _check_arguments(source: Source, node: ast.Call) -> None:
    assert isinstance(node.func, ast.Name)
    count = {"where": 3, "outer": 2, "max": 2, "min": 2}.get(node.func.id)
    if not node.args or (count is not None and len(node.args) != count):
        raise source.error(f"`{node.func.id}` needs {count or 1} argument{'s' if (count or 1) > 1 else ''}", node)
    if node.func.id == "where" and not isinstance(node.args[0], ast.Compare):
        raise source.error(f"`{source.of(node.args[0])}` is not a comparison", node.args[0], "write where(u > v, a, b)")


def _sides(text: str) -> tuple[Source, list[ast.expr]]:
    """The sides of an equation, or the expression alone."""
    plain = LAYER.sub(r"\1__layer__\2", text)
    if "=" in plain:
        source, left, right = read_equation(plain)
        return source, [left, right]
    source, node = read_expression(plain)
    return source, [node]


def _names(text: str) -> Iterator[str]:
    for side in _sides(text)[1]:
        indices = {id(n) for s in ast.walk(side) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
        called = [c for c in ast.walk(side) if isinstance(c, ast.Call)]
        over = {id(a) for c in called if isinstance(c.func, ast.Name) and c.func.id in OVER for a in c.args[1:]}
        skipped = indices | over | {id(c.func) for c in called}
        yield from (n.id for n in ast.walk(side) if isinstance(n, ast.Name) and id(n) not in skipped and n.id != "pi")


def _without_minus(node: ast.BinOp) -> tuple[bool, ast.BinOp]:
    """Whether the first factor of a product has a minus sign, and the product without it: -a*b is -(a*b)."""
    minus, left = False, node.left
    if isinstance(left, ast.UnaryOp) and isinstance(left.op, ast.USub):
        minus, left = True, left.operand
    elif isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult | ast.Div | ast.MatMult):
        minus, left = _without_minus(left)
    return minus, ast.BinOp(left, node.op, node.right) if minus else node


class Printer:
    """Prints with the signs of a sheet: its functions, its own glyphs, its labels of layers."""

    def __init__(self, symbols: Symbols, typed: Typed, on_one_line: bool = False) -> None:
        self.symbols = symbols
        self.typed = typed
        self.on_one_line = on_one_line

    def latex(self) -> str:
        """The whole formula."""
        return " = ".join(self.text(side)[0].latex for side in _sides(self.typed.text)[1])

    def text(self, node: ast.expr) -> tuple[Text, int]:
        """A part, and how many axes it has as far as that is known."""
        match node:
            case ast.Constant():
                return made(str(node.value), "atom"), 0
            case ast.Name():
                return self._name(node.id)
            case ast.Subscript(value=ast.Name(id=name)):
                shown = [re.sub(r"\s|\*", "", ast.unparse(i)) for i in subscripts(node)]
                return self._name(name, ("" if all(len(s) == 1 for s in shown) else ",").join(shown))
            case ast.Attribute(value=inner):
                text, rank = self.text(inner)
                return made(rf"{text.within(SCRIPTED)}^{{\top}}", "power", text), rank
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                text, rank = self.text(inner)
                return made("-" + text.within("total"), "sign", text), rank
            case ast.UnaryOp(operand=inner):
                return self.text(inner)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node)
            case ast.BinOp(op=ast.Pow()):
                return self._power(node)
            case ast.BinOp():
                minus, bare = _without_minus(node)
                text, rank = self._product(bare)
                return (made("-" + text.within("total"), "sign", text) if minus else text), rank
            case ast.Compare(left=left, comparators=[right], ops=[relation]):
                sign = ">" if isinstance(relation, ast.Gt) else "<"
                first, second = self.text(left)[0], self.text(right)[0]
                return made(f"{first.latex} {sign} {second.latex}", "sum", first, second), 0
            case ast.Call(func=ast.Name(id=function), args=args):
                return self._call(function, args)
        raise EquationError("this is no formula", text=self.typed.text)

    def _name(self, name: str, indices: str = "") -> tuple[Text, int]:
        base, layer, change = self.typed.taken_apart(name)
        if base not in self.typed.ranks and not indices and (base in functions() or base in BUILT_IN):
            return made(self._function(base), "atom"), 0
        if base == "pi" and base not in self.typed.ranks:
            return made(r"\pi", "atom"), 0
        latex = self._glyph(base, layer).latex(indices)
        rank = 0 if indices else self.typed.ranks.get(base, 0)
        high = "^" in latex
        return made(rf"\mathrm{{d}}{latex}" if change else latex, "power" if high else "atom"), rank

    def _glyph(self, base: str, layer: int | None) -> Glyph:
        if layer is None and base in self.symbols.system.tensors:
            return self.symbols.glyph(base)
        own = self.symbols.overrides.get(base)
        found = parsed(own) if own is not None else named(base, flat=base in self.symbols.signs.flat)
        above = self.symbols.layer(layer) if layer is not None else ""
        return Glyph(found.letter, found.below, ", ".join(p for p in (found.above, above) if p))

    def _sum(self, node: ast.BinOp) -> tuple[Text, int]:
        out = ""
        parts: list[Text] = []
        ranks: list[int] = []
        for sign, operand in chain(node, ast.Add, ast.Sub):
            text, rank = self.text(operand)
            negative = sign is None and text.binding == BINDING["sign"]  # the first term's own sign
            shown = text.latex if negative else text.within("total")
            out += f" {'-' if isinstance(sign, ast.Sub) else '+'} {shown}" if parts else shown
            parts.append(text)
            ranks.append(rank)
        return made(out, "sum", *parts), max(ranks)

    def _product(self, node: ast.BinOp) -> tuple[Text, int]:
        (left, rank), (right, other) = self.text(node.left), self.text(node.right)
        if isinstance(node.op, ast.Div):
            return self._quotient(node, left, rank, right, other)
        if isinstance(node.op, ast.Mult) and rank and other:
            first = left.latex if left.binding == BINDING["hadamard"] else left.within(BESIDE_CIRCLE)
            return made(rf"{first} \odot {right.within(BESIDE_CIRCLE)}", "hadamard", left, right), max(rank, other)
        if isinstance(node.op, ast.MatMult) and rank == 1 and other and not self._is_row(node.left):
            left = made(rf"{left.within(SCRIPTED)}^{{\top}}", "power", left)  # x @ y is xᵀ y, x @ A is xᵀ A
        ends = right.binding == BINDING["total"]
        number = left.latex.isdigit() and not right.latex[:1].isdigit()
        shown = left.within("product") + ("" if number else r"\,") + right.within("total" if ends else "product")
        axes = max(rank + other - 2, 0) if isinstance(node.op, ast.MatMult) else max(rank, other)
        return made(shown, "total" if ends else "product", left, right), axes

    def _is_row(self, node: ast.expr) -> bool:
        """Whether a vector lies already: x.T, and x @ A."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            return self.text(node.left)[1] == 1
        return isinstance(node, ast.Attribute)

    def _quotient(self, node: ast.BinOp, left: Text, rank: int, right: Text, other: int) -> tuple[Text, int]:
        changes = [n.id for n in (node.left, node.right) if isinstance(n, ast.Name) and self.typed.taken_apart(n.id)[2]]
        if len(changes) == 2:
            above, below = (self._glyph(*self.typed.taken_apart(n)[:2]).latex() for n in changes)
            if self.on_one_line:
                return made(rf"\partial {above}/\partial {below}", "power"), other
            return made(rf"\frac{{\partial {above}}}{{\partial {below}}}", "power", tall=True), other
        if not other:
            return made(rf"\frac{{{left.latex}}}{{{right.latex}}}", "product", tall=True), rank
        over = left.within(BESIDE_CIRCLE) if left.binding != BINDING["hadamard"] else left.latex
        front = ""
        if not rank:  # s/x is s (𝟏 ⊘ x)
            front = "" if left.latex == "1" else left.within("product")
            over = r"\mathbf{1}" if other == 1 else r"(\mathbf{1}\,\mathbf{1}^{\top})"
        shown = rf"{over} \oslash {right.within(BESIDE_CIRCLE)}"
        shown = rf"{front}\,({shown})" if front else shown
        return made(shown, "product" if front else "hadamard", left, right), max(rank, other)

    def _power(self, node: ast.BinOp) -> tuple[Text, int]:
        base, rank = self.text(node.left)
        exponent = re.sub(r"[\s()]", "", ast.unparse(node.right))
        if not re.fullmatch(r"-?[\d./]+", exponent):
            exponent = self.text(node.right)[0].latex
        circle = r"\odot " if rank else ""
        return made(rf"{base.within(SCRIPTED)}^{{{circle}{exponent}}}", "power", base), rank

    def _call(self, function: str, args: list[ast.expr]) -> tuple[Text, int]:
        texts = [self.text(a) for a in args]
        inner, rank = texts[0]
        over = ",".join(t.latex for t, _ in texts[1:])
        if function == "sum" and over:
            return made(rf"\sum_{{{over}}} {inner.within('total')}", "total", tall=True), 0
        if function == "where":
            (claim, _), (then, one), (other, two) = texts
            shown = rf"\begin{{cases}}{then.latex} & {claim.latex}\\ {other.latex} & \dsotherwise\end{{cases}}"
            return made(shown, "sum", tall=True), max(one, two)
        if function == "outer":
            (left, _), (right, _) = texts
            return made(rf"{left.within('product')}\,{right.within(SCRIPTED)}^{{\top}}", "product", left, right), 2
        if function in ("max", "min"):
            both = made(",\\,".join(t.latex for t, _ in texts), "sum", *(t for t, _ in texts))
            return made(f"{ONE_LINE[function]}{both.bracketed()}", "power", both), max(r for _, r in texts)
        if function == "sqrt" and not rank:
            return made(rf"\sqrt{{{inner.latex}}}", "atom", tall=True), 0
        if function == "abs":
            return made(rf"\left|{inner.latex}\right|", "atom", tall=True), rank
        if function == "norm" and not over:
            return made(rf"\lVert {inner.latex} \rVert", "atom", inner), 0
        name = self._function(function) + (f"_{{{over}}}" if over else "")
        rank = 0 if function in ("mean", "norm", "logsumexp", "sum") else rank
        return made(name + inner.bracketed(), "power", inner), rank

    def _function(self, name: str) -> str:
        """A function's name."""
        if name in functions():
            return self.symbols.function(name)
        return ONE_LINE.get(name) or rf"\operatorname{{{name}}}"
