"""To each student numbers of their own: stable, different, and only good ones."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pytest

from derive import api
from derive.calculus.steps import Derivation
from derive.errors import SpecError
from derive.homework.classroom import lint, variants
from derive.homework.classroom.lint import Complaint
from derive.numbers import draw, random_stream
from derive.numbers.draw import Pass
from derive.spec import Spec

NEURON = """
title: t
view: scalar
equations: [z = w*x + b, C = (z - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {x: scalar}
targets: {y: scalar}
"""
NARROW = NEURON + "numbers: integers\nvalues: {x: 3, b: 2, y: -4}\n"


@lru_cache(maxsize=8)
def case(text: str = NEURON) -> tuple[Spec, Derivation]:
    spec = api.loads(text)
    return spec, api.derive(spec)


def accept(student: str, found: Pass) -> Sequence[Complaint]:
    return ()


def roster(count: int) -> dict[str, int]:
    return {f"s{n:03}": random_stream.seed("salt", "sheet", "", f"s{n:03}") for n in range(count)}


def signatures(found: Mapping[str, variants.Variant], derivation: Derivation) -> dict[str, str]:
    return {s: v.found.signature(derivation.system) for s, v in found.items()}


def test_everyone_has_other_numbers_and_can_have_them_again() -> None:
    spec, derivation = case()
    found = variants.assign(spec, derivation, roster(60), accept)
    assert list(found) == list(roster(60))
    assert len(set(signatures(found, derivation).values())) == 60
    for variant in list(found.values())[:5]:
        again = draw.draw(spec, derivation, *random_stream.parse(random_stream.stamp(variant.seed, variant.attempt, "").code))
        assert again.signature(derivation.system) == variant.found.signature(derivation.system)


def test_the_order_of_the_roster_does_not_matter_even_where_numbers_are_scarce() -> None:
    spec, derivation = case(NARROW)
    people = list(roster(8).items())
    first = variants.assign(spec, derivation, dict(people), accept)
    assert any(v.attempt > 0 for v in first.values())  # some wanted the same
    assert len(set(signatures(first, derivation).values())) == 8
    for shuffle in range(4):
        random.Random(shuffle).shuffle(people)
        again = variants.assign(spec, derivation, dict(people), accept)
        assert {s: (v.seed, v.attempt) for s, v in again.items()} == {s: (v.seed, v.attempt) for s, v in first.items()}


def test_a_student_who_leaves_changes_nothing_for_those_with_smaller_seeds() -> None:
    spec, derivation = case(NARROW)
    people = roster(8)
    before = variants.assign(spec, derivation, people, accept)
    for gone in people:
        after = variants.assign(spec, derivation, {s: n for s, n in people.items() if s != gone}, accept)
        for student, variant in after.items():
            if people[student] < people[gone]:
                assert variant.attempt == before[student].attempt


def test_with_many_numbers_nobody_depends_on_anybody() -> None:
    spec, derivation = case()
    people = roster(30)
    together = variants.assign(spec, derivation, people, accept)
    for student in people:
        alone = variants.assign(spec, derivation, {student: people[student]}, accept)
        assert alone[student].attempt == together[student].attempt


def test_what_the_judge_refuses_is_drawn_again() -> None:
    spec, derivation = case()
    people = roster(20)

    def judge(student: str, found: Pass) -> Sequence[Complaint]:
        return [Complaint(student, "1", "near", "is odd")] if found.values["w"].item() < 0 else []

    found = variants.assign(spec, derivation, people, judge)
    assert all(v.found.values["w"].item() > 0 for v in found.values())
    assert {v.attempt for v in found.values()} > {0}


def test_too_few_numbers_are_said_with_their_count() -> None:
    spec, derivation = case(NARROW)
    with pytest.raises(SpecError, match=r"too few different numbers: (\d+) variants were found, and 40 are needed") as error:
        variants.assign(spec, derivation, roster(40), accept)
    assert "values" in error.value.hint


def test_numbers_that_are_never_good_are_said_with_the_reason() -> None:
    spec, derivation = case()

    def judge(student: str, found: Pass) -> Sequence[Complaint]:
        return [Complaint(student, "2b", "near", "the error `sign` is only 0 off")]

    with pytest.raises(SpecError, match=r"no numbers are good enough for s000.*2b: the error `sign` is only 0 off"):
        variants.assign(spec, derivation, roster(1), judge, attempts=5)


def test_where_nothing_is_drawn_everybody_has_the_same_numbers_and_it_is_told() -> None:
    spec, derivation = case(NEURON + "values: {x: 3, b: 2, y: -4, w: 5}\n")
    told: list[str] = []
    found = variants.assign(spec, derivation, roster(3), against_all, warn=told.append)
    assert len(set(signatures(found, derivation).values())) == 1 and {v.attempt for v in found.values()} == {0}
    assert [w.split(":")[0].split(",")[0] for w in told] == ["the spec gives all numbers", "with the numbers given here"]
    assert "dC/dw: the error “sign” comes to the same" in told[1]


def against_all(student: str, found: Pass) -> Sequence[Complaint]:
    """What speaks against each variant, whatever its numbers."""
    say = "the error “sign” comes to the same"
    return [Complaint(student, "bar w", "near", say, "near bar w sign")]


def test_what_speaks_against_all_numbers_is_told_and_held_against_nobody() -> None:
    spec, derivation = case()
    told: list[str] = []
    found = variants.assign(spec, derivation, roster(5), against_all, warn=told.append)
    assert len(set(signatures(found, derivation).values())) == 5
    assert len(told) == 1 and told[0].startswith("whatever numbers are drawn") and "dC/dw: the error “sign”" in told[0]


def test_a_defect_of_some_numbers_is_still_refused_beside_what_speaks_against_all() -> None:
    spec, derivation = case()

    def judge(student: str, found: Pass) -> Sequence[Complaint]:
        odd = [Complaint(student, "bar b", "near", "is odd", "near bar b odd")] if found.values["w"].item() < 0 else []
        return [*against_all(student, found), *odd]

    told: list[str] = []
    found = variants.assign(spec, derivation, roster(20), judge, warn=told.append)
    assert all(v.found.values["w"].item() > 0 for v in found.values()) and "odd" not in "".join(told)


def test_an_answer_that_is_no_number_is_refused_with_whatever_numbers() -> None:
    spec, derivation = case(NEURON + "values: {x: 3, b: 2, y: -4, w: 5}\n")

    def judge(student: str, found: Pass) -> Sequence[Complaint]:
        return lint.one(derivation, student, found, {"bar w": lint.Answer(np.array(np.nan), 0.1)}, {})

    with pytest.raises(SpecError, match=r"1 variant was drawn and refused, mostly since dC/dw: the answer"):
        variants.assign(spec, derivation, roster(2), judge)


def test_a_fixed_variant_is_taken_as_it_is() -> None:
    spec, derivation = case(NARROW)
    people = roster(6)
    free = variants.assign(spec, derivation, people, accept)
    last = max(people, key=lambda s: people[s])
    other = free[min(people, key=lambda s: people[s])]
    fixed = variants.assign(spec, derivation, people, accept, fixed={last: (other.seed, other.attempt)})
    assert (fixed[last].seed, fixed[last].attempt) == (other.seed, other.attempt)
    assert len(set(signatures(fixed, derivation).values())) == 6
