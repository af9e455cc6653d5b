"""The generator `botanical`: SDXL with a LoRA of old plates, and a ControlNet that follows the lines of a sketch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PIL import Image

from spectacle.config import PlacementSettings
from spectacle.errors import BadAttachment, BadOptions, GeneratorError
from spectacle.generators.base import (
    Artifact,
    Device,
    GeneratorOptions,
    InputRequirements,
    Job,
    JobControl,
    Resources,
)
from spectacle.generators.botanical.edges import canny_edges
from spectacle.generators.botanical.options import TRIGGER, BotanicalOptions
from spectacle.generators.botanical.sources import BASE, CONTROLNET, LORA, LORA_FILE, VAE
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.sizes import fit_picture, native_size
from spectacle.generators.placement import memory
from spectacle.generators.placement.components import read_component
from spectacle.generators.placement.generator import PlacedGenerator
from spectacle.generators.placement.plan import Component, Machine, Plan
from spectacle.generators.placement.published import SDXL_CONTROLNET
from spectacle.weights import Source
from spectacle.weights.prepared import open_prepared

if TYPE_CHECKING:
    from spectacle.generators.botanical.model import LoadedBotanical

MULTIPLE = 8
"""What the sides of images are multiples of: the VAE makes a latent of 8×8 pixels."""
MIN_PIXELS, MAX_PIXELS = 640 * 640, 1536 * 1536
"""Images of fewer or more pixels are generated within these bounds and resampled: SDXL was trained at 1024×1024."""


class Botanical(PlacedGenerator):
    """Generates botanical plates as they were printed a century ago."""

    name: ClassVar[str] = "botanical"
    summary: ClassVar[str] = "Generates botanical plates from prompts, or from a sketch whose lines it follows."
    licence: ClassVar[str] = "openrail++ (SDXL, ControlNet), MIT (VAE), other (LoRA)"
    Options: ClassVar[type[GeneratorOptions]] = BotanicalOptions
    needs: ClassVar[InputRequirements] = InputRequirements(max_pictures=1, control=True)
    presets: ClassVar[Mapping[str, str]] = {
        "sketch": "with a ControlNet, so that a sketch leads; the default",
        "plain": "from the prompt alone: smaller, because it loads no ControlNet",
    }
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = ("torch", "diffusers", "transformers", "peft", "cv2")

    _loaded: LoadedBotanical | None = None
    _revision: str | None = None

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The base, its VAE and the LoRA, and the ControlNet unless the preset is `plain`."""
        return (BASE, VAE, LORA) if preset == "plain" else (BASE, CONTROLNET, VAE, LORA)

    @classmethod
    def installed_parts(cls, preset: str | None, resources: Resources) -> Sequence[Component]:
        """The parts of a preset with the sizes of their files."""
        checkpoint, _, _ = cls._find(preset, resources)
        published = cls.published_parts(preset)
        folders = [checkpoint.folder_of(part.name) for part in published]
        return [
            replace(
                read_component(
                    folder.parent,
                    folder.name,
                    part.stage,
                    activations=part.activations,
                    tiled_activations=part.tiled_activations,
                    fp16=part.fp16,
                ),
                name=part.name,
            )
            for part, folder in zip(published, folders, strict=True)
        ]

    @classmethod
    def published_parts(cls, preset: str | None) -> Sequence[Component]:
        """The parts of SDXL, with the ControlNet unless the preset is `plain`."""
        return [part for part in SDXL_CONTROLNET if preset != "plain" or part.name != "controlnet"]

    @classmethod
    def make_plan(
        cls, preset: str | None, parts: Sequence[Component], machine: Machine, settings: PlacementSettings
    ) -> Plan:
        """Place the parts of a preset.

        A text encoder that comes and goes with its files would come without its adapter, so none is staged.
        """
        plan = super().make_plan(preset, parts, machine, settings)
        if any(placement.staged for placement in plan.placements):
            offloading = settings.model_copy(update={"residency": "model-offload"})
            plan = super().make_plan(preset, parts, machine, offloading)
        return plan

    @classmethod
    def _find(cls, preset: str | None, resources: Resources) -> tuple[Checkpoint, Path | None, str]:
        """Where the weights are, the LoRA's file unless it is part of them, and of which commits they are."""
        prepared = resources.prepared_for(cls.name, preset)
        if prepared is not None:
            made_from = open_prepared(prepared, cls.name, preset).made_from
            return Checkpoint(prepared), None, f"{made_from[BASE.repo]} + {made_from[LORA.repo]}"
        base, vae, lora = (cls.locate(source, preset, resources) for source in (BASE, VAE, LORA))
        elsewhere = {"vae": vae.path}
        if preset != "plain":
            elsewhere["controlnet"] = cls.locate(CONTROLNET, preset, resources).path
        checkpoint = Checkpoint(base.path, "fp16", elsewhere=elsewhere)
        return checkpoint, lora.path / LORA_FILE, f"{base.revision} + {lora.revision}"

    @property
    def model(self) -> str:
        """The base and the LoRA."""
        return f"{BASE.repo} + {LORA.repo}"

    @property
    def revision(self) -> str | None:
        """The commits of the base and the LoRA."""
        return self._revision

    def load(self, device: Device) -> None:
        """Load the pipeline, with the LoRA next to its weights, or a prepared one in which it is part of them."""
        from spectacle.generators.botanical import model

        checkpoint, lora, self._revision = self._find(self.preset, self.resources)
        parts = self.installed_parts(self.preset, self.resources)
        settings = self.resources.placement
        plan = self.make_plan(self.preset, parts, memory.measure(device, settings), settings)
        self._loaded = model.load(self.preset, checkpoint, plan, lora, device)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Generate the plates, one after the other."""
        from spectacle.generators.botanical import model
        from spectacle.generators.diffusion.seeds import generator, picture_seeds
        from spectacle.generators.diffusion.steps import StepReporter

        options = job.options
        assert isinstance(options, BotanicalOptions) and self._loaded is not None
        stages = self._loaded.stages
        size = native_size(job.width, job.height, multiple=MULTIPLE, min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS)
        edges = self._edges(job, options, size)
        self._set_scale(self._loaded, options.lora_scale)
        prompt = _with_trigger(job.prompt) if options.trigger_words else job.prompt
        reporter = StepReporter(control, options.num_images_per_prompt, options.num_inference_steps)
        with stages.watched(reporter):
            embeddings = model.encode(stages, prompt, options)
        facts = {
            "num_inference_steps": options.num_inference_steps,
            "guidance_scale": options.guidance_scale,
            "negative_prompt": options.negative_prompt,
            "lora_scale": options.lora_scale,
            "lora": LORA.repo,
            "controlnet": CONTROLNET.repo if edges is not None else None,
            "prompt_used": prompt,
            "prompt_cut": model.is_cut(stages, prompt),
            "scheduler": type(stages.pipeline.scheduler).__name__,
            "placement": stages.plan.summary("unet"),
        }
        if edges is not None:
            facts["engine"] = "edit"
        artifacts = []
        with stages.watched(reporter):
            for seed in picture_seeds(job.seed, options.num_images_per_prompt):
                picture = model.generate(stages, embeddings, edges, options, size, reporter, generator(seed))
                artifacts.append(Artifact(picture, facts, seed))
        return artifacts

    def memory_advice(self, job: Job) -> str:
        """What would fit."""
        return (
            "Use the preset plain, which loads no ControlNet, or set placement.residency to group-offload; "
            "a smaller image needs slightly less"
        )

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Fuse the LoRA, and write everything as safetensors in half precision."""
        from spectacle.generators.botanical.prepare import prepare

        if quantization != "none":
            raise GeneratorError(
                f"--quantize {quantization}: botanical is prepared in half precision only. Omit --quantize."
            )
        located = {source.repo: cls.locate(source, preset, resources) for source in cls.weights(preset)}
        prepare(preset, folder, located, say)
        return {repo: each.revision for repo, each in located.items()}

    def _edges(self, job: Job, options: BotanicalOptions, size: tuple[int, int]) -> Image.Image | None:
        if job.control is None and not job.pictures:
            return None
        if self.preset == "plain":
            raise BadAttachment(
                "the preset plain of botanical does not follow a sketch. Remove the image, or use the preset sketch."
            )
        if job.control is not None and job.pictures:
            raise BadAttachment(
                "botanical accepts a sketch as the input image or its edges as the control image, not both. "
                "Remove one of them."
            )
        if job.control is not None:
            return fit_picture(job.control, size)
        return canny_edges(job.pictures[0], size, options.low_threshold, options.high_threshold)

    def _set_scale(self, loaded: LoadedBotanical, scale: float) -> None:
        if loaded.adapters is not None and loaded.lora is not None:
            loaded.adapters.use({loaded.lora: scale} if scale else {})
        elif scale != 1:
            raise BadOptions(
                f"lora_scale = {scale:g}: the LoRA is part of the prepared weights, at 1. Omit the option, or use "
                f"pulled weights."
            )


def _with_trigger(prompt: str) -> str:
    return prompt if TRIGGER.lower() in prompt.lower() else f"{TRIGGER} - {prompt}"
