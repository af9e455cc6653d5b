"""The sizes of published models, for plans made before their files are here.

Weights were counted on models built from the published configurations. What `activations` says was tracked over one
forward pass of these models with fake tensors of the largest image named; kernels' workspaces are not in it, except
for the Qwen VAEs untiled, where it is raised by the factor 1.67 between such a count and the 19.91 GiB that InvokeAI
measured for an image of 2560x1440 (its pull request 9427).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from spectacle.config import PlacementSettings
from spectacle.errors import OutOfMemory
from spectacle.generators.placement.plan import Component, Machine, Plan, Stage, gigabytes
from spectacle.generators.placement.planner import make_plan

QWEN_IMAGE = (
    Component("transformer", Stage.DENOISE, 20_430_000_000, activations=670_000_000, blocks=60),
    Component("text_encoder", Stage.ENCODE, 8_292_000_000, fixed=1_090_000_000, activations=600_000_000, blocks=28),
    Component("vae", Stage.DECODE, 127_000_000, activations=10_200_000_000, tiled_activations=600_000_000),
)
"""`Qwen/Qwen-Image` and its editing models, images of 1328x1328, prompts of 1024 tokens."""

QWEN_IMAGE_21 = (
    Component("transformer", Stage.DENOISE, 7_100_000_000, activations=2_000_000_000, blocks=32),
    Component("text_encoder", Stage.ENCODE, 8_010_000_000, fixed=1_250_000_000, activations=700_000_000, blocks=36),
    Component("vae", Stage.DECODE, 338_000_000, activations=45_000_000_000, tiled_activations=800_000_000),
)
"""`Qwen/Qwen-Image-2.1`, 30.9 GB in all, images of 2048x2048.

The activations of its transformer are those of Qwen-Image's, scaled by tokens and width.
"""

SDXL_CONTROLNET = (
    Component("unet", Stage.DENOISE, 2_567_000_000, fixed=335_000_000, activations=330_000_000, blocks=9, fp16=True),
    Component("controlnet", Stage.DENOISE, 1_251_000_000, fixed=141_000_000, activations=330_000_000, fp16=True),
    Component("text_encoder", Stage.ENCODE, 123_000_000, blocks=12, fp16=True),
    Component("text_encoder_2", Stage.ENCODE, 695_000_000, fixed=63_000_000, blocks=32, fp16=True),
    Component("vae", Stage.DECODE, 84_000_000, activations=1_610_000_000, fp16=True),
)
"""`stabilityai/stable-diffusion-xl-base-1.0` with `diffusers/controlnet-canny-sdxl-1.0`, images of 1024x1024."""

OMNISVG_4B = (Component("model", Stage.DENOISE, 3_847_000_000, fixed=403_000_000, activations=1_859_000_000),)
"""`OmniSVG/OmniSVG1.1_4B`. The activations are the keys and values of 12 SVGs of 2048 tokens after a prompt of
1024, and an allowance of 0.5 GB for scores and work spaces.
"""

OMNISVG_8B = (Component("model", Stage.DENOISE, 8_614_000_000, fixed=1_412_000_000, activations=2_614_000_000),)
"""`OmniSVG/OmniSVG1.1_8B`, likewise."""

MODELS: dict[str, tuple[Component, ...]] = {
    "Qwen-Image": QWEN_IMAGE,
    "Qwen-Image-2.1": QWEN_IMAGE_21,
    "SDXL with ControlNet": SDXL_CONTROLNET,
    "OmniSVG 8B": OMNISVG_8B,
    "OmniSVG 4B": OMNISVG_4B,
}
GPUS = (0, 8, 10, 12, 16, 24, 48, 80, 141)
"""GiB of GPU memory; 0 stands for none."""
HOSTS = (16, 32, 64, 128)
"""GiB of host memory."""
CHOICE_HOST = 64
"""GiB of host memory for the table that compares models."""


def nominal_machine(gpu: int, host: int) -> Machine:
    """A machine with this many GiB of memory, of which 94 and 93 % are free.

    A 12 GB GPU exposes 10.5 to 11.3 GiB, which is at most 94 %; what a host has free is assumed.
    """
    return Machine(int(host * 2**30 * 0.93), int(gpu * 2**30 * 0.94), "cuda" if gpu else "cpu", bf16=True)


_HEAD = """\
# Placement tables

<!-- Generated from spectacle/generators/placement/published.py by scripts/build_docs.py; do not edit. -->

What the planner chooses by default, for GPUs and hosts of nominal sizes; 94 % of the GPU's and 93 % of the host's
memory count as free. Each cell shows how the model's largest part is stored, its residency, and the estimated peak of
GPU memory plus host memory. Without a GPU, it is that of host memory alone. [Placement](../explanation/placement.md)
explains the terms and where the estimates come from; they have not been compared with measurements.
"""


def markdown_tables() -> str:
    """The reference page of the plans for all of these models on all of these machines."""
    parts = [_HEAD]
    for name, components in MODELS.items():
        rows = [f"## {name}\n", f"| GPU | {' | '.join(f'host memory {host} GB' for host in HOSTS)} |"]
        rows.append("|---|" + "---|" * len(HOSTS))
        plans = {gpu: [_cell(components, nominal_machine(gpu, host)) for host in HOSTS] for gpu in GPUS}
        rows += [f"| {sizes} | {' | '.join(cells)} |" for sizes, cells in _grouped(plans)]
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _grouped(plans: Mapping[int, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Rows with the sizes of GPUs in words; neighbours with the same plans share one."""
    for cells, group in groupby(plans, key=plans.__getitem__):
        sizes = list(group)
        if sizes == [0]:
            yield "none", cells
        elif sizes[-1] == GPUS[-1] and len(sizes) > 1:
            yield f"{sizes[0]} GB and more", cells
        else:
            yield f"{sizes[0]} GB" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} GB", cells


def markdown_choice() -> str:
    """A table for choosing a model: how each would be placed on a host with `CHOICE_HOST` GiB, by GPU."""
    rows = [f"| GPU | {' | '.join(MODELS)} |", "|---|" + "---|" * len(MODELS)]
    plans = {
        gpu: [_choice(components, nominal_machine(gpu, CHOICE_HOST)) for components in MODELS.values()] for gpu in GPUS
    }
    rows += [
        f"| {'none (CPU)' if sizes == 'none' else sizes} | {' | '.join(cells)} |" for sizes, cells in _grouped(plans)
    ]
    return "\n".join(rows) + "\n"


def _choice(components: tuple[Component, ...], machine: Machine) -> str:
    try:
        plan = make_plan(components, machine, PlacementSettings())
    except OutOfMemory:
        return "does not fit"
    stays = {"device": "whole", "staged": "text encoder streamed", "model-offload": "one part at a time"}
    where = stays.get(plan.residency, "streamed") if machine.vram else "CPU"
    return f"{_precision(plan)}, {where}"


def _cell(components: tuple[Component, ...], machine: Machine) -> str:
    try:
        plan = make_plan(components, machine, PlacementSettings())
    except OutOfMemory:
        return "does not fit"
    pinned = ", page-locked" if plan.placements[0].pinned else ""
    peaks = " + ".join(gigabytes(size) for size in (plan.vram, plan.ram) if size)
    return f"{_precision(plan)}, {plan.residency}{pinned}: {peaks}"


def _precision(plan: Plan) -> str:
    """How the weights of the largest part are stored."""
    quantization = plan.placements[0].quantization
    return plan.precision if quantization == "none" else quantization
