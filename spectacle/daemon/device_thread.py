"""One thread per device that takes requests, has its worker run them, and gives memory back when idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

import structlog

from spectacle.config import Settings
from spectacle.daemon.backlog import TrackedRequest
from spectacle.daemon.progress import Attempt
from spectacle.errors import Cancelled, SpectacleError
from spectacle.worker.contract import Model, WorkerBackend

log = structlog.get_logger()

MAX_WAIT = 60.0
STOP_SECONDS = 3.0
"""How long a job that is given back may take to reach its next step before its worker is ended."""


class RequestSource(Protocol):
    """Where a device thread gets its requests from. Called by several of them."""

    @property
    def settings(self) -> Settings:
        """The current settings."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether no more requests are to be taken."""
        ...

    def take(
        self, loaded: Collection[Model], timeout: float, begin: Callable[[Attempt], None]
    ) -> TrackedRequest | None:
        """The next request, or None after `timeout` seconds without one.

        Args:
            loaded: The models that are loaded where it would run.
            timeout: Seconds.
            begin: Told of the attempt before anybody else can see it.
        """
        ...

    def serve(self, tracked: TrackedRequest, worker: WorkerBackend) -> None:
        """Run a request that was taken, and see to what becomes of it. Raises nothing."""
        ...


class DeviceThread(threading.Thread):
    """Serves one device.

    Args:
        worker: Runs jobs there.
        source: Where requests come from.
    """

    def __init__(self, worker: WorkerBackend, source: RequestSource) -> None:
        super().__init__(name=f"device-{worker.device}", daemon=True)
        self.worker = worker
        self.current: Attempt | None = None
        self._source = source
        self._state = "starting"
        self._idle_since = time.monotonic()

    def run(self) -> None:
        """Take and run requests until the source stops."""
        try:
            if self._source.settings.workers.preload:
                self._preload()
            self._state = "ready"
            while not self._source.stopping:
                try:
                    if self._wait_for_worker():
                        self._serve_one()
                except Exception:
                    # A device without its thread would never be served again.
                    log.exception("fault in Spectacle, going on", device=str(self.worker.device))
                    time.sleep(1)
        finally:
            self._state = "stopped"
            self.worker.kill()

    def _preload(self) -> None:
        settings = self._source.settings
        kind = settings.kinds.get(settings.default_kind)
        if kind is None:
            return
        try:
            self.worker.load((kind.generator, kind.preset), lambda: "stopping" if self._source.stopping else None)
        except Cancelled:
            return
        except (SpectacleError, OSError) as error:
            # Not the end: other kinds may work, and a request for this one gets the reason as its answer.
            log.error("could not load the default kind's generator", generator=kind.generator, reason=str(error))

    def _wait_for_worker(self) -> bool:
        """Wait out the pause after crashes. Returns whether it is over."""
        left = self.worker.not_before - time.monotonic()
        if left <= 0:
            return True
        self._state = "restarting"
        time.sleep(min(left, 0.2))
        return False

    def _serve_one(self) -> None:
        self._state = "ready"
        idle_unload = self._source.settings.workers.idle_unload
        idle_left = self._idle_since + idle_unload - time.monotonic()
        timeout = min(idle_left, MAX_WAIT) if self.worker.is_running else MAX_WAIT
        tracked = self._source.take(self.worker.loaded, max(0.0, timeout), self._begin)
        if tracked is None:
            if self.worker.is_running and time.monotonic() - self._idle_since >= idle_unload:
                log.info("giving memory back after a while without work", device=str(self.worker.device))
                self.worker.kill()
            return
        self._state = "busy"
        try:
            self.worker.reconfigure(self._source.settings)
            self._source.serve(tracked, self.worker)
        finally:
            self.current = None
            self._idle_since = time.monotonic()

    def _begin(self, attempt: Attempt) -> None:
        self.current = attempt

    def give_back(self) -> None:
        """Stop the running job, at its next step or by ending its worker."""
        attempt = self.current
        if attempt is not None:
            attempt.end("returned")
            self.join(STOP_SECONDS)
            if self.current is attempt:
                self.worker.interrupt()

    def status(self) -> dict[str, Any]:
        """What `spectacle status` shows of this device."""
        attempt = self.current
        loaded = [{"generator": name, "preset": preset} for name, preset in reversed(self.worker.loaded)]
        job = None
        if attempt is not None:
            job = {"stem": attempt.name.stem, "step": attempt.step, "steps": attempt.steps}
            job["seconds"] = round(time.monotonic() - attempt.began, 1)
        return {
            "device": str(self.worker.device),
            "state": self._state,
            "pid": self.worker.pid,
            "generator": loaded[0]["generator"] if loaded else None,
            "preset": loaded[0]["preset"] if loaded else None,
            "loaded": loaded,
            "job": job,
        }
