"""What the signs of a sheet stand for: the table of glyphs, turned round.

A sign is a letter, what is its own below and above it, and the layer above it. What is read is compared with all of them: a name
that fits none cannot be read, and a name that fits two is not a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...expressions.nodes import Elementwise
from ...expressions.system import System, is_cotangent, primal
from ...expressions.traversal import nodes
from ...network.catalogue import functions
from .pieces import plain_word
from .tokens import Unreadable, latex
from .tree import Name, Tokens


@dataclass(frozen=True)
class Sign:
    """One way in which a tensor, or its error signal (then `key` is that of the cotangent), is written.

    matrix: whether as a matrix, or entry by entry; None where both are written alike.
    """

    key: str
    letter: str
    below: tuple[Tokens, ...] = ()
    above: Tokens = ()
    layer: int | None = None
    rank: int = 0
    matrix: bool | None = None


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a name stands for: the sign, its indices part for part, and a power above it that is not its own.

    There is one of each name (`Signs.met`), which is equal to no other.
    """

    sign: Sign
    indices: tuple[Tokens, ...] = ()
    power: Tokens = ()


Meanings = dict[Name, Meaning | None]


@dataclass(frozen=True)
class Signs:
    """All signs of a sheet. depth: the number L of layers; functions: what the letters and names of functions stand for.

    cost: the key of what is differentiated; unnamed: where the equations have none, the letter of the cost that follows.
    met: what names have been found to stand for, by what ℓ and layer 0 stand for: a page has the same names again and again.
    """

    table: Mapping[str, tuple[Sign, ...]]
    depth: int
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cost: str | None = None
    unnamed: str = ""
    met: dict[object, Meanings] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, found: Iterable[Sign], system: System, functions: Mapping[str, tuple[str, ...]], cost: str) -> Signs:
        table: dict[str, dict[Sign, None]] = {}
        for sign in found:
            table.setdefault(sign.letter, {})[sign] = None
        unnamed = "" if system.objective else cost
        return cls({k: tuple(v) for k, v in table.items()}, system.depth, functions, system.objective, unnamed)

    def meanings(self, layers: Mapping[str, int], zero: str | None) -> Meanings:
        """What names have been found to stand for, to be filled by who asks for more."""
        return self.met.setdefault((tuple(layers.items()), zero), {})

    def meaning(self, name: Name, layers: Mapping[str, int], zero: str | None = None) -> Meaning | None:
        """What a name stands for, where ℓ is one of `layers`; None where nothing fits. Raises Unreadable where two do.

        zero: the key of the input, where the sheet has said that layer 0 stands for it.
        """
        met = self.meanings(layers, zero)
        if name not in met:
            met[name] = self._found(name, layers, zero)
        return met[name]

    def _found(self, name: Name, layers: Mapping[str, int], zero: str | None) -> Meaning | None:
        fitting: dict[str, Meaning] = {}
        signs = self.table.get(name.letter, ())
        for sign in signs if len(signs) < 8 else self._of_layer(signs, name, layers):
            for found in self._fits(sign, name, layers):
                fitting.setdefault(sign.key, found)
        whole = {key: found for key, found in fitting.items() if not found.power}
        fitting = whole or fitting  # w^{2}, where that is a sign: then the square of w is (w)^2
        own = max((len(found.sign.below) for found in fitting.values()), default=0)
        fitting = {key: found for key, found in fitting.items() if len(found.sign.below) == own}  # h_{1}, where that is a sign
        if not fitting and zero is not None and signs and self._layer(name.above, layers) == 0:
            model = next((s for s in signs if s.layer is not None), None)
            if model is not None:
                return Meaning(Sign(zero, name.letter, model.below, (), 0, model.rank), self._indices(model, name))
        if len(fitting) > 1:
            both = " and ".join(f"`{key}`" for key in sorted(fitting))
            raise Unreadable(f"`{written(name)}` may be {both}")
        return next(iter(fitting.values()), None)

    def _of_layer(self, signs: tuple[Sign, ...], name: Name, layers: Mapping[str, int]) -> Iterable[Sign]:
        """Of many signs with one letter those of the layer that is written, and those without a layer."""
        layer = self._layer(name.above, layers)
        numbered = layer is not None and all(s.layer is not None for s in signs)
        return self.by_layer.get((name.letter, layer), ()) if numbered else signs

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """All letters of signs."""
        return (*self.table, *([self.unnamed] if self.unnamed else []))

    @cached_property
    def called(self) -> frozenset[str]:
        """All signs of functions."""
        return frozenset(self.functions)

    @cached_property
    def by_layer(self) -> Mapping[tuple[str, int | None], tuple[Sign, ...]]:
        found: dict[tuple[str, int | None], tuple[Sign, ...]] = {}
        for letter, signs in self.table.items():
            for sign in signs:
                found[letter, sign.layer] = (*found.get((letter, sign.layer), ()), sign)
        return found

    def _fits(self, sign: Sign, name: Name, layers: Mapping[str, int]) -> Iterable[Meaning]:
        count = len(sign.below)
        if name.below[:count] != sign.below:
            return
        parts = name.below[count:]
        if not _countable(parts, sign.rank):
            return
        indices = self._indices(sign, name)
        own = len(sign.above)
        if sign.layer is not None:
            above = name.above
            if own:
                if above[:own] != sign.above or above[own : own + 1] != (",",):
                    return
                above = above[own + 1 :]
            if self._layer(above, layers) == sign.layer:
                yield Meaning(sign, indices)
            return
        if name.above == sign.above:
            yield Meaning(sign, indices)
        elif not own and name.above and not self._a_layer(name, layers):
            yield Meaning(sign, indices, name.above)

    def _indices(self, sign: Sign, name: Name) -> tuple[Tokens, ...]:
        parts = name.below[len(sign.below) :]
        if len(parts) == 1 and sign.rank > 1:
            return tuple(apart(parts[0]))
        return parts

    def _a_layer(self, name: Name, layers: Mapping[str, int]) -> bool:
        """Whether what stands above a letter is the number of a layer, and no power: a^(0), where there is an a^(1)."""
        return self._layer(name.above, layers) is not None and any(s.layer is not None for s in self.table[name.letter])

    def _layer(self, above: Tokens, layers: Mapping[str, int]) -> int | None:
        """The number of a layer, (2), (ℓ-1) or L-1; None where it is none."""
        bare = above[:1] != ("(",) or above[-1:] != (")",)
        if not bare:
            above = above[1:-1]
        known = {**layers, "L": self.depth}
        if not above or len(above) not in (1, 3):
            return None
        digits = above[0].isdecimal() and (not bare or above == ("0",))  # a number without brackets is a power
        first = known.get(above[0], int(above[0]) if digits else None)
        if first is None or len(above) == 1:
            return first
        if above[1] not in "+-" or not above[2].isdigit():
            return None
        return first + (1 if above[1] == "+" else -1) * int(above[2])


def _countable(parts: tuple[Tokens, ...], rank: int) -> bool:
    """Whether these can be the indices, or some first ones of them as labels, of a tensor of that rank."""
    if len(parts) == 1 and rank > 1:
        return len(apart(parts[0])) <= rank
    return len(parts) <= rank


def apart(part: Tokens) -> list[Tokens]:
    """jk as j and k, 12 as 1 and 2; i+1 and 12 of one index as they are."""
    if any(t in "+-" for t in part):
        return [part]
    found: list[Tokens] = []
    at = 0
    while at < len(part):
        token = part[at]
        if at + 1 < len(part) and part[at + 1] == "_":
            end = part.index("}", at) + 1 if part[at + 2] == "{" else at + 3
            found.append(part[at:end])
            at = end
            continue
        found += [(digit,) for digit in token] if token.isdigit() else [(token,)]
        at += 1
    return found


def written(name: Name) -> str:
    """A name, for a message."""
    below = ",".join("".join(p) for p in name.below)
    return name.letter + (f"_{{{below}}}" if below else "") + (f"^{{{''.join(name.above)}}}" if name.above else "")


# --- from the glyphs of a sheet -------------------------------------------------------------------------------------------------


def of_glyphs(symbols: object, system: System, functions: Mapping[str, tuple[str, ...]]) -> Signs:
    """The signs of a sheet in LaTeX. symbols: `notation.symbols.Symbols`, of which only the glyphs are asked for."""
    from ...notation.glyphs import Glyph, Symbols

    assert isinstance(symbols, Symbols)
    found: list[Sign] = []

    def add(key: str, glyph: Glyph, layer: int | None, number: str, rank: int, matrix: bool | None) -> None:
        above = tuple(latex(glyph.above))
        if layer is not None and number:
            tail = tuple(latex(number))
            above = above[: len(above) - len(tail)]
            above = above[:-1] if above[-1:] == (",",) else above
        below = tuple(tuple(part) for part in _parts(latex(glyph.below)))
        letter = "".join(plain_word(t) if i == 0 else t for i, t in enumerate(latex(glyph.letter)))
        found.append(Sign(key, letter, below, above, layer, rank, matrix))

    for key, tensor in system.tensors.items():
        if is_cotangent(key):
            continue
        number = symbols.layer(tensor.layer) if tensor.layer is not None else ""
        rank = len(tensor.shape)
        signal = [(f"bar {key}", symbols.signal)] if tensor.signal else []
        for about, glyph in ((key, symbols.glyph), *signal):
            forms = [(glyph(about, matrix), matrix) for matrix in ((False, True) if rank > 1 else (False,))]
            for found_glyph, matrix in forms:
                add(about, found_glyph, tensor.layer, number, rank, matrix if len({g for g, _ in forms}) > 1 else None)
    return Signs.of(found, system, functions, symbols.cost())


def of_text(name: Callable[[str, bool], str], system: System, functions: Mapping[str, tuple[str, ...]], cost: str) -> Signs:
    """The signs of a sheet in plain text. name: what a key is called, as a matrix or not, with its layer if it has one."""
    found: list[Sign] = []
    for key, tensor in system.tensors.items():
        for about in (key, f"bar {key}") if tensor.signal else (key,):
            forms = [(name(about, matrix), matrix) for matrix in ((False, True) if len(tensor.shape) > 1 else (False,))]
            for written, matrix in forms:
                if tensor.layer is not None:
                    written = re.sub(r"(\^\([^()]*\)|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ]+)$", "", written)
                two = len({w for w, _ in forms}) > 1
                found.append(Sign(about, written, (), (), tensor.layer, len(tensor.shape), matrix if two else None))
    return Signs.of(found, system, functions, cost)


def of_functions(system: System, written: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """By its sign, each function that the forward pass uses: two where two have one sign."""
    found: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(n.name for e in system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise)):
        if name in functions():
            found[written(name)] = (*found.get(written(name), ()), name)
    return found


def _parts(tokens: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts if tokens else []


__all__ = ["Meaning", "Sign", "Signs", "of_glyphs", "primal", "written"]
