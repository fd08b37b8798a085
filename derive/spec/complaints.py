"""What pydantic says about a spec, put into plain words, at its place in the file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from pydantic_core import ErrorDetails

from ..errors import SpecError, did_you_mean
from . import shorthand
from .fields import Part, Steps, short
from .models import ROLES, Explore, Network, Spec
from .nodes import Node
from .records import Form, LayerRecord


def first(
    errors: list[ErrorDetails], root: Node, models: Mapping[Steps, type[Part]] | None = None, whole: str = "the spec"
) -> SpecError:
    """The first error in the order of the text, and how many more there are.

    models: the parts of another kind of file than a spec, by their paths; whole: what that file is called.
    """
    known = _keys if models is None else lambda path: models[path].model_fields if path in models else ()
    unknown = {e["loc"]: did_you_mean(str(e["loc"][-1]), known(e["loc"][:-1])) for e in errors if e["type"] == "extra_forbidden"}
    complaints = []
    for error in errors:
        where = error["loc"]
        # A misspelt key is one error, not two; nor is a list "too short" because its items are wrong.
        misspelt = any(k[:-1] == where[:-1] and f"`{where[-1]}`?" in guess for k, guess in unknown.items())
        if (error["type"] == "missing" and misspelt) or (error["type"] == "too_short" and error["input"]):
            continue
        complaints.append(_complaint(error, root, unknown.get(where, ""), whole))
    first = min(complaints, key=lambda e: (e.place.line or 0, e.place.column or 0) if e.place else (0, 0))
    if len(complaints) > 1:
        first = SpecError(f"{first.message} (and {len(complaints) - 1:,} more)", place=first.place, hint=first.hint)
    return first


def _keys(path: Steps) -> Collection[str]:
    if path[:1] == ("define",):
        return (LayerRecord if len(path) == 2 else Form).model_fields
    models: dict[Steps, type[Part]] = {(): Spec, ("network",): Network, ("explore",): Explore}
    return models[path].model_fields if path in models else ()


EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "tuple_type": "a list",
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
}


def _complaint(error: ErrorDetails, root: Node, did: str, whole: str) -> SpecError:
    """Pydantic's error in plain words."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    path: Steps = tuple(step for step in error["loc"] if step != "[key]")
    # A word where a list may stand is no item of a list.
    while path and isinstance(path[-1], int) and not isinstance(root.find(shorthand.written(path[:-1], root))[0].value, list):
        path = path[:-1]
    key = "[key]" in error["loc"] or kind == "extra_forbidden"
    label, hint = _label(shorthand.written(path, root), whole), str(context.get("hint", ""))
    if kind == "wrong":
        path, message, key = (*path, *context["at"]), context["message"], key or (context["key"] and bool(context["at"]))
    elif kind == "expected":
        label = _label(context["at"], whole) if context["at"] and isinstance(context["at"][-1], str) else label
        message = f"expected {context['what']} for {label}, found {found(context['found'])}"
        path = (*path, *context["at"])
    elif kind == "missing":
        message, hint, path = f"{label} is missing", f"add a line `{path[-1]}: …`", path[:-1]
    elif kind == "extra_forbidden":
        message, hint = f"unknown key `{short(str(path[-1]))}`", _belongs(str(path[-1])) or did
    elif kind == "literal_error":
        choices = [quoted or number for quoted, number in re.findall(r"'([^']*)'|(\d+)", context["expected"])]
        message, hint = f"expected one of {', '.join(f'`{c}`' for c in choices)} for {label}, found {found(value)}", ""
        guess = did_you_mean(str(value), choices)
        hint = guess if guess.startswith("did") else ""
    elif kind in EXPECTED:
        message = f"expected {EXPECTED[kind]} for {label}, found {found(value)}"
        hint = _remedy(kind, value, path)
    elif kind in ("greater_than_equal", "less_than_equal"):
        side, bound = ("least", context.get("ge")) if kind.startswith("greater") else ("most", context.get("le"))
        message = f"{label} must be at {side} {bound:,}, found {short(str(value))}"
    elif kind in ("string_too_long", "too_long"):
        size, unit = (len(value), "characters") if isinstance(value, str) else (len(value), "entries")
        message, hint = f"{label} has {size:,} {unit}", f"at most {context['max_length']:,} are allowed"
    elif kind in ("string_too_short", "too_short", "empty"):
        message = f"{label} is empty"
    else:
        message = f"{label}: {error['msg']}"
    return SpecError(message, place=shorthand.place(root, path, key), hint=hint)


def _label(path: Steps, whole: str) -> str:
    words = [step for step in path if isinstance(step, str)]
    if not words:
        return whole
    return f"item {path[-1] + 1} of `{short(words[-1])}`" if isinstance(path[-1], int) else f"`{short(words[-1])}`"


def found(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or value == "":
        return "nothing"
    return f"`{str(value).lower() if isinstance(value, bool) else short(str(value))}`"


def _remedy(kind: str, value: object, path: Steps) -> str:
    if kind == "string_type" and isinstance(value, int | float):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else short(str(value))}"'
    if kind == "bool_type" and value in ("yes", "no", "on", "off"):
        return f"write `{'true' if value in ('yes', 'on') else 'false'}`"
    if kind == "tuple_type" and isinstance(value, str):
        return "begin each entry with `- `, or write `[…]`"
    if kind == "dict_type" and path[-1] in ("input", *ROLES):
        return f"give each name its size: `{path[-1]}: {{x: 3}}`"
    return ""


def _belongs(key: str) -> str:
    """A key of the network's that stands at the top."""
    return "it belongs below `network:`" if key in ("layers", "loss", "input") else ""
