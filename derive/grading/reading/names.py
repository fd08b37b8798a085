"""A student's text with the names of `Vocabulary.keys` in it, and the places from which each of its characters comes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ...errors import EquationError
from ...notation.spellings import ONES, Vocabulary, entry_named, flattened

SIGNS = dict.fromkeys("·⋅×⊙∘", "*") | dict.fromkeys("−–", "-") | dict.fromkeys("ᵀ⊤", ".T")
SIGNS |= {"⊘": "/", "÷": "/", "²": "**2", "³": "**3"}


UP = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᴸ"
WORD = rf"[^\W\dᵀ{UP}](?:[^\Wᵀ{UP}]|[\u0302-\u0307\u20d7])*"
BELOW = r"(?:_\{[^{}]{1,20}\})?"
LEVEL = rf"(?:\^\{{?\(?L(?:-\d+)?\)?\}}?|\^\{{?\(\d+\)\}}?|[{UP}]+|\.\d+(?![\d.]))?"
RAISED = rf"{BELOW}{LEVEL}(?:_\{{[^{{}}]{{1,20}}\}}|_[a-z0-9,]*[a-z0-9])?"
TOKEN = re.compile(
    rf"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    rf"|(?P<transpose>\.T\b)"
    rf"|(?P<quotient>[d∂]{WORD}(?!\{{){RAISED}\s*/\s*[d∂]{WORD}(?!\{{){RAISED})"
    rf"|(?P<word>∂?{WORD}(?!\{{){RAISED}['′’]?)"
    rf"|(?P<other>.)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Plain:
    """An answer in plain names, and where in the student's text each of its characters comes from."""

    text: str
    places: tuple[int, ...]

    def column(self, column: int | None, shift: int = 0) -> int | None:
        if column is None or not self.places:
            return None
        return self.places[max(0, min(column - 1 - shift, len(self.places) - 1))] + 1


def in_plain_names(text: str, words: Vocabulary) -> Plain:
    out: list[str] = []
    places: list[int] = []

    def put(piece: str, place: int) -> None:
        out.append(piece)
        places.extend([place] * len(piece))

    brackets = 0
    for found in TOKEN.finditer(text):
        piece, start = found[0], found.start()
        if found["other"] is not None:
            brackets += {"[": 1, "]": -1}.get(piece, 0)
            put(SIGNS.get(piece, piece), start)
        elif piece == "𝟏" and ONES in words.keys:
            put(ONES, start)
        elif brackets > 0 and piece.isdecimal() and _stands_alone(text, found.start(), found.end()):
            put(_counted(piece, start, words), start)
        elif found["number"] is not None or found["transpose"] is not None or brackets > 0:
            for offset, character in enumerate(piece):
                put(SIGNS.get(character, character), start + offset)
        elif found["quotient"] is not None and (whole := _named(piece, words)) is not None:
            put(whole, start)
        elif found["quotient"] is not None:
            above, below = piece.split("/", 1)
            put(_word(above.strip(), words), start)
            put("/", start + len(above))
            put(_word(below.strip(), words), start + len(above) + 1)
        else:
            put(_word(piece, words), start)
    text, places = _from_0("".join(out), places, words)
    return _with_outer(text, places, words)


ROW = re.compile(rf"\s*@\s*({WORD})\.T\b")


def _with_outer(text: str, places: list[int], words: Vocabulary) -> Plain:
    """δ aᵀ of two vectors, `delta @ a.T`, as the language writes it: outer(delta, a)."""
    for found in reversed(list(ROW.finditer(text))):
        start = _operand(text, found.start())
        if len(words.shapes.get(found[1], ())) != 1 or start is None:
            continue
        at = places[found.start()]
        pieces: list[tuple[str, list[int]]] = [
            (text[:start], places[:start]),
            ("outer(", [at] * 6),
            (text[start : found.start()], places[start : found.start()]),
            (", ", [at] * 2),
            (found[1], places[found.start(1) : found.end(1)]),
            (")", [at]),
            (text[found.end() :], places[found.end() :]),
        ]
        text = "".join(piece for piece, _ in pieces)
        places = [place for _, part in pieces for place in part]
    return Plain(text, tuple(places))


def _operand(text: str, end: int) -> int | None:
    """Where the name, the call or the bracket begins that ends at `end`."""
    start = end
    if text[:end].endswith(")"):
        depth = 0
        while start > 0:
            start -= 1
            depth += {")": 1, "(": -1}.get(text[start], 0)
            if depth == 0:
                break
        else:
            return None
    name = re.search(rf"(?:{WORD})?$", text[:start])
    return None if name is None or name.start() == end else name.start()


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a number is an index by itself, as in W[1,k]."""
    return text[:start].rstrip()[-1:] in ("[", ",") and text[end:].lstrip()[:1] in ("]", ",")


def _counted(piece: str, place: int, words: Vocabulary) -> str:
    """An index as the language counts, from 0, for one as the sheet counts."""
    number = int(piece[:9]) - words.derivation.system.first_index
    if number < 0:
        raise EquationError("the first one is 1 here, not 0", text=piece, column=place + 1)
    return str(number)


SUBSCRIPTS = re.compile(r"\[([^\[\]]*)\]")
TERM = re.compile(r"([+-]?)\s*(\d*)\s*\*?\s*([^\W\d]\w*)?\s*")


def _from_0(text: str, places: list[int], words: Vocabulary) -> tuple[str, list[int]]:
    """Indices such as i+p-1 as the language counts them, for one who counts as the sheet does: i+p."""
    first = words.derivation.system.first_index
    if first == 0:
        return text, places
    for found in reversed(list(SUBSCRIPTS.finditer(text))):
        end = found.end(1)
        for piece in reversed(found[1].split(",")):
            found_terms = [t for t in TERM.finditer(piece.strip()) if t[0]]
            letters = [int(t[1] + (t[2] or "1")) for t in found_terms if t[3]]
            shift = first * (sum(letters) - 1)
            if len(found_terms) > 1 and letters and shift and "".join(t[0] for t in found_terms) == piece.strip():
                text = f"{text[:end]}{shift:+d}{text[end:]}"
                places = [*places[:end], *[places[end - 1]] * len(f"{shift:+d}"), *places[end:]]
            end -= len(piece) + 1
    return text, places


def _word(piece: str, words: Vocabulary) -> str:
    raised = flattened(piece)
    if raised in words.functions:
        return words.functions[raised]
    found = _named(piece, words)
    if found is not None:
        return found
    power = re.fullmatch(r"(.*?)([⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})", piece)  # a² is the square of a, where no layer 2 has an a
    if power and (base := _named(power[1], words)) is not None:
        return f"{base}**{int(unicodedata.normalize('NFKC', power[2]))}"
    return piece


def _named(piece: str, words: Vocabulary) -> str | None:
    """The plain name of what is written as a name, or as an entry with its indices below."""
    found = words.plain.get(flattened(piece))
    if found is not None:
        return found
    entry = entry_named("".join(piece.split()), words)
    if entry is None:
        return None
    name, letters = entry
    counted = [_counted(i, 0, words) if i.isdecimal() else i for i in letters.split(",")]
    return f"{name}[{','.join(counted)}]"
