"""What the daemon and the process that speaks to Ray tell each other, in addition to what they pass on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from spectacle.config import Settings


class Control(StrEnum):
    """What a message on the control channel says: the field `op` of its head."""

    OPEN = "open"
    """Run a worker process for a `worker`, with `settings`; its channel comes along."""
    DESCRIBE = "describe"
    """These are the kinds that are `asked` about now."""
    SEAT = "seat"
    """A `worker` has an actor, about which it says what is known; sent again when that changes."""
    UNSEAT = "unseat"
    """A `worker` has no actor any more, and why."""
    STATE = "state"
    """How many workers are `wanted`, and a `reason` when none can be used."""


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """What actors are made with.

    Attributes:
        address: The head node's address and port.
        workers: How many workers, or None for as many as there is room for.
        max_workers: Maximum number.
        gpus: GPU of each.
        cpus: CPUs of each.
        resources: Custom resources of each.
    """

    address: str
    workers: int | None
    max_workers: int
    gpus: float
    cpus: float
    resources: Mapping[str, float]

    @classmethod
    def of(cls, settings: Settings) -> SeatPlan:
        """What the settings say."""
        ray = settings.ray
        assert ray.address is not None
        count = None if ray.workers == "auto" else ray.workers
        return cls(
            ray.address,
            count,
            ray.max_workers if count is None else count,
            ray.gpus,
            ray.cpus,
            ray.resources,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def room(self, resources: Mapping[str, float]) -> int:
        """How many workers there should be on a cluster with these resources in all."""
        if self.workers is not None:
            return self.workers
        limits = {**self.resources, **({"GPU": self.gpus} if self.gpus else {"CPU": self.cpus})}
        fitting = [int(resources.get(name, 0) / amount + 1e-6) for name, amount in limits.items() if amount]
        return min([self.max_workers, *fitting])


def asked_of(settings: Settings) -> dict[str, Any]:
    """What nodes are to find out about the kinds: the input of `spectacle.worker.describe`."""
    asked = settings.model_dump(mode="json", include={"kinds", "weights", "placement", "loras", "models"})
    if settings.ray.weights is not None:
        asked["weights"]["directory"] = str(settings.ray.weights)
    return asked
