"""What earns which point, and the usual errors with what they look like."""

from __future__ import annotations

from collections.abc import Sequence

from ... import mistakes
from ...calculus.steps import Derivation, Step
from ...document.context import Context
from ...document.model import Mark, UsualError
from .kind import Parts
from .showing import shown

OFTEN = (
    "itself", "slope_forgotten", "transpose_forgotten", "outer_reversed", "wrong_activation", "bias_disappears",
    "bias_like_weight", "one_path", "other_path", "shared_path", "softmax_diagonal", "one_factor_moves", "count_lost",
    "one_example", "chain_stopped", "sign", "inner_forgotten", "two_lost", "constant_lost", "bias_stays", "slope_at_output",
    "value_for_slope", "product_of_changes", "wrong_signal", "wrong_weight", "preactivation", "quotient_sign",
    "outer_forgotten",
)  # fmt: skip
"""Mal-rules in the order in which teachers name them; the others come after, as the catalogue has them."""

OF_A_STEP = ("uphill", "rate_forgotten", "step_alone", "gradient_alone")
"""The usual errors of a step of gradient descent. They are no lines of the derivation."""


def spread(points: int, parts: int) -> list[int]:
    """Points over so many parts, evenly; what is left over goes to the last ones, where the result stands."""
    each, rest = divmod(points, parts)
    return [each + (1 if place >= parts - rest else 0) for place in range(parts)]


def marks(points: int, parts: Parts) -> tuple[Mark, ...]:
    """The points of a question over its parts: every step earns something, so of fewer points each stands for several steps."""
    if 0 < points < len(parts):
        sizes = spread(len(parts), points)[::-1]  # the result is the last to share its point
        starts = [sum(sizes[:n]) for n in range(points)]
        return tuple(_together(parts[start : start + size]) for start, size in zip(starts, sizes, strict=True))
    shares = spread(points, len(parts))
    return tuple(Mark(share, key, about) for share, (key, about) in zip(shares, parts, strict=True) if share)


def _together(parts: Parts) -> Mark:
    return Mark(1, *parts[0]) if len(parts) == 1 else Mark(1, "mark_together", {"parts": tuple(parts)})


def usual_errors(context: Context, derivation: Derivation, step: Step | None, most: int | None = None) -> tuple[UsualError, ...]:
    """The mal-rules that apply to the asked step, the likeliest first, one line for each, in the sheet's first view.

    most: how many; without it as many as the spec says.
    """
    if step is None:
        return ()
    out: dict[str, UsualError] = {}
    for mistake in mistakes.mistakes(derivation, step):
        out.setdefault(mistake.rule, UsualError(mistake.rule, shown(context, mistake.wrong)))
    return _likeliest(context, tuple(out.values()), most)


def errors_of_a_step(context: Context) -> tuple[UsualError, ...]:
    return _likeliest(context, tuple(UsualError(rule) for rule in OF_A_STEP if rule in mistakes.malrules()), None)


def _likeliest(context: Context, errors: Sequence[UsualError], most: int | None) -> tuple[UsualError, ...]:
    if most is None:
        most = context.spec.homework.usual_errors if context.spec.homework else 4
    order = {rule: place for place, rule in enumerate(OFTEN)}
    return tuple(sorted(errors, key=lambda e: order.get(e.rule, len(order)))[:most])
