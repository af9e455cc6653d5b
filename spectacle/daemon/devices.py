"""Which devices this machine has, found without importing torch."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from spectacle.errors import ConfigurationError
from spectacle.generators.base import Device

_NVIDIA = Path("/proc/driver/nvidia/gpus")


def gpu_count(environment: dict[str, str] | None = None) -> int:
    """How many NVIDIA GPUs this process may use: those the driver has, cut down by `CUDA_VISIBLE_DEVICES`."""
    environment = dict(os.environ) if environment is None else environment
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([part for part in visible.split(",") if part.strip() and part.strip() != "-1"])
    try:
        return sum(1 for _ in _NVIDIA.iterdir())
    except OSError:
        return sum(1 for entry in Path("/dev").glob("nvidia*") if re.fullmatch(r"nvidia[0-9]+", entry.name))


def find_devices(names: Sequence[str]) -> list[Device]:
    """The devices that `workers.devices` names; `auto` is every GPU, or the CPU where there is none.

    Raises:
        ConfigurationError: When one is named twice.
    """
    devices: list[Device] = []
    for name in names:
        if name == "auto":
            count = gpu_count()
            devices += [Device("cuda", index) for index in range(count)] or [Device()]
        else:
            kind, _, index = name.partition(":")
            devices.append(Device(kind, int(index or 0)))
    if len(set(devices)) < len(devices):
        raise ConfigurationError(f"workers.devices = {', '.join(names)}: a device is named twice")
    return devices
