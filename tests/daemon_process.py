"""Runs the real daemon as a process of its own, for tests."""

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

from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.sweep import sweep

CONFIGURATION = """
default_kind = "card"

[spool]
path = "spool"
poll_interval = 0.1
settle = 0.3
empty_grace = 0.5
orphan_grace = 0.5
lease_duration = 3
min_free = 0

[limits]
job = 60
step = 30
cancel = 5

[workers]
devices = ["cpu"]
drain_timeout = 20

[kinds.card]
generator = "test-double"

[kinds.svg]
generator = "test-double"
format = "svg"

[kinds.slow]
generator = "test-double"
options = { steps = 1000, step_seconds = 0.05 }

[kinds.crash]
generator = "test-double"
options = { trouble = "crash" }

[kinds.fox]
generator = "illustration"
"""

DEADLINE = 60.0
"""Seconds until a test gives up waiting: for a machine with much else to do. No test that passes waits so long."""

KEPT_THREADS = 2 * 8
"""Threads that are kept for batches at most: of eight requests each, of which one is published as the next begins."""


def wait_for(condition: Callable[[], Any], what: str, seconds: float = DEADLINE, every: float = 0.01) -> Any:
    """Wait until a condition is true, asked every so many seconds, and return what it returned."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(every)
    raise AssertionError(f"waited {seconds:g} s in vain for {what}")


class Daemon:
    """A daemon on a spool.

    Args:
        home: A directory for the configuration, the spool and the log.
        configuration: Its TOML text.
        name: Distinguishes several daemons of one home.
        environment: Further variables.
    """

    def __init__(
        self,
        home: Path,
        configuration: str = CONFIGURATION,
        name: str = "one",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.home = home
        self.spool = home / "spool"
        self.spool.mkdir(exist_ok=True)
        self.file = home / f"{name}.toml"
        self.file.write_text(configuration)
        self.log_path = home / f"{name}.log"
        self.environment = {**os.environ, **(environment or {})}
        self.drafts = home
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, cwd: Path | None = None) -> Daemon:
        """Start it, in a working directory, and wait until it has reported itself."""
        known = set(self._reports())
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "spectacle", "serve", "--config", self.file, *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, cwd=cwd,
            )  # fmt: skip
        process = self.process
        try:
            wait_for(lambda: set(self._reports()) - known or process.poll() is not None, "the daemon to start")
        except AssertionError:
            self.kill()
            raise
        return self

    def _reports(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return [name for name in os.listdir(self.spool / ".spectacle/instances") if name.endswith(".json")]
        return []

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self.log_path.read_text()

    def report(self) -> dict[str, Any]:
        """Its own report."""
        assert self.process is not None
        for name in self._reports():
            if f"-{self.process.pid}-" in name:
                report: dict[str, Any] = json.loads((self.spool / ".spectacle/instances" / name).read_text())
                return report
        return {}

    def worker_pid(self) -> int:
        """Process number of its worker, once there is one."""
        found: int = wait_for(lambda: (self.report().get("devices") or [{}])[0].get("pid"), "a worker")
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end and wait for it. Returns its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def kill(self) -> None:
        """Kill it and everything it has started."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    # --- as a client -------------------------------------------------------------------------------------------

    def write(self, stem: str, prompt: str | bytes = "a red fox", **files: bytes | str | dict[str, Any]) -> Path:
        """Write a request by rename, its attachments first: `options={…}`, `input=b"…"` and so on."""
        for role, content in files.items():
            extension = "json" if role == "options" else "png"
            text = json.dumps(content) if isinstance(content, dict) else content
            self.place(f"{stem}-{role}.{extension}", text)
        return self.place(f"{stem}.txt", prompt)

    def place(self, name: str, content: bytes | str) -> Path:
        """Put a file under a name at once."""
        temporary = self.drafts / f".writing-{name}"
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
        return temporary.rename(self.spool / name)

    def await_run(self, stem: str) -> None:
        """Wait until the job of a request with the option `progress` runs."""

        def runs() -> bool:
            with contextlib.suppress(FileNotFoundError):
                told = json.loads((self.spool / f"{stem}-progress.json").read_text())
                return bool(told["state"] == "running")
            return False

        wait_for(runs, f"{stem} to run\n{self.log[-3000:]}")

    def answer(self, stem: str, seconds: float = DEADLINE) -> Path:
        """Wait for the request to go away, and return its primary answer."""
        wait_for(
            lambda: f"{stem}.txt" not in os.listdir(self.spool), f"{stem} to be answered\n{self.log[-3000:]}", seconds
        )
        names = set(os.listdir(self.spool))
        for suffix in (".svg", ".png", "-error.txt"):
            if stem + suffix in names:
                return self.spool / (stem + suffix)
        raise AssertionError(f"{stem} vanished without an answer: {sorted(names)}\n{self.log[-3000:]}")

    def error(self, stem: str) -> str:
        """Wait for an error, and return its first line."""
        path = self.answer(stem)
        assert path.name.endswith("-error.txt"), path.name
        assert not (self.spool / f"{stem}.png").exists()
        return path.read_text().splitlines()[0]

    def public(self) -> set[str]:
        """Names in the spool that do not begin with a dot."""
        return {name for name in os.listdir(self.spool) if not name.startswith(".")}

    def hidden(self) -> set[str]:
        """Dot-names in the spool, but for the state directory."""
        return {name for name in os.listdir(self.spool) if name.startswith(".")} - {".spectacle"}


@contextlib.contextmanager
def running(home: Path, configuration: str = CONFIGURATION, **options: Any) -> Iterator[Daemon]:
    """A daemon that runs inside the block and is stopped after it."""
    daemon = Daemon(home, configuration, **options).start()
    try:
        yield daemon
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.stop()


def sweep_all(path: Path) -> None:
    """Sweep as if ten leases had passed."""
    spool = Spool(path)
    spool.open()
    claims = Claims(spool, 1)
    for _ in range(2):
        sweep(spool, claims, 0, spool.now_ns() + 1)
    spool.close()


def assert_nothing_left(daemon: Daemon) -> None:
    """Nothing of a crash is left once the sweeper has been there."""
    sweep_all(daemon.spool)
    assert not daemon.hidden()
    assert not [name for name in daemon.public() if name.endswith((".lock", "-progress.json"))]
    for part in ("attempts", "instances"):
        assert not os.listdir(daemon.spool / ".spectacle" / part), part
    assert not [name for name in os.listdir(daemon.spool / ".spectacle") if name.startswith("reserve-")]
