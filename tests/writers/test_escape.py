"""What the user typed is what is printed, whatever they typed."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import SpecError
from derive.typeset import typeset
from derive.writers.latex.escape import MATHS, PLAIN, SPECIAL, escape, plainly

COMMANDS = re.compile(r"\\(?:[&%$#_{}]|[-,](?=.|$)|text[a-z]+|ensuremath|mathrm|enspace|quad|[A-Za-z]+)")


@pytest.mark.parametrize(
    ("typed", "latex"),
    [
        ("plain words, and (these)", "plain words, and (these)"),
        ("50% of #1 & $2 in a_b", r"50\% of \#1 \& \$2 in a\_b"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("^^41 x^2 ~", r"\textasciicircum{}\textasciicircum{}41 x\textasciicircum{}2 \textasciitilde{}"),
        ("[x]", "{[}x{]}"),
        ('say "no"', r"say \textquotedbl{}no\textquotedbl{}"),
        ("a--b ''c'' ,,d", "a-{}-b '{}'c'{}' ,{},d"),
        ("---", "-{}-{}-"),
        ("cross-entropy, don't", "cross-entropy, don't"),
        ("<<x>> ?` !`", r"\textless{}\textless{}x\textgreater{}\textgreater{} ?\textasciigrave{} !\textasciigrave{}"),
        ("two\nlines\tand\r\nmore", "two lines and more"),
        ("a\u00a0b\u00adc\u2011d", r"a~b\-c-d"),
        ("Wᵀx₁²", r"W\textsuperscript{T}x\textsubscript{1}\textsuperscript{2}"),
        (
            "∂C/∂w ≈ σ′(z)",
            r"\ensuremath{\partial}C/\ensuremath{\partial}w \ensuremath{\approx} \ensuremath{\sigma}\ensuremath{{}'}(z)",
        ),
        ("“Übung” – naïve Łódź", "“Übung” – naïve Łódź"),
        ("e\u0301", "é"),
    ],
)
def test_text_becomes_latex(typed: str, latex: str) -> None:
    assert escape(typed) == latex


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("ab\0c", ["U+0000", "character 3", "control"]),
        ("a\u200bb", ["U+200B", "ZERO WIDTH SPACE", "character 2"]),
        ("\u202etxt", ["U+202E", "RIGHT-TO-LEFT OVERRIDE", "character 1"]),
        ("\x1b[0m", ["U+001B"]),
        ("\ud800", ["U+D800"]),
        ("日本", ["`日`", "U+65E5", "fonts have no", "character 1"]),
        ("so 🎉", ["`🎉`", "U+1F389", "PARTY POPPER", "character 4"]),
        ("Привет", ["`П`", "CYRILLIC"]),
        ("x\u0332", ["U+0332", "COMBINING LOW LINE"]),
    ],
)
def test_what_cannot_be_printed_is_refused_by_name_and_place(typed: str, parts: list[str]) -> None:
    with pytest.raises(SpecError) as error:
        escape(typed)
    for part in parts:
        assert part in str(error.value)
    assert error.value.hint


def check_safe(latex: str) -> None:
    """Braces balance, and every special is part of a command that `escape` itself writes."""
    rest = COMMANDS.sub("", latex)
    assert not set('\\%#$&_^"\n\r\0') & set(rest), latex
    depth = 0
    for brace in re.findall(r"[{}]", rest):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, latex
    assert depth == 0, latex
    assert not re.search(r"--|,,|''(?!\})|\?`|!`|<|>", latex), latex


@given(st.text(alphabet=st.sampled_from(sorted(PLAIN | set(SPECIAL) | set(MATHS) | set("\\{}^~%#&_$\"-'`,?!<>[]"))), max_size=30))
def test_nothing_typed_is_a_command(typed: str) -> None:
    check_safe(escape(typed))


@given(st.text(max_size=12))
def test_any_text_is_escaped_or_refused(typed: str) -> None:
    try:
        latex = escape(typed)
    except SpecError:
        return
    check_safe(latex)


NASTY = [
    r"^^41^^M",
    r"a_1{b}}}%#&~\$",
    r"\input{/etc/passwd}",
    r"\write18{ls}",
    "?`!`<<a>>---``",
    "[x]*",
    '"a"o',
    r"\end{document}",
    "C:\\temp",
]


@pytest.mark.skipif(not (shutil.which("pdflatex") and shutil.which("pdftotext")), reason="needs pdflatex and pdftotext")
def test_tex_prints_all_that_is_accepted(tmp_path: Path) -> None:
    accepted = sorted(PLAIN | set(SPECIAL) | set(MATHS) | set("⁰⁴⁻ᵀᵢⱼₖₙ₁₊"))
    body = "\n\n".join(["\n".join(map(escape, accepted)), *map(escape, NASTY)])
    preamble = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{lmodern}\tracinglostchars=3"
    source = preamble + r"\pagestyle{empty}\begin{document}\raggedright" + "\n" + body + "\n" + r"\end{document}"
    (tmp_path / "all.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=60)
    assert run.returncode == 0, run.stdout[-800:]
    assert "Missing character" not in (tmp_path / "all.log").read_text(encoding="utf-8", errors="replace")
    text = subprocess.run(["pdftotext", "-enc", "UTF-8", "all.pdf", "-"], cwd=tmp_path, capture_output=True, timeout=60).stdout
    printed = unicodedata.normalize("NFC", text.decode("utf-8"))
    for typed in NASTY:
        assert typed in printed


def test_titles_of_a_pdf_hold_signs_by_their_number(tmp_path: Path) -> None:
    title = "σ & “b” – x² 50% ∂C/∂w ż"
    assert plainly("σ & b²") == r"\unichar{963} \& b\unichar{178}"
    body = rf"\hypersetup{{pdftitle={{{plainly(title)}}}}}x"
    text = rf"\documentclass{{article}}\usepackage[unicode]{{hyperref}}\begin{{document}}{body}\end{{document}}"
    typeset(text, tmp_path / "a.pdf")
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        assert str(pdf.docinfo["/Title"]) == title
    with pytest.raises(SpecError):
        plainly("日")
