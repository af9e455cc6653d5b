"""The real daemon, killed by the kernel at every system call of claiming and publishing in turn."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from daemon_process import Daemon
from PIL import Image

pytestmark = pytest.mark.slow

CONFIGURATION = """
default_kind = "card"
[spool]
path = "spool"
poll_interval = 0.05
settle = 0.05
lease_duration = 2
max_attempts = 3
min_free = 0
[workers]
devices = ["cpu"]
preload = false
[kinds.card]
generator = "test-double"
options = { copies = 2 }
[kinds.bad]
generator = "test-double"
options = { fail = "on purpose" }
"""
CALLS = ["linkat", "renameat", "unlinkat", "fsync", "mkdirat"]
"""Calls that change the spool and that only the daemon makes, never its worker. Opening and writing are covered, call
by call, by tests/spool/test_commit.py."""

TIME_LIMIT = 60


def traced(daemon: Daemon, *strace: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spectacle", "serve", "--once", "--config", str(daemon.file)]
    return subprocess.run(
        ["strace", "-f", "-qq", *strace, *command], capture_output=True, text=True, timeout=TIME_LIMIT, check=False
    )


def fresh(home: Path) -> Daemon:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    daemon = Daemon(home, CONFIGURATION)
    daemon.write("a-1-32x32")
    daemon.write("a-2-32x32-bad", options={"seed": 1})
    return daemon


def call_counts(home: Path) -> dict[str, int]:
    """How often each call is made by one thread at most while the requests are served."""
    daemon = fresh(home)
    log = home / "strace"
    traced(daemon, "-o", str(log), "-e", f"trace={','.join(CALLS)}")
    counts: dict[tuple[str, str], int] = {}
    for line in log.read_text().splitlines():
        if match := re.match(r"(\d+)\s+(\w+)\(", line):
            counts[match[1], match[2]] = counts.get((match[1], match[2]), 0) + 1
    return {call: max((count for (_, name), count in counts.items() if name == call), default=0) for call in CALLS}


def check(daemon: Daemon, where: str) -> None:
    """Each request has exactly one complete answer."""
    names = daemon.public()
    assert "a-1-32x32.txt" not in names, where
    assert "a-2-32x32-bad.txt" not in names, where
    pictures = {"a-1-32x32.png", "a-1-32x32-2.png"}
    assert (pictures <= names) != ("a-1-32x32-error.txt" in names), f"{where}: {sorted(names)}"
    seeds = []
    for name in sorted(pictures & names, reverse=True):
        with Image.open(daemon.spool / name) as picture:
            picture.load()
            seeds.append(json.loads(picture.info["spectacle"])["seed"])
    assert not seeds or seeds[1] == seeds[0] + 1, f"{where}: an answer of two runs"
    text = (daemon.spool / "a-2-32x32-bad-error.txt").read_text()
    assert text.startswith("on purpose\n\ncode: generator-failed\n"), where
    assert not [name for name in names if name.endswith((".lock", ".json"))], f"{where}: {sorted(names)}"
    poison = os.listdir(daemon.spool / ".spectacle/poison")
    assert not poison, f"{where}: {poison}"


def test_a_daemon_killed_at_any_system_call_loses_nothing(tmp_path: Path) -> None:
    assert shutil.which("strace"), "this test needs strace: apt-get install strace"
    counts = call_counts(tmp_path / "count")
    assert counts["linkat"] >= 2, counts
    kills = 0
    for call, count in counts.items():
        for number in range(1, count + 1):
            where = f"killed at {call} number {number}"
            daemon = fresh(tmp_path / "home")
            done = traced(daemon, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
            kills += done.returncode != 0
            again = subprocess.run(
                [sys.executable, "-m", "spectacle", "serve", "--once", "--config", daemon.file],
                capture_output=True, text=True, timeout=TIME_LIMIT, check=False,
            )  # fmt: skip
            assert again.returncode == 0, f"{where}: {again.stderr[-2000:]}"
            check(daemon, where)
    assert kills > 10, counts


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "ESTALE"])
def test_an_error_of_any_system_call_loses_nothing(tmp_path: Path, error: str) -> None:
    counts = call_counts(tmp_path / "count")
    for call, count in counts.items():
        for number in range(1, count + 1, 2):
            where = f"{error} at {call} number {number}"
            daemon = fresh(tmp_path / "home")
            done = traced(daemon, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")
            assert done.returncode == 0, f"{where}: {done.stderr[-2000:]}"
            check(daemon, where)
