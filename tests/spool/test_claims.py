from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from clock import Clock

from spectacle.spool.claims import Claims, Holder
from spectacle.spool.directory import Spool
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
    claim = claims.claim(NAME)
    assert claim is not None
    assert claim.attempts == 1
    assert claim.is_ours(spool)


def test_a_claim_is_an_orphan_when_its_holder_ended_on_this_host(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    assert not claims.is_orphan(NAME)
    here = Holder.this_process()
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
    here = Holder.this_process()
    assert here.start is not None
    record = f"filelock/2\npid={os.getpid()}\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\n"
    (spool.path / LOCK).write_text(record + f"start={here.start - 1}\n")
    assert claims.claim(NAME) is not None


def test_a_process_that_may_not_be_looked_at_is_taken_for_alive(
    spool: Spool, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NAME is not None
    here = Holder.this_process()

    def hidden(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", hidden)
    record = f"filelock/2\npid=4194303\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\n"
    (spool.path / LOCK).write_text(record + f"start={here.start}\n")
    assert claims.claim(NAME) is None


def test_a_claim_from_before_the_last_boot_is_judged_by_its_age(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    here = Holder.this_process()
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
    claim = claims.claim(NAME)
    assert claim is not None
    assert claim.attempts == 1


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
    rename = spool.rename

    def beat_then_rename(source: str, target: str) -> bool:
        os.utime(spool.path / source, (5, 5))
        return rename(source, target)

    monkeypatch.setattr(spool, "rename", beat_then_rename)
    assert claims.claim(NAME) is None
    assert "host=elsewhere" in (spool.path / LOCK).read_text()
    assert claims.attempts(NAME) == 0


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


def test_a_heartbeat_that_is_seen_keeps_the_claim(spool: Spool, claims: Claims, clock: Clock) -> None:
    assert NAME is not None
    claim = claims.claim(NAME)
    assert claim is not None
    for beat in range(1, 20):
        clock.now += 2.5
        if beat % 4 == 0:
            os.utime(spool.path / LOCK, ns=(beat, beat))
        claim.probe(spool)
        assert not claim.lost()


def test_a_claim_replaced_by_another_is_not_ours_and_not_released(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    claim = claims.claim(NAME)
    assert claim is not None
    (spool.path / LOCK).rename(spool.path / "aside")
    foreign(spool)
    assert not claim.is_ours(spool)
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
    assert claims.attempts(NAME) == 0
    assert not [name for name in os.listdir(spool.path) if name != ".spectacle"]


def test_attempts_are_kept_in_the_spool_and_forgotten_with_the_request(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    other = Claims(spool, 30)
    assert claims.add_attempt(NAME) == 1
    assert other.add_attempt(NAME) == 2
    assert claims.attempts(NAME) == 2
    other.clear_attempts(NAME)
    assert claims.attempts(NAME) == 0


def test_attempts_count_where_a_directory_lies_in_their_place(spool: Spool, claims: Claims) -> None:
    assert NAME is not None
    (spool.path / STATE_DIRECTORY / "attempts/a-1-64x64/full").mkdir(parents=True)
    assert claims.attempts(NAME) == 0
    assert [claims.add_attempt(NAME) for _ in range(3)] == [1, 2, 3]
    (kept,) = os.listdir(spool.path / STATE_DIRECTORY / "poison")
    assert kept.startswith("a-1-64x64.")


@pytest.mark.parametrize("forged", ["-1000000", "null", '"x"', "1e9", "NaN", "9" * 4000])
def test_forged_attempts_neither_give_more_nor_break_anything(spool: Spool, claims: Claims, forged: str) -> None:
    assert NAME is not None
    (spool.path / STATE_DIRECTORY / "attempts/a-1-64x64").write_text(f'{{"attempts": {forged}}}')
    assert 0 <= claims.attempts(NAME) <= 10**6
    assert claims.add_attempt(NAME) > 0


@pytest.mark.parametrize("pid", ["0", "-1", "99999999999999999999"])
def test_a_record_with_an_impossible_process_number_is_judged_by_its_age(
    spool: Spool, claims: Claims, pid: str
) -> None:
    assert NAME is not None
    here = Holder.this_process()
    record = (
        f"filelock/2\npid={pid}\nhost={here.host}\nmode=lease\ntoken={'0' * 32}\nduration=30.0\nstart={here.start}\n"
    )
    (spool.path / LOCK).write_text(record)
    assert claims.claim(NAME) is None
