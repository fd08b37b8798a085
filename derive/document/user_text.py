"""A teacher's own text, with the mathematics in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import DeriveError, EquationError, SpecError, did_you_mean
from ..expressions import language
from ..expressions.system import System
from ..network.catalogue import functions
from ..notation import typed
from ..spec.fields import short


def marked(text: str, system: System, read: Callable[[str, DeriveError], Any] | None = None) -> tuple[Any, ...]:
    """The user's text, with what stands in backquotes as mathematics in the language of the equations, as it was typed.

    read: what is made of a piece that is none of it, or that names layers, and of the error; without it, words are shown as they
    were typed. Raises SpecError for what is meant as an equation and cannot be read.
    """
    parts: list[Any] = []
    for place, piece in enumerate(re.split(r"`([^`]*)`", text)):
        if place % 2 == 0:
            parts.append(piece)
        else:
            parts.append(_maths(piece, system, read))
    return tuple(p for p in parts if p != "")


def _maths(text: str, system: System, read: Callable[[str, DeriveError], Any] | None) -> Any:
    try:
        found = typed.read(text, typed.ranks(system))
        unknown = [name for name in found.names() if name not in found.ranks and (read is not None or not typed.is_letter(name))]
        if unknown and "=" not in text and not is_function(text):
            hint = did_you_mean(unknown[0], found.ranks)
            raise EquationError(f"`{unknown[0]}` is not a name of this sheet", text=text, hint=hint)
        if read is not None and found.layers():  # the sheet's own signs for them
            return read(text, EquationError("a layer is named", text=text))
        return found
    except DeriveError as error:
        if read is not None:
            return read(text, error)
        if typed.is_meant(text):
            raise unreadable(text, error) from None
        return text


def is_function(text: str) -> bool:
    """Whether a text is the name of a function, and nothing else."""
    return text.strip() in {*functions(), *language.BUILT_IN}


def unreadable(text: str, error: DeriveError) -> SpecError:
    """The error for what is meant as an equation."""
    hint = "in backquotes stands mathematics as in `equations:`; code that looks like it stands in a block of its own"
    return SpecError(f"`{short(text)}` in backquotes cannot be read: {error.message}", hint=error.hint or hint)
