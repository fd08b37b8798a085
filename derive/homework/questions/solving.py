"""A question with its solution, its points and the room for an answer."""

from __future__ import annotations

from ...document.context import Context
from ...document.model import Prose, Task
from ...notation.emitters.latex import Printer
from ...spec.homework import Homework
from . import room
from .kind import Done, Wanted
from .marking import marks
from .own import own_text, place_of


def task(context: Context, settings: Homework, wanted: Wanted, done: Done, number: int, seed: int) -> Task:
    """seed: of what is drawn besides numbers (the order of answers, the hidden error)."""
    kind, ask = wanted.kind, wanted.ask
    solved = kind.solve(context, wanted, done, seed)
    words = Prose(kind.name, solved.told)
    hint = words if solved.hint is None else solved.hint
    own_hint = own_text(context, ask.hint, place_of(context, wanted)) if isinstance(ask.hint, str) else None
    space = ask.space or (kind.space if kind.space is not None and settings.space != "none" else settings.space)
    printer = Printer(context.symbols)
    earned = marks(len(solved.parts) if ask.points is None else ask.points, solved.parts)
    return Task(
        number=number,
        id=wanted.id(number),
        points=sum(m.points for m in earned),
        ask=words if ask.text is None else own_text(context, ask.text, place_of(context, wanted)),
        given=solved.given,
        solution=solved.solution,
        marks=earned,
        errors=solved.errors,
        hint=(own_hint or hint) if (settings.hints if ask.hint is None else ask.hint) else (),
        space=space,
        height=room.REASONS if space == "blank" else max(room.height(s, printer) for s in solved.others or (solved.solution,)),
        target=wanted.target,
    )
