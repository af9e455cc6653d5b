"""Seeds of images, and the random numbers that torch makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectacle.generators.base import MAX_SEED

if TYPE_CHECKING:
    import torch


def picture_seeds(seed: int, count: int) -> list[int]:
    """A seed for each of several images of a job: its own, and those that follow.

    Each alone, given as the job's seed, makes the same image again.
    """
    return [(seed + number) % (MAX_SEED + 1) for number in range(count)]


def generator(seed: int) -> torch.Generator:
    """Random numbers for one image, from the CPU: they are the same wherever the model runs.

    Torch's generator on the CPU distinguishes seeds by their lower 32 bits only.
    """
    import torch

    return torch.Generator("cpu").manual_seed(seed)
