"""YAML text -> nodes that know their line and column.

ruamel.yaml scans and parses; the tree is composed here, one event at a time. So nothing is ever constructed but text, numbers,
true, false, null, mappings and lists; every bound is checked before memory is spent; and only the core schema of YAML 1.2 holds
(`no` and `on` stay text, and so does 2024-05-01).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from .errors import DeriveError, Place, SpecError, did_you_mean

MAX_BYTES = 1_000_000
MAX_LINE = 100_000
"""The scanner's time grows with the square of a line's length, for some lines that nobody writes."""
MAX_NODES = 20_000
MAX_DEPTH = 50
MAX_DIGITS = 60

Scalar = str | int | float | bool | None

STUMBLES = (YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What the parser also raises over some broken texts, without a place."""

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
    size, height: how many nodes there are in and below it, aliases written out, and how deep they go.
    """

    place: Place
    value: Scalar | dict[str, Node] | list[Node]
    keys: dict[str, Place] = field(default_factory=dict)
    one_line: bool = False
    size: int = 1
    height: int = 1

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


def read(path: Path) -> str:
    """The text of a file: UTF-8, of a bounded size."""
    where = Place(str(path))
    try:
        if path.is_dir():
            raise SpecError("this is a directory", place=where, hint="give the path of a YAML file")
        if path.exists() and not path.is_file():
            raise SpecError("this is not a regular file", place=where, hint="give the path of a YAML file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SpecError("there is no such file", place=where, hint=_near(path)) from None
    except OSError as error:
        raise SpecError(f"the file cannot be read: {error.strerror or error}", place=where) from None
    except ValueError:  # a NUL in the path
        raise SpecError("this is not the name of a file") from None
    if len(data) > MAX_BYTES:
        raise SpecError("the file is larger than 1 MB", place=where, hint="a spec is a few kilobytes of text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise SpecError(
            "the file is not UTF-8 text", place=_place(before, len(before), str(path)), hint="save it with the encoding UTF-8"
        ) from None


def _near(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml")]
    except OSError:
        return ""
    hint = did_you_mean(path.name, names)
    return hint if hint.startswith("did") else ""


def _place(text: str, index: int, name: str) -> Place:
    return Place(name, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def compose(text: str, name: str) -> Node:
    """The tree of one YAML document."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    _printable(text, name)
    tree = _Tree(text, name)
    yaml = YAML(typ="safe", pure=True)
    try:
        for event in yaml.parse(text):
            tree.take(event)
    except DeriveError:
        raise
    except MarkedYAMLError as error:
        raise _in_plain_words(error, name) from None
    except STUMBLES:
        raise SpecError(
            "this is not YAML",
            place=tree.last,
            hint="the reader stumbled behind this place; look for an escape such as `\\U` or `%` that is not complete",
        ) from None
    if tree.root is None or tree.root.value is None:
        raise SpecError("the spec is empty", place=Place(name, 1, 1), hint="begin with `title:` and `network:` or `equations:`")
    return tree.root


def _printable(text: str, name: str) -> None:
    if len(text) > MAX_BYTES:
        raise SpecError("the text is longer than 1 MB", place=Place(name), hint="a spec is a few kilobytes of text")
    if found := FORBIDDEN.search(text):
        raise SpecError(
            f"the character U+{ord(found[0]):04X} cannot be printed",
            place=_place(text, found.start(), name),
            hint="delete it; it may be invisible in the editor",
        )
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise SpecError(f"the line is longer than {MAX_LINE:,} characters", place=Place(name, number, 1), hint="break it up")


@dataclass
class _Open:
    """A mapping or list whose end has not come yet; `key` waits for its value."""

    node: Node
    anchor: str | None
    key: tuple[str, Place] | None = None


class _Tree:
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
            return Node(place, value, one_line=one_line)
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


def short(text: str, limit: int = 40) -> str:
    """Text of the user's for a message: in one line, cut off at `limit`."""
    text = " ".join(text[: 10 * limit].split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


QUOTES = "put text with special characters in quotes"
PLAIN_WORDS: tuple[tuple[str, str, str], ...] = (
    (r"mapping values are not allowed", "a `:` cannot stand here", "put text that contains `: ` in quotes, and align keys"),
    (r"character '\\t' that cannot start", "a tab cannot stand here", "indent with spaces"),
    (r"character '`' that cannot start", "text cannot begin with a backquote", "put it in quotes"),
    (r"character ['\"](.*)['\"] that cannot start", r"text cannot begin with `\1`", "put it in quotes"),
    (r"unexpected end of stream", "the quote that begins here is not closed", "add the closing quote"),
    (r"but got .*<stream end>", "the bracket that begins here is not closed", "add the closing bracket"),
    (r"expected ',' or '(.)', but got", r"expected `,` or `\1` here", QUOTES),
    (r"expected <block end>, but found", "this does not fit what stands above it", "align it with the lines above; " + QUOTES),
    (r"could not find expected ':'", "a `:` is missing behind this key", "write `key: value`; " + QUOTES),
    (r"sequence entries are not allowed", "a list item cannot stand here", "begin the list on a line of its own"),
    (
        r"unknown escape character '(.*)'",
        r"`\\\1` is not known in double quotes",
        "use single quotes, where `\\` is a plain character",
    ),
    (r"expected the node content", "a value is missing here", QUOTES),
    (r"expected '<document start>'", "this does not fit what stands above it", "align it with the lines above; " + QUOTES),
    (r"undefined tag handle '(.*)'", r"the tag `\1…` is not allowed", "quote text that begins with `!`"),
)
"""What the parser says, and what we say."""

AT_START = ("unexpected end of stream", "<stream end>", "could not find expected ':'")
"""Errors that are found far behind the place where the mistake is: there the start of the part is the better place."""


def _in_plain_words(error: MarkedYAMLError, name: str) -> SpecError:
    problem = " ".join(str(error.problem or error.context or "broken").split())
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and any(words in problem for words in AT_START):
        mark = error.context_mark
    place = Place(name, mark.line + 1, mark.column + 1) if mark is not None else Place(name)
    for pattern, message, hint in PLAIN_WORDS:
        if found := re.search(pattern, problem):
            return SpecError(found.expand(message), place=place, hint=hint)
    return SpecError(f"this is not YAML: {short(problem, 100)}", place=place, hint=QUOTES)
