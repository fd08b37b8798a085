"""The engine, damaged on purpose: every damage is found by the checks, and the build stops and names the step.

Each mutation is one plausible mistake, put into one function of the engine, with a spec on which it shows. The same specs pass
with the engine as it is. What is damaged is never the forward pass: that is what the checks compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import specs
import sympy
from damages import around
from pytest import MonkeyPatch
from specs import dense
from sympy import Expr, Pow, Rational, S

from derive import api
from derive.calculus import derive, differential, pullback, recognise, rewrites
from derive.checks import verify
from derive.errors import CheckFailed
from derive.expressions.nodes import Elementwise, Entry, Total, Where, add, mul, power, total
from derive.expressions.system import COUNT
from derive.expressions.traversal import factors, transform
from derive.expressions.views import View
from derive.network.catalogue import Function
from derive.notation import contraction, matrix_form
from derive.notation.array_expressions import (
    Hadamard,
    Identity,
    LabelTotal,
    Map,
    Name,
    Node,
    Ones,
    Product,
    Scaled,
    Softmax,
    Sum,
    transpose,
)
from derive.spec import Spec

Damage = Callable[[MonkeyPatch], None]


@dataclass(frozen=True)
class Mutation:
    """A damage, the spec on which it shows, and what the message must name.

    only: the one view in which it shows, where the others stay right.
    """

    damage: Damage
    text: str
    names: str
    views: tuple[View, ...] = ("index", "matrix")
    examples: int | None = None
    only: View | None = None


MUTATIONS: dict[str, Mutation] = {}


def mutation(text: str, names: str, **more: Any) -> Callable[[Damage], Damage]:
    def add_it(damage: Damage) -> Damage:
        MUTATIONS[damage.__name__] = Mutation(damage, text, names, **more)
        return damage

    return add_it


# --- differentials ------------------------------------------------------------------------------------------------------------

PRODUCT = "title: product\nparameters: {u: 3, v: 3}\nequations: ['C = sum(u[i]*v[i]**2, i)']"
QUOTIENT = "title: quotient\nparameters: {u: 3, v: 3}\nequations: ['C = sum(u[i]/(2 + exp(v[i])), i)']"


@mutation(PRODUCT, "the differential of C (")
def product_rule_drops_a_term(patch: MonkeyPatch) -> None:
    around(patch, differential, "_d_product", lambda true, *args: sympy.Add.make_args(true(*args))[0])


@mutation(PRODUCT, "the differential of C (")
def product_rule_keeps_both_factors(patch: MonkeyPatch) -> None:
    def both(true: Any, expr: Expr, held: Any, used: Any) -> Expr:
        return add(*(mul(differential._d(f, held, used), *expr.args) for f in expr.args if differential._moves(f, held)))

    around(patch, differential, "_d_product", both)


@mutation(QUOTIENT, "the differential of C (")
def quotient_rule_with_a_plus(patch: MonkeyPatch) -> None:
    def plus(true: Any, expr: Expr, inner: Expr) -> Expr:
        found = true(expr, inner)
        return mul(-1, found) if isinstance(expr, Pow) and expr.exp == -1 else found

    around(patch, differential, "slope", plus)


@mutation(QUOTIENT, "the differential of C (")
def quotient_rule_forgets_the_square_below(patch: MonkeyPatch) -> None:
    def not_squared(true: Any, expr: Expr, inner: Expr) -> Expr:
        return mul(-1, expr) if isinstance(expr, Pow) and expr.exp == -1 else true(expr, inner)

    around(patch, differential, "slope", not_squared)


@mutation(specs.CHAIN, "the differential of C (", views=("scalar",))
def power_rule_loses_the_two(patch: MonkeyPatch) -> None:
    def lost(true: Any, expr: Expr, inner: Expr) -> Expr:
        return inner if isinstance(expr, Pow) and expr.exp == 2 else true(expr, inner)

    around(patch, differential, "slope", lost)


@mutation(specs.MLP, "the differential of a.1 (chain)")
def slope_of_the_activation_forgotten(patch: MonkeyPatch) -> None:
    around(patch, differential, "slope", lambda true, e, u: S.One if isinstance(e, Elementwise) else true(e, u))


@mutation(specs.MLP, "the differential of z.1 (")
def the_change_of_b_disappears(patch: MonkeyPatch) -> None:
    """The beginner's mistake: b taken for a constant."""
    around(patch, differential, "differential", lambda true, rhs, held: true(rhs, held | {"b.1"}))


@mutation(specs.CLASSIFIER, "the differential of p.2 (")
def jacobian_of_softmax_taken_as_diagonal(patch: MonkeyPatch) -> None:
    def diagonal(true: Any, expr: Expr, held: Any, used: Any) -> Expr:
        return S.Zero if isinstance(expr, Pow) and isinstance(expr.base, Total) else true(expr, held, used)

    around(patch, differential, "_d", diagonal)


@mutation(dense((3, "relu"), loss="hinge"), "the differential of C (")
def branches_swapped(patch: MonkeyPatch) -> None:
    def swapped(true: Any, expr: Expr, held: Any, used: Any) -> Expr:
        found = true(expr, held, used)
        return Where(found.args[0], found.args[2], found.args[1]) if isinstance(found, Where) else found

    around(patch, differential, "_d", swapped)


@mutation("title: twice\nparameters: {w: 3}\nequations: ['C = sum(w[i]*sin(w[i]), i)']", "the differential of C (")
def a_factor_that_stands_twice_counted_once(patch: MonkeyPatch) -> None:
    around(patch, differential, "_merge", lambda true, found: true(list({t.entry: t for t in found}.values())))
    # the raw line is opened by the same function, so make the sheet show what was collected
    around(patch, differential, "differential", _collected)


def _collected(true: Any, rhs: Expr, held: frozenset[str]) -> Any:
    raw, rules = true(rhs, held)
    return add(*(t.expr() for t in differential.collect(raw))), rules


@mutation(specs.CLASSIFIER, "the differential of p.2 (recognise)")
def recognise_binds_the_wrong_index(patch: MonkeyPatch) -> None:
    """p_j where p_k is meant."""
    around(patch, recognise, "rename", lambda true, e, names: e if isinstance(e, Entry) and e.key == "p.2" else true(e, names))


@mutation(specs.CLASSIFIER, "the partial derivative of p.2 by z.2")
def kronecker_delta_forgotten(patch: MonkeyPatch) -> None:
    patch.setattr(differential, "Delta", lambda *args: S.One)


@mutation(specs.MLP, "the partial derivative of z.1 by W.1")
def partial_derivative_of_another_entry(patch: MonkeyPatch) -> None:
    def other(true: Any, lhs: Entry, key: str, found: Any, *rest: Any) -> Any:
        moved = [replace(t, left=(), right=(Entry.of("x", lhs.indices[0]),)) if key == "W.1" else t for t in found]
        return true(lhs, key, moved, *rest)

    around(patch, derive, "_partial", other)


# --- substitute, read off -----------------------------------------------------------------------------------------------------


@mutation(specs.MLP, "the substitution for z.2")
def substitution_drops_a_term(patch: MonkeyPatch) -> None:
    around(patch, differential, "substitute", lambda true, *args: sympy.Add.make_args(true(*args))[0])


@mutation(specs.MLP, "the substitution, changes last, for z.2 (arrange)")
def read_off_forgets_the_sum(patch: MonkeyPatch) -> None:
    def forgets(true: Any, *args: Any) -> Any:
        free, value = true(*args)
        return free, value.body if isinstance(value, Total) else value

    around(patch, differential, "read_off", forgets)


@mutation(specs.MLP, "the derivative of the cost by a.1 (read_off)")
def read_off_sums_over_the_free_index_instead(patch: MonkeyPatch) -> None:
    def swapped(true: Any, seed: Entry, term: Any, *args: Any) -> Any:
        free, value = true(seed, term, *args)
        if isinstance(value, Total) and term.entry.key == "a.1":
            (summed,) = value.indices
            return (summed,), Total(value.body, *free)
        return free, value

    around(patch, differential, "read_off", swapped)


@mutation(specs.MLP, "the derivative of the cost by W.2 (read_off)")
def read_off_swaps_the_free_indices(patch: MonkeyPatch) -> None:
    def swapped(true: Any, *args: Any) -> Any:
        free, value = true(*args)
        return tuple(reversed(free)), value

    around(patch, differential, "read_off", swapped)


@mutation(specs.MLP, "the derivative of the cost by W.2 (read_off)")
def activation_of_the_wrong_layer(patch: MonkeyPatch) -> None:
    def wrong(true: Any, seed: Entry, term: Any, *args: Any) -> Any:
        free, value = true(seed, term, *args)
        if term.entry.key == "W.2":
            value = transform(value, lambda n: Entry.of("a.2", *n.indices) if isinstance(n, Entry) and n.key == "a.1" else None)
        return free, value

    around(patch, differential, "read_off", wrong)


@mutation(specs.MLP, "the derivative of the cost by b.1 (read_off)")
def error_signal_of_the_layer_above(patch: MonkeyPatch) -> None:
    def wrong(true: Any, seed: Entry, term: Any, *args: Any) -> Any:
        return true(Entry.of("bar z.2", *seed.indices) if term.entry.key == "b.1" else seed, term, *args)

    around(patch, differential, "read_off", wrong)


@mutation(specs.RESIDUAL, "the derivative of the cost by r.2 (read_off")
def second_contribution_forgotten(patch: MonkeyPatch) -> None:
    def only_first(true: Any, system: Any, key: str, arriving: Any, *more: Any) -> Any:
        return true(system, key, arriving[:1], *more)

    around(patch, pullback, "_gradient", only_first)


@mutation(specs.RESIDUAL, "the derivative of the cost by W.1 (read_off")
def second_use_of_a_shared_parameter_forgotten(patch: MonkeyPatch) -> None:
    def only_first(true: Any, system: Any, key: str, arriving: Any, *more: Any) -> Any:
        return true(system, key, arriving[:1] if key == "W.1" else arriving, *more)

    around(patch, pullback, "_gradient", only_first)


@mutation(specs.CONVOLUTION, "the derivative of the cost by x (read_off)")
def affine_index_solved_with_the_wrong_sign(patch: MonkeyPatch) -> None:
    around(patch, differential, "_solve", lambda true, at, unknown, name: add(name, *(t for t in at.args if t != unknown)))


@mutation(specs.CONVOLUTION, "the derivative of the cost by x (read_off)")
def bounds_of_the_kernel_forgotten(patch: MonkeyPatch) -> None:
    patch.setattr(differential, "Within", lambda *args: S.One)


@mutation(specs.FIRST_ENTRY, "the partial derivative of C by w (partial)")
def constant_index_forgotten(patch: MonkeyPatch) -> None:
    patch.setattr(differential, "Delta", lambda *args: S.One)


@mutation(specs.RNN, "the derivative of the cost by W (read_off")
def contributions_joined_without_renaming(patch: MonkeyPatch) -> None:
    """Each line has letters of its own; here those of the second line are exchanged."""

    def exchanged(true: Any, free: Any, expr: Expr, wanted: Any) -> Expr:
        found: Expr = true(free, expr, wanted)
        return transform(found, lambda n: Entry.of("x2", *n.indices) if isinstance(n, Entry) and n.key == "x1" else None)

    around(patch, differential, "aligned", exchanged)


# --- the textbook's form ------------------------------------------------------------------------------------------------------


@mutation(specs.CLASSIFIER, "the derivative of the cost by z.2 (sum_target)")
def the_targets_add_up_to_two(patch: MonkeyPatch) -> None:
    around(patch, rewrites, "facts_used", lambda true, e, facts: true(e, [replace(f, value=S(2)) for f in facts]))


@mutation(specs.LAYER_NORM, "the partial derivative of v by mu (partial)")
def the_deviations_add_up_to_one(patch: MonkeyPatch) -> None:
    around(patch, rewrites, "facts_used", lambda true, e, facts: true(e, [replace(f, value=S.One) for f in facts]))


@mutation(specs.CLASSIFIER, "the substitution, changes last, for C (arrange)", examples=4, views=("index", "batch"))
def average_forgotten(patch: MonkeyPatch) -> None:
    around(patch, differential, "read_off", lambda true, seed, term, *args: true(seed, _without_count(term), *args))


def _without_count(term: Any) -> Any:
    return replace(term, left=tuple(f for f in term.left if f != power(Entry.of(COUNT), -1)))


@mutation(specs.CLASSIFIER, "the substitution, changes last, for C each (arrange)", examples=4, views=("index", "batch"))
def average_lost_on_the_way(patch: MonkeyPatch) -> None:
    def lost(true: Any, system: Any, expr: Expr, gradients: Any) -> Expr:
        return transform(expr, lambda n: S.One if isinstance(n, Entry) and n.key == "bar C each" else None)

    around(patch, pullback, "_plain_seeds", lost)


@mutation(specs.CLASSIFIER, "the derivative of the cost by z.2 (inline)")
def minus_lost_with_the_brackets(patch: MonkeyPatch) -> None:
    around(patch, rewrites, "signs_out", lambda true, e: transform(e, lambda n: S.One if n is S.NegativeOne else None))


@mutation(specs.CLASSIFIER, "the derivative of the cost by z.2 (cancel)")
def cancelled_where_nothing_is_equal(patch: MonkeyPatch) -> None:
    """y_k/p_k · p_k leaves p_k."""

    def wrong(true: Any, expr: Expr) -> Expr:
        return transform(true(expr), lambda n: Entry.of("p.2", *n.indices) if isinstance(n, Entry) and n.key == "y" else None)

    around(patch, rewrites, "cancelled", wrong)


@mutation(dense((2, "sigmoid"), loss="binary_cross_entropy"), "the derivative of the cost by z.1 (prime)")
def slope_of_the_sigmoid_misremembered(patch: MonkeyPatch) -> None:
    """σ' = σ (1 + σ)."""
    around(patch, Function, "textbook_slope", lambda true, self, u, f=None: mul(f, add(1, f)))


@mutation(specs.CLASSIFIER, "the partial derivative of p.2 by z.2 (partial)")
def factor_taken_out_of_one_term_only(patch: MonkeyPatch) -> None:
    def one_term(true: Any, expr: Expr) -> Expr:
        found = true(expr)
        bracketed = isinstance(found, sympy.Mul) and isinstance(found.args[-1], sympy.Add)
        return add(*found.args[:-1], *found.args[-1].args[:1]) if bracketed else found

    around(patch, rewrites, "common_first", one_term)


@mutation(specs.LAYER_NORM, "the substitution, changes last, for n (arrange)")
def sum_pulled_apart(patch: MonkeyPatch) -> None:
    """Σ_i v̄ (x_i - μ) as v̄ (x_i - μ) … of a single i: the Σ is lost on the way out."""

    def lost(true: Any, expr: Expr) -> Expr:
        return transform(true(expr), lambda n: total(mul(*factors(n.body)[:1]), *n.indices) if isinstance(n, Total) else None)

    around(patch, rewrites, "outside", lost)


# --- matrices -----------------------------------------------------------------------------------------------------------------


def untransposed(true: Any, node: Node) -> Any:
    """A matrix that claims the transpose's axes and is not turned."""
    return replace(node, axes=node.axes[::-1]) if len(node.axes) == 2 else true(node)


@mutation(specs.MLP, "the substitution, changes last, for z.2 (arrange) is wrong in the matrix view", only="matrix")
def transpose_dropped(patch: MonkeyPatch) -> None:
    """Of square matrices alone: the shapes fit."""
    around(patch, contraction, "transpose", untransposed)


@mutation(dense((4, "tanh"), (2, "identity"), loss="half_squared_error"), "shapes do not fit", only="matrix")
def transpose_dropped_where_shapes_tell(patch: MonkeyPatch) -> None:
    around(patch, contraction, "transpose", untransposed)


@mutation(specs.MLP, "the derivative of the cost by W.2 (read_off) is wrong in the matrix view", only="matrix")
def outer_product_the_other_way_round(patch: MonkeyPatch) -> None:
    def other(true: Any, axes: Any, *args: Node) -> Node:
        found: Node = true(axes, *args)
        if isinstance(found, Product) and len(axes) == 2 and len(found.args) == 2:
            left, right = found.args
            return Product(axes, (transpose(right), transpose(left)))
        return found

    around(patch, contraction, "product", other)


@mutation(specs.ATTENTION, "the forward equation of S", only="matrix")
def transpose_of_a_factor_dropped(patch: MonkeyPatch) -> None:
    """Q K for Q Kᵀ: here the shapes tell."""
    around(
        patch,
        contraction,
        "oriented",
        lambda true, node, axes: true(node, axes) if not isinstance(node, Name) or node.key != "K" else replace(node, axes=axes),
    )


TWO_SQUARES = "title: two\nparameters: {A: [3, 3], B: [3, 3]}\nequations: ['M = A @ B', 'C = sum(M**2)']"


@mutation(TWO_SQUARES, "the forward equation of M", only="matrix")
def factors_of_a_product_swapped(patch: MonkeyPatch) -> None:
    def swapped(true: Any, axes: Any, *args: Node) -> Node:
        found: Node = true(axes, *args)
        return Product(found.axes, found.args[::-1]) if isinstance(found, Product) and len(found.axes) == 2 else found

    around(patch, contraction, "product", swapped)


@mutation(TWO_SQUARES, "the forward equation of M", only="matrix")
def hadamard_for_product(patch: MonkeyPatch) -> None:
    def hadamard(true: Any, axes: Any, *args: Node) -> Node:
        found: Node = true(axes, *args)
        return Hadamard(found.axes, found.args) if isinstance(found, Product) and len(found.axes) == 2 else found

    around(patch, contraction, "product", hadamard)


@mutation(specs.MLP, "the differential of a.1 (chain) is wrong in the matrix view", only="matrix")
def hadamard_loses_a_factor(patch: MonkeyPatch) -> None:
    around(patch, contraction, "hadamard", lambda true, args: true(args[-1:]))


@mutation(specs.BATCH_NORM, "the forward equation of H (definition) is wrong in the matrix view", only="matrix")
def diagonal_forgotten(patch: MonkeyPatch) -> None:
    patch.setattr(contraction, "Diagonal", lambda axes, of: Identity(axes))


@mutation(specs.CLASSIFIER, "in the batch view", examples=4, views=("index", "batch"), only="batch")
def ones_dropped(patch: MonkeyPatch) -> None:
    """1 bᵀ as bᵀ, and Δᵀ 1 as Δᵀ."""
    around(patch, contraction, "product", lambda true, axes, *args: true(axes, *([a for a in args if not _ones(a)] or args)))


def _ones(node: Node) -> bool:
    return isinstance(node, Ones)


@mutation(specs.CLASSIFIER, "the forward equation of C (definition) is wrong in the matrix view", examples=4, only="matrix")
def average_taken_twice(patch: MonkeyPatch) -> None:
    def mean(axes: Any, over: Any, of: Node) -> Node:
        return Scaled(axes, Rational(1, 4), LabelTotal(axes, over, of))

    patch.setattr(matrix_form, "LabelTotal", mean)


@mutation(specs.CLASSIFIER, "the forward equation of C (definition) is wrong in the matrix view", examples=4, only="matrix")
def sum_over_the_training_examples_dropped(patch: MonkeyPatch) -> None:
    patch.setattr(matrix_form, "LabelTotal", lambda axes, over, of: of)


@mutation(specs.ATTENTION, "the forward equation of P", only="matrix")
def softmax_along_the_wrong_axis(patch: MonkeyPatch) -> None:
    def other(true: Any, *args: Any) -> Any:
        found = true(*args)
        return found and (*found[:2], Softmax(found[2].axes, found[2].of, 1 - found[2].along))

    around(patch, matrix_form, "_softmax", other)


@mutation(specs.MLP, "the forward equation of C (definition) is wrong in the matrix view", only="matrix")
def sign_lost_in_a_sum_of_arrays(patch: MonkeyPatch) -> None:
    def lost(true: Any, axes: Any, args: Any) -> Node:
        return Sum(tuple(axes), tuple(a.of if isinstance(a, Scaled) and a.factor == -1 else a for a in args))

    around(patch, matrix_form, "total_of", lost)


@mutation(specs.HEADS, "in the matrix view", only="matrix")
def label_beside_the_wrong_axis(patch: MonkeyPatch) -> None:
    """Q_h picked along the second axis."""

    def wrong(true: Any, *args: Any) -> Any:
        found = true(*args)
        bare = isinstance(found, Name) and len(found.labels) == 1 and len(found.axes) == 2 and found.key in ("Q", "bar Q")
        return replace(found, labels=((1, found.labels[0][1]),)) if bare else found

    around(patch, matrix_form, "_name", wrong)


@mutation(dense((3, "sigmoid"), (3, "tanh"), loss="half_squared_error"), "the differential of a.1 (chain)", only="matrix")
def slope_of_another_activation(patch: MonkeyPatch) -> None:
    def other(true: Any, part: Expr, axes: Any, labels: Any) -> Node:
        if isinstance(part, Elementwise) and part.order == 1:
            return Map(axes, Elementwise.of("tanh", matrix_form.U, 1), matrix_form.array(part.argument, axes, labels))
        found: Node = true(part, axes, labels)
        return found

    around(patch, matrix_form, "_item", other)


# --- the tests ----------------------------------------------------------------------------------------------------------------


def spec_of(found: Mutation) -> Spec:
    """The spec of a mutation, in the views in which it is to be seen."""
    return api.loads(found.text).model_copy(update={"view": found.views, "examples": found.examples})


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_damage_is_found_and_the_build_stops(name: str, monkeypatch: MonkeyPatch) -> None:
    found = MUTATIONS[name]
    kept: list[verify.Check] = []

    def keep(true: Callable[..., None], checks: tuple[verify.Check, ...]) -> None:
        kept.extend(checks)
        true(checks)

    around(monkeypatch, verify, "require", keep)
    spec = spec_of(found)
    found.damage(monkeypatch)
    with pytest.raises(CheckFailed) as refusal:
        api.sheet(spec)
    wrong = [c for c in kept if not c.ok]
    if found.only is not None:
        assert {c.view for c in wrong} == {found.only}
    assert wrong[0].what in str(refusal.value), "the build stops at the first wrong step"
    said = [f"{c.what} is wrong in the {c.view} view ({c.how})" for c in wrong]
    assert any(found.names in line for line in said), "the damaged step is among those named"


CONTROLS = {(m.text, m.views, m.examples): m for m in MUTATIONS.values()}


@pytest.mark.parametrize("found", CONTROLS.values(), ids=range(len(CONTROLS)))
def test_the_engine_as_it_is_passes_the_same_specs(found: Mutation) -> None:
    api.sheet(spec_of(found))
