"""Every partial as a product of the chain rule, beside the same read off the total differential."""

from __future__ import annotations

from ...expressions.nodes import Partial
from ..context import Context
from ..model import Block, Form, Line, Lines, Prose, Section


def chain_rule(context: Context) -> Section | None:
    """Every partial as a product of the chain rule, beside the same read off the total differential."""
    derivation = context.derivation
    total = derivation.of("total")
    if not total:
        return None
    view = context.views[0]
    nested = tuple(Line((Form(view, s.result),), s.rules, continues=n > 0) for n, s in enumerate(total))
    blocks: list[Block] = [
        Prose("nested", {"objective": context.objective()}),
        Lines(nested),
        Prose("products", {"signals": any(t.signal for t in context.system.tensors.values())}),
    ]
    for tensor in context.system.parameters:
        # of what stands in the cost's own line, the first product is ∂C/∂w itself
        steps = [s for s in derivation.of("product", tensor.key) if not isinstance(s.result.rhs, Partial)]
        if steps:
            blocks.append(Lines(tuple(Line((Form(view, s.result),), s.rules, continues=n > 0) for n, s in enumerate(steps))))
    return Section("chain", tuple(blocks))
