"""What all generators do alike whose model is placed in memory by a plan."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from spectacle.config import PlacementSettings
from spectacle.errors import WeightsMissing
from spectacle.generators.base import Device, Footprint, Generator, Job, Resources
from spectacle.generators.placement import memory, planner
from spectacle.generators.placement.plan import Component, Machine, Plan

FROM_PUBLISHED_SIZES = "The weights are not here yet: this follows from the published sizes."


class PlacedModel(Protocol):
    """A model in the places that a plan gave it."""

    @property
    def plan(self) -> Plan:
        """Where its parts are."""

    def close(self) -> None:
        """Free it."""


class PlacedGenerator(Generator):
    """A generator whose model is placed by a plan.

    A subclass says which parts the model has, from its files and as published, and sets `_loaded` in `load`.
    """

    _loaded: PlacedModel | None = None

    @classmethod
    @abstractmethod
    def installed_parts(cls, preset: str | None, resources: Resources) -> Sequence[Component]:
        """The parts of a preset with the sizes of their files.

        Raises:
            WeightsMissing: When they are not on this machine.
            GeneratorError: When a file is damaged.
        """

    @classmethod
    @abstractmethod
    def published_parts(cls, preset: str | None) -> Sequence[Component]:
        """The parts of a preset with the sizes they are published with, for a plan before they are pulled."""

    @classmethod
    def make_plan(
        cls, preset: str | None, parts: Sequence[Component], machine: Machine, settings: PlacementSettings
    ) -> Plan:
        """Place the parts of a preset.

        Raises:
            OutOfMemory: When nothing fits; the message says what would.
            GeneratorError: When what the settings ask for cannot be done at all.
        """
        return planner.make_plan(parts, machine, settings)

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """How the model would be placed, from the sizes of its files, or the published ones while there are none."""
        machine = memory.look(device, resources.placement)
        try:
            parts = cls.installed_parts(preset, resources)
        except WeightsMissing:
            plan = cls.make_plan(preset, cls.published_parts(preset), machine, resources.placement)
            return (*plan.sentences, FROM_PUBLISHED_SIZES)
        return cls.make_plan(preset, parts, machine, resources.placement).sentences

    @classmethod
    def required_memory(
        cls, preset: str | None, device: Device, resources: Resources, held: Footprint
    ) -> Footprint | None:
        """What the plan needs that would be made if nothing were loaded."""
        parts = cls.installed_parts(preset, resources)
        machine = memory.measure(device, resources.placement).with_freed(held)
        return cls.make_plan(preset, parts, machine, resources.placement).required

    @property
    def footprint(self) -> Footprint:
        """What the loaded weights take according to their plan."""
        return self._loaded.plan.held if self._loaded is not None else Footprint()

    def unload(self) -> None:
        """Free the model."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.close()

    def memory_advice(self, job: Job) -> str:
        """What would fit, and which settings change it."""
        return (
            f"Request fewer than {job.width}x{job.height} pixels, or set placement.residency or placement.quantization "
            f"to something smaller; `spectacle generators {self.name}` shows what is used now"
        )
