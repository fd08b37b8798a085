"""Others' gradients for bench.py, in processes that can be stopped.

Run as a script, `bench_peers.py PEER REPETITIONS DEPTH…`, it prints a line of JSON for each run as soon as that is measured. It
then needs no more than the peer itself, and so runs in any Python that has it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from queue import Empty, Queue
from typing import Any

STARTUP = 60.0
"""Seconds that importing a peer may take."""

NOT_INSTALLED = 3

ENOUGH = 2.0
"""Seconds after which one depth is not repeated."""


@dataclass
class Peer:
    """What was measured: by depth, the seconds of each repetition and the characters of LaTeX, as far as it got.

    stopped: the depth at which it ran out of time, or failed; missing: the package, where it is not installed.
    """

    limit: float
    times: dict[int, list[float]] = field(default_factory=dict)
    characters: dict[int, int | None] = field(default_factory=dict)
    stopped: int | None = None
    failure: str = ""
    missing: str = ""

    def why(self, depth: int) -> str:
        """What stands in place of a time that there is not."""
        return (self.failure or f"> {self.limit:g}") if depth == self.stopped else "—"


def measure(python: str, name: str, depths: Sequence[int], repetitions: int, limit: float) -> Peer:
    """Measure a peer at rising depths, until a run takes more than `limit` seconds."""
    peer = Peer(limit)
    command = [python, __file__, name, str(repetitions), *map(str, depths)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines: Queue[str | None] = Queue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    try:
        if _next(lines, STARTUP) is None:
            peer.missing = name.partition("-")[0]
            return peer
        for depth in depths:
            line = _next(lines, limit)
            if line is None:
                # the process ended by itself (a crash, or an error that it could not report), or is out of time
                peer.stopped, peer.failure = depth, "" if process.poll() is None else "failed"
                break
            found = json.loads(line)
            if "error" in found:
                peer.stopped, peer.failure = depth, str(found["error"])
                break
            peer.times[depth], peer.characters[depth] = [found["first"]], found["characters"]
            for _ in range(found["more"]):
                again = _next(lines, limit)
                if again is not None:
                    peer.times[depth].append(json.loads(again)["again"])
            if found["first"] > limit:
                break
    finally:
        process.kill()
        process.wait()
        reader.join()
    return peer


def _read(process: subprocess.Popen[str], lines: Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


def _next(lines: Queue[str | None], timeout: float) -> str | None:
    try:
        return lines.get(timeout=timeout)
    except Empty:
        return None


# --- the peers, in the process of their own ------------------------------------------------------------------------------------

Problem = tuple[Callable[[], Any], Callable[[Any], int | None]]
"""What is timed, and how many characters of LaTeX its result has (None where it has none)."""


def chain(layers: int, run: int) -> Problem:
    """SymPy: ∂C/∂w¹ of one neuron a layer, C the composed expression."""
    import sympy

    sympy.core.cache.clear_cache()
    x, y = sympy.symbols("x y")
    w = sympy.symbols(f"w1:{layers + 1}")
    b = sympy.symbols(f"b1:{layers + 1}")

    def solve() -> Any:
        a = x
        for weight, bias in zip(w, b, strict=True):
            a = sympy.tanh(weight * a + bias)
        return sympy.diff((a - y) ** 2 / 2, w[0])

    return solve, lambda gradient: len(sympy.latex(gradient)) if layers <= 64 else None


def _dense(layers: int, run: int) -> tuple[Any, list[Any]]:
    """tensorgrad: the cost of dense tanh layers, and their parameters; names that no other run has used."""
    tg, functions, sympy = import_module("tensorgrad"), import_module("tensorgrad.functions"), import_module("sympy")
    i = sympy.Symbol("i")
    a = tg.Variable(f"x{run}", i=i)
    parameters = []
    for layer in range(1, layers + 1):
        w, b = tg.Variable(f"W{layer}_{run}", j=i, i=i), tg.Variable(f"b{layer}_{run}", j=i)
        parameters += [w, b]
        a = functions.tanh(w @ a + b).rename(j="i")
    return functions.frobenius2(a - tg.Variable(f"t{run}", i=i)) / 2, parameters


def simplified(layers: int, run: int) -> Problem:
    """tensorgrad: ∂C/∂W¹ in the form that it would print."""
    tg, printer = import_module("tensorgrad"), import_module("tensorgrad.extras.to_latex")

    def solve() -> Any:
        cost, parameters = _dense(layers, run)
        return tg.Derivative(cost, parameters[0]).full_simplify()

    return solve, lambda gradient: len(printer.to_latex(gradient)) if layers <= 4 else None


def shared(layers: int, run: int) -> Problem:
    """tensorgrad: every gradient in one graph, as its compiler prepares them."""
    tg = import_module("tensorgrad")
    reverse, runtime = import_module("tensorgrad.compiler.reverse"), import_module("tensorgrad.compiler.runtime")

    def solve() -> Any:
        cost, parameters = _dense(layers, run)
        gradients = reverse.resolve_shared_gradients(tuple(tg.Derivative(cost, p) for p in parameters))
        arguments = runtime.normalize_args()
        return [g.simplify(arguments) for g in gradients]

    return solve, lambda gradients: None


@dataclass(frozen=True)
class Task:
    """One thing that a peer can do: its name in a table, what it is, and how it is posed; its key begins with the package."""

    title: str
    task: str
    pose: Callable[[int, int], Problem]


PEERS = {
    "sympy": Task("SymPy diff", "one gradient, that of the first weight; one neuron a layer, so the easier problem", chain),
    "tensorgrad-one": Task("tensorgrad, one", "one gradient, that of the first W, as it would be printed", simplified),
    "tensorgrad-all": Task("tensorgrad, all", "every gradient, as the shared graph that its compiler takes; no text", shared),
}


def serve(name: str, repetitions: int, depths: Sequence[int]) -> None:
    """Measure and print, from the shallowest depth up."""
    PEERS[name].pose(1, -1)[0]()  # what is loaded on first use
    _say(ready=True)
    run = 0
    for depth in depths:
        try:
            first, characters = _timed(name, depth, run)
        except Exception as error:  # its own limit, of whatever kind, is a result
            _say(error=type(error).__name__)
            return
        more = repetitions - 1 if first < ENOUGH else 0
        _say(first=first, characters=characters, more=more)
        for _ in range(more):
            run += 1
            _say(again=_timed(name, depth, run)[0])
        run += 1


def _timed(name: str, depth: int, run: int) -> tuple[float, int | None]:
    solve, characters = PEERS[name].pose(depth, run)
    start = time.perf_counter()
    found = solve()
    end = time.perf_counter()
    return end - start, characters(found) if run == 0 or depth > 1 else None


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def _main() -> None:
    name, repetitions, *depths = sys.argv[1:]
    try:
        import_module(name.partition("-")[0])
    except ImportError:
        sys.exit(NOT_INSTALLED)
    # both peers recurse as deep as the network: give them the room, so that it is their time which is measured
    sys.setrecursionlimit(1_000_000)
    threading.stack_size(1 << 30)
    thread = threading.Thread(target=serve, args=(name, int(repetitions), [int(d) for d in depths]))
    thread.start()
    thread.join()


if __name__ == "__main__":
    _main()
