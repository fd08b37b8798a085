"""Which signs a sheet's formulas use that a first-year student may not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sympy import Expr, log

from ..expressions.nodes import Delta, Within
from ..expressions.system import Equation, System
from ..expressions.traversal import nodes
from ..notation import array_expressions, places
from ..notation.glyphs import Signs
from ..notation.views import Shown

ORDER = (
    "log",
    "sum",
    "ones",
    "dots",
    "hadamard",
    "divide",
    "power",
    "diagonal",
    "inner",
    "norm",
    "softmax_rows",
    "softmax_columns",
    "softmax_along_rows",
    "softmax_along_columns",
    "identity",
    "bracket",
    "from_0",
    "from_1",
)


def signs(shown: Iterable[Shown], system: System, written: Signs) -> tuple[str, ...]:
    """The keys of the signs that occur, in a fixed order; the templates say what each means.

    from_0, from_1: from where the numbers of places count, where a formula writes one. written: how the sheet differs.
    """
    found: set[str] = set()
    for equation in shown:
        if isinstance(equation, Equation) and places.numbered((equation.lhs, equation.rhs), system):
            found.add(f"from_{system.first_index}")
        for item in _items(equation):
            found |= _sign(item)
        for side in (equation.lhs, equation.rhs):
            if isinstance(side, array_expressions.Node) and _over_ones(side):
                found.add("ones")
    if written.directions:
        found = {key.replace("softmax_", "softmax_along_") for key in found}
    if written.identity == "I":  # as everywhere
        found -= {"identity"}
    return tuple(key for key in ORDER if key in found)


def _items(shown: Shown) -> Iterator[Any]:
    for side in (shown.lhs, shown.rhs):
        yield from nodes(side) if isinstance(side, Expr) else array_expressions.parts(side)


def _over_ones(node: array_expressions.Node) -> bool:
    """Whether a reciprocal has nothing before it, and is written over ones."""
    if array_expressions.divides(node) and node.axes:
        return True
    found = list(array_expressions.inside(node))
    if isinstance(node, array_expressions.Hadamard) and not all(map(array_expressions.divides, found)):  # x ⊘ y
        found = [i for part in found for i in (array_expressions.inside(part) if array_expressions.divides(part) else (part,))]
    return any(map(_over_ones, found))


def _sign(item: Any) -> set[str]:
    match item:
        case array_expressions.Name() if item.dotted:
            return {"dots"}
        case array_expressions.Ones():
            return {"ones"}
        case array_expressions.Hadamard():
            divided = [a for a in item.args if array_expressions.divides(a)]
            return ({"divide"} if divided else set()) | ({"hadamard"} if len(item.args) - len(divided) > 1 else set())
        case array_expressions.Map() if item.axes and getattr(item.function, "is_Pow", False):
            return {"divide"} if item.function.exp == -1 else {"power"}
        case array_expressions.Identity():
            return {"identity"}
        case array_expressions.Diagonal():
            return {"diagonal"}
        case array_expressions.Inner():
            return {"inner"}
        case array_expressions.SquaredNorm():
            return {"norm"}
        case array_expressions.Softmax() if len(item.axes) == 2:
            return {"softmax_rows" if item.along == 1 else "softmax_columns"}
        case array_expressions.Map() if getattr(item.function, "func", None) is log:
            return {"log"}
        case log():
            return {"log"}
        case Delta() | Within() | array_expressions.Positive():
            return {"bracket"}
    return set()
