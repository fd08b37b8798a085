"""Reads back what a terminal shows of a derivation: each line of plain text, with what its rule sets to zero."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ...calculus.steps import Derivation
from ...errors import CheckFailed
from ...notation.emitters import plain_text as text
from . import plain, signs, tree
from .comparing import Told, compare
from .evaluation import Evaluation
from .points import Points
from .signs import Signs, of_functions
from .spoken import kind
from .text_cursor import HIGH, TextCursor
from .tokens import Unreadable
from .world import World

READING = (Unreadable, ValueError, LookupError, TypeError, ArithmeticError)
"""What may go wrong with a text that is no formula."""

NO_FORMULA = re.compile(r"─+|Entries are counted from [01]\.|.*: given from outside")
TITLES = ("Forward pass", "Differential of each line", "Partial derivatives", "Substitute downward", "Gradients")


def terminal(shown: str, derivation: Derivation, printer: text.Printer) -> int:
    """Read what `show` prints; the number of its lines. Raises CheckFailed, naming the line."""
    system = derivation.system
    known = signs.of_text(printer.name, system, of_functions(system, lambda n: printer.function(n, 0)), printer.signs.cost)
    reader = Terminal(Points(World.several(derivation)), known)
    count = 0
    for line in _lines(shown):
        try:
            count += reader.once(*line)
        except READING as found:
            error = found if isinstance(found, Unreadable) else Unreadable(f"it does not fit together ({found})")
            raise CheckFailed(
                f"a line cannot be trusted: {error.message}; nothing was printed: {line[0]}",
                hint="this is a defect of the way formulas are written, not of your spec: please report it with the spec",
            ) from None
    return count


@dataclass
class Terminal:
    """Reads lines of plain text, each with the titles of its rules, among which is what is set to zero."""

    points: Points
    known: Signs
    told: Told = field(default_factory=Told)
    read: dict[object, int] = field(default_factory=dict)
    kinds: dict[int, object] = field(default_factory=dict)

    def once(self, formula: str, titles: str) -> int:
        """Read a line, if none has been read that is the same but for the numbers of its layers, of layers of the same kind."""
        mark = self.without_numbers(f"{formula} | {titles}"), self.told.rows
        if mark not in self.read:
            self.read[mark] = self.line(formula, titles)
        return self.read[mark]

    def without_numbers(self, formula: str) -> tuple[str, object]:
        """A line with the numbers of layers told from that of its first name, and the kind of that layer."""
        numbers: list[int] = []

        def counted(found: re.Match[str]) -> str:
            numbers.append(int("".join(HIGH[c] for c in found[2])))
            return f"{found[1]}<{numbers[-1] - numbers[0]}>"

        shown = self.layered.sub(counted, formula)
        if not numbers:
            return formula, None
        if numbers[0] not in self.kinds:
            self.kinds[numbers[0]] = kind(self.points.system, numbers[0])
        return shown, self.kinds[numbers[0]]

    @cached_property
    def layered(self) -> re.Pattern[str]:
        """A name that has layers, with the number of one."""
        names = {s.letter for signs in self.known.table.values() for s in signs if s.layer is not None}
        return re.compile(f"({'|'.join(map(re.escape, sorted(names, key=len, reverse=True))) or '(?!)'})([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")

    def line(self, formula: str, titles: str) -> int:
        """1 where a line states something; its sides agree."""
        claim = plain.read(formula, self.known.letters, self.known.called)
        reader = Evaluation(self.points, self.known, first=self.points.system.first_index)
        zeros = re.findall(r"d\(?([^\s()]+(?:\([^()]*\))?)\)? = 0", titles.partition(": ")[2])
        if zeros and isinstance(claim.sides[0], tree.Change):
            keys = frozenset(reader.required(self.name(z)).sign.key for z in zeros)
            reader.changes = self.points.held(reader.required(claim.sides[0].of).sign.key, keys)
        return int(compare(claim, reader, self.told).states)

    def name(self, written: str) -> tree.Name:
        found = TextCursor(written, self.known.letters).name()
        if not isinstance(found, tree.Name):
            raise Unreadable(f"`{written}` is no name")
        return found


def _lines(shown: str) -> Iterator[tuple[str, str]]:
    """The formulas of a terminal's text with the titles behind them; a left-hand side left out is that of the line above."""
    left = ""
    for line in shown.splitlines():
        pieces = re.split(r"(?<=\S) {4,}(?!for each)", line.rstrip())
        formula = pieces[0]
        if not formula or NO_FORMULA.fullmatch(formula) or formula in TITLES:
            continue
        if " = " not in formula:
            raise CheckFailed(f"a line without two sides; nothing was printed: {formula}")
        if formula.startswith(" "):
            formula = f"{left} {formula.lstrip()}"
        left = formula.split(" = ")[0]
        yield formula, pieces[-1] if len(pieces) > 1 else ""
