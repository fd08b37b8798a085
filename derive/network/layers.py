"""The layers of a spec's network, one after the other: which record, what each reads, whose parameters it shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import SpecError, did_you_mean
from ..expressions.system import Tensor
from ..spec import Layer, Network
from ..spec.records import LayerRecord
from ..spec.shorthand import LAYER_KEYS
from . import catalogue
from .draft import Draft
from .instance import Instance


@dataclass
class _Walk:
    """Where the walk over the layers stands: the outputs that have a name, and the named layers with their numbers."""

    draft: Draft
    network: Network
    outputs: dict[str, str] = field(default_factory=dict)
    named: dict[str, tuple[int, Layer]] = field(default_factory=dict)

    def reads(self, position: int, layer: Layer, above: str) -> tuple[str, ...]:
        """The keys of what a layer reads."""
        if not layer.reads:
            return (above,)
        for item, name in enumerate(layer.reads):
            if name not in self.outputs:
                place = self.draft.spec.place("network", "layers", position, "reads", item)
                if name == layer.name:
                    raise SpecError(
                        f"this layer reads from itself, `{name}`",
                        place=place,
                        hint="a layer reads from inputs and from layers above it",
                    )
                if name in {other.name for other in self.network.layers[position:]}:
                    raise SpecError(
                        f"this layer reads from `{name}`, which comes later: that would be a cycle",
                        place=place,
                        hint="a layer reads from inputs and from layers above it",
                    )
                raise SpecError(f"nothing is named `{name}`", place=place, hint=did_you_mean(name, self.outputs))
        return tuple(self.outputs[name] for name in layer.reads)

    def shared(self, position: int, layer: Layer) -> int | None:
        """The number of the layer whose parameters a layer uses; None for its own."""
        if layer.share is None:
            return None
        place = self.draft.spec.place("network", "layers", position, "share")
        if layer.share not in self.named:
            hint = did_you_mean(layer.share, self.named) if self.named else "name an earlier layer with `name:`"
            raise SpecError(f"no earlier layer is named `{layer.share}`", place=place, hint=hint)
        number, first = self.named[layer.share]
        if first.kind != layer.kind:
            raise SpecError(f"`{layer.share}` is of the kind {first.kind}, this layer of the kind {layer.kind}", place=place)
        return number

    def options(self, position: int, layer: Layer, record: LayerRecord) -> dict[str, object]:
        """A layer's options, the record's defaults filled in."""
        place = self.draft.spec.place
        at = ("network", "layers", position)
        for name in layer.options:
            if name not in record.options:
                hint = did_you_mean(name, {*record.options, *LAYER_KEYS})
                raise SpecError(f"{layer.kind} has no option `{name}`", place=place(*at, "options", name, key=True), hint=hint)
        options: dict[str, object] = {**record.options, **layer.options}
        for name, value in options.items():
            if value is None:
                hint = f"write `- {layer.kind}: {{{name}: …}}`"
                raise SpecError(f"{layer.kind} needs `{name}`", place=place(*at, "kind"), hint=hint)
        if layer.reads and len(layer.reads) > 1 and not record.many:
            message = f"{layer.kind} reads one input, here are {len(layer.reads)}"
            raise SpecError(message, place=place(*at, "reads", 1), hint="join them with an `add` layer first")
        return options


def add_layers(draft: Draft, network: Network) -> str:
    """Add the inputs and all layers; returns the key of the network's output."""
    records: Mapping[str, LayerRecord] = {**catalogue.layers(), **draft.spec.define}
    walk = _Walk(draft, network)
    for name, shape in network.input.items():
        draft.tensor(Tensor(name, shape, "input", name, cased=True))
        walk.outputs[name] = name
    above = next(iter(network.input))
    count = sum(layer.repeat for layer in network.layers)
    number = 0
    for position, layer in enumerate(network.layers):
        record = records[layer.kind]
        options = walk.options(position, layer, record)
        shared = walk.shared(position, layer)
        reads = walk.reads(position, layer, above)
        for _ in range(layer.repeat):
            number += 1
            instance = Instance(draft, record, layer, position, number, reads, shared or number, number == count, options)
            above = instance.add()
            reads = (above,)  # a repeated layer is a stack: only its first copy reads from elsewhere
        if layer.name:
            walk.outputs[layer.name] = draft.outputs[layer.name] = above
            walk.named[layer.name] = (number, layer)
    last = records[network.layers[-1].kind]
    for name in (draft.tensors[above].base, last.output):
        if name not in draft.outputs and name not in network.input:
            draft.outputs[name] = above
    return above
