"""The shipped examples for bench.py: our part of a build against TeX's, warm and in cold processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import bench_depth

from derive import api, typeset
from derive.checks import verify
from derive.document import compose
from derive.writers.latex import writer as render


@dataclass(frozen=True)
class Built:
    """Seconds of each stage of one build, and how often TeX ran. The spec's reading counts as deriving."""

    derive: float
    check: float
    compose: float
    render: float
    read: float
    typeset: float
    passes: int

    @property
    def ours(self) -> float:
        return self.derive + self.check + self.compose + self.render + self.read

    @property
    def reading(self) -> float:
        """What reading the page back takes of the rest of our part."""
        return self.read / (self.ours - self.read)


@dataclass(frozen=True)
class Cold:
    """Seconds of the process `derive pdf`, and of bare pdflatex run as often on the same text."""

    command: float
    bare: float
    passes: int


def sources(only: set[str] | None = None) -> dict[str, Path]:
    return {name: path for name, path in api.examples().items() if only is None or name in only}


def engine() -> str:
    """The first line of what the TeX engine says about itself."""
    said = subprocess.run([typeset.find_engine(), "--version"], capture_output=True, text=True, check=True).stdout
    return said.splitlines()[0]


def build(source: Path) -> Built:
    """One whole build, stage by stage."""
    bench_depth.warm()
    times = [time.perf_counter()]
    found = api.load(source)
    derivation = api.derive(found)
    times.append(time.perf_counter())
    checks = api.check(derivation)
    verify.require(checks)
    times.append(time.perf_counter())
    sheet = compose.compose(found, derivation, checks, derivation.asked)
    times.append(time.perf_counter())
    with patch.object(render, "read_back", lambda text, _: text):
        text = api.tex(sheet)
    times.append(time.perf_counter())
    text = render.read_back(text, sheet)
    times.append(time.perf_counter())
    passes = _typeset(text)
    times.append(time.perf_counter())
    derive, check, composed, rendered, read, typesetting = (end - start for start, end in pairwise(times))
    return Built(derive, check, composed, rendered, read, typesetting, passes)


def _typeset(text: str) -> int:
    """Set a sheet; how often TeX ran."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        patch.object(typeset.engine, "run", wraps=typeset.engine.run) as runs,
    ):
        typeset.typeset(text, Path(folder) / "sheet.pdf", files=api.style())
    return sum("-ini" not in call.args[2] for call in runs.call_args_list)  # making a format is no pass


def cold(source: Path) -> Cold:
    """`derive pdf` and bare pdflatex, each in new processes, on the same sheet."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        command = _run([sys.executable, "-m", "derive", "pdf", str(source), "--output", name], Path.cwd())
        passes = _typeset((folder / f"{source.stem}.tex").read_text(encoding="utf-8"))
        bare = folder / "bare"
        bare.mkdir()
        for file in (f"{source.stem}.tex", *api.style()):
            shutil.copy(folder / file, bare)
        tex = [typeset.find_engine(), "-interaction=nonstopmode", "-halt-on-error", f"{source.stem}.tex"]
        return Cold(command, sum(_run(tex, bare) for _ in range(passes)), passes)


def _run(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start
