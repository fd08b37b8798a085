"""The catalogue: functions, layers, losses and rules as data, with a line on where each is defined.

A new one is one record in a YAML file beside this module. There is no code for any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

import sympy
from ruamel.yaml import YAML
from sympy import Expr

from ...expressions.nodes import Elementwise, Entry, Where
from ...expressions.traversal import nodes, transform
from ...spec.records import (
    FunctionRecord,
    LayerRecord,
    LossRecord,
    MalRuleRecord,
    Record,
    RuleRecord,
    VectorRecord,
    VerdictRecord,
)

U = Entry.of("u")
F = Entry.of("f")


@dataclass(frozen=True)
class Function:
    """A function of one number, with its derivatives as SymPy finds them."""

    name: str
    record: FunctionRecord
    definition: Expr = field(repr=False)
    textbook: Expr | None = field(repr=False)
    stable: Expr = field(repr=False)

    def derivative(self, order: int) -> Expr:
        """The derivative of that order, an expression in the entry u, of the form that is stable in floating point."""
        return _derivative(self, order)

    def textbook_slope(self, argument: Expr, value: Expr | None = None) -> Expr | None:
        """f'(argument) as a textbook prints it; `value`, where given, stands for f(argument)."""
        if self.textbook is None:
            return None
        value = Elementwise.of(self.name, argument) if value is None else value
        return transform(self.textbook, lambda n: argument if n == U else value if n == F else None)


@lru_cache(maxsize=256)
def _derivative(function: Function, order: int) -> Expr:
    if order == 0:
        return function.stable
    t = sympy.Symbol("t", real=True)
    inner = transform(_derivative(function, order - 1), lambda n: t if n == U else None)
    return transform(_tidy(sympy.diff(inner, t)), lambda n: U if n == t else None)


def _tidy(expr: Expr) -> Expr:
    """Over one denominator, where that is shorter (e^(-u²/2) would else become an e^(u²/2) that overflows), and without branches,
    which SymPy does not know."""
    return expr if any(isinstance(n, Where) for n in nodes(expr)) else min(sympy.together(expr), expr, key=sympy.count_ops)


@lru_cache(maxsize=16)
def _read(name: str) -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_text("utf-8")
    found: Mapping[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


@lru_cache(maxsize=1)
def functions() -> Mapping[str, Function]:
    """The elementwise functions by name."""
    from ...expressions.language import parse_expression

    found = {}
    for name, raw in _read("functions").items():
        record = FunctionRecord(**raw)
        definition = parse_expression(str(record.definition), {"u": ()})
        textbook = None if record.derivative is None else parse_expression(str(record.derivative), {"u": (), "f": ()})
        stable = definition if record.stable is None else parse_expression(record.stable, {"u": ()})
        found[name] = Function(name, record, definition, textbook, stable)
    return found


def function(name: str) -> Function:
    """One elementwise function."""
    return functions()[name]


@lru_cache(maxsize=1)
def vectors() -> Mapping[str, VectorRecord]:
    """The activations that look at a whole vector."""
    return {name: VectorRecord(**raw) for name, raw in _read("vectors").items()}


@lru_cache(maxsize=1)
def layers() -> Mapping[str, LayerRecord]:
    """The layers."""
    return {name: LayerRecord(**raw) for name, raw in _read("layers").items()}


@lru_cache(maxsize=1)
def losses() -> Mapping[str, LossRecord]:
    """The losses."""
    return {name: LossRecord(**raw) for name, raw in _read("losses").items()}


@lru_cache(maxsize=1)
def rules() -> Mapping[str, RuleRecord]:
    """The rule book."""
    return {name: RuleRecord(**raw) for name, raw in _read("rules").items()}


@lru_cache(maxsize=1)
def malrules() -> Mapping[str, MalRuleRecord]:
    """The usual errors, in the order in which they are named."""
    return {name: MalRuleRecord(**raw) for name, raw in _read("malrules").items()}


@lru_cache(maxsize=1)
def verdicts() -> Mapping[str, VerdictRecord]:
    """What is said of an answer."""
    return {name: VerdictRecord(**raw) for name, raw in _read("verdicts").items()}


def activations() -> Mapping[str, Record]:
    """All that may stand as a layer's activation."""
    return {**{name: f.record for name, f in functions().items()}, **vectors()}
