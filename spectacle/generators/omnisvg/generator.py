"""OmniSVG as a generator: drawings from words, or of an attached picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from spectacle.config import PlacementSettings
from spectacle.errors import (
    BadAttachment,
    BadOptions,
    GeneratorError,
    OutOfMemory,
    UnreadableRequest,
    WeightsMissing,
)
from spectacle.generators.base import (
    Artifact,
    Device,
    Footprint,
    Generator,
    GeneratorOptions,
    Job,
    JobControl,
    MediaType,
    Needs,
    Resources,
)
from spectacle.generators.omnisvg.choose import Candidate, Choice, choose
from spectacle.generators.omnisvg.drawing import SIDE
from spectacle.generators.omnisvg.pictures import SEEN, Prepared, prepare
from spectacle.generators.omnisvg.prompts import infer_subtype, picture_prompt, text_prompt
from spectacle.generators.omnisvg.sampling import Sampling, Subtype, default_sampling
from spectacle.generators.omnisvg.sizes import (
    DEFAULT,
    FILE,
    LONGEST,
    LONGEST_PROMPT,
    MOST_CANDIDATES,
    PART,
    PRESETS,
    SPARE_CANDIDATES,
    Size,
    component,
    make_plan,
)
from spectacle.generators.omnisvg.tokens import SIZES, Vocabulary, decode
from spectacle.generators.placement.plan import Component, Machine, Plan
from spectacle.svg import Rasteriser
from spectacle.weights import Source

if TYPE_CHECKING:
    from spectacle.generators.omnisvg.generation import Decoder

_TEXT_TASK: Literal["text-to-svg"] = "text-to-svg"
_PICTURE_TASK: Literal["image-to-svg"] = "image-to-svg"
_WHOLE_GRID = (0.0, 0.0, float(SIDE), float(SIDE))
_LONGEST_TITLE = 80
_ANY_GPU = (8, 0)
"""Compute capability of one that computes in bf16."""
_SHORTEST_ROOM = 16
"""So near to `max_length` a drawing did not end by itself: there was no room for another path and a curve in it."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What a job asks for."""

    name: Literal["text-to-svg", "image-to-svg"]
    subtype: Subtype | None
    sampling: Sampling
    picture: Prepared | None


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a checkpoint lies."""

    weights: Path
    base: Path
    prepared: bool
    revision: str | None


class OmniSvg(Generator):
    """Draws with OmniSVG 1.1, a Qwen2.5-VL model that writes drawings in tokens of its own.

    The same prompt or picture, options and seed give the same drawings on the same machine.
    """

    name: ClassVar[str] = "omnisvg"
    summary: ClassVar[str] = "Drawings from words, or of an attached picture, by OmniSVG 1.1."
    licence: ClassVar[str] = "own code, MIT; weights: 8b Apache-2.0 underneath, 4b not for commercial use"
    needs: ClassVar[Needs] = Needs(prompt=False, max_pictures=1)
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.SVG, MediaType.PNG})
    presets: ClassVar[dict[str, str]] = {
        "8b": "OmniSVG 1.1 8B, the default",
        "4b": "OmniSVG 1.1 4B: smaller and faster; not for commercial use",
    }
    extra: ClassVar[str | None] = "omnisvg"
    packages: ClassVar[tuple[str, ...]] = ("torch", "torchvision", "transformers", "accelerate", "safetensors")

    class Options(GeneratorOptions):
        """Settings for one request, by the names that OmniSVG's servers use."""

        task_type: Literal["text-to-svg", "image-to-svg"] | None = Field(
            None, description="Draw the prompt, or the attached picture. Absent: the picture if there is one."
        )
        model_size: Literal["4B", "8B"] | None = Field(
            None, description="The size that must answer. Which one does is set by the preset of the kind."
        )
        task_subtype: Literal["icon", "illustration"] | None = Field(
            None, description="What to draw from a prompt. Absent: told from its words."
        )
        num_candidates: int = Field(
            4, ge=1, le=MOST_CANDIDATES, description="How many drawings to return at most, the best first."
        )
        max_length: int = Field(1536, ge=256, le=LONGEST, description="Most tokens of a drawing.")
        temperature: float | None = Field(
            None, ge=0.05, le=1.5, description="How daring: 0.3 for pictures, 0.5 for icons, 0.6 for illustrations."
        )
        top_p: float | None = Field(
            None, ge=0.1, le=1, description="Draw from the likeliest tokens with this probability together."
        )
        top_k: int | None = Field(None, ge=1, le=200, description="Draw from at most so many tokens.")
        repetition_penalty: float | None = Field(
            None, ge=1, le=2, description="Make tokens less likely that the drawing has already; 1 does nothing."
        )
        replace_background: bool = Field(
            True, description="Make the background of the attached picture white before it is looked at."
        )
        return_png: bool = Field(False, description="The same as png.")

        @model_validator(mode="before")
        @classmethod
        def _png_by_another_name(cls, given: Any) -> Any:
            if isinstance(given, dict) and given.get("return_png") is True:
                return {**given, "png": True}
            return given

    _plan: Plan | None = None
    _decoder: Decoder | None = None
    _processor: Any = None
    _rasteriser: Rasteriser | None = None
    _revision: str | None = None

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
        form = make_plan(part, target, PlacementSettings(quantization=quantization))
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
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """How the model would be placed on `device`, from the size of its file, or the published one without it."""
        from spectacle.generators.placement.memory import look
        from spectacle.generators.placement.published import FROM_PUBLISHED_SIZES

        settings = resources.placement
        machine = look(device, settings)
        try:
            files = cls._files(preset, resources)
        except WeightsMissing:
            return (
                *cls._place(preset, cls._size_of(preset).published, machine, settings).sentences,
                FROM_PUBLISHED_SIZES,
            )
        return cls._place(preset, cls._part(preset, files), machine, settings).sentences

    @classmethod
    def demand(cls, preset: str | None, device: Device, resources: Resources, held: Footprint) -> Footprint | None:
        """What the plan says that would be made if nothing were loaded."""
        from spectacle.generators.placement.memory import measure

        machine = measure(device, resources.placement).with_freed(held)
        part = cls._part(preset, cls._files(preset, resources))
        return cls._place(preset, part, machine, resources.placement).demand

    @property
    def footprint(self) -> Footprint:
        """What the plan says that the weights hold; weights that stay mapped from their file hold nothing."""
        plan = self._plan
        if plan is None:
            return Footprint()
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

    @classmethod
    def _part(cls, preset: str | None, files: _Files) -> Component:
        return component(files.weights, files.base, cls._size(preset)[1].size)

    @classmethod
    def _place(cls, preset: str | None, part: Component, machine: Machine, settings: PlacementSettings) -> Plan:
        try:
            return make_plan(part, machine, settings)
        except OutOfMemory as error:
            smaller = "; or choose the preset 4b, which is smaller" if cls._size_of(preset) is not PRESETS["4b"] else ""
            raise OutOfMemory(f"{error.message}{smaller}") from None

    @property
    def model(self) -> str:
        """Name of the repository of the weights."""
        return self._size(self.preset)[0].weights.repo

    @property
    def revision(self) -> str | None:
        """Commit of the loaded weights, or None when they were prepared."""
        return self._revision

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
        plan = self._place(self.preset, self._part(self.preset, files), measure(device, settings), settings)
        how: dict[str, Any] = {
            "device": torch.device(str(device)),
            "dtype": dtype(plan),
            "quantization_config": quantization_config(plan, PART, "transformers"),
        }
        if files.prepared:
            model = checkpoint.load_prepared(files.weights, vocabulary, **how)
        else:
            model = checkpoint.load_published(files.weights, files.base, vocabulary, **how)
        self._processor = checkpoint.load_processor(files.base)
        self._decoder = Decoder(model, vocabulary, compile_blocks=plan.compile_repeated_blocks)
        self._rasteriser = Rasteriser()
        self._revision = files.revision
        self._plan = plan

    def unload(self) -> None:
        """Frees the model."""
        if self._decoder is None:
            return
        import torch

        self._decoder = self._processor = self._plan = None
        if self._rasteriser is not None:
            self._rasteriser.close()
            self._rasteriser = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def memory_advice(self, job: Job) -> str:
        """What would fit."""
        return "set the option num_candidates or max_length to less"

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Draws what the job asks for, several times; returns the drawings that show something, the best first.

        Raises:
            UnreadableRequest: There is neither a prompt nor a picture, or the prompt is too long.
            BadAttachment: The task needs a picture and there is none, or one that it cannot draw.
            BadOptions: The options ask for another size of the model, or for words to be drawn with a picture there.
            GeneratorError: No drawing shows anything.
        """
        assert self._decoder is not None and self._rasteriser is not None and self._plan is not None
        options = job.options
        assert isinstance(options, self.Options)
        size, vocabulary = self._size(self.preset)
        task = _task(job, options, size)
        rows = self._decoder.generate(
            self._inputs(job, task),
            task.sampling,
            candidates=options.num_candidates + SPARE_CANDIDATES,
            max_length=options.max_length,
            seed=job.seed,
            report=lambda done, paths: control.progress(done, options.max_length, f"{paths} paths"),
        )
        control.check()
        candidates = [
            Candidate(drawing, drawing.to_svg(SEEN, SEEN), cut=len(row) > options.max_length - _SHORTEST_ROOM)
            for row in rows
            for drawing in [decode(row, vocabulary)]
        ]
        rasteriser = self._rasteriser
        choices = choose(
            candidates,
            lambda svg: rasteriser.render(svg, SEEN, SEEN),
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
            "placement": self._plan.summary(PART),
        }
        return [
            _artifact(choice, len(rows[choice.number]), job, task, facts)
            for choice in choices[: options.num_candidates]
        ]

    def _inputs(self, job: Job, task: _Task) -> Mapping[str, Any]:
        if task.picture is None:
            inputs: Mapping[str, Any] = self._processor(text=[text_prompt(job.prompt)], return_tensors="pt")
        else:
            inputs = self._processor(text=[picture_prompt()], images=[task.picture.picture], return_tensors="pt")
        tokens = inputs["input_ids"].shape[1]
        if tokens > LONGEST_PROMPT:
            raise UnreadableRequest(
                f"the prompt is too long: with the words around it, it takes {tokens} tokens, "
                f"and there is room for {LONGEST_PROMPT}: shorten it"
            )
        return inputs


def _task(job: Job, options: OmniSvg.Options, size: Size) -> _Task:
    if options.model_size not in (None, size.name):
        raise BadOptions(
            f"model_size is {options.model_size}, but this kind is served by OmniSVG {size.name}: "
            f"ask for a kind with the preset {options.model_size.lower()}, or leave model_size out"
        )
    name = options.task_type or (_PICTURE_TASK if job.pictures else _TEXT_TASK)
    if name == _PICTURE_TASK and not job.pictures:
        raise BadAttachment("task_type is image-to-svg, but no picture is attached: attach one")
    if name == _TEXT_TASK and job.pictures:
        raise BadOptions("task_type is text-to-svg, but a picture is attached: leave one of them out")
    if name == _TEXT_TASK and not job.prompt:
        raise UnreadableRequest("there is neither a prompt nor a picture: write what is to be drawn, or attach one")
    picture = prepare(job.pictures[0], replace_background=options.replace_background) if job.pictures else None
    subtype = None if picture is not None else options.task_subtype or infer_subtype(job.prompt)
    names = ("temperature", "top_p", "top_k", "repetition_penalty")
    asked = {each: value for each in names if (value := getattr(options, each)) is not None}
    return _Task(name, subtype, replace(default_sampling(subtype), **asked), picture)


def _artifact(choice: Choice, tokens: int, job: Job, task: _Task, facts: Mapping[str, Any]) -> Artifact:
    title = " ".join(job.prompt.split())
    svg = choice.candidate.drawing.to_svg(
        job.width,
        job.height,
        view_box=_WHOLE_GRID if task.picture is None else task.picture.view_box,
        title=title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…",
    )
    own = {
        "tokens": tokens,
        "paths": choice.paths,
        "complete": choice.complete,
        "coverage": round(choice.coverage, 3),
        **({} if choice.difference is None else {"difference": round(choice.difference, 2)}),
    }
    return Artifact(svg, {**facts, **own})
