"""Expressions -> NumPy source text: arrays, and indexed scalars where there is no form in arrays.

matrix product    W2.T @ delta2         outer product    np.outer(delta2, a1)
ones              delta2.sum(axis=0)    diagonal         v[:, None] * A
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sympy import Expr

from ...expressions.nodes import Index
from ...expressions.system import Equation
from ...expressions.traversal import factors, nodes
from ...notation import array_expressions
from ...notation.array_expressions import ArrayEquation, Node
from ...notation.minus import sign
from .pieces import ATOM, MATMUL, POWER, SUM, Axes, Piece, added, aligned, negative, summed, times
from .scalars import ScalarWriter


@dataclass(frozen=True)
class _Factor:
    """A factor of a matrix product: a row, a column, a matrix or the ones (which are not written)."""

    piece: Piece
    row: bool = False
    column: bool = False
    ones: bool = False


class Writer(ScalarWriter):
    """Writes the right-hand sides of one function's lines."""

    def right(self, equation: Equation | ArrayEquation, indices: Axes) -> Piece:
        """The right-hand side as an array with the axes `indices`, those of the left-hand side."""
        self.order = list(indices)
        self.prelude = []
        if isinstance(equation, ArrayEquation):
            return self.filled(self.array(equation.rhs), indices)
        self.order = list(dict.fromkeys([*indices, *(n for n in nodes(equation.rhs) if isinstance(n, Index))]))
        return self.filled(self.scalar(equation.rhs), indices)

    def array(self, node: Node) -> Piece:
        """An expression of the matrix view."""
        match node:
            case array_expressions.Name():
                slots = [":"] * (len(node.axes) + len(node.labels))
                for axis, at in node.labels:
                    slots[axis] = str(int(at))
                return self._picked(self.names.of(node.key), slots, node.axes)
            case array_expressions.Scalar():
                return self.scalar(node.expr)
            case array_expressions.Zeros():
                return Piece("0.0")
            case array_expressions.Ones():
                return Piece("1")
            case array_expressions.Identity():
                return Piece(f"np.eye({self.extent(node.axes[0])})", ATOM, node.axes)
            case array_expressions.Transpose():
                return aligned(self.array(node.of), node.axes)
            case array_expressions.Product():
                return self._product(node)
            case array_expressions.Hadamard() | array_expressions.Times():
                return self._entrywise(node)
            case array_expressions.Sum():
                return added([(minus, self.array(bare)) for minus, bare in map(sign, node.args)], node.axes)
            case array_expressions.Scaled():
                minus, factor = sign(node.factor)
                above, below = self._quotient(factors(factor))
                out = times([*above, self.array(node.of)], below, node.axes)
                return negative(out) if minus else out
            case array_expressions.Map():
                return self._applied(node.function, self.array(node.of))
            case array_expressions.Softmax():
                self.called["softmax", 0] = None
                inner = self.filled(self.array(node.of), node.of.axes)
                along = f", axis={node.along}" if len(node.axes) > 1 else ""
                return Piece(f"softmax({inner.text}{along})", ATOM, node.axes)
            case array_expressions.SquaredNorm():
                inner = self.filled(self.array(node.of), node.of.axes)
                return Piece(f"np.sum({inner.within(ATOM)}**2)")
            case array_expressions.Positive():
                inner = self.array(node.of)
                return Piece(f"np.where({inner.text} > 0, 1.0, 0.0)", ATOM, inner.axes)
            case array_expressions.Diagonal():
                return Piece(f"np.diag({self.filled(self.array(node.of), node.of.axes).text})", ATOM, node.axes)
            case array_expressions.Inner():
                both = [self.filled(self.array(a), a.axes) for a in (node.left, node.right)]
                return summed(times(both, (), node.left.axes), node.left.axes)
        raise TypeError(type(node).__name__)

    def _applied(self, function: Expr, inner: Piece) -> Piece:
        """A function of the entry u, at every entry of an array."""
        before, self.argument = self.argument, inner
        out = self.scalar(function)
        self.argument = before
        return replace(out, axes=inner.axes)

    def _entrywise(self, node: array_expressions.Hadamard | array_expressions.Times) -> Piece:
        above: list[Piece] = []
        below: list[Piece] = []
        for arg in node.args:
            if array_expressions.divides(arg) and isinstance(arg, array_expressions.Map):
                below.append(self.array(arg.of))
            elif isinstance(arg, array_expressions.Positive) and above:  # a truth value counts as 0 or 1 behind a number
                inner = self.array(arg.of)
                above.append(Piece(f"{inner.text} > 0", SUM, inner.axes))
            else:
                above.append(self.array(arg))
        return times(above, below, node.axes)

    def _product(self, node: array_expressions.Product) -> Piece:
        """A matrix product. Where a column meets a row, it falls apart into factors of an outer product."""
        runs: list[list[_Factor]] = [[]]
        for arg in node.args:
            factor = self._factor(arg)
            if runs[-1] and runs[-1][-1].column and factor.row:
                runs.append([])
            runs[-1].append(factor)
        scalars: list[Piece] = []
        outer: list[Piece] = []
        for run in runs:
            piece = _chain(run)
            (scalars if run[0].row and run[-1].column else outer).append(piece)
        written = [p for p in outer if p.text != "1"]
        if len(written) == 2:
            axes = (*written[0].axes, *written[1].axes)
            written = [Piece(f"np.outer({written[0].text}, {written[1].text})", ATOM, axes)]
        return times([*scalars, *written], (), node.axes)

    def _factor(self, node: Node) -> _Factor:
        row = is_row(node)
        column = len(node.axes) == 1 and not row
        bare = node.of if isinstance(node, array_expressions.Transpose) else node
        if isinstance(bare, array_expressions.Ones):
            return _Factor(Piece("1"), row, column, ones=True)
        if isinstance(bare, array_expressions.Diagonal):  # written by its entries; one index for both axes marks it
            inner = self.filled(self.array(bare.of), bare.of.axes)
            return _Factor(replace(inner, axes=(*inner.axes, *inner.axes)))
        return _Factor(self.filled(self.array(node), node.axes), row, column)


def is_row(node: Node) -> bool:
    """Whether an array with one axis is a row."""
    if isinstance(node, array_expressions.Scaled):
        return is_row(node.of)
    if isinstance(node, array_expressions.Product):
        return len(node.axes) == 1 and is_row(node.args[0])
    return isinstance(node, array_expressions.Transpose) and len(node.axes) == 1


def _chain(run: Sequence[_Factor]) -> Piece:
    """A run of matrix products without an outer one: ones become sums, diagonal matrices entrywise products."""
    first, last = run[0].ones, run[-1].ones and len(run) > 1
    pieces = [f.piece for f in run if not f.ones]
    if not pieces:
        return Piece("1")
    done: list[Piece] = []
    pending: Piece | None = None
    for piece in pieces:
        if piece.diagonal:
            entries = replace(piece, axes=piece.axes[:1])
            if done:
                done[-1] = times([done[-1], entries], (), done[-1].axes)
            else:
                pending = entries if pending is None else times([pending, entries], (), entries.axes)
        elif pending is not None:
            done.append(times([pending, piece], (), piece.axes))
            pending = None
        else:
            done.append(piece)
    if pending is not None:
        return pending if first or last else Piece(f"np.diag({pending.text})", ATOM, (*pending.axes, *pending.axes))
    if first:
        done[0] = summed(done[0], done[0].axes[:1])
    if last and done[-1].axes:
        done[-1] = summed(done[-1], done[-1].axes[-1:])
    if len(done) == 1:
        return done[0]
    left = done[0].axes[:-1]
    return Piece(" @ ".join(p.within(POWER) for p in done), MATMUL, (*left, *done[-1].axes[1:]))
