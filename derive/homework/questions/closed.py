"""Questions that ask for neither a formula nor a number: a letter, a shape, what is held constant, which line is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...expressions.system import primal
from ...grading.judge import judged
from ...grading.targets import Sheet
from ...grading.verdicts import EARNED, Verdict, said
from ...notation.spellings import named_by
from ..key import HELD, Item

MOST = 200
"""Longer answers are none of these."""


def choice(
    sheet: Sheet, item: Item, about: Verdict, written: Any, tolerance: float | None, earlier: Sequence[Verdict]
) -> Verdict:
    """A letter. A wrong one is a line that is wrong for a reason, and the reason is said."""
    wrong = {str(letter): str(rule) for letter, rule in item.right["wrong"]}
    letters = sorted([item.right["answer"], *wrong])
    found = re.fullmatch(r"[^\w]*([A-Za-z])[^\w]*", str(written)[:MOST])
    letter = found[1].upper() if found else ""
    if letter not in letters:
        return said(sheet.voice, about, "no_letter", letters=", ".join(letters))
    if letter == item.right["answer"]:
        return said(sheet.voice, about, "right")
    return said(sheet.voice, about, "wrong", wrong[letter], words="choice", letter=letter)


def shape(sheet: Sheet, item: Item, about: Verdict, written: Any, tolerance: float | None, earlier: Sequence[Verdict]) -> Verdict:
    """3×2, (3, 2), [3, 2], 3 by 2, 3 or `scalar`."""
    wanted = sheet.derivation.system.tensors[primal(item.key)].shape
    found = _shape_of(sheet, written)
    if found is None:
        return said(sheet.voice, about, "no_shape")
    column = (*found, 1)[:2] if len(found) < 3 else found
    if found == wanted or (len(wanted) < 2 and column == (*wanted, 1, 1)[:2]):  # a vector is a column of numbers
        return said(sheet.voice, about, "right")
    if found == wanted[::-1] and len(wanted) > 1:
        return said(sheet.voice, about, "shape_turned")
    return said(sheet.voice, about, "shape_other", name=sheet.words.spelling(primal(item.key)))


def _shape_of(sheet: Sheet, written: Any) -> tuple[int, ...] | None:
    if isinstance(written, list | tuple):
        numbers = [str(n) for n in written[:9]]
    else:
        text = str(written)[:MOST].split("=")[-1].strip().casefold()
        if text in {"scalar", "number", "()", sheet.voice.word("scalar"), sheet.voice.word("number")}:
            return ()
        between = rf"\s*(?:[x×*,]|by|{re.escape(sheet.voice.word('by'))}|\s)\s*"
        bare = text.strip("()[] ").removesuffix(",").strip()
        numbers = re.split(between, bare)
    if not numbers or len(numbers) > 6 or not all(re.fullmatch(r"[1-9]\d{0,5}", n) for n in numbers):
        return None
    return tuple(map(int, numbers))


def held(sheet: Sheet, item: Item, about: Verdict, written: Any, tolerance: float | None, earlier: Sequence[Verdict]) -> Verdict:
    """The names of what is held constant, with commas or in a list; that an index or another entry is held is not asked."""
    wanted, by = item.right["held"], item.right["by"]
    parts = written if isinstance(written, list | tuple) else re.split(rf"[,;&\n]|\b(?:and|{_and(sheet)})\b", str(written)[:MOST])
    found: dict[str, str] = {}
    for part in parts[:60]:
        name = _assigned(str(part)[:MOST])
        key = named_by(name, sheet.words) if name else None
        if key is None:
            if not name:
                continue
            return said(sheet.voice, about, "no_names")
        found[key.removeprefix("d ")] = name
    if not found:
        return said(sheet.voice, about, "no_names")
    if by in found:
        return said(sheet.voice, about, "held_moves", name=sheet.words.spelling(by))
    foreign = [key for key in found if key not in wanted]
    if foreign:
        return said(sheet.voice, about, "held_foreign", name=found[foreign[0]][:40])
    return said(sheet.voice, about, "right" if set(found) == set(wanted) else "held_missing")


def _and(sheet: Sheet) -> str:
    return re.escape(sheet.voice.word("and"))


def _assigned(part: str) -> str:
    """`db = 0` names b, and so does `b`; indices do not matter."""
    return re.sub(r"\[[^\]]*\]", "", part.partition("=")[0]).strip(" .{}\t\r\"'")


def find_error(
    sheet: Sheet, item: Item, about: Verdict, written: Any, tolerance: float | None, earlier: Sequence[Verdict]
) -> Verdict:
    """The number of the wrong line and how it should read: `2: dC/dw = …`, or a mapping of `line` and `correction`."""
    assert item.step is not None
    asked = sheet.question(item.step)
    assert asked is not None
    line, correction = _line_of(sheet, written)
    alone = item.right["count"] == 1
    if line is None and not (alone and correction):
        return said(sheet.voice, about, "no_line", name=sheet.words.spelling(item.key))
    wrong = int(item.right["line"])
    if line is not None and line != wrong:
        if not 1 <= line <= item.right["count"]:
            return said(sheet.voice, about, "no_line", name=sheet.words.spelling(item.key))
        return said(sheet.voice, about, "line_is_right", line=line)
    seen = item.marks[0] if len(item.marks) > 1 and not alone else 0
    if not correction:
        return replace(said(sheet.voice, about, "line_found", line=wrong), points=seen)
    verdict = judged(sheet, asked, about, correction, None, ())
    if verdict.ok:
        return said(sheet.voice, about, "right")
    if verdict.kind == "not_understood":
        return replace(verdict, points=seen)
    advice = verdict.feedback if verdict.rule or verdict.kind == "shape" else ""
    found = said(sheet.voice, about, "correction_wrong", line=wrong)
    return replace(found, rule=verdict.rule, points=seen, feedback=f"{found.feedback} {advice}".rstrip())


def _line_of(sheet: Sheet, written: Any) -> tuple[int | None, str]:
    if isinstance(written, Mapping):
        cells = {str(k).strip().casefold(): v for k, v in written.items()}
        number = next((cells[name] for name in ("line", sheet.voice.word("line"), "1") if name in cells), None)
        rest = next((v for name, v in cells.items() if name in ("correction", "2", sheet.voice.word("correction"))), "")
        found = re.fullmatch(r"\(?(\d{1,3})\)?", str(number).strip())
        return (int(found[1]) if found else None), "" if rest is None else str(rest).strip()
    text = str(written).strip()
    word = re.escape(sheet.voice.word("line"))
    found = re.match(rf"(?:(?:line|{word})\s*)?\(?(\d{{1,3}})\)?(?:\s*[:;,.]\s*|\s+|$)", text, re.I)
    if found:
        return int(found[1]), text[found.end() :].strip()
    return None, text if "=" in text else ""


Judge = Callable[[Sheet, Item, Verdict, Any, float | None, Sequence[Verdict]], Verdict]
"""The verdict on what was written about an item; the tolerance of a number; the verdicts on the student's other answers."""

CLOSED: Mapping[str, Judge] = {
    "choice": choice,
    "shape": shape,
    HELD: held,
    "find_error": find_error,
}


def with_points(item: Item, verdict: Verdict) -> Verdict:
    """The verdict with what it earns: all points, or none, unless a part of them is there already."""
    if item.points is None:
        return replace(verdict, points=None, out_of=None)
    earned = item.points if verdict.kind in EARNED else verdict.points or 0
    return replace(verdict, points=None if verdict.kind == "in_words" else earned, out_of=item.points)
