"""The three operations: d of an expression, one differential a term, and reading off what stands before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray
from specs import readable
from sympy import Expr, S

from derive.calculus import differential
from derive.expressions.language import parse_equation, parse_expression
from derive.expressions.nodes import Entry, Index, Total, Where, add, mul, power
from derive.expressions.system import Equation, cotangent
from derive.expressions.traversal import entries, nodes
from derive.network import catalogue
from derive.notation.emitters.latex import Printer, unbroken
from derive.numbers import evaluate

SHAPES: dict[str, tuple[int, ...]] = {
    "a": (),
    "b": (),
    "w": (),
    "t": (),
    "u": (3,),
    "v": (3,),
    "x": (7,),
    "f": (3,),
    "A": (3, 3),
    "B": (3, 3),
    "T": (2, 3, 3),
}
FUNCTIONS = set(catalogue.functions())


def expression(text: str, **indices: int) -> Expr:
    return parse_expression(text, SHAPES, FUNCTIONS, indices)


def show(expr: Expr) -> str:
    return readable(unbroken(Printer(None).side(expr)))


# --- differential -------------------------------------------------------------------------------------------------------------

DIFFERENTIALS = [
    # what, its differential in the author's order, and the rules
    ("w*a + b", "dw a + w da + db", ("sum", "product")),
    ("b + w*a", "db + dw a + w da", ("sum", "product")),
    ("a*b*w", "da b w + a db w + a b dw", ("product",)),
    ("3*a", "3da", ("factor",)),
    ("-a", "-da", ("factor",)),
    ("a - b", "da - db", ("sum", "factor")),
    ("a**2", "2a da", ("power",)),
    ("a**3", "3a^2 da", ("power",)),
    ("(a - t)**2", "2(a - t) da", ("power", "sum", "held")),
    ("1/a", r"-\frac{da}{a^2}", ("quotient",)),
    ("a/b", r"\frac{da}{b} - \frac{a db}{b^2}", ("quotient",)),
    ("sqrt(a)", r"\frac{da}{2\sqrt{a}}", ("power",)),
    ("exp(a)", r"e^a da", ("chain",)),
    ("log(a)", r"\frac{da}{a}", ("chain",)),
    ("sin(a)", r"\cos a da", ("chain",)),
    ("sigmoid(a*b)", "σ'(a b) (da b + a db)", ("chain", "product")),
    ("exp(-a**2)", r"-2e^{-a^2} a da", ("chain", "factor", "power")),
    ("t*a", "t da", ("factor",)),
    ("t", "0", ("held",)),
    ("t**2 + 1", "0", ("held",)),
    ("7", "0", ()),
    ("sum(u[i]*v[i], i)", "Σ_i (du_i v_i + u_i dv_i)", ("sum", "product")),
    ("sum(u[i], i)/3", "1/3 Σ_i du_i", ("factor", "sum")),
    ("max(a, 0)", r"\begin{cases}da & a > 0\\ 0 & \dsotherwise\end{cases}", ("where",)),
]


@pytest.mark.parametrize(("text", "wanted", "rules"), DIFFERENTIALS, ids=[text for text, *_ in DIFFERENTIALS])
def test_differential(text: str, wanted: str, rules: tuple[str, ...]) -> None:
    found, used = differential.differential(expression(text), frozenset({"t"}))
    assert show(found) == wanted
    assert used == rules


def test_every_rule_that_is_used_stands_in_the_rule_book() -> None:
    used = {rule for text, _, _ in DIFFERENTIALS for rule in differential.differential(expression(text), frozenset({"t"}))[1]}
    assert used <= set(catalogue.rules())
    assert used == {"sum", "product", "factor", "power", "quotient", "chain", "where", "held"}


def test_no_index_is_captured() -> None:
    """SymPy's Sum(w[i]*x[i], (i, 1, n)).diff(w[i]) gives Σ x: the index of the sum is taken for that of w[i]."""
    found, _ = differential.differential(expression("sum(u[j]*v[j], j)*sum(u[j]**2, j)"))
    opened = differential.collect(found)
    assert len(opened) == 2
    for term in opened:
        bound_inside = {i.name for n in nodes(term.coefficient) if isinstance(n, Total) for i in n.indices}
        assert not bound_inside & {i.name for i in term.bound}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_slope_of_a_named_function_is_its_derivative(name: str) -> None:
    u = Entry.of("a")
    assert show(differential.slope(parse_expression(f"{name}(a)", SHAPES, FUNCTIONS), u)).count("'") == 1


def test_the_slope_of_a_root_and_of_a_power() -> None:
    a = Entry.of("a")
    assert differential.slope(power(a, sympy.Rational(1, 2)), a) == mul(sympy.Rational(1, 2), power(a, sympy.Rational(-1, 2)))
    assert differential.slope(power(a, -2), a) == mul(-2, power(a, -3))


# --- collect ------------------------------------------------------------------------------------------------------------------


def collected(text: str, first: frozenset[str] = frozenset(), **indices: int) -> str:
    opened = differential.collect(differential.differential(expression(text, **indices), frozenset({"t"}))[0])
    return show(add(*(t.expr() for t in differential.split(opened, first))))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("w*a + b", "dw a + w da + db"),
        ("sum(u[i]*v[i], i)", "Σ_i du_i v_i + Σ_i u_i dv_i"),
        ("(a - b)**2", "2(a - b) da - 2(a - b) db"),
        ("a*a", "2a da"),
        ("3*a + a", "4da"),
        ("a - a", "0"),
        (
            "max(a, b)",
            r"(\begin{cases}1 & a > b\\ 0 & \dsotherwise\end{cases}) da + "
            r"(\begin{cases}0 & a > b\\ 1 & \dsotherwise\end{cases}) db",
        ),
    ],
)
def test_collect_opens_into_one_differential_a_term(text: str, wanted: str) -> None:
    assert collected(text) == wanted


def test_the_parameters_come_first() -> None:
    """dz = dw a + db + w da."""
    assert collected("w*a + b", frozenset({"w", "b"})) == "dw a + db + w da"


def test_a_sum_of_sums_gets_indices_that_differ() -> None:
    opened = differential.collect(differential.differential(expression("sum(u[i], i)*sum(v[i], i)"))[0])
    for term in opened:
        bound_inside = {i for n in nodes(term.coefficient) if isinstance(n, Total) for i in n.indices}
        assert not bound_inside & set(term.bound)


# --- reading off --------------------------------------------------------------------------------------------------------------

LINES = [
    # every way in which an index can stand
    "z[i] = sum(A[i,j]*u[j], j)",
    "z[i] = sum(A[j,i]*u[j], j)",
    "z[i] = A[i,i]*u[i]",
    "z[i] = u[0]*v[i] + u[2]",
    "z[i] = sum(f[p]*x[2*i+p], p)",
    "z[i] = sum(f[p]*x[i-p+2], p)",
    "z[i] = x[2*i]*v[i]",
    "z[i] = x[6-2*i]",
    "z[i] = x[2*i+1] + x[2*i]",
    "z[i] = sum(u[2-p]*x[i+p], p)",
    "z[i,j] = x[i+j]*A[i,j]",
    "z[i,j] = x[2*i+j]*A[j,i]",
    "z[i] = sum(A[i,j]*A[j,i], j)",
    "z[c,i] = sum(T[c,i,j]*T[c,j,i], j)",
    "z[i] = sum(A[j,j], j)*u[i]",
    "z[i] = sum(A[j,k]*B[k,j], j, k)*u[i]",
    "z[i] = u[i]*sum(u[j], j)",
    "z = sum(u[i]*v[j]*A[i,j], i, j)",
    "z[i] = v[i]*sum(u[j]*sum(A[j,k]*v[k], k), j)",
    "z[i,j] = u[i] + 0*v[j]",
    "z[i] = a*u[i]**2 + exp(v[i])/b",
    "z[i] = max(u[i], v[i])*u[i]",
]


def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(rng.normal(size=shape))


@pytest.mark.parametrize("text", LINES)
def test_what_is_read_off_is_the_transpose_of_the_line(text: str) -> None:
    """<z̄, dz> is the sum of what stands before each differential, times that differential: for any z̄ and any changes."""
    equation, shape = parse_equation(text, SHAPES, FUNCTIONS, {"i": 3} if "x[" in text or "u[0]" in text else {})
    lhs = equation.lhs
    assert isinstance(lhs, Entry)
    found = differential.collect(differential.differential(equation.rhs)[0])
    rng = np.random.default_rng(5)
    values = {k: draw(rng, SHAPES[k]) for k in {e.key for e in entries(equation.rhs)}}
    directions = {k: draw(rng, v.shape) for k, v in values.items()}
    values[cotangent("z")] = draw(rng, shape)
    bound = tuple(i for i in lhs.indices if isinstance(i, Index))
    seed = Entry.of(cotangent("z"), *bound)
    change = evaluate.tilted(evaluate.evaluate(equation.rhs, evaluate.tilt(values, directions), bound))
    right = 0.0
    for term in found:
        free, before = differential.read_off(seed, term, bound, SHAPES[term.entry.key])
        assert len({i.name for i in free}) == len(free)
        right += float(np.sum(evaluate.evaluate(before, values, free) * directions[term.entry.key]))
    assert right == pytest.approx(float(np.sum(values[cotangent("z")] * change)), rel=1e-12)


def read_off(text: str, key: str) -> list[str]:
    """What is read off for one tensor, as equations."""
    equation, _ = parse_equation(text, SHAPES, FUNCTIONS, {"i": 3} if "x[" in text else {})
    lhs = equation.lhs
    assert isinstance(lhs, Entry)
    bound = tuple(i for i in lhs.indices if isinstance(i, Index))
    out = []
    for term in differential.collect(differential.differential(equation.rhs)[0]):
        if term.entry.key == key:
            free, before = differential.read_off(Entry.of("g", *bound), term, bound, SHAPES[key])
            out.append(f"{show(Entry.of(key, *free))}: {show(before)}")
    return out


@pytest.mark.parametrize(
    ("text", "key", "wanted"),
    [
        ("z[i] = sum(A[i,j]*u[j], j)", "A", ["A_{ij}: g_i u_j"]),
        ("z[i] = sum(A[i,j]*u[j], j)", "u", ["u_j: Σ_i g_i A_{ij}"]),
        ("z[i] = sum(A[j,i]*u[j], j)", "A", ["A_{ji}: g_i u_j"]),
        ("z[i] = u[i]*v[i]", "u", ["u_i: g_i v_i"]),
        ("z[i] = a*u[i]", "a", ["a: Σ_i g_i u_i"]),
        ("z[i] = A[i,i]", "A", ["A_{ij}: g_i [ j=i ]"]),
        ("z[i] = u[0]*v[i]", "u", ["u_j: Σ_i g_i v_i [ j=0 ]"]),
        ("z[i] = sum(f[p]*x[2*i+p], p)", "x", [r"x_j: Σ_{\substack{i\\0 \le j - 2i \le 2}} g_i f_{j-2i}"]),
    ],
)
def test_read_off(text: str, key: str, wanted: list[str]) -> None:
    assert read_off(text, key) == wanted


def test_substitution_puts_the_signal_in_front() -> None:
    equation, _ = parse_equation("z[i] = sum(A[i,j]*u[j], j) - v[i]", SHAPES)
    found = differential.collect(differential.differential(equation.rhs)[0])
    i = Index("i", 3)
    assert show(differential.substitute(Entry.of("g", i), found, (i,))) == (
        "Σ_{i,j} g_i dA_{ij} u_j + Σ_{i,j} g_i A_{ij} du_j - Σ_i g_i dv_i"
    )


def test_alignment_renames_all_at_once() -> None:
    j, k = Index("j", 3), Index("k", 3)
    assert differential.aligned((j, k), Entry.of("A", j, k), (k, j)) == Entry.of("A", k, j)


def test_branches_are_merged_by_entry() -> None:
    found = differential.collect(differential.differential(expression("where(a > 0, a**2, 3*a)"))[0])
    (term,) = found
    assert isinstance(term.coefficient, Where)
    assert term.coefficient.args[1:] == (mul(2, Entry.of("a")), S(3))


def test_an_equation_stays_what_it_was() -> None:
    before: Mapping[str, Any] = {"rhs": expression("w*a + b")}
    differential.differential(before["rhs"])
    assert Equation(Entry.of("a"), before["rhs"]).rhs.args[1] == Entry.of("b")
