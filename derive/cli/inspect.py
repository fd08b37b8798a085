"""check, show, layers, schema, doctor: what can be told, on standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..errors import DeriveError, SpecError, did_you_mean
from .options import load, one_spec, several_specs, views_option
from .output import columns, steadily


@click.command()
@several_specs
@views_option
@click.option("-q", "--quiet", is_flag=True, help="Only what failed, and the sums.")
def check(specs: tuple[str, ...], views: tuple[str, ...], quiet: bool) -> None:
    """Check every equation of SPEC, and show each check with its error.

    \b
    Examples:
      derive check my-network.yaml
      derive check --quiet mlp classifier residual
    """
    from .. import api

    code = 0
    with steadily(specs) as (items, say):
        for name in items:
            try:
                checks = api.check(api.derive(load(name, views)))
            except DeriveError as error:
                say(error)
                code = code or error.exit_code
                continue
            say(*(_check_line(each) for each in checks if not (quiet and each.ok)))
            failed = sum(not each.ok for each in checks)
            say(f"{name}: {len(checks) - failed} checks passed, {failed} failed")
            code = code or int(failed > 0)
    click.get_current_context().exit(code)


@click.command()
@one_spec
def show(spec: str) -> None:
    """Show the steps of the derivation in the terminal.

    \b
    Examples:
      derive show single-neuron
      derive show my-network.yaml | less
    """
    from .. import api

    found = load(spec)
    click.echo(api.show(api.derive(found), found.labels))


@click.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """List the layers, activations and losses, or tell about the one called NAME.

    \b
    Examples:
      derive layers
      derive layers softmax
    """
    from .. import api

    entries = api.catalogue()
    if name is not None:
        found = [entry for entry in entries if entry[1] == name]
        if not found:
            raise SpecError(f"nothing is called `{name}` in the catalogue", hint=did_you_mean(name, {e[1] for e in entries}))
        for group, _, title, defined in found:
            click.echo(f"{name} ({group}): {title}")
            for line in api.record(group, name):
                click.echo(f"  {line}")
            click.echo(f"  {defined}")
        return
    for group in dict.fromkeys(entry[0] for entry in entries):
        click.echo(f"{group}:")
        columns((f"  {known}", title) for kind, known, title, _ in entries if kind == group)


@click.command()
@click.argument("what", type=click.Choice(("spec", "pack")), default="spec")
def schema(what: str) -> None:
    """Print the JSON Schema of a spec, or of a pack, with which editors complete and check it.

    \b
    Examples:
      derive schema > spec.schema.json
      derive schema pack > pack.schema.json
    """
    from .. import api, pack

    click.echo(json.dumps(pack.schema() if what == "pack" else api.schema(), indent=2, ensure_ascii=False))


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("output"), show_default=True, help="The folder.")
def doctor(output: Path) -> None:
    """Examine this machine: Python, TeX and its files, the fence, cache, output folder, extras; what to do where one is missing.

    The exit code is that of the first thing that no sheet can do without.

    \b
    Examples:
      derive doctor
      derive doctor --output handouts
    """
    from .diagnosis import examine

    code = 0
    for finding in examine(output):
        state = "missing" if finding.code else "ok" if not finding.todo else "note"
        click.echo(f"{state:<8} {finding.part:<12} {finding.found}")
        for line in finding.todo.splitlines():
            click.echo(f"{'':<22}{line}")
        code = code or finding.code
    click.get_current_context().exit(code)


def _check_line(check: Any) -> str:
    error = "exact" if check.error is None else f"{check.error:.1e} (at most {check.tolerance:.0e})"
    return f"  {'ok    ' if check.ok else 'FAILED'}  {error:<26}  {check.what}  [{check.how}]"
