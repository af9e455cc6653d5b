"""What the generators of the first Qwen-Image family do alike: find, place, load, swap adapters, prepare."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from PIL import Image

from spectacle.config import PlacementSettings
from spectacle.errors import BadOptions, GeneratorError, WeightsMissing
from spectacle.generators.base import Device, Job, MediaType, Resources
from spectacle.generators.diffusion.configured_parts import parts_of
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.diffusion.loras import Lora, LoraOptions, choose, enlarged, largest, scales_of
from spectacle.generators.diffusion.qwen import gguf_file
from spectacle.generators.diffusion.sampling import Recipe
from spectacle.generators.placement import memory
from spectacle.generators.placement.components import read_component
from spectacle.generators.placement.files import bytes_in_memory, parameters, read_header
from spectacle.generators.placement.generator import PlacedGenerator
from spectacle.generators.placement.plan import Component, Machine, Place, Plan, Stage
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import QWEN_IMAGE
from spectacle.weights import Source
from spectacle.weights.prepared import open_prepared

if TYPE_CHECKING:
    from spectacle.generators.diffusion.adapter_set import AdapterSet
    from spectacle.generators.diffusion.stages import Stages

TRANSFORMER_WEIGHTS = "transformer/*.safetensors"
"""The transformer's files in the model's repository."""

WARM_UP_SIDE = 1024
"""Pixels; blocks are compiled for the number of tokens of an image of this side, and later for others."""

ADDED = {"controlnet": "QwenImageControlNetModel"}
"""The classes of parts that the models' own pipelines have not."""


class FamilyPreset(Protocol):
    """A model, perhaps an adapter, and how both are sampled."""

    @property
    def repo(self) -> str:
        """The model's repository."""

    @property
    def pipeline(self) -> str:
        """Name of the pipeline's class, which `model_index.json` names too."""

    @property
    def recipe(self) -> Recipe:
        """How it is sampled."""

    @property
    def adapter(self) -> Source | None:
        """The adapter with its only file, or None."""

    def sources(self) -> Sequence[Source]:
        """What it loads: the model, then the rest."""


@dataclass(slots=True)
class LoadedFamily:
    """What `load` made.

    Attributes:
        stages: The pipeline.
        adapters: Its adapters.
        scheduler: The scheduler that the model is published with.
        checkpoint: What it was loaded from.
        revision: The commit of that.
        adapter: The file of the preset's adapter, or None.
        machine: What was free before.
        device: Where it is.
    """

    stages: Stages
    adapters: AdapterSet
    scheduler: Any
    checkpoint: Checkpoint
    revision: str
    adapter: Path | None
    machine: Machine
    device: Device

    @property
    def plan(self) -> Plan:
        """Where its parts are."""
        return self.stages.plan

    @property
    def beside(self) -> Mapping[Path, float]:
        """The preset's adapter with its scale, unless it is fused."""
        return {} if self.adapter is None or self.plan.fused else {self.adapter: 1.0}

    def close(self) -> None:
        """Free it."""
        self.adapters.close()
        self.stages.close()


class FamilyGenerator(PlacedGenerator):
    """A generator whose presets are models of the family with or without a Lightning adapter."""

    licence: ClassVar[str] = "Apache-2.0"
    takes_parts: ClassVar[bool] = True
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = (
        "torch",
        "torchvision",
        "diffusers",
        "transformers",
        "accelerate",
        "peft",
        "safetensors",
        "gguf",
    )

    _loaded: LoadedFamily | None = None

    warm_up_pictures: ClassVar[int] = 0
    """How many input images a job has at least."""

    @classmethod
    @abstractmethod
    def find_preset(cls, preset: str | None) -> FamilyPreset:
        """A preset by name; None is the default.

        Raises:
            GeneratorError: When there is none of that name.
        """

    @classmethod
    @abstractmethod
    def components(cls, checkpoint: Checkpoint) -> Sequence[Component]:
        """The parts of a model for a plan.

        Raises:
            GeneratorError: When a file of the checkpoint is damaged.
        """

    @classmethod
    def added(cls, preset: str | None, resources: Resources) -> Mapping[str, Path]:
        """Directories of parts that the model's own pipeline has not, by name, which a preset loads immediately.

        Raises:
            WeightsMissing: When they are not on this machine.
        """
        return {}

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The model and its adapter."""
        return cls.find_preset(preset).sources()

    @classmethod
    def sources(cls, preset: str | None, resources: Resources) -> Sequence[Source]:
        """The model without the parts that come from elsewhere, these, and its adapter.

        Raises:
            GeneratorError: When the preset does not exist, or there are several GGUF files.
        """
        found = cls.find_preset(preset)
        return (*_wanted(found, resources), *parts_of(resources, found.repo).sources())

    @classmethod
    def local_parts(cls, preset: str | None, resources: Resources) -> Sequence[tuple[str, Path, str]]:
        """The parts that are files or directories of this machine."""
        return tuple(parts_of(resources, cls.find_preset(preset).repo).local())

    @classmethod
    def check_weights(cls, preset: str | None, resources: Resources) -> None:
        """As for every generator; a GGUF file in the model's directory stands for its transformer.

        Raises:
            WeightsMissing: When something is not there, or damaged.
            GeneratorError: When the preset does not exist, there are several GGUF files, or the settings name a part
                that the model has not.
        """
        super().check_weights(preset, resources)
        cls._checkpoint(preset, resources)

    @classmethod
    def installed_parts(cls, preset: str | None, resources: Resources) -> Sequence[Component]:
        """The parts of the model with the sizes of their files, the adapter's weights among the transformer's."""
        checkpoint, _ = cls._checkpoint(preset, resources)
        return cls._parts(checkpoint, cls.added(preset, resources), preset, resources)

    @classmethod
    def published_parts(cls, preset: str | None) -> Sequence[Component]:
        """The parts of Qwen-Image; its editing models have the same."""
        return QWEN_IMAGE

    @classmethod
    def make_plan(
        cls, preset: str | None, parts: Sequence[Component], machine: Machine, settings: PlacementSettings
    ) -> Plan:
        """Place the parts of a preset."""
        return make_plan(parts, machine, settings, lightning=cls.find_preset(preset).recipe.lightning, pair=True)

    @property
    def model(self) -> str:
        """The model's repository."""
        return self.find_preset(self.preset).repo

    @property
    def revision(self) -> str | None:
        """The commit of the loaded model."""
        return self._loaded.revision if self._loaded is not None else None

    def load(self, device: Device) -> None:
        """Load the model as the plan says, the preset's adapter into it; if it is compiled, generate once."""
        self._load(device, self.added(self.preset, self.resources))
        assert self._loaded is not None
        if self._loaded.plan.compile_repeated_blocks:
            self._warm_up()

    def _warm_up(self) -> None:
        """Have the blocks compiled now, by a job like those to come, so that no request waits for it."""
        steps = {} if self.find_preset(self.preset).recipe.lightning else {"num_inference_steps": 2}
        picture = Image.new("RGB", (WARM_UP_SIDE, WARM_UP_SIDE))
        options = self.Options.model_validate(steps)
        job = Job("a", *picture.size, 0, MediaType.PNG, options, [picture] * self.warm_up_pictures)
        self.generate(job, _Unwatched())

    def switch_preset(self, preset: str | None) -> bool:
        """Swap the adapter and the scheduler, where the model is the same."""
        loaded = self._loaded
        old, new = self.find_preset(self.preset), self.find_preset(preset)
        if loaded is None or old.repo != new.repo:
            return False
        if self.resources.placement.cache != "none" and old.recipe.lightning != new.recipe.lightning:
            return False
        if loaded.stages.plan.of("transformer").place is Place.DISK:
            return False  # diffusers cannot wrap weights in an adapter that it has written to disk already
        try:
            checkpoint, _ = self._checkpoint(preset, self.resources)
            adapter = self._adapter(preset, self.resources)
        except (WeightsMissing, GeneratorError):
            return False
        if checkpoint != loaded.checkpoint or (loaded.plan.fused and adapter != loaded.adapter):
            return False
        loaded.adapter = adapter
        loaded.adapters.use(loaded.beside)
        self.preset = preset
        self._set_scheduler(new)
        return True

    def use_loras(self, options: LoraOptions) -> Sequence[Lora]:
        """Have the adapters of a request at work, next to that of the preset.

        Raises:
            BadOptions: When one is not known or for another model, or cannot be added to how the model is loaded.
            WeightsMissing: When the file of one is not on this machine.
            GeneratorError: When a file is damaged, or not a LoRA for this model.
        """
        loaded = self._loaded
        assert loaded is not None
        loras = choose(options, self.resources, (self.name, self.model))
        if loras and loaded.plan.of("transformer").place is Place.DISK:
            raise BadOptions(
                "loras: not possible while the model is streamed from disk, where its weights cannot be changed. "
                "Omit them, or give the model more memory.",
                option="loras",
            )
        loaded.adapters.use(scales_of(loras, loaded.beside))
        return loras

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Write the model with the preset's adapter fused into it, its weights as they are or quantized."""
        from spectacle.generators.diffusion.preparing import write

        found = cls.find_preset(preset)
        sources = cls.sources(preset, resources)
        checkpoint, revision = cls._checkpoint(preset, replace(resources, prepared={}))
        adapter = cls.locate(found.adapter, preset, resources).path / found.adapter.files[0] if found.adapter else None
        say(f"{found.repo} at {revision[:12]}{f', with {adapter.name}' if adapter else ''}")
        added = cls.added(preset, resources)
        write(checkpoint, adapter, folder, quantization, say, pipeline=found.pipeline, added=added)
        return {source.repo: cls.locate(source, preset, resources).revision for source in sources}

    def _load(self, device: Device, added: Mapping[str, Path]) -> None:
        import diffusers
        import torch

        from spectacle.generators.diffusion.adapter_set import AdapterSet
        from spectacle.generators.diffusion.fusing import fuse_and_quantize
        from spectacle.generators.diffusion.loading import check_model, load_pipeline
        from spectacle.generators.diffusion.stages import Stages

        preset = self.find_preset(self.preset)
        for name, folder in added.items():
            check_model(folder, getattr(diffusers, ADDED[name]))
        checkpoint, revision = self._checkpoint(self.preset, self.resources)
        adapter = self._adapter(self.preset, self.resources)
        machine = memory.measure(device, self.resources.placement)
        plan = self._plan_with(checkpoint, added, machine)
        pipeline = load_pipeline(getattr(diffusers, preset.pipeline), checkpoint, plan)
        scheduler = pipeline.scheduler
        planned = largest(self.resources, (self.name, preset.repo)) + _numbers_of(None if plan.fused else adapter)
        adapters = AdapterSet(pipeline, bytes_in_memory(planned) + plan.spare(machine))
        if adapter is not None and plan.fused:
            fuse_and_quantize(pipeline, adapter, plan, torch.device(device.torch_name))
        elif adapter is not None:
            adapters.use({adapter: 1.0})
        stages = Stages(pipeline, checkpoint, plan, device)
        self._loaded = LoadedFamily(stages, adapters, scheduler, checkpoint, revision, adapter, machine, device)
        self._set_scheduler(preset)
        for name, folder in added.items():
            self._add(name, folder)

    def _need(self, added: Mapping[str, Path]) -> None:
        """Load further parts if they are missing; reload the entire model where they change its placement."""
        import diffusers

        from spectacle.generators.diffusion.loading import check_model

        loaded = self._loaded
        assert loaded is not None
        if added.keys() <= loaded.stages.added.keys():
            return
        for name, folder in added.items():
            check_model(folder, getattr(diffusers, ADDED[name]))
        before = loaded.stages.plan
        plan = self._plan_with(loaded.checkpoint, added, loaded.machine)
        if _forms(plan, before) == _forms(before, before):
            loaded.stages.plan = plan
            for name, folder in added.items():
                self._add(name, folder)
            return
        self.unload()
        try:
            self._load(loaded.device, added)
        except BaseException:
            # The jobs that follow may not need them.
            self._load(loaded.device, {})
            raise

    def _add(self, name: str, folder: Path) -> None:
        import diffusers

        from spectacle.generators.diffusion.loading import load_model

        assert self._loaded is not None
        stages = self._loaded.stages
        stages.add(name, load_model(folder, name, getattr(diffusers, ADDED[name]), stages.plan))

    def _set_scheduler(self, preset: FamilyPreset) -> None:
        from spectacle.generators.diffusion.sampling import lightning_scheduler

        loaded = self._loaded
        assert loaded is not None
        scheduler = lightning_scheduler() if preset.recipe.lightning else loaded.scheduler
        loaded.stages.pipeline.register_modules(scheduler=scheduler)

    @classmethod
    def _checkpoint(cls, preset: str | None, resources: Resources) -> tuple[Checkpoint, str]:
        """Where the model is, and its commit."""
        found = cls.find_preset(preset)
        prepared = resources.prepared_for(cls.name, preset)
        if prepared is not None:
            manifest = open_prepared(prepared, cls.name, preset)
            return Checkpoint(prepared), manifest.made_from[found.repo]
        located = cls.locate(_wanted(found, resources)[0], preset, resources)
        parts = parts_of(resources, found.repo)
        gguf = None if "transformer" in parts.names else gguf_file(resources.store, found.repo)
        checkpoint = Checkpoint(located.path, gguf={"transformer": gguf} if gguf else {})
        pull = f"spectacle pull {cls.name}{f' --preset {preset}' if preset else ''}"
        return parts.applied(checkpoint, resources, pull), located.revision

    @classmethod
    def _adapter(cls, preset: str | None, resources: Resources) -> Path | None:
        """The adapter's file; None without one, and for a prepared checkpoint, in which it is fused."""
        source = cls.find_preset(preset).adapter
        if source is None or resources.prepared_for(cls.name, preset) is not None:
            return None
        return cls.locate(source, preset, resources).path / source.files[0]

    @classmethod
    def _parts(
        cls, checkpoint: Checkpoint, added: Mapping[str, Path], preset: str | None, resources: Resources
    ) -> Sequence[Component]:
        adapter = cls._adapter(preset, resources)
        room = largest(resources, (cls.name, cls.find_preset(preset).repo))
        parts = [enlarged(_with_adapter(part, adapter), room) for part in cls.components(checkpoint)]
        activations = max(part.activations for part in parts if part.stage is Stage.DENOISE)
        # They run alongside the transformer, on the same tokens.
        parts += [
            read_component(folder, name, Stage.DENOISE, activations=activations) for name, folder in added.items()
        ]
        return parts

    def _plan_with(self, checkpoint: Checkpoint, added: Mapping[str, Path], machine: Machine) -> Plan:
        parts = self._parts(checkpoint, added, self.preset, self.resources)
        return self.make_plan(self.preset, parts, machine, self.resources.placement)


class _Unwatched:
    """The control of a job that nobody waits for."""

    def progress(self, step: int, steps: int, note: str = "") -> None:
        """Do nothing."""

    def check(self) -> None:
        """It is never cancelled."""


def _wanted(preset: FamilyPreset, resources: Resources) -> Sequence[Source]:
    """The preset's sources, without the weights of parts for which others stand."""
    model, *others = preset.sources()
    replaced = set(parts_of(resources, preset.repo).names)
    if resources.placement.quantization in ("auto", "gguf") and gguf_file(resources.store, preset.repo) is not None:
        replaced.add("transformer")
    weights = {f"{name}/*.safetensors" for name in replaced}
    return (replace(model, files=tuple(each for each in model.files if each not in weights)), *others)


def _with_adapter(part: Component, adapter: Path | None) -> Component:
    """The transformer with the adapter in it, whose weights are never quantized."""
    if adapter is None or part.name != "transformer":
        return part
    numbers = _numbers_of(adapter)
    return replace(enlarged(part, numbers), adapter=numbers)


def _numbers_of(adapter: Path | None) -> int:
    return parameters(read_header(adapter)) if adapter is not None else 0


def _forms(plan: Plan, of: Plan) -> object:
    """In which precision and where a plan has the parts of another plan."""
    parts = [plan.of(each.component) for each in of.placements]
    forms = [(each.quantization, each.place, each.pinned, each.staged, each.kept) for each in parts]
    return plan.precision, plan.vae_tiling, plan.fused, forms
