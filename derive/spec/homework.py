"""What a spec says of its homework: which questions, how many points, how much room, which hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ..resources import question_kinds
from .fields import Count, Line, Part, expected, short, wrong

KINDS = question_kinds()


@dataclass(frozen=True)
class Form:
    """How a kind of question is written. fields: those that it alone has; bare: what a text or list without a field is."""

    fields: tuple[str, ...] = ()
    bare: Literal["of", "text"] = "of"


FORMS: Mapping[str, Form] = {
    "partial": Form(("by",)),
    "find_error": Form(("mistake",)),
    "ask": Form(("answer", "solution"), bare="text"),
}
"""Kinds that are not written as all others: with what they are about."""


def form_of(kind: str) -> Form:
    return FORMS.get(kind, Form())


Space = Literal["lines", "box", "none"]

Points = Annotated[int, Field(ge=0, le=100)]
Quantity = Annotated[str, Field(min_length=1, max_length=80)]
Paragraph = Annotated[str, Field(min_length=1, max_length=4000)]


def _quantities(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


class Ask(Part):
    """A question. In YAML: `- gradient: W.1`, `- partial: {of: z, by: w, points: 2}`, or `- shape` for all there are."""

    kind: str = Field(description="What is asked for.", json_schema_extra={"enum": list(KINDS)})
    of: Annotated[tuple[Quantity, ...], BeforeValidator(_quantities)] = Field(
        (),
        strict=False,
        description="About what: a name, `W.1`, or several of them, one question each; in `value` and `choice` also a "
        "derivative, `dC/dW.1`. Without it: everything that this can be asked of, in the order of the derivation.",
    )
    by: Quantity | None = Field(None, description="For `partial`: what the derivative is taken by.")
    number: Count | None = Field(None, description="At most so many questions of those that fit.")
    points: Points | None = Field(None, description="The points of each question. Default: one for each step of its solution.")
    text: Paragraph | None = Field(
        None, description="The question in your own words; maths in backquotes. For `ask` it is the question."
    )
    answer: Paragraph | None = Field(
        None,
        description="For `ask`: your answer, an equation such as `dC/dw = 2*(a - y)*x`. It is checked against what is derived, "
        "and refused where it is wrong.",
    )
    solution: Paragraph | None = Field(None, description="For `ask`: your solution in words; maths in backquotes.")
    mistake: Line | None = Field(
        None, description="For `find_error`: the name of the mal-rule that is followed in one line. Default: one is drawn."
    )
    hint: bool | Paragraph | None = Field(
        None, description="Whether there is a hint under the question, or a hint of your own. Default: as for the whole homework."
    )
    space: Space | None = Field(None, description="The room for the answer. Default: as for the whole homework.")

    @model_validator(mode="after")
    def _fits(self) -> Ask:
        for kind, form in FORMS.items():
            for field in form.fields:
                if getattr(self, field) is not None and self.kind != kind:
                    raise wrong(f"`{field}` belongs to a question of the kind `{kind}`, not `{self.kind}`")
        if form_of(self.kind).bare == "text":
            if self.text is None:
                raise wrong("a question of your own needs its `text`")
            if self.answer is None and self.solution is None and not self.of:
                raise wrong(
                    "a question of your own needs an answer",
                    "give `answer:` an equation, `solution:` words, or say `of:` what it asks for",
                )
        return self


def _ask(value: object) -> object:
    """`kind`, `{kind: name}`, `{kind: [names]}`, or `{kind: {options}}`."""
    if isinstance(value, Ask):
        return value
    example = "gradient: W.1"
    if isinstance(value, str):
        kind, settings = value, None
    elif isinstance(value, dict) and len(value) == 1:
        [(kind, settings)] = value.items()
    else:
        raise expected(f"a question (`{example}`)", value, "one key, the kind of question, with what it is about")
    if kind not in KINDS:
        from ..errors import did_you_mean

        raise wrong(f"`{short(str(kind))}` is not a kind of question", did_you_mean(str(kind), KINDS))
    if settings is None:
        settings = {}
    if isinstance(settings, str | list):
        settings = {form_of(kind).bare: settings}
    if not isinstance(settings, dict):
        raise expected("a name or options", settings, f"write `{example}`", at=(kind,))
    out: dict[str, Any] = {"kind": kind, **settings}
    quantity = out.get("of")
    if "by" in form_of(kind).fields and isinstance(quantity, str) and "/" in quantity and "by" not in out:
        above, below = quantity.split("/", 1)
        out |= {"of": above.strip().lstrip("d∂"), "by": below.strip().lstrip("d∂")}
    return out


class Faded(Part):
    """The ladder of faded sheets: on each rung more steps are left blank."""

    rungs: Annotated[int, Field(ge=1, le=12)] = Field(3, description="How many sheets; on the last one every step is blank.")
    blank: Literal["last", "first"] = Field("last", description="Whether the last steps are left out first, or the first ones.")
    prompts: Annotated[tuple[Literal["rule", "held"], ...], Field(strict=False)] = Field(
        (), description="What is asked at a blank: `rule` (which rule?), `held` (what is held constant?)."
    )


class Homework(Part):
    """The homework that belongs to the sheet: its questions, and how they look."""

    questions: Annotated[tuple[Annotated[Ask, BeforeValidator(_ask)], ...], Field(strict=False, max_length=60)] = Field(
        (),
        description="The questions in their order: `- differential: z`, `- partial: dz/dw`, `- gradient: W.1`, `- shape: W.1`, "
        "`- value: C`, `- step: w`, `- find_error: w`, `- choice: dC/dw`, `- ask: {text: …, answer: …}`. "
        "Default: a selection that goes once through the derivation.",
    )
    space: Space = Field(
        "lines",
        description="The room for answers: ruled lines, an empty box, or none. With a room, "
        "homework and solutions have the same pages.",
    )
    hints: bool = Field(False, description="Whether each question has a hint: the rule of its first step, or how to begin.")
    usual_errors: Annotated[int, Field(ge=0, le=12)] = Field(
        4, description="So many usual errors at most stand under a question of the marking scheme, the likeliest first."
    )
    salt: Line = Field("", description="A word of yours that goes into every student's seed; change it each year.")
    text: Paragraph | None = Field(None, description="A word to the students, above the questions; maths in backquotes.")
    faded: Faded = Field(default_factory=Faded, description="The ladder of faded sheets.")
