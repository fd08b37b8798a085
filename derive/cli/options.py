"""The arguments and options that name a spec, and how they are looked up."""

from __future__ import annotations

import glob
import os
import shlex
from collections import Counter
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..errors import SpecError, did_you_mean
from ..expressions.views import VIEWS
from ..resources import examples

EDITIONS = ("worked", "homework", "solutions", "marking", "faded")


def complete_spec(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    names = sorted(examples())
    return [CompletionItem(name) for name in names if name.startswith(incomplete)] + [CompletionItem(incomplete, type="file")]


one_spec = click.argument("spec", shell_complete=complete_spec)
several_specs = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=complete_spec)


def specs_or_listed(command: Any) -> Any:
    """SPEC..., or all of them in one text, `--specs`: so `make` hands on what it was given, without a shell that reads it."""
    asked = click.argument("specs", metavar="SPEC...", nargs=-1, shell_complete=complete_spec)
    text = click.option("--specs", "text", hidden=True)

    @wraps(command)
    def listed(specs: tuple[str, ...], text: str | None, **rest: Any) -> Any:
        if not specs and text is None:
            raise click.UsageError("Missing argument 'SPEC...'.")
        return command(specs=specs + (named(text) if text is not None else ()), **rest)

    return asked(text(listed))


def named(text: str) -> tuple[str, ...]:
    """The specs that a text names: none, for every example; one, whatever is in its name; or several between spaces, where a name
    with spaces is in quotes and `*.yaml` stands for files.
    """
    if not text.strip():
        from .. import api

        return tuple(api.examples())
    if os.path.exists(text):
        return (text,)
    try:
        words = shlex.split(text)
    except ValueError:  # a quote that is not closed is part of a name
        words = text.split()
    return tuple(name for word in words for name in ([word] if os.path.exists(word) else sorted(glob.glob(word)) or [word]))


views_option = click.option(
    "--view", "views", type=click.Choice(VIEWS), multiple=True, help="The notation, instead of the spec's own; may be repeated."
)


LOOK = (
    click.option("--theme", metavar="THEME", help="How it looks: default, large-print, colour, or a YAML file of your own."),
    click.option("--language", metavar="CODE", help="The language of the sheet's own words: en, de, …"),
    click.option("--paper", type=click.Choice(("a4", "letter")), help="The size of the paper."),
    click.option("--size", type=click.IntRange(10, 20), metavar="POINTS", help="The size of the letters, 10 to 20."),
    click.option("--sides", type=click.Choice(("1", "2")), help="Whether one or both sides of the paper are printed on."),
    click.option("--templates", type=click.Path(path_type=Path), metavar="FOLDER", help="Templates and words of your own."),
)


def look_options(command: Any) -> Any:
    """How sheets look; all of it goes on to `load`."""
    for option in reversed(LOOK):
        command = option(command)
    return command


def load(name: str, views: tuple[str, ...] = (), **look: Any) -> Any:
    """The spec called `name`, a file if there is one, else an example; with the look that was chosen."""
    from .. import api

    given = {key: int(value) if key == "sides" else value for key, value in look.items() if value is not None}
    return api.load(path_of(name), views=views, **given)


def path_of(name: str) -> Path:
    """The file of the spec called `name`."""
    path = Path(name)
    if not path.exists() and not path.suffix and path.name == name:
        path = example_file(name)
    return path


def example_file(name: str) -> Path:
    from .. import api

    known = api.examples()
    if name not in known:
        raise SpecError(f"there is no file and no example called `{name}`", hint=did_you_mean(name, known))
    return known[name]


editions_option = click.option(
    "--edition", "editions", type=click.Choice(EDITIONS), multiple=True, default=("worked",), show_default="worked",
    help="Which edition; may be repeated. `faded` makes a ladder of sheets, and the key to their gaps.",
)  # fmt: skip

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("output"), show_default=True,
    help="A folder; for a single SPEC also a file that ends in .pdf.",
)  # fmt: skip


def targets_of(specs: tuple[str, ...], output: Path, suffix: str, named: bool) -> dict[str, Path]:
    """Which file each spec goes to; `output` is a folder, or the file itself where it is `named` as one."""
    if named and not output.is_dir():
        if len(specs) > 1:
            raise SpecError(f"{len(specs)} specs cannot all become {output}", hint="give a folder to --output")
        return {specs[0]: output}
    targets = {spec: output / f"{Path(spec).stem}{suffix}" for spec in specs}
    for target, count in Counter(targets.values()).items():
        if count > 1:
            raise SpecError(f"{count} specs would become {target}", hint="rename one, or build them into different folders")
    return targets
