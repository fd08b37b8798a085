"""The usual errors, made on purpose: what a student gets who follows a mal-rule of the catalogue.

    mistakes(derivation, step)       every mal-rule that applies to a step, with the line as the student writes it
    followed(derivation, m, values)  what the student gets who makes this one mistake and works on correctly

A mal-rule is a small rewrite: of a part of a forward line (`changes`), of a whole line as it stands on the sheet (`lines`), or of
the ways on which a cotangent arrives (here). What it makes of one line is carried upwards by the calculus itself (`propagate`).
None of them is trusted: a wrong line is kept only where, at random points, it differs from the right one and from all others.

The errors are those that teachers of calculus and of backpropagation report. On mal-rules: Sleeman, Basic algebra revisited
(1984); Brown and Burton, Diagnostic models for procedural bugs in basic mathematical skills (1978).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sympy import Expr, S

from ..calculus import differential, rewrites
from ..calculus.steps import Derivation, Step
from ..checks.verify import random_point
from ..expressions.nodes import Differential, Entry, Index, Partial, add
from ..expressions.system import HELD, Equation, cotangent, is_cotangent
from ..expressions.traversal import free_indices, nodes, size, transform
from ..network.catalogue import malrules
from ..notation.index_letters import Alphabet
from ..numbers import evaluate
from ..numbers.evaluate import Array, Values
from .changes import Candidate, within, wrong_changes
from .lines import Line, partial_lines, wrong_lines
from .propagate import Lines, changed_terms, contributions, named, partial_value, put_in, tidy, with_partial, written_out

__all__ = ["SECTIONS", "Mistake", "differ", "followed", "malrules", "mistakes", "points", "value_at"]

SECTIONS = ("differential", "partial", "gradient")

POINTS = 6
"""Random points at which lines are compared. At fewer, all units of a small ReLU network may be on by chance."""

APART = 1e-6
"""Two lines differ where they are further apart than this part of the larger one."""

SMALL = 1e-6
"""Below this a value is 0, but for rounding: the slope of a softmax of one unit."""

EACH = 3
"""So many wrong lines at most for one mal-rule."""


@dataclass(frozen=True)
class Mistake:
    """A step, and the line that stands there where a student follows the mal-rule `rule`, a key of malrules.yaml."""

    rule: str
    step: Step
    wrong: Equation


def mistakes(derivation: Derivation, step: Step) -> tuple[Mistake, ...]:
    """Every mal-rule that applies to a step, each with a line that is really another one; in the order of the catalogue.

    Nothing for a step that is not a differential, a partial or a gradient.
    """
    if step.section not in SECTIONS:
        return ()
    cache: dict[int, tuple[Step, tuple[Mistake, ...]]] = derivation.__dict__.setdefault("_mistakes", {})
    if id(step) not in cache:
        cache[id(step)] = (step, _found(derivation, step))
    return cache[id(step)][1]


def _found(derivation: Derivation, step: Step) -> tuple[Mistake, ...]:
    order = {rule: place for place, rule in enumerate(malrules())}
    allowed = {rule for rule, record in malrules().items() if step.section in record.on}
    lhs = step.result.lhs
    candidates = [c for c in dict.fromkeys(_candidates(derivation, step)) if c[0] in allowed and within(c[1], lhs)]
    candidates.sort(key=lambda c: order[c[0]])
    known = [_everywhere(derivation, step.result)]
    made: dict[str, int] = {}
    alphabet = Alphabet.of(derivation.system)
    out = []
    for rule, rhs in candidates:
        wrong = alphabet.line(Equation(lhs, rhs))
        values = _everywhere(derivation, wrong)
        if values is None or made.get(rule, 0) >= EACH or not all(differ(values, other) for other in known if other is not None):
            continue
        made[rule] = made.get(rule, 0) + 1
        known.append(values)
        out.append(Mistake(rule, step, wrong))
    return tuple(out)


# --- all candidates -----------------------------------------------------------------------------------------------------------


def _candidates(derivation: Derivation, step: Step) -> Iterator[Candidate]:
    yield from wrong_lines(Line(derivation, step))
    if step.section == "differential":
        yield from _differentials(derivation, step)
    elif step.section == "partial":
        equation = derivation.system.defines()[step.about]
        assert isinstance(step.result.lhs, Partial)
        shape = derivation.system.tensors[step.result.lhs.by.key].shape
        for rule, found in _wrong_terms(derivation, equation):
            value = partial_value(found, step.result.lhs, shape)
            if value is not None and value is not S.Zero:
                yield rule, tidy(derivation, value)
        yield from _inner_forgotten(derivation, step)
    else:
        yield from _gradients(derivation, step)


def _held(derivation: Derivation) -> frozenset[str]:
    return frozenset(t.key for t in derivation.system.tensors.values() if t.role in HELD)


def _differentials(derivation: Derivation, step: Step) -> Iterator[Candidate]:
    """As the line is written at that step: as it was differentiated, or with one term for each change."""
    equation = derivation.system.defines()[step.about]
    opened = step != derivation.of("differential", step.about)[0]
    first = frozenset(t.key for t in derivation.system.parameters)
    for rule, change in wrong_changes(equation, _held(derivation)):
        if opened and rule != "product_of_changes":
            value = add(*(t.expr() for t in differential.split(changed_terms(change, equation), first)))
            named_as_shown = [change] if "recognise" in step.rules else []
            yield rule, min(value, rewrites.common_first(value), *named_as_shown, key=size)
        else:
            yield rule, change


def _wrong_terms(derivation: Derivation, equation: Equation) -> Iterator[tuple[str, tuple[differential.Term, ...]]]:
    for rule, change in wrong_changes(equation, _held(derivation)):
        if rule != "product_of_changes":
            yield rule, changed_terms(change, equation)


def _inner_forgotten(derivation: Derivation, step: Step) -> Iterator[Candidate]:
    """∂/∂w of f(w a + b) as f'(w a + b) alone."""
    equation = derivation.system.defines()[step.about]
    inner = getattr(equation.rhs, "argument", None) or (equation.rhs.args[0] if equation.rhs.is_Function else None)
    if inner is not None and not isinstance(inner, Entry):
        slope = differential.slope(equation.rhs, inner)
        shown = derivation.of("differential", step.about)[-1].result.rhs
        if not any(n == slope for n in nodes(shown)):  # the sheet writes it by its value
            slope = transform(slope, lambda n: equation.lhs if n == equation.rhs else None)
        yield "inner_forgotten", slope


def _gradients(derivation: Derivation, step: Step) -> Iterator[Candidate]:
    """A wrong line, a wrong way, or a wrong cotangent that the form has taken in; carried on correctly to this gradient."""
    about, right = step.about, step.result.rhs
    taken_in = written_out(derivation, about, right)
    above = {key: named(derivation, key) for key in taken_in}
    for rule, value in _arriving(derivation, about):
        yield rule, tidy(derivation, put_in(value, above))
    value = named(derivation, about).rhs
    for key in taken_in:
        for rule, other in (*_arriving(derivation, key), *_lines_of(derivation, key)):
            if rule != "chain_stopped":
                wrong = {**above, key: Equation(derivation.gradients[key].lhs, other)}
                yield rule, tidy(derivation, put_in(value, wrong))


def _lines_of(derivation: Derivation, key: str) -> Iterator[Candidate]:
    steps = derivation.of("gradient", key)
    if steps:
        yield from wrong_lines(Line(derivation, steps[0]))


def _arriving(derivation: Derivation, about: str) -> Iterator[Candidate]:
    """The cotangent of `about`, with something wrong on its way from those above it."""
    ways = contributions(derivation, about, {})
    values = [value for _, value in ways]
    right = add(*values)
    rule = "shared_path" if derivation.system.tensors[about].role == "parameter" else "other_path"
    if len(ways) > 1:
        for place in range(len(ways)):
            yield rule, values[place]
        for place in range(len(ways) if len(ways) > 2 else 0):
            yield rule, add(*values[:place], *values[place + 1 :])
    yield "chain_stopped", transform(right, lambda n: S.One if isinstance(n, Entry) and is_cotangent(n.key) else None)
    for source, _ in ways:
        for found, lines in _wrong_lines_of(derivation, source, about):
            gone = found == "bias_disappears"  # from all lines that use it, not from one alone
            yield found, S.Zero if gone else add(*(value for _, value in contributions(derivation, about, lines)))


def _wrong_lines_of(derivation: Derivation, source: str, about: str) -> Iterator[tuple[str, Lines]]:
    """The line `source` with another partial by `about`."""
    equation = derivation.system.defines()[source]
    weight = derivation.system.tensors[about].role == "parameter"
    for step in derivation.of("partial", source):
        partial = step.result.lhs
        assert isinstance(partial, Partial)
        if partial.by.key == about:
            for rule, value in (*partial_lines(Line(derivation, step)), *_inner_forgotten(derivation, step)):
                if within(value, partial) and (weight or rule not in ("bias_stays", "bias_one")):
                    yield rule, {source: with_partial(derivation, partial, value)}
    for rule, found in _wrong_terms(derivation, equation):
        if any(t.entry.key == about for t in found):
            yield rule, {source: found}


# --- numbers ------------------------------------------------------------------------------------------------------------------


def points(derivation: Derivation) -> tuple[Values, ...]:
    """Random points: the forward pass, all cotangents, and a change `d x` of every tensor x."""
    found: tuple[Values, ...] | None = derivation.__dict__.get("_points")
    if found is None:
        found = tuple(_point(derivation, np.random.default_rng([31, number])) for number in range(POINTS))
        derivation.__dict__["_points"] = found
    return found


def _point(derivation: Derivation, rng: np.random.Generator) -> Values:
    values = dict(random_point(derivation.system, rng))
    for key in derivation.seeds:
        values[cotangent(key)] = rng.normal(size=derivation.system.tensors[key].shape)
    with np.errstate(all="ignore"):
        for key, equation in derivation.gradients.items():
            values[cotangent(key)] = value_at(equation, values)
    return values | {f"d {key}": change for key, change in _changes(derivation, values, rng).items()}


def _changes(derivation: Derivation, values: Values, rng: np.random.Generator) -> Values:
    """The change of every tensor where inputs and parameters change at random: what never changes, changes nothing."""
    tensors = derivation.system.tensors
    moving = {t.key: rng.normal(size=t.shape) for t in tensors.values() if t.role in ("input", "parameter")}
    given = {k: v for k, v in values.items() if k in tensors}
    with np.errstate(all="ignore"):
        out = evaluate.run(derivation.system, evaluate.tilt(given, moving))
    return {k: np.zeros(t.shape) for k, t in tensors.items()} | {k: evaluate.tilted(v) for k, v in out.items()}


def value_at(equation: Equation, values: Mapping[str, Array]) -> Array:
    """The right-hand side over the free indices of the left-hand side."""
    return evaluate.evaluate(equation.rhs, values, _free(equation.lhs))


def _free(lhs: Expr) -> tuple[Index, ...]:
    if isinstance(lhs, Partial):
        return tuple(dict.fromkeys([*free_indices(lhs.of), *free_indices(lhs.by)]))
    entry = lhs.entry if isinstance(lhs, Differential) else lhs
    return tuple(i for i in entry.indices if isinstance(i, Index))


def _everywhere(derivation: Derivation, equation: Equation) -> tuple[Array, ...] | None:
    """The values at all points; None where one of them is not a number."""
    with np.errstate(all="ignore"):
        found = tuple(value_at(equation, values) for values in points(derivation))
    return found if all(np.all(np.isfinite(v)) for v in found) else None


def differ(first: tuple[Array, ...], second: tuple[Array, ...]) -> bool:
    """Whether two lines have different values at one of the points."""
    for a, b in zip(first, second, strict=True):
        if a.shape != b.shape:
            return True
        scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)), SMALL)
        if float(np.max(np.abs(a - b), initial=0.0)) > APART * scale:
            return True
    return False


# --- working on ---------------------------------------------------------------------------------------------------------------


def followed(derivation: Derivation, mistake: Mistake, values: Mapping[str, Array]) -> Values:
    """All cotangents, `bar x` for each x, as a student gets them who makes this one mistake and works on correctly from there.

    values: the forward pass, and the cotangents of the derivation's seeds (ones where they are missing).
    """
    step = mistake.step
    lines: Lines = {}
    if step.section == "partial":
        assert isinstance(mistake.wrong.lhs, Partial)
        lines = {step.about: with_partial(derivation, mistake.wrong.lhs, mistake.wrong.rhs)}
    elif step.section == "differential":
        equation = derivation.system.defines()[step.about]
        lines = {step.about: changed_terms(mistake.wrong.rhs, equation)}
    touched = {t.entry.key for t in derivation.terms.get(step.about, ())} if lines else set()
    out: Values = dict(values)
    for key in derivation.seeds:
        out.setdefault(cotangent(key), np.ones(derivation.system.tensors[key].shape))
    with np.errstate(all="ignore"):
        for key in derivation.gradients:
            if step.section == "gradient" and key == step.about:
                right = mistake.wrong
            else:
                right = named(derivation, key, lines if key in touched else None)
            out[cotangent(key)] = value_at(right, out)
    return out
