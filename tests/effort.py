"""How much work something takes: processor time, of this process and those that it waited for, since the clock on the wall runs
for everybody on the machine; and bounds on it by other work of the same run, since machines differ.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

YARD = 50_000


def cpu() -> float:
    """Seconds of processor time so far, of this process and of those that it started and that have ended."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def effort(work: Callable[[], object]) -> float:
    """Seconds of processor time that this work takes."""
    begun = cpu()
    work()
    return cpu() - begun


@contextmanager
def at_most(yards: float) -> Iterator[None]:
    """Fails where what is done takes more than so many times the work of building and sorting a table of 50,000 texts."""
    begun = cpu()
    yield
    spent = cpu() - begun
    yard = min(effort(_yard) for _ in range(3))
    assert spent <= yards * yard, f"{spent / yard:.0f} yards, {yards} are allowed"


def _yard() -> list[str]:
    return sorted({str(i * 7919 % YARD): i for i in range(YARD)})


def calls(work: Callable[[], object]) -> int:
    """How many calls of Python functions this work makes: the same on any machine, however busy."""
    count = 0

    def seen(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
