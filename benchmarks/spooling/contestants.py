"""Starting and stopping the contestants, each as processes of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spooling.card import PROMPT, SIDE

DEADLINE = 120.0
CONFIGURATION = """
default_kind = "card"

[spool]
path = "{spool}"

[workers]
devices = ["cpu"]
preload = true

[kinds.card]
generator = "test-double"

[kinds.endless]
generator = "test-double"
options = {{ step_seconds = 3600 }}
"""


def wait_for(condition: Callable[[], Any], what: str, pause: float = 0.005) -> Any:
    """Wait until a condition holds, and return what it returned."""
    deadline = time.monotonic() + DEADLINE
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {DEADLINE:g} s in vain for {what}")
        time.sleep(pause)
    return result


class Contestant:
    """Something that answers requests in a spool.

    Args:
        spool: The spool directory; exists.
    """

    name = ""

    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = spool.parent / "log"

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        raise NotImplementedError

    def submit(self, stem: str) -> None:
        """Write a request, as the contestant's clients do: an ordinary file, opened, written, closed."""
        with (self.spool / f"{stem}.txt").open("w") as file:
            file.write(PROMPT)

    def answered(self) -> int:
        """How many results lie in the spool."""
        return sum(name.endswith(".png") for name in os.listdir(self.spool))

    def processor_seconds(self) -> float:
        """Processor time that it and everything it has started have taken so far."""
        numbers = [process.pid for process in self.processes]
        ticks = 0
        # It grows in the loop.
        for number in numbers:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
                for task in Path(f"/proc/{number}/task").iterdir():
                    numbers += map(int, (task / "children").read_text().split())
        return ticks / os.sysconf("SC_CLK_TCK")

    def launch(self, *command: str | Path, ready: str) -> None:
        """Start a process and wait for a word in its log."""
        seen = self.log.read_text().count(ready) if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.spool.parent,
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}, start_new_session=True,
                )
            )  # fmt: skip
        wait_for(lambda: self.log.read_text().count(ready) > seen, f"{self.name}:\n{self.log.read_text()[-2000:]}")

    def signal(self, number: int) -> None:
        """Send a signal to it and everything it has started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def stop(self) -> None:
        """End it."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


class Spectacle(Contestant):
    """Spectacle with its test generator, the default settings, and one worker per instance."""

    name = "Spectacle"
    instances = 1

    def start(self) -> None:
        """Start the instances."""
        configuration = self.spool.parent / "spectacle.toml"
        configuration.write_text(CONFIGURATION.format(spool=self.spool))
        for _ in range(self.instances):
            self.launch("-m", "spectacle", "serve", "--config", configuration, ready="watching")

    def verdicts(self) -> dict[str, int]:
        """What became of all attempts, as the instances have counted them so far."""
        counts: dict[str, int] = {}
        for report in self._reports():
            for verdict, number in report["done"].items():
                counts[verdict] = counts.get(verdict, 0) + number
        return counts

    def queued(self) -> int:
        """How many requests the instances know of."""
        return max((sum(report["queue"].values()) for report in self._reports()), default=0)

    def _reports(self) -> Iterator[dict[str, Any]]:
        reports = self.spool / ".spectacle/instances"
        for path in reports.glob("[!.]*.json"):
            with contextlib.suppress(FileNotFoundError):
                yield json.loads(path.read_text())


class ListdirLoop(Contestant):
    """The plain loop."""

    name = "listdir loop, 1 s"

    def start(self) -> None:
        """Start it."""
        self.launch("-m", "spooling.listdir_loop", self.spool, ready="ready")


class Huey(Contestant):
    """huey with its file storage and one worker."""

    name = "huey, as it comes"
    max_delay = 10.0

    def __init__(self, spool: Path) -> None:
        super().__init__(spool)
        from spooling.huey_queue import queue_at

        _queue, self._draw = queue_at(spool)

    def start(self) -> None:
        """Start the consumer."""
        # Not with -m, which would give the task another name than the client's.
        begin = "import sys, pathlib, spooling.huey_queue as it; it.main(pathlib.Path(sys.argv[1]), float(sys.argv[2]))"
        self.launch("-c", begin, self.spool, str(self.max_delay), ready="ready")

    def submit(self, stem: str) -> None:
        """Enqueue the task."""
        self._draw(PROMPT, stem)


class HurriedHuey(Huey):
    """The same, looking a hundred times a second."""

    name = "huey, looking every 10 ms"
    max_delay = 0.01


def has_huey() -> bool:
    """Whether huey is installed."""
    try:
        import huey  # noqa: F401
    except ImportError:
        return False
    return True


@contextlib.contextmanager
def running(contestant: Contestant) -> Iterator[Contestant]:
    """A contestant that runs inside the block."""
    contestant.start()
    try:
        yield contestant
    finally:
        contestant.stop()


def stems(count: int, tag: str, users: int = 40) -> list[str]:
    """The stems of `count` requests of `users` users."""
    return [f"user{number % users}-{tag}{number}-{SIDE}x{SIDE}" for number in range(count)]


def freeze(contestant: Contestant) -> None:
    """Hold a contestant still."""
    contestant.signal(signal.SIGSTOP)


def thaw(contestant: Contestant) -> None:
    """Let it go on."""
    contestant.signal(signal.SIGCONT)
