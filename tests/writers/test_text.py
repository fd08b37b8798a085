"""The steps in a terminal, and the printer of plain text beneath them."""

from __future__ import annotations

from pathlib import Path

import pytest
import specs
from specs import ALL, CHAIN, CLASSIFIER, CONVOLUTION, LAYER_NORM, derived

from derive.errors import ViewError
from derive.expressions.language import parse_equation
from derive.expressions.system import System, Tensor
from derive.expressions.views import View
from derive.notation import views
from derive.notation.array_expressions import ArrayEquation
from derive.notation.emitters.names import spelt
from derive.notation.emitters.plain_text import Printer
from derive.writers.text import HEADINGS, show, width

GOLDEN = Path(__file__).parent.parent / "golden"

SHOWN: dict[str, tuple[str, str, str, bool]] = {
    "show-chain": (CHAIN, "scalar", "relative", True),
    "show-classifier": (CLASSIFIER, "matrix", "absolute", False),
    "show-layer-norm": (LAYER_NORM, "index", "absolute", False),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_steps_read_like_this(name: str, rewrite_golden: bool) -> None:
    text, view, labels, scalar = SHOWN[name]
    found = show(derived(text, scalar=scalar), view, labels)
    path = GOLDEN / f"{name}.txt"
    if rewrite_golden:
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


COUNTED = "Entries are counted from 0.\n\n"


@pytest.mark.parametrize("view", ["index", "matrix"])
@pytest.mark.parametrize("name", ALL)
def test_every_step_is_one_line_under_its_heading(name: str, view: str) -> None:
    found = derived(ALL[name])
    blocks = show(found, view).removeprefix(COUNTED).split("\n\n")
    titles = [block.split("\n")[0] for block in blocks]
    assert titles == [heading for heading, sections in HEADINGS if any(s.section in sections for s in found.steps)]
    for block, (_, sections) in zip(blocks, HEADINGS, strict=True):
        lines = block.rstrip("\n").split("\n")[2:]
        given = sum(1 for line in lines if line.endswith("given from outside"))
        here = [s.section for s in found.steps if s.section in sections]
        # a line in which the changes stand last from the beginning is not said twice
        assert len(here) - here.count("arranged") <= len(lines) - given <= len(here)
        assert all(" = " in line for line in lines if not line.endswith("given from outside"))


def test_the_product_rule_under_a_sum() -> None:
    found = derived(specs.dense((2, "sigmoid"), loss="squared_error")).of("differential", "z.1")[0]
    lhs, rhs = Printer(derived(specs.dense((2, "sigmoid"), loss="squared_error")).system).equation(found.result)
    assert f"{lhs} = {rhs}" == "dz¹[j] = Σ_k (dw¹[j,k] x[k] + w¹[j,k] dx[k]) + db¹[j]"


def test_rules_stand_in_one_column() -> None:
    lines = [line for line in show(derived(CHAIN, scalar=True)).split("\n\n")[0].split("\n")[2:] if line]
    places = {width(line[: line.index("definition")]) for line in lines}
    assert len(places) == 1


def test_what_is_set_to_zero_is_said() -> None:
    text = show(derived(CHAIN, scalar=True))
    line = next(line for line in text.split("\n") if line.startswith("dz² = dw² a¹ ") and "partial" in line)
    assert line.endswith("partial derivative: db² = 0, da¹ = 0")


def test_labels_count_from_the_top_where_asked() -> None:
    text = show(derived(CHAIN, scalar=True), labels="relative")
    assert "δᴸ⁻¹ = (∂C/∂aᴸ⁻¹) σ′(zᴸ⁻¹)" in text
    assert "¹[" not in text and "w²" not in text


def test_a_cotangent_from_outside_is_said_to_be_given() -> None:
    assert "∂C/∂y: given from outside" in show(derived(LAYER_NORM))
    assert "given from outside" not in show(derived(CLASSIFIER))


def test_an_unknown_view_says_which_there_are() -> None:
    with pytest.raises(ViewError, match="unknown view `matrx`") as caught:
        show(derived(CHAIN), "matrx")
    assert "`matrix`" in caught.value.hint
    with pytest.raises(ViewError, match="unknown labels"):
        show(derived(CHAIN), labels="none")


# --- the printer --------------------------------------------------------------------------------------------------------------

SHAPES = {"a": (3,), "b": (3,), "A": (3, 3), "B": (3, 3), "c": (), "d": (), "x_hat": (3,), "theta": (), "h2": ()}

LINES = {
    "z = a[0]*(c - d)": "z = a[0] (c − d)",
    "z = c*(d - c) - (d - c)*d": "z = c (d − c) − (d − c) d",
    "z = -c*d": "z = −c d",
    "z = (c + d)**2/(c*d)": "z = (c + d)²/(c d)",
    "z = c/d/2": "z = c/(2 d)",
    "z = 3/4*c": "z = 3/4 c",
    "z = sqrt(c + 1)/sqrt(d)": "z = √(c + 1)/√d",
    "z = c**(3/2)": "z = c^(3/2)",
    "z = c**-2": "z = 1/c²",
    "z = (-c)**2": "z = (−c)²",
    "z = 1/2*sum((a[j] - b[j])**2, j)": "z = 1/2 Σ_j (a[j] − b[j])²",
    "z = -sum(a[j]*log(b[j]), j) + c": "z = −Σ_j a[j] log(b[j]) + c",
    "z = c*sum(a[j] + b[j], j)": "z = c Σ_j (a[j] + b[j])",
    "z = sum(a[j], j)*c": "z = (Σ_j a[j]) c",
    "z[j] = max(0, 1 - a[j])": "z[j] = max(0, 1 − a[j])",
    "z[j] = abs(a[j])*where(a[j] > b[j], c, d)": "z[j] = |a[j]| (c if a[j] > b[j], else d)",
    "z[j] = exp(x_hat[j])*theta*h2": "z[j] = exp(x̂[j]) θ h2",
    "z[j] = sigmoid(a[j])**2": "z[j] = σ(a[j])²",
    "z[i] = sum(b[p]*a[i+p], p)": "z[i] = Σ_p b[p] a[i+p]",
}

ARRAYS = {
    "z = A @ a + b": "z = A a + b",
    "z = A.T @ (a - b)": "z = Aᵀ (a − b)",
    "z = a.T @ A @ b": "z = aᵀ A b",
    "z = (A + B) @ a": "z = (A + B) a",
    "z = a * b": "z = a ⊙ b",
    "z = A @ (a * b)": "z = A (a ⊙ b)",
    "z = a / b": "z = a ⊘ b",
    "z = c*(a + b)": "z = c (a + b)",
    "z = sum((a - b)**2)": "z = ‖a − b‖²",
    "z = -tanh(A @ a)": "z = −tanh(A a)",
    "z = softmax(a)": "z = softmax(a)",
}


def line(text: str, view: View) -> str:
    """An equation, read and printed."""
    equation, shape = parse_equation(text, SHAPES, {"sigmoid", "tanh"}, {})
    tensors = {key: Tensor(key, s, "input", key) for key, s in SHAPES.items()} | {"z": Tensor("z", shape, "intermediate", "z")}
    system = System(tensors, (equation,))
    shown = views.shown(equation, view, system)
    assert isinstance(shown, ArrayEquation) == (view == "matrix")
    return " = ".join(Printer(system).equation(shown))


@pytest.mark.parametrize("text", LINES)
def test_indexed_scalars(text: str) -> None:
    assert line(text, "index") == LINES[text]


@pytest.mark.parametrize("text", ARRAYS)
def test_arrays(text: str) -> None:
    assert line(text, "matrix") == ARRAYS[text]


def test_places_that_are_solved_for_keep_their_condition() -> None:
    text = show(derived(CONVOLUTION))
    assert "w[j−2i] [0 ≤ j − 2 i ≤ 2]" in text
    assert "[j = 1]" in show(derived(specs.FIRST_ENTRY))


NAMES = {"alpha": "α", "h_prev": "h_prev", "W_q": "W_q", "mu_hat": "μ̂", "x_prime": "x′", "lam": "λ"}


@pytest.mark.parametrize("name", NAMES)
def test_names_as_a_person_writes_them(name: str) -> None:
    assert spelt(name) == NAMES[name]
