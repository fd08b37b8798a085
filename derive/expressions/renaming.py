"""Which formulas are the same but for the names of their tensors: layer 7's like layer 6's."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Any

from sympy import Expr

from .nodes import Elementwise, Entry, Index
from .system import System, is_cotangent, primal
from .traversal import nodes


class Forms:
    """Numbers for expressions, equal for those that are the same but for the names of their tensors, each node looked at once.

    It knows the expressions by where they are, so they must outlive it: the lines of one derivation, while they are decided.
    """

    def __init__(self) -> None:
        self._known: dict[int, int] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self.met: list[tuple[Any, ...]] = []
        """By its number each form: a type and the numbers of its arguments, without the name of a tensor; a leaf alone."""

    def of(self, expr: Expr) -> int:
        known = self._known
        found = known.get(id(expr))
        if found is None:
            args = expr.args[1:] if isinstance(expr, Entry) else expr.args
            form = (type(expr), *map(self.of, args)) if expr.args else (expr,)
            found = self._numbers.get(form)
            if found is None:
                found = self._numbers[form] = len(self.met)
                self.met.append(form)
            known[id(expr)] = found
        return found

    @property
    def indices(self) -> list[Index]:
        """Those that were met, each once."""
        return [form[0] for form in self.met if isinstance(form[0], Index)]


def structure(expressions: Iterable[Expr], system: System) -> Hashable:
    """A key that two lists of expressions share where one is the other with its tensors renamed.

    A tensor stands as the place of its first appearance, with its shape and role, and a cotangent as that of its tensor; so
    an expression that names another layer's tensor than its neighbours in the list has another key.
    """
    places: dict[str, int] = {}
    out: list[Hashable] = []
    for expr in expressions:
        skeleton, keys = _taken_apart(expr)
        out.append(skeleton)
        for key in keys:
            about = primal(key) if is_cotangent(key) else key
            if about not in places and about in system.tensors:
                tensor = system.tensors[about]
                out.append((tensor.shape, tensor.role, tensor.signal, tensor.batch))
            out.append((places.setdefault(about, len(places)), is_cotangent(key)))
    return tuple(out)


def named(expr: Expr) -> frozenset[str]:
    """The keys of the tensors that an expression speaks of, a cotangent's as its tensor's."""
    return frozenset(primal(key) if is_cotangent(key) else key for key in _taken_apart(expr)[1])


@lru_cache(maxsize=65536)
def _taken_apart(expr: Expr) -> tuple[Hashable, tuple[str, ...]]:
    """The form of an expression without the names of its tensors, and these names in their order."""
    form: list[Hashable] = []
    keys: list[str] = []
    for node in nodes(expr):
        if isinstance(node, Entry):
            keys.append(node.key)
            form.append((Entry, len(node.args)))
        elif isinstance(node, Index):
            form.append((node.name, node.size))
        elif isinstance(node, Elementwise):
            form.append((Elementwise, node.name, node.order))
        elif node.args:
            form.append((node.func, len(node.args)))
        elif node.is_Number or node.is_NumberSymbol:
            form.append(node)
    return tuple(form), tuple(keys)
