"""Which devices there are is found without importing torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spectacle.daemon import devices
from spectacle.daemon.devices import find_devices, gpu_count
from spectacle.errors import ConfigurationError
from spectacle.generators.base import Device


@pytest.mark.parametrize(
    ("visible", "count"), [("", 0), ("0", 1), ("0,2", 2), ("GPU-aa, GPU-bb", 2), ("-1", 0), (" ", 0)]
)
def test_the_visible_gpus_are_counted_as_cuda_would(visible: str, count: int) -> None:
    assert gpu_count({"CUDA_VISIBLE_DEVICES": visible}) == count


def test_the_drivers_own_list_counts_where_nothing_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (tmp_path / f"0000:0{number}:00.0").mkdir()
    monkeypatch.setattr(devices, "_NVIDIA", tmp_path)
    assert gpu_count({}) == 3


def test_auto_is_every_gpu_or_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpu_count", lambda: 2)
    assert find_devices(["auto"]) == [Device("cuda", 0), Device("cuda", 1)]
    monkeypatch.setattr(devices, "gpu_count", lambda: 0)
    assert find_devices(["auto"]) == [Device("cpu", 0)]


def test_devices_are_taken_as_they_are_named() -> None:
    assert find_devices(["cuda:3", "cpu", "cuda"]) == [Device("cuda", 3), Device("cpu", 0), Device("cuda", 0)]


@pytest.mark.parametrize("names", [["cpu", "cpu"], ["cuda", "cuda:0"]])
def test_a_device_named_twice_is_refused(names: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="named twice"):
        find_devices(names)


@pytest.mark.parametrize(
    "module",
    [
        "daemon.devices",
        "watcher",
        "cli.generators",
        "cli.doctor",
        "cli.pull",
        "checks.machine",
        "client",
        "worker.process",
    ],
)
def test_torch_is_not_imported(module: str) -> None:
    code = f"import sys, spectacle.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
