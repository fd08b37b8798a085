"""MathML as LaTeX that the reader of printed lines knows: what a screen shows is read by its signs as what a page shows.

Only elements and their characters count; what the attributes say (keys, intents) is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as Xml
from xml.etree.ElementTree import Element

from ...notation.glyphs import UNICODE_GREEK
from .tokens import Unreadable

SIGNS = {
    "−": "-",
    "⊙": r"\odot ",
    "⊘": r"\oslash ",
    "≤": r"\le ",
    "⊤": r"\top",
    "∂": r"\partial ",
    "·": r"\cdot ",
    "…": r"\dots ",
    "\u2062": r"\,",
    "\u2061": "",
    "↓": r"\downarrow",
    "→": r"\rightarrow",
    "′": "'",
    "″": "''",
    "‴": "'''",
}
LETTERS = {"ε": r"\varepsilon ", "φ": r"\varphi ", "ℓ": r"\ell ", "π": r"\pi ", "d": r"\mathrm{d}", "𝟏": r"\mathbf{1}"}
ACCENTS = {"^": r"\hat", "¯": r"\bar", "~": r"\tilde", "˙": r"\dot", "→": r"\vec"}
FENCES = {
    ("(", ")"): ("(", ")"),
    ("[", "]"): (r"[\,", r"\,]"),
    ("|", "|"): (r"\left|", r"\right|"),
    ("‖", "‖"): (r"\lVert ", r" \rVert"),
    ("⟨", "⟩"): (r"\left\langle ", r" \right\rangle"),
}
WORDS = {"tanh", "sin", "cos", "exp", "log", "max"}


def as_latex(text: str) -> str:
    """A whole `<math>` as LaTeX. Raises Unreadable."""
    try:
        root = Xml.fromstring(text)
    except Xml.ParseError as error:
        raise Unreadable(f"this is no MathML: {error}") from None
    return _row(root)


def _row(elements: Iterable[Element]) -> str:
    return "".join(map(_one, elements))


def _group(element: Element) -> str:
    return f"{{{_one(element)}}}"


def _below(element: Element) -> str:
    """A subscript, in which a word is no function."""
    return _group(element).replace(r"\operatorname", r"\mathrm")


def _one(found: Element) -> str:
    tag, text = found.tag.rpartition("}")[2], (found.text or "").strip()
    parts = list(found)
    match tag:
        case "mi":
            return _identifier(text, found.get("mathvariant") == "normal")
        case "mn":
            return LETTERS.get(text, text)
        case "mo":
            return SIGNS.get(text, text)
        case "mspace":
            return r" \quad "
        case "mtext":
            return r"\dsotherwise"
        case "mrow":
            return _fenced(parts)
        case "mfrac":
            return rf"\frac{_group(parts[0])}{_group(parts[1])}"
        case "msqrt":
            return rf"\sqrt{{{_row(parts)}}}"
        case "msub":
            return f"{_barred(parts[0])}_{_below(parts[1])}"
        case "msup":
            above = _one(parts[1])
            return f"{_one(parts[0])}{above}" if set(above) == {"'"} else f"{_one(parts[0])}^{{{above}}}"
        case "msubsup":
            return f"{_one(parts[0])}_{_below(parts[1])}^{_group(parts[2])}"
        case "munder" if parts[0].text == "∑":
            return rf"\sum_{_group(parts[1])} "
        case "mtable":
            return r"\substack{" + r"\\".join(_row(cell) for row in parts for cell in row) + "}"
        case "munderover":
            return rf"\sum_{_group(parts[1])}^{_group(parts[2])} "
        case "mover":
            return f"{ACCENTS[parts[1].text or '']}{_group(parts[0])}"
    raise Unreadable(f"nothing reads <{tag}>")


def _identifier(text: str, upright: bool) -> str:
    if upright:
        return LETTERS.get(text) or rf"\mathrm{{{text}}}"
    plain = "".join(_plain(letter) for letter in text)
    if text != "d" and text in LETTERS:
        return LETTERS[text]
    if text in UNICODE_GREEK:
        return rf"\{UNICODE_GREEK[text]} "
    if len(text) == 1:
        return plain
    if plain != text:
        return rf"\mathit{{{plain}}}"
    return rf"\{text}" if text in WORDS else rf"\operatorname{{{text}}}"


def _plain(letter: str) -> str:
    """A letter of Unicode's italics as it is on a keyboard."""
    if letter == "ℎ":
        return "h"
    for first, of in ((0x1D44E, "a"), (0x1D434, "A")):
        if first <= ord(letter) < first + 26:
            return chr(ord(of) + ord(letter) - first)
    return letter


def _fenced(parts: list[Element]) -> str:
    marks = [p.text or "" if p.tag.rpartition("}")[2] == "mo" and p.get("fence") else "" for p in parts]
    if marks and marks[0] == "{":
        return _cases(parts[1])
    if len(marks) > 1 and (marks[0], marks[-1]) in FENCES:
        left, right = FENCES[marks[0], marks[-1]]
        return f"{left}{_row(parts[1:-1])}{right}"
    return _row(parts)


def _barred(found: Element) -> str:
    """What has a bar behind it, with what is held constant below that."""
    parts = list(found)
    if parts and parts[-1].text == "|" and (parts[0].text != "|" or len(parts) == 1):
        return rf"\left.{_row(parts[:-1])}\right|"
    return _one(found)


def _cases(table: Element) -> str:
    rows = [" & ".join(_row(cell) for cell in row) for row in table]
    return r"\begin{cases}" + r"\\ ".join(rows) + r"\end{cases}"
