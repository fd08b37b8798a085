"""The whole way in Python: load, derive, check, sheet, tex, pdf.

from derive import api
spec = api.load("network.yaml")
derivation = api.derive(spec)          # readable in a notebook
api.check(derivation)                  # every equation, with its error
api.pdf("network.yaml", Path("network.pdf"))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from . import chain, compose, language, looks, network, render, spec, story, verify
from .catalogue import functions, layers, losses, vectors
from .derivation import derive as _derive
from .errors import DeriveError, Place, SpecError
from .escape import escape
from .notation import register
from .notation.symbols import Labels
from .notation.views import View
from .sheet import Sheet
from .spec import Spec
from .steps import Derivation
from .system import System
from .verify import Check


def load(source: str | Path, views: Sequence[str] = (), **look: Any) -> Spec:
    """Read and validate a spec; `views` overrules the views it asks for. Raises SpecError.

    look: `theme`, `templates`, `language`, `paper`, `size`, `sides`, which go before what the spec says (`looks.chosen`).
    """
    found = looks.chosen(spec.load(source), **look)
    return found.model_copy(update={"view": tuple(views)}) if views else found


def loads(text: str, name: str = "<text>") -> Spec:
    """A spec from a text."""
    return spec.loads(text, name)


def views(found: Spec) -> tuple[View, ...]:
    """The views of a spec; where it asks for none, the plainest one that the network has."""
    if found.views:
        return tuple(found.views)
    if found.examples:
        return ("batch",)
    system = network.build(found)
    if chain.is_scalar(system):
        return ("scalar",)
    return ("matrix",)


def system(found: Spec) -> System:
    """The forward program of a spec, in the form that its views need."""
    built = network.build(found)
    asked = views(found)
    if "scalar" in asked:
        built = network.in_scalars(built, found.place("view"))
    if found.examples or "batch" in asked:
        built = network.over_examples(built, found.examples or spec.BATCH_SIZE, found.examples_in == "columns")
    return register.without_taken_signals(built, found.glyphs)


def derive(found: Spec) -> Derivation:
    """Every step of the differentiation."""
    derivation = _derive(system(found))
    built = derivation.system
    if chain.is_scalar(built) and built.objective is not None and 1 < len(built.equations) <= 16:
        derivation = chain.extended(derivation)
    explored = story.asked_about(found, built)
    if explored is not None:
        derivation = replace(derivation, steps=(*derivation.steps, *chain.second(derivation, *explored)))
    derivation = replace(derivation, asked=views(found))
    _require_distinct_signs(found, derivation)
    return derivation


def _require_distinct_signs(found: Spec, derivation: Derivation) -> None:
    """Refuse two things that would be written alike on the sheet, where the spec alone can keep them apart."""
    signs = register.symbols(derivation, found.labels, found.glyphs)
    for clash in register.clashes(derivation, signs):
        places = [place for name in clash.names for place in [_place_of(found, name)] if place is not None]
        raise SpecError(clash.message, place=next(iter(places), None), hint=clash.hint)


def _place_of(found: Spec, name: str) -> Place | None:
    """Where the spec says how a name is written, or declares or defines it."""
    if name in found.glyphs:
        return found.place("glyphs", name)
    for field in ("inputs", "parameters", "targets", "constants"):
        if name in getattr(found, field):
            return found.place(field, name, key=True)
    if found.network is not None and name in found.network.input:
        return found.place("network", "input", name, key=True)
    for position, text in enumerate(found.equations):
        if name in (names := language.names_in(text))[0] or name in names[1]:
            return found.place("equations", position)
    return None


def check(derivation: Derivation, views: Sequence[View] | None = None) -> tuple[Check, ...]:
    """Every check of every equation, with its error."""
    asked = list(views or derivation.asked)
    if "index" not in asked and any("recognise" in s.rules for s in derivation.of("differential")):
        asked.append("index")  # such lines are shown entry by entry as well
    return verify.check(derivation, tuple(asked))


def sheet(found: Spec, derivation: Derivation | None = None) -> Sheet:
    """The checked sheet. Raises CheckFailed, naming the step, where an equation is wrong."""
    for field in ("title", "subtitle", "author", "course", "date", "introduction"):
        try:
            escape(str(getattr(found, field) or ""))
        except DeriveError as error:
            raise error.at(found.place(field)) from None
    derivation = derivation or derive(found)
    checks = check(derivation)
    verify.require(checks)
    return compose.compose(found, derivation, checks, derivation.asked)


def homework(found: Spec, derivation: Derivation | None = None, variant: Any = None) -> Sheet:
    """The checked sheet with questions, their solutions and marks; `edition` makes of it what is handed out."""
    from .questions.homework import homework as composed

    derivation = derivation or derive(found)
    checks = check(derivation)
    verify.require(checks)
    return composed(found, derivation, checks, derivation.asked, variant)


def sheet_name(found: Spec) -> str:
    """The short name of a spec's sheet, from its file or its title."""
    return compose.name_of(found)


def edition(found: Sheet, which: str) -> Sheet:
    """An edition of a homework: `homework`, `solutions` or `marking`."""
    from .questions.homework import edition as of

    return of(found, which)


def sheets(found: Spec, editions: Sequence[str] = ("worked",)) -> dict[str, Sheet]:
    """The sheets of several editions, by what is added to the file's name: "", "-homework", "-faded-1", …"""
    derivation = derive(found)
    out: dict[str, Sheet] = {}
    whole: Sheet | None = None
    for which in dict.fromkeys(editions):
        if which == "worked":
            out[""] = sheet(found, derivation)
        elif which == "faded":
            rungs, key = faded(found, derivation)
            out |= {f"-faded-{rung}": one for rung, one in enumerate(rungs, start=1)}
            out["-faded-solutions"] = key
        else:
            whole = whole or homework(found, derivation)
            out[f"-{which}"] = edition(whole, which)
    return out


def faded(found: Spec, derivation: Derivation | None = None) -> tuple[tuple[Sheet, ...], Sheet]:
    """The worked sheet with gaps, one sheet for each rung of the ladder, and the key to all gaps."""
    from .questions import faded as ladder
    from .spec.homework import Homework

    whole = sheet(found, derivation)
    settings = (found.homework or Homework()).faded
    return ladder.rungs(whole, settings), ladder.key(whole)


def tex(found: Sheet, fragment: bool = False) -> str:
    """A sheet as LaTeX: a whole document, or its body alone."""
    return render.latex(found, fragment)


def style(found: Sheet | None = None) -> dict[str, str | bytes]:
    """The files that a sheet's LaTeX needs beside it; without a sheet, those that every one needs."""
    return render.style(found.look if found else None)


def require_font(found: Sheet) -> None:
    """Refuse a sheet whose font is not installed. Raises TypesetError."""
    looks.require_font(found.look)


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
    from . import module_check
    from .code import code as written

    text = written(derivation, title)
    if run:
        module_check.require(text, derivation)
    return text


def show(derivation: Derivation, labels: Labels = "absolute") -> str:
    """The steps, readable in a terminal. Raises CheckFailed where a line, read back, is not true."""
    from .show import show as shown

    return shown(derivation, derivation.asked[0], labels)


def examples() -> dict[str, Path]:
    """The shipped examples: name -> file."""
    folder = Path(str(resources.files("derive") / "examples"))
    order = ["single-neuron", "chain", "wide-layer", "mlp", "classifier", "mini-batch", "residual", "deep", "own-layer"]
    found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {name: found[name] for name in sorted(found, key=lambda n: (order.index(n) if n in order else len(order), n))}


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
