"""`derive watch` for bench.py: from a save to the PDF, against TeX's own time for the same text."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from unittest.mock import patch

from bench_tables import ratio, seconds, spread, table

from derive import api, typeset
from derive.typeset import engine

AIM = 1.0
"""Seconds beyond TeX's own time."""

PATIENCE = 60


def watch(names: tuple[str, ...], saves: int) -> None:
    """Save a spec several times, each time with another introduction, and wait for its PDF."""
    rows = []
    for name in names:
        whole, tex = [], []
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            spec = Path(folder) / f"{name}.yaml"
            text = api.examples()[name].read_text(encoding="utf-8")
            spec.write_text(text, encoding="utf-8")
            command = [sys.executable, "-m", "derive", "watch", spec.name]
            with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                while not process.stdout.readline().startswith("watching"):
                    assert process.poll() is None
                for save in range(saves):
                    changed = text.replace("title: ", f"title: {'again ' * (save + 1)}", 1)
                    assert changed != text
                    whole.append(_until_built(spec, changed, Path(folder) / f"output/{name}.pdf"))
                    tex.append(_tex(spec))
                process.terminate()
        beyond = median(one - other for one, other in zip(whole, tex, strict=True))
        parts = [spread(whole), spread(tex), seconds(beyond), f"{ratio(median(whole), median(tex))} ×"]
        rows.append([name, *parts, "met" if beyond < AIM else "MISSED"])
    head = ["example", "save to PDF", "TeX alone", "beyond TeX", "whole / TeX", "aim"]
    table(f"derive watch: from a save to the PDF (aim: less than {AIM:g} s beyond TeX)", head, rows)


def _until_built(spec: Path, text: str, pdf: Path) -> float:
    """Put another file in the place of the spec, as editors do; seconds until the PDF is another one."""
    beside = spec.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    before = pdf.stat().st_ino
    begun = time.perf_counter()
    os.replace(beside, spec)
    while pdf.stat().st_ino == before:
        assert time.perf_counter() - begun < PATIENCE
        time.sleep(0.002)
    return time.perf_counter() - begun


def _tex(spec: Path) -> float:
    """Seconds that TeX itself runs for a sheet, with a format that is there."""
    spent = 0.0
    run = engine.run

    def timed(*given: object) -> int | None:
        nonlocal spent
        begun = time.perf_counter()
        try:
            return run(*given)  # type: ignore[arg-type]
        finally:
            spent += time.perf_counter() - begun

    sheet = api.sheet(api.load(spec))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, patch.object(engine, "run", timed):
        typeset.typeset(api.tex(sheet), Path(folder) / "sheet.pdf", files=api.style(sheet))
    return spent


if __name__ == "__main__":
    watch(("single-neuron", "mlp", "deep"), 5)
