"""A class of 300 against one latexmk for each PDF: seconds, ratios, memory. Called from bench.py."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path

import psutil
from bench_tables import ratio, seconds, table

from derive import api
from derive.homework.classroom import roster
from derive.homework.classroom.assignment import Assignment
from derive.writers.latex import writer

AIM = 10
SAMPLE = 12
"""So many PDFs are made by latexmk, fresh, two at a time; the time of one stands for all."""

WATCHED_EVERY = 0.1
"""Seconds."""


def homework(names: tuple[str, ...], counts: tuple[int, ...]) -> None:
    """`derive homework`, with all that it does, against latexmk with the LaTeX given to it."""
    rows = []
    for name in names:
        each = _latexmk(name)
        peaks: list[float] = []
        for count in counts:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "derive", "homework", name, "--variants", str(count), "--output", folder]
                spent, own, together = _run_and_watch(command)
                pdfs = 2 * count
                nothing, _, _ = _run_and_watch(command)
            peaks.append(own)
            mean = f"{ratio(each, spent / pdfs)} ×" if each else "no latexmk"
            times = [seconds(t) for t in (spent, spent / pdfs, each)]
            memory = (f"{own:.0f}", f"{own / peaks[0]:.2f} ×", f"{together:.0f}")
            rows.append((name, str(count), *times, mean, seconds(nothing), *memory))
    head = ("class", "students", "whole", "each PDF", "latexmk each", "throughput", "run again", "peak MB", "ratio", "in all")
    table(f"Homework and solutions for a class, deriving and checking included (aim: {AIM} times latexmk)", head, rows)
    print("Peak MB: of the process that runs it all; against that of the smallest class; of all processes together, TeX's too.\n")


def _run_and_watch(command: list[str]) -> tuple[float, float, float]:
    """Seconds; and the most memory at any time, in MB: of the process itself, and of it with all that it started."""
    before = time.perf_counter()
    own = together = 0
    with psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None:
            sizes = [_resident(run)] + [_resident(child) for child in _children(run)]
            own, together = max(own, sizes[0]), max(together, sum(sizes))
            time.sleep(WATCHED_EVERY)
        spent = time.perf_counter() - before
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, command)
    return spent, own / 2**20, together / 2**20


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        found: list[psutil.Process] = process.children(recursive=True)
        return found
    return []


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _latexmk(name: str) -> float:
    """Seconds of wall time for one PDF, where latexmk makes two at a time."""
    if shutil.which("latexmk") is None:
        return 0.0
    found = Assignment(api.load(api.examples()[name]), "", roster.numbered(SAMPLE // 2), Path())
    found.draw()
    texts = [text for _, text in islice(found.handouts(writer.style()), SAMPLE) if isinstance(text, str)]
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            place = Path(folder) / str(number)
            place.mkdir()
            (place / "sheet.tex").write_text(text, "utf-8")
            for file, content in writer.style().items():
                (place / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        before = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda n: _run(Path(folder) / str(n)), range(len(texts))))
        return (time.perf_counter() - before) / len(texts)


def _run(place: Path) -> None:
    subprocess.run(["latexmk", "-pdf", "-interaction=nonstopmode", "sheet.tex"], cwd=place, check=True, capture_output=True)


if __name__ == "__main__":
    homework(("mlp",), (20, 80))
