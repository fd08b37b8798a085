"""The `derive` command: specs in, sheets out.

Only the standard library and click are imported here; each command imports the engine when it runs, so that `derive --help` and
shell completion answer at once. What a user can cause is a DeriveError, printed as `derive: …` on stderr; its class has the
exit code: 1 a check failed, 2 bad input, 3 cannot write, 4 TeX failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from derive.errors import DeriveError, OutputError, SpecError, did_you_mean

VIEWS = ("scalar", "index", "matrix", "batch")
INTERRUPTED, BROKEN_PIPE = 130, 141  # as the shell counts them: 128 + the signal's number


class Commands(click.Group):
    """A group that turns errors into messages and exit codes, in one place."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DeriveError as error:
            _report(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("derive: interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:  # `derive show … | head`: the reader has what it wanted
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(BROKEN_PIPE)


def main() -> None:
    """The console script."""
    command(prog_name="derive")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(None, "-V", "--version", package_name="derive-sheets", message="derive %(version)s")
def command() -> None:
    """Worked-solution sheets for backpropagation: a network in YAML in, every step derived, checked and explained, as PDF.

    A SPEC is a file, or the name of a shipped example.

    \b
    Examples:
      derive pdf single-neuron              output/single-neuron.pdf, from the shipped example
      derive new my-network.yaml            a spec to start from
      derive pdf my-network.yaml            output/my-network.pdf
      derive check my-network.yaml          every check with its error

    Exit codes: 0 all is well, 1 a check failed, 2 bad input, 3 cannot write, 4 TeX failed.
    """


def _complete_spec(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    names = [path.stem for path in sorted((Path(__file__).parent / "examples").glob("*.yaml"))]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)] + [CompletionItem(incomplete, type="file")]


_one_spec = click.argument("spec", shell_complete=_complete_spec)
_specs = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=_complete_spec)
_views = click.option(
    "--view", "views", type=click.Choice(VIEWS), multiple=True, help="The notation, instead of the spec's own; may be repeated."
)


@command.command()
@_specs
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("output"), show_default=True,
              help="A folder; for a single SPEC also a file that ends in .pdf.")  # fmt: skip
@_views
def pdf(specs: tuple[str, ...], output: Path, views: tuple[str, ...]) -> None:
    """Build the sheet of each SPEC: NAME.tex and NAME.pdf.

    After a SPEC that fails the others are still built; the exit code is then that of the first failure. Without TeX on this
    machine the .tex is written all the same.

    \b
    Examples:
      derive pdf my-network.yaml
      derive pdf mlp classifier --output handouts
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
    with _steadily(targets) as (items, say):
        for source in items:
            try:
                target = targets[source]
                tex = api.tex(api.sheet(_load(source, views)))
                say(*_write_tex(target.with_suffix(".tex"), tex))
                if missing is None:
                    typeset(tex, target, files=api.style())
                    say(str(target))
            except DeriveError as error:
                say(error)
                code = code or error.exit_code
    if missing is not None:  # said once, however many sheets there are
        _report(missing)
        code = code or missing.exit_code
    click.get_current_context().exit(code)


@command.command()
@_one_spec
@click.option("--fragment", is_flag=True, help="The body alone, to be \\input into a document of your own.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file or a folder, instead of standard output.")
@_views
def tex(spec: str, fragment: bool, output: Path | None, views: tuple[str, ...]) -> None:
    """Write the sheet of SPEC as LaTeX.

    With --output, the style file that the text needs is written beside it.

    \b
    Examples:
      derive tex mlp > mlp.tex
      derive tex mlp --fragment --output chapter3/mlp-solution.tex
    """
    from derive import api

    text = api.tex(api.sheet(_load(spec, views)), fragment=fragment)
    if output is None or str(output) == "-":
        click.echo(text, nl=not text.endswith("\n"))
    else:
        target = output / f"{Path(spec).stem}.tex" if output.is_dir() or not output.suffix else output
        for written in _write_tex(target, text):
            click.echo(written)


@command.command()
@_specs
@_views
@click.option("-q", "--quiet", is_flag=True, help="Only what failed, and the sums.")
def check(specs: tuple[str, ...], views: tuple[str, ...], quiet: bool) -> None:
    """Check every equation of SPEC, and show each check with its error.

    \b
    Examples:
      derive check my-network.yaml
      derive check --quiet mlp classifier residual
    """
    from derive import api

    code = 0
    with _steadily(specs) as (items, say):
        for name in items:
            try:
                checks = api.check(api.derive(_load(name)), views or None)
            except DeriveError as error:
                say(error)
                code = code or error.exit_code
                continue
            say(*(_check_line(each) for each in checks if not (quiet and each.ok)))
            failed = sum(not each.ok for each in checks)
            say(f"{name}: {len(checks) - failed} checks passed, {failed} failed")
            code = code or int(failed > 0)
    click.get_current_context().exit(code)


@command.command()
@_one_spec
def show(spec: str) -> None:
    """Show the steps of the derivation in the terminal.

    \b
    Examples:
      derive show single-neuron
      derive show my-network.yaml | less
    """
    from derive import api

    click.echo(api.show(api.derive(_load(spec))))


@command.command()
@_one_spec
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
def code(spec: str, output: Path | None) -> None:
    """Write the derived formulas as a plain NumPy module: forward(values) and gradients(values).

    \b
    Examples:
      derive code mlp --output mlp.py
    """
    from derive import api
    from derive.typeset import write_whole

    text = api.code(api.derive(_load(spec)))
    if output is None or str(output) == "-":
        click.echo(text, nl=not text.endswith("\n"))
    else:
        write_whole(output, text.encode("utf-8"))
        click.echo(output)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "example", metavar="EXAMPLE", default="mlp", show_default=True, help="The example to start from.")
def new(file: Path, example: str) -> None:
    """Write FILE, a spec to start from. An existing file is never overwritten.

    \b
    Examples:
      derive new my-network.yaml
      derive new my-layer.yaml --from own-layer
    """
    _write_new(file, _example(example).read_bytes())
    click.echo(f"{file}\nTo build it: derive pdf {file}")


@command.command()
@click.argument("name", required=False, shell_complete=_complete_spec)
@click.option("--copy", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Copy into this folder instead.")
def examples(name: str | None, copy: Path | None) -> None:
    """List the shipped examples, or print the one called NAME.

    \b
    Examples:
      derive examples
      derive examples classifier
      derive examples --copy my-specs
    """
    from derive import api

    chosen = api.examples() if name is None else {name: _example(name)}
    if copy is not None:
        for path in chosen.values():
            _write_new(copy / path.name, path.read_bytes())
            click.echo(copy / path.name)
    elif name is not None:
        click.echo(chosen[name].read_text(encoding="utf-8"), nl=False)
    else:
        _columns((name, _title(path)) for name, path in chosen.items())


@command.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """List the layers, activations and losses, or tell about the one called NAME.

    \b
    Examples:
      derive layers
      derive layers softmax
    """
    from derive import api

    entries = api.catalogue()
    if name is not None:
        found = [entry for entry in entries if entry[1] == name]
        if not found:
            raise SpecError(f"nothing is called `{name}` in the catalogue", hint=did_you_mean(name, {e[1] for e in entries}))
        for group, _, title, defined in found:
            click.echo(f"{name} ({group}): {title}\n  {defined}")
        return
    for group in dict.fromkeys(entry[0] for entry in entries):
        click.echo(f"{group}:")
        _columns((f"  {known}", title) for kind, known, title, _ in entries if kind == group)


@command.command()
def schema() -> None:
    """Print the JSON Schema of a spec, with which editors complete and check it.

    \b
    Examples:
      derive schema > spec.schema.json
    """
    from derive import api

    click.echo(json.dumps(api.schema(), indent=2, ensure_ascii=False))


@command.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes `derive` in a SHELL.

    \b
    Examples:
      eval "$(derive completion bash)"                                  in ~/.bashrc
      eval "$(derive completion zsh)"                                   in ~/.zshrc
      derive completion fish > ~/.config/fish/completions/derive.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(command, {}, "derive", "_DERIVE_COMPLETE").source())


def _load(name: str, views: tuple[str, ...] = ()) -> Any:
    """The spec called `name`: a file if there is one, else an example."""
    from derive import api

    path = Path(name)
    if not path.exists() and not path.suffix and path.name == name:
        path = _example(name)
    return api.load(path, views=views) if views else api.load(path)


def _example(name: str) -> Path:
    from derive import api

    known = api.examples()
    if name not in known:
        raise SpecError(f"there is no file and no example called `{name}`", hint=did_you_mean(name, known))
    return known[name]


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


def _write_tex(target: Path, text: str) -> list[str]:
    """Write a LaTeX text and, where it is missing or old, the style file beside it; what was written."""
    from derive import api
    from derive.typeset import write_whole

    written = {target: text.encode("utf-8")}
    for name, style in api.style().items():
        path, data = target.with_name(name), style.encode("utf-8")
        if not path.is_file() or path.read_bytes() != data:
            written[path] = data
    for path, data in written.items():
        write_whole(path, data)
    return [str(path) for path in written]


def _write_new(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as opened:
            opened.write(data)
    except FileExistsError as error:
        raise OutputError(f"{file} is there already, and was left as it is", hint="choose another name") from error
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror or error}") from error


def _title(example: Path) -> str:
    lines = example.read_text(encoding="utf-8").splitlines()
    return next((line.removeprefix("title:").strip(" \"'") for line in lines if line.startswith("title:")), "")


def _check_line(check: Any) -> str:
    error = "exact" if check.error is None else f"{check.error:.1e} (at most {check.tolerance:.0e})"
    return f"  {'ok    ' if check.ok else 'FAILED'}  {error:<26}  {check.what}  [{check.how}]"


def _columns(rows: Iterable[tuple[str, str]]) -> None:
    listed = list(rows)
    width = max((len(first) for first, _ in listed), default=0)
    for first, second in listed:
        click.echo(f"{first:<{width}}  {second}".rstrip())


def _report(*messages: DeriveError | str) -> None:
    for message in messages:
        if isinstance(message, DeriveError):
            click.echo(f"derive: {message}", err=True)
        else:
            click.echo(message)


@contextmanager
def _steadily(items: Iterable[str]) -> Iterator[Any]:
    """The items, under a progress bar where someone is watching, and a function that says something.

    Under a bar, what is said is held back until the bar is done, so that the two do not get mixed up.
    """
    listed = list(items)
    if len(listed) < 2 or not sys.stderr.isatty():
        yield listed, _report
        return
    held: list[DeriveError | str] = []
    try:
        with click.progressbar(listed, file=sys.stderr, item_show_func=lambda item: item or "") as bar:
            yield bar, lambda *messages: held.extend(messages)
    finally:
        _report(*held)
