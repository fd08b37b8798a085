"""The catalogue: each textbook derivative is the derivative, each record says its source, and all of them fit together."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray
from specs import built, dense
from sympy import Expr

from derive.checks import verify
from derive.expressions.nodes import Elementwise, Entry, Where
from derive.expressions.traversal import nodes
from derive.network import catalogue
from derive.network.catalogue import Function
from derive.notation.index_letters import differentiated
from derive.numbers import entrywise, evaluate

FUNCTIONS = sorted(catalogue.functions())
TEXTBOOK = [name for name in FUNCTIONS if catalogue.function(name).textbook is not None]
RECORDS: dict[str, Any] = {
    **{f"function {k}": f.record for k, f in catalogue.functions().items()},
    **{f"vector {k}": r for k, r in catalogue.vectors().items()},
    **{f"layer {k}": r for k, r in catalogue.layers().items()},
    **{f"loss {k}": r for k, r in catalogue.losses().items()},
}

# --- derivatives --------------------------------------------------------------------------------------------------------------

T = sympy.Symbol("t", real=True)


def in_sympy(expr: Expr) -> Expr:
    """The expression in SymPy's own terms, branches as Piecewise."""
    if isinstance(expr, Entry):
        return T
    if isinstance(expr, Where):
        condition, then, other = map(in_sympy, expr.args)
        return sympy.Piecewise((then, condition > 0), (other, True))
    if isinstance(expr, Elementwise):
        return in_sympy(catalogue.function(expr.name).derivative(expr.order)).subs(T, in_sympy(expr.argument))
    return expr.func(*map(in_sympy, expr.args)) if expr.args else expr


def textbook(function: Function) -> Expr:
    """The textbook's derivative, with f written out."""
    found = function.textbook_slope(catalogue.U, function.definition)
    assert found is not None
    return in_sympy(found)


def branches(expr: Expr) -> list[Expr]:
    """The expression left and right of a kink at 0."""
    if not expr.has(sympy.Piecewise):
        return [expr]
    return [sympy.piecewise_fold(expr).subs(T, sign * sympy.Symbol("s", positive=True)) for sign in (1, -1)]


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_textbook_derivative_is_sympys_derivative_of_the_definition(name: str) -> None:
    """Symbolically, on each side of a kink."""
    function = catalogue.function(name)
    wanted, found = in_sympy(function.definition), textbook(function)
    assert len(branches(wanted)) == len(branches(found))
    s = sympy.Symbol("s", positive=True)
    for sign, (given, value) in zip((1, -1), zip(branches(wanted), branches(found), strict=True), strict=False):
        by = s if given.has(s) or (wanted.has(sympy.Piecewise)) else T
        slope = sympy.diff(given, by) * (sign if by is s else 1)
        assert sympy.simplify((slope - value).rewrite(sympy.exp)) == 0


POINTS = np.concatenate([np.linspace(-8, 8, 161), [-1e-6, 1e-6, -30.0, 30.0]])


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_textbook_derivative_is_the_slope_at_many_points(name: str) -> None:
    function = catalogue.function(name)
    points = POINTS[POINTS != 0]
    slope = sympy.lambdify(T, textbook(function), [{"erf": np.vectorize(math.erf)}, "numpy"])(points) + 0 * points
    step = evaluate.tilted(entrywise.apply(name, 0, points + 1j * evaluate.STEP))
    np.testing.assert_allclose(slope, step, rtol=1e-11, atol=1e-12)


REFERENCE: dict[str, Any] = {
    "identity": lambda u: u,
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)) if u > -700 else 0.0,
    "tanh": math.tanh,
    "relu": lambda u: max(u, 0.0),
    "leaky_relu": lambda u: u if u > 0 else 0.01 * u,
    "elu": lambda u: u if u > 0 else math.expm1(u),
    "softplus": lambda u: math.log1p(math.exp(-abs(u))) + max(u, 0.0),
    "gelu": lambda u: 0.5 * u * (1 + math.erf(u / math.sqrt(2))),
    "silu": lambda u: u / (1 + math.exp(-u)),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_definitions_are_the_functions_of_that_name(name: str) -> None:
    wanted = [REFERENCE[name](float(u)) for u in POINTS]
    np.testing.assert_allclose(entrywise.apply(name, 0, POINTS), wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "at_kink"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_at_the_kink_the_value_from_the_left_is_used(name: str, at_kink: float) -> None:
    assert catalogue.function(name).record.kink == 0
    assert float(entrywise.apply(name, 1, np.asarray(0.0))) == at_kink


def test_elu_has_a_slope_at_zero() -> None:
    """Both sides agree there, so it needs no remark."""
    assert catalogue.function("elu").record.kink is None
    assert float(entrywise.apply("elu", 1, np.asarray(0.0))) == 1


def test_a_function_whose_sides_disagree_says_that_it_has_a_kink() -> None:
    for name in FUNCTIONS:
        left, right = (float(entrywise.apply(name, 1, np.asarray(u))) for u in (-1e-9, 1e-9))
        assert (abs(left - right) > 1e-6) == (catalogue.function(name).record.kink == 0), name


def test_the_unspecified_activation_can_be_stacked() -> None:
    value = POINTS
    for _ in range(200):
        value = entrywise.apply("unspecified", 0, value)
    assert np.all(np.abs(value) < 100)


def test_the_unspecified_activation_is_smooth_and_unlike_any_other() -> None:
    value = entrywise.apply("unspecified", 0, POINTS)
    assert catalogue.function("unspecified").record.opaque
    for name in set(FUNCTIONS) - {"unspecified"}:
        assert not np.allclose(value, entrywise.apply(name, 0, POINTS))


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_textbook_slope_can_use_the_functions_own_value(name: str) -> None:
    function = catalogue.function(name)
    a = Entry.of("a")
    slope = function.textbook_slope(Entry.of("z"), a)
    assert slope is not None
    keys = {n.key for n in nodes(slope) if isinstance(n, Entry)}
    assert keys <= {"z", "a"}
    assert catalogue.U not in set(nodes(slope))


# --- records ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_has_a_title_and_a_source(name: str) -> None:
    record = RECORDS[name]
    assert record.title.strip()
    assert len(record.source.strip()) > 5, "where is it defined?"


def test_sources_that_are_publications_say_the_year() -> None:
    without = [name for name, record in RECORDS.items() if not re.search(r"\((19|20)\d\d\)", record.source)]
    assert set(without) <= {"function identity", "function unspecified", "layer activation"}


def test_every_rule_says_what_it_is_and_why() -> None:
    for name, rule in catalogue.rules().items():
        assert rule.title and rule.say and rule.because, name
        assert rule.title[0] not in " $" and not rule.title.endswith("."), name


def test_titles_differ() -> None:
    titles = [record.title for record in RECORDS.values()]
    assert len(set(titles)) == len(titles)


def test_facts_name_rules_that_exist() -> None:
    facts = [f for loss in catalogue.losses().values() for f in loss.facts]
    facts += [f for vector in catalogue.vectors().values() for f in vector.facts]
    assert facts
    assert {fact.reason for fact in facts} <= set(catalogue.rules())


def test_the_usual_names_are_all_there() -> None:
    wanted = "identity sigmoid tanh relu leaky_relu elu softplus gelu silu softmax"
    assert set(wanted.split()) <= set(catalogue.activations())
    losses = "squared_error half_squared_error mean_squared_error cross_entropy cross_entropy_logits binary_cross_entropy hinge"
    assert {*losses.split(), "huber"} <= set(catalogue.losses())


# --- all together -------------------------------------------------------------------------------------------------------------

PROBABILITIES = ("cross_entropy", "binary_cross_entropy")
INSIDE = ("sigmoid", "softmax")


def fits(activation: str, loss: str) -> bool:
    """Whether the loss is defined on what the activation gives, for any weights."""
    return loss not in PROBABILITIES or activation in INSIDE


@pytest.mark.parametrize("loss", sorted(catalogue.losses()))
@pytest.mark.parametrize("activation", sorted(catalogue.activations()))
def test_every_activation_with_every_loss(activation: str, loss: str) -> None:
    if not fits(activation, loss):
        return
    system = built(dense((2, activation), loss=loss, width=2))
    checks = verify.check(differentiated(system), ("index", "matrix"))
    verify.require(checks)


@pytest.mark.parametrize("row", ["", "convention: row\n"])
@pytest.mark.parametrize("kind", sorted(catalogue.layers()))
@pytest.mark.parametrize("activation", ["identity", "relu", "softmax"])
def test_every_layer_between_two_others(kind: str, activation: str, row: str) -> None:
    options = {"dense": f"units: 3, activation: {activation}", "activation": f"function: {activation}", "add": "from: [first, x]"}
    text = (
        f"title: layers\n{row}network:\n  input: {{x: 3}}\n  layers:\n    - dense: {{units: 3, name: first, activation: tanh}}\n"
        f"    - {kind}: {{{options[kind]}}}\n    - dense: {{units: 2, bias: false}}\n  loss: squared_error\n"
    )
    for examples in (None, 3):
        found = differentiated(built(text, examples))
        verify.require(verify.check(found, ("index", "matrix") if examples is None else ("index", "matrix", "batch")))
        assert not any(t.key == "b.3" for t in found.system.parameters)


def draw_targets(kind: str, size: int) -> NDArray[Any]:
    """A target of a kind, as the sheets choose it."""
    rng = np.random.default_rng(2)
    kinds = {
        "one_hot": np.eye(size)[int(rng.integers(size))],
        "bit": rng.integers(2, size=size).astype(float),
        "sign": rng.choice([-1.0, 1.0], size=size),
    }
    return np.asarray(kinds.get(kind, rng.normal(size=size)))


@pytest.mark.parametrize("loss", sorted(catalogue.losses()))
def test_every_loss_is_zero_or_more_on_its_own_targets(loss: str) -> None:
    activation = "softmax" if loss == "cross_entropy" else "sigmoid" if loss == "binary_cross_entropy" else "identity"
    system = built(dense((3, activation), loss=loss))
    values = verify.random_point(system, np.random.default_rng(1))
    target = draw_targets(catalogue.losses()[loss].targets, 3)
    given = {t.key: values[t.key] for t in system.of_role("input", "parameter")}
    assert float(evaluate.run(system, {**given, "y": target})["C"]) >= 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_and_no_slope_overflows_at_numbers_that_layers_come_to(name: str) -> None:
    at = np.array([-60.0, -30.0, 30.0, 60.0])
    assert all(np.all(np.isfinite(entrywise.apply(name, order, at + step))) for order in (0, 1) for step in (0, 1e-20j))
