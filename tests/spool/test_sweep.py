"""The sweeper removes what crashes leave behind, once it is old, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import STATE_DIRECTORY, RequestName
from spectacle.spool.sweep import LEASES, StrayClaims, find_left_overs, sweep

LEASE = 3.0
STEM = "a-1-64x64"
LEFT_OVERS = [
    ".probe.0123abcd.tmp",
    f".{STEM}.0123abcd.0.tmp",
    f".{STEM}.0123abcd.11.tmp",
    f".{STEM}.0123abcd.commit.tmp",
    f".{STEM}.lock.0123456789abcdef.aside",
    f".{STEM}-progress.json.0123abcd.tmp",
    f"{STEM}-progress.json",
    f"{STEM}.lock.break.123.0123456789abcdef0123456789abcdef",
    f"{STATE_DIRECTORY}/.reserve-gone.0123abcd.tmp",
    f"{STATE_DIRECTORY}/reserve-gone",
    f"{STATE_DIRECTORY}/instances/gone-1-abc.json",
    f"{STATE_DIRECTORY}/instances/.gone-1-abc.json.0123abcd.tmp",
    f"{STATE_DIRECTORY}/attempts/{STEM}",
    f"{STATE_DIRECTORY}/attempts/.{STEM}.0123abcd.tmp",
]
FOREIGN = [
    "notes.txt",
    "notes.lock",
    "something.tmp",
    ".hidden",
    ".vimrc.tmp",
    f".{STEM}.0123abc.0.tmp",
    f".{STEM}.swp",
    f"{STEM}.png",
    f"{STEM}-error.txt",
    f"{STEM}-options.json",
    "notes-progress.json",
    f"{STEM}.lock.bak",
    f"{STEM}.lock.break.x",
    "notes.lock.break.123.0123456789abcdef0123456789abcdef",
    ".notes.0123abcd.0.tmp",
]


def plant(spool: Spool, name: str, age: float, content: str = "") -> None:
    path = spool.path / name
    path.write_text(content)
    then = time.time() - age
    os.utime(path, (then, then))


def swept(spool: Spool) -> list[str]:
    return sweep(spool, Claims(spool, LEASE), LEASE, spool.names(), spool.now_ns())


def everything(spool: Spool) -> set[str]:
    return {
        os.path.relpath(os.path.join(where, name), spool.path)
        for where, _, names in os.walk(spool.path)
        for name in names
    }


@pytest.mark.parametrize("name", LEFT_OVERS)
def test_a_left_over_goes_once_it_is_older_than_ten_leases(spool: Spool, name: str) -> None:
    plant(spool, name, LEASES * LEASE - 5)
    assert not swept(spool)
    plant(spool, name, LEASES * LEASE + 5)
    assert swept(spool) == [name]
    assert not everything(spool)


def test_what_is_not_ours_stays_however_old(spool: Spool) -> None:
    for name in FOREIGN:
        plant(spool, name, 1e6)
    assert not swept(spool)
    assert everything(spool) == set(FOREIGN)


def test_what_a_pending_commit_record_needs_stays(spool: Spool) -> None:
    names = {f".{STEM}.commit", f".{STEM}.0123abcd.0.tmp", f".{STEM}.0123abcd.commit.tmp", f"{STEM}.lock"}
    for name in names:
        plant(spool, name, 1e6)
    assert not swept(spool)
    assert everything(spool) == names


def test_what_belongs_to_a_waiting_request_stays(spool: Spool) -> None:
    names = {f"{STEM}.txt", f"{STEM}.lock", f"{STEM}-progress.json", f"{STATE_DIRECTORY}/attempts/{STEM}"}
    for name in names:
        plant(spool, name, 1e6)
    assert not swept(spool)
    assert everything(spool) == names


def test_what_a_held_claim_protects_stays(spool: Spool) -> None:
    name = RequestName.parse(f"{STEM}.txt")
    assert name is not None
    claims = Claims(spool, LEASE)
    claim = claims.claim(name)
    assert claim is not None
    plant(spool, f".{STEM}.0123abcd.0.tmp", 1e6)
    os.utime(spool.path / f"{STEM}.lock", (1, 1))
    sweep(spool, claims, LEASE, spool.names(), spool.now_ns())
    assert everything(spool) == {f"{STEM}.lock", f".{STEM}.0123abcd.0.tmp"}
    claims.release(claim)


def test_a_claim_without_a_request_goes_when_its_holder_is_dead(spool: Spool) -> None:
    script = (
        "import sys, os; from filelock import SoftFileLease; "
        "lease = SoftFileLease(sys.argv[1], lease_duration=3); lease.acquire(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, spool.path / f"{STEM}.lock"], check=True)
    os.utime(spool.path / f"{STEM}.lock", (1, 1))
    assert swept(spool) == [f"{STEM}.lock"]
    assert not everything(spool)


def test_a_dead_claim_without_a_request_goes_when_two_scans_have_found_it(spool: Spool) -> None:
    script = (
        "import sys, os; from filelock import SoftFileLease; "
        "lease = SoftFileLease(sys.argv[1], lease_duration=3); lease.acquire(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, spool.path / f"{STEM}.lock"], check=True)
    strays = StrayClaims(Claims(spool, LEASE))
    strays.found({STEM, "notes"})
    assert everything(spool) == {f"{STEM}.lock"}
    strays.found({STEM, "notes"})
    assert not everything(spool)


def test_a_live_claim_without_a_request_stays(spool: Spool) -> None:
    name = RequestName.parse(f"{STEM}.txt")
    assert name is not None
    claims = Claims(spool, LEASE)
    claim = claims.claim(name)
    assert claim is not None
    strays = StrayClaims(Claims(spool, LEASE))
    for _ in range(3):
        strays.found({STEM})
    assert claim.is_ours(spool)
    claims.release(claim)


def test_a_live_instance_keeps_its_report_and_its_reserve(spool: Spool) -> None:
    plant(spool, f"{STATE_DIRECTORY}/instances/live-1-abc.json", 1)
    plant(spool, f"{STATE_DIRECTORY}/reserve-live-1-abc", 1e6)
    assert not swept(spool)


def test_poison_is_never_swept(spool: Spool) -> None:
    plant(spool, f"{STATE_DIRECTORY}/poison/{STEM}.txt.0123abcd", 1e6)
    assert not swept(spool)


def test_a_directory_named_like_a_left_over_stays_and_does_not_keep_the_rest(spool: Spool) -> None:
    (spool.path / ".probe.00000000.tmp").mkdir()
    os.utime(spool.path / ".probe.00000000.tmp", (1, 1))
    plant(spool, ".probe.0123abcd.tmp", 1e6)
    swept(spool)
    assert not everything(spool)
    assert (spool.path / ".probe.00000000.tmp").is_dir()


def test_a_link_named_like_a_left_over_goes_and_its_target_stays(spool: Spool) -> None:
    plant(spool, "target", 0)
    link = spool.path / ".probe.0123abcd.tmp"
    link.symlink_to("target")
    os.utime(link, (1, 1), follow_symlinks=False)
    assert swept(spool) == [link.name]
    assert everything(spool) == {"target"}


def test_left_overs_can_be_listed_without_removing_them(spool: Spool) -> None:
    plant(spool, ".probe.0123abcd.tmp", 1e6)
    assert find_left_overs(spool, LEASE, spool.names(), spool.now_ns()) == [".probe.0123abcd.tmp"]
    assert everything(spool) == {".probe.0123abcd.tmp"}
