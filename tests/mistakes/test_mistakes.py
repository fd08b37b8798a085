"""The usual errors: each really is one, can be shown in every view, and is carried on as a student would."""

from __future__ import annotations

import re

import numpy as np
import pytest
import specs
import strategies
from derivations import NAMES, derivation_of
from oracle import side
from specs import derived, printed, readable

from derive import api
from derive.calculus.steps import Derivation, Step
from derive.checks.verify import random_point
from derive.expressions.nodes import Differential, Entry, Partial, Total, Where
from derive.expressions.system import cotangent
from derive.expressions.traversal import free_indices, nodes
from derive.expressions.views import View
from derive.mistakes import SECTIONS, Mistake, differ, followed, mistakes, points, value_at
from derive.network import catalogue
from derive.network.catalogue import malrules
from derive.notation import views
from derive.notation.emitters import plain_text as terminal
from derive.numbers import evaluate


def asked_about(found: Derivation) -> list[Step]:
    return [step for step in found.steps if step.section in SECTIONS]


def shown_in(found: Derivation) -> tuple[View, ...]:
    return ("index", "matrix", "batch") if found.system.examples else ("scalar", "index", "matrix")


def in_words(name: str, section: str, about: str, view: View = "index") -> dict[str, list[str]]:
    """The wrong lines at the last step of a section, by mal-rule, as a person reads them."""
    found = derivation_of(name)
    step = [s for s in found.steps if s.section == section and s.about == about][-1]
    return told(found, step, view)


def told(found: Derivation, step: Step, view: View = "index") -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for mistake in mistakes(found, step):
        line = readable(printed(mistake.wrong, view, found.system))
        out.setdefault(mistake.rule, []).append(line.split(" = ", 1)[1])
    return out


# --- each mal-rule ------------------------------------------------------------------------------------------------------------


def test_every_malrule_occurs() -> None:
    seen = {m.rule for name in NAMES for s in asked_about(derivation_of(name)) for m in mistakes(derivation_of(name), s)}
    assert seen == {rule for rule, record in malrules().items() if record.on != ("step",)}


@pytest.mark.parametrize("record", malrules().values(), ids=malrules())
def test_a_record_speaks_to_the_student(record: object) -> None:
    assert record.on and set(record.on) <= {*SECTIONS, "step"}  # type: ignore[attr-defined]
    for text in (record.title, record.belief, record.shows):  # type: ignore[attr-defined]
        assert text and not text.endswith(".") and "\n" not in text
    say = record.say  # type: ignore[attr-defined]
    assert say.endswith((".", "?")) and 1 <= len(re.findall(r"[.?](?: |$)", say)) <= 3 and len(say) < 240


def test_the_beginners_errors() -> None:
    found = derivation_of("single-neuron")
    by_w, by_b, _ = found.of("partial", "z")
    assert told(found, by_w)["bias_stays"][0].endswith("+ b")
    assert told(found, by_w)["itself"] == ["w"]
    assert told(found, by_w)["bias_one"][0].endswith("+ 1")
    assert told(found, by_w)["factor_forgotten"] == ["1"]
    assert told(found, by_b)["bias_disappears"] == ["0"]
    assert in_words("single-neuron", "gradient", "b")["bias_disappears"] == ["0"]
    assert in_words("single-neuron", "differential", "z")["bias_disappears"][0].count("db") == 0
    assert set(in_words("single-neuron", "gradient", "z")) >= {"slope_forgotten", "value_for_slope", "two_lost", "sign"}


def test_layers() -> None:
    assert in_words("mlp", "gradient", "x", "matrix")["transpose_forgotten"] == ["W^(1) δ^(1)"]
    assert in_words("mlp", "gradient", "W.1", "matrix")["outer_reversed"] == ["x (δ^(1))ᵀ"]
    assert in_words("mlp", "gradient", "W.1", "matrix")["wrong_activation"] == ["δ^(1) (a^(1))ᵀ"]
    assert in_words("mlp", "gradient", "z.1", "matrix")["slope_one"] == ["(W^(2))ᵀ δ^(2)"]
    assert "transpose_forgotten" not in in_words("classifier", "gradient", "x"), "the shapes do not allow it"
    assert in_words("classifier", "gradient", "z.2", "matrix")["sign"] == ["y - p"]
    assert in_words("classifier", "gradient", "z.2", "matrix")["slope_twice"] == ["(p - y) ⊙ p ⊙ (𝟏 - p)"]
    assert in_words("classifier", "differential", "p.2", "matrix")["softmax_diagonal"]
    assert in_words("mini-batch", "gradient", "z.2", "batch")["count_lost"] == ["P - Y"]
    assert len(in_words("mini-batch", "gradient", "W.2")["one_example"]) == 1
    assert in_words("residual", "gradient", "b.1", "matrix")["shared_path"] == ["δ^(2)", "δ^(1)"]
    assert len(in_words("residual", "gradient", "a.1", "matrix")["other_path"]) == 2
    assert in_words("mlp", "differential", "C", "matrix")["constant_lost"] == ["2(z^(3) - y)ᵀ dz^(3)"]


def test_a_fixed_index_counts_as_the_sheet_does() -> None:
    """From 1, as `n = 1, …, N` does; from 0 where the equations of the spec name places so."""
    assert in_words("mini-batch", "gradient", "W.2")["one_example"] == ["δ_{1j}^(2) a_{1k}^(1)"]
    assert in_words("mlp", "gradient", "a.1")["one_path"] == ["δ_1^(2) w_{1k}^(2)"]
    found = derivation_of("mini-batch")
    (one,) = [m for m in mistakes(found, found.of("gradient", "W.2")[-1]) if m.rule == "one_example"]
    assert terminal.Printer(found.system).equation(one.wrong)[1] == "δ²[1,j] a¹[1,k]"
    at = points(found)[0]
    first = np.einsum("j,k->jk", at["bar z.2"][0], at["a.1"][0])
    assert np.allclose(value_at(one.wrong, at), first)
    own = derivation_of("first-entry")
    assert own.system.first_index == 0 and "_0" in readable(printed(own.system.equations[0], "index", own.system))


def test_a_sum_that_was_put_in_has_a_letter_of_its_own() -> None:
    for name in ("rnn", "own-layer", "tied"):
        found = api.derive(api.loads(TIED)) if name == "tied" else derivation_of(name)
        for step in asked_about(found):
            for mistake in mistakes(found, step):
                lhs = mistake.wrong.lhs
                named = {i for part in ((lhs.of, lhs.by) if isinstance(lhs, Partial) else (lhs,)) for i in free_indices(part)}
                bound = [i for n in nodes(mistake.wrong.rhs) if isinstance(n, Total) for i in n.indices]
                assert not {i.name for i in bound} & {i.name for i in named}, mistake


TIED = """\
title: tied
inputs: {x: 3}
parameters: {W: [3, 3], b: 3}
equations: ['h = tanh(W @ x + b)', 'g = tanh(W @ h + b)', 'C = sum(g[j]**2, j)']
"""


def test_no_wrong_line_has_another_condition() -> None:
    """A line with another condition is true wherever both decide alike, and nobody makes this error."""
    found = derived(
        "title: t\nequations: ['r = where(2*w > x, 1 - a, x + 2*w)', 'p = where(x > r, r**2, cos(a) - elu(w))', 'C = p**2']\n"
        "view: scalar\n"
    )
    right = {n.args[0] for s in found.steps for n in nodes(s.result.rhs) if isinstance(n, Where)}
    wrong = [n.args[0] for s in found.steps for m in mistakes(found, s) for n in nodes(m.wrong.rhs) if isinstance(n, Where)]
    assert len(wrong) > 10
    assert {str(c) for c in wrong if c not in right} <= {"w"}  # of the slope of elu, written out


def test_where_nothing_can_be_mistaken_there_is_no_mistake() -> None:
    found = derivation_of("mlp")
    for step in found.steps:
        if step.section not in SECTIONS:
            assert mistakes(found, step) == ()
    assert "sign" not in in_words("mlp", "gradient", "W.1")
    assert "slope_one" not in in_words("classifier", "gradient", "z.1")
    assert "one_path" not in in_words("chain", "gradient", "a.1")


# --- all of them --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_line_is_another_one(name: str) -> None:
    """At points that were not used when they were chosen."""
    found = derivation_of(name)
    fresh = [_point(found, seed) for seed in range(5)]
    for step in asked_about(found):
        lines = [step.result, *(m.wrong for m in mistakes(found, step))]
        values = [tuple(value_at(line, at) for at in fresh) for line in lines]
        for place, first in enumerate(values):
            assert all(np.all(np.isfinite(v)) for v in first)
            for other in values[:place]:
                assert differ(first, other), (step.about, lines[place])


def _point(found: Derivation, seed: int) -> evaluate.Values:
    rng = np.random.default_rng([97, seed])
    values = dict(random_point(found.system, rng))
    for key in found.seeds:
        values[cotangent(key)] = rng.normal(size=found.system.tensors[key].shape)
    for key, equation in found.gradients.items():
        values[cotangent(key)] = value_at(equation, values)
    return values | {f"d {t.key}": rng.normal(size=t.shape) for t in found.system.tensors.values()}


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_line_can_be_shown(name: str) -> None:
    found = derivation_of(name)
    at = points(found)[0]
    for step in asked_about(found):
        for mistake in mistakes(found, step):
            assert mistake.step is step and mistake.wrong.lhs == step.result.lhs
            assert step.section in malrules()[mistake.rule].on
            value = value_at(mistake.wrong, at)
            for view in shown_in(found):
                text = printed(mistake.wrong, view, found.system)
                for left, right in (("{", "}"), ("(", ")"), (r"\left", r"\right")):
                    assert text.replace(r"\left.", r"\left").count(left) == text.count(right), text
                assert "+ -" not in text and "None" not in text and "#" not in text, text
                lhs = mistake.wrong.lhs
                if not isinstance(lhs, Partial):
                    entry = lhs.entry if isinstance(lhs, Differential) else lhs
                    assert isinstance(entry, Entry)
                    shown = side(views.shown(mistake.wrong, view, found.system), entry, at)
                    assert np.allclose(shown, value, rtol=1e-9, atol=1e-12), (view, text)


def test_a_deep_network_is_quick() -> None:
    found = derivation_of("deep")
    steps = [found.of("gradient", key)[-1] for key in list(found.gradients)[100:120]]
    assert all(mistakes(found, step) for step in steps)


# --- working on ---------------------------------------------------------------------------------------------------------------


def at_point(found: Derivation, mistake: Mistake) -> tuple[evaluate.Values, evaluate.Values]:
    """The right cotangents, and those of the student, at one point."""
    right = points(found)[0]
    forward = {k: v for k, v in right.items() if k in found.system.tensors}
    return dict(right), followed(found, mistake, forward)


def one(name: str, section: str, about: str, rule: str, by: str = "") -> tuple[Derivation, Mistake]:
    found = derivation_of(name)
    for step in reversed([s for s in found.steps if s.section == section and s.about == about]):
        if by and step.result.lhs.by.key != by:
            continue
        for mistake in mistakes(found, step):
            if mistake.rule == rule:
                return found, mistake
    raise AssertionError(f"{rule} does not apply")


@pytest.mark.parametrize("section, about, by", [("gradient", "a", ""), ("partial", "C", "a"), ("differential", "C", "")])
def test_a_lost_two_halves_all_that_follows(section: str, about: str, by: str) -> None:
    right, mine = at_point(*one("single-neuron", section, about, "two_lost", by))
    for key in ("a", "z", "w", "b", "a_prev"):
        assert mine[cotangent(key)] == pytest.approx(right[cotangent(key)] / 2)


def test_what_is_not_below_stays_right() -> None:
    right, mine = at_point(*one("single-neuron", "partial", "z", "bias_stays", "w"))
    assert mine["bar w"] == pytest.approx(right["bar z"] * (right["a_prev"] + right["b"]))
    for key in ("a", "z", "b", "a_prev"):
        assert mine[cotangent(key)] == pytest.approx(right[cotangent(key)])


def test_a_wrong_cotangent_of_an_activation_reaches_the_error_signal() -> None:
    """Although the sheet writes δ with ∂C/∂a taken in."""
    found, mistake = one("classifier", "gradient", "a.1", "one_path")
    right, mine = at_point(found, mistake)
    slope = 1 - right["a.1"] ** 2
    assert mine["bar z.1"] == pytest.approx(mine["bar a.1"] * slope)
    assert mine["bar W.1"] == pytest.approx(np.outer(mine["bar a.1"] * slope, right["x"]))
    assert differ((mine["bar W.1"],), (right["bar W.1"],))


def test_a_lost_average_reaches_every_parameter() -> None:
    found, mistake = one("mini-batch", "gradient", "C each", "count_lost")
    right, mine = at_point(found, mistake)
    n = right["N examples"]
    for key in ("W.1", "b.1", "W.2", "b.2"):
        assert mine[cotangent(key)] == pytest.approx(n * right[cotangent(key)])


@pytest.mark.parametrize("name", [n for n in NAMES if n != "heads"])
def test_whoever_works_on_has_the_wrong_line_itself(name: str) -> None:
    found = derivation_of(name)
    at = points(found)[0]
    for step in asked_about(found):
        for mistake in mistakes(found, step)[:4]:
            mine = followed(found, mistake, at)
            assert set(mine) >= {cotangent(k) for k in found.gradients}
            if step.section == "gradient":
                again = value_at(mistake.wrong, mine)
                assert np.allclose(mine[cotangent(step.about)], again), (step.about, mistake.rule)


def test_without_a_mistake_the_way_is_the_derivation() -> None:
    for name in NAMES:
        found = derivation_of(name)
        at = points(found)[0]
        key = list(found.gradients)[-1]
        step = found.of("gradient", key)[-1]
        mine = followed(found, Mistake("sign", step, step.result), at)
        for other in found.gradients:
            assert np.allclose(mine[cotangent(other)], at[cotangent(other)], rtol=1e-8, atol=1e-10), (name, other)


# --- the whole catalogue ------------------------------------------------------------------------------------------------------

LAYERS = [specs.dense((2, name), (2, "identity"), loss="half_squared_error") for name in sorted(catalogue.activations())]
LOSSES = [specs.dense((2, "tanh"), (2, last[0]), loss=loss) for loss, last in strategies.LOSSES.items()]


@pytest.mark.parametrize("examples", [None, 3])
@pytest.mark.parametrize("text", LAYERS + LOSSES)
def test_every_activation_and_loss(text: str, examples: int | None) -> None:
    found = derived(text, examples)
    for step in asked_about(found):
        for mistake in mistakes(found, step):
            for view in shown_in(found):
                assert printed(mistake.wrong, view, found.system)
            followed(found, mistake, points(found)[0])
    for key in found.parameter_gradients:
        assert mistakes(found, found.of("gradient", key)[-1])
    assert any(m.rule.startswith(("slope", "softmax")) for s in asked_about(found) for m in mistakes(found, s)) or "id" in text
