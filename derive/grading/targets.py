"""What can be asked about a derivation, by name, and all the values by which an answer is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..calculus.steps import Derivation, Step
from ..document import pipeline
from ..expressions.nodes import Differential, Entry, Index, Partial
from ..expressions.system import Equation, cotangent, is_cotangent, primal
from ..expressions.traversal import entries, free_indices
from ..mistakes import SECTIONS, points, value_at
from ..mistakes.propagate import named
from ..notation.spellings import ONES, Vocabulary, named_by, partial_key, vocabulary
from ..numbers import draw, rounding
from ..numbers.draw import Pass
from ..numbers.evaluate import Array, Values
from ..spec import Spec
from ..spec.languages import ENGLISH
from .verdicts import Voice, voice


@dataclass(frozen=True)
class Question:
    """What is asked for: its plain name and its key, the right equation, the step that has it (None for a value), the indices."""

    name: str
    key: str
    right: Equation
    step: Step | None
    axes: tuple[Index, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(a.size for a in self.axes)


@dataclass
class Sheet:
    """All that answers to one derivation are judged by.

    values: the numbers of the sheet, if it has any, with all cotangents. numbers: the pass that they come from, where that is
    known. voice: in which language answers are spoken of.
    """

    derivation: Derivation
    words: Vocabulary
    values: Values | None = None
    numbers: Pass | None = None
    voice: Voice = field(default_factory=voice)

    def __post_init__(self) -> None:
        self.worlds: dict[str, tuple[Values, ...]] = {"points": tuple(map(self._all, points(self.derivation)))}
        if self.values is not None:
            self.worlds["numbers"] = (self._all(self.values),)
        self._by_hand: Pass | None = None

    def with_numbers(self, numbers: Pass | None) -> Sheet:
        """The same sheet with the numbers of a pass."""
        values = _complete(self.derivation, numbers.values) if numbers is not None else None
        return Sheet(self.derivation, self.words, values, numbers, self.voice)

    def tolerance(self, key: str, right: Array) -> float:
        """How far each number of `key` may be off: what the answer key says."""
        if self.numbers is None:
            return rounding.tolerance(right)
        hand = self.by_hand()
        known = key in hand.exact or key in hand.values
        return rounding.tolerance(right, np.asarray(hand.best(key), dtype=float) if known else None)

    def by_hand(self) -> Pass:
        """The sheet's numbers as they come out for someone who goes on with rounded ones."""
        assert self.numbers is not None
        if self._by_hand is None:
            self._by_hand = draw.by_hand(self.derivation, self.numbers)
        return self._by_hand

    def _all(self, values: Values) -> Values:
        """With all else that an answer may name: ones, and the partials of single numbers."""
        out = dict(values)
        if self.derivation.system.examples is not None:
            out[ONES] = np.ones(self.derivation.system.examples)
        for step in self.derivation.of("partial"):
            lhs = step.result.lhs
            if not free_indices(lhs.of) and not free_indices(lhs.by):
                out[partial_key(lhs)] = value_at(step.result, values)
        return out

    def question(self, target: str | Step) -> Question | None:
        """The question that a name or a step stands for; None where there is none."""
        if isinstance(target, Step):
            return self._of_step(target)
        derivation = self.derivation
        key = named_by(target, self.words)
        if key is None:
            return None
        if is_cotangent(key):
            steps = derivation.of("gradient", primal(key))
        elif key.startswith("d "):
            steps = derivation.of("differential", key[2:])
        elif key.startswith("partial "):
            steps = tuple(s for s in derivation.of("partial") if partial_key(s.result.lhs) == key)
        else:
            steps = derivation.of("forward", key)
        return self._of_step(steps[-1]) if steps else None

    def _of_step(self, step: Step) -> Question | None:
        lhs = step.result.lhs
        if isinstance(lhs, Partial):
            key = partial_key(lhs)
            axes = tuple(dict.fromkeys([*free_indices(lhs.of), *free_indices(lhs.by)]))
            if lhs.of.key == self.derivation.system.objective and cotangent(lhs.by.key) in self.words.keys.values():
                key = cotangent(lhs.by.key)
        elif isinstance(lhs, Entry | Differential):
            entry = lhs.entry if isinstance(lhs, Differential) else lhs
            key = f"d {entry.key}" if isinstance(lhs, Differential) else entry.key
            axes = tuple(i for i in entry.indices if isinstance(i, Index))
        else:
            return None
        return Question(self.words.spelling(key), key, step.result, step if step.section in SECTIONS else None, axes)

    def leads_back(self, key: str, asked: Question) -> bool:
        """Whether `key`, which an answer names, is what is asked for, or is computed from it on the way back."""
        if key == asked.key:
            return True
        return is_cotangent(key) and is_cotangent(asked.key) and primal(asked.key) in self.above(primal(key))

    def above(self, about: str) -> list[str]:
        """The keys whose cotangents lead to that of `about`, the nearest first."""
        gradients = self.derivation.gradients
        found: dict[str, None] = {}
        ahead = [about] if about in gradients else []
        while ahead:
            for entry in entries(named(self.derivation, ahead.pop(0)).rhs):
                if is_cotangent(entry.key) and primal(entry.key) in gradients and primal(entry.key) not in found:
                    found[primal(entry.key)] = None
                    ahead.append(primal(entry.key))
        return list(found)


def sheet_of(source: Spec | Derivation, values: Mapping[str, Array] | None = None, language: str | None = None) -> Sheet:
    """The sheet of a spec, whose derivation is made anew, or of a derivation; its numbers by key.

    language: instead of the spec's own. Raises SpecError where there are no words of it.
    """
    if isinstance(source, Spec):
        derivation = pipeline.derive(source)
        words, said = vocabulary(derivation, dict(source.glyphs)), voice(language or source.language, source.own[1])
    else:
        derivation, words, said = source, vocabulary(source), voice(language or ENGLISH)
    return Sheet(derivation, words, None if values is None else _complete(derivation, values), None, said)


def _complete(derivation: Derivation, values: Mapping[str, Array]) -> Values:
    """The numbers of a sheet with every cotangent, and no change of anything."""
    out: Values = {k: np.asarray(v, dtype=float) for k, v in values.items()}
    for key in derivation.seeds:
        out.setdefault(cotangent(key), np.ones(derivation.system.tensors[key].shape))
    with np.errstate(all="ignore"):
        for key, equation in derivation.gradients.items():
            if cotangent(key) not in out:
                out[cotangent(key)] = value_at(equation, out)
    for tensor in derivation.system.tensors.values():
        out[f"d {tensor.key}"] = np.zeros(tensor.shape)
    return out
