"""The forward pass, and what its functions are."""

from __future__ import annotations

from ...calculus import chain_rule as chain
from ...expressions.nodes import Elementwise
from ...expressions.system import Equation
from ...expressions.views import VIEWS
from ...network.catalogue import U, function
from ...notation import views
from ...notation.array_expressions import ArrayEquation, Softmax, parts
from ..context import Context
from ..model import Block, Form, Line, Lines, Prose, Section


def forward(context: Context) -> Section:
    blocks: list[Block] = [Prose("forward", {**context.counted(), "own": not context.system.blocks})]
    for run, keys in context.parts(context.forward_runs):
        if run is not None and run.many:
            blocks.append(context.for_layers(run))
        general = run.general if run else {}
        blocks.append(Lines(tuple(context.line(s, general, ()) for key in keys for s in context.derivation.of("forward", key))))
    view, argument = context.views[0], context.symbols.signs.argument
    where = [Line((Form(view, definition(name, argument)),)) for name in context.functions_used()]
    named = {way: e for e in reversed(context.system.equations) for way in softmaxes(context, e)}  # the first of each way
    where += [Line((Form("index", e),)) for e in dict.fromkeys(e for e in context.system.equations if e in named.values())]
    if where:
        blocks.append(Prose("where_functions"))
        blocks.append(Lines(tuple(where)))
    return Section("forward", tuple(blocks))


def definition(name: str, argument: str = "u") -> Equation:
    """f(u) = …, with another letter for u where that is taken."""
    return chain.of_argument(Equation(Elementwise.of(name, U), function(name).definition), argument)


def softmaxes(context: Context, equation: Equation) -> set[int]:
    """How softmax acts where some view writes it by its name, so that it has to be said what that is: 0, 1 along two axes."""
    shown = [views.shown(equation, v, context.system) for v in context.views if VIEWS[v].arrays]
    found = {p for s in shown if isinstance(s, ArrayEquation) for p in parts(s.rhs) if isinstance(p, Softmax)}
    return {p.along if context.symbols.signs.directions and len(p.axes) == 2 else 0 for p in found}
