"""Answers as a student would type them."""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Mul, Pow

from derive.calculus.steps import Derivation
from derive.expressions.nodes import Delta, Differential, Elementwise, Entry, Total, Where, Within
from derive.expressions.traversal import nodes
from derive.notation.spellings import vocabulary


def spoken(expr: Expr, found: Derivation) -> str:
    """An expression as a student would type it, in index form."""
    words = vocabulary(found)

    def name(key: str, indices: tuple[Any, ...]) -> str:
        counted = [str(i + found.system.first_index if i.is_Integer else i) for i in indices]
        return words.spelling(key) + (f"[{','.join(counted)}]" if counted else "")

    def say(node: Any) -> str:
        if isinstance(node, Entry):
            return name(node.key, node.indices)
        if isinstance(node, Differential):
            return name(f"d {node.entry.key}", node.entry.indices)
        if isinstance(node, Add):
            return " + ".join(f"({say(a)})" for a in node.args)
        if isinstance(node, Mul):
            return "*".join(f"({say(a)})" for a in node.args)
        if isinstance(node, Pow):
            return f"({say(node.base)})**({node.exp})"
        if isinstance(node, Total):
            return f"sum({say(node.body)}, {', '.join(i.name for i in node.indices)})"
        if isinstance(node, Elementwise):
            return f"{node.name}{chr(39) * node.order}({say(node.argument)})"
        if isinstance(node, Where):
            condition, then, other = node.args
            return f"where({say(condition)} > 0, {say(then)}, {say(other)})"
        if node.is_Function:
            return f"{node.func.__name__}({say(node.args[0])})"
        return str(node)

    return say(expr)


def sayable(expr: Expr) -> bool:
    """Whether it has words in the language: no delta, no sum without its index, no letter bound twice."""
    for node in nodes(expr):
        if isinstance(node, Delta | Within):
            return False
        if isinstance(node, Total):
            inside = list(nodes(node.body))
            if any(isinstance(n, Total) and set(n.indices) & set(node.indices) for n in inside):
                return False
            if not all(any(isinstance(n, Entry) and i in n.indices for n in inside) for i in node.indices):
                return False
    return True
