"""Questions, their solutions and marks, and the editions of one sheet."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

from derive import api, mistakes, spec, typeset
from derive.calculus.steps import Derivation
from derive.document.model import Labelled, Line, Lines, Partials, Sheet, Task, Text
from derive.errors import SpecError
from derive.expressions.system import Equation
from derive.homework import faded
from derive.homework import sheet as homework
from derive.homework.questions import marking
from derive.homework.sheet import Variant
from derive.numbers import draw
from derive.numbers.evaluate import Array, Values
from derive.spec.homework import Faded

NEURON = """
title: One neuron
equations: [z = w*a + b, p = sigmoid(z), C = (p - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {a: scalar}
targets: {y: scalar}
values: {a: 1.5, w: 2, b: -1, y: 1}
"""


def asked(questions: str, more: str = "") -> Sheet:
    return api.homework(spec.loads(f"{NEURON}homework:\n  questions: {questions}\n{more}"))


def tasks(sheet: Sheet) -> list[Task]:
    return [b for s in sheet.sections for b in s.blocks if isinstance(b, Task)]


@lru_cache(maxsize=16)
def example(name: str) -> Sheet:
    return api.homework(api.load(api.examples()[name]))


@lru_cache(maxsize=16)
def derived(name: str) -> Derivation:
    return api.derive(api.load(api.examples()[name]))


# --- which questions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(api.examples()))
def test_without_a_word_in_the_spec_a_selection_is_asked(name: str) -> None:
    found = tasks(example(name))
    assert [t.number for t in found] == list(range(1, len(found) + 1))
    assert len({t.id for t in found}) == len(found)
    assert any(t.id.startswith("gradient") for t in found)
    assert all(t.points == sum(m.points for m in t.marks) > 0 for t in found)
    assert example(name).points == sum(t.points for t in found)


def test_questions_are_asked_in_the_order_of_the_spec() -> None:
    sheet = asked("[{gradient: w}, {differential: z}, {partial: dz/dw}, {value: C}, {step: b}, {shape: w}, {choice: dC/db}]")
    assert [t.id for t in tasks(sheet)] == [
        "gradient dC/dw", "differential dz", "partial dz/dw", "value C", "step b", "shape w", "choice dC/db",
    ]  # fmt: skip


def test_a_number_limits_and_a_list_multiplies() -> None:
    assert [t.id for t in tasks(asked("[{gradient: {number: 2}}]"))] == ["gradient dC/dp", "gradient delta"]
    assert [t.id for t in tasks(asked("[{gradient: [b, w]}]"))] == ["gradient dC/db", "gradient dC/dw"]
    assert [t.id for t in tasks(asked("[{partial: z}]"))] == ["partial dz/dw", "partial dz/db", "partial dz/da"]


def test_points_are_those_of_the_spec_and_spread_over_the_steps() -> None:
    (task,) = tasks(asked("[{gradient: {of: w, points: 5}}]"))
    assert task.points == 5 and len(task.marks) == 3
    assert [m.points for m in task.marks] == [1, 2, 2]


@pytest.mark.parametrize("parts", range(1, 9))
def test_every_step_earns_something_and_points_add_up(parts: int) -> None:
    steps: list[tuple[str, dict[str, object]]] = [(f"mark_{n}", {"n": n}) for n in range(parts)]
    for points in range(0, 2 * parts + 1):
        found = marking.marks(points, steps)
        assert sum(m.points for m in found) == points
        listed = [key for m in found for key, _ in (m.about["parts"] if m.key == "mark_together" else [(m.key, m.about)])]
        assert listed == ([key for key, _ in steps] if points else [])
        if 0 < points < parts:
            sizes = [len(m.about["parts"]) if m.key == "mark_together" else 1 for m in found]
            assert max(sizes) - min(sizes) <= 1 and sizes == sorted(sizes, reverse=True)


def test_a_point_for_several_steps_names_them() -> None:
    sheet = asked("[{gradient: {of: w, points: 2}}, {differential: {of: z, points: 1}}]")
    text = api.tex(api.edition(sheet, "marking"))
    assert r"\dsmark{1 point}{both: $\partial C/\partial p$, with its substitution; $\delta$, with its substitution}" in text
    assert r"\dsmark{1 point}{$\partial C/\partial w$, read off}" in text
    assert "all three: the term with the change of $w$; the term with the change of $b$; the term with the change of $a$}" in text
    assert "Where one point stands for several steps" in text
    assert "Where one point" not in api.tex(api.edition(asked("[{gradient: w}]"), "marking"))


@pytest.mark.parametrize(
    "questions, number",
    [
        ("[{gradient: w}, {shape: w}, {gradient: dC/dw}]", 1),
        ("[{value: C}, {value: C}]", 1),
        ("[{shape: w}, {partial: {of: z, by: w}}, {partial: dz/dw}]", 2),
        ("[gradient, {gradient: b}]", 4),
        ("[{find_error: w}, {find_error: {of: w, points: 3}}]", 1),
        ("[{ask: {text: 'Why?', solution: 'So.'}}, {ask: {text: 'Why?', solution: 'Because.'}}]", 1),
    ],
)
def test_no_question_is_asked_twice(questions: str, number: int) -> None:
    with pytest.raises(SpecError, match="is asked twice") as caught:
        asked(questions)
    assert f"it is question {number} already" in str(caught.value.hint)
    assert caught.value.place is not None and caught.value.place.line == 9


def test_all_there_are_leaves_out_what_was_asked() -> None:
    assert [t.id for t in tasks(asked("[{gradient: w}, gradient]"))][:2] == ["gradient dC/dw", "gradient dC/dp"]
    assert len(tasks(asked("[{gradient: w}, gradient]"))) == len(tasks(asked("[gradient]")))
    with pytest.raises(SpecError, match="nothing left to ask with `step`"):
        asked("[step, step]")
    assert len(tasks(asked("[{gradient: w}, {gradient: {of: w, text: 'And why?'}}]"))) == 2


@pytest.mark.parametrize("points, parts", [(0, 3), (1, 3), (7, 3), (100, 7)])
def test_spread_loses_no_point(points: int, parts: int) -> None:
    found = marking.spread(points, parts)
    assert sum(found) == points and max(found) - min(found) <= 1 and found == sorted(found)


@pytest.mark.parametrize(
    "questions, message",
    [
        ("[{gradient: q}]", "`q` is not a quantity"),
        ("[{shape: C}]", "cannot be asked"),
        ("[{partial: {of: z, by: y}}]", "`partial` cannot be asked of `z` by `y`"),
        ("[{gradiant: w}]", "not a kind of question"),
        ("[{gradient: {of: w, by: b}}]", "`by` belongs to"),
        ("[{ask: {points: 2}}]", "needs its `text`"),
        ("[{ask: Why?}]", "needs an answer"),
        ("[{find_error: {of: w, mistake: nonsense}}]", "nonsense"),
        ("[{ask: {text: 'What?', answer: 'dC/dw = p*a'}}]", "not what is derived"),
        ("[{ask: {text: 'What?', answer: 'p*a'}}]", "an answer is an equation"),
    ],
)
def test_what_cannot_be_asked_is_said(questions: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)) as caught:
        asked(questions)
    assert caught.value.place is None or caught.value.place.line


# --- answers that are right -----------------------------------------------------------------------------------------------------


def values_of(derivation: Derivation) -> Values:
    return mistakes.points(derivation)[0]


def rhs(line: Line, derivation: Derivation) -> Array | None:
    """The right-hand side in numbers, where the form is an equation of indexed scalars."""
    shown = line.forms[0].shown
    return mistakes.value_at(shown, values_of(derivation)) if isinstance(shown, Equation) else None


@pytest.mark.parametrize("name", ["single-neuron", "chain", "wide-layer"])
def test_one_choice_is_right_and_the_others_are_not(name: str) -> None:
    derivation = derived(name)
    for task in tasks(example(name)):
        if not task.id.startswith("choice"):
            continue
        (choices,) = [g for g in task.given if isinstance(g, Labelled)]
        right = [label for label, line in choices.rows if _holds(line, derivation)]
        assert right == [task.solution[0].about["answer"]]
        assert len(choices.rows) == 4


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["single-neuron", "chain"])
def test_one_line_is_wrong_and_it_is_the_one_in_the_key(name: str, seed: int) -> None:
    found = api.load(api.examples()[name])
    derivation = derived(name)
    sheet = api.homework(found, derivation, Variant(seed=seed))
    task = next(t for t in tasks(sheet) if t.id.startswith("find_error"))
    wrong = [label for label, line in task.given[0].rows if not _holds(line, derivation)]
    assert wrong == [f"({task.solution[0].about['line']})"]
    assert _holds(task.solution[1].lines[0], derivation)


def _holds(line: Line, derivation: Derivation) -> bool:
    shown = line.forms[0].shown
    assert isinstance(shown, Equation)
    left = values_of(derivation)[shown.lhs.key]
    right = rhs(line, derivation)
    assert right is not None
    return bool(np.allclose(left, right, rtol=1e-9))


def test_the_seed_moves_the_error_and_the_answers() -> None:
    found = api.load(api.examples()["chain"])
    sheets = [api.homework(found, derived("chain"), Variant(seed=n)) for n in range(8)]
    answers = {next(t for t in tasks(s) if t.id.startswith("choice")).solution[0].about["answer"] for s in sheets}
    errors = {next(t for t in tasks(s) if t.id.startswith("find_error")).solution[0].about["rule"] for s in sheets}
    assert len(answers) > 1 and len(errors) > 1


def test_a_teachers_answer_is_checked_and_printed_as_it_was_written() -> None:
    sheet = asked("[{ask: {text: 'What is the gradient?', answer: 'dC/dw = 2*(p - y)*p*(1 - p)*a'}}]")
    tex = api.tex(api.edition(sheet, "solutions"))
    assert r"{2(p \penalty500 - y)\,p\,(1 \penalty500 - p)\,a\dsend}" in tex and r"{\delta\,a\dsend}" in tex


def test_a_later_gradient_starts_from_an_earlier_one() -> None:
    first, second = tasks(asked("[{gradient: w}, {gradient: b}]"))
    assert len(second.solution[1].lines) < len(first.solution[0].lines)
    assert second.solution[0].about["known"][0][1] == 1


# --- editions -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(api.examples()))
def test_the_homework_holds_no_solution(name: str) -> None:
    handed = tasks(api.edition(example(name), "homework"))
    assert all(not (t.solution or t.marks or t.errors) for t in handed)
    assert all(not t.marks and t.solution for t in tasks(api.edition(example(name), "solutions")))
    text = api.tex(api.edition(example(name), "homework"))
    assert r"\begin{dsanswer}" not in text and r"\dsmark" not in text and r"\dserror" not in text


def test_the_marking_scheme_says_what_earns_which_point() -> None:
    text = api.tex(api.edition(example("single-neuron"), "marking"))
    assert "Follow-through" in text and "the term with the change of $w^{L}$" in text
    assert "the bias stays" in text and r"= a^{L-1} \allowbreak + b^{L}" in text


def test_a_usual_error_is_explained_once_and_named_again() -> None:
    text = api.tex(api.edition(example("single-neuron"), "marking"))
    assert text.count(r"\dswhy{Belief}{what is added to a term stays there") == 1
    assert text.count(r"\dswhy{In the work}{the bias is added to the activation") == 1
    assert text.count(r"\dswhy{Say}{The bias is held constant here") == 1
    assert text.count("{the bias stays}") > 1 and "(see question " in text
    for task in tasks(example("single-neuron")):
        for error in task.errors:
            first = next(t.number for t in tasks(example("single-neuron")) if error.rule in {e.rule for e in t.errors})
            assert error.explained == (None if first == task.number else first)


@pytest.mark.parametrize("most", [0, 1, 4, 12])
def test_so_many_usual_errors_as_the_spec_says(most: int) -> None:
    many = [len(t.errors) for t in tasks(asked(ALL_KINDS, f"  usual_errors: {most}\n"))]
    assert max(many) <= most and (max(many) > 4) == (most > 4)


def test_a_step_of_descent_has_usual_errors() -> None:
    (task,) = tasks(asked("[{step: w}]"))
    assert [e.rule for e in task.errors] == ["uphill", "rate_forgotten", "step_alone", "gradient_alone"]


NAMED = """
title: t
equations: [z = w*a + b, p = sigmoid(z), {last}]
parameters: {{w: scalar, b: scalar}}
inputs: {{a: scalar}}
targets: {{y: scalar}}
language: {language}
homework: {{hints: true, questions: [{{gradient: w}}, {{value: E}}, {{value: dE/dw}}, {{step: w}}, {{find_error: b}}]}}
"""


@pytest.mark.parametrize("language, word", [("en", "cost"), ("de", "Kosten")])
def test_a_spec_that_has_no_cost_hears_of_none(language: str, word: str) -> None:
    sheet = api.homework(spec.loads(NAMED.format(last="E = (p - y)**2", language=language)))
    text = api.tex(api.edition(sheet, "homework"))
    assert word not in text and ("change of $E$" in text or "Änderung von $E$" in text)
    assert word in api.tex(api.edition(example("chain"), "homework")) or language == "de"


def test_values_in_indices_say_how_they_are_computed() -> None:
    text = api.tex(api.edition(example("wide-layer"), "solutions"))
    assert r"z_{j}^{L} = \sum_{k} w_{jk}^{L}\,a_{k}^{L-1} + b_{j}^{L},\quad \allowbreak z^{L} \allowbreak \approx" in text
    assert r"\frac{\partial C}{\partial w_{jk}^{L}} = \delta_{j}^{L}\,a_{k}^{L-1},\quad" in text


def test_hints_stand_only_where_they_are_asked_for() -> None:
    assert "Hint" not in api.tex(api.edition(asked("[{differential: z}]"), "homework"))
    with_hint = api.tex(api.edition(asked("[{differential: {of: z, hint: true}}]"), "homework"))
    assert "one factor moves, the others wait; each has its turn (product rule)" in with_hint


ALL_KINDS = (
    "[{differential: z}, {partial: dz/dw}, {gradient: w}, {shape: w}, {value: C}, {value: dC/dw}, {step: w}, {find_error: b},"
    " {choice: dC/da}, {ask: {text: 'Why?', solution: 'So.', of: z}}]"
)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_of_question_has_a_hint_and_it_is_not_the_answer(language: str) -> None:
    found = spec.loads(f"{NEURON}language: {language}\nhomework:\n  hints: true\n  questions: {ALL_KINDS}\n")
    sheet = api.homework(found)
    for edition in ("homework", "solutions"):
        hints = re.findall(r"\\dshint\{(.*?)\}\{(.*?)\}\s*\\end\{dsasked", api.tex(api.edition(sheet, edition)), re.DOTALL)
        assert len(hints) == len(tasks(sheet))
        for task, (label, text) in zip(tasks(sheet), hints, strict=True):
            assert label == ("Hint" if language == "en" else "Hinweis") and len(text) > 20
            for line in (n for b in task.solution if isinstance(b, Lines) for n in b.lines):
                assert str(line.forms[0].shown.rhs) not in text
    assert r"\dshint" not in api.tex(api.edition(sheet, "marking"))


def test_a_hint_may_be_the_teachers_own() -> None:
    sheet = asked("[{gradient: {of: w, hint: 'Think of `dC/dp`.'}}]")
    assert isinstance(tasks(sheet)[0].hint, Text)
    assert r"{Think of \dstyped{\partial C/\partial p}.}" in api.tex(api.edition(sheet, "homework"))


# --- the teacher's own words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        "questions: [{ask: {text: 'What is `w +* b`?', solution: 'So.'}}]",
        "questions: [{ask: {text: 'What?', solution: 'It is `q`.'}}]",
        "questions: [{gradient: {of: w, text: 'Find `dC/dq`.'}}]",
        "questions: [{gradient: {of: w, hint: 'Use `numpy`.'}}]",
        "text: 'Read `chapter 3`.'\n  questions: [{gradient: w}]",
    ],
)
def test_what_cannot_be_read_in_backquotes_is_refused_with_its_place(more: str) -> None:
    with pytest.raises(SpecError, match="in backquotes cannot be read") as caught:
        api.homework(spec.loads(f"{NEURON}homework:\n  {more}\n", "mine.yaml"))
    assert caught.value.place is not None and caught.value.place.line == 9 and "words need none" in str(caught.value.hint)


def test_in_backquotes_stands_what_students_write() -> None:
    text = "`W.1`, `dC/dW.2`, `delta2`, `p - y`, `dz.1`, `z.1 = W.1 @ x + b.1`"
    found = api.examples()["classifier"].read_text() + f"homework: {{text: '{text}', questions: [{{shape: W.1}}]}}\n"
    printed = api.tex(api.edition(api.homework(spec.loads(found)), "homework"))
    assert (
        r"$W^{(1)}$, $\partial C/\partial W^{(2)}$, $\delta^{(2)}$, \dstyped{p - y}, $\mathrm{d}z^{(1)}$, "
        r"$z^{(1)} = W^{(1)}\,x + b^{(1)}$" in printed
    )


@lru_cache(maxsize=32)
def places(tex: str, folder: str) -> tuple[tuple[int, float, float, str], ...]:
    """Page and position of each question on the typeset sheet; nothing may be too wide."""
    target = Path(folder) / f"{abs(hash(tex))}.pdf"
    typeset.typeset(tex, target, files=api.style(), keep_log=target.with_suffix(".log"))
    assert typeset.overfull(target.with_suffix(".log").read_text(errors="replace")) == []
    boxes = subprocess.run(["pdftotext", "-bbox", target, "-"], capture_output=True, text=True, check=True).stdout
    found = []
    for number, page in enumerate(boxes.split("<page ")[1:], start=1):
        words = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" [^>]*>([^<]*)<', page)
        found += [
            (number, round(float(x), 1), round(float(y), 1), after[2])
            for (x, y, word), after in zip(words, [*words[1:], ("", "", "")], strict=True)
            if word == "Question"
        ]
    return tuple(found)


@pytest.mark.parametrize("name", list(api.examples()))
def test_homework_and_solutions_are_laid_out_alike(name: str, tmp_path: Path) -> None:
    sheet = example(name)
    handed, solved = (places(api.tex(api.edition(sheet, e)), str(tmp_path)) for e in ("homework", "solutions"))
    assert handed == solved
    assert [n for *_, n in handed] == [str(t.number) for t in tasks(sheet)]
    places(api.tex(api.edition(sheet, "marking")), str(tmp_path))


def test_other_numbers_move_nothing(tmp_path: Path) -> None:
    found = api.load(api.examples()["classifier"])
    derivation = derived("classifier")
    layouts = set()
    for seed in range(4):
        numbers = draw.draw(found, derivation, seed)
        sheet = api.homework(found, derivation, Variant(numbers, ("Zoë Ångström-Müller", "4711"), "code", seed))
        layouts.add(places(api.tex(api.edition(sheet, "homework")), str(tmp_path)))
    assert len(layouts) == 1


@pytest.mark.parametrize("space", ["lines", "box", "none"])
def test_the_room_for_answers(space: str, tmp_path: Path) -> None:
    sheet = asked("[{gradient: w}, {differential: z}]", f"  space: {space}\n")
    assert places(api.tex(api.edition(sheet, "homework")), str(tmp_path))
    assert (r"\dsspace" in api.tex(api.edition(sheet, "homework"))) == (space != "none")


def test_a_longer_solution_gets_more_room() -> None:
    first, second = tasks(asked("[{gradient: w}, {partial: dz/dw}]"))
    assert first.height > 2 * second.height > 0


# --- faded ----------------------------------------------------------------------------------------------------------------------


def gaps(sheet: Sheet) -> list[int]:
    steps = [n for s in sheet.sections for b in s.blocks for n in (*getattr(b, "lines", ()), *_rows(b))]
    return [n.blank for n in steps if getattr(n, "blank", None) is not None]


def _rows(block: object) -> tuple[object, ...]:
    return block.rows if isinstance(block, Partials) else ()


@pytest.mark.parametrize("name", ["single-neuron", "mlp", "own-layer"])
@pytest.mark.parametrize("which", ["last", "first"])
def test_each_rung_has_more_gaps_and_the_last_one_all(name: str, which: str) -> None:
    whole = api.sheet(api.load(api.examples()[name]))
    settings = Faded(rungs=3, blank="last" if which == "last" else "first")
    rungs = [gaps(s) for s in faded.rungs(whole, settings)]
    count = len(rungs[-1])
    assert rungs[-1] == list(range(1, count + 1))
    assert 0 < len(rungs[0]) < len(rungs[1]) < count
    assert rungs[0][-1] == count if which == "last" else rungs[0][0] == 1


@pytest.mark.parametrize("name", ["single-neuron", "chain", "mlp"])
def test_the_key_fills_every_gap(name: str) -> None:
    whole = api.sheet(api.load(api.examples()[name]))
    key = faded.key(whole)
    numbers = [n.number for b in key.sections[0].blocks for n in (*getattr(b, "lines", ()), *_rows(b))]
    assert numbers == gaps(faded.rungs(whole, Faded(rungs=1))[0])


def test_a_gap_does_not_show_what_belongs_in_it(tmp_path: Path) -> None:
    found = spec.loads(NEURON + "homework: {faded: {rungs: 1, prompts: [rule, held]}}\n")
    (rung,), key = api.faded(found)
    text = api.tex(rung)
    assert r"\mathrm{d}w\,a" not in text and "product rule" not in text and "Which rule?" in text
    assert "What is held constant?" in text and r"\right|_{b" not in text
    solved = api.tex(key)
    assert r"\mathrm{d}w\,a" in solved and "product rule" in solved and r"\right|_{b" in solved
    for n, tex in enumerate((text, solved)):
        typeset.typeset(tex, tmp_path / f"{n}.pdf", files=api.style())


def test_without_prompts_the_rules_stay() -> None:
    (rung,), _ = api.faded(spec.loads(NEURON + "homework: {faded: {rungs: 1}}\n"))
    text = api.tex(rung)
    assert "product rule" in text and "Which rule?" not in text


# --- the numbers of the key -----------------------------------------------------------------------------------------------------


def test_the_key_has_the_numbers_of_the_pass() -> None:
    found = spec.loads(NEURON + "homework: {questions: [{value: C}, {value: dC/dw}, {step: w}]}\n")
    derivation = api.derive(found)
    numbers = draw.work(found, derivation)
    assert numbers is not None
    key = {k.question: float(k.value) for k in homework.keys(found, derivation, numbers)}
    w, a, b, y = 2.0, 1.5, -1.0, 1.0
    p = 1 / (1 + np.exp(-(w * a + b)))
    slope = 2 * (p - y) * p * (1 - p) * a
    assert key["value C"] == pytest.approx((p - y) ** 2)
    assert key["value dC/dw"] == pytest.approx(slope)
    assert key["step w"] == pytest.approx(w - numbers.rate * slope)


def test_a_broken_derivation_hands_out_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = spec.loads(NEURON)
    derivation = api.derive(found)
    key, right = next(iter(derivation.gradients.items()))
    damaged = tuple(
        replace(s, result=Equation(s.result.lhs, s.result.rhs * 2)) if s.section == "gradient" and s.about == key else s
        for s in derivation.steps
    )
    with pytest.raises(Exception, match="wrong"):
        api.homework(
            found, replace(derivation, steps=damaged, gradients={**derivation.gradients, key: Equation(right.lhs, right.rhs * 2)})
        )


def asked_on_paper(sheet: Sheet, which: str, folder: Path) -> list[str]:
    """The numbers of the questions that stand on the pages."""
    return [number for *_, number in places(api.tex(api.edition(sheet, which)), str(folder))]


@pytest.mark.parametrize("which", ["homework", "solutions", "marking"])
@pytest.mark.parametrize(
    "questions, more",
    [
        ("[choice, {shape: w}, {shape: b}]", ""),
        ("[differential, partial, gradient, value, shape, step]", "  space: none\n"),
        ("[{choice: dC/dw}, {gradient: w}, {gradient: {of: b, space: none}}, {choice: dC/db}]", "  space: box\n"),
        ("[{choice: {points: 0}}, {gradient: {of: w, points: 0}}]", ""),
    ],
)
def test_no_question_is_lost(questions: str, more: str, which: str, tmp_path: Path) -> None:
    sheet = asked(questions, more)
    assert asked_on_paper(sheet, which, tmp_path) == [str(t.number) for t in tasks(sheet)]


def test_a_question_longer_than_a_page_goes_on(tmp_path: Path) -> None:
    sheet = asked("[{ask: {text: '" + "What is it? " * 330 + "', solution: 'This.'}}, {shape: w}]")
    assert asked_on_paper(sheet, "homework", tmp_path) == ["1", "2"]


LONG = """
title: Long
network: {input: {x: 2}, layers: [dense: {units: 2, activation: tanh, repeat: 12}], loss: half_squared_error}
view: matrix
homework: {questions: [{gradient: W.1}, {shape: W.1}]}
"""


def test_a_long_solution_goes_on_and_stays_readable(tmp_path: Path) -> None:
    sheet = api.homework(spec.loads(LONG))
    handed, solved = (places(api.tex(api.edition(sheet, e)), str(tmp_path)) for e in ("homework", "solutions"))
    assert handed == solved and handed[1][0] > handed[0][0] + 1  # several pages lie between
    target = tmp_path / "solved.pdf"
    typeset.typeset(api.tex(api.edition(sheet, "solutions")), target, files=api.style())
    sizes: list[float] = []
    for page in PdfReader(target).pages:
        page.extract_text(
            visitor_text=lambda text, cm, tm, font, at: sizes.append(at * abs(cm[0] * tm[0])) if "read" in text else None
        )
    assert sizes and min(sizes) > 0.8 * 10.9 * 8 / 10


def test_a_value_shows_every_number_that_it_needs() -> None:
    _, task = tasks(asked("[{gradient: w}, {value: dC/dw}]"))
    assert [str(v.shown.lhs.key) for v in task.solution[0].rows] == ["bar p", "bar z", "bar w"]
    _, second = (t for t in tasks(asked("[{value: dC/dz}, {value: dC/dw}]")))
    assert [str(v.shown.lhs.key) for v in second.solution[0].rows] == ["bar w"]


def test_a_gradient_passes_every_line_on_the_way_down() -> None:
    task = next(t for t in tasks(example("mini-batch")) if t.id.startswith("gradient"))
    known = [str(line.forms[0].shown.lhs) for line in task.solution[0].lines]
    assert any("C each" in lhs for lhs in known), "the cost of each example is not skipped"


@pytest.mark.parametrize("name", list(api.examples()))
def test_the_default_questions_do_not_answer_each_other(name: str) -> None:
    sheet = example(name)
    gradients = {t.id.removeprefix("gradient ") for t in tasks(sheet) if t.id.startswith("gradient")}
    for task in tasks(sheet):
        if task.id.startswith("choice"):
            assert task.target not in gradients
        if task.id.startswith("find_error"):
            assert task.target not in gradients
            shown = {str(line.forms[0].shown.lhs) for _, line in task.given[0].rows}
            told = {
                str(b.lines[-1].forms[0].shown.lhs)
                for t in tasks(sheet)
                if t.target in gradients
                for b in t.solution
                if isinstance(b, Lines)
            }
            assert not shown & told


def test_what_a_sign_means_is_said() -> None:
    text = api.tex(api.edition(example("classifier"), "homework"))
    assert "short for the derivatives of the cost" in text and "multiplies entry by entry" in text
    assert r"\tanh'(u)" in text


def test_the_other_entries_are_held_as_well() -> None:
    assert "other entries of" in api.tex(api.edition(example("wide-layer"), "solutions"))
    assert "other entries of" not in api.tex(api.edition(example("single-neuron"), "solutions"))


def test_no_step_is_further_off_than_three_tolerances() -> None:
    found = spec.loads(NEURON + "learning_rate: 0.001\nhomework: {questions: [{step: w}]}\n")
    derivation = api.derive(found)
    numbers = draw.work(found, derivation)
    assert numbers is not None
    (key,) = homework.keys(found, derivation, numbers)
    assert 0 < 3 * key.tolerance < abs(float(key.value) - 2.0)
