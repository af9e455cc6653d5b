"""What the daemon and the process that speaks to Ray tell each other, in addition to what they pass on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from spectacle.config import Settings

INLINE = {"RAY_max_direct_call_object_size": str(8 << 20)}
"""Has processes send what is smaller to each other directly, as most images are. Ray passes more than 100 kB through
the object stores of both nodes, which took twice the CPU time and 10 ms longer for each image of 1 MB."""


class Control(StrEnum):
    """What a message on the control channel says: the field `op` of its head."""

    OPEN = "open"
    """Run a worker process for a `worker`, with `settings`; its channel comes along."""
    DESCRIBE = "describe"
    """These are the kinds that are `asked` about now."""
    SEAT = "seat"
    """A `worker` has an actor, about which it says what is known; sent again when that changes."""
    PREPARE = "prepare"
    """The actor of a `worker` cannot be used yet, and why."""
    UNSEAT = "unseat"
    """A `worker` has no actor any more, and why."""
    STATE = "state"
    """How many workers of each group are `wanted`, and a `reason` when none can be used."""


@dataclass(frozen=True, slots=True)
class SeatGroup:
    """What the actors of one group are made with.

    Attributes:
        name: Its name under `[ray.groups]`; None for the workers of `[ray]` itself.
        first: Number of its first worker.
        workers: How many workers, or None for as many as there is room for.
        max_workers: Maximum number.
        gpus: GPU of each.
        cpus: CPUs of each.
        resources: Custom resources of each.
    """

    name: str | None
    first: int
    workers: int | None
    max_workers: int
    gpus: float
    cpus: float
    resources: Mapping[str, float]

    @property
    def section(self) -> str:
        """Where its settings are."""
        return "ray" if self.name is None else f"ray.groups.{self.name}"

    def take(self, node: dict[str, float], most: int) -> int:
        """How many of its workers, `most` at most, have room on a node. What they take is subtracted from the node."""
        needs = {**self.resources, "GPU": self.gpus, "CPU": 0.0 if self.gpus else self.cpus}
        # A worker's part is of one GPU, so that two thirds of each of two have room for two.
        parts = int(1 / self.gpus + _LITTLE) / (1 / self.gpus) if self.gpus else 1.0
        has = {**node, "GPU": node.get("GPU", 0) * parts}
        count = min([most, *(int(has.get(name, 0) / amount + _LITTLE) for name, amount in needs.items() if amount)])
        for name, amount in needs.items():
            if count and amount:
                node[name] -= count * amount
        return count


_LITTLE = 1e-6


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """What actors are made with.

    Attributes:
        address: The head node's address and port.
        groups: The groups of workers. Those before take the room of those after.
        weights_from: Directory on the nodes from which they copy weights that they lack.
    """

    address: str
    groups: tuple[SeatGroup, ...]
    weights_from: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> SeatPlan:
        """What the settings say."""
        ray = settings.ray
        assert ray.address is not None
        groups: list[SeatGroup] = []
        first = 0
        for name, about in ray.sorts(settings.kinds).items():
            count = None if about.workers == "auto" else about.workers
            groups.append(SeatGroup(name, first, count, about.most, about.gpus, about.cpus, about.resources))
            first += about.most
        return cls(ray.address, tuple(groups), None if ray.weights_from is None else str(ray.weights_from))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SeatPlan:
        """The same again."""
        return cls(values["address"], tuple(SeatGroup(**group) for group in values["groups"]), values["weights_from"])

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def group_of(self, worker: int) -> int:
        """Number of the group of a worker."""
        return max(number for number, group in enumerate(self.groups) if group.first <= worker)

    def named(self, worker: int) -> dict[str, Any]:
        """A worker for the log: its number in its group."""
        group = self.groups[self.group_of(worker)]
        return {"worker": worker - group.first, **({"group": group.name} if group.name is not None else {})}

    def without_room(self, nodes: Sequence[Mapping[str, float]]) -> list[SeatGroup]:
        """The groups of which not even one worker has room on any of these nodes."""
        return [group for group in self.groups if not any(group.take(dict(node), 1) for node in nodes)]

    def rooms(self, nodes: Sequence[Mapping[str, float]]) -> list[int]:
        """How many workers of each group there should be on a cluster of nodes with these resources."""
        left = [dict(node) for node in nodes]
        rooms = []
        for group in self.groups:
            found = 0
            for node in left:
                found += group.take(node, group.max_workers - found)
            rooms.append(found if group.workers is None else group.workers)
        return rooms


def asked_of(settings: Settings) -> dict[str, Any]:
    """What nodes are to find out about the kinds: the input of `spectacle.worker.describe`."""
    asked = settings.model_dump(mode="json", include={"kinds", "weights", "placement", "loras", "models"})
    if settings.ray.weights is not None:
        asked["weights"]["directory"] = str(settings.ray.weights)
    return asked
