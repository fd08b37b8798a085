"""However a run of many documents ends, it ends soon, and no process stays behind; no Ctrl-C is lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from derive.typeset import Job, batch
from derive.typeset.interrupts import held_back

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

TEX = "\\documentclass{article}\\begin{document}%s\\end{document}"
ENDLESS = f"""\
import sys
from pathlib import Path
from derive.typeset import Job, batch
jobs = [Job({TEX!r} % r"\\loop\\iftrue\\repeat", Path(sys.argv[1]) / f"{{n}}.pdf") for n in range(6)]
list(batch(jobs, processes=2))
"""
AT_FORK = f"""\
import os, signal, sys
from pathlib import Path
from derive.typeset import Job, batch, find_engine, typeset
from derive.typeset.fence import stands
stands(find_engine())
os.register_at_fork(**{{sys.argv[2]: lambda: os.kill(os.getpid(), signal.SIGINT)}})
path = Path(sys.argv[1]) / "a.pdf"
try:
    typeset({TEX!r} % "a", path) if sys.argv[3] == "one" else list(batch([Job({TEX!r} % "a", path)], processes=1))
except KeyboardInterrupt:
    print("interrupted", path.exists())
"""


@pytest.mark.parametrize("when", ["before", "after_in_parent"])
@pytest.mark.parametrize("what", ["one", "many"])
def test_a_ctrl_c_while_a_process_forks_is_not_lost(tmp_path: Path, when: str, what: str) -> None:
    run = subprocess.run([sys.executable, "-c", AT_FORK, tmp_path, when, what], capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr) == ("interrupted False\n", "")


def test_what_was_held_back_comes_at_the_end_of_the_block() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), held_back():
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
            steps.append("on")
    assert steps == ["on"] * 3 and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with held_back():
        steps.append("nothing came")
    assert len(steps) == 4


@contextmanager
def at_work(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    """A run with documents that never end, and all processes that it has started."""
    with subprocess.Popen([sys.executable, "-c", ENDLESS, folder], stderr=subprocess.DEVNULL, start_new_session=True) as run:
        started: list[psutil.Process] = []
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                started = psutil.Process(run.pid).children(recursive=True)
                if sum("sheet.tex" in command_of(p) and "-ini" not in command_of(p) for p in started) >= 2:
                    break
                time.sleep(0.02)
            yield run, started
        finally:
            run.kill()
            for process in started:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    continue


def command_of(process: psutil.Process) -> list[str]:
    try:
        found: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return found


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_with_the_process_that_began_all_others_end_too(tmp_path: Path, end: signal.Signals) -> None:
    with at_work(tmp_path) as (run, started):
        assert len(started) >= 4  # two processes, and two of TeX
        run.send_signal(end)
        run.wait(20)  # a document may take sixty seconds
        _, left = psutil.wait_procs(started, timeout=20)
        assert not left


def test_ctrl_c_is_for_the_process_that_began(tmp_path: Path) -> None:
    """A terminal sends it to all; a worker that took it as its own could leave the others waiting for ever."""
    jobs = [Job(TEX % f"Sheet {n}", tmp_path / f"{n}.pdf") for n in range(60)]
    results = []
    try:
        for result in batch(iter(jobs), processes=2):
            results.append(result)
            for worker in multiprocessing.active_children():
                assert worker.pid is not None
                os.kill(worker.pid, signal.SIGINT)
    except KeyboardInterrupt:
        pytest.fail("an interruption of a worker went through")
    assert [r.error for r in results] == [None] * 60
