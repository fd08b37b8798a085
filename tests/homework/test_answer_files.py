"""Files of answers as people hand them in: every shape that is read, and one clear message with its line for every other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from derive import api
from derive.cli import command
from derive.errors import SpecError
from derive.homework.classroom.answer_files import HandedIn, answers_in, handed_in
from derive.homework.grader import Grader
from derive.numbers import random_stream

KEY = """\
\ufeffid,name,variant,question,quantity,entry,value,tolerance\r
4711,Ada Lovelace,3f9a07c211de-0,value C,C,,0.5,0.01\r
4711,Ada Lovelace,3f9a07c211de-0,step W1,W1,"1,1",1/3,0.01\r
4711,Ada Lovelace,3f9a07c211de-0,step W1,W1,"1,2",-2,0.01\r
"'=1+1",Bo,255ec7abc305-0,value C,C,,"0,25",0.01\r
"""


def read(tmp_path: Path, text: str | bytes, name: str = "a.csv") -> tuple[HandedIn, ...]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return handed_in(path)


def test_a_file_in_the_shape_of_the_key(tmp_path: Path) -> None:
    ada, bo = read(tmp_path, KEY)
    assert (ada.student, ada.name, ada.variant) == ("4711", "Ada Lovelace", "3f9a07c211de-0")
    assert ada.answers == {"value C": "0.5", "step W1": {"1,1": "1/3", "1,2": "-2"}}
    assert ada.places["step W1"].line == 3
    assert (bo.student, bo.answers) == ("=1+1", {"value C": "0,25"})


@pytest.mark.parametrize(
    "text",
    [
        "question,answer\nvalue C,1\nstep W1,2\n",
        "question;answer\r\nvalue C;1\r\nstep W1;2\r\n",
        "question\tanswer\nvalue C\t1\nstep W1\t2",
        "sep=;\nFrage;Antwort\nvalue C;1\nstep W1;2\n",
        "value C,1\nstep W1,2\n",
        "\n\nvalue C;1\n;;\nstep W1;2\n\n",
        '"value C","1"\n"step W1","2"\n',
        "target,value\nvalue   C,1\nstep W1,2\n",
        "\ufeffvalue C,1\nstep W1,2",
        "value C,1\nstep W1,2\n".encode("utf-16"),
    ],
)
def test_tables(text: str | bytes, tmp_path: Path) -> None:
    (only,) = read(tmp_path, text)
    assert only.answers == {"value C": "1", "step W1": "2"}


def test_a_comma_that_nobody_quoted(tmp_path: Path) -> None:
    (only,) = read(tmp_path, "question,answer\ndC/dW2,outer(delta2, a1)\ndC/dW1,x\n")
    assert only.answers == {"dC/dW2": "outer(delta2, a1)", "dC/dW1": "x"}
    (only,) = read(tmp_path, 'question,answer\ndC/dW2,"outer(delta2, a1)"\n')
    assert only.answers == {"dC/dW2": "outer(delta2, a1)"}


@pytest.mark.parametrize(
    "text",
    [
        "value C: 1\nstep W1: {'1,1': 2, '1,2': 3}\n",
        "- {question: value C, answer: 1}\n- {question: step W1, entry: '1,1', value: 2}\n"
        "- {question: step W1, entry: '1,2', answer: 3}\n",
        '{"answers": {"value C": {"quantity": "C", "value": 1, "tolerance": 0.1}, "step W1": {"1,1": 2, "1,2": 3}}}',
    ],
)
def test_trees(text: str, tmp_path: Path) -> None:
    (only,) = read(tmp_path, text, "a.yaml")
    assert only.answers == {"value C": 1, "step W1": {"1,1": 2, "1,2": 3}}


def test_a_tree_in_the_shape_of_the_key(tmp_path: Path) -> None:
    tree = {
        s: {"name": n, "variant": "3f9a07c211de-0", "answers": {"value C": {"quantity": "C", "value": v, "tolerance": 0.1}}}
        for s, n, v in (("1", "Ada", 0.5), ("2", "Bo", [1, 2]))
    }
    ada, bo = read(tmp_path, json.dumps(tree), "a.json")
    assert (ada.student, ada.name, ada.variant, ada.answers) == ("1", "Ada", "3f9a07c211de-0", {"value C": 0.5})
    assert bo.answers == {"value C": [1, 2]}


REFUSED = [
    ("a.csv", "", "there are no answers", None),
    ("a.csv", "question,answer\n", "there are no answers", None),
    ("a.csv", "dC/dw\n", "row 1 has no answer", 1),
    ("a.csv", "question,answer\ndC/dw,1\n\ndC/dw,2\n", "`dC/dw` is answered twice", 4),
    ("a.csv", "question,entry,value\nstep W,1,2\nstep W,1,3\n", "`step W`, entry 1, is answered twice", 3),
    ("a.csv", "question,answer\n,7\n", "an answer without its question", 2),
    ("a.csv", KEY + "4711,Ada,other,value z,z,,1,1\n", "`4711` has two variants", 6),
    ("a.csv", KEY + "4711,Ada,3f9a07c211de-0,dC/dW,W,,outer(a, b),1\n", "the row has 9 cells, but there are 8 columns", 6),
    ("a.csv", b"PK\x03\x04 ....", "a workbook of a spreadsheet", None),
    ("a.csv", "a,b\nx,\x00\n", "zero byte", 2),
    ("a.csv", "question,answer\na,b\n" + '"' + "x" * 200_000, "a cell has more than", 3),
    ("a.csv", "x" * 10_000_001, "the file is larger than 10 MB", None),
    ("a.yaml", "", "there are no answers", None),
    ("a.yaml", "a: 1\nb: 2\na: 3\n", "a", 3),
    ("a.yaml", "a: 1\nA  : 1\n'a ': 2\n", "`a` is answered twice", 3),
    ("a.yaml", "a: [1, 2\n", "not closed", 1),
    ("a.yaml", "- 3\n", "an answer of a list has a `question` and an `answer`", 1),
    ("a.yaml", "a: !!python/object/apply:os.system [ls]\n", "tag", 1),
    ("a.yaml", "[" * 5000, "the nesting is deeper than", 1),
    ("a.json", "{" * 5000, "a mapping cannot be a key", 1),
    ("a.yaml", "a: &x [1, *x]\n", "alias", 1),
    ("a.yaml", "3\n", "these are not answers", 1),
    ("a.yaml", "x" * 1_000_001, "larger than 1 MB", None),
    ("a.yaml", "a: \x07\n", "U\\+0007", 1),
]


@pytest.mark.parametrize("name, text, message, line", REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_with_its_line(name: str, text: str | bytes, message: str, line: int | None, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read(tmp_path, text, name)
    assert caught.value.place is not None and caught.value.place.file.endswith(name)
    assert caught.value.place.line == line
    assert len(str(caught.value)) < 500
    done = CliRunner().invoke(command, ["grade", "single-neuron", str(tmp_path / name)])
    assert done.exit_code == 2 and done.stderr.startswith("derive: ") and name in done.stderr


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for name in ("no.csv", "no.yaml", ""):
        assert CliRunner().invoke(command, ["grade", "single-neuron", str(tmp_path / name)]).exit_code == 2


def test_the_answers_of_one_student(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(KEY, encoding="utf-8")
    with pytest.raises(SpecError, match="the answers of 2 students"):
        answers_in(path)


# --- the command --------------------------------------------------------------------------------------------------------------

TEXT = """\
title: neuron
numbers: decimals
view: scalar
inputs: {a: scalar}
targets: {y: scalar}
parameters: {w: scalar, b: scalar}
equations: ['z = w*a + b', 'h = tanh(z)', 'C = (h - y)**2']
homework: {questions: [gradient: w, value: dC/dw, value: dC/db, step: w, choice: dC/da, find_error: b, shape: w]}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "neuron.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["grade", *map(str, arguments)])


def code_of(seed: int) -> str:
    return random_stream.stamp(seed, 0, TEXT).code


def test_a_whole_class_in_one_file(source: Path, tmp_path: Path) -> None:
    """Each with the numbers of the own variant; what one forgot is not lost."""
    grader = Grader(api.load(source))
    rows = ["id;name;variant;question;entry;value"]
    for seed in (5, 6, 7):
        numbers = grader._with_numbers((seed, 0)).numbers
        assert numbers is not None
        for question, value in (("value dC/dw", numbers.values["bar w"]), ("value dC/db", numbers.values["bar b"])):
            rows.append(f"s{seed};Student {seed};{code_of(seed)};{question};;{float(value):.5f}".replace(".", ","))
        rows.append(f"s{seed};Student {seed};{code_of(seed)};step w;;{float(numbers.after['w']) if seed != 6 else 99}")
    path = tmp_path / "class.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    done = run(source, path)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "s5: value dC/dw: right (3/3)" in lines and "s5: step w: right (2/2)" in lines
    assert any(line.startswith("s6: step w: wrong (0/2)") for line in lines)
    assert any(line.startswith("s7: gradient dC/dw: no answer (0/") for line in lines)
    assert next(line for line in lines if line.endswith("points")).startswith("s5: ")
    data = json.loads(run(source, path, "--json").output)
    assert {d["student"] for d in data} == {"s5", "s6", "s7"}
    assert sum(d["points"] for d in data if d["student"] == "s5") == sum(d["points"] for d in data if d["student"] == "s7")
    assert next(d for d in data if d["student"] == "s6" and d["question"] == "step w")["place"] is not None


def test_the_variant_of_the_file_and_that_of_the_command(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(f"id,variant,question,value\n1,{code_of(5)},step w,1\n", encoding="utf-8")
    assert run(source, path, "--variant", code_of(5)).exit_code == 0
    other = run(source, path, "--variant", code_of(6))
    assert other.exit_code == 2 and "one.csv:2" in other.stderr
    path.write_text("id,variant,question,value\n1,nonsense,step w,1\n", encoding="utf-8")
    assert run(source, path).exit_code == 2


def test_a_question_that_is_not_one_is_said_with_its_line(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("gradient dC/dw: 2*(h - y)*a*(1 - h**2)\ngradint dC/dw: 1\nvalue dC/db: 2*(\n", encoding="utf-8")
    done = run(source, path)
    assert done.exit_code == 0
    first, second, third, *_ = done.output.splitlines()
    assert first.startswith("gradient dC/dw: right")
    assert second.startswith(f"{path}:2:1: gradint dC/dw: not understood") and "did you mean `gradient dC/dw`?" in second
    assert third.startswith(f"{path}:3:1: value dC/db: not understood")


def test_a_language_is_chosen(source: Path, tmp_path: Path) -> None:
    german = run(source, "-a", "dC/db = 0", "-a", "shape w = 3", "--language", "de").output
    assert "falsch: der Bias verschwindet. Der Bias ist ein eigener Parameter" in german and "falsch" in german.splitlines()[1]
    source.write_text(TEXT + "language: de\n", encoding="utf-8")
    assert run(source, "-a", "dC/db = 0").output == german.splitlines()[0] + "\n"
    assert "wrong: the bias disappears" in run(source, "-a", "dC/db = 0", "--language", "en").output
    no = run(source, "-a", "dC/db = 0", "--language", "xx")
    assert no.exit_code == 2 and "no words for the language `xx`" in no.stderr
    path = tmp_path / "a.csv"
    path.write_text("Frage;Antwort\nvalue dC/db;0,5\nstep w;\n", encoding="utf-8")
    output = run(source, path, "--language", "de").output
    assert "Punkten" in output and "keine Antwort" in output


def test_words_of_ones_own(source: Path, tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    own = tmp_path / "words" / "fr.tex"
    own.write_text(
        "((* set language = {'babel': 'french', 'tag': 'fr', 'decimal': ',', 'fallback': 'en'} *))\n"
        "((* set verdicts = {'wrong': {'title': 'faux', 'say': '{error}. {advice}'}} *))\n",
        encoding="utf-8",
    )
    done = run(source, "-a", "dC/db = 0", "--language", "fr", "--templates", tmp_path)
    assert done.output.startswith("dC/db: faux: the bias disappears.")
