"""The presets of `qwen-image-edit`: a model, an adapter, and how both are sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from spectacle.generators.diffusion.family import TRANSFORMER_WEIGHTS
from spectacle.generators.diffusion.sampling import Recipe
from spectacle.weights import Source

DEFAULT = "lightning-8"

MODEL_FILES = (
    "model_index.json",
    "processor/*",
    "scheduler/*.json",
    "text_encoder/*.json",
    "text_encoder/*.safetensors",
    "tokenizer/*",
    "transformer/*.json",
    TRANSFORMER_WEIGHTS,
    "vae/*.json",
    "vae/*.safetensors",
)
_LICENCE = "Apache-2.0"
_MODEL_SIZE = 57_700_000_000
_ADAPTER_SIZE = 849_603_192


@dataclass(frozen=True, slots=True)
class Base:
    """One of the editing models.

    Attributes:
        repo: Its repository.
        preset: The preset that uses it as published.
        several: Whether it takes several images (`QwenImageEditPlusPipeline`), or one (`QwenImageEditPipeline`).
        num_inference_steps: Denoising steps as its authors recommend.
    """

    repo: str
    preset: str
    several: bool
    num_inference_steps: int

    @property
    def name(self) -> str:
        """The model's name, without its owner."""
        return self.repo.partition("/")[2]

    @property
    def pipeline(self) -> str:
        """Name of the class of its pipeline."""
        return "QwenImageEditPlusPipeline" if self.several else "QwenImageEditPipeline"


@dataclass(frozen=True, slots=True)
class QwenImageEditPreset:
    """One way of using the models.

    Attributes:
        summary: What it is for.
        base: The model.
        recipe: How it is sampled.
        adapter: The adapter with its only file, or None.
    """

    summary: str
    base: Base
    recipe: Recipe
    adapter: Source | None = None

    @property
    def repo(self) -> str:
        """The model's repository."""
        return self.base.repo

    @property
    def pipeline(self) -> str:
        """Name of the class of the model's pipeline."""
        return self.base.pipeline

    def sources(self) -> Sequence[Source]:
        """What it loads, largest first."""
        model = Source(self.base.repo, MODEL_FILES, licence=_LICENCE, size=_MODEL_SIZE)
        return (model,) if self.adapter is None else (model, self.adapter)


EDIT = Base("Qwen/Qwen-Image-Edit", "edit", several=False, num_inference_steps=50)
EDIT_2509 = Base("Qwen/Qwen-Image-Edit-2509", "2509", several=True, num_inference_steps=40)
EDIT_2511 = Base("Qwen/Qwen-Image-Edit-2511", "full", several=True, num_inference_steps=40)


def _full(base: Base) -> QwenImageEditPreset:
    steps = base.num_inference_steps
    return QwenImageEditPreset(f"{base.name} as published: {steps} steps with guidance 4", base, Recipe(steps, 4.0))


def _lightning(base: Base, steps: int, repo: str, file: str) -> QwenImageEditPreset:
    summary = f"{base.name} in {steps} steps{'; the default' if (base, steps) == (EDIT_2511, 8) else ''}"
    source = Source(repo, (file,), licence=_LICENCE, size=_ADAPTER_SIZE)
    return QwenImageEditPreset(summary, base, Recipe(steps, 1.0, lightning=True, free=base.preset), source)


_LIGHTNING = "lightx2v/Qwen-Image-Lightning"
_LIGHTNING_2511 = "lightx2v/Qwen-Image-Edit-2511-Lightning"
_FOLDER_2509 = "Qwen-Image-Edit-2509"

PRESETS: Mapping[str, QwenImageEditPreset] = MappingProxyType(
    {
        **{
            f"lightning-{steps}": _lightning(
                EDIT_2511,
                steps,
                _LIGHTNING_2511,
                f"Qwen-Image-Edit-2511-Lightning-{steps}steps-V1.0-bf16.safetensors",
            )
            for steps in (8, 4)
        },
        EDIT_2511.preset: _full(EDIT_2511),
        EDIT_2509.preset: _full(EDIT_2509),
        **{
            f"2509-lightning-{steps}": _lightning(
                EDIT_2509,
                steps,
                _LIGHTNING,
                f"{_FOLDER_2509}/Qwen-Image-Edit-2509-Lightning-{steps}steps-V1.0-bf16.safetensors",
            )
            for steps in (8, 4)
        },
        EDIT.preset: _full(EDIT),
        **{
            f"edit-lightning-{steps}": _lightning(
                EDIT, steps, _LIGHTNING, f"Qwen-Image-Edit-Lightning-{steps}steps-V1.0-bf16.safetensors"
            )
            for steps in (8, 4)
        },
    }
)
"""The default first: 2511, the newest model, then the older ones by name."""
