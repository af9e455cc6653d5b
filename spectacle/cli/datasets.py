"""`spectacle datasets`: prepare images to train on."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from pathlib import Path

import click

from spectacle.cli.resumable import resumable

ICONS = "@tabler/icons"
"""The npm package of the icons in `all`."""

_LINE_SECONDS = 10.0


@click.command()
@click.argument("dataset", type=click.Choice(["test", "icons", "quickdraw", "all"]))
@click.option(
    "--into", required=True, type=click.Path(file_okay=False, path_type=Path), help="Directory for the images."
)
@click.option(
    "--from", "source", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="icons: directory with SVG files.",
)  # fmt: skip
@click.option(
    "--npm", "package", metavar="NAME",
    help=f"icons: npm package with SVG files, fetched with npm. Default for all: {ICONS}.",
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
    package: str | None,
    count: int | None,
    size: int,
    seed: int,
    categories: tuple[str, ...],
    url: str | None,
) -> None:
    """Prepare images to train on: DATASET is test, icons, quickdraw or all.

    \b
    test       synthetic images, made on the spot
    icons      icons, rendered from an icon set: a directory, or an npm package
    quickdraw  hand-drawn sketches from the Quick, Draw! dataset (CC BY 4.0), 500 each of 25 categories
    all        these three, each in a directory of its name

    Files that exist already are kept, so an interrupted command can be run again.

    \b
    spectacle datasets test --into images/test
    spectacle datasets icons --npm @tabler/icons --into images/icons
    spectacle datasets quickdraw --into images/quickdraw
    """
    from spectacle.generators.supersvg.training import datasets, quickdraw

    if source is not None and package is not None:
        raise click.UsageError("--from and --npm: only one of them can be used. Omit the other.")
    if dataset == "icons" and source is None and package is None:
        raise click.UsageError(
            f"icons: the SVG files are missing. Set --from to their directory, or --npm to a package such as {ICONS}."
        )
    if dataset in {"quickdraw", "all"} and count is not None and count > quickdraw.MAX_DRAWINGS:
        raise click.UsageError(
            f"--count {count}: the limit is {quickdraw.MAX_DRAWINGS} sketches per category. Use a smaller number."
        )
    shown = _Shown()
    chosen = ("test", "icons", "quickdraw") if dataset == "all" else (dataset,)
    for name in chosen:
        folder = into / name if dataset == "all" else into
        with resumable(folder):
            if name == "test":
                number = count or datasets.TEST_PICTURES
                made = datasets.make_test(folder, shown.counted, count=number, size=size, seed=seed)
            elif name == "icons":
                made = _icons(source, package or ICONS, folder, size, shown)
            else:
                made = quickdraw.make_quickdraw(
                    folder,
                    shown.arrived,
                    address=url or quickdraw.ADDRESS,
                    categories=categories or quickdraw.CATEGORIES,
                    count=count or quickdraw.MAX_DRAWINGS,
                    size=size,
                )
        click.echo(f"{folder}: {made} image{'' if made == 1 else 's'} made")


def _icons(source: Path | None, package: str, into: Path, size: int, shown: _Shown) -> int:
    from spectacle.generators.supersvg.training.datasets import make_icons
    from spectacle.generators.supersvg.training.icon_packages import npm_icons
    from spectacle.svg import Rasteriser

    with Rasteriser() as rasteriser, nullcontext(source) if source is not None else npm_icons(package) as icons:
        made, failed = make_icons(icons, into, shown.counted, rasteriser, size=size)
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
