"""What a page's look comes to in TeX: margins, head and foot, and how room grows with the letters."""

from __future__ import annotations

import math
import re

from markupsafe import Markup

from ...spec.theme import Look, Strip
from .escape import escape

MOST_ROOM = 190
"""The most millimetres that a room for an answer may have: it must go on one page."""


def strip(texts: Strip, stands: str, even: bool) -> Markup:
    """Head or foot of a page, mirrored on even ones; a text of several lines stands at its top (t) or bottom (b)."""
    asked = [texts.left, texts.centre, texts.right]
    shown = [
        rf"\dsedge{{{stands}}}{{\ragged{ragged}}}{{{running(text)}}}" if re.sub(r"\{(pages?|logo)\}", "", text) else running(text)
        for text, ragged in zip(reversed(asked) if even else asked, ("right", "right", "left"), strict=True)
    ]
    return Markup(rf"\footnotesize {shown[0]}\hfil{shown[1]}{chr(92) + 'hfil' if shown[1] else ''}{shown[2]}")


def room(look: Look, height: int, power: float) -> int:
    """A room of so many millimetres at eleven points, for larger letters: text that runs on grows with the square."""
    return height if look.size <= 11 else min(max(MOST_ROOM, height), _grown(look, height, power))


def answer_room(look: Look, height: int) -> int:
    """The room for an answer of so many millimetres at eleven points; it may be more than a page has, and is parted then."""
    return _grown(look, height, 1.5)


def _grown(look: Look, height: int, power: float) -> int:
    return height if look.size <= 11 else math.ceil(height * (look.size / 11) ** power)


def margins(look: Look) -> Markup:
    """The options of the package geometry."""
    m = look.theme.margins
    if m.top == m.inner == m.outer:
        options = [f"margin={m.top}mm", f"bottom={m.bottom}mm"]
    else:
        options = [f"top={m.top}mm", f"bottom={m.bottom}mm", f"inner={m.inner}mm", f"outer={m.outer}mm"]
    logo = look.theme.logo.height if look.theme.logo else 0
    if look.shows("header", "logo"):
        options += [f"headheight={logo + 1}mm", "headsep=6mm", "includehead"]
    elif look.has_head:
        options += [f"headheight={round(1.5 * look.size)}pt"]
    if look.shows("footer", "logo"):
        options += [f"footskip={logo + 6}mm", "includefoot"]
    return Markup(",".join(options))


def running(text: str) -> Markup:
    """A text for head or foot; what stands in braces is put in by TeX."""
    parts = re.split(r"\{(\w+)\}", text)
    shown = [rf"\dsput{part}{{}}" if place % 2 else escape(part) for place, part in enumerate(parts)]
    return Markup("".join(shown))
