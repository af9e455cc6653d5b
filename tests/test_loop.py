"""The daemon's loop and its device threads from inside, where the world outside cannot be made bad enough."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from daemon_process import wait_for
from faults import FaultySystem

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult
from spectacle.errors import Cancelled, WorkerUnavailable
from spectacle.generators.base import Device
from spectacle.spool.directory import Spool
from spectacle.spool.exclusive import rename_exclusive
from spectacle.spool.instances import all_reports
from spectacle.watcher import Watcher
from spectacle.worker.contract import JobEvents, JobSpec
from spectacle.worker.in_process import InProcessWorker

SETTINGS = {
    "spool": {"poll_interval": 0.05, "settle": 0, "min_free": 0, "lease_duration": 30},
    "workers": {"preload": False},
    "kinds": {"card": {"generator": "test-double"}},
    "default_kind": "card",
}


class Bad:
    """Behaves like `os` while `error` is None."""

    def __init__(self, *calls: str) -> None:
        self.error: OSError | None = None
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in self._calls:
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            if self.error is not None:
                raise self.error
            return real(*arguments, **options)

        return call


@pytest.fixture
def watcher(tmp_path: Path) -> Watcher:
    """A watcher that does not run yet."""
    path = tmp_path / "spool"
    path.mkdir()
    settings = Settings.model_validate({**SETTINGS, "spool": {**SETTINGS["spool"], "path": path}})  # type: ignore[dict-item]
    return Watcher(settings, [InProcessWorker(Device(), settings)])


@pytest.fixture
def run(watcher: Watcher) -> Iterator[Callable[[], None]]:
    thread = threading.Thread(target=watcher.run)
    yield thread.start
    if thread.ident is not None:
        watcher.stop(at_once=True)
        thread.join(10)
        assert not thread.is_alive()


def write(watcher: Watcher, stem: str) -> Path:
    path = watcher.settings.spool.path / f"{stem}.txt"
    draft = watcher.settings.spool.path / ".draft"
    draft.write_text("a fox")
    draft.rename(path)
    return path


def test_a_spool_that_fails_right_after_an_answer_costs_no_device(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    system = Bad("stat", "open", "link", "rename")
    watcher._spool._os = system
    served = []

    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        served.append(job.name.stem)
        (watcher.settings.spool.path / job.name.file_name).unlink()
        if len(served) == 1:
            system.error = OSError(errno.EIO, "Input/output error")
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: watcher.status()["state"] == "waiting" and served, "the trouble to be noticed")
    system.error = None
    write(watcher, "a-2-8x8")
    wait_for(lambda: "a-2-8x8" in served, "the next request")


def test_on_a_file_system_that_cannot_decide_nothing_is_claimed_and_the_status_says_why(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = FaultySystem(links=False, exclusive_renames=False)
    outside = Spool(watcher.settings.spool.path)
    outside.open()
    watcher._spool._os = odd
    watcher._spool._rename_exclusive = odd.rename_exclusive
    served = []

    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        served.append(job.name.stem)
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    monkeypatch.setattr("spectacle.daemon.health.MIN_BACKOFF", 0.01)
    write(watcher, "a-1-8x8")
    run()

    def reported() -> str:
        (report,) = [report for report, _ in all_reports(outside)] or [{}]
        return str(report.get("reason"))

    wait_for(lambda: "neither hard links nor exclusive renames" in reported(), "the report to say it")
    assert (watcher.settings.spool.path / "a-1-8x8.txt").exists()
    assert not served
    outside.close()
    # Mounted in another way.
    watcher._spool._os = os
    watcher._spool._rename_exclusive = rename_exclusive
    wait_for(lambda: served == ["a-1-8x8"], "the request to be served")


def test_what_only_looks_like_a_request_is_named_once_and_left_alone(watcher: Watcher, run: Callable[[], None]) -> None:
    path = watcher.settings.spool.path / "u:alice-1-64x64.txt"
    path.write_text("a fox")
    with structlog.testing.capture_logs() as logged:
        run()
        wait_for(lambda: watcher._scanner.scans > 3 and watcher.status()["notices"], "some scans")
    (told,) = [each for each in logged if each["event"] == "notice"]
    assert (told["topic"], told["reason"]) == ("not a request", watcher.status()["notices"][0])
    assert told["reason"].startswith("u:alice-1-64x64.txt: ':' in the user")
    assert path.read_text() == "a fox"
    path.unlink()
    wait_for(lambda: not watcher.status()["notices"], "it to be forgotten")


def read_when_served(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each request said when it was served, from now on; nothing is generated."""
    served: list[str] = []

    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        path = watcher.settings.spool.path / job.name.file_name
        served.append(path.read_text())
        path.unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    return served


def test_a_request_that_its_writer_still_has_open_is_not_complete(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = read_when_served(watcher, monkeypatch)
    looks = []
    is_being_written = Spool.is_being_written

    def watched(self: Spool, name: str) -> bool:
        looks.append(is_being_written(self, name))
        return looks[-1]

    monkeypatch.setattr(Spool, "is_being_written", watched)
    with (watcher.settings.spool.path / "a-1-8x8.txt").open("w") as file:
        file.write("a red ")
        file.flush()
        run()
        wait_for(lambda: looks.count(True) > 2, "the request to be looked at")
        assert not served
        file.write("fox")
    wait_for(lambda: served, "the request to be served")
    assert served == ["a red fox"]


def test_another_accounts_writer_that_has_paused_is_waited_for(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = read_when_served(watcher, monkeypatch)
    looks = []
    has_writer = watcher._scanner.has_writer

    def watched(name: str) -> bool:
        looks.append(has_writer(name))
        return looks[-1]

    monkeypatch.setattr(watcher._scanner, "has_writer", watched)
    # The kernel refuses leases on other accounts' files.
    monkeypatch.setattr(Spool, "is_being_written", lambda *_: False)
    run()
    wait_for(lambda: watcher.status()["state"] == "serving", "the daemon to watch")
    with (watcher.settings.spool.path / "a-1-8x8.txt").open("w") as file:
        file.write("a red ")
        file.flush()
        wait_for(lambda: looks.count(True) > 2, "the request to be looked at")
        assert not served
        file.write("fox")
    wait_for(lambda: served, "the request to be served")
    assert served == ["a red fox"]


def test_a_request_that_changes_by_itself_is_told(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher._attempts, "run", lambda *_, **__: AttemptResult.UNSETTLED)
    write(watcher, "a-1-8x8")
    run()
    (told,) = wait_for(lambda: watcher.status()["notices"], "the notice")
    assert told.startswith("a-1-8x8.txt: its size, inode or time is another at each look.")


def test_a_writer_that_never_ends_is_waited_for_so_long_at_most(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = []

    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        served.append(job.name.stem)
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    monkeypatch.setattr("spectacle.watcher.MAX_WRITING", 0.1)
    with (watcher.settings.spool.path / "a-1-8x8.txt").open("w") as file:
        file.write("a red fox")
        file.flush()
        run()
        wait_for(lambda: served, "the request to be served")


def test_a_fault_of_ours_costs_neither_the_device_nor_the_request(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        tries.append(job.name.stem)
        if len(tries) == 1:
            raise ZeroDivisionError
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    path = write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: not path.exists(), "the request to be tried again")
    assert tries == ["a-1-8x8", "a-1-8x8"]


@pytest.mark.parametrize("left", [False, True])
def test_an_answer_wakes_the_loop_only_when_something_is_left_to_be_planned(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        if not left:
            path.unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    monkeypatch.setattr(watcher._scanner, "watch", lambda: None)
    path = write(watcher, "a-1-8x8")
    watcher._turn()
    taken = watcher.take(watcher._devices[0].state, 0, lambda _: None)
    assert taken is not None
    watcher._wake.clear()
    watcher.serve(taken, watcher._devices[0].worker)
    assert watcher._wake.is_set() == left
    watcher._catalogue.close()
    watcher._spool.close()


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "Permission denied"), ZeroDivisionError()])
def test_a_commit_record_that_cannot_be_finished_costs_itself_alone(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def finish(name: Any) -> bool:
        raise error

    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "finish", finish)
    monkeypatch.setattr(watcher._attempts, "run", attempt)
    (watcher.settings.spool.path / ".b-1-8x8.commit").write_text("{}")
    run()
    for number in range(3):
        path = write(watcher, f"a-{number}-8x8")
        wait_for(lambda path=path: not path.exists(), "an answer")
    assert watcher.status()["state"] == "serving"


def test_that_requests_cannot_be_removed_is_told_at_the_start_and_then_once(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def refuse(*_: Any, **__: Any) -> AttemptResult:
        tries.append(1)
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("spectacle.spool.directory.sticky_for", lambda *_: True)
    monkeypatch.setattr("spectacle.daemon.backlog.MIN_BACKOFF", 0.01)
    monkeypatch.setattr(watcher._attempts, "run", refuse)
    write(watcher, "a-1-8x8")
    with structlog.testing.capture_logs() as logged:
        run()
        wait_for(lambda: len(tries) > 2, "the request to be tried again")
    (notice,) = (each["reason"] for each in logged if each.get("topic") == "sticky spool")
    assert "does not process requests of other users. Run `chmod -t" in notice
    assert len([each for each in logged if each["event"] == "could not serve a request"]) == 1


def test_times_that_go_backwards_delay_nothing(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher._attempts, "run", attempt)
    run()
    for number, then in enumerate([4e9, 1e9, 0]):
        path = watcher.settings.spool.path / f"a-{number}-8x8.txt"
        draft = path.with_name(".draft")
        draft.write_text("a fox")
        os.utime(draft, (then, then))
        draft.rename(path)
        os.utime(path.parent, (then, then))
        wait_for(lambda path=path: not path.exists(), "an answer")


def test_a_fault_between_two_requests_does_not_end_the_service_of_a_device(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    take = watcher.take

    def stumble(*arguments: Any) -> Any:
        taken.append(arguments)
        if len(taken) == 1:
            raise ZeroDivisionError
        return take(*arguments)

    def attempt(job: Any, seen: Any, worker: Any, **_: Any) -> AttemptResult:
        (watcher.settings.spool.path / job.name.file_name).unlink()
        return AttemptResult.ANSWERED

    monkeypatch.setattr(watcher, "take", stumble)
    monkeypatch.setattr(watcher._attempts, "run", attempt)
    path = write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: not path.exists(), "an answer")


def test_thousands_of_requests_nobody_serves_do_not_hold_up_the_others(
    watcher: Watcher, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []
    clock = [0.0]

    def refuse(name: Any, error: Any, *, many: bool) -> AttemptResult:
        refused.append(name.stem)
        clock[0] += 0.2
        (watcher.settings.spool.path / name.file_name).unlink()
        return AttemptResult.REFUSED

    monkeypatch.setattr(watcher._attempts, "refuse", refuse)
    monkeypatch.setattr(watcher, "_clock", lambda: clock[0])
    for number in range(20):
        write(watcher, f"a-{number}-8x8-nothing")
    turns = 0
    while len(refused) < 20:
        watcher._turn()
        clock[0] += 100
        turns += 1
    assert turns >= 20 // 4


class GatedWorker(InProcessWorker):
    """A worker whose every job waits until it is let go or unwanted, and tells what was attached."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Device(), settings)
        self.begun: list[str] = []
        self.unwanted: list[str] = []
        self.go = threading.Event()

    def run(self, job: JobSpec, events: JobEvents) -> None:
        events.started(False, 1)
        attached = [each.name.removeprefix(job.stem) for each in job.attachments]
        self.begun.append(f"{job.prompt} {attached}")
        while not self.go.wait(0.01):
            if (reason := events.unwanted()) is not None:
                self.unwanted.append(reason)
                raise Cancelled(reason)
        events.file(".png", self.begun[-1].encode())


@pytest.fixture
def worker(watcher: Watcher) -> GatedWorker:
    """The only worker of the watcher."""
    gated = GatedWorker(watcher.settings)
    watcher._devices[0].worker = gated
    return gated


def test_a_running_request_is_given_back_and_keeps_its_attachments_while_another_directory_lies_in_its_place(
    watcher: Watcher, worker: GatedWorker, run: Callable[[], None]
) -> None:
    path = watcher.settings.spool.path
    (path / "a-1-8x8-options.json").write_text("{}")
    write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: worker.begun, "the job to begin")
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.mkdir()
    wait_for(lambda: worker.unwanted, "the job to be given back")
    assert worker.unwanted == ["returned"]
    wait_for(lambda: not (elsewhere / "a-1-8x8.lock").exists(), "its claim to be given up where it was made")
    assert {name for name in os.listdir(elsewhere) if not name.startswith(".")} == {
        "a-1-8x8.txt",
        "a-1-8x8-options.json",
    }
    worker.go.set()
    # The empty directory is moved away, not removed, as an unmounted spool's mount point is not.
    path.rename(path.with_name("below"))
    elsewhere.rename(path)
    wait_for((path / "a-1-8x8.png").exists, "the answer")
    assert (path / "a-1-8x8.png").read_text() == "a fox ['-options.json']"
    assert worker.unwanted == ["returned"]


@pytest.mark.parametrize("change", ["rewritten", "deleted"])
def test_what_another_host_does_to_a_running_request_is_noticed_without_events(
    watcher: Watcher, worker: GatedWorker, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(watcher._scanner, "watch", lambda: None)
    request = write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: worker.begun, "the job to begin")
    if change == "deleted":
        request.unlink()
        wait_for(lambda: worker.unwanted, "the job to be cancelled")
        assert worker.unwanted == ["cancelled"]
        return
    # In its place, which the directory's own time does not tell.
    request.write_text("a black cow")
    wait_for(lambda: worker.unwanted, "the job to be stopped")
    assert worker.unwanted == ["changed"]
    worker.go.set()
    wait_for((request.with_suffix(".png")).exists, "the answer")
    assert request.with_suffix(".png").read_text() == "a black cow []"


def test_a_worker_that_cannot_be_started_is_called_that_and_waited_for(
    watcher: Watcher, worker: GatedWorker, run: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "the worker on cpu cannot be started: Too many open files: raise the limit of open files (LimitNOFILE)"
    worker.go.set()
    started = worker.run
    failures = []

    def refuse_once(job: JobSpec, events: JobEvents) -> None:
        if not failures:
            failures.append(job)
            raise WorkerUnavailable(message)
        started(job, events)

    monkeypatch.setattr(worker, "run", refuse_once)
    request = write(watcher, "a-1-8x8")
    run()
    wait_for(lambda: not request.exists(), "the answer")
    status = watcher.status()
    assert status["errors"] == [f"a-1-8x8: {message}"]
    assert status["state"] == "serving"


def test_a_spool_that_fails_right_after_the_first_look_does_not_end_the_daemon(
    watcher: Watcher, worker: GatedWorker, run: Callable[[], None]
) -> None:
    worker.go.set()

    class FailingOnce(Bad):
        looks = 0

        def __getattr__(self, name: str) -> Any:
            if name == "fstat" and watcher._scanner.scans and not self.looks:
                self.looks += 1
                raise OSError(errno.EIO, "Input/output error")
            return super().__getattr__(name)

    watcher._spool._os = FailingOnce()
    run()
    request = write(watcher, "a-1-8x8")
    wait_for(lambda: not request.exists(), "the answer")
