"""The table of notation: every sign that the sheets of a book write, and where one sign stands for two things."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..document.model import Sheet
from ..expressions.system import cotangent
from ..notation.emitters.latex import Printer
from ..writers.latex import figures

ROLES = ("input", "target", "parameter", "constant", "intermediate", "objective", "signal")
RANKS = ("number", "vector", "matrix", "array")


@dataclass(frozen=True)
class Sign:
    """A sign in LaTeX, with ℓ for a layer's number; what it is: its role, and how many indices its entries have."""

    latex: str
    role: str
    rank: str


@dataclass(frozen=True)
class Row:
    """A row of the table: a sign, what it is, and in which sheets."""

    sign: Sign
    sheets: tuple[str, ...]


@dataclass(frozen=True)
class Clash:
    """One sign for several things: what it is, by sheet."""

    latex: str
    sheets: Mapping[str, str]

    @property
    def plain(self) -> str:
        """The sign, to be read in a terminal."""
        return re.sub(r"[{}\\]", "", self.latex)

    def by_role(self) -> dict[str, list[str]]:
        """The sheets by what the sign is in them."""
        found: dict[str, list[str]] = {}
        for name, role in self.sheets.items():
            found.setdefault(role, []).append(name)
        return found


def signs(sheet: Sheet) -> tuple[Sign, ...]:
    """The signs of a sheet, each once however many layers it has."""
    system = sheet.symbols.system
    symbols = replace(sheet.symbols, general=dict.fromkeys(range(system.depth + 1), r"\ell"))
    printer = Printer(symbols)
    found: dict[Sign, None] = {}
    for key, tensor in system.tensors.items():
        if tensor.role == "cotangent":
            continue
        rank = RANKS[min(len(tensor.shape), 3)]
        found[Sign(figures.name(key, sheet, printer), tensor.role, rank)] = None
        if tensor.signal and sheet.symbols.is_signal(cotangent(key)):
            found[Sign(figures.name(cotangent(key), sheet, printer), "signal", rank)] = None
    return tuple(found)


def table(sheets: Mapping[str, Sequence[Sign]]) -> list[Row]:
    """The signs of all sheets, by what they are and then by letter; each with the sheets that write it."""
    where: dict[Sign, list[str]] = {}
    for name, found in sheets.items():
        for sign in found:
            where.setdefault(sign, []).append(name)
    return [Row(sign, tuple(where[sign])) for sign in sorted(where, key=_order)]


def _order(sign: Sign) -> tuple[int, str, str, int]:
    letters = re.sub(r"[^A-Za-z]", "", re.sub(r"\\(?:mathit|mathrm|ell)", "", sign.latex))
    return ROLES.index(sign.role), letters.casefold(), sign.latex, RANKS.index(sign.rank)


def clashes(sheets: Mapping[str, Sequence[Sign]]) -> list[Clash]:
    """Signs that are one thing in one sheet and something else in another: a target here, an input there.

    The value that a layer computes is the input of the next: these two are one thing, seen from two sides.
    """
    roles: dict[str, dict[str, str]] = {}
    for name, found in sheets.items():
        for sign in found:
            roles.setdefault(_without_layer(sign.latex), {}).setdefault(name, sign.role)
    return [Clash(latex, by) for latex, by in roles.items() if len({_kind(role) for role in by.values()}) > 1]


def _without_layer(latex: str) -> str:
    return re.sub(r"\^\{\(?\\ell\)?\}$", "", latex)


def _kind(role: str) -> str:
    return "value" if role in ("input", "intermediate") else role
