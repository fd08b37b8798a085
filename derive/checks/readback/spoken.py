"""What a derivation's printed lines are read against: its signs in LaTeX and in plain text, and the points of its worlds."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ...calculus.steps import Derivation
from ...expressions.nodes import Index
from ...expressions.renaming import structure
from ...expressions.system import System
from ...expressions.traversal import nodes
from ...notation.emitters import ascii
from ...notation.emitters.latex import Printer
from ...notation.glyphs import Symbols
from .examples import other_number
from .points import Points
from .signs import Signs, of_functions, of_glyphs, of_text
from .world import World


@dataclass(frozen=True)
class Spoken:
    """home: the derivation itself. points: where lines are evaluated: one point, two where functions have kinks; of a
    mini-batch with another number of training examples, at which what is true for the number of the spec alone is false. A line
    without a branch is evaluated on both sides of a kink as well, since it may have lost a slope.
    """

    home: Points
    points: Points
    written: Signs
    said: Signs
    kinds: dict[int, object] = field(default_factory=dict, compare=False)
    chosen: dict[tuple[int, ...], list[dict[str, int]]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, derivation: Derivation, glyphs: Symbols) -> Spoken:
        """Raises Unreadable where the gradients hold for one number of examples alone."""
        system = derivation.system
        home = points = Points(World.several(derivation))
        if system.examples is not None:
            points = Points(World.several(other_number(derivation)))
            points.one.require_gradients()
        printer, said = Printer(glyphs), ascii.Printer(glyphs)
        return cls(
            home,
            points,
            of_glyphs(glyphs, system, of_functions(system, lambda name: _bare(printer.function(name)))),
            of_text(said.name, system, of_functions(system, lambda name: said.function(name, 0)), glyphs.cost()),
        )

    @property
    def system(self) -> System:
        return self.home.system

    @cached_property
    def indices(self) -> frozenset[str]:
        """The letters that count entries or examples."""
        derivation = self.home.one.derivation
        equations = [*derivation.system.equations, *derivation.gradients.values()]
        return frozenset(n.name for q in equations for side in (q.lhs, q.rhs) for n in nodes(side) if isinstance(n, Index))

    def layers(self, told: tuple[int, ...] | None) -> list[dict[str, int]]:
        """For which ℓ a general line is evaluated: the first layer, the last, and one of each kind between."""
        if told is None:
            return [{}]
        if told not in self.chosen:
            kinds: dict[object, int] = {}
            for number in told:
                kinds.setdefault(self.kind(number), number)
            self.chosen[told] = [{r"\ell": number} for number in sorted({*kinds.values(), told[0], told[-1]})]
        return self.chosen[told]

    def kind(self, number: int) -> object:
        if number not in self.kinds:
            self.kinds[number] = kind(self.system, number)
        return self.kinds[number]


def kind(system: System, number: int) -> object:
    """Equal for layers that are alike, with those above and below them, but for their numbers."""
    near = [b for b in system.blocks if abs(b.number - number) <= 1]
    sides = [side for b in near for i in b.equations for q in (system.equations[i],) for side in (q.lhs, q.rhs)]
    names = tuple((b.number - number, *(system.tensors[k].base for k in (b.gives, *b.reads))) for b in near)
    return structure(sides, system), names


def _bare(written: str) -> str:
    return written.removeprefix(r"\operatorname{").removesuffix("}") if written.startswith(r"\operatorname") else written
