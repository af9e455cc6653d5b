"""Encodes the prompt of an edit together with the images, scaled as the pipelines of diffusers scale them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit as one
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as several
from PIL import Image

from spectacle.generators.diffusion.embeddings import Embeddings, picture_digest
from spectacle.generators.diffusion.qwen import as_arguments
from spectacle.generators.diffusion.stages import Stages

_ONE_PIXELS = 1024 * 1024
"""About as many pixels as the text encoder gets of the image in the pipelines for one image."""


def encode_prompt(stages: Stages, kind: type[Any], prompt: str, pictures: Sequence[Image.Image]) -> dict[str, Any]:
    """Embeddings of a prompt as a call of the pipeline takes them: `prompt_embeds` and `prompt_embeds_mask`.

    Args:
        stages: The loaded pipeline.
        kind: The class of pipeline that runs; each has a template of its own for the prompt.
        prompt: The prompt.
        pictures: What the text encoder sees in addition to it.
    """
    conditions = _conditions(stages.pipeline.image_processor, kind, pictures)

    def encode(pipeline: Any) -> Embeddings:
        encoder = pipeline if type(pipeline) is kind else kind(**pipeline.components)
        image = conditions if kind is several.QwenImageEditPlusPipeline else conditions[0]
        return Embeddings(tuple(encoder.encode_prompt(prompt=prompt, image=image, device=stages.device)))

    key = (kind.__name__, prompt, *map(picture_digest, conditions))
    return as_arguments(stages.encode(key, encode))


def _conditions(processor: Any, kind: type[Any], pictures: Sequence[Image.Image]) -> list[Image.Image]:
    calculate: Any = several.calculate_dimensions
    area = several.CONDITION_IMAGE_SIZE
    if kind is not several.QwenImageEditPlusPipeline:
        calculate, area = one.calculate_dimensions, _ONE_PIXELS
    scaled = []
    for picture in pictures:
        width, height, *_ = calculate(area, picture.width / picture.height)
        scaled.append(processor.resize(picture, height, width))
    return scaled
