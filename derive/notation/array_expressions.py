"""The expressions of the matrix and batch views.

Vectors are columns. Every node knows the indices its axes stand for, so a wrong orientation is found when it is built. What a
node is worth in numbers says `array_values`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from numpy.typing import NDArray
from sympy import Expr, Pow

from ..expressions.nodes import Index

Matrix = NDArray[Any]
Axes = tuple[Index, ...]


@dataclass(frozen=True)
class Node:
    """An array expression; `axes` are the indices of its rows and columns (none: a scalar; one: a column)."""

    axes: Axes


@dataclass(frozen=True)
class Name(Node):
    """A tensor, or its change d. `labels` are the indices written beside it and not counted as axes: (axis, index).

    dotted: its other axes are written as dots, W_{·i}, since a label alone would not say on which axis it stands.
    """

    key: str
    change: bool = False
    labels: tuple[tuple[int, Expr], ...] = ()
    dotted: bool = False

    def slots(self) -> tuple[Expr | None, ...]:
        """What is written below the name: its labels in the order of their axes, None for a dot."""
        below = dict(self.labels)
        if not self.dotted:
            return tuple(below[axis] for axis in sorted(below))
        return tuple(below.get(axis) for axis in range(len(self.axes) + len(below)))


@dataclass(frozen=True)
class Scalar(Node):
    """A scalar expression without array axes; label indices may be free in it."""

    expr: Expr


@dataclass(frozen=True)
class Ones(Node):
    """The column of ones."""


@dataclass(frozen=True)
class Zeros(Node):
    """An array of zeros."""


@dataclass(frozen=True)
class Identity(Node):
    """The identity matrix."""


@dataclass(frozen=True)
class Transpose(Node):
    """The transpose of a matrix, or of a column: a row, which has the one index of its column."""

    of: Node


@dataclass(frozen=True)
class Product(Node):
    """The matrix product of `args`, in order. A transposed column among them is a row."""

    args: tuple[Node, ...]


@dataclass(frozen=True)
class Hadamard(Node):
    """The entrywise product."""

    args: tuple[Node, ...]


@dataclass(frozen=True)
class Sum(Node):
    """The sum."""

    args: tuple[Node, ...]


@dataclass(frozen=True)
class Scaled(Node):
    """A scalar times an array."""

    factor: Expr
    of: Node


@dataclass(frozen=True)
class Times(Node):
    """The product of scalars that are arrays' products: (uᵀv)(wᵀz)."""

    args: tuple[Node, ...]


@dataclass(frozen=True)
class Map(Node):
    """A scalar function, applied to every entry. `function` is an expression in the entry u."""

    function: Expr
    of: Node


@dataclass(frozen=True)
class Softmax(Node):
    """Softmax of a column, or of each row (`along` 1) or column (`along` 0) of a matrix."""

    of: Node
    along: int = 0


@dataclass(frozen=True)
class SquaredNorm(Node):
    """‖x‖², the sum of the squares of all entries."""

    of: Node


@dataclass(frozen=True)
class Positive(Node):
    """1 where the entry is positive, else 0."""

    of: Node


@dataclass(frozen=True)
class Diagonal(Node):
    """The diagonal matrix of a column."""

    of: Node


@dataclass(frozen=True)
class Inner(Node):
    """⟨A, B⟩, the sum of all products of entries at the same place."""

    left: Node
    right: Node


@dataclass(frozen=True)
class LabelTotal(Node):
    """The sum over a label: Σ over the training examples n."""

    over: tuple[Index, ...]
    of: Node


@dataclass(frozen=True)
class ArrayEquation:
    """lhs = rhs between arrays; for each value of `labels`."""

    lhs: Node
    rhs: Node
    labels: tuple[Index, ...] = field(default=())


def parts(node: Node) -> Iterator[Node]:
    """The node and every array inside it."""
    yield node
    for part in inside(node):
        yield from parts(part)


def inside(node: Node) -> Iterator[Node]:
    """The arrays that the node is made of."""
    for field_ in fields(node):
        value = getattr(node, field_.name)
        yield from (part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, Node))


def transformed(node: Node, rule: Callable[[Node], Node | None]) -> Node:
    """The node, with those inside it replaced for which `rule` has an answer."""
    answer = rule(node)
    if answer is not None:
        return answer
    changed: dict[str, Any] = {}
    for field_ in fields(node):
        value = getattr(node, field_.name)
        if isinstance(value, Node):
            changed[field_.name] = transformed(value, rule)
        elif isinstance(value, tuple):
            changed[field_.name] = tuple(transformed(v, rule) if isinstance(v, Node) else v for v in value)
    return replace(node, **changed)


# --- building -----------------------------------------------------------------------------------------------------------------


def transpose(node: Node) -> Node:
    """The transpose, written as a person would: (AB)ᵀ as BᵀAᵀ, (Aᵀ)ᵀ as A."""
    axes = tuple(reversed(node.axes))
    if isinstance(node, Transpose):
        return node.of
    if isinstance(node, Product):
        return Product(axes, tuple(transpose(a) for a in reversed(node.args)))
    if isinstance(node, Scaled):
        return Scaled(axes, node.factor, transpose(node.of))
    if isinstance(node, Diagonal | Identity | Scalar) or not node.axes:
        return node
    return Transpose(axes, node)


def product(axes: Axes, *args: Node) -> Node:
    """The matrix product; products inside are opened, scalars come to the front, identities vanish."""
    flat: list[Node] = []
    scale: list[Expr] = []
    front: list[Node] = []
    for arg in args:
        while isinstance(arg, Scaled):
            scale.append(arg.factor)
            arg = arg.of
        if isinstance(arg, Times) and sum(bool(a.axes) for a in arg.args) == 1:  # (𝟏ᵀ x)(𝟏ᵀ a), not 𝟏ᵀ (𝟏ᵀ x) a
            front += [a for a in arg.args if not a.axes]
            (arg,) = (a for a in arg.args if a.axes)
        flat += arg.args if isinstance(arg, Product) else [arg]
    flat = [f for f in flat if not isinstance(f, Identity)] or [flat[0]]
    out = flat[0] if len(flat) == 1 else Product(axes, tuple(flat))
    out = Times(axes, (*front, out)) if front else out
    for factor in reversed(scale):
        out = scaled(factor, out)
    return out


def hadamard(args: list[Node]) -> Node:
    """The entrywise product, scalars in front."""
    if len(args) == 1:
        return args[0]
    scale: list[Expr] = []
    flat: list[Node] = []
    for arg in args:
        while isinstance(arg, Scaled):
            scale.append(arg.factor)
            arg = arg.of
        flat += arg.args if isinstance(arg, Hadamard) else [arg]
    if any(not isinstance(f, Ones) for f in flat):
        flat = [f for f in flat if not isinstance(f, Ones)]
    flat.sort(key=divides)  # y ⊘ p, not 1 ⊘ p ⊙ y
    out: Node = flat[0] if len(flat) == 1 else Hadamard(flat[0].axes, tuple(flat))
    for factor in reversed(scale):
        out = scaled(factor, out)
    return out


def ones(axes: Axes) -> Node:
    """An array of ones over one or two axes: 𝟏, or 𝟏𝟏ᵀ."""
    return Ones(axes) if len(axes) == 1 else product(axes, Ones(axes[:1]), transpose(Ones(axes[1:])))


def divides(node: Node) -> bool:
    """Whether a factor is a reciprocal, written as an entrywise division."""
    return isinstance(node, Map) and isinstance(node.function, Pow) and node.function.exp == -1


def scaled(factor: Expr, node: Node) -> Node:
    """A scalar in front of an array, joined with one that stands there."""
    from ..expressions.nodes import mul

    if isinstance(node, Scaled):
        factor, node = mul(factor, node.factor), node.of
    if factor == 0 and node.axes:
        return Zeros(node.axes)
    if isinstance(node, Scalar):
        return Scalar((), mul(factor, node.expr))
    return node if factor == 1 else Scaled(node.axes, factor, node)
