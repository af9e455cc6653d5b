"""The presets of `qwen-image`: a model, an adapter, and how both are sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spectacle.generators.diffusion.sampling import Recipe
from spectacle.weights import Source

DEFAULT = "2512-lightning-8"
"""Of the newest model: its authors recommend it over the first one (README of QwenLM/Qwen-Image)."""

QWEN_IMAGE = "Qwen/Qwen-Image"
QWEN_IMAGE_2512 = "Qwen/Qwen-Image-2512"
CONTROLNET = Source(
    "InstantX/Qwen-Image-ControlNet-Union",
    ("config.json", "diffusion_pytorch_model*.safetensors"),
    licence="Apache-2.0",
    size=3_540_000_000,
)
"""Takes Canny and soft edges, depth and poses (its model card)."""

TRANSFORMER_WEIGHTS = "transformer/*.safetensors"
MODEL_FILES = (
    "model_index.json",
    "scheduler/*.json",
    "text_encoder/*.json",
    "text_encoder/*.safetensors",
    "tokenizer/*",
    "transformer/*.json",
    TRANSFORMER_WEIGHTS,
    "vae/*.json",
    "vae/*.safetensors",
)
_MODEL_SIZE = 57_700_000_000
_LIGHTNING = "lightx2v/Qwen-Image-Lightning"
_LIGHTNING_2512 = "lightx2v/Qwen-Image-2512-Lightning"
_NEGATIVE_2512 = "低分辨率，低画质，肢体畸形，手指畸形，画面过饱和，蜡像感，人脸无细节，过度光滑，画面具有AI感。构图混乱。文字模糊，扭曲。"  # noqa: E501


@dataclass(frozen=True, slots=True)
class QwenImagePreset:
    """One way of using the models.

    Attributes:
        summary: What it is for.
        repo: The model's repository.
        recipe: How it is sampled.
        adapter: The adapter with its only file, or None.
        control: Whether it is for control images, and loads the ControlNet immediately.
        pipeline: Name of the pipeline's class.
    """

    summary: str
    repo: str
    recipe: Recipe
    adapter: Source | None = None
    control: bool = False
    pipeline: str = "QwenImagePipeline"

    def sources(self) -> Sequence[Source]:
        """What it loads, largest first."""
        model = Source(self.repo, MODEL_FILES, licence="Apache-2.0", size=_MODEL_SIZE)
        control = (CONTROLNET,) if self.control else ()
        return (model, *control, *((self.adapter,) if self.adapter else ()))


def _lightning(steps: int, repo: str, file: str, size: int, free: str = "full") -> tuple[Recipe, Source]:
    recipe = Recipe(steps, 1.0, lightning=True, free=free)
    return recipe, Source(repo, (file,), licence="Apache-2.0", size=size)


PRESETS: Mapping[str, QwenImagePreset] = {
    "2512-lightning-8": QwenImagePreset(
        "Qwen-Image-2512 in 8 steps without guidance, a twelfth of the work of 2512; the default",
        QWEN_IMAGE_2512,
        *_lightning(8, _LIGHTNING_2512, "Qwen-Image-2512-Lightning-8steps-V1.0-bf16.safetensors", 850_000_000, "2512"),
    ),
    "lightning-8": QwenImagePreset(
        "Qwen-Image in 8 steps without guidance, a twelfth of the work of full",
        QWEN_IMAGE,
        *_lightning(8, _LIGHTNING, "Qwen-Image-Lightning-8steps-V2.0.safetensors", 1_700_000_000),
    ),
    "lightning-4": QwenImagePreset(
        "Qwen-Image in 4 steps without guidance; weaker in small text and fine hair",
        QWEN_IMAGE,
        *_lightning(4, _LIGHTNING, "Qwen-Image-Lightning-4steps-V2.0-bf16.safetensors", 850_000_000),
    ),
    "full": QwenImagePreset("Qwen-Image as published: 50 steps with guidance 4", QWEN_IMAGE, Recipe(50, 4.0)),
    "control": QwenImagePreset(
        "Qwen-Image with a control image as the ControlNet's authors recommend: 30 steps with guidance 4",
        QWEN_IMAGE,
        Recipe(30, 4.0),
        control=True,
    ),
    "2512": QwenImagePreset(
        "Qwen-Image-2512 as published: 50 steps with guidance 4", QWEN_IMAGE_2512, Recipe(50, 4.0, _NEGATIVE_2512)
    ),
    "2512-lightning-4": QwenImagePreset(
        "Qwen-Image-2512 in 4 steps without guidance",
        QWEN_IMAGE_2512,
        *_lightning(4, _LIGHTNING_2512, "Qwen-Image-2512-Lightning-4steps-V1.0-bf16.safetensors", 850_000_000, "2512"),
    ),
}
