"""Which workers there are, where each runs and what its share is, and which kinds each may run; without torch."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spectacle.config import KindSettings, Settings, WorkerSettings
from spectacle.daemon.accelerators import find_accelerators
from spectacle.errors import ConfigurationError, UnknownGenerator
from spectacle.generators import registry
from spectacle.generators.base import Device, RunsOn
from spectacle.generators.placement.host_memory import free_ram

WORKER_RAM = 500_000_000
"""Bytes of host memory for a CPU worker of light models, with what renders its SVG: an allowance."""

MAX_SHARE = 0.5
"""Part of the free memory that the CPU workers added by `auto` may take; the rest is for large models."""

MIN_AUTO = 2
"""Least CPU workers that `auto` adds where memory allows, so that nothing light waits behind something heavy."""

CLUSTER = "ray"
"""What stands for the host of a worker of the cluster in its name."""

_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one worker runs.

    Attributes:
        device: The device.
        number: Its number among the workers of that device, from 1 on.
        threads: How many threads its libraries may use on the CPU; None for as many as they like.
        light: Whether it is there for light models only, of which several workers may each hold a copy.
        group: Name of its group on a cluster, whose kinds alone it runs; None for all others.
    """

    device: Device
    number: int = 1
    threads: int | None = None
    light: bool = False
    group: str | None = None

    def __str__(self) -> str:
        return str(self.device) if self.number == 1 else f"{self.device}-{self.number}"

    @property
    def measured_as(self) -> str:
        """What it has in common with workers that take equally long for the same job."""
        second = None if self.device.second is None else 1
        device = str(replace(self.device, index=0, share=1, second=second))
        return device if self.threads is None else f"{device} {self.threads}"

    @property
    def on_gpu(self) -> bool:
        """Whether it has a GPU."""
        return self.device.kind != "cpu"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which workers may run a kind.

    Attributes:
        workers: Their numbers, or None for all.
        light: Whether each of them may hold a copy of its model, because it is small.
    """

    workers: frozenset[int] | None
    light: bool = False


def gpu_counts(environment: Mapping[str, str] | None = None) -> Counter[str]:
    """How many GPUs this process may use, by kind: those that are here, cut down by variables that hide some.

    As `cuda` they are NVIDIA's, also in WSL2, or AMD's with a torch for ROCm; as `xpu` Intel's, as `mps` Apple's.
    """
    counts: Counter[str] = Counter()
    for each in find_accelerators(environment):
        if not each.why_not:
            counts[each.kind] += each.count
    return counts


def unused_gpus() -> list[str]:
    """What is said of GPUs that are here and not used, a clause each; nothing where others are."""
    found = find_accelerators()
    if any(not each.why_not for each in found):
        return []
    return [f"{each.count} {each.name} GPU(s) found, but not used: {each.why_not}" for each in found]


def core_count(quota: Path = _CPU_QUOTA) -> int:
    """How many cores this process may use, within the quota of its container."""
    # macOS and some BSDs tell of no affinity.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        most, period = quota.read_text().split()
        return max(1, min(cores, math.ceil(int(most) / int(period))))
    except (OSError, ValueError):
        return cores


def find_places(settings: WorkerSettings) -> list[Place]:
    """The workers of this host, if any: one for each name in `workers.devices`.

    `auto` is one for each GPU, and the CPU workers.

    The CPU is shared out. A worker that is named gets the same part of its threads as the others. Of those that
    `auto` adds, the first may use all of them, for it also runs what is too large to be held more than once; the others
    get their parts. A GPU's memory is shared out evenly among its workers.
    """
    if settings.backend == "ray":
        return []
    cores = core_count()
    devices: list[Device] = []
    added = 0
    for name in settings.devices:
        if name == "auto":
            gpus = _gpus(settings.devices)
            added = _cpu_workers(
                settings, cores, least=0 if gpus or any("+" in each for each in settings.devices) else 1
            )
            devices += [*gpus, *[Device()] * added]
        else:
            devices.append(_device(name))
    many = Counter(devices)
    part = max(1, cores // max(1, many[Device()]))
    counted: Counter[Device] = Counter()
    places = []
    for device in devices:
        counted[device] += 1
        number = counted[device]
        if device.kind == "cpu":
            light = bool(added) and number > 1
            threads = part if light or not added else cores
            places.append(Place(device, number, threads if many[device] > 1 else None, light))
        else:
            places.append(Place(replace(device, share=many[device]), number))
    return places


def cluster_places(settings: Settings) -> list[Place]:
    """The workers on a Ray cluster, if any. Where they are is known once they are there; some may never be."""
    if settings.workers.backend == "local":
        return []
    places: list[Place] = []
    for group, about in settings.ray.sorts(settings.kinds).items():
        host = CLUSTER if group is None else f"{CLUSTER}-{group}"
        if about.gpus:
            share = max(1, int(1 / about.gpus))
            places += [Place(Device("cuda", number, host, share), group=group) for number in range(about.most)]
        else:
            places += [Place(Device(host=host), number + 1, group=group) for number in range(about.most)]
    return places


def _cpu_workers(settings: WorkerSettings, cores: int, least: int) -> int:
    if settings.cpu_workers is not None:
        return max(least, settings.cpu_workers)
    return max(1, min(max(MIN_AUTO, cores), most_cpu_workers(MAX_SHARE)))


def most_cpu_workers(share: float = 1.0) -> int:
    """How many CPU workers of light models a part of the memory that is free now would hold."""
    return int(free_ram() * share / WORKER_RAM)


def _gpus(named: Collection[str]) -> list[Device]:
    """The GPUs that are here, without those of pairs that are named."""
    pairs = [_device(name) for name in named if "+" in name]
    paired = {(pair.kind, number) for pair in pairs for number in pair.numbers}
    here = [Device(kind, index) for kind, count in gpu_counts().items() for index in range(count)]
    return [device for device in here if (device.kind, device.index) not in paired]


def _device(name: str) -> Device:
    first, _, other = name.partition("+")
    kind, _, index = first.partition(":")
    return Device(kind, int(index or 0), second=int(other.partition(":")[2]) if other else None)


def groups_of(kind: str, settings: Settings) -> frozenset[str]:
    """The groups of workers on a cluster that run a kind, and which alone do; none for most kinds."""
    if settings.workers.backend == "local":
        return frozenset()
    return frozenset(name for name, group in settings.ray.groups.items() if kind in group.kinds)


def assign(
    kind: KindSettings, runs_on: RunsOn, places: Sequence[Place], groups: Collection[str] = frozenset()
) -> Assignment:
    """Which workers may run a kind.

    Args:
        kind: Its settings; `devices` leaves only the workers of those devices.
        runs_on: Where its generator runs.
        places: All workers.
        groups: The groups of workers that it is for, as `groups_of` says.
    """
    allowed = {number: place for number, place in enumerate(places) if _is_allowed(kind, place, groups)}
    on_gpu = {number for number, place in allowed.items() if place.on_gpu}
    on_cpu = allowed.keys() - on_gpu
    match runs_on:
        case RunsOn.CPU_ONLY:
            chosen = on_cpu or on_gpu
        case RunsOn.GPU_OR_CPU:
            chosen = set(allowed)
        case RunsOn.GPU_PREFERRED:
            chosen = on_gpu or {number for number in on_cpu if not places[number].light} or on_cpu
    return Assignment(frozenset(chosen), light=runs_on is not RunsOn.GPU_PREFERRED)


def _is_of(place: Place, groups: Collection[str]) -> bool:
    return place.group in groups if groups else place.group is None


def _is_allowed(kind: KindSettings, place: Place, groups: Collection[str]) -> bool:
    if not _is_of(place, groups):
        return False
    return not kind.devices or any(
        name == place.device.kind if ":" not in name else _device(name) == replace(place.device, share=1)
        for name in kind.devices
    )


def runs_on(generator: str, described: Mapping[str, str]) -> RunsOn:
    """Where a generator runs.

    Only Spectacle's own generators are imported for that. Where those of other packages run is known once they have
    been described by a process of its own; until then, it runs where any generator may.

    Args:
        generator: Its name.
        described: Where generators that have been described run, by name.
    """
    try:
        own = registry.find_own(generator)
    except (UnknownGenerator, OSError):
        own = None  # as when descriptors run out; that is told when it is loaded
    if own is not None:
        return own.runs_on
    return RunsOn(described.get(generator, RunsOn.GPU_PREFERRED))


class Assignments:
    """Which workers may run the kinds, as the settings are now.

    Args:
        settings: Gives the current settings.
        described: Gives where generators that have been described run, by name.
        places: All workers.
    """

    def __init__(
        self, settings: Callable[[], Settings], described: Callable[[], Mapping[str, str]], places: Sequence[Place]
    ) -> None:
        self._settings = settings
        self._described = described
        self._places = places
        self._known: dict[str, Assignment] = {}
        self._known_for: tuple[object, object] = (None, None)

    def of(self, kind: str) -> Assignment:
        """Which workers may run a kind."""
        settings, described = self._settings(), self._described()
        if self._known_for[0] is not settings or self._known_for[1] is not described:
            self._known, self._known_for = {}, (settings, described)
        if kind not in self._known:
            about = settings.kinds.get(kind)
            if about is None:
                # The settings have changed this moment.
                return Assignment(None)
            self._known[kind] = assign(
                about, runs_on(about.generator, described), self._places, groups_of(kind, settings)
            )
        return self._known[kind]

    def preloads(self, worker: int) -> bool:
        """Whether a worker loads the default kind's model at start: each GPU that runs it, and one CPU worker."""
        running = self.of(self._settings().default_kind).workers or ()
        first = min((number for number in running if not self._places[number].on_gpu), default=None)
        return worker in running and (self._places[worker].on_gpu or worker == first)


def require_workers(settings: Settings, places: Sequence[Place]) -> None:
    """See that each kind has a worker.

    Raises:
        ConfigurationError: When `devices` of a kind names nothing that has one; the message says what has.
    """
    for name, kind in settings.kinds.items():
        groups = groups_of(name, settings)
        if not any(_is_of(place, groups) for place in places):
            raise ConfigurationError(
                f"kinds.{name}: no worker runs it. Workers of the cluster are made for the kinds and [ray.groups] that "
                f"the daemon is started with: restart it, or correct ray.groups."
            )
        if not any(_is_allowed(kind, place, groups) for place in places):
            there = ", ".join(dict.fromkeys(str(replace(place.device, share=1)) for place in places))
            raise ConfigurationError(
                f"kinds.{name}.devices = {', '.join(kind.devices)}: no worker runs there. Use {there}, or add the "
                f"device to workers.devices."
            )
