"""Decides where the parts of a model live and in which form: a pure function from sizes and free memory to a plan.

The order of preference is that of quality first: unquantized weights before int8 before 4 bits, and for each the
fastest residency that fits. Where unquantized weights could only be streamed, int8 weights that stay on the GPU come
first: they are nearly the same, and nothing is moved at each step. There is no fp8: casting a base model to it directly
gives a grid of artefacts under a LoRA that was trained on bf16.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError, OutOfMemory
from spectacle.generators.placement.plan import (
    LIBRARIES,
    Component,
    Machine,
    Place,
    Placement,
    Plan,
    Precision,
    Quantization,
    Residency,
    Stage,
    gigabytes,
)

GPU_ALLOWANCE = 1_000_000_000
"""Bytes of GPU memory for the CUDA context, workspaces of libraries, and fragments: an allowance, not a measurement."""

HOST_ALLOWANCE = 3_000_000_000
"""Bytes of host memory for the process with its libraries: an allowance, not a measurement."""

MOST_PINNED = 0.5
"""Part of the free memory that may be page-locked, so that the rest of the machine is not squeezed."""

MOST_UNTILED = 0.9
"""Part of the free GPU memory that a plan may need which decodes in one piece; what that takes is known least well."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A way of holding one component."""

    quantization: Quantization
    place: Place
    pinned: bool = False
    staged: bool = False


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of holding the whole model."""

    quantization: Quantization
    residency: Residency
    pinned: bool = False


_GPU_WAYS = (
    _Way("none", "device"),
    _Way("none", "staged"),
    _Way("none", "model-offload"),
    _Way("int8", "device"),
    _Way("int8", "staged"),
    _Way("int8", "model-offload"),
    _Way("none", "group-offload", pinned=True),
    _Way("int8", "group-offload", pinned=True),
    _Way("int8", "group-offload"),
    _Way("none", "group-offload"),
    _Way("gguf", "device"),
    _Way("nf4", "device"),
    _Way("gguf", "staged"),
    _Way("nf4", "staged"),
    _Way("gguf", "model-offload"),
    _Way("nf4", "model-offload"),
    _Way("gguf", "group-offload", pinned=True),
    _Way("nf4", "group-offload", pinned=True),
    _Way("gguf", "group-offload"),
    _Way("nf4", "group-offload"),
    _Way("none", "disk-offload"),
    _Way("gguf", "disk-offload"),
    _Way("nf4", "disk-offload"),
)
"""Best first. int8 is never on disk: the files of diffusers' disk offloading cannot hold torchao's tensors."""

_CPU_WAYS = (
    _Way("none", "device"),
    _Way("none", "staged"),
    _Way("int8", "device"),
    _Way("int8", "staged"),
    _Way("gguf", "device"),
    _Way("gguf", "staged"),
    _Way("nf4", "device"),
    _Way("nf4", "staged"),
    _Way("none", "disk-offload"),
)

_WORDS: dict[Residency, str] = {
    "device": "Everything on the GPU in",
    "staged": "All but the text encoder on the GPU in",
    "model-offload": "One model at a time on the GPU in",
    "group-offload": "Streaming in",
    "disk-offload": "Reading from disk in",
}


@dataclass(frozen=True, slots=True)
class _Candidate:
    way: _Way
    plan: Plan
    pinned: int


def make_plan(
    components: Sequence[Component],
    machine: Machine,
    settings: PlacementSettings,
    *,
    lightning: bool = False,
) -> Plan:
    """Place a model: the best quality that fits, and of that the fastest.

    Args:
        components: The parts of the model.
        machine: What is free.
        settings: The section `[placement]`. What it says outright is done, whether it fits or not.
        lightning: Whether a LoRA for few steps is used: it allows no cache of steps, and no plain fp8 weights.

    Raises:
        OutOfMemory: When nothing fits; the message says what would.
        GeneratorError: When what the settings ask for cannot be done at all; the message says what to change.
    """
    if lightning and (plain := [each.name for each in components if each.stored_as == "fp8"]):
        raise GeneratorError(
            f"{', '.join(plain)}: fp8 weights without scales give a grid of artefacts under a Lightning LoRA: "
            f"use bf16 files and placement.quantization = int8, or scaled fp8 made for that LoRA"
        )
    if machine.capability is None and (packed := [each.name for each in components if each.stored_as == "nf4"]):
        raise GeneratorError(
            f"{', '.join(packed)}: diffusers loads nf4 files with a GPU only: prepare it as int8, or leave out "
            f"[weights.prepared] and set placement.quantization = nf4, which packs the weights on loading"
        )
    problem = _Problem(tuple(components), machine, settings)
    candidates = list(problem.candidates())
    if not candidates:
        raise GeneratorError(problem.impossible())
    chosen = next((each for each in candidates if problem.fits(each)), None)
    risks: tuple[str, ...] = ()
    if chosen is None:
        if settings.quantization == "auto" and settings.residency == "auto":
            raise OutOfMemory(problem.does_not_fit(candidates))
        chosen = min(candidates, key=problem.excess)
        risks = (problem.risk(chosen.plan),)
    cache = settings.cache
    reasons = list(problem.reasons(chosen, candidates))
    if lightning and cache != "none":
        cache = "none"
        reasons.append(f"placement.cache = {settings.cache} is off: with so few steps there is nothing to skip.")
    return replace(chosen.plan, cache=cache, reasons=tuple(reasons), risks=risks)


@dataclass(frozen=True, slots=True)
class _Problem:
    components: tuple[Component, ...]
    machine: Machine
    settings: PlacementSettings

    @property
    def device(self) -> Literal["cuda", "cpu"]:
        return "cpu" if self.machine.capability is None else "cuda"

    @property
    def precisions(self) -> tuple[Precision, ...]:
        half = all(each.fp16 for each in self.components)
        if self.machine.capability is not None:
            if half:
                return ("fp16",)
            return ("bf16",) if self.machine.capability >= (8, 0) else ("fp32",)
        return ("bf16",) if self.machine.cpu_bf16 and not half else ("fp32", "bf16")

    # --- what could be done --------------------------------------------------------------------------------------

    def candidates(self) -> Iterator[_Candidate]:
        """Everything that can be done, best first, whether it fits or not."""
        for way in self.ways():
            for precision in self.precisions[-1:] if way.residency == "disk-offload" else self.precisions:
                for encoder in self.encoders(way):
                    for tiling in self.tilings():
                        yield self.candidate(way, precision, encoder, tiling)

    def ways(self) -> Iterator[_Way]:
        settings = self.settings
        ways = _GPU_WAYS if self.device == "cuda" else _CPU_WAYS
        residency = settings.residency
        if self.device == "cpu" and residency in ("model-offload", "group-offload"):
            residency = "device"
        quantizable = any(each.is_quantizable for each in self.components)
        for way in ways:
            if residency not in ("auto", way.residency) or not self._can_be(way):
                continue
            if settings.quantization not in ("auto", way.quantization) and quantizable:
                continue
            if way.quantization != "none" and not (
                quantizable and LIBRARIES[way.quantization] in self.machine.packages
            ):
                continue
            yield way

    def _may_be(self, quantization: str) -> bool:
        return all(quantization in each.quantizations for each in self.components)

    def _can_be(self, way: _Way) -> bool:
        if way.quantization != "none" and not self._may_be(way.quantization):
            return False
        if way.quantization != "gguf" and any(each.only_gguf for each in self.components):
            return False
        denoisers = [each for each in self.components if each.stage is Stage.DENOISE]
        if way.quantization == "gguf" and not any(each.gguf for each in denoisers):
            return False
        if way.residency == "disk-offload" and any(each.stored_as == "int8" for each in self.components):
            return False
        if way.residency in ("group-offload", "disk-offload"):
            return any(each.blocks for each in denoisers)
        if way.residency in ("staged", "model-offload"):
            return len(self.components) > 1
        return True

    def encoders(self, way: _Way) -> Iterator[_Form]:
        """How the text encoders may be held along with a way, best first."""
        levels = self._encoder_levels(way)
        least = levels[0]
        if way.residency == "device":
            yield from (_Form(level, Place.DEVICE) for level in levels)
        elif self.device == "cpu":
            place = Place.DISK if way.residency == "disk-offload" else Place.DEVICE
            yield from (_Form(level, place, staged=True) for level in levels)
        else:
            if way.residency != "disk-offload":
                for level in levels:
                    yield _Form(level, Place.OFFLOAD)
                    if way.residency != "model-offload":
                        yield _Form(level, Place.STREAM, pinned=True)
                        yield _Form(level, Place.STREAM)
            yield _Form(least, Place.DEVICE, staged=True)
            yield _Form(least, Place.STREAM, staged=True)

    def _encoder_levels(self, way: _Way) -> list[Quantization]:
        asked = self.settings.quantization
        if asked in ("none", "int8", "nf4"):
            return [asked]
        # Never 4 bits: reading more for a new prompt costs less than what would be lost of it.
        levels: list[Quantization] = ["none"]
        if "torchao" in self.machine.packages and not (way.quantization == "none" and way.residency == "device"):
            levels.append("int8")
        return levels

    def tilings(self) -> tuple[bool, ...]:
        if self.settings.vae_tiling is not None:
            return (self.settings.vae_tiling,)
        return (False, True) if any(each.tiled_activations for each in self.components) else (False,)

    # --- what it costs -------------------------------------------------------------------------------------------

    def candidate(self, way: _Way, precision: Precision, encoder: _Form, tiling: bool) -> _Candidate:
        placements = tuple(self._placed(each, way, encoder, precision) for each in self.components)
        pairs = list(zip(self.components, placements, strict=True))
        cost = self._cpu_cost if self.device == "cpu" else self._gpu_cost
        vram, ram = cost(pairs, precision, tiling)
        on_device = (Place.DEVICE,)
        plan = Plan(
            device=self.device,
            precision=precision,
            residency=way.residency,
            placements=placements,
            vae_tiling=tiling,
            attention=self.settings.attention,
            compile_repeated_blocks=self.settings.compile_repeated_blocks,
            cache=self.settings.cache,
            offload_directory=self.settings.offload_directory,
            vram=vram,
            ram=ram,
            moved=sum(
                placed.size
                for each, placed in pairs
                if each.stage is Stage.DENOISE and placed.place in (Place.STREAM, Place.DISK)
            ),
            moved_per_prompt=sum(
                placed.size
                for each, placed in pairs
                if (each.stage is Stage.ENCODE and (placed.staged or placed.place not in on_device))
                or (each.stage is Stage.DENOISE and placed.place is Place.OFFLOAD)
            ),
        )
        return _Candidate(way, plan, sum(placed.size for placed in placements if placed.pinned))

    def _placed(self, component: Component, way: _Way, encoder: _Form, precision: Precision) -> Placement:
        if component.stage is Stage.ENCODE and component.is_large:
            form = encoder
            if form.place in (Place.STREAM, Place.DISK) and not component.blocks:
                form = replace(form, place=Place.DEVICE if form.staged else Place.OFFLOAD, pinned=False)
        elif component.stage is Stage.DENOISE and way.residency == "group-offload" and component.blocks:
            form = _Form(way.quantization, Place.STREAM, pinned=way.pinned)
        elif component.stage is Stage.DENOISE and way.residency == "disk-offload" and component.blocks:
            form = _Form(way.quantization, Place.DISK)
        elif way.residency == "model-offload":
            form = _Form(way.quantization, Place.OFFLOAD)
        else:
            form = _Form(way.quantization, Place.DEVICE)
        quantization = form.quantization if component.is_quantizable else "none"
        if quantization == "gguf" and not component.gguf:
            quantization = "none"
        size = component.size(quantization, precision)
        return Placement(component.name, quantization, form.place, form.pinned, form.staged, size, component.stored_as)

    def _gpu_cost(
        self, pairs: Sequence[tuple[Component, Placement]], precision: Precision, tiling: bool
    ) -> tuple[int, int]:
        resident = sum(placed.size for _, placed in pairs if placed.place is Place.DEVICE and not placed.staged)
        running, ram = [0], HOST_ALLOWANCE
        for stage in Stage:
            while_it_runs, beside = 0, 0
            for component, placed in pairs:
                if component.stage is not stage:
                    continue
                if placed.place in (Place.STREAM, Place.DISK):
                    while_it_runs += component.window(placed.size)
                elif placed.staged or placed.place is Place.OFFLOAD:
                    while_it_runs += placed.size
                beside = max(beside, component.tiled(tiling))
            running.append(while_it_runs + beside)
        for component, placed in pairs:
            if placed.place in (Place.STREAM, Place.DISK) and not placed.pinned:
                ram += component.window(placed.size)
            if placed.place in (Place.OFFLOAD, Place.STREAM) and (
                # What is read as it lies in its files is mapped, and the kernel drops it when memory is short.
                not placed.staged or placed.quantization != "none" or precision == "fp32"
            ):
                ram += placed.size
        return resident + max(running) + GPU_ALLOWANCE, ram

    def _cpu_cost(
        self, pairs: Sequence[tuple[Component, Placement]], precision: Precision, tiling: bool
    ) -> tuple[int, int]:
        ram = HOST_ALLOWANCE + max((component.tiled(tiling) for component, _ in pairs), default=0)
        for component, placed in pairs:
            mapped = placed.staged and component.blocks and placed.quantization == "none" and precision == "bf16"
            ram += component.window(placed.size) if mapped or placed.place is Place.DISK else placed.size
        return 0, ram

    # --- whether it fits, and what is said of it -------------------------------------------------------------------

    def fits(self, candidate: _Candidate) -> bool:
        plan = candidate.plan
        untiled = not plan.vae_tiling and len(self.tilings()) > 1
        return (
            plan.vram <= (MOST_UNTILED if untiled else 1) * self.machine.vram
            and plan.ram <= self.machine.ram
            and candidate.pinned <= MOST_PINNED * self.machine.ram
        )

    def excess(self, candidate: _Candidate) -> tuple[int, int]:
        """How much is missing, and with how much on the GPU the rest is done: smaller is better."""
        plan = candidate.plan
        pinned = max(0, candidate.pinned - int(MOST_PINNED * self.machine.ram))
        return max(0, plan.vram - self.machine.vram) + max(0, plan.ram - self.machine.ram) + pinned, plan.vram

    def _needs(self, plan: Plan) -> str:
        """What of a plan is missing, or what it needs where nothing is."""
        short = []
        if plan.vram > self.machine.vram:
            short.append(f"{gigabytes(plan.vram)} of GPU memory where {gigabytes(self.machine.vram)} are free")
        if plan.ram > self.machine.ram:
            short.append(f"{gigabytes(plan.ram)} of the host's memory where {gigabytes(self.machine.ram)} are free")
        return " and ".join(short) or f"more than {MOST_PINNED:.0%} of the host's free memory to be page-locked"

    def risk(self, plan: Plan) -> str:
        return f"the settings ask for what needs {self._needs(plan)}; it may run out of memory, or be very slow."

    def impossible(self) -> str:
        settings = self.settings
        asked = settings.quantization
        if asked == "gguf" and not any(each.gguf for each in self.components):
            return (
                "placement.quantization = gguf, but this model's folder in the weights directory has no GGUF file: "
                "put one there, or set it to auto"
            )
        library = LIBRARIES.get(asked)
        if library is not None and library not in self.machine.packages:
            return f"placement.quantization = {asked} needs {library}: run: pip install 'spectacle-daemon[diffusion]'"
        return (
            f"placement.residency = {settings.residency} with placement.quantization = {asked} is not possible "
            f"for this model: set one of the two to auto"
        )

    def does_not_fit(self, candidates: Iterable[_Candidate]) -> str:
        least = min(candidates, key=self.excess).plan
        limits = [name for name in ("vram_limit", "ram_limit") if getattr(self.settings, name) is not None]
        remedies = [f"raise placement.{name}" for name in limits]
        remedies.append("free memory, or use a machine with more")
        missing = [name for form, name in LIBRARIES.items() if self._may_be(form) and name not in self.machine.packages]
        if missing:
            remedies.append(f"install {' and '.join(missing)} for smaller weights")
        if self.device == "cuda":
            remedies.append('set workers.devices = ["cpu"]')
        form = min((placed.quantization for placed in least.placements), key=("nf4", "gguf", "int8", "none").index)
        return (
            f"the model does not fit: the least that works ({least.residency}, "
            f"{least.precision if form == 'none' else form}) needs {self._needs(least)}: {'; or '.join(remedies)}"
        )

    def reasons(self, chosen: _Candidate, candidates: Sequence[_Candidate]) -> Iterator[str]:
        plan, settings = chosen.plan, self.settings
        yield from self._precision_reason(plan)
        for name in ("residency", "quantization", "vae_tiling"):
            value = getattr(settings, name)
            if value not in ("auto", None):
                yield f"placement.{name} = {str(value).lower()}, as the settings say."
        if self.device == "cpu" and settings.residency in ("model-offload", "group-offload"):
            yield "There is no GPU to move anything to, so everything stays in memory."
        if any(each.stored for each in self.components):
            names = ", ".join(f"{each.name} ({each.stored_as})" for each in self.components if each.stored)
            yield f"The files hold quantized weights already: {names}."
        best = candidates[0]
        said = ""
        if chosen.way == best.way and plan.residency == "device":
            where = "on the GPU" if plan.device == "cuda" else "in memory"
            yield f"Everything fits {where}{' unquantized' if chosen.way.quantization == 'none' else ''}."
        elif chosen.way != best.way:
            least = min((each for each in candidates if each.way == best.way), key=self.excess).plan
            said = self._needs(least)
            words = "Everything in memory in" if plan.device == "cpu" else _WORDS[best.way.residency]
            yield f"{words} {_form(best.way, least)} would need {said}."
        yield from self._quantization_reason(chosen, candidates, said)
        if encoders := [placed for placed in plan.placements if placed.staged and placed.size]:
            yield f"There is no room to keep the {' and '.join(placed.component for placed in encoders)}."
        if plan.residency == "group-offload":
            if chosen.way.pinned:
                yield "Layers are copied from page-locked memory while the one before computes."
            else:
                yield (
                    f"At most {MOST_PINNED:.0%} of the free memory is page-locked, so layers are locked one by one, "
                    f"which is slower."
                )
        if plan.residency == "disk-offload":
            yield "The model is more than memory holds, so each forward pass reads it from disk: expect minutes."

    def _precision_reason(self, plan: Plan) -> Iterator[str]:
        capability = self.machine.capability
        if plan.precision == "fp32" and capability is not None:
            yield (
                f"The GPU (compute capability {capability[0]}.{capability[1]}) has no bf16, and the model does not "
                f"work in fp16, so it computes in fp32."
            )
        elif plan.precision == "bf16" and capability is None and not self.machine.cpu_bf16:
            yield "fp32, which this processor computes faster, would need twice the memory."

    def _quantization_reason(self, chosen: _Candidate, candidates: Sequence[_Candidate], said: str) -> Iterator[str]:
        mine = chosen.way.quantization
        if mine == "none" or self.settings.quantization != "auto":
            return
        for better in ("none", "int8"):
            others = [
                each
                for each in candidates
                if each.way.quantization == better != mine and each.way.residency != "disk-offload"
            ]
            if not others:
                continue
            if fitting := next((each for each in others if self.fits(each)), None):
                yield (
                    f"{_form(fitting.way, fitting.plan)} weights would be slower, with "
                    f"{gigabytes(fitting.plan.moved)} to move for each forward pass; {mine} weights are nearly as good."
                )
                return
            least = min(others, key=self.excess).plan
            if self._needs(least) != said:
                yield f"{_form(others[0].way, least)} weights would need at least {self._needs(least)}."


def _form(way: _Way, plan: Plan) -> str:
    return plan.precision if way.quantization == "none" else way.quantization
