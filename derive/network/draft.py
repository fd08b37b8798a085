"""A system while it is being put together: layers, loss and own equations each add their part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy
from sympy import Expr

from ..errors import EquationError, Place, SpecError, did_you_mean
from ..expressions import language
from ..expressions.nodes import Elementwise, Entry, Index, Total, add, neg, total
from ..expressions.system import Block, Equation, Fact, System, Tensor
from ..expressions.traversal import factors, transform
from ..spec import Spec
from ..spec.records import FactRecord
from . import catalogue

Shape = tuple[int, ...]
Names = dict[str, str]
"""From the names in a record or in the user's equations to the keys of tensors."""


@dataclass
class Draft:
    """The tensors, equations, blocks and facts so far."""

    spec: Spec
    tensors: dict[str, Tensor] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    remarks: dict[str, str] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    objective: str | None = None
    outputs: Names = field(default_factory=dict)
    """What own equations may call the outputs of layers: the layers' own names, and the last output's name in its record."""

    def tensor(self, tensor: Tensor) -> None:
        self.tensors[tensor.key] = tensor

    def equation(self, equation: Equation, names: Mapping[str, str]) -> None:
        """Add an equation of a record, its local names replaced by keys."""
        self.equations.append(Equation(renamed(equation.lhs, names), renamed(equation.rhs, names)))

    def add_facts(self, records: Sequence[FactRecord], shapes: Mapping[str, Shape], names: Mapping[str, str]) -> None:
        for record in records:
            size = next(iter(shapes.values()))[0]
            body = language.parse_expression(record.body, shapes, (), {record.over: size})
            pattern = total(renamed(body, names), Index(record.over, size))
            self.facts.append(Fact(pattern, add(record.value), record.reason))

    def finish(self) -> System:
        """The whole system, with its objective."""
        self._choose_objective()
        learns = any(tensor.role == "parameter" for tensor in self.tensors.values())
        # Without a network, equations of inputs alone have gradients, too: those of the inputs.
        if not learns and (self.blocks or not any(tensor.role == "input" for tensor in self.tensors.values())):
            raise SpecError(
                "there is no trainable parameter, so there is nothing to differentiate with respect to",
                place=self.spec.place("network", "layers") if self.blocks else self.spec.place("equations"),
                hint="add a layer with parameters, such as `dense`, or declare some under `parameters`",
            )
        self._mark_signals()
        return System(
            tensors=self.tensors,
            equations=tuple(self.equations),
            objective=self.objective,
            blocks=tuple(self.blocks),
            facts=(*self.facts, *_deviations(self.equations)),
            remarks=self.remarks,
            constants=self.constants,
            glyphs=dict(self.spec.glyphs),
            count_from=self.spec.count_from,
        )

    def _mark_signals(self) -> None:
        """Own quantities that an activation is applied to are pre-activations: their cotangent is written as that of a layer."""
        for equation in self.equations:
            rhs = equation.rhs
            if isinstance(rhs, Elementwise) and isinstance(rhs.argument, Entry):
                tensor = self.tensors[rhs.argument.key]
                if tensor.role == "intermediate" and not tensor.cased:
                    self.tensor(replace(tensor, signal=True))

    def _choose_objective(self) -> None:
        """The one that the spec names, or the last of its equations if that is a scalar, or the loss."""
        chosen, defined = self.spec.objective, [lhs(e).key for e in self.equations]
        if chosen is not None:
            place = self.spec.place("objective")
            if chosen not in defined:
                what = f"`{chosen}` is given, not computed" if chosen in self.tensors else f"`{chosen}` is not defined"
                raise SpecError(what, place=place, hint=did_you_mean(chosen, defined))
            if self.tensors[chosen].shape:
                axes = ",".join("jkmp"[: len(self.tensors[chosen].shape)])
                raise SpecError(
                    f"the objective must be one number, but `{chosen}` has shape {shown(self.tensors[chosen].shape)}",
                    place=place,
                    hint=f"add a line such as `C = sum({chosen}[{axes}]**2, {axes})`",
                )
            self.objective = chosen
        elif self.spec.equations and not self.tensors[defined[-1]].shape:
            self.objective = defined[-1]
        if self.objective is not None:
            self.tensor(replace(self.tensors[self.objective], role="objective", layer=None, cased=False))


def _deviations(equations: Sequence[Equation]) -> list[Fact]:
    """For each mean mu = (1/N) Σ x_i: the deviations from it add up to zero."""
    found = []
    for equation in equations:
        parts = factors(equation.rhs)
        if len(parts) == 2 and parts[0].is_Number and isinstance(parts[1], Total) and isinstance(parts[1].body, Entry):
            over = parts[1]
            if parts[0] * sympy.prod([i.size for i in over.indices]) == 1:
                found.append(Fact(Total(add(over.body, neg(equation.lhs)), *over.indices), add(0), "sum_deviation"))
    return found


def functions() -> set[str]:
    """The functions that own equations may use."""
    return set(catalogue.functions())


def lhs(equation: Equation) -> Entry:
    assert isinstance(equation.lhs, Entry)
    return equation.lhs


def shown(shape: Shape) -> str:
    return "×".join(map(str, shape)) if shape else "() (a scalar)"


def renamed(expr: Expr, names: Mapping[str, str]) -> Expr:
    """The expression with its local names replaced by keys."""
    return transform(expr, lambda n: Entry.of(names.get(n.key, n.key), *n.indices) if isinstance(n, Entry) else None)


def marked(error: EquationError, text: str, place: Place, before: str) -> SpecError:
    """An equation's error at its place in the file, with the text and the spot in it below the message."""
    spot = "" if error.column is None else f"\n  {text}\n  {' ' * (error.column - 1)}^"
    return SpecError(f"{before}: {error.message}{spot}", place=place, hint=error.hint)
