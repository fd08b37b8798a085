"""Derivation -> its steps, readable in a terminal: one line a step, its rules at the right."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import get_args

from ..calculus.steps import Derivation, Section, Step
from ..checks.readback.terminal import terminal
from ..errors import ViewError, did_you_mean
from ..expressions.nodes import Differential
from ..expressions.system import cotangent
from ..expressions.traversal import nodes
from ..expressions.views import View
from ..network.catalogue import rules
from ..notation import places, register, views
from ..notation.emitters.plain_text import Printer
from ..notation.glyphs import Labels

HEADINGS: tuple[tuple[str, tuple[Section, ...]], ...] = (
    ("Forward pass", ("forward",)),
    ("Differential of each line", ("differential",)),
    ("Partial derivatives", ("held", "partial")),
    ("Substitute downward", ("substitute", "arranged")),
    ("Gradients", ("gradient",)),
)

WIDEST = 100
"""Rules stand in one column behind the longest line, but for lines longer than this."""


def show(derivation: Derivation, view: str = "index", labels: str = "absolute") -> str:
    """The steps of a derivation as plain text, under the headings of a sheet.

    view: scalar, index, matrix or batch; where a line has no form in that view, it is shown with its indices.
    labels: layers are numbered 1, 2, 3 (absolute), or L, L-1, L-2 (relative).
    Raises CheckFailed where a line, read back, is false.
    """
    if view not in get_args(View):
        raise ViewError(f"unknown view `{view}`", hint=did_you_mean(view, get_args(View)))
    if labels not in get_args(Labels):
        raise ViewError(f"unknown labels `{labels}`", hint=did_you_mean(labels, get_args(Labels)))
    how: Labels = "relative" if labels == "relative" else "absolute"
    shown_in: View = next(v for v in get_args(View) if v == view)
    printer = Printer(derivation.system, how, register.symbols(derivation, how, asked=(shown_in,)).signs)
    blocks = [_counted(derivation)] if _counted(derivation) else []
    for heading, sections in HEADINGS:
        steps = [step for step in derivation.steps if step.section in sections]
        lines = list(_lines(derivation, steps, printer, shown_in))
        if sections == ("gradient",) and derivation.seeds:
            given = ", ".join(printer.name(cotangent(key)) for key in derivation.seeds)
            lines.insert(0, (f"{given}: given from outside", ""))
        if lines:
            blocks.append("\n".join([heading, "─" * len(heading), *_ruled(lines)]))
    text = "\n\n".join(blocks) + "\n"
    terminal(text, derivation, printer)
    return text


def _counted(derivation: Derivation) -> str:
    """From where the numbers of places count, where a line writes one."""
    system = derivation.system
    lines = ((step.result.lhs, step.result.rhs) for step in derivation.steps)
    if not any(places.numbered(line, system) for line in lines):
        return ""
    return f"Entries are counted from {system.first_index}."


def _lines(derivation: Derivation, steps: list[Step], printer: Printer, view: View) -> Iterator[tuple[str, str]]:
    """Each step as a line and the titles of its rules; a left-hand side that stands in the line above is not repeated."""
    book = rules()
    before = said = None
    for step in steps:
        left, right = printer.equation(views.shown(step.result, view, derivation.system))
        mark = (step.section, step.about, left)
        if step.section == "arranged" and said == (left, right):
            continue  # the changes stand last already
        said = (left, right)
        again = mark == before and step.section in ("differential", "gradient")
        titles = ", ".join(book[rule].title for rule in step.rules)
        yield f"{' ' * width(left) if again else left} = {right}", titles + _held(step, printer)
        before = mark


def _held(step: Step, printer: Printer) -> str:
    """Which differentials a step sets to zero: those that its line has no more."""
    if step.section != "held":
        return ""
    before, after = ([n.entry.key for n in nodes(e.rhs) if isinstance(n, Differential)] for e in (step.given[0], step.result))
    return ": " + ", ".join(f"{printer.changed(printer.name(key))} = 0" for key in dict.fromkeys(before) if key not in after)


def _ruled(lines: list[tuple[str, str]]) -> Iterator[str]:
    column = max((width(text) for text, _ in lines if width(text) <= WIDEST), default=0)
    for text, rule in lines:
        yield f"{text}{' ' * max(0, column - width(text))}    {rule}".rstrip()


def width(text: str) -> int:
    """How many columns a text takes: an accent stands above the letter before it."""
    return sum(1 for c in text if not unicodedata.combining(c))


__all__ = ["HEADINGS", "show"]
