"""Ctrl-C and SIGTERM at moments when Python would lose them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back what would end the program until the block is done; then it comes.

    While a process forks, Python prints and drops the exceptions of what runs before and after (os.register_at_fork), and with
    them a KeyboardInterrupt. A process that begins in the block notices no signal either, until it sets handlers of its own or
    becomes another program.
    """
    if threading.current_thread() is not threading.main_thread():  # where no signal arrives
        yield
        return
    came: list[int] = []
    before = {number: handler for number in ENDING if (handler := signal.getsignal(number)) not in (None, signal.SIG_IGN)}
    try:
        for number in before:
            signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in dict.fromkeys(came):
            signal.raise_signal(late)
