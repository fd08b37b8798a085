"""The first section: what the network is, and what is given."""

from __future__ import annotations

import re

from ...calculus import chain_rule as chain
from ...errors import Place, SpecError
from ...expressions.nodes import Entry
from ...expressions.traversal import entries
from ...expressions.views import VIEWS
from .. import user_text
from ..context import Context
from ..model import Block, Figure, Prose, Section, Table, Text


def network(context: Context) -> Section:
    blocks: list[Block] = []
    if context.spec.introduction:
        paragraphs = [p for p in re.split(r"\n\s*\n", context.spec.introduction) if p.strip()]
        blocks += [introduced(context, p) for p in paragraphs]
    runs = context.forward_runs
    deep = any(r.many for r in runs)
    about = {
        "layers": len(context.system.blocks),
        "objective": context.objective(),
        **context.counted(),
        "loss": context.system.remarks.get("loss", ""),
        "own": not context.system.blocks,
        "labelled": any("^" in g for g in context.spec.glyphs.values())
        or (bool(context.system.blocks) and context.spec.labels == "relative"),
        "weights": next(iter(weights(context)), None) if any(VIEWS[v].indexed for v in context.views) else None,
        "capitals": bool(context.system.blocks) and all(VIEWS[v].arrays for v in context.views),
    }
    blocks.append(Prose("network", about))
    for block in context.system.blocks:
        shared = [p for p in block.parameters if context.system.tensors[p].layer != block.number]
        if shared:
            owner = context.system.tensors[shared[0]].layer
            blocks.append(Prose("shared", {"layer": block.number, "owner": owner, "what": [Entry.of(p) for p in shared]}))
    if context.system.blocks:
        blocks.append(Figure("network", context.system, "network", {"layers": len(context.system.blocks)}))
    plain = bool(context.system.blocks) and chain.is_scalar(context.system)
    # of single neurons, a column would say "scalar" eight times
    if not deep and not plain and len(context.given()) <= 14:
        rows = [(Entry.of(t.key), t.role, t.shape, t.batch is not None) for t in context.given()]
        blocks.append(Table("given", tuple(rows)))
    return Section("network" if context.system.blocks else "equations", tuple(blocks))


def introduced(context: Context, paragraph: str) -> Text:
    """A paragraph of the user's introduction."""
    try:
        return Text(user_text.marked(paragraph, context.system))
    except SpecError as error:
        raise error.at(context.spec.place("introduction") or Place()) from None


def weights(context: Context) -> list[Entry]:
    """The weights of the dense layers, with their indices."""
    found = ((e, context.system.tensors[e.key]) for q in context.system.equations for e in entries(q.rhs))
    return [e for e, tensor in found if tensor.role == "parameter" and tensor.cased and len(e.indices) == 2]
