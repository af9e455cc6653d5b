"""The parts of any pipeline for a plan, from the headers of its files alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.part_sizes import read_part, tensors_of
from spectacle.generators.placement.files import read_json
from spectacle.generators.placement.plan import Component, Stage

PIXELS_PER_TOKEN = 16 * 16
"""Of nearly all diffusion transformers: a VAE's latent of 8x8 pixels, and a patch of 2x2."""

TENSORS_PER_TOKEN = 18
"""Counted for Qwen-Image, see `diffusion.qwen`; used for all other models too, as an estimate."""

VAE_BYTES_PER_PIXEL = 5780
"""Counted for Qwen-Image's decoder, the largest of those that were counted."""

SMALL_VAE_BYTES_PER_PIXEL = 1536
"""Counted for SDXL's decoder: 1.61 GB for 1024x1024 pixels."""

TILED_BYTES = 600_000_000
"""Counted for Qwen-Image's decoder in tiles."""

ENCODER_BYTES = 600_000_000
"""As for Qwen-Image's text encoder."""

_DECODERS = ("vae", "vqvae", "vqgan", "movq", "decoder", "image_decoder")


def read_parts(checkpoint: Checkpoint, max_pixels: int, *, fp16: bool) -> list[Component]:
    """The parts that have weights, with estimates of what they need in addition to them.

    Args:
        checkpoint: The checkpoint.
        max_pixels: Pixels of the largest image that is made.
        fp16: Whether all of them work in half precision.

    Raises:
        GeneratorError: When a file is damaged.
    """
    return [_read(checkpoint, name, max_pixels, fp16) for name in _names(checkpoint)]


def _names(checkpoint: Checkpoint) -> Iterator[str]:
    index = read_json(checkpoint.folder / "model_index.json")
    for name, value in index.items():
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            own = name in checkpoint.gguf or name in checkpoint.files
            if own or any(checkpoint.folder_of(name).glob("*.safetensors")):
                yield name


def stage_of(name: str) -> Stage:
    """When a part runs, by its name."""
    if name in _DECODERS or name.startswith("vae"):
        return Stage.DECODE
    return Stage.ENCODE if name.startswith(("text_encoder", "image_encoder", "vision")) else Stage.DENOISE


def _read(checkpoint: Checkpoint, name: str, max_pixels: int, fp16: bool) -> Component:
    folder, stage = checkpoint.folder_of(name), stage_of(name)
    part = read_part(checkpoint, name, stage, fp16=fp16, variant=checkpoint.variant_of(name))
    if stage is Stage.ENCODE:
        return replace(part, activations=ENCODER_BYTES if part.is_large else 0)
    if stage is Stage.DECODE:
        small = _class(folder) in ("AutoencoderKL", "AutoencoderTiny")
        each = SMALL_VAE_BYTES_PER_PIXEL if small else VAE_BYTES_PER_PIXEL
        return replace(part, activations=max_pixels * each, tiled_activations=TILED_BYTES)
    tokens = max_pixels // PIXELS_PER_TOKEN
    return replace(part, activations=tokens * _width(checkpoint, name) * TENSORS_PER_TOKEN * 2)


def _class(folder: Path) -> str:
    return str(read_json(folder / "config.json").get("_class_name", ""))


def _width(checkpoint: Checkpoint, name: str) -> int:
    """How wide a model is: the side that its matrices have most often."""
    sides: Counter[int] = Counter()
    for tensors in tensors_of(checkpoint, name):
        sides.update(side for tensor in tensors.values() if len(tensor.shape) == 2 for side in tensor.shape)
    return sides.most_common(1)[0][0] if sides else 0
