"""Expressions -> the tree of mathematics: one walk over indexed scalars, one over arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

import sympy
from sympy import Add, Expr, Mul, Pow, S

from ..expressions import nodes as scalars
from ..expressions.nodes import Elementwise, Entry, Index, Pairing, Where, Within, add, neg, power
from ..expressions.system import Equation, System, is_cotangent, primal
from . import array_expressions as arrays
from . import mathematics as m
from . import places
from .array_expressions import ArrayEquation, Node
from .mathematics import Tree
from .minus import compared, positive_terms_first, sign


class Walk:
    """Makes the trees of one system, or of none: then indices are believed, and no cotangent has a letter of its own."""

    def __init__(self, system: System | None) -> None:
        self.system = system
        self.first = system.first_index if system is not None else 0

    def line(self, equation: Equation | ArrayEquation) -> m.Line:
        """An equation, with what stands behind it."""
        left, right = self.tree(equation.lhs), self.tree(equation.rhs)
        if isinstance(equation, ArrayEquation):
            return m.Line(left, right, each=tuple(map(_letter, equation.labels)))
        return m.Line(left, right, self.ranges((equation.lhs, equation.rhs)))

    def ranges(self, sides: Iterable[Expr]) -> tuple[m.Between, ...]:
        """The ranges of free letters that run over a part of an axis."""
        free = places.free_and_partly(sides, self.system)
        return tuple(m.Between(self.first, _letter(i), places.last(i, self.first)) for i in free)

    def tree(self, item: Any) -> Tree:
        """Any expression."""
        if isinstance(item, Tree):
            return item
        return self._array(item) if isinstance(item, Node) else self._scalar(item)

    # --- indexed scalars ------------------------------------------------------------------------------------------------------

    def _scalar(self, expr: Expr) -> Tree:
        if isinstance(expr, Entry):
            return self.entry(expr)
        if isinstance(expr, scalars.Differential):
            return m.Change(self.entry(expr.entry))
        if isinstance(expr, Index):
            return _letter(expr)
        if expr.is_Number:
            return m.Minus(numeral(-expr)) if expr.is_negative else numeral(expr)
        if isinstance(expr, Add):
            return m.Sum(tuple(map(self._term, expr.args)))
        minus, bare = sign(expr)
        if minus:
            return m.Minus(self._scalar(bare))
        if isinstance(expr, scalars.Total):
            return self._total(expr)
        if isinstance(expr, Mul):
            return self._product(expr)
        if isinstance(expr, Pow):
            return self._power(expr)
        if isinstance(expr, Elementwise):
            return m.Call(expr.name, self.tree(expr.argument), own=True, order=expr.order)
        if isinstance(expr, Where):
            return self._where(expr)
        if isinstance(expr, Pairing):
            return self._scalar(expr.written_out())
        if isinstance(expr, scalars.Delta):
            left, right = map(self.place, expr.args)
            return m.Indicator(m.Equal(left, right))
        if isinstance(expr, Within):
            return m.Indicator(m.Between(self.first, self.place(expr.args[0]), int(expr.args[1]) - 1 + self.first))
        if isinstance(expr, scalars.Partial):
            held = dict.fromkeys(e.key for e in expr.held)
            return m.Partial(self.entry(expr.of), self.entry(expr.by), tuple(self.entry(Entry.of(key)) for key in held))
        if isinstance(expr, scalars.Second):
            of, by, then = map(self.entry, expr.args)
            return m.Second(of, by, then)
        if expr is sympy.pi:
            return m.Constant("pi")
        return m.Call(expr.func.__name__, self.tree(expr.args[0]))

    def _term(self, term: Any) -> Tree:
        minus, bare = sign(term)
        return m.Minus(self.tree(bare)) if minus else self.tree(bare)

    def entry(self, entry: Entry) -> m.Symbol | m.Slope:
        """One entry of a tensor."""
        return self.named(entry.key, tuple(map(self.place, entry.indices)))

    def named(self, key: str, slots: Sequence[Tree | None], **more: bool) -> m.Symbol | m.Slope:
        """A tensor or an entry of it; a cotangent that has no letter of its own is a derivative of the cost."""
        if not is_cotangent(key) or self._is_signal(key):
            return m.Symbol(key, tuple(slots), **more)
        return m.Slope(m.Symbol(primal(key), tuple(slots), **more))

    def _is_signal(self, key: str) -> bool:
        return self.system is not None and self.system.tensors[primal(key)].signal

    def place(self, at: Expr) -> Tree:
        """Where on an axis something stands; 2 - i and not -i + 2."""
        return self.tree(positive_terms_first(places.counted(at, self.first)))

    def _total(self, found: scalars.Total) -> Tree:
        found = places.narrowed(found)
        partly = places.partly(found.indices, found.body, self.system)
        over: list[m.Over] = []
        for part, together in groupby(found.indices, lambda i: i in partly):
            if part:
                over += [m.Over((_letter(i),), self.first, places.last(i, self.first)) for i in together]
            else:
                over.append(m.Over(tuple(map(_letter, together))))
        return m.Total(tuple(over), self.tree(found.body))

    def _product(self, expr: Mul) -> Tree:
        number = Fraction(1)
        factors: list[Tree] = []
        divisors: list[Tree] = []
        for part in expr.args:
            if part.is_Rational:
                number *= Fraction(part.p, part.q)
            elif isinstance(part, Pow) and part.exp.is_number and part.exp.is_negative:
                divisors.append(self.tree(power(part.base, -part.exp)))
            else:
                factors.append(self.tree(part))
        return m.Product(number, tuple(factors), tuple(divisors))

    def _power(self, expr: Pow) -> Tree:
        if expr.exp == sympy.Rational(1, 2):
            return m.Root(self.tree(expr.base))
        if expr.exp.is_number and expr.exp.is_negative:
            return m.Product(Fraction(1), (), (self.tree(power(expr.base, -expr.exp)),))
        return m.Power(self.tree(expr.base), self.exponent(expr.exp))

    def exponent(self, exponent: Expr) -> Tree:
        """An exponent, whose minus sign is its own."""
        return numeral(exponent) if exponent.is_Number else self.tree(exponent)

    def _where(self, expr: Where) -> Tree:
        condition, then, other = expr.args
        if other is S.Zero and then == condition:
            return m.Maximum(m.ZERO, self.tree(then))
        if other == neg(then) and condition == then:
            return m.Absolute(self.tree(then))
        if condition == add(then, neg(other)):
            return m.Maximum(self.tree(then), self.tree(other))
        return m.Cases(self.comparison(condition), self.tree(then), self.tree(other))

    def comparison(self, condition: Expr) -> m.Greater | m.Less:
        """u > v from the condition u - v > 0; a number stands on the right."""
        left, right = compared(condition)
        if left.is_Number:
            return m.Less(self.tree(right), self.tree(left))
        return m.Greater(self.tree(left), self.tree(right))

    # --- arrays ---------------------------------------------------------------------------------------------------------------

    def _array(self, node: Node) -> Tree:
        match node:
            case arrays.Name():
                return self._array_name(node)
            case arrays.Scalar():
                return self.tree(node.expr)
            case arrays.Zeros():
                return m.ZERO
            case arrays.Ones():
                return m.Ones()
            case arrays.Identity():
                return m.Identity()
            case arrays.Transpose():
                return m.Transpose(self.tree(node.of))
            case arrays.Times():
                return m.ScalarProduct(tuple(map(self.tree, node.args)))
            case arrays.Product():
                return m.MatrixProduct(tuple(map(self.tree, node.args)))
            case arrays.Hadamard():
                return self._hadamard(node)
            case arrays.Sum():
                return m.Sum(tuple(map(self._term, node.args)))
            case arrays.Scaled():
                minus, factor = sign(node.factor)
                of = self.tree(node.of)
                found = of if factor == 1 else m.Scaled(self.tree(factor), of)
                return m.Minus(found) if minus else found
            case arrays.Map():
                return self._map(node)
            case arrays.Softmax():
                return m.Call("softmax", self.tree(node.of), array=True, along=node.along if len(node.axes) == 2 else None)
            case arrays.SquaredNorm():
                return m.SquaredNorm(self.tree(node.of))
            case arrays.Positive():
                inside = node.of
                if isinstance(inside, arrays.Scalar):
                    return m.Indicator(self.comparison(inside.expr))
                return m.Indicator(m.Greater(self.tree(inside), m.ZERO))
            case arrays.Diagonal():
                return m.Call("diag", self.tree(node.of), array=True)
            case arrays.Inner():
                return m.Inner(self.tree(node.left), self.tree(node.right))
            case arrays.LabelTotal():
                return m.Total((m.Over(tuple(map(_letter, node.over))),), self.tree(node.of))
        raise TypeError(type(node).__name__)

    def _array_name(self, node: arrays.Name) -> Tree:
        slots = [None if at is None else self.place(at) for at in node.slots()]
        found = self.named(node.key, slots, array=True, matrix=len(node.axes) == 2, dotted=node.dotted)
        return m.Change(found) if node.change else found

    def _hadamard(self, node: arrays.Hadamard) -> Tree:
        divides = [arrays.divides(arg) for arg in node.args]
        parts = [self.tree(a.of if isinstance(a, arrays.Map) and d else a) for a, d in zip(node.args, divides, strict=True)]
        if divides[0]:
            return m.Entrywise(self._ones(node), tuple(parts), tuple(divides))
        return m.Entrywise(parts[0], tuple(parts[1:]), tuple(divides[1:]))

    def _ones(self, node: Node) -> Tree:
        """What a reciprocal is written over: ones in the shape of what is below."""
        return self.tree(arrays.ones(node.axes))

    def _map(self, node: arrays.Map) -> Tree:
        function, of = node.function, self.tree(node.of)
        if isinstance(function, Elementwise):
            return m.Call(function.name, of, own=True, order=function.order, array=True)
        if not isinstance(function, Pow):
            return m.Call(function.func.__name__, of, array=True)
        if not node.axes and function.exp.is_negative:
            below = of if function.exp == -1 else self._map(arrays.Map((), power(function.base, -function.exp), node.of))
            return m.Product(Fraction(1), (), (below,))
        if not node.axes and function.exp == sympy.Rational(1, 2):
            return m.Root(of)
        if function.exp == -1:
            return m.Entrywise(self._ones(node), (of,), (True,))
        return m.Power(of, self.exponent(function.exp), entrywise=bool(node.axes))


def numeral(value: Expr) -> m.Numeral:
    """A number."""
    if value.is_Rational:
        return m.Numeral(Fraction(int(value.p), int(value.q)))
    return m.Numeral(Fraction(str(value)), sympy.latex(value))


def _letter(index: Index) -> m.Letter:
    return m.Letter(index.name)
