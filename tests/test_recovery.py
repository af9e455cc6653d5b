"""Faults on purpose, against the real daemon: whatever dies, every request gets exactly one whole answer."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from daemon import CONFIGURATION, Daemon, wait_for
from PIL import Image

from spectacle.claims import Claims
from spectacle.spool import Spool
from spectacle.sweep import sweep

STORM = CONFIGURATION.replace("[spool]", "[spool]\nmax_attempts = 100").replace(
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


def sweep_all(path: Path) -> None:
    """Sweep as if ten leases had passed."""
    spool = Spool(path)
    spool.open()
    claims = Claims(spool, 1)
    for _ in range(2):
        sweep(spool, claims, 0, spool.names(), spool.now_ns() + 1)
    spool.close()


def assert_nothing_left(daemon: Daemon) -> None:
    """Nothing of a crash is left once the sweeper has been there."""
    sweep_all(daemon.spool)
    assert not daemon.hidden()
    assert not [name for name in daemon.public() if name.endswith((".lock", "-progress.json"))]
    for part in ("attempts", "instances"):
        assert not os.listdir(daemon.spool / ".spectacle" / part), part
    assert not [name for name in os.listdir(daemon.spool / ".spectacle") if name.startswith("reserve-")]


def seed_of(path: Path) -> int:
    with Image.open(path) as picture:
        return int(json.loads(picture.info["spectacle"])["seed"])


@dataclass
class Witness:
    """Watches the answers as a client would: whole when the request is gone, and never changed again."""

    spool: Path
    stems: set[str]
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def look(self) -> None:
        """Note what is answered now."""
        names = set(os.listdir(self.spool))
        for stem in self.stems - self.answers.keys():
            if f"{stem}.txt" not in names:
                self.answers[stem] = self._answer(stem)

    def _answer(self, stem: str) -> tuple[int, int]:
        first, second = self.spool / f"{stem}.png", self.spool / f"{stem}-2.png"
        assert first.exists() and second.exists(), f"{stem} has vanished without its whole answer"
        assert not (self.spool / f"{stem}-error.txt").exists()
        assert seed_of(second) == seed_of(first) + 1, f"the answer to {stem} mixes two runs"
        return first.stat().st_ino, second.stat().st_ino

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
        self.counts = {"daemons killed": 0, "workers killed": 0, "daemons stopped past their lease": 0}
        first = self.daemons[0]
        stems = {f"u{number % 17}-{number}-24x16" for number in range(requests)}
        self.witness = Witness(first.spool, stems)
        for stem in stems:
            first.write(stem)
        for daemon in self.daemons:
            self.spawn(daemon)

    @staticmethod
    def spawn(daemon: Daemon) -> None:
        with daemon.log_path.open("ab") as log:
            daemon.process = subprocess.Popen(
                [sys.executable, "-m", "spectacle", "serve", "--config", daemon.file],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def fault(self) -> None:
        """Let one thing go wrong."""
        daemon = self.random.choice(self.daemons)
        assert daemon.process is not None
        what = self.random.choice(list(self.counts))
        below = children(daemon.process.pid)
        if what == "daemons killed":
            daemon.kill()
            wait_for(lambda: all(map(is_gone, below)), "the orphaned workers to die")
            self.spawn(daemon)
        elif what == "workers killed":
            if not below:
                return
            os.kill(below[0], signal.SIGKILL)
        else:
            daemon.process.send_signal(signal.SIGSTOP)
            self.watch(3.5 + self.random.random())
            daemon.process.send_signal(signal.SIGCONT)
        self.counts[what] += 1

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
                assert daemon.process.wait(30) == 0
        self.witness.check()
        for daemon in self.daemons:
            assert "fault in Spectacle" not in daemon.log
            assert "Traceback" not in daemon.log
        names = self.daemons[0].public()
        assert len(names) == 2 * len(self.witness.stems), sorted(names)[:20]
        assert_nothing_left(self.daemons[0])


@pytest.mark.slow
@pytest.mark.parametrize("daemons", [1, 2, 3])
def test_every_request_gets_one_whole_answer_whatever_dies(tmp_path: Path, daemons: int) -> None:
    storm = Storm(tmp_path, daemons, requests=400, seed=daemons)
    until = time.monotonic() + 25
    while time.monotonic() < until and not storm.witness.done():
        storm.watch(storm.random.uniform(0.02, 1.2))
        storm.fault()
    print(storm.counts)
    storm.end()
