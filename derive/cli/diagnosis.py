"""What there is on this machine of all that sheets need, and what to do where something is missing."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from pathlib import Path

from ..cache import cache
from ..errors import DeriveError, OutputError, TypesetError
from ..resources import PACKAGE
from ..spec.theme import METRICS
from ..typeset import INSTALL, find_engine, typeset
from ..typeset.engine import tex_path
from ..typeset.fence import is_off, stands

NAME = "derive-sheets"

APT = "on Debian or Ubuntu: sudo apt-get install"

FILES = {
    "article.cls": "texlive-latex-base",
    "amsmath.sty": "texlive-latex-base",
    "babel.sty": "texlive-latex-base",
    "geometry.sty": "texlive-latex-base",
    "hyperref.sty": "texlive-latex-base",
    "multicol.sty": "texlive-latex-base",
    "booktabs.sty": "texlive-latex-recommended",
    "microtype.sty": "texlive-latex-recommended",
    "xcolor.sty": "texlive-latex-recommended",
    "tikz.sty": "texlive-pictures",
    "lmodern.sty": "lmodern",
}
"""What every sheet reads, and the Debian package that has it."""

FOR_SOME = {"ngermanb.ldf": ("German sheets are hyphenated", "texlive-lang-german")} | {
    metric: (f"the font `{font}`", package) for font, (metric, package) in METRICS.items()
}
"""What only some sheets read: what it is good for, and the Debian package that has it."""

PAGE = "\\documentclass{article}\n\\usepackage{lmodern}\n\\begin{document}\nx\n\\end{document}\n"


@dataclass(frozen=True)
class Finding:
    """A part, what was found of it, what to do where that is not well, and the exit code where no sheet can do without it."""

    part: str
    found: str
    todo: str = ""
    code: int = 0


def examine(output: Path) -> Iterator[Finding]:
    """Every part in turn. `output`: the folder that sheets are to be written to."""
    yield Finding("Python", f"{platform.python_version()}, {sys.executable}")
    yield _packages()
    engine = shutil.which("pdflatex", path=tex_path())
    yield _engine()
    if engine is not None:
        yield from _files()
        yield _page()
        yield _fence(engine)
    yield _folder("cache", cache(), "name another folder in the environment: DERIVE_CACHE=/path/to/cache", 0)
    yield _folder("output", output, "name another folder: --output FOLDER, or make OUTPUT=FOLDER", OutputError.exit_code)
    yield _cluster()


def _packages() -> Finding:
    """This program, and whether all is there that it stands on."""
    here = PACKAGE
    try:
        needed = [line for line in requires(NAME) or () if "extra ==" not in line]
        own = f"derive {version(NAME)}, {here}"
    except PackageNotFoundError:
        return Finding("packages", f"derive is not installed, but runs from {here}", "make setup, or pip install of that folder")
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in needed]
    missing = [name for name in names if not list(distributions(name=name))]
    if missing:
        todo = f"install it again: make setup, or pip install {NAME}"
        return Finding("packages", f"{own}; missing: {', '.join(missing)}", todo, DeriveError.exit_code)
    return Finding("packages", own)


def _engine() -> Finding:
    try:
        engine = find_engine()
    except DeriveError as error:
        return Finding("TeX", error.message, error.hint, error.exit_code)
    try:
        said = subprocess.run([engine, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("TeX", f"{engine} does not run: {error}", INSTALL, TypesetError.exit_code)
    return Finding("TeX", f"{said.partition(chr(10))[0].strip()}, {engine}")


def _files() -> Iterator[Finding]:
    finder = shutil.which("kpsewhich", path=tex_path())
    if finder is None:
        return
    said = subprocess.run([finder, *FILES, *FOR_SOME], capture_output=True, text=True, timeout=60, check=False).stdout
    there = {Path(line).name for line in said.splitlines()}
    missing = [name for name in FILES if name not in there]
    if missing:
        packages = " ".join(dict.fromkeys(FILES[name] for name in missing))
        todo = f"{APT} {packages}"
        yield Finding("TeX's files", f"missing: {', '.join(missing)}", todo, TypesetError.exit_code)
    else:
        yield Finding("TeX's files", "all there")
    for name, (use, package) in FOR_SOME.items():
        if name not in there:
            yield Finding("TeX's files", f"without {name}, so not: {use}", f"if you want that, {APT} {package}")


def _page() -> Finding:
    """A page, set as sheets are."""
    with tempfile.TemporaryDirectory(prefix="derive-") as name:
        try:
            typeset(PAGE, Path(name) / "page.pdf")
        except DeriveError as error:
            return Finding("a page", error.message, error.hint, error.exit_code)
    return Finding("a page", "can be set")


def _fence(engine: str) -> Finding:
    rules = "TeX runs under its own rules and bounds alone"
    if is_off():
        return Finding("fence", f"DERIVE_FENCE=off: {rules}")
    if shutil.which("bwrap") is None:
        return Finding("fence", f"no bubblewrap: {rules}", f"if you want one, {APT} bubblewrap")
    if not stands(engine):
        return Finding("fence", f"bubblewrap is there, but this system does not let it work: {rules}")
    return Finding("fence", "bubblewrap: TeX sees nothing but itself and its build folder")


def _folder(part: str, folder: Path, todo: str, code: int) -> Finding:
    """Whether something can be written there; nothing stays of the trial."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(part, f"{folder} cannot be written to: {error.strerror or error}", todo, code)
    finally:
        with suppress(OSError):
            for path in made:
                path.rmdir()
    return Finding(part, f"{folder} can be written to")


def _cluster() -> Finding:
    try:
        return Finding("cluster", f"distributed {version('distributed')}")
    except PackageNotFoundError:
        todo = f"if you want that: pip install '{NAME}[cluster]'"
        return Finding("cluster", "not installed, so not: derive homework --scheduler", todo)
