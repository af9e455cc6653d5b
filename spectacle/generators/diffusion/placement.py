"""Decides where the parts of a model live and in which form: a pure function from sizes and free memory to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from spectacle.config import PlacementSettings

Quantization = Literal["none", "int8", "gguf", "nf4"]
"""`none` is the plan's precision; also of a component whose files hold quantized weights already."""

Precision = Literal["bf16", "fp16", "fp32"]


class Stage(StrEnum):
    """When a component runs: the stages follow each other, and only one has the device at a time."""

    ENCODE = "encode"
    DENOISE = "denoise"
    DECODE = "decode"


class Place(StrEnum):
    """Where the weights of a component live while the model is loaded."""

    DEVICE = "device"
    """On the device, all the time."""
    OFFLOAD = "model-offload"
    """In the host's memory; on the device, whole, while it runs."""
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
        activations: Bytes it needs beside its weights while it runs, for the largest picture the generator makes.
        tiled_activations: The same for a VAE that decodes in tiles; 0 when it cannot.
        blocks: How many repeated blocks it has; 0 when it is not worth streaming.
        stored: Bytes of its files when these are quantized already, as in a prepared directory; else 0.
        gguf: Bytes of a GGUF file with its weights on this machine; 0 when there is none.
        pinned: How much more page-locked memory its tensors take than they hold, at least 1.
        fp16: Whether it is known to work in half precision.
    """

    name: str
    stage: Stage
    parameters: int
    activations: int = 0
    tiled_activations: int = 0
    blocks: int = 0
    stored: int = 0
    gguf: int = 0
    pinned: float = 2.0
    fp16: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """What is free on this machine.

    Attributes:
        ram: Free bytes of the host, within the limits of its control group and of `ram_limit`.
        vram: Free bytes of the GPU, within `vram_limit`; 0 without one.
        capability: CUDA compute capability, or None without a GPU.
        cpu_bf16: Whether the processor multiplies bf16 matrices in hardware.
    """

    ram: int
    vram: int = 0
    capability: tuple[int, int] | None = None
    cpu_bf16: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one component lives, and in which form.

    Attributes:
        component: Its name.
        quantization: How its weights are held.
        place: Where they are.
        pinned: Whether they lie in page-locked memory, from which the GPU copies while it computes. Only of `STREAM`.
        staged: Whether it is read from its files when its stage comes, and freed after it.
        size: Bytes of its weights in this form.
    """

    component: str
    quantization: Quantization
    place: Place
    pinned: bool
    staged: bool
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a model lives, why, and what that costs.

    Attributes:
        device: `cuda` or `cpu`.
        precision: In what it computes.
        residency: The plan in one word, as the setting `residency` has it.
        placements: One for each component, in the order in which they were given.
        vae_tiling: Whether pictures are decoded in tiles.
        attention: Attention back end by diffusers' name; `auto` for the best that is installed.
        compile_repeated_blocks: Whether the blocks are compiled.
        cache: Which cache of steps is used.
        vram: Estimated peak of the GPU's memory, bytes.
        ram: Estimated peak of the host's memory, bytes.
        moved: Bytes moved onto the device for each forward pass of the denoiser.
        moved_per_prompt: Bytes moved onto the device for each new prompt.
        reasons: Sentences for people: what was chosen and why.
        risks: Sentences for people: what may go wrong because the settings ask for it.
    """

    device: Literal["cuda", "cpu"]
    precision: Precision
    residency: str
    placements: tuple[Placement, ...]
    vae_tiling: bool
    attention: str
    compile_repeated_blocks: bool
    cache: Literal["none", "first-block", "taylorseer"]
    vram: int
    ram: int
    moved: int
    moved_per_prompt: int
    reasons: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()

    def of(self, component: str) -> Placement:
        """Where a component lives.

        Raises:
            KeyError: When the model has no such component.
        """
        for placement in self.placements:
            if placement.component == component:
                return placement
        raise KeyError(component)

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that people are told of it: form and place, costs, reasons, risks."""
        raise NotImplementedError


def make_plan(
    components: Sequence[Component],
    machine: Machine,
    settings: PlacementSettings,
    *,
    lightning: bool = False,
    packages: frozenset[str] = frozenset({"torchao", "bitsandbytes", "gguf"}),
) -> Plan:
    """Place a model: the best quality that fits, and of that the fastest.

    Args:
        components: The parts of the model.
        machine: What is free.
        settings: The section `[placement]`. What it says outright is done, whether it fits or not.
        lightning: Whether a LoRA for few steps is used: it allows no cache of steps.
        packages: The libraries for quantized weights that are installed.

    Raises:
        OutOfMemory: When nothing fits; the message says what would.
    """
    raise NotImplementedError
