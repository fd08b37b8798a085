"""Fonts cut down to the glyphs of one document.

In a run of many documents TeX puts into the PDF what any of them needs of a font. Here a Type 1 font program as pdfTeX writes it
is cut down further, to just the bytes that pdfTeX would have written for fewer glyphs (save for the six letters before the
font's name), so that a document's fonts do not depend on its neighbours. The format: Adobe Type 1 Font Format, version 1.1
(1990), chapters 2, 6 and 7.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

_EEXEC, _CHARSTRING = 55665, 4330  # the keys that chapter 7 gives
_C1, _C2 = 52845, 22719
_RETURN = 11
_SUBR = re.compile(rb"dup (\d+) (\d+) (RD|-\|) ")
_GLYPH = re.compile(rb"/([^\s/]+) (\d+) (RD|-\|) ")
_SUBRS = re.compile(rb"/Subrs (\d+)( +array)")
_CHARSTRINGS = re.compile(rb"/CharStrings (\d+)( dict dup begin)")
_ENCODED = re.compile(rb"dup (\d+) ?/(\S+) put\n")
_NAME = re.compile(rb"(/FontName */)(?:[A-Z]{6}\+)?([^\s/]+)")
_KEPT_SUBRS = 4  # flex and hint replacement, always kept

_ACCENTS = dict(enumerate(["grave", "acute", "circumflex", "tilde", "macron", "breve", "dotaccent", "dieresis"], 193)) | {
    202: "ring",
    203: "cedilla",
    205: "hungarumlaut",
    206: "ogonek",
    207: "caron",
    245: "dotlessi",
}
_LETTERS = {code: chr(code) for code in range(128) if chr(code).isalpha()}
STANDARD_ENCODING = _LETTERS | _ACCENTS
"""Adobe's standard encoding, as far as accented letters are composed from it (`seac`)."""


class NotCut(Exception):
    """This font program is not of the form that pdfTeX writes, and cannot be cut down."""


def decrypted(data: bytes, key: int) -> bytes:
    """Chapter 7's decryption. The key moves on as a linear recurrence modulo 2^16, which numpy solves in one go."""
    cipher = np.frombuffer(data, np.uint8)
    power = np.cumprod(np.full(len(cipher), pow(_C1, -1, 65536), np.uint16), dtype=np.uint16)  # c1^-1, c1^-2, …
    step = cipher.astype(np.uint16) * np.uint16(_C1) + np.uint16(_C2)
    before = np.concatenate(([0], np.cumsum(step * power, dtype=np.uint16)[:-1])).astype(np.uint16) + np.uint16(key)
    forward = np.concatenate(([1], np.cumprod(np.full(len(cipher), _C1, np.uint16), dtype=np.uint16)[:-1])).astype(np.uint16)
    return (cipher ^ (before * forward >> np.uint16(8)).astype(np.uint8)).tobytes()


def encrypted(data: bytes, key: int) -> bytes:
    """Chapter 7's encryption, one byte after the other."""
    cipher = bytearray(len(data))
    for i, plain in enumerate(data):
        cipher[i] = byte = plain ^ (key >> 8)
        key = ((byte + key) * _C1 + _C2) & 0xFFFF
    return bytes(cipher)


_STUB = encrypted(bytes((0, 0, 0, 0, _RETURN)), _CHARSTRING)


def tag(glyphs: frozenset[str]) -> str:
    """Six capital letters that stand for a set of glyphs."""
    number = int.from_bytes(hashlib.sha256(" ".join(sorted(glyphs)).encode()).digest()[:8], "big")
    letters = ""
    for _ in range(6):
        number, letter = divmod(number, 26)
        letters += chr(ord("A") + letter)
    return letters


@dataclass(frozen=True)
class Cut:
    """A font program for some glyphs: compressed, and the lengths of its clear and of its encrypted part."""

    data: bytes
    clear: int
    closed: int


@dataclass
class Program:
    """A font program as pdfTeX writes it: its clear part, and the encrypted one."""

    clear: bytes
    closed: bytes
    _made: dict[frozenset[str], Cut] = field(default_factory=dict)
    _needs: dict[str, _Calls] = field(default_factory=dict)
    _widths: dict[str, float | None] = field(default_factory=dict)

    @cached_property
    def encoding(self) -> dict[int, str]:
        """The font's own encoding: the glyph for each code."""
        return {int(code): name.decode("latin-1") for code, name in _ENCODED.findall(self.clear)}

    def cut(self, glyphs: frozenset[str], name: str, whole: bool) -> Cut:
        """The program with only these glyphs (and .notdef), its font called `name`. `whole`: it has no others."""
        if glyphs not in self._made:
            clear = _NAME.sub(lambda m: m[1] + name.encode("latin-1"), self.clear, count=1)
            closed = self.closed
            if not whole:
                clear = _ENCODED.sub(lambda m: m[0] if m[2].decode("latin-1") in glyphs else b"", clear)
                closed = encrypted(self._cut_private(glyphs), _EEXEC)
            self._made[glyphs] = Cut(zlib.compress(clear + closed, 6), len(clear), len(closed))
        return self._made[glyphs]

    def width(self, glyph: str) -> float | None:
        """How wide the font says that a glyph is, in its own units, mostly thousandths of its size."""
        _, _, glyphs = self._private
        if glyph not in self._widths and glyph in glyphs.entries:
            self._widths[glyph] = _width(_clear(glyphs.entries[glyph][0][:32]))
        return self._widths.get(glyph)

    def _cut_private(self, wanted: frozenset[str]) -> bytes:
        private, subrs, glyphs = self._private
        kept = self._with_components(wanted)
        used = set(range(_KEPT_SUBRS)).union(*(self._calls(name).subrs for name in kept))
        size = max((n for n in used if str(n) in subrs.entries), default=-1) + 1
        ending = b" " + next(end.lstrip() for _, end in subrs.entries.values())
        shown = {str(n): subrs.entries[str(n)] if n in used else (_STUB, ending) for n in range(size)}
        there = {name: entry for name, entry in glyphs.entries.items() if name in kept}
        return b"".join((
            private[: subrs.start],
            subrs.written(shown, size),
            private[subrs.end : glyphs.start],
            glyphs.written(there, glyphs.count - len(glyphs.entries) + len(there)),
            private[glyphs.end :],
        ))  # fmt: skip

    def _with_components(self, wanted: frozenset[str]) -> set[str]:
        """The glyphs, .notdef, and what accented letters are composed of."""
        kept: set[str] = set()
        new = {".notdef", *wanted}
        while new:
            kept |= new
            new = {part for glyph in new for part in self._calls(glyph).letters} - kept
        return kept

    def _calls(self, glyph: str) -> _Calls:
        """What a glyph needs besides itself."""
        if glyph not in self._needs:
            _, subrs, glyphs = self._private
            needs = _Calls()
            if glyph in glyphs.entries:
                needs.follow(glyphs.entries[glyph][0], subrs.entries)
            self._needs[glyph] = needs
        return self._needs[glyph]

    @cached_property
    def _private(self) -> tuple[bytes, _Table, _Table]:
        private = decrypted(self.closed, _EEXEC)
        subrs = _table(private, _SUBRS, _SUBR, 0)
        if list(subrs.entries) != [str(n) for n in range(subrs.count)]:
            raise NotCut("subroutines are left out, or out of order")
        return private, subrs, _table(private, _CHARSTRINGS, _GLYPH, subrs.end)


@dataclass(frozen=True)
class _Table:
    """Subroutines or glyphs: where they stand in the private part, how one is written, and of each its bytes and how it ends."""

    start: int
    end: int
    count: int
    before: bytes
    after: bytes
    entry: bytes
    entries: dict[str, tuple[bytes, bytes]]

    def written(self, entries: dict[str, tuple[bytes, bytes]], count: int) -> bytes:
        parts = [self.before, b"%d" % count, self.after]
        parts += [self.entry % (name.encode("latin-1"), len(body), body) + end for name, (body, end) in entries.items()]
        return b"".join(parts)


def _table(private: bytes, heading: re.Pattern[bytes], each: re.Pattern[bytes], begin: int) -> _Table:
    found = heading.search(private, begin)
    first = each.search(private, found.end()) if found else None
    if found is None or first is None:
        raise NotCut("a table of a font program is not found")
    before, after = private[found.start() : found.start(1)], private[found.end(1) : first.start()]
    entries: dict[str, tuple[bytes, bytes]] = {}
    at = first.start()
    while entry := each.match(private, at):
        end = entry.end() + int(entry[2])
        at = private.find(b"\n", end) + 1
        entries[entry[1].decode("latin-1")] = private[entry.end() : end], private[end:at]
    mark = b"dup %s %d " if first[0].startswith(b"dup") else b"/%s %d "
    return _Table(found.start(), at, int(found[1]), before, after, mark + first[3] + b" %s", entries)


@dataclass
class _Calls:
    """The subroutines that a charstring runs through, and the letters that it is composed of."""

    subrs: set[int] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    stack: list[float] = field(default_factory=list)
    handed: list[float] = field(default_factory=list)  # what a PostScript routine leaves for pop

    def follow(self, body: bytes, subrs: dict[str, tuple[bytes, bytes]], depth: int = 0) -> None:
        """Run through a charstring, as far as its calls need: numbers, calls, and what clears the stack."""
        if depth > 10:
            raise NotCut("subroutines call each other without end")
        code, at = _clear(body), 0
        while at < len(code):
            byte = code[at]
            at += 1
            if byte >= 32:
                number, at = _number(code, byte, at)
                self.stack.append(number)
            elif byte == 10:  # callsubr
                called = int(self._pop())
                self.subrs.add(called)
                if str(called) not in subrs:
                    raise NotCut("a subroutine is missing")
                self.follow(subrs[str(called)][0], subrs, depth + 1)
            elif byte == 12:
                self._escaped(code[at])
                at += 1
            elif byte != _RETURN:
                self.stack.clear()

    def _escaped(self, byte: int) -> None:
        if byte == 6:  # seac
            self.letters |= {STANDARD_ENCODING[int(code)] for code in self.stack[-2:] if int(code) in STANDARD_ENCODING}
            self.stack.clear()
        elif byte == 12:  # div
            below = self._pop()
            self.stack.append(self._pop() / (below or 1))
        elif byte == 16:  # callothersubr
            self._pop()
            self.handed = [self._pop() for _ in range(int(self._pop()))]
        elif byte == 17:  # pop
            self.stack.append(self.handed.pop(0) if self.handed else 0)
        else:
            self.stack.clear()

    def _pop(self) -> float:
        if not self.stack:
            raise NotCut("a charstring takes more than it has")
        return self.stack.pop()


def _number(code: bytes, byte: int, at: int) -> tuple[int, int]:
    """A number of a charstring that begins with `byte`, and where the next one begins."""
    if byte < 247:
        return byte - 139, at
    if byte < 251:
        return (byte - 247) * 256 + code[at] + 108, at + 1
    if byte < 255:
        return -(byte - 251) * 256 - code[at] - 108, at + 1
    return int.from_bytes(code[at : at + 4], "big", signed=True), at + 4


def _width(code: bytes) -> float | None:
    """What the first command of a glyph, hsbw, says; None where it is another."""
    stack: list[float] = []
    at = 0
    while at < len(code) - 4:
        byte, at = code[at], at + 1
        if byte >= 32:
            number, at = _number(code, byte, at)
            stack.append(number)
        elif byte == 12 and code[at] == 12 and len(stack) > 1 and stack[-1]:  # div
            stack[-2:] = [stack[-2] / stack[-1]]
            at += 1
        else:
            return stack[-1] if byte == 13 and len(stack) == 2 else None
    return None


def _clear(body: bytes) -> bytes:
    """A charstring without its encryption, and without the four bytes before it."""
    key, out = _CHARSTRING, bytearray(len(body))
    for i, byte in enumerate(body):
        out[i] = byte ^ (key >> 8)
        key = ((byte + key) * _C1 + _C2) & 0xFFFF
    return bytes(out[4:])
