"""References known beforehand: what TeX found for a document of the same structure, so that one pass is enough.

Two documents are twins if they differ in nothing but numbers. What TeX is told beforehand is compared with what it finds, and
where they differ, it runs again: so the result is that of the passes without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..cache import cache
from ..errors import OutputError
from .document import digest
from .output import write_whole

SUFFIXES = (".aux", ".toc", ".lof", ".lot")
_PAGE_COUNT = re.compile(r"^\\gdef *\\@abspage@last\{\d+\}\n", re.MULTILINE)
_KEPT = 200


def references(build: Path, number: int) -> dict[str, str]:
    """What one pass leaves for the next: labels, lists of headings."""
    found = {}
    for suffix in SUFFIXES:
        path = build / f"d{number}{suffix}"
        if path.is_file():
            found[suffix] = _PAGE_COUNT.sub("", path.read_text(encoding="latin-1"))
    return found


def write_references(build: Path, number: int, found: Mapping[str, str]) -> None:
    for suffix in SUFFIXES:
        path = build / f"d{number}{suffix}"
        if suffix in found:
            path.write_text(found[suffix], encoding="latin-1", newline="\n")
        else:
            path.unlink(missing_ok=True)


def of_twin(look: str, body: str) -> dict[str, str]:
    """What was found for an earlier twin of this body; nothing, if there was none."""
    with suppress(OSError, ValueError):
        found = json.loads(_place(look, body).read_text(encoding="utf-8"))
        if isinstance(found, dict) and all(k in SUFFIXES and isinstance(v, str) for k, v in found.items()):
            return found
    return {}


def remember(look: str, body: str, found: Mapping[str, str]) -> None:
    """Keep what was found, for twins to come."""
    place = _place(look, body)
    with suppress(OSError, OutputError):
        write_whole(place, json.dumps(dict(found)).encode())
        kept = sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in kept[:-_KEPT]:
            path.unlink()


def _place(look: str, body: str) -> Path:
    return cache() / "references" / f"{digest(look, re.sub(r'[-+.0-9]+', '0', body))}.json"
