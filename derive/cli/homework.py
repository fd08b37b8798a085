"""homework: numbers of their own for every student of a class."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..errors import DeriveError, SpecError
from .options import load, look_options, one_spec, path_of, views_option
from .output import report


@click.command()
@one_spec
@click.option("--roster", type=click.Path(path_type=Path), help="A CSV file with the students' numbers and names.")
@click.option("--variants", "count", type=click.IntRange(1, 10_000), help="So many variants, without a roster.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder.  [default: output/NAME-homework]")
@click.option("--variant", "fixed", multiple=True, metavar="ID=CODE", help="A variant by its code, from a sheet.")
@click.option("--processes", type=click.IntRange(1, 256), help="How many at a time.  [default: as many as there are cores]")
@click.option("--scheduler", metavar="ADDRESS", help="Set the sheets on a Dask cluster: the address of its scheduler.")
@click.option("--encoding", help="The encoding of the roster, where it is not seen.")
@views_option
@look_options
def homework(
    spec: str,
    roster: Path | None,
    count: int | None,
    output: Path | None,
    fixed: tuple[str, ...],
    processes: int | None,
    scheduler: str | None,
    encoding: str | None,
    views: tuple[str, ...],
    **look: Any,
) -> None:
    """Make homework and solutions for a class from SPEC: numbers of their own for everyone, an answer key, a manifest.

    Run again after an interruption, it goes on where it was; what has not changed is not made again.

    \b
    Examples:
      derive homework my-network.yaml --roster students.csv
      derive homework mlp --variants 30 --output week3
      derive homework mlp --roster students.csv --variant '4711=3f9a07c211de-0'
      derive homework mlp --variants 300 --scheduler tcp://192.168.0.10:8786
    """
    from ..homework.classroom import roster as rosters
    from ..homework.classroom.assignment import EDITIONS, Assignment, build
    from ..numbers import random_stream
    from ..typeset import find_engine

    if (roster is None) == (count is None):
        raise SpecError("say for whom: --roster FILE or --variants N, one of the two")
    students = rosters.read(roster, encoding) if roster is not None else rosters.numbered(count or 1)
    if scheduler is None:
        find_engine()  # before anything is drawn, and once for all sheets
    codes = {}
    for text in fixed:
        student, equals, code = text.rpartition("=")
        if not equals or student not in {s.id for s in students}:
            raise SpecError(f"`{text[:60]}` is not ID=CODE with the ID of a student")
        codes[student] = random_stream.parse(code)
    source = path_of(spec)
    folder = output or Path("output") / f"{source.stem}-homework"
    assignment = Assignment(load(spec, views, **look), source.read_text("utf-8"), students, folder, codes)
    executor, slots = click.get_current_context().with_resource(_carrier(scheduler))
    assignment.draw()
    held: list[DeriveError | str] = []  # under a bar, until it is done
    try:
        if sys.stderr.isatty():
            with click.progressbar(length=len(students) * len(EDITIONS), file=sys.stderr, show_pos=True) as bar:
                failed = build(assignment, held.append, bar.update, executor, processes or slots)
        else:
            failed = build(assignment, report, executor=executor, processes=processes or slots)
    finally:
        report(*held)
    click.echo(folder)
    if failed:
        report(f"derive: {len(failed)} of {len(students) * len(EDITIONS)} PDFs could not be set; the others are there")
        click.get_current_context().exit(next(iter(failed.values())).exit_code)


@contextmanager
def _carrier(scheduler: str | None) -> Iterator[tuple[Any, int | None]]:
    """What carries the work, and how many pieces at a time: a cluster, or the cores of this machine."""
    if scheduler is None:
        yield None, None
        return
    from ..homework.classroom.dask import connected

    with connected(scheduler) as cluster:
        yield cluster.executor, cluster.slots
