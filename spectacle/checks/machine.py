"""Checks of this machine: Python, libraries, rendering of SVG, devices, and the generators of the configured kinds."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from pydantic import ValidationError

from spectacle.checks import Check, Level
from spectacle.checks.workers import check_workers, devices_of, workers_in_words
from spectacle.config import KindSettings, Settings
from spectacle.config.finding import why_not_trusted
from spectacle.daemon.accelerators import find_accelerators
from spectacle.daemon.devices import cluster_places, find_places, groups_of, require_workers
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import MediaType, Resources
from spectacle.generators.pipelines.ready import ready_models
from spectacle.weights.prepared import open_prepared

OLDEST_PYTHON = (3, 11)
_DISTRIBUTION = "spectacle-daemon"
_GPUS = Path("/proc/driver/nvidia/gpus")
_DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#f00"/></svg>'


def check_system() -> Iterator[Check]:
    """Whether this operating system is one that was tried. Nothing is said of Linux."""
    if platform.system() != "Linux":
        found = (
            f"{platform.system()}: not tested; requests are found by polling, and a hung worker may outlive its daemon"
        )
        yield Check("system", Level.WARN, found, "use Linux for a service")


def check_python() -> Check:
    """Whether Python is new enough."""
    found = f"{platform.python_version()}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Check("Python", Level.FAIL, found, "install Python 3.11 or newer")
    return Check("Python", Level.OK, found)


def check_libraries() -> Check:
    """Whether the libraries Spectacle needs are installed, and new enough."""
    found, wrong = [], []
    for requirement in requires(_DISTRIBUTION) or ():
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
        least = re.search(r">=\s*([0-9.]+)", requirement)
        try:
            installed = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        found.append(f"{name} {installed}")
        if least is not None and _numbers(installed) < _numbers(least[1]):
            wrong.append(f"{name} {installed} is older than {least[1]}")
    if wrong:
        return Check("libraries", Level.FAIL, ", ".join(wrong), "run `pip install --upgrade .` in the clone")
    return Check("libraries", Level.OK, ", ".join(found))


def check_configuration(file: Path | None) -> Check:
    """Whether the configuration file is one that nobody else can have written."""
    if file is None:
        return Check("configuration", Level.OK, "no file, defaults")
    reason = why_not_trusted(file)
    if reason is not None:
        remedy = "whoever writes it configures the daemon: keep it where only its user and root may write"
        return Check("configuration", Level.WARN, f"{file}: {reason}", remedy)
    return Check("configuration", Level.OK, str(file))


def check_drawing() -> Check:
    """Whether libcairo is there and renders."""
    from spectacle.svg import Rasteriser

    try:
        with Rasteriser() as rasteriser:
            pixel = rasteriser.render(_DRAWING, 8, 8).getpixel((4, 4))
    except SpectacleError as error:
        return Check("SVG rendering", Level.FAIL, error.message, "install libcairo: `apt-get install libcairo2`")
    if pixel != (255, 0, 0, 255):
        return Check("SVG rendering", Level.FAIL, f"a red square came out as {pixel}", "reinstall libcairo")
    return Check("SVG rendering", Level.OK, "CairoSVG works")


def check_devices(settings: Settings) -> Iterator[Check]:
    """Which workers there are going to be, and whether they have what they need."""
    places = find_places(settings.workers)
    try:
        require_workers(settings, [*places, *cluster_places(settings)])
    except SpectacleError as error:
        yield Check("devices", Level.FAIL, error.message)
    wrong = list(check_workers(settings, places))
    yield from wrong
    if places and not wrong:
        others = [f"{each.count} {each.name}" for each in find_accelerators() if each.name != "NVIDIA"]
        gpus = ", ".join([*_gpu_models(), *others]) or "none"
        yield Check("devices", Level.OK, f"{workers_in_words(places)} (GPUs here: {gpus})")


def check_kinds(settings: Settings) -> Iterator[Check]:
    """Whether the generator of each kind can be imported, fits it, and has its weights."""
    if settings.default_kind not in settings.kinds:
        yield Check(
            "default kind",
            Level.WARN,
            f"{settings.default_kind}: not served here, so other instances must serve requests without a kind",
            "add it under [kinds], or change default_kind",
        )
    if settings.workers.backend == "ray":
        yield Check("kinds", Level.OK, "checked on each node; `spectacle status --json` says what a node lacks")
        return
    for name, kind in settings.kinds.items():
        check = _check_kind(name, kind, settings)
        yield check
        if check.level is Level.OK:
            yield from _check_placement(name, kind, settings)


def check_prepared(settings: Settings) -> Iterator[Check]:
    """Whether each prepared checkpoint that is configured is for a generator and preset that exist, and complete."""
    for key, path in settings.weights.prepared.items():
        name, _, preset = key.partition("/")
        try:
            generator = registry.find(name, Resources.from_settings(settings))
            if "/" in key:
                generator.resolve_preset(preset)
            open_prepared(path, name, preset or None)
        except SpectacleError as error:
            yield Check("prepared", Level.FAIL, f"{key!r}: {error.message}", "fix it under [weights.prepared]")
        else:
            yield Check("prepared", Level.OK, f"{key}: {path}")


def check_parts(settings: Settings) -> Iterator[Check]:
    """Whether each model with parts from elsewhere is one that takes them, and those that are not pulled are there.

    Whether they are files of that model is found out when it is loaded.
    """
    if not settings.weights.parts:
        return
    known = _models(settings)
    for model, parts in settings.weights.parts.items():
        if model not in known:
            near = get_close_matches(model, known, n=1)
            meant = f"did you mean {near[0]!r}? Or " if near else ""
            yield Check(
                "parts",
                Level.FAIL,
                f"{model!r}: no generator takes parts of it from elsewhere",
                f"{meant}remove it under [weights.parts]",
            )
        for name, part in parts.items():
            paths = (part.path, *((part.projector,) if part.projector else ()))
            missing = [path for path in paths if part.repository is None and not Path(path).exists()]
            if missing:
                yield Check(
                    "parts", Level.FAIL, f"{model!r}, {name}: {missing[0]} is missing", "put it there, or fix its path"
                )


def _models(settings: Settings) -> set[str]:
    """The names under which parts may stand: those of models, and the repositories of models that take such parts."""
    resources = Resources.from_settings(settings)
    found = set(settings.models) | set(ready_models())
    for name in registry.names(settings.models):
        with suppress(SpectacleError):
            generator = registry.find(name, resources)
            if generator.takes_parts:
                found |= {generator.weights(preset)[0].repo for preset in (None, *generator.presets)}
    return found


def _check_placement(name: str, kind: KindSettings, settings: Settings) -> Iterator[Check]:
    """How the model of a kind would be placed on each device."""
    generator = registry.find(kind.generator, Resources.from_settings(settings))
    resources = Resources.from_settings(settings)
    for device in devices_of(kind, find_places(settings.workers), groups_of(name, settings)):
        what = f"{name} on {device}"
        try:
            told = generator.plan(generator.resolve_preset(kind.preset), device, resources)
        except SpectacleError as error:
            yield Check(what, Level.FAIL, error.message, "follow docs/how-to/fit-a-model-into-memory.md")
            continue
        if told:
            risky = any(sentence.startswith("Risk: ") for sentence in told)
            remedy = "change the section [placement]" if risky else ""
            yield Check(what, Level.WARN if risky else Level.OK, " ".join(told), remedy)


def _check_kind(name: str, kind: KindSettings, settings: Settings) -> Check:
    what = f"kind {name}"
    try:
        generator = registry.find(kind.generator, Resources.from_settings(settings))
    except SpectacleError as error:
        return Check(what, Level.FAIL, error.message, f"install it, or change kinds.{name}.generator")
    if kind.preset is not None and kind.preset not in generator.presets:
        presets = ", ".join(generator.presets) or "none"
        found = f"{kind.generator}: no preset {kind.preset!r}"
        return Check(what, Level.FAIL, found, f"change kinds.{name}.preset to one of: {presets}")
    if (makes := MediaType.SVG if kind.format == "svg" else MediaType.PNG) not in generator.makes:
        forms = ", ".join(sorted(each.extension for each in generator.makes))
        found = f"{kind.generator}: cannot make {makes.extension}"
        return Check(what, Level.FAIL, found, f"change kinds.{name}.format to one of: {forms}")
    try:
        generator.Options.model_validate(kind.options)
    except ValidationError as error:
        first = error.errors()[0]
        found = f"option {'.'.join(map(str, first['loc']))}: {first['msg']}"
        return Check(
            what,
            Level.FAIL,
            found,
            f"change kinds.{name}.options; run `spectacle generators {kind.generator}` for a list",
        )
    if missing := generator.missing_packages():
        return _check_missing(what, missing)
    resources = Resources.from_settings(settings)
    if missing := generator.missing_weights(generator.resolve_preset(kind.preset), resources):
        return _check_missing(what, missing)
    return Check(what, Level.OK, f"{kind.generator}{f', preset {kind.preset}' if kind.preset else ''}, ready")


def _gpu_models() -> list[str]:
    models = []
    for information in sorted(_GPUS.glob("*/information")):
        match = re.search(r"^Model:\s*(.+)$", information.read_text(errors="replace"), re.MULTILINE)
        models.append(match[1].strip() if match else "NVIDIA GPU")
    return models


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text.split("+", maxsplit=1)[0])))


def _check_missing(what: str, message: str) -> Check:
    """A check of a message whose last sentence is the remedy."""
    found, _, remedy = message.removesuffix(".").rpartition(". ")
    return Check(what, Level.FAIL, found, f"{remedy[:1].lower()}{remedy[1:]}")
