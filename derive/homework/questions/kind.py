"""What a kind of question is, and what its questions, solutions and answers are made of. One file of `kinds` each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ...calculus.steps import Derivation, Step
from ...document.context import Context
from ...document.model import Task, UsualError
from ...grading.targets import Sheet
from ...grading.verdicts import Verdict
from ...spec.homework import Ask

Steps = Mapping[str, Step | None]
"""Quantities, each with the step whose result it is. A quantity is a tensor's key, `bar key`, `d key` or `partial z w`."""

Parts = Sequence[tuple[str, dict[str, Any]]]
"""What earns points: a text of the templates (`mark_…`) and what it speaks of."""


@dataclass(frozen=True)
class Wanted:
    """One question before it is written: its kind, the quantity that it asks for, and what the spec says of it.

    step: whose result is asked for. target: the quantity as a student writes it. place: in the list of the spec.
    """

    kind: Kind
    key: str
    step: Step | None
    ask: Ask
    target: str
    place: int

    def id(self, number: int) -> str:
        """Short, and the same as long as the question is the same: `gradient dC/dW1`."""
        return f"{self.kind.name} {self.target or number}"

    @property
    def about(self) -> str:
        """The tensor whose line or derivative is asked for."""
        assert self.step is not None
        return self.step.about


@dataclass
class Done:
    """What earlier questions have found already, each with the number of its question: later ones start from there."""

    gradients: dict[str, int] = field(default_factory=dict)
    lines: set[str] = field(default_factory=set)
    values: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Solved:
    """A question and its solution, before it has a number.

    told: what its words (`ask_…`, `hint_…`) speak of. parts: one point each, where the spec does not say how many. hint: the keys
    of rules; without it there are words. others: solutions that it has with other seeds: the room is the same for all of them.
    """

    told: Mapping[str, Any]
    solution: tuple[Any, ...]
    parts: Parts
    given: tuple[Any, ...] = ()
    errors: tuple[UsualError, ...] = ()
    hint: tuple[str, ...] | None = None
    others: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Item:
    """What an answer is given to: its id, its number on the sheet (0: it is not on it), its kind and what it is about.

    key: the quantity. step: what holds the answer, where it is a line. marks: the points of its parts. right: what is right,
    where it is neither a formula nor a number. tolerance: of each number.
    """

    id: str
    number: int
    kind: Gradable
    target: str
    key: str
    step: Step | None = None
    marks: tuple[int, ...] = ()
    right: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float | None = None

    @property
    def points(self) -> int | None:
        return sum(self.marks) if self.number else None


@dataclass(frozen=True)
class Reply:
    """What a student wrote, and how it is judged: a verdict begun, the tolerance of a number, the verdicts on other answers."""

    about: Verdict
    written: Any
    tolerance: float | None
    earlier: Sequence[Verdict]


@dataclass(frozen=True, kw_only=True)
class Gradable:
    """What answers can be given to: a kind of question, or a part of one.

    name: what an answer is named by, before the quantity. judge: the verdict on an answer. quantity: which one is asked for where
    a tensor or a derivative is named. general: of which an answer can be judged, whether the homework asks for it or not.
    numeric: the answer is a number of the worked pass; after: the one after a step of gradient descent.
    """

    name: str
    judge: Callable[[Sheet, Item, Reply], Verdict]
    quantity: Callable[[str], str] = lambda key: key
    general: Callable[[Derivation], Steps] = lambda derivation: {}
    numeric: bool = False
    after: bool = False


def _step(derivation: Derivation, wanted: Wanted) -> Sequence[Step]:
    return () if wanted.step is None else (wanted.step,)


@dataclass(frozen=True, kw_only=True)
class Kind(Gradable):
    """A kind of question. name: in a spec, in an answer key, and in the words for it, `ask_…` and `hint_…`.

    targets: what it can be asked of, in the order of the derivation. select: which of these are meant by a name and a second one
    (`by`), either of which may be None. free: without a name it is asked of nothing in particular, else of all targets.
    solve: the solution; the number is the seed of what is drawn besides numbers. drawn: there is such. note: what a question with
    that number finds for those after it. shows: the steps whose signs, and those of their usual errors, are on the sheet.
    distinct: no usual error may lead to the number of what it is about. space: the room for the answer, where there is any.
    parts: what a part of the answer is given to. items: what the key makes of a question.
    """

    targets: Callable[[Derivation], Steps]
    solve: Callable[[Context, Wanted, Done, int], Solved]
    select: Callable[[Steps, str | None, str | None], Sequence[str]] | None = None
    free: bool = False
    drawn: bool = False
    note: Callable[[Derivation, Wanted, Done, int], None] = lambda derivation, wanted, done, number: None
    shows: Callable[[Derivation, Wanted], Sequence[Step]] = _step
    distinct: bool = True
    space: Literal["blank"] | None = None
    parts: tuple[Gradable, ...] = ()
    items: Callable[[Item, Wanted, Task], Sequence[Item]] = lambda item, wanted, task: (item,)

    def selected(self, targets: Steps, key: str | None, by: str | None) -> Sequence[str]:
        """The targets that are meant by a name; all of them without one."""
        if self.select is not None:
            return self.select(targets, key, by)
        return [k for k in targets if key is None or k == self.quantity(key)]
