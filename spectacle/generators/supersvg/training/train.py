"""Trains the coarse network on a directory of images; what it writes is loaded like the published checkpoint."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.utils.data import DataLoader

from spectacle.errors import ConfigurationError, GeneratorError
from spectacle.generators.supersvg.network.checkpoint import COARSE_FILE, load_coarse, load_into, read_tensors
from spectacle.generators.supersvg.network.model import COORDINATES, Coarse
from spectacle.generators.supersvg.network.superpixels import masked
from spectacle.generators.supersvg.training.crops import Crops, UnreadablePicture, find_pictures
from spectacle.generators.supersvg.training.loss import Loss, compute_loss
from spectacle.generators.supersvg.training.saving import STATE_FILE, TrainState, describe, restore, save

LOG_FILE = "log.jsonl"
"""One line for each epoch: the means of the parts of the loss."""

_BETAS = (0.9, 0.95)
_BASE_BATCH = 256  # the batch that the base learning rate is for
_DISC = 0.25  # radius of what a fresh network paints everywhere, in superpixels


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How to train. The defaults are those of the published training.

    Attributes:
        data: Directory with images, also in directories below it.
        out: Directory for what is written; training resumes from what is there.
        epochs: How often every image is seen.
        max_steps: Steps after which training ends, even if epochs remain; None for no such limit.
        batch_size: Superpixels a step on each device.
        base_learning_rate: Learning rate for 256 superpixels a step; it is scaled to how many there are.
        warmup_epochs: Epochs in which the learning rate rises from 0; it then falls to 0 along half a cosine.
        weight_decay: Weight decay of weight matrices; biases, norms and tokens have none.
        render_size: Pixels across at which paintings are compared with images; fewer are faster.
        mixed_precision: Number format of the network; painting is always 32-bit.
        init: Checkpoint to begin with: a coarse one, or DINO's ViT-S/16 alone; None begins with random weights.
        seed: Seed of all chance.
        workers: Processes that prepare superpixels, in addition to this one.
        save_minutes: Minutes between two checkpoints.
        cpu: Train on the CPU even where there is a GPU.
    """

    data: Path
    out: Path
    epochs: int = 200
    max_steps: int | None = None
    batch_size: int = 64
    base_learning_rate: float = 1e-3
    warmup_epochs: float = 6
    weight_decay: float = 0.05
    render_size: int = 224
    mixed_precision: Literal["no", "fp16", "bf16"] = "no"
    init: Path | None = None
    seed: int = 0
    workers: int = 4
    save_minutes: float = 10
    cpu: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """How far training is.

    Attributes:
        step: Steps taken.
        steps: Steps to take.
        epoch: Number of the epoch, from 0.
        loss: Loss of the last step.
        painted: Mean squared error of the last step.
        paths: Visible paths a superpixel in the last step.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    painted: float
    paths: float


class TrainProgress(Protocol):
    """Receives the progress of training in its main process."""

    def begin(self, pictures: int, device: str, processes: int, step: int, steps: int) -> None:
        """Training starts or resumes, with `step` steps taken."""

    def stepped(self, position: Position) -> None:
        """A step was taken."""

    def saved(self, path: Path, step: int) -> None:
        """A checkpoint was written."""


def train(settings: TrainSettings, progress: TrainProgress) -> bool:
    """Train until the end, or until SIGINT or SIGTERM; either way a checkpoint is written.

    With several GPUs, `accelerate launch` starts one process for each, and all of them call this.

    Returns:
        True when training is complete, False when a signal has ended it before.

    Raises:
        ConfigurationError: When settings cannot be used together, or on this machine.
        GeneratorError: When there are no images, one cannot be read, a checkpoint is not what it should be or cannot
            be written; and when the loss becomes NaN or infinite.
        OSError: When the output directory cannot be created.
    """
    training = _Training(settings, progress)
    try:
        return training.run()
    except UnreadablePicture as error:
        training.save_alone()
        # From a process that prepares superpixels comes a whole traceback.
        raise UnreadablePicture(
            error.message.rstrip().rpartition("\n")[2].rpartition("UnreadablePicture: ")[2]
        ) from None


class _Training:
    """One call of `train`."""

    def __init__(self, settings: TrainSettings, progress: TrainProgress) -> None:
        self._settings = settings
        self._progress = progress
        self._accelerator = accelerator = _accelerator(settings)
        set_seed(settings.seed)
        settings.out.mkdir(parents=True, exist_ok=True)
        self._crops = Crops(find_pictures(settings.data), settings.seed)
        network = _network(settings.init)
        optimizer = torch.optim.AdamW(_parameter_groups(network, settings.weight_decay), betas=_BETAS)
        loader = DataLoader(
            self._crops, settings.batch_size, num_workers=settings.workers, worker_init_fn=_leave_signals_to_parent
        )
        self._at = restore(settings.out / STATE_FILE, network, optimizer, accelerator)
        self._model, self._optimizer, self._loader = accelerator.prepare(network, optimizer, loader)
        self._per_epoch = len(self._loader)
        self._steps = min(settings.epochs * self._per_epoch, settings.max_steps or settings.epochs * self._per_epoch)
        self._rate = settings.base_learning_rate * settings.batch_size * accelerator.num_processes / _BASE_BATCH
        self._saved = time.monotonic()

    def run(self) -> bool:
        """Train; True when that is complete."""
        at, accelerator = self._at, self._accelerator
        if accelerator.is_main_process:
            device, processes = str(accelerator.device), accelerator.num_processes
            self._progress.begin(len(self._crops), device, processes, at.step, self._steps)
        with _signals() as stop:
            stopping = False
            while at.step < self._steps and not stopping:
                stopping = self._epoch(stop)
            self._save()
        accelerator.end_training()
        return at.step >= self._steps

    def save_alone(self) -> None:
        """Save what was reached, unless other processes would have to be waited for."""
        if self._accelerator.num_processes == 1 and self._at.step:
            self._save()

    def _epoch(self, stop: _StopFlag) -> bool:
        """Go through the rest of an epoch; True when it was asked to stop."""
        at, accelerator = self._at, self._accelerator
        stopping = False
        means = _Means()
        self._crops.begin_epoch(at.epoch)
        for batch in accelerator.skip_first_batches(self._loader, at.batches):
            self._step(batch, means)
            late = time.monotonic() - self._saved > self._settings.save_minutes * 60
            stopping, late = _agreed(accelerator, stop.asked, late)
            if stopping or at.step == self._steps:
                break
            if late:
                self._save()
        if at.batches >= self._per_epoch:  # more when there are fewer images than before
            if accelerator.is_main_process:
                _log(self._settings.out / LOG_FILE, at, means, self._optimizer.param_groups[0]["lr"])
            at.epoch, at.batches = at.epoch + 1, 0
        return stopping

    def _step(self, batch: tuple[Tensor, Tensor], means: _Means) -> None:
        at = self._at
        for group in self._optimizer.param_groups:
            group["lr"] = _learning_rate(self._rate, at.step / self._per_epoch, self._settings)
        crops, masks = batch
        strokes = self._model(masked(crops, masks))
        loss = compute_loss(strokes, crops, masks, at.epoch, self._settings.render_size)
        self._accelerator.backward(loss.total)
        self._optimizer.step()
        self._optimizer.zero_grad()
        at.step, at.batches = at.step + 1, at.batches + 1
        told = means.add(loss)
        if not math.isfinite(told["loss"]):
            raise GeneratorError(
                f"the loss is {told['loss']} after {at.step} steps. Use a smaller learning rate, or train without "
                "fp16; the last checkpoint was kept."
            )
        if self._accelerator.is_main_process:
            self._progress.stepped(
                Position(at.step, self._steps, at.epoch, told["loss"], told["painted"], told["paths"])
            )

    def _save(self) -> None:
        accelerator, out = self._accelerator, self._settings.out
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            weights = accelerator.unwrap_model(self._model).state_dict()
            scaler = accelerator.scaler.state_dict() if accelerator.scaler is not None else {}
            optimizer = self._optimizer.state_dict()
            state = {"model": weights, "optimizer": optimizer, "scaler": scaler, "run": asdict(self._at)}
            save(out / STATE_FILE, state)
            save(out / COARSE_FILE, weights)
            describe(out)
            self._progress.saved(out / COARSE_FILE, self._at.step)
        self._saved = time.monotonic()


def _accelerator(settings: TrainSettings) -> Accelerator:
    if settings.mixed_precision == "fp16" and (settings.cpu or not torch.accelerator.is_available()):
        raise ConfigurationError("--mixed-precision fp16: needs a GPU. Use bf16 or no.")
    return Accelerator(mixed_precision=settings.mixed_precision, cpu=settings.cpu)


def _network(init: Path | None) -> Coarse:
    if init is None:
        return _fresh()
    if any(key.startswith("encoder.") for key in read_tensors(init)):
        return load_coarse(init).requires_grad_(True).train()
    network = _fresh()
    load_into(network.encoder.feature_extractor, init)
    return network


def _fresh() -> Coarse:
    """A network whose paths are all discs in the middle, more or less; from what torch sets, it learns very slowly."""
    network = Coarse()
    head = network.encoder.stroke_head
    assert isinstance(head.linear_head, nn.Linear)
    assert isinstance(head.stroke_tokens, nn.Parameter)
    angles = torch.arange(COORDINATES // 2) * (4 * math.pi / COORDINATES)
    disc = 0.5 + _DISC * torch.stack((angles.cos(), angles.sin()), dim=1).flatten()
    with torch.no_grad():
        head.linear_head.bias.zero_()
        head.linear_head.bias[:COORDINATES] = disc.logit()
        head.stroke_tokens.normal_()
    return network


def _parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    matrices = {name for name, value in network.named_parameters() if name.endswith(".weight") and value.ndim > 1}
    named = dict(network.named_parameters())
    return [
        {"params": [value for name, value in named.items() if name in matrices], "weight_decay": weight_decay},
        {"params": [value for name, value in named.items() if name not in matrices], "weight_decay": 0.0},
    ]


def _learning_rate(rate: float, epoch: float, settings: TrainSettings) -> float:
    if epoch < settings.warmup_epochs:
        return rate * epoch / settings.warmup_epochs
    done = (epoch - settings.warmup_epochs) / max(settings.epochs - settings.warmup_epochs, 1e-9)
    return rate * (1 + math.cos(math.pi * min(done, 1))) / 2


class _Means:
    """The means of the parts of the loss of an epoch's steps."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self.count = 0

    def add(self, loss: Loss) -> dict[str, float]:
        """Take a step in, and return its parts."""
        parts = {
            "loss": float(loss.total.detach()),
            "painted": float(loss.painted.detach()),
            "outside": float(loss.outside.detach()),
            "paths": float(loss.paths.detach()),
        }
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self.count += 1
        return parts

    def means(self) -> dict[str, float]:
        return {name: value / self.count for name, value in self._sums.items()}


def _agreed(accelerator: Accelerator, *questions: bool) -> list[bool]:
    """What any of the processes affirms."""
    if accelerator.num_processes == 1:
        return list(questions)
    answers = torch.tensor(questions, dtype=torch.float32, device=accelerator.device)
    return [bool(answer) for answer in accelerator.reduce(answers, reduction="sum") > 0]


def _log(path: Path, run: TrainState, means: _Means, rate: float) -> None:
    if not means.count:
        return
    rounded = {name: round(value, 6) for name, value in means.means().items()}
    line = {"epoch": run.epoch, "step": run.step, **rounded, "learning_rate": rate}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


class _StopFlag:
    """Whether a signal has asked to stop."""

    asked = False


@contextmanager
def _signals() -> Iterator[_StopFlag]:
    """Set the flag at the first SIGINT or SIGTERM; later ones do what they did before."""
    stop = _StopFlag()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.asked = True
        restore()

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()


def _leave_signals_to_parent(_worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
