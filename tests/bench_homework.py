"""A class of 300 against one latexmk for each PDF: seconds, ratios, memory. Called from bench.py."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from bench_tables import ratio, seconds, table

from derive import api, render, roster
from derive.assignment import Assignment

AIM = 10
SAMPLE = 12
"""So many PDFs are made by latexmk, fresh, two at a time; the time of one stands for all."""


def homework(names: tuple[str, ...], counts: tuple[int, ...]) -> None:
    """`derive homework`, with all that it does, against latexmk with the LaTeX given to it."""
    rows = []
    for name in names:
        each = _latexmk(name)
        for count in counts:
            with tempfile.TemporaryDirectory() as folder:
                before = time.perf_counter()
                command = [sys.executable, "-m", "derive", "homework", name, "--variants", str(count), "--output", folder]
                subprocess.run(command, check=True, capture_output=True)
                spent = time.perf_counter() - before
                pdfs = 2 * count
                again = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                nothing = time.perf_counter() - again
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            mean = f"{ratio(each, spent / pdfs)} ×" if each else "no latexmk"
            times = [seconds(t) for t in (spent, spent / pdfs, each)]
            rows.append((name, str(count), *times, mean, seconds(nothing), f"{peak:.0f}"))
    head = ("class", "students", "whole", "each PDF", "latexmk each", "throughput", "run again", "peak MB")
    table(f"Homework and solutions for a class, deriving and checking included (aim: {AIM} times latexmk)", head, rows)


def _latexmk(name: str) -> float:
    """Seconds of wall time for one PDF, where latexmk makes two at a time."""
    if shutil.which("latexmk") is None:
        return 0.0
    found = Assignment(api.load(api.examples()[name]), "", roster.numbered(SAMPLE // 2), Path())
    found.draw()
    texts = [text for _, text in islice(found.handouts(render.style()), SAMPLE) if isinstance(text, str)]
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            place = Path(folder) / str(number)
            place.mkdir()
            (place / "sheet.tex").write_text(text, "utf-8")
            for file, content in render.style().items():
                (place / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        before = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda n: _run(Path(folder) / str(n)), range(len(texts))))
        return (time.perf_counter() - before) / len(texts)


def _run(place: Path) -> None:
    subprocess.run(["latexmk", "-pdf", "-interaction=nonstopmode", "sheet.tex"], cwd=place, check=True, capture_output=True)


if __name__ == "__main__":
    homework(("mlp",), (40,))
