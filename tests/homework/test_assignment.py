"""A class gets its homework: files, keys and manifest; the same bytes however it came about; nothing wrong scores."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad as autograd
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from derive import api, mistakes, spec
from derive.cli import command as cli
from derive.errors import DeriveError, SpecError
from derive.expressions.system import cotangent
from derive.homework import grader
from derive.homework import sheet as questions
from derive.homework.classroom import roster
from derive.homework.classroom.assignment import Assignment, build
from derive.homework.classroom.roster import Student
from derive.numbers import random_stream

TEXT = """\
title: One neuron
equations: [z = w*a + b, p = sigmoid(z), C = (p - y)**2]
parameters: {w: scalar, b: scalar}
inputs: {a: scalar}
targets: {y: scalar}
numbers: decimals
homework:
  salt: winter
  questions: [{differential: z}, {value: C}, {value: dC/dw}, {value: dC/db}, {step: w}, {choice: dC/dw}]
"""

CLASS = (
    Student("4711", "Zoë Ångström-Müller", 2),
    Student("0042", "d'Arcy, Łukasz", 3),
    Student("12/3", "Ada & Co_", 4),
)


def assignment(folder: Path, students: Sequence[Student] = CLASS, text: str = TEXT, **fixed: tuple[int, int]) -> Assignment:
    found = Assignment(spec.loads(text, "neuron.yaml"), text, tuple(students), folder, fixed)
    found.draw()
    return found


def made(folder: Path, students: Sequence[Student] = CLASS, text: str = TEXT, **fixed: tuple[int, int]) -> dict[str, bytes]:
    said: list[DeriveError | str] = []
    failed = build(assignment(folder, students, text, **fixed), said.append, processes=1)
    assert not failed and not said
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    files.pop("journal.jsonl", None)
    return files


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    made(folder)
    return folder


def text_of(path: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout


def test_everybody_has_a_homework_and_a_solution_with_the_name_on_it(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text("utf-8"))
    assert [s["id"] for s in manifest["students"]] == ["4711", "0042", "12/3"]
    for entry, student in zip(manifest["students"], CLASS, strict=True):
        for which in ("homework", "solutions"):
            path = built / entry[which]["file"]
            assert len(PdfReader(path).pages) == entry[which]["pages"]
            text = text_of(path)
            assert student.id in text and entry["variant"] in text
            assert student.name.split()[-1].split("-")[0] in text
    assert len({s["variant"] for s in manifest["students"]}) == 3


def test_the_printers_file_holds_all_of_them_each_on_a_right_hand_page(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text("utf-8"))
    for which in ("homework", "solutions"):
        pages = PdfReader(built / f"{which}.pdf").pages
        assert len(pages) == manifest["all"][f"{which}.pdf"]["pages"]
        for student, entry in zip(CLASS, manifest["students"], strict=True):
            first = entry[which]["page_in_all"]
            assert first % 2 == 1
            assert student.id in pages[first - 1].extract_text()


def test_the_key_holds_every_number_and_the_sheets_show_them(built: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((built / "answers.csv").read_text("utf-8-sig"))))
    tree = json.loads((built / "answers.json").read_text("utf-8"))
    assert len(rows) == 3 * 4
    for row in rows:
        answer = tree[row["id"].lstrip("'")]["answers"][row["question"]]
        assert float(row["value"]) == pytest.approx(answer["value"], abs=1e-4)
        assert 0 < float(row["tolerance"]) < 0.1 * max(1, abs(answer["value"]))


def squared_error(a: float, y: float) -> Callable[[Any, Any], Any]:
    """The cost as a function of weight and bias, in autograd's NumPy."""
    return lambda w, b: (1 / (1 + anp.exp(-(w * a + b))) - y) ** 2


def test_each_number_of_the_key_is_that_of_autograd(built: Path) -> None:
    tree = json.loads((built / "answers.json").read_text("utf-8"))
    found = assignment(built)
    for student, variant in found.variants.items():
        v = {k: float(x) for k, x in variant.found.values.items() if k in ("w", "a", "b", "y")}
        cost = squared_error(v["a"], v["y"])
        answers = {k: a["value"] for k, a in tree[student]["answers"].items()}
        slope = autograd(cost, 0)(v["w"], v["b"])
        assert answers["value C"] == pytest.approx(cost(v["w"], v["b"]))
        assert answers["value dC/dw"] == pytest.approx(slope)
        assert answers["value dC/db"] == pytest.approx(autograd(cost, 1)(v["w"], v["b"]))
        assert answers["step w"] == pytest.approx(v["w"] - variant.found.rate * slope)


def test_the_order_of_the_roster_changes_nobodys_sheet(built: Path, tmp_path: Path) -> None:
    again = made(tmp_path, CLASS[::-1])
    sheets = {k: v for k, v in contents(built).items() if "/" in k}
    assert sheets == {k: v for k, v in again.items() if "/" in k}


def test_one_student_alone_gets_the_same_bytes(built: Path, tmp_path: Path) -> None:
    alone = made(tmp_path, CLASS[1:2])
    assert {k: contents(built)[k] for k in alone if "/" in k} == {k: v for k, v in alone.items() if "/" in k}


def test_a_code_from_a_sheet_gives_that_variant_to_someone(built: Path, tmp_path: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text("utf-8"))
    code = manifest["students"][0]["variant"]
    other = assignment(tmp_path, (Student("9", "New", 2),), TEXT, **{"9": random_stream.parse(code)})
    ours = assignment(built).variants["4711"].found
    assert other.variants["9"].found.signature(other.derivation.system) == ours.signature(other.derivation.system)


def test_what_is_there_is_not_made_again_and_what_was_spoilt_is(tmp_path: Path) -> None:
    first = made(tmp_path)
    spoilt = tmp_path / "homework" / "4711.pdf"
    kept = tmp_path / "solutions" / "4711.pdf"
    before = kept.stat().st_mtime_ns
    spoilt.write_bytes(b"half a")
    assert made(tmp_path) == first
    assert kept.stat().st_mtime_ns == before


def test_another_spec_makes_all_of_them_anew(tmp_path: Path) -> None:
    first = made(tmp_path)
    second = made(tmp_path, text=TEXT.replace("One neuron", "The same neuron"))
    assert all(first[k] != second[k] for k in first if k.startswith(("homework/", "solutions/")))


def test_everybody_gets_a_sheet_in_whatever_script_the_name_is(tmp_path: Path) -> None:
    said: list[DeriveError | str] = []
    names = ["王小明", "محمد علي", "\u202eנועה", "नरेन्द्र", "🎉", "Z" + "\u0337" * 180, "Nguyễn Thị Thảo"]
    text = "ID,Name\n" + "".join(f"{n}a,{name}\n" for n, name in enumerate(names))
    students = roster.parse(text.encode())
    assert not build(assignment(tmp_path, students), said.append, processes=1)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert not manifest["failed"]
    assert [s["note"].split("`")[3:4] for s in manifest["students"]] == [
        ["Wang Xiao Ming"], ["Mhmd 'ly"], ["Nv'h"], ["Nrendr"], [], ["Z"], ["Nguyễn Thị Thao"],
    ]  # fmt: skip
    assert said == [f"{s.id}: {s.note}" for s in students]
    for which in ("homework", "solutions"):
        for student in students:
            page = PdfReader(tmp_path / which / f"{student.id}.pdf").pages[0].extract_text()
            assert student.id in page and (student.printed[0][:2] in page)


def test_no_cell_of_the_key_is_a_formula(tmp_path: Path) -> None:
    students = roster.parse(b"ID,Name\n@4711,=1+1\n-a1,Ada;=cmd|x!A1\n")
    build(assignment(tmp_path, students), lambda said: None, processes=1)
    tree = json.loads((tmp_path / "answers.json").read_text("utf-8"))
    assert list(tree) == ["@4711", "-a1"] and tree["@4711"]["name"] == "=1+1"
    rows = list(csv.DictReader(io.StringIO((tmp_path / "answers.csv").read_text("utf-8-sig"))))
    assert {(r["id"], r["name"]) for r in rows} == {("'@4711", "'=1+1"), ("'-a1", "Ada;'=cmd|x!A1")}
    assert any(r["value"].startswith("-") for r in rows) and all(float(r["value"]) or True for r in rows)


def test_a_sheet_that_cannot_be_set_costs_nobody_else_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Student, "printed", property(lambda s: (s.name, s.id)))
    said: list[DeriveError | str] = []
    strange = Student("77", "王小明", 5)
    failed = build(assignment(tmp_path, (*CLASS, strange)), said.append, processes=1)
    assert sorted(failed) == ["homework/77.pdf", "solutions/77.pdf"] and said
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert sorted(manifest["failed"]) == sorted(failed)
    assert len(list((tmp_path / "homework").glob("*.pdf"))) == 3


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "neuron.yaml"
    source.write_text(TEXT, "utf-8")
    command = [sys.executable, "-m", "derive", "homework", str(source), "--variants", "8", "--processes", "1", "--output"]
    whole = tmp_path / "whole"
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    cut = tmp_path / "cut"
    for wanted in (1, 6):
        run = subprocess.Popen([*command, str(cut)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 60
        while run.poll() is None and len(list(cut.rglob("*.pdf"))) < wanted and time.monotonic() < until:
            time.sleep(0.005)
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        for path in cut.rglob("*.pdf"):
            assert PdfReader(path).pages
    subprocess.run([*command, str(cut)], check=True, capture_output=True)
    assert contents(cut) == contents(whole)


def test_too_few_different_numbers_are_refused() -> None:
    text = TEXT.replace("numbers: decimals", "numbers: integers\nvalues: {w: 2, b: 3, a: 2}")  # leaves y = 1
    with pytest.raises(SpecError, match="too few different numbers: 1 variant was found, and 3 are needed"):
        assignment(Path("nowhere"), roster.numbered(3), text)


SIGMOIDS = """\
title: Three sigmoids in a chain
equations: [z1 = w1*x, a1 = sigmoid(z1), z2 = w2*a1, a2 = sigmoid(z2), z3 = w3*a2, p = sigmoid(z3),
  L = -y*log(p) - (1-y)*log(1-p)]
parameters: {w1: scalar, w2: scalar, w3: scalar}
inputs: {x: scalar}
targets: {y: scalar}
values: {w1: 0.25, w2: -0.11, w3: 0.78, x: 0.63, y: 1}
homework: {questions: [{value: dL/dw1}]}
"""


def test_a_class_whose_numbers_are_all_given_is_made_with_warnings_in_the_words_of_the_spec(tmp_path: Path) -> None:
    """An exercise of a textbook: its author chose the numbers."""
    said: list[DeriveError | str] = []
    found = assignment(tmp_path, CLASS[:2], SIGMOIDS)
    assert not build(found, said.append, processes=1)
    assert len({key.value.item() for student in CLASS[:2] for key in found.keys(student.id)}) == 1
    same, kept = map(str, said)
    assert "neuron.yaml:7:9: warning: the spec gives all numbers" in same
    assert "dL/dw1: the error “the activation of the wrong layer” is only" in kept and "dL/dw1 is nearly 0" in kept
    assert "bar " not in kept and "_" not in kept


def test_the_first_example_is_a_class_sheet() -> None:
    path = api.examples()["single-neuron"]
    found = Assignment(api.load(path), path.read_text("utf-8"), roster.numbered(30), Path("nowhere"))
    found.draw()
    assert len(found.variants) == 30 and "everybody has the same" in found.warnings[0]


def test_a_gradient_that_vanishes_with_all_numbers_is_a_property_of_the_network_and_no_defect() -> None:
    found = assignment(Path("nowhere"), roster.numbered(4), SIGMOIDS.replace("x: 0.63, ", ""))
    assert len({v.found.signature(found.derivation.system) for v in found.variants.values()}) == 4
    assert [w.split("warning: ")[1] for w in found.warnings] == [
        "whatever numbers are drawn, there is this or the like: dL/dw1 is nearly 0"
    ]


# --- nothing wrong scores -------------------------------------------------------------------------------------------------------

ACTIVATIONS = {"sigmoid": lambda z: 1 / (1 + anp.exp(-z)), "tanh": anp.tanh, "relu": lambda z: anp.maximum(z, 0)}


@st.composite
def classes(draw: st.DrawFn) -> tuple[str, Any]:
    """A small network, and its cost by hand."""
    wide, middle, out = draw(st.integers(1, 3)), draw(st.integers(2, 3)), draw(st.integers(1, 2))
    names = [draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in range(2)]
    text = dedent(f"""\
        title: Random
        view: matrix
        numbers: {draw(st.sampled_from(["decimals", "fractions"]))}
        network:
          input: {{x: {wide}}}
          layers:
            - dense: {{units: {middle}, activation: {names[0]}}}
            - dense: {{units: {out}, activation: {names[1]}}}
          loss: half_squared_error
        homework:
          questions: [value: C, value: dC/dW.2, value: dC/db.2, value: dC/dW.1, value: dC/db.1]
        """)

    def cost(p: dict[str, Any], x: Any, y: Any) -> Any:
        first = ACTIVATIONS[names[0]](p["W.1"] @ x + p["b.1"])
        return 0.5 * anp.sum((ACTIVATIONS[names[1]](p["W.2"] @ first + p["b.2"]) - y) ** 2)

    return text, cost


@settings(max_examples=8, deadline=None)
@given(drawn=classes())
def test_the_key_is_autograds_and_no_mal_rule_scores(drawn: tuple[str, Any]) -> None:
    text, cost = drawn
    try:
        found = assignment(Path("nowhere"), roster.numbered(3), text)
    except SpecError:  # the linter left too few variants; it says so
        return
    derivation = found.derivation
    for student, variant in found.variants.items():
        values = variant.found.values
        parameters = {k: np.asarray(values[k], dtype=float) for k in ("W.1", "b.1", "W.2", "b.2")}
        oracle = autograd(lambda p, v=values: cost(p, v["x"], v["y"]))(parameters)
        keys = {k.question: k for k in found.keys(student)}
        assert float(keys["value C"].value) == pytest.approx(float(cost(parameters, values["x"], values["y"])))
        for key, right in oracle.items():
            mine = keys[f"value dC/d{key.replace('.', '')}"]
            np.testing.assert_allclose(mine.value, right, rtol=1e-9, atol=1e-12)
            step = derivation.gradients[key]
            assert step is not None
            nearest = derivation.of("gradient", key)[-1]
            for mistake in mistakes.mistakes(derivation, nearest):
                wrong = mistakes.followed(derivation, mistake, values)[cotangent(key)]
                if np.allclose(wrong, right):  # it makes no difference where this ReLU is on: nothing could tell
                    continue
                verdict = grader.judge(derivation, nearest, wrong.tolist(), values, tolerance=mine.tolerance)
                assert not verdict.ok, (key, mistake.rule)


def test_a_key_that_is_wrong_is_caught(tmp_path: Path) -> None:
    """The oracle above can fail: another sigmoid is not ours."""
    found = assignment(tmp_path)
    (key,) = [k for k in found.keys("4711") if k.question == "value dC/dw"]
    verdict = grader.judge(found.derivation, "dC/dw", float(key.value) * 1.1, found.variants["4711"].found.values, key.tolerance)
    assert not verdict.ok
    assert replace(key, tolerance=0.0).tolerance == 0.0 and api.sheet_name(found.spec) == "neuron"


@pytest.mark.parametrize("name", ["classifier", "chain"])
def test_what_sheets_have_in_common_is_written_out_once_and_is_the_same(name: str) -> None:
    text = api.examples()[name].read_text("utf-8")
    found = Assignment(api.load(api.examples()[name]), text, roster.numbered(3), Path("nowhere"))
    found.draw()
    for student in found.students:
        variant = found.variants[student.id]
        numbers = questions.Variant(variant.found, (student.name, student.id), found.stamp(student.id), variant.seed)
        alone = questions.homework(found.spec, found.derivation, found.checks, found.derivation.asked, numbers)
        assert found.texts(student) == {which: api.tex(api.edition(alone, which)) for which in ("homework", "solutions")}


def test_a_student_is_graded_with_the_numbers_of_the_sheet(built: Path, tmp_path: Path) -> None:
    source = tmp_path / "neuron.yaml"
    source.write_text(TEXT, "utf-8")
    tree = json.loads((built / "answers.json").read_text("utf-8"))["4711"]
    answers = {k: a["value"] for k, a in tree["answers"].items() if k.startswith("value")}
    answers["value dC/dw"], right = answers["value dC/db"], answers["value dC/dw"]
    (tmp_path / "answers.json").write_text(json.dumps(answers), "utf-8")
    command = ["grade", str(source), str(tmp_path / "answers.json"), "--variant", tree["variant"], "--json"]
    verdicts = {v["question"]: v for v in json.loads(CliRunner().invoke(cli, command).stdout)}
    assert verdicts["value C"]["right"] and verdicts["value dC/db"]["right"]
    assert not verdicts["value dC/dw"]["right"] and right != answers["value dC/dw"]
    assert CliRunner().invoke(cli, [*command[:-2], "nonsense"]).exit_code == 2
    printed = random_stream.stamp(*random_stream.parse(tree["variant"]), TEXT)
    assert CliRunner().invoke(cli, [*command[:-2], f"{printed.code} {printed.spec} {printed.version}"]).exit_code == 0
    other = CliRunner().invoke(cli, [*command[:-2], f"{printed.code} {random_stream.spec_hash('another')}"])
    assert other.exit_code == 2 and "another text of the spec" in other.stderr
