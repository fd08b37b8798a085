"""Every question that a homework can ask is judged: its key is right, and what is wrong is wrong for its reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answers import spoken

from derive import api
from derive.document.model import Task
from derive.errors import SpecError
from derive.expressions.system import primal
from derive.homework import sheet as questions
from derive.homework.classroom import roster
from derive.homework.classroom.assignment import Assignment
from derive.homework.grader import Grader, Verdict
from derive.homework.key import HomeworkKey
from derive.homework.questions.kind import Item
from derive.homework.questions.kinds.partial import held_in
from derive.numbers import draw, random_stream
from derive.spec.homework import KINDS

TEXT = """\
title: Every kind
view: matrix
numbers: decimals
learning_rate: 0.1
network:
  input: {x: 3}
  layers:
    - dense: {units: 2, activation: tanh}
    - dense: {units: 3, activation: softmax}
  loss: cross_entropy
homework:
  questions:
    - differential: [z.1, a.1]
    - partial: {of: z.1}
    - gradient: [W.2, b.2, W.1]
    - shape: [W.1, W.2, b.1]
    - value: [C, z.1, dC/dW.2, delta2]
    - step: [W.2, b.1]
    - find_error: {of: W.1}
    - find_error: {of: b.1, mistake: bias_disappears}
    - choice: [dC/dW.1, dC/dx]
    - ask: {text: "What is `delta2`?", answer: delta2 = p - y}
    - ask: {text: Why?, solution: The slopes cancel.}
    - ask: {text: "And `W.2`?", of: dC/dW.2, points: 3}
"""
SMALL = """\
title: The cost itself
view: scalar
inputs: {x: scalar}
parameters: {w: scalar, v: scalar}
equations: ['C = w**2*x + v*x']
"""
SPECS = ["every kind", "the cost itself", "single-neuron", "chain", "mlp", "mini-batch", "residual", "own-layer"]
CODES = [None, (2**40 + 17, 0), (99, 3)]


@lru_cache(maxsize=16)
def grader(name: str) -> Grader:
    own = {"every kind": TEXT, "the cost itself": SMALL}
    return Grader(api.loads(own[name]) if name in own else api.load(api.examples()[name]))


def key(name: str, code: tuple[int, int] | None) -> HomeworkKey:
    return grader(name)._key(code)


def right(found: HomeworkKey, item: Item) -> Any:
    """The answer, as the solutions have it, typed by a student."""
    sheet, derivation = found.sheet, found.sheet.derivation
    numbers = sheet.numbers
    assert numbers is not None
    if item.kind.numeric:
        return np.asarray(numbers.best(item.key, item.kind.after), dtype=float).tolist()
    if item.kind.name == "shape":
        return "×".join(map(str, derivation.system.tensors[primal(item.key)].shape)) or "scalar"
    if item.kind.name == "held":
        return ", ".join(sheet.words.spelling(held) for held in held_in(item.step))
    if item.kind.name == "choice":
        return f"({item.right['answer'].lower()})"
    if item.kind.name == "ask" and item.step is None:
        return item.right["answer"] or "The slopes cancel."
    if item.kind.name == "find_error":
        return f"{item.right['line']}: {wrong_line(found, item)}"
    assert item.step is not None
    return spoken(item.step.result.rhs, derivation)


def wrong_line(found: HomeworkKey, item: Item) -> str:
    """How the line with the error should read."""
    derivation = found.sheet.derivation
    return spoken(derivation.of("gradient", item.right["key"])[-1].result.rhs, derivation)


def wrong(found: HomeworkKey, item: Item) -> Any:
    answer = right(found, item)
    if item.kind.numeric:
        return (np.asarray(answer) * 1.7 + 0.3).tolist()
    if item.kind.name == "shape":
        return "7×9"
    if item.kind.name == "held":
        return found.sheet.words.spelling(item.step.result.lhs.by.key)  # type: ignore[union-attr]
    if item.kind.name == "choice":
        return item.right["wrong"][0][0]
    if item.kind.name == "find_error":
        return f"{item.right['line'] % item.right['count'] + 1}: {wrong_line(found, item)}*1.5"
    return f"({answer})*1.5" if "=" not in answer else f"{answer} + 1"


def judged(name: str, code: tuple[int, int] | None, answers: Mapping[str, Any]) -> dict[str, Verdict]:
    return {v.target: v for v in grader(name).grade(answers, code, whole=True)}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", SPECS)
def test_the_key_itself_is_right_and_earns_all_points(name: str, code: tuple[int, int] | None) -> None:
    found = key(name, code)
    verdicts = judged(name, code, {item.id: right(found, item) for item in found.items.values()})
    for item in found.items.values():
        verdict = verdicts[item.id]
        if item.kind.name == "ask" and item.step is None and not item.right["answer"]:
            assert (verdict.kind, verdict.points, verdict.out_of) == ("in_words", None, item.points)
            continue
        assert verdict.ok, (item, verdict)
        assert verdict.points == verdict.out_of == item.points
    whole = [item for item in found.items.values() if item.kind.name != "held"]
    by_number = judged(name, code, {f"Question {item.number}": right(found, item) for item in whole})
    assert all(v.ok or v.kind == "in_words" for v in by_number.values() if v.answer)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", SPECS)
def test_what_is_wrong_is_wrong_and_earns_nothing(name: str, code: tuple[int, int] | None) -> None:
    found = key(name, code)
    verdicts = judged(name, code, {item.id: wrong(found, item) for item in found.items.values()})
    for item in found.items.values():
        verdict = verdicts[item.id]
        if verdict.kind == "in_words":
            continue
        assert not verdict.ok and verdict.feedback, (item, verdict)
        if verdict.kind != "follows":
            assert not verdict.points or item.kind.name == "find_error", (item, verdict)
        assert verdict.out_of == item.points


def test_every_kind_is_there() -> None:
    kinds = {item.kind.name for name in SPECS for item in key(name, None).items.values()}
    assert kinds == {*KINDS, "held"}
    whole = grader("every kind")
    numbers = [item.number for item in key("every kind", None).items.values()]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))
    assert whole.grade({"shape W1": "2 by 3"})[0].ok


def test_a_key_is_the_one_of_the_answer_key() -> None:
    """Value and tolerance of each number are those that stand in answers.csv."""
    spec, found = api.loads(TEXT), key("every kind", CODES[1])
    assert found.sheet.numbers is not None
    for one in questions.keys(spec, found.sheet.derivation, found.sheet.numbers):
        assert found.items[one.question].tolerance == one.tolerance
        just, off = one.value + 0.99 * one.tolerance, one.value + 1.01 * one.tolerance
        assert grader("every kind").grade({one.question: just.tolist()}, CODES[1])[0].ok
        assert not grader("every kind").grade({one.question: off.tolist()}, CODES[1])[0].ok


def test_one_tolerance_with_and_without_a_variant() -> None:
    """Of a bare quantity, of a question, and in the key: the same rule."""
    for code in CODES:
        found = key("every kind", code)
        assert found.sheet.numbers is not None
        value = np.asarray(found.sheet.numbers.best("bar W.2"), dtype=float)
        limit = found.items["value dC/dW2"].tolerance
        assert limit is not None and limit == draw.tolerance(value, np.asarray(found.sheet.by_hand().best("bar W.2"), float))
        for factor, ok in ((0.99, True), (1.01, False)):
            for name in ("dC/dW2", "value dC/dW2", "gradient dC/dW2"):
                verdict = grader("every kind").grade({name: (value + factor * limit).tolist()}, code)[0]
                assert verdict.ok == ok, (name, factor, code)


# --- each kind ----------------------------------------------------------------------------------------------------------------


def said(question: str, answer: Any, code: tuple[int, int] | None = None, name: str = "every kind") -> Verdict:
    return grader(name).grade({question: answer}, code)[0]


@pytest.mark.parametrize("answer", ["2x3", "2 × 3", "(2, 3)", "[2,3]", [2, 3], "2 by 3", "2*3", "dC/dW1 = 2x3", "2 3"])
def test_shapes(answer: Any) -> None:
    assert said("shape W.1", answer).kind == "right"


@pytest.mark.parametrize(
    "question, answer, kind",
    [
        ("shape W1", "3x2", "shape_turned"),
        ("shape W1", "6", "shape_other"),
        ("shape W1", "scalar", "shape_other"),
        ("shape W1", "big", "no_shape"),
        ("shape W1", "2x", "no_shape"),
        ("shape W1", {"a": 1}, "no_shape"),
        ("shape b1", "2", "right"),
        ("shape b1", "2x1", "right"),
        ("shape b1", "1x2", "shape_other"),
        ("shape b1", "a vector", "no_shape"),
    ],
)
def test_other_shapes(question: str, answer: Any, kind: str) -> None:
    assert said(question, answer).kind == kind


@pytest.mark.parametrize(
    "answer, kind",
    [
        ("b1 and x", "right"),
        (["b1", "x"], "right"),
        ("db1 = 0, dx = 0", "right"),
        ("b^(1), x_k", "right"),
        ("x", "held_missing"),
        ("b1, x, W1", "held_moves"),
        ("b1, x, W2", "held_foreign"),
        ("b1, x, z1", "held_foreign"),
        ("everything", "no_names"),
        ("", "empty"),
        (",,,", "no_names"),
        (7, "no_names"),
    ],
)
def test_what_is_held_constant(answer: Any, kind: str) -> None:
    assert said("held dz1/dW1", answer).kind == kind


def test_a_choice_names_the_error_behind_a_wrong_letter() -> None:
    item = key("every kind", None).items["choice dC/dW1"]
    for letter, rule in item.right["wrong"]:
        verdict = said(item.id, letter)
        assert (verdict.kind, verdict.rule) == ("wrong", rule) and f"({letter})" in verdict.feedback
    for nothing in ("Z", "42", "AB", "", "the first", {"a": "b"}, [1]):
        assert said(item.id, nothing).kind in ("no_letter", "empty"), nothing


def test_another_variant_has_other_letters_and_another_line() -> None:
    found = [key("every kind", (seed, 0)) for seed in range(6)]
    assert len({k.items["choice dC/dW1"].right["answer"] for k in found}) > 1
    assert len({k.items["find_error dC/dW1"].right["rule"] for k in found}) > 1


def test_letters_and_lines_are_those_of_the_students_sheet() -> None:
    """With nothing but the code that is printed on it."""
    spec = api.loads(TEXT)
    found = Assignment(spec, TEXT, roster.numbered(3), Path("nowhere"))
    found.draw()
    for student in found.students:
        variant = found.variants[student.id]
        numbers = questions.Variant(variant.found, (student.name, student.id), found.stamp(student.id), variant.seed)
        sheet = questions.homework(spec, found.derivation, found.checks, found.derivation.asked, numbers, found.shared)
        tasks = {b.id: b for section in sheet.sections for b in section.blocks if isinstance(b, Task)}
        items = key("every kind", random_stream.read(found.stamp(student.id), TEXT)).items
        assert {i.id for i in items.values() if i.kind.name != "held"} == set(tasks)
        for name, of in (("choice dC/dW1", "answer"), ("find_error dC/dW1", "line")):
            (about,) = [b.about for b in tasks[name].solution if getattr(b, "key", "") in ("choice_answer", "error_answer")]
            assert items[name].right[of] == about[of] and str(about[of])
            assert judged("every kind", random_stream.read(found.stamp(student.id), TEXT), {name: about[of]})[name].kind in (
                "right", "line_found"
            )  # fmt: skip
        for one in found.keys(student.id):
            assert grader("every kind").grade({one.question: one.value.tolist()}, (variant.seed, variant.attempt))[0].ok


def test_the_line_with_the_error() -> None:
    item = key("mlp", None).items["find_error dC/db1"]
    line, formula = item.right["line"], right(key("mlp", None), item).partition(": ")[2]
    other = line % item.right["count"] + 1
    assert item.right["count"] > 1

    def of(answer: Any) -> Verdict:
        return said(item.id, answer, name="mlp")

    assert of(f"({line}) {formula}").kind == "right"
    assert of({"line": line, "correction": formula}).kind == "right"
    assert of({"1": str(line), "2": formula}).kind == "right"
    assert of(f"line {line}").kind == of(line).kind == "line_found"
    assert of(line).points == item.marks[0]
    assert of(f"{other}: {formula}").kind == "line_is_right"
    assert of(f"{line}: ({formula})*2").kind == "correction_wrong"
    assert of(f"{line}: ({formula}").kind == "not_understood"
    assert of("99").kind == of("none").kind == of("0").kind == "no_line"


def test_where_there_is_one_line_it_needs_no_number() -> None:
    item = key("every kind", None).items["find_error dC/dW1"]
    assert item.right["count"] == 1
    formula = right(key("every kind", None), item).partition(": ")[2]
    assert said(item.id, f"dC/dW1 = {formula}").kind == "right"
    assert said(item.id, f"1: {formula}").kind == "right"


@pytest.mark.parametrize("rule", ["uphill", "rate_forgotten", "step_alone", "gradient_alone"])
def test_a_step(rule: str) -> None:
    found = key("every kind", CODES[1])
    numbers = found.sheet.numbers
    assert numbers is not None
    old, slope, rate = (np.asarray(v, dtype=float) for v in (numbers.best("W.2"), numbers.best("bar W.2"), numbers.rate))
    wrong_values = {
        "uphill": old + rate * slope,
        "rate_forgotten": old - slope,
        "step_alone": -rate * slope,
        "gradient_alone": slope,
    }
    verdict = said("step W.2", wrong_values[rule].round(4).tolist(), CODES[1])
    assert (verdict.kind, verdict.rule, verdict.points) == ("wrong", rule, 0)


def test_a_step_from_ones_own_wrong_gradient_earns_its_points() -> None:
    found = key("every kind", CODES[1])
    numbers = found.sheet.numbers
    assert numbers is not None
    old, rate = np.asarray(numbers.best("W.2"), dtype=float), float(numbers.rate)
    mine = np.asarray(numbers.best("bar W.2"), dtype=float) * 3 + 1
    gradient, step = grader("every kind").grade(
        {"value dC/dW2": mine.tolist(), "step W2": (old - rate * mine).tolist()}, CODES[1]
    )
    assert gradient.points == 0 and step.kind == "follows" and step.points == step.out_of == 2


def test_what_follows_from_a_wrong_value_of_the_forward_pass() -> None:
    found = key("every kind", CODES[1])
    values = found.sheet.values
    assert values is not None
    mine = values["z.1"] + 1
    raised = np.exp(values["W.2"] @ np.tanh(mine) + values["b.2"])
    cost = -np.sum(values["y"] * np.log(raised / raised.sum()))
    first, last = grader("every kind").grade({"value z1": mine.tolist(), "value C": f"{cost:.6f}"}, CODES[1])
    assert not first.ok and last.kind == "follows"


def test_numbers_are_asked_for_and_may_be_left_as_arithmetic() -> None:
    found = key("every kind", None)
    assert found.sheet.numbers is not None
    value = float(found.sheet.numbers.best("C"))
    assert said("value C", f"2*({value}/2 + 0.0)").ok
    assert said("value C", "-sum(y*log(p))").kind == "number_wanted"
    assert said("value C", "some words").kind == "number_wanted"


def test_some_numbers_of_an_array() -> None:
    found = key("every kind", None)
    answer = right(found, found.items["value dC/dW2"])
    answer[1][0] += 1
    verdict = said("value dC/dW2", answer)
    assert verdict.kind == "some_entries" and "entry 2,1" in verdict.feedback and "5 of 6" in verdict.feedback
    given = {f"{j + 1},{k + 1}": answer[j][k] for j in range(3) for k in range(2) if (j, k) != (2, 1)}
    verdict = said("value dC/dW2", given)
    assert verdict.kind == "some_entries" and verdict.entries["2,1"] is False and verdict.entries["1,1"] is True
    assert "entry 2,1, entry 3,2" in verdict.feedback
    assert said("value dC/dW2", {"4,1": 1}).kind == "no_such_entry"
    assert said("value dC/dW2", {"1,1": "x"}).kind == "number_wanted"
    assert said("value dC/dW2", {"1,1": ""}).kind == "empty"


# --- names --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "gradient dC/dW2",
        "gradient dC/dW.2",
        "gradient W.2",
        "Gradient  ∂C/∂W^(2)",
        "6",
        "Question 6",
        "q6",
        "(6)",
        "6.",
        "dC/dW2",
    ],
)
def test_a_question_has_many_names(name: str) -> None:
    assert said(name, "outer(delta2, a1)").ok
    assert not said(name, "outer(delta2, a1)*2").ok


def test_unknown_questions() -> None:
    verdict = said("gradiant dC/dW2", "1")
    assert verdict.kind == "no_such_question" and "did you mean `gradient dC/dW2`?" in verdict.feedback
    for name in ("foo", "99", "value", "gradient", "shape Q", "choice", "step x", "held", "x" * 5000, "\x00", "{0.__class__}"):
        assert said(name, "1").kind == "no_such_question", name


def test_what_the_homework_does_not_ask_is_judged_without_points() -> None:
    for name, answer in (("shape W1", "2x4"), ("held dz1/dW1", "b1, x"), ("differential z2", "dz2 = 0"), ("value a1", [9, 9])):
        verdict = grader("mlp").grade({name: answer})[0]
        assert verdict.kind not in ("no_such_question", "not_understood"), (name, verdict)


def test_the_same_question_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="answers to the same question"):
        grader("every kind").grade({"6": "1", "gradient dC/dW2": "2"})


def test_what_is_not_answered_has_no_points_and_is_listed() -> None:
    found = key("every kind", None)
    verdicts = grader("every kind").grade({"1": "dz1 = 1", "gradient dC/dW2": "  "}, whole=True)
    assert len(verdicts) == len(found.items)
    blank, *missing = verdicts[1:]
    assert (blank.kind, blank.points, blank.out_of) == ("empty", 0, found.items["gradient dC/dW2"].points)
    assert all(v.kind == "empty" and v.points == 0 and "no points" in v.feedback for v in missing)
    assert len(grader("every kind").grade({"dC/dW2": "1"}, whole=True)) == 1
