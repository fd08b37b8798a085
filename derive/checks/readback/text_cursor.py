"""A plain text, read from left to right: what is next, and names with their layers and indices."""

from __future__ import annotations

import re
from functools import lru_cache

from . import tree
from .tokens import Unreadable
from .tree import Name, Tokens, Tree

HIGH = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ", "0123456789-L", strict=True))
TOKEN = re.compile(
    r"""\s*+((?:Σ|sum)_ | \d+(?:\.\d+)? | [⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ]+ | \.\* | \./ | \|\| | <= | \^T(?!\w) | \.\.
      | [^\W\d_ᵀᴸ][^\Wᵀᴸ⁰¹²³⁴⁵⁶⁷⁸⁹]* | . | \Z)""",
    re.VERBOSE | re.DOTALL,
)
MARKS = re.compile(r"(?:([⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ]+)|\^\(((?:l|L|\d+)(?:[+-]\d+)?)\))?(?:\[([^\]]*)\])?")
"""Behind a name its layer, in high digits or in brackets, and its indices."""


class TextCursor:
    """at: a position in the text. names: every sign without its layer."""

    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        self.text = text
        self.at = 0
        self.seen = -1  # where `token` stands
        self.token = ""
        self.names = names
        self.known, self.bare, self.told_apart = _patterns(names)

    @property
    def next(self) -> str:
        """The token that comes next, behind any spaces; empty at the end."""
        if self.seen != self.at:
            found = TOKEN.match(self.text, self.at)
            assert found is not None
            self.at = self.seen = found.start(1)
            self.token = found[1]
        return self.token

    def here(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What stands right here, which is taken."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def take(self, *expected: str) -> str:
        token = self.next
        if expected and token not in expected:
            raise Unreadable(f"`{token or 'the end'}` stands where {' or '.join(expected)} belongs")
        self.at += len(token)
        return token

    def high(self) -> str:
        start = self.at
        while self.text[self.at : self.at + 1] in HIGH and self.at < len(self.text):
            self.at += 1
        return "".join(HIGH[c] for c in self.text[start : self.at])

    # --- names --------------------------------------------------------------------------------------------------------------

    def name(self) -> Tree:
        """A sign, or its change; its layer above it, its indices in brackets behind it."""
        assert self.known is not None
        found = self.here(self.bare if self.told_apart and self.next[:1] != "∂" else self.known) if self.next else None
        if found is None:
            raise Unreadable(f"`{self.text[self.at : self.at + 12]}` is no sign of this sheet")
        marks = self.here(MARKS)
        name = tree.name(found["name"], *_marks(*marks.groups())) if marks else tree.name(found["name"])
        return tree.Change(name) if found["change"] else name

    def indices(self) -> tuple[Tokens, ...]:
        """What stands in the bracket right behind a name."""
        end = self.text.index("]", self.at)
        parts = self.text[self.at + 1 : end].split(",")
        self.at = end + 1
        return tuple(tuple(t.replace("−", "-") for t in re.findall(r"\d+|\w+|\S", part)) for part in parts)

    def apart(self) -> Tree:
        """d(z), where dz is the name of another quantity."""
        self.at += 2
        found = self.name()
        self.take(")")
        if not isinstance(found, Name):
            raise Unreadable("the change of a change")
        if self.text[self.at : self.at + 1] == "[" and not found.below:  # d(C)[n]
            found = tree.name(found.letter, self.indices(), found.above)
        return tree.Change(found)


@lru_cache(maxsize=16)
def _patterns(names: tuple[str, ...]) -> tuple[re.Pattern[str] | None, re.Pattern[str], bool]:
    """One of these names or its change (None: there are no names), and one of these names; the longest that fits.

    Whether a name is also the change of another: then a change is written d(z).
    """
    known = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    end = r"(?![^\Wᵀᴸ⁰¹²³⁴⁵⁶⁷⁸⁹]|['′\u0300-\u036f])"
    bare = re.compile(f"(?P<change>)(?P<name>{known}){end}")
    told_apart = any(n[:1] == "d" and n[1:] in names for n in names)
    return re.compile(f"(?P<change>[d∂]?)(?P<name>{known}){end}") if known else None, bare, told_apart


@lru_cache(maxsize=1024)
def _marks(high: str | None, layer: str | None, indices: str | None) -> tuple[tuple[Tokens, ...], Tokens]:
    """What stands below and above a name, by its layer in high digits or in brackets, and its indices."""
    written = layer or "".join(HIGH[c] for c in high or "")
    above = [r"\ell" if t == "l" else t for t in re.findall(r"\d+|\w|\S", written)]
    below = indices.split(",") if indices is not None else []
    return tuple(map(_index, below)), ("(", *above, ")") if above else ()


def _index(part: str) -> Tokens:
    """The tokens of an index as LaTeX has them: k1 is k with a 1 below it."""
    found: list[str] = []
    for token in re.findall(r"\d+|\w+|\S", part.replace("−", "-")):
        lettered = re.fullmatch(r"([^\W\d_])(\d+)", token)
        found += [lettered[1], "_", lettered[2]] if lettered else [token]
    return tuple(found)
