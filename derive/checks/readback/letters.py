"""What the names of a line stand for, and what its letters run over: found once, the same at every point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from ...expressions.system import primal
from ...numbers.evaluate import Array
from . import tree
from .latex import Reader
from .pieces import letter
from .points import Points, Spans
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

    @cached_property
    def layout(self) -> object:
        """Equal where the same letters take the same places along the same axes."""
        return tuple((self.axes[name], name, places.tobytes()) for name, places in self.places.items()), self.rank

    def whole(self, name: str, size: int) -> bool:
        """Whether a letter takes every place of an axis of that size, from the first to the last."""
        places = self.places.get(name)
        return places is not None and len(places) == size and int(places[0]) == self.first

    def with_letters(self, more: Mapping[str, Array]) -> Scope:
        return Scope(self.axes, {**self.places, **more}, self.first)


class ByTree:
    """By tree, not by what it is equal to: its letters with their sizes, which are asked for again and again."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[Tree, dict[str, set[int]]]] = {}

    def get(self, tree: Tree) -> dict[str, set[int]] | None:
        kept = self.kept.get(id(tree))
        return kept[1] if kept is not None else None

    def __setitem__(self, tree: Tree, found: dict[str, set[int]]) -> None:
        self.kept[id(tree)] = (tree, found)


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
    known: ByTree = field(default_factory=ByTree)

    def __post_init__(self) -> None:
        self.meanings = self.signs.meanings(self.layers, self.zero)

    def looked_over(self, claim: tree.Relation, named: list[Tree]) -> Scope:
        """What the letters of a line mean, the same at every point. Raises Unreadable where one means two things."""
        free = self.free_letters(named)
        bound = [x for total in tree.every(tree.Total, *named) for x in total.letters]
        axes = {name: n for n, name in enumerate(dict.fromkeys([*bound, *free]), 1)}
        own = self.placeholder(claim)
        if own is not None:
            axes[own] = 1 + len(axes)
        said = {name: np.arange(low, high + 1) for name, low, high in claim.ranges}
        places = {name: said[name] if name in said else self.counted(self.free_size(name, named)) for name in free}
        for name in free:
            self.require_no_part(name, len(places[name]), named, name in said)
        partial = any(n.held is not None for n in tree.every(tree.Derivative, claim))
        places = self.fewer(places, FEW if partial else MOST)
        if own is not None:
            places[own] = np.asarray(PLACES)
        for side in named:
            if tree.every(tree.Total, side) or any(name.letter == "e" for name in tree.every(Name, side)):
                self.require_one_meaning(side, set(free))
        return Scope(axes, places, self.first)

    def counted(self, size: int) -> Array:
        """All places of an axis, as they are counted on the page."""
        return np.arange(self.first, self.first + size)

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
        count = math.prod(map(len, places.values()))
        if count <= most:
            return places
        each = max(2, int(most ** (1 / len(places))))
        return {
            name: p if len(p) <= each else p[np.unique(np.r_[0, len(p) - 1, self.points.one.rng.integers(len(p), size=each - 2)])]
            for name, p in places.items()
        }

    # --- letters ------------------------------------------------------------------------------------------------------------

    def free_letters(self, sides: Sequence[Tree]) -> list[str]:
        """The letters that stand there and that nothing there binds, in their order."""
        return list(dict.fromkeys(name for side in sides for name in self.letters_of(side)))

    def letters_of(self, node: Tree) -> Mapping[str, set[int]]:
        """The letters of a tree that nothing in it binds, with how many entries the axes have on which each stands alone."""
        found = self.known.get(node)
        if found is None:
            found = self.known[node] = {}
            self.gather(node, found)
        return found

    def gather(self, node: Tree, found: dict[str, set[int]]) -> None:
        """Add the letters of a tree."""
        if isinstance(node, Name):
            meaning = self.meaning(node)
            if meaning is not None:
                for name, size in self.spans(meaning):
                    sizes = found.setdefault(name, set())
                    if size is not None:
                        sizes.add(size)
                if meaning.power:
                    self.gather(self.power_of(meaning), found)
            elif node.letter == "e" and node.above and not node.below:
                self.gather(self.exponent(node.above), found)
        elif isinstance(node, tree.Total):
            for part in (node.body, *node.conditions):
                for name, sizes in self.letters_of(part).items():
                    if name not in node.letters:
                        found.setdefault(name, set()).update(sizes)
        elif isinstance(node, tree.Bracket):  # where it compares letters with letters, they stand alone
            for inner in tree.every(Name, node):
                if self.meaning(inner) is None:
                    found.setdefault(letter_of(inner), set())
                else:
                    self.gather(inner, found)
        else:
            for child in node.children:
                self.gather(child, found)

    def spans(self, meaning: Meaning) -> Spans:
        """The letters in the indices of a name, each with the entries of the axis on which it stands alone, or None."""
        found = self.points.spans.get(meaning)
        if found is None:
            shape = self.shape_of(meaning)
            found = self.points.spans[meaning] = tuple(
                (name, shape[axis] if letters == (name,) and _alone(part) else None)
                for axis, part in zip(self.axes_of(meaning), meaning.indices, strict=True)
                for letters in [letters_in(part)]
                for name in letters
            )
        return found

    def free_size(self, name: str, sides: Sequence[Tree]) -> int:
        """How many values a free letter takes: what the left-hand side says, where it says one thing."""
        left = self.letters_of(sides[0]).get(name, ())
        return next(iter(left)) if len(left) == 1 else self.size_of(name, sides)

    def require_no_part(self, name: str, size: int, sides: Sequence[Tree], said: bool) -> None:
        """Refuse a free letter that takes a part of an axis on which it stands alone, where the line does not say so."""
        longer = {n for side in sides for n in self.letters_of(side).get(name, ()) if n > size}
        if longer and not said:
            raise Unreadable(f"`{name}` takes {size} places, and stands on an axis with {max(longer)}")

    def size_of(self, name: str, sides: Sequence[Tree]) -> int:
        """How many values a letter takes: as many as the axes on which it stands alone have entries."""
        sizes: set[int] = set().union(*(self.letters_of(side).get(name, ()) for side in sides))
        if len(sizes) > 1:
            raise Unreadable(f"`{name}` stands for places of axes with {' and '.join(map(str, sorted(sizes)))} entries")
        if not sizes:
            raise Unreadable(f"nothing says what `{name}` runs over")
        return sizes.pop()

    def require_one_meaning(self, node: Tree, taken: set[str]) -> None:
        """Refuse a letter that a Σ binds and that means something else around it."""
        if isinstance(node, tree.Total):
            twice = [x for x in node.letters if x in taken] + [x for i, x in enumerate(node.letters) if x in node.letters[:i]]
            if twice:
                raise Unreadable(f"`{twice[0]}` means two things in one line")
            taken = taken | set(node.letters)
            for name in node.letters:
                found = self.meaning(tree.name(name))
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
            return self.signs.meaning(name, self.layers, self.zero)

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


@lru_cache(maxsize=4096)
def letters_in(part: Tokens) -> tuple[str, ...]:
    """The letters of an index: i and p of i + p."""
    found = []
    at = 0
    while at < len(part):
        if at + 1 < len(part) and part[at + 1] == "_":
            end = part.index("}", at) + 1 if part[at + 2] == "{" else at + 3
            found.append(letter(part[at:end]))
            at = end
            continue
        if part[at].isalpha():
            found.append(part[at])
        at += 1
    return tuple(found)


def _alone(part: Tokens) -> bool:
    return len(part) == 1 or (len(part) > 1 and part[1] == "_" and not any(t in "+-" for t in part))


def letter_of(name: Name) -> str:
    if name.above:
        raise Unreadable(f"`{written(name)}` is no index")
    return name.letter + "".join(t for part in name.below for t in part)
