"""Plans that the planner makes, on a simulated GPU: loaded, used, the preset changed, and freed."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from generating import CPU, generate, resources, same
from PIL import Image
from simulated_gpu import SimulatedGPUs

from spectacle.config import PlacementSettings
from spectacle.generators.base import Device
from spectacle.generators.placement import candidates, published
from spectacle.generators.placement import plan as plans
from spectacle.generators.placement.candidates import Problem
from spectacle.generators.placement.plan import Component, Machine, Place, Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import GPUS, HOSTS, nominal_machine
from spectacle.generators.qwen_image import QwenImage
from spectacle.weights import Store

pytestmark = [
    pytest.mark.usefixtures("small_images"),
    pytest.mark.skipif(os.uname().sysname != "Linux", reason="the table of devices has another name there"),
]
GPU = Device("cuda", 0)
PLENTY = 10**9

Form = tuple[str, Place, bool, bool]


def forms(plan: Plan) -> tuple[Form, ...]:
    """In which form each part is, and where."""
    return tuple((each.quantization, each.place, each.pinned, each.staged) for each in plan.placements)


@functools.cache
def every_plan() -> dict[str, Plan]:
    """One plan of each kind that Qwen-Image gets, by what it is."""
    found: dict[tuple[object, ...], tuple[str, Plan]] = {}
    for quantization in ("auto", "none", "int8", "nf4"):
        for gpu in GPUS[1:]:
            for host in HOSTS:
                settings = PlacementSettings(quantization=quantization)
                made = make_plan(published.QWEN_IMAGE, nominal_machine(gpu, host), settings, lightning=True)
                found.setdefault(forms(made), (f"{quantization}-{gpu}-{host}", made))
    return dict(found.values())


def scaled_down(parts: tuple[Component, ...], like: Plan) -> Plan:
    """The plan of a tiny model that has its parts in the same forms and places as a real one."""
    parts = tuple(replace(each, activations=0, tiled_activations=0) for each in parts)
    for candidate in Problem(parts, Machine(PLENTY, PLENTY, (8, 6)), PlacementSettings()).candidates():
        if forms(candidate.plan) == forms(like):
            return candidate.plan
    settings = PlacementSettings(quantization=like.of("transformer").quantization)
    problem = Problem(parts, Machine(PLENTY, PLENTY, (8, 6)), settings)
    return next(each.plan for each in problem.candidates() if forms(each.plan) == forms(like))


def on_the_cpu(plan: Plan) -> Plan:
    """The same forms without a GPU."""
    placements = [replace(each, place=Place.DEVICE, pinned=False, staged=False) for each in plan.placements]
    return replace(plan, device="cpu", placements=tuple(placements))


class Life:
    """A generator whose model gets the plan that a test wants."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.like = next(iter(every_plan().values()))
        self.plan: Plan | None = None
        self._cpu = False
        monkeypatch.setattr(plans, "LARGE", 1)
        monkeypatch.setattr(candidates, "GPU_ALLOWANCE", 0)
        monkeypatch.setattr(QwenImage, "make_plan", self._make_plan)
        self._resources = resources(store)

    def _make_plan(self, preset: str | None, parts: Any, machine: Machine, settings: PlacementSettings) -> Plan:
        self.plan = scaled_down(tuple(parts), self.like)
        return on_the_cpu(self.plan) if self._cpu else self.plan

    def loaded(self, device: Device = GPU) -> QwenImage:
        self._cpu = device is CPU
        generator = QwenImage("lightning-4", self._resources)
        generator.load(device)
        return generator


@pytest.fixture
def life(qwen_image_store: Store, monkeypatch: pytest.MonkeyPatch) -> Life:
    return Life(qwen_image_store, monkeypatch)


def pictures(generator: QwenImage) -> Iterator[Image.Image]:
    """What a loaded generator makes before and after a change of its preset."""
    yield generate(generator)
    assert generator.switch_preset("full")
    yield generate(generator, num_inference_steps=2)
    assert generator.switch_preset("lightning-4")
    yield generate(generator)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["auto-8-64"])
def test_presets_of_a_streamed_model_make_what_they_make_on_the_cpu_and_leave_nothing(life: Life, name: str) -> None:
    life.like = every_plan()[name]
    generator = life.loaded(CPU)
    expected = list(pictures(generator))
    generator.unload()
    with SimulatedGPUs(PLENTY) as gpus:
        generator = life.loaded()
        assert life.plan is not None
        assert life.plan.of("transformer").place is Place.STREAM
        assert life.plan.of("transformer").quantization == "int8"
        made = list(pictures(generator))
        assert [same(one, other) for one, other in zip(made, expected, strict=True)] == [True] * 3
        assert gpus.freed_too_early == 0
        generator.unload()
        gc.collect()
        assert (gpus.memories[0].used, gpus.page_locked.used) == (0, 0)
