"""Expressions -> NumPy source text.

One writer for both kinds of expression, arrays and indexed scalars:

    matrix product    W2.T @ delta2         outer product     np.outer(delta2, a1)
    ones              delta2.sum(axis=0)    three indices     np.einsum("tm,hmd->htd", X, A)
    shifted indices   i, p = np.ogrid[:4, :3];  x_at = x[2 * i + p]
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import sympy
from sympy import Add, Expr, Mul, Pow, S

from ..tensor import (
    Delta,
    Elementwise,
    Entry,
    Equation,
    Index,
    Total,
    Where,
    Within,
    add,
    factors,
    free_indices,
    mul,
    neg,
    nodes,
    power,
    rename,
    terms,
)
from . import arrays
from .arrays import ArrayEquation, Node
from .latex import _sign as sign
from .pieces import (
    ATOM,
    MATMUL,
    POWER,
    SUM,
    Axes,
    Piece,
    added,
    aligned,
    coefficient,
    covered,
    filled,
    negative,
    number,
    summed,
    times,
)
from .text import compared

CALLS = {
    sympy.exp: "np.exp",
    sympy.log: "np.log",
    sympy.sin: "np.sin",
    sympy.cos: "np.cos",
    sympy.tanh: "np.tanh",
    sympy.erf: "erf",
}


@dataclass(frozen=True)
class _Factor:
    """A factor of a matrix product: a row, a column, a matrix or the ones (which are not written)."""

    piece: Piece
    row: bool = False
    column: bool = False
    ones: bool = False


class Identifiers(Protocol):
    """The identifiers of a function: none clashes with another, or means something else already."""

    def of(self, key: str) -> str:
        """That of a tensor."""

    def letter(self, letter: str) -> str:
        """That of an index."""

    def fresh(self, wanted: str) -> str:
        """A new one."""


class Writer:
    """Writes the right-hand sides of one function's lines.

    called: the functions that the text calls, (name, order of the derivative), in order of their first use.
    prelude: lines that have to stand above the line just written.
    """

    def __init__(self, names: Identifiers, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.names = names
        self.shapes = shapes
        self.called: dict[tuple[str, int], None] = {}
        self.prelude: list[str] = []
        self.order: list[Index] = []
        self.argument: Piece | None = None
        self.grids: dict[tuple[str, str], str] = {}
        self.lines: dict[str, str] = {}

    def right(self, equation: Equation | ArrayEquation, indices: Axes) -> Piece:
        """The right-hand side as an array with the axes `indices`, those of the left-hand side."""
        self.order = list(indices)
        self.prelude = []
        if isinstance(equation, ArrayEquation):
            return filled(self.array(equation.rhs), indices)
        self.order = list(dict.fromkeys([*indices, *(n for n in nodes(equation.rhs) if isinstance(n, Index))]))
        return filled(self.scalar(equation.rhs), indices)

    # --- indexed scalars --------------------------------------------------------------------------------------------------

    def scalar(self, expr: Expr) -> Piece:
        """An expression of indexed scalars, an array over its free indices."""
        minus, bare = sign(expr)
        if minus:
            return negative(self.scalar(bare))
        if isinstance(expr, Entry):
            return self._entry(expr)
        if expr.is_Number:
            return number(expr)
        if expr is sympy.pi:
            return Piece("np.pi")
        if expr.is_NumberSymbol:
            return Piece(repr(float(expr)))
        if isinstance(expr, Add):
            return added([(minus, self.scalar(bare)) for minus, bare in map(sign, expr.args)], self.order)
        if isinstance(expr, Mul):
            soft = self._softmax(expr)
            if soft is not None:
                return soft
            return times(*self._quotient(expr.args), self.order)
        if isinstance(expr, Total):
            return self._total(expr)
        if isinstance(expr, Pow):
            return self._power(expr)
        if isinstance(expr, Elementwise):
            return self._call(self._function(expr.name, expr.order), self.scalar(expr.argument))
        if isinstance(expr, Where):
            return self._where(expr)
        if isinstance(expr, Delta) and all(isinstance(a, Index) for a in expr.args) and expr.args[0].size == expr.args[1].size:
            return Piece(f"np.eye({expr.args[0].size})", ATOM, expr.args)
        if isinstance(expr, Delta | Within | Index):
            return self._grid([expr])
        if expr.func is sympy.erf:
            self.called["erf", 0] = None
        return self._call(CALLS[expr.func], self.scalar(expr.args[0]))

    def _function(self, name: str, order: int) -> str:
        self.called[name, order] = None
        return function_name(name, order)

    def _call(self, name: str, argument: Piece) -> Piece:
        return Piece(f"{name}({argument.text})", ATOM, argument.axes)

    def _quotient(self, parts: Sequence[Expr]) -> tuple[list[Piece], list[Piece]]:
        """What stands above and below the line of a product; the factors that need index arrays are joined."""
        above: list[Piece] = []
        below: list[Piece] = []
        gridded = [f for f in parts if _needs_grid(f)]
        if len(gridded) == 1 and isinstance(gridded[0], Delta):
            gridded = []
        for part in parts:
            if part.is_Rational:
                upper, lower = coefficient(part)
                above, below = above + upper, below + lower
            elif part in gridded:
                if part is gridded[0]:
                    above.append(self._grid(gridded))
            elif isinstance(part, Pow) and part.exp.is_number and part.exp.is_negative:
                below.append(self.scalar(power(part.base, -part.exp)))
            else:
                above.append(self.scalar(part))
        return above, below

    def _softmax(self, expr: Mul) -> Piece | None:
        """exp(z_j)/Σ exp(z_k), by a function that does not overflow."""
        above, below = expr.args[0], expr.args[-1]
        if len(expr.args) != 2 or not isinstance(above, sympy.exp) or not isinstance(below, Pow) or below.exp != -1:
            return None
        total = below.base
        if not isinstance(total, Total) or len(total.indices) != 1:
            return None
        inner = self.scalar(above.args[0])
        for axis, index in enumerate(inner.axes):
            if index not in free_indices(total) and rename(total.body, {total.indices[0]: index}) == above:
                self.called["softmax", 0] = None
                return Piece(f"softmax({inner.text}, axis={axis})", ATOM, inner.axes)
        return None

    def _total(self, expr: Total) -> Piece:
        bound = expr.indices
        above, below = self._quotient(factors(expr.body))
        inside = [p for p in above if set(p.axes) & set(bound)]
        divided = [p for p in below if set(p.axes) & set(bound)]
        missing = [number(S(b.size)) for b in bound if not any(b in p.axes for p in [*inside, *divided])]
        outside = [*missing, *(p for p in above if p not in inside)]
        if divided or len(inside) == 1:
            outside.append(summed(times(inside, divided, self.order), bound))
        elif inside:
            outside.append(self._einsum(inside, bound))
        return times(outside, [p for p in below if p not in divided], self.order)

    def _einsum(self, operands: Sequence[Piece], bound: Sequence[Index]) -> Piece:
        axes = tuple(a for a in covered(operands, self.order) if a not in bound)
        if [len(o.axes) for o in operands] == [1, 1] and not axes:
            return Piece(" @ ".join(o.within(POWER) for o in operands), MATMUL)
        letters: dict[Index, str] = {}
        for index in dict.fromkeys(a for p in operands for a in p.axes):
            free = (c for c in (index.name[0], *string.ascii_letters) if c in string.ascii_letters and c not in letters.values())
            letters[index] = next(free)
        spelled = ["".join(letters[a] for a in p) for p in (*(o.axes for o in operands), axes)]
        pattern = ",".join(spelled[:-1]) + "->" + spelled[-1]
        extra = ", optimize=True" if len(operands) > 2 else ""
        return Piece(f'np.einsum("{pattern}", {", ".join(o.text for o in operands)}{extra})', ATOM, axes)

    def _power(self, expr: Pow) -> Piece:
        base, exponent = expr.base, expr.exp
        if exponent.is_number and exponent.is_negative:
            return times([], [self.scalar(power(base, -exponent))], self.order)
        inside = self.scalar(base)
        if exponent == sympy.Rational(1, 2):
            return self._call("np.sqrt", inside)
        raised = self.scalar(exponent)
        if not raised.axes:
            return Piece(f"{inside.within(ATOM)}**{raised.within(ATOM)}", POWER, inside.axes)
        axes = covered([inside, raised], self.order)
        return Piece(f"{aligned(inside, axes).within(ATOM)}**{aligned(raised, axes).within(ATOM)}", POWER, axes)

    def _where(self, expr: Where) -> Piece:
        condition, then, other = expr.args
        if other == neg(then) and condition == then:
            return self._call("np.abs", self.scalar(then))
        if condition == add(then, neg(other)):
            pair = [self.scalar(other if other is S.Zero else then), self.scalar(then if other is S.Zero else other)]
            axes = covered(pair, self.order)
            return Piece(f"np.maximum({', '.join(aligned(p, axes).text for p in pair)})", ATOM, axes)
        left, right = (self.scalar(side) for side in compared(condition))
        branches = [replace(p, text=f"{p.text}.0") if p.text.isdigit() else p for p in map(self.scalar, (then, other))]
        axes = covered([left, right, *branches], self.order)
        shown = [aligned(p, axes) for p in (left, right, *branches)]
        test = f"{shown[0].within(SUM)} > {shown[1].within(SUM)}"
        return Piece(f"np.where({test}, {shown[2].text}, {shown[3].text})", ATOM, axes)

    # --- entries, and indices that are more than a letter -------------------------------------------------------------------

    def _entry(self, entry: Entry) -> Piece:
        if entry.key == "u" and self.argument is not None:
            return self.argument
        if _needs_grid(entry):
            return self._grid([entry])
        slots = [":" if isinstance(i, Index) else str(int(i)) for i in entry.indices]
        return self._picked(self.names.of(entry.key), slots, tuple(i for i in entry.indices if isinstance(i, Index)))

    def _picked(self, name: str, slots: list[str], axes: Axes) -> Piece:
        while slots and slots[-1] == ":":
            slots.pop()
        return Piece(f"{name}[{', '.join(slots)}]" if slots else name, ATOM, axes)

    def _grid(self, parts: Sequence[Expr]) -> Piece:
        """The product of entries at computed places, and of conditions on places, as a named array of its own."""
        needed = [f for f in parts if not (isinstance(f, Within) and _inside(f.args[0], int(f.args[1])) == (True, True))]
        found = dict.fromkeys(i for f in needed for i in free_indices(f))
        axes = tuple(sorted(found, key=self.order.index))
        if not axes:
            return Piece("1")
        letters: dict[Index, Piece] = {}
        for index in axes:
            twice = any(other.name == index.name for other in letters)
            letters[index] = Piece(self.names.letter(f"{index.name}_{index.size}" if twice else index.name))
        if len(axes) == 1:
            line = f"{letters[axes[0]].text} = np.arange({axes[0].size})"
        else:
            line = f"{', '.join(p.text for p in letters.values())} = np.ogrid[{', '.join(f':{a.size}' for a in axes)}]"
        conditions: list[str] = []
        values: list[str] = []
        for part in needed:
            if isinstance(part, Within):
                place, end = _affine(part.args[0], letters), int(part.args[1])
                above, below = _inside(part.args[0], end)
                conditions += [] if above else [f"({place.text} >= 0)"]
                conditions += [] if below else [f"({place.text} < {end})"]
            elif isinstance(part, Delta):
                left, right = (_affine(a, letters) for a in part.args)
                conditions.append(f"({left.text} == {right.text})")
            elif isinstance(part, Index):
                values.append(letters[part].text)
            else:
                values.append(self._at(part, letters))
        known = [self.names.of(p.key) for p in needed if isinstance(p, Entry)]
        value = " * ".join(values)
        if conditions:
            test = " & ".join(conditions) if len(conditions) > 1 else conditions[0][1:-1]
            place = self._named("inside" if known else "mask", f"np.where({test}, 1.0, 0.0)" if not known else test, axes, line)
            value = f"np.where({place}, {value}, 0.0)" if known else place
        return Piece(self._named(f"{known[0]}_at", value, axes, line) if known else value, ATOM, axes)

    def _named(self, wanted: str, text: str, axes: Axes, line: str) -> str:
        """A name for a text that uses index arrays: the one that it has, or a new one."""
        if (line, text) not in self.grids:
            letters = line.split(" = ")[0].split(", ")
            if any(self.lines.get(letter) != line for letter in letters):
                self.prelude.append(line)
                self.lines |= dict.fromkeys(letters, line)
            self.grids[line, text] = self.names.fresh(wanted)
            self.prelude.append(f"{self.grids[line, text]} = {text}")
        return self.grids[line, text]

    def _at(self, entry: Entry, letters: Mapping[Index, Piece]) -> str:
        """An entry at computed places; places outside, which a condition rules out, are moved to the border."""
        places = []
        for at, size in zip(entry.indices, self.shapes[entry.key], strict=True):
            text = _affine(at, letters).text
            places.append(text if _inside(at, size) == (True, True) else f"np.clip({text}, 0, {size - 1})")
        return f"{self.names.of(entry.key)}[{', '.join(places)}]"

    # --- arrays -----------------------------------------------------------------------------------------------------------

    def array(self, node: Node) -> Piece:
        """An expression of the matrix view."""
        match node:
            case arrays.Name():
                slots = [":"] * (len(node.axes) + len(node.labels))
                for axis, at in node.labels:
                    slots[axis] = str(int(at))
                return self._picked(self.names.of(node.key), slots, node.axes)
            case arrays.Scalar():
                return self.scalar(node.expr)
            case arrays.Ones():
                return Piece("1")
            case arrays.Identity():
                return Piece(f"np.eye({node.axes[0].size})", ATOM, node.axes)
            case arrays.Transpose():
                return aligned(self.array(node.of), node.axes)
            case arrays.Product():
                return self._product(node)
            case arrays.Hadamard() | arrays.Times():
                return self._entrywise(node)
            case arrays.Sum():
                return added([(minus, self.array(bare)) for minus, bare in map(sign, node.args)], node.axes)
            case arrays.Scaled():
                minus, factor = sign(node.factor)
                above, below = self._quotient(factors(factor))
                out = times([*above, self.array(node.of)], below, node.axes)
                return negative(out) if minus else out
            case arrays.Map():
                return self._applied(node.function, self.array(node.of))
            case arrays.Softmax():
                self.called["softmax", 0] = None
                inner = filled(self.array(node.of), node.of.axes)
                axis = f", axis={node.along}" if len(node.axes) > 1 else ""
                return Piece(f"softmax({inner.text}{axis})", ATOM, node.axes)
            case arrays.SquaredNorm():
                inner = filled(self.array(node.of), node.of.axes)
                return Piece(f"np.sum({inner.within(ATOM)}**2)")
            case arrays.Positive():
                inner = self.array(node.of)
                return Piece(f"np.where({inner.text} > 0, 1.0, 0.0)", ATOM, inner.axes)
            case arrays.Diagonal():
                return Piece(f"np.diag({filled(self.array(node.of), node.of.axes).text})", ATOM, node.axes)
            case arrays.Inner():
                both = [filled(self.array(a), a.axes) for a in (node.left, node.right)]
                return summed(times(both, (), node.left.axes), node.left.axes)
        raise TypeError(type(node).__name__)

    def _applied(self, function: Expr, inner: Piece) -> Piece:
        """A function of the entry u, at every entry of an array."""
        before, self.argument = self.argument, inner
        out = self.scalar(function)
        self.argument = before
        return replace(out, axes=inner.axes)

    def _entrywise(self, node: arrays.Hadamard | arrays.Times) -> Piece:
        above: list[Piece] = []
        below: list[Piece] = []
        for arg in node.args:
            if arrays.divides(arg) and isinstance(arg, arrays.Map):
                below.append(self.array(arg.of))
            elif isinstance(arg, arrays.Positive) and above:  # a truth value counts as 0 or 1 behind a number
                inner = self.array(arg.of)
                above.append(Piece(f"{inner.text} > 0", SUM, inner.axes))
            else:
                above.append(self.array(arg))
        return times(above, below, node.axes)

    def _product(self, node: arrays.Product) -> Piece:
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
        bare = node.of if isinstance(node, arrays.Transpose) else node
        if isinstance(bare, arrays.Ones):
            return _Factor(Piece("1"), row, column, ones=True)
        if isinstance(bare, arrays.Diagonal):  # written by its entries; one index for both axes marks it
            inner = filled(self.array(bare.of), bare.of.axes)
            return _Factor(replace(inner, axes=(*inner.axes, *inner.axes)))
        return _Factor(filled(self.array(node), node.axes), row, column)


def is_row(node: Node) -> bool:
    """Whether an array with one axis is a row."""
    if isinstance(node, arrays.Scaled):
        return is_row(node.of)
    if isinstance(node, arrays.Product):
        return len(node.axes) == 1 and is_row(node.args[0])
    return isinstance(node, arrays.Transpose) and len(node.axes) == 1


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
            done.append(times([aligned(pending, (pending.axes[0], *piece.axes[1:])), piece], (), piece.axes))
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


# --- numbers and places -------------------------------------------------------------------------------------------------------


def function_name(name: str, order: int) -> str:
    """The identifier of a catalogue function's derivative: tanh, dtanh, d2tanh."""
    return ("" if order == 0 else "d" if order == 1 else f"d{order}") + name


def _needs_grid(expr: Expr) -> bool:
    """Whether an index in it is computed, or stands twice, so that arrays of indices are needed."""
    if isinstance(expr, Delta | Within | Index):
        return True
    if not isinstance(expr, Entry):
        return False
    plain = [i for i in expr.indices if isinstance(i, Index)]
    return len(set(plain)) < len(plain) or not all(isinstance(i, Index) or i.is_Integer for i in expr.indices)


def _affine(expr: Expr, letters: Mapping[Index, Piece]) -> Piece:
    """An index expression, with the names of the index arrays."""
    if isinstance(expr, Index):
        return letters[expr]
    if expr.is_Number:
        return number(expr) if not expr.is_negative else negative(number(-expr))
    if isinstance(expr, Add):
        return added([(minus, _affine(bare, letters)) for minus, bare in map(sign, expr.args)], ())
    minus, bare = sign(expr)
    product = times([_affine(f, letters) for f in factors(bare)], (), ())
    return negative(product) if minus else product


def _inside(at: Expr, size: int) -> tuple[bool, bool]:
    """Whether an index expression is never below 0, and never above size-1."""
    low = high = 0
    for term in terms(at):
        minus, bare = sign(term)
        scale = int(mul(*(f for f in factors(bare) if f.is_Integer))) * (-1 if minus else 1)
        found = free_indices(bare)
        ends = (0, scale * (found[0].size - 1)) if found else (scale, scale)
        low, high = low + min(ends), high + max(ends)
    return low >= 0, high < size
