"""What several commands share: finding the configuration file, the settings and the spool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from spectacle import config

Function = TypeVar("Function", bound=Callable[..., Any])


def with_configuration(function: Function) -> Function:
    """Add `--config` and `--spool` to a command."""
    function = click.option(
        "--spool", type=click.Path(path_type=Path), help="The spool directory, whatever the configuration says."
    )(function)
    return click.option(
        "--config",
        "file",
        type=click.Path(path_type=Path),
        help="Configuration file. Default: $SPECTACLE_CONFIG, ./spectacle.toml, ~/.config/spectacle/spectacle.toml, "
        "/etc/spectacle/spectacle.toml, or none.",
    )(function)


def settings_for(file: Path | None, spool: Path | None, flags: dict[str, Any] | None = None) -> config.Settings:
    """The settings as the command line, the variables and the file have them.

    Raises:
        ConfigurationError: For an unknown or bad setting.
    """
    flags = dict(flags or {})
    if spool is not None:
        flags.setdefault("spool", {})["path"] = str(spool)
    return config.load(file or config.find_file(), flags=flags)
