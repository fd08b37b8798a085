"""Spec -> system -> derivation -> checks -> sheet: one function a step.

Each takes what the step before it gives, and nothing comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .. import network
from .. import spec as specs
from ..calculus import chain_rule
from ..calculus.steps import Derivation
from ..checks import verify
from ..checks.verify import Check
from ..errors import Place, SpecError
from ..expressions import language
from ..expressions.system import System
from ..expressions.views import VIEWS, View
from ..notation import register
from ..notation.index_letters import differentiated
from ..spec import Spec
from . import compose
from .model import Sheet
from .sections import exploration


def views(found: Spec, built: System | None = None) -> tuple[View, ...]:
    """The views of a spec; where it asks for none, the plainest one that the network has. built: that network, if it is there."""
    if found.views:
        return tuple(found.views)
    if found.examples:
        return ("batch",)
    return ("scalar",) if chain_rule.is_scalar(built or network.build(found)) else ("matrix",)


def system(found: Spec) -> System:
    """The forward program of a spec, in the form that its views need."""
    built = network.build(found)
    return _in_form(found, built, views(found, built))


def _in_form(found: Spec, built: System, asked: tuple[View, ...]) -> System:
    if any(VIEWS[v].single for v in asked):
        built = network.in_scalars(built, found.place("view"))
    if found.examples or any(VIEWS[v].batched for v in asked):
        built = network.over_examples(built, found.examples or specs.BATCH_SIZE, found.examples_in == "columns")
    return register.without_taken_signals(built, found.glyphs)


def derive(found: Spec) -> Derivation:
    """Every step of the differentiation."""
    plain = network.build(found)
    asked = views(found, plain)
    derivation = differentiated(_in_form(found, plain, asked))
    built = derivation.system
    if chain_rule.is_scalar(built) and built.objective is not None and 1 < len(built.equations) <= 16:
        derivation = chain_rule.extended(derivation)
    explored = exploration.asked_about(found, built)
    if explored is not None:
        derivation = replace(derivation, steps=(*derivation.steps, *chain_rule.second(derivation, *explored)))
    derivation = replace(derivation, asked=asked)
    _require_distinct_signs(found, derivation)
    return derivation


def _require_distinct_signs(found: Spec, derivation: Derivation) -> None:
    """Refuse two things that would be written alike on the sheet, where the spec alone can keep them apart."""
    signs = register.symbols(derivation, found.labels, found.glyphs)
    for clash in register.clashes(derivation, signs):
        places = [place for name in clash.names for place in [_place_of(found, name)] if place is not None]
        raise SpecError(clash.message, place=next(iter(places), None), hint=clash.hint)


def _place_of(found: Spec, name: str) -> Place | None:
    """Where the spec says how a name is written, or declares or defines it."""
    if name in found.glyphs:
        return found.place("glyphs", name)
    for field in ("inputs", "parameters", "targets", "constants"):
        if name in getattr(found, field):
            return found.place(field, name, key=True)
    if found.network is not None and name in found.network.input:
        return found.place("network", "input", name, key=True)
    for position, text in enumerate(found.equations):
        if name in (names := language.names_in(text))[0] or name in names[1]:
            return found.place("equations", position)
    return None


def check(derivation: Derivation, views: Sequence[View] | None = None) -> tuple[Check, ...]:
    """Every check of every equation, with its error."""
    asked = list(views or derivation.asked)
    if not any(VIEWS[v].indexed for v in asked) and any("recognise" in s.rules for s in derivation.of("differential")):
        asked.append("index")  # such lines are shown entry by entry as well
    return verify.check(derivation, tuple(asked))


def sheet(found: Spec, derivation: Derivation | None = None) -> Sheet:
    """The checked sheet. Raises CheckFailed, naming the step, where an equation is wrong."""
    derivation = derivation or derive(found)
    checks = check(derivation)
    verify.require(checks)
    return compose.compose(found, derivation, checks, derivation.asked)
