"""Page contents as pdfTeX writes them, uncompressed: which characters of which fonts they show; other names for what they use.

Of the operators of a content stream (ISO 32000-1, 9.4) pdfTeX uses few, and in one form: `/F8 9.9626 Tf` for every font, and
`[(W)83(e)]TJ` for every text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_INSIDE = rb"(?:[^()\\]|\\.)*+"
# Every branch begins with a character of its own: between these, Python's search runs fast.
_SHOWN = re.compile(
    rb"/(?P<font>[^\s/()<>\[\]{}%]+) +-?[\d.]+ +Tf\b"
    rb"|\[(?P<array>(?:\(" + _INSIDE + rb"\)|[-\d.\s])*+)\] *TJ\b"
    rb"|\((?P<single>" + _INSIDE + rb")\) *Tj\b"
    rb"|BT(?P<begin>\s)"
    rb"|<[0-9A-Fa-f\s]*+(?P<coded>>)[-\d.\s]*\]? *T[Jj]\b"
    rb"|\)(?P<quoted> *['\"])",
    re.DOTALL,
)
_STRINGS = re.compile(rb"\(((?:[^()\\]|\\.)*)\)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}
_NAMES = re.compile(rb"/([^\s/()<>\[\]{}%]+)")
_RENAMED = re.compile(rb"/(?P<font>[^\s/()<>\[\]{}%]+)(?P<size> +-?[\d.]+ +Tf\b)|/(?P<object>[^\s/()<>\[\]{}%]+)(?P<do> +Do\b)")


class NotRead(Exception):
    """The contents show text in a way that pdfTeX does not."""


def characters(contents: bytes) -> dict[str, set[int]]:
    """The codes that are shown in each font, by the font's name in the page's resources, in order of first use."""
    shown: dict[str, set[int]] = {}
    font: str | None = None
    for found in _SHOWN.finditer(contents):
        match found.lastgroup:
            case "font":
                font = found["font"].decode("latin-1")
                shown.setdefault(font, set())
            case "array" | "single":
                if font is None:
                    raise NotRead("text without a font")
                for string in _STRINGS.findall(found["array"]) if found["single"] is None else [found["single"]]:
                    shown[font].update(_unescaped(string))
            case "begin":
                font = None
            case _:
                raise NotRead("text in an unknown form")
    return shown


def names(contents: bytes) -> list[str]:
    """All names that stand in the contents, in order of first use."""
    return list(dict.fromkeys(name.decode("latin-1") for name in _NAMES.findall(contents)))


def renamed(contents: bytes, font: Callable[[str], str], xobject: Callable[[str], str]) -> bytes:
    """The same contents with other names for fonts and for external objects."""

    def other(found: re.Match[bytes]) -> bytes:
        if found["font"] is not None:
            return b"/" + font(found["font"].decode("latin-1")).encode("latin-1") + found["size"]
        return b"/" + xobject(found["object"].decode("latin-1")).encode("latin-1") + found["do"]

    return _RENAMED.sub(other, contents)


def _unescaped(string: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8) & 255]) if code[:1].isdigit() else _LETTERS.get(code, code)

    return _ESCAPED.sub(one, string) if b"\\" in string else string
