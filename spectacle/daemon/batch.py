"""Runs several requests of one model together on a worker, while each keeps an attempt and a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spectacle.daemon.progress import Attempt
from spectacle.generators.base import Device
from spectacle.worker.contract import Deferred, JobEvents, JobSpec, Model, WorkerBackend

GATHER_SECONDS = 2.0
"""How long the first request of a batch waits for the others to be claimed and read; who comes later is deferred."""


@dataclass(eq=False, slots=True)
class _Member:
    """A job of the batch, and how it ended."""

    job: JobSpec
    events: JobEvents
    heard: bool = False
    ended: bool = False
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
    """

    def __init__(self, worker: WorkerBackend, first: Attempt, gather: Callable[[int], Sequence[Attempt]]) -> None:
        self._worker = worker
        self._first = first
        self._gather = gather
        self._changed = threading.Condition()
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
        members = self._gathered(_Member(job, events), limit - 1) if limit > 1 else []
        if len(members) < 2:
            self._worker.run(job, events)
            return
        for attempt in self._attempts:
            attempt.batch = len(members)
        threading.Thread(target=self._run_all, args=(members,), name="batch", daemon=True).start()
        self._await(members[0])

    def companion(self, attempt: Attempt) -> Companion:
        """The `JobRunner` of another attempt."""
        return Companion(self, attempt)

    def join(self, attempt: Attempt, job: JobSpec, events: JobEvents) -> None:
        """Run the job of another attempt with the batch.

        Raises:
            Deferred: When it cannot be run with it.
            Exception: As `WorkerBackend.run` says.
        """
        with self._changed:
            if attempt.alone or self._closed or job.model != self._model:
                raise Deferred("it is not run together with others")
            member = _Member(job, events)
            self._members.append(member)
            self._attempts.append(attempt)
            self._arrived.add(attempt)
            self._changed.notify_all()
        self._await(member)

    def leave(self, attempt: Attempt) -> None:
        """Say that an attempt is over, and so is not waited for."""
        with self._changed:
            self._arrived.add(attempt)
            self._changed.notify_all()

    def _gathered(self, first: _Member, most: int) -> list[_Member]:
        with self._changed:
            self._members.append(first)
            self._model = first.job.model
        expected = self._gather(most)
        deadline = time.monotonic() + GATHER_SECONDS
        with self._changed:
            while not self._arrived.issuperset(expected) and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            self._closed = True
            return list(self._members)

    def _await(self, member: _Member) -> None:
        with self._changed:
            while not member.ended:
                self._changed.wait()
        if member.error is not None:
            raise member.error

    def _run_all(self, members: Sequence[_Member]) -> None:
        """Run the jobs, and let each attempt continue as soon as its own has ended; the last one after the worker."""

        def ended(number: int, error: Exception | None) -> None:
            member = members[number]
            with self._changed:
                member.heard, member.error = True, error
                member.ended = not all(each.heard for each in members)
                self._changed.notify_all()

        failure: Exception = RuntimeError("the worker said nothing of a job")
        try:
            self._worker.run_together([(each.job, each.events) for each in members], ended)
        except Exception as error:
            failure = error
        with self._changed:
            for each in members:
                if not each.heard:
                    each.error = failure
                each.ended = True
            self._changed.notify_all()


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
