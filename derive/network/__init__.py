"""Spec + catalogue -> System: the forward pass as equations between indexed scalars."""

from __future__ import annotations

from ..expressions.system import System
from ..spec import Spec, check_names
from . import catalogue
from .batching import example_index, in_scalars, over_examples
from .draft import Draft
from .equations import add_equations
from .layers import add_layers
from .loss import add_loss

__all__ = ["build", "example_index", "in_scalars", "over_examples"]


def build(spec: Spec) -> System:
    """The forward program of a spec, for one training example and in full width.

    Raises SpecError, with the place in the file, where a name, a shape or the order of the equations is wrong.
    """
    check_names(spec, catalogue.layers(), catalogue.activations(), catalogue.losses())
    draft = Draft(spec)
    if spec.network is not None:
        add_loss(draft, add_layers(draft, spec.network))
    add_equations(draft)
    return draft.finish()
