"""The pages of every part of a volume, for the copy centre and for documents that include its pages."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import pikepdf

from ..errors import TypesetError
from ..writers.latex.escape import escape
from .book import Portion

LEVELS = {"sheet": 1, "solution": 1}
"""How deep a part's heading is: below a chapter. The others are chapters."""


def pages(pdf: bytes, portions: Sequence[Portion]) -> list[dict[str, Any]]:
    """Each part with its first and last page: their numbers in the file, from 1, and as they are printed."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        numbers = {page.obj.objgen: number for number, page in enumerate(document.pages, 1)}
        labels = [page.label for page in document.pages]
        places = {str(name): numbers[to[0].objgen] for name, to in pikepdf.NameTree(document.Root.Names.Dests).items()}
    found = []
    for portion in portions:
        ends = [places.get(f"{portion.mark}.{which}") for which in ("begin", "end")]
        if ends[0] is None or ends[1] is None:
            raise TypesetError(f"the PDF does not tell where {portion.kind} {portion.id or portion.title} stands")
        about = {"kind": portion.kind, "id": portion.id, "number": portion.number, "title": portion.title}
        printed = [labels[ends[0] - 1], labels[ends[1] - 1]]
        found.append({**{key: said for key, said in about.items() if said}, "pages": ends, "printed": printed})
    return found


def add_to_toc(found: Sequence[dict[str, Any]], name: str) -> str:
    r"""The option `addtotoc` of \includepdf, for a document that includes the whole volume: page, level, heading, label."""
    entries = []
    for part in found:
        if part["kind"] in ("title", "contents"):
            continue
        depth = LEVELS.get(part["kind"], 0)
        said = f"{part['number']} {part['title']}" if "number" in part else part["title"]
        mark = re.sub(r"[^A-Za-z0-9]+", "-", f"{name}-{part['kind']}-{part.get('id') or part.get('number', '')}").strip("-")
        level = "section" if depth else "chapter"
        entries.append(f"{part['pages'][0]},{level},{depth},{{{escape(said)}}},{mark}")
    return "addtotoc={" + ",".join(entries) + "}"
