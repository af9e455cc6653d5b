"""Runs several requests of one model together on a worker, while each keeps an attempt and a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spectacle.daemon.progress import Attempt
from spectacle.generators.base import Device
from spectacle.worker.contract import Deferred, JobEvents, JobSpec, Model, WorkerBackend

GATHER_SECONDS = 2.0
"""How long the first request of a batch waits for the others to be claimed and read; who comes later is deferred."""


@dataclass(eq=False, slots=True)
class _Member:
    """A job of the batch, and how it ended. Its attempt waits for nothing else, so that no other end wakes it."""

    job: JobSpec
    events: JobEvents
    ended: threading.Event
    heard: bool = False
    error: Exception | None = None


class Batch:
    """One turn of a worker: the request that it begins with, and those that are run together with it.

    It is the `JobRunner` of the first request. Others are gathered only once its model is loaded and its job could
    begin, so that none is claimed earlier than it would be for itself.

    Args:
        worker: Runs the jobs.
        first: The attempt at the first request.
        gather: Called with a number: begins attempts at so many other requests at most, each of which gets its
            `companion`, and returns them.
        start: Runs a function in a thread that outlives the batch. A worker process that has to be started again there
            would otherwise end with it, as `LocalProcess` says. Raises `RuntimeError` when there is none to be had.
    """

    def __init__(
        self,
        worker: WorkerBackend,
        first: Attempt,
        gather: Callable[[int], Sequence[Attempt]],
        start: Callable[[Callable[[], None]], None],
    ) -> None:
        self._worker = worker
        self._first = first
        self._gather = gather
        self._start = start
        self._lock = threading.Lock()
        self._complete = threading.Event()
        self._expected: Sequence[Attempt] | None = None
        self._members: list[_Member] = []
        self._attempts: list[Attempt] = [first]
        self._arrived: set[Attempt] = set()
        self._closed = False
        self._model: Model | None = None

    @property
    def device(self) -> Device:
        """Where it runs."""
        return self._worker.device

    @property
    def loaded(self) -> tuple[Model, ...]:
        """What the worker has loaded."""
        return self._worker.loaded

    def run(self, job: JobSpec, events: JobEvents) -> None:
        """Run the job of the first request, together with others where that is possible."""
        self._worker.load(job.model, events.unwanted)
        limit = 1 if self._first.alone else self._worker.batch_limit(job.model)
        members = self._gathered(_Member(job, events, threading.Event()), limit - 1) if limit > 1 else []
        if len(members) < 2:
            self._worker.run(job, events)
            return
        for attempt in self._attempts:
            attempt.batch = len(members)
        try:
            self._start(lambda: self._run_all(members))
        except RuntimeError:
            # No further thread is allowed: the first attempt continues only when all jobs have ended.
            self._run_all(members)
        _await(members[0])

    def companion(self, attempt: Attempt) -> Companion:
        """The `JobRunner` of another attempt."""
        return Companion(self, attempt)

    def join(self, attempt: Attempt, job: JobSpec, events: JobEvents) -> None:
        """Run the job of another attempt with the batch.

        Raises:
            Deferred: When it cannot be run with it.
            Exception: As `WorkerBackend.run` says.
        """
        with self._lock:
            if attempt.alone or self._closed or job.model != self._model:
                raise Deferred("it is not run together with others")
            member = _Member(job, events, threading.Event())
            self._members.append(member)
            self._attempts.append(attempt)
            self._arrive(attempt)
        _await(member)

    def close(self) -> None:
        """Let no further attempt join."""
        with self._lock:
            self._closed = True

    def leave(self, attempt: Attempt) -> None:
        """Say that an attempt is over, and so is not waited for."""
        with self._lock:
            self._arrive(attempt)

    def _arrive(self, attempt: Attempt) -> None:
        self._arrived.add(attempt)
        # Only the last one wakes the first.
        if self._expected is not None and self._arrived.issuperset(self._expected):
            self._complete.set()

    def _gathered(self, first: _Member, most: int) -> list[_Member]:
        with self._lock:
            self._members.append(first)
            self._model = first.job.model
        expected = self._gather(most)
        with self._lock:
            self._expected = expected
            complete = self._arrived.issuperset(expected)
        if not complete:
            self._complete.wait(GATHER_SECONDS)
        with self._lock:
            self._closed = True
            return list(self._members)

    def _run_all(self, members: Sequence[_Member]) -> None:
        """Run the jobs, and let each attempt continue as soon as its own has ended; the last one after the worker."""

        def ended(number: int, error: Exception | None) -> None:
            member = members[number]
            member.heard, member.error = True, error
            if not all(each.heard for each in members):
                member.ended.set()

        failure: Exception = RuntimeError("the worker said nothing of a job")
        try:
            self._worker.run_together([(each.job, each.events) for each in members], ended)
        except Exception as error:
            failure = error
        for each in members:
            if not each.heard:
                each.error = failure
            each.ended.set()


def _await(member: _Member) -> None:
    member.ended.wait()
    if member.error is not None:
        raise member.error


class Companion:
    """The `JobRunner` of an attempt that is run together with another one."""

    def __init__(self, batch: Batch, attempt: Attempt) -> None:
        self._batch = batch
        self._attempt = attempt

    @property
    def device(self) -> Device:
        """Where it runs."""
        return self._batch.device

    @property
    def loaded(self) -> tuple[Model, ...]:
        """What the worker has loaded."""
        return self._batch.loaded

    def run(self, job: JobSpec, events: JobEvents) -> None:
        """Run its job with the batch. As `Batch.join` says."""
        self._batch.join(self._attempt, job, events)
