"""What the messages between the daemon and a local worker process hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from spectacle.config import (
    LoraSettings,
    ModelSettings,
    PlacementSettings,
    ProvenanceSettings,
    Settings,
    WeightSettings,
)
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
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """What a worker process is started with; it has to be started again when any of it changes.

    Attributes:
        device: Where generators run.
        svg_memory: Bytes of memory the SVG rasterizer may use.
        svg_seconds: Seconds it may take for one SVG.
        weights: The section `[weights]`.
        placement: The section `[placement]`.
        loras: The tables `[loras.NAME]`.
        provenance: The section `[provenance]`.
        models: The tables `[models.NAME]`.
    """

    device: Device
    svg_memory: int
    svg_seconds: int
    weights: WeightSettings
    placement: PlacementSettings
    loras: Mapping[str, LoraSettings]
    provenance: ProvenanceSettings
    models: Mapping[str, ModelSettings]

    @classmethod
    def of(cls, device: Device, settings: Settings) -> ProcessSettings:
        """What the settings say."""
        workers = settings.workers
        return cls(
            device,
            workers.svg_memory,
            workers.svg_seconds,
            settings.weights,
            settings.placement,
            settings.loras,
            settings.provenance,
            settings.models,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "device": asdict(self.device),
            "svg_memory": self.svg_memory,
            "svg_seconds": self.svg_seconds,
            "weights": self.weights.model_dump(mode="json"),
            "placement": self.placement.model_dump(mode="json"),
            "loras": {name: lora.model_dump(mode="json") for name, lora in self.loras.items()},
            "provenance": self.provenance.model_dump(mode="json"),
            "models": {name: model.model_dump(mode="json") for name, model in self.models.items()},
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
            {name: LoraSettings.model_validate(lora) for name, lora in values["loras"].items()},
            ProvenanceSettings.model_validate(values["provenance"]),
            {name: ModelSettings.model_validate(model) for name, model in values["models"].items()},
        )


def job_to_json(job: JobSpec) -> dict[str, Any]:
    """A job as JSON values; of its attachments only role and name, for their descriptors travel alongside them."""
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
