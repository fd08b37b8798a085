"""Damages to the questions of a homework and their solutions: each is seen by the build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damages import Change, Damage, parameters, put, require_seen
from pytest import MonkeyPatch

from derive import mistakes
from derive.document.model import Labelled, Lines, Partials
from derive.homework.questions.kinds import KINDS

TWO_LAYERS = """
title: damaged
view: matrix
network: {input: {x: 2}, layers: [dense: {units: 3, activation: tanh}, dense: {units: 2}], loss: half_squared_error}
"""


def asking(question: str, text: str = TWO_LAYERS) -> str:
    """The spec with a homework of one question."""
    return f"{text}homework: {{space: none, questions: [{question}]}}\n"


CHOICE = asking("choice: W.1")
FIND_ERROR = asking("find_error: W.1")
PARTIAL = asking("partial: z.2/W.2")
GRADIENT = asking("gradient: W.1")
DIFFERENTIAL = asking("differential: z.2")


def kind(name: str, change: Any) -> Change:
    """The solution of a kind of question, changed."""

    def patched(patch: MonkeyPatch) -> None:
        true = KINDS[name]
        patch.setitem(KINDS, name, replace(true, solve=lambda context, *args: change(context, true.solve(context, *args))))

    return patched


def two_right(composer: Any, found: Any) -> Any:
    """A wrong answer is replaced by the right one."""
    rows = list(found.given[0].rows)
    right = next(line for label, line in rows if label == found.told["answer"])
    label, _ = rows[0] if rows[0][1] is not right else rows[1]
    return replace(found, given=(Labelled(tuple((a, right if a == label else line) for a, line in rows), boxes=True),))


def none_right(composer: Any, found: Any) -> Any:
    """The right answer is replaced by a wrong one."""
    rows, answer = found.given[0].rows, found.told["answer"]
    wrong = next(line for label, line in rows if label != answer)
    return replace(found, given=(Labelled(tuple((a, wrong if a == answer else line) for a, line in rows), boxes=True),))


def without_the_error(composer: Any, found: Any) -> Any:
    right = next(steps for steps in found.solution if isinstance(steps, Lines)).lines[0]
    at = found.told["line"] - 1
    rows = tuple((label, right if n == at else line) for n, (label, line) in enumerate(found.given[0].rows))
    return replace(found, given=(Labelled(rows),))


def two_errors(composer: Any, found: Any) -> Any:
    at = found.told["line"] - 1
    rows = list(found.given[0].rows)
    rows[at - 1] = (rows[at - 1][0], rows[at][1])
    return replace(found, given=(Labelled(tuple(rows)),))


def solution_of(key: str) -> Any:
    """The line of another quantity, under the left-hand side of the one that is asked for."""

    def change(composer: Any, found: Any) -> Any:
        other = composer.derivation.gradients[key]
        blocks = list(found.solution)
        block = blocks[-1]
        last = block.lines[-1]
        wrong = replace(
            last,
            forms=tuple(
                replace(f, shown=replace(f.shown, rhs=g.shown.rhs))
                for f, g in zip(last.forms, composer.forms(other), strict=True)
            ),
        )
        blocks[-1] = replace(block, lines=(*block.lines[:-1], wrong))
        return replace(found, solution=tuple(blocks))

    return change


DAMAGES = [
    Damage("of the answers to choose from two are right", kind("choice", two_right), CHOICE, edition="homework", stage="sheet"),
    Damage("of the answers to choose from none is right", kind("choice", none_right), CHOICE, edition="homework", stage="sheet"),
    Damage(
        "the lines with one error have none", kind("find_error", without_the_error), FIND_ERROR, edition="homework", stage="sheet"
    ),
    Damage("the lines with one error have two", kind("find_error", two_errors), FIND_ERROR, edition="homework", stage="sheet"),
    Damage(
        "the solution is the line of another quantity",
        kind("gradient", solution_of("b.1")),
        GRADIENT,
        edition="solutions",
        stage="sheet",
    ),
    Damage(
        "the solution is the line of another question",
        kind(
            "gradient",
            lambda composer, found: replace(
                found, solution=(Lines((composer.line(composer.derivation.of("gradient", "W.2")[-1], {}),)),)
            ),
        ),
        GRADIENT,
        edition="solutions",
        stage="sheet",
        unseen="a line that is true answers another question",
    ),
    Damage(
        "the answer to the choice is named as another one",
        kind(
            "choice",
            lambda composer, found: replace(
                found,
                solution=(
                    replace(
                        found.solution[0], about={**found.solution[0].about, "answer": found.solution[0].about["wrong"][0][0]}
                    ),
                ),
            ),
        ),
        CHOICE,
        edition="solutions",
        stage="sheet",
        unseen="which answer is called the right one is not read",
    ),
    Damage(
        "the partial of the solution is upside down",
        kind(
            "partial",
            lambda composer, found: replace(
                found,
                solution=(
                    Partials(
                        tuple(
                            replace(
                                r,
                                partial=replace(
                                    r.partial, lhs=r.partial.lhs.func(r.partial.lhs.by, r.partial.lhs.of, *r.partial.lhs.held)
                                ),
                            )
                            for r in found.solution[0].rows
                        )
                    ),
                    *found.solution[1:],
                ),
            ),
        ),
        PARTIAL,
        edition="solutions",
        stage="sheet",
    ),
    Damage(
        "the differential of the solution loses the d on its left",
        kind(
            "differential",
            lambda composer, found: replace(
                found,
                solution=(
                    Lines(
                        tuple(
                            replace(
                                line,
                                forms=tuple(
                                    replace(f, shown=replace(f.shown, lhs=replace(f.shown.lhs, change=False))) for f in line.forms
                                ),
                            )
                            for line in found.solution[0].lines
                        )
                    ),
                ),
            ),
        ),
        DIFFERENTIAL,
        edition="solutions",
        stage="sheet",
    ),
    Damage(
        "a usual error is no error",
        put(mistakes, "mistakes", lambda true, derivation, step: [replace(m, wrong=step.result) for m in true(derivation, step)]),
        GRADIENT,
        edition="marking",
        stage="sheet",
    ),
]


@pytest.mark.parametrize("damage", parameters(DAMAGES))
def test_the_build_sees_a_damage_to_the_homework(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
