"""What can go wrong, said once and clearly.

Every error that a user can cause is a `DeriveError`: where it is, what was found, what would be right. The command line prints
it and exits with `exit_code`; anything else that escapes is a defect of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Place:
    """A place in a file; line and column count from 1."""

    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


class DeriveError(Exception):
    """An error to show to the user: a message, a place, and what would be right."""

    exit_code = 2

    def __init__(self, message: str, *, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def at(self, place: Place) -> DeriveError:
        """The same error, with its place filled in where it had none."""
        if self.place is None:
            self.place = place
        return self

    def bare(self) -> Self:
        """The same error without the frames that it came through and what these hold: to be kept."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place and str(self.place) else ""
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{where}{self.message}{hint}"


class SpecError(DeriveError):
    """The spec cannot be read, or says something that cannot be built."""


class EquationError(SpecError):
    """An equation of the user's cannot be understood. `column` counts from 1 inside the equation's text."""

    def __init__(self, message: str, *, text: str = "", column: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.column = column


class ViewError(SpecError):
    """The notation asked for does not exist for this network."""


class OutputError(DeriveError):
    """A result cannot be written."""

    exit_code = 3


class TypesetError(DeriveError):
    """TeX is missing or stopped; the message carries its own first error."""

    exit_code = 4


class CheckFailed(DeriveError):
    """A displayed equation is wrong. The build stops: nothing unchecked is printed."""

    exit_code = 1


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: the nearest known one, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(found, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return "known here: " + ", ".join(names) if names else ""
