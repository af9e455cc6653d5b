"""All ways in which a model can be placed, best first, and what each costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from spectacle.config import PlacementSettings
from spectacle.generators.placement import backends
from spectacle.generators.placement.costs import (
    Pairs,
    cpu_cost,
    gpu_cost,
    second_cost,
    with_kept_blocks,
    with_locked_blocks,
)
from spectacle.generators.placement.plan import (
    LIBRARIES,
    Component,
    ComponentPlacement,
    Machine,
    Place,
    Plan,
    Precision,
    Quantization,
    Residency,
    Stage,
)

MAX_PINNED = 0.5
"""Part of the free memory that may be page-locked, so that the rest of the machine is not squeezed."""

MAX_UNTILED = 0.9
"""Part of the free GPU memory that a plan may need which decodes in one piece; what that takes is known least well."""

MAX_FILLED = 0.9
"""Part of the free GPU memory that is filled with blocks of a streamed model. The host runs ahead of the GPU, so more
layers may have been copied than the one that runs and the next: how many is not measured."""


MOVING = ("model-offload", "group-offload")
"""Residencies in which weights are in the host's memory and move to the GPU's."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way of holding one component."""

    quantization: Quantization
    place: Place
    pinned: bool = False
    staged: bool = False
    second: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A way of holding the whole model."""

    quantization: Quantization
    residency: Residency
    pinned: bool = False


_GPU_WAYS = (
    Way("none", "device"),
    Way("none", "staged"),
    Way("none", "model-offload"),
    Way("int8", "device"),
    Way("int8", "staged"),
    Way("int8", "model-offload"),
    Way("none", "group-offload", pinned=True),
    Way("int8", "group-offload", pinned=True),
    Way("int8", "group-offload"),
    Way("none", "group-offload"),
    Way("gguf", "device"),
    Way("nf4", "device"),
    Way("gguf", "staged"),
    Way("nf4", "staged"),
    Way("gguf", "model-offload"),
    Way("nf4", "model-offload"),
    Way("gguf", "group-offload", pinned=True),
    Way("nf4", "group-offload", pinned=True),
    Way("gguf", "group-offload"),
    Way("nf4", "group-offload"),
    Way("none", "disk-offload"),
    Way("gguf", "disk-offload"),
    Way("nf4", "disk-offload"),
)
"""Best first. int8 is never on disk: the files of diffusers' disk offloading cannot hold torchao's tensors."""

_CPU_WAYS = (
    Way("none", "device"),
    Way("none", "staged"),
    Way("int8", "device"),
    Way("int8", "staged"),
    Way("gguf", "device"),
    Way("gguf", "staged"),
    Way("nf4", "device"),
    Way("nf4", "staged"),
    Way("none", "disk-offload"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    way: Way
    plan: Plan
    pinned: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A model that is to be placed on a machine as far as the settings allow."""

    components: tuple[Component, ...]
    machine: Machine
    settings: PlacementSettings
    staging: bool = True
    precision: Precision | None = None

    @property
    def backend(self) -> backends.Backend:
        return backends.of(self.machine.device)

    @property
    def on_cpu(self) -> bool:
        return self.machine.device == "cpu"

    @property
    def moves(self) -> bool:
        """Whether there are two memories, so that weights can be in one and move to the other."""
        return not self.on_cpu and not self.machine.unified

    @property
    def precisions(self) -> tuple[Precision, ...]:
        if self.precision is not None:
            return (self.precision,)
        half = all(each.fp16 for each in self.components)
        if not self.on_cpu:
            if half:
                return ("fp16",)
            return ("bf16",) if self.machine.bf16 else ("fp32",)
        return ("bf16",) if self.machine.bf16 and not half else ("fp32", "bf16")

    def candidates(self) -> Iterator[Candidate]:
        """Everything that can be done, best first, whether it fits or not."""
        for way in self.ways():
            for precision in self.precisions[-1:] if way.residency == "disk-offload" else self.precisions:
                for encoder in self.encoders(way):
                    for tiling in self.tilings(way):
                        yield self.candidate(way, precision, encoder, tiling)

    def ways(self) -> Iterator[Way]:
        settings = self.settings
        ways = _CPU_WAYS if self.on_cpu else _GPU_WAYS
        residency = settings.residency
        if not self.moves and residency in MOVING:
            residency = "device"
        if residency == "staged" and not self.staging:
            residency = "model-offload" if self.moves else "device"
        quantizable = any(each.is_quantizable for each in self.components)
        for way in ways:
            if residency not in ("auto", way.residency) or not self._can_be(way):
                continue
            if (way.residency == "staged" and not self.staging) or (way.residency in MOVING and not self.moves):
                continue
            if settings.quantization not in ("auto", way.quantization) and quantizable:
                continue
            if way.quantization != "none" and not (
                quantizable and LIBRARIES[way.quantization] in self.machine.packages
            ):
                continue
            yield way

    def may_be(self, quantization: str) -> bool:
        return quantization not in self.backend.lacks and all(
            quantization in each.quantizations for each in self.components
        )

    def _can_be(self, way: Way) -> bool:
        if way.quantization != "none" and not self.may_be(way.quantization):
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

    def encoders(self, way: Way) -> Iterator[Form]:
        """How the text encoders may be held along with a way, best first."""
        levels = self._encoder_levels(way)
        least = levels[0]
        if way.residency == "device":
            yield from (Form(level, Place.DEVICE) for level in levels)
        elif not self.moves:
            if way.residency != "disk-offload" or (self.staging and not self.on_cpu):
                yield from (Form(level, Place.DEVICE, staged=self.staging) for level in levels)
            if way.residency == "disk-offload":
                yield Form(least, Place.DISK, staged=self.staging)
        else:
            streamed: tuple[Form, ...] = (Form("none", Place.STREAM, pinned=True), Form("none", Place.STREAM))
            if way.residency == "group-offload" and not way.pinned:
                # What can be page-locked is put to better use: for weights that are moved at each step.
                streamed = streamed[1:]
            entire = (Form("none", Place.OFFLOAD),)
            forms = {
                "disk-offload": (),
                "model-offload": entire,
                # Room for the whole encoder is put to better use: for blocks that are not moved at each step.
                "group-offload": streamed + entire,
            }.get(way.residency, entire + streamed)
            if self.machine.second and way.residency != "disk-offload":
                forms = (Form("none", Place.DEVICE, second=True), *forms)
            for level in levels:
                yield from (replace(form, quantization=level) for form in forms)
            if self.staging:
                staged = (Place.STREAM, Place.DEVICE) if self.keeps_blocks(way) else (Place.DEVICE, Place.STREAM)
                yield from (Form(least, place, staged=True) for place in staged)
            elif way.residency == "disk-offload":
                yield Form(least, Place.DISK)

    def _encoder_levels(self, way: Way) -> list[Quantization]:
        asked = self.settings.quantization
        if asked in ("none", "int8", "nf4"):
            return [asked]
        # Never 4 bits: reading more for a new prompt costs less than what would be lost of it.
        levels: list[Quantization] = ["none"]
        if "torchao" in self.machine.packages and not (way.quantization == "none" and way.residency == "device"):
            levels.append("int8")
        return levels

    def tilings(self, way: Way) -> tuple[bool, ...]:
        if self.settings.vae_tiling is not None:
            return (self.settings.vae_tiling,)
        if not any(each.tiled_activations for each in self.components):
            return (False,)
        return (True, False) if self.keeps_blocks(way) else (False, True)

    def keeps_blocks(self, way: Way) -> bool:
        """Whether what is left of the GPU is filled with blocks, rather than left alone as the settings ask for."""
        streams = way.residency in ("group-offload", "disk-offload")
        return not self.on_cpu and streams and self.settings.residency == "auto"

    def candidate(self, way: Way, precision: Precision, encoder: Form, tiling: bool) -> Candidate:
        placements = tuple(self._placed(each, way, encoder, precision) for each in self.components)
        pairs: Pairs = list(zip(self.components, placements, strict=True))
        if self.keeps_blocks(way):
            room = self.machine.vram
            if self.machine.unified:
                room = min(room, self.machine.ram - gpu_cost(pairs, precision, tiling)[1])
            pairs = with_kept_blocks(pairs, precision, tiling, int(MAX_FILLED * room))
        if way.residency == "group-offload" and not way.pinned:
            pairs = with_locked_blocks(pairs, int(MAX_PINNED * self.machine.ram))
        placements = tuple(placed for _, placed in pairs)
        cost = cpu_cost if self.on_cpu else gpu_cost
        vram, ram = cost(pairs, precision, tiling)
        if self.machine.unified:
            ram += vram
        on_device = (Place.DEVICE,)
        plan = Plan(
            device=self.machine.device,
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
            second=second_cost(pairs, tiling),
            second_gpu=self.machine.second_gpu,
            unified=self.machine.unified,
            moved=sum(
                placed.size - placed.kept - each.scales(placed.quantization)
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
        return Candidate(way, plan, sum(placed.all_locked for placed in placements))

    def _placed(self, component: Component, way: Way, encoder: Form, precision: Precision) -> ComponentPlacement:
        if encoder.second and component.stage is not Stage.DENOISE:
            quantization = encoder.quantization if component.stage is Stage.ENCODE else "none"
            form = replace(encoder, quantization=quantization)
        elif component.stage is Stage.ENCODE and component.is_large:
            form = encoder
            if form.place in (Place.STREAM, Place.DISK) and not component.blocks:
                form = replace(form, place=Place.DEVICE if form.staged else Place.OFFLOAD, pinned=False)
        elif component.stage is Stage.DENOISE and way.residency == "group-offload" and component.blocks:
            form = Form(way.quantization, Place.STREAM, pinned=way.pinned)
        elif component.stage is Stage.DENOISE and way.residency == "disk-offload" and component.blocks:
            form = Form(way.quantization, Place.DISK)
        elif way.residency == "model-offload":
            form = Form(way.quantization, Place.OFFLOAD)
        else:
            form = Form(way.quantization, Place.DEVICE)
        quantization = form.quantization if component.is_quantizable else "none"
        if quantization == "gguf" and not component.gguf:
            quantization = "none"
        size = component.size(quantization, precision)
        return ComponentPlacement(
            component.name,
            quantization,
            form.place,
            form.pinned,
            form.staged,
            size,
            component.stored_as,
            second=form.second,
        )

    def fits(self, candidate: Candidate) -> bool:
        plan = candidate.plan
        untiled = not plan.vae_tiling and len(self.tilings(candidate.way)) > 1
        share = MAX_UNTILED if untiled else 1
        return (
            plan.vram <= share * self.machine.vram
            and plan.second <= share * self.machine.second
            and plan.ram <= self.machine.ram
            and candidate.pinned <= MAX_PINNED * self.machine.ram
        )

    def excess(self, candidate: Candidate) -> tuple[int, int]:
        """How much is missing, and with how much on the GPU the rest is done: smaller is better."""
        plan = candidate.plan
        pinned = max(0, candidate.pinned - int(MAX_PINNED * self.machine.ram))
        missing = max(0, plan.vram - self.machine.vram) + max(0, plan.second - self.machine.second)
        return missing + max(0, plan.ram - self.machine.ram) + pinned, plan.vram
