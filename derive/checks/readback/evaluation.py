"""A read formula at a point: what it is worth there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np

from ...numbers.entrywise import apply, erf
from ...numbers.evaluate import Array
from . import tree, values
from .entries import Entries
from .letters import Scope
from .points import Stacked
from .signs import written
from .tokens import Unreadable
from .tree import Name, Tokens, Tree
from .values import Value

FUNCTIONS: dict[str, Callable[[Array], Any]] = {
    "exp": np.exp, "log": np.log, "ln": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "erf": erf, "sqrt": np.sqrt,
}  # fmt: skip

NAMED: tuple[type[Tree], ...] = (tree.Change, tree.Derivative, tree.Total, tree.Ones)
"""What is more than numbers, beside names."""

TRIED = np.asarray([0.3, 1.7])

LARGEST = 30_000_000
"""The most numbers that a part of a line may become at a point."""

COMPARED: dict[str, Callable[[Array, Array], Any]] = {
    "=": np.equal, "<": np.less, ">": np.greater, r"\le": np.less_equal, "<=": np.less_equal, "≤": np.less_equal,
    r"\ge": np.greater_equal,
}  # fmt: skip


@dataclass
class Evaluation(Entries):
    """Evaluates the sides of one line, at all points at once.

    changes: of all quantities, or of those of one line with others held. rows: along what softmax acts on a matrix; uses_rows:
    whether that made a difference, and matrix: to what can be nothing else. largest: at each point the largest term of a sum, of
    whose digits the last ones are lost.
    """

    changes: Stacked | None = None
    rows: bool = True
    uses_rows: bool = False
    matrix: bool = False
    scope: Scope | None = None
    largest: Array = field(default_factory=lambda: np.zeros(1))

    def sides(self, claim: tree.Relation, numbers: bool = True) -> list[Value | None]:
        """Each side's value; None for a gap, and for what holds nothing but numbers where `numbers` are not asked for."""
        left_out = [self.left_out(side, numbers) for side in claim.sides]
        if left_out.count(False) < 2:  # nothing is compared: its names must be names
            for name in tree.every(Name, claim):
                if (name != Name(name.letter) or len(name.letter) > 1) and not self.constant(name):  # else it may be an index
                    self.required(name)
            return [None] * len(claim.sides)
        if self.scope is None:
            self.scope = self.looked_over(claim, [side for side, out in zip(claim.sides, left_out, strict=True) if not out])
        with np.errstate(all="ignore"):  # in a case that does not hold
            return [None if out else self.value(side, self.scope) for side, out in zip(claim.sides, left_out, strict=True)]

    def left_out(self, side: Tree, numbers: bool) -> bool:
        """A gap; an array of numbers; and where they are not asked for, anything that holds nothing but numbers."""
        if isinstance(side, tree.Gap):
            return True
        return self.numeric(side) and (not numbers or bool(tree.every(tree.Matrix, side) or tree.every(tree.Gap, side)))

    def numeric(self, node: Tree) -> bool:
        """Whether nothing but numbers stands there."""
        return all(map(self.constant, tree.every(Name, node))) and not any(tree.every(kind, node) for kind in NAMED)

    def constant(self, name: Name) -> bool:
        """π, or a power of e whose exponent is a number, where these are no quantities of the sheet."""
        if name.below or self.meaning(name) is not None:
            return False
        if name.letter == "e" and name.above:
            return self.numeric(self.exponent(name.above))
        return name.letter in (r"\pi", "π", "pi") and not name.above

    def look_over(self, claim: tree.Relation, beside: Scope | None) -> None:
        """Look a line over as if alone, then take the places of the same line in other signs. Raises Unreadable."""
        if beside is not None and not any(isinstance(side, tree.Gap) for side in claim.sides):
            own = self.looked_over(claim, list(claim.sides))
            if not set(own.axes) <= set(beside.axes):
                raise Unreadable("the text behind it has other letters")
            self.scope = beside

    # --- values ---------------------------------------------------------------------------------------------------------------

    def value(self, node: Tree, scope: Scope) -> Value:
        method = VALUES.get(type(node))
        if method is None:
            raise Unreadable(f"{type(node).__name__.lower()} has no value")
        found = method(self, node, scope)
        if found.array.size > LARGEST * len(self.points):
            raise Unreadable("too large to be read back")
        return found

    def _number(self, node: tree.Number, scope: Scope) -> Value:
        found = values.number(float(node.value), scope.rank)
        return Value(found.array, True, True) if node.value == 0 else found

    def _name(self, node: Name, scope: Scope) -> Value:
        if not node.below and not node.above and node.letter in scope.places:
            if self.meaning(node) is not None:
                raise Unreadable(f"`{node.letter}` is an index and a quantity")
            return Value(self.letter_value(node.letter, scope)[..., None, None].astype(float))
        meaning = self.meaning(node)
        if meaning is None:
            constant = {r"\pi": np.pi, "π": np.pi, "pi": np.pi}.get(node.letter)
            if constant is not None and not node.below:
                found = values.number(constant, scope.rank)
            elif node.letter == "e" and node.above and not node.below:
                return values.mapped(self.value(self.exponent(node.above), scope), np.exp)
            elif node.letter == "I" and not node.below and not node.above:
                return Value(values.number(1.0, scope.rank).array, identity=True)
            elif node.above and node.letter in scope.places:
                found, meaning = Value(self.letter_value(node.letter, scope)[..., None, None].astype(float)), None
            else:
                raise Unreadable(f"`{written(node)}` is no sign of this sheet")
            if not node.above:
                return found
            return self.raised(found, self.exponent(node.above), False, scope)
        found = self.entry(meaning, meaning.sign.key, self.points.values, scope)
        if not meaning.power:
            return found
        return self.raised(found, self.power_of(meaning), False, scope)

    def _change(self, node: tree.Change, scope: Scope) -> Value:
        meaning = self.required(node.of)
        if meaning.power:
            raise Unreadable(f"the change of a power, {written(node.of)}")
        changes = self.points.changes if self.changes is None else self.changes
        if meaning.sign.key not in changes:
            raise Unreadable(f"the change of `{written(node.of)}`")
        return self.entry(meaning, meaning.sign.key, changes, scope)

    def _derivative(self, node: tree.Derivative, scope: Scope) -> Value:
        by = [self.required(n) for n in node.by]
        of = self.meaning(node.of)
        if of is None and node.of != Name(self.signs.unnamed):
            raise Unreadable(f"`{written(node.of)}` is no sign of this sheet")
        if any(m.power for m in [*by, *([of] if of else [])]):
            raise Unreadable("a power in a derivative")
        if len(by) == 2:
            assert of is not None
            found = self.points.second(of.sign.key, by[1].sign.key, by[0].sign.key)
            return Value(found.reshape((-1,) + (1,) * (scope.rank + 1)))
        cost = of is None or of.sign.key == self.signs.cost
        if cost and node.held is None:
            key = f"bar {by[0].sign.key}"
            if key not in self.points.values:
                raise Unreadable(f"the derivative by `{written(node.by[0])}`")
            return self.entry(by[0], key, self.points.values, scope)
        assert of is not None
        if node.held is not None:
            self.require_all_held(of.sign.key, by[0].sign.key, node.held)
        return self.partial(of, by[0], scope)

    def _total(self, node: tree.Total, scope: Scope) -> Value:
        more: dict[str, Array] = {}
        for name, bound in zip(node.letters, node.bounds, strict=True):
            if bound is not None:
                low, high = (int(self.whole(b, Scope({}, {})).item()) for b in bound)
                more[name] = np.arange(low, high + 1)
            else:
                said = [places for claim in node.conditions for places in _range(name, claim)]
                more[name] = said[0] if said else self.counted(self.size_of(name, [node.body, *node.conditions]))
        inner = scope.with_letters(more)
        found = self.value(node.body, inner)
        array = found.array
        for claim in node.conditions:
            array = np.where(self.holds(claim, inner)[..., None, None], array, 0.0)
        for name in node.letters:
            axis = scope.axes[name]
            n = len(more[name])
            array = array * n if array.shape[axis] == 1 else array.sum(axis=axis, keepdims=True)
        return found.of(array)

    def _add(self, node: tree.Add, scope: Scope) -> Value:
        terms = [self.value(t, scope) for t in node.terms]
        for term in terms:
            most = abs(term.array).reshape(len(term.array), -1).max(1, initial=0.0)
            self.largest = np.maximum(self.largest, most)
        return values.add(terms)

    def _negative(self, node: tree.Negative, scope: Scope) -> Value:
        found = self.value(node.of, scope)
        return found.of(-found.array)

    def _product(self, node: tree.Product, scope: Scope) -> Value:
        factors = [self.value(f, scope) for f in node.factors]
        return self.where_it_holds(node, reduce(values.product, factors), scope)

    def where_it_holds(self, node: Tree, value: Value, scope: Scope) -> Value:
        """A value, zero where a bracket among its factors is: there nothing else is looked at, which may lie outside a tensor."""
        for bracket in _brackets(node):
            if self.compares_places(bracket):
                there = self.holds(bracket.claim, scope)[..., None, None]
                value = Value(np.where(there, value.array, 0.0), value.any_rows, value.any_columns)
        return value

    def compares_places(self, bracket: tree.Bracket) -> bool:
        return all(self.meaning(n) is None for n in tree.every(Name, bracket))

    def _entrywise(self, node: tree.Entrywise, scope: Scope) -> Value:
        parts = [self.operand(part, scope) for part in (node.first, *(p for _, p in node.rest))]
        return values.entrywise(parts, ["⊙" if sign in (r"\odot", "⊙", ".*") else "⊘" for sign, _ in node.rest])

    def operand(self, node: Tree, scope: Scope) -> Value:
        """What stands beside ⊙ or ⊘: a product of matrices only in brackets."""
        if not isinstance(node, tree.Product):
            return self.value(node, scope)
        factors = [self.value(f, scope) for f in node.factors]
        if sum(not f.scalar for f in factors) > 1:
            raise Unreadable("a matrix product beside an entrywise one, without brackets")
        return self.where_it_holds(node, reduce(values.product, factors), scope)

    def _quotient(self, node: tree.Quotient, scope: Scope) -> Value:
        above, below = self.value(node.above, scope), self.value(node.below, scope)
        if below.rows * below.columns != 1:
            raise Unreadable(f"a division by {values.shape(below)}")
        out = above.of(above.array / below.array)
        return self.where_it_holds(node.above, out, scope)

    def _power(self, node: tree.Power, scope: Scope) -> Value:
        return self.raised(self.value(node.base, scope), node.exponent, node.entrywise, scope)

    def raised(self, base: Value, exponent: Tree, entrywise: bool, scope: Scope) -> Value:
        power = self.value(exponent, scope)
        if not power.scalar and not isinstance(exponent, tree.Number):
            raise Unreadable("an array in an exponent")
        if not (base.rows == base.columns == 1 or entrywise):
            raise Unreadable(f"a power of {values.shape(base)}")
        return values.mapped(base, lambda a: a**power.array)

    def _transposed(self, node: tree.Transposed, scope: Scope) -> Value:
        return values.transposed(self.value(node.of, scope))

    def _call(self, node: tree.Call, scope: Scope) -> Value:
        args = [self.value(a, scope) for a in node.args]
        name = node.name.removeprefix("\\")
        if name in ("max", "min") and len(args) == 2:
            (a, b), rows, columns = values.together(args, f"{name} of two")
            return Value((np.fmax if name == "max" else np.fmin)(a, b), rows, columns)
        if len(args) != 1:
            raise Unreadable(f"`{name}` of {len(args)} things")
        if name == "diag":
            return values.diagonal(args[0])
        if name == "softmax":
            return self.softmax(args[0], node.along, self.points.one.example_letter in self.letters_of(node))
        known = self.signs.functions.get(node.name, ())
        if len(known) > 1:
            raise Unreadable(f"`{node.name}` may be {' or '.join(known)}")
        if known and self.signs.table.get(node.name):
            raise Unreadable(f"`{node.name}` is a function and a quantity")
        if known and name in FUNCTIONS and not np.allclose(FUNCTIONS[name](TRIED), apply(known[0], 0, TRIED)):
            raise Unreadable(f"`{node.name}` is the name of another function")
        if known:
            return values.mapped(args[0], lambda a: apply(known[0], node.order, a))
        if name in FUNCTIONS and node.order == 0:
            return values.mapped(args[0], FUNCTIONS[name])
        raise Unreadable(f"`{node.name}` is no function of this sheet")

    def softmax(self, of: Value, along: Tokens, of_one: bool) -> Value:
        """of_one: of the values of one training example, not of all of them."""
        said = "".join(along)
        if said:
            return values.softmax(of, -1 if said in (r"\rightarrow", "rows") else -2)
        vector = of.columns == 1 and not of.any_columns
        if vector and (of_one or not self.points.one.example_letter):
            return values.softmax(of, -2)
        self.uses_rows = True
        self.matrix = self.matrix or not vector  # with one unit, a mini-batch has one column
        return values.softmax(of, -1 if self.rows else -2)

    def _cases(self, node: tree.Cases, scope: Scope) -> Value:
        out: Value | None = None
        for shown, condition in reversed(node.rows):
            found = self.value(shown, scope)
            if condition is None:
                out = found
                continue
            if out is None:
                raise Unreadable("cases of which the last is not `otherwise`")
            (a, b), rows, columns = values.together([found, out], "cases")
            there = self.truth(condition, scope)
            if not there.scalar:
                rows, columns = rows and there.any_rows, columns and there.any_columns
            out = Value(np.where(there.array, a, b), rows, columns)
        assert out is not None
        return out

    def _bracket(self, node: tree.Bracket, scope: Scope) -> Value:
        found = self.truth(node.claim, scope)
        return replace(found, array=found.array.astype(float))

    def truth(self, claim: Tree, scope: Scope) -> Value:
        """Where a relation holds; along a side of open length everywhere alike."""
        assert isinstance(claim, tree.Relation)
        if not claim.signs:
            raise Unreadable("a condition in which nothing is said")
        parts = [self.value(side, scope) for side in claim.sides]
        alone = [p.scalar or isinstance(s, tree.Number) for p, s in zip(parts, claim.sides, strict=True)]
        wide = [p for p, one in zip(parts, alone, strict=True) if not one]  # a number is compared with each entry of it
        filled, rows, columns = values.together(wide, "a comparison") if wide else ([], False, False)
        beside = iter(filled)
        arrays = [p.array if one else next(beside) for p, one in zip(parts, alone, strict=True)]
        out = np.asarray(True)
        for sign, left, right in zip(claim.signs, arrays, arrays[1:], strict=False):
            out = out & COMPARED[sign](left, right)
        return Value(np.asarray(out), rows, columns)

    def holds(self, claim: Tree, scope: Scope) -> Array:
        return self.truth(claim, scope).array[..., 0, 0]

    def _paired(self, node: tree.Paired, scope: Scope) -> Value:
        return values.total(values.entrywise([self.value(node.left, scope), self.value(node.right, scope)], ["⊙"]))

    def _norm(self, node: tree.Norm, scope: Scope) -> Value:
        return values.total(values.mapped(self.value(node.of, scope), np.square))

    def _size(self, node: tree.Size, scope: Scope) -> Value:
        return values.mapped(self.value(node.of, scope), np.abs)

    def _root(self, node: tree.Root, scope: Scope) -> Value:
        return values.mapped(self.value(node.of, scope), np.sqrt)

    def _ones(self, node: tree.Ones, scope: Scope) -> Value:
        return Value(values.number(1.0, scope.rank).array, any_rows=True)


VALUES: Mapping[type[Tree], Callable[[Evaluation, Any, Scope], Value]] = {
    tree.Number: Evaluation._number, Name: Evaluation._name, tree.Change: Evaluation._change,
    tree.Derivative: Evaluation._derivative, tree.Total: Evaluation._total, tree.Add: Evaluation._add,
    tree.Negative: Evaluation._negative, tree.Product: Evaluation._product, tree.Entrywise: Evaluation._entrywise,
    tree.Quotient: Evaluation._quotient, tree.Power: Evaluation._power, tree.Transposed: Evaluation._transposed,
    tree.Call: Evaluation._call, tree.Cases: Evaluation._cases, tree.Bracket: Evaluation._bracket,
    tree.Paired: Evaluation._paired, tree.Norm: Evaluation._norm, tree.Size: Evaluation._size, tree.Root: Evaluation._root,
    tree.Ones: Evaluation._ones,
}  # fmt: skip


def _range(name: str, claim: Tree) -> Iterator[Array]:
    """The places of which a condition says that a letter runs over them: 0 ≤ q ≤ 3."""
    if isinstance(claim, tree.Relation) and len(claim.sides) == 3 and set(claim.signs) <= {r"\le", "<=", "≤"}:
        low, middle, high = claim.sides
        if middle == Name(name) and isinstance(low, tree.Number) and isinstance(high, tree.Number):
            yield np.arange(int(low.value), int(high.value) + 1)


def _brackets(node: Tree) -> Iterator[tree.Bracket]:
    """The brackets among the factors of a term."""
    if isinstance(node, tree.Bracket):
        yield node
    elif isinstance(node, tree.Negative):
        yield from _brackets(node.of)
    elif isinstance(node, tree.Quotient):
        yield from _brackets(node.above)
    elif isinstance(node, tree.Product):
        for factor in node.factors:
            yield from _brackets(factor)
