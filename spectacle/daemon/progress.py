"""Keeps the state of a running attempt, and its progress file when the client asked for one."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from spectacle.spool.claims import this_host
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.sharing import Sharing

PROGRESS_INTERVAL = 1.0
"""Minimum seconds between two states of a progress file."""


@dataclass(eq=False, slots=True)
class Attempt:
    """One running attempt at a request, as others see it.

    Attributes:
        name: The request.
        stop: Set to have it stop; `why` says why.
        why: `cancelled`, `changed`, `returned`, `claim lost`.
        step: Steps done.
        steps: Steps in all, 0 while unknown.
        began: Monotonic time of its start.
        expected_end: Monotonic time at which it is expected to be done, as far as that was known when it began.
        model: What must be loaded for it; None while it is not known.
        served_by: The kind whose model that is; None for its own kind.
        loads: Whether that had to be loaded first.
        started: Monotonic time at which its job began, after that.
        done: Monotonic time at which its job was done.
        seed: Its seed, once known.
        many: Whether its result has a file so far that is not searched for by its name.
        facts: The numbers that are known about how the result was generated, once it is done.
        deciding: Whether its result is being committed, so that it can no longer be cancelled.
        overlaps: Whether the result before it, alongside which it was begun, is still being published.
        alone: Whether no other is to be begun before its result is published, or run together with it.
        batch: How many requests its worker runs together with it, itself among them.
        measured_as: What its worker has in common with others that take equally long.
        on_overlap_end: Called by `end_overlap`.
        on_worker_done: Called by `worker_done`, unless it is to be alone.
    """

    name: RequestName
    stop: threading.Event = field(default_factory=threading.Event)
    why: str = ""
    step: int = 0
    steps: int = 0
    began: float = field(default_factory=time.monotonic)
    expected_end: float | None = None
    model: tuple[str, str | None] | None = None
    served_by: str | None = None
    loads: bool = False
    started: float | None = None
    done: float | None = None
    seed: int | None = None
    many: bool = False
    facts: dict[str, float] = field(default_factory=dict)
    deciding: bool = False
    overlaps: bool = False
    alone: bool = False
    batch: int = 1
    measured_as: str = ""
    on_overlap_end: Callable[[], None] = lambda: None
    on_worker_done: Callable[[], None] = lambda: None

    def seconds_left(self) -> float | None:
        """Seconds until it is expected to be done: by its steps once there are some, before that by what it cost."""
        now = time.monotonic()
        if self.started is not None and self.steps and self.step:
            return (now - self.started) * (self.steps - self.step) / self.step
        return None if self.expected_end is None else max(0.0, self.expected_end - now)

    def end(self, why: str) -> None:
        """Have it stop at its next step. The first reason counts."""
        if not self.stop.is_set():
            self.why = why
            self.stop.set()

    def end_overlap(self) -> None:
        """Say that the result before it is published."""
        self.overlaps = False
        self.on_overlap_end()

    def await_overlap_end(self) -> bool:
        """Wait until the result before it is published. Returns False when it is to stop instead."""
        while self.overlaps and not self.stop.is_set():
            time.sleep(0.005)
        return not self.stop.is_set()

    def worker_done(self) -> None:
        """Say that the worker is not needed for it any more, so that the next job may begin."""
        if not self.alone:
            self.on_worker_done()


class ProgressReport:
    """What is reported of one attempt while it runs.

    Args:
        spool: The spool.
        attempt: The attempt, whose state is kept up to date.
        generator: Gives the name of the generator that runs it, once known.
        sharing: Decides who may read the file.
    """

    def __init__(
        self, spool: Spool, attempt: Attempt, generator: Callable[[], str | None], sharing: Sharing | None
    ) -> None:
        self._spool = spool
        self._attempt = attempt
        self._generator = generator
        self._sharing = sharing
        self._wanted = False
        self._note = ""
        self._written = -PROGRESS_INTERVAL

    def loading(self) -> None:
        """Say that the request does not wait any more, where it has a progress file: it has asked for one."""
        with contextlib.suppress(OSError):
            self._wanted = self._spool.peek(self._attempt.name.progress_name) is not None
        self._write("loading")

    def started(self, progress: bool, seed: int) -> None:
        """Take note of the option `progress` and of the seed."""
        if not progress:
            self.close()
        self._wanted = progress
        self._attempt.seed = seed
        self._attempt.started = time.monotonic()
        self._write("running")

    def progress(self, step: int, steps: int, note: str) -> None:
        """Take note of a step. The file is written again when it was not within `PROGRESS_INTERVAL`."""
        self._attempt.step, self._attempt.steps, self._note = step, steps, note
        if time.monotonic() - self._written >= PROGRESS_INTERVAL:
            self._write("running")

    def close(self) -> None:
        """Remove the file, for an attempt without a result; where there is one, it went with it."""
        if self._wanted:
            with contextlib.suppress(OSError):
                self._spool.remove(self._attempt.name.progress_name)

    def _write(self, state: str) -> None:
        if not self._wanted:
            return
        attempt = self._attempt
        fraction = attempt.step / attempt.steps if attempt.steps else 0.0
        left = attempt.seconds_left()
        content = {
            "state": state,
            "fraction": round(fraction, 4),
            "step": attempt.step,
            "steps": attempt.steps,
            "eta_s": None if left is None else round(left, 1),
            "ahead": None,
            "note": self._note,
            "generator": self._generator(),
            "host": this_host(),
        }
        with contextlib.suppress(OSError):
            self._spool.replace(attempt.name.progress_name, json.dumps(content).encode(), self._sharing)
        self._written = time.monotonic()
