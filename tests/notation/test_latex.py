"""Expressions to LaTeX. The table is tests/golden/latex.txt: an equation of the language, and how it has to look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import specs
import sympy
from specs import built, dense, derived, gradient, printed
from sympy import Expr, Rational, S

from derive.expressions.language import parse_equation
from derive.expressions.nodes import Delta, Differential, Entry, Index, Partial, Within, add, mul, power, total
from derive.expressions.system import System, Tensor, cotangent
from derive.network import catalogue
from derive.notation import array_expressions
from derive.notation.emitters.latex import Printer, unbroken
from derive.notation.glyphs import Symbols, named, parsed

TABLE = Path(__file__).parent.parent / "golden" / "latex.txt"
SCALARS = "w b z s c0 eps mu theta Gamma phi v h_prev W_o w_mu h1 h_12 x_hat x_bar x_tilde x_hat_prev x_prime loss"
SHAPES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(SCALARS.split(), ()),
    **dict.fromkeys(("a", "x", "m_hat"), (3,)),
    "u": (9,),
    "W": (3, 3),
    "W_q": (3, 2),
}


def cases() -> list[tuple[str, str, str]]:
    blocks = [block.split("\n") for block in TABLE.read_text("utf-8").strip().split("\n\n")[1:]]
    return [(block[0], block[1], block[2]) for block in blocks if len(block) == 3]


def latex(text: str) -> str:
    known = {k: v for k, v in SHAPES.items() if k != text.split(" ")[0].split("[")[0]}
    known |= {name: (3,) for name in "abc" if f"{name}[" in text}
    equation, _ = parse_equation(text, known, set(catalogue.functions()), {"i": 3} if "[i" in text else {})
    lhs, rhs = Printer(None).equation(equation)
    return unbroken(f"{lhs} = {rhs}")


def test_the_table_is_read_whole() -> None:
    text = TABLE.read_text("utf-8")
    assert len(cases()) + len(re.findall(r"^--- ", text, re.M)) == len(text.strip().split("\n\n")) - 1
    assert len({title for title, _, _ in cases()}) == len(cases()) > 60


@pytest.mark.parametrize(("text", "wanted"), [case[1:] for case in cases()], ids=[case[0] for case in cases()])
def test_the_table(text: str, wanted: str) -> None:
    assert latex(text) == wanted


# --- what the language does not write -----------------------------------------------------------------------------------------

J, K = Index("j", 3), Index("k", 4)
W, X, Z = Entry.of("W", J, K), Entry.of("x", K), Entry.of("z", J)


def show(expr: Expr) -> str:
    return unbroken(Printer(None).side(expr))


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        (Differential(W), r"\mathrm{d}W_{jk}"),
        (mul(Differential(W), X), r"\mathrm{d}W_{jk}\,x_{k}"),
        (mul(2, Differential(W)), r"2\mathrm{d}W_{jk}"),
        (Partial(Z, W), r"\frac{\partial z_{j}}{\partial W_{jk}}"),
        (Partial(Z, X, W), r"\left.\frac{\partial z_{j}}{\partial x_{k}}\right|_{W}"),
        (Partial(Z, X, W, Entry.of("b", J), W), r"\left.\frac{\partial z_{j}}{\partial x_{k}}\right|_{W,\,b}"),
        (Delta(J, K), r"[\,j=k\,]"),
        (Delta(J, add(K, 1)), r"[\,j=k + 1\,]"),
        (mul(X, Delta(J, K)), r"x_{k}\,[\,j=k\,]"),
        (
            total(mul(X, Within(add(J, mul(-2, K)), sympy.Integer(3))), K),
            r"\sum_{\substack{k\\0 \le j - 2k \le 2}} x_{k}",
        ),
        (Entry.of("x", add(mul(2, J), K)), "x_{2j+k}"),
        (Entry.of("x", Index("j1", 3)), "x_{j_{1}}"),
        (Entry.of("W", Index("j1", 3), K), "W_{j_{1},k}"),
        (add(X, mul(-1, total(X, K))), r"x_{k} - \sum_{k} x_{k}"),
        (mul(-1, add(X, Z)), r"-(x_{k} + z_{j})"),
        (mul(-1, total(add(X, Z), K)), r"-\sum_{k} (x_{k} + z_{j})"),
        (mul(X, power(add(X, Z), -1)), r"\frac{x_{k}}{x_{k} + z_{j}}"),
        (power(X, Rational(-3, 2)), r"\frac{1}{x_{k}^{3/2}}"),
        (mul(Rational(-1, 2), X), r"-\frac{x_{k}}{2}"),
        (mul(Rational(3, 2), X, power(Z, -1)), r"\frac{3x_{k}}{2z_{j}}"),
        (S.Zero, "0"),
        (S.NegativeOne, "-1"),
        (Rational(-1, 2), r"-\frac{1}{2}"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_nodes_of_our_own(expr: Expr, wanted: str) -> None:
    assert show(expr) == wanted


def test_lines_break_before_the_outermost_signs_only() -> None:
    side = Printer(None).side(add(mul(add(X, Z), W), mul(-1, total(add(X, Z), K)), Z))
    assert side == (r"(x_{k} \penalty500 + z_{j})\,W_{jk} \allowbreak - \sum_{k} (x_{k} \penalty500 + z_{j}) \allowbreak + z_{j}")
    assert "break" not in unbroken(side) and "penalty" not in unbroken(side)


def test_brackets_fit() -> None:
    assert Printer(None).side(mul(add(X, Z), W)) == r"(x_{k} \penalty500 + z_{j})\,W_{jk}"
    assert (
        Printer(None)
        .side(mul(add(mul(X, power(Z, S(-1))), Z), W))
        .startswith(r"\left(\frac{x_{k}}{z_{j}} \penalty500 + z_{j}\right)")
    )


# --- names and layers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("theta", r"\theta"),
        ("θ", r"\theta"),
        ("h_prev", r"h_{\mathrm{prev}}"),
        ("W_q", "W_{q}"),
        ("x_hat", r"\hat{x}"),
        ("h1", "h_{1}"),
        ("eps", r"\varepsilon"),
        ("lam", r"\lambda"),
        ("beta1", r"\beta_{1}"),
        ("w_1_2", "w_{1,2}"),
        ("W_xh", r"W_{\mathrm{xh}}"),
        ("cost", r"\mathit{cost}"),
        ("x_prime", "x'"),
    ],
)
def test_names_as_a_person_would_write_them(name: str, wanted: str) -> None:
    assert named(name).latex() == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("h_{t-1}", "h_{t-1}"),
        ("theta^{*}", r"\theta^{*}"),
        ("W^{out}", r"W^{\mathrm{out}}"),
        ("alpha", r"\alpha"),
        ("x_{ij}^{2}", r"x_{\mathrm{ij}}^{2}"),
        ("h_{t-1}^{(2)}", "h_{t-1}^{(2)}"),
    ],
)
def test_overrides(text: str, wanted: str) -> None:
    assert parsed(text).latex() == wanted


def symbols_of(labels: str = "absolute") -> Symbols:
    system = built(dense((3, "tanh"), (3, "tanh"), (2, "softmax"), loss="cross_entropy"))
    return Symbols(system, "relative" if labels == "relative" else "absolute")


@pytest.mark.parametrize(
    ("key", "matrix", "absolute", "relative"),
    [
        ("W.3", True, "W^{(3)}", "W^{L}"),
        ("W.3", False, "w^{(3)}", "w^{L}"),
        ("b.2", False, "b^{(2)}", "b^{L-1}"),
        ("z.1", True, "Z^{(1)}", "Z^{L-2}"),
        ("x", False, "x", "x"),
        ("p.3", False, "p", "p"),
        ("y", False, "y", "y"),
    ],
)
def test_layers_are_numbered_from_the_first_or_from_the_last(key: str, matrix: bool, absolute: str, relative: str) -> None:
    assert symbols_of().glyph(key, matrix).latex() == absolute
    assert symbols_of("relative").glyph(key, matrix).latex() == relative


def test_the_error_signal_is_delta_and_other_cotangents_are_fractions() -> None:
    system = built(specs.MLP)
    printer = Printer(Symbols(system, "relative"))
    assert printer.side(Entry.of(cotangent("z.1"), J)) == r"\delta_{j}^{L-1}"
    assert printer.side(Entry.of(cotangent("W.1"), J, K)) == r"\frac{\partial C}{\partial w_{jk}^{L-1}}"
    assert printer.side(Entry.of(cotangent("a.1"), J)) == r"\frac{\partial C}{\partial a_{j}^{L-1}}"


def test_a_general_line_says_l() -> None:
    system = built(dense(*[(3, "tanh")] * 4, loss="squared_error"))
    general = Symbols(system, "relative", general={2: r"\ell", 1: r"\ell-1", 3: r"\ell+1"})
    assert general.glyph("W.2", True).latex() == r"W^{\ell}"
    assert general.glyph("a.1").latex() == r"a^{\ell-1}"
    assert general.glyph("W.4", True).latex() == "W^{L}"


def test_an_override_of_a_layers_name_keeps_its_number() -> None:
    symbols = Symbols(built(specs.MLP), overrides={"W": "theta"})
    assert symbols.glyph("W.2", True).latex() == r"\theta^{(2)}"


def test_a_power_is_not_mistaken_for_the_number_of_a_layer() -> None:
    found = derived(specs.dense((1, "tanh"), loss="squared_error", width=1), scalar=True)
    system = found.system
    squared = Printer(Symbols(system)).side(power(Entry.of("a.1"), 2))
    assert squared == "(a^{(1)})^{2}"


def test_the_objective_keeps_its_own_name() -> None:
    found = derived("title: own\nparameters: {w: 3}\nequations: ['J_w = sum(w[i]**2, i)']")
    assert gradient(found, "w", "index") == r"\frac{\partial J_{w}}{\partial w_{i}} = 2w_{i}"


# --- arrays -------------------------------------------------------------------------------------------------------------------

M = Index("m", 4)
SYSTEM = System({k: Tensor(k, s, "input", k) for k, s in {"W": (3, 4), "V": (3, 4), "x": (4,), "u": (3,), "s": ()}.items()}, ())
NAME_W = array_expressions.Name((J, K), "W")
NAME_V = array_expressions.Name((J, K), "V")
NAME_X = array_expressions.Name((K,), "x")
NAME_U = array_expressions.Name((J,), "u")


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        (array_expressions.Product((J,), (NAME_W, NAME_X)), r"W\,x"),
        (array_expressions.transpose(NAME_W), r"W^{\top}"),
        (array_expressions.product((), array_expressions.transpose(NAME_U), NAME_U), r"u^{\top}\,u"),
        (array_expressions.Hadamard((J, K), (NAME_W, NAME_V)), r"W \odot V"),
        (array_expressions.Product((J,), (array_expressions.Hadamard((J, K), (NAME_W, NAME_V)), NAME_X)), r"(W \odot V)\,x"),
        (array_expressions.Hadamard((J,), (array_expressions.Product((J,), (NAME_W, NAME_X)), NAME_U)), r"(W\,x) \odot u"),
        (array_expressions.Sum((J, K), (NAME_W, array_expressions.Scaled((J, K), S.NegativeOne, NAME_V))), "W - V"),
        (array_expressions.Product((J,), (array_expressions.Sum((J, K), (NAME_W, NAME_V)), NAME_X)), r"(W + V)\,x"),
        (array_expressions.transpose(array_expressions.Sum((J, K), (NAME_W, NAME_V))), r"(W + V)^{\top}"),
        (array_expressions.Scaled((J, K), S(2), NAME_W), "2W"),
        (array_expressions.Scaled((J, K), Rational(-1, 2), NAME_W), r"-\frac{1}{2}\,W"),
        (array_expressions.Scaled((J, K), S(2), array_expressions.Sum((J, K), (NAME_W, NAME_V))), "2(W + V)"),
        (array_expressions.Scaled((J,), Entry.of("s"), array_expressions.Ones((J,))), r"s\,\mathbf{1}"),
        (array_expressions.Name((J, K), "W", change=True), r"\mathrm{d}W"),
        (array_expressions.Diagonal((J, J), NAME_U), r"\operatorname{diag}(u)"),
        (array_expressions.Identity((J, J)), "I"),
        (array_expressions.Map((J,), power(Entry.of("u"), 2), NAME_U), r"u^{\odot 2}"),
        (array_expressions.Map((J,), power(Entry.of("u"), Rational(-1, 2)), NAME_U), r"u^{\odot -1/2}"),
        (array_expressions.Map((J,), sympy.exp(Entry.of("u"), evaluate=False), NAME_U), r"\exp(u)"),
        (
            array_expressions.Hadamard((J,), (NAME_U, array_expressions.Map((J,), power(Entry.of("u"), -1), NAME_U))),
            r"u \oslash u",
        ),
        (array_expressions.Positive((J,), NAME_U), r"[\,u > 0\,]"),
        (array_expressions.Inner((), NAME_W, NAME_V), r"\left\langle W,\, V \right\rangle"),
        (array_expressions.Name((K,), "W", labels=((0, J),)), "W_{j}"),
        (array_expressions.LabelTotal((K,), (J,), array_expressions.Name((K,), "W", labels=((0, J),))), r"\sum_{j} W_{j}"),
        (array_expressions.Softmax((J,), NAME_U), r"\operatorname{softmax}(u)"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_arrays(node: array_expressions.Node, wanted: str) -> None:
    assert unbroken(Printer(Symbols(SYSTEM)).side(node)) == wanted


# --- nothing ugly anywhere ----------------------------------------------------------------------------------------------------

UGLY = re.compile(r"\+ -|- -|--|\+ \+|(?<![\d.}])\b1 ?\\,? ?(?=[A-Za-z])|\{\}|\(\)|\\frac\{-[\w\\,]*\}|\^\{1\}|None|[ ]{2,}")


@pytest.mark.parametrize("name", specs.ALL)
@pytest.mark.parametrize("view", ["index", "matrix"])
def test_no_line_of_any_spec_is_ugly(name: str, view: str) -> None:
    found = derived(specs.ALL[name])
    for step in found.steps:
        text = printed(step.result, "index" if view == "index" else "matrix", found.system)
        assert not UGLY.search(text), text
        assert text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right"), text
        assert text.count("(") == text.count(")"), text
