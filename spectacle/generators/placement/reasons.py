"""The explanation of a plan: why it was chosen, what is short, and what would help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from spectacle.generators.placement.candidates import MAX_PINNED, MOVING, Candidate, Problem, Way
from spectacle.generators.placement.plan import (
    LIBRARIES,
    Plan,
    Residency,
    gigabytes,
)

_WORDS: dict[Residency, str] = {
    "device": "Everything on the GPU in",
    "staged": "All but the text encoder on the GPU in",
    "model-offload": "One model at a time on the GPU in",
    "group-offload": "Streaming in",
    "disk-offload": "Reading from disk in",
}


def shortage(problem: Problem, plan: Plan) -> str:
    """What of a plan is missing, or what it needs where nothing is."""
    short = []
    if plan.vram > problem.machine.vram:
        short.append(f"{gigabytes(plan.vram)} of GPU memory, but {gigabytes(problem.machine.vram)} are free")
    if plan.second > problem.machine.second:
        free = gigabytes(problem.machine.second)
        short.append(f"{gigabytes(plan.second)} of the second GPU's memory, but {free} are free")
    if plan.ram > problem.machine.ram:
        whose = "memory" if plan.unified else "host memory"
        short.append(f"{gigabytes(plan.ram)} of {whose}, but {gigabytes(problem.machine.ram)} are free")
    return " and ".join(short) or f"more than {MAX_PINNED:.0%} of the free host memory to be page-locked"


def risk(problem: Problem, plan: Plan) -> str:
    return f"the settings need {shortage(problem, plan)}; generating may run out of memory, or be very slow."


def impossible(problem: Problem) -> str:
    settings = problem.settings
    asked = settings.quantization
    if asked == "gguf" and not any(each.gguf for each in problem.components):
        return (
            "placement.quantization = gguf: this model's directory in the weights directory has no GGUF file. "
            "Put one there, or set it to auto."
        )
    if why := problem.backend.lacks.get(asked):
        return f"placement.quantization = {asked}: {why}. Use int8, or set it to auto."
    library = LIBRARIES.get(asked)
    if library is not None and library not in problem.machine.packages:
        return f"placement.quantization = {asked}: needs {library}. Run `pip install '.[diffusion]'` in the clone."
    return (
        f"placement.residency = {settings.residency} with placement.quantization = {asked}: not possible "
        f"for this model. Set one of the two to auto."
    )


def does_not_fit(problem: Problem, candidates: Iterable[Candidate]) -> str:
    least = min(candidates, key=problem.excess).plan
    limits = [name for name in ("vram_limit", "ram_limit") if getattr(problem.settings, name) is not None]
    remedies = [f"raise placement.{name}" for name in limits]
    remedies.append("free memory, or use a machine with more")
    missing = [
        name for form, name in LIBRARIES.items() if problem.may_be(form) and name not in problem.machine.packages
    ]
    if missing:
        remedies.append(f"install {' and '.join(missing)} for smaller weights")
    if not problem.on_cpu:
        remedies.append('set workers.devices = ["cpu"]')
    advice = "; or ".join(remedies)
    form = min((placed.quantization for placed in least.placements), key=("nf4", "gguf", "int8", "none").index)
    return (
        f"the model does not fit into memory: the smallest way that works ({least.residency}, "
        f"{least.precision if form == 'none' else form}) needs {shortage(problem, least)}. "
        f"{advice[0].upper()}{advice[1:]}."
    )


def reasons(problem: Problem, chosen: Candidate, candidates: Sequence[Candidate]) -> Iterator[str]:
    plan, settings = chosen.plan, problem.settings
    yield from _precision_reason(problem, plan)
    for name in ("residency", "quantization", "vae_tiling"):
        value = getattr(settings, name)
        if value not in ("auto", None):
            yield f"placement.{name} = {str(value).lower()}, as the settings say."
    if settings.residency in MOVING and problem.on_cpu:
        yield "There is no GPU to move weights to, so everything stays in memory."
    elif settings.residency in MOVING and not problem.moves:
        yield "The GPU's memory is the host's, so there is nowhere to move weights from."
    if any(each.stored for each in problem.components):
        names = ", ".join(f"{each.name} ({each.stored_as})" for each in problem.components if each.stored)
        yield f"The files contain quantized weights already: {names}."
    best = candidates[0]
    said = ""
    if chosen.way == best.way and plan.residency == "device":
        where = "in memory" if plan.device == "cpu" else "on the GPU"
        yield f"Everything fits {where}{' unquantized' if chosen.way.quantization == 'none' else ''}."
    elif chosen.way != best.way:
        least = min((each for each in candidates if each.way == best.way), key=problem.excess).plan
        said = shortage(problem, least)
        words = "Everything in memory in" if plan.device == "cpu" else _WORDS[best.way.residency]
        yield f"{words} {_form(best.way, least)} would need {said}."
    yield from _quantization_reason(problem, chosen, candidates, said)
    if encoders := [placed for placed in plan.placements if placed.staged and placed.size]:
        yield f"There is no room to keep the {' and '.join(placed.component for placed in encoders)}."
    if plan.residency == "group-offload":
        if chosen.way.pinned:
            yield "Layers are copied from page-locked memory while the one before computes."
        else:
            yield (
                f"At most {MAX_PINNED:.0%} of the free memory is page-locked, so other layers are locked one by one "
                f"for each forward pass, which is slower."
            )
    if plan.residency == "disk-offload":
        yield "The model is larger than the memory, so each forward pass reads it from disk, which takes minutes."


def _precision_reason(problem: Problem, plan: Plan) -> Iterator[str]:
    if plan.precision == "fp32" and not problem.on_cpu:
        yield "The GPU has no bf16, and the model does not work in fp16, so it computes in fp32."
    elif plan.precision == "bf16" and problem.on_cpu and not problem.machine.bf16:
        yield "fp32, which this CPU computes faster, would need twice the memory."


def _quantization_reason(
    problem: Problem, chosen: Candidate, candidates: Sequence[Candidate], said: str
) -> Iterator[str]:
    mine = chosen.way.quantization
    if problem.settings.quantization == "auto" and chosen.plan.residency == "disk-offload":
        for form, why in problem.backend.lacks.items():
            if form in LIBRARIES:
                yield f"{form} weights, which would need less, are not used: {why}."
    if mine == "none" or problem.settings.quantization != "auto":
        return
    for better in ("none", "int8"):
        others = [
            each
            for each in candidates
            if each.way.quantization == better != mine and each.way.residency != "disk-offload"
        ]
        if not others:
            continue
        if fitting := next((each for each in others if problem.fits(each)), None):
            yield (
                f"{_form(fitting.way, fitting.plan)} weights would be slower, with "
                f"{gigabytes(fitting.plan.moved)} to move for each forward pass; {mine} weights are nearly as good."
            )
            return
        least = min(others, key=problem.excess).plan
        if shortage(problem, least) != said:
            yield f"{_form(others[0].way, least)} weights would need at least {shortage(problem, least)}."


def _form(way: Way, plan: Plan) -> str:
    return plan.precision if way.quantization == "none" else way.quantization
