"""Plain text -> tree: what a terminal shows, and what a PDF carries behind its formulas.

    dz^(2)[j] = sum_k (dw^(2)[j,k] a^(1)[k] + w^(2)[j,k] da^(1)[k]) + db^(2)[j]
    δ¹ = ((W²)ᵀ δ²) ⊙ tanh′(z¹)

Names are the longest signs that fit, a d before one is its change; ∂C/∂w may be written dC/dw. A bracket right behind a name
holds its indices, one that stands apart a statement.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from . import tree
from .latex import ranges
from .text_cursor import HIGH, TextCursor
from .tokens import Unreadable
from .tree import Name, Tree

RAISED = {"ᵀ", "^", ".", *HIGH}
"""What stands above begins with one of these."""

RANGES = re.compile(r" {3}\(([^()]*(?:≤|<=)[^()]*)\)$")
EACH = re.compile(r"\s+for each [\w, ]+$")
RELATIONS = ("=", "<", ">", "≤", "<=")
TIMES = {"⊙": r"\odot", ".*": r"\odot", "⊘": r"\oslash", "./": r"\oslash"}
ENDS = {"", ")", "]", ",", "⟩", "}", "..", "if", "else", "held", *RELATIONS}
BOUNDS = re.compile(r"[{(](\w+)=(\w+)[})]\^[{(](\w+)[})]")
LETTER = re.compile(r"[^\W_]+")
HELD = re.compile(r"\s*\(([^()]*(?:\([^()]*\)[^()]*)*) held\)")
CALL = re.compile(r"([^\W_]\w*?)(['′]*)(?:_(rows|columns))?\(")
PRIMED = re.compile(r"\w+['′]+\(")
SECOND = re.compile(r"(?:∂²|d\^2)(?=[^\W\d_])")
"""d^2 b is a product, of a quantity d."""

CALLS = {"exp", "log", "sin", "cos", "tanh", "erf", "max", "min", "softmax", "diag"}


@lru_cache(maxsize=16)  # as in LaTeX
def read(text: str, names: tuple[str, ...], functions: frozenset[str] = frozenset()) -> tree.Relation:
    """A formula of plain text. Raises Unreadable. names: every sign without its layer; functions: those of functions."""
    text = EACH.sub("", text) if " for each " in text else text
    said = RANGES.search(text)
    if said is None:
        return Plain(text, names, functions).whole()
    found = Plain(text[: said.start()], names, functions).whole()
    return replace(found, ranges=ranges(re.findall(r"\w+|≤|,", said[1].replace("<=", "≤")), "≤"))


@lru_cache(maxsize=32)  # many lines of a page begin alike
def _left(text: str, names: tuple[str, ...], functions: frozenset[str]) -> Tree | None:
    """A text as one side; None where it is none."""
    reader = Plain(text, names, functions)
    try:
        found = reader.side()
    except Unreadable:
        return None
    return None if reader.next else found


class Plain(TextCursor):
    """Reads one text."""

    def __init__(self, text: str, names: tuple[str, ...], functions: frozenset[str] = frozenset()) -> None:
        super().__init__(text, names)
        self.functions = functions
        self.open: list[str] = []  # bars that a later one closes

    def whole(self) -> tree.Relation:
        """All of the text as one relation."""
        found = self.relation(self.left())
        if self.next:
            raise Unreadable(f"`{self.text[self.at : self.at + 20]}` cannot be read there")
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
        end = self.text.find("=")
        found = _left(self.text[:end], self.names, self.functions) if end > 0 else None
        if found is None:
            return self.side()
        self.at = end
        return found

    def side(self) -> Tree:
        return tree.Gap() if self.next == "=" else self.sum()

    def sum(self) -> Tree:
        terms = []
        sign = self.take() if self.next in ("+", "-", "−") else "+"
        while True:
            term = self.entrywise()
            terms.append((sign, term))
            if self.next not in ("+", "-", "−"):
                break
            sign = self.take()
        signed = [term if sign == "+" else tree.Negative(term) for sign, term in terms]
        return signed[0] if len(signed) == 1 else tree.Add(tuple(signed))

    def entrywise(self) -> Tree:
        first = self.product()
        rest = []
        while self.next in TIMES:
            sign = TIMES[self.take()]
            rest.append((sign, self.product()))
        return tree.Entrywise(first, tuple(rest)) if rest else first

    def product(self) -> Tree:
        factors: list[Tree] = []
        while True:
            token = self.next
            if token == "/" and factors:
                self.take()
                below = self.factor()
                above = factors[-1]
                if isinstance(above, tree.Change) and isinstance(below, tree.Change):  # c dC/dq is a number times a derivative
                    factors[-1] = self.held(tree.Derivative(above.of, (below.of,)))
                else:
                    factors = [tree.Quotient(tree.product(factors), below)]
                continue
            opens = token == "<" and not self.text[self.at + 1 : self.at + 2].isspace()
            signs = factors and token in ("+", "-", "−", "/")
            if (token in ENDS and not opens) or token in TIMES or token in self.open or signs:
                break
            if token in ("Σ_", "sum_"):
                factors.append(self.total())
                break
            factors.append(self.factor())
        if not factors:
            raise Unreadable(f"nothing stands before `{self.next or 'the end'}`")
        return tree.product(factors)

    def held(self, found: tree.Derivative) -> tree.Derivative:
        """(b, a held) behind a partial."""
        said = self.here(HELD)
        if said is None:
            return found
        names: list[Name | None] = []
        for part in said[1].split(", "):
            inner = Plain(part, self.names, self.functions)
            name = inner.name()
            if inner.next or not isinstance(name, Name):
                raise Unreadable(f"`{part}` is no name")
            names.append(name)
        return tree.Derivative(found.of, found.by, tuple(names))

    def total(self) -> Tree:
        self.take()
        letters = []
        bounds: list[tuple[Tree, Tree] | None] = []
        said = self.here(BOUNDS)
        if said is not None:  # one letter with its range
            low, high = (tree.number(said[n]) for n in (2, 3))
            return tree.Total((said[1],), ((low, high),), (), self.entrywise())
        while True:
            found = self.here(LETTER)
            if found is None:
                raise Unreadable("a sum over nothing")
            letters.append(found[0])
            bounds.append(None)
            if self.text[self.at : self.at + 1] != ",":
                break
            self.at += 1
        return tree.Total(tuple(letters), tuple(bounds), (), self.entrywise())

    # --- factors ------------------------------------------------------------------------------------------------------------

    def factor(self) -> Tree:
        found = self.base()
        while (token := self.text[self.at : self.at + 1]) in RAISED:
            if token == "ᵀ" or (self.text.startswith("^T", self.at) and not self.text[self.at + 2 : self.at + 3].isalnum()):
                self.at += 1 if token == "ᵀ" else 2
                found = tree.Transposed(found)
            elif token in HIGH:
                found = tree.Power(found, tree.number(self.high()))
            elif token == "^" or self.text.startswith(".^", self.at):
                self.at += 1 if token == "^" else 2
                entrywise = token == "." or self.next == "⊙"
                if token == "^" and entrywise:
                    self.take()
                found = tree.Power(found, self.exponent(), entrywise)
            else:
                break
        return found

    def exponent(self) -> Tree:
        """A number, a name, or a bracket; -2 too."""
        if self.next in ("-", "−"):
            self.take()
            return tree.Negative(self.base())
        return self.base()

    def base(self) -> Tree:
        token = self.next
        if token in CALLS or token in self.functions or token.startswith("softmax_") or PRIMED.match(self.text, self.at):
            found = self.call()
            if found is not None:
                return found
        if token[:1] in ("d", "∂"):
            if self.here(SECOND):
                return self.second()
            if self.told_apart and self.text.startswith("(", self.at + 1) and self.bare.match(self.text, self.at + 2):
                return self.apart()
        if self.known and self.known.match(self.text, self.at):
            return self.name()
        if token in ("𝟏", "ones"):
            self.take()
            return tree.Ones()
        if token[:1].isdecimal():
            self.take()
            return tree.number(token)
        if token == "(":
            return self.bracketed()
        if token == "[":
            self.take()
            claim = self.relation()
            self.take("]")
            return tree.Bracket(claim)
        if token in ("⟨", "<"):
            self.take()
            left = self.sum()
            self.take(",")
            right = self.sum()
            self.take("⟩", ">")
            return tree.Paired(left, right)
        if token in ("‖", "||"):
            inner = self.between(token)
            if self.text[self.at : self.at + 1] == "²":
                self.at += 1
            else:
                self.take("^")
                self.take("2")
            return tree.Norm(inner)
        if token == "|":
            return tree.Size(self.between(token))
        if token in ("√", "sqrt"):
            self.take()
            return tree.Root(self.base())
        if token == "π":
            self.take()
            return tree.name("pi")
        if token[:1].isalpha() and token != "ᵀ":  # an index, the u of a definition, the identity
            self.take()
            return tree.name(token)
        raise Unreadable(f"`{token or 'the end'}` stands where a name belongs")

    def between(self, bar: str) -> Tree:
        """What stands between two equal bars."""
        self.take(bar)
        self.open.append(bar)
        inner = self.sum()
        self.open.pop()
        self.take(bar)
        return inner

    def second(self) -> Tree:
        """∂²C/(∂b ∂w), behind its first sign."""
        of = self.name()
        self.take("/")
        self.take("(")
        by = (self.name(), self.name())
        self.take(")")
        changes = [b.of for b in by if isinstance(b, tree.Change)]
        if len(changes) != 2 or not isinstance(of, Name):
            raise Unreadable("a second derivative that is not one")
        return tree.Derivative(of, tuple(changes))

    def bracketed(self) -> Tree:
        self.take("(")
        found = self.sum()
        if self.next == "if":
            self.take("if")
            condition = self.relation()
            self.take(",")
            self.take("else")
            other = self.sum()
            found = tree.Cases(((found, condition), (other, None)))
        self.take(")")
        return tree.grouped(found)

    def call(self) -> Tree | None:
        """A function with its argument; None where no bracket follows at once."""
        found = self.here(CALL)
        if found is None:
            return None
        args = [self.sum()]
        while self.next == ",":
            self.take()
            args.append(self.sum())
        self.take(")")
        return tree.Call(found[1], len(found[2]), tuple(args), (found[3],) if found[3] else ())
