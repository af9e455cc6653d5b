"""`spectacle train`: train a network on images of one's own."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from spectacle.cli import detached
from spectacle.cli.detached import LOG, alone
from spectacle.cli.resumable import resumable, stopped
from spectacle.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from spectacle.generators.supersvg.training.train import Position

_LINE_SECONDS = 10.0
_BEGUN = re.compile(r"\d+ images, \d+ steps on .*")
"""What is printed before the first step."""

_EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Train a network on your own images.

    \b
    spectacle train supersvg --data photos --out trained
    spectacle train supersvg --data photos --out trained --detach
    spectacle train logs trained --follow
    spectacle train stop trained
    """


@command.command()
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
@click.option("--detach", is_flag=True, help="Go on without the terminal; see the commands logs and stop.")
def supersvg(
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
    detach: bool,
) -> None:
    """Train SuperSVG's coarse network on a directory of images (PNG, JPEG, WebP).

    The defaults are those of the published training. Ctrl-C saves and stops; run the same command again to resume.
    OUT/coarse.pt has the published format. To use it, list OUT in spectacle.toml, under [weights.prepared], as
    "supersvg/network".

    \b
    spectacle datasets test --into images
    spectacle train supersvg --data images --out run --batch-size 8 --render-size 64 --max-steps 30

    With several GPUs, without --detach: accelerate launch --num_processes 4 -m spectacle train supersvg …
    """
    missing = [name for name in ("torch", "skimage", "numba", "accelerate") if find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"training needs {', '.join(missing)}. Run `pip install '.[supersvg]'` in the clone.")
    if detach:
        _detached(out)
        return
    with resumable(out), alone(out) if os.environ.get("RANK", "0") == "0" else nullcontext():
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


@command.command()
@click.argument("out", type=_EXISTING)
@click.option("--follow", is_flag=True, help="Go on until training ends.")
def logs(out: Path, follow: bool) -> None:
    """Print what a training with --detach has printed; OUT is the directory given with --out."""
    path = out / LOG
    if not path.exists():
        raise ConfigurationError(f"{path}: does not exist. Name the --out of a training with --detach.")
    if not follow:
        click.echo(path.read_text(encoding="utf-8", errors="replace"), nl=False)
        return
    try:
        for text in detached.follow(out):
            click.echo(text, nl=False)
    except KeyboardInterrupt:
        pass  # training goes on


@command.command()
@click.argument("out", type=_EXISTING)
def stop(out: Path) -> None:
    """Have a training save and end, with --detach or without; OUT is the directory given with --out."""
    try:
        pid = detached.stop(out)
    except KeyboardInterrupt:
        raise click.Abort from None  # it ends all the same
    click.echo(f"process {pid} saved and ended. To resume, run the same command again.")


def _detached(out: Path) -> None:
    with resumable(out):
        found = detached.running(out)
        if found is not None:
            raise ConfigurationError(
                f"{out}: process {found.pid} on {found.host} trains there already. Run `spectacle train stop {out}`."
            )
        pid, said = detached.start([word for word in sys.argv[1:] if word != "--detach"], out, _BEGUN)
    click.echo(f"{said}, as process {pid}")
    click.echo(f"follow it: spectacle train logs --follow {shlex.quote(str(out))}")
    click.echo(f"stop it:   spectacle train stop {shlex.quote(str(out))}")


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
