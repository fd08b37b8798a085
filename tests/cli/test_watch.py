"""`derive watch` as a process: files are saved as editors save them, and the PDF follows."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pypdf
import pytest
from click.testing import CliRunner

from derive import api, cli
from derive.cli import watcher as watching
from derive.spec.theme import chosen
from derive.writers import freshness

SPEC = 'title: {title}\nequations: ["z = w*a + b"]\n'
PATIENCE = 30


class Watcher:
    """The running command, and the folder that it runs in."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        (folder / "tmp").mkdir(exist_ok=True)
        environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            command = [sys.executable, "-m", "derive", "watch", *arguments]
            self.process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=environment, start_new_session=True)

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()

    def until(self, true: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert self.process.poll() is None, f"it ended: {self.out}\n{self.err}"
            assert time.monotonic() < end, f"{what}\n{self.out}\n{self.err}"
            time.sleep(0.01)

    def shows(self, text: str, name: str = "mine") -> None:
        """Wait until the PDF shows a text."""
        path = self.folder / "output" / f"{name}.pdf"
        self.until(lambda: path.is_file() and text in pypdf.PdfReader(path).pages[0].extract_text(), f"no PDF with {text!r}")

    def says(self, text: str, times: int = 1) -> None:
        self.until(lambda: self.err.count(text) >= times, f"no error {text!r}")

    def end(self, by: int = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(PATIENCE)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Watcher]]:
    started = []

    def start(*arguments: str) -> Watcher:
        started.append(Watcher(tmp_path, *arguments))
        return started[-1]

    yield start
    for watcher in started:
        watcher.process.kill()
        watcher.process.wait()


def save(path: Path, text: str) -> None:
    """As an editor does that never leaves half a file: another one is put in its place."""
    beside = path.with_name(f".{path.name}.swp")
    beside.write_text(text)
    beside.replace(path)


def test_the_pdf_follows_every_save_and_outlives_every_error(
    tmp_path: Path, begin: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, pdf = tmp_path / "mine.yaml", tmp_path / "output/mine.pdf"
    mine.write_text(SPEC.format(title="The first one"))
    (tmp_path / "other.yaml").write_text(SPEC.format(title="Another"))
    watcher = begin("mine.yaml", "other.yaml")
    watcher.shows("The first one")
    watcher.shows("Another", "other")
    watcher.until(lambda: "watching mine.yaml, other.yaml" in watcher.out, "not ready")
    other = (tmp_path / "output/other.pdf").stat().st_mtime_ns

    mine.write_text(SPEC.format(title="Written into"))
    watcher.shows("Written into")
    save(mine, SPEC.format(title="Put in its place"))
    watcher.shows("Put in its place")
    good = pdf.read_bytes()
    assert watcher.err == ""

    save(mine, "title: Broken\nequatoins: []\n")
    watcher.says("unknown key")
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        assert watcher.err == CliRunner().invoke(cli.command, ["pdf", "mine.yaml"]).stderr
    mine.unlink()
    watcher.says("no such file")
    assert pdf.read_bytes() == good

    save(mine, SPEC.format(title="Back again"))
    watcher.shows("Back again")
    lines = [line for line in watcher.out.splitlines() if "pdf" in line]
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d  output/(mine|other)\.pdf  \d+\.\d\d s", line) for line in lines)
    assert len(lines) == 5, "one line for each build, and no build without a reason"
    assert (tmp_path / "output/other.pdf").stat().st_mtime_ns == other

    assert watcher.end() == 143
    assert not any((tmp_path / "tmp").iterdir())
    api.pdf(mine, tmp_path / "again/mine.pdf")
    assert (tmp_path / "again/mine.pdf").read_bytes() == pdf.read_bytes(), "the same as without watching"


def test_themes_templates_and_whole_folders_are_watched(tmp_path: Path, begin: Callable[..., Watcher]) -> None:
    folder, own = tmp_path / "specs", tmp_path / "own"
    folder.mkdir()
    own.mkdir()
    (folder / "mine.yaml").write_text(SPEC.format(title="A neuron") + "theme: my-theme.yaml\n")
    watcher = begin("specs/mine.yaml", "--templates", "own", "--edition", "homework", "--edition", "worked", "--view", "index")
    watcher.says("there is no theme `my-theme.yaml`")
    (folder / "my-theme.yaml").write_text("header: {left: Week three}\n")
    watcher.shows("Week three")
    watcher.shows("Week three", "mine-homework")
    save(folder / "my-theme.yaml", "header: {left: Week four}\n")
    watcher.shows("Week four")
    (own / "document.tex").write_text("((* extends 'derive/document.tex' *))((* broken *))")
    watcher.says("own/document.tex:1: the template cannot be used")
    (own / "document.tex").unlink()
    watcher.until(lambda: len(re.findall(r"output/mine\.pdf", watcher.out)) == 3, "not built again")

    shutil.move(folder, tmp_path / "away")
    watcher.says("specs/mine.yaml: there is no such file")
    shutil.move(tmp_path / "away", folder)
    watcher.until(lambda: len(re.findall(r"output/mine\.pdf", watcher.out)) == 4, "not built again")
    (folder / "mine.yaml").write_text(SPEC.format(title="Moved back"))
    watcher.shows("Moved back")


def test_ctrl_c_ends_it_in_the_middle_of_a_build(tmp_path: Path, begin: Callable[..., Watcher]) -> None:
    (tmp_path / "mine.yaml").write_text(SPEC.format(title="Mine"))
    watcher = begin("mine.yaml")
    building = tmp_path / "tmp"
    watcher.until(lambda: [*building.glob("derive-*/sheet.tex")], "TeX did not begin")
    assert watcher.end(signal.SIGINT) == 130
    assert watcher.err == "derive: interrupted\n"
    assert not any(building.iterdir()), "nothing is left behind"
    end = time.monotonic() + PATIENCE
    while found := running(watcher):  # what has been killed is there until the system has taken note of it
        assert time.monotonic() < end, f"still running: {found}"
        time.sleep(0.01)


def running(watcher: Watcher) -> list[str]:
    """The processes of a watcher: of its group, and TeX, which has a session of its own but is told the build folder."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.info["pid"]) == watcher.process.pid or str(watcher.folder) in command:
                found.append(command)
    return found


def test_what_is_running_is_seen(tmp_path: Path, begin: Callable[..., Watcher]) -> None:
    (tmp_path / "mine.yaml").write_text(SPEC.format(title="Mine"))
    watcher = begin("mine.yaml")
    assert running(watcher)
    command = [sys.executable, "-c", "input()", str(tmp_path)]  # another session, with the folder as an argument, like TeX's
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as other:
        watcher.end()
        assert any("input()" in line for line in running(watcher))
        other.kill()


def test_a_file_that_is_neither_there_nor_an_example_is_refused() -> None:
    result = CliRunner().invoke(cli.command, ["watch", "singel-neuron"])
    assert result.exit_code == 2 and "did you mean `single-neuron`?" in result.stderr


def test_the_sources_of_a_sheet(tmp_path: Path) -> None:
    spec = tmp_path / "mine.yaml"
    spec.write_text(SPEC.format(title="A neuron") + "theme: looks/mine.yaml\n")
    theme = tmp_path / "looks/mine.yaml"
    assert freshness.sources(api.load(spec)) == {theme}, "though it is not there yet"
    theme.parent.mkdir()
    theme.write_text("logo: {file: logo.png}\nheader: {left: '{logo}'}\n")
    shutil.copy(Path(__file__).parent.parent.parent / "output/single-neuron.png", theme.parent / "logo.png")
    assert freshness.sources(api.load(spec)) == {theme, tmp_path / "looks/logo.png"}
    own = chosen(api.load(spec), theme="large-print", templates=tmp_path)
    assert freshness.sources(own) == {tmp_path}, "a theme that is shipped does not change"


class Ready(Exception):
    pass


def end() -> None:
    raise Ready


def test_specs_that_are_written_among_the_templates_do_not_keep_each_other_busy(tmp_path: Path) -> None:
    builds: list[str] = []

    def build(name: str, learnt: Callable[[frozenset[Path]], None]) -> Iterator[Path]:
        learnt(frozenset({tmp_path}))
        builds.append(name)
        assert len(builds) < 10
        (tmp_path / f"{name}.tex").write_text(str(time.monotonic_ns()))
        yield tmp_path / f"{name}.tex"

    with pytest.raises(Ready):
        watching.watch({"a": tmp_path / "a.yaml", "b": tmp_path / "b.yaml"}, build, end)


def test_a_save_during_a_build_is_built_and_what_a_build_writes_is_not_a_source(tmp_path: Path) -> None:
    spec, theme = tmp_path / "mine.yaml", tmp_path / "theme.yaml"
    built: list[str] = []
    spec.write_text("0")
    (tmp_path / "mine.tex").write_text("from an earlier day")

    def build(name: str, learnt: Callable[[frozenset[Path]], None]) -> Iterator[Path]:
        if not built:
            theme.write_text("new")  # after the spec is read, and before it is known that there is a theme
        learnt(frozenset({theme, tmp_path}))
        built.append(spec.read_text() + theme.read_text())
        if len(built) == 1:
            spec.write_text("1")
        if len(built) == 2:
            theme.write_text("newer")
        (tmp_path / "mine.tex").write_text(str(time.monotonic_ns()))
        yield tmp_path / "mine.tex"

    with pytest.raises(Ready):
        watching.watch({"mine": spec}, build, end)
    assert built == ["0new", "1new", "1newer"]
