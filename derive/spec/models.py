"""What a spec says: a network, equations, or both, and how the sheet about them looks.

The descriptions of the fields are the documentation of the format: editors show them, and `schema()` hands them out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from ..errors import Place
from ..expressions.views import View
from . import shorthand
from .fields import (
    MAX_LINES,
    Constant,
    Count,
    EquationText,
    Glyph,
    Line,
    Name,
    Option,
    Part,
    Positive,
    Reference,
    Shape,
    Values,
    Views,
    Words,
    wrong,
)
from .homework import Homework
from .nodes import Node
from .records import LayerRecord

ROLES = {"inputs": "an input", "parameters": "a parameter", "targets": "a target", "constants": "a constant"}

Style = Literal["integers", "fractions", "decimals"]
"""The kind of numbers that the worked pass is drawn from."""

BATCH_SIZE = 4
"""The number of training examples in a batch view, where the spec does not say another."""


class Layer(Part):
    """One layer. In YAML: `- dense: {units: 4, activation: tanh}`, or `- add` for one without options."""

    kind: Annotated[str, Field(min_length=1)] = Field(description="The kind of layer, a name of the catalogue or of `define`.")
    name: Name | None = Field(None, description="A name for this layer, so that others can say `from` or `share` with it.")
    reads: Words | None = Field(
        None,
        description="Where the layer reads from: a layer's or an input's name, or a list of them. Default: the layer above.",
    )
    share: Line | None = Field(None, description="The name of the layer whose parameters this one uses.")
    repeat: Annotated[int, Field(ge=1, le=MAX_LINES)] = Field(
        1, description="How many times the layer is stacked, with equal sizes."
    )
    options: dict[str, Option] = Field(default_factory=dict, description="The layer's own settings: units, activation, bias, …")


class Loss(Part):
    """The loss. In YAML: `loss: cross_entropy`; options, where a loss has any, stand below its name as a layer's do."""

    kind: Annotated[str, Field(min_length=1)] = Field(description="The loss, a name of the catalogue.")
    options: dict[str, Option] = Field(default_factory=dict, description="The loss's own settings, where it has any.")


def _layer(value: object) -> object:
    return value if isinstance(value, Layer) else shorthand.opened(value, "a layer", "dense: {units: 4}", shorthand.LAYER_KEYS)


def _loss(value: object) -> object:
    return value if isinstance(value, Loss | None) else shorthand.opened(value, "a loss", "cross_entropy", shorthand.LOSS_KEYS)


class Network(Part):
    """Layers from the input to the output, and a loss."""

    input: Annotated[dict[Name, Shape], Field(min_length=1)] = Field(
        description="The input with its size, `{x: 3}`; several where layers name them in `from`.", examples=[{"x": 3}]
    )
    layers: Annotated[
        tuple[Annotated[Layer, BeforeValidator(_layer)], ...], Field(strict=False, min_length=1, max_length=MAX_LINES)
    ] = Field(
        description="The layers, in the order in which they are computed; each reads the one above unless `from` says otherwise."
    )
    loss: Annotated[Loss | None, BeforeValidator(_loss)] = Field(
        None, description="The loss that is minimised, by name or with options. Without it, `equations` may define one."
    )
    target: Name | None = Field(
        None, description="The name of what the loss compares the output with. Default: the loss's own name for it, mostly y."
    )

    @model_validator(mode="after")
    def _layers_fit(self) -> Network:
        taken = set(self.input)
        total = 0
        for number, layer in enumerate(self.layers):
            total += layer.repeat
            if total > MAX_LINES:
                raise wrong(
                    f"with its repetitions the network has more than {MAX_LINES:,} layers", at=("layers", number, "repeat")
                )
            if layer.name in taken:
                raise wrong(
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
            raise wrong("`parameter` and `given` are the same", "name two different parameters", at=("given",))
        return self


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
    equations: Annotated[tuple[EquationText, ...], Field(strict=False, max_length=MAX_LINES)] = Field(
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
    count_from: Literal[0, 1] | None = Field(
        None,
        description="From where the sheet counts entries: 0 or 1. The equations count from 0 in any case: with 1, `x[i+p]` is "
        "printed as the entry i+p-1. Default: 0 where an equation names places (`x[0]`, `x[i+1]`), else 1.",
    )
    objective: Reference | None = Field(
        None, description="The name of the scalar that is differentiated. Default: the loss, or the last equation."
    )
    view: Views | None = Field(
        None,
        description="The notation: `scalar` (one neuron per layer), `index` (z_j), `matrix` (z = W a + b) or `batch` (all "
        "training examples at once). A list of them puts them side by side.",
    )
    labels: Literal["relative", "absolute"] = Field(
        "absolute", description="Layers are numbered 1, 2, 3, …, or relative to the last: L, L-1, …"
    )
    convention: Literal["column", "row"] = Field(
        "column",
        description="How a dense layer keeps its weights: column, output by input (z = W a + b; a mini-batch reads "
        "Z = A Wᵀ + 1 bᵀ), or row, input by output (a mini-batch reads Z = A W + 1 bᵀ; one example, which the sheet writes as "
        "a column, z = Wᵀ a + b).",
    )
    examples: Count | None = Field(
        None,
        description="The number N of training examples; the cost is the average over them. "
        f"Without it, a sheet is about one example, and the batch view about {BATCH_SIZE}.",
    )
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
    numbers: Style | None = Field(
        None,
        description="What kind of numbers the worked pass has: small whole numbers, fractions, or short decimal numbers. They "
        "stay exact as long as the equations allow; what does not is rounded to four decimals.",
    )
    learning_rate: Positive | None = Field(None, description="The step of the gradient step that is worked in numbers.")
    glyphs: dict[Reference, Glyph] = Field(
        default_factory=dict,
        description="How a name is written, where that should differ: `{h_prev: 'h_{t-1}'}`.",
        examples=[{"h_prev": "h_{t-1}"}],
    )
    language: Annotated[str, Field(max_length=35)] = Field("en", description="The language of the sheet's own words: en, de, …")
    theme: Line | None = Field(
        None, description="How the sheet looks: the name of a shipped theme, or a YAML file in the folder of this one."
    )
    paper: Literal["a4", "letter"] | None = Field(None, description="The size of the paper. Default: the theme's, mostly a4.")
    size: Annotated[int, Field(ge=10, le=20)] | None = Field(
        None, description="The size of the letters in points. Default: the theme's, mostly 11; large print begins at 14."
    )
    sides: Literal[1, 2] | None = Field(None, description="Whether one or both sides of the paper are printed on.")
    homework: Homework | None = Field(None, description="The questions of the homework that belongs to the sheet.")
    define: dict[Name, LayerRecord] = Field(
        default_factory=dict, description="Kinds of layers of your own, each as its equations."
    )

    _root: Node | None = PrivateAttr(None)
    _theme: str | None = PrivateAttr(None)
    _templates: Path | None = PrivateAttr(None)

    @property
    def views(self) -> tuple[View, ...]:
        """The views asked for; empty where the choice is left to us."""
        return self.view or ()

    @property
    def own(self) -> tuple[str | None, Path | None]:
        """The theme and the folder of templates that whoever runs the program has named: a spec cannot reach for them."""
        return self._theme, self._templates

    def with_own(self, theme: str | None, templates: Path | None) -> Spec:
        """The same spec with a theme and templates from anywhere."""
        found = self.model_copy()
        found._theme, found._templates = theme or self._theme, templates or self._templates
        return found

    def place(self, *path: str | int, key: bool = False, offset: int = 0) -> Place:
        """Where a part stands: `place("equations", 0)`, `place("network", "layers", 1, "options", "units")`.

        key: the place of the part's key instead of its value. offset: so many characters into a text. A path that leads
        nowhere gives the place of the last part on the way that exists.
        """
        return shorthand.place(self._root, path, key, offset) if self._root else Place()

    @model_validator(mode="after")
    def _whole_spec(self) -> Spec:
        if self.network is None and not self.equations:
            raise wrong("there is nothing to derive", "give a `network:`, or `equations:`, or both")
        if self.average and self.examples is not None:
            raise wrong(
                "`average` and `examples` exclude each other",
                "`average` adds a section to a sheet about one example; with `examples` the whole sheet is about the average",
                at=("average",),
                key=True,
            )
        roles: dict[str, str] = {}
        if self.network is not None:
            roles = dict.fromkeys(self.network.input, "an input of the network")
            target = self.network.target
            if self.network.loss is not None and target is not None:
                if target in roles:
                    raise wrong(
                        f"`{target}` is both an input and the target of the loss",
                        "give one of them another name",
                        at=("network", "target"),
                    )
                roles[target] = "the target of the network's loss"
        for field, role in ROLES.items():
            for name in getattr(self, field):
                if name in roles:
                    raise wrong(
                        f"`{name}` is both {roles[name]} and {role}", "give one of them another name", at=(field, name), key=True
                    )
                roles[name] = role
        return self
