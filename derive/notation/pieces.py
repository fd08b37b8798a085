"""Pieces of NumPy source text.

A piece knows how tightly it holds together, and which indices the axes of its value stand for. So axes are lined up by index,
never by position: one that is missing is broadcast, another order is transposed. A vector is an array with one axis, and neither
a row nor a column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from sympy import Expr, S

from ..tensor import Index

Axes = tuple[Index, ...]

SUM, SIGN, MATMUL, TIMES, POWER, ATOM = 10, 15, 20, 30, 40, 50
"""How tightly a piece holds together. `@` counts as looser than `*`, so that the two are never mixed without brackets."""


@dataclass(frozen=True)
class Piece:
    """Source text; how tightly it holds together; what the axes of its value stand for; the signed terms of a sum."""

    text: str
    binding: int = ATOM
    axes: Axes = ()
    parts: tuple[str, ...] = ()

    def within(self, binding: int) -> str:
        """The text as it stands in a place that asks for at least that binding."""
        return self.text if self.binding >= binding else f"({self.text})"

    @property
    def diagonal(self) -> bool:
        """Whether one index names both axes of the array: it is a diagonal matrix, and whole."""
        return len(set(self.axes)) < len(self.axes)


def aligned(piece: Piece, axes: Sequence[Index]) -> Piece:
    """The piece with its axes in the order `axes`, fit to be broadcast along those that it lacks."""
    order = tuple(a for a in axes if a in piece.axes)
    if not piece.axes or piece.axes == tuple(axes) or piece.diagonal:
        return piece
    if order != piece.axes:
        places = tuple(piece.axes.index(a) for a in order)
        turned = f"{piece.within(ATOM)}.T" if len(order) == 2 else f"np.transpose({piece.text}, {places})"
        piece = Piece(turned, ATOM, order)
    slots = [":" if a in order else "None" for a in axes[list(axes).index(order[0]) :]]
    while slots[-1] == ":" and "None" in slots:
        slots.pop()  # a colon at the end goes without saying
    return Piece(f"{piece.within(ATOM)}[{', '.join(slots)}]", ATOM, order) if "None" in slots else piece


def filled(piece: Piece, axes: Axes) -> Piece:
    """The piece as an array that has all of `axes`."""
    if piece.diagonal or (set(piece.axes) == set(axes) and axes):
        return aligned(piece, axes)
    value = f"{piece.text}.0" if piece.text.isdigit() else aligned(piece, axes).text
    if not axes:
        return piece if re.search(r"(?<![\w.])[^\W\d]", value) else Piece(f"np.array({value})")
    shape = str(tuple(a.size for a in axes)) if len(axes) > 1 else str(axes[0].size)
    return Piece(f"np.full({shape}, {value})", ATOM, axes)


def covered(pieces: Sequence[Piece], order: Sequence[Index]) -> Axes:
    """The indices of `order` along which one of the pieces has an axis."""
    return tuple(a for a in order if any(a in p.axes or p.diagonal for p in pieces))


def negative(piece: Piece) -> Piece:
    """Minus the piece."""
    return Piece("-" + piece.within(TIMES), SIGN, piece.axes)


def added(signed: Sequence[tuple[bool, Piece]], order: Sequence[Index]) -> Piece:
    """The sum of pieces with their signs (True: minus)."""
    axes = covered([p for _, p in signed], order)
    if len(signed) == 1:
        minus, piece = signed[0]
        return negative(piece) if minus else piece
    parts = []
    for place, (minus, piece) in enumerate(signed):
        text = aligned(piece, axes).within(TIMES if minus and not place else MATMUL)
        parts.append(text if not minus and not place else f"-{text}" if not place else f"{'-' if minus else '+'} {text}")
    return Piece(" ".join(parts), SUM, axes, tuple(parts))


def times(above: Sequence[Piece], below: Sequence[Piece], order: Sequence[Index]) -> Piece:
    """The entrywise product of `above`, divided by `below`."""
    if len(above) == 1 and not below:
        return above[0]
    axes = covered([*above, *below], order)
    upper = [aligned(p, axes).within(POWER if place else TIMES) for place, p in enumerate(above)] or ["1"]
    text = " * ".join(upper)
    if below:
        lower = times(below, (), axes)
        text += f" / {aligned(lower, axes).within(POWER)}"
    return Piece(text, TIMES if above or below else ATOM, axes)


def summed(piece: Piece, over: Sequence[Index]) -> Piece:
    """The sum of the piece's array over some of its axes."""
    if piece.text.endswith(".T") and piece.text[:-2].isidentifier():
        piece = Piece(piece.text[:-2], ATOM, piece.axes[::-1])
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
    return Piece(shown) if shown is not None else Piece(f"{value.p} / {value.q}", TIMES)


def coefficient(value: Expr) -> tuple[list[Piece], list[Piece]]:
    """A rational factor, as what stands above and below: 1/3 divides, 1/2 and 1/10 are decimal numbers, 2/3 does both."""
    decimal = _decimal(value) is not None and (value.p != 1 or value.q == 2 or str(value.q).strip("0") == "1")
    if value.is_Integer or decimal:
        return [number(value)], []
    return ([number(S(value.p))] if value.p != 1 else []), [number(S(value.q))]
