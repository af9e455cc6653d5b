"""The record of a claim: a lease of filelock, whose format this module learns from filelock itself, writes and reads.

filelock's own acquiring looks up the same things again for each lease, makes the directory where it is missing, and
starts a thread. What it does on the spool is done here through the spool's descriptor instead; what it writes is its
own, so that programs which use it and daemons of other versions understand each other.
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import SoftFileLease

_BOOT_BITS = 64
"""filelock's start token is the boot id shifted by this many bits, plus the process's start time in clock ticks."""

HIDDEN = -1
"""What stands for the start time of a process that lives but that we have no permission to examine."""

_MAX_PIDS = 2**31
_MODE = 0o660


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a claim's record names.

    filelock reads a record by its path; here it is read through the spool's descriptor, which cannot be led elsewhere.

    Attributes:
        pid: Process number on its host.
        host: Host name as filelock writes it.
        start: Start time and boot id of the process, or None when the record has none.
        token: Distinguishes this claim from another of the same request, or None.
        request: The version of the request that is served, as `request_field` writes it, `NO_REQUEST` for none, or None
            when the record says nothing of it, as that of an earlier version of Spectacle.
    """

    pid: int
    host: str
    start: int | None
    token: str | None
    request: str | None = None

    @classmethod
    def parse(cls, record: bytes) -> Holder | None:
        """Read a lease's record; None for anything else, which is then judged by its age alone."""
        try:
            first, *rest = record.decode("ascii").splitlines()
            fields = dict(line.split("=", 1) for line in rest)
            pid, start = int(fields["pid"]), fields.get("start")
            if not first.startswith("filelock/") or not 0 < pid < _MAX_PIDS:
                return None
            start_token = None if start is None else int(start)
            return cls(pid, fields["host"], start_token, fields.get("token"), fields.get("request"))
        except (ValueError, KeyError):
            return None


NO_REQUEST = "none"


def request_field(version: tuple[int, int, int] | None) -> str:
    """What a claim's record says of the request's version, in a field of Spectacle's own, which filelock ignores."""
    return NO_REQUEST if version is None else "-".join(map(str, version))


def process_start(pid: int) -> int | None:
    """Start time of a process of this host in clock ticks, `HIDDEN` under hidepid, None when there is none."""
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
        return HIDDEN
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


class LeaseRecords:
    """The records of one process's claims, and whether the process that another record names has ended.

    Args:
        example: The record of a lease of this process.
        token: The token in it, which each claim has one of its own of.
        mode: Permission bits of a claim.
        start_of: Returns the start time of a process of this host, as `process_start` does.

    Raises:
        RuntimeError: When the record has another format.
    """

    def __init__(
        self, example: bytes, token: str, mode: int, start_of: Callable[[int], int | None] = process_start
    ) -> None:
        holder = Holder.parse(example)
        self._parts = example.split(token.encode())
        if holder is None or holder.token != token or len(self._parts) != 2:
            raise RuntimeError("this version of filelock writes lease records of another form")
        self.here = holder
        self.mode = mode
        self._start_of = start_of

    @classmethod
    def learn(cls, lease_duration: float) -> LeaseRecords:
        """This process's records, learnt by having filelock make a lease in a scratch directory.

        Args:
            lease_duration: Seconds; it stands in the record.
        """
        with tempfile.TemporaryDirectory(prefix="spectacle-") as scratch:
            path = Path(scratch, "self.lock")
            with SoftFileLease(path, lease_duration=lease_duration, is_singleton=False, mode=_MODE) as lease:
                return cls(path.read_bytes(), str(lease.token), stat.S_IMODE(path.stat().st_mode))

    def new(self, request: tuple[int, int, int] | None) -> tuple[str, bytes]:
        """The token and the record of a further claim.

        Args:
            request: The version of the request that is to be served under it, as `FileStatus.version`; None when the
                claim is only for finishing or refusing something.
        """
        token = secrets.token_hex(16)
        return token, token.encode().join(self._parts) + f"request={request_field(request)}\n".encode()

    def names_ended(self, record: bytes) -> bool:
        """Whether the process named provably ended: same host, same boot, and none of that number and start."""
        holder = Holder.parse(record)
        if holder is None or holder.host != self.here.host or holder.start is None or self.here.start is None:
            return False
        if holder.start >> _BOOT_BITS != self.here.start >> _BOOT_BITS:
            return False
        return self._start_of(holder.pid) not in (HIDDEN, holder.start & ((1 << _BOOT_BITS) - 1))
