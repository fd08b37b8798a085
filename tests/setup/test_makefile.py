"""What `make` does and does not do. Pip, apt-get and sudo are stand-ins here, and nothing is installed: that is in test_setup."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = "title: {title}\nequations: ['z = w*a + b']\n"
TOOLS = ("make", "sh", "env", "find", "mkdir", "cat", "timeout", "head", "tail", "cksum", "dirname", "grep", "sed", "ls", "rm")

# A Python that makes environments at once: without pip, with the packages of this one, and with a pip that writes down what it is
# asked for.
PYTHON = """#!/bin/sh
case "$*" in
*"-m venv --clear "*)
    for venv; do :; done
    "{real}" -m venv --without-pip --clear "$venv" || exit
    for site in "$venv"/lib/python*/site-packages; do
        echo "{site}" >"$site/dependencies.pth"
        mkdir "$site/pip"
        cat programs/pip >"$site/pip/__main__.py"
        : >"$site/pip/__init__.py"
    done;;
*) exec "{real}" "$@";;
esac
"""
PIP = """
import os, sys
from pathlib import Path
said = [*sys.argv[1:], *(f"{name}={os.environ.get(name)}" for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"))]
Path("pip").open("a").write(" ".join(said) + chr(10))
sys.exit(Path("pip-fails").exists())
"""
INSTALL = """#!/bin/sh
echo "$@" >> apt
case "$*" in *lmodern*) touch there;; esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the source tree, and a PATH of stand-ins; TeX is there once the file `there` is."""
    home = tmp_path / "project"
    for name in ("derive", "templates"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, home)
    for example in home.glob("derive/examples/*.yaml"):
        example.unlink()
    for name in ("one", "two"):
        (home / f"derive/examples/{name}.yaml").write_text(SPEC.format(title=name))
    (tmp_path / "programs").mkdir()
    (home / "programs").symlink_to(tmp_path / "programs")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (home / "programs" / tool).symlink_to(found)
    program(home, "programs/python3", PYTHON.format(real=sys.executable, site=sysconfig.get_path("purelib")))
    program(home, "programs/pip", PIP)
    program(home, "programs/touch", '#!/bin/sh\nfor file; do : >>"$file"; done\n')
    program(home, "programs/pdflatex", "#!/bin/sh\nexit 1\n")
    program(home, "programs/kpsewhich", "#!/bin/sh\ntest -f there\n")
    program(home, "programs/id", "#!/bin/sh\necho 1000\n")
    return home


@pytest.fixture
def with_tex(project: Path) -> Path:
    """The same, with the machine's own TeX."""
    for tool in ("pdflatex", "kpsewhich"):
        found = shutil.which(tool)
        assert found is not None
        (project / "programs" / tool).unlink()
        (project / "programs" / tool).symlink_to(found)
    return project


def program(project: Path, name: str, text: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def make(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    cache = {"DERIVE_CACHE": os.environ["DERIVE_CACHE"], "HOME": str(project)}
    environment = {"PATH": str(project.parent / "programs"), "CI": "true", "PYTHONDONTWRITEBYTECODE": "1", **cache, **environment}
    command = [shutil.which("make") or "make", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL)  # fmt: skip


def calls(project: Path, file: str) -> list[str]:
    """What a stand-in was called with since the last look."""
    path = project / file
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


# --- sheets -------------------------------------------------------------------------------------------------------------------


def test_all_examples_are_built_and_then_nothing(with_tex: Path) -> None:
    done = make(with_tex)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "2 sheets in output/: 2 built, 0 were up to date; open output/one.pdf"
    assert (with_tex / "output/one.pdf").is_file() and (with_tex / "output/two.pdf").is_file()
    os.utime(with_tex / "derive/examples/two.yaml", (4e9, 4e9))
    assert make(with_tex).stdout == "2 sheets in output/: 0 built, 2 were up to date; open output/one.pdf\n"
    (with_tex / "derive/examples/two.yaml").write_text(SPEC.format(title="Another"))
    assert "1 built, 1 were up to date" in make(with_tex).stdout


def test_a_spec_that_is_older_than_the_sheet_of_another_is_built(with_tex: Path) -> None:
    assert make(with_tex).returncode == 0
    before = (with_tex / "output/one.pdf").read_bytes()
    (with_tex / "other").mkdir()
    (with_tex / "other/one.yaml").write_text(SPEC.format(title="Mine"))
    os.utime(with_tex / "other/one.yaml", (1e9, 1e9))
    assert make(with_tex, "SPEC=other/one.yaml").returncode == 0
    assert (with_tex / "output/one.pdf").read_bytes() != before
    assert "0 built, 1 were up to date" in make(with_tex, "SPEC=other/one.yaml").stdout


def test_two_specs_of_one_name_are_refused(with_tex: Path) -> None:
    (with_tex / "other").mkdir()
    shutil.copy(with_tex / "derive/examples/one.yaml", with_tex / "other")
    done = make(with_tex, "SPEC=one other/one.yaml")
    assert done.returncode != 0
    assert "2 specs would become output/one.pdf" in done.stderr
    assert not (with_tex / "output").exists()


NAMES = ("my net", "a&touch evaluated;b", "($(touch evaluated))", "$(shell touch evaluated)", "`touch evaluated`#1 it's", '-x"$b')


def test_names_of_specs_and_folders_are_never_evaluated(with_tex: Path) -> None:
    for number, name in enumerate(NAMES):
        (with_tex / f"{name}.yaml").write_text(SPEC.format(title="Mine"))
        if number % 2:
            done = make(with_tex, SPEC=f"{name}.yaml", OUTPUT=f"out {name}")
        else:
            done = make(with_tex, f"SPEC={name}.yaml", f"OUTPUT=out {name}")
        assert done.returncode == 0, done.stderr
        assert (with_tex / f"out {name}" / f"{name}.pdf").is_file()
        assert not (with_tex / "evaluated").exists()


def test_a_spec_that_is_not_there_is_an_error(with_tex: Path) -> None:
    done = make(with_tex, "SPEC=nowhere.yaml")
    assert done.returncode != 0 and "there is no such file" in done.stderr
    assert "Python" not in done.stdout.split("minutes")[-1], "no doctor is needed for that"


def test_an_environment_in_a_folder_with_spaces(with_tex: Path) -> None:
    done = make(with_tex, "VENV=an environment/here", "SPEC=one")
    assert done.returncode == 0, done.stderr
    assert (with_tex / "output/one.pdf").is_file() and not (with_tex / ".venv").exists()


# --- the environment ----------------------------------------------------------------------------------------------------------


def test_packages_are_installed_once_and_only_what_is_asked_for(project: Path) -> None:
    assert make(project, "setup").returncode == 0
    (line,) = calls(project, "pip")
    pins = "PIP_CONSTRAINT=requirements.txt PIP_BUILD_CONSTRAINT=requirements.txt"
    assert line == f"--disable-pip-version-check install --quiet --editable . {pins}"
    assert make(project, "setup").stdout == ""
    assert calls(project, "pip") == []
    with (project / "requirements.txt").open("a") as file:
        file.write("# another\n")
    assert make(project, "setup").returncode == 0
    assert len(calls(project, "pip")) == 1


def test_what_takes_long_is_said_before(project: Path) -> None:
    assert make(project, "setup").stdout.splitlines() == [
        "setting up .venv",
        "installing Python packages: about 50 MB, 1 to 3 minutes",
    ]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("moved", "it was made in another place"),
        ("copied", "it was made in another place"),
        ("python gone", "its Python is gone"),
        ("python changed", "its Python is another one now"),
        ("another asked for", "it is not of PYTHON=programs/other"),
        ("interrupted", "it is not complete"),
        ("pip gone", "it has no pip"),
    ],
)
def test_a_stale_environment_is_made_again(project: Path, what: str, said: str) -> None:
    assert make(project, "setup").returncode == 0
    assert len(calls(project, "pip")) == 1
    asked = []
    if what == "moved":
        project = project.rename(project.with_name("moved"))
    elif what == "copied":
        project = Path(shutil.copytree(project, project.with_name("copied"), symlinks=True))
    elif what == "python gone":
        (project / ".venv/bin/python").unlink()
    elif what == "python changed":
        (project / ".venv/.made").write_text((project / ".venv/.made").read_text().replace("cpython-", "cpython-2"))
    elif what == "another asked for":
        other = PYTHON.replace('exec "{real}"', 'test "$1" = -c && echo "cpython-399 /usr" || exec "{real}"')
        program(project, "programs/other", other.format(real=sys.executable, site=sysconfig.get_path("purelib")))
        asked = ["PYTHON=programs/other"]
    elif what == "interrupted":
        (project / ".venv/.made").unlink()
    else:
        for path in project.glob(".venv/lib/*/site-packages/pip"):
            shutil.rmtree(path)
        for path in project.glob(".venv/lib/*/site-packages/dependencies.pth"):
            path.unlink()
    done = make(project, "setup", *asked)
    assert done.returncode == 0, done.stderr
    assert f"setting up .venv again: {said}\n" in done.stdout
    assert len(calls(project, "pip")) == 1
    if not asked:
        assert make(project, "setup").stdout == ""
    made = (project / ".venv/.made").read_text()
    assert f"{project.resolve()}\n" in made


def test_a_folder_that_is_no_environment_is_left_alone(project: Path) -> None:
    done = make(project, "setup", "VENV=templates")
    assert done.returncode != 0 and "is no virtual environment" in done.stderr
    assert (project / "templates/words/en.tex").is_file()


def test_the_reason_why_no_environment_can_be_made_is_shown(project: Path) -> None:
    program(project, "programs/apt-get", INSTALL)
    program(project, "programs/id", "#!/bin/sh\necho 0\n")
    project = project.rename(project.with_name("a:b"))
    done = make(project, "setup")
    assert done.returncode != 0
    assert "PATH separator" in done.stderr and "make VENV=" in done.stderr
    assert calls(project, "apt") == [], "apt has no package against that"


def test_after_pip_failed_it_is_said_how_to_go_on(project: Path) -> None:
    (project / "pip-fails").touch()
    done = make(project, "setup")
    assert done.returncode != 0
    assert "pip could not install the Python packages" in done.stderr and "Run make again" in done.stderr
    (project / "pip-fails").unlink()
    assert make(project, "setup").stdout == "installing Python packages: about 50 MB, 1 to 3 minutes\n"


def test_a_python_that_is_too_old_is_not_used(project: Path) -> None:
    program(project, "programs/python3", "#!/bin/sh\nexit 1\n")
    done = make(project, "setup")
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stderr and "make PYTHON=" in done.stderr
    done = make(project, "setup", "PYTHON=programs/python3")
    assert done.returncode != 0
    assert "PYTHON=programs/python3 does not run as Python 3.11 or later" in done.stderr


@pytest.mark.parametrize(
    ("managers", "command"),
    [
        ("apt-get sudo", "sudo apt-get install python3 python3-venv"),
        ("apt-get", "as root: apt-get install python3 python3-venv"),
        ("dnf sudo", "sudo dnf install python3"),
        ("brew", "brew install python"),
    ],
)
def test_without_python_and_rights_the_command_for_this_system_is_said(project: Path, managers: str, command: str) -> None:
    (project / "programs/python3").unlink()
    for manager in managers.split():
        program(project, f"programs/{manager}", "#!/bin/sh\nexit 1\n" if manager == "sudo" else INSTALL)
    done = make(project, "setup")
    assert done.returncode != 0
    assert f"finds none: {command}\n" in done.stderr
    assert calls(project, "apt") == []


def test_pythons_own_package_is_installed_where_that_is_what_is_missing(project: Path) -> None:
    asked = """#!/bin/sh
case "$*" in *ensurepip*) test -f venv-there;; *python%d*) echo python3.99-venv;; *) exec programs/real "$@";; esac
"""
    (project / "programs/python3").rename(project / "programs/real")
    program(project, "programs/python3", asked)
    program(project, "programs/apt-get", '#!/bin/sh\necho "$@" >>apt\ncase "$*" in *-venv*) touch venv-there;; esac\n')
    done = make(project, "setup")
    assert done.returncode != 0 and "as root: apt-get install python3.99-venv\n" in done.stderr
    program(project, "programs/id", "#!/bin/sh\necho 0\n")
    assert make(project, "setup").returncode == 0
    update, install = calls(project, "apt")
    assert update.endswith(" update") and install.endswith(" install -y --no-install-recommends python3.99-venv")


# --- TeX ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["root", "with sudo"])
def test_missing_tex_is_installed_and_nothing_more(project: Path, user: str) -> None:
    program(project, "programs/apt-get", INSTALL)
    if user == "root":
        program(project, "programs/id", "#!/bin/sh\necho 0\n")
    else:
        program(project, "programs/sudo", '#!/bin/sh\ntest "$1" = -n || exit 1\nshift\ntest "$1" = true || exec "$@"\n')
    done = make(project)
    assert "installing TeX: about 100 MB, 1 to 5 minutes\n" in done.stdout
    update, install = calls(project, "apt")
    assert update.endswith(" update")
    packages = "texlive-latex-base texlive-latex-recommended texlive-pictures lmodern"
    assert install.endswith(f" install -y --no-install-recommends {packages}")
    make(project)
    assert calls(project, "apt") == []


def test_what_only_the_tests_need_is_installed_for_the_tests_alone(project: Path) -> None:
    program(project, "programs/apt-get", INSTALL)
    program(project, "programs/id", "#!/bin/sh\necho 0\n")
    make(project)
    assert not any("texlive-latex-extra" in line for line in calls(project, "apt"))
    make(project, "test")
    update, install = calls(project, "apt")
    assert update.endswith(" update") and " texlive-latex-extra texlive-science texlive-xetex texlive-luatex " in install
    assert any("--editable .[cluster,dev]" in line for line in calls(project, "pip"))


@pytest.mark.parametrize("missing", ["apt-get", "rights"])
def test_without_the_right_to_install_the_latex_is_written(project: Path, missing: str) -> None:
    if missing == "rights":
        program(project, "programs/apt-get", INSTALL)
        program(project, "programs/sudo", "#!/bin/sh\nexit 1\n")
    (project / "programs/pdflatex").unlink()
    done = make(project)
    assert "missing  TeX " in done.stdout, "`derive doctor` is asked"
    assert done.returncode != 0 and "TeX is not complete here" in done.stderr
    assert "sudo apt-get install texlive-latex-base" in done.stderr
    assert (project / "output/one.tex").is_file() and (project / "output/two.tex").is_file()
    assert calls(project, "apt") == []


def test_after_apt_failed_its_reason_is_shown(project: Path) -> None:
    program(project, "programs/apt-get", '#!/bin/sh\necho "Reading"; echo "E: No route to anywhere" >&2; exit 100\n')
    program(project, "programs/id", "#!/bin/sh\necho 0\n")
    done = make(project)
    assert "E: No route to anywhere\n" in done.stderr and "Reading" not in done.stderr
    assert "apt-get could not install: texlive-latex-base" in done.stderr


# As apt-get does it: what it reports goes to the descriptor it was given, which is closed for dpkg.
TALKING = """#!/bin/sh
for each; do case $each in APT::Status-Fd=*) to=${each#*=};; esac; done
eval "printf 'dlstatus:1:12.5:Retrieving file 1 of 2\\npmstatus:libc6:amd64:57.1429:Unpacking\\n' >&$to"
eval "{ echo Unpacking lmodern ...; echo updmap: too slow >&2; } $to>&-" || exit 1
case "$*" in *lmodern*) touch there;; esac
"""


def test_a_person_sees_how_far_apt_is_and_nothing_of_what_dpkg_says(project: Path) -> None:
    program(project, "programs/apt-get", TALKING)
    program(project, "programs/id", "#!/bin/sh\necho 0\n")
    leader, follower = pty.openpty()
    path = {"PATH": str(project.parent / "programs")}
    done = subprocess.run(["sh", "derive/setup.sh", "tex"], cwd=project, env=path, timeout=120, stdin=subprocess.DEVNULL,
                          stdout=follower, stderr=follower)  # fmt: skip
    os.close(follower)
    seen = os.read(leader, 10_000).decode()
    os.close(leader)
    assert done.returncode == 0
    assert seen.startswith("installing TeX: about 100 MB, 1 to 5 minutes")
    assert "   12 %" in seen and "   57 %" in seen
    assert "Unpacking" not in seen and "updmap" not in seen


def test_help_names_what_can_be_set(project: Path) -> None:
    said = make(project, "help").stdout
    assert all(f"{name}=" in said for name in ("SPEC", "OUTPUT", "PYTHON", "VENV"))
