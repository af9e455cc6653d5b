"""The back end that runs jobs in the calling thread, for tests of what lies above and below it.

It has no socket and no process, and so neither time limits nor protection from a generator that crashes.
"""

from __future__ import annotations

from spectacle.config import Settings
from spectacle.errors import Cancelled, DeviceLost, SpectacleError
from spectacle.generators.base import Device, Resources
from spectacle.svg.rasterise import Rasteriser
from spectacle.worker.contract import JobEvents, JobFailed, JobSpec, Model, Unwanted, still_wanted
from spectacle.worker.engine import Engine
from spectacle.worker.generator_errors import as_spectacle_error


class InProcessWorker:
    """A `WorkerBackend` around an `Engine` of its own.

    Args:
        device: Where generators run.
        settings: The daemon's settings.
    """

    pid: int | None = None
    not_before = 0.0

    def __init__(self, device: Device, settings: Settings) -> None:
        self.device = device
        self._settings = settings
        self._engine: Engine | None = None
        self._rasteriser: Rasteriser | None = None
        self._interrupted = False

    @property
    def is_running(self) -> bool:
        """Whether there is an engine."""
        return self._engine is not None

    @property
    def loaded(self) -> tuple[Model, ...]:
        """What the engine has loaded, the one used last at the end."""
        engine = self._engine
        return () if engine is None else tuple(engine.models)

    def reconfigure(self, settings: Settings) -> None:
        """Use other settings; the engine is made again for them."""
        if settings != self._settings:
            self.kill()
        self._settings = settings

    def start(self, unwanted: Unwanted = still_wanted) -> None:
        """Make the engine if there is none."""
        self._running()

    def load(self, model: Model, unwanted: Unwanted = still_wanted) -> None:
        """Have a model loaded. As `WorkerBackend.load` says."""
        engine = self._running()
        try:
            engine.load(model)
        except SpectacleError as error:
            raise self._as_failure(error) from error

    def run(self, job: JobSpec, events: JobEvents) -> None:
        """Run one job. As `WorkerBackend.run` says."""
        engine = self._running()
        self._interrupted = False
        try:
            facts = engine.run(job, _Output(self, events))
        except Exception as error:
            known = error if isinstance(error, SpectacleError) else as_spectacle_error(error, job.model[0])
            raise self._as_failure(known) from error
        events.done(facts)

    def interrupt(self) -> None:
        """Have the running job stop at its next step."""
        self._interrupted = True

    def kill(self) -> None:
        """Unload everything."""
        if self._engine is not None:
            self._engine.unload()
        if self._rasteriser is not None:
            self._rasteriser.close()
        self._engine = self._rasteriser = None

    def _running(self) -> Engine:
        if self._engine is None:
            workers = self._settings.workers
            self._rasteriser = Rasteriser(
                memory=workers.svg_memory, cpu_seconds=workers.svg_seconds, wall_seconds=workers.svg_seconds
            )
            resources = Resources.from_settings(self._settings.weights, self._settings.placement)
            self._engine = Engine(self.device, self._rasteriser, resources)
        return self._engine

    @staticmethod
    def _as_failure(error: SpectacleError) -> SpectacleError:
        if isinstance(error, Cancelled | DeviceLost):
            return error
        return JobFailed(error.code, error.message, error.details)

    def check(self, events: JobEvents) -> None:
        """Do nothing, or raise `Cancelled` when the job is no longer wanted."""
        if self._interrupted:
            raise Cancelled("interrupted")
        if (reason := events.unwanted()) is not None:
            raise Cancelled(reason)


class _Output:
    """Passes what a job reports straight on."""

    def __init__(self, worker: InProcessWorker, events: JobEvents) -> None:
        self._worker = worker
        self._events = events
        self.started = events.started
        self.file = events.file

    def check(self) -> None:
        self._worker.check(self._events)

    def progress(self, step: int, steps: int, note: str = "") -> None:
        self.check()
        self._events.progress(step, steps, note)
