"""What a sheet may say beyond the derivation itself: the question, the chain rule, the average, and what depends on what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sympy import Expr

from . import chain, evaluate, language, network, verify, worked
from .catalogue import U, function, functions
from .derivation import derive
from .errors import DeriveError, EquationError, SpecError, did_you_mean
from .fields import short
from .notation import register, typed
from .sheet import Block, Callout, Figure, Form, Line, Lines, Prose, Section, Table
from .spec import Spec
from .system import COUNT, Equation, System, cotangent, lhs_of
from .tensor import Elementwise, Entry, Partial
from .walk import entries, terms

if TYPE_CHECKING:
    from .compose import _Composer


def definition(name: str, argument: str = "u") -> Equation:
    """f(u) = …, with another letter for u where that is taken."""
    return chain.of_argument(Equation(Elementwise.of(name, U), function(name).definition), argument)


def marked(text: str, system: System, read: Callable[[str, DeriveError], Any] | None = None) -> tuple[Any, ...]:
    """The user's text, with what stands in backquotes as mathematics in the language of the equations, as it was typed.

    read: what is made of a piece that is none of it, or that names layers, and of the error; without it, words are shown as they
    were typed. Raises SpecError for what is meant as an equation and cannot be read.
    """
    parts: list[Any] = []
    for place, piece in enumerate(re.split(r"`([^`]*)`", text)):
        if place % 2 == 0:
            parts.append(piece)
        else:
            parts.append(_maths(piece, system, read))
    return tuple(p for p in parts if p != "")


def _maths(text: str, system: System, read: Callable[[str, DeriveError], Any] | None) -> Any:
    try:
        found = typed.read(text, typed.ranks(system))
        unknown = [name for name in found.names() if name not in found.ranks and (read is not None or not typed.is_letter(name))]
        if unknown and "=" not in text and not is_function(text):
            hint = did_you_mean(unknown[0], found.ranks)
            raise EquationError(f"`{unknown[0]}` is not a name of this sheet", text=text, hint=hint)
        if read is not None and found.layers():  # the sheet's own signs for them
            return read(text, EquationError("a layer is named", text=text))
        return found
    except DeriveError as error:
        if read is not None:
            return read(text, error)
        if typed.is_meant(text):
            raise unreadable(text, error) from None
        return text


def is_function(text: str) -> bool:
    """Whether a text is the name of a function, and nothing else."""
    return text.strip() in {*functions(), *language.BUILT_IN}


def unreadable(text: str, error: DeriveError) -> SpecError:
    """The error for what is meant as an equation."""
    hint = "in backquotes stands mathematics as in `equations:`; code that looks like it stands in a block of its own"
    return SpecError(f"`{short(text)}` in backquotes cannot be read: {error.message}", hint=error.hint or hint)


def in_words(composer: _Composer, key: str) -> Prose | None:
    """dz = dw a + db + w da in a sentence, where a line has that form."""
    terms = composer.derivation.terms[key]
    if len(terms) != 3:
        return None
    weight, bias, below = terms
    fits = weight.coefficient == below.entry and below.coefficient == weight.entry and bias.coefficient == 1
    if not fits or composer.system.tensors[weight.entry.key].role != "parameter":
        return None
    names = {"value": key, "weight": weight.entry.key, "bias": bias.entry.key, "below": below.entry.key}
    return Prose("in_words", {k: Entry.of(v) for k, v in names.items()})


def asked_about(spec: Spec, system: System) -> tuple[str, str] | None:
    """The keys of the pair that the spec explores, of which the second influences the value of the first's gradient."""
    wanted = spec.explore
    if wanted is None:
        return None
    keys = []
    for which, name in (("parameter", wanted.parameter), ("given", wanted.given)):
        known = {k: t for k, t in system.tensors.items() if t.role in ("parameter", "input")}
        found = [k for k, t in known.items() if name in (k, t.base)]
        place = spec.place("explore", which)
        if len(found) != 1:
            names = {n for k, t in known.items() for n in (k, t.base)}
            raise SpecError(
                f"`{name}` is not one parameter or input of this network", place=place, hint=did_you_mean(name, names)
            )
        keys.append(found[0])
    if not chain.is_scalar(system) or system.objective is None:
        raise SpecError(
            "`explore` draws the cost against one number, so it needs a network of single neurons with a cost",
            place=spec.place("explore"),
        )
    return keys[0], keys[1]


def question(composer: _Composer) -> list[Section]:
    """The beginner's question, and its answer in short."""
    pair = asked_about(composer.spec, composer.system)
    if pair is None:
        return []
    key, given = pair
    step = next(s for s in composer.derivation.steps if s.section == "partial" and s.result.lhs.by.key == key)
    line = composer.system.defines()[step.about]
    about = {
        "line": line,
        "partial": Equation(Partial(step.result.lhs.of, step.result.lhs.by), step.result.rhs),
        "parameter": Entry.of(key),
        "given": Entry.of(given),
        "value": Entry.of(step.about),
        "objective": composer.objective(),
    }
    return [Section("question", (Prose("question", about),))]


def explore(composer: _Composer) -> list[Section]:
    """∂C/∂w does not differentiate b, and yet its value depends on b: the second derivative, two numbers, a picture."""
    pair = asked_about(composer.spec, composer.system)
    if pair is None or composer.pass_ is None:
        return []
    key, given = pair
    derivation = composer.derivation
    steps = [*derivation.of("written_out"), *derivation.of("second")]
    view = composer.views[0]
    lines = [Line((Form(view, s.result),), s.rules) for s in steps]
    first = derivation.gradients[key]
    gradient = (Line((Form(view, first),), ("read_off",)), Line((Form(view, steps[0].result),), ("inline",), continues=True))
    partial = next(s for s in derivation.steps if s.section == "partial" and s.result.lhs.by.key == key)
    about = {
        "parameter": Entry.of(key),
        "given": Entry.of(given),
        "value": partial.result.lhs.of,
        "partial": partial.result,
        "partial_rhs": partial.result.rhs,
        "gradient": first.lhs,
        "objective": composer.objective(),
        "given_gradient": derivation.gradients[given],
    }
    curvatures = [chain.curvature(name, composer.symbols.signs.argument) for name in composer.functions()]
    rows, picture = _compared(composer, key, given, partial.about)
    blocks: list[Block] = [
        Prose("not_dropped", about),
        Prose("depends", about),
        Lines(gradient),
        Prose("depends_second", about),
        Prose("with_curvature"),
        Lines(tuple(Line((Form(view, curved),)) for curved in curvatures)),
        Lines(tuple(lines[1:])),
        Prose("depends_numbers", {**about, "curvature": worked.number(_at(composer, steps[-1].result.rhs))}),
        Table("explore", rows),
        Figure("plot", picture, "plot", about),
        Callout("moral", about),
    ]
    return [Section("explore", tuple(blocks))]


def _at(composer: _Composer, expr: Expr) -> Any:
    assert composer.pass_ is not None
    return evaluate.evaluate(expr, composer.pass_.values, ())


def _compared(composer: _Composer, key: str, given: str, line: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The gradient at two values of `given`, and the cost as a function of `key` for both."""
    assert composer.pass_ is not None and composer.system.objective is not None
    system, derivation = composer.system, composer.derivation
    objective = composer.system.objective
    start = {k: v for k, v in composer.pass_.values.items() if k in system.tensors}
    at, here = float(start[key]), float(start[given])
    rows: list[tuple[Any, ...]] = []
    curves = []
    for value, style in ((here, "solid"), (here + 2.0 if here <= 0.5 else here - 2.0, "dashed")):
        point = evaluate.run(system, {**start, given: np.asarray(value)})
        for equation in derivation.gradients.values():
            point[equation.lhs.key] = evaluate.evaluate(equation.rhs, point, ())
        local = next(s for s in derivation.of("partial", line) if s.result.lhs.by.key == key)
        slope_here = float(point[cotangent(key)])
        cost = float(point[objective])

        found = composer.pass_ if not rows else None  # the first point is that of the worked pass
        numbers = {
            quantity: worked.number(point[quantity]) if found is None else found.number(quantity)
            for quantity in (given, line, objective, cotangent(key))
        }
        slope = evaluate.evaluate(local.result.rhs, point, ())
        rows.append(
            (numbers[given], numbers[line], worked.number(slope), numbers[objective], numbers[cotangent(key)]),
        )
        across = np.linspace(at - 4, at + 4, 97)
        heights = [
            float(evaluate.run(system, {**start, given: np.asarray(value), key: np.asarray(w)})[objective]) for w in across
        ]
        points = tuple((float(w), h) for w, h in zip(across, heights, strict=True))
        curves.append((Entry.of(given), numbers[given], points, style, (at, cost, slope_here), numbers[cotangent(key)]))
    headers = (
        Entry.of(given),
        Entry.of(line),
        derivation.of("partial", line)[0].result.lhs,
        composer.objective(),
        Entry.of(cotangent(key)),
    )
    partial = next(s for s in derivation.of("partial", line) if s.result.lhs.by.key == key).result.lhs
    headers = (headers[0], headers[1], Partial(partial.of, partial.by), headers[3], headers[4])
    picture = {"curves": curves, "x": Entry.of(key), "y": composer.objective(), "mark": at}
    return ((headers, *rows)), picture


def chain_rule(composer: _Composer) -> list[Section]:
    """Every partial as a product of the chain rule, beside the same read off the total differential."""
    derivation = composer.derivation
    total = derivation.of("total")
    if not total:
        return []
    view = composer.views[0]
    nested = tuple(Line((Form(view, s.result),), s.rules, continues=n > 0) for n, s in enumerate(total))
    blocks: list[Block] = [
        Prose("nested", {"objective": composer.objective()}),
        Lines(nested),
        Prose("products", {"signals": any(t.signal for t in composer.system.tensors.values())}),
    ]
    for tensor in composer.system.parameters:
        # of what stands in the cost's own line, the first product is ∂C/∂w itself
        steps = [s for s in derivation.of("product", tensor.key) if not isinstance(s.result.rhs, Partial)]
        if steps:
            blocks.append(Lines(tuple(Line((Form(view, s.result),), s.rules, continues=n > 0) for n, s in enumerate(steps))))
    return [Section("chain", tuple(blocks))]


def average(composer: _Composer) -> list[Section]:
    """The average over n training examples: each example has its own forward pass, the gradients are averaged."""
    if not composer.spec.average or composer.system.objective is None or composer.system.examples:
        return []
    system = network.over_examples(composer.system, 4)
    if COUNT not in system.tensors:
        return []  # the cost depends on no example
    derivation = derive(system)
    verify.require(verify.check(derivation, ("index",)))
    glyphs = register.symbols(derivation, composer.spec.labels, composer.spec.glyphs)
    letters = glyphs.signs.letters
    counted = {"count": Entry.of(letters[COUNT]), "example": network.example_index(system)}
    cost = system.equations[-1]
    one = next(e for e in entries(cost.rhs) if system.tensors[e.key].batch is not None)
    top = derivation.of("differential", system.objective or "")[0]
    one_example = Entry.of(letters.get(one.key, one.key), *one.indices)
    each = [e for e in system.equations if lhs_of(e).key == f"{system.objective} each"]
    lines = [Line((Form("index", e),), ("definition",)) for e in (*each, cost)] + [Line((Form("index", top.result),), top.rules)]
    signals = [k for k in derivation.gradients if system.tensors[k].signal]
    found = []
    for key in [*signals[:1], *(t.key for t in system.parameters)]:
        if key in derivation.gradients:
            steps = derivation.of("gradient", key)
            found.append(
                Line(
                    (Form("index", steps[-1].result),),
                    ("read_off",) if key not in signals else ("inline",),
                    result=key not in signals,
                )
            )
    blocks: list[Block] = [
        Prose(
            "average",
            {"objective": composer.objective(), **counted, "each": one_example, "once": len(terms(cost.rhs)) > 1},
        ),
        Lines(tuple(lines), glyphs, derivation),
        Prose("average_gradients", {**counted, "signals": bool(signals)}),
        Lines(tuple(found), glyphs, derivation),
    ]
    return [Section("average", tuple(blocks))]
