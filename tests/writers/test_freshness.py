"""What is up to date and what is built again, by what a sheet is made of and never by the time of a file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive.cli import command
from derive.writers import freshness

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = "title: {title}\nequations: ['z = w*a + b']\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec; it is not known of any sheet what it was made of."""
    monkeypatch.setattr(freshness, "cache", lambda: tmp_path / "cache")
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    Path("chain.yaml").write_text(SPEC.format(title="First"))
    return tmp_path / "home"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["pdf", "--update", *arguments])


def built(*arguments: str) -> bool:
    """Whether the one sheet was built; else it was up to date."""
    done = run(*(arguments or ("chain.yaml",)))
    assert done.exit_code == 0, done.output
    found = "1 built, 0 were up to date" in done.stdout
    assert found != ("0 built, 1 were up to date" in done.stdout)
    return found


def test_a_sheet_is_up_to_date_whatever_the_time_of_its_files(home: Path) -> None:
    assert built()
    assert not built()
    os.utime("chain.yaml", (4e9, 4e9))
    os.utime("output/chain.pdf", (1e9, 1e9))
    assert not built()


def test_another_spec_of_the_same_name_is_built_though_it_is_older_than_the_pdf(home: Path) -> None:
    assert built()
    first = Path("output/chain.pdf").read_bytes()
    Path("other").mkdir()
    Path("other/chain.yaml").write_text(SPEC.format(title="Second"))
    os.utime("other/chain.yaml", (1e9, 1e9))
    assert built("other/chain.yaml")
    assert Path("output/chain.pdf").read_bytes() != first
    assert not built("other/chain.yaml")
    assert built(), "and back"
    assert Path("output/chain.pdf").read_bytes() == first


def test_a_pdf_that_is_gone_or_not_ours_is_built_again(home: Path) -> None:
    assert built()
    Path("output/chain.pdf").write_bytes(b"%PDF-1.5 of someone else")
    assert built()
    Path("output/chain.tex").unlink()
    assert built()
    shutil.rmtree("output")
    assert built()


def test_a_theme_and_its_logo_are_part_of_a_sheet(home: Path) -> None:
    Path("chain.yaml").write_text(SPEC.format(title="First") + "theme: mine.yaml\n")
    Path("mine.yaml").write_text("size: 12\n")
    assert built()
    Path("mine.yaml").write_text("logo: {file: logo.png}\nheader: {left: '{logo}'}\n")
    shutil.copy(ROOT / "output/single-neuron.png", "logo.png")
    assert built()
    assert not built()
    data = Path("logo.png").read_bytes()
    Path("logo.png").write_bytes(data[:33] + b"\0\0\0\x05tEXtk\0abc\0\0\0\0" + data[33:])
    assert built()
    assert not built()


@pytest.mark.parametrize("name", ["words/en.tex", "blocks.tex"])
def test_own_words_and_templates_are_part_of_a_sheet(home: Path, name: str) -> None:
    Path("mine/words").mkdir(parents=True)
    asked = ("chain.yaml", "--templates", "mine")
    assert built(*asked)
    (Path("mine") / name).write_text("((* set heading = {'forward': 'From input to cost'} *))\n")
    assert built(*asked), "it was not there before"
    (Path("mine") / name).write_text("((* set heading = {'forward': 'From start to cost'} *))\n")
    assert built(*asked)
    assert not built(*asked)


def test_what_is_asked_for_is_part_of_a_sheet(home: Path) -> None:
    assert built()
    assert built("chain.yaml", "--paper", "letter")
    assert built("chain.yaml", "--language", "de")
    assert built("chain.yaml", "--edition", "homework")
    assert not built("chain.yaml", "--edition", "homework")
    assert built("chain.yaml", "--edition", "solutions")


@pytest.mark.parametrize(
    "changed", ["derive/calculus/pullback.py", "derive/network/catalogue/rules.yaml", "derive/_templates/words/en.tex"]
)
def test_the_program_is_part_of_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    package = tmp_path / "derive"
    shutil.copytree(ROOT / "derive", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates", package / "_templates")
    monkeypatch.setattr(freshness, "PACKAGE", package)
    monkeypatch.setattr(freshness, "folder", lambda: package / "_templates")
    before = freshness.program.__wrapped__()
    assert freshness.program.__wrapped__() == before
    with (tmp_path / changed).open("a") as file:
        file.write("\n")
    assert freshness.program.__wrapped__() != before


def test_what_is_kept_may_be_broken_or_gone(home: Path, tmp_path: Path) -> None:
    for text in ("", "[]", "{}", "{", '{"x": 1}', "null"):
        assert built()
        (kept,) = (tmp_path / "cache/built").glob("*.json")
        kept.write_text(text)
    assert built()
    shutil.rmtree(tmp_path / "cache")
    assert built()


def test_two_specs_of_one_name_are_refused_before_anything_is_written(home: Path) -> None:
    Path("other").mkdir()
    shutil.copy("chain.yaml", "other")
    done = run("chain.yaml", "other/chain.yaml")
    assert done.exit_code == 2
    assert "2 specs would become output/chain.pdf" in done.stderr
    assert not Path("output").exists()


def test_a_broken_spec_is_said_every_time(home: Path) -> None:
    Path("chain.yaml").write_text("title: Broken\n")
    assert run("chain.yaml").exit_code == run("chain.yaml").exit_code == 2


@pytest.mark.parametrize("name", ["my net", "a&b", "(a)", "$HOME", "#1", "it's", '"q"', "-x"])
def test_one_text_may_name_any_file(home: Path, name: str) -> None:
    shutil.copy("chain.yaml", f"{name}.yaml")
    assert built(f"--specs={name}.yaml")
    assert (home / f"output/{name}.pdf").is_file()


def test_one_text_may_name_several_files(home: Path) -> None:
    for name in ("a b.yaml", "it's.yaml", "x1.yaml", "x2.yaml"):
        shutil.copy("chain.yaml", name)
    done = run("--specs='a b.yaml' single-neuron \"it's.yaml\" x*.yaml")
    assert done.exit_code == 0, done.output
    assert {path.stem for path in Path("output").glob("*.pdf")} == {"a b", "single-neuron", "it's", "x1", "x2"}


def test_one_line_says_how_many_there_are_and_which_to_open(home: Path) -> None:
    shutil.copy("chain.yaml", "other one.yaml")
    Path("broken.yaml").write_text("title: Broken\n")
    said = run("other one.yaml", "chain.yaml", "broken.yaml").stdout.splitlines()[-1]
    assert said == "2 sheets in output/: 2 built, 0 were up to date, 1 failed; open 'output/other one.pdf'"
