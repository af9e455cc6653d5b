"""One attempt at a request, disturbed at every one of its system calls."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults import CHANGING, FaultySystem

from spectacle.config import Settings
from spectacle.daemon.attempt import AttemptResult, Attempts
from spectacle.daemon.notices import Notices
from spectacle.daemon.progress import Attempt
from spectacle.daemon.request import MAX_NAMED, unknown_kind
from spectacle.generators.base import Device
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.reserve import Reserve
from spectacle.spool.sweep import sweep
from spectacle.worker.contract import JobEvents, JobSpec
from spectacle.worker.in_process import InProcessWorker

STEM = "a-1-64x64"
NAME = RequestName.parse(f"{STEM}.txt")
assert NAME is not None
SETTINGS = Settings.model_validate({"kinds": {"card": {"generator": "test-double"}}, "default_kind": "card"})


class SigningWorker(InProcessWorker):
    """A worker whose answer is two files that say whose they are."""

    def __init__(self, owner: str) -> None:
        super().__init__(Device(), SETTINGS)
        self.owner = owner

    def run(self, job: JobSpec, events: JobEvents) -> None:
        events.started(False, 1)
        events.file("-2.png", f"second by {self.owner}".encode())
        events.file(".png", f"first by {self.owner}".encode())


class Interrupted(FaultySystem):
    """Does something else before the call number `at`, as if this process had been stopped there."""

    def __init__(self, at: int, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._interrupt_at = at
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CHANGING | {"stat", "read"}:
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) == self._interrupt_at:
                self._meanwhile()
            return real(*arguments, **options)

        return call


class Instance:
    """What of an instance one attempt needs."""

    def __init__(self, path: Path, owner: str, system: Any = os) -> None:
        self.owner = owner
        self.spool = Spool(path, system)
        self.spool.open()
        self.claims = Claims(self.spool, 30)
        self.attempts = Attempts(self.spool, self.claims, Reserve(self.spool, owner), lambda: SETTINGS, Notices())

    def attempt(self) -> AttemptResult:
        """Look at the request and run it."""
        assert NAME is not None
        look = self.spool.look(NAME.file_name)
        if look is None:
            return AttemptResult.GONE
        return self.attempts.run(Attempt(NAME), look, SigningWorker(self.owner))

    def serve(self) -> None:
        """Take the request over, whoever has it, and go on until it is answered."""
        assert NAME is not None
        (self.spool.path / NAME.lock_name).unlink(missing_ok=True)
        if self.spool.peek(NAME.commit_name) is not None:
            assert self.attempts.finish(NAME)
        while self.attempt() in (AttemptResult.UNSETTLED, AttemptResult.AGAIN, AttemptResult.RETURNED):
            pass


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A spool in memory where there is such a thing: hundreds of attempts wait for the disk many times each."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as home:
        spool = Path(home, "spool")
        spool.mkdir()
        opened = Spool(spool)
        opened.open()
        opened.prepare_state_directory()
        opened.close()
        yield spool


def write(path: Path, text: str = "a fox") -> None:
    (path / "draft").write_text(text)
    (path / f"{STEM}-options.json").write_text("{}")
    (path / "draft").rename(path / f"{STEM}.txt")


def answer(path: Path) -> str:
    """Whose the answer is; it is whole and the only thing there."""
    names = {name for name in os.listdir(path) if not name.startswith(".spectacle")}
    assert names == {f"{STEM}.png", f"{STEM}-2.png"}
    first, second = ((path / name).read_text() for name in (f"{STEM}.png", f"{STEM}-2.png"))
    assert first.removeprefix("first") == second.removeprefix("second")
    return first.rpartition(" ")[2]


def clear(path: Path) -> None:
    for entry in path.iterdir():
        if entry.is_symlink() or entry.is_file():
            entry.unlink()


def calls_of_an_attempt(path: Path, *, asked_before: bool) -> int:
    if asked_before:
        write(path)
        Instance(path, "old").serve()
    write(path)
    system = Interrupted(-1, lambda: None)
    assert Instance(path, "a", system).attempt() is AttemptResult.ANSWERED
    clear(path)
    return len(system.calls)


def changing_calls_of_an_attempt(path: Path) -> int:
    write(path)
    system = FaultySystem()
    instance = Instance(path, "a")
    instance.spool._os = system
    assert instance.attempt() is AttemptResult.ANSWERED
    clear(path)
    return len(system.calls)


@pytest.mark.parametrize("asked_before", [False, True], ids=["first time", "asked again"])
def test_a_holder_that_was_stopped_past_its_lease_does_no_harm_wherever_it_goes_on(
    path: Path, asked_before: bool
) -> None:
    for at in range(1, calls_of_an_attempt(path, asked_before=asked_before) + 1):
        if asked_before:
            write(path)
            Instance(path, "old").serve()
        write(path)
        other = Instance(path, "b")
        late = Instance(path, "a", Interrupted(at, other.serve))
        verdict = late.attempt()
        if (path / f"{STEM}.txt").exists():
            late.serve()
        assert answer(path) in "ab", f"stopped before call {at}, then {verdict}"
        clear(path)


def test_a_late_answer_never_replaces_that_of_a_request_written_again(path: Path) -> None:
    for at in range(1, calls_of_an_attempt(path, asked_before=False) + 1):
        write(path)
        other = Instance(path, "b")

        def meanwhile(other: Instance = other) -> None:
            other.serve()
            write(path, "a cow")
            other.owner = "c"
            other.serve()

        late = Instance(path, "a", Interrupted(at, meanwhile))
        verdict = late.attempt()
        if (path / f"{STEM}.txt").exists():
            late.serve()
        # Only the very first looks may come so late that they see the new request.
        assert answer(path) in "ac", f"stopped before call {at}, then {verdict}"
        clear(path)


@pytest.mark.parametrize("after", [False, True], ids=["failed", "reply lost"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.ESTALE])
def test_the_spools_trouble_at_any_call_costs_nothing_but_time(path: Path, number: int, after: bool) -> None:
    sweeper = Instance(path, "sweeper")
    for at in range(changing_calls_of_an_attempt(path)):
        write(path)
        troubled = Instance(path, "a")
        troubled.spool._os = FaultySystem(at, OSError(number, os.strerror(number)), after=after)
        try:
            troubled.attempt()
        except OSError as error:
            assert error.errno == number
        if any(name.endswith((".txt", ".commit")) for name in os.listdir(path)):
            Instance(path, "b").serve()
        sweep(sweeper.spool, sweeper.claims, 0, sweeper.spool.now_ns() + 1)
        assert answer(path) in "ab", f"{os.strerror(number)} at call {at}"
        clear(path)


def swap_for_a_link(path: Path) -> None:
    (path / "link").symlink_to(path.parent / "secret")
    (path / "link").rename(path / f"{STEM}.txt")


def append(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError), (path / f"{STEM}.txt").open("r+") as file:
        file.seek(0, os.SEEK_END)
        file.write(" and a cow")


def swap_the_attachment(path: Path) -> None:
    (path / f"{STEM}-options.json").unlink(missing_ok=True)
    (path / f"{STEM}-options.json").symlink_to(path.parent / "secret")


@pytest.mark.parametrize("change", [swap_for_a_link, append, swap_the_attachment])
def test_a_request_that_is_changed_at_any_moment_ends_in_one_answer(path: Path, change: Callable[[Path], None]) -> None:
    secret = path.parent / "secret"
    secret.write_text("secret")
    for at in range(1, calls_of_an_attempt(path, asked_before=False) + 1):
        write(path)
        disturbed = Instance(path, "a", Interrupted(at, lambda: change(path)))
        verdict = disturbed.attempt()
        if os.path.lexists(path / f"{STEM}.txt"):
            disturbed.serve()
        names = {name for name in os.listdir(path) if not name.startswith(".spectacle")} - {f"{STEM}-options.json"}
        said = f"disturbed before call {at}, then {verdict}"
        assert names in ({f"{STEM}.png", f"{STEM}-2.png"}, {f"{STEM}-error.txt"}), said
        assert secret.read_text() == "secret"
        clear(path)


def test_a_request_that_is_taken_back_at_any_moment_leaves_its_whole_answer_or_nothing(path: Path) -> None:
    def take_back() -> None:
        (path / f"{STEM}.txt").unlink(missing_ok=True)

    outcomes = set()
    for at in range(1, calls_of_an_attempt(path, asked_before=False) + 1):
        write(path)
        verdict = Instance(path, "a", Interrupted(at, take_back)).attempt()
        names = frozenset(name for name in os.listdir(path) if not name.startswith(".spectacle"))
        outcomes.add(names - {f"{STEM}-options.json"})
        assert verdict in (AttemptResult.ANSWERED, AttemptResult.CANCELLED, AttemptResult.GONE, AttemptResult.UNSETTLED)
        clear(path)
    assert outcomes == {frozenset(), frozenset({f"{STEM}.png", f"{STEM}-2.png"})}


def test_an_error_names_the_kinds_there_are_but_no_thousands_of_them() -> None:
    assert "Use one of a, b" in unknown_kind(NAME, SETTINGS, ["a", "b"])
    assert "Use one of" not in unknown_kind(NAME, SETTINGS, [])
    many = [f"kind{number}" for number in range(MAX_NAMED + 2)]
    said = unknown_kind(NAME, SETTINGS, many)
    assert said.endswith(f"{many[MAX_NAMED - 1]} and 2 more.")


def test_options_that_ask_for_another_kinds_model_are_served_with_it_once_its_turn_has_come(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {"card": {"generator": "omnisvg", "format": "svg"}, "small": {"generator": "omnisvg", "preset": "4b"}}
    settings = Settings.model_validate({"kinds": kinds, "default_kind": "card"})
    monkeypatch.setitem(globals(), "SETTINGS", settings)
    instance = Instance(path, "me")
    (path / f"{STEM}-options.json").write_text('{"model_size": "4B"}')
    (path / f"{STEM}.txt").write_text("a fox")
    jobs: list[JobSpec] = []

    class Noting(SigningWorker):
        def run(self, job: JobSpec, events: JobEvents) -> None:
            jobs.append(job)
            super().run(job, events)

    def run(served_by: str | None) -> tuple[AttemptResult, str | None]:
        assert NAME is not None
        look = instance.spool.look(NAME.file_name)
        assert look is not None
        attempt = Attempt(NAME, served_by=served_by)
        return instance.attempts.run(attempt, look, Noting("me")), attempt.served_by

    assert run(None) == (AttemptResult.DEFERRED, "small")
    assert not jobs
    assert (path / f"{STEM}.txt").exists()
    assert run("small") == (AttemptResult.ANSWERED, "small")
    assert [(job.model, job.kind, job.makes) for job in jobs] == [(("omnisvg", "4b"), "card", "image/svg+xml")]
    instance.spool.close()
