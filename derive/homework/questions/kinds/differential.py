"""The total differential of a line: how its change is made of the changes on its right-hand side."""

from __future__ import annotations

from ....calculus.steps import Derivation
from ....document.context import Context
from ....document.model import Lines
from ....document.sections import differentials
from ....expressions.nodes import Differential, Entry
from ....expressions.traversal import entries
from ..judging import formula
from ..kind import Done, Kind, Solved, Steps, Wanted
from ..marking import usual_errors
from ..showing import shown


def _lines(derivation: Derivation) -> Steps:
    return {f"d {s.about}": s for s in derivation.of("differential")}


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    key = wanted.about
    lines = differentials.differential_lines(context, key, {})
    terms = context.derivation.terms[key]
    parts = [("mark_term", {"change": Entry.of(t.entry.key), "value": context.entry(key)}) for t in terms[:4]]
    equation = context.system.defines()[key]
    used = {e.key for e in entries(equation.rhs)}
    held = [e for e in differentials.held_symbols(context) if e.key in used]
    return Solved(
        {"line": shown(context, equation).forms[0].shown, "of": Entry.of(key), "held": held},
        (Lines(lines),),
        parts or [("mark_value", {"what": Differential(Entry.of(key))})],  # nothing in it changes anything
        errors=usual_errors(context, context.derivation, wanted.step),
        hint=lines[0].rules,
    )


KIND = Kind(
    name="differential",
    targets=_lines,
    general=_lines,
    quantity=lambda key: f"d {key.removeprefix('d ')}",
    solve=_solve,
    judge=formula,
)
