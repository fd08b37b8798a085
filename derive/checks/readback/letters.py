"""What the names of a line stand for, and what its letters run over: found once, the same at every point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ...expressions.system import primal
from ...numbers.evaluate import Array
from . import tree
from .latex import Reader, letter
from .points import Points
from .signs import Meaning, Meanings, Signs, written
from .tokens import Unreadable
from .tree import Name, Tokens, Tree

MOST = 4000
"""Of the places that the free letters of a line may take together, this many are looked at."""

FEW = 64
"""The same for partials, of which each place is differentiated by itself."""

PLACES = (-2.3, -0.7, -0.1, 0.4, 1.3, 2.9)
"""Where the definition of a function is looked at."""


@dataclass(frozen=True)
class Scope:
    """What letters mean at a place of a line: the values that they take, as they are counted on the page, each along an axis,
    behind that of the points."""

    axes: Mapping[str, int]
    places: Mapping[str, Array]
    first: int = 0

    @property
    def rank(self) -> int:
        """The number of axes: of the points and of the letters."""
        return 1 + len(self.axes)

    def whole(self, name: str, size: int) -> bool:
        """Whether a letter takes every place of an axis of that size, from the first to the last."""
        places = self.places.get(name)
        return places is not None and len(places) == size and int(places[0]) == self.first

    def with_letters(self, more: Mapping[str, Array]) -> Scope:
        return Scope(self.axes, {**self.places, **more}, self.first)


class IdentityMap:
    """By tree, not by what it is equal to: the free letters of sides, which are asked for again and again."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[Tree, tuple[str, ...]]] = {}

    def __contains__(self, tree: Tree) -> bool:
        return id(tree) in self.kept

    def __getitem__(self, tree: Tree) -> tuple[str, ...]:
        return self.kept[id(tree)][1]

    def __setitem__(self, tree: Tree, letters: tuple[str, ...]) -> None:
        self.kept[id(tree)] = (tree, letters)


@dataclass
class Letters:
    """The names and letters of one line.

    layers: what ℓ is; zero: the input, where layer 0 stands for it; first: from where entries are counted.
    """

    points: Points
    signs: Signs
    layers: Mapping[str, int] = field(default_factory=dict)
    zero: str | None = None
    first: int = 0
    meanings: Meanings = field(init=False)
    free: IdentityMap = field(default_factory=lambda: IdentityMap())

    def __post_init__(self) -> None:
        self.meanings = self.signs.meanings(self.layers, self.zero)

    def looked_over(self, claim: tree.Relation, named: list[Tree]) -> Scope:
        """What the letters of a line mean, the same at every point. Raises Unreadable where one means two things."""
        free = self.free_letters(named)
        bound = [x for side in named for n in tree.inside(side) if isinstance(n, tree.Total) for x in n.letters]
        axes = {name: n for n, name in enumerate(dict.fromkeys([*bound, *free]), 1)}
        own = self.placeholder(claim)
        if own is not None:
            axes[own] = 1 + len(axes)
        said = {name: np.arange(low, high + 1) for name, low, high in claim.ranges}
        places = {name: said[name] if name in said else np.arange(self.free_size(name, named)) + self.first for name in free}
        partial = any(isinstance(n, tree.Derivative) and n.held is not None for n in tree.inside(claim))
        places = self.fewer(places, FEW if partial else MOST)
        if own is not None:
            places[own] = np.asarray(PLACES)
        for side in named:
            self.require_one_meaning(side, set(free))
        return Scope(axes, places, self.first)

    def placeholder(self, claim: tree.Relation) -> str | None:
        """The u of σ(u) = …, which is a quantity of no system."""
        left = claim.sides[0]
        if isinstance(left, tree.Call) and len(left.args) == 1:
            argument = left.args[0]
            if isinstance(argument, Name) and not argument.below and not argument.above and self.meaning(argument) is None:
                return argument.letter
        return None

    def fewer(self, places: dict[str, Array], most: int) -> dict[str, Array]:
        """All places, or where these are too many some of each letter's, the first and the last among them."""
        count = int(np.prod([len(p) for p in places.values()], dtype=float)) if places else 1
        if count <= most:
            return places
        each = max(2, int(most ** (1 / len(places))))
        return {
            name: p if len(p) <= each else p[np.unique(np.r_[0, len(p) - 1, self.points.one.rng.integers(len(p), size=each - 2)])]
            for name, p in places.items()
        }

    # --- letters ------------------------------------------------------------------------------------------------------------

    def free_letters(self, sides: Sequence[Tree]) -> list[str]:
        found: dict[str, None] = {}
        for side in sides:
            if side not in self.free:
                self.free[side] = tuple(dict.fromkeys(self._free(side)))
            found.update(dict.fromkeys(self.free[side]))
        return list(found)

    def _free(self, node: Tree) -> Iterator[str]:
        if isinstance(node, tree.Total):
            inner = [*self._free(node.body), *(x for c in node.conditions for x in self._free(c))]
            yield from (x for x in inner if x not in node.letters)
            return
        if isinstance(node, Name):
            meaning = self.meaning(node)
            if meaning is not None:
                for part in meaning.indices:
                    yield from _letters(part)
                yield from self._free(self.power_of(meaning)) if meaning.power else ()
            elif node.letter == "e" and node.above and not node.below:
                yield from self._free(self.exponent(node.above))
            return
        if isinstance(node, tree.Bracket):
            yield from self._free_in_claim(node.claim)
            return
        for child in node.children:
            yield from self._free(child)

    def _free_in_claim(self, claim: Tree) -> Iterator[str]:
        """In a bracket that compares letters with letters, the letters stand alone."""
        for node in tree.inside(claim):
            if isinstance(node, Name):
                if self.meaning(node) is None:
                    yield letter_of(node)
                else:
                    yield from self._free(node)

    def free_size(self, name: str, sides: Sequence[Tree]) -> int:
        """How many values a free letter takes: what the left-hand side says, where it says one thing."""
        left = set(self._sizes(name, sides[0]))
        return left.pop() if len(left) == 1 else self.size_of(name, sides)

    def size_of(self, name: str, sides: Sequence[Tree]) -> int:
        """How many values a letter takes: as many as the axes on which it stands alone have entries."""
        sizes = {size for side in sides for size in self._sizes(name, side)}
        if len(sizes) > 1:
            raise Unreadable(f"`{name}` stands for places of axes with {' and '.join(map(str, sorted(sizes)))} entries")
        if not sizes:
            raise Unreadable(f"nothing says what `{name}` runs over")
        return sizes.pop()

    def _sizes(self, name: str, node: Tree) -> Iterator[int]:
        if isinstance(node, tree.Total) and name in node.letters:
            return
        if isinstance(node, Name):
            meaning = self.meaning(node)
            if meaning is not None:
                for axis, part in zip(self.axes_of(meaning), meaning.indices, strict=True):
                    if list(_letters(part)) == [name] and _alone(part):
                        yield self.shape_of(meaning)[axis]
                if meaning.power:
                    yield from self._sizes(name, self.power_of(meaning))
            elif node.letter == "e" and node.above:
                yield from self._sizes(name, self.exponent(node.above))
            return
        for child in node.children:
            yield from self._sizes(name, child)

    def require_one_meaning(self, node: Tree, taken: set[str]) -> None:
        """Refuse a letter that a Σ binds and that means something else around it."""
        if isinstance(node, tree.Total):
            twice = [x for x in node.letters if x in taken] + [x for i, x in enumerate(node.letters) if x in node.letters[:i]]
            if twice:
                raise Unreadable(f"`{twice[0]}` means two things in one line")
            taken = taken | set(node.letters)
            for name in node.letters:
                found = self.meaning(Name(name))
                if found is not None and found.sign.rank == 0:
                    raise Unreadable(f"`{name}` is an index and a quantity")
        if isinstance(node, Name) and node.letter == "e" and node.above and self.meaning(node) is None:
            self.require_one_meaning(self.exponent(node.above), taken)
        for child in node.children:
            self.require_one_meaning(child, taken)

    # --- names ----------------------------------------------------------------------------------------------------------------

    def meaning(self, name: Name) -> Meaning | None:
        try:
            return self.meanings[name]
        except KeyError:
            found = self.meanings[name] = self.signs.meaning(name, self.layers, self.zero)
            return found

    def required(self, name: Name) -> Meaning:
        found = self.meaning(name)
        if found is None:
            raise Unreadable(f"`{written(name)}` is no sign of this sheet")
        return found

    def power_of(self, meaning: Meaning) -> Tree:
        return self.exponent(meaning.power)

    def exponent(self, tokens: Tokens) -> Tree:
        return _exponent(tokens, self.signs.called)

    def shape_of(self, meaning: Meaning) -> tuple[int, ...]:
        return tuple(self.points.one.values[primal(meaning.sign.key)].shape)

    def axes_of(self, meaning: Meaning) -> tuple[int, ...]:
        """The axes on which the indices of a name stand: all of them, or where some are written as labels, those."""
        shape = self.shape_of(meaning)
        count = len(meaning.indices)
        if count == len(shape):
            return tuple(range(count))
        tensor = self.points.system.tensors[primal(meaning.sign.key)]
        batch = tensor.batch
        mine = [batch] if batch is not None and (self.points.one.example_letter,) in meaning.indices else []
        others = [axis for axis in range(len(shape)) if axis != batch]
        return tuple(sorted([*mine, *others[: count - len(mine)]]))


@lru_cache(maxsize=4096)
def index(part: Tokens) -> Tree:
    """An index as it is written: i + p."""
    return Reader(list(part)).alone()


@lru_cache(maxsize=4096)
def _exponent(tokens: Tokens, functions: frozenset[str]) -> Tree:
    return Reader(list(tokens), functions).alone()


def _letters(part: Tokens) -> Iterator[str]:
    at = 0
    while at < len(part):
        if at + 1 < len(part) and part[at + 1] == "_":
            end = part.index("}", at) + 1 if part[at + 2] == "{" else at + 3
            yield letter(list(part[at:end]))
            at = end
            continue
        if part[at].isalpha():
            yield part[at]
        at += 1


def _alone(part: Tokens) -> bool:
    return len(part) == 1 or (len(part) > 1 and part[1] == "_" and not any(t in "+-" for t in part))


def letter_of(name: Name) -> str:
    if name.above:
        raise Unreadable(f"`{written(name)}` is no index")
    return name.letter + "".join(t for part in name.below for t in part)
