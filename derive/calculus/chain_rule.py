"""The chain rule beside the total differential, for networks of one neuron a layer.

nested     dC with the differentials substituted one after the other, down to the parameters, on one line each time
products   each ∂C/∂w as the product of the partials along the way, and the same product with what the partials are
second     ∂²C/∂b∂w, by differentiating the derived gradient once more with the same engine
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Expr

from ..expressions.nodes import Differential, Elementwise, Entry, Partial, Second, add, mul
from ..expressions.system import Equation, System, Tensor, cotangent, is_cotangent, primal
from ..expressions.traversal import nodes, transform
from ..network.catalogue import F, U, function
from . import differential, rewrites
from .derive import derive
from .steps import Derivation, Step

PATHS = 4
"""More ways than this from the cost to a parameter are not written out."""


def is_scalar(system: System) -> bool:
    """Whether every tensor is a single number."""
    return all(t.shape == () for t in system.tensors.values())


def extended(derivation: Derivation) -> Derivation:
    """The derivation with the steps `total` and `product`."""
    return replace(derivation, steps=(*derivation.steps, *nested(derivation), *products(derivation)))


def nested(derivation: Derivation) -> list[Step]:
    """Keep substituting: dC in terms of less and less, until you get to the bottom."""
    objective = derivation.system.objective
    assert objective is not None
    lhs = Differential(Entry.of(objective))
    expr = add(*(t.expr() for t in derivation.terms[objective]))
    steps = [Step("total", objective, ("total",), (), Equation(lhs, expr))]
    for equation in reversed(derivation.system.equations):
        entry = equation.lhs
        assert isinstance(entry, Entry)
        change = Differential(entry)
        if not any(n == change for n in nodes(expr)):
            continue
        line = add(*(t.expr() for t in derivation.terms[entry.key]))
        expr = transform(expr, lambda n, change=change, line=line: line if n == change else None)  # type: ignore[misc]
        steps.append(Step("total", objective, ("substitute",), (Equation(change, line),), Equation(lhs, expr)))
    return steps


def products(derivation: Derivation) -> list[Step]:
    """For each parameter the chain rule as a product of partials, summed over the ways, and with the partials put in."""
    objective = derivation.system.objective
    assert objective is not None
    steps = []
    for tensor in derivation.system.parameters:
        ways = _ways(derivation, objective, tensor.key)
        if not ways or len(ways) > PATHS or tensor.key not in derivation.gradients:
            continue
        lhs = Entry.of(cotangent(tensor.key))
        partials = add(*(mul(*(_partial(derivation, a, b) for a, b, _ in way)) for way in ways))
        put_in = add(*(mul(*(c for _, _, c in way)) for way in ways))
        first = Step("product", tensor.key, ("chain",), (), Equation(lhs, partials))
        then = Step("product", tensor.key, ("put_in",), (first.result,), Equation(lhs, put_in))
        last = Step("product", tensor.key, ("name_signal",), (then.result,), derivation.gradients[tensor.key])
        steps += [first, then] + ([last] if last.result != then.result else [])
    return steps


def _partial(derivation: Derivation, of: str, by: str) -> Expr:
    """∂of/∂by along one line. That of the cost says what is held where the cost depends on `by` in other ways too."""
    if of == derivation.system.objective and len(_ways(derivation, of, by)) > 1:
        found = (s.result.lhs for s in derivation.of("partial", of) if s.result.lhs.by.key == by)
        return next(found, Partial(Entry.of(of), Entry.of(by)))
    return Partial(Entry.of(of), Entry.of(by))


def _ways(derivation: Derivation, top: str, bottom: str) -> list[list[tuple[str, str, Expr]]]:
    found = []
    for term in derivation.terms.get(top, ()):
        step = (top, term.entry.key, term.coefficient)
        if term.entry.key == bottom:
            found.append([step])
        else:
            found += [[step, *rest] for rest in _ways(derivation, term.entry.key, bottom)]
        if len(found) > PATHS:
            break
    return found


# --- once more ----------------------------------------------------------------------------------------------------------------


def gradient_system(derivation: Derivation, key: str) -> System:
    """The program that computes ∂C/∂`key`, as a system whose objective is that number."""
    system = derivation.system

    def named(expr: Expr) -> Expr:
        def rule(node: Expr) -> Expr | None:
            if isinstance(node, Entry) and is_cotangent(node.key):
                return Entry.of(f"first {primal(node.key)}", *node.indices)
            return None

        return transform(expr, rule)

    needed = [*system.equations]
    tensors = {
        k: replace(t, role="intermediate", signal=False) if t.role == "objective" else t for k, t in system.tensors.items()
    }
    for about, equation in derivation.gradients.items():
        if system.tensors[about].role in ("input", "parameter") and about != key:
            continue
        name = f"first {about}"
        tensors[name] = Tensor(name, (), "objective" if about == key else "intermediate", name)
        needed.append(Equation(named(equation.lhs), named(equation.rhs)))
        if about == key:
            break
    return System(tensors, tuple(needed), f"first {key}", constants=system.constants)


def second(derivation: Derivation, key: str, by: str) -> list[Step]:
    """∂C/∂`key` in terms of the forward pass alone, ∂/∂`by` of the local partial, and ∂²C/∂`by` ∂`key`."""
    system = derivation.system
    objective = system.objective
    assert objective is not None
    plain = _inlined(derivation.gradients[key].rhs, derivation)
    steps = [Step("written_out", key, ("inline",), (derivation.gradients[key],), Equation(Entry.of(cotangent(key)), plain))]
    line = next(s for s in derivation.steps if s.section == "partial" and s.result.lhs.by.key == key)
    local = line.result
    change, _ = differential.differential(local.rhs)
    mine = [t.coefficient for t in differential.collect(change) if t.entry.key == by]
    of, about = Entry.of(local.lhs.of.key), Entry.of(key)
    steps.append(
        Step(
            "second",
            by,
            ("no_such",) if not mine else ("partial",),
            (local,),
            Equation(Second(of, about, Entry.of(by)), add(*mine)),
        )
    )
    twice = derive(gradient_system(derivation, key))
    value = _inlined(twice.gradients[by].rhs, twice)
    value = transform(
        value,
        lambda n: (
            _inlined(derivation.gradients[n.key[6:]].rhs, derivation)
            if isinstance(n, Entry) and n.key.startswith("first ")
            else None
        ),
    )
    value = rewrites.common_first(rewrites.gathered(value))
    steps.append(
        Step(
            "second",
            by,
            ("product", "chain"),
            (steps[0].result,),
            Equation(Second(Entry.of(objective), about, Entry.of(by)), value),
        )
    )
    return steps


def _inlined(expr: Expr, derivation: Derivation) -> Expr:
    """Every cotangent replaced by what it is, down to the values of the forward pass."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Entry) and is_cotangent(node.key) and primal(node.key) in derivation.gradients:
            return _inlined(derivation.gradients[primal(node.key)].rhs, derivation)
        return None

    return transform(expr, rule)


def of_argument(equation: Equation, argument: str) -> Equation:
    """An equation about u with another letter for it."""

    def rule(node: Expr) -> Expr | None:
        return Entry.of(argument) if node == U else None

    return equation if argument == "u" else Equation(transform(equation.lhs, rule), transform(equation.rhs, rule))


def slope(name: str, argument: str = "u") -> Equation:
    """f'(u) as a textbook prints it."""
    textbook = function(name).textbook
    assert textbook is not None
    value = transform(textbook, lambda n: Elementwise.of(name, U) if n == F else None)
    return of_argument(Equation(Elementwise.of(name, U, 1), value), argument)


def curvature(name: str, argument: str = "u") -> Equation:
    """f''(u) from f'(u) as a textbook prints it, which is an expression in f(u) and u."""
    textbook = function(name).textbook
    assert textbook is not None
    u, f = sympy.symbols("u f", real=True)
    plain = transform(textbook, lambda n: u if n == U else f if n == F else None)
    back = {u: U, f: Elementwise.of(name, U)}
    by_value, direct = (transform(sympy.diff(plain, s), lambda n: back.get(n)) for s in (f, u))
    parts = [mul(Elementwise.of(name, U, 1), rewrites.positive_first(by_value)), rewrites.positive_first(direct)]
    return of_argument(Equation(Elementwise.of(name, U, 2), add(*parts)), argument)
