"""Daemons and clients on the simulated hosts: two spools, one mounted by NFS 4.2 and one by NFS 3."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from history import Ask, Event, History
from lab import Host, Lab, wait_for

LEASE, POLL = 6.0, 1.0
DAEMONS = ("c1", "c2")
WRITER = "c3"
PATIENCE = 90.0
"""Seconds a scenario waits for what must happen; generous, for a machine with much else to do."""

FIGURES: list[str] = []
"""What was measured, for the end of the run."""

CONFIGURATION = """
default_kind = "card"

[spool]
path = "{path}"
poll_interval = {poll}
{spool}
orphan_grace = 2
min_free = 0

[limits]
cancel = 10

[workers]
devices = ["cpu"]
drain_timeout = 30

[log]
form = "json"

[kinds.card]
generator = "test-double"

[kinds.slow]
generator = "test-double"
options = {{ steps = 10, step_seconds = 0.1 }}

[kinds.only_{host}]
generator = "test-double"
"""


class Daemon:
    """One daemon on one host and spool."""

    def __init__(self, host: Host, spool: Spool) -> None:
        self.host = host
        self.spool = spool
        self.file = host.lab.home / f"{spool.name}-{host.name}.toml"
        self.log = host.lab.home / f"{spool.name}-{host.name}.log"
        self.configure(lease_duration=LEASE)
        self.pid = 0
        self.variables: list[str] = []
        self._begun = 0

    def configure(self, **spool: float) -> None:
        """Have it started with these settings of its spool from now on."""
        lines = "\n".join(f"{name} = {value}" for name, value in spool.items())
        text = CONFIGURATION.format(path=self.spool.path, poll=POLL, spool=lines, host=self.host.name)
        self.file.write_text(text)

    def start(self) -> None:
        """Start it; `wait_until_ready` waits for it."""
        self._begun = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, "-m", "spectacle", "serve", "--config", str(self.file)]
        self.pid = self.host.spawn(["env", *self.variables, *command], self.log)

    def wait_until_ready(self) -> None:
        """Wait until it watches the spool."""
        wait_for(
            lambda: any(line["event"] == "watching" for _, line in self.lines(self._begun)),
            f"{self} to start: {self.log.read_text()[self._begun :][-2000:] if self.log.exists() else ''}",
            PATIENCE,
        )

    def lines(self, since: int = 0) -> list[tuple[float, dict[str, Any]]]:
        """What it has logged from a place in the file on, with this machine's times."""
        if not self.log.exists():
            return []
        lines = []
        with self.log.open("rb") as file:
            file.seek(since)
            for line in file.read().decode(errors="replace").splitlines():
                at, _, text = line.partition(" ")
                with contextlib.suppress(ValueError):
                    lines.append((self.host.local_time(float(at)), json.loads(text)))
        return lines

    def said(self, event: str, stem: str | None = None) -> list[float]:
        """When it has said something, about a request or at all."""
        return [at for at, line in self.lines() if line["event"] == event and stem in (None, line.get("stem"))]

    def wait_said(self, event: str, stem: str | None = None) -> list[float]:
        """Wait until it has said something, and return when."""
        found: list[float] = wait_for(lambda: self.said(event, stem), f"{self} to say {event!r} of {stem}", PATIENCE)
        return found

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send it a signal, or all its processes."""
        self.host.run(f"kill -{int(number)} -- {'-' if group else ''}{self.pid}")

    def kill(self) -> None:
        """Kill it and all its processes."""
        self.signal(signal.SIGKILL, group=True)
        self.pid = 0

    def stop(self) -> None:
        """Ask it to end, and wait for it."""
        self.signal(signal.SIGTERM)
        self.host.run(f"while kill -0 {self.pid} 2>/dev/null; do sleep 0.1; done", PATIENCE)
        self.pid = 0

    def report(self) -> dict[str, Any]:
        """Its own report; empty while there is none."""
        path = f"{self.spool.path}/.spectacle/instances/{self.host.name}-{self.pid}-*.json"
        report: dict[str, Any] = json.loads(self.host.run(f"cat {path} 2>/dev/null || echo '{{}}'"))
        return report

    def version(self) -> str:
        """Its version by its own report."""
        return str(self.report()["version"])

    def worker_pid(self) -> int:
        """Process number of its worker, once that has loaded what it needs."""

        def loaded() -> int | None:
            (device,) = self.report().get("devices") or [{}]
            return device.get("pid") if device.get("loaded") else None

        found: int = wait_for(loaded, f"a worker of {self}", PATIENCE)
        return found

    def __str__(self) -> str:
        return f"the daemon of {self.host.name} on {self.spool.name}"


class Spool:
    """One spool with its record and its daemons, seen from outside.

    Args:
        lab: The lab.
        name: `v4` or `v3`.
    """

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.path = f"/run/{name}/{name}"
        self.history = History(lab.server.home / f"witness-{name}")
        self.daemons = {host: Daemon(lab.clients[host], self) for host in DAEMONS}
        self._judged: set[str] = set()

    def ask(
        self,
        asks: Iterable[Ask],
        host: str = WRITER,
        how: str = "rename",
        pause: float = 0.0,
        files: dict[str, str] | None = None,
    ) -> list[str]:
        """Have a client hand in requests, attachments first. Returns their stems once it has."""
        asks = list(asks)
        orders = [
            {"stem": ask.stem, "prompt": ask.prompt, "how": how, "pause": pause, "files": files or {}} for ask in asks
        ]
        for ask in asks:
            self.history.asks[ask.stem] = ask
        path = self.lab.home / f"orders-{time.monotonic_ns()}"
        path.write_text(json.dumps(orders))
        client = self.lab.clients[host]
        client.run(
            f"exec {sys.executable} -ESI {Path(__file__).with_name('writer.py')} {self.path} {path} {self.record}",
            PATIENCE,
        )
        return [ask.stem for ask in asks]

    @property
    def record(self) -> Path:
        """Where clients say what they have handed in."""
        return self.lab.home / f"record-{self.name}"

    def wait_claimed(self, stem: str) -> str:
        """Wait until a host has claimed a request; returns its name."""

        def holder() -> str | None:
            self.history.update()
            return self.history.holder(stem)

        found: str = wait_for(holder, f"somebody to claim {stem} on {self.name}\n{self.state()}", PATIENCE)
        return found

    def wait_answered(self, stems: Iterable[str], seconds: float = PATIENCE) -> None:
        """Wait until requests are answered."""
        stems = list(stems)
        try:
            wait_for(lambda: not self.history.unanswered(stems), "answers", seconds)
        except AssertionError:
            left = self.history.unanswered(stems)
            raise AssertionError(
                f"{len(left)} of {len(stems)} requests on {self.name} have no answer after {seconds:g} s, "
                f"such as {left[:3]}\n{self.state()}"
            ) from None

    def answered_at(self, stem: str) -> Event:
        """The last arrival of an answer."""
        return self.history.answers(stem)[-1][1]

    def said(self, event: str, stem: str | None = None) -> list[float]:
        """When any of the daemons has said something."""
        return sorted(at for daemon in self.daemons.values() for at in daemon.said(event, stem))

    def wait_said(self, event: str, stem: str | None = None) -> None:
        """Wait until any of the daemons has said something."""
        wait_for(lambda: self.said(event, stem), f"a daemon on {self.name} to say {event!r}", PATIENCE)

    def state(self) -> str:
        """For a failure's message: what lies there, and the ends of the logs."""
        ends = [
            f"--- {daemon}\n" + "".join(daemon.log.read_text().splitlines(keepends=True)[-12:])
            for daemon in self.daemons.values()
            if daemon.log.exists()
        ]
        return f"names: {sorted(self.history.names)[:40]}\n" + "\n".join(ends)

    def copy(self, pattern: str = ".*") -> Path:
        """A copy of what matches a regular expression, as the server's disk has it.

        Daemons that run replace their own files all the time, so one that vanishes while it is copied does no harm:
        nothing of ``.spectacle`` is judged while they run, and what they keep there is read when they have stopped.
        """
        target = self.lab.home / f"copy-{self.name}"
        self.lab.server.run(
            f"rm -rf {target}; mkdir {target}; cd /run/disk/export/{self.name}; "
            f"ls -A | grep -E '^({pattern})$' | xargs -r cp -r -t {target} 2>{target}.errors || "
            f'! grep -v "^cp: cannot [a-z]* \'.spectacle/" {target}.errors',
            PATIENCE,
        )
        return target

    def check(self) -> None:
        """Judge what has been asked since the last time."""
        self.history.update()
        stems = [stem for stem in self.history.asks if stem not in self._judged]
        self._judged.update(stems)
        if not stems:
            return
        users = {stem.partition("-")[0] for stem in stems}
        self._judge(self.copy(f"({'|'.join(sorted(users))})-.*"), stems)

    def check_all(self) -> None:
        """Judge the whole record once more."""
        self.history.update()
        self._judge(self.copy(), list(self.history.asks))

    def _judge(self, copy: Path, stems: list[str]) -> None:
        faults = list(self.history.faults(copy, stems))
        assert not faults, f"on {self.name}:\n" + "\n".join(faults[:20]) + f"\n{self.state()}"


class World:
    """The lab with daemons at work.

    Args:
        lab: A lab that is switched on.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.spools = [Spool(lab, name) for name in ("v4", "v3")]
        self._users = 0

    def daemons(self, host: str | None = None) -> list[Daemon]:
        """All daemons, or those of a host."""
        return [daemon for spool in self.spools for name, daemon in spool.daemons.items() if host in (None, name)]

    def user(self) -> str:
        """A user nobody else uses."""
        self._users += 1
        return f"u{self._users}"

    def figure(self, text: str) -> None:
        """Note a measured figure for the report at the end."""
        FIGURES.append(text)

    def start(self, *hosts: str) -> None:
        """Start daemons that do not run, on all hosts or some, and wait until they are ready."""
        begun = [
            daemon for host in hosts or DAEMONS for daemon in self.daemons(host) if daemon.pid not in self._alive(host)
        ]
        for daemon in begun:
            daemon.start()
        for daemon in begun:
            daemon.wait_until_ready()

    def _alive(self, host: str) -> set[int]:
        pids = [str(daemon.pid) for daemon in self.daemons(host) if daemon.pid]
        script = f"for pid in {' '.join(pids)}; do kill -CONT -- -$pid && echo $pid; done 2>/dev/null; true"
        return set(map(int, self.lab.clients[host].run(script).split()))

    @contextlib.contextmanager
    def frozen(self, host: str) -> Iterator[None]:
        """Keep a host's daemons from doing anything inside the block."""
        groups = " ".join(f"-{daemon.pid}" for daemon in self.daemons(host))
        self.lab.clients[host].run(f"kill -STOP -- {groups}")
        try:
            yield
        finally:
            self.lab.clients[host].run(f"kill -CONT -- {groups}")

    @contextlib.contextmanager
    def frozen_workers(self, host: str) -> Iterator[None]:
        """Keep a host's workers, not its daemons, from doing anything inside the block."""
        client = self.lab.clients[host]
        pids = " ".join(str(daemon.worker_pid()) for daemon in self.daemons(host))
        client.run(f"kill -STOP {pids}")
        try:
            yield
        finally:
            if client.is_on:
                client.run(f"kill -CONT {pids} 2>/dev/null || true")

    @contextlib.contextmanager
    def configured(self, host: str, **spool: float) -> Iterator[None]:
        """Have the daemons that a host starts inside the block do so with other settings of their spools."""
        for daemon in self.daemons(host):
            daemon.configure(**spool)
        try:
            yield
        finally:
            for daemon in self.daemons(host):
                daemon.configure(lease_duration=LEASE)

    def mend(self) -> None:
        """Undo every fault: hosts on, packets flowing, clocks right, disk free, daemons at work."""
        if not self.lab.server.is_on:
            self.lab.restart_server(0)
        self.lab.free_disk()
        off = [host for host in self.lab.clients.values() if not host.is_on]
        for host in off:
            host.power_on()
        for host in off:
            host.wait_until_up()
        for host in off:
            self.lab.mount(host)
            for daemon in self.daemons(host.name):
                daemon.pid = 0
        self.lab.connect(*self.lab.clients.values())
        for host in self.lab.clients.values():
            host.run(f"date -s @{time.time():.0f}")
        self.start()

    def sweep(self) -> list[str]:
        """Stop the daemons, sweep as if ten leases had passed until nothing is found, and return what is left then."""
        for daemon in self.daemons():
            daemon.stop()
        left = []
        for spool in self.spools:
            self.lab.clients[WRITER].python(SWEEP, spool.path, f"{PATIENCE / 2}", seconds=PATIENCE)
            copy = spool.copy()
            for path in copy.rglob("*"):
                name = str(path.relative_to(copy))
                # What a host has measured stays, for it to be used again.
                kept = name.startswith(".spectacle/costs-")
                public = "/" not in name and not name.startswith(".") and name.endswith((".png", ".svg", "-error.txt"))
                if not path.is_dir() and not public and not kept:
                    left.append(f"{spool.name}: {name}")
        return left


SWEEP = """
import sys
import time
from pathlib import Path
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.sweep import find_left_overs, sweep
spool = Spool(Path(sys.argv[1]))
spool.open()
claims = Claims(spool, 1)
# Later than any time that a file got while the server's clock was ahead.
later = spool.now_ns() + 30 * 24 * 3600 * 10**9
end = time.monotonic() + float(sys.argv[2])
# Whether another host's claim is dead is found out by watching it for a lease.
while (sweep(spool, claims, 0, later) or find_left_overs(spool, 0, spool.names(), later)) and time.monotonic() < end:
    time.sleep(0.1)
"""


@contextlib.contextmanager
def switched_on() -> Iterator[World]:
    """A world inside the block; everything it started ends with the block."""
    with tempfile.TemporaryDirectory(prefix="nfs-", ignore_cleanup_errors=True) as home:
        lab = Lab(Path(home))
        try:
            lab.switch_on()
            world = World(lab)
            world.start()
            yield world
        finally:
            lab.switch_off()
