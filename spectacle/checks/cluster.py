"""Checks of the Ray cluster whose nodes have workers."""

from __future__ import annotations

from collections.abc import Iterator

from spectacle.checks import Check, Level
from spectacle.cluster.access import check_access
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
    told = f"Ray {found.ray} at {settings.ray.address}, {found.nodes} node(s) with {found.gpus:g} GPU(s)"
    if settings.ray.gpus and not found.gpus:
        yield Check("cluster", Level.WARN, told, "add a node with a GPU, or set ray.gpus = 0 for CPU workers")
    else:
        yield Check("cluster", Level.OK, told)
