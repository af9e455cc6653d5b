"""Jobs and controls for tests that generate with a generator in this process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from control import Control
from PIL import Image

from spectacle.config import PlacementSettings
from spectacle.generators.base import Artifact, Device, Generator, Job, MediaType, Resources
from spectacle.weights import Store

CPU = Device("cpu")


def resources(store: Store, prepared: Mapping[str, Path] | None = None, **placement: Any) -> Resources:
    """What a generator may use: a store, and settings of the section `[placement]`.

    Everything on the device, decoded in one piece, unless they say otherwise: then nothing depends on how much memory
    the machine has.
    """
    return Resources(
        store, prepared or {}, PlacementSettings(**{"residency": "device", "vae_tiling": False, **placement})
    )


def job(
    generator: Generator | type[Generator],
    prompt: str = "a fox",
    size: tuple[int, int] = (128, 128),
    seed: int = 7,
    *,
    pictures: tuple[Image.Image, ...] = (),
    mask: Image.Image | None = None,
    control: Image.Image | None = None,
    **options: Any,
) -> Job:
    """A job with options by name."""
    return Job(prompt, *size, seed, MediaType.PNG, generator.Options(**options), pictures, mask, control)


def generate(generator: Generator, *arguments: Any, **options: Any) -> Image.Image:
    """The first picture that a loaded generator makes of a job."""
    content = make(generator, *arguments, **options)[0].content
    assert isinstance(content, Image.Image)
    return content


def make(generator: Generator, *arguments: Any, **options: Any) -> list[Artifact]:
    """All that a loaded generator makes of a job."""
    return list(generator.generate(job(generator, *arguments, **options), Control()))


def picture(size: tuple[int, int] = (128, 128), seed: int = 1, mode: str = "RGB") -> Image.Image:
    """A picture of coarse random patches."""
    channels = len(mode)
    patches = np.random.default_rng(seed).integers(0, 256, (8, 8, channels), dtype=np.uint8)
    return Image.fromarray(patches.squeeze()).resize(size, Image.Resampling.BICUBIC)


def half_mask(size: tuple[int, int] = (128, 128)) -> Image.Image:
    """A mask whose left half is white."""
    mask = Image.new("L", size)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    return mask


def same(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures are the same in every pixel."""
    return one.size == other.size and one.mode == other.mode and one.tobytes() == other.tobytes()


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures' values, 0 to 255."""
    return float(np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int)).mean())
