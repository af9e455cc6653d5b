"""The sweeper removes what crashes leave behind, once it is old, and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest
from faults import FaultySystem

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
    return sweep(spool, Claims(spool, LEASE), LEASE, spool.now_ns())


def claimed_by_the_dead(spool: Spool) -> None:
    """Plant an old claim whose holder has ended."""
    script = (
        "import sys, os; from filelock import SoftFileLease; "
        "lease = SoftFileLease(sys.argv[1], lease_duration=3); lease.acquire(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, spool.path / f"{STEM}.lock"], check=True)
    os.utime(spool.path / f"{STEM}.lock", (1, 1))


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
    sweep(spool, claims, LEASE, spool.now_ns())
    assert everything(spool) == {f"{STEM}.lock", f".{STEM}.0123abcd.0.tmp"}
    claims.release(claim)


def test_a_claim_without_a_request_goes_when_its_holder_is_dead(spool: Spool) -> None:
    claimed_by_the_dead(spool)
    assert swept(spool) == [f"{STEM}.lock"]
    assert not everything(spool)


DRAFTS = [f".{STEM}.0123abcd.0.tmp", f".{STEM}.0123abcd.commit.tmp"]


def test_what_a_dead_claim_has_protected_goes_with_it(spool: Spool) -> None:
    claimed_by_the_dead(spool)
    for name in DRAFTS:
        plant(spool, name, 1e6)
    assert set(swept(spool)) == {f"{STEM}.lock", *DRAFTS}
    assert not everything(spool)


def test_what_belongs_to_a_claim_that_came_to_life_while_it_was_judged_stays(spool: Spool) -> None:
    aside = f".{STEM}.lock.0123456789abcdef.aside"
    plant(spool, aside, 1)
    for name in DRAFTS:
        plant(spool, name, 1e6)
    assert not swept(spool)
    plant(spool, aside, 1e6)
    assert set(swept(spool)) == {aside, *DRAFTS}


def test_what_an_instance_that_is_gone_has_left_goes_at_once(spool: Spool) -> None:
    digest = "0123456789abcdef" * 4
    names = {
        f"{STATE_DIRECTORY}/instances/gone-1-abc.json",
        f"{STATE_DIRECTORY}/reserve-gone-1-abc",
        f"{STATE_DIRECTORY}/schema-{digest}.json",
    }
    for name in names:
        plant(spool, name, 1e6, json.dumps({"kind_details": {"card": {"options_schema": digest}}}))
    assert set(swept(spool)) == names


def test_attempts_at_a_request_that_was_only_aside_stay(spool: Spool) -> None:
    """It was caught while an older one was taken out, and gets its name back."""
    plant(spool, f".{STEM}.txt.v0123456789abcdef.01234567.retired", 1e6, "a fox")
    plant(spool, f"{STATE_DIRECTORY}/attempts/{STEM}", 1e6)
    swept(spool)
    assert everything(spool) == {f"{STEM}.txt", f"{STATE_DIRECTORY}/attempts/{STEM}"}


def test_a_claim_that_only_a_kept_listing_shows_protects_nothing(spool: Spool) -> None:
    class Remembering(FaultySystem):
        """Shows a claim that has just been released until it is told to look again."""

        kept = True

        def __getattr__(self, name: str) -> Any:
            real = super().__getattr__(name)

            @contextlib.contextmanager
            def scandir(descriptor: int) -> Iterator[Iterator[Any]]:
                with real(descriptor) as entries:
                    yield chain(entries, [SimpleNamespace(name=f"{STEM}.lock")] if self.kept else [])

            def forget(*arguments: Any) -> None:
                self.kept = False

            return {"scandir": scandir, "posix_fadvise": forget}.get(name, real)

    plant(spool, DRAFTS[0], 1e6)
    remembering = Spool(spool.path, Remembering())
    remembering.open()
    assert swept(remembering) == [DRAFTS[0]]


def test_a_dead_claim_without_a_request_goes_when_two_scans_have_found_it(spool: Spool) -> None:
    claimed_by_the_dead(spool)
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
    assert claim.is_ours()
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
