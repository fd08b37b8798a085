"""Indexed scalars -> matrices: an equation, or an expression, as arrays over its free indices.

A product is contracted (contraction.py); sums, functions of an entry and the derivative beside its change keep their own form. An
index named as a label is written beside its tensors ("for each n"), not counted as an axis.

Where no matrix form exists, `NoMatrixForm` says why, and the sheet shows the index form.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sympy import Add, Expr, Mul, Pow, S, exp

from ..expressions.nodes import (
    Delta,
    Differential,
    Elementwise,
    Entry,
    Index,
    Pairing,
    Partial,
    Total,
    Where,
    Within,
    mul,
    rebuild,
)
from ..expressions.system import Equation
from ..expressions.traversal import factors, free_indices, nodes, numbered, rename
from .array_expressions import (
    ArrayEquation,
    Axes,
    Identity,
    Inner,
    LabelTotal,
    Map,
    Name,
    Node,
    Positive,
    Product,
    Scalar,
    Scaled,
    Softmax,
    SquaredNorm,
    Sum,
    Transpose,
    Zeros,
    hadamard,
    scaled,
    transpose,
)
from .contraction import Factor, NoMatrixForm, contracted

U = Entry.of("u")


def equation(found: Equation, labels: Collection[Index] = (), rather: Collection[Index] = ()) -> ArrayEquation:
    """The matrix form of an equation; `labels` are the indices to be written beside the tensors.

    Where more than two free indices are left, others become labels too: `rather` these, then the first ones. Raises NoMatrixForm.
    """
    axes = [i for i in free_indices(found.lhs) if i not in labels]
    more = [[*labels, *rather], *_more_labels(found, labels)]
    tried = [labels, *more] if _widest(found, labels) > 2 else [labels]
    problem = NoMatrixForm("no form found")
    for names in tried:
        free = tuple(i for i in axes if i not in names)
        if len(free) > 2:
            continue
        try:
            lhs = array(found.lhs, free, names)
            return ArrayEquation(lhs, array(found.rhs, free, names), tuple(i for i in free_indices(found.lhs) if i in names))
        except NoMatrixForm as error:
            problem = error
    raise problem


def _more_labels(found: Equation, labels: Collection[Index]) -> list[Collection[Index]]:
    """Indices to try as labels where tensors have too many: the first axes first ("for each head"), one, then two."""
    entries = [n for side in (found.lhs, found.rhs) for n in nodes(side) if isinstance(n, Entry)]
    wide = [[i for i in e.indices if isinstance(i, Index) and i not in labels] for e in entries]
    wide = [indices for indices in wide if len(indices) > 2] or [[i for i in free_indices(found.lhs) if i not in labels]]
    ordered = dict.fromkeys(indices[axis] for axis in range(max(map(len, wide))) for indices in wide if axis < len(indices))
    singles = [[*labels, i] for i in ordered]
    pairs = [[*labels, i, j] for i in ordered for j in ordered if i != j]
    return [*singles, *pairs[:12]]


def _widest(found: Equation, labels: Collection[Index]) -> int:
    widths = [
        sum(1 for i in n.indices if not (isinstance(i, Index) and i in labels))
        for side in (found.lhs, found.rhs)
        for n in nodes(side)
        if isinstance(n, Entry)
    ]
    return max([len([i for i in free_indices(found.lhs) if i not in labels]), *widths], default=0)


def array(expr: Expr, axes: Sequence[Index], labels: Collection[Index] = ()) -> Node:
    """`expr` as an array whose rows and columns are `axes` (its free indices but the labels)."""
    axes = tuple(axes)
    if expr is S.Zero and axes:
        return Zeros(axes)
    if isinstance(expr, Add):
        return total_of(axes, [array(term, axes, labels) for term in expr.args])
    if isinstance(expr, Pairing):
        return _pairing(expr, labels)
    bound: tuple[Index, ...] = ()
    over: tuple[Index, ...] = ()
    if isinstance(expr, Total):
        if isinstance(expr.body, Add) and not any(i in labels for i in expr.indices):
            return total_of(axes, [array(Total(t, *expr.indices), axes, labels) for t in expr.body.args])
        bound = tuple(i for i in expr.indices if i not in labels)
        over = tuple(i for i in expr.indices if i in labels)
        expr = expr.body
    if over and isinstance(expr, Add):
        return LabelTotal(axes, over, array(Total(expr, *bound) if bound else expr, axes, labels))
    numbers = [f for f in factors(expr) if f.is_Number]
    rest = [f for f in factors(expr) if not f.is_Number]
    node = _product(rest, axes, bound, labels)
    if over:
        node = LabelTotal(axes, over, node)
    return scaled(mul(*numbers), node)


def _pairing(expr: Pairing, labels: Collection[Index]) -> Node:
    """(Wᵀδ)ᵀ da, or ⟨δ aᵀ, dW⟩: the derivative beside the change that it belongs to."""
    inside = tuple(i for i in expr.indices if i not in labels)
    over = tuple(i for i in expr.indices if i in labels)
    if expr.value is S.Zero:  # a change times nothing
        return Scalar((), S.Zero)
    if len(inside) > 2:
        raise NoMatrixForm("a change with more than two indices")
    if not inside:
        node = array(mul(expr.value, expr.change), (), labels)
    else:
        value, change = array(expr.value, inside, labels), array(expr.change, inside, labels)
        node = _across(value, change) if len(inside) == 1 else _paired(value, change)
    return LabelTotal((), over, node) if over else node


def _across(value: Node, change: Node) -> Node:
    """(∂C/∂v)ᵀ dv, the derivative kept together in its bracket."""
    if isinstance(value, Scaled):
        return scaled(value.factor, _across(value.of, change))
    row = Transpose(value.axes, value) if isinstance(value, Product) else transpose(value)
    return Product((), (row, change))


def _paired(value: Node, change: Node) -> Node:
    if isinstance(value, Scaled):  # numbers in front of the bracket
        return scaled(value.factor, _paired(value.of, change))
    return Inner((), value, change)


def total_of(axes: Axes, args: Sequence[Node]) -> Node:
    """The sum of arrays: sums inside opened, zeros dropped, equal terms written once."""
    numbers: dict[Node, Expr] = {}
    for term in (a for arg in args for a in (arg.args if isinstance(arg, Sum) else (arg,))):
        number, bare = _numbered(term)
        numbers[bare] = numbers.get(bare, S.Zero) + number
    left = [scaled(number, bare) for bare, number in numbers.items() if number != 0]
    if not left:
        return Zeros(axes) if axes else Scalar((), S.Zero)
    return left[0] if len(left) == 1 else Sum(axes, tuple(left))


def _numbered(term: Node) -> tuple[Expr, Node]:
    """The number in front of an array, and the array without it."""
    if isinstance(term, Zeros):
        return S.Zero, term
    if isinstance(term, Scaled):
        number, rest = numbered(term.factor)
        return number, scaled(mul(*rest), term.of)
    if isinstance(term, Scalar):
        number, rest = numbered(term.expr)
        return number, Scalar((), mul(*rest))
    return S.One, term


def _product(parts: Sequence[Expr], axes: Axes, bound: Axes, labels: Collection[Index]) -> Node:
    squared = _square(parts, axes, bound, labels)
    if squared is not None:
        return squared
    scalars: list[Expr] = []
    items: list[Factor] = []
    soft = _softmax(parts, axes, labels)
    if soft is not None:
        items.append(Factor(soft[2], min(soft[:2])))
    for place, part in enumerate(parts):
        if soft is not None and place in soft[:2]:
            continue
        free = [i for i in free_indices(part) if i not in labels]
        if not free and not any(isinstance(n, Total) for n in nodes(part)):
            scalars.append(part)
            continue
        if len(free) > 2:
            raise NoMatrixForm(f"a factor with {len(free)} indices")
        items.append(Factor(_item(part, _ordered(part, free, axes), labels), place))
    if any(isinstance(item.node, Zeros) for item in items):
        raise NoMatrixForm("zeros as a factor")
    node = contracted(items, bound, axes)
    return scaled(mul(*scalars), node) if scalars else node


def _softmax(parts: Sequence[Expr], axes: Axes, labels: Collection[Index]) -> tuple[int, int, Node] | None:
    """exp(z_j)/Σ exp(z_k), which has a name: the places of its two factors, and the node."""
    for place, below in enumerate(parts):
        if not isinstance(below, Pow) or below.exp != -1 or not isinstance(below.base, Total):
            continue
        total = below.base
        if len(total.indices) != 1 or not isinstance(total.body, exp):
            continue
        for other, raised in enumerate(parts):
            inside = _ordered(raised, [i for i in free_indices(raised) if i not in labels], axes)
            if not isinstance(raised, exp) or not 1 <= len(inside) <= 2:
                continue
            for along, index in enumerate(inside):
                if index not in free_indices(total) and rename(total.body, {total.indices[0]: index}) == raised:
                    return place, other, Softmax(inside, _of(raised.args[0], inside, labels), along)
    return None


def _square(parts: Sequence[Expr], axes: Axes, bound: Axes, labels: Collection[Index]) -> Node | None:
    """Σ x_j², which is ‖x‖²."""
    if axes or len(parts) != 1 or not bound or not isinstance(parts[0], Pow) or parts[0].exp != 2:
        return None
    inside = parts[0].base
    if set(bound) != {i for i in free_indices(inside) if i not in labels}:
        return None
    return SquaredNorm((), array(inside, bound, labels))


def _ordered(part: Expr, free: list[Index], axes: Axes) -> Axes:
    """The axes of a factor: as the tensor has them; for anything else in the order that is wanted."""
    if isinstance(part, Entry | Differential) or not all(i in axes for i in free):
        return tuple(free)
    return tuple(sorted(free, key=axes.index))


def _item(part: Expr, axes: Axes, labels: Collection[Index]) -> Node:
    if isinstance(part, Entry):
        return _name(part, False, labels)
    if isinstance(part, Differential):
        return _name(part.entry, True, labels)
    if isinstance(part, Elementwise):
        return Map(axes, Elementwise.of(part.name, U, part.order), _of(part.argument, axes, labels))
    if isinstance(part, Pow) and part.exp.is_number:
        return Map(axes, Pow(U, part.exp, evaluate=False), _of(part.base, axes, labels))
    if isinstance(part, Where):
        if part.args[2] is not S.Zero:
            raise NoMatrixForm("two branches")
        if axes and not set(free_indices(part.args[0])) & set(axes):  # one condition for all entries
            return scaled(Where(part.args[0], S.One, S.Zero), array(part.args[1], axes, labels))
        condition = Positive(axes, _of(part.args[0], axes, labels))
        return condition if part.args[1] is S.One else hadamard([array(part.args[1], axes, labels), condition])
    if isinstance(part, Delta):
        if not all(isinstance(a, Index) for a in part.args) or len(axes) != 2:
            raise NoMatrixForm("a delta of an affine index")
        return Identity(axes)
    if isinstance(part, Within | Index | Partial):
        raise NoMatrixForm("a condition on an index")
    if isinstance(part, Add | Total | Mul):
        return array(part, axes, labels)
    if part.is_Function and len(part.args) == 1:
        return Map(axes, rebuild(part, (U,)), _of(part.args[0], axes, labels))
    raise NoMatrixForm(type(part).__name__)


def _of(argument: Expr, axes: Axes, labels: Collection[Index]) -> Node:
    """What a function is applied to. Zeros are written 0, of which it cannot be seen how many they are."""
    found = array(argument, axes, labels)
    if isinstance(found, Zeros):
        raise NoMatrixForm("a function of zeros")
    return found


def _name(entry: Entry, change: bool, labels: Collection[Index]) -> Node:
    beside = tuple((n, i) for n, i in enumerate(entry.indices) if all(f in labels for f in free_indices(i)))
    inside = tuple(i for n, i in enumerate(entry.indices) if (n, i) not in beside)
    if not all(isinstance(i, Index) for i in inside) or len(set(inside)) != len(inside):
        raise NoMatrixForm("an index that stands twice, or is shifted")
    return Name(inside, entry.key, change, beside)
