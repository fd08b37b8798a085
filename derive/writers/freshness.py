"""Whether a sheet is up to date: decided by what it is made of, and never by the time of a file.

A sum over all of that is the name under which the sums of the files are kept that were made of it. So a sheet is built again when
anything is different from what it was made of (another spec of the same name, an older one put back, a theme, a word, this
program), and when its files are not those that were written.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from ..cache import cache
from ..errors import DeriveError, OutputError
from ..resources import PACKAGE, folder
from ..spec import Spec
from ..spec import theme as looks
from ..typeset import find_engine, write_whole
from ..typeset.engine import engine_version

KEPT = 1000
"""Of how many sheets it is kept what they are; what was not used for longest goes first."""

ENGINES = ("sympy", "numpy", "jinja2", "pylatex", "pydantic", "ruamel.yaml", "pikepdf")


def sources(spec: Spec) -> frozenset[Path]:
    """What a spec's sheet is made of besides the spec: theme, logo, the folder of templates; whether they are there or not."""
    given, templates = spec.own
    found = set() if templates is None else {templates}
    name = given or spec.theme
    if name is not None and name not in looks.themes():
        theme = Path(name) if given else Path(spec.place("theme").file).parent / name
        found.add(theme)
        try:
            logo = looks.look(spec).theme.logo
        except DeriveError:
            logo = None
        if logo is not None:
            found.add(theme.parent / logo.file)
    return frozenset(found)


def key(path: Path, spec: Spec, asked: Iterable[object]) -> str:
    """A name made of all that a sheet depends on: the spec in this file, what it reads, what is asked for, TeX, this program."""
    said = [program(), engine_version(find_engine()), path.name, _sum(path), *map(repr, asked)]
    for source in sorted(sources(spec)):
        said.append(own_templates(source) if source.is_dir() else _sum(source))
    return _joined(said)


def is_built(name: str, target: Path) -> bool:
    """Whether all that was made under this name is there, as it was written. `target`: the PDF."""
    try:
        made = json.loads(_place(name).read_text("utf-8"))
        found = bool(made) and all(_sum(target.with_name(target.stem + end)) == told for end, told in made.items())
        os.utime(_place(name))
        return found
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def keep(name: str, target: Path, written: Iterable[Path]) -> None:
    """Keep what was made under this name: the files that are called as the target is, with an ending of their own."""
    made: Mapping[str, str] = {path.name[len(target.stem) :]: _sum(path) for path in written if path.name.startswith(target.stem)}
    place = _place(name)
    with suppress(OSError, OutputError):
        write_whole(place, json.dumps(made).encode())
        kept = sorted(place.parent.glob("*.json"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink()


def _place(name: str) -> Path:
    return cache() / "built" / f"{name}.json"


@lru_cache(maxsize=1)
def program() -> str:
    """This program: every file of the package and of the templates but for examples, and the versions of what it stands on."""
    said = [platform.python_version(), *map(version, ENGINES)]
    for root in dict.fromkeys((PACKAGE, folder())):
        files = (path for path in _files(root) if not path.is_relative_to(PACKAGE / "examples"))
        said += [text for path in files for text in (path.relative_to(root).as_posix(), _sum(path))]
    return _joined(said)


def own_templates(own: Path | None) -> str:
    """A teacher's own templates: the names and contents of their files."""
    files = _files(own) if own is not None and own.is_dir() else ()
    return _joined(text for path in files for text in (str(path), _sum(path)))


def _files(root: Path) -> Iterator[Path]:
    yield from sorted(p for p in root.rglob("*") if p.suffix in (".py", ".yaml", ".tex", ".sty") and p.is_file())


def _sum(path: Path) -> str:
    """Of a file's contents; empty where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _joined(texts: Iterable[str]) -> str:
    """One sum over texts, each of which could be any."""
    found = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogateescape")
        found.update(len(encoded).to_bytes(8, "big") + encoded)
    return found.hexdigest()
