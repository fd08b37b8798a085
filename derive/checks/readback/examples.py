"""A derivation for another number of training examples: the same equations, in which n runs further.

What is printed of a mini-batch is true for any number; with the number that it was derived for alone, 4 W and N W look the same.
"""

from __future__ import annotations

from dataclasses import replace

from sympy import Expr

from ...calculus.steps import Derivation
from ...expressions.nodes import Entry, Index
from ...expressions.system import COUNT, Equation, System
from ...expressions.traversal import nodes, transform

MORE = 3
"""So many examples more."""


def other_number(derivation: Derivation) -> Derivation:
    """The same derivation with more examples; only its forward program and its gradients, no steps."""
    system = derivation.system
    assert system.examples is not None
    count = system.examples + MORE
    counting = _counting(system)

    def rule(node: Expr) -> Expr | None:
        return Index(node.name, count) if node in counting else None

    def resized(equation: Equation) -> Equation:
        return Equation(transform(equation.lhs, rule), transform(equation.rhs, rule))

    tensors = {
        key: replace(t, shape=tuple(count if axis == t.batch else n for axis, n in enumerate(t.shape)))
        for key, t in system.tensors.items()
    }
    constants = {k: float(count) if k == COUNT else v for k, v in system.constants.items()}
    facts = tuple(replace(f, pattern=transform(f.pattern, rule)) for f in system.facts)
    grown = replace(
        system, tensors=tensors, equations=tuple(map(resized, system.equations)), examples=count, constants=constants, facts=facts
    )
    gradients = {key: resized(equation) for key, equation in derivation.gradients.items()}
    return Derivation(grown, (), gradients, {}, derivation.seeds, derivation.asked)


def _counting(system: System) -> frozenset[Index]:
    """The indices that count the training examples."""
    found = set()
    for equation in system.equations:
        for side in (equation.lhs, equation.rhs):
            for node in nodes(side):
                if isinstance(node, Entry) and node.key in system.tensors:
                    axis = system.tensors[node.key].batch
                    if axis is not None and isinstance(node.indices[axis], Index):
                        found.add(node.indices[axis])
    return frozenset(found)
