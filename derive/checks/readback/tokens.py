"""LaTeX to tokens: signs as they stand there, without what only spaces or lets a line break."""

from __future__ import annotations

import re

from ...errors import CheckFailed


class Unreadable(CheckFailed):
    """A printed formula that a reader cannot make out, or can make out in two ways."""


TOKEN = re.compile(
    r"""
    (?: \s+ | ~ | \\[,;:!\ ] | \\(?:allowbreak|nopagebreak|displaystyle|quad|qquad)(?![a-zA-Z]) | \\penalty\d+ | \\dsgap\{\d+\}
      | %[^\n]* )*+                                                             # what only spaces, before
    ( \\(?:left|right)(?![a-zA-Z])\s*(?:\\[a-zA-Z]+|\\.|.)                      # an edge, with its bracket
    | \\(?:begin|end)\{\w+\}(?:\[[^\]]*\])?
    | \\(?:mathrm|mathit|operatorname|text)\{[^{}]*\}                           # a word
    | \\(?:hat|bar|tilde|dot|vec)\{[^}]*\}                                      # an accent, with its letter
    | \\[a-zA-Z]+
    | \\\\(?:\[[^\]]*\])?                                                       # the end of a row
    | \d+(?:(?:\.|\{,\})\d+)?
    | .
    | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
SPECIAL = re.compile(r"\\(?:left|right|hat|bar|tilde|dot|vec|leq|geq|lt|gt)(?![a-zA-Z])")
EDGE = re.compile(r"\\(left|right)(?![a-zA-Z])\s*")
ACCENT = re.compile(r"\\(hat|bar|tilde|dot|vec)\{(.*)\}", re.DOTALL)

WRITTEN = {r"\leq": r"\le", r"\geq": r"\ge", r"\lt": "<", r"\gt": ">"}
"""Other names of the same signs."""


def latex(text: str) -> list[str]:
    """The tokens of a formula. `\\left` and `\\right` are gone from their brackets, but for bars, whose sides they tell."""
    found = [token for token in TOKEN.findall(text) if token]
    return _told_apart(found) if SPECIAL.search(text) else found


def _told_apart(tokens: list[str]) -> list[str]:
    """The tokens with one name for each sign."""
    out: list[str] = []
    open_edges: list[str] = []
    for token in tokens:
        if not SPECIAL.match(token):
            out.append(token)
        elif edge := EDGE.match(token):
            sign = token[edge.end() :]
            if edge[1] == "left":
                open_edges.append(sign)
                out.append({".": "|.", "|": "|("}.get(sign, sign))
            else:
                opening = open_edges.pop() if open_edges else sign
                out.append({("|", "|"): "|)", (".", "|"): "bar"}.get((opening, sign), sign))
        elif accent := ACCENT.fullmatch(token):
            out.append(f"{accent[1]}({''.join(latex(accent[2]))})")
        else:
            out.append(WRITTEN.get(token, token))
    return out
