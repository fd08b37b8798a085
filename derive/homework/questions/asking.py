"""Which questions: what the spec asks for, or a selection that goes once through the derivation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ... import mistakes
from ...calculus.steps import Derivation, Step
from ...errors import SpecError, did_you_mean
from ...expressions.nodes import Partial
from ...expressions.system import COUNT, System, cotangent, is_cotangent, lhs_of, primal
from ...expressions.traversal import entries
from ...notation.spellings import Vocabulary, named_by, vocabulary
from ...spec import Spec
from ...spec.homework import Ask, Homework


@dataclass(frozen=True)
class Wanted:
    """One question before it is written: its kind, the key it is about, and what the spec says of it.

    key: of a tensor, or `bar key` of a cotangent. step: the step whose result is asked for. place: in the list of the spec.
    """

    kind: str
    key: str
    step: Step | None
    ask: Ask
    target: str
    place: int


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
        if not (ask.of or ask.kind == "ask"):  # all that there are, but for what has been asked already
            some = [one for one in some if _same(one) not in found]
        for one in some[: ask.number or (PER_KIND if not ask.of else len(some))]:
            if _same(one) in found:
                number = list(found).index(_same(one)) + 1
                raise SpecError(
                    f"the question `{one.kind}{f': {one.target}' if one.target else ''}` is asked twice",
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
    return (wanted.kind, wanted.key, wanted.target, wanted.ask.text, wanted.ask.mistake)


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
        if len(system.equations) <= 12 and all(_size(t.shape) <= 12 for t in system.tensors.values()):
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


LINES = 6
"""So many lines at most among which an error is to be found."""


def lines_down(derivation: Derivation, about: str, known: Collection[str]) -> list[Step]:
    """The last gradient lines on the way down to `about`, and its own; without what is known, which would be told here."""
    keys = [k for k in way_down(derivation, about) if k not in known]
    steps = [derivation.of("gradient", k)[-1] for k in (*keys, about)]
    return [s for s in steps if s.rules][-LINES:]


def way_down(derivation: Derivation, about: str, known: Iterable[str] = ()) -> tuple[str, ...]:
    """The cotangents on the way from the cost down to `about`, from the top; those behind a known one are not needed."""
    found: set[str] = set()
    ahead = [about]
    while ahead:
        key = ahead.pop()
        for user in users(derivation.system, key):
            if user not in found and user in derivation.gradients:
                found.add(user)
                if user not in known:
                    ahead.append(user)
    return tuple(k for k in derivation.gradients if k in found)


def users(system: System, key: str) -> tuple[str, ...]:
    """The quantities that are computed from this one directly."""
    return tuple(lhs_of(e).key for e in system.equations if any(n.key == key for n in entries(e.rhs)))


def _size(shape: tuple[int, ...]) -> int:
    out = 1
    for n in shape:
        out *= n
    return out


def _of(ask: Ask, place: int, spec: Spec, derivation: Derivation, words: Vocabulary) -> Iterator[Wanted]:
    if ask.kind == "ask" and not ask.of:
        yield Wanted("ask", "", None, ask, "", place)
        return
    known = _possible(ask.kind, derivation)
    keys = [_key(name, place, spec, derivation, words) for name in ask.of] if ask.of else list(known)
    for key, name in zip(keys, ask.of or keys, strict=True):
        if ask.kind == "partial":
            yield from _partials(ask, key, place, spec, derivation, words)
            continue
        found = cotangent(key) if ask.kind == "choice" and cotangent(key) in known else key
        if ask.kind in ("gradient", "find_error", "shape", "step") and is_cotangent(found):
            found = primal(found)
        if found not in known and ask.kind != "ask":
            names = [words.spelling(k) for k in known]
            raise SpecError(
                f"`{ask.kind}` cannot be asked of `{name}`",
                place=spec.place("homework", "questions", place),
                hint=did_you_mean(name, names) or f"it can be asked of {', '.join(names[:12])}",
            )
        step = known.get(found) if ask.kind != "ask" else _any_step(found, derivation)
        about = cotangent(found) if ask.kind in ("gradient", "find_error") else found
        target = words.spelling(f"d {found}" if ask.kind == "differential" else about)
        yield Wanted(ask.kind, found, step, ask, target, place)


def _possible(kind: str, derivation: Derivation) -> dict[str, Step | None]:
    """What a kind of question can be asked of, with the step that answers it."""
    system = derivation.system
    gradients = {k: derivation.of("gradient", k)[-1] for k in derivation.gradients if derivation.of("gradient", k)}
    parameters = {t.key: gradients[t.key] for t in system.parameters if t.key in gradients}
    lines = {s.about: s for s in derivation.of("differential")}
    if kind == "differential":
        return dict(lines)
    if kind == "partial":
        return {s.about: s for s in derivation.of("partial")}
    if kind in ("gradient", "find_error"):
        return {k: s for k, s in (gradients if kind == "gradient" else parameters or gradients).items() if not _given(s)}
    if kind == "shape":
        return {k: s for k, s in parameters.items() if system.tensors[k].shape} or dict(parameters)
    if kind == "step":
        return dict(parameters) if system.objective is not None else {}
    forward: dict[str, Step | None] = {s.about: s for s in derivation.of("forward")}
    backward: dict[str, Step | None] = {cotangent(k): s for k, s in gradients.items()}
    return backward if kind == "choice" else {**forward, **backward}


def _given(step: Step) -> bool:
    return not step.rules


def _any_step(key: str, derivation: Derivation) -> Step | None:
    steps = derivation.of("gradient", primal(key)) if is_cotangent(key) else derivation.of("differential", key)
    return steps[-1] if steps else None


def _key(name: str, place: int, spec: Spec, derivation: Derivation, words: Vocabulary) -> str:
    """The key of a name: `W.1`, `W1`, `dC/dW.1`, `delta2`."""
    tensors = derivation.system.tensors
    if is_cotangent(name) and primal(name) in tensors:
        return name
    if name in tensors and name != COUNT:
        return name
    key = named_by(name.replace(".", ""), words) or named_by(name, words)
    if key is None or not (key in tensors or is_cotangent(key)):
        known = [n for n, k in words.keys.items() if k in tensors or is_cotangent(k)]
        where = spec.place("homework", "questions", place)
        raise SpecError(f"`{name}` is not a quantity of this sheet", place=where, hint=did_you_mean(name, known))
    return key


def _partials(ask: Ask, key: str, place: int, spec: Spec, derivation: Derivation, words: Vocabulary) -> Iterator[Wanted]:
    by = None if ask.by is None else _key(ask.by, place, spec, derivation, words)
    found = False
    for step in derivation.of("partial", key):
        lhs = step.result.lhs
        assert isinstance(lhs, Partial)
        if by in (None, lhs.by.key):
            found = True
            yield Wanted("partial", key, step, ask, words.spelling(f"partial {lhs.of.key} {lhs.by.key}"), place)
    if not found:
        lines = [words.spelling(s.about) for s in derivation.of("partial")]
        what = f"`{words.spelling(key)}` has no partial derivative" + (f" by `{ask.by}`" if ask.by else "")
        raise SpecError(
            what, place=spec.place("homework", "questions", place), hint=f"partials are of {', '.join(dict.fromkeys(lines))}"
        )
