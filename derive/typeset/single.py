"""One document to its PDF: a batch of one, whose log can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import TypesetError
from .document import parts
from .engine import find_engine
from .output import make_folder, write_whole
from .runs import Run, set_documents


def typeset(
    tex: str,
    pdf: Path,
    *,
    files: Mapping[str, str | bytes] | None = None,
    keep_log: Path | None = None,
    timeout: float = 60,
    source_date_epoch: int = 0,
) -> int:
    """Set the document `tex` and put the result at `pdf`, whole, or leave what was there; the number of its pages.

    `files` are further files, by name, that the document reads. The log goes to `keep_log` if that is given; after a failed run
    it is kept in any case, beside the PDF. Raises TypesetError with TeX's first error, OutputError where nothing can be written.
    """
    find_engine()
    document = parts(tex)
    make_folder(pdf.parent)
    (outcome,) = set_documents(Run(document.preamble, dict(files or {}), [(document, pdf)], timeout, source_date_epoch))
    failed = isinstance(outcome.error, TypesetError)
    kept = keep_log or (pdf.with_suffix(".log") if failed else None)
    if kept is not None and (outcome.log or not failed):
        write_whole(kept, outcome.log.encode("utf-8"))
    if outcome.error is not None:
        if kept is not None and outcome.log:
            outcome.error.hint = "\n  ".join(filter(None, (outcome.error.hint, f"the log is in {kept}")))
        raise outcome.error
    write_whole(pdf, outcome.data)
    return outcome.pages
