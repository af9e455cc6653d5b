"""The generators that models of the settings are: a class for each, made of its table and its pipeline's signature."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError

from spectacle.config import LoraSettings, ModelLoraSettings, ModelPresetSettings, ModelSettings, PlacementSettings
from spectacle.errors import GeneratorError, SpectacleError, UnknownGenerator, WeightsMissing
from spectacle.generators.base import Artifact, Device, GeneratorOptions, Job, JobControl, Resources
from spectacle.generators.diffusion.configured_parts import WHOLE, parts_of
from spectacle.generators.diffusion.licences import notice_of
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.loras import (
    Lora,
    LoraOptions,
    choose,
    enlarged,
    facts_of,
    find_lora,
    largest,
    scales_of,
    with_triggers,
)
from spectacle.generators.pipelines.options import options_for
from spectacle.generators.pipelines.parts import read_parts
from spectacle.generators.pipelines.request import MAX_SCALE, keep_unmasked, requirements, understand
from spectacle.generators.pipelines.signature import PipelineSignature, read_signature
from spectacle.generators.placement import memory
from spectacle.generators.placement.files import bytes_in_memory, parameters, read_header
from spectacle.generators.placement.generator import PlacedGenerator
from spectacle.generators.placement.plan import Component, Machine, Place, Plan, Stage
from spectacle.generators.placement.planner import make_plan
from spectacle.weights import WEIGHTS, Source, without
from spectacle.weights.prepared import open_prepared

if TYPE_CHECKING:
    from spectacle.generators.pipelines.model import PipelineModel

_FILES = ("model_index.json", "*/*.json")
_OPTIONAL = ("*/*.txt", "*/*.model", "*/*.jinja")
"""What tokenizers may have in addition."""

_USUAL_PIXELS = 1024 * 1024
"""Pixels of a model's images for a plan, where the settings do not say: those of most models."""


class PipelineGenerator(PlacedGenerator):
    """What all models have in common. `generator_for` makes a class of it for each."""

    settings: ClassVar[ModelSettings]
    signature: ClassVar[PipelineSignature | None]
    takes_parts: ClassVar[bool] = True
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = ("torch", "diffusers", "transformers", "accelerate", "peft", "safetensors")

    _loaded: PipelineModel | None = None
    _revision: str | None = None
    _is_prepared: bool = False

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The model's repository, and those of the adapters that it names itself."""
        model = cls.settings
        variant = f"*/*.{model.variant}*afetensors" if model.variant else WEIGHTS
        optional = (*_OPTIONAL, *((WEIGHTS,) if model.variant else ()))
        notice = model.notice or notice_of(model.licence, model.repository)
        source = Source(
            model.repository,
            (*_FILES, variant),
            licence=model.licence,
            notice=notice,
            optional=optional,
            revision=model.revision,
        )
        return (source, *(each for lora in cls._using(preset).loras if (each := _lora_source(lora)) is not None))

    @classmethod
    def sources(cls, preset: str | None, resources: Resources) -> Sequence[Source]:
        """The model without the weights of parts that come from elsewhere, these parts, and the adapters."""
        parts = parts_of(resources, cls.name, cls.settings.repository)
        model, *others = cls.weights(preset)
        if WHOLE in parts.names:
            model = replace(model, files=_FILES, optional=_OPTIONAL)
        elif parts.names:
            own = [f"{name}/*" for name in parts.names]
            files = tuple(each if each in _FILES else without(each, *own) for each in model.files)
            optional = tuple(without(each, *own) if each == WEIGHTS else each for each in model.optional)
            model = replace(model, files=files, optional=optional)
        return (model, *parts.sources(), *others)

    @classmethod
    def local_parts(cls, preset: str | None, resources: Resources) -> Sequence[tuple[str, Path, str]]:
        """The parts that are files or directories of this machine."""
        return tuple(parts_of(resources, cls.name, cls.settings.repository).local())

    @classmethod
    def check_weights(cls, preset: str | None, resources: Resources) -> None:
        """As for every generator; also whether the adapters are there, and the repository's pipeline can be run.

        Raises:
            WeightsMissing: When something is not there, or damaged.
            GeneratorError: When the repository is for another pipeline, or an adapter for another model.
        """
        checkpoint, _, prepared = cls._find(preset, resources)
        read_signature(cls.settings.pipeline or checkpoint.pipeline)
        cls._loras(preset, resources, prepared)

    @classmethod
    def installed_parts(cls, preset: str | None, resources: Resources) -> Sequence[Component]:
        """The parts of the model with the sizes of their files."""
        checkpoint, _, prepared = cls._find(preset, resources)
        pixels = cls.settings.sizes.max_pixels or int(_USUAL_PIXELS * MAX_SCALE**2)
        adapters = cls._room(cls._loras(preset, resources, prepared), resources)
        parts = read_parts(checkpoint, pixels, fp16=cls.settings.dtype == "fp16")
        return [enlarged(part, adapters) for part in parts]

    @classmethod
    def published_parts(cls, preset: str | None) -> Sequence[Component]:
        """None: how large a model is that is not here is not known."""
        return ()

    @classmethod
    def make_plan(
        cls, preset: str | None, parts: Sequence[Component], machine: Machine, settings: PlacementSettings
    ) -> Plan:
        """Place the parts; none is read from its files for each prompt, for a pipeline runs as a whole."""
        dtype = cls.settings.dtype
        precision = None if dtype == "auto" or (dtype == "fp16" and machine.device == "cpu") else dtype
        return make_plan(parts, machine, settings, staging=False, precision=precision)

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """How the model would be placed; nothing is known of that before its weights are here."""
        try:
            cls.installed_parts(preset, resources)
        except WeightsMissing:
            return (f"How it would be placed is known once its weights are here: run `spectacle pull {cls.name}`.",)
        return super().plan(preset, device, resources)

    @classmethod
    def notes(cls) -> Sequence[str]:
        """What it is made from, and what attached images are for."""
        model, signature = cls.settings, cls.signature
        lines = [f"Repository: {model.repository}{f' at {model.revision}' if model.revision else ''}."]
        if signature is None:
            return (*lines, "Its options are known once the weights are here, or `pipeline` is set.")
        lines.append(f"Pipeline of diffusers: {signature.name}.")
        if signature.is_edit:
            lines.append("Input images are edited as the prompt says.")
        elif requirements(signature).max_pictures:
            lines.append("With an input image: image to image. With a mask as well: its white areas are repainted.")
        return lines

    @property
    def model(self) -> str:
        """The model's repository."""
        return self.settings.repository

    @property
    def revision(self) -> str | None:
        """The commit of the loaded model."""
        return self._revision

    def load(self, device: Device) -> None:
        """Load the pipeline as the plan says, with the adapters and the scheduler of the preset."""
        from spectacle.generators.pipelines.model import PipelineModel

        checkpoint, revision, prepared = self._find(self.preset, self.resources)
        signature = self._signature_of(checkpoint)
        loras = self._loras(self.preset, self.resources, prepared)
        settings = self.resources.placement
        parts = self.installed_parts(self.preset, self.resources)
        machine = memory.measure(device, settings)
        plan = self.make_plan(self.preset, parts, machine, settings)
        room = bytes_in_memory(self._room(loras, self.resources)) + plan.spare(machine)
        loaded = PipelineModel(signature.name, checkpoint, plan, device, scales_of(loras), room)
        try:
            if not prepared:
                loaded.use_scheduler(self._using(self.preset))
        except GeneratorError as error:
            loaded.close()
            raise GeneratorError(f"models.{self.name}: {error.message}") from None
        except BaseException:
            loaded.close()
            raise
        self._loaded, self._revision, self._is_prepared = loaded, revision, prepared

    def switch_preset(self, preset: str | None) -> bool:
        """Swap the adapters and the scheduler, where the weights are the same."""
        loaded = self._loaded
        if loaded is None or self._is_prepared or self.resources.prepared_for(self.name, preset) is not None:
            return preset == self.preset
        try:
            loras = self._loras(preset, self.resources, prepared=False)
            if loras and self._streams_from_disk():
                return False
            loaded.use_loras(scales_of(loras))
            loaded.use_scheduler(self._using(preset))
        except SpectacleError:
            return False
        self.preset = preset
        return True

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the images, one after the other, so that each is the same whether or not others are made with it."""
        from spectacle.generators.diffusion.seeds import picture_seeds
        from spectacle.generators.diffusion.steps import StepReporter

        loaded = self._loaded
        assert loaded is not None
        signature = self._signature_of(loaded.checkpoint)
        preset = self._using(self.preset)
        if self._is_prepared:
            preset = preset.model_copy(update={"loras": (), "scheduler": None, "scheduler_options": {}})
        call = understand(job, signature, self.settings, preset, loaded.native)
        own = self._loras(self.preset, self.resources, self._is_prepared)
        asked = choose(job.options, self.resources, self._models()) if isinstance(job.options, LoraOptions) else []
        if (own or asked) and self._streams_from_disk():
            raise GeneratorError(
                f"{self.name}: no LoRA can be used while the model is streamed from disk. Omit the LoRA, or give the "
                "model more memory."
            )
        loaded.use_loras(scales_of([*own, *asked]))
        prompt = with_triggers(job.prompt, [*own, *asked])
        count = getattr(job.options, "num_images_per_prompt", 1)
        reporter = StepReporter(control, count, call.arguments.get("num_inference_steps", 1))
        facts = self._facts(job, call.pipeline, call.arguments, call.size) | facts_of([*own, *asked])
        artifacts = []
        with loaded.watched(reporter):
            for seed in picture_seeds(job.seed, count):
                for picture in loaded.generate(call.pipeline, prompt, call.arguments, seed, reporter):
                    made = picture if call.under is None else keep_unmasked(picture, call.under)
                    drawn = {} if call.size is not None else {"drawn": f"{picture.width}x{picture.height}"}
                    artifacts.append(Artifact(made, {**facts, **drawn}, seed))
        return artifacts

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Write the model with the preset's adapters fused into it, its weights as they are or quantized."""
        from spectacle.generators.pipelines.preparing import write

        checkpoint, revision, _ = cls._find(preset, replace(resources, prepared={}))
        loras = cls._loras(preset, resources, prepared=False)
        say(f"{cls.settings.repository} at {revision[:12]}{f', {len(loras)} LoRA' if loras else ''}")
        write(
            cls._signature_of(checkpoint).name,
            checkpoint,
            scales_of(loras),
            cls._using(preset),
            folder,
            cls.settings.dtype,
            quantization,
            say,
        )
        sources = cls.sources(preset, resources)
        return {source.repo: cls.locate(source, preset, resources).revision for source in sources}

    def _facts(
        self, job: Job, pipeline: str, arguments: Mapping[str, Any], size: tuple[int, int] | None
    ) -> dict[str, Any]:
        loaded = self._loaded
        assert loaded is not None
        plain = {name: value for name, value in arguments.items() if isinstance(value, bool | int | float | str)}
        plain = {name: value for name, value in plain.items() if name not in ("width", "height")}
        denoiser = next((each for each in loaded.plan.placements if _denoises(each.component)), None)
        return {
            "pipeline": pipeline,
            **plain,
            "scheduler": loaded.scheduler,
            **({"drawn": f"{size[0]}x{size[1]}"} if size is not None else {}),
            **({"placement": loaded.plan.summary(denoiser.component)} if denoiser is not None else {}),
            **loaded.checkpoint.facts,
            **({"licence": self.licence} if self.licence else {}),
            **({"engine": "edit"} if job.pictures else {}),
        }

    @classmethod
    def _models(cls) -> tuple[str, str]:
        """What adapters may be for."""
        return cls.name, cls.settings.repository

    @classmethod
    def _room(cls, own: Sequence[Lora], resources: Resources) -> int:
        """How many weights the adapters of a preset have together with the largest that a request may name."""
        return sum(parameters(read_header(each.file)) for each in own) + largest(resources, cls._models())

    def _streams_from_disk(self) -> bool:
        assert self._loaded is not None
        return any(each.place is Place.DISK for each in self._loaded.plan.placements)

    @classmethod
    def _using(cls, preset: str | None) -> ModelPresetSettings:
        return cls.settings.using(cls.resolve_preset(preset))

    @classmethod
    def _signature_of(cls, checkpoint: Checkpoint) -> PipelineSignature:
        """What the pipeline takes, of whose class the settings or else the repository say.

        Raises:
            UnknownGenerator: When there is no such pipeline.
        """
        found = cls.signature or read_signature(cls.settings.pipeline or checkpoint.pipeline)
        assert found is not None
        return found

    @classmethod
    def _find(cls, preset: str | None, resources: Resources) -> tuple[Checkpoint, str, bool]:
        """Where the model is, its commit, and whether it is a prepared one, in which adapters are fused."""
        variant = cls.settings.variant
        prepared = resources.prepared_for(cls.name, preset)
        if prepared is not None:
            manifest = open_prepared(prepared, cls.name, preset)
            return Checkpoint(prepared, variant), manifest.made_from.get(cls.settings.repository, ""), True
        located = cls.locate(cls.sources(preset, resources)[0], preset, resources)
        parts = parts_of(resources, cls.name, cls.settings.repository)
        checkpoint = parts.applied(Checkpoint(located.path, variant), resources, f"spectacle pull {cls.name}")
        return checkpoint, located.revision, False

    @classmethod
    def _loras(cls, preset: str | None, resources: Resources, prepared: bool) -> list[Lora]:
        """The adapters of a preset.

        Raises:
            GeneratorError: When one is not known, or for other models.
            WeightsMissing: When the file of one is not on this machine.
        """
        if prepared:
            return []
        found = []
        for each in cls._using(preset).loras:
            name, settings = each.name or Path(each.file or "").stem, _lora_settings(each, cls.name, resources)
            if settings.models and not {cls.name, cls.settings.repository} & set(settings.models):
                raise GeneratorError(
                    f"models.{cls.name}.loras: {name} is only for {', '.join(settings.models)}. Use another LoRA."
                )
            try:
                found.append(find_lora(name, settings, each.scale, resources))
            except WeightsMissing as error:
                if each.name is not None or each.repository is None:
                    raise
                said = error.message.partition(" Run `spectacle")[0]
                raise WeightsMissing(f"{said} Run `spectacle pull {cls.name}` on this host.") from None
        return found


def generator_for(name: str, model: ModelSettings, resources: Resources) -> type[PipelineGenerator]:
    """The generator that a model is.

    Args:
        name: Its name.
        model: Its table in the settings.
        resources: Where its weights may be, which say of what class its pipeline is.

    Raises:
        UnknownGenerator: When its pipeline is not one of diffusers, or its options are not those of the pipeline.
    """
    pipeline = model.pipeline
    if pipeline is None:
        # Before the weights are here, nothing says what they are for.
        with suppress(SpectacleError, OSError):
            pipeline = Checkpoint(resources.store.locate(_plain_source(model)).path).pipeline
    return _made(name, model.model_dump_json(), pipeline)


@cache
def _made(name: str, text: str, pipeline: str | None) -> type[PipelineGenerator]:
    model = ModelSettings.model_validate_json(text)
    try:
        signature = read_signature(pipeline) if pipeline else None
    except UnknownGenerator as error:
        raise UnknownGenerator(f"models.{name}: {error.message}") from None
    options = options_for(name, model, signature)
    if signature is not None:
        for key, preset in ((None, model), *model.presets.items()):
            _check(name, key, preset, options)
    words = [word.capitalize() for word in re.split(r"[^a-z0-9]+", name)]
    return type(
        "".join(words),
        (PipelineGenerator,),
        {
            "__doc__": model.summary or f"The model {model.repository}.",
            "__module__": __name__,
            "name": name,
            "summary": model.summary or f"Generates images with {model.repository}.",
            "licence": model.licence,
            "settings": model,
            "signature": signature,
            "Options": options,
            "needs": requirements(signature),
            "presets": {key: preset.summary for key, preset in model.presets.items()},
        },
    )


def _check(name: str, preset: str | None, settings: ModelPresetSettings, options: type[GeneratorOptions]) -> None:
    where = f"models.{name}{f'.presets.{preset}' if preset else ''}.options"
    try:
        options.model_validate(settings.options)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            known = ", ".join(options.model_fields)
            raise UnknownGenerator(f"{where}.{first['loc'][0]}: not an option of its pipeline. Use {known}.") from None
        raise UnknownGenerator(
            f"{where}.{first['loc'][0]}: {first['input']!r} is not valid: {first['msg']}. Use another value."
        ) from None


def _plain_source(model: ModelSettings) -> Source:
    return Source(model.repository, _FILES, model.licence)


def _lora_source(lora: ModelLoraSettings) -> Source | None:
    if lora.repository is None or lora.file is None:
        return None
    return Source(lora.repository, (lora.file,), licence=lora.licence, revision=lora.revision)


def _lora_settings(lora: ModelLoraSettings, model: str, resources: Resources) -> LoraSettings:
    if lora.name is None:
        assert lora.file is not None
        scale = 1.0 if lora.scale is None else lora.scale
        return LoraSettings(
            file=lora.file, repository=lora.repository, revision=lora.revision, scale=scale, licence=lora.licence
        )
    if lora.name not in resources.loras:
        raise GeneratorError(f"models.{model}.loras: {lora.name} is not configured. Add a table [loras.{lora.name}].")
    return resources.loras[lora.name]


def _denoises(component: str) -> bool:
    from spectacle.generators.pipelines.parts import stage_of

    return stage_of(component) is Stage.DENOISE
