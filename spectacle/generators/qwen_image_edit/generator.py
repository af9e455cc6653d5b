"""The generator `qwen-image-edit`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from spectacle.generators.base import Artifact, GeneratorOptions, InputRequirements, Job, JobControl
from spectacle.generators.diffusion import qwen
from spectacle.generators.diffusion.family import FamilyGenerator, LoadedFamily
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.loras import facts_of, with_triggers
from spectacle.generators.diffusion.sampling import Recipe, settle
from spectacle.generators.diffusion.seeds import generator, picture_seeds
from spectacle.generators.diffusion.steps import StepReporter
from spectacle.generators.placement.plan import Component
from spectacle.generators.qwen_image_edit.control import control_for
from spectacle.generators.qwen_image_edit.modes import MODES, EditMode
from spectacle.generators.qwen_image_edit.options import QwenImageEditOptions
from spectacle.generators.qwen_image_edit.presets import DEFAULT, PRESETS, QwenImageEditPreset
from spectacle.generators.qwen_image_edit.request import Edit, understand

_PICTURE_TOKENS = 4096 + 256
_TOKENS = 8192 + 1024 + 3 * _PICTURE_TOKENS
"""Of the largest result, the longest prompt, and three images as the VAE and the text encoder see them."""


class QwenImageEdit(FamilyGenerator):
    """Edits with Qwen-Image-Edit, -2509 and -2511, as published or with Lightning adapters."""

    name: ClassVar[str] = "qwen-image-edit"
    summary: ClassVar[str] = "Edits one image or several as the prompt asks, with Qwen-Image-Edit; sixteen edit modes."
    Options: ClassVar[type[GeneratorOptions]] = QwenImageEditOptions
    needs: ClassVar[InputRequirements] = InputRequirements(max_pictures=10, mask=True, control=True)
    presets: ClassVar[Mapping[str, str]] = {name: preset.summary for name, preset in PRESETS.items()}
    warm_up_pictures: ClassVar[int] = 1

    @classmethod
    def find_preset(cls, preset: str | None) -> QwenImageEditPreset:
        """A preset by name; None is the default."""
        return PRESETS[cls.resolve_preset(preset) or DEFAULT]

    @classmethod
    def components(cls, checkpoint: Checkpoint) -> Sequence[Component]:
        """The parts of a model, for the largest result with three images."""
        return qwen.components(checkpoint, tokens=_TOKENS)

    @classmethod
    def notes(cls) -> Sequence[str]:
        """The edit modes."""
        return (
            "Edit modes, for the option mode; without one, 1 to 10 input images and the prompt alone:",
            *(
                f"{mode.number:>4}  {mode.name:<20} {mode.summary}: {', '.join(_needs(mode))}"
                for mode in MODES.values()
            ),
            "With a mask: one input image, repainted where the mask is white.",
            "Presets whose names begin with `edit` take one image in all.",
        )

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the images, one after the other, so that each is the same whether or not others are made with it."""
        import diffusers

        options = job.options
        assert isinstance(options, QwenImageEditOptions)
        loaded = self._loaded
        assert loaded is not None
        preset = self.find_preset(self.preset)
        loras = self.use_loras(options)
        job = replace(job, prompt=with_triggers(job.prompt, loras))
        if (made := control_for(job, options, self.resources)) is not None:
            job = replace(job, control=made.image)
        edit = understand(job, preset.base)
        recipe = settle(options, _recipe(preset, edit.mode), self.preset or DEFAULT)
        control.check()
        kind = getattr(diffusers, edit.pipeline)
        reporter = StepReporter(control, options.num_images_per_prompt, recipe.num_inference_steps)
        with loaded.stages.watched(reporter):
            arguments = {
                **edit.arguments,
                **_embeddings(loaded, kind, edit, recipe),
                "num_inference_steps": recipe.num_inference_steps,
                "true_cfg_scale": recipe.true_cfg_scale,
            }
            artifacts = []
            for seed in picture_seeds(job.seed, options.num_images_per_prompt):
                picture = loaded.stages.run(kind, reporter, **arguments, generator=generator(seed))
                facts = {
                    **_facts(job, edit, recipe, loaded),
                    "drawn": f"{picture.width}x{picture.height}",
                    **facts_of(loras),
                    **(made.facts if made is not None else {}),
                }
                artifacts.append(Artifact(edit.keep_unmasked(picture), facts, seed))
            return artifacts

    def memory_advice(self, job: Job) -> str:
        """What would fit, and which settings change it."""
        advice = super().memory_advice(job)
        return f"{advice}; fewer input images help too" if len(job.pictures) > 1 else advice


def _recipe(preset: QwenImageEditPreset, mode: EditMode | None) -> Recipe:
    """The preset's recipe, with the steps that the mode asks for where they are free and more."""
    recipe = preset.recipe
    if mode is None or recipe.lightning:
        return recipe
    return replace(recipe, num_inference_steps=max(recipe.num_inference_steps, mode.num_inference_steps))


def _embeddings(loaded: LoadedFamily, kind: type[Any], edit: Edit, recipe: Recipe) -> dict[str, Any]:
    from spectacle.generators.qwen_image_edit.encoding import encode_prompt

    embeddings = encode_prompt(loaded.stages, kind, edit.prompt, edit.pictures)
    if recipe.true_cfg_scale > 1:
        embeddings |= qwen.negative(encode_prompt(loaded.stages, kind, recipe.negative_prompt, edit.pictures))
    return embeddings


def _facts(job: Job, edit: Edit, recipe: Recipe, loaded: LoadedFamily) -> dict[str, Any]:
    plan = loaded.stages.plan
    facts: dict[str, Any] = {
        "engine": "edit",
        "pipeline": edit.pipeline,
        "num_inference_steps": recipe.num_inference_steps,
        "true_cfg_scale": recipe.true_cfg_scale,
        "scheduler": "FlowMatchEulerDiscreteScheduler" + (", constant shift 3" if recipe.lightning else ""),
        "placement": plan.summary("transformer"),
        **loaded.checkpoint.facts,
    }
    if recipe.true_cfg_scale > 1:
        facts["negative_prompt"] = recipe.negative_prompt
    if edit.mode is not None:
        facts |= {"mode": f"{edit.mode.number} {edit.mode.name}", "edit_prompt": edit.prompt}
    if loaded.adapter is not None:
        facts["adapter"] = loaded.adapter.name
    if edit.under is not None:
        facts["strength"] = edit.arguments["strength"]
    return facts


def _needs(mode: EditMode) -> Iterator[str]:
    yield mode.pictures
    if mode.control:
        yield f"{mode.control} as the control image"
    for name, default in mode.parameters.items():
        yield f"option {name}{'' if default is None else ' (optional)'}"
