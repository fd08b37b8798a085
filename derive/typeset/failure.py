"""What TeX's log says about a failed run, for the one who wrote the document."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import Place, TypesetError
from .engine import INSTALL

_ERROR = re.compile(r"^(?:(?:\./)?(?P<file>[^\s:()]+\.\w+):(?P<line>\d+): |! ?)(?P<message>\S.*)$", re.MULTILINE)
_SOURCE_LINE = re.compile(r"^l\.(?P<line>\d+) (?P<text>.*)$", re.MULTILINE)
_NOT_INSTALLED = re.compile(
    r"File `[^']+\.(?:sty|cls|def|fd|cfg|clo)' not found"
    r"|I did not find the tikz library"
    r"|not loadable: Metric \(TFM\) file"
    r"|[Ff]ont \S+ at \d+ not found"
    r"|can't find the format file"
)
_OURS = re.compile(r"(?:d\d+|sheet)\.tex")


def explained(failure: str, log: str, pdf: Path, above: int, kept: Path | None = None) -> TypesetError:
    """The error to show: TeX's own first error with its line, else `failure`, which says what ended the run; how to install
    what is missing. The lines of the body are counted in the whole document: `above` stand before them.
    """
    hints = [] if kept is None else [f"the log is in {kept}"]
    if _NOT_INSTALLED.search(log):
        hints.append(INSTALL)
    found = _ERROR.search(log)
    if found is None or not failure.startswith("TeX stopped"):
        return TypesetError(failure, place=Place(pdf.with_suffix(".tex").name), hint="\n  ".join(hints))
    file = found["file"]
    ours = file is None or _OURS.fullmatch(file) is not None
    begun = "dt@document" in log[: found.start()]
    shift = above if ours and begun else 0
    source = _SOURCE_LINE.search(log, found.end())
    line = int(found["line"]) if found["line"] else int(source["line"]) if source else None
    if source is not None:
        hints.insert(0, f"l.{int(source['line']) + shift} {source['text']}".rstrip())
    name = pdf.with_suffix(".tex").name if ours else file
    return TypesetError(found["message"], place=Place(name, line + shift if line else None), hint="\n  ".join(hints))
