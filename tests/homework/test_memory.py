"""A class takes the same memory whether it is small or large: everything is done for it, but TeX's part in one piece for all."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from derive import spec
from derive.homework.classroom import roster
from derive.homework.classroom.assignment import Assignment, build
from derive.typeset import batch, typeset
from derive.typeset.runs import Outcome

TEXT = """\
title: One neuron
equations: [z = w*a + b, p = sigmoid(z), C = (p - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {a: scalar}
targets: {y: scalar}
numbers: decimals
homework:
  questions: [{differential: z}, {value: C}, {value: dC/dw}, {value: dC/db}, {step: w}, {choice: dC/dw}]
"""
SHEET = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern,amsmath}
\begin{document}
The quick brown fox \textbf{jumps} \emph{over} \textsc{the} {\small lazy dog,} {\large 0123456789} $\sum_i \mathbf{x}_i$.
\end{document}
"""
SMALL, LARGE = 40, 160
MORE_MEGABYTES = 15
"""So much more the large class may take: with all pages of the files for the printer in memory, it took 50."""

MORE_BYTES = 4000
"""So much of each student may be left when all sheets are there: with the numbers in memory, it was more than twice that."""


class Printed(Executor):
    """Sets every document as the same PDF, read anew for each."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result([Outcome(self.path.read_bytes(), 1) for _ in args[0].documents])
        return future


def make(count: int, printed: Path, folder: Path, at_last: Callable[[], None] = lambda: None) -> None:
    """Homework for so many students; at_last: called when the last sheet is there."""
    left = 2 * count

    def progress(done: int) -> None:
        nonlocal left
        left -= done
        if not left:
            at_last()

    assignment = Assignment(spec.loads(TEXT, "neuron.yaml"), TEXT, roster.numbered(count), folder)
    assignment.draw()
    assert not build(assignment, lambda said: None, progress, Printed(printed), processes=1)
    assert not left


def peak_of_process() -> float:
    """Megabytes. What the system says of a process's children, or of itself before it was this program, is of no use here."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (found,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(found) / 1024


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("printed") / "sheet.pdf"
    typeset(SHEET, path)
    assert path.stat().st_size > 50_000  # as large as a sheet is, for its fonts
    return path


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="only Linux tells the peak of one program")
def test_a_class_four_times_as_large_takes_no_more_memory(printed: Path, tmp_path: Path) -> None:
    small, large = (
        float(subprocess.run([sys.executable, __file__, *args], check=True, capture_output=True, text=True).stdout)
        for count in (SMALL, LARGE)
        for args in [(str(count), str(printed), str(tmp_path / str(count)))]
    )
    assert large - small < MORE_MEGABYTES, (small, large)


def test_of_each_student_a_few_names_and_places_are_left(printed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[batch.__module__], "SHARED", 4)  # so many documents are on their way, also at the end
    left: list[int] = []

    def count_bytes() -> None:
        gc.collect()
        left.append(tracemalloc.get_traced_memory()[0])

    for count in (4, 8, 24):  # the first fills what is kept once for all
        tracemalloc.start()
        make(count, printed, tmp_path / str(count), count_bytes)
        tracemalloc.stop()
    assert left[2] - left[1] < 16 * MORE_BYTES, left


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
    print(peak_of_process())
