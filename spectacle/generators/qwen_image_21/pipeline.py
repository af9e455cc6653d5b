"""`QwenImage21Pipeline` for prompts that are encoded before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from diffusers.pipelines.qwenimage21 import pipeline_qwenimage21 as original
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from PIL import Image

from spectacle.generators.diffusion.embeddings import Embeddings


class EncodedQwenImage21Pipeline(original.QwenImage21Pipeline):
    """Takes what `encode` made of the prompts that it is called with from `encoded`.

    The original takes embeddings in their place too, but not the mask of image tokens that goes with them when there
    are reference images, so that it could not run after its text encoder is gone.
    """

    encoded: Mapping[str, Embeddings] = {}
    """Embeddings, their mask and the mask of image tokens, by prompt."""

    def encode_prompt(self, prompt: Any, *_: Any, **__: Any) -> Any:
        """What `encode` made of a prompt."""
        return self.encoded[prompt].tensors

    def encode(
        self, prompt: str, references: Sequence[Image.Image], output_resolution: int, device: torch.device
    ) -> Embeddings:
        """Run the text encoder on a prompt and the reference images, as the original does."""
        conditions: Any = [self._condition(reference, output_resolution) for reference in references] or None
        return Embeddings(super().encode_prompt(prompt, image=conditions, device=device))

    def _condition(self, reference: Image.Image, output_resolution: int) -> Image.Image:
        calculate: Any = original.calculate_dimensions
        width, height, _ = calculate(output_resolution * output_resolution, reference.width / reference.height)
        resized: Any = self.image_processor.resize(reference.convert("RGBA"), width=width, height=height)
        assert isinstance(resized, Image.Image)
        return resized


def unshifted(scheduler: Any) -> Any:
    """A `FlowMatchEulerDiscreteScheduler` like another that takes sigmas as they are given."""
    plain = {"use_dynamic_shifting": False, "shift": 1.0, "shift_terminal": None}
    kind: Any = FlowMatchEulerDiscreteScheduler
    return kind.from_config(scheduler.config, **plain)
