"""pack: a book from many specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import OutputError
from .options import look_options
from .output import report

STARTER = """\
title: Backpropagation, worked out
subtitle: Every step derived, named and checked
authors: [Your Name]
licence: CC BY 4.0
preface: |
  These sheets belong together. Begin with [one neuron](#single-neuron).
chapters:
  - title: Single neurons
    introduction: |
      A neuron computes `z = w*a + b`, and what is *held constant* matters.
    sheets: [single-neuron, chain]
  - title: Layers
    sheets:
      - mlp
      - spec: classifier      # a file of yours, or a shipped example
        introduction: The same with *softmax*, see [the network before](#mlp).
"""


@click.command()
@click.argument("file", metavar="PACK", type=click.Path(path_type=Path))
@click.option("--new", is_flag=True, help="Write PACK, to start from. An existing file is never overwritten.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("output"), show_default=True,
              help="A folder, or a file that ends in .pdf.")  # fmt: skip
@look_options
def pack(file: Path, new: bool, output: Path, **look: Any) -> None:
    """Build a book from many specs: NAME.pdf, its .tex, and NAME-manifest.json with the pages of every part.

    PACK is a YAML file: title, authors, licence, chapters with introductions in Markdown, and in each the specs of its sheets.
    Homework has its solutions at the end, or in a volume of its own. Only sheets whose specs have changed are derived anew.

    \b
    Examples:
      derive pack course.yaml --new
      derive pack course.yaml                       output/course.pdf
      derive pack course.yaml --sides 2 --output print
    """
    if new:
        _write_new(file)
        click.echo(f"{file}\nTo build it: derive pack {file}")
        return
    from .. import pack as packs
    from ..spec import theme

    given = {key: int(value) if key == "sides" else value for key, value in look.items() if value is not None}
    found = theme.chosen(packs.load(file), **given)  # type: ignore[arg-type]  # a pack has the same fields for its look
    target = output if output.suffix == ".pdf" and not output.is_dir() else output / f"{file.stem}.pdf"
    built = packs.build(found, target, lambda name: click.echo(f"derived {name}", err=True))  # type: ignore[arg-type]
    for clash in built.clashes:
        said = "; ".join(f"{role} in {', '.join(names)}" for role, names in clash.by_role().items())
        click.echo(f"derive: note: {clash.plain} stands for several things: {said}", err=True)
    for path in built.files:
        report(str(path))


def _write_new(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(STARTER)
    except FileExistsError as error:
        raise OutputError(f"{file} is there already, and was left as it is", hint="choose another name") from error
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror or error}") from error
