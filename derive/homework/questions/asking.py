"""Which questions: what the spec asks for, or a selection that goes once through the derivation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from ... import mistakes
from ...calculus.steps import Derivation
from ...errors import SpecError, did_you_mean
from ...expressions.system import COUNT, cotangent, is_cotangent, primal
from ...notation.spellings import Vocabulary, named_by, vocabulary
from ...spec import Spec
from ...spec.homework import Ask, Homework
from .kind import Wanted
from .kinds import KINDS
from .paths import lines_down, way_down

MOST = 4
"""So many questions of one kind in the selection that is made where the spec asks for none."""

PER_KIND = 12
"""So many questions at most from one entry that says nothing of what it is about."""


def wanted(spec: Spec, derivation: Derivation) -> tuple[Wanted, ...]:
    """The questions, in order. Raises SpecError where a name is not one that this can be asked of."""
    homework = spec.homework or Homework()
    asks = homework.questions or _selection(derivation)
    words = vocabulary(derivation, dict(spec.glyphs))
    found: dict[tuple[str | None, ...], Wanted] = {}
    for place, ask in enumerate(asks):
        some = list(_of(ask, place, spec, derivation, words))
        if not (ask.of or KINDS[ask.kind].free):  # all that there are, but for what has been asked already
            some = [one for one in some if _same(one) not in found]
        for one in some[: ask.number or (PER_KIND if not ask.of else len(some))]:
            if _same(one) in found:
                number = list(found).index(_same(one)) + 1
                raise SpecError(
                    f"the question `{one.kind.name}{f': {one.target}' if one.target else ''}` is asked twice",
                    place=spec.place("homework", "questions", place),
                    hint=f"it is question {number} already, and would have the same answer; leave one of the two out",
                )
            found[_same(one)] = one
        if not some and homework.questions:
            raise SpecError(
                f"there is nothing left to ask with `{ask.kind}`",
                place=spec.place("homework", "questions", place),
                hint="what it can be asked of stands in the questions above already" if found else "",
            )
    return tuple(found.values())


def _same(wanted: Wanted) -> tuple[str | None, ...]:
    """What makes a question another one."""
    return (wanted.kind.name, wanted.key, wanted.target, wanted.ask.text, wanted.ask.mistake)


def _selection(derivation: Derivation) -> tuple[Ask, ...]:
    """One of each kind, and the gradients: once through the derivation."""
    system = derivation.system
    parameters = [t.key for t in system.parameters if t.key in derivation.gradients]
    parameters.sort(key=lambda k: -(system.tensors[k].layer or 0))
    if not parameters:
        return (Ask(kind="differential", number=2), Ask(kind="gradient", number=MOST))
    line = next((s for s in derivation.of("held")), None)
    shaped = [k for k in parameters if system.tensors[k].shape]
    shaped.sort(key=lambda k: len(set(system.tensors[k].shape)) < 2)  # first one whose transpose has another shape
    out = [Ask(kind="shape", of=(shaped[0],))] if shaped else []
    if line is not None:
        out += [Ask(kind="differential", of=(line.about,)), Ask(kind="partial", of=(line.about,), number=2)]
    asked = parameters[:MOST] if len(parameters) > MOST else parameters[:-1] or parameters
    out.append(Ask(kind="gradient", of=tuple(asked)))
    if derivation.system.objective is not None:
        if len(system.equations) <= 12 and all(prod(t.shape) <= 12 for t in system.tensors.values()):
            out += [Ask(kind="value", of=(system.objective, cotangent(parameters[0]))), Ask(kind="step", of=(parameters[0],))]
        # about what no question above asks for: their lines would be its answer
        rest = [k for k in derivation.gradients if system.tensors[k].role in ("parameter", "input") and k not in asked]
        if parameters[-1] in rest and _may_be_wrong(derivation, parameters[-1], asked):
            out.append(Ask(kind="find_error", of=(parameters[-1],)))
            rest.remove(parameters[-1])
        rest = [k for k in rest if any(mistakes.mistakes(derivation, s) for s in derivation.of("gradient", k)[-1:])]
        out += [Ask(kind="choice", of=(cotangent(k),)) for k in rest[:1]]
    return tuple(out)


def _may_be_wrong(derivation: Derivation, about: str, asked: Sequence[str]) -> bool:
    """Whether a usual error changes one of the lines down to `about` that are left when those to `asked` are found."""
    known: set[str] = set()
    for key in asked:
        known |= {*way_down(derivation, key, known), key}
    return any(mistakes.mistakes(derivation, step) for step in lines_down(derivation, about, known))


def _of(ask: Ask, place: int, spec: Spec, derivation: Derivation, words: Vocabulary) -> Iterator[Wanted]:
    kind = KINDS[ask.kind]
    if kind.free and not ask.of:
        yield Wanted(kind, "", None, ask, "", place)
        return
    targets = kind.targets(derivation)
    by = None if ask.by is None else _key(ask.by, place, spec, derivation, words)
    for name in ask.of or (None,):
        found = kind.selected(targets, None if name is None else _key(name, place, spec, derivation, words), by)
        if not found and name is not None:
            names = [words.spelling(k) for k in targets]
            raise SpecError(
                f"`{kind.name}` cannot be asked of `{name}`" + (f" by `{ask.by}`" if by is not None else ""),
                place=spec.place("homework", "questions", place),
                hint=did_you_mean(name, names) or f"it can be asked of {', '.join(names[:12])}",
            )
        for key in found:
            yield Wanted(kind, key, targets[key], ask, words.spelling(key), place)


def _key(name: str, place: int, spec: Spec, derivation: Derivation, words: Vocabulary) -> str:
    """The key of a name: `W.1`, `W1`, `dC/dW.1`, `delta2`, `dz1`."""
    tensors = derivation.system.tensors
    if is_cotangent(name) and primal(name) in tensors:
        return name
    if name in tensors and name != COUNT:
        return name
    key = named_by(name.replace(".", ""), words) or named_by(name, words)
    if key is None or not (key.removeprefix("d ") in tensors or is_cotangent(key)):
        known = [n for n, k in words.keys.items() if k in tensors or is_cotangent(k)]
        where = spec.place("homework", "questions", place)
        raise SpecError(f"`{name}` is not a quantity of this sheet", place=where, hint=did_you_mean(name, known))
    return key
