"""A NumPy module is run before it is handed out: in a process of its own, at random points, against the derivation.

Its forward pass is compared with the forward program, its gradients with the derived ones and, along random directions, with
complex steps of the forward program alone. A mini-batch is run for another number of training examples as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...calculus.steps import Derivation
from ...checks.verify import random_point
from ...errors import CheckFailed
from ...expressions.nodes import Entry, Index
from ...expressions.system import System, cotangent
from ...network.batching import for_examples, with_examples
from ...numbers import evaluate
from ...numbers.evaluate import Values
from ...typeset import processes

POINTS = 3
"""Random points, for each number of training examples."""

TOLERANCE = 1e-9
"""Relative to the largest entry of an array."""

NOISE = 1e-12
"""Relative to the largest number of the whole point: what rounding leaves where terms cancel."""

SECONDS = 120.0
MEMORY = 4 * 2**30
FILE = 2**30

REPORT = "this is a defect of the program, not of your spec: please report it with the spec"


@dataclass(frozen=True)
class Point:
    """Given values, and what the module has to make of them.

    slope: the derivative of the objective along `directions`, by a complex step of the forward program.
    """

    given: Values
    forward: Values
    gradients: Values
    directions: Values
    slope: float
    where: str


def require(text: str, derivation: Derivation, seed: int = 7) -> None:
    """Raises CheckFailed where the module `text` does not compute what the derivation says."""
    system = derivation.system
    numbers = [system.examples] if system.examples is None else [system.examples, system.examples + 3]
    points = [
        point(
            derivation, system if number is None else with_examples(system, number), np.random.default_rng([seed, number or 0, n])
        )
        for number in numbers
        for n in range(POINTS)
    ]
    for found, wanted in zip(run(text, [p.given for p in points]), points, strict=True):
        compare(found, wanted)


def point(derivation: Derivation, system: System, rng: np.random.Generator) -> Point:
    """A random point; `system` is that of the derivation, or the same for another number of training examples."""
    values = random_point(system, rng)
    forward = {key: values[key] for key in system.defines()}
    seeds = {cotangent(k): rng.normal(size=system.tensors[k].shape) for k in derivation.seeds}
    given = {t.key: values[t.key] for t in system.of_role("input", "parameter", "target")} | seeds  # a constant has its own value
    gradients = _gradients(derivation, system, values | seeds)
    directions = {key: rng.normal(size=array.shape) for key, array in gradients.items()}
    with np.errstate(all="ignore"):
        moved = evaluate.run(system, evaluate.tilt({k: v for k, v in values.items() if k not in forward}, directions))
    ends = {k: given[cotangent(k)] for k in derivation.seeds}
    if system.objective is not None:
        ends = {system.objective: np.asarray(1.0)}
    slope = sum(float(np.sum(end * evaluate.tilted(moved[key]))) for key, end in ends.items())
    where = "" if system.examples is None else f" with {system.examples} training examples"
    return Point(given, forward, gradients, directions, slope, where)


def _gradients(derivation: Derivation, system: System, values: Mapping[str, np.ndarray]) -> Values:
    """The derived gradients of all that the module gives one for."""
    known = dict(values)
    with np.errstate(all="ignore"):
        for key, equation in derivation.gradients.items():
            lhs, rhs = equation.lhs, equation.rhs
            if system.examples is not None:
                lhs, rhs = for_examples(lhs, system.examples), for_examples(rhs, system.examples)
            assert isinstance(lhs, Entry)
            known[cotangent(key)] = evaluate.evaluate(rhs, known, [i for i in lhs.indices if isinstance(i, Index)])
    wanted = system.of_role("parameter", "input")
    return {t.key: known.get(cotangent(t.key), np.zeros(t.shape)) for t in wanted}


# --- a process of its own -----------------------------------------------------------------------------------------------------


def run(text: str, points: list[Values]) -> list[dict[str, Values]]:
    """What `forward` and `gradients` of the module give at each point, by the name of the function. Raises CheckFailed."""
    with tempfile.TemporaryDirectory(prefix="derive-") as name:
        folder = Path(name)
        (folder / "module.py").write_text(text, encoding="utf-8")
        arrays = {f"{place}/{key}": array for place, given in enumerate(points) for key, array in given.items()}
        save: Any = np.savez
        save(folder / "points.npz", **{key: np.asarray(array, dtype=float) for key, array in arrays.items()})
        _started(folder)
        found: list[dict[str, Values]] = [{"forward": {}, "gradients": {}} for _ in points]
        try:
            with np.load(folder / "results.npz", allow_pickle=False) as results:
                for member in results.files:
                    place, function, key = member.split("/", 2)
                    found[int(place)][function][key] = results[member]
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise CheckFailed(f"the NumPy module gives no arrays: {error}; nothing was written", hint=REPORT) from None
        return found


def _started(folder: Path) -> None:
    """Run the module's process to its end, within its bounds."""
    runner = str(Path(__file__).with_name("runner.py"))
    command = [sys.executable, "-I", "-B", runner, str(Path(np.__file__).parent.parent)]
    said = folder / "said.txt"
    with said.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            preexec_fn=processes.limits(SECONDS, MEMORY, FILE),
        )
        try:
            status = process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise CheckFailed(f"the NumPy module did not finish within {SECONDS:g} s; nothing was written") from None
        finally:
            if process.poll() is None:
                processes.kill(process)
                process.wait()
    if status != 0:
        lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [f"exit code {status}"]
        raise CheckFailed(f"the NumPy module does not run: {lines[-1]}; nothing was written", hint=REPORT)


def _environment(folder: Path) -> dict[str, str]:
    """All that the module sees of the outside."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = ("SYSTEMROOT", "WINDIR", "PATH") if sys.platform == "win32" else ()
    return {"HOME": str(folder), "LC_ALL": "C.UTF-8", **threads, **{k: os.environ[k] for k in kept if k in os.environ}}


# --- what came out --------------------------------------------------------------------------------------------------------------


def compare(found: Mapping[str, Values], wanted: Point) -> None:
    """Raises CheckFailed where the results of a module are not those of the point."""
    largest = max(float(np.max(np.abs(a), initial=0.0)) for a in (*wanted.forward.values(), *wanted.gradients.values()))
    noise = NOISE * max(1.0, largest)
    for function, arrays in (("forward", wanted.forward), ("gradients", wanted.gradients)):
        if list(found[function]) != list(arrays):
            _fail(f"{function}(values) gives {', '.join(found[function])}, and not {', '.join(arrays)}", wanted)
        for key, array in arrays.items():
            value = found[function][key]
            if value.shape != array.shape:
                _fail(f"{function}(values) gives `{key}` the shape {value.shape}, and not {array.shape},", wanted)
            if value.dtype.kind not in "fiu":
                _fail(f"{function}(values) gives a `{key}` that is no real number,", wanted)
            off = np.max(np.abs(value - array), initial=0.0)
            if not off <= TOLERANCE * np.max(np.abs(array), initial=0.0) + noise:
                _fail(f"{function}(values) gives a wrong `{key}`, off by {off:.1e},", wanted)
    terms = [float(np.sum(found["gradients"][key] * direction)) for key, direction in wanted.directions.items()]
    off = abs(sum(terms) - wanted.slope)
    if not off <= TOLERANCE * sum(map(abs, terms)) + noise:
        _fail(f"the gradients are not the slopes of the forward pass, off by {off:.1e},", wanted)


def _fail(what: str, wanted: Point) -> None:
    raise CheckFailed(f"the NumPy module is wrong: {what}{wanted.where}; nothing was written", hint=REPORT)


__all__ = ["Point", "compare", "point", "require", "run"]
