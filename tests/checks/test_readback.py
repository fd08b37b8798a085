"""One formula at a time, read as a student reads it: true ones are taken, false and unreadable ones are refused."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pytest
from specs import CLASSIFIER, derived

from derive import api
from derive.calculus.steps import Derivation
from derive.checks.readback.reading import Reading
from derive.checks.readback.terminal import terminal
from derive.checks.readback.values import Value, difference
from derive.errors import CheckFailed
from derive.notation import register
from derive.notation.emitters.plain_text import Printer

LINES = """
title: lines
inputs: {x: 3}
parameters: {W: [4, 3], b: 4, v: 4, c: scalar, T: [2, 4, 3]}
equations:
  - z = W @ x + b
  - s = tanh(z)
  - q[j] = s[j]*v[j]/(2 + v[j]**2)
  - r[j] = max(z[j], c)
  - o[i] = x[i]*x[i+1] + c
  - y[i,j] = sum(T[i,j,k]*x[k], k)
  - C = sum(q[j]**2, j) + sum(r[j], j) + sum(o[i], i) + c**2 + sum(y[i,j], i, j)
"""


@lru_cache
def of(text: str) -> Reading:
    found = derived(text)
    return Reading(found, register.symbols(found, "absolute", asked=("matrix",)))


def read(formula: str, text: str = LINES) -> int:
    """How many lines a formula in a sentence is: 1 where it states something. Raises CheckFailed where it is false."""
    return of(text).page(rf"\({formula}\)")


TRUE = {
    "a matrix product": r"z = W\,x + b",
    "the same, entry by entry": r"z_{j} = \sum_{k} W_{jk}\,x_{k} + b_{j}",
    "a sum takes what follows up to the next sign": r"z_{j} = b_{j} + \sum_{k} W_{jk}\,x_{k}",
    "brackets under a sum": r"z_{j} = \sum_{k} \left(W_{jk}\,x_{k} + \frac{1}{3}\,b_{j}\right)",
    "a sum in numbers": r"z_{j} = \sum_{k=0}^{1} W_{jk}\,x_{k} + W_{j2}\,x_{2} + b_{j}",
    "a sum under a condition": r"z_{j} = \sum_{\substack{k\\ 0 \le k < 3}} W_{jk}\,x_{k} + b_{j}",
    "a bracket that says where": r"z_{j} = \sum_{k} W_{jk}\,x_{k}\,[\,k < 3\,] + b_{j}",
    "entry by entry, from the left": r"q = s \odot v \oslash (2\,\mathbf{1} + v^{\odot 2})",
    "divided first": r"q = s \oslash (2\,\mathbf{1} + v^{\odot 2}) \odot v",
    "a fraction": r"q_{j} = \frac{s_{j}\,v_{j}}{2 + v_{j}^{2}}",
    "a function": r"s = \tanh(z)",
    "a power of a function": r"\mathrm{d}s_{j} = \left(1 - \tanh^{2}(z_{j})\right)\,\mathrm{d}z_{j}",
    "the larger": r"r_{j} = \max\left(z_{j},\,c\right)",
    "cases": r"r_{j} = \begin{cases}z_{j} & z_{j} > c\\ c & \dsotherwise\end{cases}",
    "cases in a condition": r"r_{j} = \begin{cases}z_{j} & \begin{cases}z_{j} & z_{j} > c\\ c & \dsotherwise\end{cases}"
    r" > c\\ c & \dsotherwise\end{cases}",
    "a shifted index, with its range": r"o_{i} = x_{i}\,x_{i+1} + c \quad (0 \le i \le 1)",
    "a change": r"\mathrm{d}z = \mathrm{d}W\,x + \mathrm{d}b + W\,\mathrm{d}x",
    "a transpose": r"x^{\top}\,W^{\top} = z^{\top} - b^{\top}",
    "a partial with what is held": r"\left.\frac{\partial z_{j}}{\partial x_{k}}\right|_{W,\,b} = W_{jk}",
    "dots stand for what else is held": r"\left.\frac{\partial z_{j}}{\partial x_{k}}\right|_{W,\,\dots} = W_{jk}",
    "a partial of a product": r"\left.\frac{\partial q_{j}}{\partial s_{j}}\right|_{v} = \frac{v_{j}}{2 + v_{j}^{2}}",
    "an outer product": r"\frac{\partial C}{\partial W} = \frac{\partial C}{\partial z}\,x^{\top}",
    "a norm": r"C - c^{2} = \lVert q \rVert^{2} + \mathbf{1}^{\top}\,r + \mathbf{1}^{\top}\,o + \mathbf{1}^{\top}\,y\,\mathbf{1}",
    "a size": r"\left|c\right|^{2} = c^{2}",
    "a slice": r"y_{ij} = T_{ij\cdot}^{\top}\,x",
    "a bracket over a matrix of ones": r"W\,x = (W \odot (\mathbf{1}\,x^{\top})"
    r" \odot [\,b\,\mathbf{1}^{\top} > b\,\mathbf{1}^{\top} - \mathbf{1}\,\mathbf{1}^{\top}\,])\,\mathbf{1}",
    "a sum whose range is a condition alone": r"x_{1} + x_{2} = \sum_{\substack{m\\ 0 \le m \le 1}} x_{m+1}",
    "a minus sign before a product": r"-z = -W\,x - b",
    "a slash": r"z/2 = (W\,x + b)/2",
}

FALSE = {
    "a lost term": r"z = W\,x",
    "a lost sign": r"z = W\,x - b",
    "a lost transpose": r"z = W^{\top}\,x + b",
    "another letter's row": r"z_{j} = \sum_{k} W_{kj}\,x_{k} + b_{j}",
    "a bracket lost under a sum": r"z_{j} = \sum_{k} W_{jk}\,x_{k} + \frac{1}{3}\,b_{j}",
    "a sum that ends too early": r"z_{j} = \sum_{k=0}^{1} W_{jk}\,x_{k} + b_{j}",
    "a sum over nothing that is there": r"z_{j} = \sum_{i} W_{jk}\,x_{k} + b_{j}",
    "one letter for two things": r"z_{j} = \sum_{j} W_{jj}\,x_{j} + b_{j}",
    "an index on one side": r"z_{j} = W_{jk}\,x_{k} + b_{j}",
    "entry by entry as a matrix product": r"q = s\,v \oslash (2\,\mathbf{1} + v^{\odot 2})",
    "multiplied where it is divided": r"q = s \odot v \odot (2\,\mathbf{1} + v^{\odot 2})",
    "a scalar added to a column": r"q = s \odot v \oslash (2 + v^{\odot 2})",
    "a power of a column": r"q = s \odot v \oslash (2\,\mathbf{1} + v^{2})",
    "a column and a number, entry by entry": r"q = c \odot q \oslash c",
    "another function": r"s = \exp(z)",
    "the smaller": r"r_{j} = \min\left(z_{j},\,c\right)",
    "cases the wrong way round": r"r_{j} = \begin{cases}c & z_{j} > c\\ z_{j} & \dsotherwise\end{cases}",
    "cases without the last": r"r_{j} = \begin{cases}z_{j} & z_{j} > c\end{cases}",
    "a case behind the last": r"r_{j} = \begin{cases}z_{j} & \dsotherwise\\ c & z_{j} > c\end{cases}",
    "an index that is not shifted": r"o_{i} = x_{i}\,x_{i} + c \quad (0 \le i \le 1)",
    "a bracket over a matrix of ones, the wrong way round": r"W\,x = (W \odot (\mathbf{1}\,x^{\top})"
    r" \odot [\,b\,\mathbf{1}^{\top} < b\,\mathbf{1}^{\top} - \mathbf{1}\,\mathbf{1}^{\top}\,])\,\mathbf{1}",
    "a bracket over a column beside a matrix": r"W\,x = (W \odot (\mathbf{1}\,x^{\top}) \odot [\,b > 0\,])\,\mathbf{1}",
    "a range in a condition that is too short": r"x_{1} + x_{2} = \sum_{\substack{m\\ 0 \le m \le 0}} x_{m+1}",
    "a range in a condition that is too wide": r"x_{1} + x_{2} = \sum_{\substack{m\\ 0 \le m \le 2}} x_{m+1}",
    "two things above one another": r"z^{\top}^{\top} = W\,x + b",
    "two things above a bracket": r"s_{j} = (s_{j})^{2}^{\frac{1}{2}}",
    "a free letter on a longer axis": r"o_{i} = x_{i} - x_{i} + o_{i}",
    "a range that is too wide": r"o_{i} = x_{i}\,x_{i+1} + c \quad (0 \le i \le 2)",
    "a change that is forgotten": r"\mathrm{d}z = \mathrm{d}W\,x + W\,\mathrm{d}x",
    "a bar that does not say all": r"\left.\frac{\partial z_{j}}{\partial x_{k}}\right|_{b} = W_{jk}",
    "a partial the wrong way round": r"\left.\frac{\partial z_{j}}{\partial x_{k}}\right|_{W,\,b} = W_{kj}",
    "a power of a change": r"\mathrm{d}C = \mathrm{d}c^{2}",
    "a name of another sheet": r"z = V\,x + b",
    "a side that is the other": r"z = z",
    "a minus sign behind a dot": r"z = W\,x \cdot -1 + b",
    "nothing behind a dot": r"z = W\,x + b \cdot",
    "nothing behind a dot on the left": r"z \cdot = W\,x + b",
    "a brace that is not closed": r"z_{j = W\,x + b",
    "two signs in a row": r"z = W\,x + + b",
    "a fraction without a bar": r"q_{j} = \frac{s_{j}\,v_{j}}",
}


KINKS = "title: t\nnetwork: {input: {x: 1}, layers: [activation: {function: relu}, dense: {units: 2}], loss: squared_error}\n"


def test_a_line_that_has_lost_a_slope_is_false_on_one_side_of_a_kink_at_least() -> None:
    right = r"\frac{\partial C}{\partial x} = \frac{\partial C}{\partial a^{(1)}} \odot \operatorname{ReLU}'(x)"
    assert read(right, KINKS) == 1
    with pytest.raises(CheckFailed, match="its sides differ"):
        read(right.replace(r" \odot \operatorname{ReLU}'(x)", ""), KINKS)


def test_lines_are_told_apart_that_begin_alike_up_to_a_sign_of_equality() -> None:
    delta = r"\sum_{k} [\,j = k\,]\,"
    for _ in range(2):
        assert read(rf"{delta}z_{{k}} = z_{{j}}") == 1
        assert read(rf"{delta}s_{{k}} = s_{{j}}") == 1
        with pytest.raises(CheckFailed, match="its sides differ"):
            read(rf"{delta}s_{{k}} = z_{{j}}")


def test_what_differs_where_the_sides_are_small_is_not_hidden_by_a_point_at_which_they_are_large() -> None:
    large_and_small = np.asarray([1e9, 1.0]).reshape(2, 1, 1)
    other = np.asarray([1e9, 1.01]).reshape(2, 1, 1)
    assert difference(Value(large_and_small), Value(other)) == pytest.approx(0.01 / 1.01)


def test_what_is_no_number_at_one_point_agrees_with_nothing() -> None:
    known = Value(np.ones((2, 1, 1)))
    assert difference(known, known) == 0
    assert difference(known, Value(np.asarray([1.0, np.nan]).reshape(2, 1, 1))) == float("inf")


@pytest.mark.parametrize("formula", TRUE.values(), ids=TRUE.keys())
def test_a_true_line_is_read(formula: str) -> None:
    assert read(formula) == 1


@pytest.mark.parametrize("formula", FALSE.values(), ids=FALSE.keys())
def test_a_false_line_or_one_that_cannot_be_read_is_refused(formula: str) -> None:
    with pytest.raises(CheckFailed, match="nothing was printed"):
        read(formula)


# --- in plain text --------------------------------------------------------------------------------------------------------------


def said(line: str, text: str = LINES) -> int:
    found = derived(text)
    printer = Printer(found.system, "absolute", register.symbols(found, "absolute", asked=("matrix",)).signs)
    return terminal(line, found, printer)


@pytest.mark.parametrize(
    "line",
    [
        "z = W x + b",
        "z[j] = Σ_k W[j,k] x[k] + b[j]",
        "q = s ⊙ v ⊘ (2 𝟏 + v^⊙2)",
        "q[j] = s[j] v[j]/(2 + v[j]²)",
        "r[j] = (z[j] if z[j] > c, else c)",
        "dz = dW x + db + W dx",
        "∂z[j]/∂x[k] (W, b held) = W[j,k]",
        "∂C/∂W = (∂C/∂z) xᵀ",
        "2 ∂C/∂W = 2 (∂C/∂z) xᵀ",
        "z[i1] = Σ_k1 W[i1,k1] x[k1] + b[i1]",
    ],
)
def test_a_true_line_of_plain_text_is_read(line: str) -> None:
    assert said(line) == 1


@pytest.mark.parametrize(
    "line",
    [
        "z = W x − b",
        "z[j] = Σ_k W[k,j] x[k] + b[j]",
        "q = s ⊙ v ⊘ (2 + v^⊙2)",
        "q[j] = s[j] v[j]/2 + v[j]²",
        "r[j] = (c if z[j] > c, else z[j])",
        "dz = dW x + W dx",
        "∂z[j]/∂x[k] (b held) = W[j,k]",
        "∂C/∂W = x (∂C/∂z)ᵀ",
        "z = W x + b)",
    ],
)
def test_a_false_line_of_plain_text_is_refused(line: str) -> None:
    with pytest.raises(CheckFailed, match="nothing was printed"):
        said(line)


# --- layers ---------------------------------------------------------------------------------------------------------------------

ALL = r"For \(\ell = 1, \dots, 2\), where \(a^{(0)}\) stands for the input \(x\): "


def page(text: str, source: str = CLASSIFIER) -> int:
    return of(source).page(text)


@pytest.mark.parametrize(
    "line",
    [
        r"z^{(2)} = W^{(2)}\,a^{(1)} + b^{(2)}",
        r"z^{(L)} = W^{(L)}\,a^{(L-1)} + b^{(L)}",
        r"z^{(1)} = W^{(1)}\,x + b^{(1)}",
        r"\delta^{(1)} = ((W^{(2)})^{\top}\,\delta^{(2)}) \odot (\mathbf{1} - (a^{(1)})^{\odot 2})",
    ],
)
def test_the_layers_of_a_line_are_read(line: str) -> None:
    assert page(rf"\({line}\)") == 1


@pytest.mark.parametrize(
    "line",
    [
        r"z^{(2)} = W^{(1)}\,a^{(1)} + b^{(2)}",
        r"z^{(3)} = W^{(3)}\,a^{(2)} + b^{(3)}",
        r"z^{(1)} = W^{(1)}\,a^{(0)} + b^{(1)}",
        r"z^{(2)} = W^{(2)}\,a^{2} + b^{(2)}",
    ],
)
def test_a_wrong_layer_is_refused(line: str) -> None:
    with pytest.raises(CheckFailed, match="nothing was printed"):
        page(rf"\({line}\)")


def test_a_general_layer_is_read_where_the_page_says_what_it_stands_for() -> None:
    general = r"\(z^{(\ell)} = W^{(\ell)}\,a^{(\ell-1)} + b^{(\ell)}\)"
    assert page(ALL + general) == 1
    with pytest.raises(CheckFailed, match="nothing says which layers"):
        page(general)
    with pytest.raises(CheckFailed, match="is no sign of this sheet"):
        page(ALL.replace(r"\dots, 2", r"\dots, 3") + general)
    with pytest.raises(CheckFailed, match="its sides differ"):
        page(ALL + general.replace(r"b^{(\ell)}", r"z^{(\ell)}"))


# --- whole sheets that were refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "equations",
    [
        "z = a/a + b, C = z**2",
        "z = exp(a - a + b), C = z*a",
        "z = tanh((a - a)*b + a), C = z**2",
        "z = d*b + dd, C = z*d",
    ],
)
def test_what_cancels_is_held_without_being_said(equations: str) -> None:
    lines = "".join(f"  - {line}\n" for line in equations.split(", "))
    whole(f"title: t\nparameters: {{a: scalar, b: scalar, d: scalar, dd: scalar}}\nequations:\n{lines}")


@pytest.mark.parametrize("condition", ["c > 1", "c > c", "c - e > 1/2"])
def test_one_condition_for_all_entries_stands_before_them(condition: str) -> None:
    lines = f"  - p = where({condition}, sum(log(1 + r[m]**2), m), c)\n  - C = p**2\n"
    head = "title: t\nparameters: {r: 2, c: scalar, e: scalar}\nview: matrix\n"
    assert r"2\left(\begin{cases}1 &" in whole(f"{head}equations:\n{lines}")


@pytest.mark.parametrize(
    "equations",
    [
        "q = H @ b + c*r; C = sum(q**2)",
        "q = softmax(x - x); C = sum(q**2)",
        "q = cos(x - x) + x; C = sum(q**2)",
        "q = (x - x)*x + x; C = sum(q**2)",
        "q = c*x/((x - x)**2 + 1); C = sum(q**2)",
        "q[k] = where(x[k] - x[k] > 0, c*x[k], c); C = sum(q**2)",
        "g[o] = where(x[o+1] > x[o], x[o]**3, c); C = sum(g[o]**2*c, o)",
        "h = max(where(c > 1/2, relu(c), c/exp(c)), 1/3); C = h**2",
        "p = softmax(softmax(softmax(H))); C = sum(p**2)",
    ],
)
@pytest.mark.parametrize("view", ["matrix", "index"])
def test_arrays_of_zeros_and_sums_in_sums_can_be_read(equations: str, view: str) -> None:
    lines = "".join(f"  - {line}\n" for line in equations.split("; "))
    whole(f"title: t\ninputs: {{x: 5}}\nparameters: {{b: 3, r: 2, c: scalar, H: [2, 3]}}\nview: {view}\nequations:\n{lines}")


WU = "{W: [4, 3], U: [4, 3], b: 4}"


@pytest.mark.parametrize(
    ("parameters", "equations", "view"),
    [
        (WU, "p = where(W @ x > b, U @ x, b); C = sum(p**2)", "matrix"),
        (WU, "p = where(W @ x > U @ x, b, U @ x); C = sum(p*b)", "batch"),
        ("{c: 5}", "s[j] = sum(c[j]*c[j+q], q); C = sum(s[j]**2*x[0], j)", "index\nsizes: {j: 2}"),
        (
            "{A: [3, 3], c: scalar}",
            "s[u,d] = where(c > x[u], x[u], sum(A[v,v] + A[v,v], v)); C = sum(s[u,d]**2, u, d) + c",
            "batch\nexamples_in: columns\nsizes: {d: 2}",
        ),
        ("{ell: 3}", "z = x*exp(ell); C = sum(z**2)", "index"),
        ("{ell: 3}", "z = x*exp(ell); C = sum(z**2)", "matrix"),
    ],
)
def test_brackets_over_matrices_ranges_in_conditions_identities_and_an_ell_can_be_read(
    parameters: str, equations: str, view: str
) -> None:
    lines = "".join(f"  - {line}\n" for line in equations.split("; "))
    whole(f"title: t\ninputs: {{x: 3}}\nparameters: {parameters}\nequations:\n{lines}view: {view}\n")


def test_a_number_that_is_put_in_behind_a_minus_is_not_repeated_as_the_result() -> None:
    found = whole("title: t\nequations: ['z = w*x', 'a = 3 - z', 'C = a**2']\nvalues: {w: 1, x: 1}\nview: scalar\n")
    line = r"\frac{\partial C}{\partial z} \allowbreak = -\frac{\partial C}{\partial a} \allowbreak = -4}"
    assert line in found


def whole(source: str) -> str:
    """The sheet of a spec, read back, and what a terminal shows of it."""
    spec = api.loads(source)
    found: Derivation = api.derive(spec)
    return api.show(found) + api.tex(api.sheet(spec, found))


BATCH = "title: t\nnetwork: {input: {x: 3}, layers: [dense: {units: 2}], loss: squared_error}\nview: index\nexamples: 4\n"


@pytest.mark.parametrize(
    ("sentence", "text", "problem"),
    [
        ("$z$, $s$\\dsand{}$v$ and $W_{jk}$", LINES, ""),
        ("$W_{jj}$", LINES, "one letter twice"),
        ("$z$, $s$\\dsand{}$s$", LINES, "twice in a row"),
        ("$z$, $z$ and $s$", LINES, "twice in a row"),
        ("$z_{nj}^{(1)}$", BATCH, ""),
        ("$z_{jn}^{(1)}$", BATCH, "counts the training examples"),
    ],
)
def test_the_names_in_a_sentence_have_their_letters_in_their_places(sentence: str, text: str, problem: str) -> None:
    found = api.derive(api.loads(text))
    reading = Reading(found, register.symbols(found))
    if not problem:
        assert reading.page(sentence) == 0
        return
    with pytest.raises(CheckFailed, match=problem):
        reading.page(sentence)


FAINT = """
title: t
inputs: {h: scalar}
parameters: {j: scalar, M: scalar}
equations:
  - v = log(1 + (h)**2)
  - g = (gelu((j)+(j)))/(1 + (softplus(cos(h)))**2)
  - A = -M*log(1 + g**2)
view: scalar
"""


RARELY = """
title: t
inputs: {x: scalar}
parameters: {k: scalar, c: scalar}
equations: ["w = where(x > 3, k/(1 + k**2), c*k)", "C = w**2"]
view: scalar
"""


def test_a_branch_that_holds_far_out_only_is_read_as_well() -> None:
    right = r"w = \begin{cases}\frac{k}{1 + k^{2}} & x > 3\\ c\,k & \dsotherwise\end{cases}"
    assert read(right, RARELY) == 1
    for false in (right.replace("+", "-"), right.replace("> 3", "< 3"), right.replace(r"c\,k", "k")):
        with pytest.raises(CheckFailed, match="its sides differ"):
            read(false, RARELY)


HUBER = "title: t\nnetwork: {input: {x: 1}, layers: [dense: {units: 1}], loss: huber}\nview: scalar\n"


def test_each_way_through_branches_within_branches_is_read() -> None:
    inner = r"\begin{cases}\mathrm{d}e & e > 0\\ -\mathrm{d}e & \dsotherwise\end{cases}"
    right = rf"\mathrm{{d}}C = \begin{{cases}}e\,\mathrm{{d}}e & \left|e\right| < 1\\ {inner} & \dsotherwise\end{{cases}}"
    assert read(right, HUBER) == 1
    for false in (right.replace(r"-\mathrm{d}e", "-e"), right.replace(r"-\mathrm", r"\mathrm"), right.replace(r"e\,", "")):
        with pytest.raises(CheckFailed, match="its sides differ"):
            read(false, HUBER)


def test_a_square_of_a_parameter_a_is_no_second_layer_in_a_terminal() -> None:
    layers = "[dense: {units: 3, activation: tanh}, dense: {units: 2}]"
    for view in ("batch", "matrix", "index"):
        found = whole(
            f"title: t\nnetwork: {{input: {{x: 2}}, layers: {layers}, loss: squared_error}}\nparameters: {{A: scalar}}\n"
            f"equations: ['K = C*exp(A**2)']\nview: {view}\nexamples: 4\n"
        )
        assert "exp((A)²)" in found or "exp(A^2)" in found


def test_lines_are_read_where_their_sides_are_no_noise() -> None:
    assert read(r"g = \frac{\operatorname{GELU}(j + j)}{1 + \operatorname{softplus}(\cos h)^{2}}", FAINT) == 1
    assert read(r"A = -M\,\log(1 + g^{2})", FAINT) == 1
    for false in (r"A = -M\,\log(1 - g^{2})", r"\mathrm{d}A = A", r"\frac{\partial A}{\partial M} = \log(1 + g^{2})"):
        with pytest.raises(CheckFailed, match="its sides differ"):
            read(false, FAINT)


def test_an_index_is_not_written_like_an_entry_where_letters_run_out() -> None:
    lines = "['t = x_k @ tanh(p.T @ (x_k @ h_t))', 'i = t - (t @ u)*u', 'sigma = -sum(z*log(1 + i**2)) + 1/2*k*sum(x_k**2)']"
    whole(
        "title: t\ninputs: {h_t: 3}\ntargets: {z: 4}\nparameters: {x_k: [4, 3], p: [4, 3], u: 4, k: scalar}\n"
        f"equations: {lines}\nview: [matrix, batch]\nexamples: 4\ncount_from: 1\n"
    )


DEEP = "dense: {units: 3, activation: sigmoid, repeat: 5}, dense: {units: 2, activation: tanh}"


@pytest.mark.parametrize("name", ["x", "j", "k", "A", "p", "l", "z", "n", "W"])
@pytest.mark.parametrize("view", ["index", "[index, matrix]", "batch"])
def test_layer_0_stands_for_the_input_whatever_its_name(name: str, view: str) -> None:
    spec = f"title: t\nnetwork: {{input: {{{name}: 3}}, layers: [{DEEP}], loss: squared_error}}\nview: {view}\nlabels: relative\n"
    found = whole(spec)
    assert "for the input" in found and r"\ell-1" in found


def test_a_picture_of_one_layer_says_for_which_it_stands() -> None:
    layers = (
        "dense: {units: 4, activation: relu, repeat: 6}, dense: {units: 3, activation: silu, bias: false}, "
        "dense: {units: 3, activation: elu, bias: false, repeat: 6}, dense: {units: 3}"
    )
    found = whole(f"title: t\nnetwork: {{input: {{x: 3}}, layers: [{layers}], loss: squared_error}}\nview: [index, matrix]\n")
    pictures = re.findall(r"For \$\\ell = ([^$]*)\$[^\n]*\n\s*\\begin\{dsfigure\}", found)
    assert pictures == [r"1, \dots, 6", r"8, \dots, 13"]


def test_zero_times_ones_is_zero() -> None:
    lines = "  - c = D - D + sum(x)*(D - D)\n  - C = mean(c)\n"
    for view in ("matrix", "batch"):
        found = whole(f"title: t\ninputs: {{x: 5}}\nparameters: {{D: [5, 2]}}\nview: {view}\nexamples: 4\nequations:\n{lines}")
        assert not re.search(r"= 0 ?(\\mathbf\{1\}|𝟏)", found)


def test_a_softmax_of_one_unit_is_always_one_and_has_no_slope() -> None:
    layers = "[{activation: {function: softmax}}, {dense: {units: 4}}, {dense: {units: 1, activation: softmax}}]"
    whole(f"title: t\nconvention: column\nnetwork: {{input: {{x: 4}}, layers: {layers}, loss: hinge}}\nview: index\n")


def test_the_key_to_the_gaps_says_which_layers_its_lines_stand_for() -> None:
    spec = api.load(api.examples()["deep"])
    rungs, key = api.faded(spec)
    assert r"For $\ell = 1, \dots, 100$" in api.tex(key)
    assert [api.tex(rung).count(r"For $\ell = 1, \dots, 100$") for rung in rungs] == [2, 2, 2]


def test_the_wrong_answers_of_a_chain_of_relus_are_wrong() -> None:
    """At most points one of the units is off, and every derivative is 0, whatever is done wrong."""
    layers = (
        "dense: {name: first, units: 1}, dense: {name: second, units: 1, activation: relu, repeat: 5}, "
        "add: {from: [second, first]}, dense: {units: 1, activation: relu}"
    )
    network = f"network: {{input: {{x: 1}}, layers: [{layers}], loss: hinge}}"
    spec = api.loads(f"title: any\nconvention: row\n{network}\nview: scalar\nlabels: relative\nseed: 196\n")
    asked = api.homework(spec)
    assert r"\dscheckbox" in api.tex(api.edition(asked, "homework"))
    assert api.tex(api.edition(asked, "marking"))


def test_no_sigmoid_is_saturated_where_lines_are_read() -> None:
    layers = "dense: {units: 3, activation: relu, repeat: 7}, dense: {units: 4, activation: softplus}, "
    layers += "dense: {units: 3, activation: sigmoid}"
    for convention in ("row", "column"):
        network = f"network: {{input: {{x: 4}}, layers: [{layers}], loss: binary_cross_entropy}}"
        whole(f"title: t\nconvention: {convention}\n{network}\nview: matrix\n")


def test_where_nothing_changes_there_is_no_usual_error_and_the_differential_has_a_point() -> None:
    spec = api.loads("title: t\ninputs: {b: 3}\nequations: ['p = softmax(b - b)', 'C = sum(p**3)']\nview: index\nexamples: 7\n")
    asked = api.homework(spec)
    for edition in ("homework", "solutions", "marking"):
        assert api.tex(api.edition(asked, edition))


CHAIN_OF_ONE = "dense: {units: 1, activation: leaky_relu, bias: false}, dense: {units: 1, activation: softmax, bias: false}"


@pytest.mark.parametrize("view", ["[scalar, index]", "index"])
def test_questions_about_errors_are_asked_only_where_a_usual_error_changes_a_line(view: str) -> None:
    """Every derivative is 0 here, whatever is done wrong."""
    layers = f"[{CHAIN_OF_ONE}, activation: {{function: silu}}]"
    spec = api.loads(f"title: t\nnetwork: {{input: {{x: 1}}, layers: {layers}, loss: squared_error}}\nview: {view}\n")
    asked = api.homework(spec)
    assert "of a derivation" not in api.tex(api.edition(asked, "homework"))  # one of its lines is wrong
    assert api.tex(api.edition(asked, "solutions"))


SOFTMAX_OF_ONE = """
title: a softmax of one example's values beside one along rows
inputs: {n: [5]}
targets: {z: [2]}
parameters: {b: [3], h: [3, 5]}
equations:
  - x[o,j] = softmax(z[o], o)/exp(b[j])*(logsumexp(h[j,a] + b[j], a) - b[j])
  - i[k] = n[k]/exp(n[k+3])
  - u = sum(x[o,j]**2, o, j) + sum(i[k]**2, k)
view: batch
examples: 4
"""

SCALAR_WITHIN = """
title: a product of arrays that is a number, within another
inputs: {x: [5]}
parameters: {a: [4], v: [4]}
equations: ['p = sum(sum(x[m]*a[w], m) + v[w], w)', C = p**2]
view: matrix
"""

STEEP = """
title: what cancels is nothing but rounding
network:
  input: {gamma: 1}
  layers:
    - dense: {units: 1, activation: unspecified, bias: false, repeat: 6}
    - activation: {name: layer1, function: leaky_relu}
    - dense: {units: 4, activation: softplus, bias: false}
    - dense: {units: 1, activation: identity}
  loss: cross_entropy_logits
parameters: {E: scalar}
equations: ['L = C*exp(E**2)']
view: batch
examples: 4
"""


@pytest.mark.parametrize("text", [SOFTMAX_OF_ONE, SCALAR_WITHIN, STEEP], ids=["softmax", "scalar", "steep"])
def test_true_lines_are_not_refused(text: str) -> None:
    spec = api.loads(text)
    derivation = api.derive(spec)
    assert api.show(derivation)
    assert api.tex(api.sheet(spec, derivation))


def test_a_number_goes_in_front_of_the_product_that_it_stands_in() -> None:
    assert "p = (𝟏ᵀ x) (𝟏ᵀ a) + 𝟏ᵀ v" in api.show(api.derive(api.loads(SCALAR_WITHIN)))
