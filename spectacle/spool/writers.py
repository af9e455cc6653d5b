"""Whether a process of this host still has a file open for writing, which only the kernel knows."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import signal

_F_SETSIG = 10


def has_writer(descriptor: int) -> bool:
    """Whether some process has a file open for writing.

    A lease on reading is granted only where nobody has. It is dropped again; whoever opens the file meanwhile
    waits for that moment.

    Args:
        descriptor: The file, opened for reading.

    Returns:
        False also where that cannot be known: on file systems without leases, on other systems than Linux, and of
        another user's file without `CAP_LEASE`.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        # Were the lease broken in this moment, the signal for that would end the process; this one is ignored.
        fcntl.fcntl(descriptor, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
