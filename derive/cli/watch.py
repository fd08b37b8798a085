"""watch: the sheet of a spec, built again at every save."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ..errors import DeriveError, OutputError
from .options import editions_option, load, look_options, output_option, path_of, several_specs, targets_of, views_option
from .output import report
from .pdf import build

HUNG_UP = 129


@click.command()
@several_specs
@output_option
@views_option
@editions_option
@look_options
def watch(specs: tuple[str, ...], output: Path, views: tuple[str, ...], editions: tuple[str, ...], **look: Any) -> None:
    """Build the sheet of each SPEC, and again whenever it is saved; Ctrl-C ends it.

    A theme and templates of your own are watched as well. Where a spec is broken, its error is shown and the last PDF stays.

    \b
    Examples:
      derive watch my-network.yaml
      derive watch mlp.yaml classifier.yaml --output handouts
      derive watch my-network.yaml --edition homework --edition solutions --theme my-theme.yaml
    """
    from ..writers import freshness
    from . import watcher

    targets = targets_of(specs, output, ".pdf", output.suffix == ".pdf")
    paths = {name: path_of(name) for name in specs}
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # the terminal is closed
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(HUNG_UP))

    def built(name: str, learnt: Callable[[frozenset[Path]], None]) -> Iterator[Path]:
        begun = time.perf_counter()
        try:
            found = load(name, views, **look)
            learnt(freshness.sources(found))
            for file in build(found, targets[name], editions):
                yield Path(file)
                if file.endswith(".pdf"):
                    click.echo(f"{time.strftime('%H:%M:%S')}  {file}  {time.perf_counter() - begun:.2f} s")
        except DeriveError as error:
            report(error)
        except BrokenPipeError:
            raise
        except OSError as error:  # a full disk, say
            report(OutputError(f"cannot write: {error.strerror or error}"))

    watcher.watch(paths, built, lambda: click.echo(f"watching {', '.join(map(str, paths.values()))}"))
