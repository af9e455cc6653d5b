"""The settings: the model that describes them, how they are read, and the files that are written from them."""

from spectacle.config.cluster import RayGroupSettings, RaySettings
from spectacle.config.finding import DEFAULT_FILES, Found, find_file
from spectacle.config.models import (
    LoraSettings,
    ModelLoraSettings,
    ModelPresetSettings,
    ModelSettings,
    PartSettings,
    SizeSettings,
)
from spectacle.config.operation import (
    HookSettings,
    MetricsSettings,
    ProvenanceSettings,
    RetentionRule,
    RetentionSettings,
    UserLimitSettings,
)
from spectacle.config.reading import ENVIRONMENT_PREFIX, UNSETTING, fields, load, warn_on_stderr
from spectacle.config.settings import (
    GATEWAY_PURPOSES,
    GatewaySettings,
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
    "GATEWAY_PURPOSES",
    "UNSETTING",
    "Found",
    "GatewaySettings",
    "HookSettings",
    "KindSettings",
    "LimitSettings",
    "LogSettings",
    "LoraSettings",
    "MetricsSettings",
    "ModelLoraSettings",
    "ModelPresetSettings",
    "ModelSettings",
    "PartSettings",
    "PlacementSettings",
    "ProvenanceSettings",
    "RayGroupSettings",
    "RaySettings",
    "RetentionRule",
    "RetentionSettings",
    "SanitizeSettings",
    "Settings",
    "SizeSettings",
    "SpoolSettings",
    "UserLimitSettings",
    "WeightSettings",
    "WorkerSettings",
    "fields",
    "find_file",
    "load",
    "warn_on_stderr",
]
