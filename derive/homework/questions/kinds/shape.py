"""The shape of a gradient."""

from __future__ import annotations

import re
from typing import Any

from ....calculus.steps import Derivation
from ....document.context import Context
from ....document.model import Prose
from ....expressions.nodes import Entry
from ....expressions.system import cotangent, primal
from ....grading.targets import Sheet
from ....grading.verdicts import Verdict, said
from ..judging import MOST
from ..kind import Done, Item, Kind, Reply, Solved, Steps, Wanted
from ..paths import of_parameters


def _arrays(derivation: Derivation) -> Steps:
    """Single numbers only where there is nothing else."""
    found = of_parameters(derivation)
    return {k: s for k, s in found.items() if derivation.system.tensors[k].shape} or found


def _solve(context: Context, wanted: Wanted, done: Done, seed: int) -> Solved:
    tensor = context.system.tensors[wanted.key]
    about = {"what": Entry.of(cotangent(tensor.key)), "by": Entry.of(tensor.key), "shape": tensor.shape}
    return Solved(about, (Prose("shape_answer", about),), [("mark_shape", about)])


def _judge(sheet: Sheet, item: Item, reply: Reply) -> Verdict:
    """3×2, (3, 2), [3, 2], 3 by 2, 3 or `scalar`."""
    wanted = sheet.derivation.system.tensors[item.key].shape
    found = _shape_of(sheet, reply.written)
    if found is None:
        return said(sheet.voice, reply.about, "no_shape")
    column = (*found, 1)[:2] if len(found) < 3 else found
    if found == wanted or (len(wanted) < 2 and column == (*wanted, 1, 1)[:2]):  # a vector is a column of numbers
        return said(sheet.voice, reply.about, "right")
    if found == wanted[::-1] and len(wanted) > 1:
        return said(sheet.voice, reply.about, "shape_turned")
    return said(sheet.voice, reply.about, "shape_other", name=sheet.words.spelling(item.key))


def _shape_of(sheet: Sheet, written: Any) -> tuple[int, ...] | None:
    if isinstance(written, list | tuple):
        numbers = [str(n) for n in written[:9]]
    else:
        text = str(written)[:MOST].split("=")[-1].strip().casefold()
        if text in {"scalar", "number", "()", sheet.voice.word("scalar"), sheet.voice.word("number")}:
            return ()
        between = rf"\s*(?:[x×*,]|by|{re.escape(sheet.voice.word('by'))}|\s)\s*"
        bare = text.strip("()[] ").removesuffix(",").strip()
        numbers = re.split(between, bare)
    if not numbers or len(numbers) > 6 or not all(re.fullmatch(r"[1-9]\d{0,5}", n) for n in numbers):
        return None
    return tuple(map(int, numbers))


KIND = Kind(
    name="shape",
    targets=_arrays,
    general=lambda derivation: dict.fromkeys(derivation.gradients),
    quantity=primal,
    solve=_solve,
    judge=_judge,
)
