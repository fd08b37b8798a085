"""The user's texts: a subset of Markdown to LaTeX, in which nothing of theirs is a command.

Paragraphs, emphasis, lists, links and code. markdown-it reads it; whatever is no part of the subset (headings, quotations,
pictures, HTML) is text, and is printed as it was typed. What stands in backquotes is mathematics in the language of the
equations, set as it was typed; where it is none, it is code, as is what stands in double backquotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..errors import DeriveError, Place, SpecError, did_you_mean
from ..spec.fields import short
from ..writers.latex.escape import escape

RULES = ("list", "fence", "emphasis", "link", "autolink", "backticks", "escape", "entity", "newline")
MAX_LISTS = 4
"""So many lists LaTeX has inside each other."""

CITES = re.compile(r"\[(@[^\s\[\];@]+(?:\s*;\s*@[^\s\[\];@]+)*)\]")
UNBROKEN = 24
"""Characters of an address or of code that may stand in a row before the line may be broken."""

PLAIN_TAGS = {
    "em_open": r"\emph{",
    "em_close": "}",
    "strong_open": r"\textbf{",
    "strong_close": "}",
    "hardbreak": r"\newline{}",
    "softbreak": "\n",
    "list_item_open": r"\item{}",
    "list_item_close": "\n",
    "bullet_list_open": "\\begin{itemize}\n",
    "bullet_list_close": "\\end{itemize}\n",
    "ordered_list_open": "\\begin{enumerate}\n",
    "ordered_list_close": "\\end{enumerate}\n",
    "paragraph_open": "",
    "paragraph_close": "\n\n",
}


@dataclass(frozen=True)
class Target:
    """What a link leads to: its label in LaTeX, and what it is called in the text, in LaTeX as well (`section 1.2`)."""

    label: str
    called: str


@dataclass
class Scope:
    """What a text can speak of: `maths` sets mathematics, or says None; links by id; works by key, with the place in the list.

    page: LaTeX for a label's page, in words. cited: works that some text has cited. linked: what links lead to is in this volume.
    """

    maths: Callable[[str], str | None]
    targets: Mapping[str, Target] = field(default_factory=dict)
    works: Mapping[str, object] = field(default_factory=dict)
    page: Callable[[str], str] = lambda label: rf"\pageref{{{label}}}"
    cited: dict[str, None] = field(default_factory=dict)
    linked: bool = True


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    return MarkdownIt("zero", {"html": False}).enable(list(RULES))


def latex(text: str, scope: Scope, place: Callable[[int], Place] = lambda line: Place()) -> str:
    """A text as LaTeX. `place`: where a line of it stands, from 0; errors carry it."""
    return _Writer(scope, place).blocks(_reader().parse(text))


@dataclass
class _Writer:
    scope: Scope
    place: Callable[[int], Place]
    line: int = 0
    depth: int = 0
    address: str = ""
    bare: bool = False

    def blocks(self, tokens: list[Token]) -> str:
        return "".join(self._block(token) for token in tokens).strip() + "\n"

    def _block(self, token: Token) -> str:
        if token.map:
            self.line = token.map[0]
        try:
            if token.type == "inline":
                return self._inline(token.children or [])
            if token.type in ("fence", "code_block"):
                return self._code(token.content)
            if token.type in ("bullet_list_open", "ordered_list_open"):
                self.depth += 1
                if self.depth > MAX_LISTS:
                    raise SpecError(f"lists stand inside each other more than {MAX_LISTS} deep", hint="make it flatter")
            if token.type in ("bullet_list_close", "ordered_list_close"):
                self.depth -= 1
            return PLAIN_TAGS[token.type]
        except DeriveError as error:
            raise error.at(self.place(self.line)) from None

    def _inline(self, tokens: list[Token]) -> str:
        line = self.line
        out = []
        for token in tokens:
            out.append(self._piece(token))
            if token.type in ("softbreak", "hardbreak"):
                self.line += 1
        self.line = line
        return "".join(out)

    def _piece(self, token: Token) -> str:
        if token.type == "text":
            return rf"\texttt{{{breakable(token.content)}}}" if self.bare else self._text(token.content)
        if token.type == "code_inline":
            found = self.scope.maths(token.content) if len(token.markup) == 1 else None
            return rf"\texttt{{{breakable(token.content)}}}" if found is None else found
        if token.type == "link_open":
            self.address, self.bare = str(token.attrs.get("href", "")), token.markup == "autolink"
            return self._link_open(self.address)
        if token.type == "link_close":
            bare, self.bare = self.bare, False
            return self._link_close(self.address, bare)
        return PLAIN_TAGS[token.type]

    def _text(self, text: str) -> str:
        pieces = CITES.split(text)
        if len(pieces) == 1:
            return str(escape(text))
        return "".join(self._cited(piece) if i % 2 else str(escape(piece)) for i, piece in enumerate(pieces))

    def _cited(self, keys: str) -> str:
        found = [key.strip().removeprefix("@") for key in keys.split(";")]
        for key in found:
            if key not in self.scope.works:
                known = self.scope.works
                hint = did_you_mean(key, known) if known else "name a BibTeX file under `bibliography:`"
                raise SpecError(f"there is no entry `{short(key)}` in the bibliography", hint=hint)
            self.scope.cited[key] = None
        return rf"\cite{{{','.join(label(key, self.scope.works) for key in found)}}}"

    def _link_open(self, address: str) -> str:
        if not address.startswith("#"):
            return ""
        name = address[1:]
        if name not in self.scope.targets:
            hint = did_you_mean(name, self.scope.targets)
            raise SpecError(f"there is no sheet and no chapter `{short(name)}` to link to", hint=hint)
        return rf"\hyperref[{self.scope.targets[name].label}]{{" if self.scope.linked else ""

    def _link_close(self, address: str, bare: bool) -> str:
        if address.startswith("#"):
            target = self.scope.targets[address[1:]]
            if not self.scope.linked:
                return f" ({target.called})"
            return rf"}} ({target.called}, {self.scope.page(target.label)})"
        return "" if bare else rf" (\texttt{{{breakable(address.removeprefix('mailto:'))}}})"

    def _code(self, text: str) -> str:
        lines = []
        for number, line in enumerate(text.rstrip("\n").split("\n")):
            self.line += number > 0
            bare = line.expandtabs(4)
            indent = len(bare) - len(bare.lstrip(" "))
            lines.append(rf"\dscodeline{{{'~' * min(indent, 40)}{breakable(bare.lstrip(' '))}}}")
        return "\\begin{dscode}\n" + "\n".join(lines) + "\n\\end{dscode}\n\n"


def label(key: str, works: Mapping[str, object]) -> str:
    """What a work is called inside LaTeX, where its own key might mean something: its number among the file's entries."""
    return f"work-{list(works).index(key)}"


def breakable(text: str) -> str:
    """Text without spaces to break at, such as an address: it may be broken behind signs, and anywhere where it is long."""
    pieces = []
    for word in re.split(r"(?<=[^\w\s])(?=\w)|(?<=_)(?=[^\W_])", text):
        while len(word) > UNBROKEN:
            pieces.append(word[:UNBROKEN])
            word = word[UNBROKEN:]
        pieces.append(word)
    return r"\allowbreak{}".join(str(escape(piece)) for piece in pieces if piece)
