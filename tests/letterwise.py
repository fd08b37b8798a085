"""A printed line, read by its letters alone, as someone reads it who knows nothing of the program.

`faults(line)` says where one letter means two things: an index written like a name, a sum that binds a letter which is free on
the line, or bound around it or beside it. It walks over LaTeX or over the text of a terminal, never over an expression.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]|\d+|\S")
OPEN = {"{": "}", "(": ")", "[": "]", r"\langle": r"\rangle", "⟦": "⟧"}
BETWEEN = {"+", "-", "=", "&", r"\\", ",", ">", "<", r"\le", r"\begin", r"\end"}
"""What ends the scope of a sum that stands before it."""

WORDS = {r"\operatorname", r"\mathit", r"\mathrm", r"\mathbf", r"\text"}
SIGNS = {"N"}
"""What an index is never called. A d or an e may be one: a change has its own sign, and a power of e is seen where it stands."""


@dataclass
class Group:
    """What stands between two brackets."""

    kind: str
    items: list[Group | str] = field(default_factory=list)

    def letters(self) -> list[str]:
        """Its index letters, one with a number as k1."""
        found: list[str] = []
        for place, item in enumerate(self.items):
            if isinstance(item, Group):
                before = self.items[place - 1] if place else ""
                if before == "_" and found:
                    found[-1] += "".join(str(i) for i in item.items)
                else:
                    found += item.letters()
            elif re.fullmatch("[A-Za-z]", item):
                found.append(item)
        return found


def tree(latex: str) -> Group:
    """The brackets of a line of LaTeX, one in the other."""
    latex = re.sub(
        r"\\(?:left|right)\b\.?|(?<!\\)\\[,;! ]|\\q?quad|\\allowbreak|\\penalty\d+|\\dsotherwise|\{cases\}", " ", latex
    )
    latex = latex.replace(r"\begin ", "⟦").replace(r"\end ", "⟧")
    latex = re.sub(r"\\mathrm\{d\}", " ", latex)  # the sign of a change
    latex = re.sub(r"\\(?:operatorname|mathit|mathrm|text)\{([^{}]*)\}", lambda f: rf"\{f[1].strip().replace(' ', '')} ", latex)
    top = Group("")
    stack = [top]
    for token in TOKEN.findall(latex):
        if token in OPEN:
            stack.append(Group(token))
            stack[-2].items.append(stack[-1])
        elif len(stack) > 1 and token == OPEN[stack[-1].kind]:
            stack.pop()
        else:
            stack[-1].items.append(token)
    assert len(stack) == 1, f"brackets: {latex}"
    return top


class Reader:
    """Reads one line of LaTeX. lengths: how long the axes of each name are, so that a sum's range can be asked about."""

    def __init__(self, lengths: Mapping[str, tuple[int, ...]]) -> None:
        self.lengths = lengths
        self.names: set[str] = set()
        self.free: set[str] = set()
        self.bound: set[str] = set()
        self.faults: list[str] = []
        self.runs: dict[int, set[int]] = {}
        self.binders = 0

    def read(self, group: Group, around: Mapping[str, int]) -> set[str]:
        """Read the terms of a group; the letters of the sums that stand open in it."""
        opened: set[str] = set()
        scope: dict[str, int] = dict(around)
        beside: set[str] = set()
        name = ""
        items = group.items
        for place, item in enumerate(items):
            before = items[place - 1] if place else ""
            earlier = items[place - 2] if place > 1 else ""
            if isinstance(item, Group):
                if before == "_":
                    pass  # read with what it stands below
                elif before == "^" and earlier != "" and isinstance(earlier, Group) and self._is_sum(items, place):
                    pass  # the upper end of a range
                elif r"\le" in item.items or (
                    item.kind == "[" and not {"<", ">"} & {i for i in item.items if isinstance(i, str)}
                ):
                    self._indices(item, scope, "")
                else:
                    inside = self.read(item, scope)
                    function = isinstance(before, str) and (before.startswith("\\") or before == "'")
                    if item.kind == "(" and not function:
                        clash = inside & beside
                        self.faults += [f"two factors sum over {letter}" for letter in clash]
                        beside |= inside
                        opened |= inside
                continue
            if item in BETWEEN:
                scope, beside = dict(around), set()
            elif item == r"\sum":
                below = items[place + 2]
                assert isinstance(below, Group)
                self._sum(below, scope, beside, ranged=place + 3 < len(items) and items[place + 3] == "^")
                opened |= set(self._bound_by(below))
            elif item == "_":
                below = items[place + 1]
                if isinstance(below, str):
                    below = Group("{", [below])
                if before == "|":
                    self.names |= set(below.letters())
                elif before != r"\sum":
                    self._indices(below, scope, name)
            elif re.fullmatch("[A-Za-z]", item):
                name = item
                self.names.add(item)
            elif item.startswith("\\"):
                name = item
        return opened

    @staticmethod
    def _is_sum(items: list[Group | str], place: int) -> bool:
        return place >= 4 and items[place - 4] == r"\sum"

    @staticmethod
    def _bound_by(below: Group) -> list[str]:
        if below.items[:1] == [r"\substack"]:
            inner = below.items[1]
            assert isinstance(inner, Group)
            end = inner.items.index(r"\\")
            return Group("{", inner.items[:end]).letters()
        return below.letters()

    def _sum(self, below: Group, scope: dict[str, int], beside: set[str], ranged: bool) -> None:
        letters = self._bound_by(below)
        for letter in letters:
            if letters.count(letter) > 1 or letter in scope:
                self.faults.append(f"{letter} is bound within a sum over {letter}")
            if letter in beside:
                self.faults.append(f"two factors sum over {letter}")
            self.binders += 1
            scope[letter] = self.binders
            said = ranged or (below.items[:1] == [r"\substack"] and self._says(below, letter))
            if not said:
                self.runs[self.binders] = set()
            self.bound.add(letter)
        if below.items[:1] == [r"\substack"]:
            self._indices(below, scope, "")

    @staticmethod
    def _says(below: Group, letter: str) -> bool:
        inner = below.items[1]
        assert isinstance(inner, Group)
        flat = "".join(i if isinstance(i, str) else "{}" for i in inner.items)
        return re.search(rf"\\\\\d+\\le{letter}\\le\d+", flat) is not None

    def _indices(self, below: Group, scope: Mapping[str, int], name: str) -> None:
        for letter in below.letters():
            if letter not in scope:
                self.free.add(letter)
        lengths = self.lengths.get(name, ())
        for axis, length in enumerate(lengths):
            piece = _pieces(below)[axis : axis + 1]
            if piece and piece[0] in scope and scope[piece[0]] in self.runs:
                self.runs[scope[piece[0]]].add(length)


def _pieces(below: Group) -> list[str]:
    """What stands at each axis: jk as j and k; i+p,j as i+p and j."""
    flat = "".join(i if isinstance(i, str) else "".join(map(str, i.items)) for i in below.items)
    return flat.split(",") if "," in flat or not flat.isalpha() else list(flat)


def faults(latex: str, lengths: Mapping[str, tuple[int, ...]] | None = None) -> list[str]:
    """Where a letter of a line of LaTeX means two things, or a sum runs over axes of two lengths and does not say so."""
    reader = Reader(lengths or {})
    reader.read(tree(latex), {})
    found = list(reader.faults)
    found += [f"{letter} is free and bound" for letter in sorted(reader.free & reader.bound)]
    found += [f"{letter} is an index and a name" for letter in sorted((reader.free | reader.bound) & (reader.names | SIGNS))]
    found += ["a sum does not say how far it runs" for lengths in reader.runs.values() if len(lengths) > 1]
    return found


# --- the text of a terminal ---------------------------------------------------------------------------------------------------

PIECE = re.compile(
    r"Σ_(?:\{(?P<one>\w+)=\d+\}\^\{\d+\}|(?P<many>\w+(?:,\w+)*))"
    r"|\[(?P<below>[^\[\]]*)\]|(?P<end>\bif\b|\belse\b|[+−=,<>])|(?P<name>[^\W\d_][\w]*)|\S"
)
ASIDE = re.compile(r"\([^()]* held\)|\((?:\d+ ≤ \w+ ≤ \d+(?:, )?)+\)")
"""What is held constant, and the range of a free index."""


def faults_in_text(text: str) -> list[str]:
    """The same for a line of `derive show`."""
    found: list[str] = []
    free: set[str] = set()
    bound: set[str] = set()
    names: set[str] = set()
    stack: list[list[set[str]]] = [[set(), set()]]  # at each bracket: the letters around it, and those of the sums in it
    for piece in PIECE.finditer(ASIDE.sub(" ", text)):
        around, here = stack[-1]
        if piece["one"] or piece["many"]:
            letters = (piece["one"] or piece["many"]).split(",")
            clash = [i for i in letters if letters.count(i) > 1 or i in around | here]
            found += [f"{letter} is bound within a sum over {letter}" for letter in clash]
            here.update(letters)
            bound.update(letters)
        elif piece["below"] is not None and {"<", ">"} & set(piece["below"]):  # [W x > 0], entry by entry
            names |= set(re.findall(r"[^\W\d_]\w*", piece["below"]))
        elif piece["below"] is not None:
            free |= {i for i in re.findall(r"[^\W\d]\w*", piece["below"]) if i not in around | here}
        elif piece["end"]:
            stack[-1][1] = set()
        elif piece["name"]:
            names |= {piece["name"], piece["name"].removeprefix("d").removeprefix("∂")}
        elif piece[0] == "(":
            stack.append([around | here, set()])
        elif piece[0] == ")":
            stack.pop()
    assert len(stack) == 1, text
    found += [f"{letter} is free and bound" for letter in sorted(free & bound)]
    return found + [f"{letter} is an index and a name" for letter in sorted((free | bound) & (names | SIGNS | {"π"}))]
