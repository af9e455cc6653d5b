"""The daemon on a real Ray cluster of two and three nodes: nothing lost, nothing doubled, whatever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from daemon_process import Daemon, wait_for

from spectacle.cluster.access import check_access, ray_environment
from spectacle.config import RaySettings
from spectacle.errors import WorkerUnavailable

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]

PATIENCE = 120.0
"""Seconds for what Ray does in five on a machine that does nothing else."""

CONFIGURATION = """
default_kind = "card"

[spool]
path = "spool"
poll_interval = 0.1
settle = 0.3
lease_duration = 5
max_attempts = 100
min_free = 0

[workers]
backend = "{backend}"
devices = ["cpu"]
preload = false
drain_timeout = 2

[ray]
address = "{address}"
token = "{token}"
max_workers = 4

[kinds.card]
generator = "test-double"
options = {{ steps = 4, step_seconds = 0.02 }}

[kinds.slow]
generator = "test-double"
options = {{ steps = 300, step_seconds = 0.1 }}

[kinds.fox]
generator = "illustration"
"""


class RealCluster:
    """A head node without GPUs, and nodes with one each."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.token = home / "token"
        self.token.write_text(secrets.token_hex(32))
        self.token.chmod(0o600)
        environment = {**ray_environment(self.token), "RAY_TMPDIR": str(home)}
        with (home / "cluster.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("real_cluster.py")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, text=True,
            )  # fmt: skip
        self.address = self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if re.fullmatch(r"done|[0-9.]+:[0-9]+", line.strip()):
                return line.strip()
        raise AssertionError((self.home / "cluster.log").read_text())

    def tell(self, command: str) -> None:
        """Have it done, and wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        self._answer()

    def processes(self, sign: str) -> list[psutil.Process]:
        """Its processes in whose command a text is, the oldest first."""
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                if sign in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return sorted(found, key=lambda process: process.pid)

    def close(self) -> None:
        """End all of it."""
        left = psutil.Process(self._process.pid).children(recursive=True)
        try:
            self.tell("quit")
        finally:
            self._process.kill()
            self._process.wait()
            assert self._process.stdin is not None and self._process.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.stdout.close()
            for each in left:
                try:
                    each.kill()
                except psutil.NoSuchProcess:
                    continue
            psutil.wait_procs(left, 10)


@pytest.fixture(scope="module")
def cluster() -> Iterator[RealCluster]:
    # Not pytest's directory: the paths of Ray's sockets would be too long.
    home = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    try:
        made = RealCluster(home)
        try:
            for _ in range(2):
                made.tell("add")
            yield made
        finally:
            made.close()
    finally:
        shutil.rmtree(home)


def daemon_on(cluster: RealCluster, home: Path, backend: str = "ray") -> Daemon:
    text = CONFIGURATION.format(address=cluster.address, token=cluster.token, backend=backend)
    return Daemon(home, text).start()


def present(daemon: Daemon) -> list[dict[str, object]]:
    return [each for each in daemon.report()["devices"] if each["absent"] is None and each["worker"].startswith("ray/")]


def put(daemon: Daemon, stem: str) -> None:
    draft = daemon.home / "draft"
    draft.write_text("a fox")
    draft.rename(daemon.spool / f"{stem}.txt")


def answered(daemon: Daemon) -> Counter[str]:
    return Counter(re.findall(r"\banswered\b.*?stem=(\S+)", daemon.log))


def results(daemon: Daemon) -> int:
    return len(list(daemon.spool.glob("*.png")))


def has_results(daemon: Daemon, number: int) -> bool:
    return results(daemon) >= number


def test_nothing_is_lost_or_doubled_while_processes_actors_and_nodes_are_killed(
    cluster: RealCluster, tmp_path: Path
) -> None:
    chance = random.Random(19)
    daemon = daemon_on(cluster, tmp_path)
    try:
        wait_for(lambda: len(present(daemon)) == 2, "two workers", PATIENCE)
        stems = [f"u{number % 7}-{number}-32x32{'-fox' if number % 50 == 0 else ''}" for number in range(500)]
        for stem in stems:
            put(daemon, stem)
        kills: Counter[str] = Counter()
        done = 0
        while done < len(stems):
            # Something is killed each time some more are done, so that it goes on however slow the machine is.
            enough = min(done + 25, len(stems))
            wait_for(partial(has_results, daemon, enough), "results", PATIENCE)
            done = results(daemon)
            if done == len(stems):
                break
            victim = chance.choice(["process", "process", "actor", "node"])
            if victim == "node" and kills["node"] < 3:
                cluster.tell("add")
                cluster.tell("remove")
                cluster.tell("remove")
                cluster.tell("add")
            else:
                sign = "spectacle.worker.process" if victim != "actor" else "ray::Host"
                running = cluster.processes(sign)
                if running:
                    os.kill(chance.choice(running).pid, signal.SIGKILL)
            kills[victim] += 1
        assert not list(daemon.spool.glob("*-error.txt"))
        assert not list(daemon.spool.glob("u*.txt"))
        wait_for(lambda: answered(daemon).total() >= len(stems), "the log")
        assert answered(daemon) == Counter(stems)
        assert kills.total() > 10, kills
    finally:
        daemon.stop()
    wait_for(lambda: not cluster.processes("spectacle.worker.process"), "the end of the workers", PATIENCE)
    wait_for(lambda: not cluster.processes("ray::Host"), "the end of the actors", PATIENCE)


def test_the_job_of_a_node_that_is_frozen_is_done_by_another_one(cluster: RealCluster, tmp_path: Path) -> None:
    daemon = daemon_on(cluster, tmp_path)
    frozen: list[psutil.Process] = []
    try:
        wait_for(lambda: len(present(daemon)) == 2, "two workers", PATIENCE)
        put(daemon, "u-1-32x32-slow")
        running = wait_for(
            lambda: [each for each in present(daemon) if each["job"] and each["pid"]], "the job", PATIENCE
        )[0]
        worker = psutil.Process(running["pid"])
        frozen = [worker, worker.parent(), worker.parent().parent()]
        for process in frozen[::-1]:
            process.suspend()
        wait_for(lambda: "gave no sign of life" in daemon.log, "the daemon to notice", 60)
        # The report may be of the moment before.
        again = wait_for(
            lambda: [each for each in present(daemon) if each["job"] and each["pid"] not in (None, running["pid"])],
            "the job again", PATIENCE,
        )[0]  # fmt: skip
        assert again["job"]["stem"] == "u-1-32x32-slow"
    finally:
        for process in frozen:
            process.kill()
        daemon.stop()
    cluster.tell("add")


def test_a_killed_daemon_leaves_no_worker_behind_and_its_job_is_done_by_the_next(
    cluster: RealCluster, tmp_path: Path
) -> None:
    daemon = daemon_on(cluster, tmp_path)
    wait_for(lambda: present(daemon), "a worker", PATIENCE)
    put(daemon, "u-2-32x32-slow")
    wait_for(lambda: any(each["job"] for each in present(daemon)), "the job", PATIENCE)
    assert daemon.process is not None
    daemon.process.kill()
    daemon.process.wait()
    wait_for(lambda: not cluster.processes("ray::Host"), "the end of the actors", PATIENCE)
    daemon.start()
    try:
        wait_for(lambda: any(each["job"] for each in present(daemon)), "the job again", PATIENCE)
        (daemon.spool / "u-2-32x32-slow.txt").unlink()
        wait_for(lambda: not any(each["job"] for each in present(daemon)), "the cancellation", PATIENCE)
    finally:
        daemon.stop()
    assert not list(daemon.spool.glob("u-2*"))


def test_a_wrong_token_is_told_from_everything_else(cluster: RealCluster, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("b" * 64)
    token.chmod(0o600)
    with pytest.raises(WorkerUnavailable, match="does not accept it"):
        check_access(RaySettings(address=cluster.address, token=token))
    assert check_access(RaySettings(address=cluster.address, token=cluster.token)).ray


def test_when_the_head_node_dies_the_daemon_says_so_and_local_workers_go_on(
    cluster: RealCluster, tmp_path: Path
) -> None:
    daemon = daemon_on(cluster, tmp_path, "both")
    try:
        wait_for(lambda: present(daemon), "a worker", PATIENCE)
        for server in cluster.processes("gcs_server"):
            server.kill()
        wait_for(lambda: not present(daemon), "the daemon to notice", PATIENCE)
        notices = json.dumps(daemon.report()["notices"])
        assert "absent" in notices
        put(daemon, "u-3-32x32-fox")
        wait_for((daemon.spool / "u-3-32x32-fox.png").exists, "the local worker", PATIENCE)
    finally:
        daemon.stop()
