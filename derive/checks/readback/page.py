"""A finished page of LaTeX: its formulas in their order, each with what it is.

The macros that set formulas are known by name; all else is words, in which formulas stand between dollars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .tokens import Unreadable

Role = Literal["claim", "more", "plain", "held", "item", "wrong", "words", "numbers", "part", "task"]

SHAPES: dict[str, tuple[Role | None, ...]] = {
    "dsline": ("claim", "claim", "words"), "dsmore": ("more", "words"), "dsresult": ("claim",), "dsvalue": ("claim",),
    "dsnumber": ("claim",), "dspair": ("claim", "claim"), "dsboxedpair": ("claim", "claim"), "dspartial": ("held",) * 3,
    "dsitem": (None, "item"), "dserror": ("wrong", "words"), "dsmeasure": (None,), "dspartialheads": (None, None, None),
    "dspairrule": ("words",), "dstyped": (None,),
}  # fmt: skip
"""What the arguments of a macro are; what the user typed in a text speaks of no sheet."""

MACRO = re.compile(
    r"\\(" + "|".join(SHAPES) + r")(?![a-zA-Z])"
    r"|\\begin\{(dspart|dstask)\}|\\begin\{dspicture\}|\\\((?:\\displaystyle)?|\$(?<!\\\$)"
)
TABLE = re.compile(r"\\begin\{dstable\}.*?\\end\{dstable\}", re.DOTALL)
OPENING = re.compile(r"(?:\s|%[^\n]*\n)*+\{")
BRACE = re.compile(r"(?:[^{}\\]|\\.)*+([{}])", re.DOTALL)
"""All up to the next brace that no stroke takes for itself."""

RESULT = re.compile(r"\s*\\dsresult\{(.*)\}\s*", re.DOTALL)
SAID = re.compile(r"\\dssaid(?![a-zA-Z])")


@dataclass(frozen=True)
class Formula:
    """A formula of a page: what it is, its LaTeX, and where in the text.

    said: the plain text behind it. zero: the changes that are set to zero before it. boxed: whether it has a box to be ticked.
    row: which row of a table it stands in.
    """

    role: Role
    latex: str
    position: int
    said: str | None = None
    zero: str | None = None
    boxed: bool = False
    macro: str = ""
    row: int | None = None


def formulas(text: str) -> Iterator[Formula]:
    """All formulas of a page. A line of a derivation that continues another comes with the left-hand side of that one."""
    left: tuple[str, str | None] = "", None
    tables = [(t.start(), t.end()) for t in TABLE.finditer(text)]
    position = 0
    while True:
        found = MACRO.search(text, position)
        if found is None:
            return
        position = found.end()
        if found[2]:
            name, position = _group(text, position)
            yield Formula("part" if found[2] == "dspart" else "task", name, found.start())
            continue
        if found[0] == r"\begin{dspicture}":
            _, position = _group(text, position)  # the description, in words
            continue
        if not found[1]:
            closing = "$" if found[0] == "$" else r"\)"
            end = text.find(closing, position)
            if end < 0:
                raise Unreadable("a formula in a sentence does not end")
            yield Formula("words", text[position:end], found.start(), row=_row(tables, text, found.start()))
            position = end + len(closing)
            continue
        args = []
        for _ in SHAPES[found[1]]:
            arg, position = _group(text, position)
            args.append(arg)
        yield from _of_macro(found[1], args, left, found.start())
        if found[1] == "dsline":
            left = _silent(args[0])


def _row(tables: list[tuple[int, int]], text: str, position: int) -> int | None:
    """Where the row of a table begins in which a position is; None outside of tables."""
    inside = next((t for t in tables if t[0] < position < t[1]), None)
    return None if inside is None else max(text.rfind(r"\\", inside[0], position), inside[0])


def _of_macro(name: str, args: list[str], left: tuple[str, str | None], position: int) -> Iterator[Formula]:
    if name == "dsline":
        silent, said = _silent(args[0])
        yield Formula("claim", f"{silent} = {_silent(args[1])[0]}", position, said, macro=name)
    elif name == "dsmore":
        silent, said = _silent(args[0])
        if said is not None and left[1] is not None:
            said = f"{left[1].partition(' = ')[0]} {said}"
        yield Formula("more", f"{left[0]} = {silent}", position, said, macro=name)
    elif name == "dspartial":
        zero = _silent(args[0])[0]
        for arg in args[1:]:
            silent, said = _silent(arg)
            yield Formula("held", silent, position, said, zero, macro=name)
    else:
        for role, arg in zip(SHAPES[name], args, strict=True):
            if role in ("claim", "item", "wrong") and arg.strip():
                inner = RESULT.fullmatch(arg)
                silent, said = _silent(inner[1] if inner else arg)
                for piece in silent.split(r",\quad \allowbreak "):  # how an entry is computed, then all of them
                    yield Formula(role, piece, position, said, boxed=r"\dscheckbox" in args[0], macro=name)
    for role, arg in zip(SHAPES[name], args, strict=True):
        if role == "words":
            for formula in formulas(arg):
                yield Formula(formula.role, formula.latex, position)


def _silent(arg: str) -> tuple[str, str | None]:
    """A formula without the plain text behind it, and that text."""
    found = SAID.search(arg)
    if found is None:
        return arg.replace(r"\dsend", ""), None
    said, end = _group(arg, found.end())
    return arg[: found.start()] + arg[end:].replace(r"\dsend", ""), said


def _group(text: str, position: int) -> tuple[str, int]:
    """The argument in braces at a position, and the position behind it."""
    opening = OPENING.match(text, position)
    if opening is None:
        raise Unreadable(f"a macro lacks an argument, at `{text[position : position + 30]}`")
    start, depth = opening.end(), 1
    for brace in BRACE.finditer(text, start):
        depth += 1 if brace[1] == "{" else -1
        if not depth:
            return text[start : brace.start(1)], brace.end()
    raise Unreadable("a brace is not closed")


def states_numbers(found: Formula) -> bool:
    """Whether a number alone on a side is a value for all inputs (∂z/∂b = 1), and not one of the worked numbers."""
    return found.macro not in ("dsnumber", "") and (found.macro != "dsvalue" or found.said is not None)


def shared(found: Formula) -> str:
    """A formula without the sides that hold numbers alone, which differ from sheet to sheet of a class."""
    if states_numbers(found) or not found.macro:
        return found.latex
    depth, parts = 0, [""]
    for piece in re.split(r"([{}]|=|\\approx)", found.latex):
        depth += {"{": 1, "}": -1}.get(piece, 0)
        if piece in ("=", r"\approx") and depth == 0:
            parts += [piece, ""]
        else:
            parts[-1] += piece
    return "".join("#" if not re.search(r"[a-zA-Z]", NUMBERS.sub("", part)) else part for part in parts)


NUMBERS = re.compile(
    r"\\begin\{pmatrix\}.*?\\end\{pmatrix\}(?:\^\{\\top\})?|\\(?:cdot|frac|allowbreak|left|right|quad)(?![a-zA-Z])", re.DOTALL
)
"""What a side may hold beside digits, and hold numbers alone."""
