"""Indexed scalars as matrices: which form is found, and that its numbers are the same, by NumPy's own matrix product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import specs
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from specs import built, derived, printed, readable
from sympy import S

from derive.checks import array_values
from derive.expressions.language import parse_equation
from derive.expressions.nodes import Delta, Entry, Index, Where, add, mul, total
from derive.expressions.system import Equation, System, Tensor
from derive.expressions.traversal import free_indices
from derive.notation import array_expressions, matrix_form, views
from derive.notation.contraction import NoMatrixForm
from derive.notation.emitters.latex import Printer, unbroken
from derive.notation.glyphs import Symbols
from derive.numbers import evaluate

Array = NDArray[Any]
SHAPES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys("acs", ()),
    **dict.fromkeys("uvwx", (3,)),
    **dict.fromkeys("ABDE", (3, 3)),
    **dict.fromkeys("TR", (2, 3, 3)),
    "W": (4, 3),
    "b": (4,),
    "X": (5, 3),
    "g": (2,),
}
SYSTEM = System({k: Tensor(k, s, "input", k) for k, s in {**SHAPES, "z": (), "Z": (3, 3)}.items()}, ())


def read(text: str) -> Equation:
    return parse_equation(text, SHAPES, {"tanh", "relu"}, {})[0]


def show(found: array_expressions.ArrayEquation) -> str:
    lhs, rhs = Printer(Symbols(SYSTEM)).equation(found)
    return readable(unbroken(rhs)) if not found.labels else readable(unbroken(f"{lhs} = {rhs}"))


def draw(shapes: Mapping[str, tuple[int, ...]], seed: int = 4) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {k: np.asarray(rng.normal(size=s)) for k, s in shapes.items()}


def value(found: array_expressions.ArrayEquation, axes: tuple[Index, ...], values: Mapping[str, Array]) -> Array:
    """The right-hand side over `axes`, put together from its matrices."""
    out = np.empty([i.size for i in axes])
    inside = [i.size for i in axes if i not in found.labels]
    for place in np.ndindex(*(i.size for i in found.labels)):
        at = dict(zip(found.labels, place, strict=True))
        part = array_values.evaluate(found.rhs, values, at)
        assert part.ndim == 2
        assert part.shape == (*inside, *[1] * (2 - len(inside)))
        out[tuple(at.get(i, slice(None)) for i in axes)] = part.reshape(inside)
    return out


# --- which form is found ------------------------------------------------------------------------------------------------------

FORMS = [
    # products
    ("z[j] = sum(W[j,k]*x[k], k)", "W x"),
    ("z[k] = sum(W[j,k]*b[j], j)", "Wᵀ b"),
    ("z[j] = sum(x[k]*W[j,k], k)", "W x"),
    ("Z[i,j] = sum(A[i,k]*B[k,j], k)", "A B"),
    ("Z[i,j] = sum(A[i,k]*B[j,k], k)", "A Bᵀ"),
    ("Z[i,j] = sum(A[k,i]*B[k,j], k)", "Aᵀ B"),
    ("Z[i,j] = sum(A[k,i]*B[j,k], k)", "Aᵀ Bᵀ"),
    ("Z[i,j] = sum(B[k,j]*A[i,k], k)", "A B"),
    ("Z[i,j] = sum(A[i,k]*B[k,m]*D[m,j], k, m)", "A B D"),
    ("z = sum(u[i]*v[i], i)", "uᵀ v"),
    ("z = sum(u[i]*A[i,j]*v[j], i, j)", "uᵀ A v"),
    ("z[i] = sum(A[i,k]*B[k,m]*u[m], k, m)", "A B u"),
    ("Z[i,j] = u[i]*v[j]", "u vᵀ"),
    ("Z[i,j] = u[j]*v[i]", "v uᵀ"),
    ("Z[i,j] = sum(A[i,k]*u[k]*B[k,j], k)", "A diag(u) B"),
    # entry by entry
    ("z[i] = u[i]*v[i]", "u ⊙ v"),
    ("Z[i,j] = A[i,j]*B[i,j]", "A ⊙ B"),
    ("Z[i,j] = A[i,j]*B[j,i]", "A ⊙ Bᵀ"),
    ("Z[j,i] = A[i,j]*B[i,j]", "Aᵀ ⊙ Bᵀ"),
    ("Z[i,j] = u[i]*A[i,j]", "diag(u) A"),
    ("Z[i,j] = A[i,j]*u[j]", "A diag(u)"),
    ("z[i] = u[i]/v[i]", "u ⊘ v"),
    ("z[i] = u[i]**2", "u^{⊙ 2}"),
    ("z[i] = tanh(sum(A[i,k]*u[k], k))", "tanh(A u)"),
    ("z[i] = u[i]*tanh(v[i])", "u ⊙ tanh(v)"),
    # sums
    ("z = sum(u[i], i)", "𝟏ᵀ u"),
    ("z[i] = sum(A[i,j], j)", "A 𝟏"),
    ("z[j] = sum(A[i,j], i)", "Aᵀ 𝟏"),
    ("z[i] = u[i] + a", "u + a 𝟏"),
    ("Z[i,j] = A[i,j] + u[j]", "A + 𝟏 uᵀ"),
    ("Z[i,j] = A[i,j] + u[i]", "A + u 𝟏ᵀ"),
    ("Z[i,j] = A[j,i] - 2*B[i,j]", "Aᵀ - 2B"),
    ("z[j] = sum(W[j,k]*x[k], k) + b[j]", "W x + b"),
    ("z = sum(A[i,j]*B[i,j], i, j)", r"\langle A, B \rangle"),
    ("z[i] = a*c*u[i]", "a c u"),
    ("z = a*sum(u[i]**2, i)", r"a \lVert u \rVert^2"),
    ("z[i] = exp(u[i])/sum(exp(u[k]), k)", "softmax(u)"),
    ("Z[i,j] = exp(A[i,j])/sum(exp(A[i,k]), k)", "softmax(A)"),
    # labels
    ("Z[h,i,j] = sum(T[h,i,k]*A[k,j], k)", "Z_h = T_h A"),
    ("Z[h,i] = sum(T[h,i,k]*u[k], k)", "Z_h = T_h u"),
    ("Z[i,j] = sum(T[h,i,k]*R[h,k,j], h, k)", "Σ_h T_h R_h"),
]


@pytest.mark.parametrize(("text", "wanted"), FORMS, ids=[text for text, _ in FORMS])
def test_the_form_that_a_person_would_write(text: str, wanted: str) -> None:
    found = matrix_form.equation(read(text))
    assert show(found) == wanted


@pytest.mark.parametrize("text", [text for text, _ in FORMS])
def test_its_numbers_are_those_of_the_index_form(text: str) -> None:
    equation = read(text)
    axes = free_indices(equation.lhs)
    values = draw(SHAPES)
    wanted = evaluate.evaluate(equation.rhs, values, axes)
    np.testing.assert_allclose(value(matrix_form.equation(equation), axes, values), wanted, rtol=1e-12)


NONE = [
    "z[i] = sum(g[p]*x[i+p], p)",
    "z[i] = A[i,i]",
    "z[i] = u[2-i]",
    "z[i] = where(u[i] > 0, v[i], w[i])",
    "Z[i,j] = sum(A[i,k]*B[j,k]*u[k]*T[0,k,k], k)",
]


@pytest.mark.parametrize("text", NONE)
def test_where_there_is_no_form_it_says_so_and_the_index_form_is_shown(text: str) -> None:
    equation = parse_equation(text, SHAPES, (), {"i": 2} if "p" in text else {})[0]
    with pytest.raises(NoMatrixForm):
        matrix_form.equation(equation)
    assert views.shown(equation, "matrix", SYSTEM) is equation


def test_three_matrices_on_one_index_have_no_form() -> None:
    p, j, k, m = (Index(letter, 3) for letter in "pjkm")
    meeting = total(mul(Entry.of("A", p, k), Entry.of("B", j, k), Entry.of("D", m, k), Entry.of("u", m)), k, m)
    found = Equation(Entry.of("Z", p, j), meeting)
    try:
        shown = matrix_form.equation(found)
    except NoMatrixForm:
        return
    values = draw(SHAPES)
    np.testing.assert_allclose(value(shown, (p, j), values), evaluate.evaluate(meeting, values, (p, j)))


# --- any product at all -------------------------------------------------------------------------------------------------------

LETTERS = [Index(letter, 3) for letter in "jkmp"]
INNER = Index("q", 3)
VECTORS = [k for k, s in SHAPES.items() if s == (3,)]
MATRICES = [k for k, s in SHAPES.items() if s == (3, 3)]

indices = st.sampled_from(LETTERS)
vector = st.builds(lambda key, i: Entry.of(key, i), st.sampled_from(VECTORS), indices)
squared = st.builds(lambda key, i: mul(Entry.of(key, i), Entry.of(key, i)), st.sampled_from(VECTORS), indices)
two = st.builds(lambda key, i, j: Entry.of(key, i, j), st.sampled_from(MATRICES), indices, indices)
other = st.one_of(
    st.builds(lambda i, j: Delta(i, j), indices, indices),
    st.builds(lambda key, i: Where(Entry.of(key, i), S.One, S.Zero), st.sampled_from(VECTORS), indices),
    st.builds(lambda i, j: add(Entry.of("u", i), mul(-1, Entry.of("v", j))), indices, indices),
    st.builds(lambda i, j: total(mul(Entry.of("A", i, INNER), Entry.of("B", INNER, j)), INNER), indices, indices),
)
factor = st.one_of(vector, two, two, squared, other, st.sampled_from([Entry.of("a"), S(2), S(-1)]))
products = st.lists(factor, min_size=1, max_size=5).map(lambda parts: mul(*parts))
sums = st.lists(products, min_size=1, max_size=2).map(lambda parts: add(*parts))


@given(body=sums, free=st.lists(indices, unique=True, max_size=2))
def test_whatever_is_found_has_the_same_numbers(body: Any, free: list[Index]) -> None:
    """All sizes are equal on purpose: a wrong transpose cannot be told by its shape."""
    bound = [i for i in free_indices(body) if i not in free]
    rhs = total(body, *bound)
    assume(rhs is not S.Zero)
    lhs = Entry.of(["z", "u", "Z"][len(free)], *free)
    try:
        found = matrix_form.equation(Equation(lhs, rhs))
    except NoMatrixForm:
        return
    values = draw(SHAPES)
    np.testing.assert_allclose(value(found, tuple(free), values), evaluate.evaluate(rhs, values, free), rtol=1e-9, atol=1e-10)
    assert show(found)


@given(parts=st.lists(factor, min_size=1, max_size=4), label=indices, free=indices)
def test_whatever_is_found_with_a_label_has_the_same_numbers(parts: list[Any], label: Index, free: Index) -> None:
    assume(label != free)
    body = mul(*parts)
    rhs = total(body, *(i for i in free_indices(body) if i not in (label, free)))
    assume(rhs is not S.Zero)
    try:
        found = matrix_form.equation(Equation(Entry.of("Z", label, free), rhs), (label,))
    except NoMatrixForm:
        return
    assert found.labels == (label,)
    values = draw(SHAPES)
    axes = (label, free)
    np.testing.assert_allclose(value(found, axes, values), evaluate.evaluate(rhs, values, axes), rtol=1e-9, atol=1e-10)


# --- arrays -------------------------------------------------------------------------------------------------------------------

J, K = Index("j", 4), Index("k", 3)
W = array_expressions.Name((J, K), "W")
X = array_expressions.Name((K,), "x")


def test_a_transpose_is_written_as_a_person_would() -> None:
    assert array_expressions.transpose(array_expressions.transpose(W)) == W
    product = array_expressions.Product((J,), (W, X))
    turned = array_expressions.transpose(product)
    assert isinstance(turned, array_expressions.Product)
    assert turned.args == (array_expressions.transpose(X), array_expressions.transpose(W))
    assert array_expressions.transpose(array_expressions.Identity((K, K))) == array_expressions.Identity((K, K))
    assert array_expressions.transpose(array_expressions.Scaled((J, K), S(2), W)) == array_expressions.Scaled(
        (K, J), S(2), array_expressions.transpose(W)
    )


def test_scalars_come_to_the_front_and_identities_go() -> None:
    doubled = array_expressions.Scaled((J, K), S(2), W)
    assert array_expressions.product((J,), doubled, X) == array_expressions.Scaled(
        (J,), S(2), array_expressions.Product((J,), (W, X))
    )
    assert array_expressions.product((J,), W, array_expressions.Identity((K, K)), X) == array_expressions.Product((J,), (W, X))
    assert array_expressions.hadamard([X, array_expressions.Ones((K,))]) == X
    assert array_expressions.scaled(S(3), doubled) == array_expressions.Scaled((J, K), S(6), W)


VALUES = {
    "W": np.arange(12.0).reshape(4, 3),
    "x": np.asarray([1.0, 2.0, 3.0]),
    "d x": np.asarray([0.0, 0.0, 1.0]),
    "s": np.asarray(2.0),
}

NODES: list[tuple[array_expressions.Node, Any]] = [
    (X, [[1], [2], [3]]),
    (array_expressions.Transpose((K,), X), [[1, 2, 3]]),
    (array_expressions.Name((K,), "x", change=True), [[0], [0], [1]]),
    (array_expressions.Name((K,), "W", labels=((0, J),)), [[3], [4], [5]]),
    (array_expressions.Ones((K,)), [[1], [1], [1]]),
    (array_expressions.Identity((K, K)), np.eye(3)),
    (array_expressions.Product((J,), (W, X)), [[8], [26], [44], [62]]),
    (array_expressions.Hadamard((K,), (X, X)), [[1], [4], [9]]),
    (array_expressions.Sum((K,), (X, X)), [[2], [4], [6]]),
    (array_expressions.Diagonal((K, K), X), np.diag([1, 2, 3])),
    (array_expressions.Inner((), X, X), [[14]]),
    (
        array_expressions.Positive(
            (K,), array_expressions.Sum((K,), (X, array_expressions.Scaled((K,), S(-2), array_expressions.Ones((K,)))))
        ),
        [[0], [0], [1]],
    ),
    (array_expressions.LabelTotal((K,), (J,), array_expressions.Name((K,), "W", labels=((0, J),))), [[18], [22], [26]]),
    (array_expressions.Scalar((), mul(2, Entry.of("s"))), [[4]]),
    (array_expressions.Times((), (array_expressions.Scalar((), Entry.of("s")), array_expressions.Inner((), X, X))), [[28]]),
    (array_expressions.Scaled((K,), Entry.of("s"), X), [[2], [4], [6]]),
]


@pytest.mark.parametrize(("node", "wanted"), NODES, ids=lambda v: type(v).__name__)
def test_arrays_to_numbers(node: array_expressions.Node, wanted: Any) -> None:
    np.testing.assert_allclose(array_values.evaluate(node, VALUES, {J: 1}), wanted)


def test_softmax_runs_along_its_axis() -> None:
    down = array_values.evaluate(array_expressions.Softmax((J, K), W, 0), VALUES, {})
    along = array_values.evaluate(array_expressions.Softmax((J, K), W, 1), VALUES, {})
    np.testing.assert_allclose(down.sum(axis=0), 1)
    np.testing.assert_allclose(along.sum(axis=1), 1)


@pytest.mark.parametrize(
    "node",
    [
        array_expressions.Sum((K,), (X, array_expressions.Product((J,), (W, X)))),
        array_expressions.Hadamard((K,), (X, array_expressions.Transpose((K,), X))),
        array_expressions.Product((J,), (W, array_expressions.Transpose((J, K), W), X)),
        array_expressions.Inner((), W, array_expressions.Transpose((K, J), W)),
        array_expressions.Sum((K,), (X, array_expressions.Transpose((K,), X))),
    ],
)
def test_shapes_that_do_not_fit_are_an_error_and_are_not_broadcast(node: array_expressions.Node) -> None:
    with pytest.raises(ValueError):
        array_values.evaluate(node, VALUES, {})


# --- views --------------------------------------------------------------------------------------------------------------------


def test_scalar_and_index_show_the_equation_as_it_is() -> None:
    found = derived(specs.MLP)
    equation = found.gradients["W.1"]
    assert views.shown(equation, "scalar", found.system) is equation
    assert views.shown(equation, "index", found.system) is equation


def test_a_partial_derivative_is_shown_with_indices_in_any_view() -> None:
    found = derived(specs.MLP)
    partial = found.of("partial", "z.1")[0].result
    assert views.shown(partial, "matrix", found.system) is partial


def test_in_a_mini_batch_the_example_is_a_label_or_an_axis() -> None:
    found = derived(specs.CLASSIFIER, examples=4)
    line = found.of("forward", "z.1")[0].result
    assert readable(printed(line, "matrix", found.system)) == "z_n^(1) = W^(1) x_n + b^(1)"
    assert readable(printed(line, "batch", found.system)) == "Z^(1) = X (W^(1))ᵀ + 𝟏 (b^(1))ᵀ"
    weights = found.gradients["W.2"]
    assert readable(printed(weights, "matrix", found.system)) == "∂C/∂W^(2) = Σ_n δ_n^(2) (a_n^(1))ᵀ"
    assert readable(printed(weights, "batch", found.system)) == "∂C/∂W^(2) = (Δ^(2))ᵀ A^(1)"


def test_with_examples_in_columns_the_batch_reads_as_the_single_example() -> None:
    found = derived(specs.CLASSIFIER, examples=4, last=True)
    line = found.of("forward", "z.1")[0].result
    assert readable(printed(line, "batch", found.system)) == "Z^(1) = W^(1) X + b^(1) 𝟏ᵀ"
    assert readable(printed(found.of("forward", "p.2")[0].result, "batch", found.system)) == "P = softmax(Z^(2))"


def test_rows_by_convention() -> None:
    system = built(specs.dense((4, "tanh"), loss="squared_error", more="convention: row\n"), examples=5)
    (line, *_) = system.equations
    assert readable(printed(line, "batch", system)) == "Z^(1) = X W^(1) + 𝟏 (b^(1))ᵀ"


def test_the_labels_of_heads_are_the_same_on_every_line() -> None:
    """K_h is the h-th head everywhere: on no line K_t, its t-th row of every head."""
    found = derived(specs.HEADS)
    for key in found.gradients:
        text = readable(printed(found.gradients[key], "matrix", found.system))
        assert "V_t" not in text and "K_t" not in text, text
