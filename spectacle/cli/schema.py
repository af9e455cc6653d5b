"""`spectacle schema`: the options of a generator, for programs."""

from __future__ import annotations

from pathlib import Path

import click

from spectacle.cli import completion
from spectacle.cli.output import print_json
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.generators import registry
from spectacle.generators.base import Resources


@click.command()
@click.argument("generator", shell_complete=completion.GENERATORS)
@with_configuration
def command(generator: str, file: Path | None, spool: Path | None) -> None:
    """Print the options of a GENERATOR as JSON Schema, which STEM-options.json must match.

    \b
    spectacle schema illustration > options.schema.json
    """
    resources = Resources.from_settings(settings_for(file, spool))
    print_json(registry.find(generator, resources).Options.model_json_schema())
