"""YAML -> Spec: what a user says about a network, a sheet and its numbers.

The descriptions of the fields are the documentation of the format: editors show them, and `schema()` hands them out. A spec is
validated here as far as it can be without the catalogue; `check_names` does the rest once the known layers are at hand.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from .errors import Place, SpecError, did_you_mean
from .reading import Node, compose, read, short

MAX_DIMENSION = 100_000
MAX_ENTRIES = 10_000_000
MAX_AXES = 8
MAX_LAYERS = 2000
MAX_NUMBER = 1e100

Steps = tuple[str | int, ...]

# --- what a validator says -----------------------------------------------------------------------------------------------------


def _wrong(message: str, hint: str = "", at: Steps = (), key: bool = False) -> PydanticCustomError:
    """A whole sentence about the value; `at` leads on from it to the part that is wrong, `key` means the key of that part."""
    return PydanticCustomError("wrong", "{message}", {"message": message, "hint": hint, "at": at, "key": key})


def _empty() -> PydanticCustomError:
    return PydanticCustomError("empty", "is empty")


def _expected(what: str, found: object, hint: str = "", at: Steps = ()) -> PydanticCustomError:
    return PydanticCustomError("expected", "expected {what}", {"what": what, "found": found, "hint": hint, "at": at})


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# --- the kinds of values -------------------------------------------------------------------------------------------------------

NAME = re.compile(r"[^\W\d]\w*")


def _name(text: str) -> str:
    """A name as the equation language can read it. Its reader folds compatible characters, so they must be folded already."""
    if len(text) > 40:
        raise _wrong(f"the name `{short(text)}` has {len(text)} characters", "at most 40 are allowed", key=True)
    folded = unicodedata.normalize("NFKC", text)
    if folded != text and NAME.fullmatch(folded):
        raise _wrong(f"`{text}` is not a name", f"write it `{folded}`", key=True)
    if not (NAME.fullmatch(text) and text.isidentifier()):
        raise _wrong(f"`{short(text)}` is not a name", "a name is a letter, then letters, digits and `_`", key=True)
    return text


def _reference(text: str) -> str:
    """A name, or a name in a layer, `W.2`."""
    base, dot, layer = text.partition(".")
    _name(base)
    if dot and not re.fullmatch(r"\w{1,40}", layer):
        raise _wrong(f"`{short(text)}` is not a name", "a name of a layer's is written `W.2`", key=True)
    return text


def _line(text: str) -> str:
    """Text for one line of print."""
    text = " ".join(text.split())
    if not text:
        raise _empty()
    return text


def _equation(text: str) -> str:
    """An equation in one line; offsets into it stay what they were."""
    if not text.strip():
        raise _empty()
    return text.rstrip().replace("\n", " ")


A_SIZE = "a size (a whole number, a list of them, or `scalar`)"


def _shape(value: object) -> tuple[int, ...]:
    if value == "scalar":
        return ()
    axes = [value] if _whole(value) else value
    if not isinstance(axes, list | tuple):
        raise _expected(A_SIZE, value, "a vector of 3 is `3`, a matrix of 4 rows and 3 columns is `[4, 3]`")
    for axis, length in enumerate(axes):
        at = () if axes is not value else (axis,)
        if not _whole(length):
            raise _expected("a whole number", length, at=at)
        if not 1 <= length <= MAX_DIMENSION:
            raise _wrong(f"a dimension is 1 to {MAX_DIMENSION:,}, found {short(str(length))}", at=at)
    if len(axes) > MAX_AXES:
        raise _wrong(f"the shape has {len(axes)} axes", f"at most {MAX_AXES} are allowed")
    if (entries := math.prod(axes)) > MAX_ENTRIES:
        raise _wrong(
            f"the shape {'×'.join(map(str, axes))} has {short(f'{entries:,}')} entries", f"at most {MAX_ENTRIES:,} are allowed"
        )
    return tuple(axes)


def _number(value: object, at: Steps = ()) -> int | float | Fraction:
    if isinstance(value, str) and (parts := re.fullmatch(r"([-+]?[0-9]{1,60})/([0-9]{1,60})", value.strip())):
        if not int(parts[2]):
            raise _wrong(f"`{value}` divides by zero", at=at)
        value = Fraction(int(parts[1]), int(parts[2]))
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise _expected("a number", value, "write 3, 0.5, 1e-3 or 1/2", at)
    if not -MAX_NUMBER <= value <= MAX_NUMBER:  # false for nan, too
        raise _wrong(f"a number must be finite and at most 1e100, found `{short(str(value))}`", at=at)
    return value


def _positive(value: object) -> int | float | Fraction:
    number = _number(value)
    if number <= 0:
        raise _wrong(f"the number must be greater than 0, found {number}")
    return number


def _numbers(value: object) -> Any:
    """A number, or nested lists of them in which all rows are of equal length; as tuples."""
    return _nested(value, ())[0]


def _nested(value: object, at: Steps) -> tuple[Any, tuple[int, ...]]:
    if not isinstance(value, list | tuple):
        return _number(value, at), ()
    if not value:
        raise _wrong("this list of numbers is empty", at=at)
    if len(at) >= MAX_AXES:
        raise _wrong(f"the lists are nested more than {MAX_AXES} deep", at=at)
    rows = [_nested(row, (*at, place)) for place, row in enumerate(value)]
    for place, (_, shape) in enumerate(rows):
        if shape != rows[0][1]:
            first, here = (_entries(s) for s in (rows[0][1], shape))
            raise _wrong(f"the rows are unequal: the first has {first}, this one {here}", at=(*at, place))
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
        raise _wrong(f"`{short(text)}` is not a way to write a name", hint)
    text = re.sub(r"([_^])([A-Za-z0-9])", r"\1{\2}", text)
    return re.sub(r"(\^\{[^}]*\})(_\{[^}]*\})", r"\2\1", text)


def _option(value: object) -> bool | int | float | str | tuple[int | str, ...]:
    """A layer's setting. What it means is the catalogue's to say."""
    if isinstance(value, list | tuple):
        for place, part in enumerate(value):
            if not (_whole(part) or isinstance(part, str)):
                raise _expected("a whole number or a word", part, at=(place,))
            _option(part)
        return tuple(value)
    if isinstance(value, bool) or (isinstance(value, str) and value.strip()):
        return value
    if isinstance(value, int) and abs(value) > MAX_DIMENSION:
        raise _wrong(f"a whole number here is at most {MAX_DIMENSION:,}, found {short(str(value))}")
    if isinstance(value, int | float):
        _number(value)
        return value
    raise _expected("a word, a number, or `true` or `false`", value)


def _setting(value: object) -> int | str | bool | None:
    if _whole(value) or isinstance(value, str | bool | None):
        return value  # type: ignore[return-value]  # _whole has just said so
    raise _expected("a whole number, a word, `true` or `false`, or nothing", value)


def _letters(text: str) -> str:
    if not re.fullmatch(r"\s*([^\W\d]\w*(\s*,\s*[^\W\d]\w*)*)?\s*", text):
        raise _wrong(f"`{short(text)}` is not a list of index letters", "write `j,k` for a matrix, `j` for a vector")
    return text


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _different(found: tuple[str, ...]) -> tuple[str, ...]:
    for place, word in enumerate(found):
        if word in found[:place]:
            raise _wrong(f"`{word}` stands here twice", at=(place,))
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
WORDS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}

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
View = Literal["scalar", "index", "matrix", "batch"]
VIEWS = list(get_args(View))

# --- the models -----------------------------------------------------------------------------------------------------------------


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Layer(Part):
    """One layer. In YAML: `- dense: {units: 4, activation: tanh}`, or `- add` for one without options."""

    kind: Annotated[str, Field(min_length=1)] = Field(description="The kind of layer, a name of the catalogue or of `define`.")
    name: Name | None = Field(None, description="A name for this layer, so that others can say `from` or `share` with it.")
    reads: Annotated[tuple[Line, ...], BeforeValidator(_as_tuple), Field(strict=False, min_length=1)] | None = Field(
        None,
        description="Where the layer reads from: a layer's or an input's name, or a list of them. Default: the layer above.",
    )
    share: Line | None = Field(None, description="The name of the layer whose parameters this one uses.")
    repeat: Annotated[int, Field(ge=1, le=MAX_LAYERS)] = Field(
        1, description="How many times the layer is stacked, with equal sizes."
    )
    options: dict[str, Option] = Field(default_factory=dict, description="The layer's own settings: units, activation, bias, …")


class Loss(Part):
    """The loss. In YAML: `loss: cross_entropy`, or `loss: {huber: {delta: 1}}`."""

    kind: Annotated[str, Field(min_length=1)] = Field(description="The loss, a name of the catalogue.")
    options: dict[str, Option] = Field(default_factory=dict, description="The loss's own settings, such as Huber's `delta`.")


def _with_options(value: object, what: str, example: str, fields: Mapping[str, str]) -> object:
    """`kind` or `{kind: {field or option: …}}`, as it stands in YAML, sorted into the fields of the model and its options."""
    if isinstance(value, str):
        return {"kind": value}
    if not isinstance(value, dict):
        raise _expected(f"{what} (`{example}`)", value)
    if len(value) != 1:
        keys = ", ".join(f"`{short(str(key))}`" for key in list(value)[:5])
        found = f"the keys {keys}" if value else "an empty mapping"
        raise _wrong(
            f"{what} is one key with its options below it, found {found}", f"write `{example}`, or indent the options under it"
        )
    [(kind, settings)] = value.items()
    if settings is None:
        settings = {}
    if not isinstance(settings, dict):
        raise _expected("a mapping of options", settings, f"write `{example}`", at=(kind,))
    known = {fields[key]: setting for key, setting in settings.items() if key in fields}
    return {"kind": kind, **known, "options": {key: setting for key, setting in settings.items() if key not in fields}}


LAYER_KEYS = {"name": "name", "from": "reads", "share": "share", "repeat": "repeat"}
LOSS_KEYS: dict[str, str] = {}


def _layer(value: object) -> object:
    return value if isinstance(value, Layer) else _with_options(value, "a layer", "dense: {units: 4}", LAYER_KEYS)


def _loss(value: object) -> object:
    return value if isinstance(value, Loss | None) else _with_options(value, "a loss", "huber: {delta: 1}", LOSS_KEYS)


class Network(Part):
    """Layers from the input to the output, and a loss."""

    input: Annotated[dict[Name, Shape], Field(min_length=1)] = Field(
        description="The input with its size, `{x: 3}`; several where layers name them in `from`.", examples=[{"x": 3}]
    )
    layers: Annotated[
        tuple[Annotated[Layer, BeforeValidator(_layer)], ...], Field(strict=False, min_length=1, max_length=MAX_LAYERS)
    ] = Field(
        description="The layers, in the order in which they are computed; each reads the one above unless `from` says otherwise."
    )
    loss: Annotated[Loss | None, BeforeValidator(_loss)] = Field(
        None, description="The loss that is minimised, by name or with options. Without it, `equations` may define one."
    )
    target: Name = Field("y", description="The name of what the loss compares the output with.")

    @model_validator(mode="after")
    def _layers_fit(self) -> Network:
        taken = set(self.input)
        total = 0
        for number, layer in enumerate(self.layers):
            total += layer.repeat
            if total > MAX_LAYERS:
                raise _wrong(
                    f"with its repetitions the network has more than {MAX_LAYERS:,} layers", at=("layers", number, "repeat")
                )
            if layer.name in taken:
                raise _wrong(
                    f"the name `{layer.name}` is taken", "an input or a layer above has it", at=("layers", number, "name")
                )
            taken |= {layer.name} if layer.name else set()
        return self


class Explore(Part):
    """The section about two parameters, one of which changes the other's gradient without being differentiated by."""

    parameter: Reference = Field(description="The parameter on the horizontal axis of the picture: the cost is drawn against it.")
    given: Reference = Field(description="The parameter that is held at two values, one curve for each.")

    @model_validator(mode="after")
    def _two(self) -> Explore:
        if self.parameter == self.given:
            raise _wrong("`parameter` and `given` are the same", "name two different parameters", at=("given",))
        return self


class LayerRecord(Part):
    """A layer as its equations: the same form as a record of the catalogue."""

    title: Line = Field(description="What the layer is called on the sheet.")
    source: Annotated[str, Field(max_length=500)] = Field("", description="Where the layer is defined: a paper or a book.")
    input: Annotated[str, Field(min_length=1, max_length=200)] = Field("x", description="The input with its indices, `x[k]`.")
    many: bool = Field(False, description="Whether the layer adds all that it reads, where `from` names several.")
    options: dict[Name, Setting] = Field(
        default_factory=dict,
        description="The options with their defaults; one without a default must be given: `{units: , bias: true}`.",
    )
    sizes: dict[Name, Name] = Field(default_factory=dict, description="Which option says how far an index runs: `{j: units}`.")
    optional: dict[Name, Name] = Field(
        default_factory=dict, description="Which parameter is left out where an option is false: `{bias: b}`."
    )
    parameters: dict[Name, Annotated[str, AfterValidator(_letters)]] = Field(
        default_factory=dict, description="Each parameter with its indices, `{W: 'j,k', b: j}`."
    )
    equations: Annotated[tuple[EquationText, ...], Field(strict=False, min_length=1, max_length=MAX_LAYERS)] = Field(
        description="The layer's equations, in the order in which they are computed."
    )
    signal: Name | None = Field(None, description="The name whose gradient is written as the error signal, the letter delta.")
    output: Name = Field(description="The name that the next layer reads.")


EXAMPLES: list[Any] = [
    {
        "title": "A two-layer classifier",
        "network": {
            "input": {"x": 3},
            "layers": [{"dense": {"units": 4, "activation": "tanh"}}, {"dense": {"units": 2, "activation": "softmax"}}],
            "loss": "cross_entropy",
        },
        "view": "matrix",
    },
    {"title": "Why does b disappear?", "equations": ["z = w*a + b"]},
]


class Spec(Part):
    """A network, or equations, or both; and how the sheet about them looks."""

    model_config = ConfigDict(title="A spec for a worked-solution sheet", json_schema_extra={"examples": EXAMPLES})

    title: Line = Field(description="The title of the sheet.")
    subtitle: Line | None = Field(None, description="A line under the title.")
    author: Line | None = Field(None, description="Who made the sheet.")
    course: Line | None = Field(None, description="The course that it belongs to.")
    date: Line | None = Field(None, description="The date, printed as it is written here.")
    introduction: Annotated[str, Field(max_length=10_000)] | None = Field(
        None, description="Text under the title. What stands in backquotes is set as maths, in the language of the equations."
    )
    network: Network | None = Field(None, description="Layers and a loss. Without it, `equations` say everything.")
    equations: Annotated[tuple[EquationText, ...], Field(strict=False, max_length=MAX_LAYERS)] = Field(
        (),
        description="Equations of your own, `z[j] = sum(W[j,k]*x[k], k) + b[j]` or `z = W @ x + b`, in the order in which they "
        "are computed. With a network they come after its layers, and may define the loss.",
        examples=[["z = w*a + b"]],
    )
    inputs: dict[Name, Shape] = Field(
        default_factory=dict,
        description="What the equations read and nobody trains, each with its size: `x: 3`, `A: [4, 3]`, `t: scalar`.",
    )
    parameters: dict[Name, Shape] = Field(
        default_factory=dict, description="What is trained, each with its size. The sheet derives their gradients."
    )
    targets: dict[Name, Shape] = Field(default_factory=dict, description="What the output is compared with, each with its size.")
    constants: dict[Name, Constant] = Field(
        default_factory=dict,
        description="What never changes: a number (`eps: 1e-5`), or a size whose numbers are chosen (`[3]`, `[3, 3]`, `scalar`). "
        "A bare whole number is the constant's value here, not its size.",
    )
    sizes: dict[Name, Count] = Field(
        default_factory=dict, description="How far an index runs, where it cannot be seen otherwise: `{j: 4}`."
    )
    objective: Reference | None = Field(
        None, description="The name of the scalar that is differentiated. Default: the loss, or the last equation."
    )
    view: (
        Annotated[
            tuple[View, ...],
            BeforeValidator(_as_tuple),
            Field(strict=False, min_length=1),
            AfterValidator(_different),
            WithJsonSchema(
                {"anyOf": [{"enum": VIEWS}, {"type": "array", "items": {"enum": VIEWS}, "minItems": 1, "uniqueItems": True}]}
            ),
        ]
        | None
    ) = Field(
        None,
        description="The notation: `scalar` (one neuron per layer), `index` (z_j), `matrix` (z = W a + b) or `batch` (all "
        "training examples at once). A list of them puts them side by side.",
    )
    labels: Literal["relative", "absolute"] = Field(
        "absolute", description="Layers are numbered 1, 2, 3, …, or relative to the last: L, L-1, …"
    )
    convention: Literal["column", "row"] = Field("column", description="Vectors are columns, z = W a + b, or rows, z = a W + b.")
    examples: Count | None = Field(None, description="The number N of training examples; the cost is the average over them.")
    examples_in: Literal["rows", "columns"] = Field(
        "rows", description="Where the training examples stand in a batch's matrices."
    )
    average: bool = Field(False, description="Adds the section on the average over n training examples to a sheet about one.")
    explore: Explore | None = Field(
        None,
        description="Adds the section `its value depends on b`, with the picture of the cost against one "
        "parameter for two values of another.",
    )
    values: dict[Reference, Values] = Field(
        default_factory=dict,
        description="Numbers for the worked pass, `w: 0.5`, `b: 1/2` or nested lists, row by row. "
        "The others are chosen from the seed.",
    )
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(1, description="Another seed, other numbers.")
    learning_rate: Positive | None = Field(None, description="The step of the gradient step that is worked in numbers.")
    glyphs: dict[Reference, Glyph] = Field(
        default_factory=dict,
        description="How a name is written, where that should differ: `{h_prev: 'h_{t-1}'}`.",
        examples=[{"h_prev": "h_{t-1}"}],
    )
    paper: Literal["a4", "letter"] = Field("a4", description="The size of the paper.")
    define: dict[Name, LayerRecord] = Field(
        default_factory=dict, description="Kinds of layers of your own, each as its equations."
    )

    _root: Node | None = PrivateAttr(None)

    @property
    def views(self) -> tuple[View, ...]:
        """The views asked for; empty where the choice is left to us."""
        return self.view or ()

    def place(self, *path: str | int, key: bool = False, offset: int = 0) -> Place:
        """Where a part stands: `place("equations", 0)`, `place("network", "layers", 1, "options", "units")`.

        key: the place of the part's key instead of its value. offset: so many characters into a text. A path that leads
        nowhere gives the place of the last part on the way that exists.
        """
        return _find(self._root, path, key, offset) if self._root else Place()

    @model_validator(mode="after")
    def _whole_spec(self) -> Spec:
        if self.network is None and not self.equations:
            raise _wrong("there is nothing to derive", "give a `network:`, or `equations:`, or both")
        roles: dict[str, str] = {}
        if self.network is not None:
            roles = dict.fromkeys(self.network.input, "an input of the network")
            target = self.network.target
            if self.network.loss is not None:
                if target in roles:
                    raise _wrong(
                        f"`{target}` is both an input and the target of the loss",
                        "give one of them another name: `target: t`",
                        at=("network", "target"),
                    )
                roles[target] = "the target of the network's loss"
        for field, role in ROLES.items():
            for name in getattr(self, field):
                if name in roles:
                    raise _wrong(
                        f"`{name}` is both {roles[name]} and {role}", "give one of them another name", at=(field, name), key=True
                    )
                roles[name] = role
        return self


ROLES = {"inputs": "an input", "parameters": "a parameter", "targets": "a target", "constants": "a constant"}


# --- reading --------------------------------------------------------------------------------------------------------------------


def load(source: str | Path) -> Spec:
    """The spec in a file."""
    return loads(read(Path(source)), str(source))


def loads(text: str, name: str = "<text>") -> Spec:
    """The spec in a text; `name` stands for it in error messages."""
    root = compose(text, name)
    if not isinstance(root.value, dict):
        raise SpecError(
            f"a spec is a mapping (`key: value`), found {_found(root.plain())}", place=root.place, hint="begin with `title: …`"
        )
    try:
        spec = Spec.model_validate(root.plain())
    except ValidationError as error:
        raise _first(error.errors(include_url=False), root) from None
    spec._root = root
    return spec


def check_names(spec: Spec, layers: Collection[str], activations: Collection[str], losses: Collection[str]) -> None:
    """Refuse a layer, activation or loss that is neither in the catalogue nor defined by the spec itself."""
    if spec.network is None:
        return
    for number, layer in enumerate(spec.network.layers):
        at: Steps = ("network", "layers", number)
        _check("layer", layer.kind, {*layers, *spec.define}, spec.place(*at, "kind"))
        for option, value in layer.options.items():
            if option == "activation" or option.endswith("_activation"):
                _check("activation", str(value), activations, spec.place(*at, "options", option))
    if spec.network.loss is not None:
        _check("loss", spec.network.loss.kind, losses, spec.place("network", "loss", "kind"))


def _check(what: str, found: str, known: Collection[str], place: Place) -> None:
    if found not in known:
        raise SpecError(f"unknown {what} `{short(found)}`", place=place, hint=did_you_mean(found, known))


def schema(layers: Iterable[str] = (), activations: Iterable[str] = (), losses: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON Schema of a spec as it is written in YAML. Editors complete the names that are given."""
    whole = Spec.model_json_schema()
    parts = whole["$defs"]
    layer = _schema_with_options(Layer, LAYER_KEYS, "one layer: its kind, with its options below it", sorted(layers))
    layer["anyOf"][1]["additionalProperties"]["properties"]["from"].update(WORDS)
    layer["anyOf"][1]["additionalProperties"]["properties"]["activation"] = {
        **_one_of(sorted(activations)),
        "description": "The function that is applied to each entry of the layer's output.",
    }
    loss = _schema_with_options(Loss, LOSS_KEYS, "the loss by name, or with its options below it", sorted(losses))
    parts["Layer"], parts["Loss"] = layer, loss
    whole["anyOf"] = [{"required": ["network"]}, {"required": ["equations"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _one_of(known: list[str]) -> dict[str, Any]:
    """Text, of which these words are known: a spec may define more."""
    return {"anyOf": [{"enum": known}, {"type": "string"}]} if known else {"type": "string"}


def _schema_with_options(model: type[Part], keys: Mapping[str, str], description: str, known: list[str]) -> dict[str, Any]:
    """The schema of `kind` or `{kind: {field or option: …}}`."""
    properties = model.model_json_schema()["properties"]
    names = _one_of(known)
    settings = {
        "type": ["object", "null"],
        "description": properties["options"]["description"],
        "properties": {key: properties[field] for key, field in keys.items()},
    }
    mapping = {"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": names, "additionalProperties": settings}
    return {"title": model.__name__, "description": description, "anyOf": [names, mapping]}


# --- places and messages --------------------------------------------------------------------------------------------------------


def _written(path: Steps, root: Node) -> Steps:
    """The path in the YAML of a path in the model: a layer's and the loss's fields stand below its kind."""
    if path[:2] == ("network", "layers"):
        head, tail, keys = path[:3], path[3:], LAYER_KEYS
    elif path[:2] == ("network", "loss"):
        head, tail, keys = path[:2], path[2:], LOSS_KEYS
    else:
        return path
    at, _ = root.find(head)
    if not tail or not isinstance(at.value, dict) or len(at.value) != 1:
        return path
    [kind] = at.value
    if tail[0] == "options":
        return (*head, kind, *tail[1:])
    spelled = {field: key for key, field in keys.items()}
    return (*head, kind, spelled[str(tail[0])], *tail[1:]) if tail[0] in spelled else (*head, kind)


def _find(root: Node, path: Steps, key: bool = False, offset: int = 0) -> Place:
    written = _written(path, root)
    node, key_place = root.find(written)
    key = key or (path[-1:] == ("kind",) and written != path)  # a kind with options is a key itself
    place = key_place if key else node.place
    if offset and not key and node.one_line and place.column is not None:
        return Place(place.file, place.line, place.column + offset)
    return place


def _first(errors: list[ErrorDetails], root: Node) -> SpecError:
    """The first error in the order of the text, and how many more there are."""
    unknown = {e["loc"]: did_you_mean(str(e["loc"][-1]), _keys(e["loc"][:-1])) for e in errors if e["type"] == "extra_forbidden"}
    found = []
    for error in errors:
        where = error["loc"]
        # A misspelt key is one error, not two; nor is a list "too short" because its items are wrong.
        misspelt = any(k[:-1] == where[:-1] and f"`{where[-1]}`?" in guess for k, guess in unknown.items())
        if (error["type"] == "missing" and misspelt) or (error["type"] == "too_short" and error["input"]):
            continue
        found.append(_complaint(error, root, unknown.get(where, "")))
    first = min(found, key=lambda e: (e.place.line or 0, e.place.column or 0) if e.place else (0, 0))
    if len(found) > 1:
        first = SpecError(f"{first.message} (and {len(found) - 1:,} more)", place=first.place, hint=first.hint)
    return first


def _keys(path: Steps) -> Collection[str]:
    if path[:1] == ("define",):
        return LayerRecord.model_fields
    models: dict[Steps, type[Part]] = {(): Spec, ("network",): Network, ("explore",): Explore}
    return models[path].model_fields if path in models else ()


EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "`true` or `false`",
    "tuple_type": "a list",
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
}


def _complaint(error: ErrorDetails, root: Node, did: str) -> SpecError:
    """Pydantic's error in plain words."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    path: Steps = tuple(step for step in error["loc"] if step != "[key]")
    # A word where a list may stand is no item of a list.
    while path and isinstance(path[-1], int) and not isinstance(root.find(_written(path[:-1], root))[0].value, list):
        path = path[:-1]
    key = "[key]" in error["loc"] or kind == "extra_forbidden"
    label, hint = _label(_written(path, root)), str(context.get("hint", ""))
    if kind == "wrong":
        path, message, key = (*path, *context["at"]), context["message"], key or (context["key"] and bool(context["at"]))
    elif kind == "expected":
        label = _label(context["at"]) if context["at"] and isinstance(context["at"][-1], str) else label
        message = f"expected {context['what']} for {label}, found {_found(context['found'])}"
        path = (*path, *context["at"])
    elif kind == "missing":
        message, hint, path = f"{label} is missing", f"add a line `{path[-1]}: …`", path[:-1]
    elif kind == "extra_forbidden":
        message, hint = f"unknown key `{short(str(path[-1]))}`", _belongs(str(path[-1])) or did
    elif kind == "literal_error":
        choices = [str(c) for c in re.findall(r"'([^']*)'", context["expected"])]
        message, hint = f"expected one of {', '.join(f'`{c}`' for c in choices)} for {label}, found {_found(value)}", ""
        guess = did_you_mean(str(value), choices)
        hint = guess if guess.startswith("did") else ""
    elif kind in EXPECTED:
        message = f"expected {EXPECTED[kind]} for {label}, found {_found(value)}"
        hint = _remedy(kind, value, path)
    elif kind in ("greater_than_equal", "less_than_equal"):
        side, bound = ("least", context.get("ge")) if kind.startswith("greater") else ("most", context.get("le"))
        message = f"{label} must be at {side} {bound:,}, found {short(str(value))}"
    elif kind in ("string_too_long", "too_long"):
        size, unit = (len(value), "characters") if isinstance(value, str) else (len(value), "entries")
        message, hint = f"{label} has {size:,} {unit}", f"at most {context['max_length']:,} are allowed"
    elif kind in ("string_too_short", "too_short", "empty"):
        message = f"{label} is empty"
    else:
        message = f"{label}: {error['msg']}"
    return SpecError(message, place=_find(root, path, key), hint=hint)


def _label(path: Steps) -> str:
    words = [step for step in path if isinstance(step, str)]
    if not words:
        return "the spec"
    return f"item {path[-1] + 1} of `{short(words[-1])}`" if isinstance(path[-1], int) else f"`{short(words[-1])}`"


def _found(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or value == "":
        return "nothing"
    return f"`{str(value).lower() if isinstance(value, bool) else short(str(value))}`"


def _remedy(kind: str, value: object, path: Steps) -> str:
    if kind == "string_type" and isinstance(value, int | float):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else short(str(value))}"'
    if kind == "bool_type" and value in ("yes", "no", "on", "off"):
        return f"write `{'true' if value in ('yes', 'on') else 'false'}`"
    if kind == "tuple_type" and isinstance(value, str):
        return "begin each entry with `- `, or write `[…]`"
    if kind == "dict_type" and path[-1] in ("input", *ROLES):
        return f"give each name its size: `{path[-1]}: {{x: 3}}`"
    return ""


def _belongs(key: str) -> str:
    """A key of the network's that stands at the top."""
    return "it belongs below `network:`" if key in ("layers", "loss", "input") else ""
