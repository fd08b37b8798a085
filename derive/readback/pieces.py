"""A list of tokens: the letters in it, and its parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from .tokens import Unreadable

NO_LETTERS = {
    r"\partial", r"\frac", r"\tfrac", r"\dfrac", r"\sum", r"\sqrt", r"\mathbf", r"\top", r"\odot", r"\oslash", r"\cdot",
    r"\times", r"\dots", r"\langle", r"\rangle", r"\lVert", r"\rVert", r"\le", r"\ge", r"\approx", r"\leftarrow", r"\substack",
    r"\prime", r"\dsotherwise", r"\dsblank",
}  # fmt: skip
"""Commands that are signs of their own."""


@lru_cache(maxsize=1024)
def is_letter(token: str) -> bool:
    """Whether a token may be the letter of a name."""
    if token.startswith((r"\mathit{", r"\mathrm{")):
        return token != r"\mathrm{d}"
    accented = token.endswith(")") and "(" in token[1:]
    command = token.startswith("\\") and token[1:].isalpha() and token not in NO_LETTERS
    return accented or command or (len(token) == 1 and token.isalpha())


def plain_word(token: str) -> str:
    """A word as it is read: \\mathit{net} as net."""
    for mark in (r"\mathit{", r"\mathrm{", r"\text{") if token[0] == "\\" else ():
        if token.startswith(mark):
            end = token.index("}")
            return token[len(mark) : end] + token[end + 1 :]
    return token


def letter(tokens: Sequence[str]) -> str:
    """The letter of an index: j, or j_1."""
    if len(tokens) == 1 and tokens[0].isalpha():
        return tokens[0]
    if len(tokens) > 2 and tokens[0].isalpha() and tokens[1] == "_":
        return tokens[0] + "".join(t for t in tokens[2:] if t not in "{}")
    raise Unreadable(f"`{''.join(tokens)}` is no letter of an index")


def split(tokens: list[str], mark: str) -> list[list[str]]:
    """The parts between marks that stand in no bracket; nothing for nothing."""
    if mark not in tokens:
        return [tokens] if tokens else []
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in "([{" or token.startswith(r"\begin")) - (token in ")]}" or token.startswith(r"\end"))
        if token == mark and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def rows(tokens: list[str]) -> list[list[str]]:
    """The rows of an array, which end with two strokes."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.startswith(r"\begin") - token.startswith(r"\end")
        if token.startswith(r"\\") and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
