"""A book from many specs, really set: its pages, its index, its manifest, and what is derived again."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from ruamel.yaml import YAML

from derive import api, pack, typeset
from derive.cli import command
from derive.cli.pack import STARTER
from derive.errors import DeriveError, OutputError, Place, SpecError
from derive.pack import building, cache, literature
from derive.pack import markdown as texts

BIB = r"""
@book{deep, title={Deep {L}earning \& more}, author={Goodfellow, Ian and B{\"u}hler, J{\"o}rg}, publisher={MIT Press}, year=2016,
  url={http://www.deeplearningbook.org/a_very_long%20address/that/goes/on/and/on/and/never/seems/to/come/to/an/end.html}}
@article{rumelhart, author={Rumelhart, David E.}, title={Learning $\delta$ \input{secret}}, journal={Nature}, volume=323,
  pages={533--536}, year=1986}
@misc{uncited, title={Nobody cites this}}
"""
BOOK = r"""
title: "Sheets & σ: 100 % of {them}"
subtitle: Two chapters
authors: [Åsa Ek, "B_C"]
licence: CC BY 4.0
attribution: After [@deep; @rumelhart], at <https://example.org/a_long/address_that_goes_on_and_on/and/on/and/on/index.html>.
preface: |
  Read [the last one](#three) first, and [the chapter](#layers).

  - a list with `z = w*a + b`
    1. in a *list*, **strong**
  - and `code that is none`
chapters:
  - title: One neuron
    introduction: "\\input{secret} $x$ <b>html</b> # no heading \\write18{x} ^^41 ``y = \\end{document}``"
    sheets: [one.yaml, {spec: single.yaml, id: two, title: Another title}]
  - title: Schichten
    id: layers
    language: de
    introduction: |
      Ein Netz, `z[j] = sum(W[j,k]*x[k], k) + b[j]`, wie [oben](#two):

      ```
      for x in data:
          train(x)  # \end{verbatim}
      ```
    sheets: [{spec: three.yaml, introduction: Zum Üben.}]
bibliography: works.bib
"""
ONE = """title: A product
parameters: {w: scalar, b: scalar}
inputs: {x: scalar}
equations: ["z = w*x + b", "C = z**2"]
"""
THREE = """title: Three
network: {input: {x: 2}, layers: [{dense: {units: 2, activation: tanh}}], loss: squared_error}
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pack, its specs and its bibliography; its cache is its own."""
    monkeypatch.setattr(cache, "_place", lambda name: tmp_path / "kept" / f"{name}.json")
    (tmp_path / "one.yaml").write_text(ONE, encoding="utf-8")
    (tmp_path / "single.yaml").write_text(api.examples()["single-neuron"].read_text("utf-8"), encoding="utf-8")
    (tmp_path / "three.yaml").write_text(THREE, encoding="utf-8")
    (tmp_path / "works.bib").write_text(BIB, encoding="utf-8")
    (tmp_path / "book.yaml").write_text(BOOK, encoding="utf-8")
    return tmp_path


def change(book: Path, old: str, new: str) -> Path:
    text = (book / "book.yaml").read_text("utf-8")
    assert old in text
    (book / "book.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return book / "book.yaml"


def pages_of(pdf: Path) -> list[str]:
    """The words on each page, hyphens and line breaks taken out."""
    said = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return [" ".join(re.sub(r"-\n\s*", "-", page).split()) for page in said.split("\f")[:-1]]


def manifest(target: Path) -> Any:
    return json.loads(target.with_name(f"{target.stem}-manifest.json").read_text("utf-8"))


def part(volume: Any, kind: str, id_: str = "") -> Any:
    (found,) = [p for p in volume["parts"] if p["kind"] == kind and (not id_ or p.get("id") == id_)]
    return found


def numbers(text: str) -> set[int]:
    """3, 5–7 as pages."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:–(\d+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def logged(target: Path) -> str:
    log = target.with_suffix(".log")
    typeset.typeset(target.with_suffix(".tex").read_text("utf-8"), target.with_name("again.pdf"), files=api.style(), keep_log=log)
    return log.read_text("utf-8", "replace")


def test_a_book_of_two_chapters(book: Path) -> None:
    target = book / "out" / "book.pdf"
    built = pack.build(pack.load(book / "book.yaml"), target)
    assert built.derived == ("one", "two", "three")
    assert {p.name for p in built.files} == {"book.pdf", "book.tex", "derive-sheets.sty", "book-manifest.json"}

    log = logged(target)
    assert typeset.overfull(log) == []
    assert not re.search(r"multiply.defined|Missing character|Warning.*undefined|Token not allowed", log)
    assert target.with_name("again.pdf").read_bytes() == target.read_bytes()

    pages = pages_of(target)
    (volume,) = manifest(target)["volumes"]
    assert volume["pages"] == len(pages) == built.pages[target]

    # The manifest: every part begins and ends where it says, and the parts follow on each other.
    starts = {"one": "1.1 A product", "two": "1.2 Another title", "three": "2.1 Three"}
    for id_, words in starts.items():
        found = part(volume, "sheet", id_)
        first, last = found["pages"]
        assert pages[first - 1].startswith(words)
        assert [words in page for page in pages[first:last]] == [False] * (last - first)
        assert found["printed"] == [pages[first - 1].split()[-1], pages[last - 1].split()[-1]]
    assert part(volume, "sheet", "one")["pages"][1] + 1 == part(volume, "sheet", "two")["pages"][0]
    assert part(volume, "sheet", "three")["pages"][1] + 1 == part(volume, "notation")["pages"][0]
    assert part(volume, "chapter", "layers")["pages"] == [
        part(volume, "sheet", "two")["pages"][1] + 1,
        part(volume, "sheet", "three")["pages"][1],
    ]

    # The table of contents says the same pages.
    contents = pages[part(volume, "contents")["pages"][0] - 1]
    for id_, words in starts.items():
        assert re.search(rf"{re.escape(words)}[ .]+{part(volume, 'sheet', id_)['printed'][0]}\b", contents)

    # The index: the pages that it names hold the rule, and no other does. The third sheet calls it by its German name.
    arabic = {int(page.split()[-1]): page for page in pages if page.split()[-1].isdecimal()}
    index = pages[part(volume, "rules")["pages"][0] - 1]
    (listed,) = re.findall(r"\bproduct rule ([\d, –]+)", index)
    said = {number for number, page in arabic.items() if ("product rule" in page or "Produktregel" in page) and page != index}
    assert numbers(listed) == said
    assert len(said) > 2

    # Links with pages; works, by author, and only those that are cited; German words in the German chapter.
    preface = pages[part(volume, "preface")["pages"][0] - 1]
    assert f"the last one (section 2.1, page {part(volume, 'sheet', 'three')['printed'][0]})" in preface
    assert "the chapter (Chapter 2, page" in preface
    assert "code that is none" in preface and "z = wx + b" not in preface
    works = pages[part(volume, "literature")["pages"][0] - 1]
    assert "[1] Ian Goodfellow, Jörg Bühler. Deep Learning & more." in works
    assert "[2] David E. Rumelhart. Learning δ. Nature 323, pp. 533–536. 1986." in works
    assert "Nobody" not in works
    assert "After [1, 2], at https://" in pages[0]
    german = pages[part(volume, "chapter", "layers")["pages"][0] - 1]
    assert german.startswith("Kapitel 2 Schichten")
    assert f"oben (Abschnitt 1.2, Seite {part(volume, 'sheet', 'two')['printed'][0]})" in german
    assert r"train(x) # \end{verbatim}" in german
    assert "Vorwärtsdurchlauf" in " ".join(pages)

    # What the user typed is what is printed.
    first = pages[part(volume, "sheet", "one")["pages"][0] - 2]
    assert r"\input{secret} $x$ <b>html</b> # no heading \write18{x} ^^41 y = \end{document}" in first
    reader = PdfReader(target)
    assert reader.metadata is not None and reader.metadata.title == "Sheets & σ: 100 % of {them}"
    outline = [item.title for item in reader.outline if not isinstance(item, list)]
    assert outline == ["Preface", "1 One neuron", "2 Schichten", "Notation", "Index of rules", "Literature"]

    # A document that includes the pages has the parts in its contents, at the right pages, and can refer to them.
    host = r"\documentclass{book}\usepackage{pdfpages,hyperref}\begin{document}\tableofcontents"
    host += rf"\includepdf[pages=-,{volume['includepdf']}]"
    host += r"{book.pdf}Look at page~\pageref{book-sheet-two}.\end{document}"
    counted = typeset.typeset(host, book / "host.pdf", files={"book.pdf": target.read_bytes()})
    inside = pages_of(book / "host.pdf")
    before_it = next(n for n, page in enumerate(inside) if "Sheets & σ" in page and "Contents" not in page)
    two = before_it + part(volume, "sheet", "two")["pages"][0]
    assert counted == len(inside) and inside[two - 1].startswith("1.2 Another title")
    assert re.search(rf"1\.2 Another title[ .]+{two}\b", inside[0]) and f"Look at page {two}." in inside[-1]

    # Nothing is derived again; after a change, what has changed; and the pages are the same bytes.
    before = target.read_bytes()
    assert pack.build(pack.load(book / "book.yaml"), target).derived == ()
    assert target.read_bytes() == before
    (book / "one.yaml").write_text(ONE.replace("A product", "Another product"), encoding="utf-8")
    told: list[str] = []
    assert pack.build(pack.load(book / "book.yaml"), target, told.append).derived == ("one",) == tuple(told)
    assert pages_of(target)[part(volume, "sheet", "one")["pages"][0] - 1].startswith("1.1 Another product")


@pytest.mark.parametrize("where", ["end", "volume"])
def test_solutions_of_homework(book: Path, where: str) -> None:
    more = f"edition: homework\nsolutions: {where}\nsides: 2\nsize: 14\npaper: letter\nbibliography:"
    text = BOOK.replace("bibliography:", more).replace("[one.yaml, ", "[{spec: one.yaml, edition: worked}, ")
    (book / "book.yaml").write_text(text, encoding="utf-8")
    target = book / "out" / "book.pdf"
    built = pack.build(pack.load(book / "book.yaml"), target)
    solved = target if where == "end" else target.with_name("book-solutions.pdf")
    assert set(built.pages) == {target, solved}
    for path in built.pages:
        log = logged(path)
        assert typeset.overfull(log) == []
        assert not re.search(r"multiply.defined|Warning.*undefined", log)
    volume = manifest(target)["volumes"][-1]
    pages = pages_of(solved)
    for id_, number, title in (("two", "1.2", "Another title"), ("three", "2.1", "Three")):
        found = part(volume, "solution", id_)
        assert found["number"] == number
        assert [f"{number} {title}" in page for page in pages[found["pages"][0] - 1 : found["pages"][1]]].index(True) == 0
    assert "one" not in {p.get("id") for p in volume["parts"] if p["kind"] == "solution"}  # which is worked already
    sheet = part(manifest(target)["volumes"][0], "sheet", "two")
    words = " ".join(pages_of(target)[sheet["pages"][0] - 1 : sheet["pages"][1]])
    assert ("Solution, page " + part(volume, "solution", "two")["printed"][0] in words) == (where == "end")
    assert "Question 1" in words and "Student number" not in words
    right = [p["pages"][0] % 2 for v in manifest(target)["volumes"] for p in v["parts"] if p["kind"] == "chapter"]
    assert right[0] == 1


WRONG: list[tuple[Callable[[Path], Any], str, str]] = [
    (lambda b: change(b, "one.yaml", "oen.yaml"), "book.yaml:16:14", "there is no file `oen.yaml`\n  did you mean `one.yaml`?"),
    (lambda b: change(b, "[one.yaml,", "[one.yaml, one.yaml,"), "book.yaml:16:24", "the sheet `one` stands here twice"),
    (lambda b: change(b, "spec: three.yaml", "spec: one.yaml, id: too"), "book.yaml:27:14", "stands in the pack already, as `o"),
    (lambda b: change(b, "(#three)", "(#thre)"), "book.yaml:8", "there is no sheet and no chapter `thre` to link to"),
    (lambda b: change(b, "(#two)", "(#tow)"), "book.yaml:21", "no chapter `tow` to link to\n  did you mean `two`?"),
    (lambda b: change(b, "@rumelhart", "@rumelhard"), "book.yaml:6:14", "no entry `rumelhard` in the bibliography\n  did you"),
    (lambda b: change(b, "sheets: [{spec", "sheets: [{sepc"), "book.yaml:27:15", "unknown key `sepc`\n  did you mean `spec`?"),
    (lambda b: change(b, "language: de", "language: xx"), "book.yaml:19:15", "there are no words for the language `xx`"),
    (lambda b: change(b, "one.yaml", "/etc/passwd"), "book.yaml:16:14", "is not a path from the pack's folder"),
    (lambda b: change(b, "works.bib", "no.bib"), "book.yaml:28:15", "there is no file `no.bib`"),
    (lambda b: change(b, "title: Schichten", "title: 漢字"), "book.yaml:17:12", "the sheet's fonts have no `漢`"),
    (lambda b: change(b, "in a *list*", "in a 漢"), "book.yaml:11", "the sheet's fonts have no `漢`"),
    (lambda b: (b / "one.yaml").write_text(ONE.replace("w*x", "w*q")), "one.yaml:4:", "this spec is the sheet `one` of the pack"),
    (lambda b: (b / "one.yaml").write_text("title: [x"), "one.yaml:1:", "this spec is the sheet `one` of the pack"),
    (lambda b: (b / "works.bib").write_text(BIB + BIB), "works.bib:8", "an entry above has this key already"),
    (lambda b: (b / "works.bib").write_text("\n@misc{a, title={x"), "works.bib:2", "this entry cannot be read"),
    (lambda b: (b / "works.bib").write_text("@misc{deep, title={漢}}"), "works.bib:1", "the sheet's fonts have no `漢`"),
]


@pytest.mark.parametrize(("spoil", "place", "message"), WRONG, ids=[message[:30] for _, _, message in WRONG])
def test_what_is_wrong_is_said_with_its_place(book: Path, spoil: Callable[[Path], Any], place: str, message: str) -> None:
    spoil(book)
    with pytest.raises(DeriveError) as caught:
        pack.build(pack.load(book / "book.yaml"), book / "out" / "book.pdf")
    assert isinstance(caught.value, SpecError)
    assert str(caught.value.place).startswith(str(book / place))
    assert message in str(caught.value)
    assert not (book / "out").exists()


def scope(**more: Any) -> texts.Scope:
    return texts.Scope(lambda code: None, **more)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* **c**", r"a \emph{b} \textbf{c}"),
        ("- a\n- b", "\\begin{itemize}\n\\item{}a\n\n\n\\item{}b\n\n\n\\end{itemize}"),
        ("# no & heading", r"\# no \& heading"),
        ("<script>x</script> &amp; \\* 1_2", r"\textless{}script\textgreater{}x\textless{}/script\textgreater{} \& * 1\_2"),
        ("![x](y.png)", r"!x (\texttt{y.\allowbreak{}png})"),
        ("[x](javascript:alert)", r"{[}x{]}(javascript:alert)"),
        ("`a_b`", r"\texttt{a\_\allowbreak{}b}"),
        ("> q", r"\textgreater{} q"),
    ],
)
def test_markdown_is_text_and_a_little_more(text: str, shown: str) -> None:
    assert texts.latex(text, scope()).strip() == shown


def test_lists_that_latex_cannot_nest_are_refused_with_their_line() -> None:
    deep = "text\n\n" + "\n".join(f"{'  ' * n}- x" for n in range(6))
    with pytest.raises(SpecError) as caught:
        texts.latex(deep, scope(), lambda line: Place("f", line))
    assert caught.value.place == Place("f", 6)


@pytest.mark.parametrize("style", ["quoted", "folded", "block"])
def test_a_line_of_a_text_is_told_where_it_stands(style: str, tmp_path: Path) -> None:
    lines = ["one", "", "two [x](#nowhere)"]
    text = {
        "quoted": json.dumps("\n".join(lines)),
        "folded": ">\n  " + "\n  ".join(lines),
        "block": "|\n  " + "\n  ".join(lines),
    }[style]
    path = tmp_path / "p.yaml"
    path.write_text(f"title: T\npreface: {text}\nchapters: [{{title: A, sheets: [single-neuron]}}]\n", encoding="utf-8")
    with pytest.raises(SpecError, match="no chapter `nowhere`") as caught:
        pack.build(pack.load(path), tmp_path / "p.pdf")
    assert caught.value.place is not None and caught.value.place.line == {"quoted": 2, "folded": 2, "block": 5}[style]


def test_a_long_text_of_signs_is_set(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    texts = {"spec.yaml": "title: T\nequations: ['C = (w - 1)**2']\nintroduction: " + "ε" * 10_000 + "\n"}
    texts["p.yaml"] = "title: T\npreface: |\n  " + "&~" * 9_000 + " x\nchapters: [{title: A, sheets: [spec.yaml]}]\n"
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    pack.build(pack.load(path), tmp_path / "out" / "p.pdf")
    tex = (tmp_path / "out" / "p.tex").read_text("utf-8")
    assert max(map(len, tex.splitlines())) <= 100_001
    assert tex.count(r"\varepsilon") == 10_000 and tex.count(r"\&") == 9_000  # nothing is lost


def test_a_work_is_text(tmp_path: Path) -> None:
    (tmp_path / "b.bib").write_text(BIB, encoding="utf-8")
    work = literature.load(tmp_path / "b.bib")["rumelhart"]
    assert (work.title, work.pages, work.people) == ("Learning δ", "533–536", ("David E. Rumelhart",))


def test_signs_that_stand_for_two_things_are_reported(book: Path) -> None:
    other = "title: Other\nparameters: {x: scalar}\ninputs: {w: scalar}\nequations: ['C = w*x']\n"
    (book / "three.yaml").write_text(other, encoding="utf-8")
    target = book / "out.pdf"
    built = pack.build(pack.load(change(book, "(#two)", "(#one)")), target)
    found = {clash.plain: clash.by_role() for clash in built.clashes}
    assert found["w"] == {"parameter": ["one"], "input": ["three"]}
    assert {"sign": "x", "sheets": {"one": "input", "three": "parameter"}} in manifest(target)["clashes"]
    (volume,) = manifest(target)["volumes"]
    first, last = part(volume, "notation")["pages"]
    assert "One sign, several things" in " ".join(pages_of(target)[first - 1 : last])


def test_the_nearest_word_about_the_notation_decides(book: Path) -> None:
    (book / "book.yaml").write_text("""
title: Notation
view: [index]
labels: relative
chapters:
  - {title: One, sheets: [one.yaml, {spec: three.yaml, view: matrix}]}
  - {title: Two, labels: absolute, sheets: [{spec: three.yaml, id: four, edition: homework}, {spec: mlp, view: [matrix, index]}]}
""")
    found = pack.load(book / "book.yaml")
    asked = [found.notation(chapter, entry) for _, chapter, entry in found.entries()]
    assert [a["view"] for a in asked] == [("index",), ("matrix",), ("index",), ("matrix", "index")]
    assert [a["labels"] for a in asked] == ["relative", "relative", "absolute", "absolute"]
    _, three, four, mlp = [member.derived for member in building.members(found, building._look(found))[0]]
    assert "W^{L}" in three.bodies["worked"] and "W^{(1)}" not in three.bodies["worked"]
    assert "w_{jk}^{(1)}" in four.bodies["homework"] and "W^{(1)}" not in four.bodies["homework"]
    assert "w_{jk}^{(1)}" in mlp.bodies["worked"] and "W^{(1)}" in mlp.bodies["worked"]
    without = found.model_copy(update={"labels": None})
    assert building.members(without, building._look(without))[1] == ("one", "three")  # the others have said it themselves


def test_many_specs_are_derived_on_all_cores_and_told_in_their_order(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        (book / f"s{number}.yaml").write_text(f"title: S {number}\nequations: ['C = w**{number + 2}']\n", encoding="utf-8")
    pack_of = "title: T\nchapters: [{title: A, sheets: [" + ", ".join(f"s{number}.yaml" for number in range(6)) + "]}]\n"
    found = pack.loads(pack_of, str(book / "book.yaml"))
    look = building._look(found)
    told: list[str] = []
    members, derived = building.members(found, look, told.append)
    assert tuple(told) == derived == tuple(f"s{number}" for number in range(6))
    assert [m.derived.title for m in members] == [f"S {number}" for number in range(6)]
    for path in (book / "kept").iterdir():
        path.unlink()
    monkeypatch.setattr(building, "WORTH_SPREADING", 100)  # one after the other: the same
    assert [m.derived for m in building.members(found, look)[0]] == [m.derived for m in members]
    monkeypatch.undo()
    monkeypatch.setattr(cache, "_place", lambda name: book / "elsewhere" / f"{name}.json")
    (book / "s3.yaml").write_text("title: S\nequations: ['C = w**']\n", encoding="utf-8")
    with pytest.raises(SpecError, match="the sheet `s3` of the pack") as caught:
        building.members(found, look)
    assert str(caught.value.place).startswith(str(book / "s3.yaml:2:"))
    assert len(list((book / "elsewhere").iterdir())) == 3  # what was done before is kept


def test_what_is_kept_and_broken_is_made_again(book: Path) -> None:
    found = pack.load(book / "book.yaml")
    look = building._look(found)
    members, derived = building.members(found, look)
    assert len(derived) == len(members) == 3
    broken, *_ = (book / "kept").iterdir()
    broken.write_text(broken.read_text("utf-8").replace("dsstart", "dsstarf"), encoding="utf-8")
    again, derived = building.members(found, look)
    assert len(derived) == 1
    assert [m.derived for m in again] == [m.derived for m in members]
    # Another size, another language: another text.
    assert len(building.members(found, building._look(found.model_copy(update={"size": 14})))[1]) == 3
    german = found.model_copy(update={"language": "de"})
    assert building.members(german, building._look(german))[1] == ("one", "two")  # the third is in German already


def test_files_appear_all_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"old")
    second.mkdir()
    with pytest.raises(OutputError):
        building.put({first: b"new", tmp_path / "c": b"new", second: b"new"})
    assert first.read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir()} == {"a", "b"}
    second.rmdir()
    building.put({first: b"new", second: b"new"})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a": b"new", "b": b"new"}


def test_a_rename_that_fails_takes_back_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    second.write_bytes(b"old")
    rename = os.replace

    def failing(source: Path, target: Path) -> None:
        if target == third:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OutputError, match="No space left"):
        building.put({first: b"new", second: b"new", third: b"new"})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"b": b"old"}


def test_the_schema_takes_what_the_program_takes(book: Path) -> None:
    schema = json.loads(CliRunner().invoke(command, ["schema", "pack"]).output)
    checker = jsonschema.Draft202012Validator(schema)
    plain = YAML(typ="safe")
    for text in (STARTER, BOOK):
        checker.validate(plain.load(text))
    assert [e.validator for e in checker.iter_errors(plain.load(BOOK.replace("chapters:", "chapter:")))]
    assert [e.validator for e in checker.iter_errors(plain.load(BOOK.replace("edition:", "")) | {"edition": "marking"})] == [
        "enum"
    ]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(command, ["pack", "course.yaml", "--new"])
    assert run.exit_code == 0
    assert Path("course.yaml").read_text("utf-8") == STARTER
    assert CliRunner().invoke(command, ["pack", "course.yaml", "--new"]).exit_code == 3
    Path("course.yaml").write_text("title: Small\nchapters: [{title: One, sheets: [single-neuron]}]\n", encoding="utf-8")
    run = CliRunner().invoke(command, ["pack", "course.yaml", "--output", "made", "--paper", "letter"])
    assert run.exit_code == 0, run.output
    assert "made/course.pdf" in run.output
    assert manifest(Path("made/course.pdf"))["paper"] == "letter"
    assert CliRunner().invoke(command, ["pack", "no.yaml"]).exit_code == 2
