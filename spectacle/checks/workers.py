"""Checks of the workers: whether they have memory, whether GPUs are used, and whether models fit into their shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from spectacle.checks import Check, Level
from spectacle.config import KindSettings, PlacementSettings, Settings
from spectacle.daemon.devices import Place, assign, gpu_counts, groups_of, most_cpu_workers, runs_on, unused_gpus
from spectacle.errors import ConfigurationError, GeneratorError, SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Device, Generator, Resources, RunsOn
from spectacle.generators.placement import memory


def check_workers(settings: Settings, places: Sequence[Place]) -> Iterator[Check]:
    """Whether the workers have what they need."""
    counts = gpu_counts()
    missing = sorted({str(place.device) for place in places if _is_missing(place, counts)})
    if missing:
        names = _names(counts)
        there = f"only {names} can be used" if names else "no usable GPU was found"
        yield Check(
            "devices", Level.FAIL, f"{', '.join(missing)}, but {there}",
            'install the driver, or set workers.devices = ["auto"]',
        )  # fmt: skip
    if not any(place.on_gpu for place in places):
        for unused in unused_gpus():
            found, _, remedy = unused.rpartition("; ")
            yield Check("devices", Level.WARN, f"{found}, so models run on the CPU", remedy)
    yield from _check_on_cpu(settings, places)
    count = sum(not place.on_gpu for place in places)
    fitting = most_cpu_workers()
    if count > max(1, fitting):
        found = f"{count} CPU workers, but the free memory is enough for {max(1, fitting)}"
        yield Check("memory", Level.WARN, found, f"set workers.cpu_workers = {max(1, fitting)}, or free some memory")
    for device in dict.fromkeys(place.device for place in places if place.device.share > 1):
        if str(device) not in missing:
            yield from _check_shared(device, settings, places)


def require_devices(places: Sequence[Place]) -> None:
    """See that each GPU that a worker is to use is there.

    Raises:
        ConfigurationError: When one is not.
    """
    counts = gpu_counts()
    for place in places:
        if not _is_missing(place, counts):
            continue
        try:
            memory.look(place.device, PlacementSettings())  # a GPU may be there that leaves no trace where others do
        except GeneratorError as error:
            names = _names(counts)
            there = f"only {names} can be used" if names else "no GPU is usable"
            also = "".join(f"; {each}" for each in unused_gpus())
            raise ConfigurationError(
                f"workers.devices: {replace(place.device, share=1)}: {there} here{also}. Use auto or cpu, or "
                f"fix this: {error.message}"
            ) from None


def _is_missing(place: Place, counts: Mapping[str, int]) -> bool:
    """Whether a worker's GPU is not among those that were found."""
    return place.on_gpu and max(place.device.numbers) >= counts.get(place.device.kind, 0)


def _names(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind}:{number}" for kind, count in counts.items() for number in range(count))


def _check_on_cpu(settings: Settings, places: Sequence[Place]) -> Iterator[Check]:
    """Whether generators that the workers of GPUs run use the GPUs."""
    for name, kind in settings.kinds.items():
        generator = _own(kind, settings)
        if generator is None or generator.runs_on is RunsOn.CPU_ONLY:
            continue
        found: dict[str, list[str]] = {}
        for device in devices_of(kind, places, groups_of(name, settings)):
            if (why := generator.why_on_cpu(device)) is not None:
                found.setdefault(why, []).append(str(device))
        for why, devices in found.items():
            yield Check(
                "devices", Level.WARN, f"{name} on {', '.join(devices)}: {generator.name} computes on the CPU, "
                f"because {why}",
                f'set kinds.{name}.devices = ["cpu"], which leaves the GPU to others',
            )  # fmt: skip


def _check_shared(device: Device, settings: Settings, places: Sequence[Place]) -> Iterator[Check]:
    """Whether the model of each kind is placed as well in its part of a GPU as it would be on all of it."""
    for name, kind in settings.kinds.items():
        generator = _own(kind, settings)
        if generator is None or device not in devices_of(kind, places, groups_of(name, settings)):
            continue
        told = _first_sentence(generator, kind, device, settings)
        whole = _first_sentence(generator, kind, replace(device, share=1), settings)
        if told != whole:
            yield Check(
                "memory", Level.WARN, f"{name} on {device}, shared by {device.share} workers: {told} Alone: {whole}",
                f"list {device} once in workers.devices",
            )  # fmt: skip


def _own(kind: KindSettings, settings: Settings) -> type[Generator] | None:
    """The generator of a kind; None for those of other packages, and for what is none, which is told elsewhere."""
    try:
        return registry.find_own(kind.generator, Resources.from_settings(settings))
    except SpectacleError:
        return None


def devices_of(kind: KindSettings, places: Sequence[Place], groups: Collection[str] = frozenset()) -> list[Device]:
    """The devices whose workers run a kind. As `assign` says."""
    workers = assign(kind, runs_on(kind.generator, {}), places, groups).workers or ()
    return list(dict.fromkeys(places[number].device for number in sorted(workers)))


def _first_sentence(generator: type[Generator], kind: KindSettings, device: Device, settings: Settings) -> str:
    resources = Resources.from_settings(settings)
    try:
        return next(iter(generator.plan(generator.resolve_preset(kind.preset), device, resources)), "")
    except SpectacleError as error:
        return error.message


def workers_in_words(places: Sequence[Place]) -> str:
    """All workers for people, such as `cuda:0, cpu (16 workers)`."""
    counted = Counter(replace(place.device, share=1) for place in places)
    return ", ".join(f"{device} ({count} workers)" if count > 1 else f"{device}" for device, count in counted.items())
