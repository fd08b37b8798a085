"""A few documents with one preamble to PDFs: shared runs of TeX, as many passes as their references need, and the split.

A document that TeX fails on is taken out and set alone, so that what is said of it is what would be said without the others, who
are run again. So what becomes of a document does not depend on its neighbours.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pikepdf

from ..errors import DeriveError, OutputError, TypesetError
from . import engine as engines
from .document import Parts, check_names
from .failure import explained
from .formats import Look, find_format, refuse_format, write_inputs
from .pdf.contents import NotRead
from .pdf.split import Told, Unsplittable, split, told
from .pdf.type1 import NotCut
from .twins import of_twin, references, remember, write_references

JOB = "sheet"
"""The name of a run's main file: fixed, so that a PDF's bytes do not depend on what it is called."""

MAX_PASSES = 3
_TAKEN = re.compile(r"sheet|many|init|derive|terminal|d\d+")
_OVERFULL = re.compile(r"^Overfull \\[hv]box \(.*$", re.MULTILINE)
_PICTURE = re.compile(r"\\begin\{tikzpicture\}(.*?)\\end\{tikzpicture\}", re.DOTALL)
_REFERS = re.compile(
    r"\\(?:label|(?:page|eq|auto|name)?ref|cite|the|the(?:page|section|equation)|arabic|value|footnote(?:mark|text)?|index|write|hyper\w*"
    r"|href|pdf\w*|csname|global|begin\{tikzpicture\})(?![a-zA-Z])|remember picture"
)
_REDEFINES = re.compile(
    r"\\(?:[egx]?def|let|(?:re|provide)?newcommand|(?:re)?newenvironment|tikzset|pgf\w*|definecolor|colorlet|catcode)(?![a-zA-Z])"
)
_COUNTS_PAGES = re.compile(r"abspage@last|PreviousTotalPages")


@dataclass(frozen=True)
class Run:
    """Documents to set together: what they share, and of each its parts and the name that it has in messages."""

    preamble: str
    files: Mapping[str, str | bytes]
    documents: Sequence[tuple[Parts, Path]]
    timeout: float
    epoch: int

    def only(self, which: Sequence[int]) -> Run:
        return replace(self, documents=[self.documents[i] for i in which])


@dataclass(frozen=True)
class Outcome:
    """What became of one document: its PDF and how many pages that has, or an error. `log`: TeX's, of a document set alone."""

    data: bytes = b""
    pages: int = 0
    error: DeriveError | None = None
    overfull: tuple[str, ...] = ()
    log: str = ""


def overfull(log: str) -> list[str]:
    """The lines of a TeX log that report something too wide or too high for its place."""
    return _OVERFULL.findall(log)


def set_documents(run: Run) -> list[Outcome]:
    """Set the documents of a run; an outcome for each, in their order."""
    check_names(run.files, _TAKEN)
    try:
        look = Look(engines.find_engine(), run.preamble, run.files)
        compiled = find_format(look, run.timeout)
        with tempfile.TemporaryDirectory(prefix="derive-", ignore_cleanup_errors=True) as name:
            found = _Setting(look, run, Path(name), compiled).outcomes()
    except DeriveError as error:
        return [Outcome(error=error)] * len(run.documents)
    except OSError as error:
        where = f" in {error.filename}" if error.filename else ""
        failed = OutputError(f"cannot write TeX's files{where}: {error.strerror or error}")
        return [Outcome(error=failed)] * len(run.documents)
    return [found[i] if i in found else set_documents(run.only([i]))[0] for i in range(len(run.documents))]


@dataclass
class _Setting:
    """A run under way in its build folder."""

    look: Look
    run: Run
    build: Path
    compiled: bytes | None
    known: dict[int, dict[str, str]] = field(default_factory=dict)
    done: dict[int, Outcome] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)

    def outcomes(self) -> dict[int, Outcome]:
        """What became of each document, by its number; those to be set alone are not among them."""
        self._prepare()
        left = list(range(len(self.run.documents)))
        passes = dict.fromkeys(left, 0)
        while left:
            for number in left:
                (self.build / f"d{number}.inf").unlink(missing_ok=True)
            status = self._tex(left)
            found = {number: about for number in left if (about := told(self.build, number)) is not None}
            log = engines.read_log(self.build, JOB)
            if self.compiled is not None and _wants_plain(status, bool(found), len(left) == 1):
                self._doubt_format(left)
                continue
            outside = engines.opened_outside(self.build, JOB)
            if outside and len(left) == 1:
                failed = TypesetError(f"the document reads {outside}, which is outside its folder")
                self.done[left[0]] = Outcome(error=failed, log=log)
                break
            if outside:
                self.apart.update(left)
                break
            ended = all(number in found and found[number].ended for number in left)
            if status != 0 or not ended or not (self.build / f"{JOB}.pdf").is_file():
                left = self._take_out(left, found, status, log)
                continue
            again = []
            for number in left:
                passes[number] += 1
                if passes[number] < MAX_PASSES and self._unsettled(number, found[number]):
                    again.append(number)
            self._split(left, set(again), found, log)
            left = again
        return self.done

    def _prepare(self) -> None:
        write_inputs(self.build, self.look)
        if self.compiled is not None:
            (self.build / "derive.fmt").write_bytes(self.compiled)
        for number, (document, _) in enumerate(self.run.documents):
            (self.build / f"d{number}.tex").write_text(document.body, encoding="utf-8", newline="\n")
            self.known[number] = of_twin(self.look.key, document.body)
            write_references(self.build, number, self.known[number])

    def _tex(self, which: Sequence[int]) -> int | None:
        begin = "" if self.compiled is not None else self.look.begin
        each = "".join(f"\\csname dt@document\\endcsname{{{number}}}{{{self._copies(number)}}}\n" for number in which)
        text = f"{begin}\\csname dt@begin\\endcsname\n{each}\\end{{document}}\n"
        (self.build / f"{JOB}.tex").write_text(text, encoding="utf-8", newline="\n")
        (self.build / f"{JOB}.pdf").unlink(missing_ok=True)
        options = [] if self.compiled is None else ["-fmt=derive"]
        seconds = self.run.timeout + len(which) - 1  # one that never ends is to be found out soon
        return engines.run(self.look.engine, self.build, [*options, f"{JOB}.tex"], seconds, self.run.epoch)

    def _copies(self, number: int) -> int:
        """Whether pictures of this document may be copied from others with the same text: 1 or 0."""
        body = self.run.documents[number][0].body
        return 0 if _REDEFINES.search(body) or any(_REFERS.search(picture) for picture in _PICTURE.findall(body)) else 1

    def _doubt_format(self, left: Sequence[int]) -> None:
        """TeX crashed, or did not come to the first document: where it gets along without the format, that is not used again."""
        self.compiled = None
        if self._tex(left) == 0:
            refuse_format(self.look)

    def _take_out(self, left: Sequence[int], found: Mapping[int, Told], status: int | None, log: str) -> list[int]:
        """After a failed run: the documents to run again, without the one that failed."""
        failure = engines.explain_status(status, self.run.timeout)
        if status == 0:
            failure = "TeX ended before the end of the document" if any(not about.ended for about in found.values()) else failure
        if not found or len(left) == 1:  # the preamble fails, which is the same for all; or there is nobody else
            for number in left:
                document, pdf = self.run.documents[number]
                self.done[number] = Outcome(error=explained(failure, log, pdf, document.above), log=log)
            return []
        failed = next((number for number in left if number not in found or not found[number].ended), left[-1])
        self.apart.add(failed)
        return [number for number in left if number != failed]

    def _unsettled(self, number: int, about: Told) -> bool:
        """Whether a document is to be run again, since it read references that have changed."""
        before, after = self.known[number], references(self.build, number)
        body = self.run.documents[number][0].body
        lists = {suffix for suffix in after if suffix != ".aux"}
        if before:
            changed = before != after
        else:
            everything = (body, self.look.preamble, *self.look.files.values())
            counted = any(_COUNTS_PAGES.search(text) for text in everything if isinstance(text, str))
            changed = about.unknown_reference or bool(lists) or counted
        self.known[number] = after
        if not changed and (before or lists):
            remember(self.look.key, body, after)
        return changed

    def _split(self, left: Sequence[int], again: set[int], found: Mapping[int, Told], log: str) -> None:
        logs = _logs(log)
        try:
            documents = [(number, found[number]) for number in left]
            for number, data in split(self.build / f"{JOB}.pdf", documents, again, self.run.epoch):
                pages = len(found[number].labels)
                error = None
                if not pages:
                    error = TypesetError("TeX set no page: the document is empty")
                wide = tuple(overfull(logs.get(number, "")))
                self.done[number] = Outcome(data, pages, error, wide, log if len(self.run.documents) == 1 else "")
        except (NotCut, NotRead, Unsplittable, pikepdf.PdfError) as error:
            if len(self.run.documents) == 1:
                failed = TypesetError(f"TeX made a PDF that cannot be taken apart: {error}")
                self.done[left[0]] = Outcome(error=failed, log=log)
            # These are set alone, where nothing has to be taken apart.


def _wants_plain(status: int | None, begun: bool, alone: bool) -> bool:
    crashed = status is not None and status in (-4, -6, -7, -8, -11)  # not for want of time or room
    return status not in (None, 0) and (not begun or (crashed and alone))


def _logs(log: str) -> dict[int, str]:
    """The part of a run's log for each document."""
    _, *found = re.split(r"^dt@document (\d+)$", log, flags=re.MULTILINE)
    return {int(number): text for number, text in zip(found[::2], found[1::2], strict=True)}
