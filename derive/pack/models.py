"""What a pack says: the book's title page, its chapters with their texts, and the specs whose sheets stand in them.

The descriptions of the fields are the documentation of the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from ..errors import Place, SpecError, did_you_mean
from ..spec.complaints import first, found
from ..spec.fields import Line, Part, Steps, Views, Words, empty, expected, short, wrong
from ..spec.nodes import Node
from ..spec.reading import compose, read

MAX_SHEETS = 500
MAX_TEXT = 20_000

EDITIONS = ("worked", "homework")
SOLVED = ("solutions", "worked", "marking")


def _id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise wrong(f"`{short(text)}` is not an id", "write small letters, digits and `-`, as in `two-layers`")
    return text


def _prose(text: str) -> str:
    if not text.strip():
        raise empty()
    return text


def _file(text: str) -> str:
    if Path(text).is_absolute() or text.startswith("~") or "\\" in text:
        raise wrong(f"`{short(text)}` is not a path from the pack's folder", "write it relative to the pack, with `/`")
    return text


Id = Annotated[str, Field(max_length=60), AfterValidator(_id)]
Markdown = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_prose)]
File = Annotated[Line, AfterValidator(_file)]


class Notation(Part):
    """How sheets are written: what a sheet's entry says goes before its chapter, that before the pack, that before its spec."""

    view: Views | None = Field(
        None, description="The notation of its sheets, instead of what the specs ask for; see a spec's `view`."
    )
    labels: Literal["relative", "absolute"] | None = Field(
        None, description="How its sheets number layers; see a spec's `labels`."
    )
    convention: Literal["column", "row"] | None = Field(
        None, description="How its sheets keep the weights of a dense layer; see a spec's `convention`."
    )


NOTATION = tuple(Notation.model_fields)


class SheetEntry(Notation):
    """A sheet of the book. In YAML its spec alone, `- mlp.yaml`, or a mapping with `spec: mlp.yaml`."""

    spec: File = Field(description="The spec: a file, from the pack's folder, or the name of a shipped example.")
    id: Id | None = Field(None, description="What links call it, `[see](#mlp)`. Default: the name of its file.")
    title: Line | None = Field(None, description="Its heading, instead of the spec's title.")
    introduction: Markdown | None = Field(None, description="Text under its heading, in Markdown.")
    edition: Literal["worked", "homework"] | None = Field(None, description="Another edition than the pack's.")

    @property
    def name(self) -> str:
        """Its id."""
        return self.id or re.sub(r"[^a-z0-9]+", "-", Path(self.spec).stem.lower()).strip("-") or "sheet"


def _sheet(value: object) -> object:
    if isinstance(value, str):
        return {"spec": value}
    if not isinstance(value, dict | SheetEntry):
        raise expected("a sheet (`mlp.yaml`)", value, "write the spec's file, or `spec: mlp.yaml` with more keys below it")
    return value


class Chapter(Notation):
    """A chapter: a title, an introduction, sheets."""

    title: Line = Field(description="The heading of the chapter.")
    id: Id | None = Field(None, description="What links call it.")
    introduction: Markdown | None = Field(None, description="Text under the heading, in Markdown; maths in backquotes.")
    language: Annotated[str, Field(max_length=35)] | None = Field(
        None, description="The language of this chapter's own words and of its sheets: en, de, … Default: the pack's."
    )
    sheets: Annotated[tuple[Annotated[SheetEntry, BeforeValidator(_sheet)], ...], Field(strict=False, max_length=MAX_SHEETS)] = (
        Field((), description="The sheets of the chapter, in their order.")
    )


class Pack(Notation):
    """A book of sheets."""

    model_config = ConfigDict(title="A pack: a book of worked-solution sheets")

    title: Line = Field(description="The title of the book.")
    subtitle: Line | None = Field(None, description="A line under the title.")
    authors: Words = Field((), description="Who made it: a name, or a list of names.")
    course: Line | None = Field(None, description="The course that it belongs to.")
    date: Line | None = Field(None, description="The date, printed as it is written here.")
    licence: Line | None = Field(None, description="Under what licence it may be passed on.")
    attribution: Markdown | None = Field(None, description="Whose work it uses, and how it is to be cited; in Markdown.")
    preface: Markdown | None = Field(None, description="A text before the first chapter, in Markdown.")
    chapters: Annotated[tuple[Chapter, ...], Field(strict=False, min_length=1, max_length=MAX_SHEETS)] = Field(
        description="The chapters, in their order."
    )
    edition: Literal["worked", "homework"] = Field(
        "worked", description="What stands in the chapters: worked sheets, or homework with room for answers."
    )
    solutions: Literal["end", "volume", "none"] = Field(
        "end", description="Where solutions of homework stand: at the end, in a volume of their own, or nowhere."
    )
    solved: Literal["solutions", "worked", "marking"] = Field(
        "solutions", description="The edition that is the solution: filled-in homework, the worked sheet, the marking scheme."
    )
    bibliography: File | None = Field(None, description="A BibTeX file. Texts cite it: `[@key]`.")
    literature: Literal["cited", "all"] = Field("cited", description="Which of its entries are listed.")
    language: Annotated[str, Field(max_length=35)] | None = Field(
        None, description="The language of the book's own words and of all sheets: en, de, … Default: en, and each sheet's own."
    )
    theme: Line | None = Field(None, description="How it looks: a shipped theme, or a YAML file in the folder of the pack.")
    paper: Literal["a4", "letter"] | None = Field(None, description="The size of the paper.")
    size: Annotated[int, Field(ge=10, le=20)] | None = Field(None, description="The size of the letters in points.")
    sides: Literal[1, 2] | None = Field(None, description="Whether one or both sides of the paper are printed on.")

    _root: Node | None = PrivateAttr(None)
    _theme: str | None = PrivateAttr(None)
    _templates: Path | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _each_once(self) -> Pack:
        seen: dict[str, str] = {}
        ids: list[tuple[Steps, str, str]]
        ids = [(("chapters", i, "id"), c.id, "a chapter's") for i, c in enumerate(self.chapters) if c.id]
        ids += [((*at, "id") if each.id else at, each.name, "a sheet's") for at, _, each in self.entries()]
        for at, name, whose in ids:
            if name in seen:
                hint = "leave one of them out, or give one an `id:` of its own"
                raise wrong(f"the sheet `{name}` stands here twice" if whose == seen[name] == "a sheet's" else
                            f"`{name}` is {seen[name]} id already", hint, at=at)  # fmt: skip
            seen[name] = whose
        if not any(True for _ in self.entries()):
            raise wrong("there is no sheet in this pack", "give a chapter `sheets:`", at=("chapters",), key=True)
        return self

    def entries(self) -> Iterator[tuple[Steps, Chapter, SheetEntry]]:
        """Every sheet, with its path in the pack and its chapter."""
        for i, chapter in enumerate(self.chapters):
            for j, entry in enumerate(chapter.sheets):
                yield ("chapters", i, "sheets", j), chapter, entry

    def notation(self, chapter: Chapter, entry: SheetEntry) -> dict[str, Any]:
        """What a sheet's spec is overruled by, field by field."""
        saying = (self, chapter, entry)  # whoever says it last decides
        return {field: said for each in saying for field in NOTATION if (said := getattr(each, field)) is not None}

    @property
    def own(self) -> tuple[str | None, Path | None]:
        """Theme and templates that whoever runs the program has named."""
        return self._theme, self._templates

    def with_own(self, theme: str | None, templates: Path | None) -> Pack:
        """The same pack with a theme and templates from anywhere."""
        made = self.model_copy()
        made._theme, made._templates = theme or self._theme, templates or self._templates
        return made

    def place(self, *path: str | int) -> Place:
        """Where a part stands in the pack's file."""
        return self._root.find(path)[0].place if self._root else Place()

    def place_of_line(self, path: Steps, line: int) -> Place:
        """Where a line of a text stands, counted from 0."""
        if self._root is None:
            return Place()
        node = self._root.find(path)[0]
        if not node.block or node.place.line is None:
            return node.place
        return Place(node.place.file, node.place.line + 1 + line)

    def beside(self, name: str, *path: str | int) -> Path:
        """A file that the pack names, from its folder."""
        file = self.place("title").file
        path_ = Path(file).parent / name if file and not file.startswith("<") else Path(name)
        if not path_.is_file():
            here = path_.parent
            near = [p.name for p in here.iterdir() if p.is_file()] if here.is_dir() else []
            hint = did_you_mean(path_.name, near)
            hint = hint if hint.startswith("did") else "paths are from the folder of the pack"
            raise SpecError(f"there is no file `{short(name, 80)}`", place=self.place(*path), hint=hint)
        return path_


def load(source: str | Path) -> Pack:
    """The pack in a file. Raises SpecError."""
    return loads(read(Path(source)), str(source))


def loads(text: str, name: str = "<text>") -> Pack:
    """The pack in a text; `name` stands for it in error messages, and its folder is where its paths begin."""
    root = compose(text, name, "pack")
    if not isinstance(root.value, dict):
        hint = "begin with `title: …` and `chapters:`"
        raise SpecError(f"a pack is a mapping (`key: value`), found {found(root.plain())}", place=root.place, hint=hint)
    try:
        pack = Pack.model_validate(root.plain())
    except ValidationError as error:
        raise first(error.errors(include_url=False), root, _parts(root), "the pack") from None
    pack._root = root
    return pack


def _parts(root: Node) -> dict[Steps, type[Part]]:
    """The kind of each mapping in the file, by its path."""
    known: dict[Steps, type[Part]] = {(): Pack}
    chapters = root.child("chapters")
    for i, chapter in enumerate(chapters.value if chapters and isinstance(chapters.value, list) else ()):
        known["chapters", i] = Chapter
        sheets = chapter.child("sheets")
        for j in range(len(sheets.value) if sheets and isinstance(sheets.value, list) else 0):
            known["chapters", i, "sheets", j] = SheetEntry
    return known


def schema() -> dict[str, Any]:
    """The JSON Schema of a pack as it is written in YAML."""
    whole = Pack.model_json_schema()
    entry = whole["$defs"]["SheetEntry"]
    whole["$defs"]["SheetEntry"] = {"anyOf": [{"type": "string"}, entry]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}
