"""How equations, steps and derivations show themselves in a notebook: as LaTeX."""

from __future__ import annotations

from ..calculus.steps import Derivation, Step
from ..expressions.system import Equation
from . import register
from .emitters import latex


def equation(shown: Equation) -> str:
    return rf"$\displaystyle {latex.plain(shown)}$"


def step(shown: Step) -> str:
    return equation(shown.result)


def derivation(shown: Derivation) -> str:
    """The gradients of the parameters, or where there are none all that were found."""
    symbols = register.symbols(shown)
    found = shown.parameter_gradients or shown.gradients
    lines = r" \\ ".join(latex.plain(e, symbols) for e in found.values())
    return rf"$\displaystyle \begin{{array}}{{l}} {lines} \end{{array}}$"


def attach() -> None:
    """Let notebooks find them: what is shown knows nothing of how it is written."""
    for kind, written in ((Equation, equation), (Step, step), (Derivation, derivation)):
        setattr(kind, "_repr_latex_", written)  # noqa: B010  # the classes are frozen, and their types have no such method
