"""Which formulas are the same but for the names of their tensors: layer 7's like layer 6's."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from sympy import Expr

from .system import System, is_cotangent, primal
from .tensor import Elementwise, Entry, Index, nodes


def structure(expressions: Iterable[Expr], system: System) -> Hashable:
    """A key that two lists of expressions share where one is the other with its tensors renamed.

    A tensor stands as the place of its first appearance, with its shape and role, and a cotangent as that of its tensor; so
    an expression that names another layer's tensor than its neighbours in the list has another key.
    """
    places: dict[str, int] = {}
    out: list[Hashable] = []
    for expr in expressions:
        for node in nodes(expr):
            if isinstance(node, Entry):
                key = primal(node.key) if is_cotangent(node.key) else node.key
                new = key not in places
                place = places.setdefault(key, len(places))
                out.append((Entry, place, is_cotangent(node.key), len(node.args)))
                if new and key in system.tensors:
                    tensor = system.tensors[key]
                    out.append((tensor.shape, tensor.role, tensor.signal, tensor.batch))
            elif isinstance(node, Index):
                out.append((node.name, node.size))
            elif isinstance(node, Elementwise):
                out.append((Elementwise, node.name, node.order))
            elif node.args:
                out.append((node.func, len(node.args)))
            elif node.is_Number or node.is_NumberSymbol:
                out.append(node)
    return tuple(out)
