"""All kinds of questions: each module here is one, and its name is the kind's.

Raises TypeError where a module holds none of its name; a kind without targets, solution or judge cannot be made.
"""

from __future__ import annotations

from importlib import import_module

from ....spec.homework import KINDS as NAMES
from ..kind import Gradable, Kind


def registered(name: str) -> Kind:
    """The kind that the module of this name holds."""
    found = getattr(import_module(f".{name}", __name__), "KIND", None)
    if not isinstance(found, Kind) or found.name != name:
        raise TypeError(f"the module `{__name__}.{name}` holds no kind of question `{name}` as its KIND")
    return found


KINDS: dict[str, Kind] = {name: registered(name) for name in NAMES}

GRADABLE: dict[str, Gradable] = {one.name: one for kind in KINDS.values() for one in (kind, *kind.parts)}
"""What an answer can be given to, by the word before the quantity."""
