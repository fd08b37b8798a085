"""The plan of the house, held: rooms in their order, no circle, nothing private from elsewhere, and who may do what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent / "derive"
ROOMS = (
    *("errors", "resources", "cache", "expressions", "spec", "typeset", "network", "calculus", "notation", "numbers", "checks"),
    *("document", "mistakes", "writers", "grading", "homework", "pack", "api", "cli"),
)
"""From the ground up: each imports from those before it, and from none after it."""

ALONE = {
    "click": ("cli",),
    "subprocess": ("typeset", "cli.diagnosis", "spec.theme", "writers.numpy.check"),
    "multiprocessing": ("typeset",),
    "pikepdf": ("typeset", "pack.manifest"),
    "jinja2": ("writers", "typeset"),
    "pylatex": ("writers.latex",),
}
"""Who may use a library."""


@lru_cache(maxsize=1)
def modules() -> dict[str, ast.Module]:
    """Every module by its name below `derive`, read."""
    found = {}
    for path in sorted(HOUSE.rglob("*.py")):
        name = ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


def is_package(name: str) -> bool:
    return (HOUSE / name.replace(".", "/")).is_dir()


def imports(name: str) -> Iterator[tuple[str, str | None, int]]:
    """What a module imports from the house, wherever in it that stands: the module, a name of it, and the line."""
    package = name.split(".") if is_package(name) else name.split(".")[:-1]
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.ImportFrom):
            base = node.module.split(".") if node.module else []
            if node.level:
                base = [*package[: len(package) - node.level + 1], *base]
            elif base[:1] == ["derive"]:
                base = base[1:]
            else:
                continue
            for alias in node.names:
                whole = ".".join([*base, alias.name])
                yield (whole, None, node.lineno) if whole in modules() else (".".join(base), alias.name, node.lineno)


def room(name: str) -> str:
    return name.split(".")[0]


def test_every_module_has_its_room() -> None:
    assert {room(name) for name in modules()} - {"", "__main__"} == {*ROOMS}


@pytest.mark.parametrize("name", [n for n in modules() if n not in ("", "__main__")])
def test_no_import_runs_upward_or_takes_what_is_private(name: str) -> None:
    for other, taken, line in imports(name):
        assert ROOMS.index(room(other)) <= ROOMS.index(room(name)), f"{name}:{line} imports {other}"
        assert taken is None or not taken.startswith("_"), f"{name}:{line} imports {taken} from {other}"


def test_no_imports_run_in_a_circle() -> None:
    """Those inside functions and for types alone are counted."""
    graph = {name: {other for other, _, _ in imports(name)} - {name} for name in modules()}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " imports ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("library", ALONE)
def test_libraries_stay_where_they_belong(library: str) -> None:
    users = set()
    for name, tree in modules().items():
        for node in ast.walk(tree):
            named = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(n.split(".")[0] == library for n in named):
                users.add(name)
    strangers = [name for name in users if not any(name == at or name.startswith(f"{at}.") for at in ALONE[library])]
    assert users and strangers == []
