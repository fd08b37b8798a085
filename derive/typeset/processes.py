"""What a process that we start may use of the machine, and how it is stopped with all that it started."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress


def limits(seconds: float, memory: int, file: int) -> Callable[[], None] | None:
    """What a new process does first: bound its own time, memory and file size, in bytes (where the system can)."""
    if sys.platform == "win32":
        return None
    import resource

    wanted = (
        (resource.RLIMIT_CPU, math.ceil(seconds) + 1),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
    )

    def limit() -> None:
        for what, most in wanted:
            _, hard = resource.getrlimit(what)
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with suppress(OSError, ValueError):  # macOS refuses some of these; the time limit holds all the same
                resource.setrlimit(what, (bound, hard))

    return limit


def kill(process: subprocess.Popen[bytes]) -> None:
    """Stop a process that leads a session of its own, and all that it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
