"""The names that a student may use: of tensors, cotangents, changes, partials, functions and slopes, each in several spellings.

W1  w_1  W.1  W¹  a^(2)  a^(L-1)     the tensors of layers
dC/dW1  dC_dW1  ∂C/∂W1               cotangents
delta2  delta_2  δ^(2)               error signals; delta alone where there is one
dz1                                  changes
dz/dw                                partials of single numbers
sigmoid'(z)  dsigmoid(z)  σ'(z)      slopes
w_jk^(1)  W1[j,k]  delta_j           entries; a number as an index counts as on the sheet
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..calculus.steps import Derivation
from ..expressions.nodes import Elementwise, Partial
from ..expressions.system import Tensor, cotangent
from ..expressions.traversal import nodes
from ..network.catalogue import functions
from . import register
from .emitters.names import ABOVE
from .emitters.names import spelt as in_text
from .glyphs import UNICODE_GREEK, Signs

ONES = "ones"
"""The name of a vector of ones, one for each training example."""


@dataclass(frozen=True)
class Vocabulary:
    """The names that an answer may use: each spelling with its plain name, each plain name with what it stands for."""

    derivation: Derivation
    plain: Mapping[str, str]
    keys: Mapping[str, str]
    """Plain name -> a tensor's key, `bar key`, `d key`, or `partial z w`."""
    shapes: Mapping[str, tuple[int, ...]] = field(repr=False)
    functions: Mapping[str, str] = field(repr=False)

    def spelling(self, key: str) -> str:
        """How a key is written: dC/dW1, dz1, a1."""
        start = f"partial {self.derivation.system.objective} "
        if key.startswith(start) and key not in self.keys.values():  # of the cost: that is the cotangent
            key = cotangent(key.removeprefix(start))
        found = next((name for name, known in self.keys.items() if known == key), key)
        return found.replace("_d", "/d", 1) if found.startswith("d") and key.startswith(("bar ", "partial ")) else found


def vocabulary(derivation: Derivation, glyphs: Mapping[str, str] | None = None) -> Vocabulary:
    """The names of a derivation; `glyphs` are the spec's own signs for names."""
    found: dict[tuple[tuple[str, str], ...], Vocabulary] = derivation.__dict__.setdefault("_vocabulary", {})
    mark = tuple(sorted((glyphs or {}).items()))
    if mark not in found:
        found[mark] = _vocabulary(derivation, glyphs or {})
    return found[mark]


def _vocabulary(derivation: Derivation, glyphs: Mapping[str, str]) -> Vocabulary:
    system = derivation.system
    signs = register.symbols(derivation, glyphs=glyphs).signs
    letters = signs.letters
    plain: dict[str, str] = {}
    keys: dict[str, str] = {}
    shapes: dict[str, tuple[int, ...]] = {}

    def enter(name: str, key: str, shape: tuple[int, ...] | None, spellings: Iterator[str] | list[str]) -> None:
        while name in keys:
            name += "_"
        keys[name] = key
        if shape is not None:
            shapes[name] = shape
        for spelling in (name, *spellings):
            plain.setdefault(spelling, name)

    cost = system.tensors[system.objective].base if system.objective else "C"
    spelt = {t.key: list(dict.fromkeys(_spellings(t, derivation, glyphs, letters))) for t in system.tensors.values()}
    costs = dict.fromkeys([cost, *(spelt[system.objective] if system.objective else ())])
    for tensor in system.tensors.values():
        name = _identifier(tensor, letters)
        if name not in system.tensors or name == tensor.key:
            enter(name, tensor.key, tensor.shape, spelt[tensor.key])
    changing = [t for t in system.tensors.values() if t.key in derivation.gradients or t.key in derivation.seeds]
    signals = [t for t in changing if t.signal]
    for tensor in changing:
        name = _identifier(tensor, letters)
        forms = [f"d{c}{sign}d{s}" for c in costs for s in (name, *spelt[tensor.key]) for sign in ("/", "_")]
        plainest = f"d{cost}_d{name}"
        if tensor.signal:
            signal = _signal_spellings(tensor, derivation, alone=len(signals) == 1)
            forms += [*signal, plainest]
            plainest = signal[0]
        enter(plainest, cotangent(tensor.key), tensor.shape, forms)
    for tensor in system.tensors.values():
        name = _identifier(tensor, letters)
        enter(f"d{name}", f"d {tensor.key}", tensor.shape, [f"d{s}" for s in spelt[tensor.key]])
    for step in derivation.of("partial"):
        of, by = step.result.lhs.of.key, step.result.lhs.by.key
        if of == system.objective and by in derivation.gradients:
            continue  # that is the cotangent
        scalar = () if system.tensors[of].shape == () == system.tensors[by].shape else None
        forms = [f"d{a}{sign}d{b}" for a in spelt[of] for b in spelt[by] for sign in ("/", "_")]
        above, below = (_identifier(system.tensors[key], letters) for key in (of, by))
        enter(f"d{above}_d{below}", f"partial {of} {by}", scalar, forms)
    if system.examples is not None and ONES not in keys:
        enter(ONES, ONES, (system.examples,), [])
    return Vocabulary(derivation, plain, keys, shapes, _function_names(derivation, keys, signs))


def _identifier(tensor: Tensor, letters: Mapping[str, str]) -> str:
    base = letters.get(tensor.key, tensor.base)
    return base if tensor.layer is None else f"{base}{tensor.layer}"


def _spellings(tensor: Tensor, derivation: Derivation, glyphs: Mapping[str, str], letters: Mapping[str, str]) -> Iterator[str]:
    """How the name of a tensor may be written; a superscript without its brackets, as `flattened` leaves it."""
    system = derivation.system
    others = {t.base for t in system.tensors.values() if t.key != tensor.key}
    bases = [_identifier(tensor, letters) if tensor.layer is None else tensor.base]
    if tensor.base in glyphs:
        bases.append(flattened(glyphs[tensor.base]))
    made = tensor.key in letters
    for other in () if made else (tensor.base[0].lower() + tensor.base[1:], tensor.base[0].upper() + tensor.base[1:]):
        if (tensor.cased or tensor.batch is not None) and other not in others:
            bases.append(other)
    greek = {name: sign for sign, name in UNICODE_GREEK.items()}
    bases += [greek[b] for b in bases if b in greek] + [UNICODE_GREEK[b] for b in bases if b in UNICODE_GREEK]
    bases += [flattened(in_text(b)) for b in bases]
    for base in dict.fromkeys(bases):
        yield from _with_layer(base, tensor.layer, system.depth)
        if tensor.layer is None or tensor.base not in others:
            yield base


def _with_layer(base: str, layer: int | None, depth: int) -> Iterator[str]:
    if layer is not None:
        relative = f"L-{depth - layer}" if layer < depth else "L"
        yield from (f"{base}{layer}", f"{base}_{layer}", f"{base}.{layer}", f"{base}^{layer}", f"{base}^{relative}")
        yield from (f"{base}{above.translate(ABOVE)}" for above in (str(layer), relative))


def _signal_spellings(tensor: Tensor, derivation: Derivation, alone: bool) -> list[str]:
    """The spellings of an error signal, the plainest first."""
    out = []
    for letter in ("delta", "δ", "Delta", "Δ"):
        out += [letter] if alone else []
        out += _with_layer(letter, tensor.layer, derivation.system.depth)
        own = dict.fromkeys([tensor.base, in_text(tensor.base)])
        out += [f"{letter}_{base}" for base in own] if tensor.layer is None else []
        out += [s for base in own for s in _with_layer(f"{letter}_{base}", tensor.layer, derivation.system.depth)]
    return out


def _function_names(derivation: Derivation, taken: Mapping[str, str], signs: Signs) -> dict[str, str]:
    """Names of functions and of their slopes: spelling -> the name in the language. A slope is `sigmoid_prime` there."""
    used = {n.name for e in derivation.system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise)}
    out = {}
    for name in functions():
        spellings = [name]
        glyph = signs.function(name)
        if name in used:
            spellings += [glyph, *(sign for sign, spelt in UNICODE_GREEK.items() if spelt == glyph)]
        for spelling in spellings:
            if spelling not in taken:
                out[spelling] = name
                out[f"{spelling}'"] = out[f"d{spelling}"] = out[f"{spelling}_prime"] = f"{name}_prime"
    return out


def flattened(text: str) -> str:
    """`a^{(L-1)}` as `a^L-1`: how a raised layer number is looked up."""
    plain = re.sub(r"[{}()\s]", "", text).replace("∂", "d").replace("′", "'").replace("’", "'")
    return unicodedata.normalize("NFC", plain)


SUBSCRIPT = re.compile(r"_(?:\{([A-Za-z0-9,]{1,20})\}|([a-z0-9,]{1,20}))(?=[\^./⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ]|$)")


def entry_named(piece: str, words: Vocabulary) -> tuple[str, str] | None:
    """The plain name and the indices of an entry as it is printed: `w_jk^(1)` is an entry of W1; None for anything else."""
    spots = list(SUBSCRIPT.finditer(piece[:80]))
    if not spots:
        return None
    last = spots[-1]
    before, behind = piece[: last.start()], piece[last.end() :]
    parts = (last[1] or last[2]).split(",")
    for own in range(len(parts)):  # in W_{q,jk} the q belongs to the name
        for stem in (before + "".join(f"_{p}" for p in parts[:own]), before + "".join(parts[:own])):
            name = words.plain.get(flattened(stem + behind))
            letters = "".join(parts[own:])
            if name is not None and len(words.shapes.get(name, ())) == len(letters):
                return name, ",".join(letters)
    return None


def named_by(text: str, words: Vocabulary) -> str | None:
    """The key that a text names: of a tensor, a cotangent, a change or a partial; indices behind it do not matter."""
    bare = re.sub(r"\[[^\]]*\]", "", text.strip())[:200]
    name = words.plain.get(flattened(bare))
    if name is None:
        entry = entry_named("".join(bare.split()), words)
        name = entry[0] if entry is not None else _quotient("".join(bare.split()).replace("∂", "d"), words)
    return words.keys.get(name or "")


def _quotient(text: str, words: Vocabulary) -> str | None:
    """∂z_j/∂w_jk, in which both names have their indices below."""
    sides = [words.plain.get(flattened(side)) or (entry_named(side, words) or ("",))[0] for side in text.split("/")]
    return words.plain.get("/".join(sides)) if len(sides) == 2 else None


def partial_key(partial: Partial) -> str:
    return f"partial {partial.of.key} {partial.by.key}"
