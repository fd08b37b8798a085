"""Typesetting for bench.py: one sheet against pdflatex and latexmk on the same .tex, many variants against latexmk for each."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from bench_tables import ratio, seconds, spread, table

from derive import api
from derive.typeset import Job, batch, engine, find_engine, typeset

AIM_ONE, AIM_MANY = 0.5, 16.0
"""A sheet's TeX part against one pass of plain pdflatex; documents a second against those of latexmk."""

FEW = 4
"""So many runs of latexmk stand for all."""


def typesetting(names: Sequence[str], variants: int, repetitions: int) -> None:
    """One sheet, and many variants of it."""
    texts = {name: api.tex(api.sheet(api.load(path))) for name, path in api.examples().items() if name in names}
    one(texts, repetitions)
    many(texts, variants)


def one(texts: dict[str, str], repetitions: int) -> None:
    """One sheet: with a format that is there, and with one that has to be made first."""
    rows = []
    for name, text in texts.items():
        runs = [_once(text) for _ in range(repetitions)]
        share = median(run.part / run.plain for run in runs)
        row = [name, *(spread([getattr(run, part) for run in runs]) for part in ("plain", "cold", "warm", "part"))]
        row += [f"{share:.2f}", "met" if share <= AIM_ONE else "MISSED"]
        known = [run for run in runs if run.latexmk]
        fresh = [spread([r.latexmk for r in known]), f"{median(r.warm / r.latexmk for r in known):.2f}"] if known else []
        row += fresh or ["-", "-"]
        rows.append(row)
    head = ["sheet", "pdflatex", "ours, cold", "ours, warm", "its TeX", "TeX/pdflatex", f"aim {AIM_ONE}", "latexmk", "warm/it"]
    table("5a. One sheet: seconds from .tex to .pdf; cold: the format is made first. pdflatex: one pass", head, rows)


@dataclass(frozen=True)
class Once:
    """Seconds for one sheet: a pass of pdflatex; ours, cold and warm, and TeX's part of warm; latexmk (0 if it is not here)."""

    plain: float
    cold: float
    warm: float
    part: float
    latexmk: float


def _once(text: str) -> Once:
    def ours() -> None:
        typeset(text, folder / "a.pdf", files=api.style())

    with _folder(text) as folder:
        _tex(folder)
        plain, cold = _seconds(lambda: _tex(folder)), _seconds(ours)
        with _timed_tex() as spent:
            warm = _seconds(ours)
        return Once(plain, cold, warm, sum(spent), _seconds(lambda: _make(folder)) if _latexmk() else 0.0)


def many(texts: dict[str, str], variants: int) -> None:
    """Many variants of one sheet, on all cores; latexmk is given as many processes as there are cores."""
    rows = []
    cores = os.cpu_count() or 1
    for name, text in texts.items():
        made = [_variant(text, number) for number in range(variants)]
        with _folder(text) as folder:
            typeset(text, folder / "warm.pdf", files=api.style())
            jobs = [Job(one, folder / f"{number}.pdf", api.style()) for number, one in enumerate(made)]
            begun = time.perf_counter()
            results = list(batch(jobs))
            ours = time.perf_counter() - begun
            os.environ["DERIVE_FENCE"], cpu = "off", _cpu()  # what runs behind the fence is not counted by the system
            results = list(batch(jobs))
            ours_cpu = _cpu() - cpu
            del os.environ["DERIVE_FENCE"]
            assert not any(result.error for result in results)
        pages = sum(result.pages for result in results)
        row = [name, str(pages), seconds(ours), seconds(ours_cpu), f"{1000 * ours_cpu / variants:.0f} ms"]
        if _latexmk():
            wall, theirs = _latexmk_for(made[:FEW], cores)
            faster = wall / FEW * variants / ours
            row += [
                seconds(wall / FEW * variants), f"{1000 * theirs / FEW:.0f} ms", ratio(theirs / FEW * variants, ours_cpu),
                ratio(faster, 1), "met" if faster >= AIM_MANY else "MISSED",
            ]  # fmt: skip
        else:
            row += ["-"] * 5
        rows.append(row)
    head = ["sheet", "pages", "batch", "its CPU", "each", "latexmk", "CPU each", "CPU ratio", "times faster", f"aim {AIM_MANY:g}"]
    note = f"latexmk: {FEW} of them, {cores} at a time, for all"
    table(f"5b. {variants} variants of a sheet, {cores} processes, format and engine warm ({note})", head, rows)


def _variant(text: str, number: int) -> str:
    """The sheet with other numbers in its body, as a variant has; its pictures are the same."""
    before, begin, body = text.partition(r"\begin{document}")
    numbers = iter(range(number, 10**9))
    pieces = re.split(r"(\\begin\{tikzpicture\}.*?\\end\{tikzpicture\})", body, flags=re.DOTALL)
    pieces[::2] = [re.sub(r"(?<=[0-9]\.)\d\b", lambda _: str((7 * next(numbers)) % 10), piece) for piece in pieces[::2]]
    return before + begin + "".join(pieces)


@contextmanager
def _folder(text: str) -> Iterator[Path]:
    """A folder with a sheet and its style, and a cache of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        before = os.environ.get("DERIVE_CACHE")
        os.environ["DERIVE_CACHE"] = str(folder / "cache")
        try:
            (folder / "sheet.tex").write_text(text, encoding="utf-8")
            for file, style in api.style().items():
                (folder / file).write_text(str(style), encoding="utf-8")
            yield folder
        finally:
            del os.environ["DERIVE_CACHE"]
            if before is not None:
                os.environ["DERIVE_CACHE"] = before


@contextmanager
def _timed_tex() -> Iterator[list[float]]:
    """The seconds that each run of TeX takes."""
    spent: list[float] = []
    run = engine.run

    def timed(*given: Any) -> int | None:
        begun = time.perf_counter()
        try:
            return run(*given)
        finally:
            spent.append(time.perf_counter() - begun)

    with patch.object(engine, "run", timed):
        yield spent


def _tex(folder: Path) -> None:
    _quietly([find_engine(), "-interaction=batchmode", "sheet.tex"], folder)


def _latexmk() -> bool:
    return shutil.which("latexmk") is not None


def _make(folder: Path) -> None:
    for path in folder.glob("sheet.*"):
        if path.suffix != ".tex":
            path.unlink()
    _quietly(["latexmk", "-pdf", "-interaction=batchmode", "sheet.tex"], folder)


def _latexmk_for(texts: Sequence[str], cores: int) -> tuple[float, float]:
    """Seconds and CPU seconds of latexmk for each of some sheets, as many at a time as there are cores."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folders = []
        for number, text in enumerate(texts):
            folder = Path(name) / str(number)
            folder.mkdir()
            (folder / "sheet.tex").write_text(text, encoding="utf-8")
            for file, style in api.style().items():
                (folder / file).write_text(str(style), encoding="utf-8")
            folders.append(folder)
        begun, cpu = time.perf_counter(), _cpu()
        command = ["latexmk", "-pdf", "-interaction=batchmode", "sheet.tex"]
        for at in range(0, len(folders), cores):
            running = [
                subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for folder in folders[at : at + cores]
            ]
            for process in running:
                process.wait()
        return time.perf_counter() - begun, _cpu() - cpu


def _quietly(command: list[str], folder: Path) -> None:
    silent = subprocess.DEVNULL
    subprocess.run(command, cwd=folder, stdout=silent, stderr=silent, stdin=silent, check=True)


def _seconds(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def _cpu() -> float:
    """CPU seconds of this process and of all that it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    typesetting(("single-neuron", "mlp"), 100, 3)
