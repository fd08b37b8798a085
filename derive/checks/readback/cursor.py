"""A list of tokens, read from left to right: what is next, groups in braces, and names."""

from __future__ import annotations

from .pieces import is_letter, plain_word, split
from .tokens import Unreadable
from .tree import Name, name


class Cursor:
    """next: the token that comes next, empty at the end. raised: the place behind what last stood above something."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, ""]
        self.at = 0
        self.next = self.tokens[0]
        self.raised = -1

    def take(self, *expected: str) -> str:
        token = self.next
        if expected and token not in expected:
            raise Unreadable(f"`{token or 'the end'}` stands where {' or '.join(expected)} belongs")
        if token:
            self.at += 1
            self.next = self.tokens[self.at]
        return token

    def go(self, place: int) -> None:
        self.at = place
        self.next = self.tokens[place]

    def end(self) -> None:
        """Refuse what is left."""
        if self.next:
            raise Unreadable(f"`{self.next}` cannot be read there")

    def group(self) -> list[str]:
        """The tokens of a group in braces, or the one token that stands in its place."""
        if self.next != "{":
            return [self.take()]
        start = end = self.at + 1
        depth = 1
        while depth:
            token = self.tokens[end]
            end += 1
            if token == "{":
                depth += 1
            elif token == "}":
                depth -= 1
            elif not token:
                raise Unreadable("a brace is not closed")
        self.go(end)
        return self.tokens[start : end - 1]

    # --- names --------------------------------------------------------------------------------------------------------------

    def name(self) -> Name:
        """A letter with what stands below and above it, in whichever order."""
        if not is_letter(self.next):
            raise Unreadable(f"`{self.next or 'the end'}` stands where a name belongs")
        letter = self.take()
        while self.next == "'":
            letter += self.take()
        below: list[str] | None = None
        above: list[str] | None = None
        while True:
            if self.next == "_" and below is None:
                self.take()
                below = self.group()
            elif self.next == "^" and above is None:
                self.take()
                above = self.group()
                self.raised = self.at
            else:
                return name(plain_word(letter), tuple(map(tuple, split(below or [], ","))), tuple(above or ()))

    def lone_name(self) -> Name:
        """All tokens as one name."""
        found = self.name()
        self.end()
        return found
