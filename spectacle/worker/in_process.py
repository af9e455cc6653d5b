"""The back end that runs jobs in the calling thread, for tests of what is above and below it.

It has no socket and no process, and so neither time limits nor protection from a generator that crashes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spectacle.config import Settings
from spectacle.errors import Cancelled, DeviceLost, SpectacleError
from spectacle.generators.base import Device, Resources
from spectacle.svg.rasterise import Rasteriser
from spectacle.worker.batch import run_together
from spectacle.worker.contract import (
    HERE,
    Deferred,
    JobEnd,
    JobEvents,
    JobFailed,
    JobSpec,
    Model,
    Unwanted,
    still_wanted,
)
from spectacle.worker.engine import Engine
from spectacle.worker.generator_errors import as_spectacle_error
from spectacle.worker.signed import signer_for


class InProcessWorker:
    """A `WorkerBackend` around an `Engine` of its own.

    Args:
        device: Where generators run.
        settings: The daemon's settings.
    """

    memory: Mapping[str, int] = {}
    pid: int | None = None
    not_before = 0.0
    site = HERE

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

    def batch_limit(self, model: Model) -> int:
        """As `WorkerBackend.batch_limit` says."""
        engine = self._engine
        return 1 if engine is None else dict(zip(engine.models, engine.batch_limits, strict=True)).get(model, 1)

    def run_together(self, jobs: Sequence[tuple[JobSpec, JobEvents]], ended: JobEnd) -> None:
        """Run several jobs. As `WorkerBackend.run_together` says."""
        engine = self._running()
        self._interrupted = False

        def passed_on(job: int, end: Mapping[str, float] | SpectacleError) -> None:
            if isinstance(end, SpectacleError):
                ended(job, self._as_failure(end))
            else:
                jobs[job][1].done(end)
                ended(job, None)

        try:
            run_together(engine, [(spec, _Output(self, events)) for spec, events in jobs], passed_on)
        except SpectacleError as error:
            raise self._as_failure(error) from error

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
            resources = Resources.from_settings(self._settings)
            signing = self._settings.provenance
            self._engine = Engine(self.device, self._rasteriser, resources, signer_for(signing), signing.visible_mark)
        return self._engine

    @staticmethod
    def _as_failure(error: SpectacleError) -> SpectacleError:
        if isinstance(error, Cancelled | DeviceLost | Deferred):
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
