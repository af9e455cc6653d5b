"""The two ways in which Qwen-Image-2.1 is published, and what is fetched of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spectacle.generators.diffusion.sampling import Recipe
from spectacle.weights import Source

DEFAULT = "full"
LICENCE = "Qwen Research License"

MODEL_FILES = (
    "model_index.json",
    "processor/*",
    "scheduler/*.json",
    "text_encoder/*.json",
    "text_encoder/*.safetensors",
    "transformer/*.json",
    "transformer/*.safetensors",
    "vae/*.json",
    "vae/*.safetensors",
)
_NOTICE = "the Qwen Research License is for research and evaluation: commercial use is forbidden"
_MODEL_SIZE = 30_900_000_000


@dataclass(frozen=True, slots=True)
class QwenImage21Preset:
    """One way of running it.

    Attributes:
        summary: What it is for.
        repo: Where its weights are.
        recipe: How it is sampled.
        sigmas: The noise levels of its steps where they are fixed, taken as they are, not shifted.
    """

    summary: str
    repo: str
    recipe: Recipe
    sigmas: tuple[float, ...] | None = None

    @property
    def source(self) -> Source:
        """What is fetched."""
        return Source(self.repo, MODEL_FILES, licence=LICENCE, notice=_NOTICE, size=_MODEL_SIZE)


TURBO_SIGMAS = (1.0, 0.978453, 0.95418, 0.926626, 0.89508, 0.845148, 0.704534, 0.414568)
"""From the turbo model's `model_index.json`."""

PRESETS: Mapping[str, QwenImage21Preset] = MappingProxyType(
    {
        "full": QwenImage21Preset(
            "Qwen-Image-2.1 as published: 40 steps without guidance", "Qwen/Qwen-Image-2.1", Recipe(40, 1.0)
        ),
        "turbo": QwenImage21Preset(
            "Qwen-Image-2.1-Turbo: the distilled model, 8 steps",
            "Qwen/Qwen-Image-2.1-Turbo",
            Recipe(len(TURBO_SIGMAS), 1.0, lightning=True),
            TURBO_SIGMAS,
        ),
    }
)
