"""Many PDFs in one: the same pages with all that they use, on right-hand pages, in little memory and little room."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String
from pypdf import PdfReader

from derive.errors import OutputError
from derive.typeset.pdf import merge as module
from derive.typeset.pdf.merge import joined

FONT = bytes(range(256)) * 40


def sheet(folder: Path, number: int, pages: int, font: bytes = FONT, word: str = "") -> Path:
    """A PDF with a font that others have, too, and a link whose words look like references to objects."""
    path = folder / f"{number}.pdf"
    with pikepdf.new() as pdf:
        own = pdf.make_indirect(Dictionary(Type=Name.Font, FontFile=Stream(pdf, font), Kerning=Array([1, 0, 2, 0, -3.5])))
        for page in range(pages):
            pdf.add_blank_page(page_size=(200, 100 + number))
            made = pdf.pages[-1].obj
            made.Contents = Stream(pdf, f"BT (sheet {number}, page {page}) Tj ET".encode())
            made.Resources = Dictionary(Font=Dictionary(F1=own), Image=Stream(pdf, b"I", Of=own))
            link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 1, 1]), Contents=String(word or "7 0 R"))
            made.Annots = Array([pdf.make_indirect(link)])
        pdf.Root.Lang = String("en")
        pdf.save(path, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return path


def whole(found: Any) -> Any:
    """An object with all that it refers to, whatever the numbers of objects are; not the way back to the page."""
    if isinstance(found, Stream):
        return [hashlib.sha256(found.read_bytes()).hexdigest(), whole(found.stream_dict)]
    if isinstance(found, Dictionary):
        return {key: whole(value) for key, value in found.items() if key not in ("/Parent", "/Length", "/Filter")}
    if isinstance(found, Array):
        return [whole(one) for one in found.as_list()]
    return str(found)


def pages_of(*paths: Path) -> list[Any]:
    found = []
    for path in paths:
        with pikepdf.open(path) as pdf:
            found += [whole(page.obj) for page in pdf.pages]
    return found


def test_the_pages_are_those_of_the_files_with_all_they_use(tmp_path: Path) -> None:
    words = ["7 0 R", r"(8 0 R", r"\) 9 0 R", "é 1 0 R (((", "1 0 R\\"]
    paths = [sheet(tmp_path, n, 2, FONT[n % 3 :], words[n % 5]) for n in range(2 * module.FILES + 3)]
    assert joined(paths, tmp_path / "all.pdf") == 2 * len(paths)
    assert pages_of(tmp_path / "all.pdf") == pages_of(*paths)


def test_each_file_begins_on_a_right_hand_page(tmp_path: Path) -> None:
    paths = [sheet(tmp_path, n, pages) for n, pages in enumerate((1, 2, 3, 1))]
    assert joined(paths, tmp_path / "all.pdf") == 10
    with pikepdf.open(tmp_path / "all.pdf") as pdf:
        sizes = [int(page.mediabox[3]) - 100 for page in pdf.pages]
        assert sizes == [0, 0, 1, 1, 2, 2, 2, 2, 3, 3]
        blank = [n for n, page in enumerate(pdf.pages) if not page.Contents.read_bytes()]
        assert blank == [1, 7, 9]


def test_other_programs_read_it(tmp_path: Path) -> None:
    joined([sheet(tmp_path, n, 1) for n in range(module.FILES + 1)], tmp_path / "all.pdf")
    with pikepdf.open(tmp_path / "all.pdf") as pdf:
        assert pdf.check_pdf_syntax() == []
    assert len(PdfReader(tmp_path / "all.pdf", strict=True).pages) == 2 * (module.FILES + 1)
    said = subprocess.run(["pdfinfo", tmp_path / "all.pdf"], capture_output=True, text=True, check=True)
    assert f"{2 * (module.FILES + 1)}\n" in said.stdout and not said.stderr


def test_what_comes_again_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [sheet(tmp_path, n, 1) for n in range(20)]
    joined(paths, tmp_path / "all.pdf")
    small = (tmp_path / "all.pdf").stat().st_size
    monkeypatch.setattr(module, "REMEMBERED", 0)
    joined(paths, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").stat().st_size > small
    assert pages_of(tmp_path / "again.pdf") == pages_of(tmp_path / "all.pdf")


def test_the_bytes_depend_on_the_files_alone(tmp_path: Path) -> None:
    paths = [sheet(tmp_path, n, n % 3 + 1) for n in range(12)]
    joined(paths, tmp_path / "one.pdf")
    joined(iter(paths), tmp_path / "other.pdf")
    joined(paths[::-1], tmp_path / "turned.pdf")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "other.pdf").read_bytes()
    with pikepdf.open(tmp_path / "one.pdf") as one, pikepdf.open(tmp_path / "turned.pdf") as turned:
        assert one.trailer.ID[0] != turned.trailer.ID[0]


def test_without_files_nothing_is_written(tmp_path: Path) -> None:
    assert joined([], tmp_path / "all.pdf") == 0 and not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_read_leaves_the_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "all.pdf").write_bytes(b"earlier")
    (tmp_path / "bad.pdf").write_bytes(b"not a PDF")
    for bad in ("bad.pdf", "missing.pdf"):
        with pytest.raises(OutputError, match=rf"cannot put .*{bad} into the file for all"):
            joined([sheet(tmp_path, n, 1) for n in range(module.FILES)] + [tmp_path / bad], tmp_path / "all.pdf")
    assert (tmp_path / "all.pdf").read_bytes() == b"earlier" and not list(tmp_path.glob(".*"))
