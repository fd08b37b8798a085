"""Is this expression that one, with other indices?"""

from __future__ import annotations

from sympy import Expr

from .nodes import Index, Total
from .traversal import free_indices, rename

Binding = dict[Index, Expr]


def match(pattern: Expr, expr: Expr, wild: frozenset[Index], bound: Binding | None = None) -> Binding | None:
    """The values of the `wild` indices under which `pattern` is `expr`; None where there are none."""
    found: Binding = dict(bound or {})
    return found if _match(pattern, expr, wild, found) else None


def _match(pattern: Expr, expr: Expr, wild: frozenset[Index], found: Binding) -> bool:
    if isinstance(pattern, Index) and pattern in wild:
        if pattern in found:
            return found[pattern] == expr
        if any(i.name.startswith("#") for i in free_indices(expr)):
            return False  # an index of a sum inside has no meaning outside it
        if isinstance(expr, Index) and expr.size != pattern.size:
            return False
        found[pattern] = expr
        return True
    if isinstance(pattern, Total):
        if not isinstance(expr, Total) or [i.size for i in pattern.indices] != [i.size for i in expr.indices]:
            return False
        neutral = [Index(f"#{n}", i.size) for n, i in enumerate(pattern.indices)]
        left = rename(pattern.body, dict(zip(pattern.indices, neutral, strict=True)))
        right = rename(expr.body, dict(zip(expr.indices, neutral, strict=True)))
        return _match(left, right, wild, found)
    if pattern.func != expr.func or len(pattern.args) != len(expr.args):
        return False
    if not pattern.args:
        return bool(pattern == expr)
    return all(_match(p, e, wild, found) for p, e in zip(pattern.args, expr.args, strict=True))
