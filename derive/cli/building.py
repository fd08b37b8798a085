"""pdf, code: what writes the results of a spec to files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from ..errors import DeriveError, SpecError
from .speaking import report, steadily
from .specs import editions_option, load, one_spec, several_specs, views_option
from .writing import write_tex


@click.command()
@several_specs
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("output"), show_default=True,
              help="A folder; for a single SPEC also a file that ends in .pdf.")  # fmt: skip
@views_option
@editions_option
def pdf(specs: tuple[str, ...], output: Path, views: tuple[str, ...], editions: tuple[str, ...]) -> None:
    """Build the sheet of each SPEC: NAME.tex and NAME.pdf.

    After a SPEC that fails the others are still built; the exit code is then that of the first failure. Without TeX on this
    machine the .tex is written all the same.

    \b
    Examples:
      derive pdf my-network.yaml
      derive pdf mlp classifier --output handouts
      derive pdf mlp --edition homework --edition solutions
      derive pdf mlp --view matrix --view index --output mlp.pdf
    """
    from derive import api
    from derive.typeset import find_engine, typeset

    targets = _targets(specs, output)
    missing: DeriveError | None = None
    try:
        find_engine()
    except DeriveError as error:
        missing = error
    code = 0
    with steadily(targets) as (items, say):
        for source in items:
            try:
                target = targets[source]
                for suffix, sheet in api.sheets(load(source, views), editions).items():
                    tex = api.tex(sheet)
                    path = target.with_name(f"{target.stem}{suffix}.pdf")
                    say(*write_tex(path.with_suffix(".tex"), tex))
                    if missing is None:
                        typeset(tex, path, files=api.style())
                        say(str(path))
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


def _targets(specs: tuple[str, ...], output: Path) -> dict[str, Path]:
    """Which PDF each spec goes to."""
    if output.suffix == ".pdf" and not output.is_dir():
        if len(specs) > 1:
            raise SpecError(f"{len(specs)} specs cannot all become {output}", hint="give a folder to --output")
        return {specs[0]: output}
    targets = {spec: output / f"{Path(spec).stem}.pdf" for spec in specs}
    for target, count in Counter(targets.values()).items():
        if count > 1:
            raise SpecError(f"{count} specs would become {target}", hint="rename one, or build them into different folders")
    return targets
