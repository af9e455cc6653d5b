"""What several commands share: finding the configuration file, the settings and the spool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from spectacle import config

Function = TypeVar("Function", bound=Callable[..., Any])


class SpoolPath(click.Path):
    """A path that is not empty: an empty one, as of a variable that is not set, would be the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty. Specify the spool directory.", param, ctx)
        return super().convert(value, param, ctx)


def with_configuration(function: Function) -> Function:
    """Add `--config` and `--spool` to a command."""
    function = click.option(
        "--spool", type=SpoolPath(path_type=Path, readable=False), help="Spool directory. Overrides the configuration."
    )(function)
    return click.option(
        "--config",
        "file",
        type=click.Path(path_type=Path),
        help="Configuration file. Default: $SPECTACLE_CONFIG, ./spectacle.toml, ~/.config/spectacle/spectacle.toml, "
        "/etc/spectacle/spectacle.toml, or none.",
    )(function)


def settings_for(file: Path | None, spool: Path | None, flags: dict[str, Any] | None = None) -> config.Settings:
    """The settings as the command line, the variables and the file have them; finds the file when none is named.

    Raises:
        ConfigurationError: For an unknown or bad setting.
    """
    return read_settings(file or find_file(spool), spool, flags)


def read_settings(
    file: Path | None,
    spool: Path | None,
    flags: dict[str, Any] | None = None,
    warn: Callable[[str], None] = config.warn_on_stderr,
) -> config.Settings:
    """As `settings_for`, but does not search for a file.

    Args:
        file: The configuration file, or None for none.
        spool: Value of `--spool`.
        flags: Values of other options that stand for settings, nested.
        warn: Called with a sentence for each setting with an old name.

    Raises:
        ConfigurationError: For an unknown or bad setting.
    """
    flags = dict(flags or {})
    if spool is not None:
        flags.setdefault("spool", {})["path"] = str(spool)
    return config.load(file, flags=flags, warn=warn)


def find_file(spool: Path | None) -> Path | None:
    """The configuration file when `--config` names none; says on standard error when the one here is not read."""
    found = config.find_file(spool=spool)
    if found.ignored is not None:
        click.secho(f"Warning: {found.ignored}", err=True, fg="yellow")
    return found.file
