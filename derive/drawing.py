"""What all pictures share: the pen, the styles, and how wide a piece of maths will be.

Pictures are plain TikZ, with the library `arrows.meta` and nothing more. Every place is a number of centimetres worked out here,
not by TeX, so that nothing can overlap without a test being able to see it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from pylatex import TikZ, TikZCoordinate, TikZDraw, TikZNode, TikZOptions  # type: ignore[import-untyped, unused-ignore]
from pylatex.tikz import TikZPathList, TikZUserPath  # type: ignore[import-untyped, unused-ignore]

Point = tuple[float, float]

MAX_WIDTH = 15.5
"""Centimetres: the text width of an A4 page with ordinary margins."""

FIGURE_PREAMBLE = r"""
\usetikzlibrary{arrows.meta}
\definecolor{dsforward}{HTML}{0072B2}
\definecolor{dsbackward}{HTML}{D55E00}
\definecolor{dssecond}{HTML}{009E73}
\tikzset{
  ds picture/.style={x=1cm, y=1cm, line width=0.5pt, line join=round, >={Stealth[length=1.7mm, width=1.35mm]},
    every node/.style={font=\small, inner sep=0pt}},
  ds unit/.style={circle, draw, fill=white},
  ds cost/.style={draw, fill=white},
  ds target/.style={draw, densely dotted, line width=0.8pt, fill=white},
  ds parameter/.style={draw, fill=black!10},
  ds value/.style={draw, fill=white, rounded corners=2.6mm},
  ds input/.style={ds target, rounded corners=2.6mm},
  ds again/.style={draw=black!45, text=black!65, fill=white},
  ds edge/.style={dsforward, ->},
  ds weave/.style={dsforward!75, line width=0.35pt},
  ds back/.style={dsbackward, densely dashed, line width=0.6pt, ->},
  ds cotangent/.style={text=dsbackward!85!black, font=\footnotesize},
  ds caption/.style={font=\footnotesize, align=center, anchor=north, execute at begin node={\hyphenpenalty=10000\relax}},
  ds axis/.style={line width=0.5pt},
  ds grid/.style={black!14, line width=0.3pt},
  ds mark/.style={black!55, line width=0.4pt},
  ds solid/.style={dsforward, line width=1pt},
  ds dashed/.style={dssecond, line width=1pt, dashed},
  ds tangent/.style={line width=0.8pt},
}
"""
"""For the style file, after `tikz`. Blue and solid is forward, vermillion and dashed is backward: either says it alone."""


class Picture:
    """One `tikzpicture`, drawn with PyLaTeX; options are TikZ options, mostly styles of `FIGURE_PREAMBLE`."""

    def __init__(self) -> None:
        self._tikz = TikZ(options=TikZOptions("ds picture"))

    def node(self, at: Point, text: str, *options: str) -> None:
        self._tikz.append(TikZNode(options=TikZOptions(*options), at=_coordinate(at), text=text))

    def line(self, points: Sequence[Point], *options: str) -> None:
        self._path([part for point in points for part in ("--", _coordinate(point))][1:], options)

    def boxed_twice(self, at: Point, text: str, width: float, height: float, *options: str) -> None:
        """A node with a double border. Two frames: TikZ's own `double` loses a side where a screen is coarse."""
        for inset, inside in ((0.0, ""), (0.1, text)):
            size = f"minimum width={_tidy(width - inset)}cm", f"minimum height={_tidy(height - inset)}cm"
            self.node(at, inside, *options, *size)

    def curve(self, points: Sequence[Point], *options: str, lean: float = 0.0) -> None:
        """Through the points, level at each: straight between points of one height, an S between others.

        A curve that leans to one side keeps away from its companion where both are steep.
        """
        path: list[object] = [_coordinate(points[0])]
        for (x1, y1), (x2, y2) in pairwise(points):
            bend, shift = (x2 - x1) * 0.55, lean * min(1.0, abs(y2 - y1))
            controls = f".. controls +({_tidy(bend + shift)},0) and +({_tidy(shift - bend)},0) .."
            path.append("--" if abs(y1 - y2) < 1e-6 else TikZUserPath(controls))
            path.append(_coordinate((x2, y2)))
        self._path(path, options)

    def arc(self, start: Point, end: Point, height: float, *options: str) -> None:
        """Up, over and down again."""
        up = _tidy(height * 4 / 3)  # a cubic with both controls at 4/3 h reaches h
        path = [_coordinate(start), TikZUserPath(f".. controls +(0.15,{up}) and +(-0.15,{up}) .."), _coordinate(end)]
        self._path(path, options)

    def _path(self, path: Sequence[object], options: Sequence[str]) -> None:
        self._tikz.append(TikZDraw(TikZPathList(*path), options=TikZOptions(*options)))

    def dumps(self) -> str:
        return str(self._tikz.dumps())


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
