"""Downward: keep substituting, and read off what stands before each change.

Reverse accumulation over the list of equations: each intermediate value's cotangent is named and never inlined into the next, so
work and output grow linearly with the number of equations (Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, ch. 3).
The one exception is what the textbooks write on one line: the δ of a pre-activation takes in the ∂C/∂a of its own activation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Pow, S

from ..expressions.matching import match
from ..expressions.nodes import Differential, Elementwise, Entry, Index, Pairing, Total, add, mul, total
from ..expressions.system import Equation, System, cotangent, is_cotangent, lhs_of
from ..expressions.traversal import entries, free_indices, nodes, rename, size, transform
from . import differential, rewrites
from .differential import Term
from .steps import Step


@dataclass(frozen=True)
class _Contribution:
    source: str
    free: tuple[Index, ...]
    value: Expr


def pull_back(system: System, lines: Mapping[str, tuple[Term, ...]]) -> tuple[list[Step], dict[str, Equation], tuple[str, ...]]:
    arriving: dict[str, list[_Contribution]] = {}
    gradients: dict[str, Equation] = {}
    steps: list[Step] = []
    seeds: list[str] = []
    consumed = {t.entry.key for found in lines.values() for t in found}
    activations = _activations(system)
    for equation in reversed(system.equations):
        lhs = lhs_of(equation)
        seed: Expr
        if lhs.key == system.objective:
            seed = S.One
        elif lhs.key in arriving:
            step = _gradient(system, lhs.key, arriving.pop(lhs.key), gradients, activations)
            steps += step
            gradients[lhs.key] = step[-1].result
            seed = Entry.of(cotangent(lhs.key), *lhs.indices)
        elif system.objective is None and lhs.key not in consumed:
            seeds.append(lhs.key)
            seed = Entry.of(cotangent(lhs.key), *lhs.indices)
        else:
            continue  # computed, but the objective does not depend on it
        bound = tuple(i for i in lhs.indices if isinstance(i, Index))
        found = lines[lhs.key]
        change = total(mul(seed, Differential(lhs)), *bound)
        steps.append(
            Step(
                "substitute",
                lhs.key,
                ("substitute",),
                (Equation(Differential(lhs), add(*(t.expr() for t in found))),),
                Equation(change, differential.substitute(seed, found, bound)),
            )
        )
        here: dict[str, list[_Contribution]] = {}
        for term in found:
            free, value = differential.read_off(seed, term, bound, system.tensors[term.entry.key].shape)
            here.setdefault(term.entry.key, []).append(_Contribution(lhs.key, free, value))
        steps.append(
            Step("arranged", lhs.key, ("arrange",), (steps[-1].result,), Equation(change, _arranged(system, here, gradients)))
        )
        for key, contributions in here.items():
            arriving.setdefault(key, []).extend(contributions)
    for key, found_here in arriving.items():  # what nothing defines: parameters and inputs
        step = _gradient(system, key, found_here, gradients, activations)
        steps += step
        gradients[key] = step[-1].result
    for tensor in system.parameters:
        if tensor.key not in gradients:  # nothing that is differentiated depends on it
            names = [Index(letter, n) for letter, n in zip("jkmpqrst", tensor.shape, strict=False)]
            gradients[tensor.key] = Equation(Entry.of(cotangent(tensor.key), *names), S.Zero)
            steps.append(Step("gradient", tensor.key, ("no_such",), (), gradients[tensor.key]))
    return steps, gradients, tuple(seeds)


def _arranged(system: System, here: Mapping[str, Sequence[_Contribution]], gradients: Mapping[str, Equation]) -> Expr:
    """The substituted line with one term for each tensor, its derivative in front of its change."""
    pairs = []
    for key, contributions in here.items():
        free = contributions[0].free
        values = [differential.aligned(c.free, c.value, free) for c in contributions]
        value = _flat(rewrites.outside(_plain_seeds(system, add(*values), gradients)))
        pairs.append(Pairing(value, Differential(Entry.of(key, *free)), *free))
    return add(*pairs)


def _gradient(
    system: System,
    key: str,
    arriving: Sequence[_Contribution],
    gradients: Mapping[str, Equation],
    activations: Mapping[str, list[Equation]],
) -> list[Step]:
    """The steps from the contributions to the cotangent's textbook form."""
    wanted = arriving[0].free
    values = [differential.aligned(c.free, c.value, wanted) for c in arriving]
    lhs = Entry.of(cotangent(key), *wanted)
    value = _flat(rewrites.outside(_plain_seeds(system, add(*values), gradients)))
    rules = ("read_off",) if len(arriving) == 1 else ("read_off", "add_up")
    steps = [Step("gradient", key, rules, (), Equation(lhs, value))]
    known, reason = rewrites.facts_used(value, system.facts)
    if reason is not None:
        value = known
        steps.append(Step("gradient", key, (reason,), (steps[-1].result,), Equation(lhs, value)))
    for rule, other in _textbook(system, key, value, gradients, activations):
        steps.append(Step("gradient", key, (rule,), (steps[-1].result,), Equation(lhs, other)))
    return steps


def _plain_seeds(system: System, expr: Expr, gradients: Mapping[str, Equation]) -> Expr:
    """Cotangents that are plain numbers (1/N in an average) are written as such."""

    def constant(value: Expr) -> bool:
        return (
            all(e.key in system.tensors and system.tensors[e.key].role == "constant" for e in entries(value)) and size(value) < 8
        )

    plain: dict[Expr, Expr] = {}
    for node in nodes(expr):
        if isinstance(node, Entry) and is_cotangent(node.key):
            known = gradients.get(node.key[4:])
            if known is not None and not free_indices(known.rhs) and constant(known.rhs):
                plain[node] = known.rhs
    return transform(expr, plain.get) if plain else expr


def _flat(expr: Expr) -> Expr:
    """Where several terms share factors, and no product is lost by it: the factors in front of one bracket."""
    short = rewrites.common_first(expr)
    return short if size(short) <= size(expr) else expr


def _textbook(
    system: System,
    key: str,
    value: Expr,
    gradients: Mapping[str, Equation],
    activations: Mapping[str, list[Equation]],
) -> list[tuple[str, Expr]]:
    """Further forms, each with its rule; none where the value is best as it stands."""
    tensor = system.tensors[key]
    inlined = _inlined(system, value, gradients)
    if inlined is None:
        return []
    # the slope of an activation by its value, a quotient cancelled: -y/a + (1-y)/(1-a) times a(1-a) is a - y
    found: list[tuple[str, Expr]] = [("inline", inlined)]
    slopes = rewrites.by_value(inlined, _activation_values(activations, inlined))
    if not any(isinstance(n, Total) for n in nodes(slopes)):
        short = rewrites.shortest_quotient(slopes)
        if size(short) < size(inlined):
            return [*found, *([("prime", slopes)] if slopes != inlined else []), ("cancel", short)]
    if any(isinstance(n, Pow) and n.exp.is_negative for n in nodes(inlined)):
        reduced = rewrites.cancelled(inlined)
        known, reason = rewrites.facts_used(reduced, system.facts)
        best = rewrites.common_first(rewrites.positive_first(known))
        if size(best) < size(value):
            if reduced != inlined:
                found.append(("cancel", reduced))
            if reason is not None:
                found.append((reason, best))
            elif best != reduced:
                found.append(("cancel", best))
            return found
    return found if tensor.signal else []


def _inlined(system: System, value: Expr, gradients: Mapping[str, Equation]) -> Expr | None:
    """The value with the cotangents of mere activations put in; None where there are none."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Entry) and is_cotangent(node.key):
            known = gradients.get(node.key[4:])
            if known is not None and not system.tensors[node.key[4:]].signal:
                assert isinstance(known.lhs, Entry)
                names = {a: b for a, b in zip(known.lhs.indices, node.indices, strict=True) if isinstance(a, Index)}
                return rename(known.rhs, names)
        return None

    out = transform(value, rule)
    return None if out == value else rewrites.signs_out(out)


def _activations(system: System) -> dict[str, list[Equation]]:
    """The lines a = f(z), by the key of z."""
    out: dict[str, list[Equation]] = {}
    for equation in system.equations:
        if isinstance(equation.rhs, Elementwise) and isinstance(equation.rhs.argument, Entry):
            out.setdefault(equation.rhs.argument.key, []).append(equation)
    return out


def _activation_values(activations: Mapping[str, list[Equation]], expr: Expr) -> dict[Expr, Expr]:
    """f(u) -> its name, for the slopes in `expr` whose function value the forward pass has named."""
    out: dict[Expr, Expr] = {}
    for slope in nodes(expr):
        if isinstance(slope, Elementwise) and slope.order == 1 and isinstance(slope.argument, Entry):
            value = Elementwise.of(slope.name, slope.argument)
            for equation in activations.get(slope.argument.key, ()):
                names = match(equation.rhs, value, frozenset(free_indices(equation.lhs)))
                if names is not None:
                    out[value] = rename(equation.lhs, names)
    return out
