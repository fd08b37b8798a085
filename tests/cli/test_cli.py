"""The `derive` command: what it prints, what it writes, how it exits."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from effort import effort
from ruamel.yaml import YAML

from derive import api, cli, typeset
from derive.cli import output as speaking
from derive.errors import DeriveError, TypesetError

NEURON = 'title: A neuron of mine\nequations: ["z = w*a + b"]\n'
BROKEN = 'title: A neuron of mine\nequatoins: ["z = w*a + b"]\n'
COMMANDS = ("pdf", "watch", "tex", "check", "show", "code", "new", "examples", "layers", "schema", "completion", "pack", "doctor")
EXAMPLES = {"single-neuron", "chain", "wide-layer", "mlp", "classifier", "mini-batch", "residual", "deep", "own-layer"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in a folder of its own, with one good spec and one bad one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(NEURON)
    (tmp_path / "broken.yaml").write_text(BROKEN)
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli.command, arguments, prog_name="derive")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def good(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def bad(code: int, *arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("derive: ")
    assert "Traceback" not in result.output
    return result.stderr


def python(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, **options)


# Help


def test_help_is_quick_and_imports_no_engine() -> None:
    program = (
        "import sys; from derive.cli import command\n"
        "try: command(['--help'], prog_name='derive')\n"
        "except SystemExit: pass\n"
        "heavy = {'sympy', 'numpy', 'pydantic', 'jinja2', 'pylatex', 'ruamel'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    done = python("-c", program)
    assert done.stderr == "[]\n"
    assert all(command in done.stdout for command in COMMANDS)


def test_help_answers_at_once() -> None:
    def seconds(*arguments: str) -> float:
        return min(effort(lambda: python(*arguments)) for _ in range(3))

    assert seconds("-m", "derive", "--help") < 0.5 * seconds("-c", "import sympy")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(command: str) -> None:
    text = good(command, "--help")
    assert f"Usage: derive {command}" in text
    assert "Examples:\n" in text and f"derive {command}" in text.split("Examples:")[1]


def test_version() -> None:
    assert good("--version") == "derive 0.1.0\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    assert "_DERIVE_COMPLETE" in good("completion", shell)


def test_completion_offers_examples_without_the_engine() -> None:
    environment = os.environ | {"_DERIVE_COMPLETE": "bash_complete", "COMP_WORDS": "derive pdf cl", "COMP_CWORD": "2"}
    done = python("-X", "importtime", "-m", "derive", env=environment)
    assert "plain,classifier" in done.stdout.splitlines()
    assert "sympy" not in done.stderr


# pdf


def test_pdf_writes_into_output_by_default(folder: Path) -> None:
    lines = good("pdf", "mine.yaml").splitlines()
    assert {"output/mine.tex", "output/mine.pdf"} <= set(lines)
    assert {str(path.relative_to(folder)) for path in (folder / "output").iterdir()} == set(lines)
    assert (folder / "output/mine.pdf").read_bytes().startswith(b"%PDF-")


def test_pdf_to_a_file_of_ones_own_name(folder: Path) -> None:
    good("pdf", "mine.yaml", "-o", "sheets/homework.pdf")
    assert {"homework.tex", "homework.pdf"} <= {path.name for path in (folder / "sheets").iterdir()}


def test_pdf_twice_gives_the_same_bytes(folder: Path) -> None:
    good("pdf", "mine.yaml", "-o", "one")
    good("pdf", "mine.yaml", "-o", "two")
    assert (folder / "one/mine.pdf").read_bytes() == (folder / "two/mine.pdf").read_bytes()


def test_the_tex_that_pdf_writes_can_be_set_by_hand(folder: Path) -> None:
    good("pdf", "mine.yaml")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "mine.tex"], cwd=folder / "output",
                          capture_output=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-500:]


def test_pdf_goes_on_after_a_spec_that_fails(folder: Path) -> None:
    message = bad(2, "pdf", "broken.yaml", "mine.yaml")
    assert "broken.yaml:2" in message and "equatoins" in message and "equations" in message
    assert (folder / "output/mine.pdf").exists()
    assert not (folder / "output/broken.tex").exists()


def test_bad_input_leaves_earlier_output_as_it_was(folder: Path) -> None:
    (folder / "output").mkdir()
    (folder / "output/broken.pdf").write_text("earlier")
    (folder / "output/broken.tex").write_text("earlier")
    bad(2, "pdf", "broken.yaml")
    assert {path.name: path.read_text() for path in (folder / "output").iterdir()} == {
        "broken.pdf": "earlier",
        "broken.tex": "earlier",
    }


def test_the_first_failure_gives_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_tex(*_: object, **__: object) -> None:
        raise TypesetError("mine.tex:3: Undefined control sequence.")

    monkeypatch.setattr(typeset, "typeset", no_tex)
    assert "Undefined control sequence" in bad(4, "pdf", "mine.yaml", "broken.yaml")
    bad(2, "pdf", "broken.yaml", "mine.yaml")


def test_without_tex_the_text_is_written_and_the_command_to_install_is_told_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    (folder / "second.yaml").write_text(NEURON)
    message = bad(4, "pdf", "mine.yaml", "second.yaml")
    assert message.count("apt-get install texlive-latex-base") == 1
    assert (folder / "output/mine.tex").exists() and (folder / "output/second.tex").exists()
    assert not list((folder / "output").glob("*.pdf"))


def test_two_specs_of_one_name_are_refused(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other/mine.yaml").write_text(NEURON)
    assert "2 specs would become output/mine.pdf" in bad(2, "pdf", "mine.yaml", "other/mine.yaml")
    assert "cannot all become a.pdf" in bad(2, "pdf", "mine.yaml", "broken.yaml", "-o", "a.pdf")


def test_an_output_folder_that_cannot_be_made(folder: Path) -> None:
    (folder / "file").write_text("")
    assert "cannot" in bad(3, "pdf", "mine.yaml", "-o", "file/sheets")


def test_a_spec_that_does_not_exist() -> None:
    assert "nowhere.yaml" in bad(2, "pdf", "nowhere.yaml")
    assert "did you mean `classifier`?" in bad(2, "pdf", "clasifier")


def test_usage_errors_exit_with_2() -> None:
    assert run("pdf").exit_code == 2
    assert run("pdf", "mine.yaml", "--view", "tensor").exit_code == 2
    assert run("nonsense").exit_code == 2


# tex, check, show, code


def test_tex_goes_to_standard_output(folder: Path) -> None:
    text = good("tex", "mine.yaml")
    assert text.startswith("\\documentclass") or "\n\\documentclass" in text
    assert sorted(path.name for path in folder.iterdir()) == ["broken.yaml", "mine.yaml"]


def test_tex_fragment_has_no_preamble() -> None:
    text = good("tex", "mine.yaml", "--fragment")
    assert "\\documentclass" not in text and "\\begin{document}" not in text
    assert "A neuron of mine" in text


@pytest.mark.parametrize("output, file", [("sheets/", "sheets/mine.tex"), ("sheets/a.tex", "sheets/a.tex")])
def test_tex_into_a_file_brings_its_style_file(folder: Path, output: str, file: str) -> None:
    assert good("tex", "mine.yaml", "--fragment", "-o", output).splitlines()[0] == file
    assert (folder / file).exists()
    assert {path.name for path in (folder / "sheets").iterdir()} >= set(api.style())


def test_a_view_can_be_asked_for() -> None:
    assert good("tex", "wide-layer", "--view", "matrix") != good("tex", "wide-layer", "--view", "index")


def test_check_shows_every_check_with_its_error() -> None:
    lines = good("check", "mine.yaml").splitlines()
    count = len(api.check(api.derive(api.load(Path("mine.yaml")))))
    assert count > 0 and len(lines) == count + 1
    assert lines[-1] == f"mine.yaml: {count} checks passed, 0 failed"
    assert all(line.startswith("  ok ") for line in lines[:-1])
    assert good("check", "--quiet", "mine.yaml").splitlines() == lines[-1:]


def test_a_check_that_fails_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failed:
        what, how, error, tolerance, ok = "dz", "complex step", 0.5, 1e-9, False

    monkeypatch.setattr(api, "check", lambda *_, **__: (Failed(),))
    result = run("check", "mine.yaml")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "  FAILED  5.0e-01 (at most 1e-09)     dz  [complex step]",
        "mine.yaml: 0 checks passed, 1 failed",
    ]


def test_show_names_the_steps() -> None:
    assert "dw" in good("show", "mine.yaml").replace(" ", "")


def test_code_is_a_module(folder: Path) -> None:
    text = good("code", "mine.yaml")
    functions = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    assert {"forward", "gradients"} <= functions
    assert good("code", "mine.yaml", "-o", "neuron.py") == "neuron.py\n"
    assert (folder / "neuron.py").read_text() == text


# new, examples, layers, schema


def test_new_writes_a_spec_that_builds(folder: Path) -> None:
    assert good("new", "fresh.yaml", "--from", "chain").startswith("fresh.yaml\n")
    assert (folder / "fresh.yaml").read_bytes() == api.examples()["chain"].read_bytes()
    api.load(folder / "fresh.yaml")


def test_new_never_overwrites(folder: Path) -> None:
    assert "mine.yaml is there already" in bad(3, "new", "mine.yaml")
    assert (folder / "mine.yaml").read_text() == NEURON


def test_new_from_an_example_that_does_not_exist(folder: Path) -> None:
    assert "did you mean `chain`?" in bad(2, "new", "fresh.yaml", "--from", "chian")
    assert not (folder / "fresh.yaml").exists()


def test_examples_are_listed_printed_and_copied(folder: Path) -> None:
    listed = good("examples").splitlines()
    assert {line.split()[0] for line in listed} >= EXAMPLES
    assert all(len(line.split(maxsplit=1)) == 2 for line in listed), "each has a title"
    assert good("examples", "mlp") == api.examples()["mlp"].read_text(encoding="utf-8")
    good("examples", "--copy", "specs")
    assert {path.stem for path in (folder / "specs").iterdir()} >= EXAMPLES
    assert "is there already" in bad(3, "examples", "mlp", "--copy", "specs")


def test_layers_lists_the_catalogue() -> None:
    text = good("layers")
    assert all(f" {name} " in text for name in ("dense", "tanh", "softmax", "cross_entropy"))
    assert "p[j] = exp(z[j])/sum(exp(z[k]), k)" in good("layers", "softmax")
    assert "z[j] = sum(W[j,k]*x[k], k) + b[j]" in good("layers", "dense") and "units" in good("layers", "dense")
    assert "f'(u) = f*(1 - f)" in good("layers", "sigmoid") and "target y[j]" in good("layers", "hinge")
    assert "did you mean `dense`?" in bad(2, "layers", "dens")


def test_schema_is_json_schema() -> None:
    schema = json.loads(good("schema"))
    assert {"title", "network", "equations"} <= set(schema["properties"])
    checker = jsonschema.Draft202012Validator(schema)
    for path in api.examples().values():
        spec = YAML(typ="safe").load(path)
        checker.validate(spec)
        assert next(checker.iter_errors(spec | {"titel": "x"})).validator == "additionalProperties"


# Interruptions


def test_an_interruption_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "derive", interrupted)
    assert bad(130, "show", "mine.yaml") == "derive: interrupted\n"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "derive", "examples"], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""


def test_progress_is_shown_to_a_person_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with speaking.steadily(["one", "two"]) as (items, say):
        for item in items:
            say(f"{item} done")
            say(DeriveError(f"{item} failed"))
            assert capsys.readouterr().out == "", "said when the bar is done"
    shown = capsys.readouterr()
    assert shown.out == "one done\ntwo done\n"
    assert shown.err.endswith("derive: one failed\nderive: two failed\n")
