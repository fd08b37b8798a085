"""The register of signs: everything that a sheet writes as a sign, in one place, so that no two things have one sign.

Listed are tensors (small, and as matrices in capitals), their entries, error signals, the number of examples and the cost of one
of them, functions, the argument in their definitions, the identity, the change d, powers, and what stands above a name. Where two
would be written alike, the one that belongs to the program gets another sign; a name of the spec's own stays as it was written.
What only the spec can change is a `Clash`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, count

import sympy
from sympy import Expr

from ..calculus.steps import Derivation
from ..expressions.nodes import Elementwise, Entry, Index
from ..expressions.renaming import Forms, structure
from ..expressions.system import COUNT, System, Tensor
from ..expressions.traversal import LETTERS, free_indices, nodes
from ..expressions.views import VIEWS, View
from . import array_expressions, views
from .emitters.names import spelt
from .glyphs import FUNCTION_WORDS, Glyph, Labels, Signs, Symbols, function_name, named, without_primes

OF_ONE = ("c", "gamma", "kappa", "g", "w", "f")
"""The cost of one example gets the first of these names that is free, where the small letter of the cost is not."""

COUNTS = "NMBQKR"
COSTS = "CJEQFG"
ARGUMENTS = "uvtsxyqrabc"
FUNCTIONS = {"unspecified": ("sigma", "phi", "psi", "f", "g"), "sigmoid": ("sigma", "sigmoid", "logistic")}
"""The names that a function may be written with, the usual one first; any other function has its own name only."""

NUMBER = re.compile(r"\d+")
ITALIC = re.compile(r"\\mathit\{(\w+)\}")


@dataclass(frozen=True)
class Clash:
    """Two things that only the spec can keep apart: the names to be changed, the better one first; how; and why."""

    names: tuple[str, ...]
    message: str
    hint: str = "rename one of them, or give it another sign under `glyphs`"


@dataclass(frozen=True)
class Form:
    """One way in which a tensor is written: its glyph, and how many indices may stand below it."""

    tensor: Tensor
    glyph: Glyph
    rank: int
    matrix: bool = False

    @property
    def sign(self) -> tuple[str, str, str]:
        return self.glyph.letter, self.glyph.below.replace(",", ""), self.glyph.above


def symbols(
    about: System | Derivation, labels: Labels = "absolute", glyphs: Mapping[str, str] | None = None, asked: Iterable[View] = ()
) -> Symbols:
    """The signs of a sheet: of a derivation with all its lines, or of a system with its equations."""
    return _Register(about, labels, dict(glyphs or {}), tuple(asked)).symbols()


def clashes(about: Derivation, found: Symbols) -> tuple[Clash, ...]:
    """What would be written alike all the same, or could be taken for something else."""
    return tuple(dict.fromkeys(_clashes(_Register(about, found.labels, dict(found.overrides), ()), found)))


def without_taken_signals(system: System, glyphs: Mapping[str, str] | None = None) -> System:
    """The system without error signals, where δ or Δ is the letter of something else: they are then written ∂C/∂z."""
    signals = [t for t in system.tensors.values() if t.signal]
    if not signals:
        return system
    found = Symbols(system, "absolute", dict(glyphs or {}))
    wide = any(len(t.shape) == 2 for t in signals)
    letters = {form.glyph.letter for form in _forms(found)}
    alone = {t.base for t in signals if t.layer is None}
    entries = "z" in alone and system.tensors["z"].shape
    if r"\delta" in letters or (wide and r"\Delta" in letters) or (entries and any(b in LETTERS for b in alone)):
        return replace(system, tensors={k: replace(t, signal=False) for k, t in system.tensors.items()})
    return system


def one_of_each(system: System, glyphs: Mapping[str, str]) -> tuple[Tensor, ...]:
    """The tensors of no layer, and those of one layer of each kind: other layers' are written like them but for the number.

    All of them where the author writes something above a name, which may be the number of any layer.
    """
    layers: dict[int, list[Tensor]] = {}
    for tensor in system.tensors.values():
        if tensor.layer is not None:
            layers.setdefault(tensor.layer, []).append(tensor)
    if any("^" in sign for sign in glyphs.values()):
        return tuple(system.tensors.values())
    kinds = {tuple((t.base, len(t.shape), t.role, t.cased, t.signal, t.batch) for t in found): n for n, found in layers.items()}
    kept = {None, *kinds.values()}
    return tuple(t for t in system.tensors.values() if t.layer in kept)


def _forms(found: Symbols) -> list[Form]:
    """All that is written of a tensor: an entry, and the matrix."""
    out = []
    for tensor in one_of_each(found.system, found.overrides):
        key, rank = tensor.key, len(tensor.shape)
        out.append(Form(tensor, found.glyph(key), rank))
        if rank == 2 and tensor.cased and (capital := found.glyph(key, True)) != out[-1].glyph:
            out.append(Form(tensor, capital, rank, True))
    return out


class _Register:
    """The decisions about one sheet, one after the other: each knows those before it."""

    def __init__(self, about: System | Derivation, labels: Labels, overrides: Mapping[str, str], asked: tuple[View, ...]) -> None:
        self.derivation = about if isinstance(about, Derivation) else None
        self.system = about.system if isinstance(about, Derivation) else about
        self.labels: Labels = labels
        self.overrides = overrides
        self.asked = asked or (self.derivation.asked if self.derivation is not None else ())
        self._forms: dict[Hashable, list[Form]] = {}
        self.nodes = tuple(n for e in self.system.equations for side in (e.lhs, e.rhs) for n in nodes(side))
        self.functions = dict.fromkeys(n.name for n in self.nodes if isinstance(n, Elementwise))

    def symbols(self) -> Symbols:
        found = Symbols(self.system, self.labels, self.overrides)
        for decide in (self._typed, self._flat, self._numbers, self._names, self._text):
            found = replace(found, signs=decide(found))
        return found

    def forms(self, found: Symbols) -> list[Form]:
        """What is written of each tensor, made once for each choice of names."""
        mark = found.signs.typed, found.signs.flat, tuple(found.signs.letters.items())
        if mark not in self._forms:
            self._forms[mark] = _forms(found)
        return self._forms[mark]

    # --- tensors -----------------------------------------------------------------------------------------------------------

    def _typed(self, found: Symbols) -> Signs:
        """Names whose other case is taken: they stay as they were typed, as a matrix and as an entry."""
        typed: set[str] = set()
        while True:
            forms = [f for f in self.forms(found) if not _made(f.tensor)]
            taken: dict[tuple[str, str, str], list[Form]] = {}
            for form in forms:
                taken.setdefault(form.sign, []).append(form)
            more = {
                f.tensor.base
                for f in forms
                if f.tensor.cased and f.tensor.base not in self.overrides and self._changed(f)
                and (any(o.tensor.key != f.tensor.key for o in taken[f.sign]) or self._reserved(f))
            } - typed  # fmt: skip
            if not more:
                return found.signs
            typed |= more
            found = replace(found, signs=replace(found.signs, typed=frozenset(typed)))

    def _changed(self, form: Form) -> bool:
        """Whether the form has another letter than the name as it was typed."""
        first = form.tensor.base[0]
        return (first.islower() if form.matrix else first.isupper()) and named(form.tensor.base).letter != form.glyph.letter

    def _reserved(self, form: Form) -> bool:
        """A capital that stands for the number of examples or the identity; a small letter that an index may have."""
        if form.glyph.above:
            return False
        if form.matrix:
            return form.glyph.letter in ("I", *(t.base for t in self.system.tensors.values() if t.key == COUNT))
        return form.glyph.letter in {*LETTERS, *self.written}

    def _flat(self, found: Symbols) -> Signs:
        """Names such as z1 beside the entries of z: the digits stand on the line, for below it they are an index."""
        flat = {
            name.tensor.base
            for name, _ in self._like_entries(found)
            if name.tensor.base not in self.overrides and re.match(r"[^\W\d]+\d+", name.tensor.base)
        }
        return replace(found.signs, flat=frozenset(flat))

    def _like_entries(self, found: Symbols) -> Iterator[tuple[Form, Form]]:
        """Each name with a subscript that could be read as an entry of another tensor, with that tensor."""
        by_letter: dict[tuple[str, str], list[Form]] = {}
        for form in self.forms(found):
            by_letter.setdefault((form.glyph.letter, form.glyph.above), []).append(form)
        for group in by_letter.values():
            for name in group if len(group) > 1 else ():
                for other in group:
                    if other.tensor.key != name.tensor.key and other.rank and self._like_entry(name, other):
                        yield name, other

    def _like_entry(self, name: Form, other: Form) -> bool:
        fixed = _pieces(other.glyph.below)
        pieces = _pieces(name.glyph.below)
        if len(pieces) <= len(fixed) or pieces[: len(fixed)] != fixed:
            return False
        pieces = pieces[len(fixed) :]
        if not all(p.isdigit() or self._an_index(p) for p in pieces):
            return False
        lowest, highest = len(pieces), sum(len(p) if p.isdigit() else 1 for p in pieces)
        slice_ = self.numbered and lowest <= other.rank  # W_1 as a matrix beside row 1 of W
        example = lowest == 1 and other.tensor.batch is not None and name.tensor.batch is None  # x_1 beside example n of x
        whole = lowest == other.rank and not any(p.isdigit() for p in pieces)  # x_k as a vector beside the entry k of x
        return lowest <= other.rank - name.rank <= highest or slice_ or example or whole

    def _an_index(self, piece: str) -> bool:
        """Whether a subscript could be an index: a letter of the sheet's indices, or t-1 with such a letter."""
        letters = re.findall(r"[^\W\d_]+", piece)
        return bool(letters) and all(len(p) == 1 for p in letters) and "\\" not in piece and set(letters) <= self.indices

    @cached_property
    def numbered(self) -> bool:
        """Whether an equation names places of a tensor by number: x[0]."""
        found = (i for n in self.nodes if isinstance(n, Entry) for i in n.indices)
        return any(i.is_Integer for i in found)

    @cached_property
    def written(self) -> frozenset[str]:
        """The letters of the indices in the equations."""
        return frozenset(n.name for n in self.nodes if isinstance(n, Index))

    @cached_property
    def indices(self) -> frozenset[str]:
        """The letters of the indices in the whole derivation."""
        steps = self.derivation.steps if self.derivation is not None else ()
        forms = Forms()
        for line in (e for step in steps for e in (*step.given, step.result)):
            forms.of(line.lhs), forms.of(line.rhs)
        return self.written | {i.name for i in forms.indices}

    # --- what the program writes ---------------------------------------------------------------------------------------------

    def _numbers(self, found: Symbols) -> Signs:
        """Letters for the cost of one example, the number of examples, an unnamed cost, and the argument of a definition."""
        used = _written(f for f in self.forms(found) if not _made(f.tensor) and not f.glyph.above)
        indices = self.written
        letters: dict[str, str] = {}
        for key, tensor in self.system.tensors.items():
            if _of_one(tensor):
                usual = tensor.base[0].lower() + tensor.base[1:]
                free = _free((usual, *OF_ONE), used | indices | set(LETTERS))
                letters[key] = free
                used = used | {named(free).letter}
        number = self.system.tensors.get(COUNT)
        if number is not None:
            letters[COUNT] = _free((number.base, *COUNTS), used)
            used = used | {named(letters[COUNT]).letter}
        argument = _free(ARGUMENTS, {*used, *indices, *self.system.tensors})
        cost = "C" if self.system.objective is not None else _free(COSTS, used)
        return replace(found.signs, letters=letters, cost=cost, argument=argument)

    def _names(self, found: Symbols) -> Signs:
        """Functions, the exponential, the identity, softmax along rows and columns, and powers."""
        forms = self.forms(found)
        used = _written(forms)
        functions: dict[str, str] = {}
        taken = used | {found.signs.argument}
        for name in sorted(self.functions, key=lambda n: n == "unspecified"):
            names = FUNCTIONS.get(name, (function_name(name),))
            functions[name] = _free(names, taken) if len(names) > 1 else names[0]
            taken = taken | {_letter(functions[name])}
        letters = used | self.written
        above = {f.glyph.letter for f in forms if f.glyph.above and not f.glyph.above.startswith("(")}
        return replace(
            found.signs,
            functions=functions,
            exponential="e" not in letters,
            identity=_free(("I", "Id"), used),
            directions=self._directions(),
            raised=frozenset(above),
        )

    def _directions(self) -> bool:
        """Whether one sheet has softmax along rows and along columns."""
        if not any(map(_raises_a_matrix, self.nodes)):
            return False
        lines = [s.result for s in self.derivation.steps] if self.derivation is not None else list(self.system.equations)
        raised = (e for e in lines if any(_raises_a_matrix(n) for side in (e.lhs, e.rhs) for n in nodes(side)))
        some = {structure((e.lhs, e.rhs), self.system): e for e in raised}
        along: set[int] = set()
        for view in (v for v in self.asked if VIEWS[v].arrays):
            for line in some.values():
                shown = views.shown(line, view, self.system)
                if isinstance(shown, array_expressions.ArrayEquation):
                    parts = chain(array_expressions.parts(shown.lhs), array_expressions.parts(shown.rhs))
                    along |= {p.along for p in parts if isinstance(p, array_expressions.Softmax) and len(p.axes) == 2}
        return len(along) > 1

    def _text(self, found: Symbols) -> Signs:
        """In plain text: whether dz could be a tensor or a change; names that a Greek letter would make equal."""
        tensors = [t for t in self.system.tensors.values() if not _made(t)]
        names = {t.base for t in tensors} | {t.base[0].swapcase() + t.base[1:] for t in tensors if t.cased}
        names |= {re.split(r"[_^]", sign)[0] for sign in self.overrides.values()}
        shown: dict[str, set[str]] = {}
        for name in names:
            shown.setdefault(spelt(name), set()).add(name)
        alike = {n for group in shown.values() if len(group) > 1 for n in group} | {n for n in names if spelt(n).startswith("Σ")}
        apart = any(n.startswith("d") and n[1:] in names for n in names)
        layers = {spelt(t.base) for t in tensors if t.layer is not None}
        layers |= {spelt(t.base[0].swapcase() + t.base[1:]) for t in tensors if t.layer is not None and t.cased}
        return replace(found.signs, as_typed=frozenset(alike), apart=apart, layered=frozenset(layers))


# --- what only the spec can change ----------------------------------------------------------------------------------------------


def _clashes(register: _Register, found: Symbols) -> Iterator[Clash]:
    forms = register.forms(found)
    seen: dict[tuple[str, str, str], Form] = {}
    for form in forms:
        other = seen.setdefault(form.sign, form)
        if other.tensor.key != form.tensor.key:
            written = form.glyph.latex()
            names = (form.tensor.base, other.tensor.base)
            yield Clash(names, f"`{other.tensor.key}` and `{form.tensor.key}` would both be written ${written}$ on the sheet")
    for name, other in register._like_entries(found):
        written = name.glyph.latex()
        message = f"`{name.tensor.key}` would be written ${written}$ on the sheet, as an entry of `{other.tensor.key}` is"
        yield Clash((name.tensor.base, other.tensor.base), message)
    called = {_letter(found.signs.functions[n]) for n in register.functions}
    for form in forms:
        base, letter = form.tensor.base, without_primes(form.glyph.letter)
        word = ITALIC.fullmatch(letter)
        if (word is not None and (word[1] in FUNCTION_WORDS or word[1] in called)) or letter in called:
            yield Clash((base,), f"`{base}` would be written as the function {word[1] if word else base} is on the sheet")
        if letter == r"\pi" and _has_pi(register):
            yield Clash((base,), f"`{base}` would be written $\\pi$, as the number 3.14… is on the sheet")
        if letter == r"\ell" and register.system.depth > 3:
            yield Clash((base,), f"`{base}` would be written $\\ell$, as the number of a layer is on the sheet")
        if base in register.overrides and letter in register.indices:
            yield Clash((base,), f"`{base}` would be written ${letter}$, which is an index on the sheet")
        if form.glyph.above in ("T", r"\top") and any(f.glyph.letter == letter and not f.glyph.above for f in forms):
            yield Clash((base,), f"`{base}` would be written ${form.glyph.latex()}$, as a transpose is on the sheet")


def _has_pi(register: _Register) -> bool:
    """Whether a line of the sheet has the number π: in an equation, or in the definition or slope of a function."""
    from ..network.catalogue import function

    sides = [e.rhs for e in register.system.equations]
    for name in register.functions:
        record = function(name)
        if not record.record.opaque:
            sides += [record.definition, *([record.textbook] if record.textbook is not None else [])]
    return any(n is sympy.pi for side in sides for n in nodes(side))


# --- pieces ---------------------------------------------------------------------------------------------------------------------


def _made(tensor: Tensor) -> bool:
    """Whether the program has made the name: the number of examples, and the cost of one."""
    return tensor.key == COUNT or _of_one(tensor)


def _of_one(tensor: Tensor) -> bool:
    return tensor.key.endswith(" each")


def _written(forms: Iterable[Form]) -> set[str]:
    """The letters of names, without primes; a word as it is spelt, too."""
    letters = {without_primes(f.glyph.letter) for f in forms}
    return letters | {word[1] for letter in letters if (word := ITALIC.fullmatch(letter))}


def _letter(name: str) -> str:
    """The letter of a function's name, or the name where it is a word."""
    letter = named(name).letter
    return name if letter.startswith(r"\mathit") else letter


def _free(names: Iterable[str], taken: Iterable[str]) -> str:
    """The first name whose letter is not taken; else the first one with a number."""
    names, taken = tuple(names), frozenset(taken)
    numbered = (f"{names[0]}_{n}" for n in count(1))
    return next(name for name in chain(names, numbered) if _letter(name) not in taken or name not in names)


def _raises_a_matrix(node: Expr) -> bool:
    """Whether these are the exponentials of a matrix, of which a softmax may be made along its rows or its columns."""
    return node.func is sympy.exp and len(free_indices(node)) > 1


def _pieces(below: str) -> list[str]:
    return [p for p in below.split(",") if p]


__all__ = ["Clash", "clashes", "symbols", "without_taken_signals"]
