"""How places on an axis are written: from where they are counted, and over which of them an index runs.

The expressions count from 0. A sheet that counts from 1 writes each index one higher, and with it whatever is said of places:
x[i+p] is x_{i+p-1} there, for i and p from 1, and Σ over all of 0 … 3 has 1 below it and 4 above.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sympy import Expr, Mul, S

from ..expressions.nodes import Delta, Entry, Index, Pairing, Total, Within, add, mul
from ..expressions.system import System, is_cotangent, primal
from ..expressions.traversal import free_indices, nodes, rename, terms


def counted(at: Expr, first: int) -> Expr:
    """An index expression as it is written where the first place has the number `first`."""
    if isinstance(at, Index) or first == 0:
        return at
    indices = free_indices(at)
    zero, one = (rename(at, dict.fromkeys(indices, value)).expand() for value in (S.Zero, S.One))
    return add(*(t for t in terms(at) if not t.is_Number), zero - first * (one - zero) + first)


def last(index: Index, first: int) -> int:
    """The number of the last place that an index takes."""
    return index.size - 1 + first


def partly(indices: Collection[Index], body: Expr, system: System | None) -> tuple[Index, ...]:
    """Those of the summed indices that do not run over the whole of each axis on which they stand, or stand on none."""
    axes = _axes([body], system)
    return tuple(i for i in indices if any(n != i.size for n in axes.get(i, [0])))


def narrowed(found: Total) -> Total:
    """The sum with its conditions on a summed index alone, 0 ≤ i ≤ 3, taken into the range of that index."""
    if not isinstance(found.body, Mul):
        return found
    inside = {f: f.args[0] for f in found.body.args if isinstance(f, Within) and f.args[0] in found.indices}
    if not inside:
        return found
    sizes = {i: min(i.size, *(int(f.args[1]) for f, at in inside.items() if at == i)) for i in inside.values()}
    names = {i: Index(i.name, size) for i, size in sizes.items()}
    body = rename(mul(*(f for f in found.body.args if f not in inside)), names)
    return Total(body, *(names.get(i, i) for i in found.indices))


def free_and_partly(sides: Iterable[Expr], system: System | None) -> tuple[Index, ...]:
    """The free indices of a line that run over a part of an axis on which they stand, or stand on none."""
    sides = tuple(sides)
    axes = _axes(sides, system)
    free = dict.fromkeys(i for side in sides for i in free_indices(side))
    return tuple(i for i in free if i not in axes or any(n > i.size for n in axes[i]))


def _axes(sides: Iterable[Expr], system: System | None) -> dict[Index, list[int]]:
    """The lengths of the axes on which each index stands by itself; where a tensor is not known, the index is believed."""
    found: dict[Index, list[int]] = {}
    for entry in (n for side in sides for n in nodes(side) if isinstance(n, Entry)):
        key = primal(entry.key) if is_cotangent(entry.key) else entry.key
        shape = system.tensors[key].shape if system is not None and key in system.tensors else ()
        for axis, at in enumerate(entry.indices):
            if isinstance(at, Index):
                found.setdefault(at, []).append(shape[axis] if axis < len(shape) else at.size)
    return found


def numbered(sides: Iterable[Expr], system: System | None) -> bool:
    """Whether a line writes the number of a place: x_0, x_{i+1}, [k = 2], or the ends of a range."""
    for side in sides:
        for node in nodes(side):
            if isinstance(node, Entry) and not all(isinstance(at, Index) for at in node.indices):
                return True
            if isinstance(node, Delta | Within) and not all(isinstance(at, Index) for at in node.args):
                return True
            if isinstance(node, Total | Pairing) and partly(node.indices, node, system):
                return True
    return bool(free_and_partly(sides, system))


__all__ = ["counted", "free_and_partly", "last", "narrowed", "numbered", "partly"]
