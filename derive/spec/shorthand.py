"""`kind`, or `{kind: {option: …}}`: how a layer and a loss are written, and where their parts then stand in the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ..errors import Place
from .fields import Steps, expected, short, wrong
from .nodes import Node

LAYER_KEYS = {"name": "name", "from": "reads", "share": "share", "repeat": "repeat"}
"""The keys that every kind of layer has, and the fields they go to; all others are options."""
LOSS_KEYS: dict[str, str] = {}


def opened(value: object, what: str, example: str, fields: Mapping[str, str]) -> object:
    """What stands in YAML, sorted into the fields of the model and its options."""
    if isinstance(value, str):
        return {"kind": value}
    if not isinstance(value, dict):
        raise expected(f"{what} (`{example}`)", value)
    if len(value) != 1:
        keys = ", ".join(f"`{short(str(key))}`" for key in list(value)[:5])
        found = f"the keys {keys}" if value else "an empty mapping"
        raise wrong(
            f"{what} is one key with its options below it, found {found}", f"write `{example}`, or indent the options under it"
        )
    [(kind, settings)] = value.items()
    if settings is None:
        settings = {}
    if not isinstance(settings, dict):
        raise expected("a mapping of options", settings, f"write `{example}`", at=(kind,))
    known = {fields[key]: setting for key, setting in settings.items() if key in fields}
    return {"kind": kind, **known, "options": {key: setting for key, setting in settings.items() if key not in fields}}


def written(path: Steps, root: Node) -> Steps:
    """The path in the YAML of a path in the model: a layer's and the loss's fields stand below its kind."""
    if path[:2] == ("network", "layers"):
        head, tail, keys = path[:3], path[3:], LAYER_KEYS
    elif path[:2] == ("network", "loss"):
        head, tail, keys = path[:2], path[2:], LOSS_KEYS
    else:
        return path
    at, _ = root.find(head)
    if not tail or not isinstance(at.value, dict) or len(at.value) != 1:
        return path
    [kind] = at.value
    if tail[0] == "options":
        return (*head, kind, *tail[1:])
    spelled = {field: key for key, field in keys.items()}
    return (*head, kind, spelled[str(tail[0])], *tail[1:]) if tail[0] in spelled else (*head, kind)


def place(root: Node, path: Steps, key: bool = False, offset: int = 0) -> Place:
    """Where a part of the model stands; of its key, or `offset` characters into a text."""
    there = written(path, root)
    node, key_place = root.find(there)
    key = key or (path[-1:] == ("kind",) and there != path)  # a kind with options is a key itself
    found = key_place if key else node.place
    if offset and not key and node.one_line and found.column is not None:
        return Place(found.file, found.line, found.column + offset)
    return found


def one_of(known: list[str]) -> dict[str, Any]:
    """The schema of a word, of which these are known: a spec may define more."""
    return {"anyOf": [{"enum": known}, {"type": "string"}]} if known else {"type": "string"}


def schema_of(model: type[BaseModel], keys: Mapping[str, str], description: str, known: list[str]) -> dict[str, Any]:
    """The schema of `kind` or `{kind: {field or option: …}}`."""
    properties = model.model_json_schema()["properties"]
    names = one_of(known)
    settings = {
        "type": ["object", "null"],
        "description": properties["options"]["description"],
        "properties": {key: properties[field] for key, field in keys.items()},
    }
    mapping = {"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": names, "additionalProperties": settings}
    return {"title": model.__name__, "description": description, "anyOf": [names, mapping]}
