"""Deep networks for bench.py: to build, derive, check and write them, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import ParamSpec, TypeVar

from derive import api
from derive.calculus import derive as derivation
from derive.calculus import differential
from derive.checks import verify
from derive.document import compose
from derive.expressions.system import HELD
from derive.spec import Spec

AIMS = {128: 0.5, 512: 2.0}
"""Layers -> seconds in which they are to be built, derived and checked."""

BARE = 20.0
"""Deriving is to take at most so many times the bare work: the differentials of the equations alone."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Timed:
    """Seconds of each stage."""

    build: float
    derive: float
    check: float

    @property
    def whole(self) -> float:
        return self.build + self.derive + self.check


@dataclass(frozen=True)
class Compared:
    """Seconds of processor time: the differential of each equation alone, and all that deriving does."""

    bare: float
    derive: float

    @property
    def ratio(self) -> float:
        return self.derive / self.bare


@dataclass(frozen=True)
class Written:
    """A sheet's length, and the seconds that composing and rendering it took."""

    characters: int
    compose: float
    render: float


def spec(layers: int, view: str) -> Spec:
    return api.loads(
        f"title: {layers} layers\nview: {view}\nnetwork:\n  input: {{x: 4}}\n"
        f"  layers:\n    - dense: {{units: 4, activation: tanh, repeat: {layers}}}\n  loss: half_squared_error\n"
    )


def equations(layers: int) -> int:
    """How many equations such a network has: z = W a + b and a = tanh z for each layer, and the cost."""
    return 2 * layers + 1


def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The function's result, from a process of its own: what it leaves in caches helps no other measurement."""
    ways = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in ways else "spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args, **kwargs).result()


@cache
def warm() -> None:
    """Load what is loaded once: modules, the catalogue, the templates. A forked process finds it done."""
    for view in ("index", "matrix"):
        found = spec(1, view)
        api.tex(api.sheet(found))


def derived(layers: int, view: str) -> Timed:
    """The time to build, derive and check a deep network, checks in one view."""
    warm()
    found = spec(layers, view)
    start = time.perf_counter()
    system = api.system(found)
    built = time.perf_counter()
    result = derivation.derive(system)
    done = time.perf_counter()
    checks = verify.check(result, api.views(found))
    end = time.perf_counter()
    verify.require(checks)
    assert len(result.parameter_gradients) == 2 * layers and len(system.equations) == equations(layers)
    return Timed(built - start, done - built, end - done)


def compared(about: int | str, repetitions: int) -> Compared:
    """Deriving so many layers, or a shipped example, against the bare work, each the fastest of so many times."""
    warm()
    system = api.system(spec(about, "index") if isinstance(about, int) else api.load(api.examples()[about]))
    held = frozenset(t.key for t in system.tensors.values() if t.role in HELD)

    def bare() -> None:
        for equation in system.equations:
            differential.collect(differential.differential(equation.rhs, held)[0])

    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(repetitions):
        for whole in times:
            start = time.process_time()
            if whole:
                derivation.derive(system)
            else:
                bare()
            times[whole].append(time.process_time() - start)
    return Compared(min(times[False]), min(times[True]))


def written(layers: int, view: str) -> Written:
    """The sheet of a deep network."""
    warm()
    found = spec(layers, view)
    result = api.derive(found)
    checks = api.check(result)
    start = time.perf_counter()
    sheet = compose.compose(found, result, checks, result.asked)
    composed = time.perf_counter()
    text = api.tex(sheet)
    return Written(len(text), composed - start, time.perf_counter() - composed)
