"""What a plan for a model's place in memory is made of, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Literal

from spectacle.generators.base import Footprint
from spectacle.generators.placement.backends import Kind

Quantization = Literal["none", "int8", "gguf", "nf4"]
"""`none` is the plan's precision; also of a component whose files hold quantized weights already."""

Precision = Literal["bf16", "fp16", "fp32"]
Residency = Literal["device", "staged", "model-offload", "group-offload", "disk-offload"]

LIBRARIES: dict[str, str] = {"int8": "torchao", "gguf": "gguf", "nf4": "bitsandbytes"}
"""The library each quantization needs."""

LARGE = 300_000_000
"""Weights from which on a component is worth quantizing."""

NF4_SCALES = 1 / 64 + 4 / (64 * 256)
"""Bytes of scales for each weight: 8 bits for each 64 weights, and 32 bits for each 256 of these scales."""

NF4_BYTES = 0.5 + NF4_SCALES
"""Bytes for each weight: 4 bits and the scales."""

PCIE = 31.5e9
"""Bytes per second that PCIe 4.0 with 16 lanes can carry at most: 16 GT/s, of 130 bits 128 are data. Copying takes at
least so long; how much longer is not measured."""


class Stage(StrEnum):
    """When a component runs: the stages follow each other, and only one has the device at a time."""

    ENCODE = "encode"
    DENOISE = "denoise"
    """Also where a model of one component runs."""
    DECODE = "decode"


class Place(StrEnum):
    """Where the weights of a component live while the model is loaded."""

    DEVICE = "device"
    """On the device, all the time."""
    OFFLOAD = "model-offload"
    """In the host's memory; on the device, entirely, while it runs."""
    STREAM = "group-offload"
    """In the host's memory; each layer is on the device while it runs."""
    DISK = "disk-offload"
    """In files; each layer is on the device while it runs."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a model, under the name diffusers gives it.

    Attributes:
        name: `transformer`, `unet`, `controlnet`, `text_encoder`, `vae` …
        stage: When it runs.
        parameters: How many weights it has.
        fixed: How many of them quantization leaves alone: embeddings, convolutions, norms.
        activations: Bytes it needs in addition to its weights while it runs, for the largest image the generator makes.
        tiled_activations: The same for a VAE that decodes in tiles; 0 when that saves nothing.
        blocks: How many repeated blocks it has; 0 when it cannot be streamed.
        stored: Bytes of its files when these are quantized already, as in a prepared directory; else 0.
        stored_as: What they are quantized with (`int8`, `nf4`, `fp8` …), empty when they are not.
        gguf: Bytes of a GGUF file with its weights on this machine; 0 when there is none.
        only_gguf: Whether the GGUF file is all there is of it.
        fp16: Whether it is known to work in half precision.
        quantizations: What it may be quantized with on loading.
        layered: Whether it is read layer by layer out of files of another layout, each layer quantized immediately.
        adapter: How many of its weights, all of them fixed, are those of a LoRA that may be fused into it instead.
    """

    name: str
    stage: Stage
    parameters: int
    fixed: int = 0
    activations: int = 0
    tiled_activations: int = 0
    blocks: int = 0
    stored: int = 0
    stored_as: str = ""
    gguf: int = 0
    only_gguf: bool = False
    fp16: bool = False
    quantizations: frozenset[str] = frozenset(LIBRARIES)
    layered: bool = False
    adapter: int = 0

    @property
    def fused(self) -> Component:
        """The same with its adapter fused into its own weights."""
        return replace(self, parameters=self.parameters - self.adapter, fixed=self.fixed - self.adapter, adapter=0)

    @property
    def is_large(self) -> bool:
        """Whether it is worth a thought where it is."""
        return self.parameters >= LARGE

    @property
    def is_quantizable(self) -> bool:
        """Whether it is worth quantizing, and is not yet."""
        return self.stage is not Stage.DECODE and not self.stored and self.is_large

    def size(self, quantization: Quantization, precision: Precision) -> int:
        """Bytes of its weights in memory."""
        width = 4 if precision == "fp32" else 2
        if self.stored:
            return self.stored
        if quantization == "none":
            return self.parameters * width
        if quantization == "gguf":
            return self.gguf
        each = 1.0 if quantization == "int8" else NF4_BYTES
        return int((self.parameters - self.fixed) * each) + self.fixed * width

    def tiled(self, tiling: bool) -> int:
        """Bytes it needs in addition to its weights, with or without decoding in tiles."""
        return self.tiled_activations if tiling and self.tiled_activations else self.activations

    def window(self, size: int) -> int:
        """Bytes on the device while it is streamed: at most the block that runs and the one that comes next."""
        return 2 * size // self.blocks

    def scales(self, quantization: Quantization) -> int:
        """Bytes that stay on the device while its weights are streamed, for streaming moves the weights alone."""
        return int((self.parameters - self.fixed) * NF4_SCALES) if quantization == "nf4" else 0


@dataclass(frozen=True, slots=True)
class Machine:
    """What is free on this machine.

    Attributes:
        ram: Free bytes of the host, within the limits of its cgroup and of `ram_limit`.
        vram: Free bytes of the GPU, within `vram_limit`; 0 without one.
        device: What kind of device computes.
        bf16: Whether it multiplies bf16 matrices in hardware.
        packages: The libraries for quantized weights that are installed.
        second: Free bytes of a second GPU, within `vram_limit`; 0 without one.
        second_gpu: Its number.
        unified: Whether the GPU's memory is the host's, so that what is on it counts as bytes of the host, too.
    """

    ram: int
    vram: int = 0
    device: Kind = "cpu"
    bf16: bool = False
    packages: frozenset[str] = frozenset(LIBRARIES.values())
    second: int = 0
    second_gpu: int = 1
    unified: bool = False

    def with_freed(self, held: Footprint) -> Machine:
        """The same machine with more free."""
        return replace(self, ram=self.ram + held.ram, vram=self.vram + held.vram, second=self.second + held.second)


@dataclass(frozen=True, slots=True)
class ComponentPlacement:
    """Where one component is kept, and in which precision.

    Attributes:
        component: Its name.
        quantization: What its weights are quantized with on loading.
        place: Where they are.
        pinned: Whether they are in page-locked memory, from which the GPU copies while it computes. Only of `STREAM`.
        locked: Bytes of them that are where not all are.
        staged: Whether it is read from its files when its stage comes, and freed after it.
        size: Bytes of its weights in this precision.
        stored_as: What its files are quantized with, empty when they are not.
        kept: Bytes of its blocks that stay on the device. Only of `STREAM` and `DISK`.
        second: Whether the device is the second GPU. Only of `DEVICE`.
    """

    component: str
    quantization: Quantization
    place: Place
    pinned: bool
    staged: bool
    size: int
    stored_as: str = ""
    kept: int = 0
    locked: int = 0
    second: bool = False

    @property
    def all_locked(self) -> int:
        """Bytes of them in page-locked memory."""
        return self.size - self.kept if self.pinned else self.locked


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a model lives, why, and what that costs.

    Attributes:
        device: What kind of device computes.
        precision: In what it computes.
        residency: The plan in one word, as the setting `residency` has it.
        placements: One for each component, in the order in which they were given.
        vae_tiling: Whether images are decoded in tiles.
        attention: Attention back end by diffusers' name; `auto` for the best that is installed.
        compile_repeated_blocks: Whether the blocks are compiled.
        cache: Which cache of steps is used.
        vram: Estimated peak of the GPU's memory, bytes; 0 on the CPU.
        ram: Estimated peak of the host's memory, bytes; with that of the GPU where this is the host's.
        moved: Bytes moved onto the device for each forward pass of the denoiser.
        moved_per_prompt: Bytes moved onto the device for each new prompt.
        offload_directory: Where what is streamed from disk is written; None for the system's temporary files.
        fused: The component into whose weights its adapter is fused before they are quantized; empty for none.
        second: Estimated peak of the second GPU's memory, bytes; 0 where it is not used.
        second_gpu: Number of the second GPU.
        unified: Whether the GPU's memory is the host's.
        reasons: Sentences for people: what was chosen and why.
        risks: Sentences for people: what may go wrong because the settings ask for it.
    """

    device: Kind
    precision: Precision
    residency: Residency
    placements: tuple[ComponentPlacement, ...]
    vae_tiling: bool
    attention: str
    compile_repeated_blocks: bool
    cache: Literal["none", "first-block", "taylorseer"]
    vram: int
    ram: int
    moved: int
    moved_per_prompt: int
    offload_directory: Path | None = None
    fused: str = ""
    second: int = 0
    second_gpu: int = 1
    unified: bool = False
    reasons: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()

    def spare(self, machine: Machine) -> int:
        """Bytes that are free next to it wherever a part of the model may be."""
        host = machine.ram - self.ram
        return max(0, host if self.device == "cpu" or self.unified else min(host, machine.vram - self.vram))

    def of(self, component: str) -> ComponentPlacement:
        """Where a component lives.

        Raises:
            KeyError: When the model does not have it.
        """
        for placement in self.placements:
            if placement.component == component:
                return placement
        raise KeyError(component)

    def summary(self, denoiser: str) -> str:
        """What of it can change an image, for the facts of one: two that differ in it may differ in their numbers.

        Args:
            denoiser: Name of the part whose quantization is included.
        """
        tiled = ", VAE in tiles" if self.vae_tiling else ""
        fused = ", LoRA fused" if self.fused else ""
        return f"{self.residency}, {self.of(denoiser).quantization}{fused}, {self.precision}{tiled}"

    @property
    def required(self) -> Footprint:
        """What it takes at its peak."""
        return Footprint(self.vram, self.ram, self.second)

    @property
    def held(self) -> Footprint:
        """What its weights hold between jobs."""
        kept = [placed for placed in self.placements if not placed.staged and placed.place is not Place.DISK]
        second = sum(placed.size for placed in kept if placed.second)
        resident = sum(placed.size for placed in kept if placed.place is Place.DEVICE) - second
        elsewhere = sum(placed.size for placed in kept) - resident - second
        if self.device == "cpu":
            return Footprint(ram=resident + elsewhere)
        blocks = sum(placed.kept for placed in self.placements)
        of_host = sum(placed.kept for placed in kept)
        shared = resident + blocks if self.unified else 0
        return Footprint(resident + blocks, elsewhere - of_host + shared, second)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The plan for people: format and place, costs, reasons, risks."""
        where = "the CPU" if self.device == "cpu" else "the GPU"
        where = "two GPUs" if self.second else where
        lines = [f"{self.residency} on {where}, computing in {self.precision}."]
        lines += [f"{_told(each, self)}." for each in self.placements]
        if self.vae_tiling:
            lines.append("Pictures are decoded in tiles.")
        costs = [f"{gigabytes(self.vram)} of GPU memory"] if self.vram else []
        if self.second:
            costs = [f"{gigabytes(self.vram)} and {gigabytes(self.second)} of the two GPUs' memory"]
        costs.append(f"{gigabytes(self.ram)} of the host's memory")
        if self.unified:
            costs = [f"{gigabytes(self.ram)} of memory, {gigabytes(self.vram)} of it for the GPU"]
        lines.append(f"Needs about {' and '.join(costs)}.")
        moves = "Reads" if self.residency == "disk-offload" or self.device == "cpu" else "Moves"
        how = "from disk" if moves == "Reads" else "to the GPU"
        if self.moved:
            lines.append(f"{moves} {gigabytes(self.moved)} {how} for each forward pass{_seconds(self.moved, moves)}.")
        if self.moved_per_prompt:
            took = _seconds(self.moved_per_prompt, moves)
            lines.append(f"{moves} {gigabytes(self.moved_per_prompt)} {how} for each new prompt{took}.")
        return (*lines, *self.reasons, *(f"Risk: {risk}" for risk in self.risks))


def gigabytes(size: int) -> str:
    """A size for people, in units of 10^9 bytes, as GPUs and files are sold."""
    return f"{size / 1e9:.1f} GB"


def _seconds(size: int, moves: str) -> str:
    """How long copying to the GPU takes at least; of disks, nothing is known."""
    return f", at least {size / PCIE:.1f} s over PCIe 4.0 x16" if moves == "Moves" else ""


_PLACES = {
    Place.DEVICE: "on the GPU",
    Place.OFFLOAD: "in the host's memory, on the GPU while it runs",
    Place.STREAM: "in the host's memory, streamed through the GPU layer by layer",
    Place.DISK: "on disk, read layer by layer",
}


def _told(placement: ComponentPlacement, plan: Plan) -> str:
    form = plan.precision if placement.quantization == "none" else placement.quantization
    where = _PLACES[placement.place]
    if plan.device == "cpu" and placement.place is Place.DEVICE:
        where = "in memory"
    if placement.second:
        where = "on the second GPU"
    if placement.pinned:
        where = where.replace("the host's memory", "page-locked memory")
    elif placement.locked:
        where = where.replace("memory", f"memory ({gigabytes(placement.locked)} of it page-locked)")
    if placement.staged:
        where = f"read from its files for each new prompt, then {where}, and freed"
        if placement.place is Place.STREAM:
            where = "read from its files for each new prompt, streamed through the GPU layer by layer, and freed"
    size = gigabytes(placement.size)
    if placement.kept:
        size += f", of which {gigabytes(placement.kept)} stay on the GPU, the rest"
        where = f" {where}"
    else:
        size += ", "
    return f"{placement.component}: {form}, {size}{where}"
