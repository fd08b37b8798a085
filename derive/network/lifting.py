"""Other shapes of the same system: without indices for one neuron per layer, or with one more for a mini-batch."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, count
from math import prod

from sympy import Expr

from ..errors import Place, ViewError
from ..system import COUNT, Equation, Fact, System, Tensor
from ..tensor import Entry, Index, Total, mul, power, rebuild, total
from ..walk import nodes, transform
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
    """The same system for a mini-batch: everything but the parameters gets an index n, and the cost becomes the average.

    last: the examples are columns (the index comes last), else rows.
    """
    n = Index(_letter(system), examples)
    fixed = {t.key for t in system.of_role("parameter", "constant")}
    cost = system.objective

    def lifted(expr: Expr) -> Expr:
        def rule(node: Expr) -> Expr | None:
            if not isinstance(node, Entry) or node.key in fixed:
                return None
            key = f"{node.key} each" if node.key == cost else node.key
            return Entry.of(key, *node.indices, n) if last else Entry.of(key, n, *node.indices)

        return transform(expr, rule)

    tensors: dict[str, Tensor] = {}
    for key, tensor in system.tensors.items():
        if key in fixed:
            tensors[key] = tensor
            continue
        shape = (*tensor.shape, examples) if last else (examples, *tensor.shape)
        axis = len(tensor.shape) if last else 0
        if key == cost:
            tensors[f"{key} each"] = replace(tensor, key=f"{key} each", shape=shape, role="intermediate", cased=True, batch=axis)
            tensors[key] = tensor
        else:
            tensors[key] = replace(tensor, shape=shape, batch=axis)
    equations = [Equation(lifted(e.lhs), lifted(e.rhs)) for e in system.equations]
    if cost is not None:
        used = {t.base for t in tensors.values()}
        tensors[COUNT] = Tensor(COUNT, (), "constant", next(name for name in ("N", "M", "B", "N_examples") if name not in used))
        mean = mul(power(Entry.of(COUNT), -1), total(Entry.of(f"{cost} each", n), n))
        equations.append(Equation(Entry.of(cost), mean))
    facts = tuple(Fact(lifted(f.pattern), f.value, f.reason) for f in system.facts)
    constants = {**system.constants, COUNT: float(examples)} if cost is not None else system.constants
    return replace(system, tensors=tensors, equations=tuple(equations), facts=facts, examples=examples, constants=constants)


def _letter(system: System) -> str:
    """The letter for the training examples: n, unless own equations have an index of that name, which would capture it."""
    sides = [side for e in system.equations for side in (e.lhs, e.rhs)] + [f.pattern for f in system.facts]
    used = {node.name for side in sides for node in nodes(side) if isinstance(node, Index)}
    used |= {t.base for t in system.tensors.values()}
    letters = chain("nmse", (f"n{number}" for number in count(1)))
    return next(letter for letter in letters if letter not in used)
