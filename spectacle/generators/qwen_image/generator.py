"""The generator `qwen-image`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from spectacle.generators.base import Artifact, GeneratorOptions, InputRequirements, Job, JobControl, Resources
from spectacle.generators.control_maps.maps import ControlMap, settle_map
from spectacle.generators.diffusion import qwen
from spectacle.generators.diffusion.family import FamilyGenerator, LoadedFamily
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.loras import Lora, facts_of, with_triggers
from spectacle.generators.diffusion.seeds import generator, picture_seeds
from spectacle.generators.diffusion.steps import StepReporter
from spectacle.generators.placement.plan import Component
from spectacle.generators.qwen_image.options import QwenImageOptions
from spectacle.generators.qwen_image.presets import CONTROLNET, DEFAULT, PRESETS, QwenImagePreset
from spectacle.generators.qwen_image.request import FOR_CONTROL, PipelineCall, keep_unmasked, understand

_TOKENS = 8192 + 1024
"""Of the largest image and the longest prompt."""


class QwenImage(FamilyGenerator):
    """Generates with Qwen-Image and Qwen-Image-2512, as published or with Lightning adapters."""

    name: ClassVar[str] = "qwen-image"
    summary: ClassVar[str] = "Generates images from prompts with Qwen-Image; also image to image, inpainting, control."
    Options: ClassVar[type[GeneratorOptions]] = QwenImageOptions
    needs: ClassVar[InputRequirements] = InputRequirements(max_pictures=1, mask=True, control=True)
    presets: ClassVar[Mapping[str, str]] = {name: preset.summary for name, preset in PRESETS.items()}

    @classmethod
    def find_preset(cls, preset: str | None) -> QwenImagePreset:
        """A preset by name; None is the default."""
        return PRESETS[cls.resolve_preset(preset) or DEFAULT]

    @classmethod
    def components(cls, checkpoint: Checkpoint) -> Sequence[Component]:
        """The parts of a model, for the largest image."""
        return qwen.components(checkpoint, tokens=_TOKENS)

    @classmethod
    def added(cls, preset: str | None, resources: Resources) -> Mapping[str, Path]:
        """The ControlNet, for the preset `control`."""
        return cls._controlnet(preset, resources) if cls.find_preset(preset).control else {}

    @classmethod
    def notes(cls) -> Sequence[str]:
        """What attached images are for."""
        return (
            "With an input image: image to image. With a mask as well: its white areas are repainted.",
            "With a control image (Canny or soft edges, depth, a pose): an image that follows it.",
            "Of an ordinary control image, a map is made; see control_is and control_map.",
            "The ControlNet that this needs is downloaded by `spectacle pull qwen-image --preset control`.",
        )

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the images, one after the other, so that each is the same whether or not others are made with it."""
        options = job.options
        assert isinstance(options, QwenImageOptions)
        loras = self.use_loras(options)
        job = replace(job, prompt=with_triggers(job.prompt, loras))
        made: ControlMap | None = None
        if job.control is not None:
            made = settle_map(job.control, options, self.resources)
            job = replace(job, control=made.image)
        request = understand(job, self.find_preset(self.preset).recipe, self.preset or DEFAULT)
        control.check()
        if job.control is not None:
            self._need(self._controlnet(self.preset, self.resources))
        loaded = self._loaded
        assert loaded is not None
        count = options.num_images_per_prompt
        reporter = StepReporter(control, count, request.recipe.num_inference_steps)
        with loaded.stages.watched(reporter):
            artifacts = self._make(job, request, loaded, loras, reporter)
        if made is not None:
            artifacts = [replace(each, facts={**each.facts, **made.facts}) for each in artifacts]
        return artifacts

    def _make(
        self, job: Job, request: PipelineCall, loaded: LoadedFamily, loras: Sequence[Lora], reporter: StepReporter
    ) -> Sequence[Artifact]:
        import diffusers

        options, recipe = job.options, request.recipe
        assert isinstance(options, QwenImageOptions)
        arguments = {
            **request.arguments,
            **qwen.encode_prompt(loaded.stages, request.prompt, options.max_sequence_length),
            "num_inference_steps": recipe.num_inference_steps,
            "true_cfg_scale": recipe.true_cfg_scale,
        }
        if recipe.true_cfg_scale > 1:
            embeddings = qwen.encode_prompt(loaded.stages, recipe.negative_prompt, options.max_sequence_length)
            arguments |= qwen.negative(embeddings)
        kind = getattr(diffusers, request.pipeline)
        artifacts = []
        for seed in picture_seeds(job.seed, options.num_images_per_prompt):
            picture = loaded.stages.run(kind, reporter, **arguments, generator=generator(seed))
            if request.under is not None:
                picture = keep_unmasked(picture, request.under)
            artifacts.append(Artifact(picture, {**_facts(job, request, loaded), **facts_of(loras)}, seed))
        return artifacts

    @classmethod
    def _controlnet(cls, preset: str | None, resources: Resources) -> Mapping[str, Path]:
        """The ControlNet's directory, of a prepared checkpoint that has one, or as it was pulled."""
        prepared = resources.prepared_for(cls.name, preset)
        if prepared is not None and (prepared / "controlnet").is_dir():
            return {"controlnet": prepared / "controlnet"}
        return {"controlnet": cls.locate(CONTROLNET, "control", resources).path}


def _facts(job: Job, request: PipelineCall, loaded: LoadedFamily) -> dict[str, Any]:
    recipe, plan, arguments = request.recipe, loaded.stages.plan, request.arguments
    facts: dict[str, Any] = {
        "pipeline": request.pipeline,
        "num_inference_steps": recipe.num_inference_steps,
        "true_cfg_scale": recipe.true_cfg_scale,
        "scheduler": "FlowMatchEulerDiscreteScheduler" + (", constant shift 3" if recipe.lightning else ""),
        "drawn": f"{arguments['width']}x{arguments['height']}",
        "placement": plan.summary("transformer"),
        **loaded.checkpoint.facts,
    }
    if recipe.true_cfg_scale > 1:
        facts["negative_prompt"] = recipe.negative_prompt
    if request.prompt != job.prompt:
        facts["prompt_suffix"] = request.prompt.removeprefix(job.prompt)
    assert isinstance(job.options, QwenImageOptions)
    if qwen.is_cut(loaded.stages, request.prompt, job.options.max_sequence_length):
        facts["prompt_cut"] = True
    if loaded.adapter is not None:
        facts["adapter"] = loaded.adapter.name
    if job.pictures:
        facts |= {"engine": "edit", "strength": arguments["strength"]}
    if job.control is not None:
        facts |= {"controlnet": CONTROLNET.repo, **{name: arguments[name] for name in FOR_CONTROL}}
    return facts
