"""One letter, one thing: the letters of indices, decided once for all the lines of a derivation.

The calculus takes letters as it needs them, and what it makes is right whatever the letters are. A reader has only the letters.
So where a derivation is finished, its indices are lettered once more:

    no index is written like a tensor, like N or π, or like a letter inside another sign (the t of h_{t-1})
    within a line no sum binds a letter that is free on the line, or that a sum around it or a factor beside it binds

Other letters stay as they are, the author's first of all. Sums in different terms may share one: Σ_k a_k + Σ_k b_k.

An author's d and e stay, too: an index stands below a sign or in brackets only, where no change and no power of e stands. But no
other index gets one of these letters.

Whether a line is clear is decided once for all lines that are alike but for their layers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from sympy import Add, Expr, Mul, Pow

from ..calculus.derive import derive
from ..calculus.steps import Derivation
from ..expressions.nodes import Elementwise, Example, Index, Pairing, Total, rebuild
from ..expressions.renaming import Forms
from ..expressions.system import Equation, Fact, System
from ..expressions.traversal import free_indices, letter_for, nodes, rename
from . import register
from .glyphs import Glyph, named

CONSTANTS = frozenset({"N", "pi", r"\pi"})
"""What stands for itself on every sheet: a number of examples, and a number."""

NEVER_FRESH = frozenset({"d", "e"})
"""What an index is called only where the author calls it so: the sign of a change, and a number."""

SINGLE = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])")


# --- what else is written with a letter ---------------------------------------------------------------------------------------


def signs(system: System) -> frozenset[str]:
    """All that an index must not be called or written like: names and glyphs of the system, and letters inside these."""
    symbols = register.symbols(system, glyphs=system.glyphs)
    found = set(CONSTANTS) | ({symbols.signs.cost} if system.objective is None else set())
    some = register.one_of_each(system, system.glyphs)
    bare = {glyph.letter for tensor in some if tensor.shape and not (glyph := symbols.glyph(tensor.key)).below}
    for tensor in some:
        found.add(tensor.base)
        for glyph in {symbols.glyph(tensor.key), symbols.glyph(tensor.key, matrix=True), symbols.glyph(tensor.key, entry=True)}:
            found |= _letters(glyph, below=glyph.letter not in bare)
    for name in {n.name for e in system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise)}:
        found.add(symbols.signs.function(name))
    return frozenset(found)


@lru_cache(maxsize=4096)
def _letters(glyph: Glyph, below: bool) -> frozenset[str]:
    """A glyph as it is written, with what stands below it or without, and the single letters above and `below` it.

    The k of x_k beside a vector x is left to the register of signs: such a name looks like an entry, whatever the indices are.
    """
    whole = glyph.latex()
    inside = SINGLE.findall(f"{glyph.below} {glyph.above}" if below else glyph.above)
    return frozenset({glyph.letter, whole, re.sub(r"[_{}]", "", whole), *inside})


@cache
def _written(letter: str) -> str:
    return named(letter).latex()


# --- a whole derivation -------------------------------------------------------------------------------------------------------


def differentiated(system: System) -> Derivation:
    """Every step of the differentiation of a system, each line in letters that mean one thing."""
    return settled(derive(system))


def settled(derivation: Derivation) -> Derivation:
    """The same derivation, each of its lines in letters that mean one thing."""
    system = derivation.system
    lines = {id(q): q for q in _lines(derivation)}
    forms = Forms()
    for q in system.equations:
        forms.of(q.lhs), forms.of(q.rhs)
    own = forms.indices
    marks = {name: (forms.of(q.lhs), forms.of(q.rhs)) for name, q in lines.items()}
    alphabet, change = _decided(system, forms, own)
    renamed: dict[int, Expr] = {}
    if change:
        lines = {
            name: Equation(_relettered(q.lhs, change, renamed), _relettered(q.rhs, change, renamed)) for name, q in lines.items()
        }
        marks = {name: (forms.of(q.lhs), forms.of(q.rhs)) for name, q in lines.items()}
    indices = _Indices(forms)
    clear = {mark: alphabet.clear(mark, indices) for mark in dict.fromkeys(marks.values())}
    if not change and all(clear.values()):
        return derivation
    found = {name: q if clear[marks[name]] else alphabet.apart(q) for name, q in lines.items()}
    return replace(
        derivation,
        system=replace(
            system,
            equations=tuple(found[id(q)] for q in system.equations),
            facts=tuple(
                Fact(_relettered(f.pattern, change, renamed), _relettered(f.value, change, renamed), f.reason)
                for f in system.facts
            ),
        ),
        steps=tuple(
            replace(step, given=tuple(found[id(q)] for q in step.given), result=found[id(step.result)])
            for step in derivation.steps
        ),
        gradients={key: found[id(equation)] for key, equation in derivation.gradients.items()},
        terms={key: tuple(term.over(change) for term in terms) for key, terms in derivation.terms.items()},
    )


def _lines(derivation: Derivation) -> list[Equation]:
    steps = [q for step in derivation.steps for q in (step.result, *step.given)]
    return [*derivation.system.equations, *derivation.gradients.values(), *steps]


def _decided(system: System, forms: Forms, own: Collection[Index]) -> tuple[Alphabet, dict[Index, Index]]:
    """What the letters of a derivation are to be like, and the indices that are to have another letter on every line."""
    for fact in system.facts:
        forms.of(fact.pattern)
    indices = forms.indices
    taken = signs(system)
    change = _elsewhere(indices, taken)
    examples = {change.get(i, i).name for i in indices if isinstance(i, Example)}
    mine = frozenset(change.get(i, i) for i in own)
    moved = frozenset({i.name for i in change.values()} - {i.name for i in mine})
    return Alphabet(mine, taken | NEVER_FRESH | examples, moved), change


def _elsewhere(indices: Collection[Index], taken: frozenset[str]) -> dict[Index, Index]:
    """For the indices that are written like something else, letters that nothing has; the same on every line."""
    used = {i.name for i in indices} | taken | NEVER_FRESH
    letters: dict[str, str] = {}
    for name in dict.fromkeys(i.name for i in indices):
        if name in taken or _written(name) in taken:
            letters[name] = letter_for(name, used)
            used.add(letters[name])
    return {i: type(i)(letters[i.name], i.size) for i in indices if i.name in letters}


def _indices(expr: Expr) -> Iterable[Index]:
    return (n for n in nodes(expr) if isinstance(n, Index))


def _relettered(expr: Expr, change: Mapping[Index, Index], known: dict[int, Expr]) -> Expr:
    """Every index exchanged, free or bound. No two get one letter, so nothing is captured. known: what has been, by its id."""
    if not change or not expr.args:
        return change.get(expr, expr) if isinstance(expr, Index) else expr
    found = known.get(id(expr))
    if found is None:
        found = rebuild(expr, (_relettered(a, change, known) if isinstance(a, Expr) else a for a in expr.args))
        known[id(expr)] = found
    return found


@dataclass(frozen=True)
class Alphabet:
    """What the letters of a line must be like.

    own: the indices of the author, who may sum over two ranges with one letter. taken: what no other letter may be.
    moved: letters that no sum is to keep: those of other things, and those put in for them in the whole derivation.
    """

    own: frozenset[Index] = frozenset()
    taken: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()

    @classmethod
    def of(cls, system: System) -> Alphabet:
        """For one more line of a derivation with this system."""
        own = frozenset(i for q in system.equations for side in (q.lhs, q.rhs) for i in _indices(side))
        written = signs(system)
        return cls(own, written | NEVER_FRESH | {i.name for i in own if isinstance(i, Example)}, written)

    def line(self, equation: Equation) -> Equation:
        """The equation with one meaning for each letter."""
        forms = Forms()
        sides = forms.of(equation.lhs), forms.of(equation.rhs)
        return equation if self.clear(sides, _Indices(forms)) else self.apart(equation)

    def apart(self, equation: Equation) -> Equation:
        """An equation that is not clear, with other letters where that is needed."""
        return _Line((equation.lhs, equation.rhs), self.own, self.taken, self.moved).settled()

    def clear(self, sides: tuple[int, int], indices: _Indices) -> bool:
        """Whether no letter is bound twice in one term, or bound and free, so that there is nothing to do."""
        free = dict.fromkeys(i for side in sides for i in indices.free[side])
        names = {i.name for i in free}
        if len(names) != len(free):
            return False
        sizes: dict[str, Index] = {}
        for side in sides:
            for term in indices.terms(side) if indices.bound[side] else ():
                bound = indices.bound[term]
                letters = {i.name for i in bound}
                if len(letters) < len(bound) or letters & names or letters & self.moved:
                    return False
                for index in bound:
                    other = sizes.setdefault(index.name, index)
                    if other.size != index.size and not (index in self.own and other in self.own):
                        return False
        return True


class _Indices:
    """The indices of forms by their numbers: those that no sum inside binds, and those of the sums, one for each sum."""

    def __init__(self, forms: Forms) -> None:
        self.met = forms.met
        self.free: list[tuple[Index, ...]] = []
        self.bound: list[tuple[Index, ...]] = []
        for kind, *parts in forms.met:
            if len(parts) == 1:
                self.free.append(self.free[parts[0]])
                self.bound.append(self.bound[parts[0]])
                continue
            inside = parts[: SUMMED[kind]] if kind in SUMMED else parts
            over = [forms.met[p][0] for p in parts[len(inside) :]]
            free = dict.fromkeys(i for p in inside for i in self.free[p])
            for index in over:
                free.pop(index, None)
            self.free.append((kind,) if isinstance(kind, Index) else tuple(free))
            self.bound.append((*over, *(i for p in inside for i in self.bound[p])))

    def terms(self, number: int) -> tuple[int, ...]:
        kind, *parts = self.met[number]
        return tuple(parts) if kind is Add else (number,)


SUMMED: Mapping[Any, int] = {Total: 1, Pairing: 2}
"""Of how many parts a sum is made, before its indices."""


# --- one line -----------------------------------------------------------------------------------------------------------------


class _Line:
    """The letters of one line while it is read from the left."""

    def __init__(self, sides: tuple[Expr, Expr], own: Collection[Index], taken: Collection[str], moved: Collection[str]) -> None:
        self.sides = sides
        self.own = own
        self.taken = taken
        self.moved = moved
        self.letters = {i.name for side in sides for i in _indices(side)}
        self.fixed = {i.name for side in sides for i in free_indices(side)}
        self.bound: dict[Index, None] = {}
        self.sizes: dict[str, Index] = {}

    def settled(self) -> Equation:
        change: dict[Index, Expr] = {}
        free: set[str] = set()
        for index in dict.fromkeys(i for side in self.sides for i in free_indices(side)):
            name = index.name
            if name in free:
                name = letter_for(name, self.letters | set(self.taken))
                self.letters.add(name)
                change[index] = type(index)(name, index.size)
            free.add(name)
        lhs, rhs = (self.apart(rename(side, change), frozenset(free)) for side in self.sides)
        return Equation(lhs, rhs)

    def apart(self, expr: Expr, around: frozenset[str], beside: frozenset[str] = frozenset()) -> Expr:
        """`expr` where the letters `around` mean something, and factors next to it sum over those in `beside`."""
        if isinstance(expr, Total | Pairing):
            return self.sum(expr, around, beside)
        if not any(isinstance(n, Total) for n in nodes(expr)):
            return expr
        if isinstance(expr, Mul):
            return rebuild(expr, self.factors(expr, around, beside))
        inside = beside if isinstance(expr, Add | Pow) else frozenset[str]()
        return rebuild(expr, (self.apart(a, around, inside) if isinstance(a, Expr) else a for a in expr.args))

    def sum(self, expr: Total | Pairing, around: frozenset[str], beside: frozenset[str]) -> Expr:
        bound = list(expr.indices)
        parts = expr.args[: len(expr.args) - len(bound)]
        inside = {i.name for part in parts for i in _indices(part)}
        change: dict[Index, Expr] = {}
        here: set[str] = set()
        for place, index in enumerate(bound):
            other = self.sizes.get(index.name, index)
            two_ranges = other.size != index.size and not (index in self.own and other in self.own)
            if index.name in around | beside | here or two_ranges or index.name in self.moved:
                bound[place] = self.other(index, around | beside | here | inside)
                change[index] = bound[place]
            here.add(bound[place].name)
            self.sizes.setdefault(bound[place].name, bound[place])
            self.bound[bound[place]] = None
            self.fixed.add(bound[place].name)
        return rebuild(expr, (*(self.apart(rename(part, change), around | here, beside) for part in parts), *bound))

    def other(self, index: Index, avoid: Collection[str]) -> Index:
        """Another letter: one that a sum on this line has already, else a new one."""
        near = (i for i in self.bound if i.size == index.size and i.name not in avoid and i.name not in self.taken)
        found = next(near, None)
        if found is None:
            moved = index.name in self.moved
            again = moved and index.name not in self.fixed and index.name not in self.taken
            used = self.letters - {index.name} if again else self.letters
            found = type(index)(letter_for("j" if moved else index.name, used | set(self.taken)), index.size)
            self.letters.add(found.name)
        return found

    def factors(self, expr: Mul, around: frozenset[str], beside: frozenset[str]) -> list[Expr]:
        """The factors of a product. What stands below a fraction bar is a product of its own."""
        out = []
        used = {True: beside, False: beside}
        for factor in expr.args:
            above = not (isinstance(factor, Pow) and factor.exp.is_number and factor.exp.is_negative)
            found = self.apart(factor, around, used[above])
            used[above] |= _open_sums(found)
            out.append(found)
        return out


def _open_sums(expr: Expr) -> frozenset[str]:
    """The letters of the sums that no function's bracket closes off."""
    if isinstance(expr, Total):
        return frozenset(i.name for i in expr.indices) | _open_sums(expr.body)
    if isinstance(expr, Add | Mul | Pow):
        return frozenset[str]().union(*map(_open_sums, expr.args))
    return frozenset()
