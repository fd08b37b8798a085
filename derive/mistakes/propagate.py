"""From one line upwards: what a student makes of a wrong differential or partial who goes on correctly.

`contributions` pulls a cotangent back through the lines that use a quantity, as `pullback` does, but names every cotangent and
simplifies nothing, so that any line and any cotangent can be exchanged for a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sympy import Expr, Pow, S

from ..calculus import differential, rewrites
from ..calculus.differential import Term
from ..calculus.steps import Derivation
from ..expressions.nodes import Delta, Differential, Entry, Index, Partial, add, total
from ..expressions.system import Equation, cotangent, is_cotangent, lhs_of, primal
from ..expressions.traversal import entries, free_indices, nodes, rename, size, terms, transform
from .changes import with_names

Lines = Mapping[str, Sequence[Term]]
"""The terms of lines that are other than in the derivation."""


def changed_terms(change: Expr, equation: Equation) -> tuple[Term, ...]:
    """The terms of a wrong differential; a term with two changes in it has no derivative, and is left out."""
    linear = add(*(t for t in terms(change) if sum(isinstance(n, Differential) for n in nodes(t)) == 1 or _is_sum(t)))
    found = differential.collect(linear, free_indices(equation.lhs))
    plain = (t for t in found if not any(isinstance(n, Differential) for n in nodes(t.coefficient)))
    return tuple(Term((with_names(t.coefficient, equation),), t.entry, (), t.bound) for t in plain)


def _is_sum(term: Expr) -> bool:
    """Whether a term opens into several: Σ_k (dw x + w dx)."""
    return any(n.is_Add and any(isinstance(m, Differential) for m in nodes(n)) for n in nodes(term))


def with_partial(derivation: Derivation, partial: Partial, value: Expr) -> tuple[Term, ...]:
    """The terms of a line in which one partial has another value."""
    bound = tuple(i for i in free_indices(partial.by) if i not in free_indices(partial.of))
    others = [t for t in derivation.terms[partial.of.key] if t.entry.key != partial.by.key]
    return (*others, *((Term((value,), partial.by, (), bound),) if value is not S.Zero else ()))


def partial_value(found: Iterable[Term], partial: Partial, shape: tuple[int, ...]) -> Expr | None:
    """What stands before d(`partial.by`) in the terms of a line; None where its indices do not name it."""
    by = partial.by
    mine = [t for t in found if t.entry.key == by.key]
    if len(mine) == 1 and mine[0].entry == by:
        return total(mine[0].coefficient, *(i for i in mine[0].bound if i not in free_indices(by)))
    wanted = tuple(i for i in by.indices if isinstance(i, Index) and i.size in shape)
    if len(set(wanted)) < len(by.indices):
        return None
    parts = []
    for term in mine:
        free, value = differential.read_off(S.One, term, (), shape, free_indices(partial.of))
        parts.append(differential.aligned(free, value, wanted))
    value = transform(add(*parts), lambda n: S.One if isinstance(n, Delta) and n.args[0] == n.args[1] else None)
    return rewrites.outside(rewrites.common_first(value))


def users(derivation: Derivation) -> Mapping[str, tuple[Equation, ...]]:
    """For each key the lines in whose differential it stands, the last first."""
    found: dict[str, tuple[Equation, ...]] | None = derivation.__dict__.get("_users")
    if found is None:
        found = {}
        for equation in reversed(derivation.system.equations):
            for key in dict.fromkeys(t.entry.key for t in derivation.terms[lhs_of(equation).key]):
                found[key] = (*found.get(key, ()), equation)
        derivation.__dict__["_users"] = found
    return found


def contributions(derivation: Derivation, about: str, lines: Lines) -> list[tuple[str, Expr]]:
    """The line that uses `about` and what it contributes to its cotangent, over the indices of the right cotangent."""
    system = derivation.system
    wanted = plain_indices(derivation.gradients[about].lhs)
    out = []
    for equation in users(derivation).get(about, ()):
        lhs = lhs_of(equation)
        if lhs.key != system.objective and lhs.key not in derivation.gradients and lhs.key not in derivation.seeds:
            continue  # the cost does not depend on it
        seed = S.One if lhs.key == system.objective else Entry.of(cotangent(lhs.key), *lhs.indices)
        parts = []
        for term in lines.get(lhs.key, derivation.terms[lhs.key]):
            if term.entry.key == about:
                free, value = differential.read_off(seed, term, plain_indices(lhs), system.tensors[about].shape)
                parts.append(differential.aligned(free, value, wanted))
        out.append((lhs.key, add(*parts)))
    return out


def named(derivation: Derivation, about: str, lines: Lines | None = None) -> Equation:
    """The cotangent of `about` in terms of those right above it, none put in; of the derivation itself, or with other `lines`."""
    if lines:
        value = add(*(value for _, value in contributions(derivation, about, lines)))
        return Equation(derivation.gradients[about].lhs, value)
    cache: dict[str, Equation] = derivation.__dict__.setdefault("_named", {})
    if about not in cache:
        value = add(*(value for _, value in contributions(derivation, about, {})))
        cache[about] = Equation(derivation.gradients[about].lhs, value)
    return cache[about]


def plain_indices(lhs: Expr) -> tuple[Index, ...]:
    return tuple(i for i in lhs.indices if isinstance(i, Index))


def put_in(value: Expr, cotangents: Mapping[str, Equation]) -> Expr:
    """The cotangents of these keys, written out."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Entry) and is_cotangent(node.key) and primal(node.key) in cotangents:
            known = cotangents[primal(node.key)]
            return rename(known.rhs, dict(zip(plain_indices(known.lhs), node.indices, strict=True)))
        return None

    return transform(value, rule)


def written_out(derivation: Derivation, about: str, shown: Expr) -> tuple[str, ...]:
    """The keys whose cotangents the form `shown` of a gradient has taken in."""
    here = {e.key for e in entries(shown)}
    above = (e.key for e in entries(named(derivation, about).rhs) if is_cotangent(e.key))
    return tuple(primal(key) for key in dict.fromkeys(above) if key not in here and primal(key) in derivation.gradients)


def tidy(derivation: Derivation, value: Expr) -> Expr:
    """A wrong line as a person would write it: what cancels is cancelled, common factors stand in front."""
    value = rewrites.signs_out(rewrites.outside(_constants_put_in(derivation, value)))
    if any(isinstance(n, Pow) and n.exp.is_negative for n in nodes(value)):
        short, _ = rewrites.facts_used(rewrites.cancelled(value), derivation.system.facts)
        value = min(value, short, key=size)
    short = rewrites.positive_first(rewrites.common_first(value))
    return short if size(short) <= size(value) else value


def _constants_put_in(derivation: Derivation, value: Expr) -> Expr:
    """Cotangents that are mere numbers, as 1/N in an average, written as such."""
    system = derivation.system

    def constant(equation: Equation) -> bool:
        held = all(e.key in system.tensors and system.tensors[e.key].role == "constant" for e in entries(equation.rhs))
        return held and not free_indices(equation.rhs)

    return transform(
        value,
        lambda n: (
            derivation.gradients[primal(n.key)].rhs
            if isinstance(n, Entry)
            and is_cotangent(n.key)
            and primal(n.key) in derivation.gradients
            and constant(derivation.gradients[primal(n.key)])
            else None
        ),
    )
