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

PROGRESS_INTERVAL = 1.0
"""Least seconds between two states of a progress file."""


@dataclass(slots=True)
class Attempt:
    """One running attempt at a request, as others may look at it.

    Attributes:
        name: The request.
        stop: Set to have it stop; `why` says why.
        why: `cancelled`, `changed`, `returned`, `claim lost`.
        step: Steps done.
        steps: Steps in all, 0 while unknown.
        began: Monotonic time of its start.
        seed: Its seed, once known.
        facts: The numbers that are known about how the result was generated, once it is done.
    """

    name: RequestName
    stop: threading.Event = field(default_factory=threading.Event)
    why: str = ""
    step: int = 0
    steps: int = 0
    began: float = field(default_factory=time.monotonic)
    seed: int | None = None
    facts: dict[str, float] = field(default_factory=dict)

    def end(self, why: str) -> None:
        """Have it stop at its next step. The first reason counts."""
        if not self.stop.is_set():
            self.why = why
            self.stop.set()


class ProgressReport:
    """What is told of one attempt while it runs.

    Args:
        spool: The spool.
        attempt: The attempt, whose state is kept up to date.
        generator: Gives the name of the generator that runs it, once known.
    """

    def __init__(self, spool: Spool, attempt: Attempt, generator: Callable[[], str | None]) -> None:
        self._spool = spool
        self._attempt = attempt
        self._generator = generator
        self._wanted = False
        self._note = ""
        self._written = -PROGRESS_INTERVAL

    def started(self, progress: bool, seed: int) -> None:
        """Take note of the option `progress` and of the seed."""
        self._wanted = progress
        self._attempt.seed = seed
        self._write("running")

    def progress(self, step: int, steps: int, note: str) -> None:
        """Take note of a step. The file is written again when it was not within `PROGRESS_INTERVAL`."""
        self._attempt.step, self._attempt.steps, self._note = step, steps, note
        if time.monotonic() - self._written >= PROGRESS_INTERVAL:
            self._write("running")

    def close(self) -> None:
        """Remove the file, for an attempt without an answer; where there is one, it went with it."""
        if self._wanted:
            with contextlib.suppress(OSError):
                self._spool.remove(self._attempt.name.progress_name)

    def _write(self, state: str) -> None:
        if not self._wanted:
            return
        attempt = self._attempt
        fraction = attempt.step / attempt.steps if attempt.steps else 0.0
        elapsed = time.monotonic() - attempt.began
        content = {
            "state": state,
            "fraction": round(fraction, 4),
            "step": attempt.step,
            "steps": attempt.steps,
            "eta_s": round(elapsed / fraction - elapsed, 1) if fraction else None,
            "note": self._note,
            "generator": self._generator(),
            "host": this_host(),
        }
        with contextlib.suppress(OSError):
            self._spool.replace(attempt.name.progress_name, json.dumps(content).encode())
        self._written = time.monotonic()
