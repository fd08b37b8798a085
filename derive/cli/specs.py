"""The arguments and options that name a spec, and how they are looked up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..errors import SpecError, did_you_mean

EDITIONS = ("worked", "homework", "solutions", "marking", "faded")
VIEWS = ("scalar", "index", "matrix", "batch")
EXAMPLES = Path(__file__).parent.parent / "examples"


def complete_spec(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    names = [path.stem for path in sorted(EXAMPLES.glob("*.yaml"))]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)] + [CompletionItem(incomplete, type="file")]


one_spec = click.argument("spec", shell_complete=complete_spec)
several_specs = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=complete_spec)
views_option = click.option(
    "--view", "views", type=click.Choice(VIEWS), multiple=True, help="The notation, instead of the spec's own; may be repeated."
)


def load(name: str, views: tuple[str, ...] = ()) -> Any:
    """The spec called `name`: a file if there is one, else an example."""
    from derive import api

    path = path_of(name)
    return api.load(path, views=views) if views else api.load(path)


def path_of(name: str) -> Path:
    """The file of the spec called `name`."""
    path = Path(name)
    if not path.exists() and not path.suffix and path.name == name:
        path = example_file(name)
    return path


def example_file(name: str) -> Path:
    from derive import api

    known = api.examples()
    if name not in known:
        raise SpecError(f"there is no file and no example called `{name}`", hint=did_you_mean(name, known))
    return known[name]


editions_option = click.option(
    "--edition", "editions", type=click.Choice(EDITIONS), multiple=True, default=("worked",), show_default="worked",
    help="Which edition; may be repeated. `faded` makes a ladder of sheets, and the key to their gaps.",
)  # fmt: skip
