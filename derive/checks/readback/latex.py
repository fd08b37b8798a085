"""LaTeX -> tree, by the grammar that a reader of mathematics has.

    relation    sum (= sum)*
    sum         ± entrywise (± entrywise)*
    entrywise   product (⊙ product | ⊘ product)*          from the left
    product     factor factor …                            Σ takes all that follows, up to the next sign
    factor      a name, number, bracket, fraction, call …, with what stands above it

A letter before a bracket is a function where the sheet has a function of that letter.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from . import tree
from .cursor import Cursor
from .pieces import letter, rows, split
from .tokens import Unreadable, latex
from .tree import Name, Tokens, Tree

RANGES = re.compile(r"\\quad (?:\\allowbreak )?\(([^()]*\\le [^()]*)\)\s*$")
RELATIONS = ("=", "<", ">", r"\le", r"\ge", r"\approx", r"\leftarrow")
CALLS = {r"\tanh", r"\exp", r"\log", r"\ln", r"\sin", r"\cos", r"\max", r"\min"}
CLOSING = {"(": ")", "[": "]", r"\{": r"\}"}
BETWEEN = {"+", "-", r"\odot", r"\oslash", "/", r"\cdot", r"\times"}
ENDS = {")", "]", "}", "|)", "bar", "|", ",", "&", r"\rangle", r"\rVert", "", *RELATIONS, *BETWEEN}
"""Before these no factor begins."""


@lru_cache(maxsize=16)  # a sentence, a line and the row in which it stands ask for the same again
def read(text: str, functions: frozenset[str] = frozenset()) -> tree.Relation:
    """A formula as sides with relations between them. Raises Unreadable. functions: the names of functions."""
    said = RANGES.search(text)
    found = Reader(latex(text[: said.start()] if said else text), functions).whole()
    return replace(found, ranges=ranges(latex(said[1]), r"\le")) if said else found


@lru_cache(maxsize=32)  # many lines of a page begin alike
def _left(tokens: tuple[str, ...], functions: frozenset[str]) -> Tree | None:
    """Tokens as one side; None where they are none."""
    reader = Reader(list(tokens), functions)
    try:
        found = reader.side()
    except Unreadable:
        return None
    return found if reader.at == len(tokens) else None


def ranges(tokens: list[str], between: str) -> tuple[tuple[str, int, int], ...]:
    """0 ≤ i ≤ 2, 0 ≤ j ≤ 3: what a line says of its letters."""
    found = []
    for part in split(tokens, ","):
        low, name, high = split(part, between)
        found.append((letter(name), int("".join(low)), int("".join(high))))
    return tuple(found)


class Reader(Cursor):
    """Reads one list of tokens."""

    def __init__(self, tokens: list[str], functions: frozenset[str] = frozenset()) -> None:
        super().__init__(tokens)
        self.functions = functions

    def of(self, tokens: list[str]) -> Reader:
        return Reader(tokens, self.functions)

    def whole(self) -> tree.Relation:
        """All tokens as one relation."""
        found = self.relation(self.left())
        self.end()
        return found

    # --- from loose to tight ------------------------------------------------------------------------------------------------

    def relation(self, left: Tree | None = None) -> tree.Relation:
        sides: list[Tree] = [left or self.side()]
        signs = []
        while self.next in RELATIONS:
            signs.append(self.take())
            sides.append(self.sum())
        return tree.Relation(tuple(sides), tuple(signs))

    def left(self) -> Tree:
        """The left-hand side, as it has been read before, where it has."""
        end = self.tokens.index("=") if "=" in self.tokens else 0
        found = _left(tuple(self.tokens[:end]), self.functions) if end else None
        if found is None:
            return self.side()
        self.go(end)
        return found

    def side(self) -> Tree:
        return tree.Gap() if self.next in RELATIONS else self.sum()

    def sum(self) -> Tree:
        terms = []
        sign = self.take() if self.next in ("+", "-") else "+"
        while True:
            term = self.entrywise()
            terms.append(tree.Negative(term) if sign == "-" else term)
            if self.next not in ("+", "-"):
                break
            sign = self.take()
        return terms[0] if len(terms) == 1 else tree.Add(tuple(terms))

    def entrywise(self) -> Tree:
        first = self.product()
        rest = []
        while self.next in (r"\odot", r"\oslash"):
            sign = self.take()
            rest.append((sign, self.product()))
        return tree.Entrywise(first, tuple(rest)) if rest else first

    def product(self) -> Tree:
        factors: list[Tree] = []
        while True:
            if self.next in (r"\cdot", r"\times") and factors:
                self.take()
                if self.ends():
                    raise Unreadable(f"`{self.next or 'the end'}` behind a dot")
            elif self.next == "/" and factors:
                self.take()
                factors = [tree.Quotient(tree.product(factors), self.factor())]
                continue
            if self.ends():
                break
            if self.next == r"\sum":
                factors.append(self.total())
                break
            factors.append(self.factor())
        if not factors:
            raise Unreadable(f"nothing stands before `{self.next or 'the end'}`")
        return tree.product(factors)

    def ends(self) -> bool:
        """Whether no factor comes next."""
        return self.next in ENDS or self.next.startswith((r"\end{", r"\\"))

    def total(self) -> Tree:
        self.take(r"\sum")
        below: list[str] = []
        above: list[str] = []
        while self.next in ("_", "^"):
            if self.take() == "_":
                below = self.group()
            else:
                above = self.group()
        lines = rows(below[2:-1]) if below[:1] == [r"\substack"] else [below]
        letters: list[str] = []
        bounds: list[tuple[Tree, Tree] | None] = []
        for part in split(lines[0], ","):
            reader = self.of(part)
            if "=" in part:
                place = part.index("=")
                if not above:
                    raise Unreadable("a sum says where it begins and not where it ends")
                letters.append(letter(part[:place]))
                bounds.append((self.of(part[place + 1 :]).alone(), self.of(above).alone()))
            else:
                letters.append(letter(reader.tokens[:-1]))
                bounds.append(None)
        conditions = tuple(self.of(line).whole() for line in lines[1:])
        if not letters:
            raise Unreadable("a sum over nothing")
        return tree.Total(tuple(letters), tuple(bounds), conditions, self.entrywise())

    def alone(self) -> Tree:
        """All tokens as one sum."""
        found = self.sum()
        self.end()
        return found

    def braced(self) -> Tree:
        """What stands in braces, or the one token in their place, as one sum."""
        if self.next != "{":
            return self.of([self.take()]).alone()
        self.take()
        found = self.sum()
        self.take("}")
        return found

    # --- factors ------------------------------------------------------------------------------------------------------------

    def factor(self) -> Tree:
        found = self.base()
        if self.next == "^" and self.at != self.raised:
            self.take()
            found = self.power(found, self.group())
            self.raised = self.at
        if self.next == "^":
            raise Unreadable("two things stand above one another without a bracket")
        if self.next == "_":
            raise Unreadable("something stands below what has no indices")
        return found

    def power(self, base: Tree, above: list[str]) -> Tree:
        if above == [r"\top"]:
            return tree.Transposed(base)
        entrywise = above[:1] == [r"\odot"]
        exponent = self.of(above[1:] if entrywise else above).alone()
        return tree.Power(base, exponent, entrywise)

    def base(self) -> Tree:
        token = self.next
        method = _BASES.get(token)
        if method is not None:
            return method(self)
        if token in self.functions or token in CALLS or token.startswith(r"\operatorname"):
            found = self.call()
            if found is not None:
                return found
        if token[:1].isdigit():
            self.take()
            return tree.number(token.replace("{,}", "."))
        if token.startswith(r"\begin"):
            return self.environment()
        return self.named()

    def change(self) -> Tree:
        self.take(r"\mathrm{d}")
        name = self.name()
        if name.above == (r"\top",):
            return tree.Transposed(tree.Change(tree.name(name.letter, name.below)))
        return tree.Change(name)

    def call(self) -> Tree | None:
        """A function with its argument in brackets; \\log also before one name. None where a letter has no bracket behind it."""
        start = self.at
        name = self.take().removeprefix(r"\operatorname{").removesuffix("}")
        order, along, power = 0, [], None
        while self.next in ("'", "_", "^"):
            sign = self.take()
            if sign == "'":
                order += 1
            elif sign == "_":
                along = self.group()
            elif self.next == "{" and self.tokens[self.at + 1] == r"\prime":
                order += len(self.group())
            else:
                power = self.group()
        if name in self.functions and name not in CALLS and (self.next != "(" or (along and power is None)):
            self.go(start)
            return None
        if name == "diag":
            found: Tree = tree.Call(name, 0, self.arguments())
        elif self.next == "(":
            found = tree.Call(name, order, self.arguments(), tuple(along))
        elif order or along:
            raise Unreadable(f"`{name}` has no argument")
        else:
            found = tree.Call(name, 0, (self.factor(),))
        return found if power is None else self.power(found, power)

    def arguments(self) -> tuple[Tree, ...]:
        self.take("(")
        found = [self.sum()]
        while self.next == ",":
            self.take()
            found.append(self.sum())
        self.take(")")
        return tuple(found)

    def bracketed(self) -> Tree:
        self.take("(")
        found = self.sum()
        self.take(")")
        return tree.grouped(found)

    def claim(self) -> Tree:
        self.take("[")
        found = self.relation()
        while self.next == "," and isinstance(found.sides[0], tree.Matrix):  # an array of more than two axes, slice by slice
            self.take()
            found = self.relation()
        self.take("]")
        if isinstance(found.sides[0], tree.Matrix):
            return tree.Matrix()
        if not found.signs:
            raise Unreadable("a bracket in which nothing is said")
        return tree.Bracket(found)

    def fraction(self) -> Tree:
        self.take(r"\frac", r"\tfrac", r"\dfrac")
        if self.next == r"\partial" or (self.next == "{" and self.tokens[self.at + 1] == r"\partial"):
            return self.derivative(self.group(), self.group())
        return tree.Quotient(self.braced(), self.braced())

    def derivative(self, above: list[str], below: list[str]) -> tree.Derivative:
        """∂z over ∂w, or ∂²z over ∂b ∂w."""
        top = self.of(above)
        top.take(r"\partial")
        order = 1
        if top.next == "^":
            top.take()
            order = int("".join(top.group()))
        of = top.name()
        under = self.of(below)
        by = []
        while under.next == r"\partial":
            under.take()
            by.append(under.name())
        if len(by) != order or top.next or under.next:
            raise Unreadable("a derivative that is not one")
        return tree.Derivative(of, tuple(by))

    def flat_derivative(self) -> Tree:
        self.take(r"\partial")
        of = self.name()
        self.take("/")
        self.take(r"\partial")
        return tree.Derivative(of, (self.name(),))

    def barred(self) -> Tree:
        """\\left. ∂z/∂w \\right|_{what is held}."""
        self.take("|.")
        found = self.base()
        self.take("bar")
        if not isinstance(found, tree.Derivative):
            raise Unreadable("a bar behind what is no derivative")
        held: list[Name | None] = []
        if self.next == "_":
            self.take()
            held = [None if part == [r"\dots"] else self.of(part).lone_name() for part in split(self.group(), ",")]
        return tree.Derivative(found.of, found.by, tuple(held))

    def root(self) -> Tree:
        self.take(r"\sqrt")
        return tree.Root(self.braced())

    def size(self) -> Tree:
        self.take("|(")
        found = self.sum()
        self.take("|)")
        return tree.Size(found)

    def norm(self) -> Tree:
        self.take(r"\lVert")
        found = self.sum()
        self.take(r"\rVert")
        self.take("^")
        if self.group() != ["2"]:
            raise Unreadable("a norm that is not squared")
        return tree.Norm(found)

    def paired(self) -> Tree:
        self.take(r"\langle")
        left = self.sum()
        self.take(",")
        right = self.sum()
        self.take(r"\rangle")
        return tree.Paired(left, right)

    def ones(self) -> Tree:
        self.take(r"\mathbf")
        if self.group() != ["1"]:
            raise Unreadable("a bold sign that is not known")
        return tree.Ones()

    def blank(self) -> Tree:
        self.take(r"\dsblank")
        self.group(), self.group()
        return tree.Gap()

    def environment(self) -> Tree:
        kind = self.take()
        start, depth = self.at, 1
        while depth:
            token = self.take()
            if not token:
                raise Unreadable("an array is not closed")
            depth += 1 if token.startswith(r"\begin") else -1 if token.startswith(r"\end") else 0
        inside = self.tokens[start : self.at - 1]
        if not kind.startswith(r"\begin{cases}"):
            return tree.Matrix()
        cases: list[tuple[Tree, Tree | None]] = []
        for row in rows(inside):
            cells = split(row, "&")
            if len(cells) != 2:
                raise Unreadable("a case without its condition")
            said = cells[1]
            if cases and cases[-1][1] is None:
                raise Unreadable("a case behind `otherwise`")
            condition = None if said == [r"\dsotherwise"] else self.of(said).whole()
            cases.append((self.of(cells[0]).alone(), condition))
        return tree.Cases(tuple(cases))

    # --- names --------------------------------------------------------------------------------------------------------------

    def named(self) -> Tree:
        """A name; what stands above it may be its own or a power, which is not decided here."""
        name = self.name()
        if name.above == (r"\top",):
            return tree.Transposed(tree.name(name.letter, name.below))
        if name.above[:1] == (r"\odot",):
            return tree.Power(tree.name(name.letter, name.below), self.of(list(name.above[1:])).alone(), True)
        return name


_BASES = {
    "(": Reader.bracketed, "[": Reader.claim, "|(": Reader.size, "|.": Reader.barred, r"\frac": Reader.fraction,
    r"\tfrac": Reader.fraction, r"\dfrac": Reader.fraction, r"\partial": Reader.flat_derivative, r"\sqrt": Reader.root,
    r"\lVert": Reader.norm, r"\langle": Reader.paired, r"\mathbf": Reader.ones, r"\dsblank": Reader.blank,
    r"\mathrm{d}": Reader.change,
}  # fmt: skip


__all__ = ["Tokens", "read"]
