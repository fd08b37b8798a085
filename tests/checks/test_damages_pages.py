"""Damages to the layout of a page: its lines, cells, frames and tables. Each is seen by the build."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from damages import Change, Damage, equations, nothing, parameters, put, require_seen, rewritten
from pytest import MonkeyPatch

from derive.document import compose
from derive.document.model import Held, Line, Partials
from derive.document.sections import differentials, gradients
from derive.expressions.nodes import Entry
from derive.notation.emitters.latex import Printer
from derive.writers.latex import formulas, writer

LINE = equations("z[j] = sum(W[j,k]*x[k], k) + b[j]", "C = 1/2*sum(z[j]**2, j)", inputs="{x: 2}", parameters="{W: [2, 2], b: 2}")
TWO_VIEWS = LINE.replace("view: index", "view: [matrix, index]")
TWO_LAYERS = """
title: damaged
view: matrix
network: {input: {x: 2}, layers: [dense: {units: 3, activation: tanh}, dense: {units: 2}], loss: half_squared_error}
"""
CHAIN = """
title: damaged
view: scalar
network: {input: {x: 1}, layers: [dense: {units: 1, activation: tanh}, dense: {units: 1}], loss: squared_error}
"""


def another_row(true: Any, self: Any, *args: Any) -> Partials | None:
    found: Partials | None = true(self, *args)
    if found is None or len(found.rows) < 2:
        return found
    first, second, *rest = found.rows
    return Partials((replace(first, zero=second.zero), replace(second, zero=first.zero), *rest))


def partials_exchanged(true: Any, self: Any, *args: Any) -> Partials | None:
    found: Partials | None = true(self, *args)
    if found is None or len(found.rows) < 2:
        return found
    first, second, *rest = found.rows
    return Partials((replace(first, left=second.left), replace(second, left=first.left), *rest))


def zeros_shorter(true: Any, self: Any, row: Held) -> Any:
    return true(self, replace(row, zero=row.zero[:-1]) if len(row.zero) > 1 else row)


def cells_of_the_next_line(true: Any, self: Any, line: Line, *more: Any) -> Any:
    found = true(self, line, *more)
    return [{**c, "lhs": d["lhs"]} for c, d in zip(found, found[1:] + found[:1], strict=True)]


def section(true: Any, change: Any) -> Change:
    """A section of the sheet, changed."""

    def patched(patch: pytest.MonkeyPatch) -> None:
        changed = tuple(partial(change, each) if each is true else each for each in compose.SECTIONS)
        patch.setattr(compose, "SECTIONS", changed)

    return patched


def rows_exchanged(true: Any, composer: Any) -> Any:
    section = true(composer)
    blocks = list(section.blocks)
    (a, b, c, *d), (e, f, g, *h), *rest = blocks[-1].rows
    blocks[-1] = replace(blocks[-1], rows=((a, b, g, *d), (e, f, c, *h), *rest))
    return replace(section, blocks=tuple(blocks))


def shapes_exchanged(true: Any, composer: Any) -> Any:
    section = true(composer)
    blocks = list(section.blocks)
    (a, b, *c), (e, f, *g), *rest = blocks[-1].rows
    blocks[-1] = replace(blocks[-1], rows=((a, f, *c), (e, b, *g), *rest))
    return replace(section, blocks=tuple(blocks))


DAMAGES = [
    Damage(
        "the left-hand side of a line is missing",
        put(
            formulas.Formulas,
            "cells",
            lambda true, self, line, *more: [
                {**c, "lhs": type(c["lhs"])("") if c["lhs"] == "C" else c["lhs"]} for c in true(self, line, *more)
            ],
        ),
        LINE,
        unseen="a line without a left-hand side states nothing",
    ),
    Damage(
        "a line continues the left-hand side of another",
        put(writer, "with_left_sides", lambda true, lines: [replace(line, continues=n > 0) for n, line in enumerate(lines)]),
        LINE,
    ),
    Damage(
        "a cell of the partials has its right-hand side on its left",
        rewritten(formulas.Formulas, "whole_equation", r"^(.*) \\allowbreak = (.*)$", r"\2 \\allowbreak = 0"),
        LINE,
    ),
    Damage(
        "the left and the right cell exchange their left-hand sides",
        put(formulas.Formulas, "cells", cells_of_the_next_line),
        TWO_VIEWS,
    ),
    Damage(
        "both cells have the first one's right-hand side",
        put(
            formulas.Formulas,
            "cells",
            lambda true, self, line, *more: [{**c, "rhs": found[0]["rhs"]} for found in [true(self, line, *more)] for c in found],
        ),
        TWO_VIEWS,
    ),
    Damage("what is set to zero is that of another row", put(differentials, "partials", another_row), LINE, stage="sheet"),
    Damage(
        "what is left of the line is that of another row",
        put(differentials, "partials", partials_exchanged),
        LINE,
        stage="sheet",
    ),
    Damage("one quantity fewer is set to zero", put(formulas.Formulas, "zeros", zeros_shorter), LINE),
    Damage(
        "what moves is set to zero",
        put(
            formulas.Formulas,
            "zeros",
            lambda true, self, row: true(
                self, replace(row, zero=(type(row.zero[0])(Entry.of(row.partial.lhs.by.key)), *row.zero[1:]))
            ),
        ),
        LINE,
    ),
    Damage(
        "nothing is set to zero", put(formulas.Formulas, "zeros", lambda true, self, row: true(self, replace(row, zero=()))), LINE
    ),
    Damage(
        "the gradients in the table stand in the rows of others",
        section(gradients.gradients, rows_exchanged),
        TWO_LAYERS,
        stage="sheet",
    ),
    Damage(
        "the shapes in the table stand in the rows of others",
        section(gradients.gradients, shapes_exchanged),
        TWO_LAYERS,
        stage="sheet",
    ),
    Damage("a name is introduced for another derivative", rewritten(Printer, "spelt_out", r"z", "a"), CHAIN),
    Damage(
        "a frame holds the right-hand side of the line before",
        nothing,
        LINE,
        words=(
            (
                "blocks.tex",
                r"""
((* macro lines(b, prose) *))
\dsstart
((* set before = namespace(rhs='') *))
((* for line in b.lines *))
((* set c = cells(line, b.symbols)[0] *))
((* if line.result *))
\dsresult{((( c.lhs ))) \allowbreak = ((( before.rhs or c.rhs )))}\dsapart
((* set before.rhs = c.rhs *))
((* else *))
\dsline{((( c.lhs )))}{((( c.rhs )))}{}
((* endif *))
((* endfor *))
\dsstop
((* endmacro *))""",
            ),
        ),
    ),
    Damage(
        "left and right of a line are those of two lines",
        nothing,
        LINE,
        words=(
            (
                "blocks.tex",
                r"""
((* macro lines(b, prose) *))
\dsstart
((* for line in b.lines *))
\dsline{((( cells(line, b.symbols)[0].lhs )))}{((( cells(b.lines[0], b.symbols)[0].rhs )))}{}
((* endfor *))
\dsstop
((* endmacro *))""",
            ),
        ),
    ),
    Damage(
        "a row of partials shows the partial of the first row",
        nothing,
        LINE,
        words=(
            (
                "blocks.tex",
                r"""
((* macro partials(b, prose) *))
\dsstart
((* for row in b.rows *))
\dspartial{((( zeros(row) )))}{((( held_cell(row, row.left[0].shown) )))}{((( held_cell(row, b.rows[0].partial) )))}
((* endfor *))
\dsstop
((* endmacro *))""",
            ),
        ),
    ),
]


@pytest.mark.parametrize("damage", parameters(DAMAGES))
def test_the_build_sees_a_damage_to_the_layout(damage: Damage, monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    require_seen(damage, monkeypatch, tmp_path)
