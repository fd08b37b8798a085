r"""LaTeX text to a PDF file: the engine, the passes, the fence around it.

TeX is a programming language, and a sheet's text comes in part from a user. So a run happens in a folder of its own, without
shell escape, reading and writing only there (and in TeX's own trees), under a bound on time, memory and file size. Nothing of
the user's environment reaches it and the clock is fixed, so that the same text gives the same bytes. The PDF appears whole or
not at all: an earlier one stays until the new one is ready.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from derive.errors import OutputError, Place, TypesetError

JOB = "sheet"
"""The name of the main file inside the build folder: fixed, so that a PDF's bytes do not depend on what it is called."""

MAX_PASSES = 3
MAX_FILE = 200 * 2**20
MAX_MEMORY = 2 * 2**30
MAX_LOG = 4 * 2**20

INSTALL = """To install what the sheets need:
  Debian, Ubuntu   sudo apt-get install texlive-latex-base texlive-latex-recommended texlive-pictures lmodern
  Fedora           sudo dnf install texlive-collection-latexrecommended texlive-collection-pictures texlive-lm
  macOS            brew install --cask mactex-no-gui      (or MacTeX from tug.org/mactex), then open a new terminal
  Windows          winget install MiKTeX.MiKTeX           (or MiKTeX from miktex.org), then open a new terminal"""

_ERROR = re.compile(r"^(?:(?:\./)?(?P<file>[^\s:()]+\.\w+):(?P<line>\d+): |! ?)(?P<message>\S.*)$", re.MULTILINE)
_SOURCE_LINE = re.compile(r"^l\.(?P<line>\d+) .*$", re.MULTILINE)
_NOT_INSTALLED = re.compile(
    r"File `[^']+\.(?:sty|cls|def|fd|cfg|clo)' not found"
    r"|I did not find the tikz library"
    r"|not loadable: Metric \(TFM\) file"
    r"|[Ff]ont \S+ at \d+ not found"
    r"|can't find the format file"
)
_PAGE_COUNT = re.compile(r"^\\gdef *\\@abspage@last\{\d+\}\n", re.MULTILINE)


def find_engine() -> str:
    """The path of pdflatex; without one, a TypesetError that says how to install it."""
    # MacTeX puts its programs here, where a shell opened before the installation does not look.
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/Library/TeX/texbin"))
    engine = shutil.which("pdflatex", path=path)
    if engine is None:
        raise TypesetError("pdflatex is not installed, so there is no PDF", hint=INSTALL)
    return engine


def typeset(
    tex: str,
    pdf: Path,
    *,
    files: Mapping[str, str] | None = None,
    keep_log: Path | None = None,
    timeout: float = 60,
    source_date_epoch: int = 0,
) -> None:
    """Set the document `tex` and put the result at `pdf`, whole, or leave what was there.

    `files` are further files, by name, that the document reads. The log goes to `keep_log` if that is given; after a failed run
    it is kept in any case, beside the PDF. Raises TypesetError with TeX's first error, OutputError where nothing can be written.
    """
    engine = find_engine()
    texts = {f"{JOB}.tex": tex, **_checked(files or {})}
    try:
        pdf.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {pdf.parent}: {error.strerror or error}") from error
    with tempfile.TemporaryDirectory(prefix="derive-", ignore_cleanup_errors=True) as name:
        build = Path(name)
        for file, text in texts.items():
            (build / file).write_text(text, encoding="utf-8", newline="\n")
        failure = _passes(engine, build, texts, timeout, source_date_epoch)
        log = _log(build)
        kept = keep_log or (pdf.with_suffix(".log") if failure is not None else None)
        if kept is not None:
            write_whole(kept, log.encode("utf-8"))
        if failure is not None:
            raise _explained(failure, log, pdf, kept)
        write_whole(pdf, (build / f"{JOB}.pdf").read_bytes())


def overfull(log: str) -> list[str]:
    """The lines of a TeX log that report something too wide or too high for its place."""
    return re.findall(r"^Overfull \\[hv]box \(.*$", log, re.MULTILINE)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all; an earlier one stays until then."""
    path = path.resolve()  # through a symbolic link, to replace what it points to
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe or a device cannot be replaced
            path.write_bytes(data)
            return
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def _checked(files: Mapping[str, str]) -> Mapping[str, str]:
    """Only plain names: what a run reads lies in its folder."""
    for name in files:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) or Path(name).stem == JOB:
            raise ValueError(f"not a name for an input file of TeX: {name!r}")
    return files


def _passes(engine: str, build: Path, texts: Mapping[str, str], timeout: float, epoch: int) -> str | None:
    """Run TeX until its references have settled; what went wrong, in a few words, or None."""
    deadline = time.monotonic() + timeout
    # A page count is written always and read seldom: where nobody reads it, it is no reason for another pass.
    count_matters = any("abspage@last" in text or "PreviousTotalPages" in text for text in texts.values())
    before = {".aux": "\\relax \n"}
    for _ in range(MAX_PASSES):
        status = _run(engine, build, deadline - time.monotonic(), epoch)
        if status is None:
            return f"TeX did not finish within {timeout:g} s and was stopped"
        if status != 0:
            limits = {-getattr(signal, "SIGXCPU", 999): "more time", -getattr(signal, "SIGXFSZ", 999): "more room on disk"}
            return f"TeX needed {limits[status]} than it may use" if status in limits else f"TeX stopped (exit code {status})"
        if not (build / f"{JOB}.pdf").is_file():
            return "TeX set no page: the document is empty"
        after = _references(build, count_matters)
        if after == before:
            break
        before = after
    return None


def _references(build: Path, count_matters: bool) -> dict[str, str]:
    """What one pass leaves for the next: labels, bookmarks, the table of contents."""
    found = {}
    for path in sorted(build.glob(f"{JOB}.*")):
        if path.suffix in {".aux", ".out", ".toc"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            found[path.suffix] = text if count_matters else _PAGE_COUNT.sub("", text)
    return found


def _run(engine: str, build: Path, seconds: float, epoch: int) -> int | None:
    """One pass: TeX's exit code, or None where the time was up."""
    if seconds <= 0:
        return None
    options = ("-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", f"{JOB}.tex")
    with (build / "terminal.txt").open("wb") as terminal:
        process = subprocess.Popen(
            [engine, *options],
            cwd=build,
            env=_environment(build, epoch),
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that a run is stopped with all that it started
            preexec_fn=_limits(seconds),
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:  # time is up, or the user pressed Ctrl-C
                if sys.platform == "win32":
                    process.kill()
                else:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _environment(build: Path, epoch: int) -> dict[str, str]:
    """All that TeX sees of the outside. No TEXINPUTS, no TEXMFHOME, no TEXMFOUTPUT: nothing that changes from user to user."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(build),
        "LC_ALL": "C",
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
        environment |= {name: os.environ[name] for name in kept if name in os.environ}
    return environment


def _limits(seconds: float) -> Callable[[], None] | None:
    """What the new process does first: bound its own time, memory and file size (where the system can)."""
    if sys.platform == "win32":
        return None
    import resource

    wanted = (
        (resource.RLIMIT_CPU, math.ceil(seconds) + 1),
        (resource.RLIMIT_FSIZE, MAX_FILE),
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CORE, 0),
    )

    def limit() -> None:
        for what, most in wanted:
            _, hard = resource.getrlimit(what)
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with suppress(OSError, ValueError):  # macOS refuses some of these; the time limit holds all the same
                resource.setrlimit(what, (bound, hard))

    return limit


def _log(build: Path) -> str:
    """TeX's log, or its last part if it is huge; what it said to the terminal if it came to no log."""
    for name in (f"{JOB}.log", "terminal.txt"):
        path = build / name
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - MAX_LOG))
                return file.read().decode("utf-8", errors="replace")
    return ""


def _explained(failure: str, log: str, pdf: Path, kept: Path | None) -> TypesetError:
    """The error to show: TeX's own first error with its line, else what ended the run; how to install what is missing."""
    hints = [] if kept is None else [f"the log is in {kept}"]
    if _NOT_INSTALLED.search(log):
        hints.append(INSTALL)
    found = _ERROR.search(log)
    if found is None or not failure.startswith("TeX stopped"):
        return TypesetError(failure, place=Place(pdf.with_suffix(".tex").name), hint="\n  ".join(hints))
    source_line = _SOURCE_LINE.search(log, found.end())
    if source_line is not None:
        hints.insert(0, source_line[0].rstrip())
    file, line = found["file"], found["line"] or (source_line["line"] if source_line else None)
    name = pdf.with_suffix(".tex").name if file in (None, f"{JOB}.tex") else file
    return TypesetError(found["message"], place=Place(name, int(line) if line else None), hint="\n  ".join(hints))
