"""Finds the weights of `botanical` and plans where they go, without loading anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from spectacle.errors import WeightsMissing
from spectacle.generators.base import Resources
from spectacle.generators.botanical.generator import BASE, CONTROLNET, LORA, LORA_FILE, VAE, Botanical
from spectacle.generators.diffusion.loading import Checkpoint
from spectacle.generators.placement import memory, published
from spectacle.generators.placement.plan import Component, Machine, Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.weights.prepared import open_prepared


def find(preset: str | None, resources: Resources) -> tuple[Checkpoint, Path | None, str]:
    """Where the weights lie, the LoRA's file unless it is part of them, and of which commits they are.

    Raises:
        WeightsMissing: When they are not on this machine.
    """
    prepared = resources.prepared_for(Botanical.name, preset)
    if prepared is not None:
        made_from = open_prepared(prepared, Botanical.name, preset).made_from
        return Checkpoint(prepared), None, _revision(made_from[BASE.repo], made_from[LORA.repo])
    base, vae, lora = (Botanical.locate(source, preset, resources) for source in (BASE, VAE, LORA))
    elsewhere = {"vae": vae.path}
    if preset != "plain":
        elsewhere["controlnet"] = Botanical.locate(CONTROLNET, preset, resources).path
    checkpoint = Checkpoint(base.path, "fp16", elsewhere=elsewhere)
    return checkpoint, lora.path / LORA_FILE, _revision(base.revision, lora.revision)


def plan_for(preset: str | None, machine: Machine, resources: Resources) -> Plan:
    """Where the parts of a preset go.

    A text encoder that comes and goes with its files would come without its adapter, so none is staged.
    """
    parts = _parts(preset, resources)
    plan = make_plan(parts, machine, resources.placement)
    if any(placement.staged for placement in plan.placements):
        offloading = resources.placement.model_copy(update={"residency": "model-offload"})
        plan = make_plan(parts, machine, offloading)
    return plan


def _parts(preset: str | None, resources: Resources) -> list[Component]:
    """The components with the sizes of their files, or of the published ones while there are none."""
    nominal = [part for part in published.SDXL_CONTROLNET if preset != "plain" or part.name != "controlnet"]
    try:
        checkpoint, _, _ = find(preset, resources)
    except WeightsMissing:
        return nominal
    folders = [checkpoint.folder_of(part.name) for part in nominal]
    return [
        replace(
            memory.component(
                folder.parent,
                folder.name,
                part.stage,
                activations=part.activations,
                tiled_activations=part.tiled_activations,
                fp16=part.fp16,
            ),
            name=part.name,
        )
        for part, folder in zip(nominal, folders, strict=True)
    ]


def _revision(base: str, lora: str) -> str:
    return f"{base} + {lora}"
