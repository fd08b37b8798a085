"""pdf, code: what writes the results of a spec to files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ..errors import DeriveError
from .speaking import report, steadily
from .specs import editions_option, load, look_options, one_spec, output_option, several_specs, targets_of, views_option
from .writing import write_tex


@click.command()
@several_specs
@output_option
@views_option
@editions_option
@look_options
def pdf(specs: tuple[str, ...], output: Path, views: tuple[str, ...], editions: tuple[str, ...], **look: Any) -> None:
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
    from derive.typeset import find_engine

    targets = targets_of(specs, output, ".pdf", output.suffix == ".pdf")
    missing: DeriveError | None = None
    try:
        find_engine()
    except DeriveError as error:
        missing = error
    code = 0
    with steadily(targets) as (items, say):
        for source in items:
            try:
                for written in build(load(source, views, **look), targets[source], editions, missing is None):
                    say(written)
            except DeriveError as error:
                say(error)
                code = code or error.exit_code
    if missing is not None:  # said once, however many sheets there are
        report(missing)
        code = code or missing.exit_code
    click.get_current_context().exit(code)


@click.command()
@one_spec
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
def code(spec: str, output: Path | None) -> None:
    """Write the derived formulas as a plain NumPy module: forward(values) and gradients(values).

    \b
    Examples:
      derive code mlp --output mlp.py
    """
    from derive import api
    from derive.typeset import write_whole

    found = load(spec)
    text = api.code(api.derive(found), found.title)
    if output is None or str(output) == "-":
        click.echo(text, nl=not text.endswith("\n"))
    else:
        write_whole(output, text.encode("utf-8"))
        click.echo(output)


def build(found: Any, target: Path, editions: tuple[str, ...], with_tex: bool = True) -> Iterator[str]:
    """Write the sheets of a spec, LaTeX and PDF (or LaTeX alone where there is no TeX); each file's name once it is there."""
    from derive import api
    from derive.typeset import typeset

    for suffix, sheet in api.sheets(found, editions).items():
        tex, files = api.tex(sheet), api.style(sheet)
        path = target.with_name(f"{target.stem}{suffix}.pdf")
        yield from write_tex(path.with_suffix(".tex"), tex, files)
        if with_tex:
            api.require_font(sheet)
            typeset(tex, path, files=files)
            yield str(path)
