"""What `derive doctor` finds on machines where something is missing, and what it says is to be done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import command, diagnosis
from derive.typeset import engine, fence


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What is asked of the system once in a run, asked again."""
    for each in (engine._kept_by_tex, fence.stands):
        each.cache_clear()
    yield
    for each in (engine._kept_by_tex, fence.stands):
        each.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["doctor", *arguments])


def line(said: str, part: str) -> str:
    """What is said of a part: its line, and what is to be done."""
    lines = said.splitlines()
    (first,) = [number for number, text in enumerate(lines) if text[9:].startswith(part)]
    rest = next((number for number in range(first + 1, len(lines)) if lines[number][:1].strip()), len(lines))
    return "\n".join(lines[first:rest])


def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> None:
    """A PATH of these programs alone."""
    for name, text in texts.items():
        (tmp_path / "programs").mkdir(exist_ok=True)
        (tmp_path / "programs" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "programs" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))


def test_all_is_well_here(tmp_path: Path) -> None:
    done = run("--output", str(tmp_path / "not/yet"))
    assert done.exit_code == 0, done.stdout
    assert "missing" not in done.stdout
    for part in ("Python", "packages", "TeX ", "TeX's files", "a page", "fence", "cache", "output", "cluster"):
        assert line(done.stdout, part)
    assert "pdfTeX 3" in line(done.stdout, "TeX ") and line(done.stdout, "a page").endswith("can be set")
    assert not (tmp_path / "not").exists(), "nothing stays of the trial"


def test_without_tex_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch)
    done = run("--output", str(tmp_path))
    assert done.exit_code == 4
    assert line(done.stdout, "TeX ").startswith("missing ")
    assert "sudo apt-get install texlive-latex-base" in line(done.stdout, "TeX ")


def test_other_engines_do_not_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, xelatex="", lualatex="")
    assert "xelatex and lualatex cannot take its place" in line(run("--output", str(tmp_path)).stdout, "TeX ")


def test_missing_files_of_tex_are_named_with_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = [name for name in (*diagnosis.FILES, *diagnosis.FOR_SOME) if name not in ("tikz.sty", "lmodern.sty", "ptmr8t.tfm")]
    programs(tmp_path, monkeypatch, pdflatex="echo pdfTeX 9", kpsewhich="\n".join(f"echo /tex/{name}" for name in there))
    said = run("--output", str(tmp_path)).stdout
    assert "missing: tikz.sty, lmodern.sty\n" in said
    assert "on Debian or Ubuntu: sudo apt-get install texlive-pictures lmodern\n" in said
    assert "without ptmr8t.tfm, so not: the font `times`\n" in said


def test_a_tex_that_cannot_set_a_page_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, pdflatex="test \"$1\" = --version && echo 'pdfTeX 9'")
    done = run("--output", str(tmp_path))
    assert done.exit_code == 4
    assert line(done.stdout, "TeX ").startswith("ok ") and line(done.stdout, "a page").startswith("missing ")


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    done = run("--output", str(tmp_path / "file/output"))
    assert done.exit_code == 3
    assert "cannot be written to: Not a directory" in line(done.stdout, "output") and "OUTPUT=" in line(done.stdout, "output")
    monkeypatch.setenv("DERIVE_CACHE", str(tmp_path / "file/cache"))
    done = run("--output", str(tmp_path))
    assert done.exit_code == 0, "what is kept is never needed"
    assert line(done.stdout, "cache").startswith("note ") and "DERIVE_CACHE=" in line(done.stdout, "cache")


def test_the_fence_and_what_stands_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIVE_FENCE", "off")
    assert "DERIVE_FENCE=off" in line(run("--output", str(tmp_path)).stdout, "fence")
    monkeypatch.delenv("DERIVE_FENCE")
    known = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **rest: None if name == "bwrap" else known(name, **rest))
    said = line(run("--output", str(tmp_path)).stdout, "fence")
    assert said.startswith("note ") and "no bubblewrap" in said and "sudo apt-get install bubblewrap" in said


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "distributed":
            raise PackageNotFoundError
        return installed(name)

    monkeypatch.setattr(diagnosis, "version", version)
    monkeypatch.setattr(diagnosis, "requires", lambda name: ["sympy~=1.14", "no-such-package>=1", "also-not; extra == 'dev'"])
    done = run("--output", str(tmp_path))
    assert done.exit_code == 2
    assert line(done.stdout, "packages").splitlines()[0].endswith("missing: no-such-package")
    assert "pip install 'derive-sheets[cluster]'" in line(done.stdout, "cluster")


def test_a_class_without_tex_is_told_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, ["homework", "mlp", "--variants", "5"])
    assert done.exit_code == 4
    assert done.stderr.count("pdflatex is not installed") == 1
    assert not (tmp_path / "output").exists()
