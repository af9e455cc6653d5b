"""Free memory, from files as the kernel has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

from spectacle.config import PlacementSettings
from spectacle.errors import GeneratorError
from spectacle.generators.base import Device
from spectacle.generators.placement import memory
from spectacle.generators.placement.host_memory import free_ram
from spectacle.generators.placement.memory import look, measure
from spectacle.generators.placement.plan import Machine

GB = 10**9
KB = 1024


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine with 8,000,000 KiB free, on which this process holds 300 KiB of its own."""
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text("MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\nHugePages_Total:   0\n")
    (folder / "self/status").write_text("Name:\tpython\nVmRSS:\t   900 kB\nRssAnon:\t   200 kB\nRssShmem:\t   100 kB\n")
    (folder / "self/cgroup").write_text("")
    return folder


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"memory.{name}").write_text(text)


def test_without_proc_all_memory_of_the_machine_is_free(tmp_path: Path) -> None:
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert free_ram(proc=tmp_path / "none", cgroups=tmp_path / "none") == installed
    assert free_ram(GB, proc=tmp_path / "none", cgroups=tmp_path / "none") == GB


def test_what_the_kernel_calls_available_is_free(proc: Path, tmp_path: Path) -> None:
    assert free_ram(proc=proc, cgroups=tmp_path / "none") == 8_000_000 * KB


def test_the_least_of_all_cgroups_counts(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("0::/system.slice/spectacle.service\n")
    mount = tmp_path / "cgroup"
    inner = mount / "system.slice/spectacle.service"
    group(mount)
    group(mount / "system.slice", max="max\n", high="5000000\n", current="1000000\n")
    group(inner, max="9000000\n", current="4000000\n", stat="anon 3000000\ninactive_file 500000\n")
    assert free_ram(proc=proc, cgroups=mount) == 4_000_000
    group(inner, max="7000000\n")
    assert free_ram(proc=proc, cgroups=mount) == 3_500_000


def test_a_container_sees_its_own_group_as_the_root(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("0::/../../docker/0123\n")
    mount = tmp_path / "cgroup"
    group(mount, max="6000000\n", current="1000000\n")
    assert free_ram(proc=proc, cgroups=mount) == 5_000_000


def test_the_first_version_of_cgroups_counts_too(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("12:cpu,cpuacct:/\n4:memory:/docker/0123\n1:name=systemd:/\n")
    mount = tmp_path / "cgroup"
    group(mount / "memory", limit_in_bytes="9223372036854771712\n", usage_in_bytes="100\n")
    group(mount / "memory/docker/0123", limit_in_bytes="2000000\n", usage_in_bytes="700000\n")
    (mount / "memory/docker/0123/memory.stat").write_text("total_inactive_file 200000\n")
    assert free_ram(proc=proc, cgroups=mount) == 1_500_000


def test_the_limit_of_the_settings_is_for_the_whole_process(proc: Path, tmp_path: Path) -> None:
    assert free_ram(1000 * KB, proc=proc, cgroups=tmp_path) == 700 * KB
    assert free_ram(100 * KB, proc=proc, cgroups=tmp_path) == 0
    assert free_ram(10**15, proc=proc, cgroups=tmp_path) == 8_000_000 * KB


def test_a_group_that_is_over_its_limit_leaves_nothing(proc: Path, tmp_path: Path) -> None:
    (proc / "self/cgroup").write_text("0::/\n")
    group(tmp_path / "cgroup", max="1000\n", current="2000\n")
    assert free_ram(proc=proc, cgroups=tmp_path / "cgroup") == 0


def test_this_machine_can_be_measured() -> None:
    settings = PlacementSettings(ram_limit=10 * GB)
    for found in (measure(Device(), settings), look(Device(), settings)):
        assert 0 < found.ram <= 10 * GB
        assert (found.vram, found.device) == (0, "cpu")


def test_bf16_of_the_processor_is_read_from_its_flags(tmp_path: Path) -> None:
    for number, (flags, expected) in enumerate(
        {
            "flags\t\t: fpu avx512_bf16 sse\n": True,
            "flags : fpu avx2\n": False,
            "Features\t: fp asimd bf16\n": True,
        }.items()
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "cpuinfo").write_text(f"processor\t: 0\n{flags}")
        assert memory._multiplies_bf16(folder) is expected
    assert memory._multiplies_bf16(tmp_path / "none") is False


def test_a_gpu_is_asked_by_a_child_process_within_the_limit_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = tmp_path / "child"
    child.write_text(
        f'#!{sys.executable}\nimport sys\nassert sys.argv[-2:] == ["cuda", "3"]\n'
        'print("[24000000000, 25000000000, true, false]")\n'
    )
    child.chmod(0o755)
    monkeypatch.setattr(memory.sys, "executable", str(child))
    memory._asked.cache_clear()
    found = look(Device("cuda", 3), PlacementSettings(ram_limit=5 * GB))
    assert (found.vram, found.device, found.bf16) == (24 * GB, "cuda", True)
    assert look(Device("cuda", 3), PlacementSettings(vram_limit=10 * GB)).vram == 10 * GB
    assert look(Device("cuda", 3, share=2), PlacementSettings()).vram == 12.5 * GB
    assert look(Device("cuda", 3, share=2), PlacementSettings(vram_limit=10 * GB)).vram == 10 * GB
    memory._asked.cache_clear()


@pytest.mark.slow
def test_a_gpu_that_is_not_there_is_told_in_one_line() -> None:
    memory._asked.cache_clear()
    with pytest.raises(GeneratorError, match=r"cuda:7: cannot be used: [^\n]+$"):
        look(Device("cuda", 7), PlacementSettings())


def test_a_gpu_cannot_be_asked_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    memory._asked.cache_clear()
    monkeypatch.setattr(memory, "find_spec", lambda name: None)
    with pytest.raises(GeneratorError, match=r"pip install '\.\[diffusion\]'"):
        look(Device("cuda", 0), PlacementSettings())


class Cuda:
    """What is asked of `torch.cuda`, for a GPU of 24 GB of which 20 GB are free and torch has cached 3 and uses 2."""

    def __init__(self) -> None:
        self.fraction: float | None = None
        self.current: int | None = None

    def set_device(self, index: int) -> None:
        self.current = index

    def mem_get_info(self, index: int) -> tuple[int, int]:
        return 20 * GB, 24 * GB

    def memory_reserved(self, index: int) -> int:
        return 3 * GB

    def memory_allocated(self, index: int) -> int:
        return 2 * GB

    def get_device_capability(self, index: int) -> tuple[int, int]:
        return (8, 9)

    def set_per_process_memory_fraction(self, fraction: float, index: int) -> None:
        self.fraction = fraction


@pytest.mark.parametrize(
    ("limit", "vram", "fraction"), [(None, 21 * GB, None), (12 * GB, 10 * GB, 0.5), (99 * GB, 21 * GB, 1.0)]
)
def test_what_torch_has_cached_is_free_and_the_process_is_held_to_its_limit(
    monkeypatch: pytest.MonkeyPatch, limit: int | None, vram: int, fraction: float | None
) -> None:
    cuda = Cuda()
    monkeypatch.setattr(torch, "cuda", cuda)
    found = measure(Device("cuda", 1), PlacementSettings(vram_limit=limit))
    assert found == Machine(found.ram, vram, "cuda", True, frozenset({"torchao", "gguf", "bitsandbytes"}))
    assert (cuda.current, cuda.fraction) == (1, fraction)


def test_of_a_pair_both_gpus_are_measured_and_held_to_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Two(Cuda):
        limited: tuple[int, ...] = ()

        def mem_get_info(self, index: int) -> tuple[int, int]:
            return (20 * GB, 24 * GB) if index == 1 else (11 * GB, 12 * GB)

        def set_per_process_memory_fraction(self, fraction: float, index: int) -> None:
            self.limited += (index,)

    cuda = Two()
    monkeypatch.setattr(torch, "cuda", cuda)
    pair = Device("cuda", 1, second=0)
    found = measure(pair, PlacementSettings())
    assert (found.vram, found.second, found.second_gpu) == (21 * GB, 12 * GB, 0)
    assert cuda.current == 1
    assert cuda.limited == ()
    found = measure(pair, PlacementSettings(vram_limit=6 * GB))
    assert (found.vram, found.second, sorted(cuda.limited)) == (4 * GB, 4 * GB, [0, 1])


def test_both_gpus_of_a_pair_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {0: (22 * GB, 24 * GB, True, False), 2: (11 * GB, 12 * GB, True, False)}
    monkeypatch.setattr(memory, "_asked", lambda kind, number: told[number])
    found = look(Device("cuda", 2, second=0), PlacementSettings())
    assert (found.vram, found.second, found.second_gpu) == (11 * GB, 22 * GB, 0)
    assert look(Device("cuda", 2), PlacementSettings()).second == 0
