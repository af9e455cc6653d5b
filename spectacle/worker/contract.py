"""The contract between the daemon and whatever runs its jobs.

Each device of the daemon has one `WorkerBackend`. `spectacle.worker.local` runs jobs in a process of this host,
`spectacle.cluster` in a process of some node of a Ray cluster, `spectacle.worker.in_process` in the calling thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import Any, Literal, Protocol

from spectacle.config import Settings
from spectacle.errors import SpectacleError
from spectacle.generators.base import Device, MediaType

Model = tuple[str, str | None]
"""A generator's name and its preset: what is loaded together."""

ENCODE_SECONDS = "encode_seconds"
"""Among the numbers that are known of a job that is done: how many of its seconds encoding and signing took."""

Unwanted = Callable[[], str | None]
"""Asked often: why the work is no longer wanted, or None. Makes no system call that could block."""

Role = Literal["options", "input", "mask", "control"]

_CHUNK = 1 << 20


def still_wanted() -> None:
    """An `Unwanted` for work that nobody cancels."""
    return


class TooLong(Exception):
    """Raised on reading an attachment beyond the limit given."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file that came with a request.

    Attributes:
        role: What it is for; of several with the role `input` the order counts.
        name: Its name in the spool, for messages.
        source: Its content, or an open descriptor of it, which is closed by whoever opened it.
    """

    role: Role
    name: str
    source: int | bytes

    def read(self, limit: int) -> bytes:
        """The whole content, read from the beginning.

        Raises:
            TooLong: When it holds more than `limit` bytes.
        """
        if isinstance(self.source, bytes):
            content = self.source
        else:
            parts: list[bytes] = []
            total = 0
            while total <= limit and (part := os.pread(self.source, min(_CHUNK, limit + 1 - total), total)):
                parts.append(part)
                total += len(part)
            content = b"".join(parts)
        if len(content) > limit:
            raise TooLong
        return content

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of the content for as long as the block runs, to be sent to a process of this host."""
        if isinstance(self.source, int):
            yield self.source
            return
        with TemporaryFile() as file:
            file.write(self.source)
            file.flush()
            yield file.fileno()


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job, the same on both sides of every wire.

    Attributes:
        model: The generator and preset.
        stem: The request's stem, for messages.
        kind: Kind of the request.
        makes: The media type wanted.
        width: Width of the result in pixels.
        height: Height of the result in pixels.
        prompt: The sanitized prompt.
        notes: What the client should know, such as that the prompt was shortened.
        digest: SHA-256 of the request's bytes, hexadecimal.
        options: The kind's own options, which the request's options file overrides.
        max_input_pixels: Maximum number of pixels of an attached image.
        max_total_input_pixels: Maximum number of pixels of all attached images together.
        max_input_bytes: Maximum number of bytes of an attached image.
        attachments: What came with the request.
    """

    model: Model
    stem: str
    kind: str
    makes: MediaType
    width: int
    height: int
    prompt: str
    notes: tuple[str, ...]
    digest: str
    options: Mapping[str, Any]
    max_input_pixels: int
    max_total_input_pixels: int
    max_input_bytes: int
    attachments: tuple[Attachment, ...] = ()


class JobEvents(Protocol):
    """What the daemon wants to hear of a running job. Called by the thread that called `WorkerBackend.run`."""

    def unwanted(self) -> str | None:
        """Why the job is no longer wanted, or None; see `Unwanted`."""
        ...

    def started(self, progress: bool, seed: int) -> None:
        """Hear once of the option `progress` and of the seed."""
        ...

    def progress(self, step: int, steps: int, note: str) -> None:
        """Hear that `step` of `steps` are done."""
        ...

    def file(self, suffix: str, content: bytes) -> None:
        """Take one result file: what follows the stem in its name, and its bytes. The primary one comes last."""
        ...

    def done(self, facts: Mapping[str, float]) -> None:
        """Hear, at the end, the numbers that are known about how the result was generated."""
        ...


class JobFailed(SpectacleError):
    """Raised when a job cannot be done, for a reason that another attempt would meet again; `error_code` says which."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message, **details)
        self.error_code = code


class Deferred(SpectacleError):
    """Raised when a job was not run, because it cannot be run together with those it came with."""

    code = "deferred"


JobEnd = Callable[[int, Exception | None], None]
"""Called once a job of several has ended: with its number, and the error, or None when it is done."""


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of the place where a worker is.

    Attributes:
        absent: Why there is no such place now, such as a node that has left; None where there is one.
        used: Whether `spectacle status` shows the worker; False for a place that nobody expects to be there.
        lacks: Models that cannot be loaded there, each with the reason.
        details: What `spectacle status` shows of it in addition, as JSON values.
    """

    absent: str | None = None
    used: bool = True
    lacks: Mapping[Model, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


HERE = Site()
"""The site of workers of the daemon's own host, which is always there."""


class WorkerBackend(Protocol):
    """One place that runs jobs. Used by one thread at a time, but for `interrupt` and the properties.

    A back end outlives the process, container or actor behind it: after any of the errors below the next call starts
    what is missing again. It keeps nothing of a job once `run` has returned or raised.
    """

    @property
    def device(self) -> Device:
        """Where it runs."""
        ...

    @property
    def loaded(self) -> tuple[Model, ...]:
        """What is loaded now, the one used last at the end."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether there is something behind it that holds memory, which `kill` would free."""
        ...

    @property
    def memory(self) -> Mapping[str, int]:
        """Bytes that its process had taken when it last said something, as `spectacle.worker.usage` counts them."""
        ...

    @property
    def pid(self) -> int | None:
        """Number of its process on the device's host, for `spectacle status`; None while there is none."""
        ...

    @property
    def site(self) -> Site:
        """What is known of the place where it is. A worker without one is not used; it may get another one later."""
        ...

    @property
    def not_before(self) -> float:
        """Monotonic time before which it should not be used, because it has crashed several times in a row."""
        ...

    def reconfigure(self, settings: Settings) -> None:
        """Use other settings, at the latest from the next job on. What is loaded may be unloaded for that."""
        ...

    def start(self, unwanted: Unwanted = still_wanted) -> None:
        """Be ready for a job; does nothing when it is.

        Raises:
            WorkerUnavailable: When it cannot be started now.
            WorkerCrashed: When it ended instead.
            WorkerTimeout: When it took too long.
            Cancelled: When it became unwanted meanwhile.
        """
        ...

    def load(self, model: Model, unwanted: Unwanted = still_wanted) -> None:
        """Start, and have a model loaded; does nothing when it is.

        Raises:
            JobFailed: When the generator refuses.
            WorkerCrashed: When the process ended.
            DeviceLost: When the device no longer responds.
            WorkerTimeout: When it took longer than `limits.load`.
            Cancelled: When it became unwanted meanwhile.
        """
        ...

    def run(self, job: JobSpec, events: JobEvents) -> None:
        """Run one job to its end, loading its model if need be.

        Raises:
            JobFailed: When it cannot be done.
            WorkerCrashed: When the process ended.
            DeviceLost: When the device no longer responds.
            WorkerTimeout: When loading, a step or the whole job took longer than its limit.
            Cancelled: When it became unwanted and has stopped.
        """
        ...

    def batch_limit(self, model: Model) -> int:
        """How many jobs of a model `run_together` takes; 1 while the model is not loaded."""
        ...

    def run_together(self, jobs: Sequence[tuple[JobSpec, JobEvents]], ended: JobEnd) -> None:
        """Run several jobs of one model to their ends, as one batch.

        Args:
            jobs: The jobs and who hears of each.
            ended: Hears of each when it has ended: done, `JobFailed`, `Cancelled`, or `Deferred`.

        Raises:
            JobFailed: When none that has not ended can be done.
            WorkerCrashed: When the process ended; the jobs that have not ended are lost.
            DeviceLost: When the device no longer responds.
            WorkerTimeout: When loading, a step or all of it took longer than its limit.
            Cancelled: When all that have not ended became unwanted and have stopped.
        """
        ...

    def interrupt(self) -> None:
        """End what runs, from another thread; the thread that uses the worker gets `WorkerCrashed` or `Cancelled`."""
        ...

    def kill(self) -> None:
        """End what is behind it immediately, and free everything it holds. It can be started again."""
        ...
