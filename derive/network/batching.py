"""Other shapes of the same system: without indices for one neuron per layer, or with one more for a mini-batch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import chain, count
from math import prod

from sympy import Expr

from ..errors import Place, ViewError
from ..expressions.nodes import Entry, Example, Index, Total, add, mul, power, rebuild, total
from ..expressions.system import COUNT, Equation, Fact, System, Tensor, lhs_of
from ..expressions.traversal import entries, nodes, terms, transform
from .draft import shown


def in_scalars(system: System, place: Place | None = None) -> System:
    """The same system without its indices, where every size is 1: the beginner's network.

    Raises ViewError, at `place`, where something is wider than that.
    """
    wide = _wide(system)
    if wide:
        message = f"the scalar view writes one neuron per layer, but {wide}"
        raise ViewError(message, place=place, hint="ask for the index or matrix view")

    def bare(expr: Expr) -> Expr:
        if isinstance(expr, Entry):
            return Entry.of(expr.key)
        if not expr.args:
            return expr
        return bare(expr.body) if isinstance(expr, Total) else rebuild(expr, (bare(a) if a.args else a for a in expr.args))

    return replace(
        system,
        tensors={k: replace(t, shape=()) for k, t in system.tensors.items()},
        equations=tuple(Equation(bare(e.lhs), bare(e.rhs)) for e in system.equations),
        facts=(),
    )


def _wide(system: System) -> str:
    """The first thing that has more than one entry, a layer's output before anything else; nothing where there is none."""
    for block in system.blocks:
        shape = system.tensors[block.gives].shape
        if prod(shape) > 1:
            width = f"has {shape[0]} units" if len(shape) == 1 else f"gives {shown(shape)} numbers"
            return f"layer {block.number} ({block.kind.split()[0]}) {width}"
    for tensor in system.tensors.values():
        if prod(tensor.shape) > 1:
            width = f"has {tensor.shape[0]} entries" if len(tensor.shape) == 1 else f"is {shown(tensor.shape)}"
            return f"`{tensor.base}` {width}"
    return ""


def over_examples(system: System, examples: int, last: bool = False) -> System:
    """The same system for a mini-batch: what depends on the training example gets an index n, and its cost becomes the average.

    What has no example in it (the parameters, a weight decay made of them) stays as it is and is counted once: where the
    objective is a sum, only the terms with an example in them are averaged. A system without inputs and targets is no batch,
    and comes back as it is.

    last: the examples are columns (the index comes last), else rows.
    """
    n = Example(_letter(system), examples)
    many = _with_example(system)
    cost = system.objective
    if not many:
        return system

    def lifted(expr: Expr) -> Expr:
        def rule(node: Expr) -> Expr | None:
            if not isinstance(node, Entry) or node.key not in many:
                return None
            key = _each(cost) if node.key == cost else node.key
            return Entry.of(key, *node.indices, n) if last else Entry.of(key, n, *node.indices)

        return transform(expr, rule)

    tensors: dict[str, Tensor] = {}
    for key, tensor in system.tensors.items():
        if key not in many:
            tensors[key] = tensor
            continue
        shape = (*tensor.shape, examples) if last else (examples, *tensor.shape)
        axis = len(tensor.shape) if last else 0
        if key == cost:
            tensors[_each(key)] = replace(tensor, key=_each(key), shape=shape, role="intermediate", cased=True, batch=axis)
            tensors[key] = tensor
        else:
            tensors[key] = replace(tensor, shape=shape, batch=axis)
    facts = tuple(Fact(lifted(f.pattern), f.value, f.reason) for f in system.facts)
    out = replace(system, tensors=tensors, facts=facts, examples=examples)
    if cost is None or cost not in many:
        return replace(out, equations=tuple(Equation(lifted(e.lhs), lifted(e.rhs)) for e in system.equations))
    averaged, once = _averaged(system, cost, many)
    named = len(once) > 1 and isinstance(averaged, Entry)
    each = lifted(averaged if named else Entry.of(cost))
    if named:
        del tensors[_each(cost)]  # one example's part of the cost has a name of its own
    rest = [e for e in system.equations if lhs_of(e).key != cost or not named]
    equations = [Equation(lifted(e.lhs), lifted(averaged if lhs_of(e).key == cost else e.rhs)) for e in rest]
    used = {t.base for t in tensors.values()}
    tensors[COUNT] = Tensor(COUNT, (), "constant", next(name for name in ("N", "M", "B", "N_examples") if name not in used))
    mean = mul(power(Entry.of(COUNT), -1), total(each, n))
    equations.append(Equation(Entry.of(cost), add(*(mean if term is None else term for term in once))))
    return replace(out, equations=tuple(equations), constants={**system.constants, COUNT: float(examples)})


def _each(key: str) -> str:
    """The key of one example's part of the cost."""
    return f"{key} each"


def _with_example(system: System) -> frozenset[str]:
    """The keys of what depends on the training example: inputs, targets, and what is computed from them."""
    found = {t.key for t in system.of_role("input", "target")}
    for equation in system.equations:
        if any(e.key in found for e in entries(equation.rhs)):
            found.add(lhs_of(equation).key)
    return frozenset(found)


def _averaged(system: System, cost: str, many: Collection[str]) -> tuple[Expr, tuple[Expr | None, ...]]:
    """The terms of the cost with an example in them, as one sum; and all others in their order, with None where that sum goes.

    Where a later line reads the cost of one example, the cost is left whole.
    """
    rhs = system.defines()[cost].rhs
    parts = [(term, any(e.key in many for e in entries(term))) for term in terms(rhs)]
    if any(e.key == cost for equation in system.equations for e in entries(equation.rhs)):
        return rhs, (None,)
    first = next(place for place, (_, varies) in enumerate(parts) if varies)
    averaged = add(*(term for term, varies in parts if varies))
    kept = [(place, term) for place, (term, varies) in enumerate(parts) if place == first or not varies]
    return averaged, tuple(None if place == first else term for place, term in kept)


def with_examples(system: System, examples: int) -> System:
    """A mini-batch's system for another number of training examples."""
    if system.examples is None:
        return system

    def resized(tensor: Tensor) -> Tensor:
        if tensor.batch is None:
            return tensor
        return replace(tensor, shape=tuple(examples if axis == tensor.batch else n for axis, n in enumerate(tensor.shape)))

    return replace(
        system,
        tensors={key: resized(tensor) for key, tensor in system.tensors.items()},
        equations=tuple(Equation(for_examples(e.lhs, examples), for_examples(e.rhs, examples)) for e in system.equations),
        facts=tuple(Fact(for_examples(f.pattern, examples), f.value, f.reason) for f in system.facts),
        examples=examples,
        constants={**system.constants, **({COUNT: float(examples)} if COUNT in system.constants else {})},
    )


def for_examples(expr: Expr, examples: int) -> Expr:
    """An expression for another number of training examples."""
    return transform(expr, lambda node: Example(node.name, examples) if isinstance(node, Example) else None)


def example_index(system: System) -> Index | None:
    """The index over the training examples of a mini-batch."""
    sides = (side for e in system.equations for side in (e.lhs, e.rhs))
    return next((node for side in sides for node in nodes(side) if isinstance(node, Example)), None)


def _letter(system: System) -> str:
    """The letter for the training examples: n, unless own equations have an index of that name, which would capture it."""
    sides = [side for e in system.equations for side in (e.lhs, e.rhs)] + [f.pattern for f in system.facts]
    used = {node.name for side in sides for node in nodes(side) if isinstance(node, Index)}
    used |= {t.base for t in system.tensors.values()}
    letters = chain("nmse", (f"n{number}" for number in count(1)))
    return next(letter for letter in letters if letter not in used)
