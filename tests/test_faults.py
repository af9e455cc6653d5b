"""What surrounds the daemon fails: limits, memory, devices, mounts, clocks and neighbours of the same name."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, DEADLINE, Daemon, running, wait_for

THIRD_PARTY = '''
import os, resource, signal
from pathlib import Path
from PIL import Image
from spectacle.generators.base import Artifact, Generator, MediaType

LEAKED, BROKEN = [], []

def picture(job):
    return [Artifact(Image.new("RGB", (job.width, job.height), "red"))]

class Leaking(Generator):
    """Keeps 64 MiB of every job; the prompt says what stands in its way."""
    name = "leaking"
    makes = frozenset({MediaType.PNG})

    def generate(self, job, control):
        if not LEAKED:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * resource.getpagesize() + (160 << 20)
            if job.prompt == "a limit":
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
        LEAKED.append(bytearray(64 << 20))
        if job.prompt == "a killer" and len(LEAKED) > 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return picture(job)

class Fragile(Generator):
    """Its device breaks where the prompt says so, and is then broken for the whole process."""
    name = "fragile"
    makes = frozenset({MediaType.PNG})

    def generate(self, job, control):
        happened = Path(os.environ["BROKEN_ONCE"])
        if "always" in job.prompt or ("once" in job.prompt and not happened.exists()):
            happened.touch()
            BROKEN.append(True)
        if BROKEN:
            raise RuntimeError("CUDA error: device-side assert triggered\\nCUDA kernel errors might be reported later")
        return picture(job)
'''

KINDS = """
[kinds.leak]
generator = "leaking"

[kinds.fragile]
generator = "fragile"
"""


@pytest.fixture
def third_party(tmp_path: Path) -> dict[str, str]:
    """Variables under which a package of others, with generators in trouble, is installed."""
    packages = tmp_path / "packages"
    facts = packages / "trouble-1.0.dist-info"
    facts.mkdir(parents=True)
    (packages / "trouble.py").write_text(THIRD_PARTY)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: trouble\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(
        "[spectacle.generators]\nleaking = trouble:Leaking\nfragile = trouble:Fragile\n"
    )
    return {"PYTHONPATH": str(packages), "BROKEN_ONCE": str(tmp_path / "broken-once")}


def attempts(log: str) -> int:
    """How many runs were lost with their worker."""
    return log.count("lost the worker")


@pytest.mark.slow
def test_a_worker_that_leaks_up_to_its_limit_costs_one_request_its_error_and_the_others_nothing(
    tmp_path: Path, third_party: dict[str, str]
) -> None:
    with running(tmp_path, CONFIGURATION + KINDS, environment=third_party) as daemon:
        answers = []
        for number in range(6):
            stem = f"a-{number}-16x16-leak"
            daemon.write(stem, "a limit")
            answers.append(daemon.answer(stem).name.removeprefix(stem))
        # The limit holds for two jobs; what was leaked goes with the process, so the next one has its room again.
        assert answers == [".png", ".png", "-error.txt", ".png", ".png", "-error.txt"]
        assert "not enough memory" in daemon.error("a-2-16x16-leak")
        daemon.write("a-7-16x16")
        assert daemon.answer("a-7-16x16").suffix == ".png"
        assert attempts(daemon.log) == 0


def test_a_worker_that_is_killed_for_its_memory_costs_nobody_an_answer(
    tmp_path: Path, third_party: dict[str, str]
) -> None:
    with running(tmp_path, CONFIGURATION + KINDS, environment=third_party) as daemon:
        for number in range(6):
            daemon.write(f"a-{number}-16x16-leak", "a killer")
        for number in range(6):
            assert daemon.answer(f"a-{number}-16x16-leak").suffix == ".png"
        assert attempts(daemon.log) == 2
        assert "ended by SIGKILL" in daemon.log


def test_a_device_that_breaks_under_a_job_is_used_by_a_new_process_from_then_on(
    tmp_path: Path, third_party: dict[str, str]
) -> None:
    with running(tmp_path, CONFIGURATION + KINDS, environment=third_party) as daemon:
        before = daemon.worker_pid()
        daemon.write("a-1-16x16-fragile", "breaks once")
        assert daemon.answer("a-1-16x16-fragile").suffix == ".png"
        assert attempts(daemon.log) == 1
        assert "lost its device: CUDA error: device-side assert triggered" in daemon.log
        wait_for(lambda: daemon.report()["devices"][0]["pid"] not in (None, before), "the report of a new process")


@pytest.mark.slow
def test_a_request_that_breaks_the_device_every_time_is_given_up_and_the_next_one_is_served(
    tmp_path: Path, third_party: dict[str, str]
) -> None:
    configuration = CONFIGURATION.replace("lease_duration = 3", "lease_duration = 3\nmax_attempts = 2") + KINDS
    with running(tmp_path, configuration, environment=third_party) as daemon:
        daemon.write("a-1-16x16-fragile", "breaks always")
        assert re.match(
            r"a-1-16x16-fragile.txt: gave up after 2 failed attempts, .* CUDA error: device-side assert",
            daemon.error("a-1-16x16-fragile"),
        )
        daemon.write("a-2-16x16-fragile", "a fox")
        assert daemon.answer("a-2-16x16-fragile").suffix == ".png"


@pytest.mark.slow
@pytest.mark.parametrize("spare", [0, 2, 5])
def test_too_few_descriptors_are_waited_out(tmp_path: Path, spare: int) -> None:
    with running(tmp_path) as daemon:
        assert daemon.process is not None
        pid = daemon.process.pid
        daemon.worker_pid()
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = max(int(number) for number in os.listdir(f"/proc/{pid}/fd")) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + spare, hard))
        daemon.write("a-1-16x16")
        wait_for(
            lambda: "Too many open files" in daemon.log or "a-1-16x16.txt" not in daemon.public(),
            "the log to say why, or an answer",
        )
        os.kill(daemon.worker_pid(), signal.SIGKILL)
        daemon.write("a-2-16x16")
        time.sleep(0.3)
        assert daemon.process.poll() is None
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        for number in (1, 2):
            assert daemon.answer(f"a-{number}-16x16", 30).suffix == ".png"
        if "Too many open files" in daemon.log:
            assert "Raise the limit of open files" in daemon.log
        assert "Traceback" not in daemon.log


def mount(*arguments: str | Path) -> None:
    """Mount something."""
    subprocess.run(["mount", *arguments], check=True)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon, not started, whose spool is a file system mounted there."""
    store = tmp_path / "store"
    store.mkdir()
    daemon = Daemon(tmp_path)
    mount("-t", "tmpfs", "-o", "size=8m", "spectacle-test", store)
    mount("--bind", store, daemon.spool)
    yield daemon
    if daemon.process is not None and daemon.process.poll() is None:
        daemon.stop()
    for path in (daemon.spool, daemon.spool, store):
        subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)


@pytest.mark.root
def test_a_spool_that_is_unmounted_and_mounted_again_is_served_on(mounted: Daemon, tmp_path: Path) -> None:
    daemon = mounted.start()
    daemon.drafts = daemon.spool
    daemon.write("a-1-64x64", options={"progress": True, "steps": 20, "step_seconds": 0.05})
    daemon.await_run("a-1-64x64")
    subprocess.run(["umount", "--lazy", daemon.spool], check=True)
    for number in (2, 3):
        draft = tmp_path / f"store/.draft-{number}"
        draft.write_text("a red fox")
        draft.rename(tmp_path / f"store/a-{number}-64x64.txt")
    wait_for(daemon._reports, "the daemon to go on in the directory below")
    mount("--bind", tmp_path / "store", daemon.spool)
    for number in (1, 2, 3):
        assert daemon.answer(f"a-{number}-64x64").suffix == ".png"
    daemon.write("a-4-64x64")
    assert daemon.answer("a-4-64x64").suffix == ".png"
    assert "internal error" not in daemon.log


@pytest.mark.slow
@pytest.mark.root
def test_another_file_system_mounted_over_the_spool_is_served(mounted: Daemon) -> None:
    daemon = mounted.start()
    daemon.drafts = daemon.spool
    daemon.write("a-1-64x64")
    daemon.answer("a-1-64x64")
    mount("-t", "tmpfs", "-o", "size=8m", "spectacle-test", daemon.spool)
    daemon.write("a-1-64x64")
    assert daemon.answer("a-1-64x64").suffix == ".png"
    subprocess.run(["umount", "--lazy", daemon.spool], check=True)
    daemon.write("a-2-64x64")
    assert daemon.answer("a-2-64x64").suffix == ".png"
    assert "a-1-64x64.png" in daemon.public()
    assert "internal error" not in daemon.log


@pytest.mark.slow
@pytest.mark.parametrize("shift", [-40 * 365 * 86400, 3 * 365 * 86400])
def test_times_of_files_by_a_clock_that_is_wrong_change_nothing(tmp_path: Path, shift: int) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    times = (time.time() + shift,) * 2
    for name, content in {
        "a-1-64x64.txt": "a fox",
        "a-2-64x64.txt": "a fox",
        "a-2-64x64.png": "an older answer",
        "a-3-64x64.txt": "a fox",
        "a-3-64x64.lock": "not a lease",
        ".a-4-64x64.0123456789abcdef.tmp": "a temporary file",
    }.items():
        (spool / name).write_text(content)
        os.utime(spool / name, times)
    os.utime(spool, times)
    with running(tmp_path, CONFIGURATION.replace("lease_duration = 3", "lease_duration = 1")) as daemon:
        daemon.write("a-5-64x64")
        for number in (1, 2, 3, 5):
            assert daemon.answer(f"a-{number}-64x64").read_bytes().startswith(b"\x89PNG")


class Contained(Daemon):
    """A daemon that sees no process but its own, as in a container; its host name is that of its neighbours."""

    apart = ("--pid", "--fork", "--mount-proc", "--uts", "--kill-child")

    def start(self, *arguments: str) -> Daemon:
        known = set(self._reports())
        command = [sys.executable, "-m", "spectacle", "serve", "--config", self.file, *arguments]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                ["unshare", *self.apart, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(lambda: set(self._reports()) - known, "the daemon to start")
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(pid), number)
        return self.process.wait(DEADLINE)


class Displaced(Contained):
    """Its clock, which counts from the start of its machine, is a day ahead of its neighbours'."""

    apart = (*Contained.apart, "--time", "--monotonic", "86400", "--boottime", "86400")


@contextlib.contextmanager
def two(home: Path, other: type[Contained], steps: int = 250) -> Iterator[tuple[Daemon, Daemon]]:
    """Two daemons in containers of one host name, the first with the only claim: of a job of steps of 0.06 s."""
    first, second = Contained(home, name="first"), other(home, name="second")
    daemons: list[Daemon] = [first, second]
    try:
        first.start()
        first.write("a-1-64x64", options={"progress": True, "steps": steps, "step_seconds": 0.06})
        first.await_run("a-1-64x64")
        second.start()
        yield first, second
    finally:
        for daemon in daemons:
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.stop()


@pytest.mark.slow
@pytest.mark.parametrize("other", [Contained, Displaced])
def test_a_live_neighbour_of_the_same_name_keeps_its_claim_past_a_lease(tmp_path: Path, other: type[Contained]) -> None:
    with two(tmp_path, other) as (first, second):
        assert first.answer("a-1-64x64").suffix == ".png"
        assert "took over" not in second.log
        assert "a-1-64x64" not in second.log
        wait_for(lambda: "answered" in first.log, "the first to tell of its answer")


@pytest.mark.slow
@pytest.mark.parametrize("other", [Contained, Displaced])
def test_a_dead_neighbour_of_the_same_name_loses_its_claim_after_a_lease(
    tmp_path: Path, other: type[Contained]
) -> None:
    # The job outlasts the second one's start, however slow that is, and so its second run is not waited for.
    with two(tmp_path, other, steps=2000) as (first, second):
        assert first.process is not None
        beat = datetime.fromtimestamp((first.spool / "a-1-64x64.lock").stat().st_mtime)  # noqa: DTZ006 - as in the log
        first.kill()
        progress = first.spool / "a-1-64x64-progress.json"
        left = progress.stat().st_mtime_ns
        wait_for(lambda: "took over a dead claim" in second.log, "the claim to be taken over")
        (taken,) = [line.split()[0] for line in second.log.splitlines() if "took over a dead claim" in line]
        assert datetime.fromisoformat(taken) - beat >= timedelta(seconds=3)

        def begun() -> bool:
            # Not what the first has left: withdrawn before it is begun, a request is not told to be cancelled.
            with contextlib.suppress(FileNotFoundError):
                return progress.stat().st_mtime_ns != left
            return False

        wait_for(begun, "the second to tell of its progress")
        second.await_run("a-1-64x64")
        (second.spool / "a-1-64x64.txt").unlink()
        wait_for(lambda: "cancelled" in second.log, "the job to be cancelled")


@pytest.mark.slow
@pytest.mark.parametrize(("crowd", "requests"), [(30, 60), pytest.param(100, 200, marks=pytest.mark.storm)])
def test_a_crowd_of_daemons_started_at_once_answers_each_request_once(
    tmp_path: Path, crowd: int, requests: int
) -> None:
    configuration = CONFIGURATION.replace("poll_interval = 0.1", "poll_interval = 1").replace(
        "lease_duration = 3", "lease_duration = 30"
    ).replace("drain_timeout", "preload = false\ndrain_timeout") + "\n[log]\nform = \"json\"\n"  # fmt: skip
    daemons = [Daemon(tmp_path, configuration, f"d{number}") for number in range(crowd)]
    stems = {f"u{number % 7}-{number}-24x16" for number in range(requests)}
    for stem in stems:
        daemons[0].write(stem)
    began = time.monotonic()
    try:
        for daemon in daemons:
            with daemon.log_path.open("ab") as log:
                daemon.process = subprocess.Popen(
                    [sys.executable, "-m", "spectacle", "serve", "--config", daemon.file],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
        wait_for(
            lambda: not stems & {name[:-4] for name in daemons[0].public() if name.endswith(".txt")}, "all", 240, 0.2
        )
        took = time.monotonic() - began
        wait_for(lambda: all('"watching"' in daemon.log for daemon in daemons), "all to watch", 120, 0.5)
    finally:
        for daemon in daemons:
            if daemon.process is not None:
                daemon.process.terminate()
        for daemon in daemons:
            if daemon.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    daemon.process.wait(60)
                daemon.process.kill()
                daemon.process.wait()
    events = [json.loads(line) for daemon in daemons for line in daemon.log.splitlines()]
    answered = Counter(event["stem"] for event in events if event["event"] == "answered")
    shares = sum(any('"answered"' in line for line in daemon.log.splitlines()) for daemon in daemons)
    print(f"{crowd} daemons answered {requests} requests in {took:.1f} s; {shares} of them had a share")
    assert answered == Counter(stems)
    assert {event["event"] for event in events if event["level"] in ("error", "critical")} == set()
    assert daemons[0].public() == {f"{stem}.png" for stem in stems}
    assert daemons[0].hidden() == set()


@pytest.mark.slow
def test_a_house_replaced_by_a_link_is_not_followed_and_the_daemon_serves_again_when_it_is_gone(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    for part in ("instances", "attempts", "poison"):
        (outside / part).mkdir(parents=True)
    with running(tmp_path) as daemon:
        state = daemon.spool / ".spectacle"
        state.rename(daemon.spool / "moved")
        state.symlink_to(outside)
        wait_for(lambda: ".spectacle: not a directory. Move it away" in daemon.log, "the log to say so")
        daemon.write("a-1-64x64-crash")
        daemon.write("a-2-64x64")
        state.unlink()
        assert daemon.answer("a-2-64x64").suffix == ".png"
        assert "attempts" in daemon.error("a-1-64x64-crash")
        assert [name for name in os.listdir(state / "poison") if name.startswith("a-1-64x64-crash.txt")]
        for part in ("instances", "attempts", "poison"):
            assert not os.listdir(outside / part), part
