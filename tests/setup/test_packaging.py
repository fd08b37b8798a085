"""The wheel: what is in it, and that it works away from the source tree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRA = [line for name, lines in PROJECT["project"]["optional-dependencies"].items() if name != "dev" for line in lines]
SPEC = 'title: Away from home\nequations: ["z = w*a + b"]\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made from the source distribution, so that both are complete."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("derive_sheets-*.whl")
    return made


def test_the_wheel_has_the_package_its_data_and_the_templates(wheel: Path) -> None:
    def tree(folder: str, inside: str) -> set[str]:
        files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" for path in files}

    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    # but for what sets up the source tree
    assert names == tree("derive", "derive") - {"derive/setup.sh"} | tree("templates", "derive/_templates")
    assert "derive/py.typed" in names
    assert any(name.startswith("derive/network/catalogue/") and name.endswith(".yaml") for name in names)
    assert any(name.startswith("derive/examples/") and name.endswith(".yaml") for name in names)


def test_on_a_package_index_the_readme_needs_no_file_beside_it(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    said = archive.read(name).decode("utf-8")
    assert "\nDescription-Content-Type: text/markdown\n" in said
    assert "comes from a few lines with `make pdf`, as\n`output/single-neuron.pdf`.\n\n## Use\n" in said
    assert "uv tool install" in said and "pipx install" in said
    prose = re.sub(r"```.*?```", "", said, flags=re.DOTALL)
    assert re.findall(r"\]\((?!https?://)[^)]*\)", prose) == []
    assert "[softmax](#classifier)" in said, "what stands in a spec is left as it is"


def test_an_empty_environment_builds_a_sheet_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(scripts / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)], check=True, timeout=60)
    # Its dependencies come from this environment: a folder named in a .pth file is searched, but the .pth files in it are not
    # read, so the source tree that is installed here for editing stays out of sight.
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "mine.yaml").write_text(SPEC)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def run(*command: str) -> str:
        done = subprocess.run([str(scripts / command[0]), *command[1:]], cwd=folder, env=clean, capture_output=True, text=True,
                              timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert run("python", "-c", "import derive; print(derive.__file__)").startswith(str(environment))
    assert run("derive", "--version") == f"derive {PROJECT['project']['version']}\n"
    run("derive", "pdf", "mine.yaml")
    assert (folder / "output/mine.pdf").read_bytes().startswith(b"%PDF-")
    assert "single-neuron" in run("derive", "examples")


def test_what_is_imported_is_declared() -> None:
    distributions = {"ruamel": "ruamel.yaml", "pydantic_core": "pydantic-core", "markdown_it": "markdown-it-py"}
    declared = {re.split(r"[~=<>! \[]", line)[0] for line in (*PROJECT["project"]["dependencies"], *EXTRA)}
    imported = set()
    for path in (ROOT / "derive").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            imported |= {name.split(".")[0] for name in names}
    foreign = {name for name in imported if name not in sys.stdlib_module_names and name != "derive"}
    assert {distributions.get(name, name) for name in foreign} == declared


def test_every_dependency_is_pinned_for_make() -> None:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in lines)
    pinned = {plain(line.split("==")[0]) for line in lines}
    needed = PROJECT["project"]["dependencies"] + EXTRA + PROJECT["project"]["optional-dependencies"]["dev"]
    assert {plain(re.split(r"[~=<>!]", line)[0]) for line in needed} <= pinned


def test_what_a_dependency_needs_is_pinned_too() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.split("==")[0]) for line in lines if line and not line.startswith("#")}
    left = [*PROJECT["project"]["dependencies"], *EXTRA, *PROJECT["project"]["optional-dependencies"]["dev"]]
    needed: set[str] = set()
    while left:
        found = Requirement(left.pop())
        name = canonicalize_name(found.name)
        if name not in needed:
            needed.add(name)
            extras = [{"extra": extra} for extra in ("", *found.extras)]
            left += [one for one in requires(name) or () if any(_wanted(one, extra) for extra in extras)]
    assert needed <= pinned


def _wanted(requirement: str, extra: dict[str, str]) -> bool:
    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate(extra)
