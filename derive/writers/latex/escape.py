"""Text of the user's, made safe for LaTeX: what they typed is what is printed, and nothing in it is a command.

PyLaTeX's `escape_latex` knows the ten special characters. This adds what it lets through: characters that stop the run or print
nothing, ligatures that would turn `--` into a dash, and letters that the text fonts lack. Made for T1-encoded Latin fonts read as
UTF-8: Latin letters with their accents and typographic punctuation pass as they are.
"""

from __future__ import annotations

import re
import unicodedata

from pylatex.utils import NoEscape, escape_latex  # type: ignore[import-untyped, unused-ignore]

from ...errors import SpecError

PLAIN = frozenset(
    [chr(code) for code in range(0x20, 0x7F)]
    + [chr(code) for code in range(0xA1, 0x180) if chr(code) not in "¬­²³´¹¸¨¯¤±×÷·ħĦĿŀŉŦŧſĸ"]
    + list("ȘșȚțǍǎǏǐǑǒǓǔǦǧǨǩǪǫǰǴǵȲȳḂḃḍḞḟḥḰḱḷṃṅṇṛṣṭẎẏẐẑẞỲỳḠḡ")
    + list("‐–—‘’‚“”„‹›†‡•…‰€™ﬀﬁﬂﬃﬄ")
)
"""Characters that the text fonts have: they go through, save for the specials among them."""

SPECIAL = {
    # PyLaTeX would print an accent over nothing for the circumflex, and would break every hyphen and line.
    "^": r"\textasciicircum{}",
    "-": "-",
    # Not special to TeX, but: ligatures (<< >> ?` !`), shorthands of babel's ("), and a dash in older fonts (|).
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
    # Space of other kinds.
    "\t": " ",
    "\n": " ",
    "\r": " ",
    "\u2028": " ",
    "\u2029": " ",
    "\u00a0": "~",
    "\u2007": "~",
    "\u2002": r"\enspace{}",
    "\u2003": r"\quad{}",
    "\u2009": r"\,",
    "\u200a": r"\,",
    "\u202f": r"\,",
    # Hyphens and dashes without a character of their own in the fonts.
    "\u00ad": r"\-",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "\u2013",
    "\u2015": "\u2014",
}

_SIGNS = r"""
    α \alpha β \beta γ \gamma δ \delta ε \varepsilon ζ \zeta η \eta θ \theta ι \iota κ \kappa λ \lambda μ \mu ν \nu ξ \xi ο o
    π \pi ρ \rho ς \varsigma σ \sigma τ \tau υ \upsilon φ \varphi χ \chi ψ \psi ω \omega ϑ \vartheta ϕ \phi ϖ \varpi ϱ \varrho
    ϵ \epsilon Γ \Gamma Δ \Delta Θ \Theta Λ \Lambda Ξ \Xi Π \Pi Σ \Sigma Υ \Upsilon Φ \Phi Ψ \Psi Ω \Omega
    Α \mathrm{A} Β \mathrm{B} Ε \mathrm{E} Ζ \mathrm{Z} Η \mathrm{H} Ι \mathrm{I} Κ \mathrm{K} Μ \mathrm{M} Ν \mathrm{N}
    Ο \mathrm{O} Ρ \mathrm{P} Τ \mathrm{T} Χ \mathrm{X}
    µ \mu ∆ \Delta ℓ \ell ∂ \partial ∇ \nabla ∞ \infty ∅ \emptyset ∀ \forall ∃ \exists
    ± \pm ∓ \mp − - × \times ÷ \div · \cdot ⋅ \cdot ∗ \ast ∘ \circ ⊙ \odot ⊗ \otimes ⊕ \oplus ¬ \neg ∧ \wedge ∨ \vee
    ∑ \sum ∏ \prod ∫ \int √ \surd ⊤ \top ⊥ \perp ∣ \mid ∥ \parallel ‖ \Vert ⟨ \langle ⟩ \rangle ′ {}' ″ {}''
    ∝ \propto ≈ \approx ≃ \simeq ≅ \cong ≡ \equiv ≠ \neq ≤ \leq ≥ \geq ≪ \ll ≫ \gg
    ∈ \in ∉ \notin ∋ \ni ⊂ \subset ⊆ \subseteq ⊃ \supset ∪ \cup ∩ \cap
    ← \leftarrow → \rightarrow ↑ \uparrow ↓ \downarrow ↔ \leftrightarrow ↦ \mapsto ⇐ \Leftarrow ⇒ \Rightarrow
    ⇔ \Leftrightarrow ⋯ \cdots ⋮ \vdots ⋱ \ddots
"""
MATHS = dict(zip(_SIGNS.split()[::2], _SIGNS.split()[1::2], strict=True))
"""Letters and signs that live in the maths fonts. The commands are LaTeX's own: no further package is needed."""

ABOVE = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".", "\u0308": '"'}
ABOVE |= {"\u030a": "r", "\u030b": "H", "\u030c": "v"}
BELOW = {"\u0323": "d", "\u0327": "c", "\u0328": "k", "\u0331": "b"}
"""Accents that TeX puts on any letter, and the commands that do."""

_LIGATURES = re.compile(r"(?<=[-–,‚'‘’])(?=[-–,‚'‘’])|(?<=[?!])(?=‘)")  # dashes, quotation marks, ¿ and ¡ in T1
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs"}


def escape(text: str) -> NoEscape:
    r"""The text as LaTeX that prints just that text, on one line; a `SpecError` where the fonts cannot.

    >>> escape("50% of {a_1}")
    '50\\% of \\{a\\_1\\}'
    """
    joined = text.replace("\r\n", "\n")
    pieces = [_character(character, joined) for character in unicodedata.normalize("NFC", joined)]
    # A ligature forms between two pieces only where both are bare characters, so looking at the joined string is enough.
    return NoEscape(_LIGATURES.sub("{}", "".join(pieces)))


def plainly(text: str) -> NoEscape:
    r"""The same text where a PDF holds plain characters and no formulas, such as its title: signs of mathematics by their number.

    `\unichar` is hyperref's, and means a character of Unicode, in decimals.

    >>> plainly("σ & b")
    '\\unichar{963} \\& b'
    """
    escape(text)
    signs = (c if c in PLAIN or c in SPECIAL else rf"\unichar{{{ord(c)}}}" for c in unicodedata.normalize("NFC", text))
    return NoEscape("".join(str(escape(piece)) if len(piece) == 1 else piece for piece in signs))


def _character(character: str, text: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character in MATHS:
        return rf"\ensuremath{{{MATHS[character]}}}"
    if character in PLAIN:
        return str(escape_latex(character))
    if found := _raised_or_lowered(character) or _accented(character):
        return found
    raise _refusal(character, text)


def in_text_fonts(character: str) -> bool:
    """Whether a character is printed in the fonts of running text, as a name should be, and not in those of mathematics."""
    if character in MATHS:
        return not character.isalpha()
    return character in PLAIN or character in SPECIAL or bool(_accented(character))


def _accented(character: str) -> str:
    """ễ: a letter that the fonts have no character for, with up to two accents that TeX puts on it."""
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if not (letter.isascii() and letter.isalpha() and 1 <= len(marks) <= 2 and all(m in ABOVE or m in BELOW for m in marks)):
        return ""
    marks.sort(key=lambda m: m in BELOW)  # TeX sets an accent on a single character, and a mark below under anything
    out = rf"\{letter}" if letter in "ij" and marks[0] in ABOVE else letter
    for mark in marks:
        out = rf"\{(ABOVE | BELOW)[mark]}{{{out}}}"
    return out


def _raised_or_lowered(character: str) -> str:
    """x² and xᵢ: Unicode says which plain character is raised or lowered."""
    kind, _, code = unicodedata.decomposition(character).partition(" ")
    if kind not in ("<super>", "<sub>") or " " in code:
        return ""
    base = chr(int(code, 16))
    if base in MATHS:
        base = rf"\ensuremath{{{MATHS[base]}}}"
    elif not (base.isascii() and (base.isalnum() or base in "+-=()")):
        return ""
    return rf"\text{'super' if kind == '<super>' else 'sub'}script{{{base}}}"


def _refusal(character: str, text: str) -> SpecError:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    found = text.find(character)  # composing (NFC) may have moved or made it
    where = f" at character {found + 1} of the text" if found >= 0 else ""
    if unicodedata.category(character) in _INVISIBLE:
        what = f"{code}{f' ({name})' if name else ''}"
        return SpecError(f"the text has an invisible or control character, {what},{where or ' in it'}", hint="remove it")
    named = f"`{character}` ({code}{f', {name}' if name else ''})"
    return SpecError(
        f"the sheet's fonts have no {named},{where or ' which is in the text'}",
        hint="Latin letters, Greek letters and common mathematical signs can be printed; write this one in words",
    )
