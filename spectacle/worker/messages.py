"""What the messages between the daemon and a local worker process hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from spectacle.config import PlacementSettings, Settings, WeightSettings
from spectacle.generators.base import Device, MediaType
from spectacle.worker.contract import Attachment, JobSpec


class Op(StrEnum):
    """What a message says: the field `op` of its head."""

    LOAD = "load"
    RUN = "run"
    CANCEL = "cancel"
    READY = "ready"
    LOADED = "loaded"
    STARTED = "started"
    PROGRESS = "progress"
    FILE = "file"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """What a worker process is started with; it has to be started again when any of it changes.

    Attributes:
        device: Where generators run.
        svg_memory: Bytes of memory the SVG rasteriser may use.
        svg_seconds: Seconds it may take for one drawing.
        weights: The section `[weights]`.
        placement: The section `[placement]`.
    """

    device: Device
    svg_memory: int
    svg_seconds: int
    weights: WeightSettings
    placement: PlacementSettings

    @classmethod
    def of(cls, device: Device, settings: Settings) -> ProcessSettings:
        """What the settings say."""
        workers = settings.workers
        return cls(device, workers.svg_memory, workers.svg_seconds, settings.weights, settings.placement)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "device": asdict(self.device),
            "svg_memory": self.svg_memory,
            "svg_seconds": self.svg_seconds,
            "weights": self.weights.model_dump(mode="json"),
            "placement": self.placement.model_dump(mode="json"),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ProcessSettings:
        """The same again."""
        return cls(
            Device(**values["device"]),
            values["svg_memory"],
            values["svg_seconds"],
            WeightSettings.model_validate(values["weights"]),
            PlacementSettings.model_validate(values["placement"]),
        )


def job_to_json(job: JobSpec) -> dict[str, Any]:
    """A job as JSON values; of its attachments only role and name, for their descriptors travel beside them."""
    # Not `asdict`, which would copy the attachments' content.
    fields = {name: getattr(job, name) for name in JobSpec.__dataclass_fields__}
    return {**fields, "attachments": [(each.role, each.name) for each in job.attachments]}


def job_from_json(values: Mapping[str, Any], descriptors: Sequence[int]) -> JobSpec:
    """The job again, with the descriptors of its attachments in their order."""
    attachments = tuple(
        Attachment(role, name, descriptor)
        for (role, name), descriptor in zip(values["attachments"], descriptors, strict=True)
    )
    generator, preset = values["model"]
    return JobSpec(
        **{
            **values,
            "model": (generator, preset),
            "makes": MediaType(values["makes"]),
            "notes": tuple(values["notes"]),
            "attachments": attachments,
        }
    )
