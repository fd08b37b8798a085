"""Whatever the spec: all checks pass, gradients have the parameter's shape, the work is linear, and the LaTeX is clean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from specs import built, printed
from strategies import networks, systems

from derive.calculus.steps import Derivation
from derive.checks import verify
from derive.expressions.nodes import Entry, Index
from derive.expressions.system import cotangent
from derive.expressions.views import View
from derive.notation.index_letters import differentiated

UGLY = re.compile(
    r"\+ -|- -|--|\+ \+|\+ *$|= *$|(?<![\d.}^_{,-])\b1\\,(?=[a-zA-Z\\])(?!\\mathbf)|(?<!\d)1\\mathrm"
    r"|\{\}|\(\)|\\left\(\\right\)|\\frac\{-[\w\\,]*\}|\^\{1\}|None|\\,\\,|\\, *$"
)
"""What no line may contain: two signs in a row, a factor 1, an empty group, a fraction that carries its sign inside."""


def sound(found: Derivation, shown_in: Sequence[View], steps: int) -> None:
    """Everything that holds of any derivation."""
    system = found.system
    checks = verify.check(found, shown_in)
    assert [c for c in checks if not c.ok] == []
    for key, equation in found.gradients.items():
        lhs = equation.lhs
        assert isinstance(lhs, Entry) and lhs.key == cotangent(key)
        assert tuple(i.size for i in lhs.indices if isinstance(i, Index)) == system.tensors[key].shape
    assert len(found.steps) <= steps
    for step in found.steps:
        for view in shown_in:
            text = printed(step.result, view, system)
            assert not UGLY.search(text), text
            for left, right in (("{", "}"), ("(", ")"), (r"\left", r"\right"), (r"\begin", r"\end")):
                closed = text.replace(r"\leftarrow", "").replace(r"\left.", r"\left").replace(r"\le ", "")
                assert closed.count(left) == closed.count(right), text


# --- networks -----------------------------------------------------------------------------------------------------------------


@given(text=networks())
def test_any_network(text: str) -> None:
    found = differentiated(built(text))
    sound(found, ("index", "matrix"), 16 * len(found.system.equations))
    assert set(found.parameter_gradients) == {t.key for t in found.system.parameters}


@given(text=networks(), examples=st.integers(1, 4), last=st.booleans())
def test_any_network_over_a_mini_batch(text: str, examples: int, last: bool) -> None:
    found = differentiated(built(text, examples, last))
    sound(found, ("index", "matrix", "batch"), 16 * len(found.system.equations))


# --- equations ----------------------------------------------------------------------------------------------------------------


@given(text=systems())
def test_any_equations(text: str) -> None:
    found = differentiated(built(text))
    sound(found, ("index", "matrix"), 60 * len(found.system.equations))
