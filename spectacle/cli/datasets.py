"""`spectacle datasets`: prepare images to train on."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from spectacle.cli.resumable import resumable

_LINE_SECONDS = 10.0


@click.command()
@click.argument("dataset", type=click.Choice(["test", "icons", "quickdraw"]))
@click.option(
    "--into", required=True, type=click.Path(file_okay=False, path_type=Path), help="Directory for the images."
)
@click.option(
    "--from", "source", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="icons: directory with SVG files.",
)  # fmt: skip
@click.option(
    "--count", type=click.IntRange(1), help="test: number of images (48); quickdraw: number per category (500)."
)
@click.option(
    "--size", type=click.IntRange(28, 2048), default=256, show_default=True, help="Width and height in pixels."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="test: seed of all random choices.")
@click.option("--category", "categories", multiple=True, help="quickdraw: a category. Can be repeated.")
@click.option("--url", help="quickdraw: address of the bitmaps, such as a mirror.")
def command(
    dataset: str,
    into: Path,
    source: Path | None,
    count: int | None,
    size: int,
    seed: int,
    categories: tuple[str, ...],
    url: str | None,
) -> None:
    """Prepare images to train on: DATASET is test, icons or quickdraw.

    \b
    test       synthetic images, made on the spot
    icons      icons, rendered from a copy of an icon set such as Tabler's
    quickdraw  hand-drawn sketches from the Quick, Draw! dataset (CC BY 4.0), 500 each of 25 categories

    Files that exist already are kept, so an interrupted command can be run again.

    \b
    spectacle datasets test --into images/test
    spectacle datasets icons --from tabler-icons/icons --into images/icons
    spectacle datasets quickdraw --into images/quickdraw
    """
    from spectacle.generators.supersvg.training import datasets, quickdraw

    if dataset == "icons" and source is None:
        raise click.UsageError("icons: the directory with SVG files is missing. Set it with --from.")
    if dataset == "quickdraw" and count is not None and count > quickdraw.MAX_DRAWINGS:
        raise click.UsageError(
            f"--count {count}: the limit is {quickdraw.MAX_DRAWINGS} sketches per category. Use a smaller number."
        )
    shown = _Shown()
    with resumable(into):
        if dataset == "test":
            made = datasets.make_test(into, shown.counted, count=count or datasets.TEST_PICTURES, size=size, seed=seed)
        elif source is not None and dataset == "icons":
            made = _icons(source, into, size, shown)
        else:
            made = quickdraw.make_quickdraw(
                into,
                shown.arrived,
                address=url or quickdraw.ADDRESS,
                categories=categories or quickdraw.CATEGORIES,
                count=count or quickdraw.MAX_DRAWINGS,
                size=size,
            )
    click.echo(f"{into}: {made} image{'' if made == 1 else 's'} made")


def _icons(source: Path, into: Path, size: int, shown: _Shown) -> int:
    from spectacle.generators.supersvg.training.datasets import make_icons
    from spectacle.svg import Rasteriser

    with Rasteriser() as rasteriser:
        made, failed = make_icons(source, into, shown.counted, rasteriser, size=size)
    for line in failed:
        click.echo(f"skipped: {line}", err=True)
    return made


class _Shown:
    """Shows how far it is on standard error: in one line on a terminal, every ten seconds elsewhere."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def counted(self, done: int, count: int) -> None:
        """Report how many of how many images are there."""
        self._show(f"{done} of {count} images", done == count)

    def arrived(self, category: str, done: int, size: int) -> None:
        """Report how many of how many bytes of a category have arrived."""
        self._show(f"{category}: {done // 1024} of {size // 1024} KiB", done == size)

    def _show(self, text: str, last: bool) -> None:
        terminal = sys.stderr.isatty()
        if not last and time.monotonic() - self._last < (0.1 if terminal else _LINE_SECONDS):
            return
        self._last = time.monotonic()
        click.echo(f"\r{text:<60}" if terminal else text, nl=last or not terminal, err=True)
