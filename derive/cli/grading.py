"""grade: what a student answered, and what to say to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..errors import SpecError
from .specs import load, one_spec, path_of


@click.command()
@one_spec
@click.argument("answers", type=click.Path(path_type=Path), required=False)
@click.option("-a", "--answer", "single", multiple=True, metavar="'dC/dw = …'", help="One answer; may be repeated.")
@click.option("--variant", "code", metavar="CODE",
              help="The variant, by its code; with the two texts behind it on the sheet, the spec is compared too.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For machines: a list with one object an answer.")
def grade(spec: str, answers: Path | None, single: tuple[str, ...], code: str | None, as_json: bool) -> None:
    """Judge the answers of a student to questions about SPEC, and name the usual error behind a wrong one.

    ANSWERS is a YAML or JSON file of questions and answers, or a CSV file with two columns. A question is what is asked for:
    dC/dW1, delta1, dz1/dW1, dz1, a1. An answer is a formula in the equation language, or numbers.

    \b
    Examples:
      derive grade single-neuron --answer 'dC/dw = 2*(a - y)*a_prev'
      derive grade mlp answers.yaml --variant 3f9a07c211de-0 --json
    """
    from derive import grade as grading
    from derive.answer_files import answers_in

    found = load(spec)
    given: dict[str, Any] = dict(answers_in(answers)) if answers is not None else {}
    for text in single:
        target, sign, _ = text.partition("=")
        if not sign:
            raise SpecError(f"`{text[:40]}` is not an answer", hint="write what is asked for, `=`, and the answer: dC/dw = …")
        if target.strip() in given:
            raise SpecError(f"`{target.strip()[:40]}` is answered twice", hint="keep one of the two")
        given[target.strip()] = text
    if not given:
        raise SpecError("there are no answers", hint="give a file, or --answer 'dC/dw = …'")
    judged = grading.grade(found, given) if code is None else _of_variant(found, path_of(spec).read_bytes(), given, code)
    if as_json:
        click.echo(json.dumps([grading.as_data(v) for v in judged], ensure_ascii=False, indent=2))
        return
    for verdict in judged:
        click.echo(grading.line(verdict))


def _of_variant(found: Any, text: bytes, given: dict[str, Any], code: str) -> tuple[Any, ...]:
    """The verdicts with a student's own numbers; a question may also be named as in the answer key: `value dC/dw`."""
    from derive import api, grade, seeds, worked
    from derive.questions import homework

    derivation = api.derive(found)
    numbers = worked.draw(found, derivation, *seeds.read(code, text))
    keys = {k.question: k for k in homework.keys(found, derivation, numbers) if not k.question.startswith("step")}
    return grade.grade(
        derivation,
        given,
        numbers.values,
        {k.question: k.name for k in keys.values()},
        {k.question: k.tolerance for k in keys.values()},
    )
