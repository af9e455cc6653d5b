"""Has an instance know of a million waiting requests, and prints as JSON what it says of them and what that took.

The requests are one user's or, with the argument `many`, a user's each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from clock import Clock
from directory_of_names import DirectoryOfNames, scanner_of

import spectacle.cli.serve
import spectacle.watcher  # noqa: F401  all that a daemon consists of
from spectacle.config import Settings, SpoolSettings
from spectacle.daemon.attempt import AttemptResult
from spectacle.daemon.events import FileEvent
from spectacle.daemon.schedule import WorkerState

COUNT = 1_000_000
answered = 0
STEP = 387_420_489
"""Has no divisor in common with the count: requests are found in another order than they were written."""


def names() -> Iterator[str]:
    """All requests that are not answered yet, and some answers."""
    for place in range(COUNT):
        number = place * STEP % COUNT
        if number >= answered:
            yield name(number)
    for number in range(1000):
        yield f"alice-{number:07d}-1024x1024.png"


def name(number: int) -> str:
    """The name of a request."""
    user = f"user{number:07d}" if "many" in sys.argv else "alice"
    return f"{user}-{number:07d}-1024x1024.txt"


def written(file_name: str) -> int:
    """The older, the smaller the number."""
    return 10**18 + int(file_name.split("-")[1]) * 1000


def most_memory() -> int:
    """MiB that the process had at most."""
    (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def main() -> None:
    """Scan, take, scan again, and have another user ask meanwhile."""
    clock = Clock()
    settings = Settings(spool=SpoolSettings(settle=0))
    scanner, backlog = scanner_of(DirectoryOfNames(names, written), clock, settings=settings)
    begun = most_memory()

    def take() -> str:
        clock.now += 1
        backlog.due(clock.now)
        tracked = backlog.take(WorkerState(), 0, stopping=lambda: False, begin=lambda attempt: None)
        assert tracked is not None
        backlog.settle(tracked, AttemptResult.ANSWERED, None)
        return tracked.name.file_name

    scanner.scan()
    counted = [sum(backlog.waiting_by_kind().values())]
    for answered in range(1, 8001):
        assert take() == name(answered - 1)
        if answered % 4000 == 0:
            globals()["answered"] = answered
            scanner.scan()
    scanner._on_event("bob-1-1024x1024.txt", FileEvent.COMPLETE)
    scanner.handle_events()
    another = take()
    counted.append(sum(backlog.waiting_by_kind().values()))
    print(json.dumps({"begun": begun, "most": most_memory(), "counted": counted, "another": another}))


if __name__ == "__main__":
    main()
