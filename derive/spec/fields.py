"""The kinds of values that may stand in a spec or in a record of the catalogue; each refuses what it is not, in one sentence.

What a validator raises is put into words by `spec.complaints`, which knows the place in the file.
"""

from __future__ import annotations

import math
import re
import unicodedata
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ..expressions.views import VIEWS, View

MAX_DIMENSION = 100_000
MAX_ENTRIES = 10_000_000
MAX_AXES = 8
MAX_LINES = 2000
MAX_NUMBER = 1e100

Steps = tuple[str | int, ...]
"""The way from a model to one of its parts: names of fields, and places in lists."""


class Part(BaseModel):
    """A part of what is written in YAML: nothing unknown in it, nothing converted, nothing changed afterwards."""

    # deferred: of the many models a run uses some, and building one takes two milliseconds
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def short(text: str, limit: int = 40) -> str:
    """Text of the user's for a message: in one line, cut off at `limit`."""
    text = " ".join(text[: 10 * limit].split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def wrong(message: str, hint: str = "", at: Steps = (), key: bool = False) -> PydanticCustomError:
    """A whole sentence about the value; `at` leads on from it to the part that is wrong, `key` means the key of that part."""
    return PydanticCustomError("wrong", "{message}", {"message": message, "hint": hint, "at": at, "key": key})


def empty() -> PydanticCustomError:
    return PydanticCustomError("empty", "is empty")


def expected(what: str, found: object, hint: str = "", at: Steps = ()) -> PydanticCustomError:
    return PydanticCustomError("expected", "expected {what}", {"what": what, "found": found, "hint": hint, "at": at})


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


NAME = re.compile(r"[^\W\d]\w*")


def _name(text: str) -> str:
    """A name as the equation language can read it. Its reader folds compatible characters, so they must be folded already."""
    if len(text) > 40:
        raise wrong(f"the name `{short(text)}` has {len(text)} characters", "at most 40 are allowed", key=True)
    folded = unicodedata.normalize("NFKC", text)
    if folded != text and NAME.fullmatch(folded):
        raise wrong(f"`{text}` is not a name", f"write it `{folded}`", key=True)
    if not (NAME.fullmatch(text) and text.isidentifier()):
        raise wrong(f"`{short(text)}` is not a name", "a name is a letter, then letters, digits and `_`", key=True)
    return text


def _reference(text: str) -> str:
    """A name, or a name in a layer, `W.2`."""
    base, dot, layer = text.partition(".")
    _name(base)
    if dot and not re.fullmatch(r"\w{1,40}", layer):
        raise wrong(f"`{short(text)}` is not a name", "a name of a layer's is written `W.2`", key=True)
    return text


def _line(text: str) -> str:
    """Text for one line of print."""
    text = " ".join(text.split())
    if not text:
        raise empty()
    return text


def _equation(text: str) -> str:
    """An equation in one line; offsets into it stay what they were."""
    if not text.strip():
        raise empty()
    return text.rstrip().replace("\n", " ")


A_SIZE = "a size (a whole number, a list of them, or `scalar`)"


def _shape(value: object) -> tuple[int, ...]:
    if value == "scalar":
        return ()
    axes = [value] if whole(value) else value
    if not isinstance(axes, list | tuple):
        raise expected(A_SIZE, value, "a vector of 3 is `3`, a matrix of 4 rows and 3 columns is `[4, 3]`")
    for axis, length in enumerate(axes):
        at = () if axes is not value else (axis,)
        if not whole(length):
            raise expected("a whole number", length, at=at)
        if not 1 <= length <= MAX_DIMENSION:
            raise wrong(f"a dimension is 1 to {MAX_DIMENSION:,}, found {short(str(length))}", at=at)
    if len(axes) > MAX_AXES:
        raise wrong(f"the shape has {len(axes)} axes", f"at most {MAX_AXES} are allowed")
    if (entries := math.prod(axes)) > MAX_ENTRIES:
        raise wrong(
            f"the shape {'×'.join(map(str, axes))} has {short(f'{entries:,}')} entries", f"at most {MAX_ENTRIES:,} are allowed"
        )
    return tuple(axes)


def _number(value: object, at: Steps = ()) -> int | float | Fraction:
    if isinstance(value, str) and (parts := re.fullmatch(r"([-+]?[0-9]{1,60})/([0-9]{1,60})", value.strip())):
        if not int(parts[2]):
            raise wrong(f"`{value}` divides by zero", at=at)
        value = Fraction(int(parts[1]), int(parts[2]))
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise expected("a number", value, "write 3, 0.5, 1e-3 or 1/2", at)
    if not -MAX_NUMBER <= value <= MAX_NUMBER:  # false for nan, too
        raise wrong(f"a number must be finite and at most 1e100, found `{short(str(value))}`", at=at)
    return value


def _positive(value: object) -> int | float | Fraction:
    number = _number(value)
    if number <= 0:
        raise wrong(f"the number must be greater than 0, found {number}")
    return number


def _numbers(value: object) -> Any:
    """A number, or nested lists of them in which all rows are of equal length; as tuples."""
    return _nested(value, ())[0]


def _nested(value: object, at: Steps) -> tuple[Any, tuple[int, ...]]:
    if not isinstance(value, list | tuple):
        return _number(value, at), ()
    if not value:
        raise wrong("this list of numbers is empty", at=at)
    if len(at) >= MAX_AXES:
        raise wrong(f"the lists are nested more than {MAX_AXES} deep", at=at)
    rows = [_nested(row, (*at, place)) for place, row in enumerate(value)]
    for place, (_, shape) in enumerate(rows):
        if shape != rows[0][1]:
            first, here = (_entries(s) for s in (rows[0][1], shape))
            raise wrong(f"the rows are unequal: the first has {first}, this one {here}", at=(*at, place))
    return tuple(row for row, _ in rows), (len(rows), *rows[0][1])


def _entries(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) + (" entry" if shape == (1,) else " entries") if shape else "a single number"


def _constant(value: object) -> tuple[int, ...] | int | float | Fraction:
    return _shape(value) if isinstance(value, list | tuple) or value == "scalar" else _number(value)


SCRIPT = r"(?:\{[A-Za-z0-9+\-,/' ]{1,40}\}|[A-Za-z0-9])"
GLYPH = re.compile(rf"[A-Za-z]{{1,20}}(?:_{SCRIPT}(?:\^{SCRIPT})?|\^{SCRIPT}(?:_{SCRIPT})?)?")


def _glyph(text: str) -> str:
    """How a name is written; always with braces, the subscript first."""
    if not GLYPH.fullmatch(text):
        named = unicodedata.name(text, "") if len(text) == 1 else ""
        greek = re.fullmatch(r"GREEK (?:SMALL|CAPITAL) LETTER (\w+)", named)
        letter = greek[1].lower().replace("lamda", "lambda") if greek else ""
        hint = f"write `{letter}`" if letter else "write `h_{t-1}`, `theta` or `W^{out}`: letters, then `_{…}` or `^{…}`"
        raise wrong(f"`{short(text)}` is not a way to write a name", hint)
    text = re.sub(r"([_^])([A-Za-z0-9])", r"\1{\2}", text)
    return re.sub(r"(\^\{[^}]*\})(_\{[^}]*\})", r"\2\1", text)


def _option(value: object) -> bool | int | float | str | tuple[int | str, ...]:
    """A layer's setting. What it means is the catalogue's to say."""
    if isinstance(value, list | tuple):
        for place, part in enumerate(value):
            if not (whole(part) or isinstance(part, str)):
                raise expected("a whole number or a word", part, at=(place,))
            _option(part)
        return tuple(value)
    if isinstance(value, bool) or (isinstance(value, str) and value.strip()):
        return value
    if isinstance(value, int) and abs(value) > MAX_DIMENSION:
        raise wrong(f"a whole number here is at most {MAX_DIMENSION:,}, found {short(str(value))}")
    if isinstance(value, int | float):
        _number(value)
        return value
    raise expected("a word, a number, or `true` or `false`", value)


def _setting(value: object) -> int | str | bool | None:
    if whole(value) or isinstance(value, str | bool | None):
        return value  # type: ignore[return-value]  # `whole` has just said so
    raise expected("a whole number, a word, `true` or `false`, or nothing", value)


def _letters(text: str) -> str:
    if not re.fullmatch(r"\s*([^\W\d]\w*(\s*,\s*[^\W\d]\w*)*)?\s*", text):
        raise wrong(f"`{short(text)}` is not a list of index letters", "write `j,k` for a matrix, `j` for a vector")
    return text


def _signature(text: str) -> str:
    if not re.fullmatch(r"[^\W\d]\w*(\[\s*[^\W\d]\w*(\s*,\s*[^\W\d]\w*)*\s*\])?", text):
        raise wrong(f"`{short(text)}` is not a name with its indices", "write `x[j]`, `x[i,j]`, or `x` for a single number")
    return text


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _different(found: tuple[str, ...]) -> tuple[str, ...]:
    for place, word in enumerate(found):
        if word in found[:place]:
            raise wrong(f"`{word}` stands here twice", at=(place,))
    return found


SIZE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"const": "scalar"},
        {"type": "integer", "minimum": 1, "maximum": MAX_DIMENSION},
        {"type": "array", "maxItems": MAX_AXES, "items": {"type": "integer", "minimum": 1, "maximum": MAX_DIMENSION}},
    ]
}
FRACTION_SCHEMA: dict[str, Any] = {"type": "string", "pattern": "^[-+]?[0-9]+/[0-9]+$"}
NUMBER_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "number"}, FRACTION_SCHEMA]}

Name = Annotated[str, AfterValidator(_name)]
Reference = Annotated[str, AfterValidator(_reference)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_line)]
EquationText = Annotated[str, Field(max_length=2000), AfterValidator(_equation)]
Shape = Annotated[tuple[int, ...], PlainValidator(_shape), WithJsonSchema(SIZE_SCHEMA)]
Number = Annotated[int | float | Fraction, PlainValidator(_number), WithJsonSchema(NUMBER_SCHEMA)]
Positive = Annotated[int | float | Fraction, PlainValidator(_positive), WithJsonSchema(NUMBER_SCHEMA)]
Constant = Annotated[
    tuple[int, ...] | int | float | Fraction,
    PlainValidator(_constant),
    WithJsonSchema({"anyOf": [{"const": "scalar"}, {"type": "number"}, FRACTION_SCHEMA, SIZE_SCHEMA["anyOf"][2]]}),
]
Values = Annotated[
    int | float | Fraction | tuple[Any, ...],
    PlainValidator(_numbers),
    WithJsonSchema({"anyOf": [{"type": "number"}, FRACTION_SCHEMA, {"type": "array", "minItems": 1}]}),
]
Glyph = Annotated[str, AfterValidator(_glyph), WithJsonSchema({"type": "string", "pattern": f"^{GLYPH.pattern}$"})]
Option = Annotated[bool | int | float | str | tuple[int | str, ...], PlainValidator(_option), WithJsonSchema({})]
Setting = Annotated[
    int | str | bool | None, PlainValidator(_setting), WithJsonSchema({"type": ["integer", "string", "boolean", "null"]})
]
Count = Annotated[int, Field(ge=1, le=MAX_DIMENSION)]
Letters = Annotated[str, AfterValidator(_letters)]
Signature = Annotated[str, Field(max_length=200), AfterValidator(_signature)]
Words = Annotated[tuple[Line, ...], BeforeValidator(_as_tuple), Field(strict=False, min_length=1)]
ONE_VIEW: dict[str, Any] = {"enum": list(VIEWS)}
Views = Annotated[
    tuple[View, ...],
    BeforeValidator(_as_tuple),
    Field(strict=False, min_length=1),
    AfterValidator(_different),
    WithJsonSchema({"anyOf": [ONE_VIEW, {"type": "array", "items": ONE_VIEW, "minItems": 1, "uniqueItems": True}]}),
]
