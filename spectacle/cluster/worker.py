"""The back end that runs jobs on a node of a Ray cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spectacle.cluster.manager import Cluster, Placed
from spectacle.config import Settings
from spectacle.errors import WorkerUnavailable
from spectacle.generators.base import Device
from spectacle.worker.channel import Channel
from spectacle.worker.channel_worker import ChannelWorker
from spectacle.worker.contract import Site, Unwanted, still_wanted
from spectacle.worker.messages import Op, ProcessSettings


class RemoteProcess:
    """A worker process on a node, as far as it is known here.

    Args:
        channel: The channel to it.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.pid: int | None = None
        self.how: str | None = None

    def is_alive(self) -> bool:
        """Whether nothing else was heard. As `WorkerProcess.is_alive` says."""
        return self.how is None

    def kill(self) -> None:
        """Have it ended. As `WorkerProcess.kill` says."""
        self._channel.hang_up()

    def wait(self) -> str:
        """How it ended. As `WorkerProcess.wait` says; another one begins on its node only after its end."""
        return self.how or "with its connection"


class RayWorker(ChannelWorker):
    """A `WorkerBackend`: one actor of the cluster and its replacements, and a worker process there.

    Args:
        number: Its number among the workers of the cluster.
        device: What it has, on whatever node.
        settings: The daemon's settings.
        cluster: Gives it places.
    """

    def __init__(self, number: int, device: Device, settings: Settings, cluster: Cluster) -> None:
        self._number = number
        self._cluster = cluster
        self._placed: Placed | None = None
        super().__init__(device, settings)

    @property
    def site(self) -> Site:
        """As `WorkerBackend.site` says."""
        return self._cluster.site(self._number)

    def reconfigure(self, settings: Settings) -> None:
        """Use other settings from the next job on. As `WorkerBackend.reconfigure` says."""
        super().reconfigure(settings)
        self._cluster.reconfigure(settings)

    def start(self, unwanted: Unwanted = still_wanted) -> None:
        """Start a process where the worker has its place now. As `WorkerBackend.start` says."""
        placed = self._cluster.placed(self._number)
        if placed is None or self.site.absent is not None:
            self.kill()
            raise WorkerUnavailable(f"worker {self._number} of the cluster: {self.site.absent}. The request waits.")
        if self._placed is None or placed.actor != self._placed.actor:
            self.kill()
            # Ray gives one GPU, or a part of one; what it calls it there is for people.
            self.device = replace(self.device, host=placed.node, index=placed.gpu)
        self._placed = placed
        super().start(unwanted)

    def _spawn(self, settings: ProcessSettings) -> tuple[RemoteProcess, Channel]:
        channel = self._cluster.open(self._number, settings)
        return RemoteProcess(channel), channel

    def _process_settings(self, settings: Settings) -> ProcessSettings:
        """What a process is to be started with: of what Ray gives it on its node, the first device."""
        wanted = ProcessSettings.of(Device(self.device.kind, 0, None, self.device.share), settings)
        if settings.ray.weights is None:
            return wanted
        return replace(wanted, weights=wanted.weights.model_copy(update={"directory": settings.ray.weights}))

    def _heard(self, head: Mapping[str, Any]) -> None:
        super()._heard(head)
        process = self._process
        if not isinstance(process, RemoteProcess):
            return
        if "pid" in head:
            process.pid = head["pid"]
        if head["op"] == Op.ENDED:
            process.how = head["how"]
            if head["lost"] and self._placed is not None:
                self._cluster.lost(self._number, self._placed)
                if process.pid is None:
                    # Not the request's doing, for it has not begun.
                    self._discard()
                    raise WorkerUnavailable(f"worker {self._number} of the cluster: was lost {process.how}.")
            raise self._crashed()
