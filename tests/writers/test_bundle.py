"""The zip file: the same bytes each time, whole, and set by TeX alone in an empty folder."""

from __future__ import annotations

import io
import os
import re
import subprocess
import zipfile
from functools import lru_cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive import api, cli
from derive.typeset import overfull
from derive.writers.latex.bundle import bundle

SPEC = 'title: "Żółć, “é” & α: a|b"\nequations: ["z = w*a + b", "C = (z - y)**2"]\n'


@lru_cache
def document(name: str) -> str:
    return api.tex(api.sheet(api.loads(SPEC) if name == "mine" else api.load(api.examples()[name])))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.command, arguments, prog_name="derive")


def test_the_same_sheets_give_the_same_bytes() -> None:
    sheets = {"b.tex": "two", "a.tex": "öne"}
    made = bundle(sheets, {"s.sty": "style"})
    assert made == bundle(dict(sheets), {"s.sty": "style"})
    archive = zipfile.ZipFile(io.BytesIO(made))
    assert archive.testzip() is None
    assert archive.namelist() == ["README.txt", "a.tex", "b.tex", "s.sty"]
    assert {(entry.date_time, entry.external_attr, entry.create_system) for entry in archive.infolist()} == {
        ((1980, 1, 1, 0, 0, 0), 0o644 << 16, 3)
    }
    assert archive.read("a.tex").decode() == "öne"
    assert "    b.tex\n    a.tex\n" in _readme(made) and "pdflatex b.tex" in _readme(made) and "%%" not in _readme(made)


def _readme(made: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(made)).read("README.txt").decode()


@pytest.mark.parametrize("engine", ["pdflatex", "xelatex", "lualatex"])
def test_it_is_set_where_there_is_nothing_but_tex(engine: str, tmp_path: Path) -> None:
    made = bundle({"mine.tex": document("mine"), "single-neuron.tex": document("single-neuron")}, api.style())
    zipfile.ZipFile(io.BytesIO(made)).extractall(tmp_path)
    environment = {**os.environ, "max_print_line": "1000"}
    for name in ("mine", "single-neuron"):
        for _ in range(2):
            command = [engine, "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
            log = (tmp_path / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            assert done.returncode == 0, log[-800:]
        assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF-")
        bad = re.findall(r"^(?:Missing character|.*multiply.defined|.*Warning.*undefined).*$", log, re.MULTILINE)
        assert overfull(log) + bad == []


def test_the_command_writes_it_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(SPEC, encoding="utf-8")
    Path("broken.yaml").write_text("title: x\n")
    first = run("tex", "mine.yaml", "wide-layer", "--bundle", "-o", "x.zip")
    assert (first.exit_code, first.stdout) == (0, "x.zip\n"), first.output
    made = Path("x.zip").read_bytes()
    assert zipfile.ZipFile("x.zip").namelist() == ["README.txt", *sorted(api.style()), "mine.tex", "wide-layer.tex"]
    assert zipfile.ZipFile("x.zip").read("mine.tex").decode() == run("tex", "mine.yaml").stdout
    assert run("tex", "mine.yaml", "broken.yaml", "--bundle", "-o", "x.zip").exit_code == 2
    assert Path("x.zip").read_bytes() == made
    assert run("tex", "mine.yaml", "wide-layer", "--bundle", "-o", "x.zip").exit_code == 0 and Path("x.zip").read_bytes() == made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.yaml", "mine.yaml", "x.zip"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--bundle",), "needs a file for --output"),
        (("--bundle", "--fragment", "-o", "x.zip"), "leave out --fragment"),
        (("classifier",), "need a folder for --output, or --bundle"),
        (("classifier", "-o", "x.tex"), "2 specs cannot all become x.tex"),
        (("derive/examples/../examples/mlp.yaml", "--bundle", "-o", "x.zip"), "2 specs would become mlp.tex"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = run("tex", "mlp", *arguments)
    assert done.exit_code == 2 and said in done.stderr
    assert not Path("x.zip").exists()


def test_several_sheets_go_into_a_folder(tmp_path: Path) -> None:
    done = run("tex", "wide-layer", "residual", "--fragment", "-o", str(tmp_path))
    assert done.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"wide-layer.tex", "residual.tex", *api.style()}
