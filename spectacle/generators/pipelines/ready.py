"""Models that are described already, as tables of `[models.NAME]` would describe them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from spectacle.config import ModelSettings


@cache
def ready_models() -> Mapping[str, ModelSettings]:
    """The models in `ready.toml` by name."""
    text = (files(__package__) / "ready.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: ModelSettings.model_validate(each) for name, each in tomllib.loads(text).items()})
