"""Where TeX is, and one run of it: its environment, and the bounds on what it may use."""

from __future__ import annotations

import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path

from ..errors import TypesetError
from . import fence, processes
from .interrupts import held_back

MAX_FILE = 200 * 2**20
MAX_MEMORY = 2 * 2**30
MAX_LOG = 4 * 2**20
TERMINAL = "terminal.txt"
"""What TeX says to the terminal, in the build folder."""

_OBJECT_FILE = re.compile(rb"<<([^<>]{1,9000})>>")

INSTALL = """To install what the sheets need:
  Debian, Ubuntu   sudo apt-get install texlive-latex-base texlive-latex-recommended texlive-pictures lmodern
  Fedora           sudo dnf install texlive-collection-latexrecommended texlive-collection-pictures texlive-lm
  macOS            brew install --cask mactex-no-gui      (or MacTeX from tug.org/mactex), then open a new terminal
  Windows          winget install MiKTeX.MiKTeX           (or MiKTeX from miktex.org), then open a new terminal"""


OTHERS = ("xelatex", "lualatex", "tectonic")
"""Engines of which a fragment can be a part, but which do not set sheets."""


def find_engine() -> str:
    """The path of pdflatex; without one, a TypesetError that says how to install it."""
    engine = shutil.which("pdflatex", path=tex_path())
    if engine is None:
        others = [name for name in OTHERS if shutil.which(name, path=tex_path())]
        but = f" ({' and '.join(others)} cannot take its place)" if others else ""
        raise TypesetError(f"pdflatex is not installed, so there is no PDF{but}", hint=INSTALL)
    return engine


def tex_path() -> str:
    """Where programs of TeX are looked for. MacTeX puts its own where a shell opened before the installation does not look."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/Library/TeX/texbin"))


def engine_version(engine: str) -> str:
    """What tells this TeX from another, without running it: the program, and the format and font map that it would load."""
    files = [Path(engine).resolve(), *_kept_by_tex()]
    return "\n".join(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path in files for stat in (path.stat(),))


def run(engine: str, build: Path, options: list[str], seconds: float, epoch: int) -> int | None:
    """Run TeX in the folder `build`: its exit code (minus a signal's number), or None where the time was up.

    `seconds`: how long it may take; `epoch`: the seconds since 1970 that TeX takes for now.
    """
    if seconds <= 0:
        return None
    always = ("-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error")
    process: subprocess.Popen[bytes] | None = None
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        if process is not None:
            processes.kill(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    command = [*fence.around(engine, build), engine, *always, *options]
    with (build / TERMINAL).open("wb") as terminal:
        try:
            with held_back():
                process = subprocess.Popen(
                    command,
                    cwd=build,
                    env=environment(build, epoch),
                    stdin=subprocess.DEVNULL,
                    stdout=terminal,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # so that a run is stopped with all that it started
                    preexec_fn=processes.limits(seconds, MAX_MEMORY, MAX_FILE),
                )
            timer.start()  # and not wait(timeout=…), which looks only every 50 ms
            status = process.wait()
        finally:
            timer.cancel()
            if process is not None and process.poll() is None:  # the user pressed Ctrl-C
                processes.kill(process)
                process.wait()
        if stopped.is_set():
            return None
    return 128 - status if 128 < status < 160 else status  # the fence tells a signal as a shell does


def explain_status(status: int | None, timeout: float) -> str:
    """What ended a run, in a few words."""
    if status is None:
        return f"TeX did not finish within {timeout:g} s and was stopped"
    limits = {-getattr(signal, "SIGXCPU", 999): "more time", -getattr(signal, "SIGXFSZ", 999): "more room on disk"}
    if status in limits:
        return f"TeX needed {limits[status]} than it may use"
    return f"TeX stopped (exit code {status})" if status >= 0 else f"TeX was ended by signal {-status}"


def read_log(build: Path, job: str) -> str:
    """TeX's log, or its last part if it is huge; what it said to the terminal if it came to no log."""
    for name in (f"{job}.log", TERMINAL):
        path = build / name
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - MAX_LOG))
                text = file.read().decode("utf-8", errors="replace")
            # a byte that is no text has become three: the bound is on what is kept
            return text.encode("utf-8")[-MAX_LOG:].decode("utf-8", errors="ignore")
    return ""


def opened_outside(build: Path, job: str) -> str:
    """A file outside the build folder that TeX says it made a PDF object of, which none of its rules forbids; empty if none."""
    path = build / f"{job}.log"
    if not path.is_file() or not path.stat().st_size:
        return ""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
        for found in _OBJECT_FILE.finditer(log):
            name = os.fsdecode(found[1].replace(b"\n", b""))
            if (name.startswith(("/", "~")) or ".." in name or ":" in name) and os.path.exists(build / os.path.expanduser(name)):
                return name
    return ""


def environment(build: Path, epoch: int) -> dict[str, str]:
    """All that TeX sees of the outside. No TEXINPUTS, no TEXMFHOME, no TEXMFOUTPUT: nothing that changes from user to user."""
    made = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(build),
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(epoch),
        "FORCE_SOURCE_DATE": "1",
        "openin_any": "p",  # read and write here and below only: no absolute path, no "..", no dot file
        "openout_any": "p",
        "shell_escape": "f",
        "MKTEXPK": "0",  # a missing font is an error, not a reason to make one
        "MKTEXTFM": "0",
        "MKTEXMF": "0",
        "MKTEXTEX": "0",
        "max_print_line": "1000",  # one message, one line of the log
        "error_line": "254",
        "half_error_line": "238",
    }
    if sys.platform == "win32":  # where a Windows program finds its libraries and MiKTeX its packages
        kept = ("SYSTEMROOT", "WINDIR", "COMSPEC", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA")
        made |= {name: os.environ[name] for name in kept if name in os.environ}
    return made


@lru_cache(maxsize=1)
def _kept_by_tex() -> tuple[Path, ...]:
    """The format of LaTeX and the map of fonts, as far as TeX finds them: they change when packages are installed."""
    finder = shutil.which("kpsewhich", path=tex_path())
    if finder is None:
        return ()
    names = ("pdflatex.fmt", "pdftex.map", "hyperref.sty", "tikz.sty", "lmodern.sty", "ls-R")
    said = subprocess.run([finder, "-engine=pdftex", *names], capture_output=True, text=True, check=False, timeout=30).stdout
    return tuple(path for line in said.splitlines() if (path := Path(line)).is_file())
