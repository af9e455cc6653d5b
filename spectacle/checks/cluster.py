"""Checks of the Ray cluster whose nodes have workers."""

from __future__ import annotations

from collections.abc import Iterator

from spectacle.checks import Check, Level
from spectacle.cluster.access import check_access
from spectacle.cluster.messages import SeatPlan
from spectacle.config import Settings
from spectacle.errors import WorkerUnavailable


def check_cluster(settings: Settings) -> Iterator[Check]:
    """Whether the cluster can be used. Nothing is said of one that is not wanted."""
    if settings.workers.backend == "local":
        return
    try:
        found = check_access(settings.ray)
    except WorkerUnavailable as error:
        what, _, remedy = error.message.removesuffix(".").rpartition(". ")
        yield Check("cluster", Level.FAIL, what, f"{remedy[0].lower()}{remedy[1:]}")
        return
    told = f"Ray {found.ray} at {settings.ray.address}, {len(found.nodes)} node(s) with {found.gpus:g} GPU(s)"
    lacking = SeatPlan.of(settings).without_room(found.nodes)
    if not lacking:
        yield Check("cluster", Level.OK, told)
    for group in lacking:
        yield Check(
            "cluster",
            Level.WARN,
            f"{told}, and none has what a worker of [{group.section}] takes",
            f"add such a node, or change gpus, cpus or resources under [{group.section}]; gpus = 0 makes CPU workers",
        )
