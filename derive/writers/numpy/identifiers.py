"""Names -> Python identifiers: readable, and none that the text they stand in uses for something else."""

from __future__ import annotations

import builtins
import keyword
import re
from copy import copy

from ...calculus.steps import Derivation
from ...expressions.system import COUNT, Tensor, cotangent
from ...network import catalogue
from ...notation.glyphs import UNICODE_GREEK

WORDS = ("np", "math", "array", "forward", "gradients", "values", "known", "softmax", "erf")
"""What the module's own text uses."""


class Identifiers:
    """Identifiers: readable, and none that Python, NumPy or this module's text uses already."""

    def __init__(self, derivation: Derivation) -> None:
        functions = catalogue.functions()
        self.taken = {
            *keyword.kwlist,
            *keyword.softkwlist,
            *dir(builtins),
            *WORDS,
            *(function_name(name, order) for name in functions for order in range(3)),
        }
        self.found: dict[str, str] = {}
        self.letters: dict[str, str] = {}
        system = derivation.system
        for key in system.tensors:
            self.found[key] = self.fresh(_identifier(system.tensors[key].base if key == COUNT else key))
        if system.examples is not None and COUNT not in self.found:
            self.found[COUNT] = self.fresh("N")
        for key in dict.fromkeys([*derivation.gradients, *derivation.seeds]):
            tensor = system.tensors[key]
            self.found[cotangent(key)] = self.fresh(_signal(tensor) if tensor.signal else f"grad_{self.found[key]}")

    def scope(self) -> Identifiers:
        """The same identifiers, to which a function may add its own."""
        own = copy(self)
        own.taken, own.letters = set(self.taken), dict(self.letters)
        return own

    def of(self, key: str) -> str:
        """The identifier of a tensor, or of a cotangent."""
        return self.found[key]

    def letter(self, letter: str) -> str:
        """The identifier of an index array."""
        if letter not in self.letters:
            self.letters[letter] = self.fresh(letter)
        return self.letters[letter]

    def fresh(self, wanted: str) -> str:
        """`wanted`, or the like of it that is free."""
        name, number = wanted, 1
        while name in self.taken:
            name, number = f"{wanted}_{number if number > 1 else ''}", number + 1
        self.taken.add(name)
        return name


def _identifier(key: str) -> str:
    """W.2 as W2, `C each` as C_each, θ as theta."""
    base, _, layer = key.partition(".")
    for letter, spelt in UNICODE_GREEK.items():
        base = base.replace(letter, spelt)
    base = re.sub(r"[^A-Za-z0-9_]", "_", base)
    name = f"{base}_{layer}" if base[-1:].isdigit() and layer else base + re.sub(r"\W", "_", layer)
    return name if name[:1].isalpha() else f"v{name}"


def _signal(tensor: Tensor) -> str:
    """delta2 for that of z in layer 2, delta for that of an own z, delta_s for that of an own s."""
    if tensor.cased:
        return f"delta{'' if tensor.layer is None else tensor.layer}"
    own = _identifier(tensor.base)
    return f"delta{own[1:]}" if own == "z" or (own[1:].isdigit() and own[0] == "z") else f"delta_{own}"


def function_name(name: str, order: int) -> str:
    """The identifier of a catalogue function's derivative: tanh, dtanh, d2tanh."""
    return ("" if order == 0 else "d" if order == 1 else f"d{order}") + name
