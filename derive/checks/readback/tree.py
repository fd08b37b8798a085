"""What a reader makes of a printed formula: a small tree, in which names are still the signs that were read.

Nothing here is an expression of the calculus. What a sign stands for is decided later (`signs`), when all of the line is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Tokens = tuple[str, ...]


@dataclass(frozen=True)
class Tree:
    """Anything that can be read."""

    @property
    def children(self) -> tuple[Tree, ...]:
        """The trees directly in it, in the order of its fields."""
        found: tuple[Tree, ...] | None = self.__dict__.get("_children")  # a line is walked over a dozen times
        if found is None:
            found = tuple(part for value in self.__dict__.values() for part in _trees(value))
            self.__dict__["_children"] = found
        return found


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


@dataclass(frozen=True)
class Derivative(Tree):
    """∂of/∂by, or ∂²of/∂by∂by; `held` is what stands at the bar (None: no bar), with None in it for dots."""

    of: Name
    by: tuple[Name, ...]
    held: tuple[Name | None, ...] | None = None


@dataclass(frozen=True)
class Total(Tree):
    """A sum over letters, each from a number to a number where that is written, under conditions."""

    letters: tuple[str, ...]
    bounds: tuple[tuple[Tree, Tree] | None, ...]
    conditions: tuple[Tree, ...]
    body: Tree


@dataclass(frozen=True)
class Add(Tree):
    terms: tuple[Tree, ...]


@dataclass(frozen=True)
class Negative(Tree):
    of: Tree


@dataclass(frozen=True)
class Product(Tree):
    """Factors side by side."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True)
class Entrywise(Tree):
    """Entry by entry, from the left: `first`, then times (⊙) or divided by (⊘) one after the other."""

    first: Tree
    rest: tuple[tuple[str, Tree], ...]


@dataclass(frozen=True)
class Quotient(Tree):
    above: Tree
    below: Tree


@dataclass(frozen=True)
class Power(Tree):
    base: Tree
    exponent: Tree
    entrywise: bool = False


@dataclass(frozen=True)
class Transposed(Tree):
    of: Tree


@dataclass(frozen=True)
class Call(Tree):
    """A named function, with its primes; `along` is what is written at its foot."""

    name: str
    order: int
    args: tuple[Tree, ...]
    along: Tokens = ()


@dataclass(frozen=True)
class Cases(Tree):
    """Values with their conditions; the last one's may be missing (otherwise)."""

    rows: tuple[tuple[Tree, Tree | None], ...]


@dataclass(frozen=True)
class Relation(Tree):
    """Sides with the signs between them: 0 ≤ q ≤ 2, u > v, j = k. ranges: by letter, for which places a line is said to hold."""

    sides: tuple[Tree, ...]
    signs: tuple[str, ...]
    ranges: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class Bracket(Tree):
    """1 where the relation holds, else 0."""

    claim: Tree


@dataclass(frozen=True)
class Paired(Tree):
    """⟨A, B⟩."""

    left: Tree
    right: Tree


@dataclass(frozen=True)
class Norm(Tree):
    """‖A‖; it stands squared."""

    of: Tree


@dataclass(frozen=True)
class Size(Tree):
    """|u|."""

    of: Tree


@dataclass(frozen=True)
class Root(Tree):
    of: Tree


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


def inside(tree: Tree) -> tuple[Tree, ...]:
    """The tree and everything in it, parents first."""
    found: tuple[Tree, ...] | None = tree.__dict__.get("_everything")
    if found is None:
        nodes, stack = [], [tree]
        while stack:
            nodes.append(stack.pop())
            stack.extend(reversed(nodes[-1].children))
        found = tree.__dict__["_everything"] = tuple(nodes)
    return found


def _trees(value: object) -> tuple[Tree, ...]:
    if isinstance(value, Tree):
        return (value,)
    if isinstance(value, tuple) and value and not isinstance(value[-1], str):
        return tuple(tree for part in value for tree in _trees(part))
    return ()
