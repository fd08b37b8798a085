"""Setting up from nothing, with the real pip: what stand-ins and a machine that has built everything before cannot show.

Some of what the sheets need is published as sources only, and is built where it is installed; pip keeps the result, and then
never builds it again on that machine. So each Python gets a new environment here, with nothing kept, by the command of the
Makefile itself. Only what a sheet needs is installed, and nothing compiled: that has all those packages, in half a minute.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ASK = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"


def pythons() -> dict[str, str]:
    """Every Python from 3.11 on that this machine has and that can make environments, one of each minor version."""
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    known = [*map(str, sorted(folder.glob("*/bin/python3"))), *(shutil.which(f"python3.{minor}") for minor in range(11, 30))]
    found: dict[str, str] = {}
    for path in [*known, shutil.which("python3")]:
        if path is not None:
            done = subprocess.run([path, "-I", "-c", ASK], capture_output=True, text=True, timeout=60)
            version = done.stdout.strip()
            if re.fullmatch(r"3\.\d+", version) and int(version[2:]) >= 11:
                found.setdefault(version, path)
    return found


@pytest.mark.parametrize("version", list(PYTHONS := pythons()))
def test_an_environment_is_made_from_nothing(version: str, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAKE", "MFLAGS", "DERIVE_"))}
    clean |= {"PIP_NO_CACHE_DIR": "1", "PIP_NO_COMPILE": "1", "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    python = tmp_path / "environment/bin/python"
    done = subprocess.run(
        ["make", "-C", str(ROOT), "setup", f"VENV={tmp_path / 'environment'}", f"PYTHON={PYTHONS[version]}"],
        env=clean, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    asked = "import sys, pylatex, derive; print('%d.%d' % sys.version_info[:2], derive.__file__)"
    done = subprocess.run([str(python), "-c", asked], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == [version, str(ROOT / "derive/__init__.py")], done.stderr
