"""`spectacle batch`: many requests out of a directory or a file, with their results in a directory."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spectacle.cli import completion
from spectacle.cli.live import why_waiting
from spectacle.cli.output import printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.cli.submit import FILE, OPTION, SIZE, options_from
from spectacle.cli.waiting import can_show_progress

if TYPE_CHECKING:
    from spectacle.batch.running import Outcome

MAX_IN_FLIGHT = 10_000


class _Value(click.ParamType[tuple[str, str]]):
    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, text = str(value).partition("=")
        if not (name.isidentifier() and equals):
            self.fail(f"invalid value {value!r}. Use NAME=VALUE, such as animal=fox.", param, ctx)
        return name, text


@click.command()
@click.argument("source", metavar="IN", type=click.Path(exists=True, path_type=Path))
@click.argument("output", metavar="OUT", type=click.Path(file_okay=False, path_type=Path))
@with_configuration
@click.option("--kind", shell_complete=completion.KINDS, help="Kind, such as svg. Default: that of the daemon.")
@click.option(
    "--prompt", help="Prompt of every request. `{text}` is the prompt in IN, `{COLUMN}` a value of the table."
)
@click.option(
    "--size", type=SIZE, metavar="WxH",
    help="Width and height in pixels. Default: those of the input image, otherwise 1024x1024.",
)  # fmt: skip
@click.option(
    "--option", "pairs", type=OPTION, multiple=True, shell_complete=completion.OPTIONS,
    help="Option of the generator; the value is JSON, or else text. Can be repeated.",
)  # fmt: skip
@click.option("--options", "options_file", type=FILE, help="JSON file with options. --option overrides it.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), help="Seed; with --repeat, further requests get the seeds after it."
)
@click.option(
    "--repeat", type=click.IntRange(1, 10_000), default=1, help="Number of requests for each item. Default: 1."
)
@click.option("--set", "values", type=_Value(), multiple=True, help="Value of a placeholder. Can be repeated.")
@click.option(
    "--wildcards", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Directory of lists: `__animal__` in a prompt becomes a line of animal.txt.",
)  # fmt: skip
@click.option(
    "--in-flight", type=click.IntRange(1, MAX_IN_FLIGHT), default=8, show_default=True,
    help="Maximum number of requests that wait or run simultaneously.",
)  # fmt: skip
@click.option("--user", help="User that the requests are for; users take turns. Default: your account.")
@click.option("--dry-run", is_flag=True, help="Print what would be submitted.")
def command(
    source: Path,
    output: Path,
    file: Path | None,
    spool: Path | None,
    kind: str | None,
    prompt: str | None,
    size: tuple[int, int] | None,
    pairs: tuple[tuple[str, Any], ...],
    options_file: Path | None,
    seed: int | None,
    repeat: int,
    values: tuple[tuple[str, str], ...],
    wildcards: Path | None,
    in_flight: int,
    user: str | None,
    dry_run: bool,
) -> None:
    """Make an image of everything in IN, and put the results into the directory OUT.

    IN is a directory of images, each of which is the input of a request; or a .txt file with a prompt in each line; or
    a .csv file with a heading, whose columns prompts can use as placeholders.

    \b
    spectacle batch scans/ vectors/ --kind vector
    spectacle batch photos/ edited/ --kind edit --prompt "the same at night"
    spectacle batch prompts.txt images/ --repeat 4
    spectacle batch animals.csv images/ --prompt "a {colour} {animal} in a __place__"

    Run the same command again to continue a batch that was interrupted: items that are done and have not changed are
    skipped, and those that failed are tried again. Prints the path of each result.

    Exit status: 0 all done, 1 some failed (OUT has a file NAME-error.txt for each), 130 interrupted.
    """
    from spectacle.batch.items import Defaults, read_items
    from spectacle.batch.running import Batch
    from spectacle.batch.template import Wildcards

    if source.is_dir() and output.resolve() == source.resolve():
        raise click.ClickException(
            f"{output}: contains the input, so it cannot be OUT. Use another directory for results."
        )
    defaults = Defaults(
        prompt,
        kind,
        size,
        {**options_from(options_file), **dict(pairs)},
        seed,
        repeat,
        dict(values),
        Wildcards(wildcards),
    )
    items = read_items(source, output, defaults)
    if dry_run:
        for item in items:
            click.echo(printable(f"{item.name}  {item.prompt}".rstrip()))
        return
    settings = settings_for(file, spool)
    batch = Batch(settings.spool.path, output, user, settings.limits.max_pixels)
    if (reason := why_waiting(settings.spool.path, kind)) is not None:
        click.echo(reason, err=True)
    ended = _Ended()
    with _bar(len(items)) as advance:

        def told(outcome: Outcome) -> None:
            advance(batch.counts)
            if outcome.state == "failed":
                click.echo(printable(f"{outcome.item.name}: {outcome.error}"), err=True)
            elif outcome.state == "done":
                for path in outcome.files:
                    click.echo(path)

        try:
            asyncio.run(ended.run(batch.run(items, in_flight, told)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            ended.number = ended.number or signal.SIGINT
    if ended.number:
        click.echo(
            f"\nended; cancelled {batch.take_back()} requests. Run the same command again to continue.", err=True
        )
        sys.exit(128 + ended.number)
    counts = batch.counts
    click.echo(f"{counts['done']} done, {counts['skipped']} done before, {counts['failed']} failed", err=True)
    if counts["failed"]:
        sys.exit(1)


class _Ended:
    """Ends a batch by SIGTERM and SIGHUP as Ctrl-C does.

    Attributes:
        number: The signal that has ended it; 0 for none.
    """

    def __init__(self) -> None:
        self.number = 0

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work unless one of them comes."""
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

        def end(number: int) -> None:
            self.number = number
            task.cancel()

        # A signal that is ignored, as under nohup, stays so.
        numbers = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is not signal.SIG_IGN]
        for number in numbers:
            loop.add_signal_handler(number, end, number)
        try:
            await task
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[Any], None]]:
    """A progress bar for people; nothing at all elsewhere."""
    if not can_show_progress():
        yield lambda _counts: None
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[failed]}", markup=False),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("batch", total=total, failed="")

        def advance(counts: Any) -> None:
            failed = f"{counts['failed']} failed" if counts["failed"] else ""
            bar.update(task, completed=sum(counts.values()), failed=failed)

        yield advance
