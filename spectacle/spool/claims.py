"""The claim on a request: winning it, keeping it, knowing when it is lost, and taking over a dead holder's.

A claim is a hint that saves work. What keeps answers right is the commit (`spectacle.spool.commit`), because a holder
that was paused or cut off past its lease may come back and finish late.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import structlog
from filelock import LeaseSettingsMismatch, SoftFileLease, Timeout

from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import RequestName, aside_name, attempts_path

log = structlog.get_logger()

MAX_RECORD_BYTES = 4096
_BOOT_BITS = 64
"""filelock's start token is the boot id shifted by this many bits, plus the process's start time in clock ticks."""

_HIDDEN = -1
_MAX_PIDS = 2**31
_MAX_ATTEMPTS = 10**6


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a claim's record names.

    filelock reads a record by its path; here it is read through the spool's descriptor, which cannot be led elsewhere.

    Attributes:
        pid: Process number on its host.
        host: Host name as filelock writes it.
        start: Start time and boot id of the process, or None when the record has none.
        token: Tells this claim from another of the same request, or None.
    """

    pid: int
    host: str
    start: int | None
    token: str | None

    @classmethod
    def parse(cls, record: bytes) -> Holder | None:
        """Read a lease's record; None for anything else, which is then judged by its age alone."""
        try:
            first, *rest = record.decode("ascii").splitlines()
            fields = dict(line.split("=", 1) for line in rest)
            pid, start = int(fields["pid"]), fields.get("start")
            if not first.startswith("filelock/") or not 0 < pid < _MAX_PIDS:
                return None
            return cls(pid, fields["host"], None if start is None else int(start), fields.get("token"))
        except (ValueError, KeyError):
            return None

    @classmethod
    def this_process(cls) -> Holder:
        """How this process's own claims name it, learnt by making one in a scratch directory."""
        with tempfile.TemporaryDirectory(prefix="spectacle-") as scratch:
            path = Path(scratch, "self.lock")
            with SoftFileLease(path, is_singleton=False):
                holder = cls.parse(path.read_bytes())
        if holder is None:
            raise RuntimeError("this version of filelock writes lease records of another form")
        return holder

    def is_gone(self, here: Holder) -> bool:
        """Whether this process provably ended: same host, same boot, and no process of that number and start."""
        if self.host != here.host or self.start is None or here.start is None:
            return False
        if self.start >> _BOOT_BITS != here.start >> _BOOT_BITS:
            return False
        return _start_ticks(self.pid) not in (_HIDDEN, self.start & ((1 << _BOOT_BITS) - 1))


def _start_ticks(pid: int) -> int | None:
    """Start time of a process, -1 when it lives but may not be looked at (hidepid), None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return _HIDDEN
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


class Claim:
    """A claim this instance holds. Its `lost()` makes no system call, so it answers even while the spool hangs."""

    def __init__(
        self, name: RequestName, lease: SoftFileLease, look: FileStatus, attempts: int, clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.attempts = attempts
        self.token = lease.token or secrets.token_hex(16)
        self._lease = lease
        self._inode = look.inode
        self._beat_ns = look.mtime_ns
        self._clock = clock
        self._looked = self._safe_since = clock()
        self._gone = False

    def probe(self, spool: Spool) -> None:
        """Look whether the heartbeat still reaches the claim. May hang as long as the file system does."""
        now = self._clock()
        try:
            look = spool.look(self.name.lock_name, own=True)
        except OSError:
            return
        if look is None or look.inode != self._inode:
            # One missing look may be a peer that grabbed the claim to judge it and gives it back.
            if self._clock() - self._safe_since > self._lease.lease_duration / 3:
                self._gone = True
            return
        if look.mtime_ns != self._beat_ns:
            # The beat came after the look before this one, which still showed the old time.
            self._beat_ns, self._safe_since = look.mtime_ns, self._looked
        self._looked = now

    def lost(self) -> bool:
        """Whether others may think this claim dead by now, judged on this host's own clock alone."""
        margin = self._lease.lease_duration * 2 / 3
        return self._gone or self._lease.compromise is not None or self._clock() - self._safe_since > margin

    def is_ours(self, spool: Spool) -> bool:
        """Whether the claim in the spool is this one, looked up now."""
        look = spool.look(self.name.lock_name, own=True)
        return look is not None and look.inode == self._inode and not self.lost()

    def release(self) -> None:
        """Give the claim up. Only our own lock file is removed, never a successor's."""
        with contextlib.suppress(OSError):
            self._lease.release(force=True)


class _Found(Enum):
    NOTHING = auto()
    ALIVE = auto()
    DEAD = auto()
    """It was, and is out of the way now."""


@dataclass(slots=True)
class _Watched:
    version: tuple[int, int, int]
    record: bytes
    since: float


class Claims:
    """Wins claims and takes over those whose holders are gone.

    Args:
        spool: The spool.
        lease_duration: Seconds a claim of another host must stand still before it is taken for dead. All instances on
            a spool must agree on it.
        clock: This host's monotonic clock.
    """

    def __init__(self, spool: Spool, lease_duration: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._spool = spool
        self._lease_duration = lease_duration
        self._clock = clock
        self._here = Holder.this_process()
        self._watched: dict[str, _Watched] = {}
        self._held: dict[str, Claim] = {}
        self._lock = threading.Lock()

    @property
    def held(self) -> tuple[Claim, ...]:
        """The claims this instance holds now."""
        with self._lock:
            return tuple(self._held.values())

    def claim(self, name: RequestName) -> Claim | None:
        """Claim a request, or return None while somebody else holds it.

        Raises:
            OSError: When the spool is in trouble.
        """
        if self._spool.peek(name.lock_name) is not None:
            found = self._take_aside(name)
            if found is _Found.ALIVE:
                return None
            if found is _Found.DEAD:
                log.warning("took over a dead claim", stem=name.stem, attempts=self.add_attempt(name))
        lease = SoftFileLease(
            self._spool.path / name.lock_name,
            lease_duration=self._lease_duration,
            timeout=0,
            thread_local=False,
            is_singleton=False,
            mode=0o660,
        )
        try:
            lease.acquire(timeout=0)
        except (Timeout, LeaseSettingsMismatch):
            return None
        try:
            look = self._spool.look(name.lock_name, own=True)
            if look is None:
                lease.release(force=True)
                return None
            claim = Claim(name, lease, look, self.attempts(name), self._clock)
        except BaseException:
            lease.release(force=True)
            raise
        with self._lock:
            self._held[name.stem] = claim
            self._watched.pop(name.stem, None)
        return claim

    def release(self, claim: Claim) -> None:
        """Give a claim up, whether or not it is still ours."""
        with self._lock:
            if self._held.get(claim.name.stem) is claim:
                del self._held[claim.name.stem]
        claim.release()

    def is_dead(self, name: RequestName) -> bool:
        """Whether the claim's holder is gone. Ask again and again: a claim of another host must be watched for a while.

        A holder on this host is dead once its process has ended; any other once the record, inode and times have stood
        still for `lease_duration` on this host's monotonic clock. Two hosts' clocks are never compared.
        """
        try:
            record, look = self._spool.read(name.lock_name, MAX_RECORD_BYTES)
        except FileNotFoundError:
            self._watched.pop(name.stem, None)
            return False
        except NotOrdinary as odd:
            record, look = b"", odd.look
        except (TooLarge, PermissionError):
            found = self._spool.look(name.lock_name)
            if found is None:
                return False
            record, look = b"", found
        holder = Holder.parse(record)
        if holder is not None and holder.is_gone(self._here):
            return True
        now = self._clock()
        watched = self._watched.get(name.stem)
        if watched is None or (watched.version, watched.record) != (look.version, record):
            self._watched[name.stem] = _Watched(look.version, record, now)
            return False
        return now - watched.since >= self._lease_duration

    def is_orphan(self, name: RequestName) -> bool:
        """Whether the claim's holder was a process of this host that has ended. One look tells, unlike `is_dead`."""
        try:
            record, _ = self._spool.read(name.lock_name, MAX_RECORD_BYTES)
        except (FileNotFoundError, PermissionError, NotOrdinary, TooLarge):
            return False
        holder = Holder.parse(record)
        return holder is not None and holder.is_gone(self._here)

    def remove_dead(self, name: RequestName) -> bool:
        """Remove the claim on a request that is gone, when its holder is, too. Ask again and again, as with `is_dead`.

        Returns:
            Whether it was removed.
        """
        if self._take_aside(name) is not _Found.DEAD:
            return False
        self.clear_attempts(name)
        return True

    def forget(self, present: Callable[[str], bool]) -> None:
        """Drop what was remembered of claims whose stem is not `present` any more."""
        # A copy, for device threads watch claims meanwhile.
        for stem in list(self._watched):
            if not present(stem):
                self._watched.pop(stem, None)

    def _take_aside(self, name: RequestName) -> _Found:
        """Move a dead claim out of the way. One contender wins; a claim that came to life is put back."""
        judged = self._spool.look(name.lock_name)
        if judged is None:
            return _Found.NOTHING
        if not self.is_dead(name):
            return _Found.ALIVE
        aside = aside_name(name.stem, secrets.token_hex(8))
        if not self._spool.rename(name.lock_name, aside):
            return _Found.NOTHING
        grabbed = self._spool.look(aside)
        alive = grabbed is not None and grabbed.version != judged.version
        if alive:
            self._spool.put_back(aside, name.lock_name)
        with contextlib.suppress(IsADirectoryError, PermissionError):
            self._spool.remove(aside)
        self._watched.pop(name.stem, None)
        return _Found.ALIVE if alive else _Found.DEAD

    def attempts(self, name: RequestName) -> int:
        """How many runs of this request have been lost with their claim or their worker so far."""
        try:
            content, _ = self._spool.read(attempts_path(name.stem), MAX_RECORD_BYTES)
            count = json.loads(content)["attempts"]
            return min(max(0, count), _MAX_ATTEMPTS) if isinstance(count, int) else 0
        except (FileNotFoundError, NotOrdinary, TooLarge, ValueError, KeyError, TypeError, RecursionError):
            return 0

    def add_attempt(self, name: RequestName) -> int:
        """Count one more lost run, where all hosts see it. To be called by the claim's holder.

        Returns:
            The new count.
        """
        count = self.attempts(name) + 1
        # Uncounted, a request that ends its worker would be tried without end.
        self._spool.replace(attempts_path(name.stem), json.dumps({"attempts": count}).encode())
        return count

    def clear_attempts(self, name: RequestName) -> None:
        """Forget the lost runs of a request that has its answer."""
        self._spool.remove(attempts_path(name.stem))


def keep(claims: Claims, spool: Spool, stop: threading.Event, interval: float) -> None:
    """Probe the held claims every `interval` seconds until `stop` is set; the body of the claim keeper's thread.

    It has a thread of its own because on a hard network mount a probe hangs while the server is away. Nobody waits for
    it: `Claim.lost()` notices that its news have dried up.
    """
    while not stop.wait(interval):
        for claim in claims.held:
            claim.probe(spool)


def this_host() -> str:
    """Host name for people to read."""
    return os.uname().nodename
