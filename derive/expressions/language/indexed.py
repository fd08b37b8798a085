"""The index form: z[j] = sum(W[j,k] * x[k], k) + b[j].

A first walk over the tree (`Survey`) finds every index, what binds it and where it is used; `sizes` then finds how many values
each takes; a second walk (`IndexForm`) builds the expression.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import sympy
from sympy import Expr, Integer

from ...errors import did_you_mean
from ..nodes import Entry, Index, add, mul, power, total
from ..system import Equation
from ..traversal import fresh
from .grammar import Source, operands, subscripts
from .operations import BUILT_IN, OVER, Form, Names, contradiction, exponential, over_all
from .ranges import Affine, Slot, Use, affine, solve


class Survey:
    """Every index of an equation: the free ones by letter, the bound ones by the call that binds them."""

    def __init__(self, source: Source, names: Names, defined: str | None = None) -> None:
        self.source = source
        self.names = names
        self.defined = defined
        self.free: dict[str, Slot] = {}
        self.bound: dict[ast.Call, list[Slot]] = {}
        self.uses: list[Use] = []
        self.letters: set[str] = set()
        self.left: tuple[str, ...] | None = None
        """The letters on the left, or those that may be free; None until they are declared."""

    def slot(self, letter: str, at: ast.expr | None) -> Slot:
        """A new index, unless its letter already means something else."""
        if letter in self.names.shapes or letter == self.defined:
            raise self.source.error(
                f"`{letter}` is an index here, but also the name of a tensor", at, "take another letter for the index"
            )
        self.letters.add(letter)
        size = self.names.sizes.get(letter)
        return Slot(letter, size, f"{letter} is declared with {size} values" if size is not None else "")

    def left_side(self, node: ast.expr) -> None:
        """Read the left-hand side: a name, with plain and different letters as its indices."""
        if isinstance(node, ast.Subscript):
            for index in subscripts(node):
                if not isinstance(index, ast.Name):
                    raise self.source.error(
                        f"on the left, an index is a letter, not `{self.source.of(index)}`",
                        index,
                        "write z[j] = …, for every j",
                    )
                if index.id in self.free:
                    raise self.source.error(f"index {index.id} stands twice on the left", index, "take different letters")
                self.free[index.id] = self.slot(index.id, index)
        self.left = tuple(self.free)

    def visit(self, node: ast.expr, scope: Mapping[str, Slot]) -> None:
        """Collect the indices in and below a node; `scope` holds those that sums around it bind."""
        match node:
            case ast.Subscript(value=ast.Name(id=name)):
                self._entry(node, name, scope)
            case ast.Name():
                self._scalar(node)
            case ast.Call(func=ast.Name(id=function), args=[body, *letters]) if function in OVER:
                self._over(node, function, body, letters, scope)
            case ast.Call():
                for argument in node.args:
                    self.visit(argument, scope)
            case ast.Attribute() | ast.BinOp(op=ast.MatMult()):
                sign = "`.T`" if isinstance(node, ast.Attribute) else "`@`"
                raise self.source.error(
                    f"{sign} belongs to the matrix form, but this equation has indices", node, "write all of it in one form"
                )
            case _:
                for child in operands(node):
                    self.visit(child, scope)

    def _scalar(self, node: ast.Name) -> None:
        shape = self.names.shapes.get(node.id)
        if shape:
            letters = ",".join("ijkmpqrs"[: len(shape)])
            raise self.source.error(
                f"{node.id} has {_axes(len(shape))}, but is written without indices", node, f"write {node.id}[{letters}]"
            )

    def _entry(self, node: ast.Subscript, name: str, scope: Mapping[str, Slot]) -> None:
        shape = self.names.shapes.get(name)
        if shape is None:
            if name in BUILT_IN or name in self.names.functions:
                raise self.source.error(f"`{name}` is a function", node, f"write {name}(…)")
            raise self.source.error(f"`{name}` is used before it is defined", node, did_you_mean(name, self.names.shapes))
        indices = subscripts(node)
        if len(indices) != len(shape):
            count = "1 index" if len(indices) == 1 else f"{len(indices)} indices"
            raise self.source.error(f"{name} has {_axes(len(shape))}, but is written with {count}", node)
        for axis, index in enumerate(indices):
            form = affine(self.source, index, lambda letter: self._find(letter, scope))
            self.uses.append(Use(node, name, axis, shape, form))

    def _find(self, letter: ast.Name, scope: Mapping[str, Slot]) -> Slot:
        found = scope.get(letter.id) or self.free.get(letter.id)
        if found is None:
            found = self.free[letter.id] = self.slot(letter.id, letter)
        if found.first is None:
            found.first = letter
        return found

    def _over(self, node: ast.Call, function: str, body: ast.expr, letters: list[ast.expr], scope: Mapping[str, Slot]) -> None:
        if not letters:
            raise self.source.error(
                f"`{function}` does not say over which index", node, f"name it: {function}({self.source.of(body)}, k)"
            )
        slots: list[Slot] = []
        for letter in letters:
            if not isinstance(letter, ast.Name):
                raise self.source.error(f"`{self.source.of(letter)}` is not an index", letter, f"write {function}(…, k)")
            if function == "softmax":
                slots.append(self._find(letter, scope))
                continue
            if letter.id in scope or letter.id in [slot.letter for slot in slots]:
                raise self.source.error(f"index {letter.id} is bound twice", letter, "take another letter for the inner sum")
            if letter.id in (self.left or ()):
                raise self.source.error(
                    f"index {letter.id} stands on the left, and is also summed over", letter, "take another letter for the sum"
                )
            slots.append(self.slot(letter.id, letter))
        before = len(self.uses)
        inner = dict(scope) if function == "softmax" else {**scope, **{slot.letter: slot for slot in slots}}
        self.visit(body, inner)
        used = {slot for use in self.uses[before:] for slot in use.form.parts}
        for slot, letter in zip(slots, letters, strict=True):
            if slot not in used:
                raise self.source.error(f"index {slot.letter} does not occur in `{self.source.of(body)}`", letter)
        self.bound[node] = slots

    def check_free(self) -> None:
        """Every free index stands on both sides, or only on the left with a declared size."""
        left = self.left or ()
        for letter, slot in self.free.items():
            if letter not in left:
                hint = "declare it as an index"
                if self.defined is not None:
                    hint = f"sum over it, or write {self.defined}[{','.join([*left, letter])}]"
                raise self.source.error(f"index {letter} is free on the right but not on the left", slot.first, hint)
            if slot.first is None and slot.size is None:
                raise self.source.error(
                    f"index {letter} stands on the left but not on the right",
                    1,
                    "declare its size under `sizes`, or leave it out",
                )


class IndexForm(Form[Expr]):
    """Builds scalar expressions; each index letter means what the sums around it say."""

    def __init__(self, source: Source, names: Names, survey: Survey) -> None:
        super().__init__(source, names)
        self.survey = survey
        self.scope: dict[str, Index] = {letter: slot.index for letter, slot in survey.free.items()}

    def value(self, node: ast.expr) -> Expr:
        return self.bounded(node, super().value(node))

    def number(self, value: Expr) -> Expr:
        return value

    def name(self, node: ast.Name) -> Expr:
        if node.id in self.names.shapes:
            return Entry.of(node.id)
        if node.id in self.survey.letters:
            raise self.source.error(
                f"index {node.id} stands where a number should", node, "an index stands in brackets, or after what is summed"
            )
        raise self.unknown(node)

    def entry(self, node: ast.Subscript) -> Expr:
        assert isinstance(node.value, ast.Name)
        forms = [affine(self.source, index, lambda letter: self.scope[letter.id]) for index in subscripts(node)]
        return Entry.of(node.value.id, *(_written(form) for form in forms))

    def product(self, node: ast.BinOp) -> Expr:
        raise AssertionError("the survey refuses @")

    def transpose(self, node: ast.Attribute) -> Expr:
        raise AssertionError("the survey refuses .T")

    def outer(self, node: ast.Call) -> Expr:
        raise self.source.error("`outer` belongs to the matrix form, but this equation has indices", node, "write u[i]*v[j]")

    def lift(self, node: ast.expr, operands: list[ast.expr], build: Callable[..., Expr]) -> Expr:
        return build(*(self.value(operand) for operand in operands))

    def over(self, node: ast.Call, function: str) -> Expr:
        body, slots = node.args[0], self.survey.bound[node]
        if function == "softmax":
            # The sum below runs over letters of its own, so that the one above stays free.
            others: dict[str, Index] = {}
            for slot in slots:
                taken = [*self.scope.values(), *others.values(), *(Index(name, 1) for name in self._taken())]
                others[slot.letter] = fresh(self.scope[slot.letter], taken)
            below = total(exponential(self._within(others, body)), *others.values())
            return mul(exponential(self.value(body)), power(below, -1))
        indices = {slot.letter: slot.index for slot in slots}
        count = int(sympy.prod(index.size for index in indices.values()))
        return over_all(function, self._within(indices, body), count, lambda u: total(u, *indices.values()))

    def _within(self, indices: Mapping[str, Index], body: ast.expr) -> Expr:
        outside = self.scope
        self.scope = {**outside, **indices}
        try:
            return self.value(body)
        finally:
            self.scope = outside

    def _taken(self) -> set[str]:
        return {*self.survey.letters, *self.names.shapes, *([self.survey.defined] if self.survey.defined else [])}


def indexed_equation(source: Source, names: Names, left: ast.expr, right: ast.expr) -> tuple[Equation, tuple[int, ...]]:
    """An equation in index form, and the shape of what it defines."""
    target = left.value if isinstance(left, ast.Subscript) else left
    assert isinstance(target, ast.Name)
    survey = Survey(source, names, target.id)
    survey.left_side(left)
    survey.visit(right, {})
    survey.check_free()
    solve(source, [*survey.free.values(), *(slot for slots in survey.bound.values() for slot in slots)], survey.uses)
    indices = [slot.index for slot in survey.free.values()]
    shape, declared = tuple(index.size for index in indices), names.shapes.get(target.id)
    if declared is not None and declared != shape:
        raise contradiction(source, left, declared, shape)
    return Equation(Entry.of(target.id, *indices), IndexForm(source, names, survey).value(right)), shape


def indexed_expression(source: Source, names: Names, indices: Mapping[str, int], node: ast.expr) -> Expr:
    """An expression in index form, in which `indices` may be free."""
    survey = Survey(source, names)
    for letter, size in indices.items():
        survey.free[letter] = survey.slot(letter, None)
        survey.free[letter].declare(size)
    survey.left = tuple(indices)
    survey.visit(node, {})
    survey.check_free()
    solve(source, [*survey.free.values(), *(slot for slots in survey.bound.values() for slot in slots)], survey.uses)
    return IndexForm(source, names, survey).value(node)


def _written(form: Affine[Index]) -> Expr:
    return add(*(mul(factor, index) for index, factor in form.parts.items()), Integer(form.constant))


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes" if count else "no axes"
