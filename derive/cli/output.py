"""What the command says: results on standard output, errors and the progress bar on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from ..errors import DeriveError


def report(*messages: DeriveError | str) -> None:
    for message in messages:
        if isinstance(message, DeriveError):
            click.echo(f"derive: {message}", err=True)
        else:
            click.echo(message)


def columns(rows: Iterable[tuple[str, str]]) -> None:
    listed = list(rows)
    width = max((len(first) for first, _ in listed), default=0)
    for first, second in listed:
        click.echo(f"{first:<{width}}  {second}".rstrip())


@contextmanager
def steadily(items: Iterable[str]) -> Iterator[Any]:
    """The items, under a progress bar where someone is watching, and a function that says something.

    Under a bar, what is said is held back until the bar is done, so that the two do not get mixed up.
    """
    listed = list(items)
    if len(listed) < 2 or not sys.stderr.isatty():
        yield listed, report
        return
    held: list[DeriveError | str] = []
    try:
        with click.progressbar(listed, file=sys.stderr, item_show_func=lambda item: item or "") as bar:
            yield bar, lambda *messages: held.extend(messages)
    finally:
        report(*held)
