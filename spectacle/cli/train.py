"""`spectacle train`: train a network on images of one's own."""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from spectacle.cli.resumable import resumable, stopped
from spectacle.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from spectacle.generators.supersvg.training.train import Position

_LINE_SECONDS = 10.0
_EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("network", metavar="NETWORK", type=click.Choice(["supersvg"]))
@click.option("--data", required=True, type=_EXISTING, help="Directory with images, also in subdirectories.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="Directory for checkpoints and the log. Training resumes from a checkpoint that is there.",
)  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), default=200, show_default=True, help="How often each image is used.")
@click.option("--max-steps", type=click.IntRange(1), help="Stop after this many steps, even if epochs remain.")
@click.option(
    "--batch-size", type=click.IntRange(1), default=64, show_default=True, help="Superpixels per step on each GPU."
)
@click.option(
    "--learning-rate", type=click.FloatRange(0, min_open=True), default=1e-3, show_default=True,
    help="Learning rate for 256 superpixels per step; it is scaled to the actual number.",
)  # fmt: skip
@click.option(
    "--warmup-epochs", type=click.FloatRange(0), default=6, show_default=True,
    help="Epochs during which the learning rate rises.",
)  # fmt: skip
@click.option(
    "--render-size", type=click.IntRange(16, 512), default=224, show_default=True,
    help="Width in pixels at which results are compared with images; smaller is faster.",
)  # fmt: skip
@click.option(
    "--mixed-precision", type=click.Choice(["no", "fp16", "bf16"]), default="no", show_default=True,
    help="Number format of the network.",
)  # fmt: skip
@click.option(
    "--init", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoint to start from: coarse.pt, or DINO's ViT-S/16 (dino_deitsmall16_pretrain.pth).",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of all random choices.")
@click.option(
    "--workers", type=click.IntRange(0), default=min(4, os.cpu_count() or 1),
    help="Processes that prepare superpixels. Default: up to 4.",
)  # fmt: skip
@click.option(
    "--save-minutes", type=click.FloatRange(0, min_open=True), default=10, show_default=True,
    help="Minutes between two checkpoints.",
)  # fmt: skip
@click.option("--cpu", is_flag=True, help="Train on the CPU even where there is a GPU.")
def command(
    network: str,
    data: Path,
    out: Path,
    epochs: int,
    max_steps: int | None,
    batch_size: int,
    learning_rate: float,
    warmup_epochs: float,
    render_size: int,
    mixed_precision: Literal["no", "fp16", "bf16"],
    init: Path | None,
    seed: int,
    workers: int,
    save_minutes: float,
    cpu: bool,
) -> None:
    """Train SuperSVG's coarse network on a directory of images (PNG, JPEG, WebP).

    The defaults are those of the published training. Ctrl-C saves and stops; run the same command again to resume.
    OUT/coarse.pt has the published format. To use it, list OUT in spectacle.toml, under [weights.prepared], as
    "supersvg/network".

    \b
    spectacle datasets test --into images
    spectacle train supersvg --data images --out run --batch-size 8 --render-size 64 --max-steps 30

    With several GPUs: accelerate launch --num_processes 4 -m spectacle train supersvg …
    """
    del network
    missing = [name for name in ("torch", "skimage", "numba", "accelerate") if find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"training needs {', '.join(missing)}. Run `pip install '.[supersvg]'` in the clone.")
    with resumable(out):
        from spectacle.generators.supersvg.training.train import TrainSettings, train

        settings = TrainSettings(
            data=data,
            out=out,
            epochs=epochs,
            max_steps=max_steps,
            batch_size=batch_size,
            base_learning_rate=learning_rate,
            warmup_epochs=warmup_epochs,
            render_size=render_size,
            mixed_precision=mixed_precision,
            init=init,
            seed=seed,
            workers=workers,
            save_minutes=save_minutes,
            cpu=cpu,
        )
        with _Shown() as shown:
            complete = train(settings, shown)
    if not complete:
        stopped()


class _Shown:
    """Shows progress: a bar on a terminal, a line every ten seconds elsewhere."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last_line = 0.0

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, pictures: int, device: str, processes: int, step: int, steps: int) -> None:
        """Say what is going to happen."""
        where = device if processes == 1 else f"{processes} processes"
        begins = f"going on after step {step}" if step else "beginning"
        click.echo(f"{pictures} images, {steps} steps on {where}, {begins}")
        if sys.stdout.isatty():
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns)
            self._task = self._bar.add_task("", completed=step, total=steps)
            self._bar.start()

    def stepped(self, position: Position) -> None:
        """Show how far it is."""
        text = (
            f"epoch {position.epoch} step {position.step}/{position.steps} loss {position.loss:.4f} "
            f"MSE {position.painted:.4f} paths {position.paths:.0f}"
        )
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=position.step, description=text)
        elif position.step == position.steps or time.monotonic() - self._last_line >= _LINE_SECONDS:
            self._last_line = time.monotonic()
            click.echo(text)

    def saved(self, path: Path, step: int) -> None:
        """Say what was written."""
        text = f"saved {path} after step {step}"
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            click.echo(text)
