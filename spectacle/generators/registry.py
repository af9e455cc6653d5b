"""Finds generators through the entry-point group `spectacle.generators`, the built-in ones like anybody's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from spectacle.errors import UnknownGenerator
from spectacle.generators.base import Generator

GROUP = "spectacle.generators"
PLUGINS_VARIABLE = "SPECTACLE_PLUGINS"
"""Names of the third-party distributions to load generators from, separated by commas; set but empty loads none."""

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


def find(name: str) -> type[Generator]:
    """Import a generator's class.

    Raises:
        UnknownGenerator: When no installed package provides it, or what it names cannot be imported or is not one.
    """
    entry = available().get(name)
    if entry is None:
        raise UnknownGenerator(
            f"no generator {name!r} is installed; there are: {', '.join(sorted(available()))}. "
            f"Install the package that provides it"
        )
    try:
        found = entry.load()
    except Exception as error:
        raise UnknownGenerator(f"generator {name!r} ({entry.value}) cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Generator)):
        raise UnknownGenerator(
            f"generator {name!r}: {entry.value} is not a subclass of spectacle.generators.base.Generator"
        )
    return found
