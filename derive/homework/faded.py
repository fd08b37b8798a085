"""The worked sheet with steps left blank, more of them on each rung of the ladder, and a key to all gaps.

Worked examples whose steps fade, from the last backwards or from the first forwards: Renkl, Atkinson, Maier and Staley, From
example study to problem solving: smooth transitions help learning, Journal of Experimental Education 70(4), 2002.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..document.model import Held, Line, Lines, Partials, Prose, Section, Sheet
from ..spec.homework import Faded

STEPS = ("differentials", "substitution", "chain")
"""The sections whose lines are steps. What comes after them repeats their results, so a sheet with gaps ends there."""

LAYERS = ("for_layers", "layer")
"""The words that say which layers ℓ stands for."""

BEFORE = ("network", "equations", "forward")


def rungs(sheet: Sheet, settings: Faded) -> tuple[Sheet, ...]:
    """The sheets of the ladder; on the last one every step is blank."""
    count = sum(not isinstance(step, Prose) for step in _steps(sheet))
    out = []
    for rung in range(1, settings.rungs + 1):
        blank = math.ceil(count * rung / settings.rungs)
        first = range(1, blank + 1) if settings.blank == "first" else range(count - blank + 1, count + 1)
        out.append(_with_gaps(sheet, first, settings, count))
    return tuple(out)


def key(sheet: Sheet) -> Sheet:
    """What belongs in the gaps: every step by its number, with its rule and with what is held constant.

    Lines of a general layer stand below the words that say which layers it stands for.
    """
    blocks: list[Any] = [Prose("faded_solutions")]
    number, said = 0, None
    for step in _steps(sheet):
        if isinstance(step, Prose):
            said = step
            continue
        if said is not None:
            blocks.append(said)
        number, said = number + 1, None
        if isinstance(step, Line):
            blocks.append(Lines((replace(step, number=number, continues=False, result=False, names=False),)))
        elif isinstance(blocks[-1], Partials):
            blocks[-1] = Partials((*blocks[-1].rows, replace(step, number=number)))
        else:
            blocks.append(Partials((replace(step, number=number),)))
    return replace(sheet, sections=(Section("gaps", tuple(blocks)),), edition="faded_solutions")


def _is_step(line: Line) -> bool:
    return bool(line.rules)


def _says_layers(block: Any) -> bool:
    """Whether it says which layers the general lines below it stand for."""
    return isinstance(block, Prose) and block.key in LAYERS and block.about["first"] != block.about["last"]


def _steps(sheet: Sheet) -> list[Line | Held | Prose]:
    """Every step in its order, and the words that say for which layers those below them hold."""
    found: list[Line | Held | Prose] = []

    def note(step: Any) -> Any:
        found.append(step)
        return step

    _walk(sheet, note, found.append)
    return found


def _walk(sheet: Sheet, change: Callable[[Any], Any], tell: Callable[[Any], None] = lambda _: None) -> tuple[Section, ...]:
    """Every step in its order, through `change`; the words about layers between them to `tell`."""
    sections = []
    for section in sheet.sections:
        if section.key not in STEPS:
            continue
        blocks: list[Any] = []
        for block in section.blocks:
            if isinstance(block, Prose) and block.key == "in_words":
                continue  # the sentence says what belongs in the gap above it
            if isinstance(block, Prose) and _says_layers(block):
                tell(block)
            if isinstance(block, Lines):
                blocks.append(replace(block, lines=tuple(change(n) if _is_step(n) else n for n in block.lines)))
            elif isinstance(block, Partials):
                blocks.append(replace(block, rows=tuple(change(row) for row in block.rows)))
            else:
                blocks.append(block)
        sections.append(Section(section.key, tuple(blocks)))
    return tuple(sections)


def _with_gaps(sheet: Sheet, blank: range, settings: Faded, count: int) -> Sheet:
    place = 0

    def change(step: Line | Held) -> Line | Held:
        nonlocal place
        place += 1
        if place not in blank:
            return step
        asks = tuple(p for p in settings.prompts if (p == "held") == isinstance(step, Held))
        return replace(step, blank=place, asks=asks)

    sections = _walk(sheet, change)
    before = tuple(s for s in sheet.sections if s.key in BEFORE)
    words = Prose("faded", {"count": len(blank), "of": count})
    before = (replace(before[0], blocks=(words, *before[0].blocks)), *before[1:]) if before else ()
    return replace(sheet, sections=(*before, *sections), edition="faded")
