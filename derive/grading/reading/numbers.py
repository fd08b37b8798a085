"""Numbers as a student writes them: 0.12, 1/3, 0,12 or nested lists of them, with the precision that they were written to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numbers.evaluate import Array

MAX_NUMBERS = 10_000
MAX_TEXT = 20_000

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?")
FRACTION = re.compile(r"([+-]?\d{1,15})\s*/\s*(\d{1,15})")
COMMAS = re.compile(r"(?<=\d),(?=\d)")
COMMA = re.compile(r"[+-]?\d{1,15},\d{1,15}")


@dataclass(frozen=True)
class Numbers:
    """Numbers as they were written. half: half a unit of the last digit of each, 0 for whole numbers and fractions."""

    value: Array
    half: Array


def read_numbers(answer: Any, shape: tuple[int, ...] | None = None) -> Numbers | None:
    """A number, nested lists of numbers, or a text of either; None for anything else.

    shape: what is asked for; it decides what a comma and a semicolon mean: [0,5; 1] are two numbers, [0, 5; 1, 2] two rows.
    """
    if shape is not None and isinstance(answer, str) and ";" in answer and len(answer) <= MAX_TEXT:
        for reading in (COMMAS.sub(".", answer), _rows(answer)):
            found = read_numbers(reading)
            if found is not None and found.value.shape == shape:
                return found
    return _read(answer)


def _rows(text: str) -> str:
    """[1, 2; 3, 4] as [[1, 2], [3, 4]]."""
    return "[[" + text.strip().removeprefix("[").removesuffix("]").replace(";", "], [") + "]]"


def place_of(entry: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The place that `1,2` names, which counts from 1; None where there is none."""
    parts = [part for part in re.split(r"[\s,;×x()\[\]]+", entry.strip()) if part]
    if len(parts) != len(shape) or not all(re.fullmatch(r"\d{1,6}", part) for part in parts):
        return None
    place = tuple(int(part) - 1 for part in parts)
    return place if all(0 <= n < size for n, size in zip(place, shape, strict=True)) else None


def _read(answer: Any) -> Numbers | None:
    found = _nested(answer, 0)
    if found is None:
        return None
    try:
        value = np.array(_each(found, 0), dtype=float)
        half = np.array(_each(found, 1), dtype=float)
    except (ValueError, OverflowError):
        return None  # rows of different lengths
    return Numbers(value, half) if value.size <= MAX_NUMBERS and np.all(np.isfinite(value)) else None


def _each(found: Any, part: int) -> Any:
    return [_each(item, part) for item in found] if isinstance(found, list) else found[part]


def _nested(answer: Any, depth: int) -> Any:
    if isinstance(answer, list | tuple):
        if depth > 4 or not answer or len(answer) > MAX_NUMBERS:
            return None
        inside = [_nested(item, depth + 1) for item in answer]
        return None if any(item is None for item in inside) else inside
    if isinstance(answer, bool) or answer is None:
        return None
    if isinstance(answer, int | float):
        return _one(repr(answer)) if isinstance(answer, float) or abs(answer) < 10**30 else None
    if not isinstance(answer, str) or len(answer) > MAX_TEXT:
        return None
    text = answer.strip()
    return _one(text) if not text.startswith("[") else _list(text)


def _one(text: str) -> tuple[float, float] | None:
    text = text.strip().replace("−", "-")
    if COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if found := FRACTION.fullmatch(text):
        return (int(found[1]) / int(found[2]), 0.0) if int(found[2]) else None
    if len(text) > 40 or not NUMBER.fullmatch(text):
        return None
    mantissa, _, exponent = text.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    if places == 0 and not exponent:
        return float(text), 0.0
    return float(text), 0.5 * 10.0 ** (int(exponent or 0) - places)


def _list(text: str) -> Any:
    """[[1, 2], [3, 4]], read without recursion."""
    stack: list[list[Any]] = []
    pieces = [piece.strip() for piece in re.findall(r"\[|\]|,|;|[^\[\],;]+", text)]
    for place, piece in enumerate(pieces, 1):
        if piece == "[":
            if len(stack) > 4:
                return None
            stack.append([])
        elif piece == "]":
            if not stack or not stack[-1]:
                return None
            done = stack.pop()
            if not stack:
                return done if place == len(pieces) else None
            stack[-1].append(done)
        elif piece and piece not in (",", ";"):
            number = _one(piece)
            if not stack or number is None:
                return None
            stack[-1].append(number)
    return None
