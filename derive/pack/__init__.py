"""A book of many sheets: `derive pack`.

| module | what it is |
|---|---|
| `models` | YAML to Pack, with places and messages |
| `sheets`, `cache` | a spec to what the book needs of it; kept, so that only changed specs are derived anew |
| `markdown` | the user's Markdown to LaTeX, by which nothing of theirs is a command |
| `literature` | a BibTeX file to entries |
| `notation_table` | the table of notation, and one sign for two things |
| `book` | a pack and its sheets to the LaTeX of its volumes |
| `building`, `manifest` | volumes to PDFs, all of them or none; the pages of every part |
"""

from __future__ import annotations

from .building import Built, build
from .models import Pack, load, loads, schema

__all__ = ["Built", "Pack", "build", "load", "loads", "schema"]
