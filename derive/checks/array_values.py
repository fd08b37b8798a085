"""Arrays to numbers, with NumPy's own matrix product: so a view is checked by numbers that owe nothing to index notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from ..expressions.nodes import Index
from ..expressions.traversal import free_indices
from ..notation.array_expressions import (
    Diagonal,
    Hadamard,
    Identity,
    Inner,
    LabelTotal,
    Map,
    Name,
    Node,
    Ones,
    Positive,
    Product,
    Scalar,
    Scaled,
    Softmax,
    SquaredNorm,
    Sum,
    Times,
    Transpose,
    Zeros,
)
from ..numbers import entrywise
from ..numbers import evaluate as numbers

Matrix = NDArray[Any]


def evaluate(node: Node, values: Mapping[str, Matrix], labels: Mapping[Index, int]) -> Matrix:
    """The node as a two-dimensional array: 1×1 for a scalar, n×1 for a column. `labels` gives each label its value."""
    match node:
        case Name():
            return _column(_picked(node, values, labels))
        case Scalar():
            return np.reshape(_at_labels(node.expr, values, labels), (1, 1))
        case Ones():
            return np.ones((node.axes[0].size, 1))
        case Zeros():
            return np.zeros((node.axes[0].size, node.axes[1].size if len(node.axes) > 1 else 1))
        case Identity():
            return np.eye(node.axes[0].size)
        case Transpose():
            return evaluate(node.of, values, labels).T
        case Product():
            return _multiplied(node.args, values, labels)
        case Times():
            out = np.ones((1, 1))
            for arg in node.args:
                other = evaluate(arg, values, labels)
                if out.size > 1 and other.size > 1:
                    raise ValueError("two arrays in a product of scalars")
                out = out * other
            return out
        case Hadamard():
            out = evaluate(node.args[0], values, labels)
            for arg in node.args[1:]:
                other = evaluate(arg, values, labels)
                if other.shape != out.shape:
                    raise ValueError(f"entrywise product of shapes {out.shape} and {other.shape}")
                out = out * other
            return out
        case Sum():
            parts = [evaluate(arg, values, labels) for arg in node.args]
            if any(p.shape != parts[0].shape for p in parts):
                raise ValueError(f"sum of shapes {[p.shape for p in parts]}")
            return np.asarray(sum(parts[1:], parts[0]))
        case Scaled():
            return _at_labels(node.factor, values, labels) * evaluate(node.of, values, labels)
        case Map():
            inner = evaluate(node.of, values, labels)
            return np.broadcast_to(entrywise.entrywise(node.function)(inner), inner.shape)
        case Softmax():
            raised = np.exp(evaluate(node.of, values, labels))
            return raised / raised.sum(axis=node.along, keepdims=True)
        case SquaredNorm():
            return np.reshape(np.sum(evaluate(node.of, values, labels) ** 2), (1, 1))
        case Positive():
            return (np.real(evaluate(node.of, values, labels)) > 0).astype(float)
        case Diagonal():
            return np.diagflat(evaluate(node.of, values, labels))
        case Inner():
            left, right = evaluate(node.left, values, labels), evaluate(node.right, values, labels)
            if left.shape != right.shape:
                raise ValueError(f"inner product of shapes {left.shape} and {right.shape}")
            return np.reshape(np.sum(left * right), (1, 1))
        case LabelTotal():
            total: Any = 0
            for place in np.ndindex(*(i.size for i in node.over)):
                total = total + evaluate(node.of, values, {**labels, **dict(zip(node.over, place, strict=True))})
            return np.asarray(total)
    raise TypeError(type(node).__name__)


def _multiplied(args: tuple[Node, ...], values: Mapping[str, Matrix], labels: Mapping[Index, int]) -> Matrix:
    """A matrix product from the left; a diagonal matrix scales rows or columns and is never filled with zeros."""
    out: Matrix | None = None
    scale: Matrix | None = None
    for arg in args:
        if isinstance(arg, Diagonal):
            column = evaluate(arg.of, values, labels)
            if out is None:
                scale = column if scale is None else scale * column
            else:
                if out.shape[1] != column.shape[0]:
                    raise ValueError(f"product of shapes {out.shape} and {(column.shape[0],) * 2}")
                out = out * column.T
            continue
        factor = evaluate(arg, values, labels)
        if scale is not None:
            if scale.shape[0] != factor.shape[0]:
                raise ValueError(f"product of shapes {(scale.shape[0],) * 2} and {factor.shape}")
            factor, scale = scale * factor, None
        out = factor if out is None else out @ factor
    if out is None:
        assert scale is not None
        return np.diagflat(scale)
    return out


def _column(array: Matrix) -> Matrix:
    return array.reshape(array.shape + (1,) * (2 - array.ndim))


def _picked(node: Name, values: Mapping[str, Matrix], labels: Mapping[Index, int]) -> Matrix:
    array = values[f"d {node.key}" if node.change else node.key]
    for axis, index in sorted(node.labels, key=lambda pair: -pair[0]):
        place = labels[index] if isinstance(index, Index) else int(index.subs(dict(labels)))
        array = np.take(array, place, axis=axis)
    return array


def _at_labels(expr: Expr, values: Mapping[str, Matrix], labels: Mapping[Index, int]) -> Matrix:
    free = tuple(i for i in free_indices(expr))
    found = numbers.evaluate(expr, values, free)
    return found[tuple(labels[i] for i in free)]
