"""The section about workers on a Ray cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from spectacle.config.section import Section, expanded, kind_name, whole

MAX_WORKERS = 256
"""Maximum number of workers that one daemon has on a cluster: each takes two threads of it."""


class _RayCluster(Section):
    """Which cluster it is."""

    address: (
        Annotated[str, whole(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", "HOST:PORT, such as 10.0.0.1:6379")]
        | None
    ) = Field(
        None,
        description="Address and port of the cluster's head node. A node of the cluster must run on the daemon's host.",
    )
    token: Path = Field(
        Path("~/.ray/auth_token"),
        description="File with the cluster's token, which only the daemon's account may read; a relative path is "
        "relative to the configuration file. A cluster that accepts connections without a token is refused.",
    )

    @field_validator("token", mode="after")
    @classmethod
    def _isexpanded(cls, token: Path) -> Path:
        return expanded(token)


class RayWorkerSettings(Section):
    """How many workers there are on a cluster, and what Ray reserves for each."""

    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=MAX_WORKERS)] = Field(
        "auto",
        description="Number of workers, or `auto` for as many as the cluster has room for, by its GPUs, or by its "
        "CPUs where `gpus` is 0.",
    )
    max_workers: int = Field(16, ge=1, le=MAX_WORKERS, description="Maximum number of workers with `auto`.")
    gpus: float = Field(
        1.0,
        ge=0,
        le=1,
        description="GPU of each worker. A fraction lets several workers share one, and its memory; 0 makes CPU "
        "workers.",
    )
    cpus: float = Field(1.0, ge=0, le=1024, description="CPUs that Ray reserves for each worker.")
    resources: dict[str, Annotated[float, Field(gt=0, le=1e6)]] = Field(
        {},
        description="Custom resources of the cluster that each worker takes, such as `{ a100 = 1 }`, so that workers "
        "run only on nodes that have them.",
    )

    @property
    def most(self) -> int:
        """Maximum number of workers."""
        return self.max_workers if self.workers == "auto" else self.workers

    @field_validator("resources", mode="after")
    @classmethod
    def _are_custom(cls, resources: dict[str, float]) -> dict[str, float]:
        for name in resources:
            if name.upper() in ("CPU", "GPU") or not name:
                raise ValueError(f"invalid resource {name!r}; use cpus and gpus for CPUs and GPUs")
        return resources


class RayGroupSettings(RayWorkerSettings):
    """Workers on the cluster for certain kinds, such as those that need a certain GPU, in addition to those of `[ray]`.

    No other workers run these kinds. Without `[ray.groups]`, those of `[ray]` run all kinds.
    """

    kinds: tuple[Annotated[str, AfterValidator(kind_name)], ...] = Field(
        min_length=1,
        max_length=256,
        description="The kinds that these workers run, and no other workers except those of other groups that name "
        "them too.",
    )


def _group_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
        raise ValueError("invalid group name. Use up to 40 of a-z, 0-9, _ and -")
    return name


class RaySettings(RayWorkerSettings, _RayCluster):
    """Workers on a Ray cluster, used where `workers.backend` is `ray` or `both`. Needs the extra `ray`."""

    weights: Path | None = Field(
        None,
        description="Directory of the weights on the nodes, an absolute path. Default: the path of "
        "`weights.directory`.",
    )
    weights_from: Path | None = Field(
        None,
        description="Directory on the nodes, an absolute path, from which each node copies the weights that it lacks, "
        "as `spectacle pull --from` does; such as a shared volume. Default: nothing is copied.",
    )
    groups: dict[Annotated[str, AfterValidator(_group_name)], RayGroupSettings] = Field(
        {}, description="Workers for certain kinds: a table `[ray.groups.NAME]` for each sort."
    )

    def sorts(self, kinds: Iterable[str]) -> dict[str | None, RayWorkerSettings]:
        """The groups, and at the key None the workers that run all other kinds, if there are any.

        Args:
            kinds: All kinds that are served.
        """
        named = {kind for group in self.groups.values() for kind in group.kinds}
        sorts: dict[str | None, RayWorkerSettings] = dict(self.groups.items())
        return sorts if named.issuperset(kinds) else {**sorts, None: self}

    @field_validator("weights", "weights_from", mode="after")
    @classmethod
    def _is_absolute(cls, weights: Path | None) -> Path | None:
        if weights is not None and not weights.is_absolute():
            raise ValueError("must be an absolute path, because it names a directory of other hosts")
        return weights

    @field_validator("groups", mode="after")
    @classmethod
    def _are_few(cls, groups: dict[str, RayGroupSettings]) -> dict[str, RayGroupSettings]:
        if sum(group.most for group in groups.values()) > MAX_WORKERS:
            raise ValueError(f"more than {MAX_WORKERS} workers in all; lower workers or max_workers")
        return groups
