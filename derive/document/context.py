"""What every section of a sheet is made from: the spec, its derivation and checks, the views, the worked pass and the signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import network
from ..calculus.steps import Derivation, Step
from ..checks.verify import Check
from ..expressions.nodes import Elementwise, Entry
from ..expressions.system import COUNT, Equation, System, Tensor, lhs_of
from ..expressions.traversal import nodes
from ..expressions.views import View
from ..network.catalogue import functions
from ..notation import register, views
from ..notation.glyphs import Symbols
from ..numbers import draw
from ..spec import Spec
from . import repeated_layers
from .model import Form, Line, Prose
from .repeated_layers import Run


@dataclass(frozen=True)
class Context:
    """All that a sheet speaks of. Sections read it, and decide nothing but what they show.

    worked: the pass with numbers; None where none was found. forward_runs, backward_runs: layers whose lines stand for each other
    in the forward pass, and going down.
    """

    spec: Spec
    derivation: Derivation
    checks: tuple[Check, ...]
    views: tuple[View, ...]
    worked: draw.Pass | None
    symbols: Symbols
    forward_runs: tuple[Run, ...]
    backward_runs: tuple[Run, ...]

    @property
    def system(self) -> System:
        return self.derivation.system

    def forms(self, equation: Equation | None, only: Iterable[View] | None = None) -> tuple[Form, ...]:
        """An equation in every view of the sheet; the index form stands once where a view has none of its own."""
        if equation is None:
            return ()
        asked = (view for view in self.views if only is None or view in only)
        return tuple(Form(view, views.shown(equation, view, self.system)) for view in asked)

    def line(self, step: Step, general: Mapping[int, str], rules: tuple[str, ...] | None = None) -> Line:
        return Line(self.forms(step.result), step.rules if rules is None else rules, general=general)

    def counted(self) -> dict[str, object]:
        """The training examples of a mini-batch: how many there are, the sign of that number, and their index."""
        return {"examples": self.system.examples, "count": Entry.of(COUNT), "example": network.example_index(self.system)}

    def objective(self) -> Entry | None:
        return Entry.of(self.system.objective) if self.system.objective else None

    def given(self) -> list[Tensor]:
        order = {"input": 0, "target": 1, "parameter": 2, "constant": 3}
        return sorted(
            (t for t in self.system.tensors.values() if t.role in order and t.key != COUNT), key=lambda t: order[t.role]
        )

    def parts(self, runs: Sequence[Run]) -> list[tuple[Run | None, tuple[str, ...]]]:
        """The keys that are defined, gathered by run of layers; the rest (own equations, the cost) under None."""
        inside = {i: block.number for block in self.system.blocks for i in block.equations}
        by_number = {n: run for run in runs for n in range(run.first, run.last + 1)}
        found: list[tuple[Run | None, tuple[str, ...]]] = []
        for position, equation in enumerate(self.system.equations):
            key = lhs_of(equation).key
            run = by_number.get(inside.get(position, -1))
            if run is not None and inside[position] != run.representative.number:
                continue
            if found and found[-1][0] is run:
                found[-1] = (run, (*found[-1][1], key))
            else:
                found.append((run, (key,)))
        return found

    def for_layers(self, run: Run) -> Prose:
        """For which layers the lines of a run hold, and which input stands for a^0 in them."""
        return Prose("for_layers", self.about_layers(run))

    def about_layers(self, run: Run) -> dict[str, Any]:
        """The layers of a run, and the input that stands below the first of them."""
        below, given = run.stands_for or (None, None)
        return {
            "first": run.first,
            "last": run.last,
            "input": None if given is None else Entry.of(given),
            "zero": None if below is None else Entry.of(below),
            "general": {1: "0"},
        }

    def functions_used(self) -> list[str]:
        """The catalogue functions that the forward pass uses and that are not left unspecified."""
        found = dict.fromkeys(n.name for e in self.system.equations for n in nodes(e.rhs) if isinstance(n, Elementwise))
        return [name for name in found if not functions()[name].record.opaque]

    def entry(self, key: str) -> Entry:
        found = self.system.defines()[key].lhs
        assert isinstance(found, Entry)
        return found


def context(
    spec: Spec, derivation: Derivation, checks: Sequence[Check], asked: Sequence[View], worked: draw.Pass | None = None
) -> Context:
    """The context of a sheet; its numbers are drawn where none are given."""
    return Context(
        spec,
        derivation,
        tuple(checks),
        tuple(asked),
        draw.work(spec, derivation) if worked is None else worked,
        register.symbols(derivation, spec.labels, spec.glyphs),
        repeated_layers.forward_runs(derivation),
        repeated_layers.backward_runs(derivation),
    )
