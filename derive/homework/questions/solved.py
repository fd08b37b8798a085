"""A question with its solution, before it has a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...document.model import Mark, Prose, Text, UsualError


@dataclass(frozen=True)
class Solved:
    """A question and its solution, before it has a number."""

    ask: Any
    solution: tuple[Any, ...]
    marks: tuple[Mark, ...]
    given: tuple[Any, ...] = ()
    errors: tuple[UsualError, ...] = ()
    hint: tuple[str, ...] | Prose | Text = ()
    keys: tuple[str, ...] = ()
    """The tensors whose numbers are answers."""
    others: tuple[tuple[Any, ...], ...] = ()
    """Solutions that this question has with other seeds: the room is the same for all of them."""
