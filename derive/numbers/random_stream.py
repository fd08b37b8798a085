"""From a student to a seed, from a seed to numbers, and what is printed so that the numbers can be had again.

Everything stands on SHA-2 and SHA-3 (FIPS 180-4, FIPS 202), which are the same on every machine and in every version of every
library. NumPy promises no such thing for what its generators draw, nor Python for anything but `random()`.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from itertools import count

from ..errors import SpecError

BITS = 48
"""A seed is exact as a number of JSON and of a spreadsheet, and twelve digits on paper."""

CODE = re.compile(r"([0-9a-f]{12})-([0-9]{1,6})")


def seed(salt: str, sheet: str, question: str, student: str) -> int:
    """The seed of one student's variant. It depends on these four texts alone, not on who else is on the roster."""
    parts = [unicodedata.normalize("NFC", part) for part in (salt, sheet, question, student)]
    text = json.dumps(["derive variant", *parts])  # a list: ("ab", "c") and ("a", "bc") are different
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[: BITS // 8], "big")


def spec_hash(text: str | bytes) -> str:
    """Twelve hexadecimal digits that stand for the text of a spec: all of it, comments too.

    Only a byte order mark and the kind of line ends do not count, since they change when a file is copied between systems.
    """
    found = text.encode("utf-8") if isinstance(text, str) else text
    found = found.removeprefix("\N{BYTE ORDER MARK}".encode()).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return hashlib.sha256(found).hexdigest()[:12]


@lru_cache(maxsize=1)
def version() -> str:
    """The version of this package, as it is installed."""
    return metadata.version("derive-sheets")


@dataclass(frozen=True)
class Stamp:
    """What sheet and key say about where their numbers come from: with it any one variant can be built again.

    seed, attempt: arguments of `draw.draw`. spec: the hash of the spec's text. version: of this package.
    """

    seed: int
    attempt: int
    spec: str
    version: str

    @property
    def code(self) -> str:
        """Seed and attempt, as they are printed and as `parse` reads them: `3f9a07c211de-0`."""
        return f"{self.seed:012x}-{self.attempt}"

    @property
    def whole(self) -> str:
        """All of it, as it is printed and as `read` takes it."""
        return f"{self.code} {self.spec} {self.version}"


def stamp(seed: int, attempt: int, spec: str | bytes) -> Stamp:
    """The stamp of a variant; `spec` is the text of the spec."""
    return Stamp(seed, attempt, spec_hash(spec), version())


def parse(code: str) -> tuple[int, int]:
    """Seed and attempt of a printed code. Raises SpecError."""
    found = CODE.fullmatch(code.strip().lower())
    if found is None:
        raise SpecError(f"`{code[:40]}` is not the code of a variant", hint="it is printed on the sheet: `3f9a07c211de-0`")
    return int(found[1], 16), int(found[2])


def read(printed: str, spec: str | bytes) -> tuple[int, int]:
    """Seed and attempt of what is printed on a sheet: the code, or the code and the hash of the spec, which must be this one's.

    Raises SpecError.
    """
    code, *more = printed.split() or [""]
    if more and more[0] != spec_hash(spec):
        raise SpecError(
            f"the variant {code[:40]} was made from another text of the spec ({more[0][:40]}, this one is {spec_hash(spec)})",
            hint="take the spec as it was when the sheets were made: with another one the numbers are others",
        )
    return parse(code)


def words(*labels: int | str) -> Iterator[int]:
    """An endless stream of 64-bit numbers that `labels` determine (SHAKE-256)."""
    text = json.dumps(["derive numbers", *labels]).encode("ascii")
    for block in count():
        data = hashlib.shake_256(text + b" %d" % block).digest(1024)
        for place in range(0, len(data), 8):
            yield int.from_bytes(data[place : place + 8], "big")
