"""The claim on a request: winning it, keeping it, knowing when it is lost, and taking over a dead holder's.

A claim is a hint that saves work. What keeps results right is the commit (`spectacle.spool.commit`), because a holder
that was paused or cut off past its lease may come back and finish late.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import structlog

from spectacle.spool.attempts import add_attempt, clear_attempts, read_attempts
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.held_file import HeldFile
from spectacle.spool.lease import Holder, LeaseRecords, request_field
from spectacle.spool.naming import RequestName, aside_name

log = structlog.get_logger()

MAX_RECORD_BYTES = 4096
_BEATS = 4
"""How often in `lease_duration` a claim's heartbeat falls due."""


class Claim:
    """A claim this instance holds. Its `lost()` makes no system call, so it works even while the spool hangs.

    Attributes:
        spool: The spool, held to the directory in which the request was claimed.
        name: The request.
        token: Distinguishes this claim from another of the same request.
        taken_over: Whether a dead holder's claim was taken away for it.

    Args:
        spool: As above.
        name: As above.
        token: As above.
        file: The lock file.
        look: What it looked like.
        taken_over: As above.
        lease_duration: Seconds without a heartbeat after which others may think this claim dead.
        clock: This host's monotonic clock.
    """

    def __init__(
        self,
        spool: Spool,
        name: RequestName,
        token: str,
        file: HeldFile,
        look: FileStatus,
        taken_over: bool,
        lease_duration: float,
        clock: Callable[[], float],
    ) -> None:
        self.spool = spool
        self.name = name
        self.token = token
        self.taken_over = taken_over
        self._file = file
        self._beat_ns = look.mtime_ns
        self._lease_duration = lease_duration
        self._clock = clock
        self._looked = self._safe_since = self._beaten = clock()
        self._gone = False

    def probe(self) -> None:
        """Check whether the heartbeat still reaches the claim, and let it beat when that is due.

        May hang as long as the file system does.
        """
        now = self._clock()
        try:
            look = self.spool.look(self.name.lock_name, own=True)
        except OSError:
            return
        if look is None or look.inode != self._file.inode:
            # One missed check may be a peer that grabbed the claim to judge it and releases it.
            if self._clock() - self._safe_since > self._lease_duration / 3:
                self._gone = True
            return
        if look.mtime_ns != self._beat_ns:
            # The beat came after the check before this one, which still showed the old time.
            self._beat_ns, self._safe_since = look.mtime_ns, self._looked
        self._looked = now
        if now - self._beaten >= self._lease_duration / _BEATS:
            # A beat that fails is noticed by the time of the file, which then does not change.
            with contextlib.suppress(OSError):
                self._file.touch()
                self._beaten = now

    def lost(self) -> bool:
        """Whether others may think this claim dead by now, judged on this host's own clock alone."""
        return self._gone or self._clock() - self._safe_since > self._lease_duration * 2 / 3

    def is_ours(self) -> bool:
        """Whether the claim in the spool is this one, looked up now."""
        look = self.spool.look(self.name.lock_name, own=True)
        return look is not None and look.inode == self._file.inode and not self.lost()

    def charge(self, version: tuple[int, int, int]) -> None:
        """Have this version of the request pay with an attempt from now on, should its holder die.

        Raises:
            OSError: When that cannot be written.
        """
        self._file.append(f"request={request_field(version)}\n".encode())
        # Over NFS it is the closing that writes it to the server.
        self.spool.look(self.name.lock_name, own=True)

    def release(self) -> None:
        """Give the claim up. Only our own lock file is removed, never a successor's."""
        with contextlib.suppress(OSError):
            self._file.remove()


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
        lease_duration: Seconds a claim of another host must remain unchanged before it is considered dead. All
            instances on a spool must agree on it.
        clock: This host's monotonic clock.
        records: What claims of this process say, and which processes have ended; learnt from filelock by default.
    """

    def __init__(
        self,
        spool: Spool,
        lease_duration: float,
        clock: Callable[[], float] = time.monotonic,
        records: LeaseRecords | None = None,
    ) -> None:
        self._spool = spool
        self._lease_duration = lease_duration
        self._clock = clock
        self._records = LeaseRecords.learn(lease_duration) if records is None else records
        self._watched: dict[str, _Watched] = {}
        self._held: dict[str, Claim] = {}
        self._lock = threading.Lock()

    @property
    def held(self) -> tuple[Claim, ...]:
        """The claims this instance holds now."""
        with self._lock:
            return tuple(self._held.values())

    def claim(self, name: RequestName, version: tuple[int, int, int] | None = None) -> Claim | None:
        """Claim a request, or return None while somebody else holds it. It is kept by `keep`.

        Args:
            name: The request.
            version: The version of it that is to be served, which an attempt that is lost will count for.

        Raises:
            OSError: When the spool is in trouble.
        """
        spool = self._spool.pinned()
        claim = self._create(spool, name, version, taken_over=False)
        if claim is None:
            found, record = self._take_aside(spool, name)
            if found is _Found.ALIVE:
                return None
            claim = self._create(spool, name, version, taken_over=found is _Found.DEAD)
            if claim is not None and claim.taken_over:
                log.warning("took over a dead claim", stem=name.stem, attempts=_count_lost(spool, name, record))
        if claim is not None:
            with self._lock:
                self._held[name.stem] = claim
                self._watched.pop(name.stem, None)
        return claim

    def _create(
        self, spool: Spool, name: RequestName, version: tuple[int, int, int] | None, *, taken_over: bool
    ) -> Claim | None:
        token, record = self._records.new(version)
        try:
            file = HeldFile.create(spool, name.lock_name, record, self._records.mode)
        except FileExistsError:
            return None
        try:
            # Opened again: over NFS it is the closing that writes the record to the server.
            look = spool.look(name.lock_name, own=True)
            if look is not None and look.inode == file.inode:
                return Claim(spool, name, token, file, look, taken_over, self._lease_duration, self._clock)
        except BaseException:
            with contextlib.suppress(OSError):
                file.remove()
            raise
        with contextlib.suppress(OSError):
            file.remove()
        return None

    def release(self, claim: Claim) -> None:
        """Give a claim up, whether or not it is still ours."""
        with self._lock:
            if self._held.get(claim.name.stem) is claim:
                del self._held[claim.name.stem]
        claim.release()

    def is_dead(self, name: RequestName) -> bool:
        """As `_is_dead`, in the directory that is open now."""
        return self._is_dead(self._spool, name)

    def _is_dead(self, spool: Spool, name: RequestName) -> bool:
        """Whether the claim's holder is gone. Ask again and again: a claim of another host must be watched for a while.

        A holder on this host is dead once its process has ended; any other once the record, inode and times have stood
        still for `lease_duration` on this host's monotonic clock. Two hosts' clocks are never compared.
        """
        try:
            record, look = spool.read(name.lock_name, MAX_RECORD_BYTES)
        except FileNotFoundError:
            self._watched.pop(name.stem, None)
            return False
        except NotOrdinary as odd:
            record, look = b"", odd.look
        except (TooLarge, PermissionError):
            found = spool.look(name.lock_name)
            if found is None:
                return False
            record, look = b"", found
        if self._records.names_ended(record):
            return True
        now = self._clock()
        watched = self._watched.get(name.stem)
        if watched is None or (watched.version, watched.record) != (look.version, record):
            self._watched[name.stem] = _Watched(look.version, record, now)
            return False
        return now - watched.since >= self._lease_duration

    def is_orphan(self, name: RequestName) -> bool:
        """Whether the claim's holder was a process of this host that has ended; one check is enough."""
        try:
            record, _ = self._spool.read(name.lock_name, MAX_RECORD_BYTES)
        except (FileNotFoundError, PermissionError, NotOrdinary, TooLarge):
            return False
        return self._records.names_ended(record)

    def remove_dead(self, name: RequestName) -> bool:
        """Remove the claim on a request that is gone, when its holder is, too. Ask again and again, as with `is_dead`.

        Returns:
            Whether it was removed.
        """
        found, _ = self._take_aside(self._spool, name)
        if found is not _Found.DEAD:
            return False
        clear_attempts(self._spool, name)
        return True

    def forget(self, present: Callable[[str], bool]) -> None:
        """Drop what was remembered of claims whose stem is not `present` any more."""
        # A copy, for device threads watch claims meanwhile.
        for stem in list(self._watched):
            if not present(stem):
                self._watched.pop(stem, None)

    def _take_aside(self, spool: Spool, name: RequestName) -> tuple[_Found, bytes]:
        """Move a dead claim out of the way. One contender wins; a claim that came to life is put back.

        Returns:
            What was found, and the dead claim's record.
        """
        judged = spool.look(name.lock_name)
        if judged is None:
            return _Found.NOTHING, b""
        if not self._is_dead(spool, name):
            return _Found.ALIVE, b""
        aside = aside_name(name.stem, secrets.token_hex(8))
        if not spool.rename(name.lock_name, aside):
            return _Found.NOTHING, b""
        grabbed = spool.look(aside)
        alive = grabbed is not None and grabbed.version != judged.version
        record = b""
        if alive:
            spool.put_back(aside, name.lock_name)
        else:
            with contextlib.suppress(FileNotFoundError, NotOrdinary, TooLarge, PermissionError):
                record, _ = spool.read(aside, MAX_RECORD_BYTES)
        with contextlib.suppress(IsADirectoryError, PermissionError):
            spool.remove(aside)
        self._watched.pop(name.stem, None)
        return (_Found.ALIVE if alive else _Found.DEAD), record


def _count_lost(spool: Spool, name: RequestName, record: bytes) -> int:
    """Count the attempt that ended with its holder, for the version of the request that it was at.

    Returns:
        How many attempts at the request as it is now were lost.
    """
    request = spool.look(name.file_name)
    if request is None:
        return 0
    holder = Holder.parse(record)
    # Without a complete record nothing had been begun; and what was begun may have been for another version.
    if holder is None or holder.request not in (None, request_field(request.version)):
        return read_attempts(spool, name, request.version)
    return add_attempt(spool, name, request.version, holder.token or "", with_daemon=True)


def keep(claims: Claims, stop: threading.Event, interval: float) -> None:
    """Probe the held claims every `interval` seconds until `stop` is set; the body of the claim keeper's thread.

    It has a thread of its own because on a hard network mount a probe hangs while the server is away. Nobody waits for
    it: `Claim.lost()` notices that its news have dried up.
    """
    while not stop.wait(interval):
        for claim in claims.held:
            claim.probe()


def this_host() -> str:
    """Host name for people to read."""
    return os.uname().nodename
