"""tex: the sheets as LaTeX, as files, as fragments for other documents, as a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from .options import editions_option, load, look_options, several_specs, targets_of, views_option


@click.command()
@several_specs
@click.option("--fragment", is_flag=True, help="The body alone, to be \\input into a document of your own.")
@click.option("--bundle", is_flag=True, help="A zip file that compiles as it is, where there is nothing but TeX; needs --output.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file or a folder, instead of standard output.")
@views_option
@editions_option
@look_options
def tex(
    specs: tuple[str, ...],
    fragment: bool,
    bundle: bool,
    output: Path | None,
    views: tuple[str, ...],
    editions: tuple[str, ...],
    **look: Any,
) -> None:
    """Write the sheet of SPEC as LaTeX.

    With --output, the style file that the text needs is written beside it. Several SPECs need a folder, or --bundle.

    A fragment goes into any class, as often as you like, after \\usepackage{derive-sheets}; its headings are one level below the
    last one of yours. \\dssetup{level=subsection, numbered=false, title=false, prefix=sol} says otherwise.

    \b
    Examples:
      derive tex mlp > mlp.tex
      derive tex mlp --fragment --output chapter3/mlp-solution.tex
      derive tex mlp classifier --fragment --output chapter3
      derive tex mlp classifier --bundle --output sheets.zip
    """
    from .. import api

    if bundle and fragment:
        raise click.UsageError("--bundle holds whole documents: leave out --fragment.")
    if bundle:
        _write_bundle(specs, output, views, editions, look)
        return
    if output is None or str(output) == "-":
        if len(specs) > 1:
            raise click.UsageError("Several SPECs need a folder for --output, or --bundle.")
        sheets = _sheets(specs[0], views, editions, look)
        if len(sheets) > 1:
            raise click.UsageError("Several editions need a folder for --output, or --bundle.")
        for sheet in sheets.values():
            text = api.tex(sheet, fragment)
            click.echo(text, nl=not text.endswith("\n"))
        return
    targets = targets_of(specs, output, ".tex", bool(output.suffix))
    for spec, target in targets.items():
        for suffix, sheet in _sheets(spec, views, editions, look).items():
            path = target.with_name(f"{target.stem}{suffix}{target.suffix}")
            for written in write_tex(path, api.tex(sheet, fragment), api.style(None if fragment else sheet)):
                click.echo(written)


def write_tex(target: Path, text: str, files: Mapping[str, str | bytes]) -> list[str]:
    """Write a LaTeX text and, where they are missing or old, the files that it needs beside it; what was written."""
    from ..typeset import write_whole

    written = {target: text.encode("utf-8")}
    for name, content in files.items():
        path, data = target.with_name(name), content.encode("utf-8") if isinstance(content, str) else content
        if not path.is_file() or path.read_bytes() != data:
            written[path] = data
    for path, data in written.items():
        write_whole(path, data)
    return [str(path) for path in written]


def _write_bundle(
    specs: tuple[str, ...], output: Path | None, views: tuple[str, ...], editions: tuple[str, ...], look: Mapping[str, Any]
) -> None:
    from .. import api
    from ..typeset import write_whole
    from ..writers.latex.bundle import bundle

    if output is None or str(output) == "-":
        raise click.UsageError("--bundle needs a file for --output.")
    names = targets_of(specs, Path(), ".tex", False)
    texts: dict[str, str] = {}
    files: dict[str, str | bytes] = {}
    for spec in specs:
        for suffix, sheet in _sheets(spec, views, editions, look).items():
            texts[f"{names[spec].stem}{suffix}.tex"] = api.tex(sheet)
            files |= api.style(sheet)
    data = bundle(texts, files)
    target = output / f"{Path(specs[0]).stem}.zip" if output.is_dir() else output
    write_whole(target, data)
    click.echo(target)


def _sheets(spec: str, views: tuple[str, ...], editions: tuple[str, ...], look: Mapping[str, Any]) -> dict[str, Any]:
    """The sheets of every edition, by what is added to the name."""
    from .. import api

    return api.sheets(load(spec, views, **look), editions)
