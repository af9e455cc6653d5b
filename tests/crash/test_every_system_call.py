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
from daemon_process import Daemon, wait_for
from PIL import Image

from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import sort_by_ending
from spectacle.spool.sweep import StrayClaims

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
CALLS = ["linkat", "renameat", "renameat2", "unlinkat", "fsync", "mkdirat"]
"""Calls that change the spool and that only the daemon makes, never its worker. Opening and writing are covered, call
by call, by tests/spool/test_commit.py."""

TIME_LIMIT = 60


def traced(daemon: Daemon, *strace: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spectacle", "serve", "--once", "--config", str(daemon.file)]
    return subprocess.run(
        ["strace", "-f", "-qq", *strace, *command], capture_output=True, text=True, timeout=TIME_LIMIT, check=False
    )


def fresh(home: Path, *, together: bool = False) -> Daemon:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    daemon = Daemon(home, CONFIGURATION)
    for stem in ("a-1-32x32", "a-2-32x32-bad", "a-3-32x32"):
        # In one batch; or one begun while the one before it is being answered.
        daemon.write(stem, options={"seed": 1, "group": "all" if together else stem})
    return daemon


NO_LINKS = ("-e", "inject=linkat:error=EPERM")


def call_counts(home: Path, *options: str, together: bool = False) -> dict[str, int]:
    """How often each call is made by one thread at most while the requests are served."""
    daemon = fresh(home, together=together)
    log = home / "strace"
    traced(daemon, "-o", str(log), "-e", f"trace={','.join(CALLS)}", *options)
    counts: dict[tuple[str, str], int] = {}
    for line in log.read_text().splitlines():
        if match := re.match(r"(\d+)\s+(\w+)\(", line):
            counts[match[1], match[2]] = counts.get((match[1], match[2]), 0) + 1
    return {call: max((count for (_, name), count in counts.items() if name == call), default=0) for call in CALLS}


def remove_dead_claims(path: Path) -> None:
    """Remove what a daemon killed between its answer and the end of its claim leaves, as another does in two scans.

    It takes until the claim has not changed for a lease where another process has got the number of the killed one.
    """
    spool = Spool(path)
    spool.open()
    strays = StrayClaims(Claims(spool, 2))

    def removed() -> bool:
        requests, claimed, committed = sort_by_ending(spool.names())
        dead = claimed - set(requests) - committed
        strays.found(dead)
        return not dead

    wait_for(removed, "the dead claims to be removed", seconds=TIME_LIMIT)
    spool.close()


def check(daemon: Daemon, where: str) -> None:
    """Each request has exactly one complete answer."""
    remove_dead_claims(daemon.spool)
    names = daemon.public()
    for stem in ("a-1-32x32", "a-2-32x32-bad", "a-3-32x32"):
        assert f"{stem}.txt" not in names, where
    for stem in ("a-1-32x32", "a-3-32x32"):
        pictures = {f"{stem}.png", f"{stem}-2.png"}
        assert (pictures <= names) != (f"{stem}-error.txt" in names), f"{where}: {sorted(names)}"
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


def serve_again(daemon: Daemon, where: str) -> None:
    """Serve what was left.

    A claim whose holder was killed before it had written the record says nothing of who that was: `--once` leaves its
    request to the instance that seems to hold it, until the claim has not changed for a lease.
    """

    def serve_once() -> bool:
        again = subprocess.run(
            [sys.executable, "-m", "spectacle", "serve", "--once", "--config", daemon.file],
            capture_output=True, text=True, timeout=TIME_LIMIT, check=False,
        )  # fmt: skip
        assert again.returncode == 0, f"{where}: {again.stderr[-2000:]}"
        return not any(
            (daemon.spool / f"{each[:-5]}.txt").exists() for each in daemon.public() if each.endswith(".lock")
        )

    wait_for(serve_once, f"the claims to be taken over, {where}", seconds=TIME_LIMIT)


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in a batch"])
def test_a_daemon_killed_at_any_system_call_loses_nothing(tmp_path: Path, together: bool) -> None:
    assert shutil.which("strace"), "this test needs strace: apt-get install strace"
    counts = call_counts(tmp_path / "count", together=together)
    assert counts["linkat"] >= (1 if together else 2), counts
    kills = 0
    for call, count in counts.items():
        for number in range(1, count + 1):
            where = f"killed at {call} number {number}"
            daemon = fresh(tmp_path / "home", together=together)
            done = traced(daemon, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
            kills += done.returncode != 0
            serve_again(daemon, where)
            check(daemon, where)
    assert kills > 10, counts


def test_a_daemon_killed_at_any_decision_without_hard_links_loses_nothing(tmp_path: Path) -> None:
    count = call_counts(tmp_path / "count", *NO_LINKS)["renameat2"]
    assert count >= 2
    for number in range(1, count + 1):
        where = f"killed at renameat2 number {number}"
        daemon = fresh(tmp_path / "home")
        kill = ("-e", f"inject=renameat2:signal=SIGKILL:when={number}")
        traced(daemon, "-e", "trace=linkat,renameat2", *NO_LINKS, *kill)
        serve_again(daemon, where)
        check(daemon, where)


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
