"""The equation language: text -> `Equation`.

    z[j] = sum(W[j,k] * x[k], k) + b[j]      index form (`indexed`), chosen where anything has an index
    z = W @ x + b                            matrix form (`arrays`), of scalars, vectors and matrices

Text is read by `grammar`, which lets through nothing but this language. Nothing is ever evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from sympy import Expr

from ...errors import EquationError
from ..system import Equation
from .arrays import matrix_equation
from .grammar import MAX_DEPTH, MAX_DIGITS, MAX_TEXT, Source, read_equation, read_expression, subscripts
from .indexed import indexed_equation, indexed_expression
from .operations import BUILT_IN, OVER, Names

__all__ = [
    "BUILT_IN",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "MAX_TEXT",
    "Names",
    "is_index_form",
    "names_in",
    "parse_equation",
    "parse_expression",
    "ranks_in",
]


def parse_equation(
    text: str,
    shapes: Mapping[str, tuple[int, ...]],
    functions: Collection[str] = (),
    sizes: Mapping[str, int] | None = None,
) -> tuple[Equation, tuple[int, ...]]:
    """The equation that a text says, and the shape of what it defines.

    shapes: every name that may stand on the right, with its shape. (If the left-hand name is here too, its shape must agree.)
    functions: names of elementwise functions of the catalogue.
    sizes: numbers of values of index letters, where the shapes do not tell.
    """
    source, left, right = read_equation(text)
    names = Names(shapes, functions, sizes or {})
    defined = _target(left)
    if defined.id in BUILT_IN or defined.id in functions:
        raise source.error(f"`{defined.id}` is a function, and cannot be defined", defined, "take another name")
    letters = _letters(left) | _letters(right)
    for node in _names(right):
        if node.id == defined.id and node.id not in letters:
            raise source.error(f"`{defined.id}` is defined by itself", node, "a name on the left must not stand on the right")
    form = indexed_equation if _has_indices(left, right) else matrix_equation
    return form(source, names, left, right)


def parse_expression(
    text: str,
    shapes: Mapping[str, tuple[int, ...]],
    functions: Collection[str] = (),
    indices: Mapping[str, int] | None = None,
) -> Expr:
    """A right-hand side alone, in index form: scalars, and entries with the `indices` that may be free."""
    source, node = read_expression(text)
    return indexed_expression(source, Names(shapes, functions), indices or {}, node)


def is_index_form(text: str) -> bool:
    """Whether an equation is written with indices."""
    _, left, right = read_equation(text)
    return _has_indices(left, right)


def names_in(text: str) -> tuple[str, tuple[str, ...]]:
    """The name that an equation defines, and those that it uses, in their order of appearance; neither functions nor indices."""
    _, left, right = read_equation(text)
    letters = _letters(left) | _letters(right)
    used = (node.id for node in _names(right) if node.id not in letters)
    return _target(left).id, tuple(dict.fromkeys(used))


def ranks_in(text: str) -> dict[str, int]:
    """With how many indices an equation writes each of its names, the defined one first; nothing for the matrix form."""
    source, left, right = read_equation(text)
    if not _has_indices(left, right):
        return {}
    ranks: dict[str, int] = {}
    letters = _letters(left) | _letters(right)
    for side in (left, right):
        entries = {node.value: len(subscripts(node)) for node in ast.walk(side) if isinstance(node, ast.Subscript)}
        for node in _names(side):
            rank = entries.get(node, 0)
            if node.id not in letters and ranks.setdefault(node.id, rank) != rank:
                raise _two_ranks(source, node, ranks[node.id], rank)
    return ranks


def _two_ranks(source: Source, node: ast.Name, first: int, second: int) -> EquationError:
    count = "1 index" if first == 1 else f"{first} indices"
    return source.error(f"{node.id} is written with {count}, and here with {second}", node)


def _target(left: ast.expr) -> ast.Name:
    target = left.value if isinstance(left, ast.Subscript) else left
    assert isinstance(target, ast.Name)
    return target


def _names(side: ast.expr) -> list[ast.Name]:
    """The names in an expression in their order of appearance: tensors and indices, but neither functions nor a bare pi."""
    called = {node.func for node in ast.walk(side) if isinstance(node, ast.Call)}
    with_indices = {node.value for node in ast.walk(side) if isinstance(node, ast.Subscript)}
    found = [node for node in ast.walk(side) if isinstance(node, ast.Name) and node not in called]
    return sorted((node for node in found if node.id != "pi" or node in with_indices), key=lambda node: node.col_offset)


def _letters(side: ast.expr) -> set[str]:
    """The letters that stand for indices: those in square brackets, and those that a sum names."""
    letters: set[str] = set()
    for node in ast.walk(side):
        if isinstance(node, ast.Subscript):
            letters |= {inner.id for inner in ast.walk(node.slice) if isinstance(inner, ast.Name)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OVER:
            letters |= {argument.id for argument in node.args[1:] if isinstance(argument, ast.Name)}
    return letters


def _has_indices(left: ast.expr, right: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Subscript)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OVER and len(node.args) > 1)
        for side in (left, right)
        for node in ast.walk(side)
    )
