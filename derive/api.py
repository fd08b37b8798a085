"""The whole way in Python: load, derive, check, sheet, tex, pdf.

from derive import api
spec = api.load("network.yaml")
derivation = api.derive(spec)          # readable in a notebook
api.check(derivation)                  # every equation, with its error
api.pdf("network.yaml", Path("network.pdf"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import spec
from .calculus.steps import Derivation
from .document.compose import name_of as sheet_name
from .document.model import Sheet
from .document.pipeline import check, derive, system, views
from .homework.editions import faded, homework, sheets
from .homework.editions import worked as sheet
from .homework.sheet import edition
from .network.catalogue import functions, layers, losses, vectors
from .notation import notebook
from .notation.glyphs import Labels
from .resources import examples
from .spec import Spec, theme
from .writers.latex import writer

__all__ = [
    "catalogue",
    "check",
    "code",
    "derive",
    "edition",
    "examples",
    "faded",
    "homework",
    "load",
    "loads",
    "pdf",
    "record",
    "require_font",
    "schema",
    "sheet",
    "sheet_name",
    "sheets",
    "show",
    "style",
    "system",
    "tex",
    "views",
]

notebook.attach()


def load(source: str | Path, views: Sequence[str] = (), **look: Any) -> Spec:
    """Read and validate a spec; `views` overrules the views it asks for. Raises SpecError.

    look: `theme`, `templates`, `language`, `paper`, `size`, `sides`, which go before what the spec says (`theme.chosen`).
    """
    found = theme.chosen(spec.load(source), **look)
    return found.model_copy(update={"view": tuple(views)}) if views else found


def loads(text: str, name: str = "<text>") -> Spec:
    """A spec from a text."""
    return spec.loads(text, name)


def tex(found: Sheet, fragment: bool = False) -> str:
    """A sheet as LaTeX: a whole document, or its body alone."""
    return writer.latex(found, fragment)


def style(found: Sheet | None = None) -> dict[str, str | bytes]:
    """The files that a sheet's LaTeX needs beside it; without a sheet, those that every one needs."""
    return writer.style(found.look if found else None)


def require_font(found: Sheet) -> None:
    """Refuse a sheet whose font is not installed. Raises TypesetError."""
    theme.require_font(found.look)


def pdf(source: str | Path, output: Path) -> Path:
    """A spec's sheet as PDF."""
    from .typeset import typeset

    found = sheet(load(source))
    require_font(found)
    typeset(tex(found), output, files=style(found))
    return output


def code(derivation: Derivation, title: str = "", run: bool = True) -> str:
    """A plain NumPy module with forward(values) and gradients(values), from the derived formulas.

    It is run before it is given, in a process of its own: CheckFailed where it does not compute what was derived. `run` can
    leave that out.
    """
    from .writers import numpy

    return numpy.checked(derivation, title) if run else numpy.code(derivation, title)


def show(derivation: Derivation, labels: Labels = "absolute") -> str:
    """The steps, readable in a terminal. Raises CheckFailed where a line, read back, is not true."""
    from .writers import text

    return text.show(derivation, derivation.asked[0], labels)


def catalogue() -> list[tuple[str, str, str, str]]:
    """What the catalogue holds: group, name, title, and where it is defined."""
    groups: list[tuple[str, Any]] = [
        ("layer", layers()),
        ("activation", {**{n: f.record for n, f in functions().items()}, **vectors()}),
        ("loss", losses()),
    ]
    return [(group, name, record.title, record.source) for group, records in groups for name, record in records.items()]


def record(group: str, name: str) -> list[str]:
    """What a record of the catalogue says, in lines: its options, parameters and equations."""
    if group == "layer":
        layer = layers()[name]
        options = ", ".join(f"{k}" if v is None else f"{k}: {str(v).lower()}" for k, v in layer.options.items())
        parameters = ", ".join(f"{k}[{v}]" for k, v in layer.parameters.items())
        lines = [f"reads {layer.input}, gives {layer.output}", f"options {options}" if options else ""]
        return [line for line in (*lines, f"parameters {parameters}" if parameters else "", *layer.equations) if line]
    if group == "loss":
        return [f"input {losses()[name].input}, target {losses()[name].target}", *losses()[name].equations]
    if name in vectors():
        return [vectors()[name].equation]
    function = functions()[name].record
    return [f"f(u) = {function.definition}", f"f'(u) = {function.derivative}"] if not function.opaque else []


def schema() -> dict[str, Any]:
    """The JSON Schema of a spec, with the names of the catalogue."""
    return spec.schema(list(layers()), [*functions(), *vectors()], list(losses()))
