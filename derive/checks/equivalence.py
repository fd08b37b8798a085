"""Whether two expressions in single numbers are the same, decided by SymPy in bounded time.

Functions of the catalogue are written out, so both sides become quotients of polynomials in the names and in exponentials; their
difference is brought over one denominator and its numerator expanded. Nothing is searched: what would grow too large is left to
the numbers.
"""

from __future__ import annotations

import sympy
from sympy import Expr, Pow

from ..calculus.steps import Derivation
from ..expressions.nodes import Differential, Elementwise, Entry, Total, Where
from ..expressions.system import is_cotangent, primal
from ..expressions.traversal import nodes, size, transform
from ..network.catalogue import U, function

MOST = 60
"""Larger expressions are left to the numbers."""

EXPONENT = 4
FULL = 250


def same(first: Expr, second: Expr, derivation: Derivation) -> bool | None:
    """Whether two expressions agree for all values of what is given; None where that is not decided."""
    if not all(_small(e) for e in (first, second)):
        return None
    sides: tuple[Expr, Expr] = (first, second)
    for _ in range(6):
        left, right = (_plain(side) for side in sides)
        if left is None or right is None or size(left) + size(right) > FULL:
            return None
        difference = _zero(left - right)
        if difference:
            return True
        before = sides
        a, b = (_written_out(side, derivation) for side in sides)
        if (a, b) == before:
            return False if difference is False and _decisive(left) and _decisive(right) else None
        if not _small(a, FULL) or not _small(b, FULL):
            return None
        sides = (a, b)
    return None


def _small(expr: Expr, most: int = MOST) -> bool:
    if size(expr) > most:
        return False
    for node in nodes(expr):
        if isinstance(node, Total | Where) or (isinstance(node, Entry) and node.indices):
            return False
        if isinstance(node, Pow) and not (node.exp.is_Integer and abs(node.exp) <= EXPONENT):
            return False
    return True


def _decisive(expr: Expr) -> bool:
    """Whether an expression that is not zero in its expanded form is not zero at all.

    So it is for polynomials in names and in exponentials of polynomials, since exponentials of different monomials satisfy no
    polynomial equation (Ax, On Schanuel's conjectures, 1971).
    """
    called = [n for n in nodes(expr) if n.is_Function]
    return all(n.func == sympy.exp and not any(m.is_Function for m in nodes(n.args[0])) for n in called)


def _zero(difference: Expr) -> bool | None:
    numerator, _ = sympy.fraction(sympy.together(difference))
    degree = sum(int(abs(n.exp)) for n in nodes(numerator) if isinstance(n, Pow) and n.exp.is_Integer)
    if size(numerator) > 4 * FULL or degree > 40:
        return None
    return bool(sympy.expand(numerator) == 0)


def _plain(expr: Expr) -> Expr | None:
    """With SymPy's own symbols and functions; None where a function has branches."""
    if isinstance(expr, Entry):
        return sympy.Symbol(expr.key, real=True)
    if isinstance(expr, Differential):
        return sympy.Symbol(f"d {expr.entry.key}", real=True)
    if isinstance(expr, Elementwise):
        if function(expr.name).record.kink is not None or function(expr.name).record.opaque:
            inner = _plain(expr.argument)
            return None if inner is None else sympy.Function(f"{expr.name}{expr.order}")(inner)
        return _plain(transform(function(expr.name).derivative(expr.order), lambda n: expr.argument if n == U else None))
    if not expr.args:
        return expr if not isinstance(expr, sympy.core.symbol.Str) else None
    args = [_plain(a) for a in expr.args]
    return None if any(a is None for a in args) else expr.func(*args)


def _written_out(expr: Expr, derivation: Derivation) -> Expr:
    """Every name one step closer to what is given."""
    defined = derivation.system.defines()
    partials = {f"partial {p.of.key} {p.by.key}": s.result.rhs for s in derivation.of("partial") for p in [s.result.lhs]}

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Differential):
            return node
        if isinstance(node, Entry):
            if node.key in partials:
                return partials[node.key]
            if is_cotangent(node.key):
                known = derivation.gradients.get(primal(node.key))
                return None if known is None else known.rhs
            return defined[node.key].rhs if node.key in defined else None
        return None

    return transform(expr, rule)
