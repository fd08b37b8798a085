"""The named rewrites: what each does, where it keeps its hands off, and that the value is the same before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from specs import readable
from sympy import Expr, S

from derive.calculus import recognise, rewrites
from derive.expressions import matching
from derive.expressions.language import parse_equation, parse_expression
from derive.expressions.nodes import Elementwise, Entry, Index, add, mul, power, total
from derive.expressions.system import Equation, Fact
from derive.expressions.traversal import entries
from derive.network import catalogue
from derive.notation.emitters.latex import Printer, unbroken
from derive.numbers import evaluate

N = 3
SHAPES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys("abcgvrf", ()),
    **dict.fromkeys("xypzuw", (N,)),
    **dict.fromkeys(("A", "Q", "Y"), (N, N)),
}
FREE = {"i": N, "j": N, "n": N}
FUNCTIONS = set(catalogue.functions())


def expression(text: str) -> Expr:
    used = {letter: size for letter, size in FREE.items() if letter in text and f", {letter})" not in text}
    return parse_expression(text, SHAPES, FUNCTIONS, used)


def equation(text: str) -> Equation:
    return parse_equation(text, SHAPES, FUNCTIONS)[0]


def show(expr: Expr) -> str:
    return readable(unbroken(Printer(None).side(expr)))


def values_of(*exprs: Expr) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(9)
    keys = sorted({e.key for expr in exprs for e in entries(expr)})
    return {k: np.asarray(0.5 + rng.random(size=SHAPES[k])) for k in keys}


def same_value(before: Expr, after: Expr, given: dict[str, NDArray[Any]] | None = None) -> None:
    axes = tuple(Index(letter, N) for letter in FREE)
    values = {**values_of(before, after), **(given or {})}
    assert np.allclose(evaluate.evaluate(before, values, axes), evaluate.evaluate(after, values, axes), rtol=1e-12)


# --- recognise ----------------------------------------------------------------------------------------------------------------

SOFTMAX = "p[j] = exp(z[j])/sum(exp(z[k]), k)"

RECOGNISED = [
    # an expression, a line of the forward pass, and the expression with its name
    ("exp(z[i])/sum(exp(z[k]), k)", SOFTMAX, "p_i"),
    ("exp(z[i])*u[i]/sum(exp(z[m]), m)", SOFTMAX, "p_i u_i"),
    ("exp(z[i])/sum(exp(z[k]), k)**2*exp(z[j])", SOFTMAX, "p_i p_j"),
    ("sum(exp(z[k])*u[k], k)/sum(exp(z[k]), k)", SOFTMAX, r"\frac{Σ_k e^{z_k} u_k}{Σ_k e^{z_k}}"),
    ("2*exp(a)", "f = exp(a)", "2f"),
    ("1/(2*sqrt(a))", "r = sqrt(a)", r"\frac{1}{2r}"),
    ("x[i]/sqrt(sum(x[j]**2, j))", "r = sqrt(sum(x[j]**2, j))", r"\frac{x_i}{r}"),
    ("(x[i] - g)/(v + b)/sqrt(v + b)", "u[i] = (x[i] - g)/sqrt(v + b)", r"\frac{u_i}{v + b}"),
    ("tanh(a*b)", "f = tanh(a*b)", "f"),
    # not these
    ("exp(z[i])/sum(exp(y[k]), k)", SOFTMAX, r"\frac{e^{z_i}}{Σ_k e^{y_k}}"),
    ("exp(b)", "f = exp(a)", "e^b"),
    ("a + b", "f = a + b", "a + b"),
    ("sum(x[j], j)", "f = sum(x[j], j)", "Σ_j x_j"),
    ("2*a", "f = a", "2a"),
]


@pytest.mark.parametrize(("text", "line", "wanted"), RECOGNISED, ids=[text for text, *_ in RECOGNISED])
def test_recognise(text: str, line: str, wanted: str) -> None:
    before, definition = expression(text), equation(line)
    after = recognise.recognise(before, [definition])
    assert show(after) == wanted
    lhs = definition.lhs
    assert isinstance(lhs, Entry)
    values = values_of(before, definition.rhs)
    values[lhs.key] = evaluate.evaluate(definition.rhs, values, lhs.indices)
    same_value(before, after, values)


# --- match --------------------------------------------------------------------------------------------------------------------

P, J, K, M = (Index(letter, N) for letter in "pjnm")


def test_a_match_binds_the_wild_indices() -> None:
    assert matching.match(Entry.of("x", J), Entry.of("x", M), frozenset({J})) == {J: M}
    assert matching.match(Entry.of("A", J, J), Entry.of("A", M, P), frozenset({J})) is None
    assert matching.match(Entry.of("x", J), Entry.of("y", J), frozenset({J})) is None
    assert matching.match(Entry.of("x", J), Entry.of("x", Index("j", N + 1)), frozenset({J})) is None
    assert matching.match(Entry.of("x", J), Entry.of("x", M), frozenset()) is None


def test_a_match_sees_through_the_letters_of_a_sum() -> None:
    assert matching.match(total(Entry.of("x", J), J), total(Entry.of("x", M), M), frozenset()) == {}


def test_a_wild_index_is_never_bound_to_an_index_of_the_sum() -> None:
    """Σ_j Y_nj = 1 for every n says nothing of the trace Σ_j Y_jj."""
    fact = total(Entry.of("Y", K, J), J)
    trace = total(Entry.of("Y", M, M), M)
    assert matching.match(fact, trace, frozenset({K})) is None
    assert rewrites.facts_used(trace, [Fact(fact, S.One, "sum_target")]) == (trace, None)


# --- facts --------------------------------------------------------------------------------------------------------------------

FACTS = [Fact(total(Entry.of("y", J), J), S.One, "sum_target"), Fact(total(Entry.of("Y", K, J), J), S.One, "sum_target")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("p[i]*sum(y[k], k) - y[i]", "p_i - y_i"),
        ("sum(y[k], k)", "1"),
        ("sum(Y[i,k], k)*a", "a"),
        ("sum(x[k], k)", None),
        ("sum(y[k]**2, k)", None),
        ("sum(Y[k,i], k)", None),
        ("y[i]", None),
    ],
)
def test_facts(text: str, wanted: str | None) -> None:
    before = expression(text)
    after, reason = rewrites.facts_used(before, FACTS)
    assert (show(after), reason) == ((wanted, "sum_target") if wanted is not None else (show(before), None))


# --- the shape of sums and products -------------------------------------------------------------------------------------------

Rewrite = Callable[[Expr], Expr]

REWRITES: list[tuple[Rewrite, str, str]] = [
    (rewrites.cancelled, "p[i]*(-y[i]/p[i] + sum(y[k]*p[k]/p[k], k))", "-y_i + p_i Σ_k y_k"),
    (rewrites.cancelled, "a*b/a", "b"),
    (rewrites.cancelled, "a*b - b*a", "a b - b a"),
    (rewrites.cancelled, "sum(a*x[k], k)", "a Σ_k x_k"),
    (rewrites.cancelled, "sum(a*x[k]/x[k], k)", "3a"),
    (rewrites.cancelled, "sum(x[k], k)*sum(y[k], k)", "Σ_{k,m} x_k y_m"),
    (rewrites.cancelled, "a*sum(x[k]*sum(y[j]/x[k], j), k)", "3a Σ_j y_j"),
    (rewrites.cancelled, "sum(x[k]/x[i], k)", r"\frac{Σ_k x_k}{x_i}"),
    (rewrites.outside, "sum(a*x[k]*u[i], k)", "a u_i Σ_k x_k"),
    (rewrites.outside, "sum(x[k]*y[k], k)", "Σ_k x_k y_k"),
    (rewrites.positive_first, "-y[i] + p[i]", "p_i - y_i"),
    (rewrites.positive_first, "-a - b", "-a - b"),
    (rewrites.positive_first, "a - b", "a - b"),
    (rewrites.positive_first, "-a - b + c", "c - a - b"),
    (rewrites.common_first, "a*b + a*c", "a (b + c)"),
    (rewrites.common_first, "2*a*b - 2*a*c", "2a (b - c)"),
    (rewrites.common_first, "-a*b + a*c", "a (c - b)"),
    (rewrites.common_first, "a + b", "a + b"),
    (rewrites.common_first, "a*b + a", "a (b + 1)"),
    (rewrites.common_first, "2*a + 4*a*b", "a (2 + 4b)"),
    (rewrites.signs_out, "-sum(-y[k], k)", "Σ_k y_k"),
    (rewrites.signs_out, "-2*(b - a)*c", "2(a - b) c"),
    (rewrites.signs_out, "a*(-b)", "-a b"),
    (rewrites.signs_out, "-(a + b)", "-a - b"),
    (rewrites.shortest_quotient, "(-b/a + (1 - b)/(1 - a))*a*(1 - a)", "a - b"),
    (rewrites.shortest_quotient, "a*b/a", "b"),
    (rewrites.shortest_quotient, "a/b", r"\frac{a}{b}"),
]

TEXTS = [*dict.fromkeys(text for _, text, _ in REWRITES), "a*(b + c)", "(a + b)*(a - c)", "sum(x[k]*(y[k] + a), k)"]


@pytest.mark.parametrize(
    ("rewrite", "text", "wanted"), REWRITES, ids=[f"{rewrite.__name__}: {text}" for rewrite, text, _ in REWRITES]
)
def test_rewrites(rewrite: Rewrite, text: str, wanted: str) -> None:
    before = expression(text)
    after = rewrite(before)
    assert show(after) == wanted
    same_value(before, after)


@pytest.mark.parametrize("rewrite", list(dict.fromkeys(rewrite for rewrite, _, _ in REWRITES)), ids=lambda r: r.__name__)
@pytest.mark.parametrize("text", TEXTS)
def test_no_rewrite_changes_a_value(rewrite: Rewrite, text: str) -> None:
    before = expression(text)
    same_value(before, rewrite(before))


@pytest.mark.parametrize("rewrite", [rewrites.positive_first, rewrites.signs_out, rewrites.cancelled, rewrites.common_first])
@pytest.mark.parametrize("text", TEXTS)
def test_a_rewrite_done_twice_is_done_once(rewrite: Rewrite, text: str) -> None:
    once = rewrite(expression(text))
    assert show(rewrite(once)) == show(once)


def test_a_sum_or_a_branch_is_never_cancelled_across() -> None:
    before = expression("sum(x[k], k)*a/a")
    assert rewrites.shortest_quotient(before) == before


def test_slopes_are_written_with_the_activations_own_value() -> None:
    z, a = Entry.of("z", J), Entry.of("x", J)
    named = {Elementwise.of("sigmoid", z): a}
    assert show(rewrites.by_value(Elementwise.of("sigmoid", z, 1), named)) == "x_j (1 - x_j)"
    other = Elementwise.of("sigmoid", Entry.of("u", J), 1)
    assert rewrites.by_value(other, named) == other
    assert rewrites.by_value(Elementwise.of("tanh", z, 1), named) == Elementwise.of("tanh", z, 1)


def test_a_product_is_recognised_only_as_often_as_it_stands() -> None:
    p = equation(SOFTMAX)
    e = expression("exp(z[i])*exp(z[j])/sum(exp(z[k]), k)")
    assert show(recognise.recognise(e, [p])) == "p_i e^{z_j}"
    assert show(recognise.recognise(mul(2, power(Entry.of("a"), 2)), [p])) == "2a^2"
    assert show(recognise.recognise(add(S.One, e), [p])) == "1 + p_i e^{z_j}"
