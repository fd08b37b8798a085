r"""A document taken apart: the preamble, that many share, and the body, that is one's own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_BEGIN = re.compile(r"^(?P<before>(?:[^%\n]|\\%)*?)\\begin\{document\}", re.MULTILINE)
_END = re.compile(r"^(?P<before>(?:[^%\n]|\\%)*?)\\end\{document\}", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """One document to set: plain texts, so that it can go to another process or to another machine.

    `tex`: the whole document; `pdf`: where the PDF is to appear; `files`: further files, by name, that the document reads.
    """

    tex: str
    pdf: Path
    files: Mapping[str, str | bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Parts:
    """A document's preamble and body, and how many lines stand above the body."""

    preamble: str
    body: str
    above: int


def parts(tex: str) -> Parts:
    r"""Take a document apart at its \begin{document} and \end{document}; without them, all of it is preamble."""
    begin = _BEGIN.search(tex)
    if begin is None:
        return Parts(tex, "", 0)
    rest = tex[begin.end() :]
    end = _END.search(rest)
    body = rest[: end.end("before")] if end else rest
    return Parts(tex[: begin.end("before")], body, tex.count("\n", 0, begin.end()))


def check_names(files: Mapping[str, str | bytes], taken: re.Pattern[str]) -> None:
    """Only plain names: what a run reads lies in its folder, and is not one of its own files."""
    for name in files:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) or taken.fullmatch(Path(name).stem):
            raise ValueError(f"not a name for an input file of TeX: {name!r}")


def digest(*texts: str | bytes) -> str:
    """A name for these texts, that others do not have."""
    found = hashlib.sha256()
    for text in texts:
        encoded = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "big") + encoded)
    return found.hexdigest()[:32]
