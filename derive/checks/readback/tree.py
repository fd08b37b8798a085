"""What a reader makes of a printed formula: a small tree, in which names are still the signs that were read.

Nothing here is an expression of the calculus. What a sign stands for is decided later (`signs`), when all of the line is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar

Tokens = tuple[str, ...]
Kind = TypeVar("Kind", bound="Tree")


@dataclass(frozen=True)
class Tree:
    """Anything that can be read."""

    @property
    def children(self) -> tuple[Tree, ...]:
        """The trees directly in it, in the order of its fields."""
        return ()


@dataclass(frozen=True)
class Number(Tree):
    """A number, exactly as it stands there."""

    value: Fraction


@dataclass(frozen=True)
class Name(Tree):
    """A letter with what stands below it, part for part, and above it; `power` stands behind its indices."""

    letter: str
    below: tuple[Tokens, ...] = ()
    above: Tokens = ()

    def __hash__(self) -> int:
        found: int | None = self.__dict__.get("_mark")
        if found is None:
            found = self.__dict__["_mark"] = hash((self.letter, self.below, self.above))
        return found


@dataclass(frozen=True)
class Change(Tree):
    """The differential of a name."""

    of: Name

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Derivative(Tree):
    """∂of/∂by, or ∂²of/∂by∂by; `held` is what stands at the bar (None: no bar), with None in it for dots."""

    of: Name
    by: tuple[Name, ...]
    held: tuple[Name | None, ...] | None = None

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of, *self.by, *(name for name in self.held or () if name is not None))


@dataclass(frozen=True)
class Total(Tree):
    """A sum over letters, each from a number to a number where that is written, under conditions."""

    letters: tuple[str, ...]
    bounds: tuple[tuple[Tree, Tree] | None, ...]
    conditions: tuple[Tree, ...]
    body: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (*(end for ends in self.bounds if ends is not None for end in ends), *self.conditions, self.body)


@dataclass(frozen=True)
class Add(Tree):
    terms: tuple[Tree, ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return self.terms


@dataclass(frozen=True)
class Negative(Tree):
    of: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Product(Tree):
    """Factors side by side."""

    factors: tuple[Tree, ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return self.factors


@dataclass(frozen=True)
class Entrywise(Tree):
    """Entry by entry, from the left: `first`, then times (⊙) or divided by (⊘) one after the other."""

    first: Tree
    rest: tuple[tuple[str, Tree], ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.first, *(part for _, part in self.rest))


@dataclass(frozen=True)
class Quotient(Tree):
    above: Tree
    below: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.above, self.below)


@dataclass(frozen=True)
class Power(Tree):
    base: Tree
    exponent: Tree
    entrywise: bool = False

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.base, self.exponent)


@dataclass(frozen=True)
class Transposed(Tree):
    of: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Call(Tree):
    """A named function, with its primes; `along` is what is written at its foot."""

    name: str
    order: int
    args: tuple[Tree, ...]
    along: Tokens = ()

    @property
    def children(self) -> tuple[Tree, ...]:
        return self.args


@dataclass(frozen=True)
class Cases(Tree):
    """Values with their conditions; the last one's may be missing (otherwise)."""

    rows: tuple[tuple[Tree, Tree | None], ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return tuple(part for row in self.rows for part in row if part is not None)


@dataclass(frozen=True)
class Relation(Tree):
    """Sides with the signs between them: 0 ≤ q ≤ 2, u > v, j = k. ranges: by letter, for which places a line is said to hold."""

    sides: tuple[Tree, ...]
    signs: tuple[str, ...]
    ranges: tuple[tuple[str, int, int], ...] = ()

    @property
    def children(self) -> tuple[Tree, ...]:
        return self.sides


@dataclass(frozen=True)
class Bracket(Tree):
    """1 where the relation holds, else 0."""

    claim: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.claim,)


@dataclass(frozen=True)
class Paired(Tree):
    """⟨A, B⟩."""

    left: Tree
    right: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Norm(Tree):
    """‖A‖; it stands squared."""

    of: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Size(Tree):
    """|u|."""

    of: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Root(Tree):
    of: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Ones(Tree):
    """A column of ones."""


@dataclass(frozen=True)
class Matrix(Tree):
    """An array of numbers, which the reader of numbers looks at."""


@dataclass(frozen=True)
class Gap(Tree):
    """A place left blank."""


def grouped(tree: Tree) -> Tree:
    """What stands in brackets: a product there is one thing."""
    return Add((tree,)) if isinstance(tree, Product) else tree


@lru_cache(maxsize=4096)
def name(letter: str, below: tuple[Tokens, ...] = (), above: Tokens = ()) -> Name:
    """A name, which is the same tree wherever it stands: a page has few of them."""
    return Name(letter, below, above)


@lru_cache(maxsize=64)  # those of a page; every student has others
def number(written: str) -> Number:
    """A number as it is written, with a point before its decimals."""
    return Number(Fraction(written))


def product(factors: list[Tree]) -> Tree:
    """Factors side by side; one alone is no product."""
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def every(kind: type[Kind], *trees: Tree) -> list[Kind]:
    """All of one kind in these trees, parents first."""
    found: list[Any] = []
    for tree in trees:
        found += _by_kind(tree).get(kind, ())
    return found


def _by_kind(tree: Tree) -> dict[type[Tree], list[Tree]]:
    found: dict[type[Tree], list[Tree]] | None = tree.__dict__.get("_by_kind")  # a line is asked half a dozen times
    if found is None:
        found = tree.__dict__["_by_kind"] = {}
        stack = [tree]
        while stack:
            node = stack.pop()
            found.setdefault(type(node), []).append(node)
            stack += reversed(node.children)
    return found
