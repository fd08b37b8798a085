"""System -> Derivation: the ordered steps, from the forward pass down to the gradients.

Reverse accumulation over the list of equations: each intermediate value's cotangent is named and never inlined into the next, so
work and output grow linearly with the number of equations (Griewank and Walther, Evaluating Derivatives, 2nd ed., 2008, ch. 3).
The one exception is what the textbooks write on one line: the δ of a pre-activation takes in the ∂C/∂a of its own activation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sympy import Expr, Pow, S

from . import calculus, simplify
from .calculus import Term
from .notation.views import View
from .tensor import (
    HELD,
    Differential,
    Elementwise,
    Entry,
    Equation,
    Fact,
    Index,
    Partial,
    System,
    Tensor,
    Total,
    add,
    cotangent,
    entries,
    free_indices,
    is_cotangent,
    mul,
    nodes,
    rename,
    size,
    total,
    transform,
)

Section = Literal[
    "forward", "differential", "held", "partial", "substitute", "gradient", "total", "product", "written_out", "second"
]


@dataclass(frozen=True)
class Step:
    """One line of the sheet: by `rules` (keys of the rule book), `result` follows from `given`.

    about: the key of the tensor that the step is about.
    """

    section: Section
    about: str
    rules: tuple[str, ...]
    given: tuple[Equation, ...]
    result: Equation

    def _repr_latex_(self) -> str:
        return self.result._repr_latex_()


@dataclass(frozen=True)
class Derivation:
    """A system with every step of its differentiation.

    gradients: for every tensor that may change, by key, the equation ∂C/∂tensor = …; those of the parameters are the result.
    terms: for every defined tensor the terms of its differential. seeds: the cotangents that are given from outside, where the
    system has no scalar objective. asked: the views in which it is to be shown.
    """

    system: System
    steps: tuple[Step, ...]
    gradients: Mapping[str, Equation]
    terms: Mapping[str, tuple[Term, ...]] = field(repr=False, default_factory=dict)
    seeds: tuple[str, ...] = ()
    asked: tuple[View, ...] = ("index",)

    def of(self, section: Section, about: str | None = None) -> tuple[Step, ...]:
        """The steps of a section, all or those about one tensor."""
        return self.index.get((section, about), ()) if about else tuple(s for s in self.steps if s.section == section)

    @property
    def index(self) -> Mapping[tuple[str, str | None], tuple[Step, ...]]:
        found: dict[tuple[str, str | None], tuple[Step, ...]] | None = self.__dict__.get("_index")
        if found is None:
            found = {}
            for step in self.steps:
                found[step.section, step.about] = (*found.get((step.section, step.about), ()), step)
            self.__dict__["_index"] = found
        return found

    @property
    def parameter_gradients(self) -> dict[str, Equation]:
        """∂C/∂w for every parameter w that the cost depends on."""
        return {t.key: self.gradients[t.key] for t in self.system.parameters if t.key in self.gradients}

    def tensor(self, key: str) -> Tensor:
        """The tensor of a key, a cotangent's too."""
        return tensor_of(self.system, key)

    def _repr_latex_(self) -> str:
        from .notation import latex
        from .notation.symbols import Symbols

        symbols = Symbols(self.system)
        found = self.parameter_gradients or self.gradients
        lines = r" \\ ".join(latex.plain(e, symbols) for e in found.values())
        return rf"$\displaystyle \begin{{array}}{{l}} {lines} \end{{array}}$"


def tensor_of(system: System, key: str) -> Tensor:
    """The tensor of a key; a cotangent has the shape of what it belongs to."""
    if is_cotangent(key):
        return replace(system.tensors[key[4:]], key=key, role="cotangent")
    return system.tensors[key]


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
        forward.append(Step("forward", _lhs(equation).key, ("definition",), (), equation))
        steps, found = _differentiate(equation, held, first, siblings, system.facts, shapes)
        local += steps
        lines[_lhs(equation).key] = found
    backward, gradients, seeds = _pull_back(system, lines)
    return Derivation(system, (*forward, *local, *backward), gradients, lines, seeds)


def _lhs(equation: Equation) -> Entry:
    assert isinstance(equation.lhs, Entry)
    return equation.lhs


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
        out[_lhs(equation).key] = near
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
    lhs = _lhs(equation)
    change = Differential(lhs)
    raw, rules = calculus.differential(equation.rhs, held)
    written = Equation(change, raw)
    steps = [Step("differential", lhs.key, rules, (equation,), written)]
    found = calculus.split(calculus.collect(raw), first)
    if _curved(equation.rhs):
        named = tuple(_named(term, equation, siblings[lhs.key]) for term in found)
        if named != found:
            found = named
            opened_short = simplify.common_first(add(*(t.expr() for t in named)))
            short = min(_recognised(raw, equation, siblings[lhs.key]), opened_short, key=size)
            steps.append(Step("differential", lhs.key, ("recognise",), (written,), Equation(change, short)))
    opened = Equation(change, add(*(t.expr() for t in found)))
    if opened.rhs != steps[-1].result.rhs and len(found) > 1 and steps[-1].rules != ("recognise",):
        steps.append(Step("differential", lhs.key, ("sum",), (steps[-1].result,), opened))
    keys = dict.fromkeys(t.entry.key for t in found)
    for key in keys:
        if len(keys) > 1:
            alone = Equation(change, add(*(t.expr() for t in found if t.entry.key == key)))
            steps.append(Step("held", lhs.key, ("partial",), (opened,), alone))
        steps.append(_partial(lhs, key, found, opened, facts, shapes))
    return steps, found


def _recognised(expr: Expr, equation: Equation, definitions: Sequence[Equation]) -> Expr:
    """An expression written with the names of the forward pass."""
    short = simplify.recognise(expr, definitions)
    rhs = equation.rhs
    if isinstance(rhs, Elementwise) and not isinstance(rhs.argument, Entry):
        short = simplify.by_value(short, {rhs: equation.lhs})
    return short


def _named(term: Term, equation: Equation, definitions: Sequence[Equation]) -> Term:
    """A term whose coefficient uses the names of the forward pass."""
    coefficient = term.coefficient
    short = _recognised(coefficient, equation, definitions)
    if short == coefficient:
        return term
    named = Term((short,), term.entry, (), term.bound)
    return calculus.lettered(named, free_indices(equation.lhs), [n for n in nodes(equation.rhs) if isinstance(n, Index)])


def _partial(
    lhs: Entry, key: str, found: Sequence[Term], opened: Equation, facts: Sequence[Fact], shapes: Mapping[str, tuple[int, ...]]
) -> Step:
    """∂lhs/∂entry: the terms of the other differentials set to zero, and what then stands before this one."""
    mine = [t for t in found if t.entry.key == key]
    if len(mine) == 1 and _names_its_entry(mine[0]):
        (term,) = mine
        by: Expr = term.entry
        parts = [total(term.coefficient, *(i for i in term.bound if i not in free_indices(by)))]
    else:  # several entries come together: name one of them by indices of its own, and take from each term what belongs to it
        read = [calculus.read_off(S.One, t, (), shapes[key], free_indices(lhs)) for t in mine]
        wanted = read[0][0]
        by = Entry.of(key, *wanted)
        parts = [calculus.aligned(free, value, wanted) for free, value in read]
    others = dict.fromkeys(t.entry for t in found if t.entry.key != key)
    value, _ = simplify.facts_used(simplify.outside(simplify.common_first(add(*parts))), facts)
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


# --- downward -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Contribution:
    source: str
    free: tuple[Index, ...]
    value: Expr


def _pull_back(system: System, lines: Mapping[str, tuple[Term, ...]]) -> tuple[list[Step], dict[str, Equation], tuple[str, ...]]:
    arriving: dict[str, list[_Contribution]] = {}
    gradients: dict[str, Equation] = {}
    steps: list[Step] = []
    seeds: list[str] = []
    consumed = {t.entry.key for found in lines.values() for t in found}
    activations = _activations(system)
    for equation in reversed(system.equations):
        lhs = _lhs(equation)
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
                Equation(change, calculus.substitute(seed, found, bound)),
            )
        )
        for term in found:
            free, value = calculus.read_off(seed, term, bound, system.tensors[term.entry.key].shape)
            arriving.setdefault(term.entry.key, []).append(_Contribution(lhs.key, free, value))
    for key, found_here in arriving.items():  # what nothing defines: parameters and inputs
        step = _gradient(system, key, found_here, gradients, activations)
        steps += step
        gradients[key] = step[-1].result
    return steps, gradients, tuple(seeds)


def _gradient(
    system: System,
    key: str,
    arriving: Sequence[_Contribution],
    gradients: Mapping[str, Equation],
    activations: Mapping[str, list[Equation]],
) -> list[Step]:
    """The steps from the contributions to the cotangent's textbook form."""
    wanted = arriving[0].free
    values = [calculus.aligned(c.free, c.value, wanted) for c in arriving]
    lhs = Entry.of(cotangent(key), *wanted)
    value = _flat(simplify.outside(_plain_seeds(system, add(*values), gradients)))
    rules = ("read_off",) if len(arriving) == 1 else ("read_off", "add_up")
    steps = [Step("gradient", key, rules, (), Equation(lhs, value))]
    known, reason = simplify.facts_used(value, system.facts)
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

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Entry) and is_cotangent(node.key):
            known = gradients.get(node.key[4:])
            if known is not None and not free_indices(known.rhs) and constant(known.rhs):
                return known.rhs
        return None

    return transform(expr, rule)


def _flat(expr: Expr) -> Expr:
    """Where several terms share factors, and no product is lost by it: the factors in front of one bracket."""
    short = simplify.common_first(expr)
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
    slopes = simplify.by_value(inlined, _activation_values(activations, inlined))
    if not any(isinstance(n, Total) for n in nodes(slopes)):
        short = simplify.shortest_quotient(slopes)
        if size(short) < size(inlined):
            return [*found, *([("prime", slopes)] if slopes != inlined else []), ("cancel", short)]
    if any(isinstance(n, Pow) and n.exp.is_negative for n in nodes(inlined)):
        reduced = simplify.cancelled(inlined)
        known, reason = simplify.facts_used(reduced, system.facts)
        best = simplify.common_first(simplify.positive_first(known))
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
    return None if out == value else simplify.signs_out(out)


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
                names = simplify.match(equation.rhs, value, frozenset(free_indices(equation.lhs)))
                if names is not None:
                    out[value] = rename(equation.lhs, names)
    return out
