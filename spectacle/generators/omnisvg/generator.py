"""OmniSVG as a generator: drawings from words, or of an attached picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    MAX_PROMPT_TOKENS,
    PART,
    PRESETS,
    SPARE_CANDIDATES,
    Size,
    component,
)
from spectacle.generators.omnisvg.task import Task, understand
from spectacle.generators.omnisvg.tokens import SIZES, Vocabulary, decode
from spectacle.generators.placement.generator import PlacedGenerator
from spectacle.generators.placement.plan import Component, Machine, Plan
from spectacle.svg import Rasteriser
from spectacle.weights import Source

if TYPE_CHECKING:
    from spectacle.generators.omnisvg.generation import Decoder

_WHOLE_GRID = (0.0, 0.0, float(SIDE), float(SIDE))
_MAX_TITLE_LENGTH = 80
_ANY_GPU = (8, 0)
"""Compute capability of one that computes in bf16."""
_MIN_ROOM = 16
"""So near to `max_length` a drawing did not end by itself: there was no room for another path and a curve in it."""


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a checkpoint lies."""

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
        processor: Makes tokens of prompts and pictures.
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
        import torch

        # The memory goes back to the device only once nothing refers to the model.
        del self.decoder, self.processor
        self.rasteriser.close()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class OmniSvg(PlacedGenerator):
    """Generates SVG with OmniSVG 1.1, a Qwen2.5-VL model that writes drawings in tokens of its own.

    The same prompt or picture, options and seed give the same drawings on the same machine.
    """

    name: ClassVar[str] = "omnisvg"
    summary: ClassVar[str] = "Drawings from words, or of an attached picture, by OmniSVG 1.1."
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
            raise GeneratorError(f"{cls.name} cannot store weights as {quantization}: choose none, int8 or nf4")
        import torch

        from spectacle.generators.omnisvg import checkpoint
        from spectacle.generators.placement.memory import measure
        from spectacle.generators.placement.residency import quantization_config

        size, vocabulary = cls._size(preset)
        weights, base = (cls.locate(source, preset, resources) for source in (size.weights, size.base))
        part = component(weights.path / FILE, base.path, vocabulary.size)
        # As for a GPU, where there is every form. It is made without one, too.
        target = replace(measure(Device("cpu"), resources.placement), capability=_ANY_GPU)
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
            smaller = "; or choose the preset 4b, which is smaller" if cls._size_of(preset) is not PRESETS["4b"] else ""
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
        return PRESETS[cls.named(preset) or DEFAULT]

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
        """Loads the model onto `device`, whole, in the best precision that fits.

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

        _, vocabulary = self._size(self.preset)
        files = self._files(self.preset, self.resources)
        settings = self.resources.placement
        parts = self.installed_parts(self.preset, self.resources)
        plan = self.make_plan(self.preset, parts, measure(device, settings), settings)
        how: dict[str, Any] = {
            "device": torch.device(str(device)),
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

    def memory_advice(self, job: Job) -> str:
        """What would fit."""
        return "set the option num_candidates or max_length to less"

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Generates several candidates; returns those that show something, the best first.

        Raises:
            UnreadableRequest: There is neither a prompt nor a picture, or the prompt is too long.
            BadAttachment: The task needs a picture and there is none, or one that it cannot vectorize.
            BadOptions: The options ask for another size of the model, or a picture is attached to a task for words.
            GeneratorError: No drawing shows anything.
        """
        loaded = self._loaded
        assert loaded is not None
        options = job.options
        assert isinstance(options, OmniSvgOptions)
        size, vocabulary = self._size(self.preset)
        task = understand(job, options, size)
        rows = loaded.decoder.generate(
            _inputs(loaded.processor, job, task),
            task.sampling,
            candidates=options.num_candidates + SPARE_CANDIDATES,
            max_length=options.max_length,
            seed=job.seed,
            report=lambda done, paths: control.progress(done, options.max_length, f"{paths} paths"),
        )
        control.check()
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
                f"none of {len(rows)} drawings shows anything: try another seed, plainer words, or a higher temperature"
            )
        facts = {
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
            f"the prompt is too long: with the words around it, it takes {tokens} tokens, "
            f"and there is room for {MAX_PROMPT_TOKENS}: shorten it"
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
    return Artifact(svg, {**facts, **own})
