from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clock import Clock
from faults import FaultySystem

from spectacle.spool.attempts import read_attempts
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus
from spectacle.spool.lease import LeaseRecords
from spectacle.spool.naming import STATE_DIRECTORY, RequestName

NAME = RequestName.parse("a-1-64x64.txt")
assert NAME is not None
LOCK = "a-1-64x64.lock"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def claims(spool: Spool, clock: Clock) -> Iterator[Claims]:
    claims = Claims(spool, 30, clock)
    yield claims
    for claim in claims.held:
        claims.release(claim)


def lost(spool: Spool) -> int:
    """How many attempts at the request as it is now were lost."""
    assert NAME is not None
    look = spool.look(NAME.file_name)
    assert look is not None
    return read_attempts(spool, NAME, look.version)


def foreign(spool: Spool, token: str = "f" * 32) -> None:
    """A claim as another host writes it."""
    record = f"filelock/2\npid=1\nhost=elsewhere\nmode=lease\ntoken={token}\nduration=30.0\nstart=5\n"
    (spool.path / LOCK).write_text(record)


def test_only_one_of_many_wins_a_claim(spool: Spool) -> None:
    assert NAME is not None
    contenders = [Claims(spool, 30) for _ in range(8)]
    barrier = threading.Barrier(len(contenders))
    won = []

    def contend(claims: Claims) -> None:
        assert NAME is not None
        barrier.wait()
        claim = claims.claim(NAME)
        if claim is not None:
            won.append((claims, claim))

    threads = [threading.Thread(target=contend, args=(claims,)) for claims in contenders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    winner, claim = won[0]
    winner.release(claim)
    assert not (spool.path / LOCK).exists()


def test_the_claim_of_a_process_that_ended_is_taken_over_at_once_and_counted(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    program = (
        "import os, sys; from filelock import SoftFileLease; "
        "lock = SoftFileLease(sys.argv[1], is_singleton=False); lock.acquire(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, spool.path / LOCK], check=True)
    assert (spool.path / LOCK).exists()
    (spool.path / NAME.file_name).write_text("a fox")
    claim = claims.claim(NAME)
    assert claim is not None
    assert claim.taken_over
    assert lost(spool) == 1
    assert claim.is_ours()


def test_a_lost_attempt_counts_for_the_version_of_the_request_that_its_holder_was_at(
    spool: Spool, claims: Claims, clock: Clock
) -> None:
    assert NAME is not None
    request = spool.path / NAME.file_name
    for text in ("a fox", "a cow", "a hen"):
        (spool.path / ".draft").write_text(text)
        (spool.path / ".draft").rename(request)
        look = spool.look(NAME.file_name)
        assert look is not None
        if text != "a hen":
            # Its holder dies, as far as anybody can tell.
            held = Claims(spool, 30).claim(NAME, look.version)
            assert held is not None
            record = (spool.path / LOCK).read_text()
            (spool.path / LOCK).write_text(re.sub("host=.*", "host=elsewhere", record))
        assert claims.claim(NAME) is None or text == "a hen"
        if text == "a fox":
            clock.now += 31
            claim = claims.claim(NAME, look.version)
            assert claim is not None
            assert lost(spool) == 1
            claims.release(claim)
    assert lost(spool) == 0
    clock.now += 31
    claim = claims.claim(NAME)
    assert claim is not None
    assert claim.taken_over
    assert lost(spool) == 0


def test_a_claim_is_an_orphan_when_its_holder_ended_on_this_host(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    assert not claims.is_orphan(NAME)
    here = LeaseRecords.learn(30).here
    assert here.start is not None
    record = f"filelock/2\npid={os.getpid()}\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\n"
    (spool.path / LOCK).write_text(record + f"start={here.start - 1}\n")
    assert claims.is_orphan(NAME)
    (spool.path / LOCK).write_text(record + f"start={here.start}\n")
    assert not claims.is_orphan(NAME)
    foreign(spool)
    assert not claims.is_orphan(NAME)


@pytest.mark.parametrize("content", [b"", b"garbage", b"x" * 100_000])
def test_a_lock_file_written_by_something_else_is_no_orphan(spool: Spool, claims: Claims, content: bytes) -> None:
    assert NAME is not None
    (spool.path / LOCK).write_bytes(content)
    assert not claims.is_orphan(NAME)


def test_a_process_number_used_again_is_not_taken_for_the_holder(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    here = LeaseRecords.learn(30).here
    assert here.start is not None
    record = f"filelock/2\npid={os.getpid()}\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\n"
    (spool.path / LOCK).write_text(record + f"start={here.start - 1}\n")
    assert claims.claim(NAME) is not None


def test_a_process_that_may_not_be_looked_at_is_taken_for_alive(
    spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NAME is not None
    here = LeaseRecords.learn(30).here

    def hidden(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", hidden)
    record = f"filelock/2\npid=4194303\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\n"
    (spool.path / LOCK).write_text(record + f"start={here.start}\n")
    assert claims.claim(NAME) is None


def test_a_claim_from_before_the_last_boot_is_judged_by_its_age(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    here = LeaseRecords.learn(30).here
    assert here.start is not None
    record = f"filelock/2\npid=999999\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\n"
    (spool.path / LOCK).write_text(record + f"start={here.start ^ (1 << 64)}\n")
    assert claims.claim(NAME) is None


def test_another_hosts_claim_is_taken_over_once_it_has_stood_still_for_a_lease(
    spool: Spool, claims: Claims, clock: Clock
) -> None:
    assert NAME is not None
    foreign(spool)
    assert claims.claim(NAME) is None
    clock.now += 29
    assert claims.claim(NAME) is None
    clock.now += 2
    (spool.path / NAME.file_name).write_text("a fox")
    claim = claims.claim(NAME)
    assert claim is not None
    assert claim.taken_over
    assert lost(spool) == 1


def test_another_hosts_heartbeat_keeps_its_claim(spool: Spool, claims: Claims, clock: Clock) -> None:
    assert NAME is not None
    foreign(spool)
    for beat in range(10):
        assert claims.claim(NAME) is None
        clock.now += 20
        os.utime(spool.path / LOCK, ns=(beat, beat))


def test_clocks_of_two_hosts_are_never_compared(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    foreign(spool)
    os.utime(spool.path / LOCK, (0, 0))
    assert claims.claim(NAME) is None


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\x00", b"filelock/2\npid=x\n", b"x" * 100_000])
def test_a_lock_file_written_by_something_else_holds_for_one_lease(
    spool: Spool, claims: Claims, clock: Clock, content: bytes
) -> None:
    assert NAME is not None
    (spool.path / LOCK).write_bytes(content)
    assert claims.claim(NAME) is None
    clock.now += 31
    assert claims.claim(NAME) is not None


@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory"])
def test_something_odd_in_the_place_of_a_claim_is_not_followed_and_moved_away(
    spool: Spool, claims: Claims, clock: Clock, kind: str, tmp_path: Path
) -> None:
    assert NAME is not None
    target = tmp_path / "target"
    target.write_text("precious")
    if kind == "symlink":
        (spool.path / LOCK).symlink_to(target)
    elif kind == "fifo":
        os.mkfifo(spool.path / LOCK)
    else:
        (spool.path / LOCK).mkdir()
    assert claims.claim(NAME) is None
    clock.now += 31
    assert claims.claim(NAME) is not None
    assert target.read_text() == "precious"


def test_a_claim_that_comes_to_life_while_it_is_taken_over_is_given_back(
    spool: Spool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NAME is not None
    foreign(spool)
    claims = Claims(spool, 30, clock)
    assert claims.claim(NAME) is None
    clock.now += 31
    rename = Spool.rename

    def beat_then_rename(self: Spool, source: str, target: str) -> bool:
        os.utime(spool.path / source, (5, 5))
        return rename(self, source, target)

    monkeypatch.setattr(Spool, "rename", beat_then_rename)
    assert claims.claim(NAME) is None
    assert "host=elsewhere" in (spool.path / LOCK).read_text()
    assert not os.listdir(spool.path / STATE_DIRECTORY / "attempts")


def test_a_holder_knows_by_itself_when_its_heartbeat_no_longer_reaches_the_spool(
    spool: Spool, claims: Claims, clock: Clock
) -> None:
    assert NAME is not None
    claim = claims.claim(NAME)
    assert claim is not None
    clock.now += 19
    assert not claim.lost()
    clock.now += 2
    assert claim.lost()


def test_a_heartbeat_keeps_the_claim(spool: Spool, claims: Claims, clock: Clock) -> None:
    assert NAME is not None
    other = Claims(spool, 30, clock)
    claim = claims.claim(NAME)
    assert claim is not None
    for _ in range(60):
        clock.now += 2.5
        claim.probe()
        assert not claim.lost()
        # As if it were another host's, of whose process nothing is known.
        assert not other.is_dead(NAME)


def test_a_heartbeat_that_fails_loses_the_claim_before_others_think_it_dead(tmp_path: Path, clock: Clock) -> None:
    assert NAME is not None

    class Stopped:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def utime(self, *_arguments: object, **_options: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

    spool = Spool(tmp_path, Stopped())
    spool.open()
    claims, other = Claims(spool, 30, clock), Claims(spool, 30, clock)
    claim = claims.claim(NAME)
    assert claim is not None
    assert not other.is_dead(NAME)
    while not claim.lost():
        clock.now += 2.5
        claim.probe()
        assert not other.is_dead(NAME)
    assert clock.now < 1000 + 30


def test_a_claim_that_was_moved_aside_is_left_as_it_is(spool: Spool, claims: Claims, clock: Clock) -> None:
    assert NAME is not None
    claim = claims.claim(NAME)
    assert claim is not None
    aside = spool.path / "aside"
    (spool.path / LOCK).rename(aside)
    os.utime(aside, (5, 5))
    for _ in range(5):
        clock.now += 2.5
        claim.probe()
    foreign(spool)
    os.utime(spool.path / LOCK, (6, 6))
    for _ in range(5):
        clock.now += 2.5
        claim.probe()
    assert claim.lost()
    assert (aside.stat().st_mtime, (spool.path / LOCK).stat().st_mtime) == (5, 6)


def test_a_spool_that_is_gone_is_not_made_again(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    spool.path.rename(spool.path.with_name("moved"))
    shutil.rmtree(spool.path.with_name("moved"))
    with pytest.raises(FileNotFoundError):
        claims.claim(NAME)
    assert not spool.path.exists()


@pytest.mark.parametrize("error", [errno.EIO, errno.EBUSY, errno.ENOSPC, errno.ESTALE])
def test_removing_a_claim_is_tried_again(tmp_path: Path, error: int) -> None:
    assert NAME is not None
    system = FaultySystem()
    spool = Spool(tmp_path, system)
    spool.open()
    claims = Claims(spool, 30)
    claim = claims.claim(NAME)
    assert claim is not None
    system.at, system.error = len(system.calls), OSError(error, os.strerror(error))
    claims.release(claim)
    assert system.calls[-2:] == ["unlink", "unlink"]
    assert not (tmp_path / LOCK).exists()


def test_a_claim_that_could_not_be_written_is_not_left(tmp_path: Path) -> None:
    assert NAME is not None
    system = FaultySystem()
    spool = Spool(tmp_path, system)
    spool.open()
    claims = Claims(spool, 30)
    system.at, system.error = system.calls.index("open") + 2, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match="No space"):
        claims.claim(NAME)
    assert system.calls[-2:] == ["write", "unlink"]
    assert not (tmp_path / LOCK).exists()


def test_a_claim_replaced_while_it_is_made_is_not_won(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    look = Spool.look

    def replaced(self: Spool, name: str, *, own: bool = False) -> FileStatus | None:
        (spool.path / LOCK).rename(spool.path / "aside")
        foreign(spool)
        return look(self, name, own=own)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Spool, "look", replaced)
        assert claims.claim(NAME) is None
    assert "host=elsewhere" in (spool.path / LOCK).read_text()
    assert not claims.held


def test_claims_leave_no_descriptor_open(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        claim = claims.claim(NAME)
        assert claim is not None
        assert claims.claim(NAME) is None
        claim.probe()
        claims.release(claim)
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_claim_replaced_by_another_is_not_ours_and_not_released(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    claim = claims.claim(NAME)
    assert claim is not None
    (spool.path / LOCK).rename(spool.path / "aside")
    foreign(spool)
    assert not claim.is_ours()
    claims.release(claim)
    assert "host=elsewhere" in (spool.path / LOCK).read_text()


def test_claims_may_be_watched_while_others_are_forgotten(spool: Spool, claims: Claims) -> None:
    foreign(spool)
    assert NAME is not None
    other = RequestName.parse("a-2-64x64.txt")
    assert other is not None
    assert not claims.is_dead(NAME)
    (spool.path / LOCK).rename(spool.path / other.lock_name)

    def present(_stem: str) -> bool:
        claims.is_dead(other)
        return False

    claims.forget(present)


def test_a_dead_claim_on_a_request_that_is_gone_is_removed_and_costs_no_attempt(
    spool: Spool, claims: Claims, clock: Clock
) -> None:
    assert NAME is not None
    assert not claims.remove_dead(NAME)
    foreign(spool)
    assert not claims.remove_dead(NAME)
    clock.now += 31
    assert claims.remove_dead(NAME)
    assert not os.listdir(spool.path / STATE_DIRECTORY / "attempts")
    assert not [name for name in os.listdir(spool.path) if name != ".spectacle"]


@pytest.mark.parametrize("pid", ["0", "-1", "99999999999999999999"])
def test_a_record_with_an_impossible_process_number_is_judged_by_its_age(
    spool: Spool, claims: Claims, pid: str
) -> None:
    assert NAME is not None
    here = LeaseRecords.learn(30).here
    record = (
        f"filelock/2\npid={pid}\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\nstart={here.start}\n"
    )
    (spool.path / LOCK).write_text(record)
    assert claims.claim(NAME) is None


@pytest.mark.parametrize("call", ["fstat", "fchmod", "write", "open"])
def test_a_claim_that_cannot_be_made_leaves_nothing(spool: Spool, claims: Claims, call: str) -> None:
    class Failing:
        fails = True

        def __getattr__(self, name: str) -> Any:
            real = getattr(os, name)
            if name != call or not self.fails:
                return real

            def fail(*arguments: Any, **options: Any) -> Any:
                if name == "open" and not (arguments[1] & os.O_CREAT):
                    return real(*arguments, **options)
                self.fails = False
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

            return fail

    assert NAME is not None
    spool._os = Failing()
    # With this one the permission bits have to be set afterwards.
    before = os.umask(0o077)
    try:
        with pytest.raises(OSError, match="Stale"):
            claims.claim(NAME)
        assert not (spool.path / LOCK).exists()
        claim = claims.claim(NAME)
    finally:
        os.umask(before)
    assert claim is not None
