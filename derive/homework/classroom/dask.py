"""A Dask cluster as an executor: `derive homework … --scheduler tcp://HOST:8786`. An optional extra.

The cluster's machines need derive and TeX, the same versions as here if the bytes are to be the same. What is sent to them are
plain texts, what comes back are PDFs; a worker that is lost on the way costs nothing, since the scheduler gives its work to
another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import util

from ...errors import DeriveError
from ...numbers import random_stream
from ...typeset import find_engine

INSTALL = "pip install 'derive-sheets[cluster]'"
EXAMPLE = "name the scheduler as in `--scheduler tcp://192.168.0.10:8786`"
RETRIES = 2
"""How often work that failed by itself is tried again: on another machine it may succeed."""


@dataclass(frozen=True)
class Cluster:
    """An executor for `typeset.batch`, and how many things the cluster does at a time."""

    executor: Executor
    slots: int


@contextmanager
def connected(address: str, seconds: float = 10, trial: float = 60) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`. Work that has not been done at the end is dropped.

    `seconds` bounds how long the scheduler is waited for, `trial` how long a first piece of work may take: a cluster that grows
    on demand starts its workers with it. Raises DeriveError: not installed, not reached, not able to set a sheet.
    """
    if util.find_spec("distributed") is None:
        raise DeriveError("a cluster needs Dask's `distributed`, which is not installed", hint=INSTALL)
    from distributed import Client

    _require_scheduler(address, seconds)
    client = Client(address, timeout=seconds, set_as_default=False)
    with client:
        executor = client.get_executor(pure=False, retries=RETRIES)
        _require_able(executor, address, trial)
        yield Cluster(executor, max(1, sum(client.nthreads().values())))


def _require_scheduler(address: str, seconds: float) -> None:
    """Ask who is there, before a client is made, which would go on trying."""
    from distributed import rpc

    async def identity() -> str:
        async with rpc(address, timeout=seconds) as there:
            return str((await asyncio.wait_for(there.identity(), seconds))["type"])

    try:
        found = asyncio.run(identity())
    except Exception as error:  # nobody there; not an address; somebody who speaks otherwise
        said = str(error).partition("\n")[0] if isinstance(error, OSError | ValueError) else "what answers is not a scheduler"
        why = said or "no answer in time"
        raise DeriveError(f"the scheduler at `{address}` cannot be reached: {why}", hint=EXAMPLE) from error
    if found != "Scheduler":
        raise DeriveError(f"at `{address}` there is no scheduler, but a {found.lower()}", hint=EXAMPLE)


def _require_able(executor: Executor, address: str, seconds: float) -> None:
    """One piece of work to see whether the cluster has workers, and these have what they need."""
    try:
        found = executor.submit(able).result(timeout=seconds)
    except TimeoutError:
        hint = "start some: dask worker " + address
        raise DeriveError(f"no worker of the cluster at `{address}` took up work within {seconds:g} s", hint=hint) from None
    except Exception as error:  # whatever is missing there
        raise DeriveError(
            f"the workers of the cluster at `{address}` cannot set sheets: {error}", hint="they need derive and TeX, as here"
        ) from error
    if found != random_stream.version():
        raise DeriveError(
            f"the workers of the cluster at `{address}` have derive {found}, here it is {random_stream.version()}",
            hint="the same sheets are only made by the same version",
        )


def able() -> str:
    """Said by a worker: its version of derive. Raises TypesetError where there is no TeX."""
    find_engine()
    return random_stream.version()
