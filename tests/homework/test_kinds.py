"""A kind of question is one object in one file: nothing else asks for its name, and a new one needs that file and its words."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType

import pytest

from derive import api, resources
from derive.homework import key as answer_key
from derive.homework.grader import Grader
from derive.homework.questions import kinds
from derive.homework.questions.kind import Kind
from derive.homework.questions.kinds import GRADABLE, KINDS
from derive.spec import homework
from derive.writers.words import Words

HOUSE = resources.PACKAGE
SMALL = """\
title: One line
view: scalar
inputs: {x: scalar}
parameters: {w: scalar}
equations: [C = w**2*x]
homework: {questions: [%s]}
"""
OTHERS = {"writers.latex.figures", "writers.latex.graph_figure"}
"""What has kinds of its own: the nodes of a graph."""


# --- one object -----------------------------------------------------------------------------------------------------------------


def asks_for_a_name(tree: ast.AST, names: set[str]) -> Iterator[int]:
    """Lines where a `kind`, or the word that a question's id begins with, is compared with the name of a kind of question."""
    for node in ast.walk(tree):
        asked: Sequence[ast.AST] = ()
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            asked = [node.subject, *(case.pattern for case in node.cases)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("startswith", "get"):
            asked = [node.func.value, *node.args]
        parts = [part for one in asked for part in ast.walk(one)]
        told = {str(part.value).split(" ")[0] for part in parts if isinstance(part, ast.Constant)}
        words = {getattr(part, "id", getattr(part, "attr", "")) for part in parts}
        if told & names and words & {"kind", "kinds", "question", "id"}:
            yield getattr(node, "lineno")  # noqa: B009


def test_the_name_of_a_kind_is_asked_for_in_its_own_file_alone() -> None:
    found = {}
    for path in HOUSE.rglob("*.py"):
        module = ".".join(path.relative_to(HOUSE).with_suffix("").parts)
        if module not in OTHERS and not module.startswith("homework.questions.kinds."):
            found[module] = list(asks_for_a_name(ast.parse(path.read_text("utf-8")), {*GRADABLE}))
    assert {module: lines for module, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        'one.kind == "step"',
        'if wanted.kind in ("value", "step"): pass',
        '"text" if kind == "ask" else "of"',
        'item.kind.name not in {"held"}',
        'one.question.startswith("step ")',
        'match kind:\n    case "value": pass',
    ],
)
def test_asking_for_a_name_is_seen(line: str) -> None:
    assert list(asks_for_a_name(ast.parse(line), {*GRADABLE})) == [1]


def test_a_kind_without_a_judge_cannot_be_made() -> None:
    given = {f.name: getattr(KINDS["gradient"], f.name) for f in fields(Kind)}
    for name in ("name", "targets", "solve", "judge"):
        with pytest.raises(TypeError, match=name):
            Kind(**{k: v for k, v in given.items() if k != name})
    needed = {f.name for f in fields(Kind) if f.default is MISSING and f.default_factory is MISSING}
    assert needed == {"name", "targets", "solve", "judge"}


@pytest.mark.parametrize("has", [None, "rule", KINDS["gradient"]])
def test_a_module_without_its_kind_is_refused(has: object, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("rule")
    vars(module)["KIND"] = has
    monkeypatch.setitem(sys.modules, f"{kinds.__name__}.rule", module)
    with pytest.raises(TypeError, match="holds no kind of question `rule`"):
        kinds.registered("rule")


def test_a_spec_knows_the_kinds_that_there_are() -> None:
    assert tuple(KINDS) == homework.KINDS and set(homework.FORMS) <= set(KINDS)
    assert api.schema()["$defs"]["Ask"]["properties"]["kind"]["enum"] == list(KINDS)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_has_its_words(language: str) -> None:
    """A question of the teacher's own brings them along."""
    words = Words(language, None, {})
    for name, kind in KINDS.items():
        assert kind.free or f"ask_{name}" in {entry for module in words._modules for entry in vars(module)}, name


@pytest.mark.parametrize("name", list(GRADABLE))
@pytest.mark.parametrize("example", ["single-neuron", "mlp", "mini-batch"])
def test_an_answer_about_anything_is_judged_and_never_an_error(example: str, name: str) -> None:
    grader = Grader(api.load(api.examples()[example]))
    for quantity in grader.first.words.keys:
        (verdict,) = grader.grade({f"{name} {quantity}": "3"})
        assert verdict.kind, (name, quantity)


def test_what_no_line_computes_has_no_value_that_could_be_asked() -> None:
    grader = Grader(api.load(api.examples()["mlp"]))
    for name, kind in (("value W1", "no_such_question"), ("value x", "no_such_question"), ("value a1", "unexplained")):
        assert grader.grade({name: "[1, 2, 3]"})[0].kind == kind, name
    assert answer_key.general(grader.first, "value W1") is None


@pytest.mark.parametrize("question", ["differential: C", "differential: dC"])
def test_a_line_may_be_named_by_its_change(question: str) -> None:
    sheet = api.homework(api.loads(SMALL % question))
    assert "differential dC" in {getattr(block, "id", "") for section in sheet.sections for block in section.blocks}


# --- a new one ------------------------------------------------------------------------------------------------------------------

RULE = '''
"""The rule by which a derivative is found."""

from __future__ import annotations

from ....document.context import Context
from ....document.model import Prose
from ....expressions.nodes import Entry
from ....expressions.system import cotangent, primal
from ....grading.targets import Sheet
from ....grading.verdicts import Verdict, said
from ....network.catalogue import rules
from ..kind import Done, Item, Kind, Reply, Solved, Wanted
from ..paths import derivatives
from ..showing import shown


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    assert wanted.step is not None
    about = {"what": Entry.of(wanted.key), "rule": wanted.step.rules[0]}
    return Solved(about, (Prose("rule_answer", about),), [("mark_by_rule", about)], hint=())


def _judge(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    assert item.step is not None
    right = {rules()[key].title.casefold() for key in item.step.rules}
    return said(sheet.voice, reply.about, "right" if str(reply.written).casefold() in right else "unexplained")


KIND = Kind(
    name="rule",
    targets=lambda derivation: {key: step for key, step in derivatives(derivation).items() if step.rules},
    general=derivatives,
    quantity=lambda key: cotangent(primal(key)),
    solve=_solve,
    judge=_judge,
)
'''
WORDS = {
    "en": ("Which rule leads to", "It is the rule", "the rule"),
    "de": ("Welche Regel führt zu", "Es ist die Regel", "die Regel"),
}
ENTRIES = r"""
((* macro ask_rule(a) *))%s ((( inline(a.what) )))?((* endmacro *))
((* macro say_rule_answer(a) *))%s \emph{((( hint((a.rule,)) )))}.((* endmacro *))
((* macro mark_by_rule(a) *))%s((* endmacro *))
"""
SPEC = """\
title: A new kind
view: scalar
language: %s
inputs: {x: scalar}
targets: {y: scalar}
parameters: {w: scalar, b: scalar}
equations: [z = w*x + b, C = (z - y)**2]
values: {x: 2, y: 1, w: 3, b: 1}
homework: {questions: [{rule: [w, dC/db]}, {gradient: w}]}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program, and in it one file more and its words."""
    folder = tmp_path_factory.mktemp("new")
    shutil.copytree(HOUSE, folder / "derive", ignore=shutil.ignore_patterns("__pycache__", "_templates"))
    shutil.copytree(resources.folder(), folder / "templates")
    (folder / "derive" / "homework" / "questions" / "kinds" / "rule.py").write_text(RULE.lstrip(), "utf-8")
    for language, said in WORDS.items():
        (folder / "templates" / "words" / f"{language}.rule.tex").write_text(ENTRIES % said, "utf-8")
        (folder / f"{language}.yaml").write_text(SPEC % language, "utf-8")
    return folder


def derive(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "derive", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300)


@pytest.mark.parametrize("language", list(WORDS))
def test_a_new_kind_is_asked_solved_and_marked(copy: Path, language: str) -> None:
    asked, solved, mark = WORDS[language]
    for edition in ("homework", "solutions", "marking"):
        found = derive(copy, "tex", f"{language}.yaml", "--edition", edition, "-o", f"{edition}.tex")
        assert found.returncode == 0, found.stderr
        text = next(copy.glob(f"*{edition}.tex")).read_text("utf-8")
        assert text.count(asked) == 2
        assert text.count(solved) == (0 if edition == "homework" else 2)
        assert text.count(rf"}}{{{mark}}}") == (2 if edition == "marking" else 0)


def test_a_new_kind_is_judged_as_its_own_file_says(copy: Path) -> None:
    """A formula is no rule, although it is right as a formula."""
    answers = ("1 = 2*(z - y)*x", "rule dC/db = read off", "rule dC/dz = sum rule")
    found = derive(copy, "grade", "en.yaml", "--json", *(word for answer in answers for word in ("--answer", answer)))
    assert found.returncode == 0, found.stderr
    verdicts = json.loads(found.stdout)
    assert [v["verdict"] for v in verdicts] == ["unexplained", "right", "unexplained"]
    assert [(v["points"], v["out_of"]) for v in verdicts] == [(0, 1), (1, 1), (None, None)]


def test_a_new_kind_without_a_judge_stops_the_program(copy: Path) -> None:
    path = copy / "derive" / "homework" / "questions" / "kinds" / "dumb.py"
    path.write_text(RULE.lstrip().replace('"rule",', '"dumb",').replace("    judge=_judge,\n", ""), "utf-8")
    try:
        found = derive(copy, "grade", "en.yaml", "--answer", "1 = read off")
    finally:
        path.unlink()
    assert found.returncode != 0 and "dumb.py" in found.stderr and "'judge'" in found.stderr
