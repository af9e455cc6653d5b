"""Checks of a spool directory: reachable, permitted, roomy, and a file system that does what the protocol needs."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectacle.checks import Check, Level
from spectacle.checks.contention import CLAIMS, contend
from spectacle.config import SpoolSettings
from spectacle.errors import SpoolUnavailable
from spectacle.spool.directory import Spool, unavailable
from spectacle.spool.instances import Report, all_reports, is_live
from spectacle.spool.mounts import NETWORK_FILE_SYSTEMS
from spectacle.spool.naming import STATE_DIRECTORY, make_stem, request_name

EVENT_SECONDS = 3.0
"""How long inotify may take to tell of a file, on a busy machine."""

LARGEST_SKEW = 60.0
REPORTS_PER_LEASE = 3
"""How often an instance reports in the time after which its claims are taken over."""


def check_spool(settings: SpoolSettings) -> Iterator[Check]:
    """All checks of the spool, in an order in which each builds on those before."""
    path = settings.path
    spool = Spool(path)
    try:
        spool.open()
    except SpoolUnavailable as error:
        yield Check("spool", Level.FAIL, error.message)
        return
    try:
        yield Check("spool", Level.OK, str(path.absolute()))
        yield check_file_system(spool)
        yield check_permissions(path)
        yield check_space(spool, settings.min_free)
        try:
            spool.writable()
            spool.prepare_state_directory()
        except SpoolUnavailable as error:
            yield Check("writing", Level.FAIL, error.message, "nothing else can be checked before that")
            return
        with _scratch(path) as scratch:
            yield from check_operations(scratch)
            yield check_inotify(scratch, settings.poll_interval, on_network=spool.on_network)
            yield check_claims(scratch.path)
        yield check_clock(spool)
        yield check_instances(spool, settings.lease_duration)
    except OSError as error:
        yield Check("spool", Level.FAIL, unavailable(path, error).message)
    finally:
        spool.close()


def check_file_system(spool: Spool) -> Check:
    """Which file system it is, and over the network how it is mounted."""
    kind = spool.file_system()
    if kind not in NETWORK_FILE_SYSTEMS:
        return Check("file system", Level.OK, f"{kind}, local")
    if not kind.startswith("nfs"):
        return Check("file system", Level.OK, f"{kind}, over the network")
    options = _mount_options(spool.path)
    wrong = []
    if "soft" in options or "softerr" in options:
        wrong.append("soft loses writes while the server is away")
    if not options & {"lookupcache=pos", "lookupcache=positive", "lookupcache=none"}:
        wrong.append("without lookupcache=positive clients that look for a name may see it half a minute late")
    if wrong:
        return Check(
            "file system", Level.WARN, f"{kind}: {'; '.join(wrong)}", "mount it with vers=4.2,hard,lookupcache=positive"
        )
    return Check("file system", Level.OK, f"{kind}, over the network, mounted as it should be")


def check_permissions(path: Path) -> Check:
    """Whether those who share the spool, and only they, may write to it."""
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    found = f"mode {mode:04o}, user {status.st_uid}, group {status.st_gid}"
    if mode & stat.S_IWOTH:
        remedy = f"`chmod o-rwx {path}`, and a common group for those who use it"
        return Check("permissions", Level.WARN, f"{found}: every account here may write and delete requests", remedy)
    # A group of the same number as its user is that user's own, with nobody else in it.
    if mode & stat.S_IWGRP and not mode & stat.S_ISGID and status.st_gid != status.st_uid:
        return Check("permissions", Level.WARN, f"{found}: files do not inherit the group", f"`chmod g+s {path}`")
    return Check("permissions", Level.OK, found)


def check_space(spool: Spool, min_free: int) -> Check:
    """Whether there is more free space than the least at which requests are claimed."""
    free = spool.free_bytes()
    found = f"{free // 2**20} MiB free, spool.min_free is {min_free // 2**20} MiB"
    if free < min_free:
        return Check("free space", Level.FAIL, found, "free some space: nothing is claimed before that")
    if free < 4 * min_free:
        return Check("free space", Level.WARN, found, "free some space soon: `spectacle gc --older-than 7d`")
    return Check("free space", Level.OK, found)


def check_operations(scratch: Spool) -> Iterator[Check]:
    """Whether exclusive creation, hard links, renaming and fsync do what the commit of an answer builds on."""
    for what, operation in (
        ("create and fsync", _creates_once),
        ("link", _links_once),
        ("rename", _renames_over),
    ):
        try:
            problem = operation(scratch)
        except OSError as error:
            problem = error.strerror or str(error)
        if problem is None:
            yield Check(what, Level.OK, "works")
        else:
            yield Check(
                what, Level.FAIL, problem, "put the spool on another file system: answers need this to be whole"
            )


def check_inotify(scratch: Spool, poll_interval: float, *, on_network: bool) -> Check:
    """Whether the kernel tells of new requests, or they are only found by looking."""
    from spectacle.daemon.events import FileEvents

    told = threading.Event()
    events = FileEvents(lambda _name, _what: told.set())
    polling = f"new requests are found by looking every {poll_interval:g} s"
    events.watch(scratch.path)
    try:
        if not events.works:
            return Check("inotify", Level.WARN, f"not available: {polling}", "raise fs.inotify.max_user_instances")
        began = time.monotonic()
        scratch.write(request_name(make_stem("doctor", "event", 1, 1)), b"event\n")
        if not told.wait(EVENT_SECONDS):
            return Check(
                "inotify", Level.WARN, f"tells of nothing on this file system: {polling}", "nothing: it is only slower"
            )
        taken = f"tells after {1000 * (time.monotonic() - began):.0f} ms"
    finally:
        events.stop()
    if on_network:
        return Check("inotify", Level.OK, f"{taken} for what this host writes; of other hosts' writing {polling}")
    return Check("inotify", Level.OK, taken)


def check_claims(directory: Path) -> Check:
    """Whether two processes that contend for claims never win the same one, and together win them all."""
    try:
        first, second = contend(directory)
    except RuntimeError as error:
        return Check("claims", Level.FAIL, str(error), "see what it says above; report it if that is no help")
    both = set(first) & set(second)
    if both or len(first) + len(second) != CLAIMS:
        found = f"of {CLAIMS} claims two processes won {len(first)} and {len(second)}, {len(both)} of them both"
        return Check("claims", Level.FAIL, found, "put the spool on another file system: requests would be run twice")
    return Check("claims", Level.OK, f"exclusive: of {CLAIMS} two processes won {len(first)} and {len(second)}")


def check_clock(spool: Spool) -> Check:
    """How far this host's clock is from the file server's. Nothing depends on it but what people read."""
    skew = spool.now_ns() / 1e9 - time.time()
    found = f"the file server's is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > LARGEST_SKEW:
        return Check(
            "clock", Level.WARN, found, "let both follow a time server (only dates that people read depend on it)"
        )
    return Check("clock", Level.OK, found)


def check_instances(spool: Spool, lease_duration: float) -> Check:
    """Which instances serve the spool, and whether they agree on the lease."""
    live = [report for report, age in all_reports(spool) if is_live(report, age)]
    hosts = ", ".join(sorted(str(report.get("host")) for report in live))
    if not live:
        return Check("instances", Level.OK, "none runs at the moment")
    leases = {str(report.get("host")): _lease_of(report) for report in live}
    differing = [
        f"{host}: {lease:g} s" for host, lease in leases.items() if lease and abs(lease - lease_duration) > 0.01
    ]
    if differing:
        found = f"spool.lease_duration is {lease_duration:g} s here, but {', '.join(differing)}"
        return Check("instances", Level.FAIL, found, "set the same lease_duration for all instances on this spool")
    return Check("instances", Level.OK, f"{len(live)} running, on {hosts}")


def _lease_of(report: Report) -> float | None:
    interval = report.get("interval")
    return REPORTS_PER_LEASE * interval if isinstance(interval, int | float) else None


@contextmanager
def _scratch(path: Path) -> Iterator[Spool]:
    """A spool of its own inside the spool's state directory, on the same file system, removed afterwards."""
    directory = path / STATE_DIRECTORY / f"doctor-{secrets.token_hex(4)}"
    directory.mkdir(mode=0o770)
    scratch = Spool(directory)
    try:
        scratch.open()
        yield scratch
    finally:
        scratch.close()
        shutil.rmtree(directory, ignore_errors=True)


def _creates_once(scratch: Spool) -> str | None:
    scratch.write("exclusive", b"first")
    try:
        scratch.write("exclusive", b"second")
    except FileExistsError:
        content, _ = scratch.read("exclusive", 100)
        return None if content == b"first" else "an existing file was overwritten"
    return "an existing file could be created again"


def _links_once(scratch: Spool) -> str | None:
    scratch.write("one", b"1")
    scratch.write("two", b"2")
    if not scratch.link("one", "linked"):
        return "a file could not be linked"
    return "an existing name was linked over" if scratch.link("two", "linked") else None


def _renames_over(scratch: Spool) -> str | None:
    scratch.write("new", b"new")
    scratch.write("old", b"old")
    scratch.rename("new", "old")
    scratch.sync()
    content, _ = scratch.read("old", 100)
    return None if content == b"new" and scratch.peek("new") is None else "renaming over a file did not replace it"


def _mount_options(path: Path) -> set[str]:
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields, _, rest = line.partition(" - ")
            if fields.split()[2] == wanted:
                return {*fields.split()[5].split(","), *rest.split()[2].split(",")}
    return set()
