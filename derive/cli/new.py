"""new, examples, completion: what one begins with."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from ..errors import OutputError
from .options import complete_spec, example_file
from .output import columns


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "example", metavar="EXAMPLE", default="mlp", show_default=True, help="The example to start from.")
def new(file: Path, example: str) -> None:
    """Write FILE, a spec to start from. An existing file is never overwritten.

    \b
    Examples:
      derive new my-network.yaml
      derive new my-layer.yaml --from own-layer
    """
    _write_new(file, example_file(example).read_bytes())
    click.echo(f"{file}\nTo build it: derive pdf {file}")


@click.command()
@click.argument("name", required=False, shell_complete=complete_spec)
@click.option("--copy", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Copy into this folder instead.")
def examples(name: str | None, copy: Path | None) -> None:
    """List the shipped examples, or print the one called NAME.

    \b
    Examples:
      derive examples
      derive examples classifier
      derive examples --copy my-specs
    """
    from .. import api

    chosen = api.examples() if name is None else {name: example_file(name)}
    if copy is not None:
        for path in chosen.values():
            _write_new(copy / path.name, path.read_bytes())
            click.echo(copy / path.name)
    elif name is not None:
        click.echo(chosen[name].read_text(encoding="utf-8"), nl=False)
    else:
        columns((name, _title(path)) for name, path in chosen.items())


@click.command()
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
    command = click.get_current_context().find_root().command
    click.echo(kind(command, {}, "derive", "_DERIVE_COMPLETE").source())


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
