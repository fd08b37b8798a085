"""Wrong differentials of a forward line: each part of its right-hand side differentiated by a mal-rule, the rest correctly.

The part is replaced by a stand-in, a single name; the calculus differentiates the line with it; and what the student takes for
the part's differential is put in for that of the stand-in. So a mal-rule says only what it does to its own kind of expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy
from sympy import Expr, Mul, Pow, S

from ..calculus import differential, recognise
from ..expressions.nodes import Differential, Elementwise, Entry, Partial, Total, Where, add, mul, power
from ..expressions.system import COUNT, Equation
from ..expressions.traversal import entries, free_indices, nodes, transform
from ..network.catalogue import F, function

Candidate = tuple[str, Expr]
"""A mal-rule's key, and what it makes of an expression."""

STAND_IN = Entry.of("#")
IN_SOFTMAX = ("quotient_sign", "one_factor_moves")
"""Of the rules for parts, those that make sense of a softmax, which is differentiated as a whole."""

OTHER = {"sigmoid": "tanh", "tanh": "sigmoid"}


@dataclass(frozen=True)
class _Part:
    """A part of a line: `value` is what it is called, `held` the keys that do not change."""

    node: Expr
    value: Expr
    held: frozenset[str]

    def d(self, expr: Expr) -> Expr:
        return differential.differential(expr, self.held)[0]

    def moves(self, expr: Expr) -> bool:
        return any(e.key not in self.held for e in entries(expr))


def wrong_changes(equation: Equation, held: frozenset[str]) -> Iterator[Candidate]:
    """The right-hand sides of wrong differentials of a line; `held` are the keys of targets and constants."""
    softmax = _is_softmax(equation.rhs)
    if softmax:
        inner = next(f.args[0] for f in equation.rhs.args if f.func == sympy.exp)
        slope = mul(equation.lhs, add(1, mul(-1, equation.lhs)))
        yield "softmax_diagonal", mul(slope, differential.differential(inner, held)[0])
    for node in dict.fromkeys(nodes(equation.rhs)):
        if isinstance(node, Entry) or not node.args or not isinstance(node, Expr):
            continue
        part = _Part(node, equation.lhs if node == equation.rhs else node, held)
        if not part.moves(node):
            continue
        for kind, malrules in _ON:
            if kind(node):
                for rule, change in malrules(part):
                    if not softmax or rule in IN_SOFTMAX:
                        yield rule, _put_in(equation, part, change)


def _put_in(equation: Equation, part: _Part, change: Expr) -> Expr:
    def named(node: Expr) -> Expr | None:
        return STAND_IN if node == part.node else None

    def back(node: Expr) -> Expr | None:
        if node == Differential(STAND_IN):
            return change
        return part.node if node == STAND_IN else None

    derived = part.d(transform(equation.rhs, named))
    return with_names(transform(derived, back), equation)


def with_names(expr: Expr, equation: Equation) -> Expr:
    """Written with the line's own value, where that is a function or a quotient; (a - y)**2 stays what it is."""
    return expr if isinstance(equation.rhs, Pow) else recognise.recognise(expr, [equation])


def is_slope_of_kink(name: str) -> bool:
    """Whether the slope of a function jumps, as that of ReLU does."""
    return function(name).record.kink is not None


def wrong_slopes(name: str, argument: Expr, value: Expr) -> Iterator[Candidate]:
    """What may stand for the slope f'(argument); `value` is what f(argument) is called."""
    yield "slope_one" if is_slope_of_kink(name) else "slope_forgotten", S.One
    yield "value_for_slope", value
    if not is_slope_of_kink(name):
        yield "slope_at_output", Elementwise.of(name, value, 1)
    textbook = function(name).textbook
    if textbook is not None and any(n == F for n in nodes(textbook)):
        slope = function(name).textbook_slope(argument, argument)
        assert slope is not None
        yield "slope_from_input", slope
    if name in OTHER:
        other = function(OTHER[name]).textbook_slope(argument, value)
        assert other is not None
        yield "other_slope", other


# --- what is done to each kind of expression ----------------------------------------------------------------------------------


def _elementwise(part: _Part) -> Iterator[Candidate]:
    change = part.d(part.node.argument)
    for rule, slope in wrong_slopes(part.node.name, part.node.argument, part.value):
        yield rule, mul(slope, change)


def _outer(part: _Part) -> Iterator[Candidate]:
    inner = part.node.args[0]
    if part.node.func == sympy.exp:
        yield "exp_as_power", mul(inner, sympy.exp(add(inner, -1), evaluate=False), part.d(inner))
    yield "outer_forgotten", part.d(inner)


def _inner(part: _Part) -> Iterator[Candidate]:
    """f(1 - a): the slope of f, times da."""
    inner = part.node.argument if isinstance(part.node, Elementwise) else part.node.args[0]
    moving = [e for e in entries(inner) if part.moves(e)]
    bound = any(isinstance(n, Total) for n in nodes(inner))
    if not isinstance(inner, Entry) and len(moving) == 1 and not bound:
        yield "inner_forgotten", mul(differential.slope(part.node, inner), Differential(moving[0]))


def _power(part: _Part) -> Iterator[Candidate]:
    base, exponent = part.node.base, part.node.exp
    change = part.d(base)
    if exponent is S.NegativeOne:
        yield "quotient_sign", mul(power(base, -2), change)
        yield "quotient_square", mul(-1, power(base, -1), change)
        return
    yield "exponent_kept", mul(exponent, part.node, change)
    yield "two_lost", mul(power(base, exponent - 1), change)


def _product(part: _Part) -> Iterator[Candidate]:
    parts = list(part.node.args)
    moving = [i for i, f in enumerate(parts) if part.moves(f)]
    for place, factor in enumerate(parts):
        if place in moving:
            continue
        rest = mul(*parts[:place], *parts[place + 1 :])
        if factor.is_Number and factor is not S.NegativeOne:
            yield "constant_lost", part.d(rest)
        elif any(e.key == COUNT for e in entries(factor)):
            yield "count_lost", part.d(rest)
    if len(moving) == 2:
        yield "product_of_changes", mul(*(part.d(f) if i in moving else f for i, f in enumerate(parts)))
    if len(moving) > 1:
        for place in moving:
            yield "one_factor_moves", mul(*parts[:place], part.d(parts[place]), *parts[place + 1 :])


def _branches(part: _Part) -> Iterator[Candidate]:
    yield "slope_one", part.d(part.node.args[1])


def _numeric_power(node: Expr) -> bool:
    return isinstance(node, Pow) and node.exp.is_Number


_ON: tuple[tuple[Callable[[Expr], bool], Callable[[_Part], Iterator[Candidate]]], ...] = (
    (lambda n: isinstance(n, Elementwise), _elementwise),
    (lambda n: n.is_Function, _outer),
    (lambda n: n.is_Function or isinstance(n, Elementwise) or _numeric_power(n), _inner),
    (_numeric_power, _power),
    (lambda n: isinstance(n, Mul), _product),
    (lambda n: isinstance(n, Where), _branches),
)


def _is_softmax(expr: Expr) -> bool:
    """exp(u) over the sum of such."""
    if not isinstance(expr, Mul) or len(expr.args) != 2:
        return False
    above = [f for f in expr.args if f.func == sympy.exp]
    below = [f.base for f in expr.args if isinstance(f, Pow) and f.exp is S.NegativeOne]
    return bool(above) and bool(below) and isinstance(below[0], Total) and below[0].body.func == sympy.exp


def softmax_slope(equation: Equation) -> Expr | None:
    """p (1 - p) for a line p = softmax(z); None for any other."""
    return mul(equation.lhs, add(1, mul(-1, equation.lhs))) if _is_softmax(equation.rhs) else None


def within(expr: Expr, lhs: Expr) -> bool:
    """Whether the free indices of an expression are among those of its left-hand side; of a partial, what is held names none."""
    named = (lhs.of, lhs.by) if isinstance(lhs, Partial) else (lhs,)
    return set(free_indices(expr)) <= {index for part in named for index in free_indices(part)}
