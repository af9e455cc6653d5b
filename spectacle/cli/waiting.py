"""Waiting for an answer at the command line: a progress bar, paths on standard output, an exit status that tells."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from spectacle.cli.live import warn_when_unserved
from spectacle.cli.output import printable
from spectacle.client import Progress, RequestFailed, Ticket, WaitTimeout, cancel, wait

TIMED_OUT = 124
"""Exit status when the time is up, that of timeout(1)."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, that of shells."""


def can_show_progress() -> bool:
    """Whether somebody sees a progress bar. It is drawn on standard error, because standard output is for the paths."""
    return sys.stderr.isatty()


def finish(ticket: Ticket, *, wait_for_it: bool, timeout: float | None) -> None:
    """Print the path of the request, or wait and print those of the pictures, the one asked for first.

    Ends the program with `TIMED_OUT` when the time is up, and with `INTERRUPTED` after Ctrl-C, which takes the request
    back.

    Raises:
        click.ClickException: When the answer is an error, or the request was cancelled.
    """
    if not wait_for_it:
        click.echo(ticket.request)
        return
    try:
        warn_when_unserved(ticket.spool)
        with _bar() as show:
            result = wait(ticket, timeout, show)
    except KeyboardInterrupt:
        taken_back = cancel(ticket)
        click.echo(f"\n{ticket.stem} cancelled" if taken_back else f"\n{ticket.stem} was answered already", err=True)
        sys.exit(INTERRUPTED)
    except WaitTimeout as error:
        click.echo(f"Error: {error.message}", err=True)
        sys.exit(TIMED_OUT)
    except RequestFailed as error:
        raise click.ClickException(printable(error.message)) from None
    for path in result.paths:
        click.echo(path)


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """A progress bar for people; nothing at all elsewhere."""
    if not can_show_progress():
        yield lambda _progress: None
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.SpinnerColumn(),
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.TextColumn("{task.fields[steps]}", markup=False),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("waiting", total=None, steps="")

        def show(progress: Progress) -> None:
            where = f"{progress.state}, {progress.generator or 'generator'} on {progress.host or 'unknown host'}"
            steps = f"{progress.step or 0}/{progress.steps}" if progress.steps else ""
            if progress.note:
                steps += f"  {printable(progress.note)}"
            total = 1.0 if progress.fraction else None
            bar.update(task, description=printable(where), completed=progress.fraction or 0, total=total, steps=steps)

        yield show
