"""How a sheet looks: paper, size, sides, language, and a theme: one YAML file of tokens that a teacher can write.

What is chosen on the command line goes before the spec, the spec before the theme, the theme before the default. The preamble of
a document depends on the look alone, so that it can be compiled once for many sheets.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from ..errors import Place, SpecError, TypesetError, did_you_mean
from ..resources import folder
from . import Spec, languages
from .complaints import first, found
from .fields import Line, Part, Steps, wrong
from .images import check_image
from .nodes import Node
from .reading import compose, read

Paper = Literal["a4", "letter"]
SIZES = (10, 20)
"""The smallest and the largest letters, in points."""

LEGIBLE = 3.0
"""The least contrast with the paper: that of large text in the Web Content Accessibility Guidelines."""

Font = Literal["lmodern", "lmodern-sans", "palatino", "times"]
METRICS: Mapping[str, tuple[str, str]] = {
    "palatino": ("pplr8t.tfm", "texlive-fonts-recommended"),
    "times": ("ptmr8t.tfm", "texlive-fonts-recommended"),
}
"""A file by which it is known that a font is installed, and the Debian package that has it. The others come with the sheets."""

STEPS = (
    ("tiny", 6, 7),
    ("scriptsize", 8, 9.5),
    ("footnotesize", 10, 12),
    ("small", 10.95, 13.6),
    ("normalsize", 12, 14.5),
    ("large", 14.4, 18),
    ("Large", 17.28, 22),
    ("LARGE", 20.74, 25),
    ("huge", 24.88, 30),
)
"""The sizes of the class `article` at twelve points."""

PLACEHOLDERS = ("title", "course", "author", "date", "page", "pages", "logo")


def _colour(text: str) -> str:
    text = text.lower()
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        raise wrong(f"`{text[:40]}` is not a colour", 'write it as "#1f4e79": two digits each for red, green and blue, in quotes')
    if (contrast := _contrast(text)) < LEGIBLE:
        raise wrong(f"the colour {text} is too pale to be read on paper", f"its contrast is {contrast:.1f}, at least 3 is needed")
    return text


def _contrast(colour: str) -> float:
    """With white, after the Web Content Accessibility Guidelines 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _running(text: str) -> str:
    """A text for head or foot, with names in braces."""
    for name in re.findall(r"\{([^{}]*)\}", text):
        if name not in PLACEHOLDERS:
            raise wrong(f"`{{{name[:40]}}}` cannot be put in here", did_you_mean(name, PLACEHOLDERS))
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", text)):
        raise wrong("a brace is open or closed too much", "write `{title}`, `{page}`; a brace of your own cannot be printed here")
    return text


def _file(text: str) -> str:
    if not re.fullmatch(r"[\w][\w .-]*", text):
        raise wrong(f"`{text[:40]}` is not the name of a file beside the theme", "write a name without a folder, `logo.png`")
    return text


Colour = Annotated[str, AfterValidator(_colour)]
Running = Annotated[str, Field(max_length=200), AfterValidator(_running)]
Millimetres = Annotated[int, Field(ge=8, le=80)]
Points = Annotated[float, Field(ge=0, le=6)]
Size = Annotated[int, Field(ge=SIZES[0], le=SIZES[1])]
Sides = Literal[1, 2]


class Margins(Part):
    """The margins of the page in millimetres; inner is left where only one side is printed."""

    top: Millimetres = 23
    bottom: Millimetres = 26
    inner: Millimetres = 23
    outer: Millimetres = 23


class Lines(Part):
    """How thick lines are, in points: below the title, around a result, beside a remark."""

    title: Points = 0.4
    frame: Points = 0.4
    remark: Points = 2


class Colours(Part):
    """Colours, all of them dark enough for a black-and-white printer. The last three are those of the pictures."""

    headings: Colour = "#000000"
    lines: Colour = "#000000"
    rules: Colour = Field("#000000", description="The names of rules, beside the lines.")
    forward: Colour = "#0072b2"
    backward: Colour = "#d55e00"
    second: Colour = "#009e73"


class Strip(Part):
    """Head or foot of every page: texts with {title}, {course}, {author}, {date}, {page}, {pages}, {logo} in them."""

    left: Running = ""
    centre: Running = ""
    right: Running = ""


class Logo(Part):
    """A picture for head or foot, where its text says {logo}."""

    file: Annotated[Line, AfterValidator(_file)] = Field(description="A PNG, JPEG or PDF file beside the theme.")
    height: Annotated[int, Field(ge=3, le=40)] = Field(10, description="In millimetres.")


class Theme(Part):
    """A theme: every token may be left out."""

    model_config = ConfigDict(title="A theme for worked-solution sheets")

    font: Font = "lmodern"
    size: Size = 11
    paper: Paper = "a4"
    sides: Sides = 1
    margins: Margins = Field(default_factory=Margins)
    lines: Lines = Field(default_factory=Lines)
    colours: Colours = Field(default_factory=Colours)
    header: Strip = Field(default_factory=Strip)
    footer: Strip = Field(default_factory=lambda: Strip(left="{title}", right="{page}"))
    logo: Logo | None = None


PARTS: Mapping[Steps, type[Part]] = {
    (): Theme,
    ("margins",): Margins,
    ("lines",): Lines,
    ("colours",): Colours,
    ("header",): Strip,
    ("footer",): Strip,
    ("logo",): Logo,
}


@dataclass(frozen=True)
class Look:
    """A look, ready for the templates. logo: the file's name beside the LaTeX text; templates: a teacher's own."""

    paper: Paper = "a4"
    size: int = 11
    sides: int = 1
    language: str = languages.ENGLISH
    theme: Theme = field(default_factory=Theme)
    logo: str = ""
    picture: bytes = field(default=b"", repr=False)
    templates: Path | None = None

    @property
    def base(self) -> int:
        """The size that the class is asked for: it knows 10, 11 and 12."""
        return min(self.size, 12)

    @property
    def steps(self) -> list[tuple[str, float, float]]:
        """The class's commands for sizes at twelve points, and what they mean here: size and line."""
        return [(name, round(size * self.size / 12, 2), round(line * self.size / 12, 2)) for name, size, line in STEPS]

    @property
    def scale(self) -> float:
        """How much larger than at eleven points pictures are drawn."""
        return round(self.size / 11, 3)

    @property
    def inks(self) -> bool:
        """Whether anything is printed in a colour, but for the pictures."""
        colours = self.theme.colours
        return {colours.headings, colours.lines, colours.rules} != {"#000000"}

    def shows(self, strip: Literal["header", "footer"], placeholder: str) -> bool:
        """Whether head or foot has a placeholder."""
        texts: Strip = getattr(self.theme, strip)
        return f"{{{placeholder}}}" in texts.left + texts.centre + texts.right

    @property
    def has_head(self) -> bool:
        """Whether there is a head."""
        return self.theme.header != Strip()

    @property
    def counts_pages(self) -> bool:
        """Whether the number of pages is printed, which takes TeX a second pass."""
        return self.shows("header", "pages") or self.shows("footer", "pages")

    @property
    def files(self) -> dict[str, bytes]:
        """What the preamble reads beside the style."""
        return {self.logo: self.picture} if self.logo else {}


def themes() -> dict[str, Path]:
    """The themes that are shipped, by name."""
    return {path.stem: path for path in sorted((folder() / "themes").glob("*.yaml"))}


def look(spec: Spec) -> Look:
    """The look of a spec's sheet. Raises SpecError."""
    given, templates = spec.own
    chosen, picture, logo = _theme(spec, given)
    languages.require(spec.language, templates, spec.place("language"))
    return Look(
        paper=spec.paper or chosen.paper,
        size=spec.size or chosen.size,
        sides=spec.sides or chosen.sides,
        language=spec.language,
        theme=chosen,
        logo=logo,
        picture=picture,
        templates=templates,
    )


def chosen(spec: Spec, *, theme: str | None = None, templates: Path | None = None, **fields: Any) -> Spec:
    """The spec with what is chosen on the command line: `language`, `paper`, `size`, `sides` go before its own."""
    if templates is not None and not templates.is_dir():
        raise SpecError("this is not a folder of templates", place=Place(str(templates)), hint="name a folder with files as ours")
    given = {key: value for key, value in fields.items() if value is not None}
    found = spec.model_copy(update=given) if given else spec
    return found.with_own(theme, templates) if theme or templates else found


def _theme(spec: Spec, given: str | None) -> tuple[Theme, bytes, str]:
    name = given or spec.theme
    if name is None:
        return Theme(), b"", ""
    if re.fullmatch(r"[a-z-]+", name):
        if name not in themes():
            place = None if given else spec.place("theme")
            raise SpecError(f"there is no theme `{name}`", place=place, hint=did_you_mean(name, themes()) + OWN)
        return load_theme(themes()[name])
    return load_theme(Path(name) if given else beside(spec, name))


OWN = "; a theme of your own is a file, `my-theme.yaml`"


def beside(spec: Spec, name: str) -> Path:
    """A file that a spec names: in the spec's folder or below it, since a spec may come from someone else."""
    place = spec.place("theme")
    here = Path(place.file).parent if place.file and not place.file.startswith("<") else Path()
    path = here / name
    if Path(name).is_absolute() or not path.resolve().is_relative_to(here.resolve()):
        hint = "put the theme there, or name it on the command line: `--theme FILE`"
        raise SpecError(f"the theme `{name[:60]}` is not in the folder of the spec", place=place, hint=hint)
    if not path.is_file():
        raise SpecError(f"there is no theme `{name[:60]}` beside the spec", place=place, hint=did_you_mean(name, themes()))
    return path


@lru_cache(maxsize=32)
def _parsed(path: Path, text: str) -> tuple[Theme, Place]:
    root = compose(text, str(path), "theme")
    if not isinstance(root.value, dict):
        raise SpecError(f"a theme is a mapping (`key: value`), found {found(root.plain())}", place=root.place)
    try:
        return Theme.model_validate(root.plain()), _logo_place(root)
    except ValidationError as error:
        raise first(error.errors(include_url=False), root, PARTS, "the theme") from None


def _logo_place(root: Node) -> Place:
    return root.find(("logo", "file"))[0].place


def load_theme(path: Path) -> tuple[Theme, bytes, str]:
    """A theme from its file, its logo, and what the logo is called beside a LaTeX text."""
    theme, place = _parsed(path, read(path))
    if theme.logo is None:
        return theme, b"", ""
    picture, kind = check_image(path.parent / theme.logo.file, place)
    return theme, picture, f"logo-{hashlib.sha256(picture).hexdigest()[:12]}.{kind}"


def require_font(found: Look) -> None:
    """Refuse a font that this TeX has not. Raises TypesetError; where nobody can be asked, TeX will say so."""
    if found.theme.font not in METRICS or (ask := shutil.which("kpsewhich")) is None:
        return
    metric, package = METRICS[found.theme.font]
    if subprocess.run([ask, metric], capture_output=True, check=False).returncode:
        hint = f"install {package}, or let the theme say `font: lmodern`"
        raise TypesetError(f"the theme's font `{found.theme.font}` is not installed", hint=hint)


def schema() -> dict[str, Any]:
    """The JSON Schema of a theme."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Theme.model_json_schema()}
