"""Derivation + checks -> Sheet: which sections there are, in which order, under which head.

The sections are always the same: the network, the forward pass, the differential of each line, substitute downward, read off the
gradients, check with numbers. A spec may ask for more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ..calculus.steps import Derivation
from ..checks.readback import numbers
from ..checks.verify import Check
from ..expressions.views import View
from ..numbers.given_values import FREE
from ..spec import Spec
from ..spec.theme import look
from . import signs as notation_signs
from .context import Context, context
from .model import Lines, Partials, Prose, Section, Sheet
from .sections import average, chain_rule, differentials, exploration, forward, gradients, network, substitution
from .sections import numbers as worked_numbers

SECTIONS: tuple[Callable[[Context], Section | None], ...] = (
    exploration.question,
    network.network,
    forward.forward,
    differentials.differentials,
    substitution.substitution,
    chain_rule.chain_rule,
    gradients.gradients,
    average.average,
    exploration.explore,
    worked_numbers.numbers,
)
"""In their order. A section that has nothing to say in a sheet is None there."""


def compose(spec: Spec, derivation: Derivation, checks: Sequence[Check], asked: Sequence[View]) -> Sheet:
    """The worked-solution sheet of a spec. The checks must have passed (verify.require)."""
    about = context(spec, derivation, checks, asked)
    sections = [found for section in SECTIONS if (found := section(about)) is not None]
    return headed(about, [with_notation(about, s, sections) if s.key in ("network", "equations") else s for s in sections])


def headed(about: Context, sections: Sequence[Section]) -> Sheet:
    """A sheet of these sections, under the head that the spec gives it."""
    spec = about.spec
    return Sheet(
        title=spec.title,
        subtitle=spec.subtitle or "",
        author=spec.author or "",
        course=spec.course or "",
        date=str(spec.date or ""),
        look=look(spec),
        name=name_of(spec),
        sections=tuple(s for s in sections if s.blocks),
        symbols=about.symbols,
        views=about.views,
        derivation=about.derivation,
        reference=reference(about),
    )


def reference(about: Context) -> numbers.Reference | None:
    """The exact pass of the sheet's numbers, worked once more for whoever reads back what is printed."""
    if about.worked is None:
        return None
    rate = about.worked.rate if about.worked.exact_rate is None else about.worked.exact_rate
    given = {t.key: about.worked.best(t.key) for t in about.system.tensors.values() if t.role not in FREE}
    return numbers.reference(about.derivation, given, rate)


def with_notation(about: Context, section: Section, sections: Sequence[Section]) -> Section:
    """The section with a word on the signs that the sheet's formulas use."""
    lines = [line for s in sections for b in s.blocks if isinstance(b, Lines) for line in b.lines]
    partials = [row.partial for s in sections for b in s.blocks if isinstance(b, Partials) for row in b.rows]
    shown = [*(form.shown for line in lines for form in line.forms), *partials]
    signs = notation_signs.signs(shown, about.system, about.symbols.signs)
    return Section(section.key, (*section.blocks, Prose("notation", {"signs": signs}))) if signs else section


def name_of(spec: Spec) -> str:
    """What labels call the sheet: its file's name, or its title where it has none, in characters that a label may have."""
    place = spec.place("title")
    stem = Path(place.file).stem if place is not None and place.file and not place.file.startswith("<") else spec.title
    return re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-").lower() or "sheet"
