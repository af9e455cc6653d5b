"""filelock's own leases and ours understand each other. `make test-filelock` tries each version that is allowed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from clock import Clock
from filelock import LeaseSettingsMismatch, SoftFileLease, Timeout

from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.lease import Holder, LeaseRecords
from spectacle.spool.naming import RequestName

NAME = RequestName.parse("a-1-64x64.txt")
assert NAME is not None
LOCK = "a-1-64x64.lock"
PATIENCE = 20.0


@pytest.fixture
def lease(spool: Spool) -> Iterator[SoftFileLease]:
    """A lease of filelock's on the same request, not yet acquired."""
    lease = SoftFileLease(spool.path / LOCK, lease_duration=30, is_singleton=False, thread_local=False, mode=0o660)
    yield lease
    lease.release(force=True)


def test_filelock_sees_that_a_claim_of_ours_is_held(spool: Spool, lease: SoftFileLease) -> None:
    assert NAME is not None
    claims = Claims(spool, 30)
    claim = claims.claim(NAME)
    assert claim is not None
    with pytest.raises(Timeout):
        lease.acquire(timeout=0)
    assert lease.is_lock_held_by_us, "filelock does not know the process"
    owner = lease.owner
    assert owner is not None
    assert (owner.pid, owner.mode, owner.token, owner.lease_duration) == (os.getpid(), "lease", claim.token, 30.0)
    assert claim.is_ours()
    claims.release(claim)
    lease.acquire(timeout=0)


def test_a_lease_of_filelocks_is_held_for_us(spool: Spool, lease: SoftFileLease) -> None:
    assert NAME is not None
    claims = Claims(spool, 30)
    lease.acquire(timeout=0)
    assert claims.claim(NAME) is None
    assert not claims.is_orphan(NAME)
    lease.release()
    claim = claims.claim(NAME)
    assert claim is not None
    claims.release(claim)
    assert not (spool.path / LOCK).exists()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_claim_is_the_file_that_filelock_would_have_made_and_one_line_of_our_own(
    spool: Spool, lease: SoftFileLease, umask: int
) -> None:
    assert NAME is not None
    claims = Claims(spool, 30)
    path = spool.path / LOCK
    found = []
    before = os.umask(umask)
    try:
        with lease:
            found.append((path.read_bytes().replace(str(lease.token).encode(), b"TOKEN"), path.stat().st_mode))
        claim = claims.claim(NAME)
    finally:
        os.umask(before)
    assert claim is not None
    found.append((path.read_bytes().replace(claim.token.encode(), b"TOKEN"), path.stat().st_mode))
    claims.release(claim)
    (record, mode), ours = found
    assert ours == (record + b"request=none\n", mode)
    assert stat.S_ISREG(found[0][1])


def test_each_claim_has_a_token_of_its_own(spool: Spool) -> None:
    assert NAME is not None
    claims = Claims(spool, 30)
    tokens = set()
    for _ in range(3):
        claim = claims.claim(NAME)
        assert claim is not None
        held = Holder.parse((spool.path / LOCK).read_bytes())
        assert held is not None
        assert held.token == claim.token
        tokens.add(claim.token)
        claims.release(claim)
    assert len(tokens) == 3


def test_filelock_refuses_a_claim_with_another_lease_duration(spool: Spool, lease: SoftFileLease) -> None:
    assert NAME is not None
    claims = Claims(spool, 20)
    claim = claims.claim(NAME)
    assert claim is not None
    with pytest.raises(LeaseSettingsMismatch):
        lease.acquire(timeout=0)
    claims.release(claim)


def test_filelock_takes_over_a_claim_of_a_process_that_ended(spool: Spool, lease: SoftFileLease) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from spectacle.spool.claims import Claims\n"
        "from spectacle.spool.directory import Spool\n"
        "from spectacle.spool.naming import RequestName\n"
        "spool = Spool(Path(sys.argv[1])); spool.open()\n"
        f"claim = Claims(spool, 30).claim(RequestName.parse({'a-1-64x64.txt'!r}))\n"
        "os._exit(9 if claim else 1)"
    )
    done = subprocess.run([sys.executable, "-c", program, spool.path], check=False)
    assert done.returncode == 9
    assert (spool.path / LOCK).exists()
    lease.acquire(timeout=PATIENCE)
    assert lease.is_lock_held_by_us


def test_a_claim_that_stands_still_for_a_lease_is_filelocks_and_its_holder_knows(spool: Spool) -> None:
    assert NAME is not None
    clock = Clock()
    claims = Claims(spool, 0.3, clock)
    claim = claims.claim(NAME)
    assert claim is not None
    taker = SoftFileLease(spool.path / LOCK, lease_duration=0.3, is_singleton=False, thread_local=False)
    taker.acquire(timeout=PATIENCE, poll_interval=0.02)
    assert not claim.is_ours()
    clock.now += 0.11
    claim.probe()
    assert claim.lost()
    claims.release(claim)
    assert (spool.path / LOCK).exists()
    assert taker.compromise is None
    taker.release()
    assert taker.compromise is None
    assert not (spool.path / LOCK).exists()


def test_a_claim_that_beats_is_not_taken_over_by_filelock(spool: Spool) -> None:
    assert NAME is not None
    clock = Clock()
    claims = Claims(spool, 0.3, clock)
    claim = claims.claim(NAME)
    assert claim is not None
    taker = SoftFileLease(spool.path / LOCK, lease_duration=0.3, is_singleton=False, thread_local=False)
    for _ in range(40):
        clock.now += 0.1
        claim.probe()
        with pytest.raises(Timeout):
            taker.acquire(timeout=0.02, poll_interval=0.01)
    assert claim.is_ours()
    claims.release(claim)


def test_filelock_notices_that_a_claim_of_ours_took_the_place_of_its_lease(spool: Spool) -> None:
    assert NAME is not None
    claims = Claims(spool, 30)
    noticed = threading.Event()
    lease = SoftFileLease(
        spool.path / LOCK,
        lease_duration=30,
        heartbeat_interval=0.02,
        on_compromise=lambda _: noticed.set(),
        is_singleton=False,
        thread_local=False,
    )
    lease.acquire(timeout=0)
    (spool.path / LOCK).rename(spool.path / "aside")
    claim = claims.claim(NAME)
    assert claim is not None
    (spool.path / "aside").unlink()
    assert noticed.wait(PATIENCE)
    assert lease.compromise is not None
    assert lease.compromise.reason in ("owner-changed", "marker-missing")
    lease.release()
    assert claim.is_ours()
    claims.release(claim)


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"1\nhost\n",
        b"filelock/2\npid=1\nhost=h\nmode=lease\ntoken=other\nduration=30.0\nstart=5\n",
        b"filelock/2\npid=1\nhost=TOKEN\nmode=lease\ntoken=TOKEN\nduration=30.0\nstart=5\n",
    ],
)
def test_a_record_of_another_form_is_said_to_be_one_and_not_imitated(record: bytes) -> None:
    with pytest.raises(RuntimeError, match="of another form"):
        LeaseRecords(record, "TOKEN", 0o640)


def test_who_is_alive_is_asked_of_what_was_given() -> None:
    def record(pid: int, start: int) -> bytes:
        return f"filelock/2\npid={pid}\nhost=h\nmode=lease\ntoken=TOKEN\nduration=30.0\nstart={start}\n".encode()

    alive = {7: 100}
    records = LeaseRecords(record(7, 100), "TOKEN", 0o640, alive.get)
    assert not records.names_ended(record(7, 100))
    assert records.names_ended(record(7, 99))
    assert records.names_ended(record(8, 100))
    alive[8] = 100
    assert not records.names_ended(record(8, 100))
