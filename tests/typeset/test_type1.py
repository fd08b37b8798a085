r"""Fonts cut down: to just the bytes that pdfTeX writes for fewer characters."""

from __future__ import annotations

import re
import subprocess
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pikepdf
import pytest

from derive.typeset.pdf.contents import NotRead, characters, names, renamed
from derive.typeset.pdf.type1 import NotCut, Program, decrypted, encrypted, tag

FAMILIES = {
    "Latin Modern": r"\usepackage{lmodern}",
    "Palatino": r"\usepackage{mathpazo}",
    "Times": r"\usepackage{mathptmx}",
    "Computer Modern": r"\usepackage{amssymb}",
}
ONE = r"Hello fi ffl Äé \v{z} Zoë $a+b=\sum_i \sigma(x_i)\frac12$ \textbf{Größe}"
OTHER = r"Qwerty \% 123 \textit{ab} \textsc{caps} ß Øå ñ $\partial z-\alpha\times\pi \int\sqrt{x}$ uvwxyz KLMN"


@cache
def fonts(folder: Path, preamble: str, body: str) -> dict[str, tuple[bytes, bytes, frozenset[str]]]:
    """The font programs of a document, as pdfTeX cut them: both parts, and which glyphs they have."""
    before = rf"\pdfcompresslevel=0 \documentclass{{article}}\usepackage[T1]{{fontenc}}{preamble}"
    text = rf"{before}\begin{{document}}{body}\end{{document}}"
    (folder / "a.tex").write_text(text, encoding="utf-8")
    subprocess.run(["pdflatex", "-interaction=batchmode", "a"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    found = {}
    with pikepdf.open(folder / "a.pdf") as pdf:
        for font in pdf.pages[0].Resources.Font.values():
            descriptor = font.get("/FontDescriptor")
            if descriptor is None or "/FontFile" not in descriptor:
                continue
            data, clear = descriptor.FontFile.read_bytes(), int(descriptor.FontFile.Length1)
            found[str(descriptor.FontName)[8:]] = (data[:clear], data[clear:], frozenset(str(descriptor.CharSet)[1:].split("/")))
    return found


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("body", [ONE, OTHER])
def test_a_font_is_cut_as_pdftex_would_have_cut_it(tmp_path: Path, family: str, body: str) -> None:
    preamble = FAMILIES[family] if family != "Computer Modern" else r"\renewcommand{\encodingdefault}{OT1}" + FAMILIES[family]
    shared = fonts(tmp_path, preamble, ONE + "\n\n" + OTHER)
    compared = 0
    for name, (clear, closed, glyphs) in fonts(tmp_path, preamble, body).items():
        cut = Program(*shared[name][:2]).cut(glyphs, tag(glyphs) + "+" + name, whole=False)
        expected = re.sub(rb"/[A-Z]{6}\+", b"/" + tag(glyphs).encode() + b"+", clear) + closed
        assert zlib.decompress(cut.data) == expected
        assert (cut.clear, cut.closed) == (len(clear), len(closed))
        compared += glyphs < shared[name][2]
    assert compared


@pytest.mark.parametrize("size", [0, 1, 5, 4000])
def test_encryption_and_decryption_are_inverse(size: int) -> None:
    data = np.random.default_rng(size).bytes(size)
    assert decrypted(encrypted(data, 55665), 55665) == data
    if size > 3:
        assert encrypted(data, 55665) != data


def test_what_is_no_font_program_is_refused() -> None:
    program = Program(b"%!PS", encrypted(b"0000 nothing of a font", 55665))
    with pytest.raises(NotCut):
        program.cut(frozenset({"a"}), "ABCDEF+Font", whole=False)


def test_the_tag_depends_on_the_glyphs_alone() -> None:
    assert tag(frozenset({"a", "b"})) == tag(frozenset({"b", "a"})) != tag(frozenset({"a"}))
    assert re.fullmatch("[A-Z]{6}", tag(frozenset()))


def test_characters_are_read_from_page_contents() -> None:
    contents = rb"""q /Im1 Do Q BT
/F8 9.9626 Tf 1 0 0 1 0 0 Td [(W)83(\050e\))-2.5(\\])]TJ/F11 7 Tf (\303x)Tj ET
/Span<</ActualText(not shown)>>BDC []0 d BT /F8 9 Tf [(z)]TJ ET EMC"""
    assert characters(contents) == {"F8": set(b"W(e)\\]z"), "F11": {0o303, ord("x")}}
    assert names(contents)[:3] == ["Im1", "F8", "F11"]
    other = renamed(contents, lambda name: "A" + name, lambda name: "B" + name)
    assert (
        b"/BIm1 Do" in other and b"/AF8 9.9626 Tf" in other and b"/Span<<" in other and b"/F8 " not in other.replace(b"AF8", b"")
    )


@pytest.mark.parametrize(
    "contents", [b"BT [(a)]TJ ET", b"BT /F1 9 Tf <41>Tj ET", b"BT /F1 9 Tf (a)' ET", b"BT /F1 9 Tf [<41>3]TJ ET"]
)
def test_contents_that_pdftex_does_not_write_are_refused(contents: bytes) -> None:
    with pytest.raises(NotRead):
        characters(contents)
