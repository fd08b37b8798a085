"""No two things on a sheet have one sign: whatever the names, in every view, in LaTeX and in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import AWKWARD, awkward

from derive import api
from derive.errors import SpecError
from derive.network import catalogue
from derive.notation import mathematics as m
from derive.notation.emitters import latex
from derive.notation.emitters import plain_text as text
from derive.notation.spellings import vocabulary
from derive.writers import text as show

# --- a reader of signs ----------------------------------------------------------------------------------------------------------
# It notes what each thing was written as while a sheet is set, and knows nothing of how that was decided.


@dataclass
class Read:
    """Each sign as a reader sees it, with what it stood for."""

    meant: dict[str, set[Any]] = field(default_factory=dict)
    exponentials: bool = False

    def note(self, written: str, meaning: tuple[Any, ...]) -> None:
        if r"\ell" in written or "given from outside" in written:
            return  # any layer's
        self.meant.setdefault(re.sub(r"[{},\s]|(?<=[)\]])'", "", written), set()).add(meaning)

    def doubled(self) -> dict[str, set[Any]]:
        found = {sign: what for sign, what in self.meant.items() if len(what) > 1}
        if self.exponentials:
            found |= {sign: what for sign, what in self.meant.items() if re.match(r"e([_^].*)?$", sign)}
        return found


@contextmanager
def reading() -> Iterator[tuple[Read, Read]]:
    """Notes what the printers write: in LaTeX, and in plain text."""
    tex, plain = Read(), Read()
    with pytest.MonkeyPatch.context() as patch:

        def noted(owner: Any, name: str, note: Any) -> None:
            before = getattr(owner, name)

            def after(self: Any, *args: Any, **more: Any) -> Any:
                out = before(self, *args, **more)
                note(self, out, *args, **more)
                return out

            patch.setattr(owner, name, after)

        def meaning(name: m.Symbol | m.Slope) -> tuple[Any, ...]:
            symbol = name.by if isinstance(name, m.Slope) else name
            return type(name).__name__, symbol.key, tuple(s for s in symbol.slots if s is not None)

        def drawn(self: Any, out: Any, tree: m.Tree) -> None:
            if self.symbols is None or type(self).__name__ == "NumberPrinter":
                return
            if isinstance(tree, m.Symbol | m.Slope):
                tex.note(out.latex, meaning(tree))
            elif isinstance(tree, m.Power) and isinstance(tree.base, m.Symbol) and not tree.base.array:
                tex.note(out.latex, ("power", str(tree)))
            elif isinstance(tree, m.Identity):
                tex.note(out.latex, ("identity",))
            elif isinstance(tree, m.Call) and tree.along is not None:
                tex.note(out.latex.split("(")[0].removesuffix(r"\left"), ("softmax", tree.along))
            elif isinstance(tree, m.Call) and tree.function == "exp" and out.latex.startswith("e^"):
                tex.exponentials = True

        def function(self: Any, out: str, name: str, order: int = 0) -> None:
            tex.note(out, ("function", name, order))

        def said(self: Any, out: Any, tree: m.Tree) -> None:
            if isinstance(tree, m.Symbol | m.Slope):
                plain.note(out.text, meaning(tree))
            elif isinstance(tree, m.Change):
                plain.note(out.text, ("change", *meaning(tree.of)))
            elif isinstance(tree, m.Identity):
                plain.note(out.text, ("identity",))
            elif isinstance(tree, m.Call) and tree.along is not None:
                plain.note(out.text.split("(")[0], ("softmax", tree.along))

        def said_function(self: Any, out: str, name: str, order: int) -> None:
            plain.note(out, ("function", name, order))

        noted(latex.Printer, "_text", drawn)
        noted(latex.Printer, "function", function)
        noted(text.Printer, "_text", said)
        noted(text.Printer, "function", said_function)
        yield tex, plain


def signs_of(source: str) -> str:
    """The sheet of a spec, after its signs have been read in LaTeX, in the text behind its formulas, and in the terminal."""
    spec = api.loads(source)
    derivation = api.derive(spec)
    with reading() as (tex, plain):
        sheet = api.sheet(spec, derivation)
        found = api.tex(sheet, fragment=True)
    assert tex.doubled() == {}
    assert plain.doubled() == {}
    with reading() as (_, plain):
        for view in derivation.asked:
            show.show(derivation, view, spec.labels)
    assert plain.doubled() == {}
    return found


def said(found: str) -> list[str]:
    return re.findall(r"\\dssaid\{([^{}]*)\}", found)


# --- where another sign is free -------------------------------------------------------------------------------------------------

X3 = "inputs: {x: 3}\n"
NEURON = "equations: ['z = w*x + b', 'a = sigmoid(z)', 'C = (a - y)**2']\nview: scalar\n"

KEPT_APART = {
    "a parameter called delta": (
        "equations: ['z = w*x + delta', 'a = sigmoid(z)', 'C = (a-y)**2']\nview: scalar\n",
        [r"w\,x \allowbreak + \delta", r"\frac{\partial C}{\partial z}"],
        ["error signal"],
    ),
    "delta with indices": (
        X3 + "parameters: {delta: 2, W: [2, 3]}\nequations: ['z = W @ x + delta', 'a = sigmoid(z)', 'C = sum(a[j]**2, j)']\n"
        "view: index\n",
        [r"\delta_{j}"],
        ["error signal"],
    ),
    "delta in an array view": (
        X3 + "parameters: {W: [2, 3], delta: 2}\ntargets: {y: 2}\n"
        "equations: ['z = W @ x', 'a = sigmoid(z)', 'J = sum((a-y)**2*delta)']\nview: matrix\n",
        [r"\delta"],
        ["error signal"],
    ),
    "Delta in a mini-batch": (
        "network: {input: {x: 3}, layers: [dense: {units: 2, activation: tanh}]}\nparameters: {Delta: 2}\n"
        "equations: ['J = sum((a - Delta)**2)']\nview: batch\n",
        [r"\Delta"],
        [r"\Delta^{(1)}"],
    ),
    "a number and a place": (
        X3 + "parameters: {x0: scalar}\nequations: ['s = x0*x[0]', 'C = s**2']\nview: index\n",
        [r"\mathit{x0}\,x_{0}"],
        [],
    ),
    "two digits and two places": (
        "parameters: {W12: scalar, W: [3, 3]}\nequations: ['s = W12*W[1,2]', 'C = s**2']\nview: index\n",
        [r"\mathit{W12}\,W_{12}"],
        [],
    ),
    "a vector and a row": (
        "parameters: {W1: 3, W: [3, 3]}\nequations: ['s = sum(W1[j]*W[1,j], j)', 'C = s**2']\nview: index\n",
        [r"\mathit{W1}_{j}\,W_{1j}"],
        [],
    ),
    "a number and the entries": (
        X3 + "parameters: {z1: scalar}\nequations: ['z[i] = x[i]*z1', 'C = sum(z[i]**2, i)']\nview: index\n",
        [r"z_{i}}{x_{i}\,\mathit{z1}"],
        [r"z_{1}"],
    ),
    "a number and an example": (
        X3 + "parameters: {x1: 3}\nequations: ['z = x + x1', 'C = sum(z[i]**2, i)']\nview: matrix\nexamples: 4\n",
        [r"z_{n}}{x_{n} \allowbreak + \mathit{x1}"],
        [r"x_{1}"],
    ),
    "a Greek letter with a digit": (
        "parameters: {theta1: scalar, theta: 3}\nequations: ['C = theta1*sum(theta[i]**2, i)']\nview: index\n",
        [r"\mathit{\theta1}"],
        [],
    ),
    "e and the exponential": (
        "equations: ['z = e**x', 'C = exp(z)*e**2']\nview: scalar\n",
        [r"e^{x}", r"\exp(z)"],
        [r"e^{z}"],
    ),
    "e as an index": (
        "parameters: {v: 3}\nequations: ['C = sum(exp(v[e]), e)']\nview: index\n",
        [r"\exp(v_{e})"],
        ["e^{v"],
    ),
    "an index as a sign": (
        "equations: ['C = sum(g*h[j], j)']\nparameters: {g: scalar, h: 3}\nglyphs:\n  g: j\nview: index\n",
        [r"\sum_{k} j\,h_{k}"],
        ["h_{j}"],
    ),
    "the residual of the Huber loss": (
        "network: {input: {x: 1}, layers: [dense: {units: 1, activation: softplus}], loss: huber}\nview: scalar\n",
        [r"\frac{e^{2}}{2}", r"1 + \exp(u)"],
        [r"e^{u}", r"e^{-u}"],
    ),
    "a power and a name with something above": (
        "equations: ['z = v*w**2', 'C = z**2']\nview: scalar\nglyphs: {v: 'w^{2}'}\n",
        [r"w^{2}\,(w)^{2}"],
        [],
    ),
    "a letter in the exponent": (
        "equations: ['z = th*w**L', 'C = z**2']\nview: scalar\nglyphs: {th: 'w^{L}'}\n",
        [r"w^{L}\,(w)^{L}"],
        [],
    ),
    "a power with indices": (
        "parameters: {w: 3, v: 3}\nequations: ['C = sum(v[i]*w[i]**2, i)']\nview: [index, matrix]\nglyphs: {v: 'w^{2}'}\n",
        [r"w_{i}^{2}\,(w_{i})^{2}", r"(w)^{\odot 2}"],
        [],
    ),
    "sigma and the sigmoid": (
        "equations: ['z = sigma*(x+b)', 'a = sigmoid(z)', 'C = a**2']\nview: scalar\n",
        [r"\sigma\,(x", r"\operatorname{sigmoid}(z)", r"\operatorname{sigmoid}'(u)"],
        [r"\sigma(z)"],
    ),
    "sigma and an open activation": (
        "equations: ['z = sigma*(x+b)', 'a = unspecified(z)', 'C = a**2']\nview: scalar\n",
        [r"\varphi(z)", r"\varphi'(z)"],
        [r"\sigma(z)"],
    ),
    "sigma with a prime": (
        "equations: ['z = sigma_prime*(x+w)', 'a = sigmoid(z)', 'C = a**2']\nview: scalar\n",
        [r"\sigma'\,(x", r"\operatorname{sigmoid}'"],
        [r"\sigma'(z)"],
    ),
    "sigma in an array": (
        X3 + "parameters: {sigma: 3}\nequations: ['a = sigmoid(sigma*x)', 'C = sum(a)']\nview: matrix\n",
        [r"\operatorname{sigmoid}(\sigma \odot x)"],
        [r"\sigma(\sigma"],
    ),
    "two functions with one letter": (
        "network: {input: {x: 3}, layers: [dense: {units: 2, activation: unspecified}, dense: {units: 2, activation: sigmoid}],"
        " loss: squared_error}\nview: matrix\n",
        [r"\varphi(z^{(1)})", r"\sigma(z^{(2)})"],
        [r"\sigma(z^{(1)})"],
    ),
    "phi is taken as well": (
        "equations: ['z = phi*x', 'a = sigmoid(z)', 'b = unspecified(a)', 'C = b**2']\nview: scalar\n",
        [r"\psi(a)", r"\sigma(z)"],
        [],
    ),
    "the argument of a definition": (
        "equations: ['z = u*x', 'a = sigmoid(z)', 'C = a**2']\nview: scalar\n",
        [r"\sigma(v)", "e^{-v}"],
        [r"\sigma(u)"],
    ),
    "the cost of one example": (
        X3 + "parameters: {c: 3}\nequations: ['C = sum(c*x)**2']\nview: batch\n",
        [r"\gamma}{(x\,c)"],
        [r"dsaid{c ="],
    ),
    "the cost of one example, by its small letter": (
        X3 + "parameters: {w: 3}\nequations: ['j = w @ x', 'J = j**2']\nview: batch\n",
        [r"c}{j^{\odot 2}"],
        [r"dsaid{j = j"],
    ),
    "a cost with a long name": (
        X3 + "parameters: {w: 3}\nequations: ['loss = (w @ x)**2']\nview: batch\n",
        [r"\mathit{loss}}{\frac{1}{N}"],
        [r"dsaid{loss = (x"],
    ),
    "an input n and the number N": (
        "network: {input: {n: 3}, layers: [dense: {units: 2}], loss: squared_error}\nview: batch\n",
        [r"Z^{(1)}}{n\,(W^{(1)})^{\top}", r"\frac{1}{N}"],
        [r"N\,(W"],
    ),
    "a parameter N and the number of examples": (
        X3 + "parameters: {N: [2, 3]}\nequations: ['r = N @ x', 'C = sum(r[i]**2, i)']\nview: batch\n",
        [r"\frac{1}{M}", "$M = 4$"],
        ["$N = 4$"],
    ),
    "an input x and a parameter X": (
        "network: {input: {x: 3}, layers: [dense: {units: 2, name: z}]}\nparameters: {X: [4, 2]}\n"
        "equations: ['r = X @ z', 'C = sum(r[i]**2, i)']\nview: batch\n",
        [r"x\,(W^{(1)})^{\top}", r"Z^{(1)}\,X^{\top}"],
        [],
    ),
    "an input i and the identity": (
        "network: {input: {i: 3}, layers: [dense: {units: 2, activation: softmax}], loss: cross_entropy}\nview: batch\n",
        [r"i\,(W^{(1)})^{\top}"],
        [],
    ),
    "the residual of the Huber loss and E": (
        "network: {input: {x: 3}, layers: [dense: {units: 2}], loss: huber}\nparameters: {E: 2}\n"
        "equations: ['J = C + sum(E**2)']\nview: batch\n",
        [r"e}{Z^{(1)}", r"\lVert E \rVert^{2}"],
        [],
    ),
    "rows and columns": (
        "parameters: {S: [3, 3]}\nconstants: {T: [3, 3]}\n"
        "equations: ['P[j,k] = softmax(S[j,k], j)', 'Q[j,k] = softmax(S[j,k], k)', 'J = sum(P*Q*T)']\nview: matrix\n",
        [
            r"P}{\operatorname{softmax}_{\downarrow}(S)",
            r"Q}{\operatorname{softmax}_{\rightarrow}(S)",
            r"P_{jk}}{\frac{e^{S_{jk}}}{\sum_{m} e^{S_{mk}}}",
            r"Q_{jk}}{\frac{e^{S_{jk}}}{\sum_{m} e^{S_{jm}}}",
            r"$\operatorname{softmax}_{\rightarrow}$ acts on each row; $\operatorname{softmax}_{\downarrow}$ acts on each column",
        ],
        [r"\operatorname{softmax}(", r"\operatorname{softmax}$ acts"],
    ),
    "a cost without a name, and a C": (
        X3 + "parameters: {C: [2, 3]}\nequations: ['z = C @ x']\nview: matrix\n",
        [r"\frac{\partial J}{\partial C}", "Whatever cost $J$"],
        [r"\partial C}{\partial"],
    ),
}


@pytest.mark.parametrize("case", KEPT_APART, ids=str)
def test_where_another_sign_is_free_it_is_taken(case: str) -> None:
    source, there, gone = KEPT_APART[case]
    found = signs_of(f"title: t\n{source}")
    assert [piece for piece in there if piece not in found] == []
    assert [piece for piece in gone if piece in found] == []


def test_in_text_a_change_and_a_tensor_differ() -> None:
    source = "title: t\nequations: ['dz = d*x + b', 'z = dz*x', 'C = z**2']\nview: scalar\n"
    found = said(signs_of(source))
    assert "dz = d x + b" in found and "d(z) = d(dz) x + dz d(x)" in found and "d(C)/d(z) = 2 z" in found
    shown = api.show(api.derive(api.loads(source)))
    assert "d(z) = d(dz) x + dz d(x)" in shown and "∂C/∂z = 2 z" in shown


def test_in_text_a_change_is_dz_where_no_tensor_is() -> None:
    found = said(signs_of(f"title: t\n{NEURON}"))
    assert "dz = dw x + db + w dx" in found


def test_in_text_a_sign_of_the_spec_may_look_like_a_change() -> None:
    source = "title: t\nequations: ['z = q*x', 'C = z**2']\nview: scalar\nglyphs: {q: dz}\n"
    assert "d(z) = d(dz) x + dz d(x)" in said(signs_of(source))


def test_answers_are_read_with_the_signs_of_the_sheet() -> None:
    lines = "['C = delta*unspecified(sum(c*x)) + sigmoid(delta)']"
    source = X3 + f"parameters: {{c: 3, delta: scalar}}\nequations: {lines}\nview: batch\n"
    words = vocabulary(api.derive(api.loads(f"title: t\n{source}")))
    assert [words.keys[words.plain[name]] for name in ("c", "gamma", "dC/dc", "delta")] == ["c", "C each", "bar c", "delta"]
    assert words.functions["phi"] == "unspecified" and words.functions["sigma"] == "sigmoid"


def test_in_text_a_square_is_not_the_second_layer() -> None:
    source = (
        "title: t\nnetwork: {input: {x: 1}, layers: [dense: {units: 1, bias: false}, dense: {units: 1, bias: false}]}\n"
        "parameters: {w: scalar}\nequations: ['J = z[0]*w**2']\nview: index\n"
    )
    assert "(w)²" in api.show(api.derive(api.loads(source)))


# --- where only the spec can help -----------------------------------------------------------------------------------------------

REFUSED = {
    "an index and a subscript": (
        "equations: ['s = sum(x_k*x[k], k)', 'C = s**2']\ninputs: {x: 3}\nparameters:\n  x_k: scalar\nview: index\n",
        "5:3: `x_k` would be written $x_{k}$ on the sheet, as an entry of `x` is",
    ),
    "a vector and an entry": (
        "equations: ['z = W @ x', 'C = sum(z**2) + sum(x_k**2)']\ninputs: {x: 3}\nparameters:\n  x_k: 2\n  W: [2, 3]\n"
        "view: [index, matrix]\n",
        "5:3: `x_k` would be written $x_{k}$ on the sheet, as an entry of `x` is",
    ),
    "an index and a sign of the spec's own": (
        "equations: ['C = sum(g*h[j], j)']\nparameters: {g: scalar, h: 3}\nglyphs:\n  g: 'h_{j}'\nview: index\n",
        "5:7: `g` would be written $h_{j}$ on the sheet, as an entry of `h` is",
    ),
    "a shifted index": (
        "equations: ['C = sum(g*h[t]*h[t+1], t)']\nparameters: {g: scalar, h: 4}\nglyphs:\n  g: 'h_{t+1}'\nview: index\n",
        "5:7: `g` would be written $h_{t+1}$ on the sheet, as an entry of `h` is",
    ),
    "two names with one sign": (
        "equations: ['C = (eps - epsilon)**2']\nview: scalar\n",
        "2:14: `eps` and `epsilon` would both be written $\\varepsilon$ on the sheet",
    ),
    "the number pi": (
        "equations: ['z = pi*x', 'a = gelu(z)', 'C = a**2']\nparameters:\n  pi: scalar\ninputs: {x: scalar}\nview: scalar\n",
        "4:3: `pi` would be written $\\pi$, as the number 3.14… is on the sheet",
    ),
    "a word for a function": (
        "equations: ['C = diag*x']\nparameters:\n  diag: scalar\ninputs: {x: scalar}\nview: scalar\n",
        "4:3: `diag` would be written as the function diag is on the sheet",
    ),
    "a transpose": (
        "equations: ['z = W @ V @ x', 'C = sum(z)']\nparameters: {W: [3, 3], V: [3, 3]}\ninputs: {x: 3}\nglyphs:\n  V: 'W^{T}'\n"
        "view: matrix\n",
        "6:7: `V` would be written $W^{T}$, as a transpose is on the sheet",
    ),
    "the number of a layer": (
        "network: {input: {x: 2}, layers: [dense: {units: 2, activation: tanh, repeat: 4}]}\nparameters:\n  ell: 2\n"
        "equations: ['C = sum((a - ell)**2)']\nview: matrix\n",
        "4:3: `ell` would be written $\\ell$, as the number of a layer is on the sheet",
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_where_only_the_spec_can_keep_two_signs_apart_it_is_refused_with_its_place(case: str) -> None:
    source, message = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        api.derive(api.loads(f"title: t\n{source}"))
    assert str(caught.value).split("\n")[0] == f"<text>:{message}"
    assert "rename" in caught.value.hint


def test_subscripts_that_are_no_index_stay() -> None:
    source = (
        "title: t\ninputs: {x: 3, h: 3}\nparameters: {W_q: [3, 3], h_prev: 3, x_a: scalar}\n"
        "equations: ['q = W_q @ x + h_prev + h', 'C = x_a*sum(q[j]**2, j)']\nglyphs: {h_prev: 'h_{t-1}'}\nview: [index, matrix]\n"
    )
    found = signs_of(source)
    assert r"h_{t-1}" in found and r"W_{q}" in found and r"x_{a}" in found


@pytest.mark.parametrize("name", ["h1", "h2", "theta1", "W1"])
def test_digits_stay_below_where_they_are_no_place(name: str) -> None:
    base = name[:-1]
    source = f"title: t\nparameters: {{{name}: 3, {base}: 3}}\nequations: ['C = sum({name}*{base}**2)']\nview: matrix\n"
    assert "mathit" not in signs_of(source)


# --- others of their kind -------------------------------------------------------------------------------------------------------


def kept_apart_or_refused(source: str) -> None:
    try:
        spec = api.loads(source)
        api.derive(spec)
    except SpecError as refused:
        assert refused.place is not None, source
        return
    signs_of(source)


@given(awkward())
def test_under_any_names_no_two_things_have_one_sign(source: str) -> None:
    kept_apart_or_refused(source)


@st.composite
def networks(draw: st.DrawFn) -> str:
    """Layers with two activations, a loss, an own parameter, and an input, under names from the pool."""
    first, second = (draw(st.sampled_from(sorted(catalogue.functions()))) for _ in range(2))
    loss = draw(st.sampled_from(sorted(catalogue.losses())))
    second = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, second)
    name, given_ = draw(st.lists(st.sampled_from(AWKWARD), min_size=2, max_size=2, unique=True))
    view = draw(st.sampled_from(["index", "matrix", "batch"]))
    labels = draw(st.sampled_from(["absolute", "relative"]))
    shape = draw(st.sampled_from(["scalar", "2", "[2, 2]"]))
    term = {"scalar": f"{name}**2", "2": f"sum({name}**2)", "[2, 2]": f"sum({name}*{name})"}[shape]
    return (
        f"title: t\nnetwork: {{input: {{{given_}: 2}}, layers: [dense: {{units: 2, activation: {first}}}, "
        f"dense: {{units: 2, activation: {second}}}], loss: {loss}}}\nparameters: {{{name}: {shape}}}\n"
        f"equations: ['cost = C + {term}']\nview: {view}\nlabels: {labels}\n"
    )


@given(networks())
def test_in_any_network_no_two_things_have_one_sign(source: str) -> None:
    kept_apart_or_refused(source)


@pytest.mark.parametrize("name", ["delta", "sigma", "phi", "e", "u", "pi", "f"])
def test_each_activation_beside_each_other_one(name: str) -> None:
    """All of them in one spec: no two have one sign, nor one with the parameter."""
    used = [f for f in catalogue.functions() if f != "identity" and not (name == "pi" and f == "gelu")]
    lines = [f"h{place} = {f}({name}*{f'h{place - 1}' if place else 'x'})" for place, f in enumerate(used)]
    equations = ", ".join(f"'{line}'" for line in [*lines, f"C = h{len(used) - 1}**2"])
    signs_of(f"title: t\nequations: [{equations}]\nview: scalar\n")


def test_what_clashes_with_nothing_keeps_its_usual_sign() -> None:
    found = signs_of(f"title: t\n{NEURON}")
    assert r"\delta" in found and r"\sigma(u)" in found and "e^{-u}" in found
