r"""LaTeX text to PDF files: the engine, the precompiled preamble, the passes, the fence around it, one document or many.

TeX is a programming language, and a sheet's text comes in part from a user. So a run happens in a folder of its own, without
shell escape, reading and writing only there (and in TeX's own trees), under a bound on time, memory and file size. Nothing of
the user's environment reaches it and the clock is fixed, so that the same text gives the same bytes. The PDF appears whole or
not at all: an earlier one stays until the new one is ready.

| module | what it is |
|---|---|
| `document` | a document's preamble and body; Job |
| `engine`, `fence` | one run of TeX, and the bounds around it |
| `formats`, `many.tex` | preambles compiled once; how documents share a run |
| `runs`, `twins`, `failure` | passes, references known beforehand, what is said of a failure |
| `split`, `contents`, `fonts`, `type1` | the PDF of a run to the PDF of each document |
| `batch`, `workers`, `interrupts` | many documents, on many cores; when it is interrupted |
"""

from __future__ import annotations

from .batch import Result, batch
from .document import Job
from .engine import INSTALL, find_engine
from .output import write_whole, writing_whole
from .runs import overfull
from .single import typeset

__all__ = ["INSTALL", "Job", "Result", "batch", "find_engine", "overfull", "typeset", "write_whole", "writing_whole"]
