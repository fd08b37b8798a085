"""The words of the homework and of the usual errors, in each language that has them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from string import Formatter

import jinja2.nodes
import pytest

from derive import api, typeset
from derive.document.model import Sheet
from derive.errors import SpecError
from derive.network.catalogue import malrules, rules, verdicts
from derive.resources import folder
from derive.writers.latex.escape import escape
from derive.writers.templating import environment
from derive.writers.words import Words

EDITIONS = ("homework", "solutions", "marking")
RECORDS = {"malrules": ("title", "belief", "shows", "say"), "verdicts": ("title", "say"), "rules": ("title", "say")}
ENGLISH = {"malrules": malrules(), "verdicts": verdicts(), "rules": rules()}


def parsed(language: str) -> jinja2.nodes.Template:
    """The file of the homework's words."""
    return environment().parse((folder() / "words" / f"{language}.homework.tex").read_text("utf-8"))


def told(language: str) -> dict[str, set[str]]:
    """Of each macro, what is said of what it speaks of: a.what, a.by, …"""
    return {
        macro.name: {get.attr for get in macro.find_all(jinja2.nodes.Getattr) if _is_subject(get.node)}
        for macro in parsed(language).find_all(jinja2.nodes.Macro)
    }


def _is_subject(node: jinja2.nodes.Node) -> bool:
    return isinstance(node, jinja2.nodes.Name) and node.name == "a"


def printed(language: str) -> dict[str, set[str]]:
    """Of each macro, what it prints: the expressions, as they are written."""
    return {
        macro.name: {repr(node) for out in macro.find_all(jinja2.nodes.Output) for node in out.nodes if _is_formula(node)}
        for macro in parsed(language).find_all(jinja2.nodes.Macro)
    }


def _is_formula(node: jinja2.nodes.Node) -> bool:
    return isinstance(node, jinja2.nodes.Call | jinja2.nodes.Concat | jinja2.nodes.Getattr)


@lru_cache(maxsize=4)
def example(name: str) -> Sheet:
    return api.homework(api.load(api.examples()[name], language="de"))


# --- nothing is missing ---------------------------------------------------------------------------------------------------------


def test_every_word_of_the_homework_is_there_in_german() -> None:
    english, german = told("en"), told("de")
    assert len(english) > 20 and english.keys() == german.keys()
    labels = Words("en", None, {}).table("label").keys()
    assert "edition_marking" in labels and labels == Words("de", None, {}).table("label").keys()
    assert Words("en", None, {}).keys() - Words("de", None, {}).keys() == set()


def test_german_texts_print_the_formulas_of_the_english_ones() -> None:
    assert told("de") == told("en")
    assert printed("de") == printed("en")


@pytest.mark.parametrize("table", list(RECORDS))
def test_every_record_is_there_in_german(table: str) -> None:
    german: dict[str, dict[str, str]] = Words("de", None, {}).table(table)
    assert german.keys() == ENGLISH[table].keys()
    for key, record in ENGLISH[table].items():
        assert german[key].keys() == set(RECORDS[table]), key
        for field, text in german[key].items():
            english = getattr(record, field)
            assert bool(text) == bool(english), (key, field)
            assert _braces(text) == _braces(english), (key, field)
            assert not _plain(text) or text != english, (key, field)
            escape(text)


def _braces(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _plain(text: str) -> str:
    return re.sub(r"\{\w+\}|[. ]", "", text)


def test_titles_of_usual_errors_are_told_apart() -> None:
    titles = [row["title"] for row in Words("de", None, {}).table("malrules").values()]
    assert len(set(titles)) == len(titles)


# --- the sheets -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", ["single-neuron", "classifier"])
def test_a_german_homework_is_typeset(name: str, edition: str, tmp_path: Path) -> None:
    sheet = api.edition(example(name), edition)
    typeset.typeset(api.tex(sheet), tmp_path / "a.pdf", files=api.style(sheet), keep_log=tmp_path / "a.log")
    assert typeset.overfull((tmp_path / "a.log").read_text(errors="replace")) == []


@pytest.mark.parametrize("name", ["single-neuron", "classifier"])
def test_no_english_word_of_ours_is_left(name: str) -> None:
    words = {title for table in (malrules(), rules()) for title in (r.title for r in table.values()) if " " in title}
    words |= {"Question", "point", "Points", "Usual errors", "Find ", "Substitute", "Compute", "the value", " is wrong"}
    for edition in EDITIONS:
        text = api.tex(api.edition(example(name), edition)).partition(r"\begin{dspart}{questions}")[2]
        assert text and [word for word in words if re.search(rf"\b{re.escape(word)}", text)] == []


def test_usual_errors_are_explained_in_german() -> None:
    text = api.tex(api.edition(example("single-neuron"), "marking"))
    assert "{der Bias bleibt stehen}" in text and "{Dazu sagen}{Der Bias wird hier festgehalten" in text
    assert "{Vorstellung}{was zu einem Term addiert wird" in text and "{In der Lösung}{der Bias ist zur" in text
    assert "Häufige Fehler" in text
    assert r"Folgefehler" in text and "der Summand mit der Änderung von $w^{L}$" in text and "1{,}5" in text


def test_hints_are_in_german() -> None:
    found = api.loads(
        "title: t\nlanguage: de\nequations: [z = w*a + b, C = (z - y)**2]\nparameters: {w: scalar, b: scalar}\n"
        "inputs: {a: scalar}\ntargets: {y: scalar}\nhomework: {questions: [{differential: {of: z, hint: true}}]}\n"
    )
    text = api.tex(api.edition(api.homework(found), "homework"))
    assert r"\dshint{Hinweis}" in text and "jeder kommt einmal an die Reihe (Produktregel)" in text


def test_a_gap_asks_in_german(tmp_path: Path) -> None:
    found = api.load(api.examples()["single-neuron"], language="de")
    (rung, *_), key = api.faded(found)
    for n, sheet in enumerate((rung, key)):
        typeset.typeset(api.tex(sheet), tmp_path / f"{n}.pdf", files=api.style(sheet), keep_log=tmp_path / f"{n}.log")
        assert typeset.overfull((tmp_path / f"{n}.log").read_text(errors="replace")) == []
    assert r"\dsedition{Lückenblatt}" in api.tex(rung) and r"\dsedition{Musterlösung zum Lückenblatt}" in api.tex(key)


def test_a_usual_error_without_words_is_named(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    for name in ("de.tex", "de.homework.tex"):
        text = (folder() / "words" / name).read_text("utf-8")
        (tmp_path / "words" / name.replace("de", "xx", 1)).write_text(text, "utf-8")
    words = Words("xx", tmp_path, {})
    with pytest.raises(SpecError, match=re.escape("malrules.sign")) as caught:
        words.record("malrules", "sign", "title", "the sign")
    assert caught.value.place is not None
