"""Which numbers a variant is drawn from: small ones that a person works with gladly, and none that hides a mistake."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from fractions import Fraction
from itertools import product
from typing import Any, Literal

import numpy as np

from ..calculus.steps import Derivation
from ..expressions.system import Tensor
from ..spec.models import Style
from .evaluate import Array
from .exact_numbers import as_exact
from .exact_program import once
from .number_profile import structure

Size = Literal["full", "middle", "tiny"]
"""full: single numbers. middle: sums, or a deep product. tiny: sums under functions that saturate."""


def _signed(*positive: Any) -> list[Any]:
    """Each with both signs, the positive ones twice: a stack of rectified units dies quickly of negative numbers."""
    return [*positive, *positive, *(-p for p in positive)]


def _parts(texts: str) -> list[Any]:
    return _signed(*(as_exact(Fraction(t)) for t in texts.split()))


def _tenths(last: int, first: int = 1) -> list[Any]:
    return _signed(*(as_exact(Fraction(n, 10)) for n in range(first, last + 1) if n != 10))


POOLS: dict[Style, dict[Size, dict[str, list[Any]]]] = {
    "integers": {
        "full": {
            "factor": _signed(2, 3, 4, 5, 6, 7),
            "term": _signed(*range(1, 10)),
            "input": _signed(2, 3, 4, 5, 6, 7, 8),
            "target": _signed(*range(1, 10)),
        },
        "middle": {
            "factor": _signed(2, 3, 1, 2, 3),
            "term": _signed(1, 2, 3, 4, 5),
            "input": [*_signed(2, 3, 1), 2, 3, 4],
            "target": _signed(*range(1, 8)),
        },
        "tiny": {"factor": _signed(1, 2), "term": _signed(1, 2), "input": _signed(1, 2), "target": _signed(1, 2, 3)},
    },
    "fractions": {
        "full": {
            "factor": _parts("1/2 1/3 2/3 3/2 4/3 5/2 5/3 1/4 3/4 2 3"),
            "term": _parts("1/2 1/3 2/3 3/2 4/3 1/4 3/4 5/2 1/6 5/6 1 2"),
            "input": _parts("1/2 3/2 1/3 2/3 4/3 5/2 2 3 4"),
            "target": _parts("1/2 3/2 1/3 2/3 5/2 1/4 1 2 3"),
        },
        "middle": {
            "factor": _parts("1/2 1/3 2/3 3/2 4/3 1/4 3/4 2"),
            "term": _parts("1/2 1/3 2/3 1/4 3/4 1"),
            "input": _parts("1/2 3/2 1/3 2/3 4/3 2 3"),
            "target": _parts("1/2 3/2 1/3 2/3 1 2"),
        },
        "tiny": {
            "factor": _parts("1/2 1/3 2/3 1/4 3/4"),
            "term": _parts("1/2 1/3 2/3 1/4"),
            "input": _parts("1/2 1/3 2/3 3/4 3/2"),
            "target": _parts("1/2 1/3 2/3 1"),
        },
    },
    "decimals": {
        "full": {"factor": _tenths(25, 2), "term": _tenths(20), "input": _tenths(30, 2), "target": _tenths(30)},
        "middle": {"factor": _tenths(16, 2), "term": _tenths(12), "input": _tenths(20, 2), "target": _tenths(20)},
        "tiny": {"factor": _tenths(8), "term": _tenths(6), "input": _tenths(15, 2), "target": _tenths(10)},
    },
}

SHARES: dict[Style, list[Any]] = {"integers": [1], "fractions": _parts("1/2 1/3 2/3 1/4 3/4"), "decimals": [*_tenths(9), 1]}
"""Targets of an output between -1 and 1."""


def drawn(derivation: Derivation, style: Style, words: Iterator[int], given: Collection[str]) -> dict[str, Array]:
    """Numbers for every tensor that is not `given`, one after the other from the stream `words`."""
    system = derivation.system
    known = structure(derivation)
    size = _size(derivation)
    base = 2 + next(words) % 2 if size != "full" else 0
    out: dict[str, Array] = {}
    for tensor in system.tensors.values():
        if tensor.role in ("intermediate", "objective") or tensor.key in given:
            continue
        kind = system.remarks.get("targets", "real") if tensor.role == "target" else "real"
        if kind == "one_hot":
            out[tensor.key] = _one_hot(tensor, words)
            continue
        if kind != "real":
            pool = [-1, 1] if kind == "sign" else [0, 1]
        elif tensor.key in known.bounded:
            pool = [p for p in SHARES[style] if p > 0 or not known.bounded[tensor.key]]
        else:
            pool = POOLS[style][size][_part(tensor, known.factors)]
        if style == "fractions" and base:  # denominators that are powers of one number stay small when they are multiplied
            pool = [p for p in pool if p.denominator in (1, base, base**2)] or pool
        out[tensor.key] = _filled(tensor.shape, pool, words)
    return out


@once
def _size(derivation: Derivation) -> Size:
    known, system = structure(derivation), derivation.system
    wide = any(math.prod(t.shape) > 1 and t.key in known.factors for t in system.tensors.values())
    deep = not known.curved and sum(t.key in known.factors for t in system.parameters) > 2
    return "tiny" if wide and known.curved else "middle" if wide or deep else "full"


def _part(tensor: Tensor, factors: Collection[str]) -> str:
    if tensor.role in ("input", "target"):
        return tensor.role
    return "factor" if tensor.key in factors else "term"


def _filled(shape: tuple[int, ...], pool: list[Any], words: Iterator[int]) -> Array:
    out = np.empty(math.prod(shape), dtype=object)
    out[:] = [pool[next(words) % len(pool)] for _ in range(out.size)]
    return out.reshape(shape)


def _one_hot(tensor: Tensor, words: Iterator[int]) -> Array:
    """One 1 along the axis of the classes, for each training example."""
    out: Array = np.full(tensor.shape, 0, dtype=object)
    axis = next((a for a in range(len(tensor.shape)) if a != tensor.batch), None)
    if axis is None:  # one class only
        return np.full(tensor.shape, 1, dtype=object)
    others = [range(n) if a != axis else (0,) for a, n in enumerate(tensor.shape)]
    for place in product(*others):
        chosen = next(words) % tensor.shape[axis]
        out[(*place[:axis], chosen, *place[axis + 1 :])] = 1
    return out
