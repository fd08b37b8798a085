"""grade: what a student answered, or a class, and what to say to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..errors import Place, SpecError
from .options import load, one_spec, path_of


@click.command()
@one_spec
@click.argument("answers", type=click.Path(path_type=Path), required=False)
@click.option("-a", "--answer", "single", multiple=True, metavar="'dC/dw = …'", help="One answer; may be repeated.")
@click.option("--variant", "code", metavar="CODE",
              help="The variant, by its code; with the two texts behind it on the sheet, the spec is compared too.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For machines: a list with one object an answer.")
@click.option("--language", metavar="CODE", help="In which language it is said: en, de, …  [default: that of the spec]")
@click.option("--templates", type=click.Path(path_type=Path), metavar="FOLDER", help="Templates and words of your own.")
def grade(
    spec: str,
    answers: Path | None,
    single: tuple[str, ...],
    code: str | None,
    as_json: bool,
    language: str | None,
    templates: Path | None,
) -> None:
    """Judge the answers of a student to questions about SPEC, and name the usual error behind a wrong one.

    ANSWERS is a YAML or JSON file of questions and answers, or a CSV file with two columns, or with those of answers.csv, which
    `derive homework` writes: id, variant, question, entry, value; such a file may hold the answers of a whole class. A question
    is what is asked for: dC/dW1, delta1, dz1/dW1, dz1, a1; or a question of the homework, `step W3`, `choice dC/dx`, or its
    number on the sheet. An answer is a formula in the equation language, numbers, or what else the question asks for. Where
    questions of the homework are answered, points are given.

    The exit code is 0 whenever the answers could be judged, right or wrong.

    \b
    Examples:
      derive grade single-neuron --answer 'dC/dw = 2*(a - y)*a_prev'
      derive grade mlp answers.yaml --variant 3f9a07c211de-0 --json
      derive grade mlp handed-in.csv --language de
    """
    from ..homework import grader as grading
    from ..homework.classroom import answer_files

    found = load(spec, language=language, templates=templates)
    handed = list(answer_files.handed_in(answers)) if answers is not None else [answer_files.HandedIn()]
    if single and len(handed) > 1:
        raise SpecError("--answer belongs to one student, and the file holds several")
    for text in single:
        _add(handed[0], text)
    if not handed[0].answers:
        raise SpecError("there are no answers", hint="give a file, or --answer 'dC/dw = …'")
    source = path_of(spec).read_bytes()
    grader = grading.Grader(found)
    everything: list[dict[str, Any]] = []
    for one in handed:
        judged = _judged(grader, one, source, code, answers is not None)
        if as_json:
            everything += [grading.as_data(v) for v in judged]
            continue
        before = f"{one.student}: " if one.student else ""
        for verdict in judged:
            click.echo(before + grading.line(verdict))
        if points := grading.total(grader.voice, judged):
            click.echo(before + points)
    if as_json:
        click.echo(json.dumps(everything, ensure_ascii=False, indent=2))


def _add(handed: Any, text: str) -> None:
    from ..homework.questions.kinds import GRADABLE

    target, sign, _ = text.partition("=")
    if not sign or not target.strip():
        raise SpecError(f"`{text[:40]}` is not an answer", hint="write what is asked for, `=`, and the answer: dC/dw = …")
    target = " ".join(target.split())
    if target in handed.answers:
        raise SpecError(f"`{target[:40]}` is answered twice", hint="keep one of the two")
    named = target.split()[0].isdecimal() or target.split()[0].lower() in GRADABLE
    handed.answers[target] = text.partition("=")[2] if named else text


def _judged(grader: Any, handed: Any, source: bytes, code: str | None, whole: bool) -> tuple[Any, ...]:
    """The verdicts on a student's answers, with the numbers of the variant that was named, or that the file names."""
    from ..numbers import random_stream

    if code is not None and handed.variant and code.split()[:1] != handed.variant.split()[:1]:
        place = next(iter(handed.places.values()), Place())
        raise SpecError(f"the file names the variant {handed.variant[:40]}, and --variant {code[:40]}", place=place)
    printed = code or handed.variant
    variant = random_stream.read(printed, source) if printed else None
    try:
        judged = grader.grade(handed.answers, variant, whole)
    except SpecError as error:
        raise error.at(next(iter(handed.places.values()), Place())) from None
    where = handed.places
    return tuple(replace(v, student=handed.student, place=str(where[v.target]) if v.target in where else "") for v in judged)
