"""Decides where the parts of a model live and in which form: a pure function from sizes and free memory to a plan.

The order of preference is that of quality first: unquantized weights before int8 before 4 bits, and for each the
fastest residency that fits. Where unquantized weights could only be streamed, int8 weights that stay on the GPU come
first: they are nearly the same, and nothing is moved at each step. There is no fp8: casting a base model to it directly
gives a grid of artefacts under a LoRA that was trained on bf16.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError, OutOfMemory
from spectacle.generators.placement import backends, fusing
from spectacle.generators.placement.candidates import Problem
from spectacle.generators.placement.plan import (
    Component,
    Machine,
    Place,
    Plan,
    Precision,
)
from spectacle.generators.placement.reasons import does_not_fit, impossible, reasons, risk


def make_plan(
    components: Sequence[Component],
    machine: Machine,
    settings: PlacementSettings,
    *,
    lightning: bool = False,
    staging: bool = True,
    precision: Precision | None = None,
    pair: bool = False,
) -> Plan:
    """Place a model: the best quality that fits, and of that the fastest.

    Args:
        components: The parts of the model.
        machine: What is free.
        settings: The section `[placement]`. Explicit settings are honoured, whether they fit or not.
        lightning: Whether a LoRA for few steps is used: it allows no cache of steps, and no plain fp8 weights.
        staging: Whether parts may be read from their files when their stage comes, and freed after it.
        precision: In what it must compute; None for the best that the device has.
        pair: Whether a second GPU may hold what encodes prompts and decodes images.

    Raises:
        OutOfMemory: When nothing fits; the message says what would.
        GeneratorError: When what the settings ask for cannot be done at all; the message says what to change.
    """
    if lightning and (plain := [each.name for each in components if each.stored_as == "fp8"]):
        raise GeneratorError(
            f"{', '.join(plain)}: fp8 weights without scales give a grid of artefacts with a Lightning LoRA. "
            f"Use bf16 files and placement.quantization = int8, or scaled fp8 made for that LoRA."
        )
    packed = ", ".join(each.name for each in components if each.stored_as == "nf4")
    if packed and (why := backends.of(machine.device).lacks.get("nf4")):
        raise GeneratorError(f"{packed}: the files contain nf4 weights, but {why}. Prepare it as int8.")
    if packed and machine.device == "cpu":
        raise GeneratorError(
            f"{packed}: diffusers loads nf4 files only with a GPU. Prepare it as int8, or remove "
            f"[weights.prepared] and set placement.quantization = nf4, which packs the weights on loading."
        )
    if not pair:
        machine = replace(machine, second=0)

    def place(parts: Sequence[Component]) -> Plan:
        return _place(Problem(tuple(parts), machine, settings, staging, precision), lightning=lightning)

    return fusing.choose(components, machine, settings, place)


def _place(problem: Problem, *, lightning: bool) -> Plan:
    settings = problem.settings
    candidates = list(problem.candidates())
    if not candidates:
        raise GeneratorError(impossible(problem))
    chosen = next((each for each in candidates if problem.fits(each)), None)
    risks: tuple[str, ...] = ()
    if chosen is None:
        if settings.quantization == "auto" and settings.residency == "auto":
            raise OutOfMemory(does_not_fit(problem, candidates))
        chosen = min(candidates, key=problem.excess)
        risks = (risk(problem, chosen.plan),)
    cache = settings.cache
    why = list(reasons(problem, chosen, candidates))
    if lightning and cache != "none":
        cache = "none"
        why.append(f"placement.cache = {settings.cache} is off: with so few steps there is nothing to skip.")
    compiled = chosen.plan.compile_repeated_blocks
    if compiled and any(each.place in (Place.STREAM, Place.DISK) for each in chosen.plan.placements):
        compiled = False
        why.append("placement.compile_repeated_blocks is off: blocks whose weights are streamed cannot be compiled.")
    if compiled and (lacks := problem.backend.lacks.get(backends.COMPILING)):
        compiled = False
        why.append(f"placement.compile_repeated_blocks is off: {lacks}.")
    return replace(chosen.plan, cache=cache, compile_repeated_blocks=compiled, reasons=tuple(why), risks=risks)
