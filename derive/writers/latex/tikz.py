"""What all pictures share: the pen, and how wide a piece of maths will be.

Pictures are PyLaTeX's `tikzpicture`s, filled with the few commands of `templates/latex/pictures.sty`, which also says what each
style looks like. Every place is a number of centimetres worked out here, not by TeX, so that nothing can overlap without a test
being able to see it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from pylatex import Command, NoEscape, TikZ, TikZCoordinate, TikZOptions  # type: ignore[import-untyped, unused-ignore]
from pylatex.base_classes import LatexObject  # type: ignore[import-untyped, unused-ignore]
from pylatex.tikz import TikZPathList, TikZUserPath  # type: ignore[import-untyped, unused-ignore]

Point = tuple[float, float]

MAX_WIDTH = 15.5
"""Centimetres: the text width of an A4 page with ordinary margins."""


_SMALL = ("small", "solid", "dashed")
"""The texts that are set in `\\small`, like those in shapes; the others in `\\footnotesize`."""


class Picture:
    """One `tikzpicture`, drawn with PyLaTeX; styles are those of `pictures.sty`."""

    def __init__(self) -> None:
        self._tikz = TikZ(options=TikZOptions("ds picture"))
        self._texts: list[tuple[bool, _Label]] = []

    def shape(self, at: Point, size: Point, style: str, text: str = "") -> None:
        """A shape of this width and height around its middle, and what is written in it."""
        self._tikz.append(_Label("dsnode", (style,), (at, (round(size[0], 2), round(size[1], 2))), text))

    def twofold(self, at: Point, size: Point, style: str, text: str) -> None:
        """A shape with a double border."""
        self.shape(at, size, style)
        self.shape(at, (size[0] - 0.1, size[1] - 0.1), style, text)

    def text(self, at: Point, text: str, anchor: str = "center", style: str = "small") -> None:
        """A text with this edge, or its middle, there."""
        self._texts.append((style not in _SMALL, _Label("dstext", (style, anchor), (at,), text)))

    def note(self, at: Point, width: float, text: str) -> None:
        """Centred lines of at most this width, below a point."""
        self._texts.append((True, _Label("dsnote", (f"{width:.2f}",), (at,), text)))

    def line(self, points: Sequence[Point], pen: str) -> None:
        self.lines([points], pen)

    def lines(self, lines: Sequence[Sequence[Point]], pen: str) -> None:
        """Lines in one pen, each with its own tips."""
        self._path([part for points in lines for part in _straight(points)], pen)

    def curve(self, points: Sequence[Point], pen: str, lean: float = 0.0) -> None:
        """Through the points, level at each: straight between points of one height, an S between others.

        A curve that leans to one side keeps away from its companion where both are steep.
        """
        path: list[object] = [_coordinate(points[0])]
        for (x1, y1), (x2, y2) in pairwise(points):
            bend, shift = (x2 - x1) * 0.55, lean * min(1.0, abs(y2 - y1))
            controls = f".. controls +({_tidy(bend + shift)},0) and +({_tidy(shift - bend)},0) .."
            path.append("--" if abs(y1 - y2) < 1e-6 else TikZUserPath(controls))
            path.append(_coordinate((x2, y2)))
        self._path(path, pen)

    def arc(self, start: Point, end: Point, height: float, pen: str) -> None:
        """Up, over and down again."""
        up = _tidy(height * 4 / 3)  # a cubic with both controls at 4/3 h reaches h
        path = [_coordinate(start), TikZUserPath(f".. controls +(0.15,{up}) and +(-0.15,{up}) .."), _coordinate(end)]
        self._path(path, pen)

    def _path(self, path: Sequence[object], pen: str) -> None:
        self._tikz.append(Command("dspath", arguments=[pen, NoEscape(TikZPathList(*path).dumps())]))

    def dumps(self) -> str:
        """The texts come last, those of one size together: to change the size of formulas takes TeX longer than to draw."""
        for _, text in sorted(self._texts, key=lambda one: one[0]):
            self._tikz.append(text)
        self._texts.clear()
        return str(self._tikz.dumps())


class _Label(LatexObject):  # type: ignore[misc, unused-ignore]
    r"""`\command{…}(x,y)(width,height){text}`."""

    def __init__(self, command: str, arguments: Sequence[str], points: Sequence[Point], text: str) -> None:
        super().__init__()
        self._command = Command(command, arguments=list(arguments))
        self._rest = "".join(_coordinate(point).dumps() for point in points) + f"{{{text}}}"

    def dumps(self) -> str:
        return f"{self._command.dumps()}{self._rest}"


def _straight(points: Sequence[Point]) -> list[object]:
    return [part for point in points for part in ("--", _coordinate(point))][1:]


def _tidy(number: float) -> float:
    return round(number, 3) + 0.0  # + 0.0: no "-0.0"


def _coordinate(point: Point) -> TikZCoordinate:
    return TikZCoordinate(_tidy(point[0]), _tidy(point[1]))


EM = 0.36
"""Centimetres of an em at `\\small` in a document set at eleven points."""

_TOKEN = re.compile(r"\\([A-Za-z]+|.)|(.)", re.DOTALL)
_NO_WIDTH = re.compile(
    "bar|hat|tilde|d?dot|vec|boldsymbol|math(bf|rm|it|cal|bb|sf)|operatorname|text(it|bf|rm)?|left|right|[bB]ig[lr]?|ensuremath|"
    "displaystyle|textstyle|(no)?limits|footnotesize|small"
)
_NAMED = re.compile("tanh|sinh|cosh|sin|cos|tan|exp|log|ln|max|min|det")


@lru_cache(maxsize=4096)
def text_width(latex: str) -> float:
    """Roughly how wide the LaTeX will be at `\\small`, in centimetres; rather too much than too little."""
    return EM * _width(latex)


def _width(latex: str) -> float:
    total, script = 0.0, {"_": 0.0, "^": 0.0}
    position = 0
    while position < len(latex):
        if latex[position] in "_^":
            which = latex[position]
            piece, position = _argument(latex, position + 1)
            script[which] += 0.72 * _width(piece)
            continue
        if latex[position] == "{":
            piece, position = _argument(latex, position)
            total += _width(piece)
            continue
        total += max(script.values())  # sub- and superscript stand above one another
        script = {"_": 0.0, "^": 0.0}
        match = _TOKEN.match(latex, position)
        assert match is not None
        position = match.end()
        total += _command_width(match[1]) if match[1] else _letter_width(match[2])
    return total + max(script.values())


def _argument(latex: str, position: int) -> tuple[str, int]:
    """The group or the single token that starts here, and where it ends."""
    while position < len(latex) and latex[position] == " ":
        position += 1
    if position >= len(latex):
        return "", position
    if latex[position] != "{":
        match = _TOKEN.match(latex, position)
        assert match is not None
        return match[0], match.end()
    depth = 0
    for end in range(position, len(latex)):
        depth += {"{": 1, "}": -1}.get(latex[end], 0) if end == 0 or latex[end - 1] != "\\" else 0
        if depth == 0:
            return latex[position + 1 : end], end + 1
    return latex[position + 1 :], len(latex)


def _command_width(name: str) -> float:
    if _NO_WIDTH.fullmatch(name):
        return 0.0
    if _NAMED.fullmatch(name):
        return 0.5 * len(name)
    spaces = {",": 0.17, ":": 0.22, ";": 0.28, "!": -0.17, "quad": 1.0, "qquad": 2.0, " ": 0.33}
    return spaces.get(name, 0.65 if name.islower() else 0.85)


def _letter_width(letter: str) -> float:
    if letter in "$}":
        return 0.0
    if letter in "mwMW@":
        return 0.95
    if letter in "+-=<>":
        return 1.2  # with the space around
    if letter in "iljtfrI.,:;'|!()[] ":
        return 0.36
    return 0.76 if letter.isupper() else 0.54


def spread(desired: Sequence[float], gaps: Sequence[float], weights: Sequence[float] | None = None) -> list[float]:
    """Places as near as can be to the desired ones, in the given order, the i-th and the next at least `gaps[i]` apart.

    Least squares under an order: pool adjacent violators, after the gaps are taken off.
    """
    offsets = [0.0]
    for gap in gaps[: max(len(desired) - 1, 0)]:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for index, wish in enumerate(desired):
        mean, weight, count = wish - offsets[index], 1.0 if weights is None else weights[index], 1
        while pools and pools[-1][0] > mean:
            other, heavy, more = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + more
        pools.append((mean, weight, count))
    flat = [mean for mean, _, count in pools for _ in range(count)]
    return [base + offset for base, offset in zip(flat, offsets[: len(flat)], strict=True)]
