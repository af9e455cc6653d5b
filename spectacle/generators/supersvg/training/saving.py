"""Writes and reads the checkpoints of training."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from accelerate import Accelerator

import spectacle
from spectacle.errors import GeneratorError, one_line
from spectacle.generators.supersvg.network.checkpoint import COARSE_FILE
from spectacle.generators.supersvg.network.model import Coarse
from spectacle.weights.digest import digest_file
from spectacle.weights.prepared import Manifest
from spectacle.weights.store import MARKER, FileRecord, write_synced

STATE_FILE = "training.pt"
"""Everything that training needs to resume: weights, optimizer, and how far it is."""


@dataclass(slots=True)
class TrainState:
    """Where training stands; its fields are keys of the state file.

    Attributes:
        step: Steps taken.
        epoch: Number of the epoch, from 0.
        batches: Batches of this epoch that were used.
    """

    step: int = 0
    epoch: int = 0
    batches: int = 0


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint that is there completely or not at all.

    Raises:
        GeneratorError: When it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        with temporary.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        # What torch raises when a file cannot be written says nothing; the reason is what it met before.
        reason = error if isinstance(error, OSError) else error.__context__
        said = (reason.strerror if isinstance(reason, OSError) else None) or one_line(error, 200)
        raise GeneratorError(
            f"{path}: could not be written ({said}). Free space there, then run the command again to resume."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def restore(path: Path, network: Coarse, optimizer: torch.optim.Optimizer, accelerator: Accelerator) -> TrainState:
    """Continue from a saved state, or begin where there is none.

    Args:
        path: The state file.
        network: Takes the weights.
        optimizer: Takes its moments.
        accelerator: Takes the scale of the loss.

    Raises:
        GeneratorError: When the file is not a state of this training.
    """
    if not path.exists():
        return TrainState()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        if accelerator.scaler is not None and state["scaler"]:
            accelerator.scaler.load_state_dict(state["scaler"])
        return TrainState(**state["run"])
    except (UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        reason = one_line(error, 200)
        raise GeneratorError(
            f"{path}: not a checkpoint of this training ({reason}). Remove it to start again, or use another directory."
        ) from None


def describe(folder: Path) -> None:
    """Say in a directory with a `coarse.pt` what it holds, so that the settings can name it in `weights.prepared`."""
    digest = digest_file(folder / COARSE_FILE)
    manifest = Manifest(
        generator="supersvg",
        preset="network",
        quantization="none",
        made_from={},
        version=spectacle.__version__,
        files={COARSE_FILE: FileRecord(size=digest.size, sha256=digest.sha256)},
    )
    write_synced(folder / MARKER, manifest.model_dump_json(indent=1).encode())
