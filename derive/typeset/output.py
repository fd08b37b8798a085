"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import OutputError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all; an earlier one stays until then."""
    with writing_whole(path) as file:
        file.write(data)


@contextmanager
def writing_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to piece by piece, that appears whole once all is written; after an error, an earlier one stays."""
    path = path.resolve()  # through a symbolic link, to replace what it points to
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe or a device cannot be replaced
            with path.open("wb") as file:
                yield file
            return
        rights = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
        temporary = path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.part")
        try:
            with temporary.open("xb") as file:
                yield file
            if rights is not None:
                temporary.chmod(rights)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; an OutputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror or error}") from error


def sweep(folder: Path) -> None:
    """Remove what runs that were killed left half-written in a folder; what a living process is writing stays."""
    for path in folder.glob(".*-*.part"):
        number = path.name[1:].partition("-")[0]
        if number.isdigit() and not _alive(int(number)):
            with suppress(OSError):
                path.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
