"""The worked numbers: nice ones, the pass forward and back, and one step of gradient descent.

Two ways lead to a pass. A sheet whose spec does not say what kind of numbers it wants has those of `illustrative`, in floats.
Where it does, and for every variant, `draw` takes them from `pools`, works them out exactly (`exact_program`), and keeps the
first that nothing speaks against (`acceptance`). Either way the numbers that are printed are computed twice, and the gradients
checked by a complex step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Pow

from ..calculus.steps import Derivation
from ..errors import SpecError
from ..expressions.nodes import Elementwise
from ..expressions.system import cotangent
from ..expressions.traversal import nodes
from ..spec import Spec
from ..spec.models import Style
from . import acceptance, exact_program, illustrative, pools, random_stream
from .diagnostics import by_hand, degenerate, nearby, pattern
from .evaluate import Values
from .exact_numbers import as_exact
from .exact_program import Program, Slots
from .given_values import exactly, given_exactly
from .given_values import given as given_values
from .number_profile import structure
from .rounding import array, number, tolerance
from .worked_pass import RATES, Pass, free, in_floats, in_floats_alone, require_agreement, require_slope

__all__ = [
    "RATES",
    "Pass",
    "array",
    "by_hand",
    "degenerate",
    "draw",
    "nearby",
    "number",
    "pattern",
    "style_of",
    "tolerance",
    "work",
]

FINE_RATES = (*RATES[:-2], 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)

ROUNDS = 400
"""How many times numbers are drawn before the best so far are taken; each round costs a few hundredths of a millisecond."""

FEW_ROUNDS = 8
LARGE = 40_000
"""A system of more than a hundredth as many entries is drawn less often, down to a few rounds."""


def work(spec: Spec, derivation: Derivation) -> Pass | None:
    """The worked pass of a sheet."""
    if spec.numbers is not None:
        return draw(spec, derivation, spec.seed)
    system = derivation.system
    given = given_values(spec, system)
    best: Pass | None = None
    for attempt in range(60 if len(system.equations) <= 40 else 1):
        rng = np.random.default_rng([spec.seed, attempt])
        start = illustrative.drawn(system, rng) | given | {k: np.asarray(float(v)) for k, v in system.constants.items()}
        found = in_floats_alone(spec, derivation, start, frozenset(given))
        if found is None:
            continue
        if best is None:
            best = found
        if illustrative.nice(derivation, found.values, found.after):
            best = found
            break
    if best is None:
        raise _no_pass(spec)
    best = _exactly_too(derivation, best)
    require_slope(derivation, best)
    return best


def _exactly_too(derivation: Derivation, found: Pass) -> Pass:
    """A pass in floats, exactly: what is rounded and what is not is seen only so."""
    program = exact_program.compiled(derivation)
    if program is None:
        return found
    rate = as_exact(found.rate)
    start = {k: exactly(found.values[k]) for k in free(derivation.system)}
    slots = program.start(start)
    if not (exact_program.run(program.forward, slots) and exact_program.run(program.backward, slots)):
        return found
    known = {k: program.array(slots, k) for k in program.places}
    after: Values = {}
    if found.after:
        moved = {k: v - rate * known[cotangent(k)] if k in derivation.parameter_gradients else v for k, v in start.items()}
        slots = program.start({k: np.asarray(v, dtype=object) for k, v in moved.items()})
        if not exact_program.run(program.forward, slots):
            return found
        after = {k: program.array(slots, k) for k in derivation.system.tensors}
    both = replace(found, exact=known, exact_after=after, exact_rate=rate)
    require_agreement(derivation, in_floats(derivation, both))
    return both


def _no_pass(spec: Spec) -> SpecError:
    smaller = " or a smaller `learning_rate`" if spec.learning_rate else ""
    return SpecError(
        "with these values the pass, forward and back and one step, is not in numbers",
        place=spec.place("values" if spec.values else "learning_rate" if spec.learning_rate else "equations"),
        hint="somewhere it divides by zero, overflows, or has no slope, as a norm or a root has none at 0: "
        f"give other `values`{smaller}",
    )


def style_of(spec: Spec, derivation: Derivation) -> Style:
    """The kind of numbers of a spec's variants: what it says, else whole numbers where they stay exact, else decimal numbers."""
    if spec.numbers is not None:
        return spec.numbers
    system = derivation.system
    return "integers" if len(system.equations) <= 12 and all(_rational(e.rhs) for e in system.equations) else "decimals"


def _rational(expr: Any) -> bool:
    for node in nodes(expr):
        if node.is_Function or (isinstance(node, Pow) and not node.exp.is_Integer):
            return False
        if isinstance(node, Elementwise):
            from ..network.catalogue import function

            if not _rational(function(node.name).definition):
                return False
    return True


def draw(spec: Spec, derivation: Derivation, seed: int, attempt: int = 0, given: Mapping[str, Any] | None = None) -> Pass:
    """The numbers of one variant, and the pass with them. The same on every machine, and in every version of NumPy.

    attempt: another one where a variant is refused. given: numbers by the key of their tensor, instead of the spec's.
    Raises SpecError where no pass exists.
    """
    system = derivation.system
    style = style_of(spec, derivation)
    fixed = given_exactly(spec, system) if given is None else {k: exactly(v) for k, v in given.items()}
    always = fixed | {k: exactly(v) for k, v in system.constants.items()}
    anything = any(k not in always for k in free(system))
    program = exact_program.compiled(derivation)
    best: Pass | None = None
    fewest = 10**9
    lines = len(program.forward) + len(program.backward) if program else LARGE
    rounds = max(FEW_ROUNDS, min(ROUNDS, LARGE // lines)) if anything else 1
    for turn in range(rounds):
        limits = (acceptance.TIGHT if 2 * turn < rounds else acceptance.LOOSE)[style]
        numbers = pools.drawn(derivation, style, random_stream.words(seed, attempt, turn), always) | always
        if program is None:
            start = {k: v.astype(float) for k, v in numbers.items()}
            candidate = in_floats_alone(spec, derivation, start, frozenset(fixed))
            faults = len(degenerate(derivation, candidate)) if candidate else fewest
        else:
            candidate, faults = _exact_pass(spec, derivation, program, numbers, fixed, limits, fewest)
        if candidate is not None and faults < fewest:
            best, fewest = candidate, faults
        if fewest == 0:
            break
    if best is None:
        raise _no_pass(spec)
    if best.exact:
        best = in_floats(derivation, best)
        require_agreement(derivation, best)
    require_slope(derivation, best)
    return replace(best, style=style, seed=seed, attempt=attempt)


def _exact_pass(
    spec: Spec, derivation: Derivation, program: Program, numbers: Values, fixed: Values, limits: acceptance.Limits, fewest: int
) -> tuple[Pass | None, int]:
    """A pass on exact numbers, and how many faults it has; None as soon as it has as many as the best so far."""
    system = derivation.system
    slots = program.start(numbers)
    found = _found(program, slots)
    faults: dict[str, None] = {}

    def enough(more: Any) -> bool:
        for fault in more:
            faults[fault] = None
            if len(faults) >= fewest:
                return True
        return False

    if enough(acceptance.in_given(derivation, found, fixed)) or not exact_program.run(program.forward, slots):
        return None, fewest
    if enough(acceptance.forward(derivation, found, limits, fixed)) or not exact_program.run(program.backward, slots):
        return None, fewest
    if enough(acceptance.backward(derivation, found, limits, fixed)):
        return None, fewest
    rate, after = _stepped(spec, derivation, program, slots, numbers)
    if after is not None and enough(acceptance.step(derivation, _found(program, slots, after))):
        return None, fewest
    if system.objective is not None and after is None:
        return None, fewest
    keys = list(program.places)
    values = {k: program.array(slots, k) for k in keys}
    moved = {k: program.array(after, k) for k in system.tensors} if after is not None else {}
    return Pass({}, float(rate), {}, frozenset(fixed), values, moved, rate), len(faults)


def _found(program: Program, slots: Slots, after: Slots | None = None) -> acceptance.Found:
    def at(where: Slots) -> Callable[[str], Slots]:
        return lambda key: where[program.places[key].start : program.places[key].stop]

    def arguments() -> Any:
        return ((called, node(slots)) for called, node in program.arguments)

    return acceptance.Found(at(slots), arguments, at(after) if after is not None else None)


def _stepped(spec: Spec, derivation: Derivation, program: Program, slots: Slots, numbers: Values) -> tuple[Any, Slots | None]:
    """The rate, and the slots after one step with it: the largest that lowers the cost by a twentieth, if there is one.

    A step so large that units die of it lowers the cost, too, but is no example of descent.
    """
    system = derivation.system
    if system.objective is None:
        return 0, None
    place = program.places[system.objective].start
    fallback: tuple[bool, Any, Slots] | None = None
    corners = [slot for key in structure(derivation).kinked for slot in program.places[key]]
    for rate in map(as_exact, [spec.learning_rate] if spec.learning_rate else FINE_RATES):
        after = program.start(numbers)
        for tensor in system.parameters:
            if cotangent(tensor.key) in program.places and tensor.key in derivation.gradients:
                for slot, slope in zip(program.places[tensor.key], program.places[cotangent(tensor.key)], strict=True):
                    after[slot] = slots[slot] - rate * slots[slope]
        if not exact_program.run(program.forward, after):
            continue
        if after[place] < 0.95 * slots[place] and all((after[c] > 0) == (slots[c] > 0) for c in corners):
            return rate, after
        lower = bool(after[place] < slots[place])
        if fallback is None or (lower and not fallback[0]):
            fallback = (lower, rate, after)
    return (fallback[1], fallback[2]) if fallback else (0, None)
