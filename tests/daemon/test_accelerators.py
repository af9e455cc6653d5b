"""GPUs of all makers are seen, and it is known which of them the installed torch can use."""

from __future__ import annotations

from pathlib import Path

import pytest

from spectacle.daemon import accelerators
from spectacle.daemon.accelerators import Accelerator, find_accelerators


@pytest.fixture(autouse=True)
def build(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch that does not say what it is built for."""
    built_for(monkeypatch, "")


def built_for(monkeypatch: pytest.MonkeyPatch, build: str) -> None:
    monkeypatch.setattr(accelerators, "torch_build", lambda: build)


def put(root: Path, *files: str, text: str = "") -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def amd(root: Path, gpus: int) -> None:
    """The files of the kernel's compute driver, which has a node for the CPU, too."""
    put(root, "dev/kfd")
    put(root, "sys/class/kfd/kfd/topology/nodes/0/properties", text="cpu_cores_count 16\nsimd_count 0\n")
    for number in range(gpus):
        put(root, f"sys/class/kfd/kfd/topology/nodes/{number + 1}/properties", text="simd_count 128\n")


def test_nvidia_gpus_are_counted_by_the_drivers_list_or_their_devices(tmp_path: Path) -> None:
    assert find_accelerators({}, tmp_path) == []
    put(tmp_path, "dev/nvidia0", "dev/nvidia1", "dev/nvidiactl")
    assert find_accelerators({}, tmp_path) == [Accelerator("NVIDIA", 2)]
    for number in range(3):
        (tmp_path / f"proc/driver/nvidia/gpus/0000:0{number}:00.0").mkdir(parents=True)
    assert find_accelerators({}, tmp_path) == [Accelerator("NVIDIA", 3)]
    assert find_accelerators({"CUDA_VISIBLE_DEVICES": "1"}, tmp_path) == [Accelerator("NVIDIA", 1)]


def test_in_wsl2_the_drivers_library_tells_of_a_gpu(tmp_path: Path) -> None:
    put(tmp_path, "dev/dxg")
    assert find_accelerators({}, tmp_path) == []
    put(tmp_path, "usr/lib/wsl/lib/libcuda.so.1")
    assert find_accelerators({}, tmp_path) == [Accelerator("NVIDIA", 1)]


def test_amd_gpus_are_used_with_a_torch_for_rocm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    amd(tmp_path, 2)
    (found,) = find_accelerators({}, tmp_path)
    assert (found.name, found.count) == ("AMD", 2)
    assert found.why_not == "the installed torch is not built for ROCm; install one that is"
    built_for(monkeypatch, "rocm6.4")
    assert find_accelerators({}, tmp_path) == [Accelerator("AMD", 2)]
    for name in ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"):
        assert find_accelerators({name: "1"}, tmp_path) == [Accelerator("AMD", 1)]
    put(tmp_path, "dev/nvidia0")
    nvidia = find_accelerators({}, tmp_path)[0]
    assert nvidia.why_not == "the installed torch is built for rocm6.4; install one for CUDA"


def test_a_torch_for_the_cpu_alone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built_for(monkeypatch, "cpu")
    put(tmp_path, "dev/nvidia0")
    assert "built for cpu" in find_accelerators({}, tmp_path)[0].why_not


def test_intel_and_apple_gpus_are_seen_and_said_not_to_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "sys/class/drm/card0/device/vendor", "sys/class/drm/card0-DP-1/device/vendor", text="0x8086\n")
    assert find_accelerators({}, tmp_path) == []
    built_for(monkeypatch, "xpu")
    (found,) = find_accelerators({}, tmp_path)
    assert (found.name, found.count) == ("Intel", 1)
    assert "XPU" in found.why_not
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert "MPS" in find_accelerators({}, tmp_path)[-1].why_not
