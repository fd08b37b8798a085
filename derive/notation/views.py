"""The views: the same equation as scalars, with indices, with matrices, or with matrices over a mini-batch.

scalar, index   the equation as it is derived
matrix          arrays; in a mini-batch the training example is a label ("for each n")
batch           arrays whose rows (or columns) are the training examples
"""

from __future__ import annotations

from dataclasses import replace

from ..expressions.nodes import Differential, Entry, Index, Partial
from ..expressions.system import Equation, System, is_cotangent, primal
from ..expressions.traversal import nodes
from ..expressions.views import VIEWS, View
from . import matrix_form
from .array_expressions import ArrayEquation, Name, Node, parts, transformed
from .contraction import NoMatrixForm

Shown = Equation | ArrayEquation


def shown(equation: Equation, view: View, system: System) -> Shown:
    """The equation in a view; the index form where that view has none for it."""
    if not VIEWS[view].arrays or isinstance(equation.lhs, Partial) or _cut(equation, system):
        return equation
    try:
        examples = _labels(equation, system)
        found = matrix_form.equation(equation, examples) if VIEWS[view].labelled else matrix_form.equation(equation, (), examples)
        return _placed(found, system)
    except NoMatrixForm:
        return equation


def _placed(found: ArrayEquation, system: System) -> ArrayEquation:
    """Dots where a label alone does not say on which axis it stands: W_{·i} for column i, beside W_{i·} for row i.

    Without them it stands on the first axis, or is the number of a training example.
    """
    cuts: dict[tuple[str, int], set[tuple[int, ...]]] = {}
    for side in (found.lhs, found.rhs):
        for name in parts(side):
            if isinstance(name, Name) and name.labels:
                key = primal(name.key) if is_cotangent(name.key) else name.key
                cuts.setdefault((key, len(name.labels)), set()).add(tuple(sorted(axis for axis, _ in name.labels)))

    def expected(key: str, axes: tuple[int, ...]) -> bool:
        return axes == tuple(range(len(axes))) or axes == (system.tensors[key].batch,)

    if all(len(ways) == 1 and expected(key, *ways) for (key, _), ways in cuts.items()):
        return found

    def dotted(node: Node) -> Node | None:
        return replace(node, dotted=True) if isinstance(node, Name) and node.labels else None

    return ArrayEquation(transformed(found.lhs, dotted), transformed(found.rhs, dotted), found.labels)


def _cut(equation: Equation, system: System) -> bool:
    """Whether an index runs over a part of an axis only, as i does in W[i] beside W[i+1]."""
    for side in (equation.lhs, equation.rhs):
        for node in nodes(side):
            if isinstance(node, Entry):
                key = primal(node.key) if is_cotangent(node.key) else node.key
                shape = system.tensors[key].shape if key in system.tensors else ()
                if any(isinstance(i, Index) and i.size != n for i, n in zip(node.indices, shape, strict=False)):
                    return True
    return False


def _labels(equation: Equation, system: System) -> tuple[Index, ...]:
    """The indices that run over the training examples."""
    if system.examples is None:
        return ()
    found: dict[Index, None] = {}
    for side in (equation.lhs, equation.rhs):
        for node in nodes(side):
            entry = node.entry if isinstance(node, Differential) else node
            if isinstance(entry, Entry):
                key = primal(entry.key) if is_cotangent(entry.key) else entry.key
                axis = system.tensors[key].batch
                if axis is not None and isinstance(entry.indices[axis], Index):
                    found[entry.indices[axis]] = None
    return tuple(found)
