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
    states = "=" in latex
    patterns = (p for folder in folders if folder is not None for p in _patterns(folder) if ("=" in p.pattern) == states)
    return any(pattern.fullmatch(latex) is not None for pattern in patterns)


@lru_cache(maxsize=16)
def _patterns(folder: Path) -> tuple[re.Pattern[str], ...]:
    found: dict[str, None] = {}
    for path in sorted(folder.rglob("*.tex")):
        for match in FORMULA.finditer(path.read_text("utf-8")):
            pieces = PUT_IN.split(match[1])
            if len(pieces) == 1 or any(re.search("[a-zA-Z]", piece) for piece in pieces):
                found[".+?".join(re.escape(piece) for piece in pieces)] = None
    return tuple(re.compile(pattern, re.DOTALL) for pattern in found)
