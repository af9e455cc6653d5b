"""Measures what memory is free on this machine."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError
from spectacle.generators.base import Device
from spectacle.generators.placement import backends
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
        return Machine(ram, bf16=_multiplies_bf16(), packages=_installed())
    backend = backends.of(device.kind)
    backend.make_current(device.index)
    found = [backend.memory(number) for number in device.numbers]
    free = []
    for number, each in zip(device.numbers, found, strict=True):
        limit = _limit(settings.vram_limit, each.total, device.share)
        if limit is not None:
            backend.hold_to(min(1.0, limit / each.total), number)
        free.append(max(0, each.free if limit is None else min(each.free, limit - each.used)))
    return _machine(device, ram, free, bf16=backend.multiplies_bf16(device.index), unified=found[0].unified)


def look(device: Device, settings: PlacementSettings) -> Machine:
    """What is free now, without torch in this process: a GPU is asked by a short-lived child process.

    Raises:
        GeneratorError: When the GPU cannot be asked; the message says why.
    """
    ram = free_ram(settings.ram_limit)
    if device.kind == "cpu":
        return Machine(ram, bf16=_multiplies_bf16(), packages=_installed())
    asked = [_asked(device.kind, number) for number in device.numbers]
    free = []
    for is_free, total, _, _ in asked:
        limit = _limit(settings.vram_limit, total, device.share)
        free.append(is_free if limit is None else min(is_free, limit))
    return _machine(device, ram, free, bf16=asked[0][2], unified=asked[0][3])


def _machine(device: Device, ram: int, free: list[int], *, bf16: bool, unified: bool) -> Machine:
    """A machine with so many bytes free of each of a device's GPUs."""
    machine = Machine(ram, free[0], backends.of(device.kind).kind, bf16, _installed(), unified=unified)
    return machine if device.second is None else replace(machine, second=free[1], second_gpu=device.second)


def _limit(vram_limit: int | None, total: int, share: int) -> int | None:
    """Most bytes of a GPU that one worker may use, or None for all of them."""
    limits = [each for each in (vram_limit, total // share if share > 1 else None) if each is not None]
    return min(limits, default=None)


def _installed() -> frozenset[str]:
    return frozenset(name for name in LIBRARIES.values() if find_spec(name) is not None)


@functools.cache
def _asked(kind: str, index: int) -> tuple[int, int, bool, bool]:
    """Free and total bytes of a GPU, whether it multiplies bf16, and whether its memory is the host's."""
    if find_spec("torch") is None:
        raise GeneratorError(
            "torch is missing, so the GPU's memory is unknown. Run `pip install '.[diffusion]'` in the clone."
        )
    command = module_command("spectacle.generators.placement.memory", kind, str(index))
    remedy = backends.of(kind).remedy
    try:
        told = subprocess.run(
            command, env=module_environment(), capture_output=True, text=True, timeout=ASKING_SECONDS, check=True
        ).stdout
    except subprocess.TimeoutExpired:
        raise GeneratorError(f"{kind}:{index}: did not respond within {ASKING_SECONDS} s. {remedy}".rstrip()) from None
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise GeneratorError(f"{kind}:{index}: cannot be used: {last[0]}. {remedy}".rstrip()) from None
    free, total, bf16, unified = json.loads(told)
    return free, total, bf16, unified


@functools.cache
def _multiplies_bf16(proc: Path = _PROC) -> bool:
    try:
        flags = re.findall(r"^(?:flags|Features)\s*:(.*)$", (proc / "cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(" ".join(flags[:1]).split()))


if __name__ == "__main__":
    asked, number = backends.of(sys.argv[1]), int(sys.argv[2])
    asked.make_current(number)
    of_gpu = asked.memory(number)
    sys.stdout.write(json.dumps([of_gpu.free, of_gpu.total, asked.multiplies_bf16(number), of_gpu.unified]))
    sys.stdout.flush()
    os._exit(0)
