"""The loss of a network: its record's equations between the output and the target."""

from __future__ import annotations

from ..errors import SpecError, did_you_mean
from ..expressions.system import Tensor
from . import catalogue
from .draft import Draft, lhs, shown
from .instance import parsed, signature


def add_loss(draft: Draft, output: str) -> None:
    """Add the loss of the spec's network, if it has one, on top of the tensor `output`."""
    spec = draft.spec
    network = spec.network
    if network is None or network.loss is None:
        return
    kind = network.loss.kind
    place = spec.place("network", "loss", "kind")
    losses = catalogue.losses()
    if kind not in losses:
        raise SpecError(f"unknown loss `{kind}`", place=place, hint=did_you_mean(kind, losses))
    for option in network.loss.options:
        raise SpecError(f"{kind} has no option `{option}`", place=spec.place("network", "loss", "options", option, key=True))
    record = losses[kind]
    shape = draft.tensors[output].shape
    if len(shape) != 1:
        raise SpecError(f"{kind} compares vectors, but the network gives shape {shown(shape)}", place=place)
    local, letters = signature(record.input)
    target, _ = signature(record.target)
    goal = network.target or target
    _free(draft, goal, "the target of the loss", "give one of them another name; that of the target is set with `target:`")
    names = {local: output, target: goal}
    draft.tensor(Tensor(goal, shape, "target", goal, cased=True))
    draft.remarks["targets"] = record.targets
    draft.remarks["loss"] = kind
    shapes = {local: shape, target: shape}
    for equation, lhs_shape in parsed(record.equations, shapes, {letters[0]: shape[0]}):
        key = lhs(equation).key
        _free(draft, key, f"a quantity of the loss {kind}", "give the input or the layer another name")
        names[key] = key
        draft.tensor(Tensor(key, lhs_shape, "intermediate", key, cased=bool(lhs_shape)))
        draft.equation(equation, names)
        draft.objective = key
    draft.add_facts(record.facts, {target: shape}, names)


def _free(draft: Draft, name: str, what: str, hint: str) -> None:
    """Refuse a name that an input or a layer has already."""
    network = draft.spec.network
    assert network is not None
    if name in network.input:
        place = draft.spec.place("network", "input", name, key=True)
        raise SpecError(f"`{name}` is both an input and {what}", place=place, hint=hint)
    for position, layer in enumerate(network.layers):
        if layer.name == name:
            place = draft.spec.place("network", "layers", position, "name")
            raise SpecError(f"`{name}` is both a layer and {what}", place=place, hint=hint)
