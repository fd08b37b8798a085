"""Mathematics in a text is set as its author typed it: bare names bare, a layer only where one is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from specs import dense

from derive import api, pack
from derive.document import user_text
from derive.errors import DeriveError, EquationError, SpecError
from derive.expressions.system import System, Tensor
from derive.notation import typed
from derive.notation.glyphs import Symbols

RANKS = {**dict.fromkeys("wabstcC", 0), **dict.fromkeys("xyz", 1), **dict.fromkeys("WAB", 2)}
SYSTEM = System({}, ())


def latex(text: str, ranks: dict[str, int] | None = None) -> str:
    return typed.Printer(Symbols(SYSTEM), typed.read(text, RANKS if ranks is None else ranks)).latex()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # the form that was typed
        ("z = w*a + b", r"z = w\,a + b"),
        ("z = W @ a + b", r"z = W\,a + b"),
        ("z[j] = sum(W[j,k]*x[k], k) + b[j]", r"z_{j} = \sum_{k} W_{jk}\,x_{k} + b_{j}"),
        ("y = x[2*i+k] - x[i-1]", r"y = x_{2i+k} - x_{i-1}"),
        ("b + w*a", r"b + w\,a"),
        ("2*a - -b", r"2a - (-b)"),
        ("-a*b", r"-a\,b"),
        ("a - (b + c)", r"a - (b + c)"),
        ("a*(b + c)", r"a\,(b + c)"),
        ("(a + b)**2", r"(a + b)^{2}"),
        ("a**2*b", r"a^{2}\,b"),
        ("a/(b*c)", r"\frac{a}{b\,c}"),
        ("exp(-a)", r"\exp(-a)"),
        ("1/(1 + exp(-a))", r"\frac{1}{1 + \exp(-a)}"),
        ("where(a > b, a, 0)", r"\begin{cases}a & a > b\\ 0 & \dsotherwise\end{cases}"),
        # layers
        ("a.1 = tanh(z.1)", r"a^{(1)} = \tanh(z^{(1)})"),
        ("z.2 = W.2 @ a.1 + b.2", r"z^{(2)} = W^{(2)}\,a^{(1)} + b^{(2)}"),
        ("W.2.T @ z.2", r"(W^{(2)})^{\top}\,z^{(2)}"),
        ("w.1[j,k]", r"w_{jk}^{(1)}"),
        ("0.5*a", r"0.5\,a"),
        # vectors and matrices
        ("x*y*z", r"x \odot y \odot z"),
        ("x/(y*z)", r"x \oslash (y \odot z)"),
        ("x*(A @ y)", r"x \odot (A\,y)"),
        ("x @ y", r"x^{\top}\,y"),
        ("x.T @ y", r"x^{\top}\,y"),
        ("x @ A @ y", r"x^{\top}\,A\,y"),
        ("A.T @ x", r"A^{\top}\,x"),
        ("1/A", r"(\mathbf{1}\,\mathbf{1}^{\top}) \oslash A"),
        ("x**2", r"x^{\odot 2}"),
        ("x/s", r"\frac{x}{s}"),
        ("outer(x, y)", r"x\,y^{\top}"),
        ("norm(x)", r"\lVert x \rVert"),
        ("softmax(A @ x)", r"\operatorname{softmax}(A\,x)"),
        # changes and derivatives
        ("dz = dw*a + db + w*da", r"\mathrm{d}z = \mathrm{d}w\,a + \mathrm{d}b + w\,\mathrm{d}a"),
        ("dC/dw", r"\frac{\partial C}{\partial w}"),
        ("dC/dW.1", r"\frac{\partial C}{\partial W^{(1)}}"),
        # names
        ("theta_1*lam", r"\theta_{1}\,\lambda"),
        ("delta", r"\delta"),
        ("tanh", r"\tanh"),
        ("loss = mean(c)", r"\mathit{loss} = \operatorname{mean}(c)"),
    ],
)
def test_a_formula_is_set_as_it_was_typed(text: str, wanted: str) -> None:
    assert latex(text) == wanted


@pytest.mark.parametrize("text", ["w +* b", "a b", "f(x", "x^2", "nothing(a)", "where(a, b, c)", "a == b", "sum()", "max(a)"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(EquationError):
        typed.read(text, RANKS)


NETWORK = dense((3, "tanh"), (2, "softmax"), loss="cross_entropy")


@pytest.mark.parametrize("view", ["index", "matrix"])
def test_an_introduction_puts_no_layer_where_none_is_written(view: str) -> None:
    words = "Here `z = W @ a + b`, then `z.2 = W.2 @ a.1 + b.2`, with `tanh` and `numpy`."
    text = NETWORK + f"view: {view}\nintroduction: '{words}'\n"
    tex = api.tex(api.sheet(api.loads(text)))
    assert r"Here \dstyped{z = W\,a + b}, then \dstyped{z^{(2)} = W^{(2)}\,a^{(1)} + b^{(2)}}, with \dstyped{\tanh} and " in tex


def test_an_introduction_that_cannot_be_read_is_reported_with_its_place() -> None:
    with pytest.raises(SpecError, match=r"`z = W \+\* b` in backquotes cannot be read") as caught:
        api.sheet(api.loads(NETWORK + "introduction: 'Here `z = W +* b`.'\n", "mine.yaml"))
    assert caught.value.place is not None and str(caught.value.place).startswith("mine.yaml:8")


def test_the_text_of_a_question_is_set_as_it_was_typed() -> None:
    more = "homework: {questions: [{ask: {text: 'Why is `z = W @ a + b` linear, and `dC/dW.1` not?', solution: 'So `b`.'}}]}\n"
    tex = api.tex(api.edition(api.homework(api.loads(NETWORK + "view: matrix\n" + more)), "solutions"))
    assert r"Why is \dstyped{z = W\,a + b} linear, and $\partial C/\partial W^{(1)}$ not?" in tex
    assert r"So \dstyped{b}." in tex


def test_on_one_line_a_derivative_has_a_slash_and_a_fraction_keeps_its_bar() -> None:
    """A bar that is cut at its first brace would make a + w/x of (a + w)/x."""

    def shown(text: str) -> str:
        return typed.Printer(Symbols(SYSTEM), typed.read(text, {"a": 0, "w": 0, "x": 0, "C": 0}), on_one_line=True).latex()

    assert shown("dC/dw") == r"\partial C/\partial w"
    assert shown("(a + w)/x") == r"\frac{a + w}{x}"
    assert shown("a/x + w") == r"\frac{a}{x} + w"


def test_own_names_keep_the_glyphs_that_the_spec_gives_them() -> None:
    text = "title: t\nintroduction: 'As `C = g*w`.'\nglyphs: {g: gamma}\n"
    text += "parameters: {g: scalar, w: scalar}\nequations: ['C = g*w']\n"
    assert r"As \dstyped{C = \gamma\,w}." in api.tex(api.sheet(api.loads(text)))


def book(folder: Path, introduction: str) -> str:
    (folder / "net.yaml").write_text(NETWORK, encoding="utf-8")
    (folder / "one.yaml").write_text("title: One\nnetwork: {input: {a: 1}, layers: [{dense: {units: 1}}]}\n", encoding="utf-8")
    lines = "".join(f"      {line}\n" for line in introduction.split("\n"))
    text = f"title: T\nchapters:\n  - title: A\n    introduction: |\n{lines}    sheets: [one.yaml, net.yaml]\n"
    (folder / "book.yaml").write_text(text, encoding="utf-8")
    pack.build(pack.load(folder / "book.yaml"), folder / "out" / "book.pdf")
    return (folder / "out" / "book.tex").read_text("utf-8")


def test_a_book_sets_what_its_author_typed(tmp_path: Path) -> None:
    words = "A neuron: `z = w*a + b`, layers: `z = W @ a + b`; `derive show`, ``x = 3 +* 4``, `my-network`, `p - y`."
    tex = book(tmp_path, words)
    assert r"A neuron: \dstyped{z = w\,a + b}, layers: \dstyped{z = W\,a + b};" in tex
    assert r"\texttt{derive show}" in tex and r"\dstyped{p - y}" in tex and r"\texttt{my-" in tex and r"\texttt{x = 3 +" in tex


def test_a_book_tells_where_it_cannot_read_a_formula(tmp_path: Path) -> None:
    with pytest.raises(DeriveError, match="in backquotes cannot be read") as caught:
        book(tmp_path, "One line.\n\nThen `z = w*a +`.")
    assert caught.value.place is not None and caught.value.place.line == 7


def test_what_stands_beside_what_is_told_by_the_sheet() -> None:
    system = api.system(api.loads(NETWORK))
    known = typed.ranks(system)
    assert (known["W"], known["w"], known["x"], known["X"]) == (2, 0, 1, 2)
    assert user_text.marked("`a*a` and `W[j,k]*a[k]`", system)[0] == typed.Typed("a*a", known)
    assert latex("a*a", known) == r"a \odot a" and latex("W[j,k]*a[k]", known) == r"W_{jk}\,a_{k}"
    assert Tensor("W.1", (3, 3), "parameter", "W").base in known
