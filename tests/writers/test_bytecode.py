"""What is kept between runs: the templates' compiled code, and that nothing depends on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest

from derive.writers import bytecode, templating

OUT = 'from derive.writers.templating import chain; print(len(chain(None, "blocks.tex")[0].make_module({}).block.arguments))'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and none of what this process has read before."""
    monkeypatch.setenv("DERIVE_CACHE", str(tmp_path / "cache"))
    templating.environment.cache_clear()
    return tmp_path / "cache" / "templates"


def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the templates that Jinja compiles from here on."""
    compiled: list[str] = []
    compile_one = jinja2.Environment.compile

    def seen(self: jinja2.Environment, source: str, name: str | None = None, *rest: object, **more: object) -> object:
        compiled.append(str(name))
        return compile_one(self, source, name, *rest, **more)  # type: ignore[call-overload, unused-ignore]

    monkeypatch.setattr(jinja2.Environment, "compile", seen)
    return compiled


def load(own: Path | None = None) -> str:
    templating.environment.cache_clear()
    template = templating.chain(own, "fragment.tex")[0]
    return str(template.environment.get_template("derive/blocks.tex").name)


def test_our_templates_are_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compilations(monkeypatch)
    load()
    assert "derive/blocks.tex" in compiled or "blocks.tex" in compiled
    count = len(compiled)
    load()
    assert len(compiled) == count, "the second time they are read"


def test_a_teacher_s_template_is_not_kept(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "fragment.tex").write_text("mine", encoding="utf-8")
    load()
    before = sorted(folder.iterdir())
    load(own)
    assert templating.chain(own, "fragment.tex")[0].render() == "mine"
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("damage", ["cut", "changed", "another program's", "a folder"])
def test_what_is_damaged_or_of_another_program_is_made_again(damage: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    for path in folder.iterdir():
        data = path.read_bytes()
        if damage == "cut":
            path.write_bytes(data[: len(data) // 2])
        if damage == "changed":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        if damage == "a folder":
            path.unlink()
            path.mkdir()
    if damage == "another program's":
        monkeypatch.setattr(bytecode, "_program", lambda: b"another")
    compiled = compilations(monkeypatch)
    load()
    assert compiled


def test_a_changed_template_is_compiled_anew(folder: Path, tmp_path: Path) -> None:
    for text in ("one", "two"):
        (tmp_path / "t.tex").write_text(text, encoding="utf-8")
        made = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path), bytecode_cache=bytecode.Compiled(tmp_path))
        assert made.get_template("t.tex").render() == text
    assert len(list(folder.iterdir())) == 1


def test_without_a_place_to_keep_things_all_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    environment = {**os.environ, "DERIVE_CACHE": str(tmp_path / "file")}
    done = subprocess.run([sys.executable, "-c", OUT], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "3", done.stderr
