"""Typed indexed symbols, and equations between them.

Everything the product derives is an equation between indexed scalars. The expressions are SymPy's, with a few node types of our
own, and with one promise SymPy does not make: **the terms stay in the order in which they were written**. Therefore sums and
products are built by `add` and `mul` here, never by `+` and `*`, which sort.

    Index     j, with the number of values it takes: 0 … size-1
    Example   n, the index of the training examples, of which there may be any number
    Entry     W[j, k]: one scalar of a tensor. The first argument is the tensor's key.
    Total     the sum of a body over bound indices
    Differential   d of an entry
    Delta     Kronecker's delta of two index expressions
    Within    1 where an index expression lies in 0 … size-1, else 0
    Elementwise    f(u), f'(u), f''(u) for a named function of the catalogue
    Where     one expression where a condition is positive, another elsewhere
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import sympy
from sympy import Add, Expr, Integer, Mul, Pow, S, Symbol
from sympy.core.symbol import Str


class Index(Symbol):
    """An index, with the number of values it takes. Two indices of one letter and different sizes are different."""

    __slots__ = ("size",)
    size: int

    def __new__(cls, name: str, size: int) -> Any:
        kind: Any = cls
        return _index(kind, name, size)

    def __getnewargs_ex__(self) -> Any:
        return ((self.name, self.size), {})

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.size)


@cache
def _index(kind: Any, name: str, size: int) -> Index:
    index: Index = Symbol.__xnew__(kind, name, integer=True)
    index.size = size
    return index


class Example(Index):
    """The index of the training examples. What is derived holds for any number of them: N is written, never `size`."""

    __slots__ = ()


class Node(Expr):
    """An own expression type: it holds its arguments as they are, and never rewrites itself."""

    is_commutative = True
    __slots__ = ()

    def __new__(cls, *args: Any) -> Any:
        return sympy.Basic.__new__(cls, *args)

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({', '.join(map(printer._print, self.args))})"


class Entry(Node):
    """One scalar of a tensor: `Entry.of("W", j, k)`."""

    @classmethod
    def of(cls, key: str, *indices: Any) -> Entry:
        return cls(Str(key), *map(sympy.sympify, indices))

    @property
    def key(self) -> str:
        return str(self.args[0].name)

    @property
    def indices(self) -> tuple[Expr, ...]:
        return self.args[1:]

    def _eval_derivative(self, s: Any) -> Expr:
        return S.One if s == self else S.Zero

    def _sympystr(self, printer: Any) -> str:
        return f"{self.key}[{', '.join(map(printer._print, self.indices))}]" if self.indices else self.key


class Differential(Node):
    """The change of an entry: `Differential(Entry.of("z", j))` is dz[j]."""

    @property
    def entry(self) -> Entry:
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        return f"d{printer._print(self.entry)}"


class Total(Node):
    """The sum of `body` over the bound `indices`."""

    @property
    def body(self) -> Expr:
        return self.args[0]

    @property
    def indices(self) -> tuple[Index, ...]:
        return self.args[1:]


class Pairing(Node):
    """Σ over the bound indices of `value` · d(entry): the term of a total differential that belongs to one tensor."""

    @property
    def value(self) -> Expr:
        return self.args[0]

    @property
    def change(self) -> Differential:
        return self.args[1]

    @property
    def indices(self) -> tuple[Index, ...]:
        return self.args[2:]

    def written_out(self) -> Expr:
        """The same as a plain sum of products."""
        return total(mul(self.value, self.change), *self.indices)


class Delta(Node):
    """Kronecker's delta: 1 where both index expressions agree, else 0."""


class Within(Node):
    """1 where the index expression `args[0]` lies in 0 … `args[1]`-1, else 0 (an Iverson bracket)."""


class Elementwise(Node):
    """The derivative of order `order` of a catalogue function, at `argument`; order 0 is the function itself."""

    @classmethod
    def of(cls, name: str, argument: Expr, order: int = 0) -> Elementwise:
        return cls(Str(name), Integer(order), argument)

    @property
    def name(self) -> str:
        return str(self.args[0].name)

    @property
    def order(self) -> int:
        return int(self.args[1])

    @property
    def argument(self) -> Expr:
        return self.args[2]

    def _eval_derivative(self, s: Any) -> Expr:
        return Elementwise.of(self.name, self.argument, self.order + 1) * self.argument.diff(s)


class Where(Node):
    """`args[1]` where `args[0]` > 0, else `args[2]`. (At 0 it is the second: the value at a kink is thereby defined.)"""

    def _eval_derivative(self, s: Any) -> Expr:
        return Where(self.args[0], self.args[1].diff(s), self.args[2].diff(s))


class Partial(Node):
    """The partial derivative ∂`of`/∂`by`, with the entries `held` held constant."""

    @property
    def of(self) -> Entry:
        return self.args[0]

    @property
    def by(self) -> Entry:
        return self.args[1]

    @property
    def held(self) -> tuple[Entry, ...]:
        return self.args[2:]


class Second(Node):
    """The second partial derivative: of `args[0]`, first by `args[1]`, then by `args[2]`."""


# --- building, in the order given ---------------------------------------------------------------------------------------------


def add(*terms: Any) -> Expr:
    """The sum of `terms` in their order; nested sums are opened, zeros dropped."""
    flat: list[Expr] = []
    for term in terms:
        if not isinstance(term, Expr):
            term = sympy.sympify(term)
        flat.extend(term.args if isinstance(term, Add) else [term])
    numbers = [t for t in flat if t.is_Number]
    if len(numbers) > 1:  # 1 + 1 is 2, where the first of them stood
        first = flat.index(numbers[0])
        flat = [sum(numbers, S.Zero) if i == first else t for i, t in enumerate(flat) if i == first or not t.is_Number]
    flat = [t for t in flat if t is not S.Zero]
    if not flat:
        return S.Zero
    return flat[0] if len(flat) == 1 else Add._from_args(flat, True)


def mul(*factors: Any) -> Expr:
    """The product of `factors` in their order; nested products are opened, numbers gathered in front."""
    number: Expr = S.One
    flat: list[Expr] = []
    for factor in factors:
        if not isinstance(factor, Expr):
            factor = sympy.sympify(factor)
        for part in factor.args if isinstance(factor, Mul) else [factor]:
            if part.is_Number:
                number = number * part
            else:
                flat.append(part)
    if number is S.Zero:
        return S.Zero
    if number is not S.One or not flat:
        flat.insert(0, number)
    return flat[0] if len(flat) == 1 else Mul._from_args(flat, True)


def power(base: Expr, exponent: Any) -> Expr:
    """`base` to the `exponent`, unevaluated but for the exponents 0 and 1 and for numbers."""
    exponent = sympy.sympify(exponent)
    if exponent is S.One:
        return base
    if exponent is S.Zero:
        return S.One
    if base.is_Number and exponent.is_Number:
        value = base**exponent
        if value.is_Number:  # the root of 9/4, but not that of 2
            return value
    if isinstance(base, Pow) and base.exp.is_number and exponent.is_Integer:
        return power(base.base, base.exp * exponent)
    return Pow(base, exponent, evaluate=False)


def neg(expr: Expr) -> Expr:
    """Minus `expr`; a sum is negated term by term."""
    return add(*(mul(-1, t) for t in expr.args)) if isinstance(expr, Add) else mul(-1, expr)


def total(body: Expr, *indices: Index) -> Expr:
    """The sum of `body` over `indices`; a sum directly inside is joined, a sum over nothing is its body."""
    if body is S.Zero:
        return S.Zero
    if not indices:
        return body
    if isinstance(body, Total):
        return Total(body.body, *indices, *body.indices)
    return Total(body, *indices)


def rebuild(expr: Expr, args: Iterable[Any]) -> Expr:
    """`expr` with other arguments, in their order."""
    args = tuple(args)
    if isinstance(expr, Add):
        return add(*args)
    if isinstance(expr, Mul):
        return mul(*args)
    if isinstance(expr, Pow):
        return power(*args)
    if isinstance(expr, Total):
        return total(*args)
    if expr.is_Function:
        return expr.func(*args, evaluate=False)  # SymPy would turn exp(log x) into x, and lose the author's order
    return expr.func(*args)
