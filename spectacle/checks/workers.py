"""Checks of the workers: whether they have memory, and whether models fit into a GPU that several of them share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from spectacle.checks import Check, Level
from spectacle.config import KindSettings, PlacementSettings, Settings
from spectacle.daemon.devices import Place, assign, gpu_count, groups_of, most_cpu_workers, runs_on, unused_gpus
from spectacle.errors import ConfigurationError, GeneratorError, SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Device, Generator, Resources
from spectacle.generators.placement import memory


def check_workers(settings: Settings, places: Sequence[Place]) -> Iterator[Check]:
    """Whether the workers have what they need."""
    gpus = gpu_count()
    missing = sorted({str(place.device) for place in places if place.on_gpu and place.device.index >= gpus})
    if missing:
        there = f"{gpus} usable GPU(s) found" if gpus else "no usable GPU was found"
        yield Check(
            "devices", Level.FAIL, f"{', '.join(missing)}, but {there}",
            'install the driver, or set workers.devices = ["auto"]',
        )  # fmt: skip
    if not any(place.on_gpu for place in places):
        for unused in unused_gpus():
            found, _, remedy = unused.rpartition("; ")
            yield Check("devices", Level.WARN, f"{found}, so models run on the CPU", remedy)
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
    count = gpu_count()
    for place in places:
        if not place.on_gpu or place.device.index < count:
            continue
        try:
            memory.look(place.device, PlacementSettings())  # a GPU may be there that leaves no trace where others do
        except GeneratorError as error:
            there = f"{count} GPU(s) are" if count else "no GPU is"
            also = "".join(f"; {each}" for each in unused_gpus())
            raise ConfigurationError(
                f"workers.devices: {replace(place.device, share=1)}: {there} usable here{also}. Use auto or cpu, or "
                f"fix this: {error.message}"
            ) from None


def _check_shared(device: Device, settings: Settings, places: Sequence[Place]) -> Iterator[Check]:
    """Whether the model of each kind is placed as well in its part of a GPU as it would be on all of it."""
    for name, kind in settings.kinds.items():
        generator = registry.find_own(kind.generator, Resources.from_settings(settings))
        if generator is None or device not in devices_of(kind, places, groups_of(name, settings)):
            continue
        told = _first_sentence(generator, kind, device, settings)
        whole = _first_sentence(generator, kind, replace(device, share=1), settings)
        if told != whole:
            yield Check(
                "memory", Level.WARN, f"{name} on {device}, shared by {device.share} workers: {told} Alone: {whole}",
                f"list {device} once in workers.devices",
            )  # fmt: skip


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
