"""How long loading a model and running a request take: estimated from what was measured, and kept in the spool."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from spectacle.daemon.schedule import UnknownCosts, Waiting, WorkerState
from spectacle.spool.claims import this_host
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import NotOrdinary, TooLarge
from spectacle.spool.naming import RequestName, costs_path
from spectacle.worker.contract import Model

MEMORY = 0.9
"""Part of its weight that a measurement keeps with each one that follows, so that the last ten count most."""

MAX_RECORDS, MAX_BYTES, MAX_SECONDS = 500, 256 * 1024, 1e6
SAVE_INTERVAL = 60.0


class Record(BaseModel):
    """What was measured of one model on one kind of worker, as weighted sums.

    A job's work is its pixels times its steps, in units of 10^6. Its seconds are taken to grow linearly with that.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    generator: str
    preset: str | None
    worker: str
    load: float | None = Field(None, ge=0, le=MAX_SECONDS)
    weight: float = Field(0.0, ge=0, le=1e3)
    steps: float = Field(0.0, ge=0, le=1e9)
    work: float = Field(0.0, ge=0, le=1e12)
    seconds: float = Field(0.0, ge=0, le=1e9)
    work_squared: float = Field(0.0, ge=0, le=1e24)
    work_seconds: float = Field(0.0, ge=0, le=1e21)

    def with_load(self, seconds: float) -> Record:
        """With one more measured load."""
        load = seconds if self.load is None else (self.load + seconds) / 2
        return self.model_copy(update={"load": min(load, MAX_SECONDS)})

    def with_job(self, pixels: int, steps: int, seconds: float) -> Record:
        """With one more measured job."""
        work = pixels * max(1, steps) / 1e6
        sums = {
            "weight": 1.0,
            "steps": float(max(1, steps)),
            "work": work,
            "seconds": seconds,
            "work_squared": work**2,
            "work_seconds": work * seconds,
        }
        return self.model_copy(update={name: MEMORY * getattr(self, name) + value for name, value in sums.items()})

    def job(self, pixels: int) -> float | None:
        """Seconds for a job of so many pixels and the usual number of steps, or None when none was measured."""
        if not self.weight:
            return None
        work = pixels * self.steps / self.weight / 1e6
        spread = self.weight * self.work_squared - self.work**2
        slope = 0.0
        if spread > 1e-6 * self.work**2:
            slope = max(0.0, (self.weight * self.work_seconds - self.work * self.seconds) / spread)
        fixed = (self.seconds - slope * self.work) / self.weight
        if fixed < 0:
            return self.seconds / self.work * work
        return fixed + slope * work


_RECORDS = TypeAdapter(list[Record])


@dataclass(frozen=True, slots=True)
class Measured:
    """What an attempt has measured.

    Attributes:
        load: Seconds until its job began, when its model had to be loaded for it.
        job: Seconds of the job itself, once it is done.
        steps: Its steps, 0 when it reported none.
    """

    load: float | None
    job: float | None
    steps: int


class MeasuredCosts:
    """The costs of jobs on this host. Measured by device threads, asked by all, kept by the loop's thread.

    Args:
        spool: The spool.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._records: dict[tuple[Hashable, str], Record] = {}
        self._unknown = UnknownCosts()
        self._changed = False
        self._saved = float("-inf")

    def measured(self, name: RequestName, model: Model, measured_as: str, measured: Measured) -> None:
        """Learn from an attempt on a worker of that kind."""
        key = model, measured_as
        record = self._records.get(key) or Record(generator=model[0], preset=model[1], worker=measured_as)
        if measured.load is not None:
            record = record.with_load(measured.load)
        if measured.job is not None:
            record = record.with_job(name.width * name.height, measured.steps, measured.job)
        self._records[key] = record
        self._changed = True

    def load_seconds(self, request: Waiting, worker: WorkerState) -> float:
        """Seconds for starting a worker with the request's model loaded: measured, or else an allowance."""
        record = self._record(request.model, worker)
        if record is not None and record.load is not None:
            return record.load
        return self._unknown.load_seconds(request, worker)

    def job_seconds(self, request: Waiting, worker: WorkerState) -> float | None:
        """Seconds for running a request, or None when nothing like it has been run yet."""
        record = self._record(request.model, worker)
        return None if record is None else record.job(request.name.width * request.name.height)

    def _record(self, model: Hashable, worker: WorkerState) -> Record | None:
        """That of the same kind of worker, or else of another one of the same sort of device."""
        exact = self._records.get((model, worker.measured_as))
        if exact is not None:
            return exact
        device = _device(worker.measured_as)
        return next(
            (each for key, each in self._records.items() if key[0] == model and _device(key[1]) == device), None
        )

    def read(self) -> None:
        """Take over what earlier instances of this host have measured. What cannot be read is measured again."""
        with contextlib.suppress(OSError, NotOrdinary, TooLarge, ValidationError, RecursionError):
            content, _ = self._spool.read(costs_path(this_host()), MAX_BYTES)
            for each in _RECORDS.validate_json(content)[:MAX_RECORDS]:
                self._records.setdefault(((each.generator, each.preset), each.worker), each)

    def save(self, now: float) -> None:
        """Keep what has been measured, once in `SAVE_INTERVAL`. What cannot be kept is measured again."""
        if self._changed and now - self._saved >= SAVE_INTERVAL:
            self._changed, self._saved = False, now
            records = list(self._records.values())[-MAX_RECORDS:]
            with contextlib.suppress(OSError):
                self._spool.replace(costs_path(this_host()), _RECORDS.dump_json(records))


def _device(measured_as: str) -> str:
    return measured_as.partition(" ")[0]
