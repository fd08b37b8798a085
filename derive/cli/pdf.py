"""pdf, code: what writes the results of a spec to files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from ..errors import DeriveError
from .options import (
    editions_option,
    load,
    look_options,
    one_spec,
    output_option,
    path_of,
    specs_or_listed,
    targets_of,
    views_option,
)
from .output import report, steadily
from .tex import write_tex


@click.command()
@specs_or_listed
@output_option
@views_option
@editions_option
@look_options
@click.option("--update", is_flag=True, help="Only what is not up to date: the spec, what it uses or this program has changed.")
def pdf(
    specs: tuple[str, ...], output: Path, views: tuple[str, ...], editions: tuple[str, ...], update: bool, **look: Any
) -> None:
    """Build the sheet of each SPEC: NAME.tex and NAME.pdf.

    After a SPEC that fails the others are still built; the exit code is then that of the first failure. Without TeX on this
    machine the .tex is written all the same.

    \b
    Examples:
      derive pdf my-network.yaml
      derive pdf mlp classifier --output handouts
      derive pdf mlp --edition homework --edition solutions
      derive pdf mlp --language de --theme large-print
      derive pdf mlp --view matrix --view index --output mlp.pdf
    """
    from ..typeset import find_engine
    from ..writers import freshness

    targets = targets_of(specs, output, ".pdf", output.suffix == ".pdf")
    missing: DeriveError | None = None
    try:
        find_engine()
    except DeriveError as error:
        missing = error
    code = built = failed = 0
    with steadily(targets) as (items, say):
        for source in items:
            try:
                found = load(source, views, **look)
                made_of = freshness.key(path_of(source), found, (views, editions, look)) if missing is None else ""
                if update and made_of and freshness.is_built(made_of, targets[source]):
                    continue
                files = []
                for written in build(found, targets[source], editions, missing is None):
                    say(written)
                    files.append(Path(written))
                built += 1
                # not where something was changed in the meantime
                if made_of and made_of == freshness.key(path_of(source), found, (views, editions, look)):
                    freshness.keep(made_of, targets[source], files)
            except DeriveError as error:
                say(error)
                failed += 1
                code = code or error.exit_code
    if missing is not None:  # said once, however many sheets there are
        report(missing)
        code = code or missing.exit_code
    elif update and failed < len(targets):
        report(_summary(targets, built, failed))
    click.get_current_context().exit(code)


def _summary(targets: Mapping[str, Path], built: int, failed: int) -> str:
    """What is there now, and which file to open."""
    there = [path for path in targets.values() if path.is_file()]
    folder = shlex.quote(f"{next(iter(targets.values())).parent}/")
    sheets = f"{len(targets) - failed} sheet{'s' * (len(targets) - failed != 1)} in {folder}"
    done = f"{built} built, {len(targets) - failed - built} were up to date" + (f", {failed} failed" if failed else "")
    return f"{sheets}: {done}" + (f"; open {shlex.quote(str(there[0]))}" if there else "")


@click.command()
@one_spec
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
def code(spec: str, output: Path | None) -> None:
    """Write the derived formulas as a plain NumPy module: forward(values) and gradients(values).

    It is run before it is written, and compared with the derivation at random points.

    \b
    Examples:
      derive code mlp --output mlp.py
    """
    from .. import api
    from ..typeset import write_whole

    found = load(spec)
    text = api.code(api.derive(found), found.title)
    if output is None or str(output) == "-":
        click.echo(text, nl=not text.endswith("\n"))
    else:
        write_whole(output, text.encode("utf-8"))
        click.echo(output)


def build(found: Any, target: Path, editions: tuple[str, ...], with_tex: bool = True) -> Iterator[str]:
    """Write the sheets of a spec, LaTeX and PDF (or LaTeX alone where there is no TeX); each file's name once it is there."""
    from .. import api
    from ..typeset import typeset

    for suffix, sheet in api.sheets(found, editions).items():
        tex, files = api.tex(sheet), api.style(sheet)
        path = target.with_name(f"{target.stem}{suffix}.pdf")
        yield from write_tex(path.with_suffix(".tex"), tex, files)
        if with_tex:
            api.require_font(sheet)
            typeset(tex, path, files=files)
            yield str(path)
