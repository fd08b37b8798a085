"""Whatever the spec: all checks pass, gradients have the parameter's shape, the work is linear, and the LaTeX is clean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from specs import built, printed

from derive.calculus.steps import Derivation
from derive.checks import verify
from derive.expressions.nodes import Entry, Index
from derive.expressions.system import cotangent
from derive.network import catalogue
from derive.notation.index_letters import differentiated
from derive.notation.views import View

UGLY = re.compile(
    r"\+ -|- -|--|\+ \+|\+ *$|= *$|(?<![\d.}^_{,-])\b1\\,(?=[a-zA-Z\\])(?!\\mathbf)|(?<!\d)1\\mathrm"
    r"|\{\}|\(\)|\\left\(\\right\)|\\frac\{-[\w\\,]*\}|\^\{1\}|None|\\,\\,|\\, *$"
)
"""What no line may contain: two signs in a row, a factor 1, an empty group, a fraction that carries its sign inside."""


def sound(found: Derivation, shown_in: Sequence[View], steps: int) -> None:
    """Everything that holds of any derivation."""
    system = found.system
    checks = verify.check(found, shown_in)
    assert [c for c in checks if not c.ok] == []
    for key, equation in found.gradients.items():
        lhs = equation.lhs
        assert isinstance(lhs, Entry) and lhs.key == cotangent(key)
        assert tuple(i.size for i in lhs.indices if isinstance(i, Index)) == system.tensors[key].shape
    assert len(found.steps) <= steps
    for step in found.steps:
        for view in shown_in:
            text = printed(step.result, view, system)
            assert not UGLY.search(text), text
            for left, right in (("{", "}"), ("(", ")"), (r"\left", r"\right"), (r"\begin", r"\end")):
                closed = text.replace(r"\leftarrow", "").replace(r"\left.", r"\left").replace(r"\le ", "")
                assert closed.count(left) == closed.count(right), text


# --- networks -----------------------------------------------------------------------------------------------------------------

ACTIVATIONS = sorted(catalogue.activations())
LOSSES = {
    "cross_entropy": ["softmax"],
    "binary_cross_entropy": ["sigmoid"],
    **dict.fromkeys(("squared_error", "half_squared_error", "mean_squared_error", "hinge", "huber"), ACTIVATIONS),
    "cross_entropy_logits": ["identity", "tanh"],
}


@st.composite
def networks(draw: st.DrawFn) -> str:
    """Dense layers of any width, with skip connections, shared parameters, lone activations, and a loss."""
    width = draw(st.integers(1, 4))
    sizes = {"x": width}
    kinds: dict[str, tuple[int, int]] = {}
    lines, name, size = [], "x", width
    for number in range(draw(st.integers(1, 4))):
        new = f"layer{number}"
        same = [k for k in sizes if sizes[k] == size and k != name]
        twins = [k for k in kinds if kinds[k] == (size, size)]
        able = ["dense"] * 3 + ["activation"] + ["add"] * bool(same) + ["share"] * bool(twins)
        kind = draw(st.sampled_from(able))
        activation = draw(st.sampled_from(ACTIVATIONS))
        if kind == "dense":
            units = draw(st.one_of(st.just(size), st.integers(1, 4)))
            bias = draw(st.sampled_from(["", ", bias: false"]))
            lines.append(f"dense: {{name: {new}, units: {units}, activation: {activation}{bias}}}")
            kinds[new], size = (size, units), units
        elif kind == "share":
            twin = draw(st.sampled_from(twins))
            lines.append(f"dense: {{name: {new}, units: {size}, activation: {activation}, share: {twin}}}")
        elif kind == "add":
            lines.append(f"add: {{name: {new}, from: [{name}, {draw(st.sampled_from(same))}]}}")
        else:
            lines.append(f"activation: {{name: {new}, function: {activation}}}")
        sizes[new], name = size, new
    loss = draw(st.sampled_from(sorted(LOSSES)))
    lines.append(f"dense: {{units: {draw(st.integers(1, 3))}, activation: {draw(st.sampled_from(LOSSES[loss]))}}}")
    convention = draw(st.sampled_from(["row", "column"]))
    layers = "".join(f"    - {line}\n" for line in lines)
    return f"title: any\nconvention: {convention}\nnetwork:\n  input: {{x: {width}}}\n  layers:\n{layers}  loss: {loss}\n"


@given(text=networks())
def test_any_network(text: str) -> None:
    found = differentiated(built(text))
    sound(found, ("index", "matrix"), 16 * len(found.system.equations))
    assert set(found.parameter_gradients) == {t.key for t in found.system.parameters}


@given(text=networks(), examples=st.integers(1, 4), last=st.booleans())
def test_any_network_over_a_mini_batch(text: str, examples: int, last: bool) -> None:
    found = differentiated(built(text, examples, last))
    sound(found, ("index", "matrix", "batch"), 16 * len(found.system.equations))


# --- equations ----------------------------------------------------------------------------------------------------------------

LETTERS = "ijkm"
UNARY = ["tanh({})", "sigmoid({})", "sin({})", "exp(sin({}))", "log(1 + ({})**2)"]
UNARY += ["sqrt(2 + ({})**2)", "({})**2", "max({}, 1/3)", "-({})"]


@st.composite
def expressions(draw: st.DrawFn, ranks: dict[str, int], free: str, depth: int) -> str:
    """A right-hand side with the free indices `free`, out of tensors of these ranks; every size is 3."""
    kinds = ["entry"] if depth == 0 else ["entry", "entry", "unary", "product", "product", "plus", "minus", "quotient", "sum"]
    kind = draw(st.sampled_from(kinds))

    def part(letters: str = free) -> str:
        found: str = draw(expressions(ranks, letters, depth - 1))
        return found

    if kind == "unary":
        return draw(st.sampled_from(UNARY)).format(part())
    if kind == "product":
        return f"({part()})*({part()})"
    if kind in ("plus", "minus"):
        return f"({part()}) {'+' if kind == 'plus' else '-'} ({part()})"
    if kind == "quotient":
        return f"({part()})/(2 + ({part()})**2)"
    new = next((letter for letter in LETTERS if letter not in free), None)
    if kind == "sum" and new is not None:
        return f"sum({draw(entries(ranks, free + new, new))}*({part(free + new)}), {new})"
    return draw(entries(ranks, free, ""))


@st.composite
def entries(draw: st.DrawFn, ranks: dict[str, int], free: str, wanted: str) -> str:
    """One entry, with the index `wanted` in it, or a number."""
    able = [k for k, rank in ranks.items() if (rank > 0 and free) or (rank == 0 and not wanted)]
    if not able or (not wanted and draw(st.integers(0, 9)) == 0):
        return str(draw(st.integers(1, 3)))
    key = draw(st.sampled_from(able))
    letters = [draw(st.sampled_from(free)) for _ in range(ranks[key])]
    if wanted and wanted not in letters:
        letters[draw(st.integers(0, len(letters) - 1))] = wanted
    return f"{key}[{','.join(letters)}]" if letters else key


@st.composite
def systems(draw: st.DrawFn) -> str:
    """A few lines, each of which may use those above, and a cost that depends on the last."""
    ranks = {"u": 1, "v": 1, "W": 2, "c": 0, "A": 2}
    lines = []
    for name in draw(st.sampled_from([["p"], ["p", "q"], ["p", "q", "r"]])):
        rank = draw(st.integers(0, 2))
        free = LETTERS[:rank]
        rhs = draw(expressions(ranks, free, draw(st.integers(1, 3))))
        lines.append(f"{name}{f'[{chr(44).join(free)}]' if free else ''} = {rhs}")
        ranks[name] = rank
    last = f"{name}{f'[{chr(44).join(free)}]' if free else ''}"
    lines.append(f"C = sum({last}**2, {', '.join(free)})" if free else f"C = {last}**2")
    equations = "".join(f"  - {line}\n" for line in lines)
    head = "title: any\ninputs: {u: 3}\nparameters: {v: 3, W: [3, 3], c: scalar, A: [3, 3]}\nsizes: {i: 3, j: 3, k: 3, m: 3}\n"
    return f"{head}equations:\n{equations}"


@given(text=systems())
def test_any_equations(text: str) -> None:
    found = differentiated(built(text))
    sound(found, ("index", "matrix"), 60 * len(found.system.equations))
