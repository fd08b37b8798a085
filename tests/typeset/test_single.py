r"""TeX runs: the PDF, the first error, and what a document must not be able to do."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from effort import cpu

from derive.errors import OutputError, TypesetError
from derive.typeset import engine, find_engine, overfull, typeset, write_whole

HELLO = r"""\documentclass{article}
\begin{document}
Hello, $z = wa + b$.
\end{document}
"""


def document(body: str, preamble: str = "") -> str:
    return f"\\documentclass{{article}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


def text_of(pdf: Path) -> str:
    pypdf = pytest.importorskip("pypdf")
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(pdf).pages)


def test_a_document_becomes_a_pdf(tmp_path: Path) -> None:
    pdf = tmp_path / "new" / "folder" / "hello.pdf"
    typeset(HELLO, pdf)
    assert "Hello" in text_of(pdf)
    assert [path.name for path in pdf.parent.iterdir()] == ["hello.pdf"], "nothing else is left beside it"


def test_the_same_text_gives_the_same_bytes_wherever_and_whenever(tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "a.pdf", tmp_path / "two" / "b.pdf"
    dated = document(r"\today", r"\usepackage{hyperref}\hypersetup{pdftitle={T}}")
    typeset(dated, one)
    time.sleep(1.1)  # PDF dates count in seconds
    typeset(dated, two)
    assert one.read_bytes() == two.read_bytes()
    assert "1970" in text_of(one)


def test_further_files_are_read(tmp_path: Path) -> None:
    style = r"\newcommand\DeriveGreeting{from the style}"
    typeset(document(r"\DeriveGreeting", r"\usepackage{greeting}"), tmp_path / "a.pdf", files={"greeting.sty": style})
    assert "from the style" in text_of(tmp_path / "a.pdf")


@pytest.mark.parametrize("name", ["../a.sty", "/a.sty", "sheet.tex", ".hidden", "a b.sty"])
def test_further_files_have_plain_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        typeset(HELLO, tmp_path / "a.pdf", files={name: ""})


def test_passes_only_as_many_as_the_references_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIVE_CACHE", str(tmp_path / "cache"))
    runs: list[int | None] = []
    run = engine.run

    def counted(*given: Any) -> int | None:
        runs.append(run(*given))
        return runs[-1]

    typeset(HELLO, tmp_path / "a.pdf")
    monkeypatch.setattr(engine, "run", counted)
    typeset(HELLO, tmp_path / "a.pdf")
    assert runs == [0]
    runs.clear()
    body = r"See \pageref{x}. \newpage\label{x} There are 12."
    typeset(document(body), tmp_path / "b.pdf")
    assert runs[-2:] == [0, 0]
    assert "See 2." in text_of(tmp_path / "b.pdf")
    runs.clear()
    typeset(document(body.replace("12", "13")), tmp_path / "c.pdf")
    assert runs == [0], "the references of a twin are known"
    assert "See 2." in text_of(tmp_path / "c.pdf")
    runs.clear()
    typeset(document(body.replace("12", "-1")), tmp_path / "b.pdf")
    one = (tmp_path / "b.pdf").read_bytes()
    monkeypatch.setenv("DERIVE_CACHE", str(tmp_path / "other cache"))
    typeset(document(body.replace("12", "-1")), tmp_path / "b.pdf")
    assert (tmp_path / "b.pdf").read_bytes() == one, "one pass and two give the same bytes"


def test_references_of_a_twin_that_are_wrong_are_found_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIVE_CACHE", str(tmp_path / "cache"))
    body = r"See \pageref{x}. \newcount\n \loop\ifnum\n<SIZE\relax\newpage Next.\advance\n 1 \repeat\label{x}"
    for size, page in (("1", "2"), ("3", "4"), ("3", "4"), ("1", "2")):
        typeset(document(body.replace("SIZE", size)), tmp_path / "a.pdf")
        assert f"See {page}." in text_of(tmp_path / "a.pdf")
    assert len(list((tmp_path / "cache" / "references").iterdir())) == 1, "these are twins"


def test_a_table_of_contents_is_complete(tmp_path: Path) -> None:
    body = r"\tableofcontents\section{First}\newpage\section{Second}"
    assert typeset(document(body), tmp_path / "a.pdf") == 2
    assert re.search(r"1\s+First\s+1.*2\s+Second\s+2", text_of(tmp_path / "a.pdf"), re.DOTALL)


def test_the_first_error_is_told_and_the_earlier_pdf_stays(tmp_path: Path) -> None:
    pdf = tmp_path / "sums.pdf"
    pdf.write_bytes(b"earlier")
    with pytest.raises(TypesetError) as caught:
        typeset(document("fine\n\nand \\wrong here\n\\alsowrong"), pdf)
    assert caught.value.exit_code == 4
    assert str(caught.value).splitlines() == [
        "sums.tex:6: Undefined control sequence.",
        "  l.6 and \\wrong",
        f"  the log is in {tmp_path / 'sums.log'}",
    ]
    assert pdf.read_bytes() == b"earlier"
    assert "alsowrong" not in (tmp_path / "sums.log").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sums.log", "sums.pdf"]


def test_an_error_in_a_further_file_names_that_file(tmp_path: Path) -> None:
    with pytest.raises(TypesetError, match=r"^bad\.sty:2: Undefined control sequence"):
        typeset(document("", r"\usepackage{bad}"), tmp_path / "a.pdf", files={"bad.sty": "\n\\nothing\n"})


def test_a_package_that_is_missing_comes_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(TypesetError) as caught:
        typeset(document("", r"\usepackage{no-such-package}"), tmp_path / "a.pdf")
    message = str(caught.value)
    assert "File `no-such-package.sty' not found" in message
    for words in ("apt-get install texlive-latex-base", "dnf install", "brew install", "MiKTeX"):
        assert words in message


def test_without_an_engine_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(TypesetError, match="pdflatex is not installed") as caught:
        find_engine()
    assert "apt-get install texlive-latex-base texlive-latex-recommended texlive-pictures lmodern" in str(caught.value)


def test_no_page_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TypesetError, match="no page"):
        typeset(document(""), tmp_path / "a.pdf")


@pytest.mark.parametrize("loop", [r"\def\x{\x}\x", r"\def\x{\message{again and again}\x}\x"])
def test_an_endless_document_is_stopped(tmp_path: Path, loop: str) -> None:
    begun = cpu()
    with pytest.raises(TypesetError, match=r"did not finish within 0\.7 s"):
        typeset(document(loop), tmp_path / "a.pdf", timeout=0.7)
    assert cpu() - begun < 5, "a busy machine leaves it less of its 0.7 s, never more"
    assert not (tmp_path / "a.pdf").exists()


def test_a_file_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_FILE", 2**20)
    write = r"\newwrite\o\immediate\openout\o=big.txt \def\x{\immediate\write\o{" + 200 * "a" + r"}\x}\x"
    with pytest.raises(TypesetError, match=r"more room|file size|cannot write|File"):
        typeset(document(write), tmp_path / "a.pdf", timeout=20)


def test_memory_without_end_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(TypesetError, match="capacity exceeded"):
        typeset(document(r"\def\x{a\x b}\x"), tmp_path / "a.pdf", timeout=20)


def test_no_command_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("shell_escape", "t")
    touched = tmp_path / "touched"
    typeset(document(rf"\immediate\write18{{touch {touched}}}done"), tmp_path / "a.pdf")
    with pytest.raises(TypesetError):
        typeset(document(rf'\input{{"|touch {touched}"}}'), tmp_path / "b.pdf")
    assert not touched.exists()


READS = {
    "input": r"\input{FILE}",
    "openin": r"\newread\r\openin\r=FILE \ifeof\r closed\else\read\r to\x \x\fi",
    "filedump": r"[\pdffiledump offset 0 length 9{FILE}]",
    "input, quietly": r"\makeatletter\@input{FILE}\makeatother closed",
}


@pytest.mark.parametrize("way", READS)
@pytest.mark.parametrize("where", ["absolute", "parent"])
def test_nothing_outside_the_build_folder_is_read(tmp_path: Path, way: str, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the build folder's parent
    monkeypatch.setenv("TEXINPUTS", f"{tmp_path}:")
    (tmp_path / "secret.tex").write_text("secretword\n")
    file = str(tmp_path / "secret.tex") if where == "absolute" else "../secret.tex"
    pdf = tmp_path / "a.pdf"
    try:
        typeset(document("Begin. " + READS[way].replace("FILE", file)), pdf)
    except TypesetError as error:
        assert "secretword" not in str(error)
        assert "secretword" not in (tmp_path / "a.log").read_text()
    else:
        shown = text_of(pdf)
        assert "secretword" not in shown and b"secretword"[:9].hex().upper() not in shown  # the dump is hexadecimal


def test_a_system_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypesetError, match=r"passwd.*not found|Not reading"):
        typeset(document(r"\input{/etc/passwd}"), tmp_path / "a.pdf")


def test_nothing_outside_the_build_folder_is_written(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    with pytest.raises(TypesetError):
        typeset(document(rf"\newwrite\o\immediate\openout\o={outside} \immediate\write\o{{x}}done"), tmp_path / "a.pdf")
    assert not outside.exists()


def test_the_log_tells_of_overfull_lines(tmp_path: Path) -> None:
    log = tmp_path / "kept.log"
    typeset(document(r"\noindent\hbox to 2\textwidth{wide\hfil}"), tmp_path / "a.pdf", keep_log=log)
    (line,) = overfull(log.read_text())
    assert re.fullmatch(r"Overfull \\hbox \([\d.]+pt too wide\) in paragraph at lines \d+--\d+", line)
    typeset(HELLO, tmp_path / "a.pdf", keep_log=log)
    assert overfull(log.read_text()) == []


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the folder") as caught:
        typeset(HELLO, tmp_path / "file" / "a.pdf")
    assert caught.value.exit_code == 3
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        write_whole(tmp_path / "folder", b"")


def test_writing_replaces_what_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 2
