"""The editions of a spec's sheet: worked, homework, solutions, marking, and the ladder of faded ones."""

from __future__ import annotations

from collections.abc import Sequence

from ..calculus.steps import Derivation
from ..checks import verify
from ..document.model import Sheet
from ..document.pipeline import check, derive, sheet
from ..errors import DeriveError
from ..spec import Spec
from ..spec.homework import Homework
from ..writers.latex.escape import escape
from . import faded as ladder
from .sheet import Variant, edition
from .sheet import homework as composed

TEXTS = ("title", "subtitle", "author", "course", "date", "introduction")


def worked(found: Spec, derivation: Derivation | None = None) -> Sheet:
    """The checked sheet.

    Raises CheckFailed, naming the step, where an equation is wrong; SpecError for a text that cannot be set.
    """
    for field in TEXTS:
        try:
            escape(str(getattr(found, field) or ""))
        except DeriveError as error:
            raise error.at(found.place(field)) from None
    return sheet(found, derivation)


def homework(found: Spec, derivation: Derivation | None = None, variant: Variant | None = None) -> Sheet:
    """The checked sheet with questions, their solutions and marks; `edition` makes of it what is handed out."""
    derivation = derivation or derive(found)
    checks = check(derivation)
    verify.require(checks)
    return composed(found, derivation, checks, derivation.asked, variant)


def sheets(found: Spec, editions: Sequence[str] = ("worked",)) -> dict[str, Sheet]:
    """The sheets of several editions, by what is added to the file's name: "", "-homework", "-faded-1", …"""
    derivation = derive(found)
    out: dict[str, Sheet] = {}
    whole: Sheet | None = None
    for which in dict.fromkeys(editions):
        if which == "worked":
            out[""] = worked(found, derivation)
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
    whole = worked(found, derivation)
    settings = (found.homework or Homework()).faded
    return ladder.rungs(whole, settings), ladder.key(whole)
