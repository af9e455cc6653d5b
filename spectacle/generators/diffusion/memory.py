"""Measures what is free on this machine, and how large the parts of a model are, without loading them."""

from __future__ import annotations

from pathlib import Path

from spectacle.config import PlacementSettings
from spectacle.generators.base import Device
from spectacle.generators.diffusion.placement import Component, Machine, Stage


def measure(device: Device, settings: PlacementSettings) -> Machine:
    """What is free now, in this process. Imports torch for a GPU, and holds it to `vram_limit` from now on."""
    raise NotImplementedError


def look(device: Device, settings: PlacementSettings) -> Machine:
    """What is free now, without torch in this process: a GPU is asked by a short-lived child process."""
    raise NotImplementedError


def component(
    folder: Path,
    name: str,
    stage: Stage,
    *,
    activations: int = 0,
    tiled_activations: int = 0,
    gguf: Path | None = None,
    fp16: bool = False,
) -> Component:
    """A component as its files say, from the headers of the safetensors files in `folder/name`; none is loaded.

    Raises:
        GeneratorError: When a file is truncated or no safetensors file; the message names it.
    """
    raise NotImplementedError
