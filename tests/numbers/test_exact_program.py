"""Passes on single numbers: exact, and the same as those on arrays."""

from __future__ import annotations

import gc
from fractions import Fraction

import numpy as np
import pytest
from specs import ALL, CHAIN, dense, derived

from derive.checks import verify
from derive.expressions.system import cotangent, lhs_of
from derive.numbers import evaluate, exact_program
from derive.numbers.exact_numbers import as_exact, power

RATIONAL = dense((2, "relu"), (1, "identity"), loss="half_squared_error", width=2)


@pytest.mark.parametrize("name", ALL)
def test_every_entry_is_what_the_array_says(name: str) -> None:
    """The two evaluations share no code; indices that repeat, strides, kinks and bounds included."""
    found = derived(ALL[name])
    program = exact_program.compiled(found)
    assert program is not None
    values = verify.random_point(found.system, np.random.default_rng(5))
    for seed in found.seeds:
        values[cotangent(seed)] = np.ones(found.system.tensors[seed].shape)
    slots = program.start({k: v for k, v in values.items() if k in found.system.tensors})
    assert exact_program.run(program.forward, slots) and exact_program.run(program.backward, slots)
    values = evaluate.run(found.system, values)
    for equation in found.gradients.values():
        values[lhs_of(equation).key] = evaluate.evaluate(equation.rhs, values, lhs_of(equation).indices)
    for key in program.places:
        ours = program.array(slots, key).astype(float)
        assert np.allclose(ours, values[key], rtol=1e-9, atol=1e-12), key


def test_rational_equations_stay_rational() -> None:
    found = derived(RATIONAL)
    program = exact_program.compiled(found)
    assert program is not None
    third = Fraction(1, 3)
    start = {
        "x": np.array([third, 2], dtype=object),
        "W.1": np.array([[third, 1], [1, Fraction(-3)]], dtype=object),
        "b.1": np.array([0, third], dtype=object),
        "W.2": np.array([[Fraction(1, 7), 5]], dtype=object),
        "b.2": np.array([1], dtype=object),
        "y": np.array([0], dtype=object),
    }
    slots = program.start(start)
    assert exact_program.run(program.forward, slots) and exact_program.run(program.backward, slots)
    z = third * third + 2
    out = z / 7 + 1
    assert program.array(slots, "z.1").tolist() == [z, third - 6 + third]
    assert program.array(slots, "z.2").tolist() == [out]
    assert program.array(slots, "C")[()] == out**2 / 2
    assert program.array(slots, "bar W.1").tolist() == [[out / 7 * third, out / 7 * 2], [0, 0]]


def test_a_pass_that_does_not_exist_is_said_to_be_none() -> None:
    found = derived("title: t\nequations: ['C = log(w) + 1/w']\nparameters: {w: scalar}\n")
    program = exact_program.compiled(found)
    assert program is not None
    for w, exists in ((2, True), (0, False), (-1, False)):
        assert exact_program.run(program.forward, program.start({"w": np.array(w, dtype=object)})) is exists


def test_numbers_do_not_grow_without_bound() -> None:
    found = derived("title: t\nequations: ['a = w**1000', 'C = a**1000']\nparameters: {w: scalar}\n")
    program = exact_program.compiled(found)
    assert program is not None
    assert not exact_program.run(program.forward, program.start({"w": np.array(Fraction(3, 2), dtype=object)}))
    assert power(Fraction(9, 4), Fraction(1, 2)) == Fraction(3, 2)
    assert isinstance(power(2, Fraction(1, 2)), float)
    assert power(2, -3) == Fraction(1, 8)


def test_what_is_too_large_is_not_unrolled() -> None:
    assert exact_program.compiled(derived(dense((300, "relu"), (1, "identity"), loss="squared_error", width=200))) is None


def test_a_program_is_kept_as_long_as_its_derivation() -> None:
    from derive.notation.index_letters import differentiated

    found = differentiated(derived(CHAIN).system)
    assert exact_program.compiled(found) is exact_program.compiled(found)
    calls: list[int] = []
    counted = exact_program.once(lambda d: calls.append(len(d.steps)))
    counted(found)
    counted(found)
    assert len(calls) == 1
    del found
    gc.collect()
    counted(derived(CHAIN))
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("value", "meant"),
    [(0.1, Fraction(1, 10)), (1 / 3, Fraction(1, 3)), (2.0, 2), (Fraction(4, 2), 2), (1e-5, Fraction(1, 100_000))],
)
def test_a_float_is_what_was_meant(value: float, meant: Fraction | int) -> None:
    assert as_exact(value) == meant
