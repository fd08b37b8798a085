"""YAML -> Spec: what a user says about a network, a sheet and its numbers.

A spec is validated here as far as it can be without the catalogue; `check_names` does the rest once the known layers are at hand.
Reading a spec does not need SymPy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import Place, SpecError, did_you_mean
from .complaints import first, found
from .fields import Part, Steps, short
from .models import BATCH_SIZE, Explore, Layer, Loss, Network, Spec
from .reading import compose, read
from .records import LayerRecord
from .shorthand import LAYER_KEYS, LOSS_KEYS, one_of, schema_of

__all__ = [
    "BATCH_SIZE",
    "Explore",
    "Layer",
    "LayerRecord",
    "Loss",
    "Network",
    "Part",
    "Spec",
    "check_names",
    "load",
    "loads",
    "schema",
]

WORDS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


def load(source: str | Path) -> Spec:
    """The spec in a file."""
    return loads(read(Path(source)), str(source))


def loads(text: str, name: str = "<text>") -> Spec:
    """The spec in a text; `name` stands for it in error messages."""
    root = compose(text, name)
    if not isinstance(root.value, dict):
        raise SpecError(
            f"a spec is a mapping (`key: value`), found {found(root.plain())}", place=root.place, hint="begin with `title: …`"
        )
    try:
        spec = Spec.model_validate(root.plain())
    except ValidationError as error:
        raise first(error.errors(include_url=False), root) from None
    spec._root = root
    return spec


def check_names(spec: Spec, layers: Collection[str], activations: Collection[str], losses: Collection[str]) -> None:
    """Refuse a layer, activation or loss that is neither in the catalogue nor defined by the spec itself."""
    if spec.network is None:
        return
    for number, layer in enumerate(spec.network.layers):
        at: Steps = ("network", "layers", number)
        _check("layer", layer.kind, {*layers, *spec.define}, spec.place(*at, "kind"))
        for option, value in layer.options.items():
            if option in ("activation", "function") or option.endswith("_activation"):
                _check("activation", str(value), activations, spec.place(*at, "options", option))
    if spec.network.loss is not None:
        _check("loss", spec.network.loss.kind, losses, spec.place("network", "loss", "kind"))


def _check(what: str, found: str, known: Collection[str], place: Place) -> None:
    if found not in known:
        raise SpecError(f"unknown {what} `{short(found)}`", place=place, hint=did_you_mean(found, known))


def schema(layers: Iterable[str] = (), activations: Iterable[str] = (), losses: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON Schema of a spec as it is written in YAML. Editors complete the names that are given."""
    whole = Spec.model_json_schema()
    parts = whole["$defs"]
    layer = schema_of(Layer, LAYER_KEYS, "one layer: its kind, with its options below it", sorted(layers))
    settings = layer["anyOf"][1]["additionalProperties"]["properties"]
    settings["from"].update(WORDS)
    settings["activation"] = {
        **one_of(sorted(activations)),
        "description": "The function that is applied to each entry of the layer's output.",
    }
    loss = schema_of(Loss, LOSS_KEYS, "the loss by name, or with its options below it", sorted(losses))
    parts["Layer"], parts["Loss"] = layer, loss
    whole["anyOf"] = [{"required": ["network"]}, {"required": ["equations"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}
