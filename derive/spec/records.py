"""What a record says: a layer, an activation, a loss or a rule, as data.

The same forms hold for the files of the catalogue and, under `define`, for a spec's own layers. Nothing here needs SymPy.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import did_you_mean
from .fields import MAX_LINES, EquationText, Letters, Line, Name, Part, Setting, Signature, wrong

Parameters = dict[Name, Letters]
Equations = Annotated[tuple[EquationText, ...], Field(strict=False, min_length=1, max_length=MAX_LINES)]


class Record(Part):
    """What every record has."""

    title: Line = Field(description="What it is called on the sheet.")
    source: Annotated[str, Field(max_length=500)] = Field("", description="Where it is defined: a paper or a book.")


class FactRecord(Part):
    """A sum that is known: Σ body over an index = value."""

    body: str
    over: str
    value: int
    reason: str


class Form(Part):
    """A layer's parameters and equations where vectors are rows."""

    parameters: Parameters = Field(default_factory=dict, description="Each parameter with its indices, `{W: 'k,j', b: j}`.")
    equations: Equations = Field(description="The equations, which define the same names.")


class LayerRecord(Record):
    """A layer as its equations: what it reads, its parameters with their indices, and what it gives."""

    input: Signature = Field("x", description="The input with its indices, `x[k]`.")
    many: bool = Field(False, description="Whether the layer adds all that it reads, where `from` names several.")
    options: dict[Name, Setting] = Field(
        default_factory=dict,
        description="The options with their defaults; one without a default must be given: `{units: , bias: true}`.",
    )
    sizes: dict[Name, Name] = Field(default_factory=dict, description="Which option says how far an index runs: `{j: units}`.")
    optional: dict[Name, Name] = Field(
        default_factory=dict, description="Which parameter is left out where an option is false: `{bias: b}`."
    )
    parameters: Parameters = Field(default_factory=dict, description="Each parameter with its indices, `{W: 'j,k', b: j}`.")
    equations: Equations = Field(description="The layer's equations, in the order in which they are computed.")
    row: Form | None = Field(None, description="The layer under `convention: row`, where it is written differently then.")
    signal: Name | None = Field(None, description="The name whose gradient is written as the error signal, the letter delta.")
    output: Name = Field(description="The name that the next layer reads.")

    @model_validator(mode="after")
    def _names_meet(self) -> LayerRecord:
        for letter, option in self.sizes.items():
            if option not in self.options:
                raise wrong(f"no option is named `{option}`", did_you_mean(option, self.options), at=("sizes", letter))
        for option, name in self.optional.items():
            if option not in self.options:
                raise wrong(f"no option is named `{option}`", did_you_mean(option, self.options), ("optional", option), key=True)
            if name not in self.parameters:
                raise wrong(f"no parameter is named `{name}`", did_you_mean(name, self.parameters), ("optional", option))
        return self


class VectorRecord(Record):
    """An activation that looks at a whole vector."""

    equation: str
    output: str
    facts: list[FactRecord] = Field(default_factory=list)


class LossRecord(Record):
    """A cost of one training example."""

    input: Signature
    target: Signature
    targets: str
    equations: list[str]
    facts: list[FactRecord] = Field(default_factory=list)


class FunctionRecord(Record):
    """A function of one number u."""

    glyph: str
    definition: str | int
    derivative: str | int | None = None
    stable: str | None = None
    opaque: bool = False
    kink: int | None = None


class RuleRecord(Part):
    """A rule of the rule book: what stands at the side of a line, the rule in the reader's words, and its reason."""

    title: str
    say: str
    because: str


class MalRuleRecord(Part):
    """An error that is made for a reason: what the student believes, how it shows in the work, and what to say to the student."""

    title: str
    belief: str
    shows: str
    say: str
    on: tuple[Literal["differential", "partial", "gradient", "step"], ...] = Field(strict=False)


class VerdictRecord(Part):
    """What is said of an answer; words in braces are put in."""

    title: str
    say: str
