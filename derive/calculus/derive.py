"""System -> Derivation: the forward lines, each line's own differential and partials, and what the pullback adds.

The one entry point is `derive`. The letters of its indices are right and no more: `notation.index_letters` makes them readable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sympy import Expr, Pow, S

from ..expressions.nodes import Differential, Elementwise, Entry, Index, Partial, Where, add, total
from ..expressions.system import HELD, Equation, Fact, System, lhs_of
from ..expressions.traversal import entries, free_indices, nodes, size
from . import differential, recognise, rewrites
from .differential import Term
from .pullback import pull_back
from .steps import Derivation, Step


def derive(system: System) -> Derivation:
    """Differentiate a system: forward lines, differentials, partials, substitutions downward, gradients."""
    held = frozenset(t.key for t in system.tensors.values() if t.role in HELD)
    first = frozenset(t.key for t in system.parameters)
    siblings = _siblings(system)
    shapes = {k: t.shape for k, t in system.tensors.items()}
    lines: dict[str, tuple[Term, ...]] = {}
    forward: list[Step] = []
    local: list[Step] = []
    for equation in system.equations:
        forward.append(Step("forward", lhs_of(equation).key, ("definition",), (), equation))
        steps, found = _differentiate(equation, held, first, siblings, system.facts, shapes)
        local += steps
        lines[lhs_of(equation).key] = found
    backward, gradients, seeds = pull_back(system, lines)
    return Derivation(system, (*forward, *local, *backward), gradients, lines, seeds)


def _siblings(system: System) -> dict[str, list[Equation]]:
    """For each defined key, the equations worth recognising in its differential: its own, and those of the same arguments."""
    by_argument: dict[str, list[Equation]] = {}
    for equation in system.equations:
        for entry in entries(equation.rhs):
            by_argument.setdefault(entry.key, []).append(equation)
    out: dict[str, list[Equation]] = {}
    for equation in system.equations:
        near = [equation]
        if _curved(equation.rhs):
            for entry in entries(equation.rhs):
                near += [e for e in by_argument[entry.key][:8] if e not in near]
        out[lhs_of(equation).key] = near
    return out


def _curved(expr: Expr) -> bool:
    """Whether a value of the forward pass can stand again in the derivative: it has a function or a quotient."""
    return any(n.is_Function or isinstance(n, Pow | Elementwise) for n in nodes(expr))


# --- each line's own differential ---------------------------------------------------------------------------------------------


def _differentiate(
    equation: Equation,
    held: frozenset[str],
    first: frozenset[str],
    siblings: Mapping[str, list[Equation]],
    facts: Sequence[Fact],
    shapes: Mapping[str, tuple[int, ...]],
) -> tuple[list[Step], tuple[Term, ...]]:
    lhs = lhs_of(equation)
    change = Differential(lhs)
    raw, rules = differential.differential(equation.rhs, held)
    written = Equation(change, raw)
    steps = [Step("differential", lhs.key, rules, (equation,), written)]
    short = rewrites.reduced(raw)
    if short != raw:
        steps.append(Step("differential", lhs.key, ("cancel",), (written,), Equation(change, short)))
    collected = differential.collect(short, free_indices(lhs))
    found = differential.split([t for t in collected if t.expr() != 0], first)  # dc - dc in a branch
    if _curved(equation.rhs):
        named = tuple(_named(term, equation, siblings[lhs.key]) for term in found)
        if named != found:
            found = named
            opened_short = rewrites.common_first(add(*(t.expr() for t in named)))
            short = min(_recognised(raw, equation, siblings[lhs.key]), opened_short, key=size)
            steps.append(Step("differential", lhs.key, _recognised_by(equation), (written,), Equation(change, short)))
    opened = Equation(change, add(*(t.expr() for t in found)))
    if opened.rhs != steps[-1].result.rhs and len(found) > 1 and "recognise" not in steps[-1].rules:
        steps.append(Step("differential", lhs.key, ("sum",), (steps[-1].result,), opened))
    keys = dict.fromkeys(t.entry.key for t in found)
    asked = _conditions(equation.rhs, held)
    for key in keys:
        if len(keys) > 1:
            alone = Equation(change, add(*(t.expr() for t in found if t.entry.key == key)))
            steps.append(Step("held", lhs.key, ("partial",), (opened,), alone))
        steps.append(_partial(lhs, key, found, opened, facts, shapes, asked))
    return steps, found


def _conditions(expr: Expr, held: frozenset[str]) -> tuple[Entry, ...]:
    """What the conditions of an expression ask about: it decides between two branches, though its change is in neither."""
    found = (e for n in nodes(expr) if isinstance(n, Where) for e in entries(n.args[0]))
    return tuple(dict.fromkeys(e for e in found if e.key not in held))


def _recognised_by(equation: Equation) -> tuple[str, ...]:
    """The rules of a line in which forward values are named: the slope of its activation, or any other value."""
    rhs = equation.rhs
    return ("prime", "recognise") if isinstance(rhs, Elementwise) and not isinstance(rhs.argument, Entry) else ("recognise",)


def _recognised(expr: Expr, equation: Equation, definitions: Sequence[Equation]) -> Expr:
    """An expression written with the names of the forward pass."""
    short = recognise.recognise(expr, definitions)
    rhs = equation.rhs
    if isinstance(rhs, Elementwise) and not isinstance(rhs.argument, Entry):
        short = rewrites.by_value(short, {rhs: equation.lhs})
    return short


def _named(term: Term, equation: Equation, definitions: Sequence[Equation]) -> Term:
    """A term whose coefficient uses the names of the forward pass."""
    coefficient = term.coefficient
    short = _recognised(coefficient, equation, definitions)
    if short == coefficient:
        return term
    named = Term((short,), term.entry, (), term.bound)
    return differential.lettered(named, free_indices(equation.lhs), [n for n in nodes(equation.rhs) if isinstance(n, Index)])


def _partial(
    lhs: Entry,
    key: str,
    found: Sequence[Term],
    opened: Equation,
    facts: Sequence[Fact],
    shapes: Mapping[str, tuple[int, ...]],
    asked: Sequence[Entry],
) -> Step:
    """∂lhs/∂entry: the terms of the other differentials set to zero, and what then stands before this one.

    asked: entries of a condition, which are held constant as well.
    """
    mine = [t for t in found if t.entry.key == key]
    if len(mine) == 1 and _names_its_entry(mine[0]):
        (term,) = mine
        by: Expr = term.entry
        parts = [total(term.coefficient, *(i for i in term.bound if i not in free_indices(by)))]
    else:  # several entries come together: name one of them by indices of its own, and take from each term what belongs to it
        read = [differential.read_off(S.One, t, (), shapes[key], free_indices(lhs)) for t in mine]
        wanted = read[0][0]
        by = Entry.of(key, *wanted)
        parts = [differential.aligned(free, value, wanted) for free, value in read]
    others = dict.fromkeys(Entry.of(e.key) for e in (*(t.entry for t in found), *asked) if e.key != key)
    value, _ = rewrites.facts_used(rewrites.outside(rewrites.common_first(add(*parts))), facts)
    return Step("partial", lhs.key, ("partial",), (opened,), Equation(Partial(lhs, by, *others), value))


def _names_its_entry(term: Term) -> bool:
    """Whether different values of the bound indices mean different entries, so that the entry as it stands is one place."""
    told: set[Index] = set()
    for at in term.entry.indices:
        inside = [i for i in free_indices(at) if i in term.bound]
        if len(inside) > 1:
            return False
        told.update(inside)
    return all(i in told or i not in free_indices(term.entry) for i in term.bound)
