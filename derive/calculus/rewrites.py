"""The few named rewrites that bring a result into the form a textbook prints.

Each returns an equal expression, or the same one where it does not apply; each has an entry in the rule book. None of them is
trusted: every expression they make is checked with numbers like any other (verify.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy
from sympy import Add, Expr, Mul, Pow, S

from ..expressions.matching import match
from ..expressions.nodes import Elementwise, Entry, Example, Index, Total, Where, add, mul, neg, power, rebuild, total
from ..expressions.system import COUNT, Fact
from ..expressions.traversal import factors, free_indices, fresh, like_terms, nodes, numbered, rename, size, terms, transform


def gathered_factors(parts: Iterable[Expr]) -> list[Expr]:
    """Factors with equal bases gathered at the place of the first: x … x^-1 vanishes."""
    exponents: dict[Expr, Expr] = {}
    for part in parts:
        base, exponent = (part.base, part.exp) if isinstance(part, Pow) and part.exp.is_number else (part, S.One)
        exponents[base] = exponents.get(base, S.Zero) + exponent
    return [power(base, exponent) for base, exponent in exponents.items()]


def gathered(expr: Expr) -> Expr:
    """Equal factors of each term written once, as a power."""
    return add(*(mul(*gathered_factors(factors(term))) for term in terms(expr)))


def reduced(expr: Expr) -> Expr:
    """Equal factors above and below a fraction gone, also under a Σ: p (1/p) dp as dp."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Mul):
            return None
        bases: dict[Expr, set[bool]] = {}
        for part in node.args:
            base, positive = (
                (part.base, bool(part.exp.is_positive)) if isinstance(part, Pow) and part.exp.is_number else (part, True)
            )
            bases.setdefault(base, set()).add(positive)
        parts = gathered_factors(node.args) if any(len(signs) > 1 for signs in bases.values()) else node.args
        return mul(*(reduced(p) for p in parts))

    return transform(expr, rule)


# --- terms, products and sums -------------------------------------------------------------------------------------------------


def _open(expr: Expr) -> list[tuple[list[Expr], list[Index]]]:
    if isinstance(expr, Add):
        return [t for part in expr.args for t in _open(part)]
    if isinstance(expr, Total):
        return [(parts, [*expr.indices, *bound]) for parts, bound in _open(expr.body)]
    if isinstance(expr, Mul):
        opened: list[tuple[list[Expr], list[Index]]] = [([], [])]
        for factor in expr.args:
            joined = []
            for parts, bound in opened:
                for more, inner in _open(factor):
                    joined.append(_joined(parts, bound, more, inner))
            opened = joined
        return opened
    return [([expr], [])]


def _joined(parts: list[Expr], bound: list[Index], more: list[Expr], inner: list[Index]) -> tuple[list[Expr], list[Index]]:
    """Two products under their sums as one; bound indices that clash get another letter."""
    taken = [n for p in (*parts, *more) for n in nodes(p) if isinstance(n, Index)] + [*bound, *inner]

    def apart(mine: list[Expr], summed: list[Index], others: list[Expr]) -> tuple[list[Expr], list[Index]]:
        names = {n.name for p in others for n in nodes(p) if isinstance(n, Index)}
        change: dict[Index, Expr] = {}
        for index in summed:
            if index.name in names:
                other = fresh(index, taken)
                taken.append(other)
                change[index] = other
        return [rename(p, change) for p in mine], [c for i in summed for c in [change.get(i, i)] if isinstance(c, Index)]

    more, inner = apart(more, inner, parts)
    parts, bound = apart(parts, bound, more)
    return [*parts, *more], [*bound, *inner]


def cancelled(expr: Expr) -> Expr:
    """Each product opened, equal factors above and below gone, what a Σ does not touch in front of it."""
    out = []
    for parts, bound in _open(expr):
        kept = gathered_factors(f for part in parts for f in factors(part))
        inside = [f for f in kept if any(i in bound for i in free_indices(f))]
        outside = [f for f in kept if f not in inside]
        used = [b for b in bound if any(b in free_indices(f) for f in inside)]
        out.append(mul(*_times(outside, [b for b in bound if b not in used]), total(mul(*inside), *used)))
    return like_terms(out)


def _times(parts: Sequence[Expr], unused: Sequence[Index]) -> list[Expr]:
    """The factors, counted as often as a Σ on which nothing depends says: N times over the examples, so that Σ_n 1/N is 1."""
    count = sympy.prod([i.size for i in unused if not isinstance(i, Example)])
    examples = [Entry.of(COUNT) for i in unused if isinstance(i, Example)]
    return [count, *gathered_factors([*examples, *parts])] if examples else [count, *parts]


def outside(expr: Expr) -> Expr:
    """What a Σ does not touch in front of it: Σ_i v̄ (x_i - μ) as v̄ Σ_i (x_i - μ)."""

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Total):
            return None
        over = [i for i in node.indices if isinstance(i, Example)]
        if isinstance(node.body, Add) and any(i not in free_indices(t) for t in node.body.args for i in over):
            return add(*(outside(total(t, *node.indices)) for t in node.body.args))
        inside = [f for f in factors(node.body) if any(i in node.indices for i in free_indices(f))]
        front = [f for f in factors(node.body) if f not in inside]
        unused = [i for i in node.indices if not any(i in free_indices(f) for f in inside)]
        if (isinstance(node.body, Mul) and front) or any(i in unused for i in over):
            return mul(*_times(front, unused), total(mul(*inside), *(i for i in node.indices if i not in unused)))
        return None

    return transform(expr, rule)


def facts_used(expr: Expr, facts: Sequence[Fact]) -> tuple[Expr, str | None]:
    """Sums that are known replaced by their values, and the reason of the first."""
    if not facts:
        return expr, None
    reason: list[str] = []

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Total):
            for fact in facts:
                assert isinstance(fact.pattern, Total)
                if match(fact.pattern, node, frozenset(free_indices(fact.pattern))) is not None:
                    reason.append(fact.reason)
                    return fact.value
        return None

    return transform(expr, rule), reason[0] if reason else None


def positive_first(expr: Expr) -> Expr:
    """p - y and not -y + p: a term with a plus sign goes to the front where the first has a minus."""
    found = terms(expr)
    if len(found) < 2 or not numbered(found[0])[0].is_negative:
        return expr
    lead = next((i for i, t in enumerate(found) if not numbered(t)[0].is_negative), None)
    return expr if lead is None else add(found[lead], *found[:lead], *found[lead + 1 :])


def common_first(expr: Expr) -> Expr:
    """What all terms have in common in front of a bracket: P_ts (dS_ts - Σ P_tr dS_tr)."""
    found = terms(expr)
    if len(found) < 2:
        return expr
    split = [numbered(t) for t in found]
    left_over = [list(rest) for _, rest in split]
    shared = []
    for f in split[0][1]:
        if all(f in rest for rest in left_over):
            shared.append(f)
            for rest in left_over:
                rest.remove(f)
    numbers = {abs(n) for n, _ in split}
    number = numbers.pop() if len(numbers) == 1 else S.One
    if not shared and number is S.One:
        return expr
    inside = [mul(n / number, *rest) for (n, _), rest in zip(split, left_over, strict=True)]
    return mul(number, *shared, positive_first(add(*inside)))


def signs_out(expr: Expr) -> Expr:
    """Minus signs out of sums and brackets: -Σ (-y_k) as Σ y_k, and -(y - a) as a - y."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Total):
            number, rest = numbered(signs_out(node.body))
            return mul(-1, total(mul(-number, *rest), *node.indices)) if number.is_negative else None
        if isinstance(node, Mul):
            parts = factors(mul(*(signs_out(f) for f in node.args)))
            if parts[0].is_Number and parts[0].is_negative:
                for place, part in enumerate(parts):
                    if isinstance(part, Add) and any(numbered(t)[0].is_negative for t in part.args):
                        turned = positive_first(neg(part))
                        return mul(-parts[0], *parts[1:place], turned, *parts[place + 1 :])
            return mul(*parts)
        return None

    return transform(expr, rule)


def by_value(expr: Expr, values: Mapping[Expr, Expr]) -> Expr:
    """Slopes written with the activation's own value: σ'(z) as a (1 - a). `values` maps f(u) to its name."""
    from ..network.catalogue import U, function

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Elementwise) and node.order == 1:
            value = values.get(Elementwise.of(node.name, node.argument))
            textbook = function(node.name).textbook
            if textbook is None or any(n == U or isinstance(n, Where) for n in nodes(textbook)):
                return None  # not a matter of the value alone
            if value is not None:
                return function(node.name).textbook_slope(node.argument, value)
        return None

    return transform(expr, rule)


def shortest_quotient(expr: Expr) -> Expr:
    """A scalar expression as SymPy's `cancel` writes it, where that is shorter; never across a Σ or a branch."""
    if any(isinstance(n, Total | Where | Elementwise) for n in nodes(expr)) or size(expr) > 120:
        return expr
    stand_ins: dict[Expr, sympy.Symbol] = {}

    def stand_in(node: Expr) -> Expr | None:
        if isinstance(node, Entry):
            return stand_ins.setdefault(node, sympy.Symbol(f"q{len(stand_ins):03d}", real=True))
        return None

    plain = transform(expr, stand_in)
    if plain.free_symbols - set(stand_ins.values()):
        return expr
    short = sympy.factor(sympy.cancel(plain))
    back = {symbol: node for node, symbol in stand_ins.items()}
    result = positive_first(transform(short, lambda n: back.get(n)))
    if isinstance(result, Mul):
        result = rebuild(result, (positive_first(f) for f in result.args))
    result = signs_out(result)
    return result if size(result) < size(expr) else expr
