"""Reading expressions and walking over them: terms and factors, free indices, renaming without capture."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, count
from operator import is_

from sympy import Add, Expr, Mul, S

from .nodes import Entry, Index, Pairing, Total, add, mul, rebuild


def terms(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum, or the expression alone; nothing for zero."""
    if expr is S.Zero:
        return ()
    return expr.args if isinstance(expr, Add) else (expr,)


def factors(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a product, or the expression alone."""
    return expr.args if isinstance(expr, Mul) else (expr,)


def nodes(expr: Expr) -> Iterator[Expr]:
    """Every node, parents first, arguments in their order."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        if args := node.args:
            stack.extend(args[::-1])


def size(expr: Expr) -> int:
    """How many nodes an expression has: the measure by which a rewrite must pay."""
    stack, found = [expr], 0
    while stack:
        found += 1
        stack.extend(stack.pop().args)
    return found


def entries(expr: Expr) -> tuple[Entry, ...]:
    """The different entries of an expression in the order of their first appearance."""
    return tuple(dict.fromkeys(n for n in nodes(expr) if isinstance(n, Entry)))


def free_indices(expr: Expr) -> tuple[Index, ...]:
    """The indices that no `Total` inside binds, in the order of their first appearance."""
    return tuple(_free(expr))


@lru_cache(maxsize=65536)
def _free(expr: Expr) -> dict[Index, None]:
    if isinstance(expr, Index):
        return {expr: None}
    found: dict[Index, None] = {}
    if isinstance(expr, Total | Pairing):
        for arg in expr.args[: 1 if isinstance(expr, Total) else 2]:
            found.update(_free(arg))
        for bound in expr.indices:
            found.pop(bound, None)
        return found
    for arg in expr.args:
        found.update(_free(arg))
    return found


def transform(expr: Expr, rule: Callable[[Expr], Expr | None]) -> Expr:
    """Replace from the top: where `rule` answers, its answer stands and is not searched again."""
    answer = rule(expr)
    if answer is not None:
        return answer
    given = expr.args
    if not given:
        return expr
    args = [transform(arg, rule) for arg in given]
    return expr if all(map(is_, args, given)) else rebuild(expr, args)


LETTERS = "ijkmpqrstuvh"
"""Letters for fresh indices. `l` and `n` are kept for layers and training examples."""


MORE = "abcgowxyz"
"""Letters for when these are all taken: one that is no name is better than one with a number, which may look like an entry."""


def fresh(near: Index, taken: Iterable[Index]) -> Index:
    """An index of `near`'s size whose letter is not among `taken`: the next free letter of the alphabet of indices."""
    found: Index = type(near)(letter_for(near.name, {i.name for i in taken}), near.size)
    return found


def letter_for(near: str, used: Collection[str]) -> str:
    """The next letter of the alphabet of indices after that of `near` that is not used; else another, or one with a number."""
    start = LETTERS.find(near[0]) + 1
    numbered = (f"{near}{number}" for number in count(1))
    return next(letter for letter in chain(LETTERS[start:], LETTERS[:start], MORE, numbered) if letter not in used)


def rename(expr: Expr, names: Mapping[Index, Expr]) -> Expr:
    """Replace free indices; a bound index that would capture a new one gets another letter first."""
    names = {a: b for a, b in names.items() if a != b and a in _free(expr)}
    if not names:
        return expr
    if isinstance(expr, Index):
        return names[expr]
    if isinstance(expr, Total | Pairing):
        bound = list(expr.indices)
        parts = expr.args[: len(expr.args) - len(bound)]
        coming = [i for b in names.values() for i in free_indices(b)]
        staying = [i for part in parts for i in _free(part) if i not in names]
        together: dict[Index, Expr] = dict(names)
        for place, index in enumerate(bound):
            if any(index.name == i.name for i in coming):
                bound[place] = fresh(index, [*coming, *staying, *bound])
                together[index] = bound[place]
        return expr.func(*(rename(part, together) for part in parts), *bound)
    return rebuild(expr, (rename(arg, names) if isinstance(arg, Expr) else arg for arg in expr.args))


def numbered(term: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """The number in front of a term, and its other factors."""
    parts = factors(term)
    return (parts[0], parts[1:]) if parts[0].is_Number else (S.One, parts)


def like_terms(found: Iterable[Expr]) -> Expr:
    """The sum of terms, equal ones written once: x + x as 2x."""
    numbers: dict[tuple[Expr, ...], Expr] = {}
    for term in found:
        number, rest = numbered(term)
        numbers[rest] = numbers.get(rest, S.Zero) + number
    return add(*(mul(number, *rest) for rest, number in numbers.items()))
