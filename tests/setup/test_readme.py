"""What README.md shows, tried: its specs, its pack, its templates, its commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from derive import api, pack, typeset
from derive.cli import command

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def shown(language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_its_specs_are_sheets_and_its_pack_is_a_book() -> None:
    classifier, gated, homework, book = shown("yaml")
    for text in (classifier, gated):
        assert "\\dsline" in api.tex(api.sheets(api.loads(text), ("worked",))[""])
    mlp = api.examples()["mlp"].read_text("utf-8")
    spec = api.loads(re.sub(r"\nhomework:.*", "", mlp, flags=re.DOTALL) + "\n" + homework)
    asked = api.tex(api.sheets(spec, ("homework",))["-homework"])
    assert "Why is the error signal of softmax so simple?" in asked and asked.count("\\begin{dstask}") == 7
    found = pack.loads(book)
    assert [entry.name for _, _, entry in found.entries()] == ["mlp", "classifier"]


def test_its_templates_replace_single_entries(tmp_path: Path) -> None:
    before = api.tex(api.sheets(api.load(api.examples()["chain"]), ("worked",))[""])
    for text in shown("jinja"):
        (name,) = re.findall(r"FOLDER/(\S+):", text)
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    spec = api.load(api.examples()["chain"], templates=tmp_path / "mine")
    after = api.tex(api.sheets(spec, ("worked",))[""])
    assert "From input to cost" in after and "From input to cost" not in before
    assert "Forward pass" in before and "Forward pass" not in after
    assert r"\usepackage{microtype}" in after.split(r"\begin{document}")[0]
    assert "in which" in after
    assert r"\begin{dscolumns}" in before and r"\begin{dscolumns}" not in after
    assert after.count(r"\dsline") == before.count(r"\dsline") > 5  # the rest is ours
    typeset.typeset(after, tmp_path / "chain.pdf", files=api.style())


@pytest.mark.parametrize("line", re.findall(r"^\| `derive ([^`]+)`", README, re.MULTILINE))
def test_its_commands_are_there(line: str) -> None:
    name = line.split()[0]
    told = CliRunner().invoke(command, [name, "--help"])
    assert told.exit_code == 0
    (row,) = re.findall(rf"^\| `derive {re.escape(line)}` \|(.*)\|$", README, re.MULTILINE)
    for option in re.findall(r"--[a-z]+", row):
        assert option in told.output


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_what_can_be_set_for_make_is_told() -> None:
    for name in ("SPEC", "OUTPUT", "PYTHON", "VENV"):
        assert f"{name}=" in README
