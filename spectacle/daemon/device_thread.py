"""One thread per device that takes requests, runs them on its worker, and gives memory back when idle."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import structlog

from spectacle.daemon.attempt import Run
from spectacle.errors import Cancelled, SpectacleError
from spectacle.generators.base import Device
from spectacle.worker.local import Worker

if TYPE_CHECKING:
    from spectacle.watcher import Watcher

log = structlog.get_logger()

LONGEST_WAIT = 60.0
STOP_SECONDS = 3.0
"""How long a job that is given back may take to reach its next step before its worker is ended."""


class Slot(threading.Thread):
    """Serves one device.

    Args:
        device: The device.
        watcher: Where requests come from.
    """

    def __init__(self, device: Device, watcher: Watcher) -> None:
        super().__init__(name=f"slot-{device}", daemon=True)
        self.worker = Worker(device, watcher.settings)
        self.current: Run | None = None
        self._watcher = watcher
        self._state = "starting"
        self._idle_since = time.monotonic()

    def run(self) -> None:
        """Take and run requests until the watcher stops."""
        try:
            if self._watcher.settings.workers.preload:
                self._preload()
            self._state = "ready"
            while not self._watcher.stopping:
                try:
                    if self._wait_for_worker():
                        self._serve_one()
                except Exception:
                    # A device without its thread would never be served again.
                    log.exception("fault in Spectacle, going on", device=str(self.worker.device))
                    time.sleep(1)
        finally:
            self._state = "stopped"
            self.worker.stop()

    def _preload(self) -> None:
        settings = self._watcher.settings
        kind = settings.kinds.get(settings.default_kind)
        if kind is None:
            return
        try:
            self.worker.load((kind.generator, kind.preset), lambda: "stopping" if self._watcher.stopping else None)
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
        idle_unload = self._watcher.settings.workers.idle_unload
        idle_left = self._idle_since + idle_unload - time.monotonic()
        timeout = min(idle_left, LONGEST_WAIT) if self.worker.pid is not None else LONGEST_WAIT
        known = self._watcher.take(self, max(0.0, timeout))
        if known is None:
            if self.worker.pid is not None and time.monotonic() - self._idle_since >= idle_unload:
                log.info("giving memory back after a while without work", device=str(self.worker.device))
                self.worker.stop()
            return
        self._state = "busy"
        try:
            self._watcher.attempt(known, self)
        finally:
            self.current = None
            self._idle_since = time.monotonic()

    def begin(self, run: Run) -> None:
        """Take note of a run that is about to begin."""
        self.current = run

    def give_back(self) -> None:
        """Stop the running job, at its next step or by ending its worker."""
        run = self.current
        if run is not None:
            run.end("returned")
            self.join(STOP_SECONDS)
            if self.current is run:
                self.worker.kill_process()

    def status(self) -> dict[str, Any]:
        """What `spectacle status` shows of this device."""
        run = self.current
        loaded = [{"generator": name, "preset": preset} for name, preset in reversed(self.worker.loaded)]
        job = None
        if run is not None:
            job = {"stem": run.name.stem, "step": run.step, "steps": run.steps}
            job["seconds"] = round(time.monotonic() - run.began, 1)
        return {
            "device": str(self.worker.device),
            "state": self._state,
            "pid": self.worker.pid,
            "generator": loaded[0]["generator"] if loaded else None,
            "preset": loaded[0]["preset"] if loaded else None,
            "loaded": loaded,
            "job": job,
        }
