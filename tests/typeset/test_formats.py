r"""Preambles compiled once: kept, found, rebuilt; and what happens where that is not possible."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from derive.errors import DeriveError, TypesetError
from derive.typeset import engine, formats, typeset

TEXT = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage[unicode]{hyperref}
\begin{document}
\section{One}Hello, $z = wa + b$.
\end{document}
"""
FADING = r"""\documentclass{article}
\usepackage{tikz}
\usetikzlibrary{fadings}
\tikzfading[name=fade, left color=transparent!0, right color=transparent!100]
\begin{document}
\tikz\fill[red, path fading=fade] (0,0) rectangle (2,1); Faded.
\end{document}
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own."""
    monkeypatch.setenv("DERIVE_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache" / "formats"
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The options of each run of TeX."""
    seen: list[list[str]] = []
    run = engine.run

    def watched(program: str, build: Path, options: list[str], seconds: float, epoch: int) -> int | None:
        seen.append(options)
        return run(program, build, options, seconds, epoch)

    monkeypatch.setattr(engine, "run", watched)
    return seen


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes that every way must lead to."""
    path = tmp_path_factory.mktemp("right") / "a.pdf"
    typeset(TEXT, path)
    return path.read_bytes()


def made(runs: list[list[str]]) -> int:
    return sum("-ini" in options for options in runs)


def test_a_format_is_made_once_and_used_again(tmp_path: Path, kept: Path, runs: list[list[str]], right: bytes) -> None:
    typeset(TEXT, tmp_path / "a.pdf")
    assert made(runs) == 1 and len(list(kept.iterdir())) == 1
    runs.clear()
    typeset(TEXT.replace("Hello", "Other"), tmp_path / "b.pdf")
    assert runs == [["-fmt=derive", "sheet.tex"]]
    assert (tmp_path / "a.pdf").read_bytes() == right


@pytest.mark.parametrize("what", ["preamble", "style", "engine"])
def test_what_changes_brings_a_new_format(
    tmp_path: Path, kept: Path, runs: list[list[str]], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TEXT.replace(r"\begin", "\\usepackage{own}\n\\begin", 1)
    typeset(text, tmp_path / "a.pdf", files={"own.sty": r"\def\own{1}"})
    if what == "engine":
        monkeypatch.setattr(engine, "engine_version", lambda _: "another")
    changed = text.replace("{article}", "[12pt]{article}") if what == "preamble" else text
    typeset(changed, tmp_path / "a.pdf", files={"own.sty": rf"\def\own{{{2 if what == 'style' else 1}}}"})
    assert made(runs) == 2 and len(list(kept.iterdir())) == 2


def test_without_a_format_the_bytes_are_the_same(
    tmp_path: Path, kept: Path, runs: list[list[str]], right: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_make", lambda *_: None)
    typeset(TEXT, tmp_path / "a.pdf")
    assert runs == [["sheet.tex"]]
    assert (tmp_path / "a.pdf").read_bytes() == right


@pytest.mark.parametrize("damage", ["cut", "changed", "no sum", "empty", "a file"])
def test_a_damaged_format_is_made_anew(tmp_path: Path, kept: Path, runs: list[list[str]], right: bytes, damage: str) -> None:
    typeset(TEXT, tmp_path / "a.pdf")
    (folder,) = kept.iterdir()
    file = folder / "derive.fmt"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    match damage:
        case "cut":
            file.write_bytes(data[: len(data) // 3])
        case "changed":
            file.write_bytes(data)
        case "no sum":
            (folder / "sum").unlink()
            file.touch()
        case "empty":
            file.write_bytes(b"")
        case _:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
            folder.write_text("")
    runs.clear()
    typeset(TEXT, tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == right
    assert made(runs) == 1
    runs.clear()
    typeset(TEXT, tmp_path / "a.pdf")
    assert made(runs) == 0, "it is mended"


def test_a_format_that_tex_cannot_read_is_not_used_again(tmp_path: Path, kept: Path, runs: list[list[str]]) -> None:
    assert typeset(FADING, tmp_path / "a.pdf") == 1
    first = list(runs)
    runs.clear()
    assert typeset(FADING, tmp_path / "b.pdf") == 1
    assert made(first) == 1 and (runs == [["sheet.tex"]] or made(runs) == 0)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize("where", ["a file", "/proc", "read only"])
def test_a_cache_that_cannot_be_written_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: bytes, where: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "closed").mkdir(mode=0o500)
    place = {"a file": tmp_path / "file", "/proc": Path("/proc/none"), "read only": tmp_path / "closed" / "cache"}[where]
    monkeypatch.setenv("DERIVE_CACHE", str(place))
    typeset(TEXT, tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == right


def test_only_so_many_formats_are_kept(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "KEPT", 2)
    for size in (10, 11, 12):
        typeset(f"\\documentclass[{size}pt]{{article}}\\begin{{document}}x\\end{{document}}", tmp_path / "a.pdf")
    assert len(list(kept.iterdir())) == 2


def test_two_builds_at_once_into_the_same_folder(tmp_path: Path, right: bytes) -> None:
    code = "import sys\nfrom pathlib import Path\nfrom derive.typeset import typeset\ntypeset(sys.stdin.read(), Path('a.pdf'))\n"
    environment = {**os.environ, "DERIVE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path, env=environment, text=True) for _ in range(3)]
    threads = [threading.Thread(target=process.communicate, args=(TEXT,)) for process in started]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.returncode for process in started] == [0, 0, 0]
    assert (tmp_path / "a.pdf").read_bytes() == right
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "cache"]
    assert len(list((tmp_path / "cache" / "formats").iterdir())) == 1


def limited(tmp_path: Path, size: int, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A build in a process that may write files of so many bytes at most, as on a disk that is nearly full."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom derive.errors import DeriveError\nfrom derive.typeset import typeset\n"
        "try:\n    print(typeset(sys.stdin.read(), Path('a.pdf')))\n"
        "except DeriveError as error:\n    print(error)\n    sys.exit(error.exit_code)\n"
    )
    environment = {**os.environ, "DERIVE_CACHE": str(tmp_path / "cache"), **({"TMPDIR": str(folder)} if folder else {})}
    return subprocess.run(
        [sys.executable, "-c", code],
        input=TEXT,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


@pytest.mark.parametrize("size", [5_000_000, 300_000, 20_000, 2_000, 100])
def test_where_there_is_no_room_there_is_an_error_or_the_right_pdf(tmp_path: Path, right: bytes, size: int) -> None:
    (tmp_path / "a.pdf").write_bytes(b"earlier")
    said = limited(tmp_path, size)
    if size >= 300_000:
        assert said.returncode == 0, said
        assert (tmp_path / "a.pdf").read_bytes() == right
    else:
        assert said.returncode in (3, 4), said
        assert re.search("room|cannot write|File too large|signal", said.stdout)
        assert (tmp_path / "a.pdf").read_bytes() == b"earlier"
    assert {path.name for path in tmp_path.iterdir()} <= {"a.pdf", "a.log", "cache"}


def test_a_full_disk_is_an_error(tmp_path: Path, right: bytes) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        said = limited(tmp_path, resource.RLIM_INFINITY, small)
        assert said.returncode in (3, 4) and re.search("room|cannot write|No space|TeX stopped|write", said.stdout), said
        assert not (tmp_path / "a.pdf").exists()
        (small / "out.pdf").write_bytes(b"earlier")
        (small / "filled").write_bytes(bytes(50_000))
        with pytest.raises(DeriveError):
            typeset(TEXT, small / "out.pdf")
        assert (small / "out.pdf").read_bytes() == b"earlier"
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_tex_that_is_killed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(b"earlier")
    typeset(TEXT, tmp_path / "b.pdf")
    monkeypatch.setattr(engine, "run", lambda *_: -9)
    with pytest.raises(TypesetError, match="ended by signal 9"):
        typeset(TEXT, tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == b"earlier"


def test_a_crash_with_a_format_is_not_the_end(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, right: bytes) -> None:
    run = engine.run
    crashes = 0

    def crashing(program: str, build: Path, options: list[str], *rest: Any) -> int | None:
        nonlocal crashes
        if options[0].startswith("-fmt") and crashes == 1:
            crashes += 1
            return -11
        crashes += options[0].startswith("-fmt")
        return run(program, build, options, *rest)

    monkeypatch.setattr(engine, "run", crashing)
    typeset(TEXT, tmp_path / "a.pdf")
    assert crashes == 2 and (tmp_path / "a.pdf").read_bytes() == right
    (folder,) = kept.iterdir()
    assert (folder / "refused").is_file()
