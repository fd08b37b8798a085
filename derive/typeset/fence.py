"""A fence around TeX, where the system has one: bubblewrap. TeX then sees its own trees and its build folder, and no network.

TeX's own rules (engine.py) hold in any case; this stops what they miss, such as a PDF object made from a system file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

_SYSTEM = (
    "/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/texmf", "/etc/fonts",
    "/var/lib/texmf", "/var/cache/fontconfig", "/nix/store", "/gnu/store",
)  # fmt: skip
"""What is shown to TeX of the system, as far as it exists, to be read only."""


def around(engine: str, build: Path) -> list[str]:
    """The command to put before TeX's, so that it runs inside the fence; empty where there is none, or DERIVE_FENCE is `off`."""
    return _fence(engine, str(build)) if not is_off() and stands(engine) else []


def is_off() -> bool:
    """Whether the user wants no fence."""
    return os.environ.get("DERIVE_FENCE") == "off"


@lru_cache(maxsize=4)
def stands(engine: str) -> bool:
    """Whether TeX finds its files in the fence: asked once, since containers often forbid what it needs."""
    finder = shutil.which("kpsewhich", path=str(Path(engine).parent))
    if finder is None or shutil.which("bwrap") is None:
        return False
    names = ("article.cls", "pdftex.map", "latex.ltx")
    try:
        outside, inside = (
            subprocess.run([*fence, finder, *names], capture_output=True, timeout=10, check=False).stdout
            for fence in ([], _fence(engine, ""))
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(inside) and inside == outside


def _fence(engine: str, build: str) -> list[str]:
    command = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for path in dict.fromkeys((*_SYSTEM, *_trees(engine))):
        if os.path.lexists(path):
            command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    if build:
        command += ["--bind", build, build, "--chdir", build]
    return command


def _trees(engine: str) -> list[str]:
    """The folder of a TeX that lies outside the system's: /usr/local/texlive/2026, say, or one in a home."""
    found = []
    for path in (Path(engine).absolute(), Path(engine).resolve()):
        if not path.is_relative_to("/usr") and not path.is_relative_to("/bin") and len(path.parents) > 3:
            found.append(str(path.parents[2]))  # TREE/bin/PLATFORM/pdflatex
    return found
