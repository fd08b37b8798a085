"""Places on an axis as NumPy source text: slices, computed places, and what lies outside of an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Add, Expr

from ...expressions.nodes import Index, mul
from ...expressions.traversal import factors, free_indices, terms
from ...notation.minus import sign
from .pieces import (
    ATOM,
    Piece,
    added,
    aligned,
    covered,
    negative,
    number,
    times,
)


def as_slice(at: Expr, size: int | None) -> str | None:
    """An index expression as a slice of an axis of that size; None where it runs otherwise than one by one, or beyond it."""
    if at.is_Integer:
        return str(int(at))
    found, shift = [t for t in terms(at) if isinstance(t, Index)], [t for t in terms(at) if t.is_Integer]
    if len(found) != 1 or len(found) + len(shift) != len(terms(at)):
        return None
    start = sum(map(int, shift))
    stop = start + found[0].size
    if size is None or (start == 0 and stop == size):
        return ":"
    return f"{start or ''}:{stop if stop < size else ''}" if start >= 0 and stop <= size else None


def kept_where(mask: Piece | None, piece: Piece, order: Sequence[Index]) -> Piece:
    """The piece where the mask is not 0, and 0 elsewhere, whatever it is there."""
    if mask is None:
        return piece
    axes = covered([mask, piece], order)
    return Piece(f"np.where({aligned(mask, axes).text}, {aligned(piece, axes).text}, 0.0)", ATOM, axes)


def affine(expr: Expr, letters: Mapping[Index, Piece]) -> Piece:
    """An index expression, with the names of the index arrays."""
    if isinstance(expr, Index):
        return letters[expr]
    if expr.is_Number:
        return number(expr) if not expr.is_negative else negative(number(-expr))
    if isinstance(expr, Add):
        return added([(minus, affine(bare, letters)) for minus, bare in map(sign, expr.args)], ())
    minus, bare = sign(expr)
    product = times([affine(f, letters) for f in factors(bare)], (), ())
    return negative(product) if minus else product


def within_axis(at: Expr, size: int) -> tuple[bool, bool]:
    """Whether an index expression is never below 0, and never above size-1."""
    low = high = 0
    for term in terms(at):
        minus, bare = sign(term)
        scale = int(mul(*(f for f in factors(bare) if f.is_Integer))) * (-1 if minus else 1)
        found = free_indices(bare)
        ends = (0, scale * (found[0].size - 1)) if found else (scale, scale)
        low, high = low + min(ends), high + max(ends)
    return low >= 0, high < size
