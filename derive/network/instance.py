"""One layer as equations: its record, read for the sizes at hand and renamed: `W` of layer 2 gets the key `W.2`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sympy import Expr

from ..errors import EquationError, Place, SpecError, did_you_mean
from ..expressions import language
from ..expressions.nodes import Elementwise, Entry, add
from ..expressions.system import Block, Equation, Tensor
from ..expressions.traversal import transform
from ..spec import Layer
from ..spec.fields import MAX_DIMENSION
from ..spec.records import Form, LayerRecord
from . import catalogue
from .draft import Draft, Names, Shape, functions, lhs, marked, shown


@dataclass
class Instance:
    """One layer that is being added to a draft.

    position: its place in the spec, with `number` counted through all repetitions. reads: the keys of what it reads.
    shared: the number of the layer whose parameters it uses, mostly its own. last: whether it is the network's last one.
    """

    draft: Draft
    record: LayerRecord
    layer: Layer
    position: int
    number: int
    reads: tuple[str, ...]
    shared: int
    last: bool
    options: Mapping[str, object]
    names: Names = field(default_factory=dict)

    @property
    def activation(self) -> str:
        return str(self.options.get("activation") or self.options.get("function") or "identity")

    @property
    def form(self) -> LayerRecord | Form:
        """The record's parameters and equations, in the convention of the spec."""
        return self.record.row or self.record if self.draft.spec.convention == "row" else self.record

    def add(self) -> str:
        """Add its tensors, equations and block; returns the key of its output."""
        draft, record = self.draft, self.record
        dropped = {name for option, name in record.optional.items() if not self._yes(option)}
        shapes, sizes = self._input()
        parameters = self._parameters(shapes, sizes, dropped)
        first = len(draft.equations)
        defined = []
        for line, (equation, shape) in enumerate(self._read(shapes, sizes)):
            self._add_line(line, _without(equation, dropped), shape)
            defined.append(lhs(equation).key)
        if record.many and len(self.reads) > 1:
            draft.equations[first:] = [_spread(equation, self.reads) for equation in draft.equations[first:]]
        self._check_names(defined)
        gives = self.names[record.output]
        kind = f"{self.layer.kind} {self.activation} {sorted(dropped)}"
        lines = tuple(range(first, len(draft.equations)))
        draft.blocks.append(Block(self.number, kind, record.title, lines, self.reads, gives, tuple(parameters)))
        known = catalogue.functions().get(self.activation)
        if known is not None and known.record.kink is not None:
            draft.remarks[f"kink {self.activation}"] = self.activation
        return gives

    # --- what it reads, and its parameters ------------------------------------------------------------------------------

    def _input(self) -> tuple[dict[str, Shape], dict[str, int]]:
        """The shape of the input under its name in the record, and the sizes of the indices."""
        tensors, kind = self.draft.tensors, self.layer.kind
        local, letters = signature(self.record.input)
        source = tensors[self.reads[0]]
        written = self.layer.reads or (source.base,)
        for item, key in enumerate(self.reads):
            if tensors[key].shape != source.shape:
                raise SpecError(
                    f"{kind} adds its inputs, but `{written[0]}` has shape {shown(source.shape)} and "
                    f"`{written[item]}` has shape {shown(tensors[key].shape)}",
                    place=self.place("reads", item),
                    hint="give both the same number of units",
                )
        if len(letters) != len(source.shape):
            raise SpecError(
                f"{kind} reads {self.record.input}, but `{source.base}` has shape {shown(source.shape)}",
                place=self.place("reads", 0) if self.layer.reads else self.place("kind"),
                hint=f"its input must have {len(letters)} {'axis' if len(letters) == 1 else 'axes'}",
            )
        sizes = dict(zip(letters, source.shape, strict=True))
        sizes |= {letter: self._whole(option) for letter, option in self.record.sizes.items()}
        self.names[local] = self.reads[0]
        return {local: source.shape}, sizes

    def _yes(self, option: str) -> bool:
        value = self.options[option]
        if not isinstance(value, bool):
            place = self.place("options", option)
            raise SpecError(f"`{option}` must be true or false, found `{value}`", place=place)
        return value

    def _whole(self, option: str) -> int:
        value = self.options[option]
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DIMENSION:
            raise SpecError(
                f"`{option}` must be a whole number from 1 to {MAX_DIMENSION:,}, found `{value}`",
                place=self.place("options", option),
            )
        return value

    def _parameters(self, shapes: dict[str, Shape], sizes: Mapping[str, int], dropped: set[str]) -> list[str]:
        """Add the parameters, or find those of the layer that shares its own; returns their keys."""
        tensors, keys = self.draft.tensors, []
        for name, axes in self.form.parameters.items():
            shapes[name] = tuple(self._size(name, letter, sizes) for letter in _letters(axes))
            if name in dropped:
                continue
            key = f"{name}.{self.shared}"
            self.names[name] = key
            keys.append(key)
            if key not in tensors:
                self.draft.tensor(Tensor(key, shapes[name], "parameter", name, self.shared, cased=True))
            elif tensors[key].shape != shapes[name]:
                raise SpecError(
                    f"`{self.layer.share}` has {name} of shape {shown(tensors[key].shape)}, "
                    f"here it would have shape {shown(shapes[name])}",
                    place=self.place("share"),
                    hint="layers that share parameters read and give the same sizes",
                )
        return keys

    def _size(self, name: str, letter: str, sizes: Mapping[str, int]) -> int:
        if letter not in sizes:
            raise SpecError(
                f"the size of index {letter} of the parameter {name} is not known",
                place=self.written("parameters", name),
                hint=f"let the input have it, or name the option that says it: `sizes: {{{letter}: units}}`",
            )
        return sizes[letter]

    # --- its equations --------------------------------------------------------------------------------------------------

    def _read(self, shapes: Mapping[str, Shape], sizes: Mapping[str, int]) -> Sequence[tuple[Equation, Shape]]:
        texts = tuple(self.form.equations)
        try:
            return parsed(texts, shapes, sizes)
        except EquationError as error:
            line = texts.index(error.text) if error.text in texts else 0
            raise self._wrong(line, error) from error

    def _add_line(self, line: int, equation: Equation, shape: Shape) -> None:
        """One equation, renamed; an identity in a layer with pre-activations is only another name for its argument."""
        defined, rhs = lhs(equation), equation.rhs
        if isinstance(rhs, Elementwise) and rhs.name == "activation":
            inner = rhs.argument
            if self.activation == "identity" and isinstance(inner, Entry) and not self.record.many and self.record.signal:
                self.names[defined.key] = self.names[inner.key]
                return
            if self.activation in catalogue.vectors():
                self._add_vector(line, defined, inner, shape)
                return
            rhs = Elementwise.of(self.activation, inner)
        rhs = transform(rhs, lambda node: self._activated(line, node))
        key = self._define(line, defined.key, defined.key)
        signal = defined.key == self.record.signal
        self.draft.tensor(Tensor(key, shape, "intermediate", defined.key, self.number, cased=True, signal=signal))
        self.draft.equation(Equation(defined, rhs), self.names)

    def _activated(self, line: int, node: Expr) -> Expr | None:
        """The layer's activation where it stands inside a term."""
        if not (isinstance(node, Elementwise) and node.name == "activation"):
            return None
        if self.activation in catalogue.vectors():
            raise self._vector_alone(line)
        inner = transform(node.argument, lambda n: self._activated(line, n))
        return inner if self.activation == "identity" else Elementwise.of(self.activation, inner)

    def _add_vector(self, line: int, defined: Entry, inner: Expr, shape: Shape) -> None:
        """An activation that looks at the whole vector: an equation of its own kind, with the facts about it."""
        record = catalogue.vectors()[self.activation]
        if not isinstance(inner, Entry):
            raise self._vector_alone(line)
        if len(shape) != 1:
            message = f"{self.activation} works on a vector, here it would get shape {shown(shape)}"
            raise SpecError(message, place=self.place("options", self._activation_option()))
        key = self._define(line, defined.key, record.output)
        names = {"z": self.names[inner.key], record.output: key}
        self.draft.tensor(Tensor(key, shape, "intermediate", record.output, None if self.last else self.number, cased=True))
        [(equation, _)] = parsed((record.equation,), {"z": shape}, {"j": shape[0], "k": shape[0]})
        self.draft.equation(equation, names)
        self.draft.add_facts(record.facts, {record.output: shape}, names)

    def _vector_alone(self, line: int) -> SpecError:
        text = self.form.equations[line]
        return SpecError(
            f"{self.activation} works on a whole vector, and cannot stand inside `{text}`",
            place=self.written("equations", line),
            hint="give it an equation of its own: `a[j] = activation(z[j])`",
        )

    def _define(self, line: int, local: str, base: str) -> str:
        """The key of a new tensor of this layer."""
        key = f"{base}.{self.number}"
        if local in self.names or key in self.draft.tensors:
            what = f"`{local}` has a meaning in this layer already, and this equation defines it again"
            raise self._wrong(line, EquationError(what, text=self.form.equations[line], column=1, hint="take another name"))
        self.names[local] = key
        return key

    def _check_names(self, defined: Sequence[str]) -> None:
        """The record must define what it says it gives."""
        for field_name in ("output", "signal"):
            name = getattr(self.record, field_name)
            if name is not None and name not in defined:
                raise SpecError(
                    f"no equation of the layer {self.layer.kind} defines its {field_name} `{name}`",
                    place=self.written(field_name),
                    hint=did_you_mean(name, defined),
                )

    # --- places ---------------------------------------------------------------------------------------------------------

    def place(self, *path: str | int) -> Place:
        """A place in the layer as the network lists it."""
        return self.draft.spec.place("network", "layers", self.position, *path)

    def written(self, *path: str | int, offset: int = 0) -> Place:
        """A place in the layer's record where the spec defines it, else the layer in the network."""
        if self.layer.kind not in self.draft.spec.define:
            return self.place("kind")
        row = ("row",) if self.form is not self.record and path[0] in ("parameters", "equations") else ()
        return self.draft.spec.place("define", self.layer.kind, *row, *path, offset=offset)

    def _wrong(self, line: int, error: EquationError) -> SpecError:
        place = self.written("equations", line, offset=(error.column or 1) - 1)
        text = self.form.equations[line]
        return marked(error, text, place, f"layer {self.number} ({self.layer.kind}), in `{text}`")

    def _activation_option(self) -> str:
        return "activation" if "activation" in self.options else "function"


def parsed(texts: Sequence[str], shapes: Mapping[str, Shape], sizes: Mapping[str, int]) -> Sequence[tuple[Equation, Shape]]:
    """The equations of a record at these sizes, read once for all layers of the same sizes."""
    return _parsed(tuple(texts), tuple(shapes.items()), tuple(sizes.items()))


@lru_cache(maxsize=256)
def _parsed(
    texts: tuple[str, ...], shapes: tuple[tuple[str, Shape], ...], sizes: tuple[tuple[str, int], ...]
) -> tuple[tuple[Equation, Shape], ...]:
    known = dict(shapes)
    found = []
    for text in texts:
        equation, shape = language.parse_equation(text, known, {*functions(), "activation"}, dict(sizes))
        known[lhs(equation).key] = shape
        found.append((equation, shape))
    return tuple(found)


def signature(text: str) -> tuple[str, list[str]]:
    """`x[k]` -> ("x", ["k"])."""
    name, _, rest = text.partition("[")
    return name, _letters(rest.rstrip("]"))


def _letters(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _without(equation: Equation, dropped: set[str]) -> Equation:
    """The equation with zero for the parameters that an option leaves out."""

    def rule(node: Expr) -> Expr | None:
        return add(0) if isinstance(node, Entry) and node.key in dropped else None

    return Equation(equation.lhs, transform(equation.rhs, rule)) if dropped else equation


def _spread(equation: Equation, reads: Sequence[str]) -> Equation:
    """x[j] of the record as the sum over all that the layer reads."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Entry) and node.key == reads[0]:
            return add(*(Entry.of(key, *node.indices) for key in reads))
        return None

    return Equation(equation.lhs, transform(equation.rhs, rule))
