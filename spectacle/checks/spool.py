"""Checks of a spool directory: reachable, permitted, roomy, and a file system that does what the protocol needs."""

from __future__ import annotations

import errno
import os
import secrets
import shlex
import shutil
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectacle.checks import Check, Level
from spectacle.checks.contention import CLAIMS, contend
from spectacle.checks.operators import check_pauses
from spectacle.config import SpoolSettings
from spectacle.errors import SpoolUnavailable
from spectacle.spool.diagnosis import FULL, and_project, cause_and_remedy, sticky_for
from spectacle.spool.directory import ROOM_BYTES, Spool, unavailable
from spectacle.spool.instances import Report, all_reports, is_live
from spectacle.spool.mounts import WITHOUT_PERMISSIONS, advice_on, file_system_of, is_on_network, mount_of
from spectacle.spool.naming import STATE_DIRECTORY, make_stem, request_name
from spectacle.spool.near_misses import near_misses
from spectacle.spool.sharing import passes_on_an_acl

EVENT_SECONDS = 3.0
"""How long inotify may take to report a file, on a busy machine."""

LOOKS, LOOK_PAUSE = 5, 0.1
"""How often an unchanged file is looked at, and seconds in between."""

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
        yield check_names(spool)
        try:
            spool.writable(ROOM_BYTES)
            spool.prepare_state_directory()
        except SpoolUnavailable as error:
            yield Check("writing", Level.FAIL, error.message, "fix it, because nothing else can be checked")
            return
        with _scratch(path) as scratch:
            yield from check_operations(scratch)
            yield check_inotify(scratch, settings.poll_interval, on_network=spool.on_network)
            yield check_claims(scratch.path)
        yield check_clock(spool)
        yield check_instances(spool, settings.lease_duration)
        yield from check_pauses(spool, settings)
    except OSError as error:
        yield Check("spool", Level.FAIL, unavailable(path, error).message)
    finally:
        spool.close()


def check_file_system(spool: Spool) -> Check:
    """Which file system it is, and over the network how it is mounted."""
    kind = spool.file_system()
    place = "over the network" if is_on_network(kind) else "local"
    if (advice := advice_on(kind)) is not None:
        return Check("file system", Level.WARN, f"{kind}, {place}: {advice.trouble}", advice.remedy)
    if not kind.startswith("nfs"):
        return Check("file system", Level.OK, f"{kind}, {place}")
    options = mount_of(spool.path.stat().st_dev, spool.path).options
    wrong = []
    if "soft" in options or "softerr" in options:
        wrong.append("soft loses writes while the server is unreachable")
    if not options & {"lookupcache=pos", "lookupcache=positive", "lookupcache=none"}:
        wrong.append(
            "without lookupcache=positive, clients that look up a name too early do not see it for half a minute"
        )
    if wrong:
        return Check(
            "file system", Level.WARN, f"{kind}: {'; '.join(wrong)}", "mount it with vers=4.2,hard,lookupcache=positive"
        )
    return Check("file system", Level.OK, f"{kind}, over the network, mounted correctly")


def check_permissions(path: Path) -> Check:
    """Whether those who share the spool, and only they, may write to it."""
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    found = f"mode {mode:04o}, user {status.st_uid}, group {status.st_gid}"
    if sticky_for(status, os.geteuid()):
        told = (
            f"{found}: sticky, so user {os.geteuid()} cannot remove requests of other users, and does not process them"
        )
        return Check("permissions", Level.FAIL, told, f"run `chmod -t {shlex.quote(str(path))}`")
    if file_system_of(status.st_dev, path) in WITHOUT_PERMISSIONS:
        if mode & stat.S_IWOTH:
            told = f"{found}: every account on this machine can write and delete requests"
            remedy = "mount it with uid=, gid=, dmask=007 and fmask=117 (umask=007 where it is behind FUSE)"
            return Check("permissions", Level.WARN, told, remedy)
        return Check("permissions", Level.OK, f"{found}, as its mount options say")
    if mode & stat.S_ISVTX:
        told = f"{found}: sticky, so clients of other users cannot delete their results"
        return Check("permissions", Level.WARN, told, f"run `chmod -t {shlex.quote(str(path))}`")
    if mode & stat.S_IWOTH:
        remedy = f"run `chmod o-rwx {shlex.quote(str(path))}`, and give its users a common group"
        return Check(
            "permissions",
            Level.WARN,
            f"{found}: every account on this machine can write and delete requests, and "
            "writers outside the group can only read results if their requests are readable for all",
            remedy,
        )
    if passes_on_an_acl(path):
        return Check("permissions", Level.OK, f"{found}, with an access control list that new files inherit")
    # A group of the same number as its user is that user's own, with nobody else in it.
    if mode & stat.S_IWGRP and not mode & stat.S_ISGID and status.st_gid != status.st_uid:
        return Check(
            "permissions",
            Level.WARN,
            f"{found}: files do not inherit the group",
            f"run `chmod g+s {shlex.quote(str(path))}`",
        )
    return Check("permissions", Level.OK, found)


def check_space(spool: Spool, min_free: int) -> Check:
    """Whether there is more free space than the least at which requests are claimed, and inodes for files."""
    status = os.statvfs(spool.path)
    if status.f_files and not status.f_favail and not _has_inode(spool):
        return Check("free space", Level.FAIL, "no inodes are left", "remove files, for example with `spectacle gc`")
    free = spool.free_bytes()
    found = f"{free // 2**20} MiB free, spool.min_free is {min_free // 2**20} MiB"
    if free < min_free:
        found = f"{free // 2**20} MiB free{and_project(spool.path)}, but spool.min_free is {min_free // 2**20} MiB"
        return Check("free space", Level.FAIL, found, "free some space, because no request is claimed before that")
    if free < 4 * min_free:
        return Check(
            "free space", Level.WARN, found, "free some space soon, for example with `spectacle gc --older-than 7d`"
        )
    return Check("free space", Level.OK, found)


def _has_inode(spool: Spool) -> bool:
    """Whether a file can be made, for some programs behind FUSE, such as rclone, count no inodes."""
    try:
        spool.now_ns()
    except OSError as error:
        return error.errno != errno.ENOSPC
    return True


def check_names(spool: Spool) -> Check:
    """Whether there are files that look like requests but are none."""
    found = near_misses(spool.names())
    if not found:
        return Check("names", Level.OK, "no file looks like a request without being one")
    remedy = "rename it" if len(found) == 1 else "rename them"
    return Check("names", Level.WARN, f"not a request: {'; '.join(found)}", f"{remedy}; until then they are left alone")


def check_operations(scratch: Spool) -> Iterator[Check]:
    """Whether exclusive creation, the step that decides, renaming and fsync do what the commit of a result builds on.

    And whether files that nobody touches stay the same, by which requests are considered complete.
    """
    for what, operation in (
        ("create and fsync", _creates_once),
        ("publish once", _publishes_once),
        ("rename", _renames_over),
        ("times", _keeps_times),
    ):
        try:
            problem = operation(scratch)
        except OSError as error:
            if error.errno in FULL:
                cause, remedy = cause_and_remedy(scratch.path, error)
                yield Check(what, Level.FAIL, cause, f"{remedy[0].lower()}{remedy[1:]}")
                return
            problem = error.strerror or str(error)
        if problem is None:
            yield Check(what, Level.OK, "works")
        else:
            yield Check(
                what,
                Level.FAIL,
                problem,
                "put the spool on another file system, because complete results depend on this",
            )


def check_inotify(scratch: Spool, poll_interval: float, *, on_network: bool) -> Check:
    """Whether the kernel reports new requests, or only polling finds them."""
    from spectacle.daemon.events import FileEvents

    told = threading.Event()
    events = FileEvents(lambda _name, _what: told.set())
    polling = f"new requests are found by polling every {poll_interval:g} s"
    events.watch(scratch.path)
    try:
        if not events.works:
            if sys.platform != "linux":
                return Check("inotify", Level.OK, f"only Linux has it: {polling}")
            return Check("inotify", Level.WARN, f"not available: {polling}", "raise fs.inotify.max_user_instances")
        began = time.monotonic()
        scratch.write(request_name(make_stem("doctor", "event", 1, 1)), b"event\n")
        if not told.wait(EVENT_SECONDS):
            return Check(
                "inotify",
                Level.WARN,
                f"no events on this file system: {polling}",
                "no action is needed; detection is only slower",
            )
        taken = f"events arrive within {1000 * (time.monotonic() - began):.0f} ms"
    finally:
        events.stop()
    if on_network:
        return Check("inotify", Level.OK, f"{taken} for files of this host; for those of other hosts, {polling}")
    return Check("inotify", Level.OK, taken)


def check_claims(directory: Path) -> Check:
    """Whether two processes that contend for claims never win the same one, and together win them all."""
    try:
        first, second = contend(directory)
    except RuntimeError as error:
        return Check("claims", Level.FAIL, str(error), "see the message above; report it if that does not help")
    both = set(first) & set(second)
    if both or len(first) + len(second) != CLAIMS:
        found = (
            f"two processes competing for {CLAIMS} claims won {len(first)} and {len(second)}, {len(both)} of them twice"
        )
        return Check(
            "claims", Level.FAIL, found, "put the spool on another file system, because requests would run twice"
        )
    return Check(
        "claims", Level.OK, f"exclusive: two processes competing for {CLAIMS} claims won {len(first)} and {len(second)}"
    )


def check_clock(spool: Spool) -> Check:
    """How far this host's clock is from the file server's. Nothing depends on it but what people read."""
    skew = spool.now_ns() / 1e9 - time.time()
    found = f"the file server's clock is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > LARGEST_SKEW:
        return Check(
            "clock", Level.WARN, found, "synchronize both with a time server (only displayed dates depend on it)"
        )
    return Check("clock", Level.OK, found)


def check_instances(spool: Spool, lease_duration: float) -> Check:
    """Which instances serve the spool, and whether they agree on the lease."""
    live = [report for report, age in all_reports(spool) if is_live(report, age)]
    hosts = ", ".join(sorted(str(report.get("host")) for report in live))
    if not live:
        return Check("instances", Level.OK, "none running")
    leases = {str(report.get("host")): _lease_of(report) for report in live}
    differing = [
        f"{host}: {lease:g} s" for host, lease in leases.items() if lease and abs(lease - lease_duration) > 0.01
    ]
    if differing:
        found = f"spool.lease_duration is {lease_duration:g} s here, but {', '.join(differing)}"
        return Check("instances", Level.FAIL, found, "set the same lease_duration for all instances on this spool")
    waiting = [report for report in live if report.get("state") == "waiting"]
    if waiting:
        found = f"{len(live)} running, on {hosts}; {waiting[0].get('host')} waits: {waiting[0].get('reason')}"
        return Check("instances", Level.WARN, found.rstrip("."), "fix the reason; it then continues by itself")
    notices = [notice for report in live for notice in _texts(report.get("notices"))]
    if notices:
        more = f" (and {len(notices) - 1} more)" if len(notices) > 1 else ""
        found = f"{len(live)} running, on {hosts}: {notices[0].rstrip('.')}{more}"
        return Check("instances", Level.WARN, found, "run `spectacle status` for all notices")
    return Check("instances", Level.OK, f"{len(live)} running, on {hosts}")


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


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


def _publishes_once(scratch: Spool) -> str | None:
    scratch.write("one", b"1")
    scratch.write("two", b"2")
    try:
        if not scratch.give_name("one", "published"):
            return "a file could not be given a name"
        return "an existing name was replaced" if scratch.give_name("two", "published") else None
    except OSError as error:
        return f"neither hard links nor exclusive renames work: {error.strerror}"


def _keeps_times(scratch: Spool) -> str | None:
    scratch.write("still", b"1")
    looks = set()
    for _ in range(LOOKS):
        look = scratch.look("still")
        looks.add(None if look is None else look.version)
        time.sleep(LOOK_PAUSE)
    return (
        None if len(looks) == 1 else "size, inode or time of an unchanged file change, so no request counts as complete"
    )


def _renames_over(scratch: Spool) -> str | None:
    scratch.write("new", b"new")
    scratch.write("old", b"old")
    scratch.rename("new", "old")
    scratch.sync()
    content, _ = scratch.read("old", 100)
    return None if content == b"new" and scratch.peek("new") is None else "renaming over a file did not replace it"
