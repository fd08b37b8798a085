"""The `derive` command: specs in, sheets out.

Only the standard library and click are imported here; each command imports the engine when it runs, so that `derive --help` and
shell completion answer at once. What a user can cause is a DeriveError, printed as `derive: …` on stderr; its class has the
exit code: 1 a check failed, 2 bad input, 3 cannot write, 4 TeX failed.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Any

import click

from ..errors import DeriveError, OutputError
from . import grade, homework, inspect, new, pack, pdf, tex, watch
from .output import report

INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143  # as the shell counts them: 128 + the signal's number


class Commands(click.Group):
    """A group that turns errors into messages and exit codes, in one place."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DeriveError as error:
            report(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("derive: interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:  # `derive show … | head`: the reader has what it wanted
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(BROKEN_PIPE)
        except OSError as error:  # a full disk, say
            click.echo(f"derive: cannot write: {error.strerror or error}", err=True)
            ctx.exit(OutputError.exit_code)


def main() -> None:
    """The console script."""
    gc.set_threshold(50_000)  # by default Python looks again and again through all the objects that SymPy makes once
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that build folders are cleared away
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


for each in (
    pdf.pdf,
    watch.watch,
    tex.tex,
    pdf.code,
    homework.homework,
    pack.pack,
    inspect.check,
    grade.grade,
    inspect.show,
    inspect.layers,
    inspect.schema,
    inspect.doctor,
    new.new,
    new.examples,
    new.completion,
):
    command.add_command(each)
