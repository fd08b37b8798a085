"""One letter means one thing in every line: read by its letters, not by the expressions behind it."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from letterwise import faults, faults_in_text
from specs import built, printed, readable
from sympy import S

from derive import api, network, spec
from derive.calculus.steps import Derivation, Step
from derive.checks import verify
from derive.expressions.nodes import Differential, Entry, Index, Partial, Total, Where, add, mul, power, total
from derive.expressions.system import Equation
from derive.expressions.traversal import LETTERS, letter_for, nodes, rename
from derive.expressions.views import View
from derive.homework.grader import judge
from derive.mistakes import mistakes
from derive.notation import register, views
from derive.notation.emitters.latex import Printer, unbroken
from derive.notation.emitters.plain_text import Printer as TextPrinter
from derive.notation.index_letters import Alphabet, differentiated


def derived(text: str, examples: int | None = None) -> Derivation:
    return differentiated(built(f"title: t\n{dedent(text)}", examples))


def read(found: Derivation, *asked: View) -> list[str]:
    """What is wrong with the letters of each line, in LaTeX and in the terminal."""
    system = found.system
    symbols = register.symbols(found, glyphs=system.glyphs)
    latex, text = Printer(symbols), TextPrinter(system, "absolute", symbols.signs)
    own = [t for t in system.tensors.values() if t.layer is None and not t.cased]
    lengths = {t.base: t.shape for t in own if len(t.base) == 1 and t.base not in system.glyphs}
    out = []
    for step in found.steps:
        for view in asked or ("index",):
            shown = views.shown(step.result, view, system)
            line = unbroken(" = ".join(latex.equation(shown)))
            out += [f"{fault}: {line}" for fault in faults(line, lengths)]
            said = " = ".join(text.equation(shown)).split("   for each")[0]
            if not system.glyphs:
                out += [f"{fault}: {said}" for fault in faults_in_text(said)]
    return out


def line(found: Derivation, section: str, about: str, place: int = -1) -> str:
    return readable(printed(found.of(section, about)[place].result, "index", found.system))  # type: ignore[arg-type]


# --- the reader by letters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "fault"),
    [
        (r"p_{j}\,W_{jk} - p_{j}\,\sum_{k} p_{k}\,W_{kk}", "k is free and bound"),
        (r"\sum_{k,k} p_{j}\,W_{kk}", "k is bound within a sum over k"),
        (r"\frac{\partial C}{\partial W_{ij}} = \frac{\partial C}{\partial z_{i}}\,j\,[\,j=i\,]", "j is an index and a name"),
        (r"\left(\sum_{k} a_{k}\right)\,\sum_{k} b_{k}", "two factors sum over k"),
        (r"\sum_{k} \begin{cases}x_{k} & \sum_{k} W_{ik} > 0\\ 0 & \dsotherwise\end{cases}", "k is bound within a sum over k"),
        (r"\sum_{k} (x_{k+1} - y_{k}\,x_{k})", "a sum does not say how far it runs"),
        (r"e^{x_{e}}", "e is an index and a name"),
    ],
)
def test_the_reader_by_letters_sees(latex: str, fault: str) -> None:
    assert fault in faults(latex, {"x": (5,), "y": (4,)})


@pytest.mark.parametrize(
    "latex",
    [
        r"\sum_{k} a_{k} + \sum_{k} b_{k}",
        r"p_{j} = \frac{e^{z_{j}}}{\sum_{k} e^{z_{k}}}",
        r"\left.\frac{\partial z_{i}}{\partial w_{p}}\right|_{x} = x_{2i+p}",
        r"\sum_{k=0}^{3} (x_{k+1} - y_{k}\,x_{k})",
    ],
)
def test_the_reader_by_letters_lets_pass(latex: str) -> None:
    assert faults(latex, {"x": (5,), "y": (4,)}) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("∂p[j]/∂x[k] (W held) = p[j] W[j,k] − p[j] Σ_k p[k] W[k,k]", "k is free and bound"),
        ("Σ_k (x[k] if Σ_k W[i,k] x[k] > 0, else 0)", "k is bound within a sum over k"),
        ("∂C/∂W[i,j] = (∂C/∂z[i]) j [j = i]", "j is an index and a name"),
    ],
)
def test_the_reader_of_texts_sees(text: str, fault: str) -> None:
    assert fault in faults_in_text(text)


# --- the kinds ----------------------------------------------------------------------------------------------------------------

SOFTMAX = """
    targets: {r: 4}
    inputs: {x: 3}
    parameters: {W: [4, 3]}
    equations: ["p = softmax(W @ x)", "C = sum(r[c]*p[c], c)"]
"""

KINDS = {
    "softmax of a product, sizes unequal": SOFTMAX,
    "an inner product in a softmax": 'parameters: {m: 3, g: 3, s: 5}\nequations: ["p = softmax((m @ g)*s)", "C = sum(p**2)"]',
    "a mean in a softmax": 'parameters: {n: 4, h: 3}\nequations: ["p = softmax(mean(n)*h)", "C = sum(p**2)"]',
    "a softmax of rows": 'parameters: {A: [2,3], B: [3,4], T: [2,4]}\nequations: ["P = softmax(A @ B)", "C = sum(P*T)"]',
    "a gram matrix": 'parameters: {X: [4,3], T: [3,3]}\nequations: ["P = softmax(X.T @ X)", "C = sum(P*T)"]',
    "a long chain": """
        parameters: {A: [2,3], B: [3,4], D: [4,5], x: 5}
        equations: ["p = softmax(A @ B @ D @ x)", "C = sum(p**2)"]
    """,
    "a softmax in a softmax": """
        parameters: {W: [4,3], U: [2,4], x: 3}
        equations: ["p = softmax(U @ softmax(W @ x))", "C = sum(p**2)"]
    """,
    "an index beside a parameter": """
        parameters: {W: [3,3], j: scalar, k: scalar}
        equations: ["z[i] = W[i,i]*j", "C = sum(z[i]**2, i)*k"]
    """,
    "a bracket beside a parameter": """
        inputs: {x: 3}
        parameters: {i: scalar, j: scalar}
        equations: ["z = x[1]*i", "C = z**2 + j*x[0]"]
    """,
    "a column beside three parameters": """
        parameters: {W: [3,4], j: scalar, k: scalar, m: scalar, x: 4}
        equations: ["s[i] = j*k*m*W[i,0]*x[1] + W[i,2]", "C = sum(s[i]**2, i)"]
    """,
    "a norm called p": 'parameters: {K: [3,3], w: 3}\nequations: ["p = norm(K @ K @ w)", "C = p**2"]',
    "an index of one line, a parameter of another": """
        parameters: {w: 3, k: scalar}
        equations: ["s = sum(w[k]**2, k)", "C = s*k"]
    """,
    "a name with a letter below": """
        parameters: {W_k: [3,3], W_q: [3,3], x: 3}
        equations: ["S = (W_q @ x) @ (W_k @ x)", "C = S**2"]
    """,
    "another sign": """
        parameters: {w: 3, u: 3}
        glyphs: {u: k}
        equations: ["s = sum(w[k]*u[k], k)", "C = s**2"]
    """,
    "a sign with a letter below": """
        parameters: {w: [3,3], g: 3}
        glyphs: {g: 'h_{t-1}'}
        equations: ["s[t] = sum(w[t,j]*g[j], j)", "C = sum(s[t]**2, t)"]
    """,
    "the author's d and e": """
        parameters: {Q: [3,2], K: [3,2]}
        equations: ["S[t,e] = sum(Q[t,d]*K[e,d], d)", "C = sum(S[t,e]**2, t, e)"]
    """,
    "a product beside its sum": 'parameters: {q: 3}\nequations: ["p = (q @ q)*q", "C = sum(p**2)"]',
    "an absolute value": 'parameters: {Q: [3,4], w: 4}\nequations: ["p = abs(Q @ w)", "C = sum(p**2)"]',
    "the larger of two": 'parameters: {Q: [3,4], R: [3,4], w: 4}\nequations: ["p = max(Q @ w, R @ w)", "C = sum(p**2)"]',
    "a condition": """
        parameters: {Q: [3,4], w: 4, v: 3}
        equations: ["z[i] = where(sum(Q[i,k]*w[k], k) > v[i], sum(Q[i,k]*w[k]**2, k), v[i])", "C = sum(z[i]**2, i)"]
    """,
    "a logarithm of a softmax": 'parameters: {W: [3,4], x: 4}\nequations: ["q = W @ x - logsumexp(W @ x)", "C = sum(q**2)"]',
    "a quotient of sums": 'parameters: {a: 3, g: 3}\nequations: ["p = softmax(a)/(1 + (g @ g)**2)", "C = sum(p**2)"]',
    "a product of sums": """
        parameters: {W: [3,3], x: 3, z: 3}
        equations: ["s[i] = sum(W[i,k]*x[k], k)*sum(W[j,i]*z[j], j)", "C = sum(s[i]**2, i)"]
    """,
    "a layer norm in one line": """
        parameters: {x: 4, w: 4}
        constants: {v: 0.5}
        equations: ["h = w*(x - mean(x))/sqrt(mean((x - mean(x))**2) + v)", "C = sum(h**2)"]
    """,
    "there and back": 'parameters: {W: [3,4], x: 4}\nequations: ["h = W.T @ softmax(W @ x)", "C = sum(h**2)"]',
    "attention in one line": """
        parameters: {Q: [3,2], K: [4,2], V: [4,2]}
        equations: ["O = softmax(Q @ K.T) @ V", "C = sum(O**2)"]
    """,
    "a difference": 'parameters: {x: 5}\nequations: ["s = sum(x[k+1]-x[k], k)", "C = s**2"]',
    "a part of an axis": 'parameters: {x: 5}\nsizes: {k: 2}\nequations: ["s = sum(x[k+1], k)", "C = s**2"]',
    "an autocorrelation": """
        parameters: {a: 5}
        sizes: {i: 3, k: 3}
        equations: ["z[i] = sum(a[i+k]*a[k], k)", "C = sum(z[i]**2, i)"]
    """,
    "differences": 'parameters: {x: 5}\nequations: ["y[i] = x[i+1]-x[i]", "C = sum(y[i]**2, i)"]',
    "a convolution": 'parameters: {w: 3, x: 6}\nequations: ["z[i] = sum(w[p]*x[2*i+p], p)", "C = sum(z[i]**2, i)"]',
    "a square of a sum of sums": """
        parameters: {W: [3,4], V: [4,5], x: 5}
        equations: ["s = (sum(sum(W[j,k]*sum(V[k,m]*x[m], m), k)**2, j))**2", "C = s**2"]
    """,
}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_letter_means_one_thing(name: str) -> None:
    found = derived(KINDS[name])
    assert read(found, "index", "matrix") == []
    assert all(check.ok for check in verify.check(found, ("index", "matrix")))


@pytest.mark.parametrize("name", ["softmax of a product, sizes unequal", "a product beside its sum", "an absolute value"])
def test_a_letter_means_one_thing_in_a_batch(name: str) -> None:
    assert read(derived(KINDS[name], examples=4), "index", "matrix", "batch") == []


@pytest.mark.parametrize("name", ["a quotient of sums", "a product beside its sum", "there and back", "a norm called p"])
def test_a_letter_means_one_thing_in_wrong_lines_too(name: str) -> None:
    found = derived(KINDS[name])
    printer = Printer(register.symbols(found))
    wrong = [mistake.wrong for step in found.steps for mistake in mistakes(found, step)]
    read_back = [unbroken(" = ".join(printer.equation(equation))) for equation in wrong]
    assert len(wrong) > 20 and [f"{fault}: {latex}" for latex in read_back for fault in faults(latex)] == []


def test_the_cost_of_one_example_is_no_index() -> None:
    found = derived('parameters: {x: 3}\ninputs: {u: 3}\nequations: ["J = sum(x[j]*u[j]**2, j)"]', examples=4)
    assert read(found) == []
    symbols = register.symbols(found)
    assert unbroken(" = ".join(Printer(symbols).equation(found.of("forward", "J each")[0].result))) == (
        r"c_{n} = \sum_{j} x_{j}\,u_{nj}^{2}"
    )


@pytest.mark.parametrize("name", sorted(api.examples()))
def test_a_letter_means_one_thing_in_the_examples(name: str) -> None:
    found = api.derive(api.load(api.examples()[name]))
    few = Derivation(found.system, found.steps[:300], found.gradients, asked=found.asked)
    assert [fault for fault in read(few, *found.asked) if "layer" not in fault] == []


# --- what is printed ----------------------------------------------------------------------------------------------------------


def test_a_softmax_of_a_product_sums_over_two_letters() -> None:
    found = derived(SOFTMAX)
    assert line(found, "differential", "p") == (
        "dp_j = Σ_k p_j x_k dW_{jk} - Σ_{k,m} p_j p_k x_m dW_{km} + Σ_k p_j W_{jk} dx_k - Σ_{k,m} p_j p_k W_{km} dx_m"
    )
    assert line(found, "partial", "p") == "∂p_j/∂x_k|_W = p_j W_{jk} - p_j Σ_m p_m W_{mk}"
    assert line(found, "gradient", "x") == "∂C/∂x_k = Σ_j ∂C/∂p_j p_j W_{jk} - Σ_{j,m} ∂C/∂p_j p_j p_m W_{mk}"


def test_an_index_leaves_its_letter_to_a_parameter_on_every_line() -> None:
    found = derived(KINDS["an index beside a parameter"])
    assert line(found, "arranged", "z").endswith("Σ_{i,m} ∂C/∂z_i j [ m=i ] dW_{im} + (Σ_i ∂C/∂z_i W_{ii}) dj")
    assert line(found, "gradient", "W") == "∂C/∂W_{im} = ∂C/∂z_i j [ m=i ]"


def test_the_author_keeps_letters_that_are_clear() -> None:
    found = derived("""
        parameters: {U: [3, 2], V: [3, 4], u: 2, v: 4}
        equations: ["z[c] = sum(U[c,k]*u[k], k) + sum(V[c,k]*v[k], k)", "C = sum(z[c]**2, c)"]
    """)
    assert line(found, "forward", "z") == "z_c = Σ_k U_{ck} u_k + Σ_k V_{ck} v_k"
    assert line(found, "differential", "z", 1) == ("dz_c = Σ_k dU_{ck} u_k + Σ_k U_{ck} du_k + Σ_k dV_{ck} v_k + Σ_k V_{ck} dv_k")


ATTENTION = """
    title: t
    parameters: {Q: [3, 2], K: [4, 2], V: [4, 5], T: [3, 5]}
    equations:
      - S[t,s] = sum(Q[t,d]*K[s,d], d)
      - P[t,s] = exp(S[t,s])/sum(exp(S[t,r]), r)
      - O[t,e] = sum(P[t,s]*V[s,e], s)
      - C = sum(O[t,e]*T[t,e], t, e)
    view: index
"""


def test_the_author_keeps_a_d_and_an_e() -> None:
    found = api.derive(api.loads(dedent(ATTENTION)))
    assert read(found, "index", "matrix") == []
    assert line(found, "differential", "S") == "dS_{ts} = Σ_d dQ_{td} K_{sd} + Σ_d Q_{td} dK_{sd}"
    assert line(found, "gradient", "V") == "∂C/∂V_{se} = Σ_t ∂C/∂O_{te} P_{ts}"
    assert "dS[t,s] = Σ_d dQ[t,d] K[s,d] + Σ_d Q[t,d] dK[s,d]" in (said := api.show(found)).replace("     = ", "dS[t,s] = ")
    assert "P[t,s] = exp(S[t,s])/(Σ_r exp(S[t,r]))" in said
    tex = api.tex(api.sheet(api.loads(dedent(ATTENTION)), found))
    assert r"\exp(S_{ts})" in tex and "e^{S" not in tex


def test_no_other_index_is_called_d_or_e() -> None:
    d, e, long = Index("d", 3), Index("e", 3), Index("d", 5)
    twice = Equation(v(J), add(mul(v(d), power(total(v(J, d), d), 2)), total(mul(v(e), total(v(J, e), e)), e)))
    names = {i.name for n in nodes(Alphabet().line(twice).rhs) if isinstance(n, Total) for i in n.indices}
    assert len(names & {"d", "e"}) == 1 and names - {"d", "e"} <= set(LETTERS)
    ranges = Equation(Entry.of("C"), add(total(v(d), d), total(Entry.of("u", long), long)))
    assert {i.name for n in nodes(Alphabet().line(ranges).rhs) if isinstance(n, Total) for i in n.indices} == {"d", "i"}


def test_a_bracket_that_multiplies_a_sum_has_another_letter() -> None:
    found = derived(KINDS["a product beside its sum"])
    assert line(found, "partial", "p") == "∂p_j/∂q_k = 2q_k q_j + (Σ_m q_m q_m) [ k=j ]"
    assert line(found, "gradient", "q") == "∂C/∂q_k = 2q_k Σ_j ∂C/∂p_j q_j + ∂C/∂p_k Σ_j q_j q_j"


@pytest.mark.parametrize(
    ("condition", "held"),
    [("x[i] > t", {"x", "t"}), ("x[i] > r[i]*y[i]", {"x", "r"}), ("1 > W[0,i]", {"x"})],
)
def test_what_a_condition_asks_about_is_held_constant(condition: str, held: set[str]) -> None:
    found = derived(f"""
        parameters: {{W: [3,4], x: 4, t: scalar, r: 4}}
        targets: {{y: 4}}
        equations: ["z[i] = where({condition}, sum(W[j,i]*x[i], j), 0)", "C = sum(z[i]**2, i)"]
    """)
    partial = next(s.result.lhs for s in found.of("partial", "z") if s.result.lhs.by.key == "W")
    assert {e.key for e in partial.held} == held


def test_a_partial_that_leaves_out_what_a_condition_asks_about_is_refused() -> None:
    found = derived("""
        parameters: {x: 4, t: scalar, r: 4}
        equations: ["z[i] = where(x[i] > t, r[i]*x[i], 0)", "C = sum(z[i]**2, i)"]
    """)

    def silent(step: Step) -> Step:
        if step.section != "partial" or step.about != "z":
            return step
        lhs = step.result.lhs
        return replace(step, result=Equation(Partial(lhs.of, lhs.by, *(h for h in lhs.held if h.key != "t")), step.result.rhs))

    damaged = replace(found, steps=tuple(map(silent, found.steps)))
    assert all(check.ok for check in verify.check(found, ("index",)))
    assert {c.how for c in verify.check(damaged, ("index",)) if not c.ok} == {"what is held constant is not said"}


def test_a_constant_exponent_has_a_slope_at_zero() -> None:
    found = derived('parameters: {x: 3}\nconstants: {n: scalar}\nequations: ["z[i] = x[i]**n", "C = sum(z[i], i)"]')
    assert line(found, "differential", "z") == "dz_i = n x_i^{n - 1} dx_i"
    gradient = found.gradients["x"].rhs
    assert not any(n.is_Pow and n.exp == -1 for n in nodes(gradient))


# --- ranges and places --------------------------------------------------------------------------------------------------------


def test_a_sum_over_a_part_of_an_axis_says_so_in_each_term() -> None:
    found = derived(KINDS["a difference"])
    assert line(found, "forward", "s") == "s = Σ_{k=0}^3 (x_{k+1} - x_k)"
    assert line(found, "differential", "s") == "ds = Σ_{k=0}^3 dx_{k+1} - Σ_{k=0}^3 dx_k"
    assert TextPrinter(found.system).equation(found.of("forward", "s")[0].result)[1] == "Σ_{k=0}^{3} (x[k+1] − x[k])"


def test_a_sum_over_a_whole_axis_does_not() -> None:
    found = derived(KINDS["a convolution"])
    assert line(found, "forward", "z") == "z_i = Σ_p w_p x_{2i+p}"
    assert line(found, "gradient", "x") == (r"∂C/∂x_j = Σ_{\substack{i\\0 \le j - 2i \le 2}} ∂C/∂z_i w_{j-2i}")


def test_a_free_index_of_a_part_of_an_axis_is_said_behind_the_line() -> None:
    found = derived(KINDS["differences"])
    assert line(found, "forward", "y") == r"y_i = x_{i+1} - x_i \quad (0 \le i \le 3)"
    assert TextPrinter(found.system).equation(found.of("forward", "y")[0].result)[1] == "x[i+1] − x[i]   (0 ≤ i ≤ 3)"
    assert "quad" not in line(found, "gradient", "y")


def test_a_range_and_the_conditions_of_a_sum_stand_together() -> None:
    found = derived(KINDS["an autocorrelation"])
    assert line(found, "gradient", "a").startswith(
        r"∂C/∂a_j = Σ_{\substack{k\\0 \le k \le 2\\0 \le j - k \le 2}} ∂C/∂z_{j-k} a_k"
    )


@pytest.mark.parametrize(
    ("equation", "more", "printed_from_1"),
    [
        ("z[i] = sum(w[p]*x[i+p], p)", "w: 3, x: 5", "z_i = Σ_p w_p x_{i+p-1}"),
        ("z[i] = sum(w[p]*x[2*i+p], p)", "w: 3, x: 7", "z_i = Σ_p w_p x_{2i+p-2}"),
        ("z[i] = x[4-i]", "x: 5", "z_i = x_{6-i}"),
        ("z[i] = x[i+1]-x[i]", "x: 5", r"z_i = x_{i+1} - x_i \quad (1 \le i \le 4)"),
        ("z[i] = y[i]*x[0]", "x: 5, y: 3", "z_i = y_i x_1"),
        ("z[i] = sum(x[k+1]*y[i], k)", "x: 5, y: 3", "z_i = Σ_{k=1}^4 x_{k+1} y_i"),
    ],
)
def test_places_are_counted_from_where_the_spec_says(equation: str, more: str, printed_from_1: str) -> None:
    text = f'parameters: {{{more}}}\nequations: ["{equation}", "C = sum(z[i]**2, i)"]\n'
    one = derived(f"count_from: 1\n{text}")
    assert line(one, "forward", "z") == printed_from_1
    assert derived(text).system.first_index == derived(f"count_from: 0\n{text}").system.first_index == 0


def test_conditions_are_counted_like_the_places() -> None:
    found = derived('count_from: 1\nparameters: {w: 3, x: 5}\nequations: ["z[i] = sum(w[p]*x[i+p], p)", "C = sum(z[i]**2, i)"]')
    assert line(found, "gradient", "x") == (r"∂C/∂x_j = Σ_{\substack{p\\1 \le j + 1 - p \le 3}} ∂C/∂z_{j+1-p} w_p")
    single = derived('count_from: 1\nparameters: {x: 3}\nequations: ["C = x[0]*x[2]"]')
    assert line(single, "gradient", "x") == "∂C/∂x_j = x_3 [ j=1 ] + x_1 [ j=3 ]"


@pytest.mark.parametrize(
    ("language", "said"), [("en", "entries are counted from $0$"), ("de", "Einträge sind von $0$ an gezählt")]
)
def test_a_sheet_says_once_from_where_it_counts(language: str, said: str) -> None:
    found = api.loads(f"title: t\nview: index\nlanguage: {language}\n{KINDS['differences']}")
    assert api.tex(api.sheet(found)).count(said) == 1
    plain = api.loads(f"title: t\nview: index\nlanguage: {language}\n{dedent(KINDS['an absolute value'])}")
    assert "counted from" not in api.tex(api.sheet(plain)) and "an gezählt" not in api.tex(api.sheet(plain))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("sum(dC/dz[i]*x[i+p-1], i)", True),
        ("dC/dz[1]*x[p] + dC/dz[2]*x[p+1] + dC/dz[3]*x[p+2]", True),
        ("sum(dC/dz[i]*x[p + i - 1], i)", True),
        ("sum(dC/dz[i]*x[i], i)", False),
    ],
)
def test_an_answer_counts_as_the_sheet_does(text: str, right: bool) -> None:
    found = derived(
        'count_from: 1\nparameters: {w: 3}\ninputs: {x: 5}\nequations: ["z[i] = sum(w[p]*x[i+p], p)", "C = sum(z[i]**2, i)"]'
    )
    assert judge(found, "dC/dw", text).ok == right


def test_the_range_of_an_entry_stands_behind_its_formula_and_not_behind_the_numbers() -> None:
    found = api.loads(f"title: t\nview: matrix\n{KINDS['differences']}")
    tex = api.tex(api.sheet(found))
    said = r"\dsvalue{y_{i} = x_{i+1} - x_{i} \quad (0 \le i \le 3),\quad \allowbreak y \allowbreak = \begin{pmatrix}"
    assert tex[tex.index(said) :].split("\n")[0].endswith(r"\end{pmatrix}^{\top}}")


def test_a_terminal_says_once_from_where_it_counts() -> None:
    assert api.show(derived(KINDS["differences"])).startswith("Entries are counted from 0.\n\n")
    assert "counted" not in api.show(derived(KINDS["an absolute value"]))


# --- the normal form ----------------------------------------------------------------------------------------------------------

J, K, M = Index("j", 3), Index("k", 3), Index("m", 3)


def v(*at: object) -> Entry:
    return Entry.of("v", *at)


def test_a_sum_in_a_sum_gets_a_letter_that_the_line_has_already() -> None:
    inner = total(v(J, K), K)
    found = Alphabet().line(Equation(v(K), add(total(v(J), J), mul(v(K), power(inner, 2)))))
    assert "k" not in {i.name for n in nodes(found.rhs) if isinstance(n, Total) for i in n.indices}


def test_equal_parts_stay_equal() -> None:
    a, b = total(mul(v(J, K), v(K)), K), total(mul(v(K, J), v(K)), K)
    larger = Where(add(a, mul(-1, b)), a, b)
    found = Alphabet().line(Equation(Entry.of("C"), total(mul(v(K), rename(larger, {J: K})), K)))
    where = next(n for n in nodes(found.rhs) if isinstance(n, Where))
    assert where.args[0] == add(where.args[1], mul(-1, where.args[2]))


def test_two_ranges_share_a_letter_only_where_the_author_has_it_so() -> None:
    long = Index("k", 5)
    both = Equation(Entry.of("C"), add(total(v(K), K), total(Entry.of("u", long), long)))
    assert Alphabet(own=frozenset({K, long})).line(both) == both
    names = [i.name for n in nodes(Alphabet().line(both).rhs) if isinstance(n, Total) for i in n.indices]
    assert len(set(names)) == 2


def test_two_free_indices_of_one_letter_are_told_apart() -> None:
    other = Index("j", 5)
    found = Alphabet().line(Equation(Partial(v(J), Entry.of("u", other)), Entry.of("w", J, other)))
    assert len({i.name for i in found.lhs.by.indices + found.lhs.of.indices}) == 2
    assert found.rhs == Entry.of("w", *found.lhs.of.indices, *found.lhs.by.indices)


def test_a_clear_line_stays_as_it_is() -> None:
    clear = Equation(Differential(v(J)), add(total(mul(v(J, K), v(K)), K), total(v(K), K), S.One))
    assert Alphabet().line(clear) == clear


def test_letters_run_out_into_other_letters_and_these_into_numbers() -> None:
    assert letter_for("k", set("ijkmpqrstuvh")) == "a"
    assert letter_for("k", set("ijkmpqrstuvhabco")) == "g"
    assert letter_for("k", set("ijkmpqrstuvhabcgowxyz")) == "k1"
    assert letter_for("k", {*"ijkmpqrstuvhabcgowxyz", "k1"}) == "k2"


# --- drawn --------------------------------------------------------------------------------------------------------------------

NAMES = st.permutations(list("ijkmpqrstuvhxyzwacgn"))
SIZES = st.permutations([2, 3, 4, 5])

MATRIX_LINES = (
    "{z} = softmax({W} @ {x})",
    "{z} = softmax(({x} @ {x})*{y})",
    "{z} = ({x} @ {x})*{y}*({y} @ {y})",
    "{z} = abs({W} @ {x})*{y}",
    "{z} = max({W} @ {x}, {y})",
    "{z} = {W} @ {x} - logsumexp({W} @ {x})",
    "{z} = {W}.T @ softmax({W} @ {x})",
    "{z} = softmax({y})/(1 + ({x} @ {x})**2)",
    "{z} = norm({W} @ {x})*{y}",
    "{z} = exp({y}*mean({x}))*sum({W} @ {x})",
    "{z} = sigmoid({W} @ {x})*({W} @ {x})",
    "{z} = {y} - mean({y})*sum({y}*{y})",
)
INDEX_LINES = (
    "{z}[{a}] = sum({W}[{a},{b}]*{x}[{b}], {b})*sum({W}[{a},{b}], {b})",
    "{z}[{a}] = {y}[{a}]*sum({x}[{b}+1]-{x}[{b}], {b})",
    "{z}[{a}] = sum({x}[{b}]*{x}[{b}+1], {b})*{x}[0]*{y}[{a}]",
    "{z}[{a}] = sum({W}[{a},{b}]*sum({W}[{c},{b}]*{y}[{c}], {c}), {b})",
    "{z}[{a}] = where(sum({W}[{a},{b}]*{x}[{b}], {b}) > {y}[{a}], sum({x}[{b}]**2, {b}), {y}[{a}])",
    "{z}[{a}] = {y}[{a}]*{W}[{a},1]",
    "{z}[{a}] = softmax(sum({W}[{a},{b}]*{x}[{b}], {b}), {a})*{s}",
)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_letter_means_one_thing_whatever_the_names(data: st.DataObject) -> None:
    z, x, y, s, a, b, c, *_ = data.draw(NAMES)
    rows, columns, *_ = data.draw(SIZES)
    pattern = data.draw(st.sampled_from([*MATRIX_LINES, *INDEX_LINES]))
    W = data.draw(st.sampled_from("WKA"))
    first = pattern.format(z=z, x=x, y=y, s=s, a=a, b=b, c=c, W=W)
    text = f"""
        title: t
        parameters: {{{W}: [{rows}, {columns}], {x}: {columns}, {y}: {rows}, {s}: scalar}}
        count_from: {data.draw(st.sampled_from([0, 1]))}
        equations: ["{first}", "C = sum({z}*{z})*{s}"]
    """
    found = differentiated(network.build(spec.loads(dedent(text))))
    assert read(found, "index", "matrix") == []
