"""Waiting for a result at the command line: a progress bar, paths on standard output, a meaningful exit status."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from spectacle.cli.live import why_waiting
from spectacle.cli.output import printable
from spectacle.client import Progress, RequestFailed, Ticket, WaitTimeout, cancel, wait
from spectacle.spool.naming import RequestName

TIMED_OUT = 124
"""Exit status when the time is up, that of timeout(1)."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, that of shells."""


def can_show_progress() -> bool:
    """Whether somebody sees a progress bar. It is drawn on standard error, because standard output is for the paths."""
    return sys.stderr.isatty()


def finish(ticket: Ticket, *, wait_for_it: bool, timeout: float | None) -> None:
    """Print the path of the request, or wait and print those of the images, the one asked for first.

    Ends the program with `TIMED_OUT` when the time is up, and with `INTERRUPTED` after Ctrl-C, which cancels; so do
    SIGTERM and SIGHUP, which comes when a terminal is closed.

    Raises:
        click.ClickException: When the result is an error, or the request was cancelled.
    """
    if not wait_for_it:
        click.echo(ticket.request)
        return
    told = None
    try:
        with _ended_by_signals():
            told = _tell_why_waiting(ticket)
            with _bar() as show:
                result = wait(ticket, timeout, show)
    except (KeyboardInterrupt, _Ended) as interrupt:
        taken_back = cancel(ticket)
        with suppress(OSError):
            # The terminal may be what has gone.
            told = "cancelled" if taken_back else "has a result already"
            click.echo(f"\n{ticket.stem} {told}", err=True)
        sys.exit(128 + interrupt.args[0] if isinstance(interrupt, _Ended) else INTERRUPTED)
    except WaitTimeout as error:
        click.echo(f"Error: {error.message}", err=True)
        _tell_why_waiting(ticket, told)
        sys.exit(TIMED_OUT)
    except RequestFailed as error:
        raise click.ClickException(printable(error.message)) from None
    for path in result.paths:
        click.echo(path)
    for note in _notes(result.primary):
        click.echo(f"Note: {printable(note)}", err=True)


def _tell_why_waiting(ticket: Ticket, told: str | None = None) -> str | None:
    """Say why a request waits, unless that has been told."""
    name = RequestName.from_stem(ticket.stem)
    reason = why_waiting(ticket.spool, None if name is None else name.kind)
    if reason is not None and reason != told:
        click.echo(reason, err=True)
    return reason


class _Ended(BaseException):
    """Raised by a signal that asks the program to end; holds its number."""


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Have the signals that end a program raise an error inside the block."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise _Ended(number)

    # A signal that is ignored, as under nohup, stays so.
    numbers = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _notes(picture: Path) -> list[str]:
    """What the result's metadata tells the client, such as words that were not understood."""
    from spectacle.errors import SpectacleError
    from spectacle.provenance import read_provenance

    try:
        notes = read_provenance(picture).get("notes")
    except SpectacleError:
        return []
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


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
