"""YAML events -> nodes that know their line and column.

ruamel.yaml scans and parses; the tree is composed here, one event at a time. So nothing is ever constructed but text, numbers,
true, false, null, mappings and lists; every bound is checked before memory is spent; and only the core schema of YAML 1.2 holds
(`no` and `on` stay text, and so does 2024-05-01).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from ..errors import Place, SpecError
from .fields import short

MAX_NODES = 20_000
MAX_DEPTH = 50
MAX_DIGITS = 60

Scalar = str | int | float | bool | None

CORE = "tag:yaml.org,2002:"
NULL = re.compile(r"~|null|Null|NULL|")
BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Control characters, the two invisible line breaks, halves of characters, and a byte order mark that is not at the start."""


@dataclass
class Node:
    """A part of the text: what it says and where.

    keys: of a mapping, the place of each key.
    one_line: a text that stands in one line, at `place` (behind its quote), so that offsets into it are columns.
    block: a text whose lines stand below `|`, each in a line of its own.
    size, height: how many nodes there are in and below it, aliases written out, and how deep they go.
    """

    place: Place
    value: Scalar | dict[str, Node] | list[Node]
    keys: dict[str, Place] = field(default_factory=dict)
    one_line: bool = False
    size: int = 1
    height: int = 1
    block: bool = False

    def plain(self) -> object:
        """The value without places: dict, list, text, number, bool or None."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, step: str | int) -> Node | None:
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and -len(self.value) <= step < len(self.value):
            return self.value[step]
        return None

    def find(self, path: Iterable[str | int]) -> tuple[Node, Place]:
        """The node that `path` leads to, or the last one on the way; and the place of its key, or its own where it has none."""
        node, key = self, self.place
        for step in path:
            child = node.child(step)
            if child is None:
                break
            key = node.keys[step] if isinstance(step, str) else child.place
            node = child
        return node, key


@dataclass
class _Open:
    """A mapping or list whose end has not come yet; `key` waits for its value."""

    node: Node
    anchor: str | None
    key: tuple[str, Place] | None = None


class Tree:
    """Composes the nodes from the parser's events, without recursion."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.root: Node | None = None
        self.last = Place(name, 1, 1)
        self.documents = 0
        self.count = 0
        self.open: list[_Open] = []
        self.anchors: dict[str, Node] = {}

    def take(self, event: Event) -> None:
        mark = event.start_mark
        self.last = Place(self.name, mark.line + 1, mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise SpecError(
                    "a second YAML document begins here", place=self.last, hint="one file holds one spec: remove `---`"
                )
        elif isinstance(event, AliasEvent):
            self.add(self.alias(event.anchor))
        elif isinstance(event, ScalarEvent):
            node = self.scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = node
            self.add(node)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self.start(event)
        elif isinstance(event, CollectionEndEvent):
            closed = self.open.pop()
            if closed.anchor:
                self.anchors[closed.anchor] = closed.node
            self.add(closed.node)

    def start(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        mapping = isinstance(event, MappingStartEvent)
        if self.open and self._is_mapping and self.open[-1].key is None:
            raise SpecError(
                f"a {'mapping' if mapping else 'list'} cannot be a key",
                place=self.last,
                hint="a key is a word; put text that begins with a bracket in quotes",
            )
        self.core_tag(event.tag, ("map",) if mapping else ("seq",))
        if len(self.open) >= MAX_DEPTH:
            raise SpecError(f"the nesting is deeper than {MAX_DEPTH} levels", place=self.last, hint="a spec needs about ten")
        # An anchor is known when its node is closed; an alias inside it would make it contain itself.
        self.open.append(_Open(Node(self.last, {} if mapping else []), event.anchor))

    @property
    def _is_mapping(self) -> bool:
        return isinstance(self.open[-1].node.value, dict)

    def alias(self, anchor: str) -> Node:
        if any(o.anchor == anchor for o in self.open):
            raise SpecError(f"the alias `*{anchor}` stands inside what it repeats", place=self.last, hint="write the part out")
        if anchor not in self.anchors:
            raise SpecError(
                f"the alias `*{anchor}` has no anchor above it", place=self.last, hint="put text that begins with `*` in quotes"
            )
        found = self.anchors[anchor]
        return Node(self.last, found.value, found.keys, False, found.size, found.height)

    def add(self, node: Node) -> None:
        """Put a finished node where it belongs."""
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        into = parent.node.value
        if isinstance(into, list):
            into.append(node)
        elif isinstance(into, dict):
            if parent.key is None:
                parent.key = self.key(node, parent.node)
                return
            key, place = parent.key
            into[key], parent.node.keys[key], parent.key = node, place, None
        parent.node.size += node.size
        parent.node.height = max(parent.node.height, node.height + 1)
        self.count += 1
        if self.count > MAX_NODES or parent.node.size > MAX_NODES:
            raise SpecError(
                f"the spec has more than {MAX_NODES:,} parts, aliases written out", place=node.place, hint="make it smaller"
            )
        if parent.node.height > MAX_DEPTH:
            raise SpecError(
                f"the nesting is deeper than {MAX_DEPTH} levels, aliases written out",
                place=node.place,
                hint="a spec needs about ten",
            )

    def key(self, node: Node, mapping: Node) -> tuple[str, Place]:
        """A key is always text: `1`, `y` and `null` are what they look like."""
        key = node.value
        if not isinstance(key, str):
            raise SpecError("only text can be a key", place=node.place, hint="write the key out")
        if key == "<<":
            raise SpecError("`<<` does not merge mappings in YAML 1.2", place=node.place, hint="write the keys out")
        if key in mapping.keys:
            raise SpecError(
                f"the key `{key}` stands here twice", place=node.place, hint=f"the first one is in line {mapping.keys[key].line}"
            )
        return key, node.place

    def scalar(self, event: ScalarEvent) -> Node:
        place, start = self.last, event.start_mark.index
        # The source of a quoted text begins with its quote, and perhaps an anchor or a tag: skip to the text itself.
        line = event.value.strip("\n")
        before, found, _ = self.text[start : event.end_mark.index].rpartition(line) if line else ("", "", "")
        if one_line := bool(found) and "\n" not in line:
            row, column = event.start_mark.line + 1, event.start_mark.column + 1
            column = len(before) - before.rfind("\n") if "\n" in before else column + len(before)
            place = Place(self.name, row + before.count("\n"), column)
        elif not event.value and self.open and self.open[-1].key is not None:
            place = self.open[-1].key[1]  # nothing is written: the key is what can be shown
        value = unicodedata.normalize("NFC", event.value)
        if bad := FORBIDDEN.search(value):
            raise SpecError(f"the character U+{ord(bad[0]):04X} cannot be printed", place=place, hint="delete it")
        tag = self.core_tag(event.tag, ("str", "int", "float", "bool", "null"))
        as_key = bool(self.open) and self._is_mapping and self.open[-1].key is None
        if as_key or tag == "str" or event.tag == "!" or (tag is None and event.style in ("'", '"', "|", ">")):
            return Node(place, value, one_line=one_line, block=event.style == "|" and not one_line)
        resolved = _resolve(value, place)
        if tag is not None and tag != _kind(resolved) and (tag, _kind(resolved)) != ("float", "int"):
            raise SpecError(f"`{short(value)}` is not of the type `!!{tag}`", place=place, hint="leave the tag out")
        return Node(place, resolved, one_line=one_line)

    def core_tag(self, tag: str | None, allowed: tuple[str, ...]) -> str | None:
        if tag is None or tag == "!":
            return None
        core = str(tag).startswith(CORE)
        name = str(tag).removeprefix(CORE)
        if core and name in allowed:
            return name
        raise SpecError(
            f"the tag `{'!!' * core}{short(name)}` is not allowed",
            place=self.last,
            hint="leave the tag out; quote text that begins with `!`",
        )


def _resolve(text: str, place: Place) -> Scalar:
    """The value of an unquoted scalar, by the core schema of YAML 1.2."""
    if NULL.fullmatch(text):
        return None
    if BOOL.fullmatch(text):
        return text.lower() == "true"
    if SPECIAL.fullmatch(text):
        return float(text.replace(".", "", 1))
    whole = INT.fullmatch(text)
    if whole or FLOAT.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise SpecError(
                f"the number `{short(text)}` has {len(text):,} digits", place=place, hint=f"at most {MAX_DIGITS} are read"
            )
        return (int(text, 0) if text[:2] in ("0o", "0x") else int(text)) if whole else float(text)
    return text


def _kind(value: Scalar) -> str:
    return {str: "str", bool: "bool", int: "int", float: "float"}.get(type(value), "null")
