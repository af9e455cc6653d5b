"""Measures what memory is free on this machine."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError
from spectacle.generators.base import Device
from spectacle.generators.placement.host_memory import free_ram
from spectacle.generators.placement.plan import LIBRARIES, Machine
from spectacle.processes import module_command, module_environment

ASKING_SECONDS = 120
"""Maximum time for the child process that asks a GPU: the import of torch from a cold disk can take a minute."""

_PROC = Path("/proc")


def measure(device: Device, settings: PlacementSettings) -> Machine:
    """What is free now for this process; what torch has cached and does not use counts as free.

    Imports torch for a GPU, makes it the current one, and holds the process to `vram_limit` and to its share of the GPU
    from now on.
    """
    ram = free_ram(settings.ram_limit)
    if device.kind == "cpu":
        return Machine(ram, cpu_bf16=_multiplies_bf16(), packages=_installed())
    import torch

    torch.cuda.set_device(device.index)
    free, total = torch.cuda.mem_get_info(device.index)
    free += torch.cuda.memory_reserved(device.index) - torch.cuda.memory_allocated(device.index)
    limit = _limit(settings.vram_limit, total, device.share)
    if limit is not None:
        torch.cuda.set_per_process_memory_fraction(min(1.0, limit / total), device.index)
        free = min(free, limit - torch.cuda.memory_allocated(device.index))
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
    free, total, capability = _asked(device.index)
    limit = _limit(settings.vram_limit, total, device.share)
    if limit is not None:
        free = min(free, limit)
    return Machine(ram, free, capability, _multiplies_bf16(), _installed())


def _limit(vram_limit: int | None, total: int, share: int) -> int | None:
    """Most bytes of a GPU that one worker may use, or None for all of them."""
    limits = [each for each in (vram_limit, total // share if share > 1 else None) if each is not None]
    return min(limits, default=None)


def _installed() -> frozenset[str]:
    return frozenset(name for name in LIBRARIES.values() if find_spec(name) is not None)


@functools.cache
def _asked(index: int) -> tuple[int, int, tuple[int, int]]:
    if find_spec("torch") is None:
        raise GeneratorError(
            "torch is missing, so the GPU's memory is unknown. Run `pip install '.[diffusion]'` in the clone."
        )
    command = module_command("spectacle.generators.placement.memory", str(index))
    try:
        told = subprocess.run(
            command, env=module_environment(), capture_output=True, text=True, timeout=ASKING_SECONDS, check=True
        ).stdout
    except subprocess.TimeoutExpired:
        raise GeneratorError(
            f"cuda:{index}: did not respond within {ASKING_SECONDS} s. Run nvidia-smi to see why."
        ) from None
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise GeneratorError(f"cuda:{index}: cannot be used: {last[0]}. Run nvidia-smi to see why.") from None
    free, total, major, minor = json.loads(told)
    return free, total, (major, minor)


@functools.cache
def _multiplies_bf16(proc: Path = _PROC) -> bool:
    try:
        flags = re.findall(r"^(?:flags|Features)\s*:(.*)$", (proc / "cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(" ".join(flags[:1]).split()))


if __name__ == "__main__":
    number = int(sys.argv[1])
    asked = measure(Device("cuda", number), PlacementSettings())
    assert asked.capability is not None
    sys.stdout.write(json.dumps([asked.vram, sys.modules["torch"].cuda.mem_get_info(number)[1], *asked.capability]))
    sys.stdout.flush()
    os._exit(0)
