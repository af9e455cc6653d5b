"""Decides whether a LoRA is fused into weights before these are quantized, or stays next to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from spectacle.config import PlacementSettings
from spectacle.errors import OutOfMemory
from spectacle.generators.placement.plan import Component, Machine, Plan, gigabytes


def choose(
    components: Sequence[Component],
    machine: Machine,
    settings: PlacementSettings,
    place: Callable[[Sequence[Component]], Plan],
) -> Plan:
    """The plan with the LoRA next to the weights, or the one with it fused, where that is possible and worth it.

    Args:
        components: The parts of the model, one of which may have an adapter.
        machine: What is free.
        settings: The section `[placement]`; `fuse_adapter` decides where it says something.
        place: Makes the plan of parts.

    Raises:
        OutOfMemory: When nothing fits either way; the message says what would.
    """
    adapted = next((each for each in components if each.adapter), None)
    if adapted is None or settings.fuse_adapter is False:
        return place(components)
    failure: OutOfMemory | None = None
    beside: Plan | None = None
    try:
        beside = place(components)
    except OutOfMemory as error:
        failure = error
    fused = _fused(components, adapted, machine, place)
    if fused is not None and (settings.fuse_adapter or beside is None or _is_better(fused, beside)):
        return replace(fused, reasons=(*fused.reasons, *_gains(fused, beside), _costs(components)))
    if failure is not None:
        raise failure
    assert beside is not None
    if fused is None:
        return beside
    why = (
        f"The LoRA stays next to the quantized weights, so that other presets take over the loaded model: fused, it "
        f"would spare {gigabytes(2 * adapted.adapter)} of memory, but nothing that is moved for each forward pass."
    )
    return replace(beside, reasons=(*beside.reasons, why))


def _fused(
    components: Sequence[Component], adapted: Component, machine: Machine, place: Callable[[Sequence[Component]], Plan]
) -> Plan | None:
    """The plan with the LoRA fused, None where it cannot be: what is not quantized on loading would lose accuracy."""
    if adapted.stored or adapted.layered:
        return None
    try:
        plan = place([each.fused for each in components])
    except OutOfMemory:
        return None
    # Weights that are read in another precision than they are stored in would all be in memory together.
    if plan.of(adapted.name).quantization not in ("int8", "nf4") or plan.precision != "bf16":
        return None
    # The LoRA is in memory, too, until the last matrix is fused.
    plan = replace(plan, fused=adapted.name, ram=plan.ram + 2 * adapted.adapter)
    return plan if plan.ram <= machine.ram or plan.risks else None


def _is_better(fused: Plan, beside: Plan) -> bool:
    """Whether less is moved for each forward pass, or parts have better forms and places, for which there is room."""
    return fused.moved < beside.moved or _forms(fused) != _forms(beside)


def _forms(plan: Plan) -> list[object]:
    return [(each.quantization, each.place, each.pinned, each.staged) for each in plan.placements]


def _gains(fused: Plan, beside: Plan | None) -> tuple[str, ...]:
    name = fused.fused
    gains = []
    if beside is not None and fused.moved < beside.moved:
        gains.append(f"{gigabytes(beside.moved - fused.moved)} less to move for each forward pass")
    if beside is None or _forms(fused) != _forms(beside):
        gains.append("a better plan fits than with it next to the weights")
    gain = f": {' and '.join(gains)}" if gains else ", as the settings say"
    return (f"The LoRA is fused into the {name} before it is quantized{gain}.",)


def _costs(components: Sequence[Component]) -> str:
    stored = sum(each.stored or 2 * each.fused.parameters for each in components)
    return f"A preset with another LoRA or none reloads the model, {gigabytes(stored)} to read from disk."
