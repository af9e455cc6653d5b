"""What memory a worker process has taken, as it tells the daemon."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from spectacle.generators.base import Device
from spectacle.generators.placement import backends

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def memory_of(device: Device, statm: Path = _STATM) -> dict[str, int]:
    """Bytes that this process has taken, as far as that is known.

    Args:
        device: Where its generators run.
        statm: Where the kernel tells it.

    Returns:
        `host`: what is resident in the host's memory, with what other processes share of it. Only Linux tells it.
        `gpu`: what torch has taken of the GPU, or of both of a pair, without the driver's context; only once it has
        taken some.
    """
    memory: dict[str, int] = {}
    with contextlib.suppress(OSError):
        # Without a file object, whose opening makes six more system calls: it is read twice for each job.
        descriptor = os.open(statm, os.O_RDONLY | os.O_CLOEXEC)
        try:
            memory["host"] = int(os.read(descriptor, 256).split()[1]) * _PAGE_BYTES
        finally:
            os.close(descriptor)
    if device.kind != "cpu" and "torch" in sys.modules:
        backend = backends.of(device.kind)
        if taken := sum(map(backend.reserved, device.numbers)):
            memory["gpu"] = taken
    return memory
