"""Which devices there are is found without importing torch."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from spectacle.config import KindSettings, RaySettings, Settings, WorkerSettings
from spectacle.daemon import devices
from spectacle.daemon.devices import (
    MAX_SHARE,
    WORKER_RAM,
    Assignment,
    Assignments,
    Place,
    assign,
    cluster_places,
    core_count,
    find_places,
    gpu_counts,
    require_workers,
    runs_on,
)
from spectacle.errors import ConfigurationError
from spectacle.generators import registry
from spectacle.generators.base import Device, RunsOn


@pytest.mark.parametrize(
    ("visible", "count"), [("", 0), ("0", 1), ("0,2", 2), ("GPU-aa, GPU-bb", 2), ("-1", 0), (" ", 0)]
)
def test_the_visible_gpus_are_counted_as_cuda_would(visible: str, count: int) -> None:
    assert gpu_counts({"CUDA_VISIBLE_DEVICES": visible})["cuda"] == count


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a machine of so many GPUs and cores, with memory for so many processor workers."""

    def make(gpus: int, cores: int, memory: int = 1000) -> None:
        monkeypatch.setattr(devices, "gpu_counts", lambda: Counter(cuda=gpus))
        monkeypatch.setattr(devices, "core_count", lambda: cores)
        monkeypatch.setattr(devices, "free_ram", lambda: memory * WORKER_RAM / MAX_SHARE)

    return make


def workers(*names: str, **settings: int) -> list[Place]:
    return find_places(WorkerSettings(devices=names, **settings))


def test_auto_is_every_gpu_and_a_processor_worker_for_each_core(machine: Callable[..., None]) -> None:
    machine(gpus=2, cores=4)
    places = workers("auto")
    assert [str(place) for place in places] == ["cuda:0", "cuda:1", "cpu", "cpu-2", "cpu-3", "cpu-4"]
    assert [place.threads for place in places] == [None, None, 4, 1, 1, 1]
    assert [place.light for place in places] == [False, False, False, True, True, True]


def test_auto_adds_as_many_processor_workers_as_half_of_the_memory_bears_and_at_least_one(
    machine: Callable[..., None],
) -> None:
    for memory, count in ((1000, 16), (5, 5), (0, 1)):
        machine(gpus=0, cores=16, memory=memory)
        assert len(workers("auto")) == count


def test_a_machine_of_one_core_has_a_worker_for_light_requests_beside_the_heavy_one(
    machine: Callable[..., None],
) -> None:
    machine(gpus=0, cores=1)
    assert [(place.threads, place.light) for place in workers("auto")] == [(1, False), (1, True)]


def test_the_number_of_processor_workers_can_be_set(machine: Callable[..., None]) -> None:
    machine(gpus=1, cores=4)
    assert [str(place) for place in workers("auto", cpu_workers=1)] == ["cuda:0", "cpu"]
    assert [str(place) for place in workers("auto", cpu_workers=0)] == ["cuda:0"]
    machine(gpus=0, cores=4)
    assert [str(place) for place in workers("auto", cpu_workers=0)] == ["cpu"], "somebody must do the work"


def test_devices_are_taken_as_they_are_named() -> None:
    found = [place.device for place in workers("cuda:3", "cpu", "cuda")]
    assert found == [Device("cuda", 3), Device("cpu", 0), Device("cuda", 0)]


def test_a_device_named_twice_has_two_workers_which_share_its_cores_or_memory(machine: Callable[..., None]) -> None:
    machine(gpus=1, cores=8)
    places = workers("cpu", "cuda", "cpu", "cuda:0")
    assert [str(place) for place in places] == ["cpu", "cuda:0", "cpu-2", "cuda:0-2"]
    assert [place.threads for place in places] == [4, None, 4, None]
    assert [place.light for place in places] == [False] * 4
    assert [place.device.share for place in places] == [1, 2, 1, 2]


def test_one_processor_worker_uses_as_many_threads_as_its_libraries_like(machine: Callable[..., None]) -> None:
    machine(gpus=0, cores=8)
    assert [place.threads for place in workers("cpu")] == [None]


def test_the_cores_of_a_container_are_those_of_its_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda _: set(range(8)))
    quota = tmp_path / "cpu.max"
    for text, cores in (("max 100000\n", 8), ("250000 100000\n", 3), ("50000 100000\n", 1), ("", 8)):
        quota.write_text(text)
        assert core_count(quota) == cores
    assert core_count(tmp_path / "none") == 8


def test_where_no_affinity_is_told_all_cores_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(devices.os, "sched_getaffinity")
    monkeypatch.setattr(devices.os, "cpu_count", lambda: 6)
    assert core_count(tmp_path / "none") == 6


MIXED = (Place(Device("cuda", 0)), Place(Device("cuda", 1)), Place(Device()), Place(Device(), 2, light=True))


def running(runs_on: RunsOn, places: Sequence[Place] = MIXED, *only: str) -> list[str]:
    kind = KindSettings(generator="any", devices=only)
    return sorted(str(places[number]) for number in assign(kind, runs_on, places).workers or ())


def test_what_needs_no_gpu_waits_for_none() -> None:
    assert running(RunsOn.CPU_ONLY) == ["cpu", "cpu-2"]
    assert running(RunsOn.GPU_OR_CPU) == ["cpu", "cpu-2", "cuda:0", "cuda:1"]


def test_what_is_too_slow_for_a_processor_runs_there_only_where_there_is_no_gpu_and_only_once() -> None:
    assert running(RunsOn.GPU_PREFERRED) == ["cuda:0", "cuda:1"]
    assert running(RunsOn.GPU_PREFERRED, MIXED[2:]) == ["cpu"]


def test_where_every_worker_has_a_gpu_those_run_everything() -> None:
    assert running(RunsOn.CPU_ONLY, MIXED[:2]) == ["cuda:0", "cuda:1"]


def test_a_kind_may_name_its_devices() -> None:
    assert running(RunsOn.GPU_PREFERRED, MIXED, "cuda:1") == ["cuda:1"]
    assert running(RunsOn.GPU_PREFERRED, MIXED, "cpu") == ["cpu"]
    assert running(RunsOn.CPU_ONLY, MIXED, "cuda") == ["cuda:0", "cuda:1"]
    assert running(RunsOn.GPU_OR_CPU, MIXED, "cuda:0", "cpu") == ["cpu", "cpu-2", "cuda:0"]
    shared = (Place(Device("cuda", 0, share=2)), Place(Device("cuda", 0, share=2), 2))
    assert running(RunsOn.GPU_PREFERRED, shared, "cuda:0") == ["cuda:0", "cuda:0-2"]


def test_a_kind_whose_devices_have_no_worker_is_refused() -> None:
    settings = Settings.model_validate(
        {"kinds": {"a": {"generator": "x", "devices": ["cuda:7", "cuda:8"]}}, "default_kind": "a"}
    )
    with pytest.raises(ConfigurationError, match=r"kinds\.a\.devices = cuda:7, cuda:8: .* Use cuda:0, cuda:1, cpu,"):
        require_workers(settings, MIXED)


def test_generators_of_other_packages_run_where_all_may_until_they_have_been_described() -> None:
    assert runs_on("illustration", {}) is RunsOn.CPU_ONLY
    assert runs_on("of-others", {}) is RunsOn.GPU_PREFERRED
    assert runs_on("of-others", {"of-others": "cpu only"}) is RunsOn.CPU_ONLY


def test_assignments_follow_the_settings_and_what_is_described() -> None:
    settings = [Settings.model_validate({"kinds": {"a": {"generator": "of-others"}}, "default_kind": "a"})]
    described: list[dict[str, str]] = [{}]
    assignments = Assignments(lambda: settings[0], lambda: described[0], MIXED)
    assert assignments.of("a") == Assignment(frozenset({0, 1}))
    assert [assignments.preloads(number) for number in range(4)] == [True, True, False, False]
    described[0] = {"of-others": "cpu only"}
    assert assignments.of("a") == Assignment(frozenset({2, 3}), light=True)
    assert [assignments.preloads(number) for number in range(4)] == [False, False, True, False]
    settings[0] = Settings.model_validate(
        {"kinds": {"a": {"generator": "of-others", "devices": ["cuda:1"]}}, "default_kind": "a"}
    )
    assert assignments.of("a") == Assignment(frozenset({1}), light=True)
    assert assignments.of("gone") == Assignment(None)


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


def test_a_generator_that_cannot_be_imported_for_want_of_descriptors_runs_where_any_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(name: str) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(registry, "find_own", fails)
    assert runs_on("illustration", {}) is RunsOn.GPU_PREFERRED
    assert runs_on("illustration", {"illustration": "cpu only"}) is RunsOn.CPU_ONLY


def test_workers_on_a_cluster_have_names_of_their_own_and_come_after_those_of_this_host() -> None:
    def names(backend: str, **ray: Any) -> list[str]:
        settings = Settings(workers=WorkerSettings(backend=backend, devices=("cpu",)), ray=RaySettings(**ray))
        return [str(place) for place in (*find_places(settings.workers), *cluster_places(settings))]

    assert names("local", workers=2) == ["cpu"]
    assert names("ray", workers=2) == ["ray/cuda:0", "ray/cuda:1"]
    assert names("both", workers=2, gpus=0) == ["cpu", "ray/cpu", "ray/cpu-2"]
    assert len(names("ray", max_workers=3)) == 3


def with_groups(backend: str) -> Settings:
    kinds = {name: {"generator": "test-double"} for name in ("card", "large")}
    groups = {"big": {"workers": 2, "kinds": ["large"]}}
    ray = {"workers": 1, "groups": groups}
    workers = {"backend": backend, "devices": ["cpu"]}
    return Settings.model_validate({"kinds": kinds, "default_kind": "card", "ray": ray, "workers": workers})


def test_the_kinds_of_a_group_run_on_its_workers_only_and_these_run_no_other() -> None:
    settings = with_groups("both")
    places = [*find_places(settings.workers), *cluster_places(settings)]
    assert [str(place) for place in places] == ["cpu", "ray-big/cuda:0", "ray-big/cuda:1", "ray/cuda:0"]
    assignments = Assignments(lambda: settings, dict, places)
    assert assignments.of("large").workers == {1, 2}
    assert assignments.of("card").workers == {0, 3}
    local = with_groups("local")
    assert Assignments(lambda: local, dict, find_places(local.workers)).of("large").workers == {0}


def test_a_group_that_came_after_the_start_is_told_to_need_a_restart() -> None:
    settings = with_groups("ray")
    places = [place for place in cluster_places(settings) if place.group is None]
    with pytest.raises(ConfigurationError, match=r"kinds\.large: no worker runs it.*restart it"):
        require_workers(settings, places)


def test_a_kind_for_any_gpu_runs_on_the_gpus_of_a_cluster_and_one_for_a_gpu_of_this_host_does_not() -> None:
    settings = Settings(workers=WorkerSettings(backend="ray"), ray=RaySettings(workers=1, gpus=0.5))
    places = cluster_places(settings)
    assert places[0].device.share == 2
    assert assign(KindSettings(generator="test-double", devices=("cuda",)), RunsOn.GPU_OR_CPU, places).workers == {0}
    assert (
        assign(KindSettings(generator="test-double", devices=("cuda:0",)), RunsOn.GPU_OR_CPU, places).workers == set()
    )


def test_a_pair_of_gpus_is_one_worker_and_auto_takes_the_others(machine: Callable[..., None]) -> None:
    machine(gpus=3, cores=4)
    pair = Device("cuda", 0, second=2)
    assert [(str(place), place.device) for place in workers("cuda:0+cuda:2")] == [("cuda:0+cuda:2", pair)]
    places = workers("cuda:0+cuda:2", "auto", cpu_workers=0)
    assert [str(place) for place in places] == ["cuda:0+cuda:2", "cuda:1"]
    assert (pair.torch_name, pair.numbers) == ("cuda:0", (0, 2))
    # It takes another time than one GPU, and as long as any other pair.
    assert {place.measured_as for place in places} == {"cuda:0+cuda:1", "cuda:0"}
    other = Place(Device("cuda", 3, second=0))
    assert other.measured_as == places[0].measured_as


@pytest.mark.parametrize(("named", "runs"), [("cuda", {0, 1}), ("cuda:0+cuda:2", {0}), ("cuda:1", {1})])
def test_a_kind_may_name_a_pair(machine: Callable[..., None], named: str, runs: set[int]) -> None:
    machine(gpus=3, cores=4)
    places = workers("cuda:0+cuda:2", "cuda:1", "cpu")
    kind = KindSettings(generator="qwen-image", devices=(named,))
    assert assign(kind, RunsOn.GPU_PREFERRED, places).workers == runs


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (("cuda:0+cuda:0",), "invalid device 'cuda:0\\+cuda:0'; name two different GPUs, or cuda:0 alone"),
        (("cuda:0+cuda:1", "cuda:1"), "cuda:1 and cuda:0\\+cuda:1 have a GPU in common; remove one of them"),
        (("cuda", "cuda:0+cuda:1"), "cuda and cuda:0\\+cuda:1 have a GPU in common"),
        (("cuda:1+cuda:2", "cuda:0+cuda:1"), "have a GPU in common"),
        (("cuda:0+cpu",), "invalid device 'cuda:0\\+cpu'; use auto, cpu, cuda:0"),
    ],
)
def test_pairs_of_gpus_that_cannot_be_are_refused(named: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WorkerSettings(devices=named)
