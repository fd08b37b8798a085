"""The numbers of a pass: drawn from a seed, exact where they can be, and fit for homework."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from autograd import grad
from autograd import numpy as anp
from hypothesis import given
from hypothesis import strategies as st
from specs import ALL

from derive import api
from derive.calculus.steps import Derivation
from derive.errors import CheckFailed, SpecError
from derive.numbers import draw, exact_program
from derive.spec import Spec

RELU = """
title: two rectified layers
network:
  input: {x: 1}
  layers:
    - dense: {units: 1, activation: relu}
    - dense: {units: 1}
  loss: half_squared_error
"""


@lru_cache(maxsize=64)
def case(name: str, numbers: str | None, **more: Any) -> tuple[Spec, Derivation]:
    found = api.load(api.examples()[name]) if name in api.examples() else api.loads(name)
    found = found.model_copy(update={"numbers": numbers, "values": {}, **more})
    return found, api.derive(found)


SOME = ["single-neuron", "chain", "wide-layer", "mlp", "classifier", "mini-batch", "residual", "own-layer"]
PINNED = {"x": 2.0, "W.1": -0.5, "b.1": 0.0, "W.2": 1.5, "b.2": 0.5, "W.3": 1.5, "b.3": -0.5, "y": 0.0}
STYLES = ["integers", "fractions", "decimals"]


@pytest.mark.parametrize(
    ("numbers", "handed", "signature"),
    [
        ("integers", ("-2", "4", "9", "1"), "defd442dd962bea7"),
        ("fractions", ("2/3", "4/3", "1", "3/4"), "6d8555b6608c5df9"),
        ("decimals", ("3/5", "9/5", "-13/10", "1/2"), "1c50c51208872225"),
    ],
)
def test_a_seed_gives_the_numbers_that_it_always_gave(numbers: str, handed: tuple[str, ...], signature: str) -> None:
    """Homework that was handed out must be had again: whoever changes what is drawn changes the version, too."""
    spec, derivation = case("single-neuron", numbers)
    found = draw.draw(spec, derivation, 7)
    assert tuple(str(found.best(k)[()]) for k in ("w", "a_prev", "b", "y")) == handed
    assert found.signature(derivation.system) == signature
    assert (found.seed, found.attempt, found.style) == (7, 0, numbers)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("numbers", ["fractions", "decimals"])
def test_drawn_numbers_are_fit_for_homework(name: str, numbers: str) -> None:
    spec, derivation = case(name, numbers)
    for seed in range(8):
        found = draw.draw(spec, derivation, seed)
        assert draw.degenerate(derivation, found) == ()
        assert float(found.after[derivation.system.objective or ""]) < float(found.values[derivation.system.objective or ""])


@pytest.mark.parametrize("name", [RELU, "mlp"])
@pytest.mark.parametrize("numbers", STYLES)
def test_a_rational_pass_is_exact_from_the_inputs_to_the_step(name: str, numbers: str) -> None:
    spec, derivation = case(name, numbers)
    for seed in range(6):
        found = draw.draw(spec, derivation, seed)
        numbers_of = [v for part in (found.exact, found.exact_after) for a in part.values() for v in a.flat]
        assert numbers_of and all(isinstance(v, int | Fraction) for v in numbers_of)
        if numbers == "integers":
            whole = [v for k in found.exact for v in found.exact[k].flat if k != derivation.system.objective]
            assert all(Fraction(v).denominator == 1 for v in whole)


def single(found: draw.Pass, key: str, after: bool = False) -> Fraction:
    return Fraction(found.best(key, after).item())


@given(st.integers(0, 2**48 - 1), st.sampled_from(STYLES))
def test_a_two_layer_pass_agrees_with_one_written_by_hand(seed: int, numbers: str) -> None:
    spec, derivation = case(RELU, numbers)
    found = draw.draw(spec, derivation, seed)
    x, y, w1, b1, w2, b2 = (single(found, k) for k in ("x", "y", "W.1", "b.1", "W.2", "b.2"))
    z1 = w1 * x + b1
    a1 = max(z1, Fraction(0))
    delta2 = w2 * a1 + b2 - y
    delta1 = delta2 * w2 * (z1 > 0)
    expected = {"C": delta2**2 / 2, "bar W.2": delta2 * a1, "bar b.2": delta2, "bar W.1": delta1 * x, "bar b.1": delta1}
    assert {k: single(found, k) for k in expected} == expected
    rate = Fraction(found.exact_rate)
    assert single(found, "W.1", after=True) == w1 - rate * delta1 * x
    assert {abs(x), abs(w1), abs(w2)} & {Fraction(0), Fraction(1)} == set() and z1 > 0 and delta2 != 0
    assert abs(w1) != abs(x)


@given(st.integers(0, 2**48 - 1), st.sampled_from(STYLES))
def test_the_gradients_are_those_of_an_independent_program(seed: int, numbers: str) -> None:
    """HIPS autograd on the network written out anew."""
    spec, derivation = case("classifier", numbers)
    found = draw.draw(spec, derivation, seed)

    def cost(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        hidden = anp.tanh(anp.dot(w1, found.values["x"]) + b1)
        scores = anp.dot(w2, hidden) + b2
        return -anp.sum(found.values["y"] * (scores - anp.log(anp.sum(anp.exp(scores)))))

    keys = ["W.1", "b.1", "W.2", "b.2"]
    point = [found.values[k] for k in keys]
    for place, key in enumerate(keys):
        assert np.allclose(grad(cost, place)(*point), found.values[f"bar {key}"], rtol=1e-9, atol=1e-12)
        assert np.allclose(found.after[key], found.values[key] - found.rate * found.values[f"bar {key}"])


def test_attempts_and_seeds_are_different_variants() -> None:
    spec, derivation = case("mlp", "integers")
    drawn = [draw.draw(spec, derivation, seed, attempt) for seed in range(6) for attempt in range(2)]
    assert len({d.signature(derivation.system) for d in drawn}) == 12
    again = draw.draw(spec, derivation, 3, 1)
    assert again.signature(derivation.system) == drawn[7].signature(derivation.system)
    assert {k: v.tolist() for k, v in again.values.items()} == {k: v.tolist() for k, v in drawn[7].values.items()}


def test_given_values_stay_as_they_are_written() -> None:
    spec = api.loads(RELU + "numbers: fractions\nvalues: {x: 1/3, w.2: [[0.25]]}\n")
    derivation = api.derive(spec)
    for seed in (1, 2):
        found = draw.draw(spec, derivation, seed)
        assert found.best("x")[()] == Fraction(1, 3) and found.best("W.2").tolist() == [[Fraction(1, 4)]]
        assert found.given == {"x", "W.2"}
    found = draw.draw(spec, derivation, 1, given={"x": 2.0})
    assert found.best("x").reshape(())[()] == 2 and found.given == {"x"}


def test_the_kind_of_numbers_is_chosen_by_what_stays_exact() -> None:
    assert draw.style_of(*case(RELU, None)) == "integers"
    assert draw.style_of(*case("chain", None)) == "decimals"
    assert draw.style_of(*case(RELU, "fractions")) == "fractions"


def test_a_damaged_number_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, derivation = case(RELU, "integers", title="damaged")
    right = exact_program.Program.array

    def wrong(self: exact_program.Program, slots: list[Any], key: str) -> Any:
        found = right(self, slots, key)
        return found + 1 if key == "bar W.1" else found

    monkeypatch.setattr(exact_program.Program, "array", wrong)
    with pytest.raises(CheckFailed, match=r"dC/dW\.1"):
        draw.draw(spec, derivation, 1)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"x": 2, "W.1": 3, "b.1": -7}, "the unit is dead"),
        ({"x": 2, "W.1": 3, "b.1": -6}, "at the kink"),
        ({"x": 1, "W.1": 3, "b.1": 1}, "x is 1"),
        ({"x": 3, "W.1": -1, "b.1": 7}, "W.1 is -1"),
        ({"x": 3, "W.1": -3, "b.1": 11}, "W.1 and x have the same magnitude"),
        ({"x": 3, "W.1": 2, "b.1": 5, "W.2": 2, "b.2": -7, "y": 15}, "the cost is 0"),
        ({"x": 3, "W.1": 2, "b.1": -5}, "a.1 is 1"),
        ({"x": 4000, "W.1": 2, "b.1": 5}, "is as large as"),
        ({"x": 3, "W.1": 2, "b.1": 0}, "b.1 is 0"),
    ],
)
def test_bad_numbers_are_found(values: dict[str, Any], fault: str) -> None:
    spec, derivation = case(RELU, "integers", learning_rate=Fraction(1, 1000))
    start = {"x": 2, "W.1": 3, "b.1": 5, "W.2": 2, "b.2": -7, "y": 4} | values
    shapes = derivation.system.tensors
    shaped = {k: np.full(shapes[k].shape, v, dtype=object) for k, v in start.items()}
    found = replace(draw.draw(spec, derivation, 1, given=shaped), given=frozenset())
    assert any(fault in f.say for f in draw.degenerate(derivation, found)), draw.degenerate(derivation, found)


def test_saturated_units_are_found_inside_an_expression_too() -> None:
    text = "title: t\nequations: ['C = (sigmoid(w*x + b) - y)**2']\nparameters: {w: scalar, b: scalar}\ninputs: {x: scalar}\n"
    spec = api.loads(text + "targets: {y: scalar}\n")
    derivation = api.derive(spec)
    found = draw.draw(spec, derivation, 1, given={"w": 2, "x": 3, "b": -1, "y": 0})
    assert "sigmoid is saturated at 5" in {f.say for f in draw.degenerate(derivation, found)}


@pytest.mark.parametrize("name", ["trace", "batch-norm", "norm"])
def test_what_is_always_zero_is_no_fault(name: str) -> None:
    """Weights that nothing reads, a gain whose normalised inputs add up to 0, a network without parameters."""
    spec, derivation = case(ALL[name], "decimals")
    assert draw.degenerate(derivation, draw.draw(spec, derivation, 3)) == ()


def test_a_layer_of_rectified_units_shows_both_sides_of_the_kink() -> None:
    """Where all units are on, to forget the slope makes no difference."""
    spec, derivation = case("mlp", "integers")
    for seed in range(6):
        found = draw.draw(spec, derivation, seed)
        for key in ("z.1", "z.2"):
            assert np.any(found.values[key] > 0) and np.any(found.values[key] < 0)
        assert len(set(draw.pattern(derivation, found))) == 2


def test_a_step_is_no_leap() -> None:
    """Lowering the cost by killing every unit is not gradient descent."""
    spec, derivation = case(RELU, "integers")
    for seed in range(10):
        found = draw.draw(spec, derivation, seed)
        assert float(found.after["z.1"].item()) > 0


@pytest.mark.parametrize("name", [*SOME, RELU])
def test_honest_rounding_stays_within_the_proposed_tolerance(name: str) -> None:
    spec, derivation = case(name, "decimals")
    for seed in range(5):
        found = draw.draw(spec, derivation, seed)
        rounded = draw.by_hand(derivation, found)
        for key, values in found.values.items():
            by_hand = rounded.values[key]
            tolerance = draw.tolerance(values, by_hand)
            assert np.max(np.abs(by_hand - values)) <= tolerance
            assert tolerance <= max(2e-3, 0.02 * float(np.max(np.abs(values)))), key


def test_by_hand_rounds_every_line() -> None:
    spec, derivation = case("chain", "decimals")
    found = draw.by_hand(derivation, draw.draw(spec, derivation, 3))
    for values in (*found.exact.values(), *found.exact_after.values()):
        for value in values.flat:
            assert abs(float(value)) < 5e-4 or (Fraction(str(value)) * 10**4).denominator == 1


def test_nearby_tells_chance_from_structure() -> None:
    spec, derivation = case(RELU, "integers")
    found = draw.draw(spec, derivation, 1, given={"x": 2, "W.1": [[3]], "b.1": [5], "W.2": [[2]], "b.2": [-7], "y": [4]})
    moved = draw.nearby(spec, derivation, found)
    assert float(moved.values["bar b.2"].item()) == float(moved.values["bar z.2"].item())
    assert found.values["W.2"].item() == found.values["x"].item()
    assert moved.values["W.2"].item() != moved.values["x"].item()


def test_a_sheet_in_fractions_prints_fractions_and_says_that_they_are_exact() -> None:
    spec, _ = case(RELU, "fractions", view=("scalar",))
    spec = spec.model_copy(update={"seed": 5})
    text = api.tex(api.sheet(spec))
    assert r"\frac{5}{3} \cdot \frac{3}{2} + \frac{1}{4}" in text
    assert r"\left(-\frac{23}{6}\right)" in text
    numbers = text[text.index("Check with numbers") :]
    assert r"\approx" not in numbers.replace(r"marked with \(\approx\)", "").replace(r"$\approx$", "")


def test_a_spec_that_says_nothing_keeps_its_numbers() -> None:
    """The sheets that people have already must not change."""
    spec = api.load(api.examples()["chain"])
    found = draw.work(spec, api.derive(spec))
    assert found is not None and found.style is None and found.seed is None
    assert {k: found.values[k].item() for k in ("x", "W.1", "b.1", "W.2", "b.2", "W.3", "b.3", "y")} == PINNED


def test_an_unknown_kind_of_numbers_is_refused() -> None:
    with pytest.raises(SpecError, match="numbers"):
        api.loads(RELU + "numbers: roman\n")


@pytest.mark.parametrize("seed", range(4))
def test_numbers_at_which_a_norm_has_no_slope_are_not_taken(seed: int) -> None:
    """The biases of a sheet may be 0, and where both are, the norm of them has a value and no gradient."""
    text = "title: t\nview: matrix\nseed: {}\nparameters: {{b: 2, q: 3, c: 3}}\nequations: ['p = norm(b)*q', 'C = mean(p**3)']\n"
    spec = api.loads(text.format(seed))
    found = draw.work(spec, api.derive(spec))
    assert found is not None and np.any(found.values["b"]) and all(np.all(np.isfinite(v)) for v in found.values.values())


@pytest.mark.parametrize("numbers", ["", "numbers: integers\n"])
def test_values_at_which_there_is_no_slope_are_refused_with_their_place(numbers: str) -> None:
    spec = api.loads(f"title: t\nparameters: {{b: 3}}\nvalues: {{b: [0, 0, 0]}}\nequations: ['C = norm(b)']\n{numbers}")
    with pytest.raises(SpecError, match=r"<text>:3:9: with these values the pass.*is not in numbers\n.*norm"):
        draw.work(spec, api.derive(spec))


OVERFLOWS = """
title: t
view: matrix
parameters: {R: [12, 12], u: 12}
equations: ['p = exp(9*R.T @ u)', 'C = mean(p**3)']
"""


def test_a_step_that_overflows_is_not_printed() -> None:
    """The cube of an exponential: after a large step the cost is no number."""
    spec = api.loads(OVERFLOWS)
    found = draw.work(spec, api.derive(spec))
    assert found is not None and np.isfinite(found.after["C"]) and api.tex(api.sheet(spec))


def test_a_learning_rate_with_which_every_step_overflows_is_refused_with_its_place() -> None:
    spec = api.loads(f"{OVERFLOWS}learning_rate: 1000\n")
    with pytest.raises(SpecError, match=r"<text>:6:16: .* one step, is not in numbers\n.*a smaller `learning_rate`"):
        draw.work(spec, api.derive(spec))
