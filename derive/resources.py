"""The files that come with this program: templates and examples."""

from __future__ import annotations

from pathlib import Path
from pkgutil import iter_modules

PACKAGE = Path(__file__).resolve().parent
ORDER = ("single-neuron", "chain", "wide-layer", "mlp", "classifier", "mini-batch", "residual", "deep", "own-layer")
"""In which the examples are best read."""


def folder() -> Path:
    """The folder of our templates: inside an installed package, or beside it in the source tree."""
    inside = PACKAGE / "_templates"
    return inside if inside.is_dir() else PACKAGE.parent / "templates"


def question_kinds() -> tuple[str, ...]:
    """The kinds of questions of a homework, by name: a module each."""
    return tuple(module.name for module in iter_modules([str(PACKAGE / "homework" / "questions" / "kinds")]))


def examples() -> dict[str, Path]:
    """The shipped examples: name -> file."""
    found = {path.stem: path for path in sorted((PACKAGE / "examples").glob("*.yaml"))}
    return {name: found[name] for name in sorted(found, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))}
