"""GPUs of all makers are seen, and it is known which of them the installed torch can use."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from spectacle.checks.workers import check_workers, require_devices
from spectacle.config import KindSettings, Settings, WorkerSettings
from spectacle.daemon import accelerators, devices
from spectacle.daemon.accelerators import Accelerator, find_accelerators
from spectacle.errors import ConfigurationError, GeneratorError


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


def intel(root: Path, number: int, address: str) -> None:
    """The files of a graphics card at this address of the PCI bus."""
    put(root, f"sys/devices/{address}/vendor", text="0x8086\n")
    card = root / f"sys/class/drm/card{number}"
    card.mkdir(parents=True)
    (card / "device").symlink_to(root / f"sys/devices/{address}")


def on_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")


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


def test_in_wsl2_a_torch_for_rocm_finds_an_amd_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "dev/dxg")
    built_for(monkeypatch, "rocm6.4")
    assert find_accelerators({}, tmp_path) == [Accelerator("AMD", 1)]
    assert find_accelerators({"HIP_VISIBLE_DEVICES": "-1"}, tmp_path) == []


def at_start(monkeypatch: pytest.MonkeyPatch, root: Path, *named: str, generator: str = "illustration") -> list[str]:
    """What the daemon and `doctor` say of the devices of a machine with such files."""
    monkeypatch.setattr(accelerators, "_ROOT", root)
    monkeypatch.setattr(devices, "find_accelerators", lambda environment=None: find_accelerators({}, root))
    settings = Settings(
        workers=WorkerSettings(devices=named or ("auto",), cpu_workers=1),
        kinds={"it": KindSettings(generator=generator, format="svg")},
        default_kind="it",
    )
    places = devices.find_places(settings.workers)
    require_devices(places)
    return [str(place) for place in places] + [
        f"{check.found}: {check.remedy}" for check in check_workers(settings, places)
    ]


@pytest.mark.parametrize(
    ("build", "used"),
    [("cu128", ["cuda:0"]), ("rocm6.4", ["cuda:0", "cuda:1"]), ("xpu", ["xpu:0"]), ("cpu", ["mps:0"])],
)
def test_auto_uses_the_gpus_that_torch_can_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: str, used: list[str]
) -> None:
    built_for(monkeypatch, build)
    match build:
        case "cu128":
            put(tmp_path, "dev/dxg", "usr/lib/wsl/lib/libcuda.so.1")
        case "rocm6.4":
            amd(tmp_path, 2)
        case "xpu":
            intel(tmp_path, 0, "0000:03:00.0")
        case _:
            on_a_mac(monkeypatch)
    assert at_start(monkeypatch, tmp_path) == [*used, "cpu"]
    assert at_start(monkeypatch, tmp_path, *used, "cpu") == [*used, "cpu"], "a device that is here is taken by name"


@pytest.mark.parametrize(
    ("maker", "build", "said"),
    [
        ("amd", "cu128", "1 AMD GPU(s) found, but not used: the installed torch is not built for ROCm"),
        ("intel", "cpu", "1 Intel GPU(s) found, but not used: the installed torch is not built for Intel GPUs (XPU)"),
        ("nvidia", "cpu", "1 NVIDIA GPU(s) found, but not used: the installed torch is built for cpu"),
    ],
)
def test_the_daemon_says_at_start_which_gpus_it_does_not_use_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, maker: str, build: str, said: str
) -> None:
    built_for(monkeypatch, build)
    if maker == "amd":
        amd(tmp_path, 1)
    put(
        tmp_path,
        *{"intel": ["sys/class/drm/card0/device/vendor"], "nvidia": ["dev/nvidia0"]}.get(maker, []),
        text="0x8086",
    )
    place, told = at_start(monkeypatch, tmp_path)
    assert place == "cpu"
    assert told.startswith(said)
    assert "so models run on the CPU: " in told

    def fails(*_: object) -> NoReturn:
        raise GeneratorError("cuda:0: cannot be used: none. Run nvidia-smi to see why.")

    monkeypatch.setattr("spectacle.checks.workers.memory.look", fails)
    for named in ("cuda:0", "cuda:0+cuda:1"):
        with pytest.raises(ConfigurationError) as refused:
            at_start(monkeypatch, tmp_path, named)
        assert f"workers.devices: {named}: no GPU is usable here; {said}" in str(refused.value)


@pytest.mark.parametrize(("build", "gpu", "why"), [("xpu", "xpu:0", "many Intel GPUs"), ("cpu", "mps:0", "Apple GPUs")])
def test_the_daemon_says_at_start_what_computes_on_the_cpu_though_its_worker_has_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: str, gpu: str, why: str
) -> None:
    built_for(monkeypatch, build)
    if build == "xpu":
        intel(tmp_path, 0, "0000:03:00.0")
    else:
        on_a_mac(monkeypatch)
    *_, told = at_start(monkeypatch, tmp_path, generator="supersvg")
    assert told.startswith(f"it on {gpu}: supersvg computes on the CPU, because {why} have no float64: set ")
    assert at_start(monkeypatch, tmp_path, "cpu", generator="supersvg") == ["cpu"], "nobody expects a GPU to be used"


@pytest.mark.parametrize("build", ["cu128", "rocm6.4"])
def test_nothing_is_said_where_the_gpu_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: str) -> None:
    built_for(monkeypatch, build)
    put(tmp_path, "dev/nvidia0")
    if build.startswith("rocm"):
        amd(tmp_path, 1)
    assert at_start(monkeypatch, tmp_path, generator="supersvg") == ["cuda:0", "cpu"]


def test_a_generator_that_cannot_be_imported_does_not_keep_devices_from_being_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_for(monkeypatch, "cu128")
    put(tmp_path, "dev/nvidia0")
    monkeypatch.setattr("spectacle.checks.workers.memory.look", lambda *_: None)
    assert at_start(monkeypatch, tmp_path, "cuda:0", "cuda:0", generator="none") == ["cuda:0", "cuda:0-2"]


def test_a_torch_for_the_cpu_alone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built_for(monkeypatch, "cpu")
    put(tmp_path, "dev/nvidia0")
    assert "built for cpu" in find_accelerators({}, tmp_path)[0].why_not


def test_intel_gpus_are_counted_as_torch_numbers_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "sys/class/drm/card0-DP-1/device/vendor", text="0x8086\n")
    intel(tmp_path, 0, "0000:00:02.0")
    assert find_accelerators({}, tmp_path) == [], "nobody expects the GPU in a CPU to be used"
    built_for(monkeypatch, "xpu")
    assert find_accelerators({}, tmp_path) == [Accelerator("Intel", 1, kind="xpu")]
    intel(tmp_path, 1, "0000:03:00.0")
    intel(tmp_path, 2, "0000:04:00.0")
    assert find_accelerators({}, tmp_path) == [Accelerator("Intel", 2, kind="xpu")], "without the one in the CPU"
    assert find_accelerators({"ZE_AFFINITY_MASK": "1"}, tmp_path) == [Accelerator("Intel", 1, kind="xpu")]
    built_for(monkeypatch, "cu128")
    (unused,) = find_accelerators({}, tmp_path)
    assert (unused.count, unused.why_not) == (
        2,
        "the installed torch is not built for Intel GPUs (XPU); install one that is",
    )


def test_in_wsl2_a_torch_for_xpu_finds_an_intel_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "dev/dxg")
    assert find_accelerators({}, tmp_path) == []
    built_for(monkeypatch, "xpu")
    assert find_accelerators({}, tmp_path) == [Accelerator("Intel", 1, kind="xpu")]


def test_a_mac_with_apples_processor_has_one_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_mac(monkeypatch)
    assert find_accelerators({}, tmp_path) == [Accelerator("Apple", 1, kind="mps")]
