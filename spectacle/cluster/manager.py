"""The daemon's side of a cluster: starts the process that speaks to Ray, and knows which workers have a place."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from spectacle.cluster.access import check_access, ray_environment
from spectacle.cluster.messages import INLINE, Control, SeatGroup, SeatPlan, asked_of
from spectacle.config import Settings
from spectacle.errors import WorkerUnavailable
from spectacle.processes import module_command
from spectacle.worker.channel import Channel, Disconnected
from spectacle.worker.contract import Site
from spectacle.worker.messages import ProcessSettings

log = structlog.get_logger()

MIN_PAUSE, MAX_PAUSE = 1.0, 30.0
"""Seconds until a cluster that cannot be used is tried again, and the most it gets to, doubling."""

CONNECTING = "connecting to the Ray cluster"


@dataclass(frozen=True, slots=True)
class Placed:
    """An actor that one worker uses.

    Attributes:
        actor: Which it is, among all that there ever were.
        node: Address of the node.
        gpu: Number of its GPU there; 0 where it has none.
        site: The same for the daemon.
    """

    actor: str
    node: str
    gpu: int
    site: Site

    @classmethod
    def of(cls, about: Mapping[str, Any], lacks: Sequence[tuple[str, str | None, str]]) -> Placed:
        """What the helper says of it."""
        details = {key: about[key] for key in ("node", "node_host", "node_id", "gpus")}
        site = Site(lacks={(name, preset): why for name, preset, why in lacks}, details=details)
        return cls(about["actor"], about["node"], int(about["gpus"]) if about["gpus"].isdecimal() else 0, site)


def _send(control: Channel, head: dict[str, Any], *descriptors: int) -> None:
    # The thread that receives finds that out too.
    with contextlib.suppress(Disconnected):
        control.send(head, descriptors=descriptors)


def _why_not(group: SeatGroup, wanted: int | None) -> str:
    """Why a worker has no place where nothing else is known."""
    if wanted == 0 and group.gpus:
        return f"no node of the cluster has a GPU that fits (see {group.section}.gpus and {group.section}.resources)"
    return f"the cluster has no free place for it (see gpus, cpus and resources under [{group.section}])"


class Cluster:
    """The workers' places on a Ray cluster.

    Args:
        settings: The daemon's settings.
        check: Sees that the cluster can be used.
        module: What the process that speaks to Ray runs; tests put another one here.
    """

    def __init__(
        self,
        settings: Settings,
        check: Callable[[Settings], object] = lambda settings: check_access(settings.ray),
        module: str = "spectacle.cluster.helper",
    ) -> None:
        self._settings = settings
        self._plan = SeatPlan.of(settings)
        self._check = check
        self._module = module
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._control: Channel | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._placed: dict[int, Placed] = {}
        self._why: dict[int, str] = {}
        self._reason: str | None = CONNECTING
        self._wanted: list[int] | None = None
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected until `close`. Waits for nothing."""
        self._thread.start()

    def close(self) -> None:
        """End the process that speaks to Ray, and with it all actors."""
        self._closed.set()
        process = self._process
        if process is not None:
            process.kill()
        if self._thread.is_alive():
            self._thread.join(10)

    @property
    def pid(self) -> int | None:
        """Number of the process that speaks to Ray, if there is one."""
        process = self._process
        return None if process is None else process.pid

    def reconfigure(self, settings: Settings) -> None:
        """Use other settings. What `[ray]` says of the cluster itself takes a restart."""
        with self._lock:
            if settings is self._settings:
                return
            self._settings = settings
            control = self._control
        if control is not None:
            _send(control, {"op": Control.DESCRIBE, "asked": asked_of(settings)})

    def site(self, worker: int) -> Site:
        """What is known of the place of a worker."""
        with self._lock:
            number = self._plan.group_of(worker)
            group, wanted = self._plan.groups[number], None if self._wanted is None else self._wanted[number]
            # One is shown in any case, to say why there is none.
            used = worker - group.first < max(1, wanted or 0)
            placed = self._placed.get(worker)
            if self._reason is not None:
                details = {} if placed is None else placed.site.details
                return Site(self._reason, used=used or placed is not None, details=details)
            if placed is not None:
                return placed.site
            return Site(self._why.get(worker, _why_not(group, wanted)), used=used)

    def placed(self, worker: int) -> Placed | None:
        """The actor that a worker uses, if it has one."""
        with self._lock:
            return self._placed.get(worker)

    def lost(self, worker: int, placed: Placed) -> None:
        """Hear from a worker that its actor has ended."""
        with self._lock:
            known = self._placed.get(worker)
            if known is not None and known.actor == placed.actor:
                del self._placed[worker]

    def open(self, worker: int, settings: ProcessSettings) -> Channel:
        """A channel to a new worker process there.

        Raises:
            WorkerUnavailable: When the worker has no place now.
        """
        with self._lock:
            control = self._control
        if control is None:
            raise WorkerUnavailable(f"worker {worker} of the cluster: has no place now. It is used once it has one.")
        ours, theirs = socket.socketpair()
        with theirs:
            _send(control, {"op": Control.OPEN, "worker": worker, "settings": settings.to_json()}, theirs.fileno())
        return Channel(ours)

    # --- on the cluster's own thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = MIN_PAUSE
        while not self._closed.is_set():
            try:
                self._check(self._settings)
                self._spawn()
            except (WorkerUnavailable, OSError) as error:
                self._away(str(error))
            else:
                if self._follow():
                    pause = MIN_PAUSE
            self._closed.wait(pause)
            pause = min(2 * pause, MAX_PAUSE)

    def _spawn(self) -> None:
        if self._closed.is_set():
            return
        ours, theirs = socket.socketpair()
        settings = self._settings
        plan = json.dumps(replace(self._plan, address=str(settings.ray.address)).to_json())
        with theirs:
            self._process = subprocess.Popen(
                module_command(self._module, str(theirs.fileno()), str(os.getpid()), plan),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # Ray prints there what it tells people of nodes and actors
                process_group=0,
                env=ray_environment(settings.ray.token) | INLINE,
            )
        control = Channel(ours)
        _send(control, {"op": Control.DESCRIBE, "asked": asked_of(settings)})
        with self._lock:
            self._control = control

    def _follow(self) -> bool:
        """Hear what the process says until it ends. Returns whether it was connected."""
        control, process = self._control, self._process
        if control is None or process is None:
            return False
        connected = False
        try:
            while (message := control.receive()) is not None:
                connected = True
                self._hear(message.head)
        except Disconnected:
            pass
        with self._lock:
            self._control = None
            self._placed, self._why, self._wanted = {}, {}, None
        process.kill()
        status = process.wait()
        control.close()
        if not self._closed.is_set():
            self._away(f"the connection to the cluster at {self._settings.ray.address} was lost (status {status})")
        return connected

    def _hear(self, head: Mapping[str, Any]) -> None:
        match head["op"]:
            case Control.STATE:
                if head["reason"] is not None:
                    self._away(head["reason"])
                else:
                    with self._lock:
                        back, self._reason = self._reason, None
                        self._wanted = head["wanted"]
                    log.info("connected to the cluster" if back else "the cluster changed", workers=sum(head["wanted"]))
                    for group, wanted in zip(self._plan.groups, head["wanted"], strict=True):
                        if not wanted:
                            log.warning("the cluster lacks room", reason=_why_not(group, wanted))
            case Control.SEAT:
                placed = Placed.of(head["about"], head["lacks"])
                with self._lock:
                    known = self._placed.get(head["worker"])
                    self._placed[head["worker"]] = placed
                    self._why.pop(head["worker"], None)
                if known is None:
                    log.info("a worker joined", **self._plan.named(head["worker"]), **placed.site.details)
                for (name, preset), why in placed.site.lacks.items():
                    log.warning("a node lacks something", node=placed.node, generator=name, preset=preset, reason=why)
            case Control.PREPARE:
                with self._lock:
                    self._why[head["worker"]] = head["why"]
                log.info("a node copies weights", **self._plan.named(head["worker"]), node=head["node"])
            case Control.UNSEAT:
                with self._lock:
                    known = self._placed.pop(head["worker"], None)
                    told, self._why[head["worker"]] = self._why.get(head["worker"]), head["why"]
                # One that cannot be used at all is tried again and again.
                if known is not None or told != head["why"]:
                    log.warning("a worker left", **self._plan.named(head["worker"]), reason=head["why"])

    def _away(self, reason: str) -> None:
        with self._lock:
            told, self._reason = self._reason, reason
        if told != reason:
            log.warning("the cluster cannot be used", reason=reason)
