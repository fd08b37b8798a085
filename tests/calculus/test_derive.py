"""The derivation as a whole: what steps there are, in which order, and what they read like (tests/golden/*.txt)."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import specs
from specs import built, dense, derived, gradient, printed, readable

from derive.calculus.steps import Derivation
from derive.checks import verify
from derive.expressions.nodes import Differential, Entry, Index, Partial
from derive.expressions.system import Equation, cotangent, is_cotangent, primal
from derive.expressions.traversal import entries, nodes
from derive.expressions.views import View
from derive.network import catalogue
from derive.notation import views
from derive.notation.index_letters import differentiated

GOLDEN = Path(__file__).parent.parent / "golden"
SECTIONS = ("forward", "differential", "held", "partial", "substitute", "arranged", "gradient")

every_spec = pytest.mark.parametrize("name", specs.ALL)


# --- golden files -------------------------------------------------------------------------------------------------------------


def report(found: Derivation, shown_in: tuple[View, ...]) -> str:
    """The steps in words and signs: first the lines with their differentials, then the gradients."""
    out = []
    for part in ("forward", "differential", "gradient"):
        out.append(f"\n{part}\n")
        for step in found.of(part):
            lines = [readable(printed(step.result, view, found.system)) for view in shown_in]
            for place, line in enumerate(dict.fromkeys(lines)):
                out.append(f"  {', '.join(step.rules) if place == 0 else '':28} {line}")
    return "\n".join(out)


@every_spec
def test_the_steps_read_as_in_the_golden_file(name: str, rewrite_golden: bool) -> None:
    found = derived(specs.ALL[name])
    text = f"{specs.ALL[name].strip()}\n{report(found, ('index', 'matrix'))}\n"
    path = GOLDEN / f"{name}.txt"
    if rewrite_golden:
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


# --- structure ----------------------------------------------------------------------------------------------------------------


@every_spec
def test_the_sections_come_in_their_order(name: str) -> None:
    found = derived(specs.ALL[name])
    local = ("differential", "held", "partial")
    places = [0 if s.section == "forward" else 1 if s.section in local else 2 for s in found.steps]
    assert places == sorted(places)
    assert {s.section for s in found.steps} <= set(SECTIONS)


@every_spec
def test_every_step_names_rules_of_the_rule_book(name: str) -> None:
    for step in derived(specs.ALL[name]).steps:
        assert step.rules
        assert set(step.rules) <= set(catalogue.rules()), step


@every_spec
def test_no_step_repeats_the_one_before(name: str) -> None:
    """A step in which nothing changes is no step."""
    found = derived(specs.ALL[name])
    for before, after in pairwise(found.steps):
        if (before.section, before.about) == (after.section, after.about):
            assert before.result != after.result


@every_spec
def test_a_later_form_follows_from_the_one_before(name: str) -> None:
    for section in ("differential", "gradient"):
        found = derived(specs.ALL[name])
        steps = found.of(section)
        for before, after in pairwise(steps):
            if before.about == after.about:
                assert after.given == (before.result,)
                assert after.result.lhs == before.result.lhs


@every_spec
def test_every_line_has_its_differential_and_a_partial_for_each_thing_that_may_change(name: str) -> None:
    found = derived(specs.ALL[name])
    system = found.system
    for equation in system.equations:
        lhs = equation.lhs
        assert isinstance(lhs, Entry)
        assert found.of("forward", lhs.key)[0].result == equation
        line = found.of("differential", lhs.key)[-1].result
        assert line.lhs == Differential(lhs)
        moving = {e.key for e in entries(equation.rhs) if system.tensors[e.key].role not in ("target", "constant")}
        assert {n.entry.key for n in nodes(line.rhs) if isinstance(n, Differential)} == moving
        partials = [s.result.lhs for s in found.of("partial", lhs.key)]
        assert {p.by.key for p in partials} == moving
        for partial in partials:
            assert isinstance(partial, Partial)
            assert {e.key for e in partial.held} == moving - {partial.by.key}, "what is held is everything else that moves"


@every_spec
def test_one_line_each_with_the_other_differentials_set_to_zero(name: str) -> None:
    found = derived(specs.ALL[name])
    for equation in found.system.equations:
        assert isinstance(equation.lhs, Entry)
        held = found.of("held", equation.lhs.key)
        changes = [{n.entry.key for n in nodes(s.result.rhs) if isinstance(n, Differential)} for s in held]
        assert all(len(keys) == 1 for keys in changes)
        assert len(changes) == len({k for keys in changes for k in keys}) != 1


@every_spec
def test_gradients_have_the_shape_of_what_they_belong_to(name: str) -> None:
    found = derived(specs.ALL[name])
    for key, equation in found.gradients.items():
        lhs = equation.lhs
        assert isinstance(lhs, Entry)
        assert lhs.key == cotangent(key)
        assert all(isinstance(i, Index) for i in lhs.indices)
        assert tuple(i.size for i in lhs.indices if isinstance(i, Index)) == found.system.tensors[key].shape
        assert len({i.name for i in lhs.indices if isinstance(i, Index)}) == len(lhs.indices)
        assert found.of("gradient", key)[-1].result == equation
        assert found.tensor(cotangent(key)).shape == found.system.tensors[key].shape


@every_spec
def test_a_gradient_uses_only_what_was_derived_above_it(name: str) -> None:
    found = derived(specs.ALL[name])
    known = set(found.seeds)
    for key, equation in found.gradients.items():
        needed = {primal(e.key) for e in entries(equation.rhs) if is_cotangent(e.key)}
        assert needed <= known, key
        known.add(key)


def test_the_gradient_of_every_parameter_is_the_result() -> None:
    found = derived(specs.RESIDUAL)
    assert list(found.parameter_gradients) == ["W.1", "b.1", "W.5", "b.5"]
    assert set(found.parameter_gradients) == {t.key for t in found.system.parameters}


# --- what the objective is ----------------------------------------------------------------------------------------------------


def test_without_an_objective_the_results_carry_the_cotangents() -> None:
    found = derived(specs.LAYER_NORM)
    assert found.seeds == ("y",)
    assert found.system.objective is None
    two = derived("title: two\nparameters: {w: 3}\nequations: ['u[i] = w[i]**2', 'v[i] = sin(w[i])']")
    assert set(two.seeds) == {"u", "v"}
    assert all(c.ok for c in verify.check(two, ("index", "matrix")))


def test_the_gradient_of_a_parameter_without_influence_is_zero() -> None:
    found = derived("title: idle\nparameters: {w: 3, v: 3}\nequations: ['u[i] = v[i]**2', 'C = sum(w[i]**2, i)']")
    assert set(found.gradients) == {"w", "v"}, "u is no parameter, and nothing follows from it"
    assert found.parameter_gradients["v"].rhs == 0
    assert gradient(found, "v", "matrix") == r"\frac{\partial C}{\partial v} = 0"
    assert found.of("forward", "u") and found.of("differential", "u")
    assert all(c.ok for c in verify.check(found, ("index", "matrix")))


def test_a_chosen_objective_need_not_be_the_last_line() -> None:
    lines = "equations: ['C = sum(w[i]**2, i)', 'D = C**2 + sum(w[i], i)']"
    found = derived(f"title: chosen\nobjective: C\nparameters: {{w: 3}}\n{lines}")
    assert gradient(found, "w", "index") == r"\frac{\partial C}{\partial w_{i}} = 2w_{i}"
    assert all(c.ok for c in verify.check(found, ("index", "matrix")))


def test_an_objective_that_is_used_further_on_is_no_cotangent_of_its_own() -> None:
    """∂C/∂C is 1, whatever else is computed from C."""
    found = derived("title: used\nobjective: C\nparameters: {w: scalar}\nequations: ['C = w**2', 'D = C**3']")
    assert set(found.gradients) == {"w"}


# --- what people write --------------------------------------------------------------------------------------------------------

WRITTEN = {
    "a quadratic form": ["q = x.T @ A @ x", "C = q**2/(1 + q**2)"],
    "a matrix times itself": ["G = A @ A", "C = sum(G**2)"],
    "a matrix cubed": ["B = A @ A @ A", "C = sum(B**2)"],
    "a Gram matrix": ["G = A.T @ A", "C = sum(G**2)"],
    "a vector times its own sum": ["z[i] = w[i]*sum(w[j], j)", "C = sum(z[i]**2, i)"],
    "pairs of one vector": ["z[i] = sum(w[j]*w[i]*x[j], j)", "C = sum(z[i]**2, i)"],
    "distances": ["d[i,j] = (w[i] - w[j])**2", "C = sum(exp(-d[i,j]), i, j)"],
    "a kernel with weights on both sides": ["K[i,j] = exp(-(x[i] - x[j])**2)", "C = sum(K[i,j]*w[i]*w[j], i, j)"],
    "a factor that stands three times": ["C = c**2*c*c"],
    "the cosine of an angle": ["C = sum(w*x)/(norm(w)*norm(x))"],
    "a quotient with a squared sum below": ["n[i,j] = (w[j] - x[j])/(2 + sum(w[k]*w[i], k)**2)", "C = sum(n**2)"],
    "a share of the whole": ["s[i] = exp(w[i])/(1 + sum(exp(w[j]), j))", "C = sum(s[i]**2, i)"],
    "entropy": ["p = softmax(w)", "C = -sum(p*log(p))"],
    "divergence": ["p = softmax(A @ x)", "q = softmax(w)", "C = sum(q*log(q/p))"],
    "a coefficient of variation": ["m = mean(x*w)", "v = mean((x*w - m)**2)", "C = v/m**2"],
    "a recurrence with its own square": ["h = tanh(A @ x)", "g = tanh(A @ h + A.T @ x)", "C = sum(g*h)"],
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_people_write_is_derived_and_passes_its_checks(name: str) -> None:
    head = "inputs: {x: 3}\nparameters: {w: 3, A: [3, 3], c: scalar}\nobjective: C"
    found = derived(f"title: {name}\n{head}\nequations: {WRITTEN[name]}")
    verify.require(verify.check(found, ("index", "matrix")))


# --- the size of it -----------------------------------------------------------------------------------------------------------


def test_steps_and_their_length_grow_linearly_with_depth() -> None:
    counts, lengths = [], []
    for depth in (4, 8, 16, 32):
        found = derived(dense(*[(3, "tanh")] * depth, loss="half_squared_error"))
        counts.append(len(found.steps))
        lengths.append(sum(len(printed(s.result, "index", found.system)) for s in found.steps))
    for sizes, slack in ((counts, 0.0), (lengths, 0.06)):
        per_layer = [(b - a) / d for a, b, d in zip(sizes, sizes[1:], (4, 8, 16), strict=False)]
        assert max(per_layer) <= min(per_layer) * (1 + slack)


def test_a_deep_network_needs_no_deep_recursion() -> None:
    system = built(dense(*[(2, "tanh")] * 400, loss="half_squared_error"))
    limit = sys.getrecursionlimit()
    found = differentiated(system)
    assert sys.getrecursionlimit() == limit
    assert gradient(found, "W.1", "matrix") == r"\frac{\partial C}{\partial W^{(1)}} = \delta^{(1)}\,x^{\top}"


def test_equal_layers_have_equal_steps() -> None:
    """What is derived for one layer is what is derived for the next, but for its number."""
    found = derived(dense(*[(3, "tanh")] * 5, loss="half_squared_error"))
    second, third = (
        [printed(s.result, "matrix", found.system) for s in found.steps if s.about in (f"z.{n}", f"a.{n}", f"W.{n}", f"b.{n}")]
        for n in (2, 3)
    )
    renumbered = [text.replace("(3)", "(4)").replace("(2)", "(3)").replace("(1)", "(2)") for text in second]
    assert sorted(renumbered) == sorted(third)


# --- other shapes of the same system ------------------------------------------------------------------------------------------


def test_in_scalars_nothing_has_an_index() -> None:
    found = derived(specs.CHAIN, scalar=True)
    for step in found.steps:
        assert not any(isinstance(n, Index) for side in (step.result.lhs, step.result.rhs) for n in nodes(side))


@pytest.mark.parametrize("last", [False, True])
def test_a_mini_batch_averages_and_leaves_the_parameters_alone(last: bool) -> None:
    found = derived(specs.MLP, examples=6, last=last)
    one = derived(specs.MLP)
    assert found.system.examples == 6
    assert [t.shape for t in found.system.parameters] == [t.shape for t in one.system.parameters]
    cost = found.system.equations[-1]
    assert readable(printed(cost, "index", found.system)) == r"C = \frac{1}{N} Σ_n c_n"
    x = found.system.tensors["x"]
    assert (x.shape, x.batch) == (((3, 6), 1) if last else ((6, 3), 0))


def test_of_finds_the_steps_of_a_section_and_of_one_tensor() -> None:
    found = derived(specs.MLP)
    assert [s.about for s in found.of("forward")] == ["z.1", "a.1", "z.2", "a.2", "C"]
    assert all(s.section == "gradient" and s.about == "z.1" for s in found.of("gradient", "z.1"))
    assert found.of("gradient", "nothing") == ()
    other = replace(found, steps=found.steps[:3])
    assert len(other.of("gradient", "z.1")) == 0


def test_the_matrix_view_of_a_step_is_the_same_equation() -> None:
    found = derived(specs.MLP)
    step = found.of("gradient", "W.2")[0]
    shown = views.shown(step.result, "matrix", found.system)
    assert not isinstance(shown, Equation)
    assert views.shown(step.result, "index", found.system) is step.result


@pytest.mark.parametrize(
    "line",
    [
        "q[k,i] = v[k] - softmax(a[i], i)",
        "q[k,i] = v[k]*v[k] - softmax(a[i]*v[i], i)",
        "q[k,i] = sum(a[j]*v[i], j) + v[k]",
        "q[i,k] = softmax(a[i], i) + softmax(v[k], k)",
        "q[m,k] = v[k] + exp(a[m])/sum(exp(a[i]), i)",
    ],
)
def test_a_sum_in_one_term_does_not_bind_an_index_of_the_line_on_which_that_term_does_not_depend(line: str) -> None:
    left = line.split(" = ")[0]
    cost = f"C = sum({left}**2, {', '.join(left[2:-1].split(','))})"
    head = "title: t\ninputs: {a: 4}\nparameters: {v: 4}\nsizes: {i: 4, k: 4, m: 4}\n"
    found = derived(f"{head}equations: ['{line}', '{cost}']\n")
    assert [c for c in verify.check(found, ("index", "matrix")) if not c.ok] == []


def test_what_cancels_in_a_branch_has_no_partial() -> None:
    found = derived(
        "title: t\nview: scalar\nparameters: {a: scalar, c: scalar}\nequations: ['p = where(a > 1, a**2, c - c)', 'C = p**2']\n"
    )
    assert {s.result.lhs.by.key for s in found.of("partial", "p")} == {"a"}
    assert found.gradients["c"].rhs == 0
