"""Finds generators: through the entry-point group `spectacle.generators`, the built-in ones like anybody's, and models.

A model is a table `[models.NAME]` of the settings, or an entry of `ready.toml`; both are generators under their names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from spectacle.config import ModelSettings
from spectacle.errors import UnknownGenerator
from spectacle.generators.base import Generator, Resources
from spectacle.generators.pipelines.ready import ready_models

GROUP = "spectacle.generators"
PLUGINS_VARIABLE = "SPECTACLE_PLUGINS"
"""Names of the third-party distributions to load generators from, separated by commas; set but empty loads none."""

_MODELS = "spectacle.generators.pipelines.generator"
"""The module with the generators that models are."""

OWN_DISTRIBUTION = "spectacle-daemon"


@cache
def available() -> Mapping[str, EntryPoint]:
    """Entry points of all generators by name, nothing imported yet. A built-in name cannot be taken by another."""
    named = os.environ.get(PLUGINS_VARIABLE)
    allowed = None if named is None else {part.strip() for part in named.split(",")}
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: not _is_own(entry)):
        distribution = entry.dist.name if entry.dist is not None else ""
        if _is_own(entry) or allowed is None or distribution in allowed:
            found.setdefault(entry.name, entry)
    return MappingProxyType(found)


def _is_own(entry: EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == OWN_DISTRIBUTION


def names(models: Mapping[str, ModelSettings]) -> list[str]:
    """The names of all generators, models among them.

    Args:
        models: The tables `[models.NAME]`.
    """
    return [*available(), *(name for name in {**ready_models(), **models} if name not in available())]


def find_own(name: str, resources: Resources | None = None) -> type[Generator] | None:
    """Import the class of a generator that belongs to Spectacle; None for those of other packages.

    Args:
        name: Its name.
        resources: What makes models known; without them, none is.
    """
    entry = available().get(name)
    if entry is None:
        return find(name, resources) if resources is not None and _is_model(name, resources) else None
    return find(name) if _is_own(entry) else None


def find(name: str, resources: Resources | None = None) -> type[Generator]:
    """Import a generator's class.

    Args:
        name: Its name.
        resources: Their `models` are known in addition to those that are ready, and their weights are looked into for
            what the pipeline of a model is.

    Raises:
        UnknownGenerator: When no installed package provides it, or what it names cannot be imported or is not one; and
            when the pipeline of a model is not one of diffusers, or its options are not those of the pipeline.
    """
    entry = available().get(name)
    if entry is None and (model := _model(name, resources)) is not None:
        # Found as the entry points are, by its name: the daemon, which knows the registry, imports no framework.
        made: type[Generator] = import_module(_MODELS).generator_for(name, model, resources or Resources())
        return made
    if entry is None:
        raise UnknownGenerator(
            f"generator {name!r}: not installed; available: "
            f"{', '.join(sorted(names(resources.models if resources is not None else {})))}. "
            f"Install the package that provides it, or use another."
        )
    try:
        found = entry.load()
    except Exception as error:
        raise UnknownGenerator(
            f"generator {name!r} ({entry.value}): cannot be imported: {error}. Reinstall its package."
        ) from error
    if not (isinstance(found, type) and issubclass(found, Generator)):
        raise UnknownGenerator(
            f"generator {name!r}: {entry.value} is not a subclass of spectacle.generators.base.Generator. Report it "
            f"to its authors."
        )
    return found


def _is_model(name: str, resources: Resources) -> bool:
    return name in resources.models or name in ready_models()


def _model(name: str, resources: Resources | None) -> ModelSettings | None:
    """What a model is: that of the settings before that which is ready."""
    configured = resources.models.get(name) if resources is not None else None
    return configured or ready_models().get(name)
