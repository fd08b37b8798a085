"""What questions and their solutions show of a derivation, and of the worked numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...document.context import Context
from ...document.model import Form, Line, Value
from ...errors import SpecError
from ...expressions.system import Equation
from ...notation import views
from ...numbers.draw import Pass
from .kind import Wanted


def shown(context: Context, equation: Any, rules: tuple[str, ...] = ()) -> Line:
    """An equation in the sheet's first view."""
    view = context.views[0]
    return Line((Form(view, views.shown(equation, view, context.system)),), rules)


def with_formula(context: Context, row: Value, equation: Equation) -> Value:
    """In the index view an array is named as a whole; how its entries are computed is said before."""
    if not isinstance(row.shown, Equation) or row.shown.lhs != row.shown.rhs:
        return row
    return replace(row, formula=shown(context, equation).forms[0].shown)


def objective(context: Context) -> dict[str, Any]:
    """What the last line computes; `own`: by equations of the spec's own, which need not call it a cost."""
    return {"objective": context.objective(), "own": not context.system.blocks}


def worked(context: Context, wanted: Wanted) -> Pass:
    """The numbers of the sheet. Raises SpecError where there are none."""
    if context.worked is None:
        raise SpecError(f"`{wanted.kind.name}` needs numbers, and there are none", place=context.spec.place("homework"))
    return context.worked
