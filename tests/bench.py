"""`make bench`: how long things take, against depth, against others, and against TeX.

Prints plain tables; nothing here passes or fails. What is compared is measured in the same run, several times over, and given as
median ± half the range, so that a busy machine shows. Every repetition starts with cold caches: ours in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from statistics import median

import bench_depth
import bench_homework
import bench_pack
import bench_sheets
import bench_typeset
import bench_watch
from bench_depth import AIMS, BARE, Timed
from bench_peers import PEERS, Peer, measure
from bench_tables import exponent, ratio, seconds, share, spread, table, upper

from derive.checks import verify

DEPTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
FEW = (1, 4, 16, 64, 128)
SHARE = 0.2
"""The part of a sheet's build that everything but TeX may take."""

SHORT = {"single-neuron", "mlp", "deep"}
"""The examples that stand for all where time is short, and where the processes are cold."""


def main() -> None:
    options = _options()
    depths = FEW if options.quick else DEPTHS
    repetitions = 2 if options.quick else 3
    limit = 4.0 if options.quick else 20.0
    print(_machine())

    bench_depth.warm()
    depth(depths, repetitions, limit, options.tensorgrad)
    deriving(depths, 3 * repetitions)
    texts(depths)
    examples(SHORT if options.quick else None, 1 if options.quick else repetitions)
    bench_homework.homework(("mlp",) if options.quick else ("chain", "mlp"), (30,) if options.quick else (100, 300))
    bench_watch.watch(("mlp",) if options.quick else tuple(sorted(SHORT)), 3 if options.quick else 5)
    bench_pack.book()
    cold({"mlp"} if options.quick else SHORT, 1 if options.quick else repetitions)
    bench_typeset.typesetting(("mlp",) if options.quick else ("single-neuron", "mlp"), 30 if options.quick else 100, repetitions)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure derive against depth, against others, and against TeX.")
    parser.add_argument("--quick", action="store_true", help="fewer depths, examples and repetitions: under 40 s")
    parser.add_argument(
        "--tensorgrad", metavar="PYTHON", default=sys.executable, help="a Python that has tensorgrad, where this one does not"
    )
    return parser.parse_args()


def _machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"Python {platform.python_version()}, SymPy {version('sympy')}, NumPy {version('numpy')}\n"
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{load}; {bench_sheets.engine()}\n"
        "Times are medians in seconds, ± half the range of the repetitions."
    )


# --- 1: depth -----------------------------------------------------------------------------------------------------------------


def depth(depths: Sequence[int], repetitions: int, limit: float, tensorgrad: str) -> None:
    """Time to build, derive and check a network, beside what others need for gradients alone."""
    ours: dict[tuple[int, str], list[Timed]] = {}
    for _ in range(repetitions):
        for n in depths:
            for view in ("index", "matrix"):
                ours.setdefault((n, view), []).append(bench_depth.apart(bench_depth.derived, n, view))
    whole = {key: [t.whole for t in timed] for key, timed in ours.items()}

    def stage(n: int, view: str, name: str) -> str:
        return seconds(median(getattr(t, name) for t in ours[n, view]))

    rows = [
        [
            str(n), stage(n, "index", "build"), stage(n, "index", "derive"), stage(n, "index", "check"),
            spread(whole[n, "index"]), stage(n, "matrix", "check"), spread(whole[n, "matrix"]),
        ]
        for n in depths
    ]  # fmt: skip
    columns = [("index", stage) for stage in ("build", "derive", "check", "whole")] + [("matrix", "check"), ("matrix", "whole")]
    deep = _equally_checked(depths)
    growth = [exponent({n: median(getattr(t, name) for t in ours[n, view]) for n in deep}) for view, name in columns]
    head = ["layers", "build", "derive", "check: index", "all, index", "check: matrix", "all, matrix"]
    table("1a. Dense layers of 4 tanh units, half squared error: build, derive, check", head, [*rows, ["growth", *growth]])
    print(f"Up to {verify.MANY} equations are checked at {verify.POINTS} random points, more at one.")
    print(f"growth  the exponent p of time ~ layers^p, here over the depths from {deep[0]}; 1 is linear")
    for n, aim in AIMS.items():
        for view in ("index", "matrix"):
            if n in depths:
                found = median(whole[n, view])
                print(f"aim     {n} layers in under {aim:g} s; {view} view: {found:.2f} s, {'met' if found < aim else 'MISSED'}")

    peers = {name: measure(sys.executable if name == "sympy" else tensorgrad, name, depths, repetitions, limit) for name in PEERS}
    _beside(depths, {n: median(whole[n, "matrix"]) for n in depths}, peers, limit)


def _equally_checked(depths: Sequence[int]) -> list[int]:
    """The depths that are all checked at one point: only those can be compared with one another."""
    return [n for n in depths if bench_depth.equations(n) > verify.MANY]


def _beside(depths: Sequence[int], ours: Mapping[int, float], peers: Mapping[str, Peer], limit: float) -> None:
    head = ["layers", "derive, all"]
    last = ["growth", exponent({n: ours[n] for n in _equally_checked(depths)})]
    rows = [[str(n), seconds(ours[n])] for n in depths]
    there = {name: peer for name, peer in peers.items() if not peer.missing}
    for name, peer in there.items():
        reached = upper([n for n in depths if n in peer.times])
        head += [PEERS[name].title, "/ derive", "LaTeX"]
        last += [exponent({n: median(peer.times[n]) for n in reached}), "", ""]
        for n, row in zip(depths, rows, strict=True):
            times = peer.times.get(n)
            row += [spread(times), ratio(median(times), ours[n])] if times else [peer.why(n), "—"]
            row.append(_count(peer.characters.get(n)))
    table("1b. The same beside others", head, [*rows, last])
    print("derive, all      every gradient, every step, every equation checked (1a, matrix view)")
    for name in there:
        print(f"{PEERS[name].title:<15}  {PEERS[name].task}; nothing checked")
    print("LaTeX            characters of that one gradient, where it is not too long to print")
    print(f"/ derive         its time as a multiple of ours; it is stopped where one run takes more than {limit:g} s")
    print("growth           over the upper half of the depths that were reached")
    for name in sorted({p.missing for p in peers.values() if p.missing}):
        print(f"{name}       not installed (bench.py --tensorgrad PYTHON names a Python that has it)")


def deriving(depths: Sequence[int], repetitions: int) -> None:
    """What naming, substituting, reading off and lettering cost beside the calculus itself, in one process each."""
    rows = []
    for about in (*(n for n in (16, 128, 512) if n in depths), "mlp", "classifier"):
        found = bench_depth.apart(bench_depth.compared, about, repetitions)
        name = f"{about} layers" if isinstance(about, int) else about
        times = f"{found.bare * 1e3:.2f}", f"{found.derive * 1e3:.2f}"
        rows.append([name, *times, f"{found.ratio:.1f}", "met" if found.ratio <= BARE else "MISSED"])
    head = ["network", "differentials, ms", "derive, ms", "ratio", "aim"]
    table(f"1c. Deriving against the differentials of the equations alone (aim: at most {BARE:g} times)", head, rows)
    print("Processor time, the fastest of several times.")


def _count(number: int | None) -> str:
    return "—" if number is None else f"{number:,}"


# --- 2: LaTeX -----------------------------------------------------------------------------------------------------------------


def texts(depths: Sequence[int]) -> None:
    """How long the sheet is, and what composing and rendering it costs."""
    made = {n: bench_depth.apart(bench_depth.written, n, "matrix") for n in depths}
    rows = [
        [str(n), f"{t.characters:,}", f"{t.characters / n:,.0f}", seconds(t.compose), seconds(t.render)] for n, t in made.items()
    ]
    deep = {n: made[n] for n in upper(depths)}
    growth = [
        exponent({n: float(t.characters) for n, t in deep.items()}),
        exponent({n: t.characters / n for n, t in deep.items()}),
        exponent({n: t.compose for n, t in deep.items()}),
        exponent({n: t.render for n, t in deep.items()}),
    ]
    rows.append(["growth", *growth])
    table("2. The sheet of such a network, matrix view", ["layers", "characters", "per layer", "compose", "render"], rows)
    print("Whole documents, preamble included. Equal layers are printed once, for a general layer. One run each.")


# --- 3: against TeX -----------------------------------------------------------------------------------------------------------


def examples(only: set[str] | None, repetitions: int) -> None:
    """The whole build of each shipped example, warm: ours against TeX's part."""
    built: dict[str, list[bench_sheets.Built]] = {}
    for _ in range(repetitions):
        for name, path in bench_sheets.sources(only).items():
            built.setdefault(name, []).append(bench_depth.apart(bench_sheets.build, path))
    rows = []
    for name, runs in built.items():
        parts = [seconds(median(getattr(b, part) for b in runs)) for part in ("derive", "check", "compose", "render", "read")]
        parts.append(share(median(b.reading for b in runs)))
        ours, tex = [b.ours for b in runs], [b.typeset for b in runs]
        part = median(b.ours / (b.ours + b.typeset) for b in runs)
        aim = "met" if part < SHARE else "MISSED"
        rows.append([name, *parts, spread(ours), spread(tex), str(runs[0].passes), share(part), aim])
    stages = ["derive", "check", "compose", "render", "read back", "of the rest"]
    head = ["example", *stages, "all ours", "typeset", "passes", "our share", "aim"]
    table(f"3a. One sheet: all of ours against setting its .tex (aim: under {share(SHARE)} of the build)", head, rows)


def cold(only: set[str], repetitions: int) -> None:
    """The command in a new process against bare pdflatex on the same .tex, with as many passes."""
    rows = []
    for name, path in bench_sheets.sources(only).items():
        runs = [bench_sheets.cold(path) for _ in range(repetitions)]
        rows.append(
            [name, spread([r.command for r in runs]), spread([r.bare for r in runs]), str(runs[0].passes),
             f"{median(r.command / r.bare for r in runs):.2f}"]
        )  # fmt: skip
    head = ["example", "derive pdf", "bare pdflatex", "passes", "ratio"]
    table("3b. Cold: the process `derive pdf` against bare pdflatex processes on the same .tex", head, rows)


if __name__ == "__main__":
    main()
