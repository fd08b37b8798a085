"""Whether numbers are fit for homework: none that hides a mistake, no unit that learns nothing, a step that pays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..calculus.steps import Derivation
from ..expressions.system import System, is_cotangent, lhs_of, primal
from ..spec.models import Style
from . import exact_program
from .number_profile import Structure, curved, labels, structure

FAR = 4.0
"""A sigmoid beyond this has a slope below 1/50: it is saturated."""

SLOPE = 0.0176

NEAR = 0.01
"""Numbers whose magnitudes differ by less than this part of them count as equal: a mix-up would not show."""


@dataclass(frozen=True)
class Limits:
    """How large the numbers of a pass and its cost may be, and how small the gradient of a single parameter."""

    largest: float
    cost: float
    smallest: float = 0.01
    digits: int = 10**9


TIGHT: dict[Style, Limits] = {
    "integers": Limits(100, 5000, digits=100),
    "fractions": Limits(30, 200, digits=800),
    "decimals": Limits(20, 100),
}
LOOSE: dict[Style, Limits] = {
    "integers": Limits(2000, 1e6),
    "fractions": Limits(200, 20_000),
    "decimals": Limits(100, 5000),
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with numbers: of what kind it is, and in words."""

    kind: str
    say: str

    def __str__(self) -> str:
        return self.say


@dataclass(frozen=True)
class Found:
    """The numbers of a pass, from wherever they are: the entries of a tensor by key, and what each activation was applied to."""

    at: Callable[[str], Sequence[Any]]
    arguments: Callable[[], Iterable[tuple[str, Any]]]
    after: Callable[[str], Sequence[Any]] | None = None


def name(key: str, system: System) -> str:
    """A quantity in a message, as a spec calls it: W.1, dC/dW.1."""
    return f"d{system.objective or 'C'}/d{primal(key)}" if is_cotangent(key) else key


# --- the faults, in the order in which the numbers come ---------------------------------------------------------------------


def in_given(derivation: Derivation, found: Found, given: Collection[str] = ()) -> Iterator[Fault]:
    """What is wrong with the numbers that are drawn. Those `given` in a spec are the author's own."""
    at, system = structure(derivation), derivation.system
    for key in at.drawn:
        tensor = system.tensors[key]
        if key in given or (tensor.role == "target" and labels(system)):
            continue
        values = found.at(key)
        if all(v == 0 for v in values):
            yield Fault("zero", f"{name(key, system)} is 0")
        elif key in at.factors:
            yield from _hides(key, values, system)
        if len(values) > 1 and key in at.factors and len({abs(v) for v in values}) == 1:
            yield Fault("same", f"all entries of {name(key, system)} have the same magnitude")
        rows = tensor.shape[0] if len(tensor.shape) == 2 and tensor.shape[0] == tensor.shape[1] > 1 else 0
        if rows and all(values[i * rows + j] == values[j * rows + i] for i in range(rows) for j in range(i)):
            yield Fault("same", f"{name(key, system)} equals its transpose")


def _hides(key: str, values: Sequence[Any], system: System, zero: bool = True) -> Iterator[Fault]:
    """A factor of 1 or 0 hides a mistake; among many entries a few do no harm."""
    plain = [v for v in values if (zero and abs(v) < NEAR) or abs(abs(v) - 1) < NEAR]
    if 2 * len(plain) > len(values):
        which = f"{float(plain[0]):.4g}" if len(values) == 1 else "for the most part 0, 1 or -1"
        yield Fault("hides", f"{name(key, system)} is {which}")


def _alike(at: Structure, system: System, found: Found, given: Collection[str], backward: bool) -> Iterator[Fault]:
    for one, other in at.pairs:
        if (is_cotangent(one) or is_cotangent(other)) != backward or (one in given and other in given):
            continue
        u, v = abs(found.at(one)[0]), abs(found.at(other)[0])
        if abs(u - v) <= NEAR * max(u, v):
            yield Fault("same", f"{name(one, system)} and {name(other, system)} have the same magnitude")


def forward(derivation: Derivation, found: Found, limits: Limits, given: Collection[str] = ()) -> Iterator[Fault]:
    """What is wrong with the pass forward."""
    at, system = structure(derivation), derivation.system
    for key in at.kinked:
        values = found.at(key)
        if any(abs(v) < NEAR / 10 for v in values):
            yield Fault("kink", f"{name(key, system)} is at the kink")
        dead = sum(v <= 0 for v in values)
        if len(values) > 1 and dead == 0:
            yield Fault("branch", f"no unit of {name(key, system)} is off: that its slope was forgotten would not show")
        if 2 * dead > len(values):
            whose = name(key, system)
            alone = len(values) == 1
            yield Fault("dead", f"{whose} is negative: the unit is dead" if alone else f"most units of {whose} are dead")
    for called, value in found.arguments():
        if curved(called) and (abs(value) > FAR or abs(exact_program.elementwise(called, 1)(value)) < SLOPE):
            yield Fault("saturated", f"{called} is saturated at {float(value):.4g}")
    for tensor in system.of_role("intermediate"):
        values = found.at(tensor.key)
        if any(abs(v) > limits.largest for v in values):
            yield Fault("large", f"{name(tensor.key, system)} is as large as {float(max(abs(v) for v in values)):.4g}")
        if tensor.key in at.shares and any(not 0.005 < v < 0.985 for v in values):
            yield Fault("saturated", f"{name(tensor.key, system)} is saturated")
        if all(v == 0 for v in values):
            yield Fault("zero", f"{name(tensor.key, system)} is 0")
        elif tensor.key in at.factors:
            yield from _hides(tensor.key, values, system)
        yield from _long(tensor.key, values, system, limits)
    if system.objective is not None:
        cost = abs(found.at(system.objective)[0])
        if not 1e-3 < cost < limits.cost:
            yield Fault("cost", f"the cost is {float(cost):.4g}")
    yield from _alike(at, system, found, given, backward=False)


def _long(key: str, values: Sequence[Any], system: System, limits: Limits) -> Iterator[Fault]:
    if any(isinstance(v, Fraction) and max(v.denominator, abs(v.numerator) // 10) > limits.digits for v in values):
        yield Fault("long", f"{name(key, system)} is a long fraction")


def backward(derivation: Derivation, found: Found, limits: Limits, given: Collection[str] = ()) -> Iterator[Fault]:
    """What is wrong with the pass back."""
    at, system = structure(derivation), derivation.system
    for key, equation in derivation.gradients.items():
        gradient = lhs_of(equation).key
        values = found.at(gradient)
        top = max(abs(v) for v in values)
        learning = [v for place, v in enumerate(values) if place not in at.silent.get(gradient, ())]
        if system.tensors[key].role == "parameter" and learning:
            if top < limits.smallest:
                yield Fault("vanishing", f"{name(gradient, system)} is {'0' if top == 0 else 'nearly 0'}")
            elif sum(abs(v) > 1e-10 for v in learning) < (0.25 if at.kinked else 0.95) * len(learning):
                yield Fault("vanishing", f"most of {name(gradient, system)} is 0")
        if top > limits.largest * 5:
            yield Fault("large", f"{name(gradient, system)} is as large as {float(top):.4g}")
        if gradient in at.factors and len(values) == 1 and key not in derivation.seeds and key != system.objective:
            yield from _hides(gradient, values, system, zero=False)
        yield from _long(gradient, values, system, limits)
    yield from _alike(at, system, found, given, backward=True)


def step(derivation: Derivation, found: Found) -> Iterator[Fault]:
    """What is wrong with the step of gradient descent."""
    objective = derivation.system.objective
    if objective is None or found.after is None or not derivation.parameter_gradients:
        return
    if not found.after(objective)[0] < 0.95 * found.at(objective)[0]:
        yield Fault("step", "the step does not lower the cost")


def all_faults(derivation: Derivation, found: Found, limits: Limits, given: Collection[str]) -> tuple[Fault, ...]:
    """Everything that is wrong with the numbers of a whole pass, each said once."""
    parts = (
        in_given(derivation, found, given),
        forward(derivation, found, limits, given),
        backward(derivation, found, limits, given),
        step(derivation, found),
    )
    return tuple(dict.fromkeys(fault for part in parts for fault in part))
