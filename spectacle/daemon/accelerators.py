"""Which GPUs of which makers are on this machine, and whether the installed torch can use them; imports none."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spectacle.generators.placement.torch_build import torch_build

_ROOT = Path("/")
_AMD = "0x1002"
_INTEL = "0x8086"
_IN_CPU = "0000:00:02.0"
"""Where the PCI bus has the graphics of Intel's CPUs."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """The GPUs of one maker.

    Attributes:
        name: What they are, for people, such as `NVIDIA`.
        count: How many of them this process may use.
        why_not: Why they are not used, as a clause with a remedy; empty for those that are.
        kind: Torch's name for them: `cuda`, which are AMD's too, `xpu` or `mps`.
    """

    name: str
    count: int
    why_not: str = ""
    kind: str = "cuda"


def find_accelerators(environment: Mapping[str, str] | None = None, root: Path = _ROOT) -> list[Accelerator]:
    """The GPUs that are here.

    Args:
        environment: The process's variables; some hide GPUs.
        root: Where the machine's files are.
    """
    environment = os.environ if environment is None else environment
    return [each for each in _all(environment, root, torch_build()) if each.count]


def _all(environment: Mapping[str, str], root: Path, build: str) -> Iterator[Accelerator]:
    visible = _visible(environment, "CUDA_VISIBLE_DEVICES")
    nvidia = _nvidia(root)
    amd = _amd(root)
    if visible is not None and not amd:
        nvidia = visible
    why = ""
    if build.startswith(("rocm", "xpu", "cpu")):
        why = f"the installed torch is built for {build}; install one for CUDA"
    yield Accelerator("NVIDIA", nvidia, why)
    hidden = [_visible(environment, name) for name in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")]
    if build.startswith("rocm") and not amd and not nvidia and (root / "dev/dxg").exists():
        amd = 1  # in WSL2, where the kernel's compute driver is not
    amd = min([amd, *(each for each in (*hidden, visible) if each is not None)])
    why = "" if build.startswith("rocm") else "the installed torch is not built for ROCm; install one that is"
    yield Accelerator("AMD", amd, why)
    cards, integrated = _intel(root)
    if build.startswith("xpu"):
        intel = cards or integrated  # torch leaves out the one in the CPU where there are others
        if (affinity := _visible(environment, "ZE_AFFINITY_MASK")) is not None:
            intel = min(intel, affinity)
        yield Accelerator("Intel", intel, kind="xpu")
    else:
        # One is part of most of Intel's CPUs; without torch for it, nobody expects that to be used.
        why = "the installed torch is not built for Intel GPUs (XPU); install one that is"
        yield Accelerator("Intel", cards, why, "xpu")
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        yield Accelerator("Apple", 1, kind="mps")


def _visible(environment: Mapping[str, str], name: str) -> int | None:
    """How many GPUs a variable leaves visible, None for all."""
    value = environment.get(name)
    if value is None:
        return None
    return len([part for part in value.split(",") if part.strip() and part.strip() != "-1"])


def _nvidia(root: Path) -> int:
    try:
        return sum(1 for _ in (root / "proc/driver/nvidia/gpus").iterdir())
    except OSError:
        pass
    devices = sum(1 for each in (root / "dev").glob("nvidia*") if re.fullmatch(r"nvidia[0-9]+", each.name))
    if devices:
        return devices
    # In WSL2 all GPUs are behind one device; the driver's library is there for NVIDIA's.
    wsl = (root / "dev/dxg").exists() and any((root / "usr/lib/wsl/lib").glob("libcuda.so*"))
    return 1 if wsl else 0


def _amd(root: Path) -> int:
    """The nodes of the kernel's compute driver that have vector units: those of CPUs have none."""
    if not (root / "dev/kfd").exists():
        return 0
    count = 0
    for file in (root / "sys/class/kfd/kfd/topology/nodes").glob("*/properties"):
        try:
            found = re.search(r"^simd_count (\d+)$", file.read_text(), re.MULTILINE)
        except OSError:
            continue
        count += found is not None and int(found[1]) > 0
    # Containers may hide the topology.
    return count or len(_drm(root, _AMD))


def _intel(root: Path) -> tuple[int, int]:
    """How many graphics cards there are, and whether there is one in the CPU (1 or 0)."""
    cards = _drm(root, _INTEL)
    integrated = [each for each in cards if each.resolve().name == _IN_CPU]
    # In WSL2 all GPUs are behind one device, which does not say whose they are.
    hidden = not cards and (root / "dev/dxg").exists()
    return len(cards) - len(integrated), len(integrated) or int(hidden)


def _drm(root: Path, vendor: str) -> list[Path]:
    """The graphics cards of a maker, as the kernel's directories of their devices."""
    cards = []
    for file in (root / "sys/class/drm").glob("card*/device/vendor"):
        if re.fullmatch(r"card\d+", file.parent.parent.name):
            try:
                found = file.read_text().strip()
            except OSError:
                continue
            if found == vendor:
                cards.append(file.parent)
    return cards
