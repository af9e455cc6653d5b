"""The generator `qwen-image`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spectacle.errors import GeneratorError, WeightsMissing
from spectacle.generators.base import Artifact, Device, Generator, GeneratorOptions, Job, JobControl, Needs, Resources
from spectacle.generators.diffusion import memory
from spectacle.generators.diffusion.files import parameters, read_header, weight_files
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.placement import make_plan
from spectacle.generators.diffusion.plan import Component, Machine, Plan, Stage
from spectacle.generators.diffusion.qwen import components, gguf_file
from spectacle.generators.diffusion.seeds import generator, picture_seeds
from spectacle.generators.diffusion.steps import StepReporter
from spectacle.generators.qwen_image.options import QwenImageOptions
from spectacle.generators.qwen_image.presets import (
    CONTROLNET,
    DEFAULT,
    MODEL_FILES,
    PRESETS,
    TRANSFORMER_WEIGHTS,
    Preset,
    find_preset,
)
from spectacle.generators.qwen_image.request import Request, keep_unmasked, understand
from spectacle.weights import Source
from spectacle.weights.prepared import open_prepared

if TYPE_CHECKING:
    from spectacle.generators.diffusion.adapters import Adapters
    from spectacle.generators.diffusion.stages import Stages

_TOKENS = 8192 + 1024
"""Of the largest picture and the longest prompt."""


@dataclass(slots=True)
class _Loaded:
    """What `load` made."""

    stages: Stages
    adapters: Adapters
    scheduler: Any
    checkpoint: Checkpoint
    revision: str
    machine: Machine
    device: Device
    adapter: Path | None


class QwenImage(Generator):
    """Draws with Qwen-Image and Qwen-Image-2512, as published or with Lightning adapters."""

    name: ClassVar[str] = "qwen-image"
    summary: ClassVar[str] = "pictures from prompts with Qwen-Image: text, image to image, inpainting, control pictures"
    licence: ClassVar[str] = "Apache-2.0"
    Options: ClassVar[type[GeneratorOptions]] = QwenImageOptions
    needs: ClassVar[Needs] = Needs(max_pictures=1, mask=True, control=True)
    presets: ClassVar[Mapping[str, str]] = {name: preset.summary for name, preset in PRESETS.items()}
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = (
        "torch",
        "diffusers",
        "transformers",
        "accelerate",
        "peft",
        "safetensors",
        "gguf",
    )

    _loaded: _Loaded | None = None

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The model, its adapter, and for the preset `control` the ControlNet."""
        return find_preset(preset).sources()

    @classmethod
    def missing_weights(cls, preset: str | None = None, resources: Resources | None = None) -> str | None:
        """As for every generator; a GGUF file in the model's folder stands for its transformer."""
        resources = resources if resources is not None else Resources()
        try:
            if resources.prepared_for(cls.name, preset) is None:
                for source in _wanted(find_preset(preset), resources):
                    cls.locate(source, preset, resources)
        except (WeightsMissing, GeneratorError) as error:
            return error.message
        return None

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """How the model would be placed, from the sizes of its files."""
        found = find_preset(preset)
        checkpoint, _ = cls._checkpoint(preset, resources)
        controlnet = cls._controlnet(preset, resources) if found.control else None
        machine = memory.look(device, resources.placement)
        return _make_plan(checkpoint, controlnet, machine, found, resources).sentences

    @property
    def model(self) -> str:
        """The model's repository."""
        return find_preset(self.preset).repo

    @property
    def revision(self) -> str | None:
        """The commit of the loaded model."""
        return self._loaded.revision if self._loaded is not None else None

    def load(self, device: Device) -> None:
        """Load the model as the plan says, the preset's adapter into it."""
        self._load(device, control=find_preset(self.preset).control)

    def adopt(self, preset: str | None) -> bool:
        """Swap the adapter and the scheduler, where the model is the same."""
        loaded = self._loaded
        old, new = find_preset(self.preset), find_preset(preset)
        if loaded is None or old.repo != new.repo or (new.control and "controlnet" not in loaded.stages.added):
            return False
        if self.resources.placement.cache != "none" and old.recipe.lightning != new.recipe.lightning:
            return False
        try:
            checkpoint, _ = self._checkpoint(preset, self.resources)
            adapter = self._adapter(preset, self.resources)
        except (WeightsMissing, GeneratorError):
            return False
        if checkpoint != loaded.checkpoint:
            return False
        loaded.adapters.use(adapter)
        loaded.adapter = adapter
        self.preset = preset
        self._set_scheduler(new)
        return True

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the pictures, one after the other, so that each is the same whether or not others are made with it."""
        import diffusers

        from spectacle.generators.diffusion.qwen import encode_prompt, negative

        options = job.options
        assert isinstance(options, QwenImageOptions)
        request = understand(job, find_preset(self.preset).recipe, self.preset or DEFAULT)
        if request.pipeline == "QwenImageControlNetPipeline":
            self._need_controlnet()
        loaded = self._loaded
        assert loaded is not None
        control.check()
        recipe = request.recipe
        arguments = {
            **request.arguments,
            **encode_prompt(loaded.stages, request.prompt, options.max_sequence_length),
            "num_inference_steps": recipe.num_inference_steps,
            "true_cfg_scale": recipe.true_cfg_scale,
        }
        if recipe.true_cfg_scale > 1:
            embeddings = encode_prompt(loaded.stages, recipe.negative_prompt, options.max_sequence_length)
            arguments |= negative(embeddings)
        reporter = StepReporter(control, options.num_images_per_prompt)
        artifacts = []
        for seed in picture_seeds(job.seed, options.num_images_per_prompt):
            picture = loaded.stages.run(
                getattr(diffusers, request.pipeline), reporter, **arguments, generator=generator(seed)
            )
            if request.under is not None:
                picture = keep_unmasked(picture, request.under)
            artifacts.append(Artifact(picture, self._facts(job, request, loaded), seed))
        return artifacts

    def unload(self) -> None:
        """Free the model."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.stages.close()

    def memory_advice(self, job: Job) -> str:
        """What would fit, and which settings change it."""
        return (
            f"ask for fewer than {job.width}x{job.height} pixels, or set placement.residency or placement.quantization "
            f"to something smaller; `spectacle generators {self.name}` shows what is used now"
        )

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Write the model with the preset's adapter fused into it, its weights as they are or quantized."""
        from spectacle.generators.qwen_image.preparing import write

        found = find_preset(preset)
        sources = found.sources()
        model = cls.locate(sources[0], preset, resources)
        adapter = cls.locate(found.adapter, preset, resources).path / found.adapter.files[0] if found.adapter else None
        controlnet = cls.locate(CONTROLNET, preset, resources).path if found.control else None
        say(f"{found.repo} at {model.revision[:12]}{f', with {adapter.name}' if adapter else ''}")
        write(model.path, adapter, controlnet, folder, quantization, say)
        return {source.repo: cls.locate(source, preset, resources).revision for source in sources}

    def _facts(self, job: Job, request: Request, loaded: _Loaded) -> dict[str, Any]:
        recipe, plan = request.recipe, loaded.stages.plan
        facts: dict[str, Any] = {
            "pipeline": request.pipeline,
            "num_inference_steps": recipe.num_inference_steps,
            "true_cfg_scale": recipe.true_cfg_scale,
            "scheduler": "FlowMatchEulerDiscreteScheduler" + (", constant shift 3" if recipe.lightning else ""),
            "drawn": f"{request.arguments['width']}x{request.arguments['height']}",
            "placement": f"{plan.residency}, {plan.of('transformer').quantization}, {plan.precision}",
        }
        if recipe.true_cfg_scale > 1:
            facts["negative_prompt"] = recipe.negative_prompt
        if request.prompt != job.prompt:
            facts["prompt_suffix"] = request.prompt.removeprefix(job.prompt)
        if loaded.adapter is not None:
            facts["adapter"] = loaded.adapter.name
        if job.pictures:
            facts |= {"engine": "edit", "strength": request.arguments["strength"]}
        if job.control is not None:
            names = ("controlnet_conditioning_scale", "control_guidance_start", "control_guidance_end")
            facts |= {"controlnet": CONTROLNET.repo, **{name: request.arguments[name] for name in names}}
        return facts

    def _load(self, device: Device, *, control: bool) -> None:
        import diffusers

        from spectacle.generators.diffusion.adapters import Adapters
        from spectacle.generators.diffusion.loading import load_pipeline
        from spectacle.generators.diffusion.stages import Stages

        checkpoint, revision = self._checkpoint(self.preset, self.resources)
        adapter = self._adapter(self.preset, self.resources)
        controlnet = self._controlnet(self.preset, self.resources) if control else None
        machine = memory.measure(device, self.resources.placement)
        plan = self._plan(checkpoint, controlnet, machine)
        pipeline = load_pipeline(diffusers.QwenImagePipeline, checkpoint, plan)
        scheduler = pipeline.scheduler
        adapters = Adapters(pipeline)
        adapters.use(adapter)
        stages = Stages(pipeline, checkpoint, plan, device)
        self._loaded = _Loaded(stages, adapters, scheduler, checkpoint, revision, machine, device, adapter)
        self._set_scheduler(find_preset(self.preset))
        if controlnet is not None:
            self._add_controlnet(controlnet)

    def _set_scheduler(self, preset: Preset) -> None:
        from spectacle.generators.diffusion.sampling import lightning_scheduler

        loaded = self._loaded
        assert loaded is not None
        scheduler = lightning_scheduler() if preset.recipe.lightning else loaded.scheduler
        loaded.stages.pipeline.register_modules(scheduler=scheduler)

    def _need_controlnet(self) -> None:
        """Load the ControlNet; the whole model anew where it has to be placed otherwise beside it."""
        loaded = self._loaded
        assert loaded is not None
        if "controlnet" in loaded.stages.added:
            return
        folder = self._controlnet(self.preset, self.resources)
        plan = self._plan(loaded.checkpoint, folder, loaded.machine)
        before = loaded.stages.plan
        if (plan.placements[:-1], plan.vae_tiling) == (before.placements, before.vae_tiling):
            loaded.stages.plan = plan
            self._add_controlnet(folder)
        else:
            self.unload()
            self._load(loaded.device, control=True)

    def _add_controlnet(self, folder: Path) -> None:
        import diffusers

        from spectacle.generators.diffusion.loading import check_model, load_model

        assert self._loaded is not None
        stages = self._loaded.stages
        check_model(folder, diffusers.QwenImageControlNetModel)
        stages.add("controlnet", load_model(folder, "controlnet", diffusers.QwenImageControlNetModel, stages.plan))

    # --- what it is loaded from ----------------------------------------------------------------------------------

    @classmethod
    def _checkpoint(cls, preset: str | None, resources: Resources) -> tuple[Checkpoint, str]:
        """Where the model lies, and its commit."""
        found = find_preset(preset)
        prepared = resources.prepared_for(cls.name, preset)
        if prepared is not None:
            manifest = open_prepared(prepared, cls.name, preset)
            return Checkpoint(prepared), manifest.made_from[found.repo]
        located = cls.locate(_wanted(found, resources)[0], preset, resources)
        gguf = gguf_file(resources.store, found.repo)
        return Checkpoint(located.path, gguf={"transformer": gguf} if gguf else {}), located.revision

    @classmethod
    def _adapter(cls, preset: str | None, resources: Resources) -> Path | None:
        """The adapter's file; None without one, and for a prepared checkpoint, in which it is fused."""
        source = find_preset(preset).adapter
        if source is None or resources.prepared_for(cls.name, preset) is not None:
            return None
        return cls.locate(source, preset, resources).path / source.files[0]

    @classmethod
    def _controlnet(cls, preset: str | None, resources: Resources) -> Path:
        """The ControlNet's folder."""
        prepared = resources.prepared_for(cls.name, preset)
        if prepared is not None and (prepared / "controlnet").is_dir():
            return prepared / "controlnet"
        return cls.locate(CONTROLNET, "control", resources).path

    def _plan(self, checkpoint: Checkpoint, controlnet: Path | None, machine: Machine) -> Plan:
        return _make_plan(checkpoint, controlnet, machine, find_preset(self.preset), self.resources)


def _wanted(preset: Preset, resources: Resources) -> Sequence[Source]:
    """The preset's sources, without the transformer's weights where a GGUF file stands for them."""
    model, *others = preset.sources()
    quantization = resources.placement.quantization
    if quantization in ("auto", "gguf") and gguf_file(resources.store, preset.repo) is not None:
        files = tuple(each for each in MODEL_FILES if each != TRANSFORMER_WEIGHTS)
        model = Source(model.repo, files, model.licence, model.notice, model.size)
    return (model, *others)


def _make_plan(
    checkpoint: Checkpoint, controlnet: Path | None, machine: Machine, preset: Preset, resources: Resources
) -> Plan:
    parts = components(checkpoint, tokens=_TOKENS)
    if controlnet is not None:
        headers = [read_header(file) for file in weight_files(controlnet)]
        parts.append(
            Component(
                "controlnet",
                Stage.DENOISE,
                sum(parameters(header) for header in headers),
                activations=parts[0].activations,
            )
        )
    settings = resources.placement
    if "transformer" in checkpoint.gguf and not any((checkpoint.folder / "transformer").glob("*.safetensors")):
        settings = settings.model_copy(update={"quantization": "gguf"})
    return make_plan(parts, machine, settings, lightning=preset.recipe.lightning)
