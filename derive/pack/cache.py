"""Derived sheets, kept between builds: after one spec has changed, that one alone is derived anew.

Nothing kept here is ever needed: what is missing, broken or of another version is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..cache import cache
from ..errors import OutputError
from ..spec.theme import Look
from ..typeset import write_whole
from ..writers.freshness import own_templates, program
from .notation_table import Sign
from .sheets import Derived, Wanted

KEPT = 1000
"""How many derived sheets are kept; what was not used for longest goes first."""


def key(wanted: Wanted) -> str:
    """A name made of all that the result depends on: the spec's text, how it looks, the editions, and the program."""
    look = wanted.look
    said = [
        program(),
        wanted.name,
        wanted.text,
        *wanted.editions,
        look.language,
        str(wanted.own_language),
        _shown(look),
        own_templates(look.templates),
        repr(sorted(wanted.notation.items())),
    ]
    found = hashlib.sha256()
    for text in said:
        encoded = text.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "big") + encoded)
    return found.hexdigest()


def _shown(look: Look) -> str:
    return f"{look.paper} {look.size} {look.sides} {look.theme.model_dump_json()} {look.logo}"


def find(name: str) -> Derived | None:
    """What was kept under this name, if it is whole."""
    path = _place(name)
    try:
        outer = json.loads(path.read_text("utf-8"))
        text = outer["derived"]
        if outer["sum"] != hashlib.sha256(text.encode()).hexdigest():
            return None
        data: dict[str, Any] = json.loads(text)
        os.utime(path)
        return Derived(
            data["title"],
            data["subtitle"],
            data["bodies"],
            {which: tuple(keys) for which, keys in data["rules"].items()},
            tuple(Sign(**sign) for sign in data["signs"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def keep(name: str, derived: Derived) -> None:
    """Keep this for the next build, whole or not at all."""
    text = json.dumps(asdict(derived), ensure_ascii=False)
    outer = {"sum": hashlib.sha256(text.encode()).hexdigest(), "derived": text}
    path = _place(name)
    with suppress(OSError, OutputError):
        write_whole(path, json.dumps(outer, ensure_ascii=False).encode())
        kept = sorted(path.parent.glob("*.json"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink()


def _place(name: str) -> Path:
    return cache() / "sheets" / f"{name}.json"
