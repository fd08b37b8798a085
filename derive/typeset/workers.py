"""Processes of our own that set documents, and how they end: with the work, with whoever started them, or on Ctrl-C.

Each has a connection of its own, with a thread at our end of it. In the standard library's pool all write into one pipe under one
lock: a process that is killed while it hands over a result, for its memory, say, leaves that lock behind, or half a result, and
everybody waits for ever. Here its connection ends, and that is seen.

Ctrl-C goes to all processes of a terminal at once. It is for the starting process alone: that tells the others to stop, which
they do where they can.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any

from .interrupts import held_back
from .runs import Outcome, Run, set_documents

GRACE = 2.0
"""Seconds that a process has to clear up once the one that started it is gone."""

Work = tuple[Run, "Future[list[Outcome]]"]


class Workers:
    """As many processes as are wanted. Once one of them has died, all work that is not done fails with BrokenProcessPool."""

    def __init__(self, count: int) -> None:
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._over = threading.Event()
        with held_back():
            ends = [_started() for _ in range(count)]
            for _, here in ends:
                with suppress(EOFError, OSError):  # then the first piece of work fails
                    here.recv()  # it is ready: before that a signal to it could be lost
        self._processes = [process for process, _ in ends]
        self._threads = [threading.Thread(target=self._carry, args=(here,), daemon=True) for _, here in ends]
        for thread in self._threads:
            thread.start()

    def submit(self, run: Run) -> Future[list[Outcome]]:
        future: Future[list[Outcome]] = Future()
        self._work.put((run, future))
        if self._over.is_set():
            self._fail_the_rest()
        return future

    def end(self, at_once: bool) -> None:
        """Wait until all are gone; at once: what they have in hand is given up."""
        if at_once:
            self._break()
        for _ in self._threads:
            self._work.put(None)
        for process in self._processes:
            process.join()
        for thread in self._threads:
            thread.join()
        self._fail_the_rest()

    def _carry(self, here: Connection) -> None:
        """Hand one process its work, piece by piece."""
        with here:
            while not self._over.is_set() and self._carry_one(here):
                pass
            _tell(here, None)
        if self._over.is_set():
            self._fail_the_rest()

    def _carry_one(self, here: Connection) -> bool:
        """Whether there was a piece of work. Nothing of it is kept here: a result is large."""
        work = self._work.get()
        if work is None:
            return False
        run, future = work
        if future.set_running_or_notify_cancel():
            try:
                here.send(run)
                found: list[Outcome] | BaseException = here.recv()
            except (EOFError, OSError):
                self._break()
                found = BrokenProcessPool("it was killed, or ran out of memory")
            except Exception as error:  # what cannot be sent
                found = error
            if isinstance(found, BaseException):
                future.set_exception(found)
            else:
                future.set_result(found)
        return True

    def _break(self) -> None:
        """Begin nothing more, and stop what is in hand."""
        self._over.set()
        for process in self._processes:
            process.terminate()
        for _ in self._threads:
            self._work.put(None)  # whoever waits for work

    def _fail_the_rest(self) -> None:
        """What nobody has begun."""
        others = 0
        with suppress(Empty):
            while True:
                work = self._work.get_nowait()
                if work is None:
                    others += 1  # that is how the other threads learn of it
                elif work[1].set_running_or_notify_cancel():
                    work[1].set_exception(BrokenProcessPool("another one was killed, or ran out of memory"))
        for _ in range(others):
            self._work.put(None)


def _started() -> tuple[multiprocessing.Process, Connection]:
    """A process, and our end of its connection. Nobody here keeps the other end: so it is closed when the process is gone."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    return process, here


def _tell(connection: Connection, what: object) -> None:
    with suppress(OSError):  # nobody is there any more
        connection.send(what)


def _serve(there: Connection) -> None:
    """What a process does: one run after the other, until there is none."""
    _begin()
    _tell(there, None)
    while True:
        try:
            run = there.recv()
        except (EOFError, OSError):
            return
        if run is None:
            return
        try:
            found: list[Outcome] | BaseException = _work(run)
        except Stopped:
            return
        except Exception as error:
            found = error
        _tell(there, found)


class Stopped(BaseException):
    """Raised by SIGTERM in a worker that has something in hand. One that waits, or hands over a result, just ends."""


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow, daemon=True).start()


def _stop(*_: Any) -> None:
    raise Stopped


def _work(run: Run) -> list[Outcome]:
    signal.signal(signal.SIGTERM, _stop)
    try:
        return set_documents(run)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _follow() -> None:
    """End when the process is gone that has started this one; killed, it could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)
