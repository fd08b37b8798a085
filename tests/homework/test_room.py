"""The room for answers: pages that are full, and alike in homework and solutions."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from derive import api, spec, typeset
from derive.document.model import Sheet, Text
from derive.homework.questions import room
from derive.homework.sheet import Variant
from derive.numbers import draw
from derive.writers.latex import writer

LINES = 9.0
"""The distance of ruled lines, in millimetres."""


@lru_cache(maxsize=16)
def example(name: str) -> Sheet:
    return api.homework(api.load(api.examples()[name]))


Layout = tuple[tuple[int, float], ...]


def layout(pdf: Path) -> tuple[int, Layout]:
    """How many pages there are, and where each question stands: page, and height on it."""
    boxes = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = boxes.split("<page ")[1:]
    found = re.compile(r'xMin="([\d.]+)" yMin="([\d.]+)" [^>]*>(?:Question|Aufgabe)<')
    words = [(n, float(x), float(y)) for n, page in enumerate(pages, start=1) for x, y in found.findall(page)]
    margin = [min([x for n, x, _ in words if n % 2 == even], default=0.0) for even in (0, 1)]
    return len(pages), tuple((n, round(y, 1)) for n, x, y in words if x < margin[n % 2] + 3)


def laid_out(sheets: dict[str, Sheet], folder: Path) -> dict[str, tuple[int, Layout]]:
    jobs = [typeset.Job(api.tex(s), folder / f"{name}.pdf", writer.style(s.look)) for name, s in sheets.items()]
    for result in typeset.batch(iter(jobs), processes=1):
        assert result.error is None and result.overfull == (), (jobs[result.job].pdf.name, result.error, result.overfull)
    return {name: layout(job.pdf) for name, job in zip(sheets, jobs, strict=True)}


def both(sheet: Sheet, size: int) -> dict[str, Sheet]:
    large = replace(sheet, look=replace(sheet.look, size=size))
    return {which: api.edition(large, which) for which in ("homework", "solutions")}


@pytest.mark.parametrize("size", [10, 12, 17, 20])
def test_homework_and_solutions_have_the_same_pages(size: int, tmp_path: Path) -> None:
    sheets = {f"{name} {which}": s for name in api.examples() for which, s in both(example(name), size).items()}
    found = laid_out(sheets, tmp_path)
    for name in api.examples():
        assert found[f"{name} homework"] == found[f"{name} solutions"], name
        assert len(found[f"{name} homework"][1]) > 5


@pytest.mark.parametrize("more", ["", "language: de\n", "paper: letter\n", "sides: 2\nsize: 14\n"])
def test_so_they_have_in_another_look(more: str, tmp_path: Path) -> None:
    text = (api.examples()["residual"]).read_text() + more
    sheet = api.homework(spec.loads(text))
    first, second = laid_out({which: api.edition(sheet, which) for which in ("homework", "solutions")}, tmp_path).values()
    assert first == second and len(first[1]) > 5


def test_all_copies_are_laid_out_alike(tmp_path: Path) -> None:
    text = (
        (api.examples()["mlp"]).read_text() + "homework: {questions: [{find_error: W.1}, {choice: dC/dW.2}, {value: C}, shape]}\n"
    )
    found = spec.loads(text)
    derivation = api.derive(found)
    sheets: dict[str, Sheet] = {}
    for seed in range(6):
        numbers = draw.draw(found, derivation, seed)
        sheet = api.homework(found, derivation, Variant(numbers, ("Zoë", "4711"), "code", seed))
        sheets |= {f"{seed} {which}": api.edition(sheet, which) for which in ("homework", "solutions")}
    assert len(set(laid_out(sheets, tmp_path).values())) == 1


def test_a_long_room_is_parted_and_pages_are_full(tmp_path: Path) -> None:
    """Two rooms of 185 mm, and 110 mm left on the first page: the first begins there, the second on the page after."""
    solution = "It is so. " * 110
    questions = f"[{{ask: {{text: One, solution: '{solution}'}}}}, {{ask: {{text: Two, solution: '{solution}'}}}}]"
    head = "title: t\nequations: [z = w*a, C = z**2]\nparameters: {w: scalar}\ninputs: {a: scalar}\n"
    sheet = api.homework(spec.loads(f"{head}homework: {{questions: {questions}}}\n"))
    (pages, places), again = laid_out(
        {which: api.edition(sheet, which) for which in ("homework", "solutions")}, tmp_path
    ).values()
    assert (pages, places) == again and [page for page, _ in places] == [1, 2] and pages == 3
    text = subprocess.run(["pdftotext", tmp_path / "solutions.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert " ".join(text.split()).count("It is so.") == 220  # nothing is lost where the room is parted


def test_an_answer_is_hardly_ever_made_smaller(tmp_path: Path) -> None:
    for name in api.examples():
        sheet = api.edition(example(name), "solutions")
        typeset.typeset(api.tex(sheet), tmp_path / "a.pdf", files=api.style(), keep_log=tmp_path / "a.log")
        log = (tmp_path / "a.log").read_text(errors="replace")
        shares = [int(n) for n in re.findall(r"set at (\d+) per cent", log)]
        shares += [
            round(100 * float(b) / float(a)) for a, b in re.findall(r"ds: an answer is ([\d.]+)pt high for ([\d.]+)pt", log)
        ]
        assert min(shares, default=100) >= 84, name


def test_a_long_text_gets_more_room() -> None:
    from derive.notation.emitters.latex import Printer

    printer = Printer(example("chain").symbols)
    short, long = (room.height([Text(("word " * n,))], printer) for n in (5, 200))
    assert short == room.LEAST and long > 1000 / room.LETTERS * LINES


def test_a_gap_is_as_wide_as_what_belongs_in_it(tmp_path: Path) -> None:
    """In millimetres, over as many lines as it takes, each of four fifths of the width."""
    sheet = example("single-neuron")
    piece = r"\setbox2\lastbox\typeout{piece \the\wd2}\unpenalty "
    body = r"\begin{dssheet}[x]\hsize=9cm \linewidth=\hsize \setbox0\hbox{\dsblank{7}{126}}"
    body += rf"\setbox0\hbox{{\unhbox0 {3 * piece}}}x\end{{dssheet}}"
    tex = api.tex(api.edition(sheet, "homework")).partition(r"\begin{document}")[0] + rf"\begin{{document}}{body}\end{{document}}"
    typeset.typeset(tex, tmp_path / "a.pdf", files=api.style(), keep_log=tmp_path / "a.log")
    log = (tmp_path / "a.log").read_text(errors="replace")
    last, first, none = (float(w) * 25.4 / 72.27 for w in re.findall(r"piece (-?[\d.]+)pt", log))
    assert none == 0 and abs(first - 72) < 0.1 and abs(last - (126 - 72)) < 6  # with its number
