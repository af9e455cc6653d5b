"""What all generators whose models are placed by a plan do alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from spectacle.config import PlacementSettings
from spectacle.errors import WeightsMissing
from spectacle.generators.base import Artifact, Device, Footprint, Job, JobControl, Resources
from spectacle.generators.placement import memory
from spectacle.generators.placement.generator import PlacedGenerator
from spectacle.generators.placement.plan import Component, Plan
from spectacle.generators.placement.planner import make_plan
from spectacle.generators.placement.published import QWEN_IMAGE, nominal_machine

GB = 10**9
MACHINE = nominal_machine(10, 64)
RESOURCES = Resources(placement=PlacementSettings())
INSTALLED = make_plan(QWEN_IMAGE[:2], MACHINE, PlacementSettings())
PUBLISHED = make_plan(QWEN_IMAGE, MACHINE, PlacementSettings())


class Model:
    plan = INSTALLED
    is_open = True

    def close(self) -> None:
        self.is_open = False


class Painter(PlacedGenerator):
    name: ClassVar[str] = "painter"
    installed: ClassVar[bool] = True
    _loaded: Model | None = None

    @classmethod
    def installed_parts(cls, preset: str | None, resources: Resources) -> Sequence[Component]:
        if not cls.installed:
            raise WeightsMissing("the weights of painter are missing")
        return QWEN_IMAGE[:2]

    @classmethod
    def published_parts(cls, preset: str | None) -> Sequence[Component]:
        return QWEN_IMAGE

    def load(self, device: Device) -> None:
        self._loaded = Model()

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        return ()


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU of 10 GB in a host of 64 GB."""
    for name in ("look", "measure"):
        monkeypatch.setattr(memory, name, lambda _device, _settings: MACHINE)
    monkeypatch.setattr(Painter, "installed", True)


def test_the_plan_follows_from_the_files_that_are_here() -> None:
    assert tuple(Painter.plan(None, Device("cuda"), RESOURCES)) == INSTALLED.sentences


def test_a_model_that_is_not_here_yet_is_planned_from_published_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Painter, "installed", False)
    told = Painter.plan(None, Device("cuda"), RESOURCES)
    assert tuple(told[:-1]) == PUBLISHED.sentences
    assert told[-1] == "The weights are not here yet: this follows from the published sizes."


def test_what_loading_takes_is_planned_as_if_nothing_else_were_loaded() -> None:
    held = Footprint(vram=90 * GB)
    free: Plan = make_plan(QWEN_IMAGE[:2], MACHINE.with_freed(held), PlacementSettings())
    assert Painter.required_memory(None, Device("cuda"), RESOURCES, held) == free.required
    assert Painter.required_memory(None, Device("cuda"), RESOURCES, Footprint()) == INSTALLED.required != free.required


def test_nothing_is_planned_for_loading_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Painter, "installed", False)
    with pytest.raises(WeightsMissing):
        Painter.required_memory(None, Device("cuda"), RESOURCES, Footprint())


def test_the_weights_are_held_from_load_to_unload() -> None:
    generator = Painter()
    assert generator.footprint == Footprint()
    generator.load(Device("cuda"))
    loaded = generator._loaded
    assert loaded is not None
    assert generator.footprint == INSTALLED.held
    generator.unload()
    assert generator.footprint == Footprint() and not loaded.is_open
    generator.unload()
