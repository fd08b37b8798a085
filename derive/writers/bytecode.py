"""The code that Jinja makes of our templates, kept between runs."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from ..cache import cache
from ..resources import PACKAGE


class Compiled(jinja2.BytecodeCache):
    """Jinja's code for the templates in our own folder. A teacher's templates are not kept: they change, and are few.

    A file holds a sum over this program and the code: what Jinja has worked out beforehand depends on both.
    """

    def __init__(self, ours: Path) -> None:
        self._ours = ours

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        if filename is None or not Path(filename).is_relative_to(self._ours):
            return ""
        return hashlib.sha256(os.fsencode(f"{name}\n{filename}")).hexdigest()[:32]

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key:
            with suppress(OSError):
                data = _place(bucket.key).read_bytes()
                if data[:32] == _sum(data[32:]):
                    bucket.bytecode_from_string(data[32:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not bucket.key:
            return
        path = _place(bucket.key)
        beside = path.with_name(f".{bucket.key}-{os.getpid()}")
        data = bucket.bytecode_to_string()
        try:
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                beside.write_bytes(_sum(data) + data)
                beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink()


def _place(key: str) -> Path:
    return cache() / "templates" / key


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(_program() + data).digest()


@lru_cache(maxsize=1)
def _program() -> bytes:
    """What tells this program from another, without reading it."""
    files = sorted(PACKAGE.rglob("*.py"))
    states = [f"{path.relative_to(PACKAGE)} {stat.st_size} {stat.st_mtime_ns}" for path in files for stat in (path.stat(),)]
    return "\n".join([sys.version, jinja2.__version__, *states]).encode()
