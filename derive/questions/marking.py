"""What earns which point, and the usual errors with what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import mistakes
from ..sheet import Form, Line, Mark, UsualError
from ..steps import Derivation, Step

ERRORS = 5
"""So many usual errors at most stand at one question."""


def spread(points: int, parts: int) -> list[int]:
    """Points over so many parts, evenly; what is left over goes to the last ones, where the result stands."""
    each, rest = divmod(points, parts)
    return [each + (1 if place >= parts - rest else 0) for place in range(parts)]


def marks(points: int, parts: Sequence[tuple[str, dict[str, Any]]]) -> tuple[Mark, ...]:
    """The points of a question over its parts; what earns none is not listed."""
    shares = spread(points, len(parts))
    return tuple(Mark(share, key, about) for share, (key, about) in zip(shares, parts, strict=True) if share)


def usual_errors(composer: Any, derivation: Derivation, step: Step | None, most: int = ERRORS) -> tuple[UsualError, ...]:
    """The mal-rules that apply to the asked step, one line for each, in the sheet's first view."""
    if step is None:
        return ()
    out: dict[str, UsualError] = {}
    for mistake in mistakes.mistakes(derivation, step):
        if mistake.rule not in out and len(out) < most:
            out[mistake.rule] = UsualError(mistake.rule, shown(composer, mistake.wrong))
    return tuple(out.values())


def shown(composer: Any, equation: Any, rules: tuple[str, ...] = ()) -> Line:
    """An equation in the sheet's first view."""
    from ..notation import views

    view = composer.views[0]
    return Line((Form(view, views.shown(equation, view, composer.system)),), rules)
