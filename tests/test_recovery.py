"""Faults on purpose, against the real daemon: whatever dies, every request gets exactly one whole answer."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, assert_nothing_left, running, wait_for
from PIL import Image

STORM = CONFIGURATION.replace("lease_duration = 3", "lease_duration = 1\nmax_attempts = 100").replace(
    "[kinds.card]\n", "[kinds.card]\noptions = { steps = 3, step_seconds = 0.01, copies = 2 }\n"
)
UNDONE = (".txt", ".lock", ".tmp", ".commit", ".aside", ".retired")


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def children(pid: int) -> list[int]:
    """Process numbers of everything below a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children(int(child))]
    return found


@dataclass
class Witness:
    """Watches the answers as a client would: whole when the request is gone, and never changed again."""

    daemon: Daemon
    stems: set[str]
    prompts: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def ask(self, stem: str, prompt: str) -> None:
        """Write a request, perhaps once more."""
        self.prompts[stem] = prompt
        self.answers.pop(stem, None)
        self.daemon.write(stem, prompt)

    def look(self) -> None:
        """Note what is answered now."""
        names = set(os.listdir(self.daemon.spool))
        for stem in self.stems - self.answers.keys():
            if f"{stem}.txt" not in names:
                self.answers[stem] = self._answer(stem)

    def _answer(self, stem: str) -> tuple[int, int]:
        paths = [self.daemon.spool / f"{stem}{ordinal}.png" for ordinal in ("", "-2")]
        assert all(path.exists() for path in paths), f"{stem} has vanished without its whole answer"
        assert not (self.daemon.spool / f"{stem}-error.txt").exists()
        seeds = []
        for path in paths:
            with Image.open(path) as picture:
                made = json.loads(picture.info["spectacle"])
            assert made["prompt"] == self.prompts[stem], f"{stem} has the answer to what it said before"
            seeds.append(made["seed"])
        assert seeds[1] == seeds[0] + 1, f"the answer to {stem} mixes two runs"
        return paths[0].stat().st_ino, paths[1].stat().st_ino

    def done(self) -> bool:
        """Whether everything is answered."""
        self.look()
        return len(self.answers) == len(self.stems)

    def check(self) -> None:
        """Every answer is still the one that was given."""
        for stem, given in self.answers.items():
            assert self._answer(stem) == given, f"{stem} was answered twice"


class Storm:
    """Several daemons on one spool, and faults among them."""

    def __init__(self, home: Path, daemons: int, requests: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.daemons = [Daemon(home, STORM, f"d{number}") for number in range(daemons)]
        self.stopped: dict[int, float] = {}
        self.counts = dict.fromkeys(
            ("daemons killed", "workers killed", "daemons stopped past their lease", "asked again"), 0
        )
        self.witness = Witness(self.daemons[0], {f"u{number % 17}-{number}-24x16" for number in range(requests)})
        for stem in self.witness.stems:
            self.witness.ask(stem, "a red fox")
        for daemon in self.daemons:
            self.spawn(daemon)

    @staticmethod
    def spawn(daemon: Daemon) -> None:
        with daemon.log_path.open("ab") as log:
            daemon.process = subprocess.Popen(
                [sys.executable, "-m", "spectacle", "serve", "--config", daemon.file],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def rage(self, seconds: float) -> None:
        """Let things go wrong, several at a time, for a while or until all is answered."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.witness.done():
            self.watch(self.random.uniform(0.05, 2.0 / len(self.daemons)))
            self.fault(self.random.randrange(len(self.daemons)))
            self.wake_up(time.monotonic())
        self.wake_up(float("inf"))

    def fault(self, number: int) -> None:
        """Let one thing go wrong."""
        process = self.daemons[number].process
        assert process is not None
        below = children(process.pid)
        what = self.random.choice(list(self.counts))
        if what == "daemons killed":
            self.daemons[number].kill()
            self.stopped.pop(number, None)
            wait_for(lambda: all(map(is_gone, below)), "the orphaned workers to die")
            self.spawn(self.daemons[number])
        elif what == "workers killed" and below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(below[0], signal.SIGKILL)
        elif what == "daemons stopped past their lease" and below:
            process.send_signal(signal.SIGSTOP)
            self.stopped[number] = time.monotonic() + self.random.uniform(1.2, 3)
        elif what == "asked again" and self.witness.answers:
            self.witness.ask(self.random.choice(sorted(self.witness.answers)), f"asked again {self.counts[what]}")
        else:
            return
        self.counts[what] += 1

    def wake_up(self, now: float) -> None:
        for number in [number for number, until in self.stopped.items() if until <= now]:
            del self.stopped[number]
            process = self.daemons[number].process
            assert process is not None
            process.send_signal(signal.SIGCONT)

    def watch(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.witness.look()
            time.sleep(0.01)

    def end(self) -> None:
        """Wait for the last answer and check them all."""
        try:
            wait_for(self.witness.done, "every request to be answered", 120)
        finally:
            for daemon in self.daemons:
                assert daemon.process is not None
                daemon.process.terminate()
            for daemon in self.daemons:
                assert daemon.process is not None
                # One that was started a moment ago does not know of signals yet.
                assert daemon.process.wait(30) in (0, -signal.SIGTERM)
        self.witness.check()
        for daemon in self.daemons:
            assert "internal error" not in daemon.log
            assert "Traceback" not in daemon.log
        assert_nothing_left(self.daemons[0])
        names = self.daemons[0].public()
        assert len(names) == 2 * len(self.witness.stems), sorted(names)[:20]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("requests", "seconds"), [(200, 12), pytest.param(600, 40, marks=pytest.mark.storm)], ids=["short", "long"]
)
@pytest.mark.parametrize("daemons", [1, 2, 3])
def test_every_request_gets_one_whole_answer_whatever_dies(
    tmp_path: Path, daemons: int, requests: int, seconds: float
) -> None:
    storm = Storm(tmp_path, daemons, requests, seed=daemons)
    storm.rage(seconds)
    print(daemons, "daemons:", storm.counts, "answered in the storm:", len(storm.witness.answers))
    storm.end()


def killed_mid_job(daemon: Daemon, stem: str, **options: float | str) -> None:
    """Have a request running, and wait until it has begun."""
    daemon.write(stem, options={"progress": True, **options})
    daemon.await_run(stem)


def test_a_killed_worker_costs_its_job_one_attempt_and_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        killed_mid_job(daemon, "a-1-64x64", steps=20, step_seconds=0.05)
        daemon.write("a-2-64x64")
        os.kill(daemon.worker_pid(), signal.SIGKILL)
        assert daemon.answer("a-1-64x64").suffix == ".png"
        assert daemon.answer("a-2-64x64").suffix == ".png"
        assert "attempts=1" in daemon.log
        assert "attempts=2" not in daemon.log
    assert_nothing_left(daemon)


def test_a_killed_daemon_takes_its_workers_with_it_and_loses_nothing(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path).start()
    killed_mid_job(daemon, "a-1-64x64", steps=20, step_seconds=0.05)
    assert daemon.process is not None
    below = children(daemon.process.pid)
    assert below
    daemon.kill()
    wait_for(lambda: all(map(is_gone, below)), "the orphaned workers to die")
    assert {"a-1-64x64.txt", "a-1-64x64.lock"} <= daemon.public()
    with running(tmp_path, name="two"):
        assert daemon.answer("a-1-64x64").suffix == ".png"
    assert_nothing_left(daemon)


@pytest.mark.slow
def test_a_daemon_that_was_stopped_past_its_lease_throws_its_late_answer_away(tmp_path: Path) -> None:
    with running(tmp_path, CONFIGURATION.replace("lease_duration = 3", "lease_duration = 1")) as first:
        assert first.process is not None
        killed_mid_job(first, "a-1-64x64", steps=40, step_seconds=0.05, seed=1)
        first.process.send_signal(signal.SIGSTOP)
        with running(tmp_path, first.file.read_text(), name="two") as second:
            answer = second.answer("a-1-64x64")
            before = answer.stat()
            first.process.send_signal(signal.SIGCONT)
            first.write("a-2-64x64")
            first.answer("a-2-64x64")
            wait_for(lambda: not (first.report().get("devices") or [{}])[0].get("job"), "the late run to end")
            after = answer.stat()
            assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
            assert "took over a dead claim" in second.log
    assert_nothing_left(first)


class Unprivileged(Daemon):
    """A daemon to which the permissions of files mean something, even where the tests run as root."""

    def start(self, *arguments: str) -> Daemon:
        bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*bare, sys.executable, "-m", "spectacle", "serve", "--config", self.file, *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        return self


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[Unprivileged]:
    """A daemon without privileges, not started."""
    daemon = Unprivileged(tmp_path)
    yield daemon
    if daemon.process is not None and daemon.process.poll() is None:
        daemon.stop()


@pytest.mark.slow
def test_a_spool_that_may_not_be_written_is_waited_for(unprivileged: Unprivileged) -> None:
    unprivileged.write("a-1-64x64")
    unprivileged.spool.chmod(0o555)
    unprivileged.start()
    wait_for(lambda: f"Let user {os.geteuid()} read and write it" in unprivileged.log, "the log to say so")
    assert unprivileged.public() == {"a-1-64x64.txt"}
    unprivileged.spool.chmod(0o777)
    assert unprivileged.answer("a-1-64x64").suffix == ".png"
    # It looks again only when nobody may write.
    assert unprivileged.process is not None
    unprivileged.process.send_signal(signal.SIGSTOP)
    unprivileged.write("a-2-64x64")
    unprivileged.spool.chmod(0o555)
    unprivileged.process.send_signal(signal.SIGCONT)
    wait_for(lambda: unprivileged.log.count("read and write it") > 1, "the log to say so again")
    assert "a-2-64x64.txt" in unprivileged.public()
    unprivileged.spool.chmod(0o777)
    assert unprivileged.answer("a-2-64x64").suffix == ".png"


@pytest.mark.slow
def test_files_of_others_that_may_not_be_read_cost_themselves_alone(unprivileged: Unprivileged) -> None:
    unprivileged.spool.chmod(0o777)
    for name in (".a-1-64x64.commit", "a-2-64x64.lock", "a-3-64x64-options.json", "a-4-64x64.txt"):
        path = unprivileged.spool / name
        path.write_text("{}")
        path.chmod(0)
    for number in (1, 2, 3, 5):
        unprivileged.write(f"a-{number}-64x64")
    unprivileged.start()
    assert unprivileged.answer("a-5-64x64").suffix == ".png"
    assert "no permission to read it" in unprivileged.error("a-3-64x64")
    assert "no permission to read it" in unprivileged.error("a-4-64x64")
    assert unprivileged.answer("a-2-64x64").suffix == ".png"
    unprivileged.write("a-6-64x64")
    assert unprivileged.answer("a-6-64x64").suffix == ".png"


@pytest.mark.root
def test_a_directory_of_others_where_a_result_belongs_costs_itself_alone(unprivileged: Unprivileged) -> None:
    unprivileged.spool.chmod(0o777)
    path = unprivileged.spool / "a-1-64x64.png"
    path.mkdir()
    os.chown(path, 65534, 65534)
    unprivileged.write("a-1-64x64")
    unprivileged.start()
    for number in range(2, 6):
        unprivileged.write(f"a-{number}-64x64")
        assert unprivileged.answer(f"a-{number}-64x64").suffix == ".png"
    wait_for(lambda: "a-1-64x64" in unprivileged.log, "the log to say so")
    assert path.is_dir()
    path.rmdir()
    assert unprivileged.answer("a-1-64x64", 60).suffix == ".png"
