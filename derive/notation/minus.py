"""Where the minus sign of a term is, and what of it is left; comparisons without one."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Mul

from ..expressions.nodes import Pairing, Total, add, mul, neg
from ..expressions.traversal import terms
from . import array_expressions


def sign(term: Any) -> tuple[bool, Any]:
    """Whether a term has a minus sign, and the term without it."""
    if isinstance(term, array_expressions.Scaled):
        minus, factor = sign(term.factor)
        return (True, array_expressions.scaled(factor, term.of)) if minus else (False, term)
    if isinstance(term, array_expressions.Scalar):
        minus, expr = sign(term.expr)
        return minus, array_expressions.Scalar((), expr)
    if isinstance(term, array_expressions.Node):
        return False, term
    if term.is_Number and term.is_negative:
        return True, -term
    if isinstance(term, Mul) and term.args[0].is_Number and term.args[0].is_negative:
        return True, mul(-term.args[0], *term.args[1:])
    if isinstance(term, Pairing):
        minus, value = sign(term.value)
        return (True, Pairing(value, *term.args[1:])) if minus else (False, term)
    if isinstance(term, Total):
        minus, body = sign(term.body)
        if minus:
            return True, Total(body, *term.indices)
    return False, term


def compared(condition: Expr) -> tuple[Expr, Expr]:
    """The sides of u > v, from the condition u - v > 0; a number stands on the right."""
    left = [t for t in terms(condition) if not sign(t)[0] and not t.is_Number]
    right = [sign(t)[1] for t in terms(condition) if sign(t)[0] and not t.is_Number]
    number = add(*(neg(t) for t in terms(condition) if t.is_Number))
    if not left:
        return neg(number), add(*right)
    return add(*left), add(*right, number)


def positive_terms_first(expr: Expr) -> Expr:
    """2 - i and not -i + 2."""
    return add(*sorted(terms(expr), key=lambda t: sign(t)[0]))
