"""The words of a sheet: complete in each language, one file to add another, one entry to replace one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derive import api
from derive.cli import command
from derive.errors import SpecError
from derive.network.catalogue import losses, malrules, rules, verdicts
from derive.resources import folder
from derive.spec.languages import languages
from derive.typeset import overfull, typeset
from derive.writers.words import Words

EXAMPLES = list(api.examples())
FRENCH = "((* set language = {'babel': 'french', 'tag': 'fr', 'decimal': ','} *))\n"


def with_words(tmp_path: Path, name: str, text: str) -> Path:
    """A teacher's folder with one file of words."""
    (tmp_path / "words").mkdir(exist_ok=True)
    (tmp_path / "words" / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_german_has_every_entry_and_no_other() -> None:
    english, german = Words("en", None, {}).keys(), Words("de", None, {}).keys()
    records = {f"{group}.{key}" for group, found in GROUPS.items() for key in found}
    assert german == english | records


GROUPS = {"rules": rules(), "malrules": malrules(), "losses": losses(), "verdicts": verdicts()}


def test_german_speaks_of_the_same_things() -> None:
    """Each text takes in the same quantities as the English one: none is forgotten in the translation."""

    def taken(code: str) -> dict[str, set[str]]:
        text = "".join(path.read_text("utf-8") for path in (folder() / "words").glob(f"{code}*.tex"))
        macros = re.findall(r"\(\(\* macro (\w+)\(.*?\) \*\)\)(.*?)\(\(\* endmacro \*\)\)", text, re.DOTALL)
        return {name: set(re.findall(r"\ba\.\w+", body)) for name, body in macros}

    english, german = taken("en"), taken("de")
    assert len(english) > 60
    assert {name: found for name, found in german.items() if found != english[name]} == {}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_in_german(name: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    spec = api.load(api.examples()[name], language="de")
    spec = spec.model_copy(update={"title": "Titel", "subtitle": None, "introduction": None})  # which stay as the user wrote them
    found = api.sheets(spec, ("worked", "marking"))
    for suffix, sheet in found.items():
        tex = api.tex(sheet)
        typeset(tex, tmp_path / f"sheet{suffix}.pdf", files=api.style(sheet), keep_log=log)
        assert overfull(log.read_text("utf-8", "replace")) == []
        assert "[ngerman]{babel}" in tex and "pdflang={de}" in tex and r"\dslanguage{ngerman}" in tex
    worked = api.tex(found[""])
    assert "Vorwärtsdurchlauf" in worked and "Kettenregel" in worked
    assert not re.search(r"\b(the|and|with|layer|slope)\b", _prose(worked)), "no word of English is left"
    assert not re.search(r"\d\.\d", _without_pictures(worked)), "numbers have a comma"
    pictures = re.findall(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", worked, re.DOTALL)
    assert pictures and not any(re.search(r"\d\.\d", formula) for one in pictures for formula in one.split("$")[1::2])


def _prose(tex: str) -> str:
    """The text of a sheet without pictures, formulas and commands."""
    return re.sub(r"\\[A-Za-z]+|\$[^$]*\$", "", _without_pictures(tex))


def _without_pictures(tex: str) -> str:
    return re.sub(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", "", tex.partition(r"\dslanguage")[2], flags=re.DOTALL)


def test_numbers_get_the_decimal_mark_everywhere() -> None:
    english, german = (
        api.tex(api.sheet(api.load(api.examples()["single-neuron"], language=code))).partition(r"\begin{document}")[2]
        for code in ("en", "de")
    )
    assert "0.4388" in english and "0{,}4388" in german
    assert "about $0.0582$" in english and "ungefähr $0{,}0582$" in german
    assert "slope $0.1944$" in english and "Steigung $0{,}1944$" in german
    assert "mit der Steigung 0,1944" in german, "in the words for a picture the comma is a plain one"
    assert r"(0.0,5.2) -- (0.0,0.0)" in german, "coordinates are not numbers of the text"


def test_a_language_is_one_file(tmp_path: Path) -> None:
    english = "".join(path.read_text("utf-8") for path in sorted((folder() / "words").glob("en*.tex")))
    french = english.replace("'babel': 'english', 'tag': 'en', 'decimal': '.'", "'babel': 'french', 'tag': 'fr', 'decimal': ','")
    french = french.replace("'Forward pass'", "'Passe avant'").replace("One step of gradient descent", "Un pas")
    rows = {
        group: {key: {field: getattr(record, field, "") for field in ("title", "say")} for key, record in found.items()}
        for group, found in GROUPS.items()
    }
    french += "".join(f"((* set {group} = {found!r} *))\n" for group, found in rows.items())
    own = with_words(tmp_path, "fr.tex", french)
    assert languages(own) == ["de", "en", "fr"]
    text = "title: x\nlanguage: fr\nequations: ['z = w*a + b', 'C = (z - 1/2)**2']\n"
    text += "parameters: {w: scalar, b: scalar}\ninputs: {a: scalar}\n"
    spec_file = tmp_path / "x.yaml"
    spec_file.write_text(text, encoding="utf-8")
    sheet = api.sheet(api.load(spec_file, templates=own))
    tex = api.tex(sheet)
    assert "Passe avant" in tex and "Un pas" in tex and "{french}" in tex
    typeset(tex, tmp_path / "x.pdf", files=api.style(sheet))


def test_what_a_language_lacks_is_named_with_its_file(tmp_path: Path) -> None:
    own = with_words(tmp_path, "fr.tex", FRENCH)
    with pytest.raises(SpecError) as caught:
        api.tex(api.sheet(api.load(api.examples()["mlp"], language="fr", templates=own)))
    assert re.search(r"fr\.tex: the language `fr` has no `\w+[._]\w+`; \d{2,} more are missing", str(caught.value))
    assert "'fallback': 'en'" in str(caught.value)


def test_or_it_falls_back(tmp_path: Path) -> None:
    austrian = "((* set language = {'babel': 'naustrian', 'tag': 'de-AT', 'decimal': ',', 'fallback': 'de'} *))\n"
    own = with_words(tmp_path, "de-AT.tex", austrian + "((* set heading = {'forward': 'Servus'} *))")
    tex = api.tex(api.sheet(api.load(api.examples()["mlp"], language="de-AT", templates=own)))
    assert "Servus" in tex and "Probe mit Zahlen" in tex and "Produktregel" in tex and "[naustrian]{babel}" in tex


@pytest.mark.parametrize(
    "table, said",
    [
        ("{'babel': 'french', 'tag': 'fr'}", "has no `language.decimal`"),
        (r"{'babel': 'french]{babel}\\input{x}', 'tag': 'fr', 'decimal': ','}", "has no `language.babel`"),
        ("{'babel': 'french', 'tag': 'fr', 'decimal': ',', 'fallback': 'fr'}", "cannot fall back to `fr`"),
        ("{'babel': 'french', 'tag': 'fr', 'decimal': ',', 'fallback': 'xx'}", "cannot fall back to `xx`"),
    ],
)
def test_a_wrong_table_of_the_language(table: str, said: str, tmp_path: Path) -> None:
    own = with_words(tmp_path, "fr.tex", f"((* set language = {table} *))")
    with pytest.raises(SpecError, match=re.escape(said)):
        Words("fr", own, {})


def test_a_language_that_tex_does_not_know_is_set_all_the_same(tmp_path: Path) -> None:
    table = "((* set language = {'babel': 'klingon', 'tag': 'tlh', 'decimal': ',', 'fallback': 'en'} *))"
    own = with_words(tmp_path, "tlh.tex", table)
    sheet = api.sheet(api.load(api.examples()["mlp"], language="tlh", templates=own))
    typeset(api.tex(sheet), tmp_path / "x.pdf", files=api.style(sheet), keep_log=tmp_path / "log")
    assert overfull((tmp_path / "log").read_text("utf-8", "replace")) == []


def test_a_language_that_there_is_not() -> None:
    with pytest.raises(SpecError, match=r"<text>:2:11: there are no words for the language `dee`\n  did you mean `de`?"):
        api.sheet(api.loads("title: x\nlanguage: dee\nequations: ['z = 2*w']\nparameters: {w: scalar}\n"))
    with pytest.raises(SpecError, match="there are no words"):
        api.sheet(api.loads("title: x\nlanguage: ../en\nequations: ['z = 2*w']\nparameters: {w: scalar}\n"))


def test_the_command_line_has_the_last_word(tmp_path: Path) -> None:
    from click.testing import CliRunner

    spec = tmp_path / "x.yaml"
    spec.write_text("title: x\nlanguage: de\nequations: ['z = 2*w']\nparameters: {w: scalar}\n", encoding="utf-8")
    german = CliRunner().invoke(command, ["tex", str(spec)])
    english = CliRunner().invoke(command, ["tex", str(spec), "--language", "en"])
    assert "Vorwärtsdurchlauf" in german.output and "Forward pass" in english.output
