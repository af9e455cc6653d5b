"""Many requests, many users, several instances, everything at once, and for a while."""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from daemon_process import KEPT_THREADS, Daemon, running, wait_for

from spectacle.spool.naming import RequestName

pytestmark = pytest.mark.slow

CONFIGURATION = """
default_kind = "card"
[spool]
path = "spool"
poll_interval = 0.2
settle = 0.2
empty_grace = 0.5
orphan_grace = 1
lease_duration = 3
max_attempts = 3
min_free = 0
[limits]
job = 20
step = 5
cancel = 2
[workers]
devices = ["cpu"]
[log]
format = "json"
[kinds.card]
generator = "test-double"
[kinds.svg]
generator = "test-double"
format = "svg"
[kinds.slow]
generator = "test-double"
options = { steps = 10, step_seconds = 0.02 }
[kinds.crash]
generator = "test-double"
options = { trouble = "crash" }
[kinds.fox]
generator = "illustration"
"""
HALF_HOUR = 1800.0


def answered(daemons: list[Daemon]) -> Counter[str]:
    """How often each stem was answered, by the daemons' logs."""
    stems: Counter[str] = Counter()
    for daemon in daemons:
        for line in daemon.log.splitlines():
            if line.startswith("{") and (entry := json.loads(line)).get("event") in ("answered", "refused"):
                stems[entry["stem"]] += 1
    return stems


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", text)[0]) * 1024


def handles(pid: int) -> tuple[int, int]:
    """Open descriptors and threads of a process."""
    return len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))


@pytest.mark.parametrize(
    ("instances", "requests"),
    [
        (1, 4_000),
        (3, 4_000),
        pytest.param(1, 100_000, marks=pytest.mark.storm),
        pytest.param(3, 100_000, marks=pytest.mark.storm),
    ],
)
def test_a_great_many_requests_of_a_thousand_users_are_each_answered_once_and_fairly(
    tmp_path: Path, instances: int, requests: int
) -> None:
    rng = random.Random(1)
    with ExitStack() as stack:
        daemons = [stack.enter_context(running(tmp_path, CONFIGURATION, name=f"d{n}")) for n in range(instances)]
        first = daemons[0]
        assert first.process is not None
        began = memory(first.process.pid)
        users = [f"u{number}" for number in range(1000)]
        # A tenth of the users ask for most, as people do.
        stems = [f"{rng.choice(users[:100] if rng.random() < 0.7 else users)}-{n}-8x8" for n in range(requests)]
        for stem in stems:
            first.write(stem)
        written = datetime.now(UTC)
        held: list[int] = []

        def is_done() -> bool:
            held.append(max(memory(daemon.process.pid) for daemon in daemons if daemon.process is not None))
            return not any(name.endswith(".txt") for name in os.listdir(first.spool))

        wait_for(is_done, "all answers", HALF_HOUR, 0.5)
        names = Counter(first.public())
        assert set(names) == {f"{stem}.png" for stem in stems}
        runs = answered(daemons)
        assert set(runs) == set(stems)
        assert not [stem for stem, count in runs.items() if count > 1]
        wait_for(lambda: not first.hidden(), "hidden files to go")
        # Names and times of all that wait are held in memory while they wait, and nothing more of what is answered.
        assert max(held) - began < 1500 * requests + 30 * 2**20
        assert max(held[len(held) // 2 :]) - max(held[: len(held) // 2 + 1]) < 10 * 2**20
        check_fairness(daemons, written)


def check_fairness(daemons: list[Daemon], since: datetime) -> None:
    """After everything had been written, users with waiting requests took turns."""
    entries = [
        json.loads(line) for daemon in daemons for line in daemon.log.splitlines() if '"event": "answered"' in line
    ]
    # By when they were begun: short jobs overlap, and their answers are published in any order.
    entries.sort(key=lambda entry: datetime.fromisoformat(entry["timestamp"]).timestamp() - entry["seconds"])
    users = [entry["stem"].split("-")[0] for entry in entries if datetime.fromisoformat(entry["timestamp"]) > since]
    assert len(users) > 1000, "the daemons were done before the last request was written"
    left = Counter(users)
    begin = (-1, len(left))
    last: dict[str, tuple[int, int]] = {}
    for position, user in enumerate(users):
        before, rivals = last.get(user, begin)
        # Between two of one user's, an instance serves everybody else once, give or take who was served last before.
        most = len(daemons) * (2 * rivals + 2)
        assert position - before <= most, f"{user} waited for {position - before} others, of {rivals} users"
        left[user] -= 1
        if not left[user]:
            del left[user]
        last[user] = (position, len(left))


@pytest.mark.parametrize("seconds", [30, pytest.param(600, marks=pytest.mark.storm)])
def test_a_soak_with_everything_on_leaves_nothing_growing(tmp_path: Path, seconds: float) -> None:
    seed = int(os.environ.get("SPECTACLE_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"repeat with SPECTACLE_TEST_SEED={seed}")
    rng = random.Random(seed)
    with running(tmp_path, CONFIGURATION, name="steady") as steady:
        assert steady.process is not None
        restless = Daemon(tmp_path, CONFIGURATION, "restless").start()
        pid = steady.process.pid
        kept: list[str] = []
        number = 0

        def ask() -> None:
            nonlocal number
            number += 1
            kind = rng.choices(["", "-svg", "-slow", "-crash", "-fox", "-nobody"], [60, 15, 10, 1, 8, 1])[0]
            stem = f"user{rng.randrange(40)}-{number}-{rng.choice(['16x16', '64x48', '0x5'])}{kind}"
            options = {"seed": number} if rng.random() < 0.2 else {"nonsense": 1} if rng.random() < 0.1 else None
            path = steady.write(
                stem,
                rng.choice(["a red fox", "two cats", "", "x" * 70_000]),
                **({"options": options} if options else {}),
            )
            if rng.random() < 0.05:
                path.unlink(missing_ok=True)
                for name in (f"{stem}-options.json",):
                    (steady.spool / name).unlink(missing_ok=True)
            else:
                kept.append(stem)
            if rng.random() < 0.05:
                (steady.spool / f"foreign {number}.txt").write_text("mine")

        def settle() -> None:
            wait_for(
                lambda: not any(RequestName.parse(name) for name in os.listdir(steady.spool)),
                "the spool to become empty", 120,
            )  # fmt: skip

        for _ in range(100):
            ask()
        settle()
        handles_before, memory_before = handles(pid), memory(pid)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(rng.randrange(1, 20)):
                ask()
            settle() if rng.random() < 0.3 else None
            if rng.random() < 0.1:
                restless.kill()
                restless = Daemon(tmp_path, CONFIGURATION, "restless").start()
        settle()
        restless.stop()
        assert steady.process.poll() is None, steady.log[-3000:]
        for stem in kept:
            pictures = [suffix for suffix in (".png", ".svg") if (steady.spool / f"{stem}{suffix}").exists()]
            error = (steady.spool / f"{stem}-error.txt").exists()
            assert bool(pictures) != error, f"{stem}: {pictures} {error}, seed {seed}"
        wait_for(lambda: handles(pid)[0] <= handles_before[0] + 2, f"descriptors to go down to {handles_before[0]}")
        assert handles(pid)[1] <= handles_before[1] + 2 + KEPT_THREADS
        assert memory(pid) - memory_before < 30 * 2**20, f"{memory(pid) - memory_before} bytes more, seed {seed}"
        assert "internal error" not in steady.log
        assert not os.listdir(steady.spool / ".spectacle/attempts")
