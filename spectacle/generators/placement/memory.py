"""Measures what memory is free on this machine."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError
from spectacle.generators.base import Device
from spectacle.generators.placement.plan import LIBRARIES, Machine

ASKING_SECONDS = 120
"""Longest the child process may take that asks a GPU: the import of torch from a cold disk can take a minute."""

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")


def measure(device: Device, settings: PlacementSettings) -> Machine:
    """What is free now for this process; what torch has cached and does not use counts as free.

    Imports torch for a GPU, makes it the current one, and holds the process to `vram_limit` from now on.
    """
    ram = free_ram(settings.ram_limit)
    if device.kind == "cpu":
        return Machine(ram, cpu_bf16=_multiplies_bf16(), packages=_installed())
    import torch

    torch.cuda.set_device(device.index)
    free, total = torch.cuda.mem_get_info(device.index)
    free += torch.cuda.memory_reserved(device.index) - torch.cuda.memory_allocated(device.index)
    if settings.vram_limit is not None:
        torch.cuda.set_per_process_memory_fraction(min(1.0, settings.vram_limit / total), device.index)
        free = min(free, settings.vram_limit - torch.cuda.memory_allocated(device.index))
    capability = torch.cuda.get_device_capability(device.index)
    return Machine(ram, max(0, free), capability, _multiplies_bf16(), _installed())


def look(device: Device, settings: PlacementSettings) -> Machine:
    """What is free now, without torch in this process: a GPU is asked by a short-lived child process.

    Raises:
        GeneratorError: When the GPU cannot be asked; the message says why.
    """
    ram = free_ram(settings.ram_limit)
    if device.kind == "cpu":
        return Machine(ram, cpu_bf16=_multiplies_bf16(), packages=_installed())
    free, capability = _asked(device.index)
    if settings.vram_limit is not None:
        free = min(free, settings.vram_limit)
    return Machine(ram, free, capability, _multiplies_bf16(), _installed())


def _installed() -> frozenset[str]:
    return frozenset(name for name in LIBRARIES.values() if find_spec(name) is not None)


@functools.cache
def _asked(index: int) -> tuple[int, tuple[int, int]]:
    if find_spec("torch") is None:
        raise GeneratorError("the GPU cannot be asked without torch: run: pip install 'spectacle-daemon[diffusion]'")
    command = [sys.executable, "-m", "spectacle.generators.placement.memory", str(index)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=ASKING_SECONDS, check=True).stdout
    except subprocess.TimeoutExpired:
        raise GeneratorError(f"cuda:{index} did not answer within {ASKING_SECONDS} s: try nvidia-smi") from None
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise GeneratorError(f"cuda:{index} cannot be used: {last[0]}") from None
    free, major, minor = json.loads(told)
    return free, (major, minor)


def free_ram(limit: int | None = None, *, proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int:
    """Bytes of the host's memory that this process may still take.

    What the kernel calls available, within the limits of the cgroup (version 2 or 1) and of its parents.

    Args:
        limit: Most bytes this process may have in all, or None.
        proc: Where proc is mounted.
        cgroups: Where cgroups are mounted.
    """
    fields = _kilobytes(proc / "meminfo")
    free = fields["MemAvailable"]
    for group in _groups(proc, cgroups):
        free = min(free, group)
    if limit is not None:
        own = _kilobytes(proc / "self/status")
        free = min(free, limit - own.get("RssAnon", 0) - own.get("RssShmem", 0))
    return max(0, free)


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
    found = re.findall(r"^(\w+):\s+(\d+) kB$", path.read_text(), re.MULTILINE)
    return {name: int(number) * 1024 for name, number in found}


@functools.cache
def _multiplies_bf16(proc: Path = _PROC) -> bool:
    try:
        flags = re.findall(r"^(?:flags|Features)\s*:(.*)$", (proc / "cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(" ".join(flags[:1]).split()))


if __name__ == "__main__":
    asked = measure(Device("cuda", int(sys.argv[1])), PlacementSettings())
    assert asked.capability is not None
    sys.stdout.write(json.dumps([asked.vram, *asked.capability]))
    sys.stdout.flush()
    os._exit(0)
