"""LaTeX and plain text to tokens: signs as they stand there, without what only spaces or lets a line break."""

from __future__ import annotations

import re

from ...errors import CheckFailed


class Unreadable(CheckFailed):
    """A printed formula that a reader cannot make out, or can make out in two ways."""


LATEX = re.compile(
    r"""
    (?P<skip>\s+|~|\\[,;:!\ ]|\\(?:allowbreak|nopagebreak|displaystyle|quad|qquad)(?![a-zA-Z])|\\penalty\d+|\\dsgap\{\d+\}
      |%[^\n]*)
  | (?P<edge>\\(?:left|right)(?![a-zA-Z])\s*(?:\\[a-zA-Z]+|\\.|.))
  | (?P<place>\\(?:begin|end)\{\w+\}(?:\[[^\]]*\])?)
  | (?P<word>\\(?:mathrm|mathit|operatorname|text)\{[^{}]*\})
  | (?P<accent>\\(?:hat|bar|tilde|dot|vec)\{)
  | (?P<command>\\[a-zA-Z]+)
  | (?P<row>\\\\(?:\[[^\]]*\])?)
  | (?P<number>\d+(?:(?:\.|\{,\})\d+)?)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)

WRITTEN = {r"\leq": r"\le", r"\geq": r"\ge", r"\lt": "<", r"\gt": ">"}


def latex(text: str) -> list[str]:
    """The tokens of a formula. `\\left` and `\\right` are gone from their brackets, but for bars, whose sides they tell."""
    out: list[str] = []
    open_edges: list[str] = []
    position = 0
    while position < len(text):
        found = LATEX.match(text, position)
        assert found is not None
        position = found.end()
        kind, token = str(found.lastgroup), found[0]
        if kind == "skip":
            continue
        if kind == "edge":
            left, sign = token.startswith(r"\left"), re.sub(r"\\(?:left|right)\s*", "", token)
            if left:
                open_edges.append(sign)
                sign = {".": "", "|": "|("}.get(sign, sign)
            else:
                opening = open_edges.pop() if open_edges else sign
                sign = {("|", "|"): "|)", (".", "|"): "bar"}.get((opening, sign), sign)
            if sign:
                out.append(sign)
            elif left:
                out.append("|.")
            continue
        if kind == "accent":
            end = text.index("}", position)
            inner = "".join(latex(text[position:end]))
            out.append(f"{token[1:-1]}({inner})")
            position = end + 1
            continue
        out.append(WRITTEN.get(token, token))
    return out


PLAIN = re.compile(
    r"""
    (?P<skip>\s+)
  | (?P<sum>(?:Σ|sum)_(?=\w))
  | (?P<word>[^\W\d_][^\W_]*(?:[\u0300-\u036f\u20d7]|_[^\W_]+)*['′]*)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<pair>\.\*|\./|\|\||<=|\^T(?!\w))
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def plain(text: str) -> list[str]:
    """The tokens of a formula in plain text; a space before a token is kept as a space on it."""
    out: list[str] = []
    spaced = False
    position = 0
    while position < len(text):
        found = PLAIN.match(text, position)
        assert found is not None
        position = found.end()
        if found.lastgroup == "skip":
            spaced = True
            continue
        out.append((" " if spaced else "") + found[0])
        spaced = False
    return out
