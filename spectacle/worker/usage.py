"""What memory a worker process has taken, as it tells the daemon."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from spectacle.generators.base import Device

_STATM = Path("/proc/self/statm")


def memory_of(device: Device, statm: Path = _STATM) -> dict[str, int]:
    """Bytes that this process has taken, as far as that is known.

    Args:
        device: Where its generators run.
        statm: Where the kernel tells it.

    Returns:
        `host`: what is resident in the host's memory, with what other processes share of it. Only Linux tells it.
        `gpu`: what torch has taken of the GPU, without the context of CUDA; only once a generator has imported it.
    """
    memory: dict[str, int] = {}
    with contextlib.suppress(OSError):
        memory["host"] = int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    torch = sys.modules.get("torch")
    if device.kind != "cpu" and torch is not None and torch.cuda.is_initialized():
        memory["gpu"] = torch.cuda.memory_reserved(device.index)
    return memory
