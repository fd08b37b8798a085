"""The teacher's own words, with mathematics in backquotes."""

from __future__ import annotations

from typing import Any

from ...document import user_text
from ...document.context import Context
from ...document.model import Text
from ...errors import DeriveError, EquationError, Place, SpecError
from ...expressions.nodes import Differential, Entry
from ...expressions.system import Equation, is_cotangent
from ...grading.reading import formulas
from ...notation.spellings import Vocabulary, named_by, vocabulary
from ...spec.fields import short
from .kind import Wanted
from .showing import shown


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
    left, right = formulas.split_answer(text) or ("", text)
    key = named_by(left, words) if left else ""
    if key is None:
        raise EquationError(f"`{short(left)}` is not a name of this sheet", text=text)
    found = formulas.read_formula(right, words, key, ())
    line = shown(context, Equation(Entry.of(key or "answer_", *found.axes), found.expr)).forms[0].shown
    return line if left else line.rhs
