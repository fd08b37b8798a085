"""Many PDFs in one, for the printer: each begins on a right-hand page."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pikepdf

from .errors import OutputError
from .typeset import write_whole


def joined(paths: Sequence[Path], target: Path) -> int:
    """Put the files into one, in their order, with an empty page after an odd number of pages; how many pages it has.

    The result appears whole, and its bytes depend on the files alone.
    """
    try:
        with pikepdf.new() as whole:
            for path in paths:
                with pikepdf.open(path) as part:
                    whole.pages.extend(part.pages)
                    if len(part.pages) % 2:
                        whole.add_blank_page(page_size=_size(part.pages[-1]))
            count = len(whole.pages)
            with tempfile.TemporaryFile() as file:
                whole.save(file, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
                file.seek(0)
                write_whole(target, file.read())
    except (OSError, pikepdf.PdfError) as error:
        raise OutputError(f"cannot put {len(paths)} files together in {target}: {error}") from error
    return count


def _size(page: pikepdf.Page) -> tuple[float, float]:
    left, bottom, right, top = (float(x) for x in page.mediabox)
    return right - left, top - bottom
