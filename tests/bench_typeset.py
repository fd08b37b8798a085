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
from pathlib import Path
from statistics import median

from bench_tables import ratio, seconds, spread, table

from derive import api
from derive.typeset import Job, batch, find_engine, typeset

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
        plain, again, warm, part, cold, fresh = ([] for _ in range(6))  # type: list[float]
        for _ in range(repetitions):
            with _folder(text) as folder:
                plain.append(_seconds(lambda f=folder: _tex(f)))  # type: ignore[misc]
                again.append(_seconds(lambda f=folder: _tex(f)))  # type: ignore[misc]
                cold.append(_seconds(lambda f=folder: typeset(text, f / "cold.pdf", files=api.style())))  # type: ignore[misc]
                spent = [0.0]
                with _timed_tex(spent):
                    warm.append(_seconds(lambda f=folder: typeset(text, f / "a.pdf", files=api.style())))  # type: ignore[misc]
                part.append(spent[0])
                if _latexmk():
                    fresh.append(_seconds(lambda f=folder: _make(f)))  # type: ignore[misc]
        share = median(p / a for p, a in zip(part, again, strict=True))
        rows.append(
            [name, spread(plain), spread(cold), spread(warm), spread(part), f"{share:.2f}", "met" if share <= AIM_ONE else "MISSED",
             spread(fresh) if fresh else "-", f"{median(w / f for w, f in zip(warm, fresh, strict=True)):.2f}" if fresh else "-"]
        )  # fmt: skip
    head = ["sheet", "pdflatex", "ours, cold", "ours, warm", "of it TeX", "TeX/pdflatex", f"aim {AIM_ONE}", "latexmk", "warm/latexmk"]
    table("5a. One sheet: seconds from .tex to .pdf; cold: the format is made first. pdflatex: one pass", head, rows)


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
        row = [name, str(sum(result.pages for result in results)), seconds(ours), seconds(ours_cpu), f"{1000 * ours_cpu / variants:.0f} ms"]
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
    head = ["sheet", "pages", "batch", "its CPU", "CPU each", "latexmk", "CPU each", "CPU ratio", "times faster", f"aim {AIM_MANY:g}"]
    note = f"latexmk: {FEW} of them, {cores} at a time, for all"
    table(f"5b. {variants} variants of a sheet, {cores} processes, format and engine warm ({note})", head, rows)


def _variant(text: str, number: int) -> str:
    """The sheet with other numbers in its body, as a variant has."""
    before, begin, body = text.partition(r"\begin{document}")
    numbers = iter(range(number, 10**9))
    return before + begin + re.sub(r"(?<=[0-9]\.)\d\b", lambda _: str((7 * next(numbers)) % 10), body)


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
                (folder / file).write_text(style, encoding="utf-8")
            yield folder
        finally:
            del os.environ["DERIVE_CACHE"]
            if before is not None:
                os.environ["DERIVE_CACHE"] = before


@contextmanager
def _timed_tex(spent: list[float]) -> Iterator[None]:
    """Adds to `spent` the seconds that TeX itself takes."""
    from derive.typeset import engine

    run = engine.run

    def timed(*given: object) -> object:
        begun = time.perf_counter()
        try:
            return run(*given)  # type: ignore[arg-type]
        finally:
            spent[0] += time.perf_counter() - begun

    engine.run = timed  # type: ignore[assignment]
    try:
        yield
    finally:
        engine.run = run


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
                (folder / file).write_text(style, encoding="utf-8")
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
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)


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
