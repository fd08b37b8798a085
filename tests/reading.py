"""A small reader of printed arrays: signs, brackets and labels as they stand; it knows nothing of the printers.

Every axis has `SIZE` values, so that no mistake is found by its shape, and each 𝟏 is as long as the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SIZE = 3
ALWAYS = r"Σ_[a-z]|\^⊙|exp|log|diag|softmax|[0-9]+|𝟏|I|[−+⊙⊘()⟨⟩,‖ᵀ/²√^]"


def read(
    text: str, values: Mapping[str, Array], at: Mapping[str, int] | None = None, examples: Mapping[str, int] | None = None
) -> Array:
    """What a printed array is worth, as a matrix. values: by names as they are printed; at: what labels stand for.

    examples: the axis of the training examples, on which a label n that stands alone is meant; any other is on the first.
    """
    reader = Reader(text, values, examples or {})
    found = reader.sum(dict(at or {}))
    assert reader.peek() == "", f"{reader.peek()!r} is left over in {text!r}"
    return found


def from_latex(text: str) -> str:
    """LaTeX in the signs of plain text: nothing but spelling, and braces as brackets."""
    for sign, shown in (
        (r"\left\langle", "⟨"), (r"\right\rangle", "⟩"), (r"\left", ""), (r"\right", ""), (r"\mathbf{1}", "𝟏"), (r"^{\top}", "ᵀ"),
        (r"^{\odot ", "^⊙{"), (r"\odot", "⊙"), (r"\oslash", "⊘"), (r"\lVert", "‖"), (r"\rVert^{2}", "‖²"), (r"\,", " "),
        (r"\mathrm{d}", "d"), (r"\operatorname{diag}", "diag"), (r"\operatorname{softmax}", "softmax"), (r"\exp", "exp"),
        (r"\log", "log"), ("-", "−"), ("^{(1)}", "(1)"), (r"\partial ", "∂"), (r"\sqrt", "√"),
    ):  # fmt: skip
        text = text.replace(sign, shown)
    text = re.sub(r"\\sum_\{(\w)\}", r"Σ_\1 ", text)
    text = re.sub(r"_\{((?:\w|,|\\cdot ?)+)\}", _labels, text)
    text = re.sub(r"\\frac\{(∂\w)\}\{(∂[^{}]*)\}", r"\1/\2", text)
    while r"\frac" in text:
        before, _, rest = text.partition(r"\frac")
        top, rest = _braced(rest)
        bottom, rest = _braced(rest)
        text = f"{before}(({top})/({bottom})){rest}"
    return text.replace("{", "(").replace("}", ")")


def _labels(found: re.Match[str]) -> str:
    return f"[{','.join(found[1].replace(chr(92) + 'cdot', '·').replace(' ', '').replace(',', ''))}]"


def _braced(text: str) -> tuple[str, str]:
    depth = 0
    for place, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0:
            return text[1:place], text[place + 1 :]
    raise ValueError(text)


def from_unicode(text: str) -> str:
    return text.replace("¹", "(1)")


def from_ascii(text: str) -> str:
    """ASCII in the signs of Unicode."""
    text = re.sub(r"\bd([CJ])/d(?=[a-zA-Z])", r"∂\1/∂", text.replace("^(1)", "(1)"))
    for sign, shown in (
        (".^", "^⊙"), (".*", "⊙"), ("./", "⊘"), ("ones", "𝟏"), ("^T", "ᵀ"), ("||^2", "‖²"), ("||", "‖"), ("<", "⟨"), (">", "⟩"),
        ("sum_", "Σ_"), (":", "·"), ("sqrt ", "√"), ("-", "−"), ("^2", "²"),
    ):  # fmt: skip
        text = text.replace(sign, shown)
    return text


def is_number(token: str) -> bool:
    return token.isascii() and token.isdigit()


class Reader:
    """Reads from the left: signs outermost, then Σ, then ⊙ and ⊘ as they come, then factors side by side, scripts innermost.

    A product beside ⊙ or ⊘, or a quotient beside a factor, can be read in two ways, and is refused.
    """

    def __init__(self, text: str, values: Mapping[str, Array], examples: Mapping[str, int]) -> None:
        self.values = values
        self.examples = examples
        known = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
        token = re.compile(rf"\s*((?:{known})(?:\[[^\]]*\])?|{ALWAYS})")
        self.tokens: list[str] = []
        place = 0
        while text[place:].strip():
            found = token.match(text, place)
            assert found, f"{text[place:]!r} in {text!r}"
            self.tokens.append(found[1])
            place = found.end()
        self.at = 0
        self.norms = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        assert not wanted or token == wanted, f"{wanted!r} expected, not {token!r}, in {' '.join(self.tokens)}"
        self.at += 1
        return token

    def sum(self, at: dict[str, int]) -> Array:
        minus = self.peek() == "−" and bool(self.take())
        out = self.term(at)
        out = -out if minus else out
        while self.peek() in ("+", "−"):
            minus = self.take() == "−"
            more = self.term(at)
            assert out.shape == more.shape, "a sum of two shapes"
            out = out - more if minus else out + more
        return out

    def term(self, at: dict[str, int]) -> Array:
        if not self.peek().startswith("Σ_"):
            return self.circled(at)
        letter = self.take()[2:]
        start, parts = self.at, []
        for value in range(SIZE):
            self.at = start
            parts.append(self.term({**at, letter: value}))
        return np.asarray(sum(parts[1:], parts[0]))

    def circled(self, at: dict[str, int]) -> Array:
        out, single = self.product(at)
        while self.peek() in ("⊙", "⊘"):
            sign = self.take()
            more, alone = self.product(at)
            assert single and alone, "a product beside a circle, without brackets"
            assert out.shape == more.shape, "an entrywise product of two shapes"
            out = out * more if sign == "⊙" else out / more
            single = True
        return out

    def product(self, at: dict[str, int]) -> tuple[Array, bool]:
        """A product, and whether it may stand beside a circle: one factor, behind numbers and single scalars alone."""
        out = self.factor(at)
        size, count = out.size, 1
        if is_number(self.tokens[self.at - 1]) and self.peek() == "/" and is_number(self.tokens[self.at + 1]):  # 1/2
            self.take()
            out = out / self.factor(at)
        while self.peek() not in ("", "+", "−", "⊙", "⊘", ")", "⟩", ",", "‖²", "/") and not self.closes():
            if self.peek().startswith("Σ_"):  # the last factor may be a sum
                return out * self.term(at), False
            more = self.factor(at)
            count += size > 1
            size = more.size
            out = out * more if 1 in (out.size, more.size) else out @ more
        if self.peek() == "/":
            self.take()
            out = out / self.factor(at)
            count = 2
        return out, count == 1

    def closes(self) -> bool:
        return self.peek() == "‖" and self.norms > 0

    def factor(self, at: dict[str, int]) -> Array:
        if self.peek() == "√":
            self.take()
            return np.asarray(np.sqrt(self.atom(at)))
        out = self.atom(at)
        while self.peek() in ("ᵀ", "^⊙", "²", "^"):
            sign = self.take()
            if sign == "ᵀ":
                out = out.T
            elif sign == "²":
                assert out.size == 1
                out = out**2
            else:
                assert (out.size == 1) == (sign == "^")
                out = out ** self.exponent()
        return out

    def exponent(self) -> float:
        if self.peek() != "(":
            return float(self.take())
        self.take("(")
        minus = self.peek() == "−" and bool(self.take())
        value = float(self.take())
        if self.peek() == "/":
            self.take()
            value /= float(self.take())
        self.take(")")
        return -value if minus else value

    def atom(self, at: dict[str, int]) -> Array:
        token = self.take()
        if token == "(":
            out = self.sum(at)
            self.take(")")
            return out
        if token == "‖":
            self.norms += 1
            out = self.sum(at)
            self.norms -= 1
            self.take("‖")
            self.take("²")
            return np.reshape(np.sum(out**2), (1, 1))
        if token == "⟨":
            left = self.sum(at)
            self.take(",")
            right = self.sum(at)
            self.take("⟩")
            assert left.shape == right.shape
            return np.reshape(np.sum(left * right), (1, 1))
        if token in CALLED:
            self.take("(")
            out = CALLED[token](self.sum(at))
            self.take(")")
            return out
        if is_number(token):
            return np.full((1, 1), float(token))
        if token == "𝟏":
            return np.ones((SIZE, 1))
        if token == "I":
            return np.eye(SIZE)
        return self.named(token, at)

    def named(self, token: str, at: dict[str, int]) -> Array:
        """A tensor, at its labels: those in front, or those between dots."""
        name, _, labels = token.removesuffix("]").partition("[")
        array = self.values[name]
        if labels == "n" and name in self.examples:
            array = np.take(array, at["n"], axis=self.examples[name])
        elif labels:
            array = array[tuple(slice(None) if one == "·" else at[one] for one in labels.split(","))]
        return array.reshape(array.shape + (1,) * (2 - array.ndim))


CALLED: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "diag": np.diagflat,
    "softmax": lambda v: np.exp(v) / np.exp(v).sum(axis=0),
}
