"""The writers of NumPy text are damaged on purpose: each time the module is run, found wrong, and not written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from specs import CLASSIFIER, LAYER_NORM, dense, derived

from derive import api
from derive.errors import CheckFailed
from derive.expressions.nodes import Index
from derive.expressions.system import COUNT
from derive.notation import array_expressions
from derive.notation.array_expressions import Node
from derive.writers.numpy import arrays as python
from derive.writers.numpy import module as code
from derive.writers.numpy import pieces, scalars, slots
from derive.writers.numpy.arrays import Writer
from derive.writers.numpy.identifiers import Identifiers
from derive.writers.numpy.pieces import Piece
from derive.writers.numpy.scalars import ScalarWriter

Patch = pytest.MonkeyPatch

SQUARE = dense((3, "sigmoid"), (3, "tanh"), (3, "gelu"), loss="half_squared_error")
"""Widths that are all the same, so that no wrong transpose is found by its shape."""

INDICES = """
title: nearly every form that an expression of indices has, all sizes the same where they can be
inputs: {x: 4, T: [4, 4, 4]}
parameters: {a: 4, b: 4, c: scalar, W: [4, 4]}
equations:
  - y[i] = x[i+1]/(2 + x[i]**2)
  - d[i] = sum(W[i,j]*exp(a[j]) + b[i], j)
  - s[i] = where(a[i] > b[i], 1/3*a[i]**3, sin(b[i])*c)
  - p[i,k] = softmax(W[i,k]*a[k], k)
  - q[k] = sum(T[i,j,k]*W[j,i]*a[k], i, j) - sum(W[i,i]*b[i], i)
  - r[i] = a[i]**3/(1 + exp(b[3-i]))
  - C = sum(y[i]**2, i) + sum(d[i]**2, i) + sum(s[i], i) + sum(p[i,k]**2*W[k,i], i, k) + sum(q[i], i) + sum(r[i]*a[i], i)
"""

BATCH = """
title: a batch of as many examples as anything has entries
inputs: {x: 4}
parameters: {W: [4, 4], b: 4, k: scalar}
equations:
  - z = W @ x + b
  - a[j] = b[j]*exp(z[j])
  - r = k*sum(W[i,j]**2, i, j)
  - J = sum(a) + k*sum(z) + r
"""

ARRAYS = """
title: arrays
inputs: {x: 3}
parameters: {A: [3, 3], B: [3, 3], s: 3, t: 3}
equations:
  - u = A @ (s*(B @ x))
  - v = x - 2*s*t/(1 + t**2)
  - M = outer(u, v) * B
  - w = -u/(2 + v**2)
  - C = sum(M**2) - sum(u) + norm(v)**2 + sum(w)
"""

SLOPES = """
title: a batch whose cotangents are the same for every example
inputs: {x: 3}
parameters: {b: 3, k: scalar}
equations: ["z = x + b", "J = k*sum(z)"]
"""

Spec = tuple[str, dict[str, Any]]


def everywhere(patch: Patch, name: str, damaged: Callable[..., Any]) -> None:
    """Replace a function of pieces.py in all modules that have it; `damaged` gets the right one first."""
    right = getattr(pieces, name)
    for module in (pieces, python, scalars):
        if hasattr(module, name):
            patch.setattr(module, name, lambda *args: damaged(right, *args))


def texts(patch: Patch, owner: Any, name: str, old: str, new: str) -> None:
    """In the piece that this method or function gives, `new` stands for `old`."""
    right = getattr(owner, name)

    def damaged(*args: Any) -> Any:
        piece = right(*args)
        return replace(piece, text=piece.text.replace(old, new)) if isinstance(piece, Piece) else piece

    patch.setattr(owner, name, damaged)


def a_transpose_lost(patch: Patch) -> None:
    right = Writer.array

    def damaged(self: Writer, node: Node) -> Piece:
        if isinstance(node, array_expressions.Transpose) and len(node.axes) == 2:
            return replace(right(self, node.of), axes=node.axes)
        return right(self, node)

    patch.setattr(Writer, "array", damaged)


def an_axis_wrong(patch: Patch) -> None:
    def damaged(right: Any, piece: Piece, over: Sequence[Index]) -> Piece:
        out: Piece = right(piece, over)
        other = {"axis=0": "axis=1", "axis=1": "axis=0"}
        return next((replace(out, text=out.text.replace(a, b)) for a, b in other.items() if a in out.text), out)

    everywhere(patch, "summed", damaged)


def a_sum_missing(patch: Patch) -> None:
    def damaged(right: Any, piece: Piece, over: Sequence[Index]) -> Piece:
        out: Piece = right(piece, over)
        return replace(out, text=out.text.replace(".sum(", ".max("))

    everywhere(patch, "summed", damaged)


def a_mean_for_a_sum(patch: Patch) -> None:
    def damaged(right: Any, piece: Piece, over: Sequence[Index]) -> Piece:
        out: Piece = right(piece, over)
        return replace(out, text=out.text.replace("np.sum(", "np.mean("))

    everywhere(patch, "summed", damaged)


def a_minus_lost(patch: Patch) -> None:
    everywhere(patch, "negative", lambda right, piece: piece)


def a_minus_in_a_sum_lost(patch: Patch) -> None:
    everywhere(patch, "added", lambda right, signed, order: right([(False, p) for _, p in signed], order))


def a_quotient_upside_down(patch: Patch) -> None:
    def damaged(right: Any, above: Sequence[Piece], below: Sequence[Piece], order: Sequence[Index]) -> Piece:
        out: Piece = right(below, above, order) if len(above) == len(below) == 1 else right(above, below, order)
        return out

    everywhere(patch, "times", damaged)


def a_denominator_lost(patch: Patch) -> None:
    everywhere(patch, "times", lambda right, above, below, order: right(above or below, below[1:] if above else (), order))


def a_factor_lost(patch: Patch) -> None:
    everywhere(patch, "times", lambda right, above, below, order: right(above[:2], below, order))


def brackets_lost(patch: Patch) -> None:
    patch.setattr(Piece, "within", lambda self, binding: self.text)


def a_new_axis_at_the_other_side(patch: Patch) -> None:
    def damaged(right: Any, piece: Piece, axes: Sequence[Index]) -> Piece:
        out: Piece = right(piece, axes)
        return replace(out, text=out.text.replace("[:, None]", "[None]"))

    everywhere(patch, "aligned", damaged)


def a_matrix_product_turned(patch: Patch) -> None:
    right = python._chain

    def damaged(run: Any) -> Piece:
        out = right(run)
        return replace(out, text=" @ ".join(reversed(out.text.split(" @ "))))

    patch.setattr(python, "_chain", damaged)


def a_number_in_front_lost(patch: Patch) -> None:
    everywhere(patch, "coefficient", lambda right, value: ([], []))


def a_range_forgotten(patch: Patch) -> None:
    right = slots.as_slice
    patch.setattr(scalars, "as_slice", lambda at, size: ":" if right(at, size) in (":3", "1:") else right(at, size))


def a_shift_lost(patch: Patch) -> None:
    right = slots.as_slice
    patch.setattr(scalars, "as_slice", lambda at, size: ":3" if right(at, size) == "1:" else right(at, size))


def a_condition_forgotten(patch: Patch) -> None:
    patch.setattr(scalars, "kept_where", lambda mask, piece, order: piece)


def every_place_inside(patch: Patch) -> None:
    patch.setattr(scalars, "within_axis", lambda at, size: (True, True))


def a_place_off_by_one(patch: Patch) -> None:
    right = slots.affine

    def damaged(expr: Any, letters: Any) -> Piece:
        return pieces.number(expr - 1) if expr.is_Integer and expr > 0 else right(expr, letters)

    for module in (slots, scalars):
        patch.setattr(module, "affine", damaged)


def operands_of_einsum_swapped(patch: Patch) -> None:
    right = ScalarWriter._einsum

    def damaged(self: ScalarWriter, operands: Sequence[Piece], bound: Sequence[Index]) -> Piece:
        turned = [replace(p, text=q.text) for p, q in zip(operands, reversed(operands), strict=True)]
        return right(self, turned if all(len(o.axes) == 2 for o in operands) else operands, bound)

    patch.setattr(ScalarWriter, "_einsum", damaged)


def the_result_of_einsum_turned(patch: Patch) -> None:
    right = ScalarWriter._einsum

    def damaged(self: ScalarWriter, operands: Sequence[Piece], bound: Sequence[Index]) -> Piece:
        out = right(self, operands, bound)
        before, arrow, after = out.text.partition("->")
        letters, quote, rest = after.partition('"')
        return replace(out, text=before + arrow + letters[::-1] + quote + rest)

    patch.setattr(ScalarWriter, "_einsum", damaged)


def the_number_of_examples_a_number(patch: Patch) -> None:
    patch.setattr(ScalarWriter, "extent", lambda self, index: str(index.size))


def the_mean_over_four(patch: Patch) -> None:
    right = ScalarWriter._entry
    patch.setattr(ScalarWriter, "_entry", lambda self, entry: Piece("4") if entry.key == COUNT else right(self, entry))


def a_count_lost(patch: Patch) -> None:
    right = ScalarWriter._product_of

    def damaged(self: ScalarWriter, parts: Any, bound: Any = ()) -> Piece:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(ScalarWriter, "extent", lambda self, index: "1")
            return right(self, parts, bound)

    patch.setattr(ScalarWriter, "_product_of", damaged)


def softmax_along_the_other_axis(patch: Patch) -> None:
    for owner, name in ((Writer, "array"), (ScalarWriter, "_softmax")):
        texts(patch, owner, name, ", axis=1)", ", axis=0)")


def softmax_without_its_axis(patch: Patch) -> None:
    texts(patch, Writer, "array", ", axis=1)", ")")


def another_function(patch: Patch) -> None:
    calls = {f: {"np.sin": "np.cos"}.get(name, name) for f, name in scalars.CALLS.items()}
    patch.setattr(scalars, "CALLS", calls)


def a_slope_that_is_the_function(patch: Patch) -> None:
    right = code._definition
    patch.setattr(code, "_definition", lambda name, order: right(name, 0))


def branches_swapped(patch: Patch) -> None:
    texts(patch, ScalarWriter, "_where", " > ", " < ")


def an_exponent_off_by_one(patch: Patch) -> None:
    texts(patch, ScalarWriter, "_power", "**3", "**2")


def another_layers_weights(patch: Patch) -> None:
    right = Identifiers.of
    patch.setattr(Identifiers, "of", lambda self, key: right(self, "W.1" if key == "W.2" else key))


def an_outer_product_turned(patch: Patch) -> None:
    right = Writer._product

    def damaged(self: Writer, node: array_expressions.Product) -> Piece:
        out = right(self, node)
        if not out.text.startswith("np.outer("):
            return out
        left, _, last = out.text.removeprefix("np.outer(").removesuffix(")").partition(", ")
        return replace(out, text=f"np.outer({last}, {left})")

    patch.setattr(Writer, "_product", damaged)


def a_row_scaled_for_a_column(patch: Patch) -> None:
    right = Writer._factor

    def damaged(self: Writer, node: Node) -> Any:
        found = right(self, node)
        return replace(found, piece=replace(found.piece, text=f"{found.piece.text}[::-1]")) if found.piece.diagonal else found

    patch.setattr(Writer, "_factor", damaged)


def the_last_term_of_a_sum_lost(patch: Patch) -> None:
    everywhere(patch, "added", lambda right, signed, order: right(signed[:-1] if len(signed) > 2 else signed, order))


def the_constants_own_value(patch: Patch) -> None:
    right = code._Function.array
    patch.setattr(code._Function, "array", lambda self, *args: right(self, *args).replace("0.01", "0.02"))


def gradients_under_each_others_names(patch: Patch) -> None:
    right = code._returned

    def damaged(results: dict[str, str]) -> list[str]:
        swap = {"b.1": "b.2", "b.2": "b.1"}
        return right({swap.get(k, k): v for k, v in results.items()} if "b.1" in results else results)

    patch.setattr(code, "_returned", damaged)


def a_gradient_left_at_zero(patch: Patch) -> None:
    right = code._returned
    patch.setattr(code, "_returned", lambda results: right(results | ({"b.1": "np.zeros(3)"} if "b.1" in results else {})))


def a_gradient_left_out(patch: Patch) -> None:
    right = code._returned
    patch.setattr(code, "_returned", lambda results: right({k: v for k, v in results.items() if k != "b.1"}))


DAMAGES: list[tuple[Callable[[Patch], None], Spec]] = [
    *((damage, (SQUARE, {})) for damage in (
        a_transpose_lost, a_number_in_front_lost, brackets_lost, a_slope_that_is_the_function, another_layers_weights,
        an_outer_product_turned, gradients_under_each_others_names, a_gradient_left_at_zero, a_gradient_left_out)),
    *((damage, (SQUARE, {"examples": 3})) for damage in (
        a_transpose_lost, an_axis_wrong, a_sum_missing, a_matrix_product_turned)),
    *((damage, (ARRAYS, {})) for damage in (
        a_transpose_lost, a_matrix_product_turned, a_minus_lost, a_minus_in_a_sum_lost, a_factor_lost,
        an_outer_product_turned, a_row_scaled_for_a_column, the_last_term_of_a_sum_lost)),
    *((damage, (INDICES, {})) for damage in (
        a_mean_for_a_sum, a_minus_in_a_sum_lost, a_quotient_upside_down, a_denominator_lost, a_factor_lost,
        brackets_lost, a_new_axis_at_the_other_side, a_number_in_front_lost, a_range_forgotten, a_shift_lost,
        a_condition_forgotten, every_place_inside, a_place_off_by_one, operands_of_einsum_swapped, the_result_of_einsum_turned,
        a_count_lost, softmax_along_the_other_axis, softmax_without_its_axis, another_function, branches_swapped,
        an_exponent_off_by_one, the_last_term_of_a_sum_lost)),
    *((damage, (BATCH, {"examples": 4})) for damage in (the_mean_over_four, an_axis_wrong, a_sum_missing)),
    *((the_number_of_examples_a_number, (SLOPES, {"examples": 4, "last": last})) for last in (False, True)),
    (the_mean_over_four, (CLASSIFIER, {"examples": 4})),
    (the_constants_own_value, (LAYER_NORM, {})),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "spec"), DAMAGES, ids=[f"{d.__name__}-{n}" for n, (d, _) in enumerate(DAMAGES)])
def test_a_damaged_writer_is_seen(damage: Callable[[Patch], None], spec: Spec, monkeypatch: Patch) -> None:
    text, options = spec
    found = derived(text, **options)
    right = api.code(found, run=False)
    damage(monkeypatch)
    assert api.code(found, run=False) != right, "the damage touches nothing"
    with pytest.raises(CheckFailed, match="nothing was written"):
        api.code(found)


@pytest.mark.parametrize("spec", dict.fromkeys(text for _, (text, _) in DAMAGES), ids=lambda text: text.split("\n")[1])
def test_undamaged_it_is_written(spec: str) -> None:
    assert "def gradients" in api.code(derived(spec))
