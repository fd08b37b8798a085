"""Pieces of NumPy source text.

A piece knows how tightly it holds together, and which indices the axes of its value stand for. So axes are lined up by index,
never by position: one that is missing is broadcast, another order is transposed. A vector is an array with one axis, and neither
a row nor a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy
from sympy import Expr, S

from ...expressions.nodes import Index

Axes = tuple[Index, ...]

SUM, SIGN, MATMUL, QUOTIENT, TIMES, POWER, ATOM = 10, 15, 20, 25, 30, 40, 50
"""How tightly a piece holds together. `@` counts as looser than `*`, so that the two are never mixed without brackets."""


@dataclass(frozen=True)
class Piece:
    """Source text, how tightly it holds together, and what the axes of its value stand for.

    parts: the signed terms of a sum. turned: what this is the transpose of. below: what this is 1 divided by.
    """

    text: str
    binding: int = ATOM
    axes: Axes = ()
    parts: tuple[str, ...] = ()
    turned: Piece | None = None
    below: Piece | None = None

    def within(self, binding: int) -> str:
        """The text as it stands in a place that asks for at least that binding."""
        return self.text if self.binding >= binding else f"({self.text})"

    @property
    def diagonal(self) -> bool:
        """Whether one index names both axes of the array: it is a diagonal matrix, and whole."""
        return len(set(self.axes)) < len(self.axes)


def aligned(piece: Piece, axes: Sequence[Index]) -> Piece:
    """The piece with its axes in the order `axes`, fit to be broadcast along those that it lacks."""
    assert piece.diagonal or set(piece.axes) <= set(axes), "an axis would be lost"
    order = tuple(a for a in axes if a in piece.axes)
    if not piece.axes or piece.axes == tuple(axes) or piece.diagonal:
        return piece
    if order != piece.axes:
        places = tuple(piece.axes.index(a) for a in order)
        text = f"{piece.within(ATOM)}.T" if len(order) == 2 else f"np.transpose({piece.text}, {places})"
        piece = Piece(text, ATOM, order, turned=piece)
    slots = [":" if a in order else "None" for a in axes[list(axes).index(order[0]) :]]
    while slots[-1] == ":" and "None" in slots:
        slots.pop()  # a colon at the end goes without saying
    return Piece(f"{piece.within(ATOM)}[{', '.join(slots)}]", ATOM, order) if "None" in slots else piece


def filled(piece: Piece, axes: Axes, extent: Callable[[Index], str]) -> Piece:
    """The piece as an array that has all of `axes`, each as long as `extent` says."""
    if piece.diagonal or (set(piece.axes) == set(axes) and axes):
        return aligned(piece, axes)
    value = f"{piece.text}.0" if piece.text.isdigit() else aligned(piece, axes).text
    if not axes:
        return piece if re.search(r"(?<![\w.])[^\W\d]", value) else Piece(f"np.array({value})")
    shape = ", ".join(map(extent, axes))
    return Piece(f"np.full({f'({shape})' if len(axes) > 1 else shape}, {value})", ATOM, axes)


def covered(pieces: Sequence[Piece], order: Sequence[Index]) -> Axes:
    """The indices along which one of the pieces has an axis: in the order in which the whole arrays have them, else in `order`.

    Those that are summed over before the line is done need not be in `order`; they come last.
    """
    found = [a for p in pieces if not p.diagonal for a in p.axes if a not in order]
    axes = (*(a for a in order if any(a in p.axes or p.diagonal for p in pieces)), *dict.fromkeys(found))
    whole = {p.axes for p in pieces if len(p.axes) == len(axes) and not p.diagonal}
    return whole.pop() if len(whole) == 1 else axes


def negative(piece: Piece) -> Piece:
    """Minus the piece."""
    return Piece("-" + piece.within(QUOTIENT), SIGN, piece.axes)


def added(signed: Sequence[tuple[bool, Piece]], order: Sequence[Index]) -> Piece:
    """The sum of pieces with their signs (True: minus)."""
    axes = covered([p for _, p in signed], order)
    if len(signed) == 1:
        minus, piece = signed[0]
        return negative(piece) if minus else piece
    parts = []
    for place, (minus, piece) in enumerate(signed):
        text = aligned(piece, axes).within(QUOTIENT if minus and not place else MATMUL)
        parts.append(text if not minus and not place else f"-{text}" if not place else f"{'-' if minus else '+'} {text}")
    return Piece(" ".join(parts), SUM, axes, tuple(parts))


def times(above: Sequence[Piece], below: Sequence[Piece], order: Sequence[Index]) -> Piece:
    """The entrywise product of `above`, divided by `below`; factors 1 are not written."""
    below = [*(p.below for p in above if p.below is not None), *below]
    above = [p for p in above if p.below is None and p.text != "1"]
    if len(above) <= 1 and not below:
        return above[0] if above else Piece("1")
    if all(p.turned is not None for p in [*above, *below]) and len({p.axes for p in [*above, *below]}) == 1:
        plain = [[p.turned for p in side if p.turned is not None] for side in (above, below)]
        return aligned(times(plain[0], plain[1], above[0].axes[::-1]), above[0].axes)
    axes = covered([*above, *below], order)
    if not below:
        return Piece(" * ".join(aligned(p, axes).within(TIMES if n else QUOTIENT) for n, p in enumerate(above)), TIMES, axes)
    upper = aligned(times(above, (), axes), axes)
    lower = aligned(times(below, (), axes), axes)
    out = Piece(f"{upper.within(QUOTIENT)} / {lower.within(POWER)}", QUOTIENT, axes)
    return out if above else Piece(out.text, QUOTIENT, axes, below=lower)


def summed(piece: Piece, over: Sequence[Index]) -> Piece:
    """The sum of the piece's array over some of its axes."""
    piece = piece.turned or piece
    rest = tuple(a for a in piece.axes if a not in over)
    places = [str(n) for n, a in enumerate(piece.axes) if a in over]
    axis = f"axis={places[0] if len(places) == 1 else '(' + ', '.join(places) + ')'}" if rest else ""
    if piece.text.isidentifier():
        return Piece(f"{piece.text}.sum({axis})", ATOM, rest)
    return Piece(f"np.sum({piece.text}{', ' if axis else ''}{axis})", ATOM, rest)


# --- numbers ------------------------------------------------------------------------------------------------------------------


def _decimal(value: Expr) -> str | None:
    shown = repr(float(value))
    return shown if len(shown) <= 6 and sympy.Rational(shown) == value else None


def number(value: Expr) -> Piece:
    """A number: whole, a short decimal one, or a quotient."""
    if value.is_Integer:
        return Piece(str(int(value)))
    if not value.is_Rational:
        return Piece(repr(float(value)))
    shown = _decimal(value)
    return Piece(shown) if shown is not None else Piece(f"{value.p} / {value.q}", QUOTIENT)


def coefficient(value: Expr) -> tuple[list[Piece], list[Piece]]:
    """A rational factor, as what stands above and below: 1/3 divides, 1/2 and 1/10 are decimal numbers, 2/3 does both."""
    decimal = _decimal(value) is not None and (value.p != 1 or value.q == 2 or str(value.q).strip("0") == "1")
    if value.is_Integer or decimal:
        return [number(value)], []
    return ([number(S(value.p))] if value.p != 1 else []), [number(S(value.q))]
