"""A differential against SymPy's own derivative of the whole line, where the line has single numbers only."""

from __future__ import annotations

from collections.abc import Iterable

import sympy
from sympy import Expr, Pow

from ..expressions.nodes import Differential, Elementwise, Entry, Total, Where
from ..expressions.system import Equation
from ..expressions.traversal import nodes, size

MOST = 60
"""Larger expressions are left to the numbers."""


def decidable(equation: Equation) -> bool:
    """Whether SymPy can be asked: no index, no branch, catalogue functions of single names only."""
    for node in nodes(equation.rhs):
        if isinstance(node, Total | Where) or (isinstance(node, Entry) and node.indices):
            return False
        if isinstance(node, Pow) and not node.exp.is_Number:
            return False  # such a tower overflows before it is decided
        if isinstance(node, Elementwise) and not isinstance(node.argument, Entry):
            return False
    return size(equation.rhs) <= MOST and isinstance(equation.lhs, Entry) and not equation.lhs.indices


def agrees(equation: Equation, change: Expr, moving: Iterable[str]) -> bool | None:
    """Whether `change` is Σ (∂rhs/∂name) d(name) over the names that move; None where SymPy cannot decide it."""
    line = _plain(equation.rhs)
    total: Expr = sympy.S.Zero
    for key in moving:
        total = total + sympy.diff(line, _symbol(key)) * _symbol(f"d {key}")
    difference = sympy.expand(_plain(change) - total)
    if difference == 0 or sympy.simplify(difference) == 0:
        return True
    symbols = sorted(difference.free_symbols, key=str)
    for point in ((1.1, 0.7, 1.6), (0.4, 1.9, 0.8)):
        at = {s: point[i % 3] + i / 7 for i, s in enumerate(symbols)}
        try:
            left = complex(difference.doit().subs(at).evalf())
        except (TypeError, ValueError, OverflowError):
            continue  # a derivative of an unknown function has no number
        if abs(left) > 1e-6:
            return False
    return None


def _symbol(key: str) -> sympy.Symbol:
    return sympy.Symbol(key, real=True)


def _plain(expr: Expr) -> Expr:
    """With SymPy's own symbols, functions and derivatives."""
    if isinstance(expr, Entry):
        return _symbol(expr.key)
    if isinstance(expr, Differential):
        return _symbol(f"d {expr.entry.key}")
    if isinstance(expr, Elementwise):
        at = _plain(expr.argument)
        applied = sympy.Function(expr.name)(at)
        return sympy.Derivative(applied, (at, expr.order)) if expr.order else applied
    return expr.func(*map(_plain, expr.args)) if expr.args else expr
