"""The matrix form: z = W @ x + b.

A part of an equation is worth an `Array`: a shape, and the scalar expression at given indices. Arrays are lazy, so the product
A @ B at (i, j) is the sum of A at (i, k) times B at (k, j). Every sum gets an index of its own while the expression is built; the
letters that a reader sees are given at the end, in reading order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, islice
from math import prod

from sympy import Expr, Function

from ...errors import EquationError
from ..nodes import Entry, Index, Total, mul, power, rebuild, total
from ..system import Equation
from ..traversal import LETTERS, factors, free_indices, nodes
from .grammar import MAX_DEPTH, Source
from .operations import Form, Names, contradiction, described, exponential, over_all

At = Callable[..., Expr]


@dataclass(frozen=True)
class Array:
    """A scalar, vector or matrix: `at(i, j)` is its entry there. row: a vector that a transpose has laid down."""

    shape: tuple[int, ...]
    at: At
    row: bool = False


class MatrixForm(Form[Array]):
    """Builds arrays of rank 0, 1 and 2."""

    def __init__(self, source: Source, names: Names, defined: str) -> None:
        super().__init__(source, names)
        self.defined = defined
        self._numbers = count()

    def _bound(self, size: int) -> Index:
        return Index(f"~{next(self._numbers)}", size)  # no name of the user's has a tilde

    def _array(self, node: ast.expr, shape: tuple[int, ...], at: At, row: bool = False) -> Array:
        return Array(shape, lambda *place: self.bounded(node, at(*place)), row)

    def number(self, value: Expr) -> Array:
        return Array((), lambda: value)

    def name(self, node: ast.Name) -> Array:
        shape = self.names.shapes.get(node.id)
        if shape is None:
            raise self.unknown(node)
        if len(shape) > 2:
            raise self.source.error(
                f"{node.id} has {len(shape)} axes, and the matrix form has no more than 2", node, "write it with indices"
            )
        return Array(shape, lambda *place: Entry.of(node.id, *place))

    def entry(self, node: ast.Subscript) -> Array:
        raise AssertionError("an equation with indices is in index form")

    def lift(self, node: ast.expr, operands: list[ast.expr], build: Callable[..., Expr]) -> Array:
        """Entry by entry; scalars go with everything, arrays with those of their own shape."""
        values = [self.value(operand) for operand in operands]
        shaped = [(operand, v) for operand, v in zip(operands, values, strict=True) if v.shape]
        shape = shaped[0][1].shape if shaped else ()
        for operand, v in shaped:
            if v.shape != shape:
                raise self._misfit(node, shaped[0], (operand, v))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and values[1].shape:
            raise self.source.error(f"the exponent `{self.source.of(node.right)}` is not a scalar", node.right)
        rows = bool(shaped) and all(v.row for _, v in shaped)
        return self._array(node, shape, lambda *place: build(*(v.at(*place) if v.shape else v.at() for v in values)), rows)

    def _misfit(self, node: ast.expr, first: tuple[ast.expr, Array], second: tuple[ast.expr, Array]) -> EquationError:
        (a, u), (b, v) = first, second
        message = f"{described(self.source.of(a), u.shape)}, but {described(self.source.of(b), v.shape)}"
        hint = "entry by entry, only equal shapes go together"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and u.shape[-1] == v.shape[0]:
            hint = f"for the matrix product write {self.source.of(a)} @ {self.source.of(b)}"
        elif len(u.shape) != len(v.shape):
            vector, matrix = ((a, u), v) if len(u.shape) == 1 else ((b, v), u)
            letter = "j" if vector[1].shape[0] == matrix.shape[1] else "n"
            name = self.source.of(vector[0]) if isinstance(vector[0], ast.Name) else "…"
            hint = f"write it in index form: {self.defined}[n,j] = … {name}[{letter}] …"
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and vector[0] is b:
                hint = f"write it in index form: {self.defined}[n,j] = … + {name}[{letter}]"
        return self.source.error(message, b, hint)

    def transpose(self, node: ast.Attribute) -> Array:
        inner = self.value(node.value)
        if len(inner.shape) == 2:
            return self._array(node, inner.shape[::-1], lambda i, j: inner.at(j, i))
        return Array(inner.shape, inner.at, row=len(inner.shape) == 1 and not inner.row)

    def product(self, node: ast.BinOp) -> Array:
        left, right = self.value(node.left), self.value(node.right)
        for side, array in ((node.left, left), (node.right, right)):
            if not array.shape:
                raise self.source.error(f"`@` multiplies arrays, but {self.source.of(side)} is a scalar", side, "write * instead")
        if right.row:
            # As NumPy reads it, this would silently be the inner product.
            raise self.source.error(
                f"`{self.source.of(node.right)}` is a row, and stands on the right of `@`",
                node.right,
                f"for the outer product write outer({self.source.of(node.left)}, {_bare(self.source, node.right)})",
            )
        if left.shape[-1] != right.shape[0]:
            raise self.source.error(
                f"{described(self.source.of(node.left), left.shape)}, but {described(self.source.of(node.right), right.shape)}: "
                f"`@` needs {left.shape[-1]} and {right.shape[0]} to be equal",
                node,
                self._other_way(node, left, right),
            )
        before, size = len(left.shape) - 1, right.shape[0]

        def at(*place: Expr) -> Expr:
            k = self._bound(size)
            return contract(mul(left.at(*place[:before], k), right.at(k, *place[before:])), (k,))

        row = len(left.shape) == 1 and len(right.shape) == 2
        return self._array(node, left.shape[:-1] + right.shape[1:], at, row and left.row)

    def _other_way(self, node: ast.BinOp, left: Array, right: Array) -> str:
        """The transpose that would make a product fit."""
        a, b = self.source.of(node.left), self.source.of(node.right)
        if len(right.shape) == 2 and right.shape[1] == left.shape[-1]:
            return f"did you mean {a} @ {b}.T?" if isinstance(node.right, ast.Name) else ""
        if len(left.shape) == 2 and left.shape[0] == right.shape[0]:
            return f"did you mean {a}.T @ {b}?" if isinstance(node.left, ast.Name) else ""
        if len(left.shape) == len(right.shape) == 1:
            return f"for the outer product write outer({a}, {b})"
        return ""

    def outer(self, node: ast.Call) -> Array:
        u, v = (self.value(argument) for argument in node.args)
        for argument, array in zip(node.args, (u, v), strict=True):
            if len(array.shape) != 1:
                what = described(self.source.of(argument), array.shape)
                raise self.source.error(f"`outer` multiplies two vectors, but {what}", argument)
        return self._array(node, u.shape + v.shape, lambda i, j: mul(u.at(i), v.at(j)))

    def over(self, node: ast.Call, function: str) -> Array:
        self.expect(node, function, 1)
        inner = self.value(node.args[0])
        if function == "softmax":
            return self._softmax(node, inner)

        def at() -> Expr:
            place = tuple(self._bound(size) for size in inner.shape)
            return over_all(function, inner.at(*place), prod(inner.shape), lambda u: contract(u, place))

        return self._array(node, (), at)

    def _softmax(self, node: ast.Call, inner: Array) -> Array:
        if not inner.shape:
            raise self.source.error(f"`softmax` needs a vector or a matrix, but {self.source.of(node.args[0])} is a scalar", node)

        def at(*place: Expr) -> Expr:
            other = self._bound(inner.shape[-1])
            below = total(exponential(inner.at(*place[:-1], other)), other)
            return mul(exponential(inner.at(*place)), power(below, -1))

        return self._array(node, inner.shape, at, inner.row)


def contract(body: Expr, indices: tuple[Index, ...]) -> Expr:
    """The sum of a product over `indices`. Numbers go in front; sums in it that depend on the indices are joined."""
    numbers: list[Expr] = []
    parts: list[Expr] = []
    bound = list(indices)
    for factor in factors(body):
        if factor.is_Number:
            numbers.append(factor)
        elif isinstance(factor, Total) and set(free_indices(factor)) & set(indices):
            bound += factor.indices  # each sum has an index of its own, so none is captured
            parts.append(factor.body)
        else:
            parts.append(factor)
    return mul(*numbers, total(mul(*parts), *bound))


def matrix_equation(source: Source, names: Names, left: ast.expr, right: ast.expr) -> tuple[Equation, tuple[int, ...]]:
    """An equation in matrix form, written out with indices, and the shape of what it defines."""
    assert isinstance(left, ast.Name)
    value = MatrixForm(source, names, left.id).value(right)
    pool = _pool(len(value.shape), {*names.shapes, left.id})
    free = [Index(letter, size) for letter, size in zip(pool, value.shape, strict=False)]
    rhs = _lettered(value.at(*free), {index: index for index in free}, pool)
    declared = names.shapes.get(left.id)
    if declared is not None and declared != value.shape:
        raise contradiction(source, left, declared, value.shape)
    return Equation(Entry.of(left.id, *free), rhs), value.shape


def _pool(rank: int, taken: set[str]) -> list[str]:
    """Letters for indices, in the order in which they are given: j, k, m, … for a vector, i, j, k, … for a matrix."""
    start = 0 if rank == 2 else LETTERS.index("j")
    pool = [letter for letter in LETTERS[start:] + LETTERS[:start] if letter not in taken]
    numbered = (f"k{number}" for number in count(1))
    return [*pool, *islice((letter for letter in numbered if letter not in taken), 3 * MAX_DEPTH)]


def _lettered(expr: Expr, names: Mapping[Index, Index], pool: list[str]) -> Expr:
    """Give every sum's index the first letter that no sum around it uses, in the order in which a reader meets them."""
    if isinstance(expr, Index):
        return names[expr]
    if isinstance(expr, Total):
        bound = [index for index in dict.fromkeys(nodes(expr.body)) if index in expr.indices]
        used = {index.name for index in names.values()}
        letters = (letter for letter in pool if letter not in used)
        inner = {index: Index(next(letters), index.size) for index in bound}
        return Total(_lettered(expr.body, {**names, **inner}, pool), *inner.values())
    if not expr.args:
        return expr
    args = [_lettered(arg, names, pool) if isinstance(arg, Expr) else arg for arg in expr.args]
    # SymPy would rewrite exp(log(u)) and the like on the way: what the author wrote stays.
    return expr.func(*args, evaluate=False) if isinstance(expr, Function) else rebuild(expr, args)


def _bare(source: Source, node: ast.expr) -> str:
    return source.of(node.value) if isinstance(node, ast.Attribute) else source.of(node)
