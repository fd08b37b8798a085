"""What is said, in each language: the same of the same things, and every kind of it."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from derive.cli import command
from derive.errors import SpecError
from derive.grading.verdicts import Verdict, as_data, line, said, total, voice
from derive.network.catalogue import malrules, verdicts
from derive.spec.languages import languages
from derive.writers.words import Words


def fields(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


@pytest.mark.parametrize("kind", verdicts())
def test_a_verdict_puts_in_the_same_in_each_language(kind: str) -> None:
    english, german = voice("en").verdict(kind), voice("de").verdict(kind)
    assert fields(english[1]) == fields(german[1])
    assert english[0] != german[0] and (english[1] != german[1] or not english[1] or english[1].startswith("{error}"))
    for _, say in (english, german):
        assert not say or say.endswith((".", "?", "`.", "}", "…"))
        assert "\n" not in say and "\\" not in say


@pytest.mark.parametrize("rule", malrules())
def test_a_mal_rule_has_its_words_in_each_language(rule: str) -> None:
    (title, say), (titel, sagt) = voice("en").malrule(rule), voice("de").malrule(rule)
    assert title and titel and title != titel and say != sagt and sagt.endswith((".", "?"))


def test_the_words_of_the_command_are_in_each_language() -> None:
    tables = [Words(code, None, {}).table("grading") for code in languages()]
    assert len(tables) >= 2 and all(set(table) == set(tables[0]) for table in tables)
    for key in tables[0]:
        assert all(fields(table[key]) == fields(tables[0][key]) for table in tables)
    with pytest.raises(SpecError, match="no words for the language"):
        voice("xx")


def test_nothing_that_was_written_is_put_in_again() -> None:
    """Braces in an answer or a name are text, not places."""
    verdict = said(voice(), Verdict("{where}"), "no_such_question", target="{error.__class__} {0}")
    assert "{error.__class__} {0}" in verdict.feedback
    assert "{error.__class__}" in line(verdict)


def test_points_are_added_up() -> None:
    found = (
        Verdict("a", "right", points=2, out_of=2, title="right"),
        Verdict("b", "wrong", points=0, out_of=3, title="wrong"),
        Verdict("c", "in_words", points=None, out_of=4, title="…"),
        Verdict("d", "right", title="right"),
    )
    assert total(voice(), found) == "2 of 9 points; 4 more are for a person to give"
    assert total(voice("de"), found) == "2 von 9 Punkten; 4 weitere vergibt ein Mensch"
    assert total(voice(), found[3:]) == ""
    assert [line(v) for v in found] == ["a: right (2/2)", "b: wrong (0/3)", "c: … (?/4)", "d: right"]
    assert as_data(found[2])["points"] is None and as_data(found[1])["out_of"] == 3


def test_a_student_reads_german() -> None:
    """Whatever the verdict, no word of English is left, but for what the equation language says of a broken formula."""
    answers = [
        "dC/db = 0",
        "dC/dw = delta*17",
        "dz/dw = a_prev + b",
        "foo = 1",
        "shape w = 2x2",
        "held dz/dw = w",
        "dC/da = 1/(w-w)",
    ]
    options = [part for answer in answers for part in ("-a", answer)]
    done = CliRunner().invoke(command, ["grade", "single-neuron", "--language", "de", *options])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert len(lines) == len(answers) + 1 and lines[-1] == "0 von 1 Punkten"
    assert not re.search(r"\b(the|is|and|not|wrong|right|what|error|points)\b", done.output)
