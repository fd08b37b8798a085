"""The calculus: three operations on equations between indexed scalars.

    differential(rhs)   d of an expression, in the author's order of terms: dz = dw a + w da + db
    collect(d)          the same, opened into terms that carry one differential each
    read_off(...)       what stands before dW[p, q], summed over everything else, is ∂C/∂W[p, q]

There is no table of gradients. SymPy derives where it is dependable: functions of one scalar. Sums, products and indices are
ours, because there the order of the terms and the scope of the indices matter. The method is that of Magnus and Neudecker,
*Matrix Differential Calculus* (1988), ch. 5, carried out in index notation as in Laue, Mitterreiter and Giesen, *Computing
Higher Order Derivatives of Matrix and Tensor Expressions* (NeurIPS 2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy
from sympy import Add, Dummy, Expr, Mul, Pow, S

from ..expressions.nodes import (
    Delta,
    Differential,
    Elementwise,
    Entry,
    Index,
    Total,
    Where,
    Within,
    add,
    mul,
    neg,
    power,
    rebuild,
    total,
)
from ..expressions.traversal import factors, free_indices, fresh, like_terms, nodes, rename, terms

# --- d of an expression -------------------------------------------------------------------------------------------------------


def differential(expr: Expr, held: frozenset[str] = frozenset()) -> tuple[Expr, tuple[str, ...]]:
    """d of `expr`, and the keys of the rules that were used, each once, in the order of use.

    Entries whose key is in `held` do not change (targets, constants).
    """
    used: dict[str, None] = {}
    return _d(expr, held, used), tuple(used)


def _d(expr: Expr, held: frozenset[str], used: dict[str, None]) -> Expr:
    if isinstance(expr, Entry):
        if expr.key in held:
            used["held"] = None
            return S.Zero
        return Differential(expr)
    if not _moves(expr, held):
        if any(isinstance(n, Entry) for n in nodes(expr)):
            used["held"] = None
        return S.Zero
    if isinstance(expr, Add):
        used["sum"] = None
        return add(*(_d(term, held, used) for term in expr.args))
    if isinstance(expr, Total):
        used["sum"] = None
        return total(_d(expr.body, held, used), *expr.indices)
    if isinstance(expr, Mul):
        return _d_product(expr, held, used)
    if isinstance(expr, Where):
        used["where"] = None
        return Where(expr.args[0], _d(expr.args[1], held, used), _d(expr.args[2], held, used))
    if isinstance(expr, Pow) and _moves(expr.exp, held):
        used["power_by"] = None
        by_base = mul(expr.exp, power(expr.base, add(expr.exp, -1)), _d(expr.base, held, used))
        return add(by_base, mul(expr, sympy.log(expr.base, evaluate=False), _d(expr.exp, held, used)))
    if isinstance(expr, Pow):
        used["power" if expr.exp is not S.NegativeOne else "quotient"] = None
        inner = expr.base
    else:
        used["chain"] = None
        inner = expr.argument if isinstance(expr, Elementwise) else expr.args[0]
    return mul(slope(expr, inner), _d(inner, held, used))


def _d_product(expr: Expr, held: frozenset[str], used: dict[str, None]) -> Expr:
    moving = [i for i, f in enumerate(expr.args) if _moves(f, held)]
    if len(moving) > 1:
        used[
            "quotient" if any(isinstance(f, Pow) and f.exp.is_number and f.exp.is_negative for f in expr.args) else "product"
        ] = None
    else:
        used["factor"] = None
    parts = list(expr.args)
    return add(*(mul(*parts[:i], _d(parts[i], held, used), *parts[i + 1 :]) for i in moving))


def _moves(expr: Expr, held: frozenset[str]) -> bool:
    return any(isinstance(n, Entry) and n.key not in held for n in nodes(expr))


def slope(expr: Expr, inner: Expr) -> Expr:
    """The derivative of the scalar function `expr` with respect to its argument `inner`: SymPy's own `diff`.

    The argument is replaced by an independent symbol first, so no index can be captured.
    """
    stand_in = _STAND_IN
    if isinstance(expr, Elementwise):
        return Elementwise.of(expr.name, inner, expr.order + 1)
    if isinstance(expr, Pow) and not expr.exp.is_number:  # n x^(n-1), which has a value at 0, where n/x · x^n has none
        return mul(expr.exp, power(inner, add(expr.exp, -1)))
    function = power(stand_in, expr.exp) if isinstance(expr, Pow) else expr.func(stand_in)
    derived = _slope(function)
    return _put(derived, stand_in, inner)


_STAND_IN = Dummy("t", real=True)


@lru_cache(maxsize=1024)
def _slope(function: Expr) -> Expr:
    return sympy.diff(function, _STAND_IN)


def _put(expr: Expr, symbol: Expr, value: Expr) -> Expr:
    if expr == symbol:
        return value
    return rebuild(expr, (_put(a, symbol, value) for a in expr.args)) if expr.args else expr


# --- one differential a term --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """`left` · d(entry) · `right`, summed over `bound`: one place where a change comes in."""

    left: tuple[Expr, ...]
    entry: Entry
    right: tuple[Expr, ...]
    bound: tuple[Index, ...]

    @property
    def coefficient(self) -> Expr:
        return mul(*self.left, *self.right)

    def over(self, names: Mapping[Index, Index]) -> Term:
        """The same term in other letters, no two of them equal."""
        return _renamed(self, dict(names)) if names else self

    def expr(self) -> Expr:
        return total(mul(*self.left, Differential(self.entry), *self.right), *self.bound)


def collect(expr: Expr, free: Sequence[Index] = ()) -> tuple[Term, ...]:
    """Open an expression that is linear in its differentials into terms; a term that stands twice is written once.

    free: the indices of the left-hand side, which no sum in a term binds, also where the term itself does not depend on them.
    """
    return _merge([_avoid(term, free) for term in _open(expr)])


def _open(expr: Expr) -> list[Term]:
    if isinstance(expr, Differential):
        return [Term((), expr.entry, (), ())]
    if isinstance(expr, Add):
        return [term for part in expr.args for term in _open(part)]
    if isinstance(expr, Total):
        return [Term(t.left, t.entry, t.right, (*expr.indices, *t.bound)) for t in _open(expr.body)]
    if isinstance(expr, Where):
        condition, then, other = expr.args
        return _merge_where(condition, [(t, True) for t in _open(then)] + [(t, False) for t in _open(other)])
    if isinstance(expr, Mul):
        place = next((i for i, f in enumerate(expr.args) if any(isinstance(n, Differential) for n in nodes(f))), None)
        if place is None:
            return []
        before, after = expr.args[:place], expr.args[place + 1 :]
        opened = []
        for term in _open(expr.args[place]):
            term = _avoid(term, (*before, *after))
            opened.append(Term((*before, *term.left), term.entry, (*term.right, *after), term.bound))
        return opened
    return []


def _avoid(term: Term, others: Iterable[Expr]) -> Term:
    """The same term, with bound indices that do not clash with the indices of `others`."""
    outside = [n for other in others for n in nodes(other) if isinstance(n, Index)]
    names = {i.name for i in outside}
    taken = [*outside, *(n for n in nodes(term.expr()) if isinstance(n, Index))]
    change: dict[Index, Expr] = {}
    for index in term.bound:
        if index.name in names:
            other = fresh(index, taken)
            taken.append(other)
            change[index] = other
    return _renamed(term, change) if change else term


def _renamed(term: Term, names: dict[Index, Expr]) -> Term:
    entry = rename(term.entry, names)
    assert isinstance(entry, Entry)
    bound = tuple(b for b in (names.get(i, i) for i in term.bound) if isinstance(b, Index))
    return Term(tuple(rename(f, names) for f in term.left), entry, tuple(rename(f, names) for f in term.right), bound)


def lettered(term: Term, free: Sequence[Index], known: Sequence[Index]) -> Term:
    """The term with the letters of its equation (`known`) for its bound indices, where a clash that is gone had changed them."""
    change: dict[Index, Expr] = {}
    inside = [n for n in nodes(term.expr()) if isinstance(n, Index)]
    for index in term.bound:
        if index in known:
            continue
        wanted = next((k for k in known if k.size == index.size and all(k.name != i.name for i in [*inside, *free])), None)
        if wanted is not None:
            change[index] = wanted
            inside.append(wanted)
    return _renamed(term, change) if change else term


def _merge_where(condition: Expr, parts: Sequence[tuple[Term, bool]]) -> list[Term]:
    merged: dict[tuple[Entry, tuple[Index, ...]], list[Expr]] = {}
    for term, then in parts:
        pair = merged.setdefault((term.entry, term.bound), [S.Zero, S.Zero])
        pair[0 if then else 1] = add(pair[0 if then else 1], term.coefficient)
    return [Term((a if a == b else Where(condition, a, b),), entry, (), bound) for (entry, bound), (a, b) in merged.items()]


def _merge(opened: Sequence[Term]) -> tuple[Term, ...]:
    found: dict[tuple[Entry, tuple[Index, ...]], list[Term]] = {}
    for term in opened:
        found.setdefault((term.entry, term.bound), []).append(term)
    merged = []
    for (entry, bound), same in found.items():
        if len(same) == 1:
            merged.append(same[0])
        else:
            coefficient = like_terms(u for t in same for u in terms(t.coefficient))
            if coefficient is not S.Zero:
                merged.append(Term((coefficient,), entry, (), bound))
    return tuple(merged)


def split(found: Sequence[Term], first: frozenset[str]) -> tuple[Term, ...]:
    """The terms with the changes of the keys in `first` (the parameters) in front: dz = dw a + db + w da."""
    return tuple(sorted(found, key=lambda term: term.entry.key not in first))


# --- substitute, and read off -------------------------------------------------------------------------------------------------


def substitute(seed: Entry, found: Sequence[Term], bound: Sequence[Index]) -> Expr:
    """Σ `seed` dz over the indices `bound`, with the differential of z put in: a sum of terms, one differential each."""
    return add(*(_pulled(seed, term, bound) for term in found))


def _pulled(seed: Entry, term: Term, bound: Sequence[Index]) -> Expr:
    # δ goes in front of what it multiplies, behind numbers and signs: -2 δ a dw
    return total(mul(seed, *term.left, Differential(term.entry), *term.right), *bound, *term.bound)


def read_off(
    seed: Expr, term: Term, bound: Sequence[Index], shape: Sequence[int], avoid: Sequence[Index] = ()
) -> tuple[tuple[Index, ...], Expr]:
    """The contribution of one term of dz to the cotangent of the entry it changes.

    seed: the cotangent of z at its own indices `bound`; shape: the shape of the entry's tensor; avoid: indices whose letters
    are not to be used for new names.
    Returns the free indices that name the entry, one an axis, and the expression before its differential. Where the entry
    stands at plain, different indices, those indices are its name. An index that stands twice, a constant or an affine index
    (W[i, i], x[0], x[2i + p]) gets a new name q: an affine one is solved for a summed index with coefficient 1, within the
    bounds of that index, and what cannot be solved stays as Kronecker's delta [q = 2i + 3p].
    """
    summed = [*bound, *term.bound]
    free: list[Index] = []
    conditions: list[Expr] = []
    solved: dict[Index, Expr] = {}
    taken = [*summed, *avoid, *free_indices(term.expr())]
    taken += [n for n in nodes(term.coefficient) if isinstance(n, Index)]
    plain = {at for at, n in zip(term.entry.indices, shape, strict=True) if isinstance(at, Index) and at.size == n}
    for axis, at in enumerate(term.entry.indices):
        if isinstance(at, Index) and at in plain and at in summed and at not in free:
            free.append(at)
            continue
        inside = free_indices(at)
        name = fresh(inside[0] if inside else Index("i", shape[axis]), [*taken, *free])
        name = Index(name.name, shape[axis])
        free.append(name)
        at = rename(at, solved)
        unknown = next((i for i in free_indices(at) if i in summed and i not in plain and _unit(at, i)), None)
        if unknown is None:
            conditions.append(Delta(name, at))
            continue
        value = _solve(at, unknown, name)
        solved = {i: rename(e, {unknown: value}) for i, e in solved.items()} | {unknown: value}
        conditions.append(Within(value, sympy.Integer(unknown.size)))
    rest = [i for i in summed if i not in free and i not in solved]
    body = mul(*(rename(f, solved) for f in factors(mul(seed, term.coefficient))), *(rename(c, solved) for c in conditions))
    return tuple(free), total(body, *rest)


def _unit(at: Expr, index: Index) -> bool:
    return at.coeff(index) in (1, -1)


def _solve(at: Expr, unknown: Index, name: Index) -> Expr:
    """`unknown` from name = at, where it stands with coefficient 1 or -1, in the order name - rest."""
    sign = at.coeff(unknown)
    rest = [t for t in terms(at) if not t.has(unknown)]
    solved = add(name, *(neg(t) for t in rest))
    return solved if sign == 1 else neg(solved)


def aligned(free: Sequence[Index], expr: Expr, wanted: Sequence[Index]) -> Expr:
    """`expr` with its free indices renamed to `wanted`, all at once."""
    return rename(expr, {a: b for a, b in zip(free, wanted, strict=True) if a != b})
