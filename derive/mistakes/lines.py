"""Mal-rules on a line as it stands on the sheet: a factor exchanged, an index in the wrong place, a sum or a sign lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sympy import Add, Expr, Mul, Pow, S

from ..calculus import rewrites
from ..calculus.steps import Derivation, Step, tensor_of
from ..expressions.matching import match
from ..expressions.nodes import Differential, Elementwise, Entry, Index, Partial, Total, Where, add, mul, neg, rebuild, total
from ..expressions.system import COUNT, Equation, Tensor, cotangent, is_cotangent, lhs_of, primal
from ..expressions.traversal import entries, factors, free_indices, nodes, rename, terms, transform
from .changes import Candidate, softmax_slope, wrong_slopes
from .propagate import users


@dataclass(frozen=True)
class Line:
    """The result of a step, and what a mal-rule asks about it."""

    derivation: Derivation
    step: Step

    @property
    def right(self) -> Expr:
        return self.step.result.rhs

    @property
    def lhs(self) -> Expr:
        return self.step.result.lhs

    def tensor(self, key: str) -> Tensor:
        return tensor_of(self.derivation.system, key)

    def uses(self) -> list[Equation]:
        """The forward lines that the quantity of a partial or a gradient is used in."""
        if isinstance(self.lhs, Partial):
            return [self.derivation.system.defines()[self.step.about]]
        return list(users(self.derivation).get(self.step.about, ()))

    def activated(self, key: str) -> Equation | None:
        """The line a = f(z), where `key` is that of z."""
        for equation in self.derivation.system.equations:
            rhs = equation.rhs
            if isinstance(rhs, Elementwise) and isinstance(rhs.argument, Entry) and rhs.argument.key == key:
                return equation
        return None


def wrong_lines(line: Line) -> Iterator[Candidate]:
    """The right-hand sides that mal-rules make of the line as it stands."""
    for malrule in _ALL + _ON.get(line.step.section, ()):
        yield from malrule(line)


# --- slopes, numbers and signs: in any line -----------------------------------------------------------------------------------


def _slopes(line: Line) -> Iterator[Candidate]:
    slopes = [n for n in dict.fromkeys(nodes(line.right)) if isinstance(n, Elementwise) and n.order == 1]
    for slope in slopes:
        value = _value(line, slope)
        for rule, other in wrong_slopes(slope.name, slope.argument, value):
            yield rule, _replaced(line.right, slope, other)


def _value(line: Line, slope: Elementwise) -> Expr:
    """What f(u) is called, for the slope f'(u)."""
    value = Elementwise.of(slope.name, slope.argument)
    for equation in line.derivation.system.equations:
        if isinstance(equation.rhs, Elementwise):
            names = match(equation.rhs, value, frozenset(free_indices(equation.lhs)))
            if names is not None:
                return rename(equation.lhs, names)
    return value


def _numbers(line: Line) -> Iterator[Candidate]:
    found = sorted({abs(n) for n in nodes(line.right) if n.is_Number and _is_coefficient(n, line.right)}, key=str)
    for number in found:
        rule = "two_lost" if number == 2 else "constant_lost"
        yield rule, _without(line.right, partial(_is_number, number))
    yield "count_lost", _without(line.right, _is_count)


def _is_number(number: Expr, factor: Expr) -> bool:
    return bool(factor.is_Number and abs(factor) == number)


def _is_count(factor: Expr) -> bool:
    """Whether a factor is 1/N."""
    return isinstance(factor, Pow) and any(e.key == COUNT for e in entries(factor))


def _is_coefficient(number: Expr, expr: Expr) -> bool:
    return number not in (S.One, S.NegativeOne, S.Zero) and any(isinstance(n, Mul) and number in n.args for n in nodes(expr))


def _without(expr: Expr, lost: Callable[[Expr], bool]) -> Expr:
    """Without those factors; of a negative number the sign stays."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Mul) and any(lost(f) for f in node.args):
            return mul(*(_without(f, lost) if not lost(f) else (S.NegativeOne if f.is_negative else S.One) for f in node.args))
        return None

    return _outside_conditions(expr, rule)


def _sign(line: Line) -> Iterator[Candidate]:
    """A difference turned round, or else a minus lost."""
    flipped = _flipped(line.right)
    if flipped is not None:
        yield "sign", flipped
        return
    found = terms(line.right)
    minus = [t for t in found if factors(t)[0].is_Number and factors(t)[0].is_negative]
    if minus:
        yield "sign", add(*(neg(t) if t in minus else t for t in found))


def _flipped(expr: Expr) -> Expr | None:
    """-`expr`, by turning round the first difference that is a factor of it."""
    if isinstance(expr, Add):
        minus = [f for f in expr.args if factors(f)[0].is_Number and factors(f)[0].is_negative]
        if not minus or any(isinstance(n, Differential) for n in nodes(expr)):
            return None
        return rewrites.positive_first(neg(expr))
    if isinstance(expr, Mul | Total):
        for place, inner in enumerate(expr.args[: 1 if isinstance(expr, Total) else None]):
            turned = _flipped(inner)
            if turned is not None:
                return rebuild(expr, [*expr.args[:place], turned, *expr.args[place + 1 :]])
    return None


# --- differentials ------------------------------------------------------------------------------------------------------------


def _bias_in_differential(line: Line) -> Iterator[Candidate]:
    for term in line.derivation.terms[line.step.about]:
        if term.coefficient is S.One and line.tensor(term.entry.key).role == "parameter":
            left = [t for t in terms(line.right) if t != Differential(term.entry)]
            if len(left) < len(terms(line.right)):
                yield "bias_disappears", add(*left)


# --- partials -----------------------------------------------------------------------------------------------------------------


def partial_lines(line: Line) -> Iterator[Candidate]:
    """What only a partial shows; what is made of it is lifted to the gradient."""
    lhs = line.lhs
    assert isinstance(lhs, Partial)
    line_terms = line.derivation.terms[lhs.of.key]
    role = line.tensor(lhs.by.key).role
    if line.right is S.One:
        if role == "parameter":
            yield "bias_disappears", S.Zero
            yield from _like_a_weight(line, lhs)
        return
    biases = [
        t.entry
        for t in line_terms
        if t.coefficient is S.One and t.entry.key != lhs.by.key and line.tensor(t.entry.key).role == "parameter"
    ]
    for bias in biases[:1]:
        yield "bias_stays", add(line.right, bias)
        yield "bias_one", add(line.right, S.One)
    inside = [f for f in factors(line.right) if isinstance(f, Entry) and not _constant(line, f) and _stands_once(f, line.right)]
    for entry in inside[:1]:
        yield "itself", _replaced(line.right, entry, lhs.by)
        if len(line_terms) > 1:
            yield "factor_forgotten", _replaced(line.right, entry, S.One)


def _stands_once(entry: Entry, expr: Expr) -> bool:
    """In g (1 - g) the entry g is no factor that could be forgotten."""
    return sum(isinstance(n, Entry) and n.key == entry.key for n in nodes(expr)) == 1


def _like_a_weight(line: Line, lhs: Partial) -> Iterator[Candidate]:
    """∂z/∂b = a, as if the bias were multiplied by the activation, too."""
    free = list(dict.fromkeys([*free_indices(lhs.of), *free_indices(lhs.by)]))
    for term in line.derivation.terms[lhs.of.key]:
        factor = term.coefficient
        if line.tensor(term.entry.key).role == "parameter" and isinstance(factor, Entry):
            names = {}
            for index in free_indices(factor):
                same = [i for i in free if i.size == index.size]
                if index not in free and len(same) == 1:
                    names[index] = same[0]
            yield "bias_like_weight", rename(factor, names)


def _constant(line: Line, entry: Entry) -> bool:
    return line.tensor(entry.key).role in ("constant", "target")


def _partial_transposed(line: Line) -> Iterator[Candidate]:
    for entry in entries(line.right):
        if _square(line, entry):
            yield "transpose_forgotten", _replaced(line.right, entry, _swapped(entry))


# --- gradients ----------------------------------------------------------------------------------------------------------------


def _transposed(line: Line) -> Iterator[Candidate]:
    bound = {i for n in nodes(line.right) if isinstance(n, Total) for i in n.indices}
    for entry in entries(line.right):
        if _square(line, entry) and len(bound & set(entry.indices)) == 1:
            yield "transpose_forgotten", _replaced(line.right, entry, _swapped(entry))
    names = [i for i in line.lhs.indices if isinstance(i, Index)]
    if len(names) == 2 and names[0].size == names[1].size and line.tensor(line.lhs.key).batch is None:
        swap = {names[0]: Index("#a", names[0].size), names[1]: names[0]}
        turned = rename(rename(line.right, swap), {swap[names[0]]: names[1]})
        yield "outer_reversed", turned


def _square(line: Line, entry: Entry) -> bool:
    shape = line.tensor(entry.key).shape
    two = len(entry.indices) == 2 and all(isinstance(i, Index) for i in entry.indices) and len(set(entry.indices)) == 2
    return two and shape[0] == shape[1] and line.tensor(entry.key).batch is None


def _swapped(entry: Entry) -> Entry:
    return Entry.of(entry.key, *reversed(entry.indices))


def _activations(line: Line) -> Iterator[Candidate]:
    """In the gradient or partial of a weight, an activation that is not what it multiplies."""
    about = line.lhs.by.key if isinstance(line.lhs, Partial) else line.step.about
    if line.tensor(about).role != "parameter":
        return
    defined = line.derivation.system.defines()
    for used in line.uses():
        reads = [e for e in entries(used.rhs) if e.key != about and line.tensor(e.key).role in ("input", "intermediate")]
        for entry in entries(line.right):
            if entry.key not in {e.key for e in reads}:
                continue
            after = line.activated(lhs_of(used).key)
            out = lhs_of(after if after is not None else used)
            if line.tensor(out.key).shape == line.tensor(entry.key).shape:
                yield "wrong_activation", _replaced(line.right, entry, Entry.of(out.key, *entry.indices))
            before = defined.get(entry.key)
            if before is not None and isinstance(before.rhs, Elementwise) and isinstance(before.rhs.argument, Entry):
                argument = before.rhs.argument
                if line.tensor(argument.key).shape == line.tensor(entry.key).shape:
                    yield "preactivation", _replaced(line.right, entry, Entry.of(argument.key, *entry.indices))


def _signals(line: Line) -> Iterator[Candidate]:
    if line.tensor(line.step.about).role != "parameter":
        return
    known = [k for k in line.derivation.gradients if line.derivation.system.tensors[k].signal]
    for entry in entries(line.right):
        if is_cotangent(entry.key) and primal(entry.key) in known:
            place = known.index(primal(entry.key))
            for other in (*known[place - 1 : place], *known[place + 1 : place + 2]):
                if line.tensor(other).shape == line.tensor(entry.key).shape:
                    yield "wrong_signal", _replaced(line.right, entry, Entry.of(cotangent(other), *entry.indices))


def _weights(line: Line) -> Iterator[Candidate]:
    """In the error signal, the weights that lead into the layer."""
    if line.tensor(line.step.about).role == "parameter":
        return
    system = line.derivation.system
    definition = system.defines().get(line.step.about)
    if definition is not None and isinstance(definition.rhs, Elementwise) and isinstance(definition.rhs.argument, Entry):
        definition = system.defines().get(definition.rhs.argument.key)
    if definition is None:
        return
    into = [e.key for e in entries(definition.rhs) if line.tensor(e.key).role == "parameter"]
    for entry in entries(line.right):
        if not is_cotangent(entry.key) and line.tensor(entry.key).role == "parameter":
            for key in into:
                if key != entry.key and line.tensor(key).shape == line.tensor(entry.key).shape:
                    yield "wrong_weight", _replaced(line.right, entry, Entry.of(key, *entry.indices))


def _sums(line: Line) -> Iterator[Candidate]:
    """One value of a summed index instead of all."""
    sums = [n for n in dict.fromkeys(nodes(line.right)) if isinstance(n, Total)]
    for found in sums:
        if not any(is_cotangent(e.key) for e in entries(found.body)):
            continue
        for index in found.indices:
            rest = [i for i in found.indices if i != index]
            alone = total(rename(found.body, {index: S.Zero}), *rest)
            rule = "one_example" if _over_examples(line, found.body, index) else "one_path"
            yield rule, _replaced(line.right, found, alone)


def _over_examples(line: Line, body: Expr, index: Index) -> bool:
    batches = ((e, line.tensor(e.key).batch) for e in entries(body))
    return any(axis is not None and e.indices[axis] == index for e, axis in batches)


def _slope_twice(line: Line) -> Iterator[Candidate]:
    """An error signal that has become short, multiplied by the slope that was cancelled."""
    steps = line.derivation.of("gradient", line.step.about)
    inside = any(isinstance(n, Elementwise) and n.order for n in nodes(line.right))
    if inside or line.step != steps[-1] or not isinstance(line.right, Add | Mul):
        return
    names = tuple(i for i in line.lhs.indices if isinstance(i, Index))
    for equation in line.derivation.system.equations:
        rhs = equation.rhs
        slope = softmax_slope(equation)
        if isinstance(rhs, Elementwise):
            slope = Elementwise.of(rhs.name, rhs.argument, 1)
        read = {e.key for e in entries(rhs)}
        if slope is not None and read == {line.step.about} and len(free_indices(equation.lhs)) == len(names):
            aligned = rename(slope, dict(zip(free_indices(equation.lhs), names, strict=True)))
            yield "slope_twice", mul(line.right, aligned)


def _replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    return _outside_conditions(expr, lambda n: new if n == old else None)


def _outside_conditions(expr: Expr, rule: Callable[[Expr], Expr | None]) -> Expr:
    """Rewritten by a rule but for conditions: with another one a line is true wherever both decide alike."""

    def kept(node: Expr) -> Expr | None:
        if isinstance(node, Where) and rule(node) is None:
            condition, *branches = node.args
            return Where(condition, *(_outside_conditions(b, rule) for b in branches))
        return rule(node)

    return transform(expr, kept)


_ALL = (_slopes, _numbers, _sign)
_ON = {
    "differential": (_bias_in_differential,),
    "partial": (partial_lines, _partial_transposed, _activations),
    "gradient": (_transposed, _activations, _signals, _weights, _sums, _slope_twice),
}
