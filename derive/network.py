"""Spec + catalogue -> System: the forward pass as equations between indexed scalars.

A layer is instantiated by reading its record's equations for the sizes at hand and renaming: `W` of layer 2 gets the key `W.2`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy
from sympy import Expr

from . import catalogue, language
from .errors import DeriveError, EquationError, Place, SpecError, did_you_mean
from .records import FactRecord, LayerRecord
from .spec import Layer, Spec
from .tensor import (
    Block,
    Elementwise,
    Entry,
    Equation,
    Fact,
    Index,
    Role,
    System,
    Tensor,
    Total,
    add,
    factors,
    free_indices,
    mul,
    neg,
    rename,
    total,
    transform,
)

Shape = tuple[int, ...]


def build(spec: Spec) -> System:
    """The forward program of a spec, for one training example and in full width.

    Raises SpecError, with the place in the file, where a name, a shape or the order of the equations is wrong.
    """
    draft = _Draft(spec)
    if spec.network is not None:
        draft.add_network()
    draft.add_equations()
    return draft.finish()


@dataclass
class _Draft:
    """A system while it is being put together."""

    spec: Spec
    tensors: dict[str, Tensor] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    remarks: dict[str, str] = field(default_factory=dict)
    objective: str | None = None
    parsed: dict[object, list[tuple[Equation, Shape]]] = field(default_factory=dict)

    def tensor(self, tensor: Tensor) -> None:
        self.tensors[tensor.key] = tensor

    # --- layers and loss ------------------------------------------------------------------------------------------------

    def add_network(self) -> None:
        network = self.spec.network
        assert network is not None
        records = {**catalogue.layers(), **self.spec.define}
        outputs: dict[str, str] = {}
        for name, shape in network.input.items():
            self.tensor(Tensor(name, tuple(shape), "input", name, cased=True))
            outputs[name] = name
        previous = next(iter(network.input))
        later = {layer.name for layer in network.layers if layer.name}
        count = sum(layer.repeat for layer in network.layers)
        number = 0
        layers: dict[str, tuple[int, Layer]] = {}
        for position, layer in enumerate(network.layers):
            place = self.spec.place("network", "layers", position)
            if layer.kind not in records:
                raise SpecError(f"unknown layer `{layer.kind}`", place=place, hint=did_you_mean(layer.kind, records))
            for _ in range(layer.repeat):
                number += 1
                reads = _sources(layer, previous, outputs, later, place)
                shared = number
                if layer.share is not None:
                    if layer.share not in layers:
                        hint = did_you_mean(layer.share, layers) if layers else "name an earlier layer with `name:`"
                        raise SpecError(f"no earlier layer is named `{layer.share}`", place=place, hint=hint)
                    shared, first = layers[layer.share]
                    if first.kind != layer.kind:
                        raise SpecError(f"`{layer.share}` is a {first.kind} layer, this is a {layer.kind} layer", place=place)
                last = number == count
                try:
                    previous = self.add_layer(records[layer.kind], layer, number, reads, shared, last)
                except EquationError as error:
                    raise SpecError(f"layer {number} ({layer.kind}): {error.message}", place=place, hint=error.hint) from error
                except DeriveError as error:
                    raise error.at(place) from None
            if layer.name:
                if layer.name in outputs:
                    raise SpecError(f"two things are named `{layer.name}`", place=place, hint="names must differ")
                outputs[layer.name] = previous
                layers[layer.name] = (number, layer)
        self.add_loss(previous)

    def add_layer(
        self, record: LayerRecord, layer: Layer, number: int, reads: Sequence[str], shared: int, last: bool
    ) -> str:
        """One layer; returns the key of its output."""
        options = _options(record, layer)
        form = record.row if self.spec.convention == "row" and record.row else record
        local, letters = _signature(record.input)
        source = self.tensors[reads[0]]
        for key in reads:
            if self.tensors[key].shape != source.shape:
                raise SpecError(
                    f"{layer.kind} adds its inputs, but `{_base(reads[0])}` has shape {_shown(source.shape)} and "
                    f"`{_base(key)}` has shape {_shown(self.tensors[key].shape)}",
                    hint="give both the same number of units",
                )
        if len(letters) != len(source.shape):
            raise SpecError(
                f"{layer.kind} reads {record.input}, but `{source.base}` has shape {_shown(source.shape)}",
                hint=f"its input must have {len(letters)} {'axis' if len(letters) == 1 else 'axes'}",
            )
        sizes = dict(zip(letters, source.shape, strict=True))
        sizes |= {letter: _whole(options[option], option) for letter, option in record.sizes.items()}
        names = {local: reads[0]}
        shapes: dict[str, Shape] = {local: source.shape}
        parameters = []
        dropped = {name for option, name in record.optional.items() if options[option] is False}
        for name, axes in form.parameters.items():
            shapes[name] = tuple(_size(letter, sizes, record) for letter in _letters(axes))
            if name in dropped:
                continue
            key = f"{name}.{shared}"
            names[name] = key
            parameters.append(key)
            if key in self.tensors and self.tensors[key].shape != shapes[name]:
                raise SpecError(
                    f"`{layer.share}` has {name} of shape {_shown(self.tensors[key].shape)}, "
                    f"here it would have shape {_shown(shapes[name])}",
                    hint="layers that share parameters read and give the same sizes",
                )
            if key not in self.tensors:
                self.tensor(Tensor(key, shapes[name], "parameter", name, shared, cased=True))
        first = len(self.equations)
        activation = str(options.get("activation") or options.get("function") or "identity")
        gives = names[local]
        for equation, shape in self.read(record, form.equations, shapes, sizes):
            equation = _without(equation, dropped)
            gives = self.add_line(equation, shape, number, names, activation, record, last)
        if record.many and len(reads) > 1:
            self.equations[-1] = _spread(self.equations[-1], reads)
        self.blocks.append(
            Block(
                number,
                f"{layer.kind} {activation} {sorted(dropped)}",
                record.title,
                tuple(range(first, len(self.equations))),
                tuple(reads),
                gives,
                tuple(parameters),
            )
        )
        self.remark(activation)
        return gives

    def read(
        self, record: object, texts: Sequence[str], shapes: Mapping[str, Shape], sizes: Mapping[str, int]
    ) -> list[tuple[Equation, Shape]]:
        """The equations of a record at these sizes, read once for all layers of the same sizes."""
        mark = (id(record), tuple(texts), tuple(shapes.items()), tuple(sizes.items()))
        if mark not in self.parsed:
            known = dict(shapes)
            found = []
            functions = {*catalogue.functions(), "activation"}
            for text in texts:
                equation, shape = language.parse_equation(text, known, functions, sizes)
                known[_lhs(equation).key] = shape
                found.append((equation, shape))
            self.parsed[mark] = found
        return self.parsed[mark]

    def add_line(
        self,
        equation: Equation,
        shape: Shape,
        number: int,
        names: dict[str, str],
        activation: str,
        record: LayerRecord,
        last: bool,
    ) -> str:
        """One equation of a layer, renamed; returns the key it defines (or that of what it would merely repeat)."""
        lhs, rhs = _lhs(equation), equation.rhs
        if isinstance(rhs, Elementwise) and rhs.name == "activation":
            inner = rhs.argument
            if activation == "identity" and isinstance(inner, Entry) and not record.many and record.signal:
                names[lhs.key] = names[inner.key]
                return names[inner.key]
            if activation in catalogue.vectors():
                return self.add_vector(activation, lhs, inner, shape, number, names, last)
            if activation not in catalogue.functions():
                known = catalogue.activations()
                raise SpecError(f"unknown activation `{activation}`", hint=did_you_mean(activation, known))
            rhs = Elementwise.of(activation, inner)
        key = f"{lhs.key}.{number}"
        names[lhs.key] = key
        self.tensor(
            Tensor(key, shape, "intermediate", lhs.key, number, cased=True, signal=lhs.key == record.signal)
        )
        self.equations.append(Equation(_named(lhs, names), _named(rhs, names)))
        return key

    def add_vector(
        self, activation: str, lhs: Entry, inner: Expr, shape: Shape, number: int, names: dict[str, str], last: bool
    ) -> str:
        record = catalogue.vectors()[activation]
        if not isinstance(inner, Entry) or len(shape) != 1:
            raise SpecError(f"{activation} works on a vector, here it would get shape {_shown(shape)}")
        size = shape[0]
        equation, _ = language.parse_equation(record.equation, {"z": shape}, (), {"j": size, "k": size})
        key = f"{record.output}.{number}"
        names |= {"z": names.get(inner.key, inner.key), record.output: key, lhs.key: key}
        self.tensor(Tensor(key, shape, "intermediate", record.output, None if last else number, cased=True))
        self.equations.append(Equation(_named(equation.lhs, names), _named(equation.rhs, names)))
        self.add_facts(record.facts, {record.output: shape}, names)
        return key

    def add_facts(self, records: Sequence[FactRecord], shapes: Mapping[str, Shape], names: Mapping[str, str]) -> None:
        for record in records:
            size = next(iter(shapes.values()))[0]
            body = language.parse_expression(record.body, shapes, (), {record.over: size})
            pattern = total(_named(body, names), Index(record.over, size))
            self.facts.append(Fact(pattern, add(record.value), record.reason))

    def add_loss(self, output: str) -> None:
        network = self.spec.network
        assert network is not None
        if network.loss is None:
            return
        place = self.spec.place("network", "loss")
        kind = network.loss.kind
        losses = catalogue.losses()
        if kind not in losses:
            raise SpecError(f"unknown loss `{kind}`", place=place, hint=did_you_mean(kind, losses))
        record = losses[kind]
        shape = self.tensors[output].shape
        if len(shape) != 1:
            raise SpecError(f"{kind} compares vectors, but the network gives shape {_shown(shape)}", place=place)
        local, letters = _signature(record.input)
        target, _ = _signature(record.target)
        goal = network.target or target
        names = {local: output, target: goal}
        self.tensor(Tensor(goal, shape, "target", goal, cased=True))
        self.remarks["targets"] = record.targets
        self.remarks["loss"] = record.title
        shapes: dict[str, Shape] = {local: shape, target: shape}
        for equation, lhs_shape in self.read(record, record.equations, shapes, {letters[0]: shape[0]}):
            key = _lhs(equation).key
            names[key] = key
            role: Role = "intermediate" if lhs_shape else "objective"
            self.tensor(Tensor(key, lhs_shape, role, key, cased=bool(lhs_shape)))
            self.equations.append(Equation(_named(equation.lhs, names), _named(equation.rhs, names)))
            self.objective = key
        self.add_facts(record.facts, {target: shape}, names)

    def remark(self, activation: str) -> None:
        known = catalogue.functions().get(activation)
        if known is not None and known.record.kink is not None:
            self.remarks[f"kink {activation}"] = activation

    # --- own equations --------------------------------------------------------------------------------------------------

    def add_equations(self) -> None:
        spec = self.spec
        declared: dict[str, Role] = {}
        groups: tuple[tuple[Role, Mapping[str, Shape]], ...] = (
            ("input", spec.inputs),
            ("parameter", spec.parameters),
            ("target", spec.targets),
            ("constant", {k: v if isinstance(v, tuple) else () for k, v in spec.constants.items()}),
        )
        for role, group in groups:
            for name, shape in group.items():
                if name in self.tensors:
                    raise SpecError(f"`{name}` is declared, but the network defines it too", place=spec.place(_field(role), name))
                declared[name] = role
                self.tensor(Tensor(name, tuple(shape), role, name))
        parsed = []
        for position, text in enumerate(spec.equations):
            try:
                parsed.append(language.names_in(text))
            except EquationError as error:
                raise self.placed(error, position) from error
        defined = {name: position for position, (name, _) in enumerate(parsed)}
        names = {t.base: key for key, t in self.tensors.items() if t.layer is None}
        if self.blocks:
            names[self.tensors[self.blocks[-1].gives].base] = self.blocks[-1].gives
            names |= {layer.name: self.named(layer.name) for layer in self._named_layers() if layer.name}
        for position, (text, (name, used)) in enumerate(zip(spec.equations, parsed, strict=True)):
            try:
                self.add_equation(text, position, name, used, names, defined, parsed, strict=bool(declared or self.blocks))
            except EquationError as error:
                raise self.placed(error, position) from error
            except DeriveError as error:
                raise error.at(spec.place("equations", position)) from None

    def _named_layers(self) -> list[Layer]:
        assert self.spec.network is not None
        return [layer for layer in self.spec.network.layers if layer.name]

    def named(self, name: str) -> str:
        """The key of the output of the layer with that name."""
        assert self.spec.network is not None
        number = 0
        for layer in self.spec.network.layers:
            number += layer.repeat
            if layer.name == name:
                break
        return next(b.gives for b in self.blocks if b.number == number)

    def add_equation(
        self,
        text: str,
        position: int,
        name: str,
        used: Sequence[str],
        names: dict[str, str],
        defined: Mapping[str, int],
        parsed: Sequence[tuple[str, tuple[str, ...]]],
        strict: bool,
    ) -> None:
        if name in names:
            where = "by an earlier equation" if defined[name] < position or name in defined else "already"
            what = f"`{name}` is defined {where}" if self.tensors[names[name]].role == "intermediate" else f"`{name}` is declared"
            raise SpecError(f"{what}, and this equation defines it again", hint="give the new quantity a name of its own")
        for other in used:
            if other in names:
                continue
            if other in defined:
                raise SpecError(*_order_message(name, other, defined, parsed))
            if strict:
                raise EquationError(
                    f"`{other}` is used, but nothing defines or declares it",
                    text=text,
                    column=text.find(other) + 1,
                    hint=did_you_mean(other, names) + f"; or declare it: `parameters: {{{other}: …}}`",
                )
            if language.ranks_in(text).get(other, 0):
                raise EquationError(
                    f"the shape of `{other}` is not known",
                    text=text,
                    column=text.find(other) + 1,
                    hint=f"declare it, e.g. `parameters: {{{other}: [4, 3]}}`",
                )
            names[other] = other
            role: Role = "input" if other[0] in "axhAXH" else "parameter"
            self.tensor(Tensor(other, (), role, other))
        shapes = {local: self.tensors[key].shape for local, key in names.items()}
        equation, shape = language.parse_equation(text, shapes, set(catalogue.functions()), dict(self.spec.sizes))
        names[name] = name
        self.tensor(Tensor(name, shape, "intermediate", name))
        self.equations.append(Equation(_named(equation.lhs, names), _named(equation.rhs, names)))

    def placed(self, error: EquationError, position: int) -> SpecError:
        """An equation's error at its place in the file, with the text marked."""
        place = self.spec.place("equations", position)
        text = self.spec.equations[position]
        mark = ""
        if error.column is not None:
            mark = f"\n  {text}\n  {' ' * (error.column - 1)}^"
            if place.column is not None:
                place = Place(place.file, place.line, place.column + error.column - 1)
        return SpecError(f"in `{text}`: {error.message}{mark}", place=place, hint=error.hint)

    # --- the whole ------------------------------------------------------------------------------------------------------

    def finish(self) -> System:
        spec = self.spec
        chosen = spec.objective
        if chosen is not None:
            if chosen not in self.tensors:
                known = [_lhs(e).key for e in self.equations]
                raise SpecError(f"`{chosen}` is not defined", place=spec.place("objective"), hint=did_you_mean(chosen, known))
            if self.tensors[chosen].shape:
                raise SpecError(
                    f"the objective must be one number, but `{chosen}` has shape {_shown(self.tensors[chosen].shape)}",
                    place=spec.place("objective"),
                    hint=f"add a line such as `C = sum({chosen}[j]**2, j)`",
                )
            self.objective = chosen
        elif self.spec.equations and not self.tensors[_lhs(self.equations[-1]).key].shape:
            self.objective = _lhs(self.equations[-1]).key
        if self.objective is not None:
            old = self.tensors[self.objective]
            self.tensors[self.objective] = Tensor(old.key, old.shape, "objective", old.base)
        if not any(t.role == "parameter" for t in self.tensors.values()) and (self.blocks or not _free(self.tensors)):
            raise SpecError(
                "there is no trainable parameter, so there is nothing to differentiate with respect to",
                place=spec.place("network") if self.blocks else spec.place("equations"),
                hint="add a layer with parameters, such as `dense`, or declare some under `parameters`",
            )
        self.facts += _deviations(self.equations)
        return System(
            self.tensors, tuple(self.equations), self.objective, tuple(self.blocks), tuple(self.facts), None, self.remarks
        )


def _deviations(equations: Sequence[Equation]) -> list[Fact]:
    """For each mean mu = (1/N) Σ x_i: the deviations from it add up to zero."""
    found = []
    for equation in equations:
        parts = factors(equation.rhs)
        if len(parts) == 2 and parts[0].is_Number and isinstance(parts[1], Total) and isinstance(parts[1].body, Entry):
            over = parts[1]
            if parts[0] * sympy.prod([i.size for i in over.indices]) == 1:
                found.append(Fact(Total(add(over.body, neg(equation.lhs)), *over.indices), add(0), "sum_deviation"))
    return found


def _free(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    return [t for t in tensors.values() if t.role == "input"]


def _field(role: Role) -> str:
    return f"{role}s"


def _order_message(
    name: str, other: str, defined: Mapping[str, int], parsed: Sequence[tuple[str, tuple[str, ...]]]
) -> tuple[str]:
    """What is wrong where `name` uses `other`, which a later equation defines (or this one): an order, or a cycle."""
    path = [name, other]
    seen = {name}
    while path[-1] not in seen:
        seen.add(path[-1])
        following = next((u for u in parsed[defined[path[-1]]][1] if u in defined and (u == name or u not in seen)), None)
        if following is None:
            return (f"`{other}` is used before it is defined: move its equation above that of `{name}`",)
        path.append(following)
    return ("the equations go in a circle: " + " needs ".join(f"`{p}`" for p in path),)


def _sources(
    layer: Layer, previous: str, outputs: Mapping[str, str], later: set[str], place: Place
) -> list[str]:
    if not layer.reads:
        return [previous]
    found = []
    for name in layer.reads:
        if name not in outputs:
            if name == layer.name or name in later:
                raise SpecError(
                    f"this layer reads from `{name}`, which comes later: that would be a cycle",
                    place=place,
                    hint="a layer reads from inputs and from layers above it",
                )
            raise SpecError(f"nothing is named `{name}`", place=place, hint=did_you_mean(name, outputs))
        found.append(outputs[name])
    return found


def _options(record: LayerRecord, layer: Layer) -> dict[str, object]:
    for name in layer.options:
        if name not in record.options:
            known = sorted({*record.options, "name", "from", "share", "repeat"})
            raise SpecError(f"{layer.kind} has no option `{name}`", hint=did_you_mean(name, known))
    options: dict[str, object] = {**record.options, **layer.options}
    for name, value in options.items():
        if value is None:
            raise SpecError(f"{layer.kind} needs `{name}`", hint=f"write `- {layer.kind}: {{{name}: …}}`")
    if layer.reads and len(layer.reads) > 1 and not record.many:
        raise SpecError(f"{layer.kind} reads one input, here are {len(layer.reads)}", hint="join them with an `add` layer first")
    return options


def _whole(value: object, option: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100_000:
        raise SpecError(f"`{option}` must be a whole number from 1 to 100,000, found `{value}`")
    return value


def _signature(text: str) -> tuple[str, list[str]]:
    """`x[k]` -> ("x", ["k"])."""
    name, _, rest = text.partition("[")
    return name, _letters(rest.rstrip("]"))


def _letters(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _size(letter: str, sizes: Mapping[str, int], record: LayerRecord) -> int:
    if letter not in sizes:
        raise SpecError(f"the size of index {letter} of the layer `{record.title}` is not known", hint="name it under `sizes`")
    return sizes[letter]


def _lhs(equation: Equation) -> Entry:
    assert isinstance(equation.lhs, Entry)
    return equation.lhs


def _base(key: str) -> str:
    return key.split(".")[0]


def _shown(shape: Shape) -> str:
    return "×".join(map(str, shape)) if shape else "() (a scalar)"


def _named(expr: Expr, names: Mapping[str, str]) -> Expr:
    """The expression with its local names replaced by keys."""
    return transform(
        expr, lambda n: Entry.of(names.get(n.key, n.key), *n.indices) if isinstance(n, Entry) else None
    )


def _without(equation: Equation, dropped: set[str]) -> Equation:
    if not dropped:
        return equation
    return Equation(equation.lhs, transform(equation.rhs, lambda n: add(0) if isinstance(n, Entry) and n.key in dropped else None))


def _spread(equation: Equation, reads: Sequence[str]) -> Equation:
    """x[j] of the record as the sum over all that the layer reads."""

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Entry) and node.key == reads[0]:
            return add(*(Entry.of(key, *node.indices) for key in reads))
        return None

    return Equation(equation.lhs, transform(equation.rhs, rule))


# --- other shapes of the same system ------------------------------------------------------------------------------------------


def in_scalars(system: System) -> System:
    """The same system without its indices, where every size is 1: the beginner's network."""

    def bare(expr: Expr) -> Expr:
        if isinstance(expr, Entry):
            return Entry.of(expr.key)
        if not expr.args:
            return expr
        from .tensor import rebuild

        return bare(expr.body) if isinstance(expr, Total) else rebuild(expr, (bare(a) if a.args else a for a in expr.args))

    from dataclasses import replace

    return replace(
        system,
        tensors={k: replace(t, shape=()) for k, t in system.tensors.items()},
        equations=tuple(Equation(bare(e.lhs), bare(e.rhs)) for e in system.equations),
        facts=(),
    )


def over_examples(system: System, examples: int, last: bool = False) -> System:
    """The same system for a mini-batch: everything but the parameters gets an index n, and the cost becomes the average.

    last: the examples are columns (the index comes last), else rows.
    """
    from dataclasses import replace

    from sympy import Rational

    n = Index("n", examples)
    fixed = {t.key for t in system.of_role("parameter", "constant")}
    cost = system.objective

    def lifted(expr: Expr) -> Expr:
        def rule(node: Expr) -> Expr | None:
            if not isinstance(node, Entry) or node.key in fixed:
                return None
            key = f"{node.key} each" if node.key == cost else node.key
            return Entry.of(key, *node.indices, n) if last else Entry.of(key, n, *node.indices)

        return transform(expr, rule)

    tensors: dict[str, Tensor] = {}
    for key, tensor in system.tensors.items():
        if key in fixed:
            tensors[key] = tensor
            continue
        shape = (*tensor.shape, examples) if last else (examples, *tensor.shape)
        axis = len(tensor.shape) if last else 0
        if key == cost:
            tensors[f"{key} each"] = replace(tensor, key=f"{key} each", shape=shape, role="intermediate", cased=True, batch=axis)
            tensors[key] = tensor
        else:
            tensors[key] = replace(tensor, shape=shape, batch=axis)
    equations = [Equation(lifted(e.lhs), lifted(e.rhs)) for e in system.equations]
    if cost is not None:
        mean = mul(Rational(1, examples), total(Entry.of(f"{cost} each", n), n))
        equations.append(Equation(Entry.of(cost), mean))
    facts = tuple(Fact(lifted(f.pattern), f.value, f.reason) for f in system.facts)
    assert not any(n in free_indices(e.lhs) for e in system.equations)
    return replace(system, tensors=tensors, equations=tuple(equations), facts=facts, examples=examples)


__all__ = ["build", "in_scalars", "over_examples", "rename"]
