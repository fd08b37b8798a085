r"""Many documents: the bytes of each are its own, whoever its neighbours are; a failure costs no other document anything."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdf
import pytest
from effort import cpu

from derive import api
from derive.errors import OutputError, TypesetError
from derive.typeset import Job, batch, typeset, workers

PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern,microtype,amsmath,tikz}
\usepackage[hidelinks,unicode,bookmarksnumbered]{hyperref}
\hypersetup{pdflang=de,pdfcreator=derive}
\begin{document}
"""
PICTURE = r"\begin{tikzpicture}\draw[->] (0,0) -- (1,1); \node at (1,0) {$x$, Ü};\end{tikzpicture}"
BODIES = {
    "plain": r"\hypersetup{pdftitle={Jürgen \unichar{963}}}Jürgen Müßig, $z = wa + b$.",
    "long": r"\hypersetup{pdftitle=Long,pdfauthor=A}\section{One}\label{a}\newpage\subsection{Two}See \ref{b}, \pageref{b}."
    r"\begin{equation}a=1\end{equation}\newpage\section{Three}\label{b} Žlutý kůň \textsc{small} \textbf{bold} \footnote{Note.}",
    "contents": r"\tableofcontents\newpage\section{Old}\section{New}\label{b}\begin{equation}x\end{equation}Page \pageref{b}.",
    "picture": r"\section{P}\footnotesize $\int\sum_{\scriptscriptstyle q} \mathbf{w}$ "
    r"\tikz\draw[fill=red,fill opacity=.3] (0,0) circle (1);",
    "drawn": rf"Before {PICTURE} after.",
    "drawn smaller": rf"\footnotesize{PICTURE}",
    "drawn in red": rf"\tikzset{{every path/.style=red}}{PICTURE}",
    "drawn coloured": rf"\color{{blue}}{PICTURE}",
    "drawn twice": rf"\newpage\noindent{PICTURE}{PICTURE}",
    "small": r"{\footnotesize å Ångström} {\Large Größer} {\small 0123456789} "
    r"\href{https://example.org}{out} \hyperlink{section.1}{in}\section{Here}",
    "counters": r"\pagenumbering{roman}\section*{S}\setcounter{section}{4}\section{Five}\newpage\thispagestyle{empty}x",
    "form": r"\newsavebox\one\sbox\one{Ünder}\pdfxform\one\pdfrefxform\pdflastxform \section{F} "
    r"\tikz\shade[left color=red] (0,0) rectangle (1,1);",
    "wide": r"\noindent\hbox to 2\textwidth{wide\hfil}",
}
TEXTS = {name: PREAMBLE + body + "\n\\end{document}\n" for name, body in BODIES.items()}
BAD = PREAMBLE + "fine\n\nand \\wrong here\n\\end{document}\n"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, int]]:
    """Each document set by itself."""
    folder = tmp_path_factory.mktemp("alone")
    pages = {name: typeset(text, folder / f"{name}.pdf") for name, text in TEXTS.items()}
    return {name: ((folder / f"{name}.pdf").read_bytes(), pages[name]) for name in TEXTS}


def read(path: Path) -> pypdf.PdfReader:
    return pypdf.PdfReader(path)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_bytes_are_the_same_alone_and_in_any_batch(tmp_path: Path, alone: dict[str, tuple[bytes, int]], order: int) -> None:
    names = [*TEXTS, "plain", "contents", "long"]
    random.Random(order).shuffle(names)
    jobs = [Job(TEXTS[name], tmp_path / f"{i}.pdf") for i, name in enumerate(names)]
    with ThreadPoolExecutor(1) as executor:
        results = list(batch(jobs, executor=executor, processes=1))
    assert [result.job for result in results] == list(range(len(names)))
    for name, result in zip(names, results, strict=True):
        assert result.error is None
        assert (result.pdf.read_bytes(), result.pages) == alone[name], name
        assert bool(result.overfull) == (name == "wide")


def test_documents_share_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: object) -> None:
    from derive.typeset import engine

    seen: list[int | None] = []
    run = engine.run

    def counted(*given: Any) -> int | None:
        seen.append(run(*given))
        return seen[-1]

    monkeypatch.setattr(engine, "run", counted)
    jobs = [Job(TEXTS["plain"].replace("= wa", f"= {n}a"), tmp_path / f"{n}.pdf") for n in range(10)]
    with ThreadPoolExecutor(1) as executor:
        results = list(batch(jobs, executor=executor, processes=1))
    assert seen == [0] and not any(result.error for result in results)


def test_each_pdf_has_its_own_title_links_outline_and_page_numbers(alone: dict[str, tuple[bytes, int]], tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.pdf" for name in alone}
    for name, path in paths.items():
        path.write_bytes(alone[name][0])
    plain, long, counters = (read(paths[name]) for name in ("plain", "long", "counters"))
    assert plain.metadata is not None and plain.metadata.title == "Jürgen σ" and plain.metadata.creator == "derive"
    assert long.metadata is not None and (long.metadata.title, long.metadata.author) == ("Long", "A")
    assert counters.metadata is not None and counters.metadata.title is None
    outline: list[Any] = list(long.outline)
    assert [str(one["/Title"]) for one in (outline[0], *outline[1], outline[2])] == ["1 One", "1.1 Two", "2 Three"]
    assert counters.page_labels == ["i", "ii"] and long.page_labels == ["1", "2", "3"]
    assert {"section.1", "subsection.1.1", "section.2", "page.3"} <= set(long.named_destinations)
    text = "\n".join(page.extract_text() for page in long.pages)
    assert "See 2, 3." in text and "Žlutý kůň" in text and "Small" not in text
    with pikepdf.open(paths["long"]) as pdf:
        assert pdf.Root.Lang == "de" and pdf.Root.ViewerPreferences.DisplayDocTitle and pdf.Root.PageMode == "/UseOutlines"
        links = [one for page in pdf.pages for one in page.obj.get("/Annots", [])]
        assert {str(link.A.D) for link in links} >= {"section.2"}
    assert "5 Five" in counters.pages[0].extract_text()


def test_pages_look_as_plain_pdflatex_makes_them(alone: dict[str, tuple[bytes, int]], tmp_path: Path) -> None:
    for name in ("long", "picture", "form", "drawn smaller"):
        (tmp_path / "a.tex").write_text(TEXTS[name], encoding="utf-8")
        for _ in range(2):
            subprocess.run(["pdflatex", "-interaction=batchmode", "a"], cwd=tmp_path, stdout=subprocess.DEVNULL, check=True)
        (tmp_path / "b.pdf").write_bytes(alone[name][0])
        for pdf in ("a", "b"):
            subprocess.run(["pdftoppm", "-r", "60", f"{pdf}.pdf", pdf], cwd=tmp_path, check=True)
            subprocess.run(["pdftotext", f"{pdf}.pdf"], cwd=tmp_path, check=True)
        ones = sorted(tmp_path.glob("a-*.ppm"))
        assert len(ones) == alone[name][1]
        for one in ones:
            plain, ours = (np.frombuffer(path.read_bytes()[15:], np.uint8) for path in (one, one.with_name("b" + one.name[1:])))
            assert np.count_nonzero(plain != ours) < plain.size / 1000, "but for the last digit of a width"
        assert (tmp_path / "a.txt").read_text() == (tmp_path / "b.txt").read_text()
        for used in [*tmp_path.glob("*.ppm"), *tmp_path.glob("a.*")]:
            used.unlink()


def test_fonts_hold_what_a_document_shows_and_no_more(tmp_path: Path) -> None:
    jobs = [Job(PREAMBLE + text + "\\end{document}", tmp_path / f"{i}.pdf") for i, text in enumerate(("wide", "Müßig ABC $x$"))]
    with ThreadPoolExecutor(1) as executor:
        list(batch(jobs, executor=executor, processes=1))
    with pikepdf.open(tmp_path / "0.pdf") as pdf:
        (font,) = (font for font in pdf.pages[0].Resources.Font.values() if "/d" in str(font.FontDescriptor.CharSet))
        assert str(font.FontDescriptor.CharSet) == "/d/e/i/one/w", "the word and the number of the page"


def test_pictures_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: dict[str, tuple[bytes, int]]) -> None:
    monkeypatch.setattr("derive.typeset.runs._Setting._copies", lambda *_: 0)
    for name in ("drawn", "drawn twice", "drawn coloured"):
        typeset(TEXTS[name], tmp_path / "a.pdf")
        assert (tmp_path / "a.pdf").read_bytes() == alone[name][0], "copying changes no byte"
    monkeypatch.undo()
    drawings = r"\begin{tikzpicture}\foreach\x in {1,...,60} \draw[->] (0,\x) -- node {\x} (1,0);\end{tikzpicture}"
    times = []
    for many in (1, 20):
        texts = [rf"{PREAMBLE}{i}. \clearpage\vbox to 9pt{{{drawings}\vss}}\end{{document}}" for i in range(many)]
        jobs = [Job(text, tmp_path / f"{i}.pdf") for i, text in enumerate(texts)]
        with ThreadPoolExecutor(1) as executor:
            begun = cpu()
            assert not any(result.error for result in batch(jobs, executor=executor, processes=1))
            times.append(cpu() - begun)
    assert times[1] < 10 * times[0]


def test_the_sheets_are_the_same_alone_and_together(tmp_path: Path) -> None:
    names = ("single-neuron", "deep")
    texts = {name: api.tex(api.sheet(api.load(f"derive/examples/{name}.yaml"))) for name in names}
    pages = {name: typeset(text, tmp_path / "alone" / f"{name}.pdf", files=api.style()) for name, text in texts.items()}
    jobs = [Job(text, tmp_path / "batch" / f"{name}.pdf", api.style()) for name, text in reversed(texts.items())]
    with ThreadPoolExecutor(1) as executor:
        for result in batch(jobs, executor=executor, processes=1):
            assert result.error is None
            assert result.pages == pages[result.pdf.stem] >= 3
            assert result.pdf.read_bytes() == (tmp_path / "alone" / result.pdf.name).read_bytes()


def test_a_document_that_fails_costs_the_others_nothing(tmp_path: Path, alone: dict[str, tuple[bytes, int]]) -> None:
    order = ["plain", "", "long", "", "small", "picture"]
    jobs = [Job(TEXTS.get(name, BAD), tmp_path / f"{i}.pdf") for i, name in enumerate(order)]
    jobs.insert(3, Job(PREAMBLE + "\\end{document}", tmp_path / "empty.pdf"))
    jobs.insert(5, Job(PREAMBLE + "\\begin{itemize}\\item x\n\\end{document}", tmp_path / "open.pdf"))
    jobs.insert(6, Job(PREAMBLE + "{\\bfseries left open\n\\end{document}", tmp_path / "brace.pdf"))
    (tmp_path / "1.pdf").write_bytes(b"earlier")
    with ThreadPoolExecutor(1) as executor:
        results = {result.pdf.stem: result for result in batch(jobs, executor=executor, processes=1)}
    for i, name in enumerate(order):
        if name:
            assert results[str(i)].error is None
            assert (tmp_path / f"{i}.pdf").read_bytes() == alone[name][0]
        else:
            error = results[str(i)].error
            assert isinstance(error, TypesetError)
            assert str(error).splitlines() == [f"{i}.tex:10: Undefined control sequence.", "  l.10 and \\wrong"]
    assert (tmp_path / "1.pdf").read_bytes() == b"earlier" and not (tmp_path / "3.pdf").exists()
    assert "no page" in str(results["empty"].error)
    assert r"\begin{itemize}" in str(results["open"].error)
    assert results["brace"].error is None or "group" in str(results["brace"].error)
    with pytest.raises(TypesetError) as caught:
        typeset(BAD, tmp_path / "1.pdf")
    assert str(caught.value).splitlines()[:2] == str(results["1"].error).splitlines(), "the same is said of it alone"


def test_an_endless_document_costs_the_others_nothing(tmp_path: Path, alone: dict[str, tuple[bytes, int]]) -> None:
    endless = PREAMBLE + "\\def\\x{\\x}\\x\\end{document}"
    jobs = [Job(text, tmp_path / f"{i}.pdf") for i, text in enumerate((TEXTS["plain"], endless, TEXTS["small"]))]
    with ThreadPoolExecutor(1) as executor:
        first, second, third = batch(jobs, executor=executor, processes=1, timeout=1.5)
    assert first.error is None and third.error is None and "did not finish within 1.5 s" in str(second.error)
    assert third.pdf.read_bytes() == alone["small"][0]


def test_a_preamble_that_fails_is_told_for_each(tmp_path: Path) -> None:
    text = "\\documentclass{article}\n\\usepackage{no-such-package}\n\\begin{document}x\\end{document}\n"
    with ThreadPoolExecutor(1) as executor:
        results = list(batch([Job(text, tmp_path / f"{i}.pdf") for i in range(3)], executor=executor, processes=1))
    assert all("File `no-such-package.sty' not found" in str(result.error) for result in results)
    assert str(results[2].error).startswith("2.tex:3:")


def test_several_preambles_and_processes(tmp_path: Path, alone: dict[str, tuple[bytes, int]]) -> None:
    other = r"\documentclass{article}\begin{document}Other\end{document}"
    jobs = [Job(other if i % 5 == 0 else TEXTS["plain"], tmp_path / "new" / f"{i}.pdf") for i in range(8)]
    results = list(batch(jobs, processes=2))
    assert [result.job for result in results] == list(range(8)) and not any(result.error for result in results)
    assert (tmp_path / "new" / "4.pdf").read_bytes() == alone["plain"][0]
    assert len({(tmp_path / "new" / f"{i}.pdf").read_bytes() for i in range(8)}) == 2


def test_jobs_are_read_no_further_ahead_than_there_is_work(tmp_path: Path) -> None:
    read_so_far = 0

    def jobs() -> Iterator[Job]:
        nonlocal read_so_far
        for i in range(10_000):
            read_so_far += 1
            yield Job(TEXTS["plain"].replace("wa", f"{i}a"), tmp_path / f"{i}.pdf")

    with ThreadPoolExecutor(1) as executor:
        results = batch(jobs(), executor=executor, processes=1)
        first = next(results)
        assert first.error is None and read_so_far <= 72
        results.close()  # type: ignore[attr-defined]


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, alone: dict[str, tuple[bytes, int]]) -> None:
    jobs = [Job(TEXTS["plain"].replace("wa", f"{i % 3}a"), tmp_path / f"{i}.pdf") for i in range(60)]
    results = batch(jobs, processes=2)
    found = [next(results)]
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    workers = [int(pid) for file in children for pid in file.read_text().split()]
    python = [pid for pid in workers if b"python" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(python[-1], signal.SIGKILL)
    found += results
    assert [result.job for result in found] == list(range(60)) and not any(result.error for result in found)
    assert len({path.read_bytes() for path in tmp_path.glob("*.pdf")}) == 3


def test_a_worker_that_is_killed_while_it_hands_over_a_result_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: dict[str, tuple[bytes, int]]
) -> None:
    """It leaves half of it behind, and whatever it held."""

    def half(connection: Any, what: object) -> None:
        if isinstance(what, list) and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.write(connection.fileno(), struct.pack("!i", 1_000_000) + b"x" * 10)
            os.kill(os.getpid(), signal.SIGKILL)
        whole(connection, what)

    whole = workers._tell
    monkeypatch.setattr(workers, "_tell", half)  # the processes are forked from here
    monkeypatch.setattr(workers, "multiprocessing", multiprocessing.get_context("fork"))
    jobs = [Job(TEXTS["plain"].replace("wa", f"{i % 3}a"), tmp_path / f"{i}.pdf") for i in range(12)]
    results = list(batch(jobs, processes=2))
    assert (tmp_path / "killed").exists()
    assert [result.job for result in results] == list(range(12)) and not any(result.error for result in results)


def test_an_executor_that_fails_is_told(tmp_path: Path) -> None:
    class Failing(ThreadPoolExecutor):
        def submit(self, *_: Any, **__: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(RuntimeError("the cluster is gone"))
            return future

    with Failing() as executor:
        (result,) = batch([Job(TEXTS["plain"], tmp_path / "a.pdf")], executor=executor)
    assert "the cluster is gone" in str(result.error)


def test_a_batch_that_is_killed_can_be_begun_again_anywhere(tmp_path: Path, alone: dict[str, tuple[bytes, int]]) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom derive.typeset import Job, batch\n"
        "texts = [Path(p).read_text(encoding='utf-8') for p in sys.argv[2:]]\n"
        "if __name__ == '__main__':\n"
        "    jobs = [Job(t, Path(sys.argv[1]) / f'{i}.pdf') for i, t in enumerate(texts * 5)]\n"
        "    print([r.job for r in batch(jobs, processes=2) if r.error])\n",
        encoding="utf-8",
    )
    sources = []
    for name in ("plain", "long", "small"):
        sources.append(tmp_path / f"{name}.tex")
        sources[-1].write_text(TEXTS[name], encoding="utf-8")
    command = [sys.executable, str(script), str(tmp_path / "out"), *map(str, sources)]
    killed = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    while not (tmp_path / "out").exists() and killed.poll() is None:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    for path in (tmp_path / "out").glob("*.pdf"):
        assert read(path).pages, "what is there is whole"
    (tmp_path / "other").mkdir()
    environment = {**os.environ, "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    said = subprocess.run(command, cwd=tmp_path / "other", env=environment, capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"
    for i, name in enumerate(("plain", "long", "small") * 5):
        assert (tmp_path / "out" / f"{i}.pdf").read_bytes() == alone[name][0]


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    jobs = [Job(TEXTS["plain"], tmp_path / "file" / "a.pdf"), Job(TEXTS["plain"], tmp_path / "b.pdf")]
    with ThreadPoolExecutor(1) as executor:
        first, second = batch(jobs, executor=executor, processes=1)
    assert isinstance(first.error, OutputError) and second.error is None and second.pages == 1


def test_results_come_back_from_other_processes(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1) as executor:
        good, bad = batch([Job(TEXTS["plain"], tmp_path / "a.pdf"), Job(BAD, tmp_path / "b.pdf")], executor=executor)
    assert good.error is None and re.match(r"b\.tex:10: Undefined control sequence", str(bad.error))
    assert bad.error is not None and bad.error.exit_code == 4


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with ThreadPoolExecutor(1) as executor:
        list(batch([Job(TEXTS["plain"], tmp_path / "a.pdf"), Job(BAD, tmp_path / "b.pdf")], executor=executor, processes=1))
    assert list((tmp_path / "tmp").iterdir()) == []
    assert shutil.which("pdflatex")
