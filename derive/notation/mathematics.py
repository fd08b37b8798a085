"""The tree of mathematics: what stands between an expression of a view and its signs, whatever they are written in.

`formula` makes it of indexed scalars and of arrays; each emitter reads it: LaTeX, MathML, plain text, spoken words. A tree says
what is a name, a product, a sum over which letters, a transpose; where brackets go, what is a fraction and what a slash, and how
a tensor is called is for the emitters. The children of a tree are the trees among its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound="Tree")


@dataclass(frozen=True)
class Tree:
    """Any of these."""


@dataclass(frozen=True)
class Letter(Tree):
    """The letter of an index."""

    name: str


@dataclass(frozen=True)
class Numeral(Tree):
    """A number: a fraction, or as it is written where it is none."""

    value: Fraction
    written: str = ""


@dataclass(frozen=True)
class Figure(Tree):
    """The number of a quantity, put in for it, as it is written. fraction: it has a bar."""

    written: str
    fraction: bool = False


@dataclass(frozen=True)
class Constant(Tree):
    """A number with a name: pi."""

    name: str


# --- names --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Symbol(Tree):
    """A tensor, or one entry of it. key: the quantity, also a cotangent that has a letter of its own, δ.

    slots: what stands at its axes, None for a dot. array: it stands for all entries at the places that no slot says;
    matrix: it has two such axes, and a capital. dotted: also the axes without a letter are written.
    """

    key: str
    slots: tuple[Tree | None, ...] = ()
    array: bool = False
    matrix: bool = False
    dotted: bool = False


@dataclass(frozen=True)
class Slope(Tree):
    """The derivative of the cost by a quantity."""

    by: Symbol


@dataclass(frozen=True)
class Change(Tree):
    """The differential of a quantity."""

    of: Symbol | Slope


@dataclass(frozen=True)
class Partial(Tree):
    """A partial derivative. held: what is held constant, each tensor once."""

    of: Symbol | Slope
    by: Symbol | Slope
    held: tuple[Symbol | Slope, ...] = ()


@dataclass(frozen=True)
class Second(Tree):
    """A second derivative, first by `by` and then by `then`."""

    of: Symbol | Slope
    by: Symbol | Slope
    then: Symbol | Slope


@dataclass(frozen=True)
class Ones(Tree):
    """The column of ones."""


@dataclass(frozen=True)
class Identity(Tree):
    """The identity matrix."""


# --- arithmetic ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sum(Tree):
    """Terms; one with a minus sign is a Minus."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True)
class Minus(Tree):
    """What stands behind a minus sign."""

    of: Tree


@dataclass(frozen=True)
class Product(Tree):
    """A positive number times factors, over divisors."""

    number: Fraction
    factors: tuple[Tree, ...]
    divisors: tuple[Tree, ...] = ()


@dataclass(frozen=True)
class Power(Tree):
    """A power; of each entry, where it is entrywise."""

    base: Tree
    exponent: Tree
    entrywise: bool = False


@dataclass(frozen=True)
class Root(Tree):
    """The square root of a number."""

    of: Tree


@dataclass(frozen=True)
class Over:
    """Letters of a sum: those that run over whole axes stand together; one that does not has its ends."""

    letters: tuple[Letter, ...]
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Total(Tree):
    """A sum over letters. A condition on them is a factor of the body: an Indicator of Between."""

    over: tuple[Over, ...]
    body: Tree


@dataclass(frozen=True)
class Call(Tree):
    """A function of one argument. own: it is one of the catalogue; order: how often it is differentiated; array: entrywise.

    along: the axis along which a softmax of a matrix acts, 0 down each column and 1 along each row.
    """

    function: str
    argument: Tree
    own: bool = False
    order: int = 0
    array: bool = False
    along: int | None = None


# --- conditions ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Greater(Tree):
    """left > right."""

    left: Tree
    right: Tree


@dataclass(frozen=True)
class Less(Tree):
    """left < right."""

    left: Tree
    right: Tree


@dataclass(frozen=True)
class Equal(Tree):
    """Two places on an axis are the same."""

    left: Tree
    right: Tree


@dataclass(frozen=True)
class Between(Tree):
    """first ≤ at ≤ last: a place lies on the axis."""

    first: int
    at: Tree
    last: int


Condition = Greater | Less | Equal | Between


@dataclass(frozen=True)
class Indicator(Tree):
    """1 where the condition holds, else 0."""

    of: Condition


@dataclass(frozen=True)
class Cases(Tree):
    """`then` where the condition holds, else `other`."""

    condition: Condition
    then: Tree
    other: Tree


@dataclass(frozen=True)
class Maximum(Tree):
    """The larger of two."""

    left: Tree
    right: Tree


@dataclass(frozen=True)
class Absolute(Tree):
    """The absolute value."""

    of: Tree


# --- arrays -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Transpose(Tree):
    """The transpose."""

    of: Tree


@dataclass(frozen=True)
class MatrixProduct(Tree):
    """The matrix product."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True)
class ScalarProduct(Tree):
    """The product of numbers that are themselves products of arrays: (uᵀv)(wᵀz)."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True)
class Entrywise(Tree):
    """x ⊙ y ⊘ z, read from the left. divides: which of the others divide."""

    first: Tree
    others: tuple[Tree, ...]
    divides: tuple[bool, ...]


@dataclass(frozen=True)
class Scaled(Tree):
    """A positive number, written somehow, times an array."""

    factor: Tree
    of: Tree


@dataclass(frozen=True)
class SquaredNorm(Tree):
    """The sum of the squares of all entries."""

    of: Tree


@dataclass(frozen=True)
class Inner(Tree):
    """⟨A, B⟩, the sum of all products of entries at the same place."""

    left: Tree
    right: Tree


# --- lines --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line(Tree):
    """left = right. ranges: which places free letters take, where not the whole of an axis; each: for each of these labels."""

    left: Tree
    right: Tree
    ranges: tuple[Between, ...] = ()
    each: tuple[Letter, ...] = ()


ZERO, ONE = Numeral(Fraction(0)), Numeral(Fraction(1))


# --- questions ----------------------------------------------------------------------------------------------------------------


def symbol_of(name: Symbol | Slope) -> Symbol:
    """The symbol of a quantity, or of that by which the cost is differentiated."""
    return name.by if isinstance(name, Slope) else name


def children(tree: Tree) -> Iterator[Tree]:
    """The trees among the fields of a tree."""
    for field in fields(tree):
        value = getattr(tree, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Over):
                yield from part.letters
            elif isinstance(part, Tree):
                yield part


def every(tree: Tree) -> Iterator[Tree]:
    """The tree and all within it, parents first."""
    yield tree
    for part in children(tree):
        yield from every(part)


def transformed(tree: Kind, rule: Callable[[Tree], Tree | None]) -> Kind:
    """The tree, with those within it replaced for which `rule` has an answer."""

    def one(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(one, value))
        return (rule(value) or transformed(value, rule)) if isinstance(value, Tree) else value

    return replace(tree, **{field.name: one(getattr(tree, field.name)) for field in fields(tree)})


def has(tree: Tree, *kinds: type[Tree]) -> bool:
    """Whether one of these kinds is in it."""
    return any(isinstance(part, kinds) for part in every(tree))


def is_high(tree: Tree) -> bool:
    """Whether a factor is so high that it stands beside a fraction and not in it: a sum over letters, or one with such a term."""
    return isinstance(tree, Total) or (isinstance(tree, Sum) and has(tree, Total))


def has_fraction(tree: Tree) -> bool:
    """Whether it is written with a bar of a fraction."""
    return any(
        isinstance(part, Slope | Partial | Second)
        or (isinstance(part, Figure) and part.fraction)
        or (isinstance(part, Numeral) and part.value.denominator != 1)
        or (isinstance(part, Product) and (bool(part.divisors) or part.number.denominator != 1))
        for part in every(tree)
    )


def conditions(total: Total) -> tuple[tuple[Between, ...], Tree]:
    """What a sum says below it of its letters, where a factor of its body says it, and the body without these factors."""
    letters = {letter for over in total.over for letter in over.letters}
    body = total.body
    if not isinstance(body, Product):
        return (), body

    def bounds(factor: Tree) -> bool:
        return isinstance(factor, Indicator) and isinstance(factor.of, Between) and any(t in letters for t in every(factor.of))

    said = tuple(f.of for f in body.factors if bounds(f) and isinstance(f, Indicator) and isinstance(f.of, Between))
    if not said:
        return (), body
    rest = tuple(f for f in body.factors if not bounds(f))
    alone = len(rest) == 1 and not body.divisors and body.number == 1
    ends = (Between(o.first, o.letters[0], o.last) for o in total.over if o.first is not None and o.last is not None)
    return (*ends, *said), rest[0] if alone else replace(body, factors=rest)


def is_raised_e(call: Call) -> bool:
    """Whether an exponential may be written as e with its argument above: it is low, and that of a number."""
    of_a_number = call.function == "exp" and not call.own and not call.array
    return of_a_number and not has_fraction(call.argument) and not has(call.argument, Total)


def laid_out(product: Product) -> tuple[tuple[Tree, ...], tuple[Tree, ...], tuple[Tree, ...]]:
    """What of a product stands above a bar, below it, and behind the fraction; nothing below where there is no fraction.

    What is high or long stands behind: (1/N) Σ …
    """
    number = product.number
    numerator = (Numeral(Fraction(number.numerator)),) if number.numerator != 1 else ()
    below = (*((Numeral(Fraction(number.denominator)),) if number.denominator != 1 else ()), *product.divisors)
    above = (*numerator, *product.factors)
    if not below:
        return above, (), ()
    if all(isinstance(b, Numeral) for b in below) and (len(above) > 1 or any(map(is_high, above))):
        return numerator, below, product.factors
    plain = not any(has(b, Letter, Total) for b in below)

    def stays(factor: Tree) -> bool:
        choice = isinstance(factor, Cases | Maximum | Absolute)
        fraction = isinstance(factor, Symbol | Slope | Figure | Sum) and has_fraction(factor)
        return not (choice or fraction or (is_high(factor) and (plain or len(above) > 1)))

    return tuple(f for f in above if stays(f)), below, tuple(f for f in above if not stays(f))
