"""Keys -> glyphs: how a tensor's name is written, with its layer number, its accents and its subscript.

A name is written as a person would: `theta` is θ, `h_prev` has a subscript in roman, `W_q` one in italics, `x_hat` a hat, `h1` a
number. A spec may override a name in the same small language (`h_{t-1}`), never in TeX.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from ..expressions.system import COUNT, System, Tensor, is_cotangent, primal

SIGNS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
UNICODE_GREEK = dict(zip(SIGNS, NAMES.split(), strict=True))
GREEK = frozenset(UNICODE_GREEK.values())
ALIASES = {"eps": r"\varepsilon", "epsilon": r"\varepsilon", "phi": r"\varphi", "lam": r"\lambda", "ell": r"\ell"}
ITALIC = re.compile(r"\\mathit\{(\w+)\}")
ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot", "vec": r"\vec"}


@dataclass(frozen=True)
class Glyph:
    """A name in LaTeX: its letter, what stands below and above it."""

    letter: str
    below: str = ""
    above: str = ""

    def latex(self, indices: str = "", power: str = "") -> str:
        """The glyph with indices; in braces with a `power`, so that it is not mistaken for the layer number."""
        below = ",".join(part for part in (self.below, indices) if part)
        text = self.letter + (f"_{{{below}}}" if below else "") + (f"^{{{self.above}}}" if self.above else "")
        if power:
            text = f"({text})^{{{power}}}" if self.above else f"{text}^{{{power}}}"
        return text


Labels = Literal["relative", "absolute"]

FUNCTION_WORDS = frozenset({"exp", "log", "sin", "cos", "tanh", "erf", "max", "softmax", "diag"})
"""What the printers themselves write as the word for a function."""


@dataclass(frozen=True)
class Signs:
    """Where a sheet differs from the usual signs, so that no two things have one sign; `register` decides it.

    typed: names that are written as they were typed, as a matrix and as an entry. flat: names whose digits stand on the line.
    letters: names for keys: the number of examples, the cost of one of them. functions: names for functions.
    cost: the letter of a cost without a name. argument: the letter in the definition of a function. identity: its matrix.
    exponential: whether exp(u) may be written with a raised u. directions: whether softmax says along what it acts.
    raised: letters that are also written with something above them, so that a power needs brackets.
    as_typed, layered, apart: the same in plain text: names without Greek letters, names with a layer above them, and whether the
    change of z is written d(z).
    """

    typed: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()
    letters: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    cost: str = "C"
    argument: str = "u"
    identity: str = "I"
    exponential: bool = True
    directions: bool = False
    raised: frozenset[str] = frozenset()
    as_typed: frozenset[str] = frozenset()
    layered: frozenset[str] = frozenset()
    apart: bool = False

    def function(self, name: str) -> str:
        """The name that a catalogue function is written with, in the language of names: sigma, ReLU."""
        return self.functions.get(name) or function_name(name)


@dataclass(frozen=True)
class Symbols:
    """The glyphs of a system. `general` maps layer numbers to what a general line writes: {7: "\\ell", 6: "\\ell-1"}."""

    system: System
    labels: Labels = "absolute"
    overrides: Mapping[str, str] = field(default_factory=dict)
    general: Mapping[int, str] = field(default_factory=dict)
    signs: Signs = field(default_factory=Signs)

    def glyph(self, key: str, matrix: bool = False, entry: bool = False) -> Glyph:
        """The glyph of a tensor: as a `matrix` (a capital, for names of the catalogue), or as one `entry` of it."""
        if key in self.signs.letters or key == COUNT:
            return named(self.signs.letters.get(key, "N"))
        tensor = self.system.tensors.get(key)
        if tensor is None:
            return named(key)
        above = self.layer(tensor.layer) if tensor.layer is not None else ""
        if tensor.base in self.overrides:
            found = parsed(self.overrides[tensor.base])
            return Glyph(found.letter, found.below, ", ".join(p for p in (found.above, above) if p))
        base = tensor.base
        if tensor.cased and base not in self.signs.typed:
            base = _capital(base) if matrix else base[0].lower() + base[1:]
        found = named(base, flat=tensor.base in self.signs.flat)
        return Glyph(found.letter, found.below, ", ".join(p for p in (found.above, above) if p))

    def layer(self, number: int) -> str:
        """A layer's number as it stands above a name."""
        if number in self.general:
            return self.general[number] if self.labels == "relative" else f"({self.general[number]})"
        if self.labels == "relative":
            below = self.system.depth - number
            return "L" if below == 0 else f"L-{below}"
        return f"({number})"

    def is_signal(self, key: str) -> bool:
        """Whether the cotangent `key` is written δ."""
        return is_cotangent(key) and self.system.tensors[primal(key)].signal

    def signal(self, key: str, matrix: bool = False) -> Glyph:
        """The glyph δ of a pre-activation's cotangent."""
        tensor = self.system.tensors[primal(key)]
        letter = r"\Delta" if matrix else r"\delta"
        if tensor.cased:
            return Glyph(letter, "", self.layer(tensor.layer) if tensor.layer is not None else "")
        own = self.glyph(tensor.key)
        below = own.below if own.letter == "z" else ",".join(p for p in (own.letter, own.below) if p)
        return Glyph(letter, below, own.above)

    def written(self, key: str, matrix: bool = False) -> Glyph:
        """The glyph of a tensor, or of a cotangent that has a letter of its own."""
        return self.signal(key, matrix) if is_cotangent(key) else self.glyph(key, matrix)

    def function(self, name: str) -> str:
        """A catalogue function in LaTeX: a letter, or a word."""
        shown = self.signs.function(name)
        letter = named(shown).letter
        if len(shown) == 1 or (letter.startswith("\\") and "mathit" not in letter):
            return letter
        return rf"\{shown}" if shown == "tanh" else rf"\operatorname{{{shown}}}"

    def is_raised(self, key: str) -> bool:
        """Whether the letter of a tensor is also written with something above it, which is no power."""
        glyph = self.glyph(key)
        return glyph.letter in self.signs.raised and not glyph.above

    def cost(self) -> str:
        """The letter of what is differentiated: C, or the objective's own name; ∂C/∂z for an unnamed cost that follows."""
        if self.system.objective is None:
            return self.signs.cost
        tensor: Tensor = self.system.tensors[self.system.objective]
        return self.glyph(tensor.key).latex()


def _capital(base: str) -> str:
    return base[0].upper() + base[1:]


def function_name(name: str) -> str:
    """The usual name of a catalogue function."""
    from ..network.catalogue import function

    return function(name).record.glyph


def without_primes(letter: str) -> str:
    """A glyph's letter without the primes of a name such as `sigma_prime`."""
    return letter.rstrip("'")


@lru_cache(maxsize=4096)
def named(name: str, flat: bool = False) -> Glyph:
    """A name as a person would write it. flat: the digits of z1 stand behind the letter, not below it."""
    for sign, spelt in UNICODE_GREEK.items():
        name = name.replace(sign, spelt)
    parts = name.split("_")
    base, *below = [p for p in parts if p] or [name]
    digits = re.fullmatch(r"([^\W\d]+?)(\d+)", base)
    if digits:
        base, below = digits[1], [*([] if flat else [digits[2]]), *below]
    letter = word(base, base=True)
    if digits and flat:
        letter = rf"\mathit{{{ITALIC.sub(lambda found: found[1], letter)}{digits[2]}}}"
    primes = 0
    rest = []
    for part in below:
        if part in ACCENTS:
            letter = f"{ACCENTS[part]}{{{letter}}}"
        elif part == "prime":
            primes += 1
        else:
            rest.append(word(part))
    return Glyph(letter + "'" * primes, ",".join(rest))


def word(text: str, base: bool = False) -> str:
    """A single letter in italics, a Greek name as its letter, a longer word upright, a number as it is."""
    if text in ALIASES:
        return ALIASES[text]
    if text in GREEK:
        return f"\\{text}"
    if text.isdigit() or len(text) == 1:
        return text
    mixed = re.fullmatch(r"([^\W\d])(\d+)", text)
    if mixed:
        return f"{mixed[1]}{mixed[2]}"
    return rf"\mathit{{{text}}}" if base else rf"\mathrm{{{text}}}"


@lru_cache(maxsize=1024)
def parsed(text: str) -> Glyph:
    """An override, `h_{t-1}` or `theta^{L}`, whose form the spec has checked."""
    found = re.fullmatch(r"\s*(\w+?)\s*(?:_\{([^{}]*)\}|_(\w+))?\s*(?:\^\{([^{}]*)\}|\^(\w))?\s*", text)
    if found is None:
        return named(text)
    letter = named(found[1]).latex()
    return Glyph(letter, _pieces(found[2] or found[3] or ""), _pieces(found[4] or found[5] or ""))


def _pieces(text: str) -> str:
    return "".join(word(piece) if piece.isalnum() else piece for piece in re.findall(r"\w+|[^\w\s]", text))
