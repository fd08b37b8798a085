"""The average over n training examples."""

from __future__ import annotations

from ... import network as networks
from ...checks import verify
from ...expressions.nodes import Entry
from ...expressions.system import COUNT, lhs_of
from ...expressions.traversal import entries, terms
from ...notation import register
from ...notation.index_letters import differentiated
from ..context import Context
from ..model import Block, Form, Line, Lines, Prose, Section


def average(context: Context) -> Section | None:
    """The average over n training examples: each example has its own forward pass, the gradients are averaged."""
    if not context.spec.average or context.system.objective is None or context.system.examples:
        return None
    system = networks.over_examples(context.system, 4)
    if COUNT not in system.tensors:
        return None  # the cost depends on no example
    derivation = differentiated(system)
    verify.require(verify.check(derivation, ("index",)))
    glyphs = register.symbols(derivation, context.spec.labels, context.spec.glyphs)
    letters = glyphs.signs.letters
    counted = {"count": Entry.of(letters[COUNT]), "example": networks.example_index(system)}
    cost = system.equations[-1]
    one = next(e for e in entries(cost.rhs) if system.tensors[e.key].batch is not None)
    top = derivation.of("differential", system.objective or "")[0]
    one_example = Entry.of(letters.get(one.key, one.key), *one.indices)
    each = [e for e in system.equations if lhs_of(e).key == f"{system.objective} each"]
    lines = [Line((Form("index", e),), ("definition",)) for e in (*each, cost)] + [Line((Form("index", top.result),), top.rules)]
    signals = [k for k in derivation.gradients if system.tensors[k].signal]
    found = []
    for key in [*signals[:1], *(t.key for t in system.parameters)]:
        if key in derivation.gradients:
            steps = derivation.of("gradient", key)
            found.append(
                Line(
                    (Form("index", steps[-1].result),),
                    ("read_off",) if key not in signals else ("inline",),
                    result=key not in signals,
                )
            )
    blocks: list[Block] = [
        Prose(
            "average",
            {"objective": context.objective(), **counted, "each": one_example, "once": len(terms(cost.rhs)) > 1},
        ),
        Lines(tuple(lines), glyphs, derivation),
        Prose("average_gradients", {**counted, "signals": bool(signals)}),
        Lines(tuple(found), glyphs, derivation),
    ]
    return Section("average", tuple(blocks))
