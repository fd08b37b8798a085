"""How sheets look: what a theme may say, what it does to the page, and that nothing is too wide at any size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from images import png
from pypdf import PdfReader

from derive import api
from derive.cli import command
from derive.document.model import Sheet
from derive.errors import SpecError, TypesetError
from derive.spec import theme as looks
from derive.typeset import overfull, typeset

SPEC = "title: A line\nequations: ['z = w*a + b', 'C = z**2']\ninputs: {a: scalar}\nparameters: {w: scalar, b: scalar}\n"


def sheet_of(tmp_path: Path, theme: str = "", more: str = "", **look: Any) -> Sheet:
    """A small sheet with a theme of this text."""
    (tmp_path / "my.yaml").write_text(theme, encoding="utf-8")
    spec = tmp_path / "x.yaml"
    spec.write_text(SPEC + ("theme: my.yaml\n" if theme else "") + more, encoding="utf-8")
    return api.sheet(api.load(spec, **look))


def made(sheet: Sheet, tmp_path: Path) -> PdfReader:
    """The sheet as PDF, with nothing too wide in it."""
    typeset(api.tex(sheet), tmp_path / "x.pdf", files=api.style(sheet), keep_log=tmp_path / "log")
    assert overfull((tmp_path / "log").read_text("utf-8", "replace")) == []
    return PdfReader(tmp_path / "x.pdf")


def fonts(pdf: PdfReader) -> str:
    return " ".join(str(font) for page in pdf.pages for font in page["/Resources"]["/Font"].values())  # type: ignore[index]


@pytest.mark.parametrize("size, paper", [(10, "a4"), (14, "letter"), (17, "a4"), (20, "a4"), (20, "letter")])
@pytest.mark.parametrize("name", ["chain", "mlp", "own-layer"])
def test_nothing_is_too_wide_at_any_size(name: str, size: int, paper: str, tmp_path: Path) -> None:
    pdf = made(api.sheet(api.load(api.examples()[name], size=size, paper=paper)), tmp_path)
    width, height = (float(n) for n in pdf.pages[0].mediabox[2:])
    assert (round(width), round(height)) == ((595, 842) if paper == "a4" else (612, 792))


def noting(sizes: list[float]) -> Any:
    """What notes the size of each piece of text."""
    return lambda text, cm, tm, font, at: sizes.append(round(at, 1))


@pytest.mark.parametrize("name", ["residual", "wide-layer"])
def test_homework_in_large_print_has_room_for_its_solutions(name: str, tmp_path: Path) -> None:
    sheets = api.sheets(api.load(api.examples()[name], size=20, paper="letter", language="de"), ("homework", "solutions"))
    pages = [len(made(sheet, tmp_path).pages) for sheet in sheets.values()]
    assert pages[0] == pages[1]


def test_larger_letters_are_larger(tmp_path: Path) -> None:
    pages = {}
    for size in (10, 13, 20):
        sizes: list[float] = []
        pdf = made(sheet_of(tmp_path, size=size), tmp_path)
        pdf.pages[0].extract_text(visitor_text=noting(sizes))
        pages[size] = max(set(sizes), key=sizes.count)
    assert pages == pytest.approx({10: 10, 13: 13, 20: 20}, abs=0.15)


@pytest.mark.parametrize("theme", list(looks.themes()))
@pytest.mark.parametrize("name", ["single-neuron", "mini-batch"])
def test_the_shipped_themes(theme: str, name: str, tmp_path: Path) -> None:
    made(api.sheet(api.load(api.examples()[name], theme=theme, language="de")), tmp_path)


def test_the_default_theme_says_what_holds_without_one() -> None:
    assert looks.load_theme(looks.themes()["default"])[0] == looks.Theme()


def test_tokens_reach_the_page(tmp_path: Path) -> None:
    (tmp_path / "crest.png").write_bytes(png(30, 20))
    theme = """
font: palatino
colours: {headings: "#1f4e79", lines: "#8F3A00", rules: "#595959", forward: "#004c80"}
lines: {title: 1.5, frame: 1, remark: 5}
margins: {inner: 30, outer: 20, top: 25, bottom: 25}
header: {left: "{logo}", right: "{course} & 100%"}
footer: {left: "{title}", centre: "{date}", right: "{page} of {pages}"}
logo: {file: crest.png, height: 12}
"""
    sheet = sheet_of(tmp_path, theme, "course: Nets_1\ndate: '2026'\nsides: 2\n")
    pdf = made(sheet, tmp_path)
    text = pdf.pages[1].extract_text()
    assert f"2 of {len(pdf.pages)}" in text and "Nets_1 & 100%" in text and "A line" in text and "2026" in text
    assert len(pdf.pages[0].images) == 1
    first, second = (page.get_contents().get_data().decode("latin-1") for page in pdf.pages[:2])  # type: ignore[union-attr]
    assert re.search(r"0\.1215\d 0\.305\d+ 0\.474\d+ rg", first) and "0.56078 0.22745 0" in first + second
    assert [name for name in api.style(sheet) if name.startswith("logo-")], "the logo goes beside the text"


def test_head_and_foot_change_sides(tmp_path: Path) -> None:
    def left(pdf: PdfReader, page: int) -> float:
        places: list[float] = []

        def visit(text: str, cm: list[float], tm: list[float], *_: object) -> None:
            if text.strip() in ("1", "2") and tm[5] < 80:
                places.append(tm[4])

        pdf.pages[page].extract_text(visitor_text=visit)
        return places[-1]

    pdf = made(sheet_of(tmp_path, 'footer: {right: "{page}"}\nsides: 2\n'), tmp_path)
    assert left(pdf, 0) > 400 and left(pdf, 1) < 200
    pdf = made(sheet_of(tmp_path, 'footer: {right: "{page}"}\n'), tmp_path)
    assert left(pdf, 0) > 400 and left(pdf, 1) > 400


def test_a_long_title_is_broken_in_head_and_foot(tmp_path: Path) -> None:
    long = "title: " + "A very long title " * 11 + "\n"
    (tmp_path / "my.yaml").write_text('header: {right: "{title}"}\nsides: 2\nsize: 17\n', encoding="utf-8")
    (tmp_path / "x.yaml").write_text(SPEC.replace("title: A line\n", long) + "theme: my.yaml\n", encoding="utf-8")
    sheet = api.sheet(api.load(tmp_path / "x.yaml"))
    typeset(api.tex(sheet), tmp_path / "x.pdf", files=api.style(sheet), keep_log=tmp_path / "log")
    assert not [line for line in overfull((tmp_path / "log").read_text("utf-8", "replace")) if "hbox" in line]


def test_who_decides(tmp_path: Path) -> None:
    theme = "size: 14\npaper: letter\nsides: 2\n"
    assert [getattr(sheet_of(tmp_path, theme).look, part) for part in ("size", "paper", "sides")] == [14, "letter", 2]
    look = sheet_of(tmp_path, theme, "size: 17\nsides: 1\n").look
    assert [look.size, look.paper, look.sides] == [17, "letter", 1]
    look = sheet_of(tmp_path, theme, "size: 17\n", size=20, paper="a4").look
    assert [look.size, look.paper, look.sides] == [20, "a4", 2]


def test_the_preamble_depends_on_the_look_alone() -> None:
    one, other = (
        api.tex(api.sheet(api.load(api.examples()[name], theme="colour"))).partition(r"\begin{document}")[0]
        for name in ("mlp", "single-neuron")
    )
    assert one == other


@pytest.mark.parametrize(
    "theme, said",
    [
        ("colors: {}", "my.yaml:1:1: unknown key `colors`\n  did you mean `colours`?"),
        ("colours: {heading: '#000000'}", "my.yaml:1:11: unknown key `heading`\n  did you mean `headings`?"),
        ("colours:\n  lines: blue", "my.yaml:2:10: `blue` is not a colour"),
        ("colours: {rules: '#ffffaa'}", "too pale to be read on paper"),
        ("font: comic", "my.yaml:1:7: expected one of `lmodern`, `lmodern-sans`, `palatino`, `times` for `font`, found `comic`"),
        ("size: 9", "my.yaml:1:7: `size` must be at least 10, found 9"),
        ("size: 21", "`size` must be at most 20"),
        ("sides: 3", "expected one of `1`, `2` for `sides`, found `3`"),
        ("paper: a5", "expected one of `a4`, `letter` for `paper`"),
        ("margins: {top: 500}", "`top` must be at most 80"),
        ("lines: {title: thick}", "expected a number for `title`, found `thick`"),
        ("footer: {left: '{titel}'}", "`{titel}` cannot be put in here\n  did you mean `title`?"),
        ("footer: {left: '{title'}", "a brace is open or closed too much"),
        ("footer: middle", "expected a mapping"),
        ("logo: {file: ../crest.png}", "is not the name of a file beside the theme"),
        ("logo: {file: crest.png}", "my.yaml:1:14: there is no file crest.png beside the theme"),
        ("logo: {height: 10}", "`file` is missing"),
        ("[1]", "a theme is a mapping"),
        ("# nothing", "the theme is empty"),
        ("size: [", "my.yaml:1:8"),
    ],
)
def test_what_a_theme_may_not_say(theme: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=re.escape(said)):
        sheet_of(tmp_path, theme)


def test_what_a_theme_says_is_text_and_no_command(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, r"""footer: {left: '\input{title} 100% #1 $x$ ^^5c'}""")
    assert r"\input" not in api.tex(sheet).partition(r"\def\@oddfoot")[2].partition(r"\makeatother")[0]
    assert "\\inputA line 100% #1 $x$ ˆˆ5c" in made(sheet, tmp_path).pages[0].extract_text().replace("^", "ˆ")


@pytest.mark.parametrize("name", ["../my.yaml", "/etc/hostname", "sub/../../my.yaml", "link.yaml"])
def test_a_spec_reaches_for_no_theme_outside_its_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("size: 14\n", encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "my.yaml")
    (inside / "x.yaml").write_text(f"{SPEC}theme: {name}\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"x\.yaml:5:8: the theme .* is not in the folder of the spec"):
        api.sheet(api.load(inside / "x.yaml"))
    assert api.sheet(api.load(inside / "x.yaml", theme=str(tmp_path / "my.yaml"))).look.size == 14, "whoever runs it may"


def test_a_theme_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"there is no theme `large`\n  did you mean `large-print`"):
        sheet_of(tmp_path, theme="", more="theme: large\n")
    with pytest.raises(SpecError, match=r"x\.yaml:5:8: there is no theme `no\.yaml` beside the spec"):
        sheet_of(tmp_path, theme="", more="theme: no.yaml\n")


def test_a_font_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "METRICS", {"times": ("nosuch.tfm", "texlive-fonts-recommended")})
    with pytest.raises(TypesetError, match=r"font `times` is not installed\n  install texlive-fonts-recommended"):
        api.require_font(sheet_of(tmp_path, "font: times"))


def test_a_look_from_the_command_line(tmp_path: Path) -> None:
    from click.testing import CliRunner

    (tmp_path / "crest.png").write_bytes(png(30, 20))
    (tmp_path / "my.yaml").write_text('logo: {file: crest.png}\nheader: {left: "{logo}"}\n', encoding="utf-8")
    options = ["--theme", str(tmp_path / "my.yaml"), "--size", "14", "--sides", "2", "--paper", "letter"]
    done = CliRunner().invoke(command, ["pdf", "single-neuron", "-o", str(tmp_path / "out"), *options])
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "out").glob("logo-*.png"))) == 1
    assert r"\documentclass[12pt,letterpaper,twoside]" in (tmp_path / "out" / "single-neuron.tex").read_text("utf-8")
    wrong = CliRunner().invoke(command, ["pdf", "single-neuron", "--size", "30"])
    assert wrong.exit_code == 2 and "30 is not in the range 10<=x<=20" in wrong.output
