"""The steps of a derivation: what follows from what, by which named rule. Equations, never strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ..expressions.system import Equation, System, Tensor, is_cotangent
from ..expressions.views import View
from .differential import Term

Section = Literal[
    "forward",
    "differential",
    "held",
    "partial",
    "substitute",
    "arranged",
    "gradient",
    "total",
    "product",
    "written_out",
    "second",
]


@dataclass(frozen=True)
class Step:
    """One line of the sheet: by `rules` (keys of the rule book), `result` follows from `given`.

    about: the key of the tensor that the step is about.
    """

    section: Section
    about: str
    rules: tuple[str, ...]
    given: tuple[Equation, ...]
    result: Equation


@dataclass(frozen=True)
class Derivation:
    """A system with every step of its differentiation.

    gradients: for every tensor that may change, by key, the equation ∂C/∂tensor = …; those of the parameters are the result.
    terms: for every defined tensor the terms of its differential. seeds: the cotangents that are given from outside, where the
    system has no scalar objective. asked: the views in which it is to be shown.
    """

    system: System
    steps: tuple[Step, ...]
    gradients: Mapping[str, Equation]
    terms: Mapping[str, tuple[Term, ...]] = field(repr=False, default_factory=dict)
    seeds: tuple[str, ...] = ()
    asked: tuple[View, ...] = ("index",)

    def of(self, section: Section, about: str | None = None) -> tuple[Step, ...]:
        """The steps of a section, all or those about one tensor."""
        return self.index.get((section, about), ()) if about else tuple(s for s in self.steps if s.section == section)

    @property
    def index(self) -> Mapping[tuple[str, str | None], tuple[Step, ...]]:
        found: dict[tuple[str, str | None], tuple[Step, ...]] | None = self.__dict__.get("_index")
        if found is None:
            found = {}
            for step in self.steps:
                found[step.section, step.about] = (*found.get((step.section, step.about), ()), step)
            self.__dict__["_index"] = found
        return found

    @property
    def parameter_gradients(self) -> dict[str, Equation]:
        """∂C/∂w for every parameter w that the cost depends on."""
        return {t.key: self.gradients[t.key] for t in self.system.parameters if t.key in self.gradients}

    def tensor(self, key: str) -> Tensor:
        """The tensor of a key, a cotangent's too."""
        return tensor_of(self.system, key)


def tensor_of(system: System, key: str) -> Tensor:
    """The tensor of a key; a cotangent has the shape of what it belongs to."""
    if is_cotangent(key):
        return replace(system.tensors[key[4:]], key=key, role="cotangent")
    return system.tensors[key]
