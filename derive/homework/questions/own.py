"""Questions in the teacher's own words; an equation that is given as an answer is checked against the derivation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...document import user_text
from ...document.context import Context
from ...document.model import Line, Lines, Text
from ...errors import DeriveError, EquationError, Place, SpecError
from ...expressions.nodes import Differential, Entry
from ...expressions.system import Equation, is_cotangent
from ...grading.judge import judged
from ...grading.reading.formulas import read_formula
from ...grading.targets import sheet_of
from ...grading.verdicts import Verdict
from ...notation.spellings import Vocabulary, named_by, vocabulary
from ...spec.fields import short
from .asking import Wanted
from .marking import marks, shown, usual_errors
from .solved import Solved


def place_of(context: Context, wanted: Wanted) -> Place | None:
    return context.spec.place("homework", "questions", wanted.place)


def own_text(context: Context, text: str, place: Place | None) -> Text:
    """The teacher's words, with formulas and names in backquotes. Raises SpecError where one of these cannot be read."""
    words = vocabulary(context.derivation, dict(context.spec.glyphs))

    def read(piece: str, error: DeriveError) -> Any:
        try:
            return _named(piece, words) or _formula(context, piece, words)
        except DeriveError:
            raise SpecError(
                f"`{short(piece)}` in backquotes cannot be read: {error.message}",
                place=place,
                hint="in backquotes stands mathematics as in `equations:`, or a name such as `dC/dW.1`; words need none",
            ) from None

    return Text(user_text.marked(text, context.system, read))


def _named(text: str, words: Vocabulary) -> Any:
    """A quantity, a derivative or a change by its name, as students write it."""
    key = named_by(text.strip().replace(".", ""), words)
    if key is not None and (key in words.derivation.system.tensors or is_cotangent(key)):
        return Entry.of(key)
    return Differential(Entry.of(key[2:])) if key is not None and key.startswith("d ") else None


def _formula(context: Context, text: str, words: Vocabulary) -> Any:
    """An equation or one side of it, as students write it, in the sheet's first view."""
    from ...grading.reading import formulas

    left, right = formulas.split_answer(text) or ("", text)
    key = named_by(left, words) if left else ""
    if key is None:
        raise EquationError(f"`{short(left)}` is not a name of this sheet", text=text)
    found = formulas.read_formula(right, words, key, ())
    line = shown(context, Equation(Entry.of(key or "answer_", *found.axes), found.expr)).forms[0].shown
    return line if left else line.rhs


def own(context: Context, wanted: Wanted) -> Solved:
    """A question in the teacher's words; an equation that is given as its answer is checked against the derivation."""
    ask = wanted.ask
    blocks: list[Any] = []
    if ask.solution is not None:
        blocks.append(own_text(context, ask.solution, place_of(context, wanted)))
    if ask.answer is not None:
        blocks.append(Lines(tuple(_checked(context, wanted))))
    elif wanted.step is not None:
        blocks.append(Lines((context.line(wanted.step, {}),)))
    if not blocks:
        raise SpecError("a question of your own needs an answer", place=place_of(context, wanted))
    errors = usual_errors(context, context.derivation, wanted.step)
    mark: list[tuple[str, dict[str, Any]]] = [("mark_own", {})]
    assert ask.text is not None
    hint = wanted.step.rules if wanted.step else ()
    return Solved(
        own_text(context, ask.text, place_of(context, wanted)),
        tuple(blocks),
        marks(1 if wanted.ask.points is None else wanted.ask.points, mark),
        errors=errors,
        hint=hint,
    )


def _checked(context: Context, wanted: Wanted) -> Iterator[Line]:
    """The teacher's equation, and the derived one where that is written otherwise. Raises SpecError where it is wrong."""
    place = place_of(context, wanted)
    text = wanted.ask.answer or ""
    target, equals, _ = text.partition("=")
    if not equals:
        raise SpecError("an answer is an equation", place=place, hint="write `dC/dw = 2*(a - y)*x`")
    sheet = sheet_of(context.derivation, None)
    question = sheet.question(target.strip())
    if question is None:
        raise SpecError(f"the answer `{text}` is about nothing that is derived", place=place, hint="write `dC/dw = 2*(a - y)*x`")
    verdict = judged(sheet, question, Verdict(target.strip()), text, None, ())
    if not verdict.ok:
        said = verdict.feedback or verdict.title
        raise SpecError(f"the answer `{text}` is not what is derived", place=place, hint=said)
    try:
        formula = read_formula(text, sheet.words, question.key, question.axes)
        yield shown(context, Equation(question.right.lhs, formula.expr), ())
    except DeriveError:
        pass
    if verdict.kind != "right":
        yield replace(shown(context, question.right), rules=("equal",))
