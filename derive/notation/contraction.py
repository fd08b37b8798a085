"""Factors with up to two indices each -> one array, by contraction.

An index is a node and a two-index factor an edge. A summed index with two edges joins them into a matrix product; factors on the
same indices are a Hadamard product; two free indices with no edge between them an outer product; an index that a term lacks is
carried by a column of ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Integer, S

from ..expressions.nodes import Entry, Example, Index, mul
from ..expressions.system import COUNT
from .array_expressions import Axes, Diagonal, Inner, Node, Ones, Scalar, Times, hadamard, product, scaled, transpose


class NoMatrixForm(Exception):
    """This expression cannot be written with vectors and matrices alone."""


@dataclass
class Factor:
    """A factor on its way into a product: an array, and where it stood."""

    node: Node
    place: int

    @property
    def axes(self) -> Axes:
        return self.node.axes


def contracted(factors: list[Factor], bound: Axes, axes: Axes) -> Node:
    """The product of the factors, summed over `bound`, as an array over `axes`. Raises NoMatrixForm."""
    return _assembled(_eliminated(factors, bound), axes)


def oriented(node: Node, axes: Axes) -> Node:
    """The array, transposed where its axes stand the other way round. Raises NoMatrixForm where they are others."""
    if node.axes == axes:
        return node
    if len(axes) == 2 and node.axes == (axes[1], axes[0]):
        return transpose(node)
    raise NoMatrixForm("axes that do not fit")


def _joined(factors: list[Factor], axes: Axes) -> Factor:
    """Factors on the same indices as one Hadamard product with the given axes."""
    return Factor(hadamard([oriented(f.node, axes) for f in factors]), min(f.place for f in factors))


def _eliminated(factors: list[Factor], bound: Axes) -> list[Factor]:
    """Sum over the bound indices, the innermost first."""
    free = [b for b in bound if not any(b in f.axes for f in factors)]
    factors = _inner(factors, bound)
    for index in reversed(bound):
        touching = [f for f in factors if index in f.axes]
        others = [f for f in factors if index not in f.axes]
        if touching:
            factors = sorted([*others, _summed(touching, index)], key=lambda f: f.place)
            factors = _inner(factors, bound)
        elif index in free:  # nothing depends on it: the sum counts
            factors = [Factor(Scalar((), Entry.of(COUNT) if isinstance(index, Example) else Integer(index.size)), -1), *factors]
    return factors


def _inner(factors: list[Factor], bound: Axes) -> list[Factor]:
    """Two matrices over the same two summed indices, and nothing else on them: ⟨A, B⟩."""
    for first in factors:
        if len(first.axes) != 2 or not all(a in bound for a in first.axes):
            continue
        touching = [f for f in factors if set(f.axes) & set(first.axes)]
        if len(touching) >= 2 and all(set(f.axes) == set(first.axes) for f in touching):
            left = touching[0]
            right = _joined(touching[1:], left.axes)
            node = Inner((), left.node, right.node)
            rest = [f for f in factors if f not in touching]
            return sorted([*rest, Factor(node, left.place)], key=lambda f: f.place)
    return factors


def _summed(touching: list[Factor], index: Index) -> Factor:
    place = min(f.place for f in touching)
    columns = [f for f in touching if f.axes == (index,)]
    groups: dict[Index, list[Factor]] = {}
    for one in touching:
        if len(one.axes) == 2:
            groups.setdefault(one.axes[0] if one.axes[1] == index else one.axes[1], []).append(one)
    if len(groups) > 2:
        raise NoMatrixForm(f"three matrices meet at the index {index}")
    if not groups:
        left = columns[0]
        right = _joined(columns[1:], (index,)).node if len(columns) > 1 else None
        if right is None:
            return Factor(product((), transpose(Ones((index,))), left.node), place)
        return Factor(product((), transpose(left.node), right), place)
    column = _joined(columns, (index,)).node if columns else None
    (other, group), *more = sorted(groups.items(), key=lambda pair: min(f.place for f in pair[1]))
    first = _joined(group, (other, index)).node
    if not more:
        return Factor(product((other,), first, column if column is not None else Ones((index,))), place)
    (last, second_group) = more[0]
    second = _joined(second_group, (index, last)).node
    middle = [] if column is None else [Diagonal((index, index), column)]
    return Factor(product((other, last), first, *middle, second), place)


def _assembled(factors: list[Factor], axes: Axes) -> Node:
    """What is left over, all of it on the wanted axes."""
    scalars = [f.node for f in factors if not f.axes]
    arrays = [f for f in factors if f.axes]
    if any(a not in axes for f in arrays for a in f.axes):
        raise NoMatrixForm("an index is left over")
    node = _spread(arrays, axes)
    factor = mul(*(n.expr for n in scalars if isinstance(n, Scalar)))
    front = [n for n in scalars if not isinstance(n, Scalar)]
    if front and not axes:
        node = front[0] if len(front) == 1 else Times((), tuple(front))
    elif front:
        node = Times(axes, (*front, node))
    return scaled(factor, node)


def _spread(factors: list[Factor], axes: Axes) -> Node:
    if not axes:
        return Scalar((), S.One)
    if len(axes) == 1:
        return hadamard([f.node for f in factors]) if factors else Ones(axes)
    matrices = [f for f in factors if len(f.axes) == 2]
    rows = [f for f in factors if f.axes == (axes[0],)]
    columns = [f for f in factors if f.axes == (axes[1],)]
    left = _joined(rows, (axes[0],)).node if rows else None
    right = _joined(columns, (axes[1],)).node if columns else None
    if not matrices:
        left = left if left is not None else Ones((axes[0],))
        right = right if right is not None else Ones((axes[1],))
        return product(axes, left, transpose(right))
    middle = _joined(matrices, axes).node
    if left is not None:
        middle = product(axes, Diagonal((axes[0], axes[0]), left), middle)
    if right is not None:
        middle = product(axes, middle, Diagonal((axes[1], axes[1]), right))
    return middle
