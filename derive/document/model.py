"""The document: what stands on a sheet, and in which order. Data only.

Mathematics is held as expressions, prose as the key of a text in the templates with what it speaks of. Whoever writes a sheet out
(LaTeX now, other formats later) reads this and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..calculus.steps import Derivation
from ..checks.readback.numbers import Reference
from ..expressions.views import View
from ..notation.glyphs import Symbols
from ..notation.views import Shown
from ..numbers.rounding import Number
from ..spec.theme import Look


@dataclass(frozen=True)
class Form:
    """An equation in one view."""

    view: View
    shown: Shown


@dataclass(frozen=True)
class Line:
    """One line of a derivation, in every view of the sheet, with the rules that led to it.

    continues: the left-hand side is that of the line above and is not written again. result: it is framed.
    general: which layer numbers are written as ℓ. names: the left-hand side is a short name that is
    introduced here: δ = ∂C/∂z. blank: the number of the gap that stands for its right-hand side; asks: what is asked there.
    number: of the gap that this line fills, in a key.
    """

    forms: tuple[Form, ...]
    rules: tuple[str, ...] = ()
    continues: bool = False
    result: bool = False
    general: Mapping[int, str] = field(default_factory=dict)
    names: bool = False
    blank: int | None = None
    asks: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class Lines:
    """Lines that belong together. symbols: the glyphs of another system than the sheet's; derivation: of that system."""

    lines: tuple[Line, ...]
    symbols: Symbols | None = None
    derivation: Derivation | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Held:
    """One partial derivative: the differentials set to zero, what is left of the line, and the partial read off it."""

    zero: tuple[Any, ...]
    left: tuple[Form, ...]
    partial: Shown
    general: Mapping[int, str] = field(default_factory=dict)
    blank: int | None = None
    asks: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class Partials:
    """The partials of one line."""

    rows: tuple[Held, ...]


@dataclass(frozen=True)
class Prose:
    """A text of the templates by its key, and what it speaks of."""

    key: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """The user's own text; mathematics in it is in the equation language, parsed already. Parts are str or expressions."""

    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Callout:
    """A framed remark: a text of the templates."""

    key: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """A quantity with its value: equation (in the sheet's first view), the numbers put in, and the array of numbers.

    step: it is the value after a step of gradient descent, with the rate; for a single number the old value, rate and gradient.
    formula: how its entries are computed, where `shown` is nothing but its name. of: where its numbers are found in the sheet's
    `reference`.
    """

    shown: Shown
    array: tuple[Any, ...] | Number
    numbers: Mapping[str, Number] | None = None
    step: tuple[Number, ...] | None = None
    formula: Shown | None = None
    of: str = ""


@dataclass(frozen=True)
class Values:
    """Quantities with their values: one a line, in two columns where they are short, or running on.

    height: in millimetres, where they have a room of a fixed size, whatever their numbers are.
    """

    rows: tuple[Value, ...]
    layout: Literal["lines", "columns", "running"] = "lines"
    height: int = 0


@dataclass(frozen=True)
class Table:
    """A table; `kind` names its header in the templates. Cells are text, expressions, shapes or numbers."""

    kind: str
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A picture: a figures object by kind, with its caption's key and a description in words for those who cannot see it."""

    kind: str
    content: Any
    caption: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Labelled:
    """Formulas with a label before each: numbered lines of which one is wrong, or answers to choose from."""

    rows: tuple[tuple[str, Line], ...]
    boxes: bool = False


@dataclass(frozen=True)
class Mark:
    """What earns points: a text of the templates, or a line."""

    points: int
    key: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class UsualError:
    """A mal-rule of the catalogue, and the line as it then stands in the work, where it is a line.

    explained: the number of the question where it is explained already.
    """

    rule: str
    line: Line | None = None
    explained: int | None = None


@dataclass(frozen=True)
class Task:
    """A question with its solution.

    id: by which answers name it. ask: what is asked. given: what stands under the question. height: of the room for the answer,
    in millimetres; it does not depend on the numbers, and may be more than a page has. hint: the keys of rules, or a text.
    target: what is to be found, in the words in which a student names it.
    """

    number: int
    id: str
    points: int
    ask: Prose | Text
    given: tuple[Any, ...] = ()
    solution: tuple[Any, ...] = ()
    marks: tuple[Mark, ...] = ()
    errors: tuple[UsualError, ...] = ()
    hint: tuple[str, ...] | Prose | Text = ()
    space: Literal["lines", "box", "blank", "none"] = "lines"
    height: int = 0
    target: str = ""


Block = Lines | Partials | Prose | Text | Callout | Values | Table | Figure | Labelled | Task

Edition = Literal["worked", "homework", "solutions", "marking", "faded", "faded_solutions"]
EDITIONS: tuple[Edition, ...] = ("worked", "homework", "solutions", "marking", "faded")


@dataclass(frozen=True)
class Section:
    """A section under its subgoal label; `key` names its title in the templates."""

    key: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Sheet:
    """A whole sheet.

    student: for whom a variant is, name and number. stamp: from what its numbers can be drawn again. derivation: what its lines
    are read back against. reference: the exact pass, against which its numbers are.
    """

    title: str
    sections: tuple[Section, ...]
    symbols: Symbols
    views: tuple[View, ...]
    subtitle: str = ""
    author: str = ""
    course: str = ""
    date: str = ""
    look: Look = field(default_factory=Look)
    edition: Edition = "worked"
    student: tuple[str, str] | None = None
    stamp: str = ""
    points: int = 0
    name: str = "sheet"
    derivation: Derivation | None = field(default=None, repr=False, compare=False)
    reference: Reference | None = field(default=None, repr=False, compare=False)
