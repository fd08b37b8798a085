"""What stands in the places of a line: the entries of arrays that its indices name, and partial derivatives entry by entry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...numbers.evaluate import Array
from . import tree
from .letters import Letters, Scope, index, letter_of
from .points import Stacked
from .signs import Meaning
from .tokens import Unreadable
from .tree import Name, Tokens, Tree
from .values import Value

ALL = ((r"\cdot",), ("·",), (":",))
"""What stands at the place of an index for all of the axis."""


@dataclass
class Entries(Letters):
    """Arrays at all points, laid out along the letters of a line."""

    def entry(self, meaning: Meaning, key: str, drawn: Stacked, scope: Scope) -> Value:
        """An entry of what is drawn of `key`, or with fewer indices than axes the rest as an array."""
        mark = (meaning, key, scope.layout)
        found = drawn.views.get(mark)
        if found is not None:
            return found
        array = drawn[key]
        view = self.view(meaning, array, scope)
        if view is None:
            return Value(self.picked(meaning, array, scope))
        found = drawn.views[mark] = Value(view)
        return found

    def view(self, meaning: Meaning, array: Array, scope: Scope) -> Array | None:
        """An array whose letters each run over all of an axis, or that has none; None where places are to be picked."""
        shape = array.shape[1:]  # behind the axis of the points
        rank = len(shape) - sum(part not in ALL for part in meaning.indices)
        if meaning.sign.matrix is not None and meaning.sign.matrix != (rank > 1):
            raise Unreadable(f"`{meaning.sign.letter}` is the letter of {'the matrix' if meaning.sign.matrix else 'an entry'}")
        placed = self.placed(meaning)
        if not placed:
            return self.as_matrix(array, scope)
        axes = [axis for axis, _ in placed]
        letters = [part[0] if len(part) == 1 else "" for _, part in placed]
        if len(axes) == len(shape) and len(set(letters)) == len(letters) and all(map(scope.whole, letters, shape)):
            order = sorted(range(len(letters)), key=lambda n: scope.axes[letters[n]])
            out = [len(self.points)] + [1] * (scope.rank + 1)
            for n in order:
                out[scope.axes[letters[n]]] = shape[n]
            return array.transpose(0, *(n + 1 for n in order)).reshape(out)
        return None

    def placed(self, meaning: Meaning) -> list[tuple[int, Tokens]]:
        """The indices that stand at an axis, each with that axis."""
        return [(axis, part) for axis, part in zip(self.axes_of(meaning), meaning.indices, strict=True) if part not in ALL]

    def picked(self, meaning: Meaning, array: Array, scope: Scope) -> Array:
        """Entry by entry what the indices say; not a number where that lies outside."""
        shape = array.shape[1:]
        placed = self.placed(meaning)
        axes = [axis for axis, _ in placed]
        rest = [n for axis, n in enumerate(shape) if axis not in axes]
        moved = np.moveaxis(array, [axis + 1 for axis in axes], range(1, len(axes) + 1))
        picks, valid = [np.arange(len(self.points)).reshape(-1, *(1,) * (scope.rank - 1))], np.asarray(True)
        for (_, part), n in zip(placed, moved.shape[1:], strict=False):
            place = self.place(part, scope)
            valid = valid & (place >= 0) & (place < n)
            picks.append(np.clip(place, 0, n - 1))
        found = moved[tuple(np.broadcast_arrays(*picks))].astype(float)
        valid = np.broadcast_to(valid, found.shape[: scope.rank])
        found = np.where(valid.reshape((*valid.shape, *(1,) * len(rest))), found, np.nan)
        if len(rest) > 2:
            raise Unreadable(f"`{meaning.sign.letter}` has {len(rest)} axes that no index names")
        return found.reshape((*found.shape, *(1,) * (2 - len(rest))))

    def as_matrix(self, array: Array, scope: Scope) -> Array:
        shape = array.shape[1:]
        if len(shape) > 2:
            raise Unreadable(f"an array with {len(shape)} axes stands without indices")
        return array.reshape((-1,) + (1,) * (scope.rank - 1) + shape + (1,) * (2 - len(shape))).astype(float, copy=False)

    def place(self, part: Tokens, scope: Scope) -> Array:
        """The places that an index part names, counted from 0."""
        if len(part) == 1 and part[0] in scope.places:
            return self.letter_value(part[0], scope) - self.first
        return self.whole(index(part), scope) - self.first

    def whole(self, node: Tree, scope: Scope) -> Array:
        """Arithmetic with letters of indices."""
        if isinstance(node, tree.Number):
            return np.asarray(int(node.value)).reshape((1,) * scope.rank)
        if isinstance(node, Name):
            return self.letter_value(letter_of(node), scope)
        if isinstance(node, tree.Negative):
            return -self.whole(node.of, scope)
        if isinstance(node, tree.Add):
            return sum((self.whole(t, scope) for t in node.terms), np.asarray(0))
        if isinstance(node, tree.Product):
            out = np.asarray(1)
            for f in node.factors:
                out = out * self.whole(f, scope)
            return out
        raise Unreadable("an index that is no sum of letters and numbers")

    def letter_value(self, name: str, scope: Scope) -> Array:
        if name not in scope.places:
            raise Unreadable(f"`{name}` is no index here")
        shape = [1] * scope.rank
        shape[scope.axes[name]] = -1
        return scope.places[name].reshape(shape)

    # --- partial derivatives ------------------------------------------------------------------------------------------------

    def require_all_held(self, key: str, by: str, held: tuple[Name | None, ...]) -> None:
        """A bar names everything else that could change the value of the line."""
        if None in held:
            return
        named = {self.required(n).sign.key for n in held if n is not None} | {by}
        for left in self.points.one.reads(key):
            if left not in named and self.points.depends(key, left):
                raise Unreadable(f"the bar does not say that `{left}` is held constant")

    def partial(self, of: Meaning, by: Meaning, scope: Scope) -> Value:
        """∂of/∂by with all else held, entry by entry."""
        if len(of.indices) != len(self.shape_of(of)) or len(by.indices) != len(self.shape_of(by)):
            raise Unreadable("a partial of arrays")
        tops = [self.place(p, scope) for p in of.indices]
        unders = [self.place(p, scope) for p in by.indices]
        grid = np.broadcast_arrays(*tops, *unders) if tops or unders else []
        shape = grid[0].shape[1:] if grid else (1,) * (scope.rank - 1)
        found = []
        for at in zip(*(g.ravel().tolist() for g in grid), strict=True) if grid else ((),):
            column = self.points.column(of.sign.key, by.sign.key, at[len(tops) :])
            found.append(column[(slice(None), *at[: len(tops)])])
        return Value(np.stack(found, axis=-1).reshape(-1, *shape, 1, 1))
