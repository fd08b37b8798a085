"""Name what the forward pass has computed: exp(z_k)/Σ exp(z_j) is p_k."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sympy import Add, Expr, Mul, Pow, S

from ..expressions.matching import Binding, match
from ..expressions.nodes import Entry, Index, Total, mul, power
from ..expressions.system import Equation
from ..expressions.traversal import factors, free_indices, rename, transform
from .rewrites import gathered_factors


def recognise(expr: Expr, definitions: Iterable[Equation]) -> Expr:
    """Write the name of a forward value where its right-hand side stands: exp(z_k)/Σ exp(z_j) becomes p_k."""
    for definition in definitions:
        rhs = definition.rhs
        if rhs.is_Number or isinstance(rhs, Entry | Add | Total):
            continue  # a mere sum is not worth a search, an alias no gain
        wild = frozenset(i for i in free_indices(definition.lhs))
        expr = _recognise_product(expr, definition, wild) if isinstance(rhs, Mul) else _recognise_node(expr, definition, wild)
    return expr


def _recognise_node(expr: Expr, definition: Equation, wild: frozenset[Index]) -> Expr:
    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Pow) and isinstance(definition.rhs, Pow) and node.exp == -definition.rhs.exp:
            found = match(definition.rhs.base, node.base, wild)
            return None if found is None else power(rename(definition.lhs, found), -1)
        found = match(definition.rhs, node, wild)
        return None if found is None or len(found) < len(wild) else rename(definition.lhs, found)

    return transform(expr, rule)


def _recognise_product(expr: Expr, definition: Equation, wild: frozenset[Index]) -> Expr:
    pattern = _single(factors(definition.rhs))

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Mul):
            return None
        parts = _single(node.args)
        changed = False
        while (hit := _assign(pattern, parts, wild, {}, [])) is not None:
            binding, places = hit
            first = min(places)
            named = rename(definition.lhs, binding)
            parts = [named if i == first else p for i, p in enumerate(parts) if i == first or i not in places]
            changed = True
        return mul(*gathered_factors(recognise_inside(p) for p in parts)) if changed else None

    def recognise_inside(part: Expr) -> Expr:
        return transform(part, rule)

    return transform(expr, rule)


def _single(parts: Sequence[Expr]) -> list[Expr]:
    """Factors with integer powers written out: u^-2 as u^-1 u^-1."""
    out: list[Expr] = []
    for part in parts:
        if isinstance(part, Pow) and part.exp.is_Rational and 2 % part.exp.q == 0 and abs(part.exp) <= 4:
            half = S.Half * (1 if part.exp > 0 else -1) if part.exp.q == 2 else S.Zero
            whole = part.exp - half
            out += [power(part.base, half)] if half else []
            out += [power(part.base, 1 if whole > 0 else -1)] * abs(int(whole))
        else:
            out.append(part)
    return out


def _assign(
    pattern: Sequence[Expr], parts: Sequence[Expr], wild: frozenset[Index], binding: Binding, places: list[int]
) -> tuple[Binding, list[int]] | None:
    if not pattern:
        return (binding, places) if len(binding) == len(wild) else None
    for place, part in enumerate(parts):
        if place not in places:
            found = match(pattern[0], part, wild, binding)
            if found is not None:
                hit = _assign(pattern[1:], parts, wild, found, [*places, place])
                if hit is not None:
                    return hit
    return None
