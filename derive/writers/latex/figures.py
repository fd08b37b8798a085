"""The pictures of a sheet: which columns, nodes and curves, with labels from the notation; figures.py draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...calculus.steps import Derivation
from ...checks.readback.drawn import require_plot
from ...checks.readback.numbers import require_number
from ...document.model import Figure, Sheet
from ...expressions.system import COUNT, Equation, System, cotangent, is_cotangent, lhs_of, primal
from ...expressions.traversal import entries
from ...expressions.views import VIEWS
from ...network.catalogue import functions
from ...notation.emitters.latex import Printer
from ...numbers.rounding import Number
from .network_figure import Column, GraphNode, computation_graph, network
from .plot_figure import Curve, Mark, plot


def draw(figure: Figure, sheet: Sheet, printer: Printer, words: Mapping[str, str]) -> str:
    """A figure as TikZ. `words`: `slope`, and `more`, which says how many columns were left out."""
    if figure.kind == "network":
        return _network(figure.content, sheet, printer, words["more"])
    if figure.kind == "graph":
        derivation, equations, general = figure.content
        return _graph(derivation, equations, general, sheet)
    return _plot(figure.content, sheet, printer, words["slope"])


def name(key: str, sheet: Sheet, printer: Printer) -> str:
    """A tensor as a whole, in the sheet's first view: a capital where it is a matrix there."""
    system = sheet.symbols.system
    about = primal(key) if is_cotangent(key) else key
    tensor = system.tensors.get(about)
    view = VIEWS[sheet.views[0]]
    rank = 0
    if tensor is not None:
        rank = len(tensor.shape) - (1 if tensor.batch is not None and view.labelled else 0)
    matrix = view.arrays and rank == 2
    return printer.text(printer.walk.named(key, (), matrix=matrix)).latex


def _network(system: System, sheet: Sheet, printer: Printer, more: str) -> str:
    columns: list[Column] = []
    places: dict[str, int] = {}
    scalar = all(t.shape == () for t in system.tensors.values())
    for tensor in system.of_role("input"):
        if any(tensor.key in b.reads for b in system.blocks):
            places[tensor.key] = len(columns)
            columns.append(_column(tensor.key, system, sheet, printer, (), "", scalar))
    for block in system.blocks:
        reads = tuple(places[k] for k in block.reads)
        places[block.gives] = len(columns)
        caption = _caption(block.kind.split()[1], printer) if block.parameters else ""
        edges = "full" if block.parameters else "one-to-one"
        columns.append(_column(block.gives, system, sheet, printer, reads, caption, scalar, block.parameters, edges))
    cost = f"${printer.symbols.cost()}$" if system.objective and printer.symbols else None
    targets = [t.key for t in system.of_role("target")]
    target = f"${name(targets[0], sheet, printer)}$" if targets else None
    return network(columns, cost=cost, target=target, more=more)


def _column(
    key: str,
    system: System,
    sheet: Sheet,
    printer: Printer,
    reads: tuple[int, ...],
    caption: str,
    scalar: bool,
    parameters: tuple[str, ...] = (),
    edges: Any = "full",
) -> Column:
    tensor = system.tensors[key]
    shape = [n for axis, n in enumerate(tensor.shape) if axis != tensor.batch]
    size = shape[0] if shape else 1
    title = f"${name(key, sheet, printer)}$"
    weights = [p for p in parameters if p.split(".")[0][0] in "wW"]
    biases = [p for p in parameters if p not in weights]
    edge = f"${name(weights[0], sheet, printer)}$" if weights else ""
    bias = f"${name(biases[0], sheet, printer)}$" if biases else ""
    if scalar:
        return Column("", (title,), 1, caption, reads, edges, edge, bias)
    return Column(title, ("",) * min(size, 6), size, caption, reads, edges, edge, bias)


def _caption(activation: str, printer: Printer) -> str:
    if activation == "identity":
        return ""
    if activation in functions():
        return f"${printer.function(activation)}$"
    return activation


def _graph(derivation: Derivation, equations: Sequence[Equation], general: Mapping[int, str], sheet: Sheet) -> str:
    system = derivation.system
    printer = Printer(replace(sheet.symbols, general=dict(general)))
    kinds = {"parameter": "parameter", "constant": "parameter", "input": "input", "target": "target", "objective": "cost"}
    drawn: list[GraphNode] = []
    used = {e.key for q in equations for e in entries(q.rhs)} | {lhs_of(q).key for q in equations}
    for tensor in system.tensors.values():
        if tensor.key not in used or tensor.key == COUNT:
            continue
        backward = ""
        if tensor.key in derivation.gradients:
            backward = f"${name(cotangent(tensor.key), sheet, Printer(printer.symbols, on_one_line=True))}$"
        kind: Any = kinds.get(tensor.role, "value")
        drawn.append(GraphNode(tensor.key, f"${name(tensor.key, sheet, printer)}$", kind, backward))
    known = {n.key for n in drawn}
    edges = [
        (entry.key, lhs_of(equation).key)
        for equation in equations
        for entry in {e.key: e for e in entries(equation.rhs)}.values()
        if entry.key in known
    ]
    return computation_graph(drawn, edges)


def _plot(content: dict[str, Any], sheet: Sheet, printer: Printer, slope: str) -> str:
    curves = [
        Curve(points, f"${name(given.key, sheet, printer)} = {_read(value)}$", style, tangent, rf"{slope} ${_read(steep)}$")
        for given, value, points, style, tangent, steep in content["curves"]
    ]
    marks = [Mark(content["mark"])]
    drawn = plot(curves, f"${name(content['x'].key, sheet, printer)}$", f"${name(content['y'].key, sheet, printer)}$", marks)
    require_plot(drawn, curves, marks)
    return drawn


def _read(number: Number) -> str:
    """A number in a label, read back."""
    require_number(number.text, number.value, "a number in the plot")
    return number.text
