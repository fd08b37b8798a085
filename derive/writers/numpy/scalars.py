"""Indexed scalars -> NumPy source text.

a sum over indices    np.einsum("tm,hmd->htd", X, A)
a part of an axis     x[:4] * x[1:]
a computed index      i, p = np.ogrid[:4, :3];  x_at = x[2 * i + p]
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import sympy
from sympy import Add, Expr, Mul, Pow, S

from ...expressions.nodes import Delta, Elementwise, Entry, Example, Index, Total, Where, Within, add, neg, power
from ...expressions.system import COUNT
from ...expressions.traversal import factors, free_indices, rename
from ...notation.minus import compared, sign
from .identifiers import function_name
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
from .slots import affine, as_slice, kept_where, within_axis

CALLS = {
    sympy.exp: "np.exp",
    sympy.log: "np.log",
    sympy.sin: "np.sin",
    sympy.cos: "np.cos",
    sympy.tanh: "np.tanh",
    sympy.erf: "erf",
}


class Identifiers(Protocol):
    """The identifiers of a function: none clashes with another, or means something else already."""

    def of(self, key: str) -> str:
        """That of a tensor."""

    def letter(self, letter: str) -> str:
        """That of an index."""

    def fresh(self, wanted: str) -> str:
        """A new one."""


class ScalarWriter:
    """Writes expressions of indexed scalars, for the lines of one function.

    called: the functions that the text calls, (name, order of the derivative), in order of their first use.
    prelude: lines that have to stand above the line just written.
    counts: whether the number of training examples is named.
    """

    def __init__(self, names: Identifiers, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.names = names
        self.shapes = shapes
        self.called: dict[tuple[str, int], None] = {}
        self.prelude: list[str] = []
        self.counts = False
        self.order: list[Index] = []
        self.argument: Piece | None = None
        self.grids: dict[tuple[str, str], str] = {}
        self.lines: dict[str, str] = {}

    def extent(self, index: Index) -> str:
        """How many values an index takes: a number, but for the training examples a name, since there may be any number."""
        if not isinstance(index, Example):
            return str(index.size)
        self.counts = True
        return self.names.of(COUNT)

    def filled(self, piece: Piece, axes: Axes) -> Piece:
        """The piece as an array that has all of `axes`."""
        return filled(piece, axes, self.extent)

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
            return self._softmax(expr) or self._product_of(expr.args)
        if isinstance(expr, Total):
            return self._total(expr)
        if isinstance(expr, Pow):
            return self._power(expr)
        if isinstance(expr, Elementwise):
            return self._call(self._function(expr.name, expr.order), self.scalar(expr.argument))
        if isinstance(expr, Where):
            return self._where(expr)
        if isinstance(expr, Delta) and all(isinstance(a, Index) for a in expr.args) and expr.args[0].size == expr.args[1].size:
            return Piece(f"np.eye({self.extent(expr.args[0])})", ATOM, expr.args)
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

    def _product_of(self, parts: Sequence[Expr], bound: Axes = ()) -> Piece:
        """The product of factors, summed over the indices `bound`."""
        mask = self._mask(parts)
        rest = [f for f in parts if not isinstance(f, Within)] if mask is not None else parts
        above, below = self._quotient(rest)
        if not bound:
            return kept_where(mask, times(above, below, self.order), self.order)
        inside = [p for p in above if set(p.axes) & set(bound)]
        divided = [p for p in below if set(p.axes) & set(bound)]
        guard = mask if mask is not None and set(mask.axes) & set(bound) else None
        found = {a for p in (*inside, *divided, *([guard] if guard else [])) for a in p.axes}
        missing = [Piece(self.extent(b)) for b in bound if b not in found]
        outside = [*missing, *(p for p in above if p not in inside)]
        if guard is not None:
            outside.append(summed(kept_where(guard, times(inside, divided, self.order), self.order), bound))
        elif divided and len(inside) > 2:  # all factors at once would be an array over all indices
            outside.append(self._einsum([*inside, times([], divided, self.order)], bound))
        elif divided or len(inside) == 1:
            outside.append(summed(times(inside, divided, self.order), bound))
        elif inside:
            outside.append(self._einsum(inside, bound))
        whole = times(outside, [p for p in below if p not in divided], self.order)
        return whole if guard is not None else kept_where(mask, whole, self.order)

    def _mask(self, parts: Sequence[Expr]) -> Piece | None:
        """Where the conditions among the factors hold, if the others might be no numbers elsewhere: quotients, logarithms."""
        conditions = [f for f in parts if isinstance(f, Within) and within_axis(f.args[0], int(f.args[1])) != (True, True)]
        if not conditions or all(f.is_Rational or isinstance(f, Entry | Delta | Within | Index) for f in parts):
            return None
        return self._grid(conditions)

    def _quotient(self, parts: Sequence[Expr]) -> tuple[list[Piece], list[Piece]]:
        """What stands above and below the line of a product; the factors that need index arrays are joined."""
        above: list[Piece] = []
        below: list[Piece] = []
        gridded = [f for f in parts if self._needs_grid(f)]
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
        return self._product_of(factors(expr.body), expr.indices)

    def _einsum(self, operands: Sequence[Piece], bound: Sequence[Index]) -> Piece:
        axes = tuple(a for a in covered(operands, self.order) if a not in bound)
        if len(operands) == 2 and operands[0].axes == operands[1].axes and len(operands[0].axes) == 1 and not axes:
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
        branches = [replace(p, text=re.sub(r"^(-?\d+)$", r"\1.0", p.text)) for p in map(self.scalar, (then, other))]
        axes = covered([left, right, *branches], self.order)
        shown = [aligned(p, axes) for p in (left, right, *branches)]
        test = f"{shown[0].within(SUM)} > {shown[1].within(SUM)}"
        return Piece(f"np.where({test}, {shown[2].text}, {shown[3].text})", ATOM, axes)

    # --- entries, and indices that are more than a letter -------------------------------------------------------------------

    def _entry(self, entry: Entry) -> Piece:
        self.counts |= entry.key == COUNT
        if entry.key == "u" and self.argument is not None:
            return self.argument
        slots = self._slots(entry)
        if slots is None:
            return self._grid([entry])
        return self._picked(self.names.of(entry.key), slots, free_indices(entry))

    def _slots(self, entry: Entry) -> list[str] | None:
        """What stands in the brackets behind a tensor, where its indices need no arrays of their own: `2`, `:`, `1:`."""
        sizes = self.shapes.get(entry.key) or [i.size if isinstance(i, Index) else None for i in entry.indices]
        slots = [as_slice(at, size) for at, size in zip(entry.indices, sizes, strict=True)]
        found = [i for at in entry.indices for i in free_indices(at)]
        return None if None in slots or len(set(found)) < len(found) else [s for s in slots if s is not None]

    def _needs_grid(self, expr: Expr) -> bool:
        """Whether an index in it is computed, or stands twice, so that arrays of indices are needed."""
        return isinstance(expr, Delta | Within | Index) or (isinstance(expr, Entry) and self._slots(expr) is None)

    def _picked(self, name: str, slots: list[str], axes: Axes) -> Piece:
        while slots and slots[-1] == ":":
            slots.pop()
        return Piece(f"{name}[{', '.join(slots)}]" if slots else name, ATOM, axes)

    def _grid(self, parts: Sequence[Expr]) -> Piece:
        """The product of entries at computed places, and of conditions on places, as a named array of its own."""
        needed = [f for f in parts if not (isinstance(f, Within) and within_axis(f.args[0], int(f.args[1])) == (True, True))]
        found = dict.fromkeys(i for f in needed for i in free_indices(f))
        axes = tuple(sorted(found, key=self.order.index))
        if not axes:
            return Piece("1")
        letters: dict[Index, Piece] = {}
        for index in axes:
            twice = any(other.name == index.name for other in letters)
            letters[index] = Piece(self.names.letter(f"{index.name}_{index.size}" if twice else index.name))
        if len(axes) == 1:
            line = f"{letters[axes[0]].text} = np.arange({self.extent(axes[0])})"
        else:
            line = f"{', '.join(p.text for p in letters.values())} = np.ogrid[{', '.join(f':{self.extent(a)}' for a in axes)}]"
        conditions: list[str] = []
        values: list[str] = []
        for part in needed:
            if isinstance(part, Within):
                place, end = affine(part.args[0], letters), int(part.args[1])
                above, below = within_axis(part.args[0], end)
                conditions += [] if above else [f"({place.text} >= 0)"]
                conditions += [] if below else [f"({place.text} < {end})"]
            elif isinstance(part, Delta):
                left, right = (affine(a, letters) for a in part.args)
                conditions.append(f"({left.text} == {right.text})")
            elif isinstance(part, Index):
                values.append(letters[part].text)
            else:
                values.append(self._at(part, letters))
        known = [self.names.of(p.key) for p in needed if isinstance(p, Entry)]
        value = " * ".join(values)
        if conditions:
            test = " & ".join(conditions) if len(conditions) > 1 else conditions[0][1:-1]
            mask = self._named("inside" if known else "mask", f"np.where({test}, 1.0, 0.0)" if not known else test, axes, line)
            value = f"np.where({mask}, {value}, 0.0)" if known else mask
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
            text = affine(at, letters).text
            places.append(text if within_axis(at, size) == (True, True) else f"np.clip({text}, 0, {size - 1})")
        return f"{self.names.of(entry.key)}[{', '.join(places)}]"
