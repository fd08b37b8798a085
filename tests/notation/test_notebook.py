from __future__ import annotations

import specs
from specs import derived
from sympy import S

from derive.expressions.nodes import Differential, Entry, Index, mul, total
from derive.expressions.system import Equation
from derive.notation import notebook

J, K = Index("j", 2), Index("k", 3)


def test_equations_show_as_latex() -> None:
    shown = notebook.equation(Equation(Entry.of("z", J), total(mul(Entry.of("W", J, K), Entry.of("x", K)), K)))
    assert shown == r"$\displaystyle z_{j} = \sum_{k} W_{jk}\,x_{k}$"
    assert r"\mathrm{d}z_{j}" in notebook.equation(Equation(Differential(Entry.of("z", J)), S.Zero))


def test_a_derivation_and_its_steps_show_themselves() -> None:
    from derive import api  # noqa: F401  # whoever has this has what a notebook asks for

    found = derived(specs.MLP)
    for shown in (found, *found.steps, *found.system.equations):
        written = getattr(shown, "_repr_latex_")()  # noqa: B009  # as a notebook asks for it
        assert written.startswith("$") and written.endswith("$")
