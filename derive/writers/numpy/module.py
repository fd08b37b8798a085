"""Derivation -> a plain NumPy module: `forward(values)` and `gradients(values)`, written from the derived formulas.

The text stands alone: it imports NumPy and nothing of this package. Each line is one equation of the forward pass or one
cotangent of the derivation, in arrays where it has a matrix form and with its indices where it has none, so the text grows
linearly with the network. It is written for the sizes of the spec, which it asks of what it is given, and for any number of
training examples. Nothing of a spec reaches it but names, made into identifiers, and the title, inside a docstring.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from sympy import Expr

from ...calculus.steps import Derivation
from ...expressions.nodes import Elementwise, Entry, Index
from ...expressions.system import COUNT, Equation, Role, System, Tensor, cotangent, is_cotangent, primal
from ...expressions.traversal import entries, transform
from ...network import catalogue
from ...network.catalogue import F, U
from ...notation import views
from ...notation.array_expressions import ArrayEquation, LabelTotal, parts
from .arrays import Writer
from .identifiers import Identifiers, function_name
from .pieces import Axes, Piece

WIDTH = 100
"""A line longer than this is broken: a sum at its signs, anything else at its spaces."""

GIVEN: tuple[Role, ...] = ("input", "parameter", "target", "constant")


def code(derivation: Derivation, title: str = "") -> str:
    """A NumPy module that computes the forward pass and the gradients of a derivation.

    Both of its functions take a dict of arrays, whose keys are those of the tensors (`x`, `W.2`), and give one. Where the system
    has no objective, the cotangents it starts from are given among the values, under keys such as `bar O`.
    """
    system = derivation.system
    names = Identifiers(derivation)
    forward = _Function(system, names.scope())
    backward = _Function(system, names.scope())
    computed = [e for e in system.equations if isinstance(e.lhs, Entry)]
    forward_lines = list(chain.from_iterable(forward.line(e) for e in computed))
    wanted = [t.key for t in system.of_role("parameter", "input")]
    needed = _needed(derivation, wanted)
    backward_lines = list(chain.from_iterable(backward.line(e, _key(e) in needed.shared) for e in needed.equations))
    given = [t.key for t in system.of_role(*GIVEN) if t.key != COUNT]
    seeds = [cotangent(k) for k in derivation.seeds]
    read = {e.key for equation in computed for e in entries(equation.rhs)}
    again = {e.key for equation in needed.equations for e in entries(equation.rhs)}
    results = {k: names.of(cotangent(k)) if k in derivation.gradients else backward.zeros(k) for k in wanted}
    return "\n".join(
        [
            *_docstring(derivation, title, wanted, names),
            "",
            *(["import math", ""] if ("erf", 0) in _called(forward, backward) else []),
            "import numpy as np",
            *ARRAY,
            *_functions(_called(forward, backward)),
            "",
            "",
            "def forward(values: dict) -> dict:",
            '    """Compute every quantity of the forward pass, in the order of the equations."""',
            *(f"    {line}" for line in forward.given([k for k in given if k in read])),
            "",
            *(f"    {line}" for line in forward_lines),
            "",
            *_returned({_key(e): names.of(_key(e)) for e in computed}),
            "",
            "",
            "def gradients(values: dict) -> dict:",
            f'    """Compute the gradients{_of(derivation)}: one cotangent a line, from the last equation to the first."""',
            *(["    known = forward(values)"] if any(_key(e) in again for e in computed) else []),
            *(f"    {line}" for line in backward.given([k for k in [*given, *seeds] if k in again])),
            *(f"    {names.of(_key(e))} = known[{_quoted(_key(e))}]" for e in computed if _key(e) in again),
            "",
            *(f"    {line}" for line in backward_lines),
            "",
            *_returned(results),
            "",
        ]
    )


def _key(equation: Equation) -> str:
    assert isinstance(equation.lhs, Entry)
    return equation.lhs.key


def _of(derivation: Derivation) -> str:
    objective = derivation.system.objective
    return "" if objective is None else f" of {objective}"


ARRAY = (
    "",
    "",
    "def array(values, key, shape, otherwise=None):",
    '    """The value of that key as an array. ValueError where there is none, or one of another shape; None is any length."""',
    "    if key not in values and otherwise is None:",
    '        raise ValueError(f"there is no value for {key!r}")',
    "    found = np.asarray(values.get(key, otherwise))",
    "    if len(found.shape) != len(shape) or any(m not in (None, n) for m, n in zip(shape, found.shape, strict=True)):",
    '        raise ValueError(f"{key!r} has the shape {found.shape}, but this module is written for {shape}")',
    "    return found",
)
"""The function of the module that takes what it is given."""


# --- what is computed ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Needed:
    """The cotangents that the results depend on, in order; those among them that have to be arrays of their own."""

    equations: tuple[Equation, ...]
    shared: frozenset[str]


def _needed(derivation: Derivation, wanted: Sequence[str]) -> _Needed:
    """Textbook forms leave out steps, such as ∂C/∂p in δ = p - y: what no other line uses is not computed."""
    used = {cotangent(k) for k in wanted}
    found = []
    for equation in reversed(list(derivation.gradients.values())):
        if _key(equation) in used:
            found.append(equation)
            used |= {e.key for e in entries(equation.rhs) if is_cotangent(e.key)}
    found.reverse()
    # a result that is merely another array, or a view of one, is copied: whoever changes one of them in place changes no other
    results = {cotangent(k) for k in wanted}
    seeds = set(map(cotangent, derivation.seeds))
    taken: set[str] = set()
    shared = set()
    for equation in found:
        if _key(equation) in results and isinstance(equation.rhs, Entry):
            if equation.rhs.key in taken | results | seeds or not is_cotangent(equation.rhs.key):
                shared.add(_key(equation))
            taken.add(equation.rhs.key)
    return _Needed(tuple(found), frozenset(shared))


@dataclass
class _Function:
    """The body of one function while it is being written."""

    system: System
    names: Identifiers
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        shapes = {key: t.shape for key, t in self.system.tensors.items()}
        self.writer = Writer(self.names, shapes | {cotangent(key): shape for key, shape in shapes.items()})

    def given(self, keys: Sequence[str]) -> list[str]:
        """The lines that take what the caller gives; a constant of the spec has its own value where the caller gives none."""
        tensors = {key: self.system.tensors[primal(key) if is_cotangent(key) else key] for key in keys}
        lines, count = [], ""
        if self.writer.counts or any(t.batch is not None for t in tensors.values()):
            count = self.names.of(COUNT)
            example = next(t for t in self.system.of_role("input", "target") if t.batch is not None)
            lines.append(f"{count} = {self.array(example.key, example, 'None')}.shape[{example.batch}]")
        return lines + [f"{self.names.of(key)} = {self.array(key, tensor, count)}" for key, tensor in tensors.items()]

    def array(self, key: str, tensor: Tensor, examples: str) -> str:
        """A given value, of the shape of that tensor."""
        otherwise = f", {self.system.constants[key]!r}" if key in self.system.constants else ""
        return f"array(values, {_quoted(key)}, {_shape(tensor, examples)}{otherwise})"

    def zeros(self, key: str) -> str:
        """The gradient of a parameter or an input on which the objective does not depend."""
        tensor = self.system.tensors[key]
        self.writer.counts |= tensor.batch is not None
        return f"np.zeros({_shape(tensor, '' if tensor.batch is None else self.names.of(COUNT))})"

    def line(self, equation: Equation, copied: bool = False) -> list[str]:
        """An equation as an assignment, under the lines that it needs before it."""
        assert isinstance(equation.lhs, Entry)
        indices: Axes = tuple(i for i in equation.lhs.indices if isinstance(i, Index))
        shown = views.shown(equation, "batch", self.system)
        if isinstance(shown, ArrayEquation) and (shown.labels or any(isinstance(p, LabelTotal) for p in parts(shown.rhs))):
            shown = equation  # one sum over all indices rather than a loop over a label
        piece = self.writer.right(shown, indices)
        text = f"{piece.text}.copy()" if copied and re.fullmatch(r"\w+(\.T|\[[^]]*\])*", piece.text) else piece.text
        return [*self.writer.prelude, *_assigned(self.names.of(equation.lhs.key), text, piece)]


def _shape(tensor: Tensor, examples: str) -> str:
    """The shape of a tensor as a tuple, with a name for the number of the training examples."""
    sizes = [examples if axis == tensor.batch else str(n) for axis, n in enumerate(tensor.shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _assigned(name: str, text: str, piece: Piece) -> list[str]:
    if len(name) + len(text) + 7 <= WIDTH:
        return [f"{name} = {text}"]
    lines = [line for part in piece.parts or (text,) for line in _wrapped(part)]
    return [f"{name} = (", *(f"    {line}" for line in lines), ")"]


def _wrapped(text: str) -> list[str]:
    """An expression over several lines, broken at its spaces: none of them is inside a string."""
    return textwrap.wrap(text, WIDTH - 8, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _returned(results: dict[str, str]) -> list[str]:
    line = f"    return {{{', '.join(f'{_quoted(k)}: {v}' for k, v in results.items())}}}"
    if len(line) <= WIDTH:
        return [line]
    return ["    return {", *(f"        {_quoted(k)}: {v}," for k, v in results.items()), "    }"]


def _quoted(key: str) -> str:
    return '"' + repr(key)[1:-1].replace('"', '\\"') + '"'


# --- the rest of the module -----------------------------------------------------------------------------------------------------


def _docstring(derivation: Derivation, title: str, wanted: Sequence[str], names: Identifiers) -> list[str]:
    system = derivation.system
    batch = any(t.batch is not None for t in system.tensors.values())
    count = names.of(COUNT) if batch else ""
    rows = [
        *((t.key, f"{t.role}{_otherwise(system, t.key)}", _shape(t, count)) for t in system.of_role(*GIVEN) if t.key != COUNT),
        *(
            (cotangent(k), f"cotangent of {k}, where backpropagation starts", _shape(system.tensors[k], count))
            for k in derivation.seeds
        ),
    ]
    computed = [(_key(e), "", _shape(system.tensors[_key(e)], count)) for e in system.equations]
    width = max(len(_quoted(key)) for key, _, _ in [*rows, *computed])
    wide = max([len(role) for _, role, _ in rows], default=0)

    def row(key: str, role: str, shape: str) -> str:
        return f"    {_quoted(key):<{width}}  {role + ' ' * (wide - len(role) + 2) if role else ''}{shape}"

    results = textwrap.wrap(", ".join(map(_quoted, wanted)), WIDTH, initial_indent="    ", subsequent_indent="    ")
    return [
        f'"""{_sentence(title or "Forward pass and gradients")}',
        "",
        "Written from the derived formulas, for these sizes: another shape raises ValueError.",
        *([f"The number {count} of training examples is free."] if batch else []),
        "`values` is a dict of arrays; its keys, and their shapes:",
        "",
        *(row(*r) for r in rows),
        "",
        "forward(values) computes:",
        "",
        *(row(*r) for r in computed),
        "",
        f"gradients(values) gives the gradient{_of(derivation)} for each of these, in an array of the same shape:",
        "",
        *results,
        '"""',
    ]


def _otherwise(system: System, key: str) -> str:
    return f", {system.constants[key]!r} where not given" if key in system.constants else ""


def _sentence(text: str) -> str:
    """A text as one line of a docstring, which it can neither end nor break."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:WIDTH]).split())
    line = line.replace("\\", "\\\\").replace('"', "'")
    return line if line.endswith((".", "?", "!")) else f"{line}."


def _called(*functions: _Function) -> dict[tuple[str, int], None]:
    """All functions that are called, those that these call in turn too."""
    found: dict[tuple[str, int], None] = {}
    waiting = [name for f in functions for name in f.writer.called]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += _definition(*name)[1] if name[0] in catalogue.functions() else []
    return found


def _functions(called: dict[tuple[str, int], None]) -> list[str]:
    lines: list[str] = []
    if ("erf", 0) in called:
        lines += ["", "erf = np.vectorize(math.erf, otypes=[float])"]
    if ("softmax", 0) in called:
        lines += [
            "",
            "",
            "def softmax(z, axis=0):",
            '    """exp(z) over its sum along an axis. Without its maximum, z gives the same, and exp(z) does not overflow."""',
            "    raised = np.exp(z - np.max(z, axis=axis, keepdims=True))",
            "    return raised / raised.sum(axis=axis, keepdims=True)",
        ]
    for name, order in sorted(k for k in called if k[0] in catalogue.functions()):
        record = catalogue.function(name).record
        what = f"The {record.title}" if order == 0 else f"The slope of {name}" if order == 1 else f"Derivative {order} of {name}"
        if order == 1 and record.kink is not None:
            what += f"; at the kink, u = {record.kink}, that on the left of it"
        lines += ["", "", f"def {function_name(name, order)}(u):", f'    """{_sentence(what)}"""']
        lines.append(f"    return {_definition(name, order)[0]}")
    return lines


def _definition(name: str, order: int) -> tuple[str, list[tuple[str, int]]]:
    """A catalogue function's derivative as text, the textbook's where there is one; and the functions that it calls."""
    function = catalogue.function(name)
    expr: Expr = function.derivative(order)
    if order == 1 and function.textbook is not None:
        expr = transform(function.textbook, lambda n: Elementwise.of(name, U) if n == F else None)
    writer = Writer(_Argument(), {})
    piece = writer.scalar(expr)
    text = piece.text if "u" in re.findall(r"\w+", piece.text) else f"np.full_like(u, {piece.text}, dtype=float)"
    return text, list(writer.called)


class _Argument:
    """The identifiers inside a function of u."""

    def of(self, key: str) -> str:
        return key

    def letter(self, letter: str) -> str:
        return letter

    def fresh(self, wanted: str) -> str:
        return wanted


__all__ = ["code"]
