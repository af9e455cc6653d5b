"""What belongs to one version of a request stays apart from what the client writes for the next one of that name."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults import CHANGING, Crash

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult, Attempts
from spectacle.daemon.notices import Notices
from spectacle.daemon.progress import Attempt
from spectacle.errors import Cancelled, GeneratorError, UnknownKind, WorkerCrashed, WorkerUnavailable
from spectacle.generators.base import Device
from spectacle.spool.attempts import add_attempt, read_attempts
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName, sort_by_ending
from spectacle.spool.reserve import Reserve
from spectacle.worker.contract import JobEvents, JobSpec
from spectacle.worker.in_process import InProcessWorker

STEM = "a-1-64x64"
SETTINGS = Settings.model_validate({"kinds": {"card": {"generator": "test-double"}}, "default_kind": "card"})
OPTIONS, INPUT = f"{STEM}-options.json", f"{STEM}-input.png"


def name_of(stem: str = STEM) -> RequestName:
    name = RequestName.from_stem(stem)
    assert name is not None
    return name


class TellingWorker(InProcessWorker):
    """A worker whose result says what it was made from."""

    def __init__(self, meanwhile: Callable[[], None], number: int = 1) -> None:
        super().__init__(Device(), SETTINGS)
        self.meanwhile = meanwhile
        self.number = number

    def run(self, job: JobSpec, events: JobEvents) -> None:
        events.started(False, 1)
        attached = {each.name.removeprefix(STEM): each.read(1000).decode() for each in job.attachments}
        self.meanwhile()
        if (reason := events.unwanted()) is not None:
            raise Cancelled(reason)
        for number in range(self.number, 1, -1):
            events.file(f"-{number}.png", f"{number}".encode())
        events.file(".png", f"{job.prompt} {attached}".encode())


class CrashingSystem:
    """`os`, with something done before one call and the process gone before another, counting those that change."""

    def __init__(self, act_at: int = -1, act: Callable[[], None] = lambda: None, crash_at: int = -1) -> None:
        self.act_at, self.act, self.crash_at = act_at, act, crash_at
        self.count = 0
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if not callable(real) or name == "close":
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            if self.dead:
                raise Crash
            if name in CHANGING:
                self.count += 1
                if self.count == self.act_at:
                    self.act()
                if self.count == self.crash_at:
                    self.dead = True
                    raise Crash
            return real(*arguments, **options)

        return call


class Instance:
    """What of an instance one attempt needs."""

    def __init__(self, path: Path, system: Any = os) -> None:
        self.path = path
        self.spool = Spool(path, system)
        self.spool.open()
        self.claims = Claims(self.spool, 30)
        self.attempts = Attempts(self.spool, self.claims, Reserve(self.spool, "x"), lambda: SETTINGS, Notices())

    def attempt(self, worker: InProcessWorker | None = None, attempt: Attempt | None = None) -> AttemptResult:
        look = self.spool.look(name_of().file_name)
        if look is None:
            return AttemptResult.GONE
        return self.attempts.run(attempt or Attempt(name_of()), look, worker or TellingWorker(lambda: None))

    def scan_and_serve(self) -> None:
        """Do what a daemon does with what a scan finds, once the claims of the dead have been found dead."""
        for lock in self.path.glob("*.lock"):
            # As the daemon that held it is gone.
            lock.write_text(dead_record())
        _, _, unfinished = sort_by_ending(os.listdir(self.path))
        for stem in unfinished:
            assert self.attempts.finish(name_of(stem))
        while self.attempt() in (AttemptResult.UNSETTLED, AttemptResult.AGAIN, AttemptResult.RETURNED):
            pass


def dead_record() -> str:
    """A claim's record of a process of this host that has ended."""
    if not hasattr(dead_record, "kept"):
        with tempfile.TemporaryDirectory() as home:
            program = (
                "import os, sys; from filelock import SoftFileLease; "
                "lease = SoftFileLease(sys.argv[1], is_singleton=False); lease.acquire(); os._exit(0)"
            )
            subprocess.run([sys.executable, "-c", program, f"{home}/x.lock"], check=True)
            dead_record.kept = Path(home, "x.lock").read_text()  # type: ignore[attr-defined]
    return str(dead_record.kept)  # type: ignore[attr-defined]


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A spool in memory where there is such a thing."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as home:
        spool = Spool(Path(home))
        spool.open()
        spool.prepare_state_directory()
        yield Path(home)


def write(path: Path, text: str, *, options: str | None = None, image: str | None = None, stem: str = STEM) -> None:
    """Ask as clients are told to: attachments first, each renamed into place."""
    attached = {f"{stem}-options.json": options, f"{stem}-input.png": image, f"{stem}.txt": text}
    for file, content in attached.items():
        if content is not None:
            (path / ".draft").write_text(content)
            (path / ".draft").rename(path / file)


def public(path: Path) -> set[str]:
    return {name for name in os.listdir(path) if not name.startswith(".")}


def clear(path: Path) -> None:
    for entry in path.iterdir():
        if not entry.is_dir():
            entry.unlink()


def result(path: Path) -> str:
    return (path / f"{STEM}.png").read_text()


NEWER = "a cow {'-options.json': '{}', '-input.png': 'newer'}"


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a cow", "a fox"], ids=["other text", "same text"])
def test_a_request_written_again_outlives_a_crash_at_any_call_of_the_one_who_answers_the_former(
    path: Path, text: str
) -> None:
    def ask_first() -> None:
        write(path, "a fox", image="older")

    def ask_again() -> None:
        write(path, text, options="{}", image="newer")

    ask_first()
    counting = CrashingSystem()
    assert Instance(path, counting).attempt() is AttemptResult.ANSWERED
    clear(path)
    expected = NEWER.replace("a cow", text)
    for act_at in range(1, counting.count + 1):
        for crash_at in range(act_at, min(act_at + 12, counting.count + 3)):
            ask_first()
            with contextlib.suppress(Crash):
                Instance(path, CrashingSystem(act_at, ask_again, crash_at)).attempt()
            Instance(path).scan_and_serve()
            case = f"asked again before call {act_at}, crash before call {crash_at}"
            assert public(path) == {f"{STEM}.png"}, case
            assert result(path) == expected, case
            clear(path)


def test_an_error_takes_nothing_along_that_was_attached_for_the_next_request(path: Path) -> None:
    def attach() -> None:
        (path / OPTIONS).write_text("{}")
        (path / INPUT).unlink()
        (path / INPUT).write_text("newer")
        raise GeneratorError("it could not")

    write(path, "a fox", image="older")
    assert Instance(path).attempt(TellingWorker(attach)) is AttemptResult.REFUSED
    assert public(path) == {f"{STEM}-error.txt", OPTIONS, INPUT}
    write(path, "a cow")
    assert Instance(path).attempt() is AttemptResult.ANSWERED
    assert result(path) == NEWER
    assert public(path) == {f"{STEM}.png"}


def test_a_refusal_replaces_the_older_result_and_takes_what_was_attached(path: Path) -> None:
    write(path, "a fox")
    assert Instance(path).attempt(TellingWorker(lambda: None, 3)) is AttemptResult.ANSWERED
    write(path, "a cow", options="{}")
    assert Instance(path).attempts.refuse(name_of(), UnknownKind("nobody serves it")) is AttemptResult.REFUSED
    assert public(path) == {f"{STEM}-error.txt"}


def test_a_refusal_finishes_an_answer_that_was_decided_before(path: Path) -> None:
    write(path, "a fox")
    counting = CrashingSystem()
    Instance(path, counting).attempt()
    clear(path)
    outcomes = set()
    for crash_at in range(1, counting.count + 1):
        write(path, "a fox")
        with contextlib.suppress(Crash):
            Instance(path, CrashingSystem(crash_at=crash_at)).attempt()
        for lock in path.glob("*.lock"):
            lock.write_text(dead_record())
        outcomes.add(Instance(path).attempts.refuse(name_of(), UnknownKind("nobody serves it")))
        assert public(path) in ({f"{STEM}-error.txt"}, {f"{STEM}.png"}), f"crash before call {crash_at}"
        clear(path)
    assert outcomes >= {AttemptResult.REFUSED, AttemptResult.ANSWERED}


@pytest.mark.parametrize("gone", [("-2", "-3", "-7"), ("", "-2"), ("", "-2", "-3", "-12"), ()])
def test_all_pictures_of_the_former_answer_go_whichever_of_them_the_client_took_away(
    path: Path, gone: tuple[str, ...]
) -> None:
    write(path, "a fox")
    assert Instance(path).attempt(TellingWorker(lambda: None, 12)) is AttemptResult.ANSWERED
    for each in gone:
        (path / f"{STEM}{each}.png").unlink()
    foreign = {f"{STEM}-1.png", f"{STEM}-02.png", f"{STEM}-12345.png", f"{STEM}-x.png", "b-1-64x64-2.png"}
    for each in foreign:
        (path / each).touch()
    write(path, "a cow")
    assert Instance(path).attempt() is AttemptResult.ANSWERED
    assert public(path) == {f"{STEM}.png", *foreign}


@pytest.mark.parametrize("kind", ["input", "mask", "control", "input2"])
def test_a_request_that_is_named_like_an_attachment_leaves_the_attachment_alone(path: Path, kind: str) -> None:
    (path / f"{STEM}-{kind}.png").write_text("another's")
    (path / f"{STEM}-{kind}-2.png").write_text("somebody's")
    write(path, "a fox", stem=f"{STEM}-{kind}")
    (path / f"{STEM}-{kind}-error.txt").write_text("older")
    before = public(path)
    refused = Instance(path).attempts.refuse(name_of(f"{STEM}-{kind}"), UnknownKind("nobody serves it"))
    assert refused is AttemptResult.REFUSED
    assert public(path) == before - {f"{STEM}-{kind}.txt"}
    assert (path / f"{STEM}-{kind}-error.txt").read_text().startswith("nobody serves it")


def test_a_request_leaves_alone_another_that_is_named_like_its_attachment(path: Path) -> None:
    others = {f"{STEM}-{kind}.txt" for kind in ("input", "mask", "control", "options", "progress", "input2")}
    for each in others:
        (path / each).write_text("another")
    write(path, "a fox", image="x")
    assert Instance(path).attempt() is AttemptResult.ANSWERED
    write(path, "a cow")
    assert Instance(path).attempt() is AttemptResult.ANSWERED
    write(path, "a hen", options="{}")
    assert Instance(path).attempts.refuse(name_of(), UnknownKind("nobody serves it")) is AttemptResult.REFUSED
    assert public(path) == {*others, f"{STEM}-error.txt"}


def crash() -> None:
    raise WorkerCrashed("the worker process ended by SIGKILL")


def test_attempts_are_counted_for_the_version_of_the_request_that_lost_them(path: Path) -> None:
    write(path, "a fox")
    for _ in range(2):
        assert Instance(path).attempt(TellingWorker(crash)) is AttemptResult.AGAIN
    write(path, "a cow")
    assert Instance(path).attempt(TellingWorker(crash)) is AttemptResult.AGAIN
    assert Instance(path).attempt(TellingWorker(crash)) is AttemptResult.AGAIN
    assert Instance(path).attempt(TellingWorker(crash)) is AttemptResult.REFUSED
    assert public(path) == {f"{STEM}-error.txt"}


def test_a_cancelled_request_takes_its_attempts_along(path: Path) -> None:
    write(path, "a fox", options="{}")
    assert Instance(path).attempt(TellingWorker(crash)) is AttemptResult.AGAIN
    attempt = Attempt(name_of())

    def cancel() -> None:
        (path / f"{STEM}.txt").unlink()
        attempt.end("cancelled")

    assert Instance(path).attempt(TellingWorker(cancel), attempt) is AttemptResult.CANCELLED
    assert public(path) == set()
    assert os.listdir(path / ".spectacle/attempts") == []


def test_attempts_of_earlier_versions_of_spectacle_count_whatever_the_request(path: Path) -> None:
    spool = Instance(path).spool
    (path / ".spectacle/attempts" / STEM).write_text('{"attempts": 2}')
    assert read_attempts(spool, name_of(), (1, 2, 3)) == 2
    assert add_attempt(spool, name_of(), (1, 2, 3), "token") == 3
    assert read_attempts(spool, name_of(), (1, 2, 4)) == 0


def cancelled_while(path: Path, meanwhile: Callable[[], None]) -> AttemptResult:
    """The result of an attempt that is taken for cancelled after `meanwhile` has been done."""
    attempt = Attempt(name_of())

    def act() -> None:
        meanwhile()
        attempt.end("cancelled")

    return Instance(path).attempt(TellingWorker(act), attempt)


def test_a_request_that_is_still_there_is_not_cancelled_whatever_was_seen(path: Path) -> None:
    write(path, "a fox", options="{}")
    assert cancelled_while(path, lambda: None) is AttemptResult.AGAIN
    assert public(path) == {f"{STEM}.txt", OPTIONS}


def test_a_request_that_a_late_peer_has_aside_for_a_moment_is_not_cancelled(path: Path) -> None:
    write(path, "a fox", options="{}")
    aside = f".{STEM}.txt.v0123456789abcdef.01234567.retired"
    assert cancelled_while(path, lambda: (path / f"{STEM}.txt").rename(path / aside) and None) is AttemptResult.RETURNED
    assert public(path) == {OPTIONS}
    Instance(path).scan_and_serve()
    assert result(path) == "a fox {'-options.json': '{}'}"


def test_nothing_is_removed_for_a_claim_that_another_has_taken_over(path: Path) -> None:
    write(path, "a fox", options="{}")

    def lose() -> None:
        (path / f"{STEM}.txt").unlink()
        (path / f"{STEM}.lock").unlink()
        (path / f"{STEM}.lock").write_text("another's")

    assert cancelled_while(path, lose) is AttemptResult.RETURNED
    assert public(path) == {OPTIONS, f"{STEM}.lock"}


def test_a_request_is_served_in_the_directory_in_which_it_was_opened(path: Path) -> None:
    write(path, "a fox", options="{}")
    instance = Instance(path)
    elsewhere = path.with_name(path.name + "-moved")

    def move() -> None:
        path.rename(elsewhere)
        path.mkdir()
        write(path, "a stranger's", options="[]")
        instance.spool.open()

    try:
        assert instance.attempt(TellingWorker(move)) is AttemptResult.ANSWERED
        assert public(path) == {f"{STEM}.txt", OPTIONS}
        assert public(elsewhere) == {f"{STEM}.png"}
        assert result(elsewhere) == "a fox {'-options.json': '{}'}"
    finally:
        for entry in [*elsewhere.glob(".spectacle/*"), elsewhere / ".spectacle"]:
            for inner in entry.iterdir():
                inner.unlink()
            entry.rmdir()
        clear(elsewhere)
        elsewhere.rmdir()


def test_a_worker_that_cannot_be_used_costs_the_request_nothing(path: Path) -> None:
    def fail() -> None:
        raise PermissionError(13, "Permission denied")

    write(path, "a fox", options="{}")
    with pytest.raises(WorkerUnavailable, match="the worker on cpu: cannot be used: Permission denied"):
        Instance(path).attempt(TellingWorker(fail))
    assert public(path) == {f"{STEM}.txt", OPTIONS}
    assert read_attempts(Instance(path).spool, name_of(), (1, 2, 3)) == 0
