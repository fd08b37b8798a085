"""The solution of each kind of question, made of the lines of the derivation and of the worked numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ... import mistakes
from ...calculus.steps import Derivation
from ...document.context import Context
from ...document.model import Labelled, Line, Lines, Partials, Prose, Value, Values
from ...document.sections import differentials, numbers, substitution
from ...errors import SpecError
from ...expressions.nodes import Differential, Entry
from ...expressions.system import Equation, cotangent, is_cotangent, primal
from ...expressions.traversal import entries
from ...numbers import random_stream
from .asking import Wanted, lines_down, way_down
from .marking import errors_of_a_step, marks, shown, usual_errors
from .own import own, own_text, place_of
from .solved import Solved


@dataclass
class Done:
    """What earlier questions have found already, each with the number of its question: later ones start from there."""

    gradients: dict[str, int] = field(default_factory=dict)
    lines: set[str] = field(default_factory=set)
    values: dict[str, int] = field(default_factory=dict)

    def note(self, derivation: Derivation, wanted: Wanted, number: int, keys: Iterable[str] = ()) -> None:
        """What a question finds; keys: the quantities that it computes."""
        if wanted.kind == "gradient":
            path = way_down(derivation, wanted.key, self.gradients)
            self.lines |= set(path)
            for key in (*path, wanted.key):
                self.gradients.setdefault(key, number)
        for key in keys if wanted.kind == "value" else ():
            self.values.setdefault(key, number)


def solve(context: Context, wanted: Wanted, done: Done, number: int, seed: int) -> Solved:
    """One question with its solution. seed: of what is drawn besides numbers (the order of answers, the hidden error)."""
    solved = _KINDS[wanted.kind](context, wanted, done, seed)
    if wanted.ask.text is not None and wanted.kind != "ask":
        solved = replace(solved, ask=own_text(context, wanted.ask.text, place_of(context, wanted)))
    if isinstance(wanted.ask.hint, str):
        solved = replace(solved, hint=own_text(context, wanted.ask.hint, place_of(context, wanted)))
    done.note(context.derivation, wanted, number, solved.keys)
    return solved


def _points(wanted: Wanted, default: int) -> int:
    return default if wanted.ask.points is None else wanted.ask.points


def _differential(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    lines = differentials.differential_lines(context, wanted.key, {})
    terms = context.derivation.terms[wanted.key]
    parts = [("mark_term", {"change": Entry.of(t.entry.key), "value": context.entry(wanted.key)}) for t in terms[:4]]
    parts = parts or [("mark_value", {"what": Differential(Entry.of(wanted.key))})]  # nothing in it changes anything
    equation = context.system.defines()[wanted.key]
    line = shown(context, equation).forms[0].shown
    used = {e.key for e in entries(equation.rhs)}
    held = [e for e in differentials.held_symbols(context) if e.key in used]
    about = {"line": line, "of": Entry.of(wanted.key), "held": held}
    return Solved(
        Prose("differential", about),
        (Lines(lines),),
        marks(_points(wanted, len(parts)), parts),
        errors=usual_errors(context, context.derivation, context.derivation.of("differential", wanted.key)[-1]),
        hint=lines[0].rules,
    )


def _partial(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    step = wanted.step
    assert step is not None
    lhs = step.result.lhs
    rows = differentials.partials(context, wanted.key, {})
    found = [r for r in (rows.rows if rows else ()) if r.partial.lhs == lhs]
    solution: Any = Partials(tuple(found)) if found else Lines((context.line(step, {}),))
    held = [Entry.of(h.key) for h in dict.fromkeys(Entry.of(e.key) for e in lhs.held)]
    others = Entry.of(lhs.by.key) if lhs.by.indices else None  # the other entries wait as well
    parts = [("mark_held", {"held": held, "others": others})] * bool(held) + [("mark_result", {"what": lhs})]
    return Solved(
        Prose("partial", {"of": lhs.of, "by": lhs.by, "held": held}),
        (solution, *([Prose("other_entries", {"what": others})] if others else [])),
        marks(_points(wanted, len(parts)), parts),
        errors=usual_errors(context, context.derivation, step),
        hint=("partial",),
    )


def _objective(context: Context) -> dict[str, Any]:
    """What the last line computes; `own`: by equations of the spec's own, which need not call it a cost."""
    return {"objective": context.objective(), "own": not context.system.blocks}


def _substituted(context: Context, key: str) -> Iterator[Line]:
    """The line in which the change of `key` is replaced by what it is made of."""
    for step in context.derivation.of("substitute", key):
        rules = ("substitute",) if key != context.system.objective else ("total",)
        yield Line(context.forms(step.result), rules)
        yield from substitution.arranged(context, step, {})


def _gradient(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    derivation, key = context.derivation, wanted.key
    path = way_down(derivation, key, done.gradients)
    known = [k for k in path if k in done.gradients]
    lines: list[Line] = []
    named = substitution.first_signal(context, [k for k in (*path, key) if k not in known])
    if not known and context.system.objective is not None:
        lines += substitution.downward(context, context.system.objective, (), {}, named)
    for k in path:
        if k not in known:
            lines += substitution.downward(context, k, (), {}, named)
        else:  # written out once, its last form is enough
            again = list(_substituted(context, k))
            lines += [replace(n, continues=False) for n in again[-1:]] if k in done.lines else again
    final = substitution.gradient_lines(context, key, {}, named)
    blocks: list[Any] = []
    if known:
        blocks.append(Prose("from_earlier", {"known": [(Entry.of(cotangent(k)), done.gradients[k]) for k in known]}))
    blocks += [Lines((*lines, *final))]
    parts: list[tuple[str, dict[str, Any]]] = [
        ("mark_cotangent", {"what": Entry.of(cotangent(k))}) for k in path if k not in done.gradients
    ]
    parts.append(("mark_result", {"what": Entry.of(cotangent(key))}))
    return Solved(
        Prose("gradient", {"what": Entry.of(cotangent(key)), "by": Entry.of(key), **_objective(context)}),
        tuple(blocks),
        marks(_points(wanted, len(parts)), parts),
        errors=usual_errors(context, derivation, wanted.step),
        hint=(lines or list(final))[0].rules,
    )


def _shape(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    tensor = context.system.tensors[primal(wanted.key) if is_cotangent(wanted.key) else wanted.key]
    about = {"what": Entry.of(cotangent(tensor.key)), "by": Entry.of(tensor.key), "shape": tensor.shape}
    mark = marks(_points(wanted, 1), [("mark_shape", about)])
    return Solved(Prose("shape", about), (Prose("shape_answer", about),), mark, hint=Prose("shape", about))


def _pass(context: Context, wanted: Wanted) -> Any:
    if context.worked is None:
        raise SpecError(f"`{wanted.kind}` needs numbers, and there are none", place=context.spec.place("homework"))
    return context.worked


def _ancestors(context: Context, key: str) -> tuple[str, ...]:
    """The defined quantities that a value is computed from, in order, itself the last."""
    defines = context.system.defines()
    found, ahead = {key}, [key]
    while ahead:
        for entry in entries(defines[ahead.pop()].rhs):
            if entry.key in defines and entry.key not in found:
                found.add(entry.key)
                ahead.append(entry.key)
    return tuple(k for k in defines if k in found)


def _value(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    found = _pass(context, wanted)
    key = wanted.key
    scalar = all(t.shape == () for t in context.system.tensors.values())
    if is_cotangent(key):
        about = primal(key)
        known = {primal(k) for k in done.values if is_cotangent(k)}
        path = [*way_down(context.derivation, about, known), about]
        keys = [cotangent(k) for k in dict.fromkeys(path) if k not in known or k == about]
        rows = [numbers.gradient_value(context, primal(k), found, scalar) for k in keys]
        equations = [context.derivation.gradients[primal(k)] for k in keys]
    else:
        keys = [k for k in _ancestors(context, key) if k not in done.values or k == key]
        rows = [numbers.value(context, k, found, scalar) for k in keys]
        equations = [context.system.defines()[k] for k in keys]
    rows = [_with_formula(context, row, equation) for row, equation in zip(rows, equations, strict=True)]
    parts: list[tuple[str, dict[str, Any]]] = [("mark_value", {"what": Entry.of(k)}) for k in keys]
    new = is_cotangent(key) and primal(key) not in done.gradients
    about_ = {"what": Entry.of(key), "style": found.style or "", "backward": is_cotangent(key), **_objective(context)}
    return Solved(
        Prose("value", about_),
        (Values(tuple(rows)),),
        marks(_points(wanted, len(parts)), parts),
        errors=usual_errors(context, context.derivation, wanted.step) if new else (),
        hint=Prose("value", about_),
        keys=tuple(keys),
    )


def _with_formula(context: Context, row: Value, equation: Equation) -> Value:
    """In the index view an array is named as a whole; how its entries are computed is said before."""
    if not isinstance(row.shown, Equation) or row.shown.lhs != row.shown.rhs:
        return row
    return replace(row, formula=shown(context, equation).forms[0].shown)


def _step(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    found = _pass(context, wanted)
    tensor = context.system.tensors[wanted.key]
    about: dict[str, Any] = {"what": Entry.of(wanted.key), "rate": found.rate_number(), "by": Entry.of(cotangent(wanted.key))}
    about |= _objective(context)
    parts: list[tuple[str, dict[str, Any]]] = [("mark_rule", about), ("mark_value", {"what": Entry.of(wanted.key)})]
    gradient = numbers.gradient_value(context, wanted.key, found, False)
    return Solved(
        Prose("step", about),
        (
            Values((_with_formula(context, gradient, context.derivation.gradients[wanted.key]),)),
            Values((numbers.stepped(context, tensor, found),)),
        ),
        marks(_points(wanted, 2), parts),
        errors=errors_of_a_step(context),
        hint=Prose("step", about),
        keys=(f"after {wanted.key}",),
    )


def _find_error(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    """All gradient lines down to a parameter, one of them wrong by a mal-rule."""
    derivation = context.derivation
    about = wanted.key
    steps = lines_down(derivation, about, done.gradients)
    found = [(n, m) for n, s in enumerate(steps) for m in mistakes.mistakes(derivation, s)]
    if wanted.ask.mistake is not None:
        found = [(n, m) for n, m in found if m.rule == wanted.ask.mistake]
    if not found:
        rules = sorted({m.rule for s in steps for m in mistakes.mistakes(derivation, s)})
        raise SpecError(
            f"the mal-rule `{wanted.ask.mistake or 'any'}` changes no line of this derivation",
            place=context.spec.place("homework", "questions", wanted.place),
            hint=f"these do: {', '.join(rules)}" if rules else "",
        )
    at, chosen = found[next(random_stream.words("find_error", str(seed), wanted.target)) % len(found)]
    rows = [shown(context, chosen.wrong if n == at else s.result) for n, s in enumerate(steps)]
    line = {"line": at + 1, "key": steps[at].about, "count": len(steps)}
    about_ = {"what": Entry.of(cotangent(about)), "rule": chosen.rule, **line}
    right = shown(context, steps[at].result)
    reasons = (Prose("error_reason"),) * 2
    parts: list[tuple[str, dict[str, Any]]] = [("mark_found", about_), ("mark_corrected", about_)]
    return Solved(
        Prose("find_error", about_),
        (Prose("error_answer", about_), Lines((right,)), Prose("error_reason", about_)),
        marks(_points(wanted, 2), parts),
        given=(Labelled(tuple((f"({n + 1})", row) for n, row in enumerate(rows))),),
        hint=Prose("find_error", about_),
        others=tuple((Prose("error_answer"), Lines((shown(context, s.result),)), *reasons) for s in steps),
    )


MANY = 20
"""So many usual errors are drawn from."""


def _choice(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    """The right line among lines that are wrong for a reason."""
    step = wanted.step
    assert step is not None
    errors = usual_errors(context, context.derivation, step, MANY)
    drawn = random_stream.words("choice", str(seed), wanted.target)
    right = shown(context, step.result)
    wrong = sorted(errors, key=lambda e: next(drawn))[:3]
    rows: list[tuple[int, Line, str]] = [(next(drawn), right, ""), *((next(drawn), e.line, e.rule) for e in wrong if e.line)]
    rows.sort(key=lambda r: r[0])
    letters = [(chr(ord("A") + n), line, rule) for n, (_, line, rule) in enumerate(rows)]
    answer = next(letter for letter, _, rule in letters if not rule)
    about = {"what": Entry.of(wanted.key), "answer": answer, "wrong": [(a, rule) for a, _, rule in letters if rule]}
    return Solved(
        Prose("choice", about),
        (Prose("choice_answer", about),),
        marks(_points(wanted, 1), [("mark_choice", about)]),
        given=(Labelled(tuple((letter, line) for letter, line, _ in letters), boxes=True),),
        hint=Prose("choice", about),
    )


_KINDS: Mapping[str, Any] = {
    "differential": _differential,
    "partial": _partial,
    "gradient": _gradient,
    "shape": _shape,
    "value": _value,
    "step": _step,
    "find_error": _find_error,
    "choice": _choice,
    "ask": lambda context, wanted, done, seed: own(context, wanted),
}
