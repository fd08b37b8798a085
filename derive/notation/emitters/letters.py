"""The letters of a glyph as characters: what \\hat{x}, \\mathit{loss} and (\\ell-1) are, for what is not LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ..glyphs import ACCENTS, ALIASES, UNICODE_GREEK

Style = Literal["italic", "upright", "number", "sign"]

TOKEN = re.compile(r"\\(\w+)|(\d+)|([^\W\d_])|\s|(.)")
CHARACTERS = {name: sign for sign, name in UNICODE_GREEK.items()} | {
    "varepsilon": "ε",
    "varphi": "φ",
    "ell": "ℓ",
    "cdot": "·",
    "top": "⊤",
}
WORDS = {latex.removeprefix("\\"): name for name, latex in ALIASES.items() if len(name) > 3} | {"ell": "ell"}
COMMANDS = {latex.removeprefix("\\"): name for name, latex in ACCENTS.items()}


@dataclass(frozen=True)
class Piece:
    """Characters of one style; name: how they are called, where they are no word themselves."""

    text: str
    style: Style
    accents: tuple[str, ...] = ()
    primes: int = 0
    name: str = ""


@lru_cache(maxsize=4096)
def pieces(latex: str) -> tuple[Piece, ...]:
    """The pieces of a letter, a subscript or a superscript of a glyph. Raises ValueError for what no glyph has."""
    out: list[Piece] = []
    for piece in _read(latex):
        if piece.text == "'":
            last = out.pop()
            out.append(Piece(last.text, last.style, last.accents, last.primes + 1, last.name))
        else:
            out.append(piece)
    return tuple(out)


def _read(latex: str) -> Iterator[Piece]:
    at = 0
    while at < len(latex):
        if latex[at] in "{}":
            at += 1
            continue
        found = TOKEN.match(latex, at)
        assert found is not None
        at = found.end()
        command, number, letter, sign = found.groups()
        if command in ("mathit", "mathrm", *COMMANDS):
            end = _end(latex, at)
            inside = latex[at + 1 : end - 1]
            at = end
            if command in COMMANDS:
                (of,) = pieces(inside)
                yield Piece(of.text, of.style, (*of.accents, COMMANDS[command]), of.primes, of.name)
            else:
                yield Piece("".join(p.text for p in pieces(inside)), "italic" if command == "mathit" else "upright")
        elif command:
            if command not in CHARACTERS:
                raise ValueError(f"no glyph has \\{command}")
            yield Piece(CHARACTERS[command], "sign" if command in ("cdot", "top") else "italic", name=WORDS.get(command, command))
        elif number:
            yield Piece(number, "number")
        elif letter:
            yield Piece(letter, "italic")
        elif sign:
            yield Piece("−" if sign == "-" else sign, "sign")


def _end(latex: str, at: int) -> int:
    """Where the group that begins here ends."""
    depth = 0
    for end in range(at, len(latex)):
        depth += {"{": 1, "}": -1}.get(latex[end], 0)
        if depth == 0:
            return end + 1
    raise ValueError("a group has no end")
