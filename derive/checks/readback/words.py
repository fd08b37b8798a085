"""What the texts of a sheet say with mathematics of their own: for any v, dC = (∂C/∂v)ᵀ dv. Such a formula speaks of no sheet."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

FORMULA = re.compile(r"(?<!\\)\$((?:[^$()]|\((?!\(\()|\)|\(\(\(.*?\)\)\))*?)\$")
PUT_IN = re.compile(r"\(\(\(.*?\)\)\)")


def own_formula(latex: str, *folders: Path | None) -> bool:
    """Whether a formula is one of the texts in these folders of templates, or is made by one around a name that is put in.

    A formula that states something is one only where the text itself states it.
    """
    return any(_says(folder, "=" in latex, latex) for folder in folders if folder is not None)


def _says(folder: Path, states: bool, latex: str) -> bool:
    whole, around = _own(folder, states)
    return latex in whole or around.fullmatch(latex) is not None


@lru_cache(maxsize=32)
def _own(folder: Path, states: bool) -> tuple[frozenset[str], re.Pattern[str]]:
    """The formulas of texts that state something, or nothing: those into which no name is put, and a pattern of the others."""
    whole: set[str] = set()
    around: dict[str, None] = {}
    for path in sorted(folder.rglob("*.tex")):
        for match in FORMULA.finditer(path.read_text("utf-8")):
            pieces = PUT_IN.split(match[1])
            if any("=" in piece for piece in pieces) != states:
                continue
            if len(pieces) == 1:
                whole.add(match[1])
            elif any(re.search("[a-zA-Z]", piece) for piece in pieces):
                around[".+?".join(map(re.escape, pieces))] = None
    return frozenset(whole), re.compile("|".join(around) or "(?!)", re.DOTALL)
