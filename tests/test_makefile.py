"""What `make` does and does not do, with stand-ins for the programs that it starts: nothing is installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("make", "sh", "bash", "env", "find", "touch", "mkdir", "cat", "timeout")
BUILD = """#!/bin/sh
echo "$@" >> calls
shift 3
mkdir -p output
for spec in "$@"; do name=${spec##*/}; touch "output/${name%.yaml}.pdf"; done
"""
INSTALL = """#!/bin/sh
echo "$@" >> apt
case "$*" in *lmodern*) touch there;; esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small source tree whose environment is set up, and a PATH of stand-ins; TeX is there once the file `there` is."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for file in ("derive/core.py", "derive/examples/one.yaml", "derive/examples/two.yaml", "templates/sheet.tex",
                 "requirements.txt", "pyproject.toml"):  # fmt: skip
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
        os.utime(tmp_path / file, (1e9, 1e9))
    (tmp_path / "programs").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "programs" / tool).symlink_to(found)
    program(tmp_path, ".venv/bin/derive", BUILD)
    program(tmp_path, "programs/pdflatex", "#!/bin/sh\n")
    program(tmp_path, "programs/kpsewhich", "#!/bin/sh\ntest -f there\n")
    program(tmp_path, "programs/id", "#!/bin/sh\necho 1000\n")
    (tmp_path / ".venv/.python").touch()
    os.utime(tmp_path / ".venv/.python", (1e9, 1e9))
    return tmp_path


def program(project: Path, name: str, text: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(project / "programs"), "CI": "true"}
    return subprocess.run(["make", *arguments], cwd=project, env=environment, capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)  # fmt: skip


def calls(project: Path, file: str = "calls") -> list[str]:
    """What a stand-in was called with since the last look."""
    path = project / file
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_pdf_builds_all_examples_in_one_run_and_then_nothing(project: Path) -> None:
    (project / "there").touch()
    assert make(project, "pdf").returncode == 0
    (line,) = calls(project)
    assert sorted(line.split()) == sorted(["pdf", "--output", "output", "derive/examples/one.yaml", "derive/examples/two.yaml"])
    assert make(project).stdout == "output/ is up to date\n"
    assert calls(project) == []


def test_only_what_is_stale_is_built_again(project: Path) -> None:
    (project / "there").touch()
    make(project)
    calls(project)
    os.utime(project / "derive/examples/two.yaml", (4e9, 4e9))
    make(project)
    assert calls(project) == ["pdf --output output derive/examples/two.yaml"]
    os.utime(project / "derive/examples/two.yaml", (1e9, 1e9))
    (project / "output/one.pdf").unlink()
    make(project)
    assert calls(project) == ["pdf --output output derive/examples/one.yaml"]


@pytest.mark.parametrize("source", ["derive/core.py", "templates/sheet.tex", ".venv/.python"])
def test_a_change_of_the_engine_makes_every_sheet_stale(project: Path, source: str) -> None:
    (project / "there").touch()
    make(project)
    calls(project)
    os.utime(project / source, (4e9, 4e9))
    make(project)
    (line,) = calls(project)
    assert "one.yaml" in line and "two.yaml" in line


def test_a_spec_of_ones_own(project: Path) -> None:
    (project / "there").touch()
    (project / "mine.yaml").touch()
    make(project, "SPEC=mine.yaml")
    assert calls(project) == ["pdf --output output mine.yaml"]
    assert "up to date" in make(project, "SPEC=mine.yaml").stdout
    make(project, "SPEC=one")
    assert calls(project) == ["pdf --output output derive/examples/one.yaml"]
    make(project, "SPEC=nowhere.yaml")
    assert calls(project) == ["pdf --output output nowhere.yaml"], "derive itself says what is wrong"


@pytest.mark.parametrize("user", ["root", "with sudo"])
def test_missing_tex_is_installed_and_nothing_more(project: Path, user: str) -> None:
    program(project, "programs/apt-get", INSTALL)
    if user == "root":
        program(project, "programs/id", "#!/bin/sh\necho 0\n")
    else:
        program(project, "programs/sudo", '#!/bin/sh\ntest "$1" = -n || exit 1\nshift\ntest "$1" = true || exec "$@"\n')
    assert make(project).returncode == 0
    update, install = calls(project, "apt")
    assert update.endswith(" update")
    packages = "texlive-latex-base texlive-latex-recommended texlive-pictures lmodern"
    assert install.endswith(f" install -y --no-install-recommends {packages}")
    (project / "output/one.pdf").unlink()
    make(project)
    assert calls(project, "apt") == [], "looked for once"


def test_what_only_the_tests_need_is_installed_for_the_tests_alone(project: Path) -> None:
    program(project, "programs/apt-get", INSTALL)
    program(project, "programs/id", "#!/bin/sh\necho 0\n")
    make(project)
    assert not any("texlive-latex-extra" in line for line in calls(project, "apt"))
    make(project, ".venv/.test-tex")
    update, install = calls(project, "apt")
    assert update.endswith(" update") and " texlive-latex-extra texlive-science texlive-xetex texlive-luatex " in install


@pytest.mark.parametrize("missing", ["apt-get", "rights"])
def test_without_the_right_to_install_the_build_goes_on(project: Path, missing: str) -> None:
    if missing == "rights":
        program(project, "programs/apt-get", INSTALL)
        program(project, "programs/sudo", "#!/bin/sh\nexit 1\n")
    done = make(project)
    assert "cannot be installed from here" in done.stderr
    assert len(calls(project)) == 1
    assert calls(project, "apt") == []


def test_a_python_that_is_too_old_is_told(project: Path) -> None:
    (project / ".venv/.python").unlink()
    program(project, "programs/python3", "#!/bin/sh\nexit 1\n")
    done = make(project)
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stderr
    assert calls(project) == []
