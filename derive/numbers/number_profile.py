"""Where in a derivation numbers can be bad: what is multiplied, what has a kink, what saturates, what is always 0."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import sympy
from sympy import Mul

from ..calculus.steps import Derivation
from ..expressions.nodes import Elementwise, Entry
from ..expressions.system import System, lhs_of
from ..expressions.traversal import entries, nodes
from ..network.catalogue import function
from . import exact_program, random_stream
from .given_values import FREE

POINTS = 6


@dataclass(frozen=True)
class Structure:
    """What of a derivation the faults of numbers depend on.

    factors: tensors by which something is multiplied. pairs: single numbers that are easily mistaken for each other, since they
    are multiplied by each other or stand in one line. kinked: pre-activations of a function with a kink. shares: tensors whose
    entries add up to 1. drawn: what is handed out. curved: some function saturates. bounded: the targets of outputs between -1
    and 1, and whether those are positive. silent: the entries of gradients that are 0 whatever the numbers.
    """

    factors: frozenset[str]
    pairs: tuple[tuple[str, str], ...]
    kinked: tuple[str, ...]
    shares: frozenset[str]
    drawn: tuple[str, ...]
    curved: bool
    bounded: Mapping[str, bool]
    silent: Mapping[str, frozenset[int]]


@exact_program.once
def structure(derivation: Derivation) -> Structure:
    """The structure of a derivation, found once."""
    system = derivation.system
    factors: dict[str, None] = {}
    pairs: dict[tuple[str, str], None] = {}
    for equation in (*system.equations, *derivation.gradients.values()):
        for node in nodes(equation.rhs):
            if not isinstance(node, Mul):
                continue
            keys = [f.key for f in node.args if isinstance(f, Entry)]
            if len([f for f in node.args if not f.is_number]) > 1:
                factors.update(dict.fromkeys(keys))
            for one, other in combinations(sorted(set(keys)), 2):
                if _single(derivation, one) and _single(derivation, other):
                    pairs[one, other] = None
    drawn = [t.key for t in system.of_role("input", "target", "parameter") if t.key not in system.constants]
    alone = {k for k in drawn if _single(derivation, k) and not (system.tensors[k].role == "target" and labels(system))}
    for equation in system.equations:  # w, a and b in one line are easily mistaken for each other
        pairs.update(dict.fromkeys(combinations(sorted({e.key for e in entries(equation.rhs)} & alone), 2)))
    shares = {n.key for f in system.facts for n in nodes(f.pattern) if isinstance(n, Entry) and f.value == 1}
    applied = {n.name for e in system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise)}
    bounded = {t.key: _positive(e.key, system) for t in system.of_role("target") for e in _compared(t.key, system)}
    return Structure(
        frozenset(factors),
        tuple(pairs),
        tuple(kinked(system)),
        frozenset(shares),
        tuple(drawn),
        any(map(curved, applied)),
        bounded,
        _silent(derivation),
    )


def _silent(derivation: Derivation) -> dict[str, frozenset[int]]:
    """The entries of gradients that are 0 at random points, such as those of weights that nothing reads."""
    program = exact_program.compiled(derivation)
    if program is None:
        return {}
    system = derivation.system
    words = random_stream.words("silent")
    zero = {lhs_of(e).key: set(range(len(program.places[lhs_of(e).key]))) for e in derivation.gradients.values()}
    for _ in range(POINTS):
        numbers = {
            t.key: np.array([next(words) / 2**63 - 1 for _ in program.places[t.key]]).reshape(t.shape)
            for t in system.tensors.values()
            if t.role not in FREE
        }
        slots = program.start(numbers | {k: np.asarray(float(v)) for k, v in system.constants.items()})
        if exact_program.run(program.forward, slots) and exact_program.run(program.backward, slots):
            for key, places in zero.items():
                places -= {n for n, slot in enumerate(program.places[key]) if abs(slots[slot]) > 1e-12}
    return {key: frozenset(places) for key, places in zero.items() if places}


def _compared(target: str, system: System) -> Iterator[Entry]:
    """The outputs of a bounded function that stand in one line with a target."""
    defined = system.defines()
    for equation in system.equations:
        found = entries(equation.rhs)
        if any(e.key == target for e in found):
            yield from (e for e in found if e.key in defined and _bounded(defined[e.key].rhs))


def _bounded(expr: Any) -> bool:
    if not isinstance(expr, Elementwise) or not curved(expr.name):
        return False
    return all(abs(exact_program.elementwise(expr.name, 0)(u)) <= 1.001 for u in (-30.0, 30.0))


def _positive(key: str, system: System) -> bool:
    applied = system.defines()[key].rhs
    return bool(exact_program.elementwise(applied.name, 0)(-30.0) > -0.001)


def kinked(system: System) -> list[str]:
    """The pre-activations whose activation has a kink."""
    found = [e.rhs for e in system.equations if isinstance(e.rhs, Elementwise) and isinstance(e.rhs.argument, Entry)]
    return [f.argument.key for f in found if isinstance(f.argument, Entry) and function(f.name).record.kink is not None]


def _single(derivation: Derivation, key: str) -> bool:
    return math.prod(derivation.tensor(key).shape) == 1


def labels(system: System) -> bool:
    """Whether the targets are classes or signs and not numbers."""
    return system.remarks.get("targets", "real") != "real"


_CURVED: dict[str, bool] = {}


def curved(called: str) -> bool:
    """Whether a catalogue function saturates: it is made of exponentials."""
    if called not in _CURVED:
        known = function(called)
        _CURVED[called] = not known.record.opaque and any(
            n.func in (sympy.exp, sympy.erf, sympy.tanh) for n in nodes(known.definition)
        )
    return _CURVED[called]
