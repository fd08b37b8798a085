"""Values by name, in a file that is gone when the program ends: of each, memory holds its name and its place."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Shelf(Mapping[str, T], Generic[T]):
    """A mapping that is filled once and read often. What is read is a copy each time: it is not to be changed."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed below); it has no name, so nobody else reads or writes it
        self._places: dict[str, int] = {}
        weakref.finalize(self, self._file.close)

    def put(self, name: str, value: T) -> None:
        self._places[name] = self._file.seek(0, 2)
        pickle.dump(value, self._file, pickle.HIGHEST_PROTOCOL)

    def arrange(self, names: Iterable[str]) -> None:
        """Put the names into another order."""
        self._places = {name: self._places[name] for name in names}

    def __getitem__(self, name: str) -> T:
        self._file.seek(self._places[name])
        found: T = pickle.load(self._file)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
