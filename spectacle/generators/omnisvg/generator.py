"""OmniSVG as a generator: SVGs from words, or of an attached image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spectacle.config import PlacementSettings
from spectacle.errors import (
    GeneratorError,
    OutOfMemory,
    UnreadableRequest,
    one_line,
)
from spectacle.generators.base import (
    Artifact,
    Device,
    Footprint,
    GeneratorOptions,
    InputRequirements,
    Job,
    JobControl,
    MediaType,
    Resources,
)
from spectacle.generators.omnisvg import sizes
from spectacle.generators.omnisvg.choose import Candidate, Choice, choose
from spectacle.generators.omnisvg.drawing import SIDE
from spectacle.generators.omnisvg.options import OmniSvgOptions
from spectacle.generators.omnisvg.pictures import SEEN
from spectacle.generators.omnisvg.prompts import picture_prompt, text_prompt
from spectacle.generators.omnisvg.sizes import (
    DEFAULT,
    FILE,
    MAX_CANDIDATES,
    MAX_PROMPT_TOKENS,
    PART,
    PRESETS,
    SPARE_CANDIDATES,
    TRAINED_PROMPT_TOKENS,
    Size,
    component,
)
from spectacle.generators.omnisvg.task import Task, understand
from spectacle.generators.omnisvg.tokens import SIZES, Vocabulary, decode
from spectacle.generators.placement import backends
from spectacle.generators.placement.generator import PlacedGenerator
from spectacle.generators.placement.plan import Component, Machine, Plan
from spectacle.svg import Rasteriser
from spectacle.weights import Source

if TYPE_CHECKING:
    from spectacle.generators.omnisvg.generation import Decoder, Prompt

_WHOLE_GRID = (0.0, 0.0, float(SIDE), float(SIDE))
_MAX_TITLE_LENGTH = 80
_MAX_BATCH = 8
"""Requests that are generated together: eight, of 5 to 12 SVGs each, take little longer than two."""
_BATCH_SHARE = 0.7
"""Part of the free memory that the caches of a batch may take."""
_MIN_ROOM = 16
"""So near to `max_length` an SVG did not end by itself: there was no room for another path and a curve in it."""


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a checkpoint is."""

    weights: Path
    base: Path
    prepared: bool
    revision: str | None


@dataclass(slots=True)
class LoadedOmniSvg:
    """What `load` made.

    Attributes:
        plan: Where the model is.
        decoder: The model.
        processor: Makes tokens of prompts and images.
        rasteriser: Renders candidates, to choose among them.
        revision: Commit of the weights, or None when they were prepared.
    """

    plan: Plan
    decoder: Decoder
    processor: Any
    rasteriser: Rasteriser
    revision: str | None

    def close(self) -> None:
        """Free the model; nothing can be generated after."""
        # The memory goes back to the device only once nothing refers to the model.
        del self.decoder, self.processor
        self.rasteriser.close()
        backends.of(self.plan.device).empty_cache()


class OmniSvg(PlacedGenerator):
    """Generates SVG with OmniSVG 1.1, a Qwen2.5-VL model that writes SVGs in tokens of its own.

    The same prompt or image, options and seed give the same SVGs on the same machine.
    """

    name: ClassVar[str] = "omnisvg"
    summary: ClassVar[str] = "Generates SVG from prompts, or from an attached image, with OmniSVG 1.1."
    licence: ClassVar[str] = "own code, MIT; weights: 8b Apache-2.0 underneath, 4b not for commercial use"
    Options: ClassVar[type[GeneratorOptions]] = OmniSvgOptions
    needs: ClassVar[InputRequirements] = InputRequirements(prompt=False, max_pictures=1)
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.SVG, MediaType.PNG})
    presets: ClassVar[dict[str, str]] = {
        "8b": "OmniSVG 1.1 8B, the default",
        "4b": "OmniSVG 1.1 4B: smaller and faster; not for commercial use",
    }
    extra: ClassVar[str | None] = "omnisvg"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "transformers", "accelerate", "safetensors")

    _loaded: LoadedOmniSvg | None = None
    _device = Device()

    @classmethod
    def preset_for(cls, preset: str | None, options: Mapping[str, Any]) -> str | None:
        """The one of the size that the option `model_size` names."""
        return next((name for name, size in PRESETS.items() if size.name == options.get("model_size")), preset)

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The published checkpoint, and the tokenizer and configuration of the model underneath."""
        size = cls._size_of(preset)
        return (size.weights, size.base)

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Write the published checkpoint, a pickle, as safetensors, with all that is needed to load it.

        Raises:
            GeneratorError: When the checkpoint is damaged or not what it should be, or cannot be stored in that way.
            WeightsMissing: When it is not on this machine.
        """
        if quantization not in ("none", "int8", "nf4"):
            raise GeneratorError(f"--quantize {quantization}: not possible for {cls.name}. Use none, int8 or nf4.")
        import torch

        from spectacle.generators.omnisvg import checkpoint
        from spectacle.generators.placement.memory import measure
        from spectacle.generators.placement.residency import quantization_config

        size, vocabulary = cls._size(preset)
        weights, base = (cls.locate(source, preset, resources) for source in (size.weights, size.base))
        part = component(weights.path / FILE, base.path, vocabulary.size)
        # As for a GPU, where every precision exists. It is made without one, too.
        target = replace(measure(Device("cpu"), resources.placement), device="cuda", bf16=True)
        form = sizes.make_plan(part, target, PlacementSettings(quantization=quantization))
        say(f"reading {weights.path / FILE}")
        model = checkpoint.load_published(
            weights.path / FILE,
            base.path,
            vocabulary,
            device=torch.device("cpu"),
            dtype=torch.bfloat16,
            quantization_config=quantization_config(form, PART, "transformers"),
        )
        say("writing safetensors files")
        checkpoint.save(model, checkpoint.load_processor(base.path), folder)
        return {size.weights.repo: weights.revision, size.base.repo: base.revision}

    @classmethod
    def installed_parts(cls, preset: str | None, resources: Resources) -> Sequence[Component]:
        """The model with the size of its file."""
        files = cls._files(preset, resources)
        return (component(files.weights, files.base, cls._size(preset)[1].size),)

    @classmethod
    def published_parts(cls, preset: str | None) -> Sequence[Component]:
        """The model with the size it is published with."""
        return (cls._size_of(preset).published,)

    @classmethod
    def make_plan(
        cls, preset: str | None, parts: Sequence[Component], machine: Machine, settings: PlacementSettings
    ) -> Plan:
        """Place the model; where it does not fit, a smaller one is recommended."""
        try:
            return sizes.make_plan(parts[0], machine, settings)
        except OutOfMemory as error:
            smaller = " Or use the preset 4b, which is smaller." if cls._size_of(preset) is not PRESETS["4b"] else ""
            raise OutOfMemory(f"{error.message}{smaller}") from None

    @property
    def footprint(self) -> Footprint:
        """What the plan says that the weights hold; weights that stay mapped from their file hold nothing."""
        if self._loaded is None:
            return Footprint()
        plan = self._loaded.plan
        placed = plan.of(PART)
        mapped = (
            plan.device == "cpu"
            and plan.precision == "bf16"
            and not (placed.stored_as or placed.quantization != "none")
        )
        return Footprint() if mapped else plan.held

    @classmethod
    def _size_of(cls, preset: str | None) -> Size:
        return PRESETS[cls.resolve_preset(preset) or DEFAULT]

    @classmethod
    def _size(cls, preset: str | None) -> tuple[Size, Vocabulary]:
        size = cls._size_of(preset)
        return size, SIZES[size.name]

    @classmethod
    def _files(cls, preset: str | None, resources: Resources) -> _Files:
        if (folder := resources.prepared_for(cls.name, preset)) is not None:
            return _Files(folder, folder, prepared=True, revision=None)
        size, _ = cls._size(preset)
        weights, base = (cls.locate(source, preset, resources) for source in (size.weights, size.base))
        return _Files(weights.path / FILE, base.path, prepared=False, revision=weights.revision)

    @property
    def model(self) -> str:
        """Name of the repository of the weights."""
        return self._size(self.preset)[0].weights.repo

    @property
    def revision(self) -> str | None:
        """Commit of the loaded weights, or None when they were prepared."""
        return self._loaded.revision if self._loaded is not None else None

    def load(self, device: Device) -> None:
        """Loads the model onto `device`, complete, in the best precision that fits.

        Raises:
            WeightsMissing: When weights are not on this machine.
            GeneratorError: When the checkpoint is damaged or not what it should be; what is wrong is named.
            OutOfMemory: When it does not fit.
        """
        import torch

        from spectacle.generators.omnisvg import checkpoint
        from spectacle.generators.omnisvg.generation import Decoder
        from spectacle.generators.placement.memory import measure
        from spectacle.generators.placement.residency import dtype, quantization_config

        self._device = device
        _, vocabulary = self._size(self.preset)
        files = self._files(self.preset, self.resources)
        settings = self.resources.placement
        parts = self.installed_parts(self.preset, self.resources)
        plan = self.make_plan(self.preset, parts, measure(device, settings), settings)
        how: dict[str, Any] = {
            "device": torch.device(device.torch_name),
            "dtype": dtype(plan),
            "quantization_config": quantization_config(plan, PART, "transformers"),
        }
        if files.prepared:
            model = checkpoint.load_prepared(files.weights, vocabulary, **how)
        else:
            model = checkpoint.load_published(files.weights, files.base, vocabulary, **how)
        processor = checkpoint.load_processor(files.base)
        decoder = Decoder(model, vocabulary, compile_blocks=plan.compile_repeated_blocks)
        self._loaded = LoadedOmniSvg(plan, decoder, processor, Rasteriser(), files.revision)
        self.max_batch = _MAX_BATCH if self._batches_pay(plan, decoder, measure(device, settings)) else 1

    @staticmethod
    def _batches_pay(plan: Plan, decoder: Decoder, machine: Machine) -> bool:
        """Whether several requests are generated together, faster and with the same results as alone.

        A CPU without instructions for bf16 takes as long for eight rows as for one eight times, and nobody has measured
        what it gains with int8.
        """
        if plan.device != "cpu":
            return True
        if plan.of(PART).quantization != "none" or plan.of(PART).stored_as:
            return False
        if plan.precision != "fp32" and not machine.bf16:
            return False
        from spectacle.generators.omnisvg.products import independent_of_rows

        few = 1 + SPARE_CANDIDATES
        most = _MAX_BATCH * (MAX_CANDIDATES + SPARE_CANDIDATES)
        return independent_of_rows(decoder.matrices(), few, most, decoder.model.dtype)

    def memory_advice(self, job: Job) -> str:
        """What would fit."""
        return "Lower the option num_candidates or max_length"

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Generates several candidates; returns those that show something, the best first.

        Raises:
            UnreadableRequest: There is neither a prompt nor an image, or the prompt is too long.
            BadAttachment: The task needs an image and there is none, or one that it cannot vectorize.
            BadOptions: The options ask for another size of the model, or an image is attached to a task for words.
            GeneratorError: Every candidate is blank.
        """
        assert self._loaded is not None
        task, prompt = self._understood(job, control)
        rows = self._loaded.decoder.generate(prompt)
        control.check()
        return self._artifacts(job, task, rows)

    def generate_batch(
        self, jobs: Sequence[Job], controls: Sequence[JobControl]
    ) -> Iterator[tuple[int, Sequence[Artifact] | Exception]]:
        """Generates the SVGs of several jobs together, as many at a time as memory has room for."""
        assert self._loaded is not None
        decoder = self._loaded.decoder
        waiting: dict[int, tuple[Task, Prompt]] = {}
        for number, (job, control) in enumerate(zip(jobs, controls, strict=True)):
            try:
                waiting[number] = self._understood(job, control)
            except Exception as error:
                yield number, error
        while waiting:
            numbers = self._fitting({number: decoder.cached_bytes(prompt) for number, (_, prompt) in waiting.items()})
            together = [(number, *waiting.pop(number)) for number in numbers]
            facts = {"batch": len(together)} if self._loaded.plan.device != "cpu" and len(together) > 1 else {}
            for place, made in decoder.generate_together([prompt for _, _, prompt in together]):
                number, task, _ = together[place]
                yield number, self._chosen(jobs[number], task, made, facts)

    def _chosen(
        self, job: Job, task: Task, made: list[list[int]] | Exception, facts: Mapping[str, Any]
    ) -> Sequence[Artifact] | Exception:
        if isinstance(made, Exception):
            return made
        try:
            return self._artifacts(job, task, made, facts)
        except Exception as error:
            return error

    def _fitting(self, required: Mapping[int, int]) -> list[int]:
        """The first of the jobs, and those after it that have room in memory with it."""
        from spectacle.generators.placement.memory import measure

        machine = measure(self._device, self.resources.placement)
        left = _BATCH_SHARE * (machine.ram if self._device.kind == "cpu" else machine.vram)
        chosen: list[int] = []
        for number, size in required.items():
            left -= size
            if chosen and left < 0:
                break
            chosen.append(number)
        return chosen

    def _understood(self, job: Job, control: JobControl) -> tuple[Task, Prompt]:
        from spectacle.generators.omnisvg.generation import Prompt

        assert self._loaded is not None
        options = job.options
        assert isinstance(options, OmniSvgOptions)
        task = understand(job, options, self._size(self.preset)[0])
        return task, Prompt(
            _inputs(self._loaded.processor, job, task),
            task.sampling,
            candidates=options.num_candidates + SPARE_CANDIDATES,
            max_length=options.max_length,
            seed=job.seed,
            report=lambda done, paths: control.progress(done, options.max_length, f"{paths} paths"),
        )

    def _artifacts(
        self, job: Job, task: Task, rows: Sequence[Sequence[int]], more_facts: Mapping[str, Any] | None = None
    ) -> list[Artifact]:
        loaded, options = self._loaded, job.options
        assert loaded is not None
        assert isinstance(options, OmniSvgOptions)
        size, vocabulary = self._size(self.preset)
        candidates = [
            Candidate(drawing, drawing.to_svg(SEEN, SEEN), cut=len(row) > options.max_length - _MIN_ROOM)
            for row in rows
            for drawing in [decode(row, vocabulary)]
        ]
        choices = choose(
            candidates,
            lambda svg: loaded.rasteriser.render(svg, SEEN, SEEN),
            task="image" if task.subtype is None else task.subtype,
            picture=None if task.picture is None else task.picture.picture,
        )
        if not choices:
            raise GeneratorError(
                f"all {len(rows)} candidates are blank. Try another seed, a simpler prompt, or a higher temperature."
            )
        prompt_tokens = len(loaded.processor.tokenizer(job.prompt).input_ids) if task.picture is None else 0
        facts = {
            **({"prompt_tokens": prompt_tokens, "prompt_long": True} if prompt_tokens > TRAINED_PROMPT_TOKENS else {}),
            "model_size": size.name,
            "task_type": task.name,
            **({} if task.subtype is None else {"task_subtype": task.subtype}),
            "temperature": task.sampling.temperature,
            "top_p": task.sampling.top_p,
            "top_k": task.sampling.top_k,
            "repetition_penalty": task.sampling.repetition_penalty,
            "candidates": len(rows),
            "valid_candidates": len(choices),
            "placement": loaded.plan.summary(PART),
            **(more_facts or {}),
        }
        return [
            _artifact(choice, len(rows[choice.number]), job, task, facts)
            for choice in choices[: options.num_candidates]
        ]


def _inputs(processor: Any, job: Job, task: Task) -> Mapping[str, Any]:
    if task.picture is None:
        inputs: Mapping[str, Any] = processor(text=[text_prompt(job.prompt)], return_tensors="pt")
    else:
        inputs = processor(text=[picture_prompt()], images=[task.picture.picture], return_tensors="pt")
    tokens = inputs["input_ids"].shape[1]
    if tokens > MAX_PROMPT_TOKENS:
        raise UnreadableRequest(
            f"the prompt is too long: with the words around it, it is {tokens} tokens; "
            f"the limit is {MAX_PROMPT_TOKENS}. Shorten it."
        )
    return inputs


def _artifact(choice: Choice, tokens: int, job: Job, task: Task, facts: Mapping[str, Any]) -> Artifact:
    title = one_line(job.prompt)
    svg = choice.candidate.drawing.to_svg(
        job.width,
        job.height,
        view_box=_WHOLE_GRID if task.picture is None else task.picture.view_box,
        title=title if len(title) <= _MAX_TITLE_LENGTH else title[: _MAX_TITLE_LENGTH - 1] + "…",
    )
    own = {
        "tokens": tokens,
        "paths": choice.paths,
        "complete": choice.complete,
        "coverage": round(choice.coverage, 3),
        **({} if choice.difference is None else {"difference": round(choice.difference, 2)}),
    }
    assert isinstance(job.options, OmniSvgOptions)
    seen = task.picture.picture if task.picture is not None and job.options.processed_input else None
    return Artifact(svg, {**facts, **own}, processed_input=seen)
