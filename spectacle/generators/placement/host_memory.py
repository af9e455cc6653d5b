"""Measures what memory of the host is free, within the limits of cgroups."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")


def free_ram(limit: int | None = None, *, proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int:
    """Bytes of the host's memory that this process may still take.

    What the kernel calls available, within the limits of the cgroup (version 2 or 1) and of its parents. Where there is
    no proc, as on macOS and the BSDs, all memory of the machine counts as available.

    Args:
        limit: Maximum number of bytes this process may have in all, or None.
        proc: Where proc is mounted.
        cgroups: Where cgroups are mounted.
    """
    free = _kilobytes(proc / "meminfo").get("MemAvailable", _installed())
    for group in _groups(proc, cgroups):
        free = min(free, group)
    if limit is not None:
        own = _kilobytes(proc / "self/status")
        free = min(free, limit - own.get("RssAnon", 0) - own.get("RssShmem", 0))
    return max(0, free)


def _installed() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _groups(proc: Path, mount: Path) -> Iterator[int]:
    """What each cgroup that this process is in has left, parents included."""
    for line in (proc / "self/cgroup").read_text().splitlines() if (proc / "self/cgroup").exists() else ():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            top, limits, used, cached = mount, ["memory.max", "memory.high"], "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            top = mount / "memory"
            limits, used, cached = ["memory.limit_in_bytes"], "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        group = top / path.lstrip("/")
        while True:
            # In a container the path may be the host's, which is not mounted; the mounted root is the container's.
            for name in limits:
                limit = _number(group / name)
                if limit is not None:
                    yield limit - (_number(group / used) or 0) + _words(group / "memory.stat").get(cached, 0)
            if group in (top, group.parent):
                break
            group = group.parent


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _words(path: Path) -> dict[str, int]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return {name: int(value) for name, _, value in (line.partition(" ") for line in lines) if value.isdecimal()}


def _kilobytes(path: Path) -> dict[str, int]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    found = re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)
    return {name: int(number) * 1024 for name, number in found}
