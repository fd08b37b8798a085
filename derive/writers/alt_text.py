"""What a picture shows, as plain facts for the templates to put into words: for readers who cannot see it.

Names are plain Unicode, as in the terminal, since a screen reader speaks text and not LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..checks.readback.numbers import require_plain
from ..document.model import Figure, Sheet
from ..expressions.system import COUNT, Equation, System, cotangent, is_cotangent, lhs_of, primal
from ..expressions.traversal import entries
from ..expressions.views import VIEWS
from ..notation.emitters.plain_text import Printer
from ..numbers.rounding import Number


@dataclass(frozen=True)
class Described:
    """One column of the network, one value of the computation graph, or one curve of a plot."""

    name: str
    size: int = 1
    function: str = ""
    sources: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    backward: str = ""
    slope: str = ""


MOST = 6
"""Of so many columns or values each is named; of more, the first ones."""


def described(figure: Figure, sheet: Sheet) -> dict[str, Any]:
    """`parts`: what there is, in the order of the picture; `more`: how many were left out; beside them a few names."""
    printer = Printer(sheet.symbols.system, signs=sheet.symbols.signs)
    if figure.kind == "network":
        return _network(figure.content, printer)
    if figure.kind == "graph":
        derivation, equations, general = figure.content
        arrays = VIEWS[sheet.views[0]].arrays
        return {**_graph(derivation.gradients, equations, printer, arrays), "general": bool(general)}
    content = figure.content
    parts = [
        Described(f"{printer.name(given.key)} = {_spoken(value)}", slope=_spoken(steep))
        for given, value, _, _, _, steep in content["curves"]
    ]
    return {"parts": parts, "more": 0, "across": printer.name(content["x"].key), "up": printer.name(content["y"].key)}


def plain(text: str) -> str:
    """The text without what TeX would take for a command, a comment or an argument."""
    return re.sub(r"\s+", " ", re.sub(r"[\\{}%#$&^~]", " ", text)).strip()


def _network(system: System, printer: Printer) -> dict[str, Any]:
    read = {key for block in system.blocks for key in block.reads}
    parts = [Described(printer.name(t.key), _size(system, t.key)) for t in system.of_role("input") if t.key in read] + [
        Described(
            printer.name(block.gives),
            _size(system, block.gives),
            _function(block.kind),
            tuple(printer.name(key) for key in block.reads),
            tuple(printer.name(key, matrix=len(system.tensors[key].shape) == 2) for key in block.parameters),
        )
        for block in system.blocks
    ]
    targets = [printer.name(t.key) for t in system.of_role("target")]
    return {
        "parts": parts[:MOST],
        "more": max(0, len(parts) - MOST),
        "cost": printer.name(system.objective) if system.objective else "",
        "target": targets[0] if targets else "",
    }


def _size(system: System, key: str) -> int:
    tensor = system.tensors[key]
    shape = [n for axis, n in enumerate(tensor.shape) if axis != tensor.batch]
    return shape[0] if shape else 1


def _function(kind: str) -> str:
    activation = kind.split()[1]
    return "" if activation == "identity" else activation


def _graph(gradients: Any, equations: Sequence[Equation], printer: Printer, arrays: bool) -> dict[str, Any]:
    def name(key: str) -> str:
        tensor = printer.system.tensors[primal(key) if is_cotangent(key) else key]
        return printer.name(key, matrix=arrays and len(tensor.shape) == 2)

    parts = []
    for equation in equations:
        key = lhs_of(equation).key
        sources = dict.fromkeys(e.key for e in entries(equation.rhs) if e.key != COUNT)
        backward = name(cotangent(key)) if key in gradients else ""
        parts.append(Described(name(key), sources=tuple(name(s) for s in sources), backward=backward))
    return {"parts": parts[:MOST], "more": max(0, len(parts) - MOST)}


def _spoken(number: Number) -> str:
    """A printed number without its LaTeX: 1.2 · 10^-6."""
    said = number.text.replace(r"\cdot", "·").replace("{", "").replace("}", "")
    return require_plain(said, number.value, "a number in the words for a picture")
