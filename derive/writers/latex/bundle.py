"""Sheets as a zip file that compiles as it is, where the user has nothing but TeX: an online LaTeX editor, say."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from ...resources import folder

WORDS = "bundle.txt"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: the earliest that the format knows, so that the same sheets give the same bytes."""


def bundle(sheets: Mapping[str, str], style: Mapping[str, str | bytes]) -> bytes:
    """The zip file. `sheets`: whole documents by file name; `style`: what they need beside them.

    Sorted, and with fixed times and rights: the same contents give the same bytes.
    """
    files = {**style, **sheets, "README.txt": _readme(list(sheets))}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = files[name]
            archive.writestr(entry, content.encode("utf-8") if isinstance(content, str) else content, compresslevel=9)
    return made.getvalue()


def _readme(names: list[str]) -> str:
    words = (folder() / "latex" / WORDS).read_text("utf-8")
    return words.replace("%%SHEETS%%", "\n".join(f"    {name}" for name in names)).replace("%%FIRST%%", names[0])
