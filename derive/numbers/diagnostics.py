"""What is asked about a variant before it is handed out: is it degenerate, does honest rounding do, what is equal by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..calculus.steps import Derivation
from ..expressions.nodes import Elementwise, Entry
from ..expressions.system import System, cotangent
from ..expressions.traversal import nodes
from ..spec import Spec
from . import acceptance, exact_program, random_stream, rounding
from .evaluate import Array
from .number_profile import structure
from .worked_pass import Pass, free, in_floats, in_floats_alone


def degenerate(derivation: Derivation, found: Pass) -> tuple[acceptance.Fault, ...]:
    """What speaks against the numbers of a pass as homework; nothing where they are good."""
    program = exact_program.compiled(derivation)

    def at(key: str) -> Any:
        return found.best(key).ravel().tolist()

    def arguments() -> Any:
        if program is not None:
            slots = program.start(found.exact or found.values)
            return [(called, node(slots)) for called, node in program.arguments]
        applied = [n for e in derivation.system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise)]
        return [(n.name, v) for n in applied if isinstance(n.argument, Entry) for v in at(n.argument.key)]

    after = (lambda key: found.best(key, after=True).ravel().tolist()) if found.after else None
    limits = acceptance.LOOSE[found.style or "decimals"]
    return acceptance.all_faults(derivation, acceptance.Found(at, arguments, after), limits, found.given)


def pattern(derivation: Derivation, found: Pass) -> tuple[bool, ...]:
    """Which units with a kink are on. Passes of one pattern have the same answers equal by the formulas (`lint.alike`)."""
    return tuple(bool(v > 0) for key in structure(derivation).kinked for v in found.values[key].flat)


def by_hand(derivation: Derivation, found: Pass) -> Pass:
    """The same pass by someone who writes every number down as the sheet prints it, and goes on with what is written."""
    program = exact_program.compiled(derivation)
    if program is None:
        return found
    alone = {places.start for key, places in program.places.items() if len(places) == 1}

    def written(value: Any, slot: int) -> Any:
        column = None if slot in alone or 0 < abs(value) < 5 * 10 ** -(rounding.DIGITS + 1) else rounding.DIGITS
        read = rounding.printed_number(value, column, found.style).value
        return float(read) if isinstance(value, float) else read

    system = derivation.system
    start = {k: _each(v, lambda n: rounding.printed_number(n, style=found.style).value) for k, v in _handed(system, found)}
    slots = program.start(start)
    if not (exact_program.run(program.forward, slots, written) and exact_program.run(program.backward, slots, written)):
        return found
    known = {k: program.array(slots, k) for k in program.places}
    after: dict[str, Array] = {}
    if found.after:
        rate = rounding.printed_number(found.rate if found.exact_rate is None else found.exact_rate, style=found.style).value
        moved = {
            k: _each(np.asarray(v - rate * known[cotangent(k)], dtype=object), lambda n: written(n, -1))
            if k in derivation.parameter_gradients
            else v
            for k, v in ((k, known[k]) for k in start)
        }
        stepped = program.start(moved)
        if exact_program.run(program.forward, stepped, written):
            after = {k: program.array(stepped, k) for k in system.tensors}
    return in_floats(derivation, replace(found, exact=known, exact_after=after))


def _handed(system: System, found: Pass) -> list[tuple[str, Array]]:
    return [(k, found.best(k)) for k in free(system)]


def _each(values: Array, change: Callable[[Any], Any]) -> Array:
    out = np.empty(values.shape, dtype=object)
    for place, value in np.ndenumerate(values):
        out[place] = change(value)
    return out


def nearby(spec: Spec, derivation: Derivation, found: Pass, which: int = 0) -> Pass:
    """The pass with its numbers moved a little: what is equal in both is equal by the formulas, and not by chance."""
    system = derivation.system
    words = random_stream.words("nearby", which)
    labels = system.remarks.get("targets", "real") != "real"
    start = {}
    for key, values in _handed(system, found):
        start[key] = values.astype(float)
        if key in system.constants or (labels and system.tensors[key].role == "target"):
            continue
        moves = np.array([next(words) / 2**64 for _ in range(values.size)]).reshape(values.shape)
        start[key] = start[key] * (1 + 1e-3 * (0.5 + moves)) + 1e-4 * (0.5 + moves)
    moved = in_floats_alone(spec, derivation, start, found.given, (found.rate,))
    return moved if moved is not None else found
