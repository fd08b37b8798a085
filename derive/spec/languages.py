"""The languages that there are words for: each a file `words/<language>.tex` of the templates, a teacher's own before ours."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import Place, SpecError, did_you_mean
from ..resources import folder

FOLDER = "words"
ENGLISH = "en"
CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def languages(own: Path | None = None) -> list[str]:
    """The languages that there are words for."""
    found = {path.name.partition(".")[0] for place in places(own) for path in place.glob("*.tex")}
    return sorted(code for code in found if CODE.fullmatch(code))


def places(own: Path | None) -> list[Path]:
    return [place / FOLDER for place in (own, folder()) if place is not None]


def require(code: str, own: Path | None = None, place: Place | None = None) -> None:
    """Refuse a language that has no words. Raises SpecError."""
    known = languages(own)
    if code not in known:
        hint = did_you_mean(code, known)
        raise SpecError(f"there are no words for the language `{code}`", place=place, hint=hint)
