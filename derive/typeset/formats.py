r"""Preambles compiled once: a format of TeX that holds all that comes before a document's own body.

It is kept in the user's cache folder (or in $DERIVE_CACHE), under a name made of all that it depends on. Nothing kept there is
ever needed: where a format cannot be made, written, read or trusted, TeX reads the preamble itself.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..cache import cache as cache
from . import engine as engines
from .document import digest

MANY = "many.tex"
KEPT = 6
"""How many formats are kept, some 20 MB each; the one that was not used for longest goes first."""

_FORMAT, _SUM, _REFUSED = "derive.fmt", "sum", "refused"


@dataclass(frozen=True)
class Look:
    """What documents must have in common to share a run: the preamble, the files beside it, and the TeX that reads them."""

    engine: str
    preamble: str
    files: Mapping[str, str | bytes]

    @property
    def begin(self) -> str:
        """What every run begins with, in a format or without; the lines are those of the document."""
        return self.preamble + ("" if self.preamble.endswith("\n") else "\n") + f"\\input{{{MANY}}}\n"

    @property
    def key(self) -> str:
        files = [text for name in sorted(self.files) for text in (name, self.files[name])]
        return digest("1", self.preamble, many(), engines.engine_version(self.engine), *files)


@lru_cache(maxsize=1)
def many() -> str:
    """The TeX code that sets many documents in one run."""
    return (Path(__file__).parent / MANY).read_text(encoding="utf-8")


def find_format(look: Look, seconds: float) -> bytes | None:
    """The format for a look: kept from earlier, or made now; None where there can be none. `seconds` bounds each run of TeX."""
    folder = cache() / "formats" / look.key
    if (folder / _REFUSED).is_file():
        return None
    found = _read(folder)
    if found is None:
        found = _make(look, seconds)
        if found is not None:
            _keep(folder, found)
    return found


def refuse_format(look: Look) -> None:
    """Never again use a format for this look: TeX did not get along with it."""
    folder = cache() / "formats" / look.key
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _REFUSED).touch()
        (folder / _FORMAT).unlink(missing_ok=True)
    _latest.clear()


def write_inputs(build: Path, look: Look) -> None:
    """Put into the build folder what every run reads."""
    for name, content in {**look.files, MANY: many()}.items():
        (build / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


_latest: dict[str, tuple[tuple[int, int], bytes]] = {}


def _read(folder: Path) -> bytes | None:
    """A format that was kept, if it is whole."""
    path = folder / _FORMAT
    try:
        stat = path.stat()
        state = (stat.st_size, stat.st_mtime_ns)
        if folder.name in _latest and _latest[folder.name][0] == state:
            return _latest[folder.name][1]
        data = path.read_bytes()
        if (folder / _SUM).read_text(encoding="ascii") != _sum(data):
            return None
        os.utime(folder)
    except (OSError, ValueError):
        return None
    _latest.clear()
    _latest[folder.name] = (state, data)
    return data


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _make(look: Look, seconds: float) -> bytes | None:
    """Compile the preamble, and try the format once: TeX writes some that it cannot read, as with fadings of TikZ."""
    with tempfile.TemporaryDirectory(prefix="derive-", ignore_cleanup_errors=True) as name:
        build = Path(name)
        try:
            write_inputs(build, look)
            (build / "init.tex").write_text(f"{look.begin}\\dump\n", encoding="utf-8", newline="\n")
            options = ["-ini", "-jobname=derive", f"&{Path(look.engine).stem}", "init.tex"]
            if engines.run(look.engine, build, options, seconds, 0) != 0:
                return None
            data = (build / _FORMAT).read_bytes()
            if data[:2] == b"\x1f\x8b":  # uncompressed it is read three times as fast
                data = gzip.decompress(data)
            (build / _FORMAT).write_bytes(data)
            tried = r"\csname dt@begin\endcsname x\csname @@end\endcsname"
            (build / "sheet.tex").write_text(tried, encoding="utf-8")
            if engines.run(look.engine, build, ["-fmt=derive", "sheet.tex"], seconds, 0) != 0:
                refuse_format(look)
                return None
        except (OSError, EOFError, zlib.error):
            return None
    return data


def _keep(folder: Path, data: bytes) -> None:
    """Put a format where the next build finds it, whole or not at all; of two builds at once, the first one's is kept. What is
    there and cannot be used makes way.
    """
    beside = folder.with_name(f".{os.getpid()}-{secrets.token_hex(4)}")
    try:
        beside.mkdir(parents=True)
        (beside / _FORMAT).write_bytes(data)
        (beside / _SUM).write_text(_sum(data), encoding="ascii")
        if os.path.lexists(folder) and _read(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                folder.unlink()
        beside.rename(folder)
    except OSError:
        pass
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    with suppress(OSError):
        kept = sorted((path for path in folder.parent.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
        for path in kept[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)
