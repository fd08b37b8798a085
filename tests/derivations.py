"""Derivations by name: of the examples, of the specs that the tests share, and of a few more."""

from __future__ import annotations

from functools import lru_cache

import specs
from specs import derived

from derive import api
from derive.calculus.steps import Derivation

MORE = {
    "hinge": specs.dense((2, "identity"), loss="hinge", width=2),
    "logits": specs.dense((3, "tanh"), (2, "identity"), loss="cross_entropy_logits"),
    "binary": specs.dense((2, "sigmoid"), loss="binary_cross_entropy"),
    "quotient": "title: q\ninputs: {x: scalar}\nparameters: {u: scalar, v: scalar}\nequations: [q = u/v, C = (q - x)**2]\n",
}


EXAMPLES = [name for name in api.examples() if name != "deep"]


@lru_cache(maxsize=64)
def derivation_of(name: str) -> Derivation:
    if name in EXAMPLES or name == "deep":
        return api.derive(api.load(api.examples()[name]))
    return derived((specs.ALL | MORE)[name])


NAMES = [*EXAMPLES, *specs.ALL, *MORE]
