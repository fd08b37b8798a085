"""Names in the letters that the sheet's fonts have: everybody gets a sheet, in whatever script a name is written."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from ...writers.latex.escape import in_text_fonts

LONGEST = 80
"""A name in other letters may be longer than it was: so many characters of it are printed."""

PICTURES = ("So", "Sk", "Sm", "Cn", "Co", "Cs", "Cf", "Cc")
"""Categories of what stands for no sound: emoji, signs, and what has no meaning (yet)."""


def in_latin(name: str) -> str:
    """The name as it can be printed: characters that the fonts have stay, letters of other scripts become Latin, signs go.

    What comes out is to be read beside the student's number, and is no transcription by any country's rules.

    >>> in_latin("Ольга 🎉 Müller"), in_latin("王小明")
    ("Ol'ga Müller", 'Wang Xiao Ming')
    """
    words = (_word(word) for word in unicodedata.normalize("NFC", name).split())
    out = " ".join(word for word in words if word)
    if not any(c.isalnum() for c in out):
        return ""
    return out if len(out) <= LONGEST or out == name else out[: LONGEST - 1].rstrip() + "…"


def _word(word: str) -> str:
    if all(in_text_fonts(c) for c in word):
        return word
    out = "".join(c if in_text_fonts(c) else _sound(c) for c in word)
    out = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", out)  # each Chinese character or Korean syllable begins with a capital
    uncased = not any(c.isupper() or c.islower() for c in word)
    return (out[:1].upper() + out[1:] if uncased else out).strip()


def _sound(character: str) -> str:
    if unicodedata.category(character) in PICTURES:
        return ""
    return "".join(c for c in anyascii(character).replace("`", "'") if in_text_fonts(c))
