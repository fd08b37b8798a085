"""What earlier runs have done, and this one: a line on disk for every PDF in its place, so that a run that was killed goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "journal.jsonl"


@dataclass(frozen=True)
class Done:
    """A PDF that is there: made from which text, its own hash, its pages."""

    made_from: str
    sha256: str
    pages: int

    def holds(self, path: Path) -> bool:
        """Whether the PDF is still what it was."""
        return path.is_file() and file_hash(path) == self.sha256


class Journal:
    """The journal of a folder: of each file the latest line counts, of which memory holds the place."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._places: dict[str, int] = {}
        self._cut_off = False
        if self._path.is_file():
            with self._path.open("rb") as lines:
                at = 0
                for line in lines:
                    if found := _read(line):
                        self._places[found[0]] = at
                    at += len(line)
                    self._cut_off = not line.endswith(b"\n")

    def get(self, file: str) -> Done | None:
        if file not in self._places:
            return None
        with self._path.open("rb") as lines:
            lines.seek(self._places[file])
            found = _read(lines.readline())
        return found[1] if found and found[0] == file else None

    def note(self, file: str, done: Done) -> None:
        line = json.dumps({"file": file, **asdict(done)}).encode("ascii") + b"\n"
        with self._path.open("ab", buffering=0) as lines:
            lines.write(b"\n" + line if self._cut_off else line)
            self._places[file] = lines.tell() - len(line)  # afterwards: another run may write to it, too
        self._cut_off = False


def _read(line: bytes) -> tuple[str, Done] | None:
    """A line of the journal; a last one that was cut off does not count."""
    try:
        entry = json.loads(line)
        return str(entry["file"]), Done(entry["made_from"], entry["sha256"], entry["pages"])
    except (ValueError, KeyError, TypeError):
        return None


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
