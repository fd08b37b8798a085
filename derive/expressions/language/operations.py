"""What the signs and functions of the language mean, in either form.

A `Form` walks a checked tree. The index form works on scalar expressions, the matrix form on whole arrays of them; what a sign or
a function does to scalars is said here, once. All is built as `nodes.add` does it, so that terms stay in the author's order.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

import sympy
from sympy import Expr, Rational, S

from ...errors import EquationError, did_you_mean
from ..nodes import Elementwise, Where, add, mul, neg, power
from ..traversal import factors
from .grammar import Source, chain

MAX_NODES = 20_000
"""The size of an expression beyond which the equation is refused: nested softmax and max double it each time."""

MAX_EXPONENT = 1_000
MAX_BITS = 4_096


@dataclass(frozen=True)
class Names:
    """What a name in an equation may be.

    shapes: known names, declared or defined above, each with its shape.
    functions: elementwise functions of the catalogue, such as `sigmoid`.
    sizes: index letters whose number of values is declared.
    """

    shapes: Mapping[str, tuple[int, ...]]
    functions: Collection[str] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)


def plus(*terms: Expr) -> Expr:
    """A sum in the author's order; of numbers alone, their value."""
    if all(term.is_Number for term in terms):
        return sum(terms, S.Zero)
    return add(*terms)


def choose(condition: Expr, positive: Expr, otherwise: Expr) -> Expr:
    """`positive` where `condition` > 0, else `otherwise`; decided at once for a number."""
    if condition.is_Number:
        return positive if condition > 0 else otherwise
    return Where(condition, positive, otherwise)


def maximum(u: Expr, v: Expr) -> Expr:
    if u is S.Zero:  # max(0, u) is max(u, 0): the same value, and its condition is u rather than -u
        u, v = v, u
    return choose(plus(u, neg(v)), u, v)


def minimum(u: Expr, v: Expr) -> Expr:
    return choose(plus(v, neg(u)), u, v)


def exponential(u: Expr) -> Expr:
    return sympy.exp(u, evaluate=False)


def root(u: Expr) -> Expr:
    return power(u, Rational(1, 2))


SCALAR: dict[str, Callable[[Expr], Expr]] = {
    "exp": exponential,
    "log": lambda u: sympy.log(u, evaluate=False),
    "sqrt": root,
    "sin": lambda u: sympy.sin(u, evaluate=False),
    "cos": lambda u: sympy.cos(u, evaluate=False),
    "erf": lambda u: sympy.erf(u, evaluate=False),
    "abs": lambda u: choose(u, u, neg(u)),
}
"""Functions of one scalar."""

PAIR: dict[str, Callable[[Expr, Expr], Expr]] = {"max": maximum, "min": minimum}
"""Functions of two scalars."""

OVER = ("sum", "mean", "softmax", "logsumexp", "norm")
"""Functions that run over an index, or over all entries of an array."""

BUILT_IN = frozenset({*SCALAR, *PAIR, *OVER, "where", "outer"})

V = TypeVar("V")


class Form(ABC, Generic[V]):
    """A way of reading a checked tree. V is what a part of an equation is worth in it."""

    def __init__(self, source: Source, names: Names) -> None:
        self.source = source
        self.names = names

    # What the forms do differently.

    @abstractmethod
    def number(self, value: Expr) -> V: ...

    @abstractmethod
    def name(self, node: ast.Name) -> V: ...

    @abstractmethod
    def entry(self, node: ast.Subscript) -> V: ...

    @abstractmethod
    def product(self, node: ast.BinOp) -> V:
        """The matrix product."""

    @abstractmethod
    def transpose(self, node: ast.Attribute) -> V: ...

    @abstractmethod
    def over(self, node: ast.Call, function: str) -> V:
        """One of the functions `OVER` an index or an array."""

    @abstractmethod
    def outer(self, node: ast.Call) -> V: ...

    @abstractmethod
    def lift(self, node: ast.expr, operands: list[ast.expr], build: Callable[..., Expr]) -> V:
        """Apply an operation on scalars to what the operands are worth."""

    # What they share.

    def value(self, node: ast.expr) -> V:
        match node:
            case ast.Constant():
                return self.number(self.source.number(node))
            case ast.Name():
                if node.id == "pi" and "pi" not in self.names.shapes:
                    return self.number(sympy.pi)
                return self.name(node)
            case ast.Subscript():
                return self.entry(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.lift(node, [operand], neg)
            case ast.UnaryOp(operand=operand):
                return self.value(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node)
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return self._product(node)
            case ast.BinOp(op=ast.Pow(), left=base, right=exponent):
                return self.lift(node, [base, exponent], lambda u, e: self._power(node, u, e))
            case ast.BinOp():
                return self.product(node)
            case ast.Attribute():
                return self.transpose(node)
            case ast.Call(func=ast.Name(id=function)):
                return self._call(node, function)
            case ast.Compare():
                raise self.source.error(
                    f"the comparison `{self.source.of(node)}` stands alone", node, "comparisons stand in where(u > v, a, b)"
                )
        raise AssertionError(f"{type(node).__name__} passed the whitelist")

    def _sum(self, node: ast.expr) -> V:
        links = chain(node, ast.Add, ast.Sub)
        minus = [isinstance(sign, ast.Sub) for sign, _ in links]
        return self.lift(
            node,
            [operand for _, operand in links],
            lambda *us: plus(*(neg(u) if m else u for u, m in zip(us, minus, strict=True))),
        )

    def _product(self, node: ast.expr) -> V:
        links = chain(node, ast.Mult, ast.Div)

        def build(*us: Expr) -> Expr:
            return mul(
                *(
                    self.inverse(operand, u) if isinstance(sign, ast.Div) else u
                    for u, (sign, operand) in zip(us, links, strict=True)
                )
            )

        return self.lift(node, [operand for _, operand in links], build)

    def inverse(self, node: ast.expr, u: Expr) -> Expr:
        if u is S.Zero:
            raise self.source.error("this divides by zero", node)
        return power(u, -1)

    def _power(self, node: ast.BinOp, base: Expr, exponent: Expr) -> Expr:
        if not exponent.is_Number:
            if base is S.Zero:
                message = f"`{self.source.of(node)}` is a power of zero, which has no derivative by its exponent"
                raise self.source.error(message, node, "write a positive base")
            return power(base, exponent)
        if abs(exponent) > MAX_EXPONENT:
            message = f"the exponent `{self.source.of(node.right)}` is too large"
            raise self.source.error(message, node.right, f"at most {MAX_EXPONENT} can be read")
        if base is S.Zero and exponent < 0:
            raise self.source.error("this divides by zero", node)
        if base.is_Number and bits(base) * abs(exponent) > MAX_BITS:
            raise self._too_many_digits(node)
        return self._real(node, power(base, exponent)) if base.is_Number else power(base, exponent)

    def _real(self, node: ast.expr, number: Expr) -> Expr:
        if number.is_real is False:
            raise self.source.error(f"`{self.source.of(node)}` is not a real number", node)
        return number

    def _too_many_digits(self, node: ast.expr) -> EquationError:
        return self.source.error(f"the value of `{self.source.of(node)[:40]}` has too many digits", node)

    def _call(self, node: ast.Call, function: str) -> V:
        if function in SCALAR:
            self.expect(node, function, 1)
            return self.lift(node, node.args, lambda u: self._scalar(node, function, u))
        if function in PAIR:
            self.expect(node, function, 2)
            return self.lift(node, node.args, PAIR[function])
        if function == "where":
            return self._where(node)
        if function in OVER:
            if not node.args:
                raise self.source.error(f"`{function}` needs something to work on", node, f"for example {function}(x)")
            return self.over(node, function)
        if function == "outer":
            self.expect(node, function, 2)
            return self.outer(node)
        if function in self.names.functions:
            self.expect(node, function, 1)
            return self.lift(node, node.args, lambda u: Elementwise.of(function, u))
        if function in self.names.shapes:
            hint = f"if a product is meant, write {function}*(…) or {function} @ (…)"
            raise self.source.error(f"`{function}` is not a function", node, hint)
        raise self.source.error(
            f"unknown function `{function}`", node, did_you_mean(function, {*BUILT_IN, *self.names.functions})
        )

    def _scalar(self, node: ast.Call, function: str, u: Expr) -> Expr:
        if function == "log" and u.is_Number and u <= 0:
            raise self.source.error(f"`{self.source.of(node)}` is not a real number", node)
        result = SCALAR[function](u)
        return self._real(node, result) if u.is_Number else result

    def _where(self, node: ast.Call) -> V:
        self.expect(node, "where", 3)
        condition, positive, otherwise = node.args
        if not isinstance(condition, ast.Compare):
            raise self.source.error(
                f"`{self.source.of(condition)}` is not a comparison", condition, "write where(u > v, a, b): a where u > v, else b"
            )
        sides = [condition.left, condition.comparators[0]]
        if isinstance(condition.ops[0], ast.Lt):
            sides.reverse()
        return self.lift(node, [*sides, positive, otherwise], lambda u, v, a, b: choose(plus(u, neg(v)), a, b))

    def expect(self, node: ast.Call, function: str, count: int) -> None:
        """Refuse a call with another number of arguments."""
        if len(node.args) != count:
            usage = {"where": "where(u > v, a, b)", "outer": "outer(u, v)", "max": "max(u, v)", "min": "min(u, v)"}
            raise self.source.error(
                f"`{function}` takes {_count(count, 'argument')}, but has {len(node.args)} here",
                node,
                f"write {usage.get(function, f'{function}(u)')}",
            )

    def unknown(self, node: ast.Name) -> EquationError:
        """The error for a name that stands for nothing."""
        if node.id in BUILT_IN or node.id in self.names.functions:
            return self.source.error(f"`{node.id}` is a function", node, f"write {node.id}(…)")
        return self.source.error(f"`{node.id}` is used before it is defined", node, did_you_mean(node.id, self.names.shapes))

    def bounded(self, node: ast.expr, expr: Expr) -> Expr:
        """`expr`, unless it has grown beyond all use."""
        if any(bits(part) > MAX_BITS for part in factors(expr) if part.is_Number):
            raise self._too_many_digits(node)
        if weight(expr) > MAX_NODES:
            raise self.source.error(
                f"`{self.source.of(node)[:40]}` is too large when written out", node, "give a part of it a name of its own"
            )
        return expr


@lru_cache(maxsize=65536)
def weight(expr: Expr) -> int:
    """The number of nodes, those of shared parts counted each time; cached, because parts are shared."""
    return 1 + sum(weight(arg) for arg in expr.args)


def bits(number: Expr) -> int:
    """The length of an exact number."""
    return int(abs(number.p).bit_length() + number.q.bit_length())


def over_all(function: str, body: Expr, count: int, summed: Callable[[Expr], Expr]) -> Expr:
    """sum, mean, logsumexp and norm of `body`, given how to sum it over its `count` values."""
    if function == "sum":
        return summed(body)
    if function == "mean":
        return mul(Rational(1, count), summed(body))
    if function == "logsumexp":
        return sympy.log(summed(exponential(body)), evaluate=False)
    return root(summed(power(body, 2)))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def described(what: str, shape: tuple[int, ...]) -> str:
    """x has 5 entries, W has shape 4×3, D is a scalar."""
    if not shape:
        return f"{what} is a scalar"
    if len(shape) == 1:
        return f"{what} has {shape[0]} {'entry' if shape[0] == 1 else 'entries'}"
    return f"{what} has shape {'×'.join(map(str, shape))}"


def contradiction(source: Source, left: ast.expr, declared: tuple[int, ...], found: tuple[int, ...]) -> EquationError:
    """The error for a left-hand side whose declared shape is not that of the right."""
    what = source.of(left)
    return source.error(f"{described(what, declared)} as declared, but {described('the right-hand side', found)}", left)
