"""A file or a text -> the tree of its YAML, or one clear error."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ..errors import DeriveError, Place, SpecError, did_you_mean
from .fields import short
from .nodes import FORBIDDEN, Node, Tree

MAX_BYTES = 1_000_000
MAX_LINE = 100_000
"""The scanner's time grows with the square of a line's length, for some lines that nobody writes."""

STUMBLES = (YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What the parser also raises over some broken texts, without a place."""


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


def compose(text: str, name: str, what: str = "spec") -> Node:
    """The tree of one YAML document; `what` it is called in messages."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    _printable(text, name)
    tree = Tree(text, name)
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
        hint = "begin with `title:` and `network:` or `equations:`" if what == "spec" else ""
        raise SpecError(f"the {what} is empty", place=Place(name, 1, 1), hint=hint)
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
