"""Qwen-Image-2.1 as loaded: its pipeline under a plan, and how it is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from spectacle.generators.base import Device, JobControl
from spectacle.generators.diffusion.embeddings import Embeddings, picture_digest
from spectacle.generators.diffusion.loading import Checkpoint, load_pipeline
from spectacle.generators.diffusion.sampling import Recipe
from spectacle.generators.diffusion.seeds import generator
from spectacle.generators.diffusion.stages import Stages
from spectacle.generators.diffusion.steps import StepReporter
from spectacle.generators.placement.plan import Plan
from spectacle.generators.qwen_image_21.pipeline import EncodedQwenImage21Pipeline, unshifted

_INDEX = "QwenImage21Pipeline"


class QwenImage21Model:
    """The loaded model.

    Args:
        folder: Where its files are.
        plan: Where its parts go.
        device: Where it runs.
        sigmas: The noise levels of its steps where they are fixed: then the scheduler does not shift them.
    """

    def __init__(self, folder: Path, plan: Plan, device: Device, sigmas: Sequence[float] | None) -> None:
        checkpoint = Checkpoint(folder)
        kind: Any = EncodedQwenImage21Pipeline
        pipeline = load_pipeline(kind, checkpoint, plan, index=_INDEX)
        if sigmas is not None:
            pipeline.register_modules(scheduler=unshifted(pipeline.scheduler))
        self._sigmas = sigmas
        self._stages = Stages(pipeline, checkpoint, plan, device, index=_INDEX)

    @property
    def plan(self) -> Plan:
        """Where its parts are."""
        return self._stages.plan

    def generate(
        self,
        prompt: str,
        references: Sequence[Image.Image],
        *,
        size: tuple[int, int],
        recipe: Recipe,
        output_resolution: int,
        seeds: Sequence[int],
        control: JobControl,
    ) -> Iterator[Image.Image]:
        """Make an image for each seed: RGBA, of exactly `size`, both sides of which are multiples of 32."""
        guided = recipe.true_cfg_scale > 1
        pipeline = self._stages.pipeline
        reporter = StepReporter(control, len(seeds), recipe.num_inference_steps)
        with self._stages.watched(reporter):
            pipeline.encoded = {
                text: self._encode(text, references, output_resolution)
                for text in ([prompt, recipe.negative_prompt] if guided else [prompt])
            }
        call: dict[str, Any] = {
            "prompt": prompt,
            "image": list(references) or None,
            "negative_prompt": recipe.negative_prompt if guided else None,
            "true_cfg_scale": recipe.true_cfg_scale,
            "width": size[0],
            "height": size[1],
            "num_inference_steps": recipe.num_inference_steps,
            "output_resolution": output_resolution,
        }
        if self._sigmas is not None:
            call["sigmas"] = list(self._sigmas)
        for seed in seeds:
            with self._stages.watched(reporter):
                picture = self._stages.run(type(pipeline), reporter, **call, generator=generator(seed))
            yield picture

    def close(self) -> None:
        """Free it."""
        self._stages.close()

    def _encode(self, text: str, references: Sequence[Image.Image], output_resolution: int) -> Embeddings:
        def encode(pipeline: EncodedQwenImage21Pipeline) -> Embeddings:
            return pipeline.encode(text, references, output_resolution, self._stages.device)

        # The resolution counts only where there are images to be scaled to it.
        scaled = output_resolution if references else 0
        return self._stages.encode((text, scaled, *map(picture_digest, references)), encode)
