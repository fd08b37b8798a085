"""Processes of our own that set documents, and how they end: with the work, with whoever started them, or on Ctrl-C.

Ctrl-C goes to all processes of a terminal at once. One that it hits while it hands over a result would leave a lock behind that
the others wait for, so it is for the starting process alone: that tells the others to stop, which they do where they can.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.process import BaseProcess
from typing import Any

from .interrupts import held_back
from .runs import Outcome, Run, set_documents

GRACE = 2.0
"""Seconds that a process has to clear up once the one that started it is gone."""


class Workers:
    """As many processes as are wanted."""

    def __init__(self, count: int) -> None:
        self._others: Sequence[BaseProcess] = multiprocessing.active_children()
        self._pool = ProcessPoolExecutor(count, initializer=_begin)

    def submit(self, run: Run) -> Future[list[Outcome]]:
        with held_back():  # the first run starts the processes
            return self._pool.submit(_work, run)

    def end(self, at_once: bool) -> None:
        """Wait until all are gone; at once: what they have in hand is given up."""
        if at_once:
            for process in multiprocessing.active_children():
                if process not in self._others:
                    process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)


class _State:
    """Of this worker: whether it has something in hand, and whether it is to take up no more."""

    busy = False
    stopped = False


class Stopped(BaseException):
    """Raised by SIGTERM in a worker that has something in hand."""


def _begin() -> None:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _stop(*_: Any) -> None:
    _State.stopped = True
    if _State.busy:  # and holds no lock, therefore
        raise Stopped


def _work(run: Run) -> list[Outcome]:
    _State.busy = True
    try:
        if _State.stopped:
            raise Stopped
        return set_documents(run)
    finally:
        _State.busy = False


def _follow() -> None:
    """End when the process is gone that has started this one; killed, it could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)
