"""Indexed scalars: they keep the order in which they were written, and no index is ever captured."""

from __future__ import annotations

import copy
import pickle

import pytest
import sympy
from sympy import Add, Expr, Integer, Mul, Rational, S

from derive.expressions.nodes import (
    Delta,
    Differential,
    Elementwise,
    Entry,
    Index,
    Partial,
    Total,
    Where,
    Within,
    add,
    mul,
    neg,
    power,
    rebuild,
    total,
)
from derive.expressions.system import Equation, System, Tensor, cotangent, is_cotangent, primal
from derive.expressions.traversal import entries, factors, free_indices, fresh, nodes, rename, size, terms, transform

J, K, M, P = (Index(letter, 3) for letter in "jkmp")
A, B, C = (Entry.of(letter) for letter in "abc")
W_JK = Entry.of("W", J, K)
X_K = Entry.of("x", K)
HALF = Rational(1, 2)


# --- indices ------------------------------------------------------------------------------------------------------------------


def test_an_index_is_its_letter_and_its_size() -> None:
    assert Index("j", 3) is Index("j", 3)
    assert Index("j", 3) != Index("j", 4)
    assert Index("j", 3) != Index("k", 3)
    assert Index("j", 3) != sympy.Symbol("j", integer=True)
    assert len({Index("j", 3), Index("j", 4), Index("j", 3)}) == 2


@pytest.mark.parametrize("expr", [J, W_JK, total(X_K, K), Differential(W_JK), Elementwise.of("tanh", X_K, 1)])
def test_expressions_survive_copying_and_pickling(expr: Expr) -> None:
    assert pickle.loads(pickle.dumps(expr)) == expr
    assert copy.deepcopy(expr) == expr
    assert [i.size for i in free_indices(pickle.loads(pickle.dumps(expr)))] == [i.size for i in free_indices(expr)]


@pytest.mark.parametrize(
    "expr",
    [
        W_JK,
        Differential(W_JK),
        Total(X_K, K),
        Delta(J, K),
        Within(J, Integer(3)),
        Where(A, B, C),
        Partial(A, B, C),
        Elementwise.of("tanh", A, 1),
        mul(2, Differential(A)),
    ],
    ids=lambda e: type(e).__name__,
)
def test_every_node_can_be_looked_at_in_a_terminal(expr: Expr) -> None:
    assert repr(expr)
    assert repr(Equation(A, expr))


# --- building -----------------------------------------------------------------------------------------------------------------


def test_terms_stay_in_the_authors_order() -> None:
    assert add(C, A, B).args == (C, A, B)
    assert add(C, add(B, A)).args == (C, B, A)
    assert add(mul(C, A), B).args[0].args == (C, A)
    assert mul(C, A, B).args == (C, A, B)
    assert mul(C, mul(B, A)).args == (C, B, A)


def test_equal_terms_are_not_gathered() -> None:
    assert add(A, A).args == (A, A)
    assert mul(A, A).args == (A, A)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (add(), S.Zero),
        (add(0, A, 0), A),
        (mul(), S.One),
        (mul(A, 0, B), S.Zero),
        (mul(1, A), A),
        (mul(A, 2, B, 3), Mul._from_args([Integer(6), A, B])),
        (mul(A, HALF, 2), A),
        (mul(2, 3), Integer(6)),
        (power(A, 1), A),
        (power(A, 0), S.One),
        (power(Integer(3), 2), Integer(9)),
        (power(power(A, HALF), 2), A),
        (power(power(A, 2), -1), power(A, -2)),
        (neg(add(A, mul(-1, B))), Add._from_args([mul(-1, A), B])),
        (neg(mul(-1, A)), A),
        (total(S.Zero, K), S.Zero),
        (total(X_K), X_K),
        (total(total(W_JK, K), J), Total(W_JK, J, K)),
    ],
    ids=str,
)
def test_builders(found: Expr, wanted: Expr) -> None:
    assert found == wanted
    assert found.args == wanted.args


def test_the_root_of_a_square_is_not_the_number_itself() -> None:
    """√(a²) is |a|."""
    assert power(power(A, 2), HALF) != A


def test_rebuilding_keeps_the_order_and_the_authors_functions() -> None:
    assert rebuild(add(A, B), (C, A)).args == (C, A)
    nested = sympy.exp(sympy.log(A, evaluate=False), evaluate=False)
    assert rebuild(nested, nested.args) == nested
    assert rebuild(Total(X_K, K), (mul(2, X_K), K)) == Total(mul(2, X_K), K)


def test_elementwise_functions_and_branches_have_derivatives_for_sympy() -> None:
    t = sympy.Symbol("t", real=True)
    assert sympy.diff(Elementwise.of("tanh", t), t) == Elementwise.of("tanh", t, 1)
    assert sympy.diff(Elementwise.of("tanh", 3 * t, 1), t) == 3 * Elementwise.of("tanh", 3 * t, 2)
    assert sympy.diff(Where(t, t**2, -t), t) == Where(t, 2 * t, S(-1))
    assert sympy.diff(W_JK, t) == 0


# --- reading ------------------------------------------------------------------------------------------------------------------


def test_terms_and_factors_of_anything() -> None:
    assert terms(add(A, B)) == (A, B)
    assert terms(A) == (A,)
    assert terms(S.Zero) == ()
    assert factors(mul(2, A)) == (2, A)
    assert factors(A) == (A,)


def test_nodes_come_parents_first_in_reading_order() -> None:
    assert [n for n in nodes(add(mul(C, A), B)) if isinstance(n, Entry)] == [C, A, B]
    assert size(add(A, B)) == len(list(nodes(add(A, B))))


def test_entries_come_once_in_reading_order() -> None:
    assert entries(add(mul(C, A), C, B)) == (C, A, B)


def test_free_indices_are_those_that_no_sum_binds() -> None:
    assert free_indices(mul(W_JK, X_K)) == (J, K)
    assert free_indices(total(mul(W_JK, X_K), K)) == (J,)
    assert free_indices(mul(X_K, total(X_K, K))) == (K,)
    assert free_indices(Entry.of("x", add(mul(2, P), K))) == (P, K)


def test_what_transform_answers_is_not_searched_again() -> None:
    assert transform(add(A, B), lambda n: add(n, n) if n == A else None).args == (A, A, B)


# --- renaming -----------------------------------------------------------------------------------------------------------------


def test_renaming_is_simultaneous() -> None:
    assert rename(W_JK, {J: K, K: J}) == Entry.of("W", K, J)


def test_renaming_leaves_bound_indices_alone() -> None:
    bound = total(mul(W_JK, X_K), K)
    assert rename(bound, {K: P}) == bound


def test_a_bound_index_makes_way_for_a_name_that_comes_in() -> None:
    """Σ_k W_jk x_k with j called k is Σ_m W_km x_m, and not Σ_k W_kk x_k."""
    renamed = rename(total(mul(W_JK, X_K), K), {J: K})
    (bound,) = renamed.indices
    assert bound != K
    assert renamed == total(mul(Entry.of("W", K, bound), Entry.of("x", bound)), bound)


def test_a_bound_index_makes_way_by_letter_whatever_its_size() -> None:
    """Two indices of one letter would read as one."""
    wide = Index("k", 7)
    renamed = rename(total(Entry.of("W", J, wide), wide), {J: K})
    assert renamed.indices[0].name != "k"
    assert renamed.indices[0].size == 7


def test_a_bound_index_does_not_take_a_letter_that_is_in_use() -> None:
    inner = mul(Entry.of("T", J, K, M), X_K)
    renamed = rename(total(inner, K), {J: K})
    assert renamed.indices[0].name not in ("k", "m")


def test_affine_indices_are_renamed_inside() -> None:
    shifted = Entry.of("x", add(mul(2, P), K))
    assert rename(shifted, {K: add(J, mul(-2, P))}).indices == (add(mul(2, P), J, mul(-2, P)),)


def test_fresh_letters_follow_the_alphabet_and_avoid_what_is_taken() -> None:
    assert fresh(J, [J, K]).name == "m"
    assert fresh(J, [J, K]).size == J.size
    everything = [Index(letter, 3) for letter in "ijkmpqrstuvhabcgowxyz"]
    assert fresh(J, everything).name == "j1"
    assert "l" not in {fresh(J, everything[:n]).name for n in range(21)}


# --- tensors and systems ------------------------------------------------------------------------------------------------------


def test_a_cotangent_knows_to_what_it_belongs() -> None:
    assert is_cotangent(cotangent("W.1"))
    assert not is_cotangent("W.1")
    assert primal(cotangent("W.1")) == "W.1"


def test_a_system_sorts_its_tensors_by_role() -> None:
    tensors = {
        "w": Tensor("w", (3,), "parameter", "w"),
        "x": Tensor("x", (3,), "input", "x"),
        "C": Tensor("C", (), "objective", "C"),
    }
    equation = Equation(Entry.of("C"), total(mul(Entry.of("w", P), Entry.of("x", P)), P))
    system = System(tensors, (equation,), "C")
    assert [t.key for t in system.parameters] == ["w"]
    assert [t.key for t in system.of_role("input", "objective")] == ["x", "C"]
    assert system.defines() == {"C": equation}
    assert system.depth == 0
