"""The generator `qwen-image-2.1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from spectacle.config import PlacementSettings
from spectacle.generators.base import (
    Artifact,
    Device,
    GeneratorOptions,
    InputRequirements,
    Job,
    JobControl,
    Resources,
)
from spectacle.generators.placement import memory
from spectacle.generators.placement.components import read_component
from spectacle.generators.placement.generator import PlacedGenerator
from spectacle.generators.placement.plan import Component, Machine, Plan, Stage
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import QWEN_IMAGE_21
from spectacle.generators.qwen_image_21.options import QwenImage21Options
from spectacle.generators.qwen_image_21.presets import DEFAULT, LICENCE, PRESETS, QwenImage21Preset
from spectacle.weights import Source

if TYPE_CHECKING:
    from spectacle.generators.qwen_image_21.model import QwenImage21Model

MULTIPLE = 32
"""What the sides of images are multiples of: the VAE makes a latent of 16x16 pixels, and 2x2 of them go together."""
MIN_PIXELS = 256 * 256
MAX_PIXELS = 2400 * 1792
"""Images of fewer or more pixels are generated within these bounds and resampled. The upper one is the largest
size that the model card lists."""

_REFERENCE_BYTES = 3_300_000_000
# Of one input image of 1024x1024: its 4096 tokens and about as many of the text encoder's share in the keys and
# values of 32 layers of 4096 numbers, kept in bf16 from the first step on, and in what a layer needs while it runs.
# An estimate from the architecture, not measured.


class QwenImage21(PlacedGenerator):
    """Qwen-Image-2.1. Not for commercial use, so no kind has it unless a configuration says so."""

    name: ClassVar[str] = "qwen-image-2.1"
    summary: ClassVar[str] = "Generates images, or edits up to ten together, with Qwen-Image-2.1; no commercial use."
    licence: ClassVar[str] = f"{LICENCE}: no commercial use"
    Options: ClassVar[type[GeneratorOptions]] = QwenImage21Options
    needs: ClassVar[InputRequirements] = InputRequirements(max_pictures=10)
    presets: ClassVar[Mapping[str, str]] = {name: preset.summary for name, preset in PRESETS.items()}
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = (
        "torch",
        "torchvision",
        "diffusers",
        "transformers",
        "accelerate",
        "safetensors",
    )

    _loaded: QwenImage21Model | None = None
    _revision: str | None = None

    @classmethod
    def _find(cls, preset: str | None) -> QwenImage21Preset:
        return PRESETS[cls.resolve_preset(preset) or DEFAULT]

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The preset's repository."""
        return (cls._find(preset).source,)

    @classmethod
    def installed_parts(cls, preset: str | None, resources: Resources) -> Sequence[Component]:
        """The parts of the model with the sizes of their files, and room for an input image."""
        folder = cls.locate(cls._find(preset).source, preset, resources).path
        parts = []
        for part in QWEN_IMAGE_21:
            more = _REFERENCE_BYTES if part.stage is Stage.DENOISE else 0
            parts.append(
                read_component(
                    folder,
                    part.name,
                    part.stage,
                    activations=part.activations + more,
                    tiled_activations=part.tiled_activations,
                )
            )
        return parts

    @classmethod
    def published_parts(cls, preset: str | None) -> Sequence[Component]:
        """The parts of the model."""
        return QWEN_IMAGE_21

    @classmethod
    def make_plan(
        cls, preset: str | None, parts: Sequence[Component], machine: Machine, settings: PlacementSettings
    ) -> Plan:
        """Place the parts, without the cache of steps that diffusers cannot use for this model."""
        # Of diffusers' two caches of steps, 0.42.1 knows the blocks of this transformer in one.
        uncached = settings.cache == "first-block"
        if uncached:
            settings = settings.model_copy(update={"cache": "none"})
        plan = make_plan(parts, machine, settings, lightning=cls._find(preset).recipe.lightning)
        if uncached:
            why = "placement.cache = first-block is off: diffusers does not know it for this model."
            plan = replace(plan, reasons=(*plan.reasons, why))
        return plan

    @property
    def model(self) -> str:
        """The model's repository."""
        return self._find(self.preset).repo

    @property
    def revision(self) -> str | None:
        """The commit of the loaded model."""
        return self._revision

    def load(self, device: Device) -> None:
        """Load the model as the plan says."""
        from spectacle.generators.qwen_image_21.model import QwenImage21Model

        preset = self._find(self.preset)
        located = self.locate(preset.source, self.preset, self.resources)
        settings = self.resources.placement
        parts = self.installed_parts(self.preset, self.resources)
        plan = self.make_plan(self.preset, parts, memory.measure(device, settings), settings)
        self._loaded = QwenImage21Model(located.path, plan, device, preset.sigmas)
        self._revision = located.revision

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the images, one after the other, so that each is the same whether or not others are made with it."""
        from spectacle.generators.diffusion.references import check_form
        from spectacle.generators.diffusion.sampling import settle
        from spectacle.generators.diffusion.seeds import picture_seeds
        from spectacle.generators.diffusion.sizes import native_size

        options = job.options
        assert isinstance(options, QwenImage21Options)
        assert self._loaded is not None
        preset = self._find(self.preset)
        recipe = settle(options, preset.recipe, self.preset or DEFAULT)
        check_form(job.pictures)
        size = native_size(job.width, job.height, multiple=MULTIPLE, min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS)
        plan = self._loaded.plan
        facts: dict[str, Any] = {
            "num_inference_steps": recipe.num_inference_steps,
            "true_cfg_scale": recipe.true_cfg_scale,
            "scheduler": "FlowMatchEulerDiscreteScheduler" + (", fixed sigmas" if preset.sigmas else ""),
            "drawn": f"{size[0]}x{size[1]}",
            "placement": plan.summary("transformer"),
            **({"negative_prompt": recipe.negative_prompt} if recipe.true_cfg_scale > 1 else {}),
            **({"engine": "edit"} if job.pictures else {}),
        }
        seeds = picture_seeds(job.seed, options.num_images_per_prompt)
        pictures = self._loaded.generate(
            job.prompt,
            job.pictures,
            size=size,
            recipe=recipe,
            output_resolution=options.output_resolution,
            seeds=seeds,
            control=control,
        )
        return [Artifact(picture, facts, seed) for picture, seed in zip(pictures, seeds, strict=True)]

    def memory_advice(self, job: Job) -> str:
        """What would fit, and which settings change it."""
        fewer = ", fewer input images or a smaller output_resolution" if job.pictures else ""
        return (
            f"Request fewer than {job.width}x{job.height} pixels{fewer}, or set placement.residency or "
            f"placement.quantization to something smaller; `spectacle generators {self.name}` shows what is used now"
        )
