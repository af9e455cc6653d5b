"""The settings: the model that describes them, how they are read, and the files that are written from them."""

from spectacle.config.reading import DEFAULT_FILES, ENVIRONMENT_PREFIX, UNSETTING, fields, find_file, load
from spectacle.config.settings import (
    KindSettings,
    LimitSettings,
    LogSettings,
    PlacementSettings,
    SanitizeSettings,
    Settings,
    SpoolSettings,
    WeightSettings,
    WorkerSettings,
)

__all__ = [
    "DEFAULT_FILES",
    "ENVIRONMENT_PREFIX",
    "UNSETTING",
    "KindSettings",
    "LimitSettings",
    "LogSettings",
    "PlacementSettings",
    "SanitizeSettings",
    "Settings",
    "SpoolSettings",
    "WeightSettings",
    "WorkerSettings",
    "fields",
    "find_file",
    "load",
]
