"""Many documents to many PDFs, on all cores or on any executor, in memory that does not grow with their number."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from ..errors import DeriveError, OutputError, TypesetError
from .document import Job, Parts, parts
from .output import make_folder, write_whole
from .runs import Outcome, Run, set_documents
from .workers import Workers

SHARED = 24
"""How many documents share a run of TeX, at most: what a run costs by itself is then less than a twentieth of it."""

MAX_RESTARTS = 3


@dataclass(frozen=True)
class Result:
    """What became of a job: its number, counted from 0, and where its PDF is and how many pages that has; or what went wrong.

    `error` is a TypesetError with TeX's own first error in this document, or an OutputError. `overfull` are the lines of TeX's
    log that report something too wide.
    """

    job: int
    pdf: Path
    pages: int = 0
    error: DeriveError | None = None
    overfull: tuple[str, ...] = ()


def batch(
    jobs: Iterable[Job],
    *,
    executor: Executor | None = None,
    processes: int | None = None,
    timeout: float = 60,
    source_date_epoch: int = 0,
) -> Iterator[Result]:
    """Set many documents. The results come in the order of the jobs, each when its PDF is in its place.

    Jobs that follow each other and have the same preamble and files share runs of TeX; the bytes of a PDF do not depend on that.
    A document that fails is reported in its own result, and costs no other document anything. `jobs` is read as far ahead as
    there is work for. `executor` carries the work, as plain texts there and bytes back (which are written here); without one,
    as many `processes` do as there are cores. `timeout` bounds the time of one document, in seconds.
    """
    workers = processes or os.cpu_count() or 1
    pending: deque[_Chunk] = deque()
    ahead = _chunks(enumerate(jobs), workers, timeout, source_date_epoch)
    with _Carrier(executor, workers) as carrier:
        while True:
            for chunk in islice(ahead, max(0, 2 * workers - len(pending))):
                carrier.begin(chunk)
                pending.append(chunk)
            if not pending:
                return
            chunk = pending.popleft()
            outcomes = carrier.end(chunk, pending)
            for (number, job), outcome in zip(chunk.jobs, outcomes, strict=True):
                yield _written(number, job, outcome)


@dataclass
class _Chunk:
    """Jobs for one run, and where their outcome will be."""

    jobs: list[tuple[int, Job]]
    run: Run
    future: Future[list[Outcome]] | None = None


class _Carrier:
    """An executor: the caller's, or processes of our own, which are started anew when one of them was killed."""

    def __init__(self, executor: Executor | None, workers: int) -> None:
        self._given, self._workers = executor, workers
        self._own: Workers | None = None
        self._restarts = 0

    def __enter__(self) -> _Carrier:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._own is not None:
            self._own.end(at_once=kind is not None)

    def begin(self, chunk: _Chunk) -> None:
        if self._given is not None:
            chunk.future = self._given.submit(set_documents, chunk.run)
            return
        self._own = self._own or Workers(self._workers)
        chunk.future = self._own.submit(chunk.run)

    def end(self, chunk: _Chunk, others: Iterable[_Chunk]) -> list[Outcome]:
        while True:
            assert chunk.future is not None
            try:
                return chunk.future.result()
            except BrokenProcessPool as error:
                self._restarts += 1
                if self._given is not None or self._restarts > MAX_RESTARTS:
                    return _failed(chunk, TypesetError(f"a process that set documents was ended from outside: {error}"))
                if self._own is not None:
                    self._own.end(at_once=True)
                    self._own = None
                for one in (chunk, *others):
                    if one.future is None or not one.future.done() or one.future.exception() is not None:
                        self.begin(one)
            except (Exception, CancelledError) as error:  # what an executor of the caller's may report
                lost = error if isinstance(error, DeriveError) else TypesetError(f"a batch was lost: {error!r}")
                return _failed(chunk, lost.bare())


def _failed(chunk: _Chunk, error: DeriveError) -> list[Outcome]:
    return [Outcome(error=error)] * len(chunk.jobs)


def _chunks(jobs: Iterator[tuple[int, Job]], workers: int, timeout: float, epoch: int) -> Iterator[_Chunk]:
    """Runs of documents that follow each other and share what they can; where few are left, every worker gets some."""
    while some := list(islice(jobs, SHARED * workers)):
        taken = [(number, job, parts(job.tex)) for number, job in some]
        for (preamble, _), group in groupby(taken, key=lambda one: (one[2].preamble, dict(one[1].files))):
            alike = list(group)
            size = min(SHARED, -(-len(alike) // workers))
            for i in range(0, len(alike), size):
                part = alike[i : i + size]
                files: Mapping[str, str | bytes] = dict(part[0][1].files)
                documents: list[tuple[Parts, Path]] = [(found, job.pdf) for _, job, found in part]
                yield _Chunk([(number, job) for number, job, _ in part], Run(preamble, files, documents, timeout, epoch))


def _written(number: int, job: Job, outcome: Outcome) -> Result:
    error = outcome.error
    if error is None:
        try:
            make_folder(job.pdf.parent)
            write_whole(job.pdf, outcome.data)
        except OutputError as failure:
            error = failure.bare()
    return Result(number, job.pdf, 0 if error else outcome.pages, error, outcome.overfull)
