"""The views, in which one derivation is shown: what holds of each. Nothing else asks for a view by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

View = Literal["scalar", "index", "matrix", "batch"]


@dataclass(frozen=True)
class Properties:
    """What is true of the formulas of a view.

    single: of single neurons, without an index. indexed: entry by entry. arrays: of whole vectors and matrices. labelled: of a
    mini-batch one example at a time, whose number is a label. batched: all examples of a mini-batch together, as rows or columns.
    """

    single: bool = False
    indexed: bool = False
    arrays: bool = False
    labelled: bool = False
    batched: bool = False


VIEWS: Mapping[View, Properties] = {
    "scalar": Properties(single=True),
    "index": Properties(indexed=True),
    "matrix": Properties(arrays=True, labelled=True),
    "batch": Properties(arrays=True, batched=True),
}

if unknown := {*get_args(View)} ^ {*VIEWS}:
    raise TypeError(f"views without properties, or properties without a view: {', '.join(sorted(unknown))}")
