r"""What a hostile document must not be able to do, behind the fence where the system has one, and without it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pikepdf
import pytest
from effort import cpu

from derive.errors import TypesetError
from derive.typeset import engine, fence, find_engine, typeset

SECRET = "root:x:0"
FENCED = fence.stands(find_engine())
needs_fence = pytest.mark.skipif(not FENCED, reason="bubblewrap is not here, or not allowed")


def document(body: str) -> str:
    return "\\documentclass{article}\n\\begin{document}\n" + body + "\nx\n\\end{document}\n"


@pytest.fixture(params=["fence", "no fence"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "no fence":
        monkeypatch.setenv("DERIVE_FENCE", "off")
    elif not FENCED:
        pytest.skip("bubblewrap is not here, or not allowed")
    return str(request.param)


def told(folder: Path, text: str, timeout: float = 20) -> str:
    """All that a document brings to light: its PDF, its streams, its log, its error."""
    pdf, log = folder / "a.pdf", folder / "a.log"
    said = ""
    try:
        typeset(text, pdf, keep_log=log, timeout=timeout)
    except TypesetError as error:
        said = str(error)
    if pdf.exists():
        with pikepdf.open(pdf) as opened:
            said += "".join(one.read_bytes().decode("latin-1") for one in opened.objects if isinstance(one, pikepdf.Stream))
        said += subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=False).stdout
    return said + (log.read_text(encoding="utf-8") if log.exists() else "")


READING = {
    "input": r"\input{/etc/passwd}",
    "openin": r"\newread\r\openin\r=/etc/passwd \ifeof\r\else\loop\read\r to\x \message{\x}\unless\ifeof\r\repeat\fi",
    "primitive": r"\pdfprimitive\input /etc/passwd ",
    "filedump": r"\message{[\pdffiledump offset 0 length 60{/etc/passwd}]}",
    "pipe": r"\input{|cat /etc/passwd}",
    "catcodes": r"\catcode`\$=12\catcode`\_=12\catcode`\#=12 \input ^^2fetc/passwd ",
    "image": r"\pdfximage{/etc/passwd}",
    "write18": r"\immediate\write18{cat /etc/passwd}",
    "write18, whole": r"\immediate\write18{cat /etc/passwd > got.tex}\IfFileExists{got.tex}{\input{got}}{}",
}
USED = r"\edef\x{\noexpand\pdfpageresources{/XObject << /Stolen \the\pdflastobj\space 0 R >>}}\x\pdfliteral{/Stolen Do}"
OBJECTS = {
    "object": r"\immediate\pdfobj stream file{/etc/passwd}" + USED,
    "object, revived": r"\let\pdfobj\undefined\immediate\pdfprimitive\pdfobj stream file{/etc/passwd}" + USED,
    "form": r"\immediate\pdfobj stream attr{/Type/XObject/Subtype/Form/BBox[0 0 9 9]} file{/etc/passwd}" + USED,
}


@pytest.mark.parametrize("how", READING)
def test_nothing_of_the_system_is_read(tmp_path: Path, way: str, how: str) -> None:
    assert SECRET in Path("/etc/passwd").read_text()
    assert SECRET not in told(tmp_path, document(READING[how]))


@pytest.mark.parametrize("how", OBJECTS)
def test_no_object_is_made_of_a_system_file(tmp_path: Path, way: str, how: str) -> None:
    assert SECRET not in told(tmp_path, document(OBJECTS[how]))


def test_an_object_made_of_a_system_file_is_told_of_without_the_fence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIVE_FENCE", "off")
    flood = r"\newcount\n \loop\ifnum\n<60000 \advance\n 1 \wlog{" + 100 * "flood" + r"}\repeat"
    for file in ("/etc/passwd", "/etc" + 600 * "/." + "/passwd", "../" * 20 + "etc/passwd"):
        with pytest.raises(TypesetError, match="outside its folder"):
            typeset(document(OBJECTS["object"].replace("/etc/passwd", file) + flood), tmp_path / "a.pdf")
        assert not (tmp_path / "a.pdf").exists()


@needs_fence
def test_a_home_is_not_seen(tmp_path: Path) -> None:
    secret = Path.home() / ".derive-test-secret"
    secret.write_text("root:x:0 is here\n")
    try:
        assert SECRET not in told(tmp_path, document(rf"\immediate\pdfobj stream file{{{secret}}}" + USED))
    finally:
        secret.unlink()


@pytest.mark.parametrize("target", ["/tmp/derive-outside.txt", "../outside.txt", "/dev/shm/derive-outside.txt", "~/outside.txt"])
def test_nothing_is_written_outside(tmp_path: Path, way: str, target: str) -> None:
    body = rf"\newwrite\w\immediate\openout\w={target} \immediate\write\w{{written}}\immediate\closeout\w"
    told(tmp_path, document(body))
    for place in (Path(target), tmp_path / target, tmp_path.parent / "outside.txt", Path.home() / "outside.txt"):
        assert not place.exists()
    assert not list(Path("/tmp").glob("derive-*/../outside.txt"))


@pytest.mark.parametrize(
    "body",
    [
        r"\loop\iftrue\repeat",
        r"\def\x{\message{again and again}\x}\x",
        r"\def\x{x\newpage\x}\x",
        r"\def\x#1{\x{#1#1}}\x{abc}",
        r"\newwrite\w\immediate\openout\w=flood.txt \def\x{\immediate\write\w{" + 200 * "flood" + r"}\x}\x",
        r"\def\x{\errmessage{again}\x}\nonstopmode\x",
        r"\immediate\pdfobj stream{x}\def\x{\immediate\pdfobj stream{yyyyyyyyyyyyyyyyyyyyyyyyyy}\x}\x",
    ],
)
def test_nothing_goes_on_for_ever(tmp_path: Path, way: str, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_FILE", 40 * 2**20)
    begun = cpu()
    with pytest.raises(TypesetError):
        typeset(document(body), tmp_path / "a.pdf", timeout=1)
    assert cpu() - begun < 8, "a busy machine leaves it less of its second, never more"
    assert not (tmp_path / "a.pdf").exists()
    assert (tmp_path / "a.log").stat().st_size <= engine.MAX_LOG + 100


def test_the_fence_changes_no_byte(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    typeset(document("Hello"), tmp_path / "a.pdf")
    monkeypatch.setenv("DERIVE_FENCE", "off")
    typeset(document("Hello"), tmp_path / "b.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_where_the_fence_cannot_stand_tex_runs_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "bwrap").write_text("#!/bin/sh\necho 'bwrap: not permitted' >&2\nexit 1\n")
    (fake / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(fake), prepend=":")
    fence.stands.cache_clear()
    try:
        assert not fence.stands(find_engine()) and fence.around(find_engine(), tmp_path) == []
        assert typeset(document("Hello"), tmp_path / "a.pdf") == 1
    finally:
        fence.stands.cache_clear()


@needs_fence
def test_a_run_that_is_stopped_leaves_no_process(tmp_path: Path) -> None:
    with pytest.raises(TypesetError, match="did not finish"):
        typeset(document(r"\loop\iftrue\repeat"), tmp_path / "a.pdf", timeout=0.5)
    time.sleep(0.1)
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in running if b"pdflatex" in line and str(tmp_path).encode() in line]
