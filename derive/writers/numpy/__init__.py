"""A derivation as a plain NumPy module."""

from __future__ import annotations

from ...calculus.steps import Derivation
from . import check
from .module import code

__all__ = ["checked", "code"]


def checked(derivation: Derivation, title: str = "") -> str:
    """The module of a derivation, run before it is given. Raises CheckFailed where it does not compute what was derived."""
    text = code(derivation, title)
    check.require(text, derivation)
    return text
