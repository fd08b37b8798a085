"""The differential of each line, and the partials: each by setting the other differentials to zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...calculus import chain_rule as chain
from ...expressions.nodes import Differential, Entry, Partial
from ...expressions.system import COUNT
from ...expressions.views import VIEWS
from ...network.catalogue import functions
from ..context import Context
from ..model import Block, Form, Held, Line, Lines, Partials, Prose, Section

MANY_ROWS = 8
"""A line of more quantities than this shows the partials of the first ones; the others are found in the same way."""


def differentials(context: Context) -> Section:
    blocks: list[Block] = [Prose("differentials", {"held": held_symbols(context), "inputs": inputs(context)})]
    blocks += slopes(context)
    pieces = context.parts(context.forward_runs)
    last_alike = {alike(context, key): key for _, keys in pieces for key in keys}
    first, left_out, told = True, False, False
    for run, keys in pieces:
        general = run.general if run else {}
        if run is not None and run.many:
            blocks.append(context.for_layers(run))
        for key in keys:
            blocks.append(Lines(differential_lines(context, key, general)))
            if not told and not general and (words := in_words(context, key)):
                blocks.append(words)
                told = True
            held = partials(context, key, general)
            if held is None:
                continue
            if last_alike[alike(context, key)] != key:
                left_out = True
                continue
            more = len(context.derivation.of("held", key)) - len(held.rows)
            about = {"of": context.entry(key), "general": general, "more": more, "indexed": bool(context.entry(key).indices)}
            blocks.append(Prose("partials" if first else "partials_next", about))
            blocks.append(held)
            first = False
    if left_out:
        blocks.append(Prose("partials_alike"))
    return Section("differentials", tuple(blocks))


def slopes(context: Context) -> list[Block]:
    """The slopes of the activations, where a textbook has a formula for them."""
    used = [n for n in context.functions_used() if functions()[n].textbook is not None]
    if not used:
        return []
    words = Prose("where_slopes", {"kinks": kinks(context, used), "count": len(used)})
    slopes = [chain.slope(name, context.symbols.signs.argument) for name in used]
    return [words, Lines(tuple(Line((Form(context.views[0], slope),)) for slope in slopes))]


def alike(context: Context, key: str) -> object:
    """Equal for lines of one layer kind that differ in their number alone."""
    tensor = context.system.tensors[key]
    block = next((b for b in context.system.blocks if b.number == tensor.layer), None)
    return (tensor.base, block.kind.split()[0]) if block and tensor.layer is not None else key


def kinks(context: Context, used: Iterable[str]) -> list[tuple[str, int, Entry]]:
    return [(n, int(k), Entry.of(context.symbols.signs.argument)) for n in used if (k := functions()[n].record.kink) is not None]


def held_symbols(context: Context) -> list[Entry]:
    return [Entry.of(t.key) for t in context.system.of_role("target", "constant") if t.key != COUNT]


def inputs(context: Context) -> list[Entry]:
    return [Entry.of(t.key) for t in context.system.of_role("input")]


def differential_lines(context: Context, key: str, general: Mapping[int, str]) -> tuple[Line, ...]:
    """The lines of one differential: each view shows the form that reads best in it."""
    steps = context.derivation.of("differential", key)
    raw, last = steps[0], steps[-1]
    named = last if "recognise" in last.rules else None
    opened = last if last is not raw and named is None else raw
    if named is None:
        forms = tuple(f for v in context.views for f in context.forms(raw.result if VIEWS[v].indexed else opened.result, [v]))
        return (Line(forms, raw.rules, general=general),)
    # a quotient or a function of sums is worked out entry by entry; the matrix form follows from the entries
    by_entry = Line((Form("index", raw.result),), raw.rules, general=general)
    if not all(VIEWS[v].arrays for v in context.views):
        alone = len(context.views) == 1
        return (by_entry, Line(context.forms(named.result), named.rules, continues=alone, general=general))
    entries_named = Line((Form("index", named.result),), named.rules, continues=True, general=general)
    in_arrays = Line(context.forms(named.result), ("as_matrices",), general=general)
    return (by_entry, entries_named, in_arrays) if len(context.views) == 1 else (by_entry, in_arrays)


def partials(context: Context, key: str, general: Mapping[int, str]) -> Partials | None:
    """Each partial, by setting the other differentials to zero."""
    alone, read = context.derivation.of("held", key), context.derivation.of("partial", key)
    if not alone:
        return None
    rows = []
    for kept, partial in zip(alone, read, strict=True):
        lhs = partial.result.lhs
        assert isinstance(lhs, Partial)
        zero = tuple(Differential(Entry.of(e.key)) for e in dict.fromkeys(Entry.of(h.key) for h in lhs.held))
        rows.append(Held(zero, context.forms(kept.result, context.views[:1]), partial.result, general))
    return Partials(tuple(rows[:MANY_ROWS]))


def in_words(context: Context, key: str) -> Prose | None:
    """dz = dw a + db + w da in a sentence, where a line has that form."""
    terms = context.derivation.terms[key]
    if len(terms) != 3:
        return None
    weight, bias, below = terms
    fits = weight.coefficient == below.entry and below.coefficient == weight.entry and bias.coefficient == 1
    if not fits or context.system.tensors[weight.entry.key].role != "parameter":
        return None
    names = {"value": key, "weight": weight.entry.key, "bias": bias.entry.key, "below": below.entry.key}
    return Prose("in_words", {k: Entry.of(v) for k, v in names.items()})
