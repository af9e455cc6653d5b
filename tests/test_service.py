"""The daemon as a service: limits, stopping, reloading, kinds that nobody serves, and what it costs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, KEPT_THREADS, Daemon, running, wait_for


def configured(*replacements: tuple[str, str]) -> str:
    text = CONFIGURATION
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


def run_slowly(daemon: Daemon, stem: str, **options: float | str) -> None:
    daemon.write(stem, options={"progress": True, "steps": 1000, "step_seconds": 0.05, **options})
    daemon.await_run(stem)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with little patience."""
    changes = [("job = 60", "job = 1"), ("step = 30", "step = 0.5"), ('["cpu"]', '["cpu"]\nidle_unload = 1')]
    with running(tmp_path_factory.mktemp("hasty"), configured(*changes)) as daemon:
        yield daemon


def test_a_job_past_its_limit_is_answered_with_an_error_at_once(hasty: Daemon) -> None:
    hasty.write("a-1-64x64", options={"steps": 1000, "step_seconds": 0.05})
    path = hasty.answer("a-1-64x64")
    assert path.name == "a-1-64x64-error.txt"
    assert "code: timeout" in path.read_text()
    assert "attempts: 1" in path.read_text()


@pytest.mark.slow
def test_a_job_without_progress_costs_attempts_and_then_gives_an_error(hasty: Daemon) -> None:
    hasty.write("a-2-64x64", options={"trouble": "hang"})
    path = hasty.answer("a-2-64x64", 30)
    assert "code: too-many-attempts" in path.read_text()
    assert "no progress for 0.5 s" in path.read_text()
    assert "attempts: 3" in path.read_text()


@pytest.mark.slow
def test_a_worker_without_work_is_ended_and_started_again_when_there_is_some(hasty: Daemon) -> None:
    hasty.write("a-3-64x64")
    hasty.answer("a-3-64x64")
    pid = hasty.worker_pid()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the worker to end")
    hasty.write("a-4-64x64")
    assert hasty.answer("a-4-64x64").suffix == ".png"


@pytest.mark.slow
def test_a_hung_job_does_not_keep_the_daemon_from_stopping(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, configured(("drain_timeout = 20", "drain_timeout = 0.5"))).start()
    run_slowly(daemon, "a-1-64x64", steps=1, trouble="hang")
    assert daemon.stop() == 0
    assert "a-1-64x64.txt" in daemon.public()
    assert not [name for name in daemon.public() if name.endswith((".lock", "-error.txt"))]
    assert not os.listdir(daemon.spool / ".spectacle/attempts")


def test_ctrl_c_reaches_the_daemon_alone_and_the_running_job_is_finished(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with daemon.log_path.open("ab") as log:
        daemon.process = subprocess.Popen(
            [sys.executable, "-m", "spectacle", "serve", "--config", daemon.file],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0,
        )  # fmt: skip
    daemon.write("a-1-64x64-svg", options={"png": True})
    daemon.answer("a-1-64x64-svg")
    run_slowly(daemon, "a-2-64x64", steps=20)
    os.killpg(daemon.process.pid, signal.SIGINT)
    assert daemon.process.wait(60) == 0
    assert "a-2-64x64.png" in daemon.public()
    assert "Traceback" not in daemon.log


@pytest.mark.slow
def test_kinds_that_change_while_a_job_runs_concern_only_what_comes_after_it(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        assert daemon.process is not None
        run_slowly(daemon, "a-1-64x64-slow", steps=30)
        daemon.write("a-2-64x64-slow", options={"steps": 1})
        daemon.write("a-3-64x64-late")
        text = CONFIGURATION.replace("[kinds.slow]", "[kinds.late]")
        daemon.file.write_text(text)
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.answer("a-1-64x64-slow").suffix == ".png"
        assert "card, crash, fox, late, svg" in daemon.error("a-2-64x64-slow")
        daemon.write("a-3-64x64-late", options={"steps": 1})
        assert daemon.answer("a-3-64x64-late").suffix == ".png"


@pytest.mark.slow
def test_a_kind_of_another_live_instance_is_left_to_it_and_one_of_nobody_gets_an_error(tmp_path: Path) -> None:
    other = configured(("[kinds.crash]", "[kinds.special]"), ('trouble = "crash"', "steps = 1"))
    with running(tmp_path, name="one") as first:
        assert first.process is not None
        with running(tmp_path, other, name="two") as second:
            assert second.process is not None
            wait_for(lambda: "special" in second.report().get("kinds", []), "the second to report")
            second.process.send_signal(signal.SIGSTOP)
            first.write("a-1-64x64-special")
            first.write("a-2-64x64-nothing")
            assert "card, crash, fox, slow, special, svg" in first.error("a-2-64x64-nothing")
            assert "a-1-64x64-special.txt" in first.public()
            second.process.send_signal(signal.SIGCONT)
            assert first.answer("a-1-64x64-special").suffix == ".png"
        first.write("a-3-64x64-special")
        assert "special" not in first.error("a-3-64x64-special").partition("Use one of")[2]


def test_garbage_among_the_reports_of_instances_does_no_harm(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        reports = daemon.spool / ".spectacle/instances"
        for number, text in enumerate(
            ["", "[" * 100_000, "null", '{"kinds": 5}', '{"kinds": [[]], "interval": "x"}', "é"]
        ):
            (reports / f"evil-{number}.json").write_text(text)
        (reports / "evil-dir.json").mkdir()
        (reports / "evil-link.json").symlink_to("/dev/zero")
        os.mkfifo(reports / "evil-pipe.json")
        (daemon.spool / ".spectacle/attempts/a-1-64x64").write_text("[" * 4000)
        daemon.write("a-1-64x64")
        assert daemon.answer("a-1-64x64").suffix == ".png"
        daemon.write("a-2-64x64-nothing")
        assert "no running instance serves it" in daemon.error("a-2-64x64-nothing")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_house_that_is_not_a_directory_is_refused(tmp_path: Path, kind: str) -> None:
    daemon = Daemon(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    state = daemon.spool / ".spectacle"
    if kind == "link":
        state.symlink_to(elsewhere)
    else:
        state.touch()
    with daemon.log_path.open("ab") as log:
        daemon.process = subprocess.Popen(
            [sys.executable, "-m", "spectacle", "serve", "--config", daemon.file], stdout=log, stderr=log
        )
    wait_for(lambda: "not a directory. Move it away" in daemon.log, "the log to say so")
    assert not os.listdir(elsewhere)
    state.unlink()
    daemon.write("a-1-64x64")
    assert daemon.answer("a-1-64x64").suffix == ".png"
    daemon.stop()


def test_once_works_through_what_is_there_whatever_it_is(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.write("a-1-64x64")
    daemon.write("a-2-64x64-nothing")
    daemon.write("a-3-64x64", b"")
    daemon.write("a-5-64x64", options={"fail": "on purpose"})
    (daemon.spool / ".a-6-64x64.commit").write_text("garbage")
    daemon.start("--once")
    assert daemon.process is not None
    assert daemon.process.wait(60) == 0
    errors = {"a-2-64x64-nothing", "a-3-64x64", "a-5-64x64"}
    assert daemon.public() == {f"{stem}-error.txt" for stem in errors} | {"a-1-64x64.png"}
    assert not daemon.hidden()


@pytest.mark.slow
@pytest.mark.root
def test_a_spool_without_inotify_is_served_by_looking(tmp_path: Path) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    before = limit.read_text()
    limit.write_text("0")
    try:
        daemon = Daemon(tmp_path, configured(("empty_grace = 0.5", "empty_grace = 3600"))).start()
    finally:
        limit.write_text(before)
    assert daemon.process is not None
    descriptors = Path(f"/proc/{daemon.process.pid}/fd")
    daemon.write("a-1-64x64")
    daemon.answer("a-1-64x64")
    opened = len(os.listdir(descriptors))
    for number in range(2, 5):
        daemon.write(f"a-{number}-64x64")
        assert daemon.answer(f"a-{number}-64x64").suffix == ".png"
    # As when it is created on another host, and written a little later.
    path = daemon.place("a-5-64x64.txt", b"")
    wait_for(lambda: daemon.report().get("queue", {}).get("card"), "the empty request to be noticed")
    path.write_text("a red fox")
    assert daemon.answer("a-5-64x64").suffix == ".png"
    assert daemon.log.count("inotify is not available") == 1
    assert len(os.listdir(descriptors)) <= opened + 2
    daemon.stop()


@pytest.mark.slow
def test_a_queue_of_events_that_overflows_loses_no_request(tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    daemon = Daemon(tmp_path).start()
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGSTOP)
    # Foreign files fill the queue, so that nothing is told of the requests. The limit is the whole machine's, so it is
    # left alone for the sake of other daemons.
    for number in range(limit + 1):
        (daemon.spool / f"foreign-{number}.dat").touch()
    stems = [f"u{number % 7}-{number}-16x16" for number in range(100)]
    for stem in stems:
        daemon.write(stem)
    daemon.process.send_signal(signal.SIGCONT)
    wait_for(lambda: {f"{stem}.png" for stem in stems} <= daemon.public(), "all", 30, 0.1)
    daemon.stop()


@pytest.mark.slow
def test_a_log_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, environment={"PYTHONUNBUFFERED": ""})
    daemon.log_path.symlink_to("/dev/full")
    daemon.start()
    daemon.log_path.unlink()
    daemon.log_path.touch()
    daemon.write("a-1-64x64")
    daemon.write("a-2-64x64-nothing")
    assert daemon.answer("a-1-64x64").suffix == ".png"
    assert "Use one of" in daemon.error("a-2-64x64-nothing")
    assert daemon.stop() == 0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def footprint(daemon: Daemon) -> dict[str, int]:
    assert daemon.process is not None
    worker = daemon.worker_pid()
    return {
        f"{what} of the {who}": len(os.listdir(f"/proc/{pid}/{what}"))
        for who, pid in (("daemon", daemon.process.pid), ("worker", worker))
        for what in ("fd", "task")
    }


def serve_many(daemon: Daemon, letter: str, number: int) -> None:
    stems = [f"{letter}{each % 13}-{each}-16x16" for each in range(number)]
    for each, stem in enumerate(stems):
        daemon.write(stem, options={"fail": "no"} if each % 5 == 0 else {})
    wait_for(lambda: not any(name.endswith("16x16.txt") for name in os.listdir(daemon.spool)), "all to be answered", 60)
    for name in daemon.public():
        (daemon.spool / name).unlink(missing_ok=True)


@pytest.mark.slow
def test_many_requests_leave_no_descriptor_no_thread_and_no_memory_behind(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        assert daemon.process is not None
        serve_many(daemon, "a", 50)
        # The process that describes the kinds comes and goes.
        wait_for(lambda: daemon.report().get("kind_details"), "the description of the kinds")
        wait_for(lambda: not (daemon.report().get("devices") or [{}])[0].get("job"), "rest")
        before, memory = footprint(daemon), resident(daemon.process.pid)
        serve_many(daemon, "b", 300)

        def as_before() -> bool:
            now = footprint(daemon)
            more = now.pop("task of the daemon") - before["task of the daemon"]
            return more <= KEPT_THREADS and now == {each: before[each] for each in now}

        wait_for(as_before, f"descriptors and threads to be as before: {before}")
        assert resident(daemon.process.pid) < memory + (8 << 20)


@pytest.mark.slow
def test_a_hundred_thousand_foreign_files_cost_an_idle_daemon_next_to_nothing(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    for number in range(100_000):
        (daemon.spool / f"foreign-{number}.dat").touch()
    with running(tmp_path) as daemon:
        assert daemon.process is not None
        daemon.write("a-1-64x64")
        daemon.answer("a-1-64x64")
        # As long as a directory that has changed is looked at again, and the longest pause between two looks.
        time.sleep(12.5)
        trace = tmp_path / "trace"
        before, began = cpu_seconds(daemon.process.pid), time.monotonic()
        subprocess.run(
            ["timeout", "-s", "INT", "10", "strace", "-f", "-qq", "-o", trace, "-p", str(daemon.process.pid)],
            check=False,
        )
        share = (cpu_seconds(daemon.process.pid) - before) / (time.monotonic() - began)
        print(f"idle CPU share with 100,000 foreign files, traced: {share:.4f}")
        assert share < 0.05
        assert "foreign-1" not in trace.read_text().replace("getdents64", "")
        daemon.write("a-2-64x64")
        assert daemon.answer("a-2-64x64").suffix == ".png"
        assert len([name for name in daemon.public() if name.startswith("foreign-")]) == 100_000
    shutil.rmtree(daemon.spool)


def starts_in_order(daemon: Daemon) -> list[str]:
    """Users in the order of their answers, from the JSON log."""
    lines = (json.loads(line) for line in daemon.log.splitlines() if line.startswith("{"))
    return [line["stem"].partition("-")[0] for line in lines if line["event"] == "answered"]


@pytest.mark.parametrize(
    ("requests", "users"), [(300, 20), pytest.param(1_000, 40, marks=pytest.mark.slow)], ids=["300", "1000"]
)
def test_many_requests_of_many_users_are_each_answered_once_and_in_turn(
    tmp_path: Path, requests: int, users: int
) -> None:
    daemon = Daemon(tmp_path, CONFIGURATION + '[log]\nformat = "json"\n')
    # One user has written half of all before the others begin.
    half = requests // 2
    stems = [f"greedy-{number}-8x8" for number in range(half)]
    stems += [f"u{number % (users - 1)}-{number}-8x8" for number in range(half, requests)]
    for stem in stems:
        daemon.write(stem)
    daemon.start()
    wait_for(lambda: sum(name.endswith(".png") for name in os.listdir(daemon.spool)) == requests, "all answers", 300)
    daemon.stop()
    assert daemon.public() == {f"{stem}.png" for stem in stems}
    assert not daemon.hidden()
    order = starts_in_order(daemon)
    assert len(order) == requests
    # While others wait, the greedy one gets one in `users` turns.
    others = [number for number, user in enumerate(order) if user != "greedy"]
    assert order[: others[-1]].count("greedy") <= 2 * (others[-1] // users) + users
